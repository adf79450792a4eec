//! Reading contacts: by address, by id, by when they were made or modified, and all of them (fact sheet §5).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::contact::Contact;
use crate::wire::{Answer, Failure, Payload, Result, list, text};
use crate::{ModifiedList, Salesmanago};

const DAY_MS: i64 = 86_400_000;

/// By what contacts are asked for, and whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Email,
    Id,
}

/// One modification in a list: when, of whom.
type Row = (i64, String);

impl Salesmanago {
    /// `contact/basic`, `contact/basicById`: of any owner. Whom nobody is, is not in the answer.
    pub(crate) fn basic(&self, by: By, body: &Map<String, Value>) -> Result {
        let found = self.named(body, if by == By::Email { "email" } else { "id" }, by)?;
        Ok(Answer::one("contacts", found.into_iter().map(Contact::basic).collect()))
    }

    /// `contact/list`, `listById`: those of the named owner; `listAll`, `listAllById`: of any.
    pub(crate) fn listed(&self, by: By, all: bool, body: &Map<String, Value>) -> Result {
        let owner = self.owners.named(body)?;
        let found = self.named(body, if by == By::Email { "email" } else { "contactId" }, by)?;
        let own = found.into_iter().filter(|contact| all || contact.owners.contains(&owner));
        Ok(Answer::one("contacts", own.map(Contact::full).collect()))
    }

    fn named(&self, body: &Map<String, Value>, member: &str, by: By) -> Result<Vec<&Contact>> {
        let mut seen = BTreeSet::new();
        let names = list(body, member, self.profile.rows_max)?.iter().filter_map(Value::as_str);
        let ids = names.filter_map(|name| match by {
            By::Email => self.contact_with_email(name),
            By::Id => Some(name.to_owned()),
        });
        Ok(ids.filter(|id| seen.insert(id.clone())).filter_map(|id| self.contacts.get(&id)).collect())
    }

    /// `contact/hasContact`.
    pub(crate) fn has(&self, body: &Map<String, Value>) -> Result {
        self.owners.named(body)?;
        let email = text(body, "email").ok_or_else(|| Failure::said("Email cannot be empty"))?;
        let id = self.contact_with_email(email);
        Ok(Answer::Payload(Payload::from_iter([("result".to_owned(), json!(id.is_some())), ("contactId".to_owned(), json!(id))])))
    }

    /// From and to, both counted in (unverified).
    fn window(&self, body: &Map<String, Value>) -> Result<(i64, i64)> {
        let bound = |name: &str| body.get(name).and_then(Value::as_i64).ok_or_else(|| Failure::said(format!("{name} cannot be empty")));
        let (from, to) = (bound("from")?, bound("to")?);
        if to < from || to - from > self.profile.window_days_max * DAY_MS {
            return Err(Failure::said(format!("The range cannot exceed {} days", self.profile.window_days_max)));
        }
        Ok((from, to))
    }

    fn page(&self, body: &Map<String, Value>) -> Result<(usize, usize)> {
        let number = |name: &str| body.get(name).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
        let (page, size) = (number("page").unwrap_or(1), number("size").unwrap_or(self.profile.rows_max));
        if page < 1 || !(1..=self.profile.rows_max).contains(&size) {
            return Err(Failure::said(format!("page starts at 1, size is from 1 to {}", self.profile.rows_max)));
        }
        Ok((page, size))
    }

    /// What was modified within the window, of those whom the owner has a share in, oldest first.
    fn modified(&self, owner: &str, from: i64, to: i64) -> Vec<Row> {
        let own = self.contacts.values().filter(|contact| contact.owners.contains(owner) && !contact.deleted);
        let mut rows: Vec<Row> = own
            .flat_map(|contact| {
                let moments = match self.profile.modified_list {
                    ModifiedList::Log => contact.modifications.clone(),
                    ModifiedList::State => vec![contact.modified_on],
                };
                moments.into_iter().filter(|at| (from..=to).contains(at)).map(|at| (at, contact.id.clone()))
            })
            .collect();
        rows.sort();
        rows
    }

    fn thin(&self, id: &str) -> Value {
        json!({"id": id, "email": self.contacts.get(id).and_then(|contact| contact.email.as_ref())})
    }

    /// `contact/createdContacts`.
    pub(crate) fn created_contacts(&self, body: &Map<String, Value>) -> Result {
        let owner = self.owners.named(body)?;
        let (from, to) = self.window(body)?;
        let own = self.contacts.values().filter(|contact| contact.owners.contains(&owner) && !contact.deleted);
        let mut rows: Vec<Row> = own
            .filter(|contact| (from..=to).contains(&contact.created_on))
            .map(|contact| (contact.created_on, contact.id.clone()))
            .collect();
        rows.sort();
        Ok(Answer::one("createdContacts", rows.iter().map(|(_, id)| self.thin(id)).collect()))
    }

    /// `contact/modifiedContacts`: each once.
    pub(crate) fn modified_contacts(&self, body: &Map<String, Value>) -> Result {
        let owner = self.owners.named(body)?;
        let (from, to) = self.window(body)?;
        let mut seen = BTreeSet::new();
        let rows = self.modified(&owner, from, to);
        Ok(Answer::one("modifiedContacts", rows.iter().filter(|(_, id)| seen.insert(id.clone())).map(|(_, id)| self.thin(id)).collect()))
    }

    /// `contact/paginatedModifiedContacts`: pages from 1.
    pub(crate) fn modified_page(&self, body: &Map<String, Value>) -> Result {
        let owner = self.owners.named(body)?;
        let (from, to) = self.window(body)?;
        let (page, size) = self.page(body)?;
        let rows = self.modified(&owner, from, to);
        let skipped = (page - 1).saturating_mul(size);
        let shown: Vec<Value> = rows.iter().skip(skipped).take(size).map(|(_, id)| self.thin(id)).collect();
        let more = rows.len() > skipped.saturating_add(size);
        Ok(Answer::Payload(Payload::from_iter([("modifiedContacts".to_owned(), json!(shown)), ("hasMore".to_owned(), json!(more))])))
    }

    /// Contacts in the order in which they were made.
    pub(crate) fn in_order(&self) -> Vec<&Contact> {
        let mut all: Vec<&Contact> = self.contacts.values().filter(|contact| !contact.deleted).collect();
        all.sort_by(|one, other| (one.created_on, &one.id).cmp(&(other.created_on, &other.id)));
        all
    }

    /// `contact/paginatedListById`: all of the named owner; past the end an empty page.
    pub(crate) fn all_page(&self, body: &Map<String, Value>) -> Result {
        let owner = self.owners.named(body)?;
        let (page, size) = self.page(body)?;
        let own = self.in_order().into_iter().filter(|contact| contact.owners.contains(&owner));
        let skipped = (page - 1).saturating_mul(size);
        Ok(Answer::one("contacts", own.skip(skipped).take(size).map(Contact::full).collect()))
    }

    pub(crate) fn export_rows(&self, body: &Map<String, Value>) -> Result<Value> {
        let (page, size) = self.page(body)?;
        let skipped = (page - 1).saturating_mul(size);
        let rows = self.in_order().into_iter().skip(skipped).take(size).map(|contact| {
            json!({
                "success": true, "email": contact.email, "exists": true, "id": contact.id, "name": contact.texts.get("name"),
                "country": contact.texts.get("country"), "phone": contact.texts.get("phone")
            })
        });
        Ok(json!({"contacts": rows.collect::<Vec<_>>()}))
    }

    /// `export/data`: whom tags, addresses or ids name, with the parts that are asked for.
    pub(crate) fn export_data(&self, body: &Map<String, Value>) -> Result<Value> {
        let asked = list(body, "contacts", self.profile.rows_max)?;
        let named = |row: &Value, contact: &Contact| {
            let value = row.get("value").and_then(Value::as_str).unwrap_or_default();
            match row.get("addresseeType").and_then(Value::as_str) {
                Some("tag") => contact.tags.iter().any(|tag| tag.name == value),
                Some("email") => contact.email.as_deref() == Some(value.to_lowercase().as_str()),
                Some("id" | "contactId") => contact.id == value,
                Some(_) | None => false,
            }
        };
        let parts = list(body, "data", self.profile.rows_max)?;
        let wanted = |part: &str| {
            parts.iter().any(|asked| asked.as_str() == Some(part) || asked.get("dataType").and_then(Value::as_str) == Some(part))
        };
        let rows = self.in_order().into_iter().filter(|contact| asked.iter().any(|row| named(row, contact))).map(|contact| {
            let whole = contact.full();
            let mut shown = Map::from_iter([("contactData".to_owned(), contact.basic())]);
            for (part, member, name) in [("TAG", "contactTags", "tags"), ("PROPERTIES", "properties", "properties")] {
                if wanted(part) {
                    shown.insert(name.to_owned(), whole.get(member).cloned().unwrap_or_default());
                }
            }
            json!({ &contact.id: shown })
        });
        Ok(Value::Array(rows.collect()))
    }
}
