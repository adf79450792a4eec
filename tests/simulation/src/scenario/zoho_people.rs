//! Zoho CRM as the people in it see each other: somebody is a lead or a contact, and goes on under another id where that changes. So the
//! workload picks persons, not rows, and the auditor hears of a person who moves instead of one who vanishes and one who appears.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use syncline_simulator::{Fields, Request, Response, Simulator, Strain, Users};
use syncline_zoho_crm_sim::{ACCOUNTS, ADDRESS_PAIRS, CONTACTS, LEADS, ZohoCrm};

pub(super) const PERSON: &str = "person";
/// A lead that our integration has made out of a contact that does not say so yet: both are the same person.
pub const HALF_MOVED: &str = "half-moved lead";
pub(super) const LINK: &str = "SALESmanago_Id";

/// An organisation, by its people.
pub(super) struct People(pub(super) ZohoCrm);

fn id_of(module: &str, bare: &str) -> String {
    format!("{module}/{bare}")
}

fn place(id: &str) -> Result<(&'static str, &str), String> {
    let (module, bare) = id.split_once('/').ok_or_else(|| format!("{id} is nobody's"))?;
    let module = [LEADS, CONTACTS].into_iter().find(|known| *known == module).ok_or_else(|| format!("no module {module}"))?;
    Ok((module, bare))
}

fn text<'a>(record: &'a Fields, name: &str) -> &'a str {
    record.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// The record by a lead's names. What stands in the link field on the way between two modules is no id of the other system's.
fn person(module: &str, mut record: Fields) -> Fields {
    if module == CONTACTS {
        for (lead, contact) in ADDRESS_PAIRS {
            let value = record.remove(contact).unwrap_or(Json::Null);
            record.insert(lead.to_owned(), value);
        }
        let company = record.get("Account_Name.name").cloned().unwrap_or(Json::Null);
        record.insert("Company".to_owned(), company);
    }
    if place(text(&record, LINK)).is_ok() {
        record.insert(LINK.to_owned(), Json::Null);
    }
    record.insert("module".to_owned(), json!(module));
    record
}

impl People {
    /// Where a contact is that was turned into a lead: the lead, unless that was turned back into this contact.
    fn lead_of(&self, contact: &str, record: &Fields) -> Option<String> {
        let (module, lead) = place(text(record, LINK)).ok()?;
        (module == LEADS && self.0.contact_of(lead).as_deref() != Some(contact)).then(|| id_of(LEADS, lead))
    }

    /// Contacts, without those who are leads by now, and leads, without those who are contacts still.
    fn split(&self) -> (BTreeMap<String, Fields>, BTreeMap<String, Fields>) {
        let mut people = BTreeMap::new();
        let mut carried = Vec::new();
        for (contact, record) in self.0.live(CONTACTS) {
            if self.lead_of(&contact, &record).is_none() {
                carried.extend([text(&record, LINK).to_owned(), id_of(CONTACTS, &contact)]);
                people.insert(id_of(CONTACTS, &contact), person(CONTACTS, record));
            }
        }
        let mut half_moved = BTreeMap::new();
        for (lead, record) in self.0.live(LEADS) {
            let link = text(&record, LINK);
            let is_half = !link.is_empty() && carried.iter().any(|carried| carried == link);
            let into = if is_half { &mut half_moved } else { &mut people };
            into.insert(id_of(LEADS, &lead), person(LEADS, record));
        }
        (people, half_moved)
    }

    /// The contact that a half-moved lead was made of.
    fn made_of(&self, lead: &str) -> Option<String> {
        let lead = self.0.live(LEADS).remove(lead)?;
        let link = text(&lead, LINK);
        let is_it = |contact: &str, record: &Fields| text(record, LINK) == link || id_of(CONTACTS, contact) == link;
        let mut contacts = self.0.live(CONTACTS).into_iter();
        contacts.find(|(contact, record)| !link.is_empty() && is_it(contact, record)).map(|(contact, _)| id_of(CONTACTS, &contact))
    }

    /// What a person typed, by the names of a module.
    fn typed(&mut self, now: Timestamp, module: &str, fields: &Fields) -> Result<Fields, String> {
        let mut typed = Fields::new();
        for (name, value) in fields {
            match (module, name.as_str()) {
                (_, "module") => {}
                (CONTACTS, "Company") => {
                    let account = value.as_str().filter(|name| !name.trim().is_empty()).map(|name| self.account(now, name)).transpose()?;
                    typed.insert("Account_Name".to_owned(), account.map_or(Json::Null, |id| json!({ "id": id })));
                }
                (CONTACTS, name) => {
                    let own = ADDRESS_PAIRS.iter().find(|(lead, _)| *lead == name).map_or(name, |(_, contact)| contact);
                    typed.insert(own.to_owned(), value.clone());
                }
                (_, name) => drop(typed.insert(name.to_owned(), value.clone())),
            }
        }
        Ok(typed)
    }

    fn account(&mut self, now: Timestamp, name: &str) -> Result<String, String> {
        let same = |record: &Fields| text(record, "Account_Name").eq_ignore_ascii_case(name.trim());
        let standing = self.0.live(ACCOUNTS).into_iter().find(|(_, record)| same(record)).map(|(id, _)| id);
        standing.map_or_else(|| self.0.create(now, ACCOUNTS, &[("Account_Name".to_owned(), json!(name))].into()), Ok)
    }
}

impl Simulator for People {
    fn handle(&mut self, now: Timestamp, request: &Request) -> Response {
        self.0.handle(now, request)
    }
}

impl Users for People {
    fn kinds(&self) -> &'static [&'static str] {
        &[PERSON]
    }

    fn create(&mut self, now: Timestamp, _kind: &str, fields: &Fields) -> Result<String, String> {
        let module = if text(fields, "module") == CONTACTS { CONTACTS } else { LEADS };
        let typed = self.typed(now, module, fields)?;
        self.0.create(now, module, &typed).map(|bare| id_of(module, &bare))
    }

    /// Another module than the lead's own converts it. A contact cannot be made a lead.
    fn edit(&mut self, now: Timestamp, _kind: &str, id: &str, fields: &Fields) -> Result<(), String> {
        let (module, bare) = place(id)?;
        let into = Some(text(fields, "module")).filter(|into| !into.is_empty() && *into != module);
        let typed = self.typed(now, module, fields)?;
        if into == Some(LEADS) {
            return Err("a contact cannot be made a lead".to_owned());
        }
        if !typed.is_empty() {
            self.0.edit(now, module, bare, &typed)?;
        }
        if into.is_some() {
            self.0.convert(now, bare)?;
        }
        Ok(())
    }

    fn delete(&mut self, now: Timestamp, _kind: &str, id: &str) -> Result<(), String> {
        let (module, bare) = place(id)?;
        self.0.delete(now, module, bare)
    }

    fn restore(&mut self, now: Timestamp, _kind: &str, id: &str) -> Result<(), String> {
        let (module, bare) = place(id)?;
        self.0.restore(now, module, bare)
    }

    fn merge(&mut self, now: Timestamp, kind: &str, survivor: &str, loser: &str) -> Result<(), String> {
        self.0.merge(now, kind, survivor, loser)
    }

    fn live(&self, kind: &str) -> BTreeMap<String, Fields> {
        let (people, half_moved) = self.split();
        match kind {
            PERSON => people,
            HALF_MOVED => half_moved,
            _ => BTreeMap::new(),
        }
    }

    fn moved(&self, kind: &str, id: &str) -> Option<String> {
        let (module, bare) = place(id).ok().filter(|_| kind == PERSON)?;
        if module == LEADS {
            let contact = self.0.contact_of(bare).map(|contact| id_of(CONTACTS, &contact));
            return contact.or_else(|| self.made_of(bare));
        }
        self.lead_of(bare, self.0.live(CONTACTS).get(bare)?)
    }

    fn settle(&mut self, now: Timestamp) -> bool {
        self.0.settle(now)
    }

    fn strain(&mut self, now: Timestamp, strain: Strain) -> bool {
        self.0.strain(now, strain)
    }
}
