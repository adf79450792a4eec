//! What people do in SALESmanago's own screens: none of it costs a call.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use syncline_simulator::{Fields, Strain, Users, flat};

use crate::Salesmanago;
use crate::contact::{Birthday, Contact, IN_ADDRESS, INSIDE, PROVINCE, State};
use crate::meter::CALLS_PER_MINUTE;
use crate::rules::Happening;
use crate::writing::is_email;

/// The one kind of record.
pub(crate) const KIND: &str = "contact";

impl Salesmanago {
    /// A contact looks at a page: its score grows, and nothing counts as modified.
    pub fn visit(&mut self, now: Timestamp, id: &str) -> bool {
        let Some(contact) = self.contacts.get_mut(id) else { return false };
        contact.score += 5;
        contact.last_visit = Some(now.as_millisecond());
        true
    }

    /// Mails to the contact bounce from now on: the vendor marks the address. Nothing counts as modified.
    pub fn bounce(&mut self, id: &str) -> bool {
        self.contacts.get_mut(id).map(|contact| contact.invalid = true).is_some()
    }

    /// The contact's main user becomes another; whether both exist.
    pub fn assign(&mut self, now: Timestamp, id: &str, owner: &str) -> bool {
        if !self.owners.knows(owner) {
            return false;
        }
        let Some(contact) = self.contacts.get_mut(id) else { return false };
        contact.main_owner = owner.to_lowercase();
        contact.owners.insert(owner.to_lowercase());
        contact.touch(now);
        true
    }

    fn type_in(&self, contact: &mut Contact, now: Timestamp, fields: &Fields) -> Result<(), String> {
        for (name, value) in fields {
            let text = value.as_str().map(str::trim).filter(|text| !text.is_empty());
            let bare = name.strip_prefix("address.").unwrap_or(name);
            let known = INSIDE.iter().chain(&IN_ADDRESS).chain(&[PROVINCE]).find(|known| **known == bare);
            match (name.as_str(), known) {
                (_, Some(known)) => match text {
                    Some(text) => drop(contact.texts.insert(*known, text.to_owned())),
                    None => drop(contact.texts.remove(*known)),
                },
                ("email", None) => contact.email = self.typed_email(contact, text)?,
                ("state", None) => contact.state = text.and_then(State::read).ok_or("no such state")?,
                ("birthday", None) => {
                    let read = |text: &str| Birthday::read(&text.replace('-', "")).ok_or_else(|| "no such day".to_owned());
                    contact.birthday = text.map(read).transpose()?;
                }
                ("optedOut", None) => contact.opted_out = value.as_bool().ok_or("optedOut is true or false")?,
                ("optedOutPhone", None) => contact.opted_out_phone = value.as_bool().ok_or("optedOutPhone is true or false")?,
                ("mainContactOwner" | "owner", None) => {
                    let owner = text.filter(|owner| self.owners.knows(owner)).ok_or("no such user")?.to_lowercase();
                    contact.owners.insert(owner.clone());
                    contact.main_owner = owner;
                }
                ("tags" | "contactTags", None) => {
                    let wanted: Vec<&str> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                    let kept: Vec<String> = wanted.iter().map(|tag| tag.trim().replace(' ', "_").to_uppercase()).collect();
                    contact.tags.retain(|tag| kept.contains(&tag.name));
                    let missing: Vec<&String> = kept.iter().filter(|tag| !contact.tags.iter().any(|own| own.name == **tag)).collect();
                    for tag in missing {
                        contact.tag(tag, now);
                    }
                }
                (other, None) => match (other.strip_prefix("properties."), text) {
                    (Some(property), Some(text)) => drop(contact.properties.insert(property.to_owned(), text.to_owned())),
                    (Some(property), None) => drop(contact.properties.remove(property)),
                    (None, _) => return Err(format!("a contact has no {other} that can be typed in")),
                },
            }
        }
        Ok(())
    }

    fn typed_email(&self, contact: &Contact, text: Option<&str>) -> Result<Option<String>, String> {
        let Some(text) = text else { return Ok(None) };
        if !is_email(text) {
            return Err("email is not valid".to_owned());
        }
        if self.contact_with_email(text).is_some_and(|holder| holder != contact.id) {
            return Err("another contact has this email".to_owned());
        }
        Ok(Some(text.to_lowercase()))
    }

    fn type_and_keep(&mut self, now: Timestamp, mut contact: Contact, fields: &Fields, first: Happening) -> Result<String, String> {
        let (state, out) = (contact.state, contact.opted_out);
        let before: Vec<String> = contact.tags.iter().map(|tag| tag.name.clone()).collect();
        self.type_in(&mut contact, now, fields)?;
        let mut happenings = vec![first];
        let new = contact.tags.iter().filter(|tag| !before.contains(&tag.name));
        happenings.extend(new.map(|tag| Happening::TagAdded(tag.name.clone())));
        if contact.state != state {
            happenings.push(Happening::StateChanged);
        }
        if contact.opted_out && !out {
            happenings.push(Happening::OptedOut);
        }
        contact.touch(now);
        Ok(self.keep(now, contact, &happenings))
    }
}

fn only_contacts(kind: &str) -> Result<(), String> {
    if kind == KIND { Ok(()) } else { Err(format!("no object {kind}")) }
}

impl Users for Salesmanago {
    fn kinds(&self) -> &'static [&'static str] {
        &[KIND]
    }

    /// A contact typed in by hand may have no address.
    fn create(&mut self, now: Timestamp, kind: &str, fields: &Fields) -> Result<String, String> {
        only_contacts(kind)?;
        self.pass(now);
        let contact = Contact::new(self.ids.uuid(), &self.owners.main(), now);
        self.type_and_keep(now, contact, fields, Happening::Added)
    }

    fn edit(&mut self, now: Timestamp, kind: &str, id: &str, fields: &Fields) -> Result<(), String> {
        only_contacts(kind)?;
        self.pass(now);
        let contact = self.contacts.get(id).filter(|contact| !contact.deleted).cloned().ok_or("no such contact")?;
        self.type_and_keep(now, contact, fields, Happening::Modified).map(drop)
    }

    fn delete(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        only_contacts(kind)?;
        self.pass(now);
        if self.remove(now, id) { Ok(()) } else { Err("no such contact".to_owned()) }
    }

    fn restore(&mut self, _now: Timestamp, kind: &str, _id: &str) -> Result<(), String> {
        Err(format!("{kind} has no bin"))
    }

    fn merge(&mut self, _now: Timestamp, kind: &str, _survivor: &str, _loser: &str) -> Result<(), String> {
        Err(format!("{kind} cannot be merged"))
    }

    fn live(&self, kind: &str) -> BTreeMap<String, Fields> {
        if kind != KIND {
            return BTreeMap::new();
        }
        self.contacts.values().filter(|contact| !contact.deleted).map(|contact| (contact.id.clone(), flat(&contact.full()))).collect()
    }

    fn purge(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        // There is no bin: deleting is for good.
        self.delete(now, kind, id)
    }

    fn strain(&mut self, now: Timestamp, strain: Strain) -> bool {
        match strain {
            // Nothing is opened that could end.
            Strain::SessionsEnd => false,
            Strain::LimitSpent => {
                self.meter.spend(now.as_second());
                true
            }
            Strain::PlanDowngraded => {
                self.meter.calls = CALLS_PER_MINUTE / 2;
                true
            }
            Strain::PlanUpgraded => {
                self.meter.calls = CALLS_PER_MINUTE * 2;
                true
            }
        }
    }
}
