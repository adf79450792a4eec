//! Users of the account, and whose a contact is (fact sheet §1, §4, §5).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::Salesmanago;
use crate::wire::{Answer, Failure, Payload, Result, text};

pub(crate) struct Owners {
    /// In lower case; the first is the main user.
    emails: Vec<String>,
    /// Users are listed as objects, not as plain texts: both have been seen.
    as_objects: bool,
}

impl Owners {
    pub(crate) fn new<const N: usize>(emails: [&str; N]) -> Self {
        Self { emails: emails.iter().map(|email| email.to_lowercase()).collect(), as_objects: false }
    }

    pub(crate) fn knows(&self, email: &str) -> bool {
        self.emails.contains(&email.to_lowercase())
    }

    pub(crate) fn main(&self) -> String {
        self.emails.first().cloned().unwrap_or_default()
    }

    /// One of them by a number that decides.
    pub(crate) fn any(&self, number: u32) -> String {
        let place = usize::try_from(number).unwrap_or(0) % self.emails.len().max(1);
        self.emails.get(place).cloned().unwrap_or_default()
    }

    /// The owner that a call names. `user` is taken too, as statistics want it.
    pub(crate) fn named(&self, body: &Map<String, Value>) -> Result<String> {
        let email = text(body, "owner").or_else(|| text(body, "user")).ok_or_else(|| Failure::said("User cannot be empty"))?;
        if self.knows(email) { Ok(email.to_lowercase()) } else { Err(Failure::said("User does not exist")) }
    }
}

impl Salesmanago {
    /// A further user, by e-mail.
    pub fn add_user(&mut self, email: &str) {
        self.owners.emails.push(email.to_lowercase());
    }

    /// A user leaves; what they owned stays theirs in name. The main user cannot leave.
    pub fn remove_user(&mut self, email: &str) -> bool {
        let email = email.to_lowercase();
        let before = self.owners.emails.len();
        let main = self.owners.main();
        self.owners.emails.retain(|known| *known != email || *known == main);
        self.owners.emails.len() < before
    }

    /// From now on users are listed as objects with an `email`, or as plain texts.
    pub fn list_users_as_objects(&mut self, objects: bool) {
        self.owners.as_objects = objects;
    }

    /// `user/listByClient`.
    pub(crate) fn users(&self) -> Answer {
        let rows: Vec<Value> =
            self.owners.emails.iter().map(|email| if self.owners.as_objects { json!({ "email": email }) } else { json!(email) }).collect();
        Answer::one("users", Value::Array(rows))
    }

    /// `contact/setMainOwner`: the old one stays among the owners.
    pub(crate) fn set_main_owner(&mut self, now: Timestamp, body: &Map<String, Value>) -> Result {
        self.owners.named(body)?;
        let new =
            text(body, "newOwner").filter(|email| self.owners.knows(email)).ok_or_else(|| Failure::said("New owner does not exist"))?;
        let new = new.to_lowercase();
        let named = match body.get("contact") {
            Some(Value::Object(contact)) => contact,
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | None => body,
        };
        let ids = match body.get("contact").and_then(Value::as_array) {
            Some(rows) => rows.iter().filter_map(Value::as_object).map(|row| self.addressed(row)).collect::<Result<BTreeSet<_>>>()?,
            None => match body.get("contact").and_then(Value::as_str) {
                Some(email) => BTreeSet::from([self.contact_with_email(email).ok_or_else(|| Failure::said("Contact does not exist"))?]),
                None => BTreeSet::from([self.addressed(named)?]),
            },
        };
        for id in &ids {
            if let Some(contact) = self.contacts.get_mut(id) {
                new.clone_into(&mut contact.main_owner);
                contact.owners.insert(new.clone());
                contact.touch(now);
            }
        }
        Ok(Answer::Payload(Payload::from_iter([("contacts".to_owned(), json!(ids))])))
    }
}
