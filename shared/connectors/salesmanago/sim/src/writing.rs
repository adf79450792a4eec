//! Writing contacts: one at a time, many at once, many later; and deleting them (fact sheet §4).

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::consent::Flags;
use crate::contact::{Birthday, Contact, IN_ADDRESS, INSIDE, PROVINCE, State};
use crate::rules::Happening;
use crate::wire::{Answer, Failure, Payload, Result, list, object, text};
use crate::{Clearing, Salesmanago};

/// Of an address: the part before the sign, and the whole.
const LOCAL_MAX: usize = 64;
const EMAIL_MAX: usize = 254;

/// What a call may do where there is, or is no, contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Insert,
    Update,
    Upsert,
}

/// What a body says of one text.
enum Wish<'a> {
    Keep,
    Clear,
    Set(&'a str),
}

/// The vendor's rule for addresses.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let label = |part: &str| !part.is_empty() && part.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '-');
    !local.is_empty()
        && local.len() <= LOCAL_MAX
        && text.len() <= EMAIL_MAX
        && !local.contains(|sign: char| sign.is_whitespace() || sign == '@' || sign == ',')
        && domain.contains('.')
        && domain.split('.').all(label)
}

impl Salesmanago {
    fn wish<'a>(&self, body: &'a Map<String, Value>, name: &str) -> Result<Wish<'a>> {
        let clearing = self.profile.clearing;
        match body.get(name) {
            Some(Value::Null) if matches!(clearing, Clearing::Null | Clearing::Both) => Ok(Wish::Clear),
            None | Some(Value::Null) => Ok(Wish::Keep),
            Some(Value::String(text)) if text.is_empty() => {
                Ok(if matches!(clearing, Clearing::EmptyText | Clearing::Both) { Wish::Clear } else { Wish::Keep })
            }
            Some(Value::String(text)) => Ok(Wish::Set(text)),
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Err(Failure::said(format!("{name} is not a text")))
            }
        }
    }

    /// Whom a body or a row names: by `contactId`, `id` or `email`.
    pub(crate) fn addressed(&self, body: &Map<String, Value>) -> Result<String> {
        let by_id = text(body, "contactId").or_else(|| text(body, "id"));
        let id = match (by_id, text(body, "email")) {
            (Some(id), _) => Some(id.to_owned()),
            (None, Some(email)) => self.contact_with_email(email),
            (None, None) => return Err(Failure::said("Email cannot be empty")),
        };
        id.filter(|id| self.contacts.get(id).is_some_and(|contact| !contact.deleted)).ok_or_else(|| Failure::said("Contact does not exist"))
    }

    /// `contact/insert`, `contact/update`, `contact/upsert`.
    pub(crate) fn write_one(&mut self, now: Timestamp, mode: Mode, body: &Map<String, Value>) -> Result {
        let owner = self.owners.named(body)?;
        let id = self.write(now, mode, &owner, body)?;
        let external = self.contacts.get(&id).and_then(|contact| contact.texts.get("externalId"));
        Ok(Answer::Payload(Payload::from_iter([("contactId".to_owned(), json!(id)), ("externalId".to_owned(), json!(external))])))
    }

    /// `contact/batchupsert`: who was taken, by address; the others are not in the answer, and nothing says why.
    pub(crate) fn write_many(&mut self, now: Timestamp, body: &Map<String, Value>) -> Result {
        let owner = self.owners.named(body)?;
        let rows = list(body, "upsertDetails", self.profile.rows_max)?.to_vec();
        let taken: Map<String, Value> = rows.iter().filter_map(|row| self.write_row(now, &owner, row)).collect();
        Ok(Answer::one("contactIds", Value::Object(taken)))
    }

    pub(crate) fn write_row(&mut self, now: Timestamp, owner: &str, row: &Value) -> Option<(String, Value)> {
        let details = row.as_object()?;
        let id = self.write(now, Mode::Upsert, owner, details).ok()?;
        let email = self.contacts.get(&id).and_then(|contact| contact.email.clone()).unwrap_or_default();
        Some((email, json!(id)))
    }

    /// One contact. Nothing of it is kept where anything of it is refused.
    fn write(&mut self, now: Timestamp, mode: Mode, owner: &str, details: &Map<String, Value>) -> Result<String> {
        let empty = Map::new();
        let inside = match details.get("contact") {
            None | Some(Value::Null) => &empty,
            Some(_) => object(details, "contact")?,
        };
        let email = match mode {
            Mode::Insert | Mode::Upsert => text(inside, "email").or_else(|| text(details, "email")),
            // The key of an update stands beside `contact`.
            Mode::Update => text(details, "email"),
        };
        let by_id = text(details, "contactId").or_else(|| text(inside, "contactId"));
        let known = match (by_id, email) {
            (Some(id), _) => self.contacts.contains_key(id).then(|| id.to_owned()),
            (None, Some(email)) => self.contact_with_email(email),
            (None, None) => return Err(Failure::said("Email cannot be empty")),
        };
        let known = known.filter(|id| self.contacts.get(id).is_some_and(|contact| !contact.deleted));
        let mut contact = match (&known, mode) {
            (Some(_), Mode::Insert) => return Err(Failure::said("Contact already exists")),
            (None, Mode::Update) => return Err(Failure::said("Contact does not exist")),
            (None, Mode::Insert | Mode::Upsert) => {
                let email = email.map(str::trim).filter(|email| is_email(email)).ok_or_else(|| Failure::said("Email is not valid"))?;
                let mut contact = Contact::new(self.ids.uuid(), owner, now);
                contact.email = Some(email.to_lowercase());
                contact.opted_out = self.profile.new_contacts_are_opted_out;
                contact
            }
            (Some(id), Mode::Update | Mode::Upsert) => {
                self.contacts.get(id).cloned().ok_or_else(|| Failure::said("Contact does not exist"))?
            }
        };
        let mut happenings = vec![if known.is_some() { Happening::Modified } else { Happening::Added }];
        // A second user who writes a contact gets a share of it; whose it is mainly stays.
        contact.owners.insert(owner.to_owned());
        if mode != Mode::Update || !self.profile.update_keeps_addresses {
            self.rename(&mut contact, details, known.is_some())?;
        }
        self.fill(&mut contact, inside, details)?;
        self.tag_and_set(now, &mut contact, details, &mut happenings)?;
        if let Some(state) = text(inside, "state") {
            let state = State::read(state).ok_or_else(|| Failure::said("State is not valid"))?;
            if state != contact.state {
                happenings.push(Happening::StateChanged);
            }
            contact.state = state;
        }
        let flags = Flags::read(details)?;
        let was_out = contact.opted_out;
        if flags.push(&mut contact) {
            self.confirmations.push(contact.id.clone());
        }
        if contact.opted_out && !was_out {
            happenings.push(Happening::OptedOut);
        }
        contact.touch(now);
        Ok(self.keep(now, contact, &happenings))
    }

    /// Keeps the contact under its address, and tells the rules.
    pub(crate) fn keep(&mut self, now: Timestamp, contact: Contact, happenings: &[Happening]) -> String {
        let id = contact.id.clone();
        self.forget_email(&id);
        if let Some(email) = contact.email.clone().filter(|_| !contact.deleted) {
            self.by_email.insert(email, id.clone());
        }
        self.rules.tell(now, &contact, happenings);
        self.contacts.insert(id.clone(), contact);
        id
    }

    /// `newEmail`: an empty one means none; one that somebody else has is refused (fact sheet §4: unknown).
    fn rename(&self, contact: &mut Contact, details: &Map<String, Value>, known: bool) -> Result<()> {
        let Some(new) = text(details, "newEmail").map(str::trim).filter(|_| known) else { return Ok(()) };
        if !is_email(new) {
            return Err(Failure::said("New email is not valid"));
        }
        if self.contact_with_email(new).is_some_and(|holder| holder != contact.id) {
            return Err(Failure::said("Contact with the new email already exists"));
        }
        contact.email = Some(new.to_lowercase());
        Ok(())
    }

    fn fill(&self, contact: &mut Contact, inside: &Map<String, Value>, details: &Map<String, Value>) -> Result<()> {
        let empty = Map::new();
        let address = inside.get("address").and_then(Value::as_object).unwrap_or(&empty);
        let places = INSIDE.iter().map(|name| (*name, inside)).chain(IN_ADDRESS.iter().map(|name| (*name, address)));
        for (name, from) in places.chain([(PROVINCE, details)]) {
            match self.wish(from, name)? {
                Wish::Keep => {}
                Wish::Clear => {
                    contact.texts.remove(name);
                }
                Wish::Set(text) => {
                    contact.texts.insert(name, text.to_owned());
                }
            }
        }
        // The external id is also taken beside `contact`.
        if let Wish::Set(text) = self.wish(details, "externalId")? {
            contact.texts.insert("externalId", text.to_owned());
        }
        match self.wish(details, "birthday")? {
            Wish::Keep => {}
            Wish::Clear => contact.birthday = None,
            Wish::Set(text) => {
                contact.birthday = Some(Birthday::read(text).ok_or_else(|| Failure::said("Birthday is not valid, use yyyyMMdd or MMdd"))?);
            }
        }
        Ok(())
    }

    fn tag_and_set(
        &self,
        now: Timestamp,
        contact: &mut Contact,
        details: &Map<String, Value>,
        happenings: &mut Vec<Happening>,
    ) -> Result<()> {
        let texts = |name: &str| details.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        for tag in texts("tags") {
            if contact.tag(tag, now) {
                happenings.push(Happening::TagAdded(tag.trim().replace(' ', "_").to_uppercase()));
            }
        }
        for tag in texts("removeTags") {
            contact.untag(tag);
        }
        let properties = match details.get("properties") {
            None | Some(Value::Null) => Vec::new(),
            Some(_) => object(details, "properties")?.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        };
        let typed = details
            .get("dictionaryProperties")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|row| Some((row.get("name")?.as_str()?.to_owned(), row.get("value")?.clone())));
        for (name, value) in properties.into_iter().chain(typed) {
            let row = Map::from_iter([(name.clone(), value.clone())]);
            let plain = match &value {
                Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
                Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
            };
            match (plain, &value) {
                (Some(text), _) => {
                    contact.properties.insert(name, text);
                }
                (None, _) => match self.wish(&row, &name)? {
                    Wish::Keep => {}
                    Wish::Clear => {
                        contact.properties.remove(&name);
                    }
                    Wish::Set(text) => {
                        contact.properties.insert(name, text.to_owned());
                    }
                },
            }
        }
        Ok(())
    }

    /// `contact/delete`.
    pub(crate) fn delete_one(&mut self, now: Timestamp, body: &Map<String, Value>) -> Result {
        self.owners.named(body)?;
        let id = self.addressed(body)?;
        self.remove(now, &id);
        if self.profile.delete_answers_nothing {
            return Ok(Answer::Nothing);
        }
        Ok(Answer::one("result", json!("Contact deleted")))
    }

    /// `contact/batchDelete`: by address or id; whom nobody is, is passed over.
    pub(crate) fn delete_many(&mut self, now: Timestamp, body: &Map<String, Value>) -> Result {
        self.owners.named(body)?;
        let mut gone = 0;
        for row in list(body, "contacts", self.profile.rows_max)?.to_vec() {
            let value = row.get("value").and_then(Value::as_str).unwrap_or_default();
            let id = match row.get("addresseeType").and_then(Value::as_str) {
                Some("email") => self.contact_with_email(value),
                Some("id" | "contactId" | "contact_id") => self.contacts.contains_key(value).then(|| value.to_owned()),
                Some(_) | None => return Err(Failure::said("addresseeType is not valid")),
            };
            if let Some(id) = id {
                self.remove(now, &id);
                gone += 1;
            }
        }
        Ok(Answer::one("result", json!(format!("{gone} contacts deleted"))))
    }

    /// Nobody is found under the contact's address any more.
    fn forget_email(&mut self, id: &str) {
        if let Some(email) = self.contacts.get(id).and_then(|contact| contact.email.as_ref()) {
            self.by_email.remove(email);
        }
    }

    /// The contact is gone, or stays as a row that says so; whether there was one.
    pub(crate) fn remove(&mut self, now: Timestamp, id: &str) -> bool {
        self.forget_email(id);
        if !self.profile.deleted_stay {
            return self.contacts.remove(id).is_some();
        }
        let Some(contact) = self.contacts.get_mut(id).filter(|contact| !contact.deleted) else { return false };
        contact.deleted = true;
        contact.touch(now);
        true
    }
}
