//! What is done to a contact besides writing: delete, restore, delete for good, make an agent of it.

use std::sync::Arc;

use serde_json::{Map, Value};
use syncline_simulator::Response;

use super::Contact;
use crate::Freshdesk;
use crate::account::{Agent, Role};
use crate::table::Shelf;
use crate::validation::Body;
use crate::wire::{Problem, Query, Refusal, encode, no_content};

impl Freshdesk {
    pub(crate) fn view_contact(&self, id: i64) -> Result<Response, Refusal> {
        let contact = self.contacts.get(id).ok_or(Refusal::Missing)?;
        Ok(encode(200, &self.contact_shape(contact, false)))
    }

    /// Soft: the contact stays readable by its id and in `state=deleted`.
    pub(crate) fn delete_contact(&mut self, now: i64, id: i64) -> Result<Response, Refusal> {
        let contact = self.contacts.get(id).ok_or(Refusal::Missing)?;
        if contact.shelf != Shelf::Live {
            return Err(Refusal::NotAllowed("GET"));
        }
        let deleted = Contact { shelf: Shelf::Deleted, updated_at: now, ..Contact::clone(contact) };
        self.contacts.put(now, deleted);
        Ok(no_content())
    }

    pub(crate) fn restore_contact(&mut self, now: i64, id: i64) -> Result<Response, Refusal> {
        let contact = self.contacts.get(id).filter(|contact| contact.shelf == Shelf::Deleted).ok_or(Refusal::Missing)?;
        let restored = Contact { shelf: Shelf::Live, updated_at: now, ..Contact::clone(contact) };
        self.contacts.put(now, restored);
        Ok(no_content())
    }

    /// For good: no tombstone stays, and the contact's tickets go too (fact sheet §3.4: documented).
    pub(crate) fn hard_delete_contact(&mut self, now: i64, id: i64, query: &Query) -> Result<Response, Refusal> {
        query.only(&["force"])?;
        let contact = self.contacts.get(id).ok_or(Refusal::Missing)?;
        let forced = query.get("force").is_some_and(|force| force.eq_ignore_ascii_case("true"));
        if contact.shelf != Shelf::Deleted && !forced {
            let message = "The contact should be deleted temporarily before it can be deleted permanently";
            return Err(Problem::new("id", "inconsistent_state", message).into());
        }
        self.contacts.remove(now, id);
        self.tickets.forget_requester(id);
        Ok(no_content())
    }

    /// The agent keeps the contact's id; the contact is gone, and its other addresses with it (fact sheet §2.1).
    pub(crate) fn make_agent_of(&mut self, now: i64, id: i64, map: &Map<String, Value>) -> Result<Response, Refusal> {
        let known = ["occasional", "ticket_scope", "signature", "group_ids", "role_ids", "skill_ids", "type", "focus_mode"];
        let mut body = Body::new(map, &known, true);
        let occasional = body.boolean("occasional").flatten().unwrap_or(false);
        let ticket_scope = body.integer("ticket_scope").flatten().unwrap_or(1);
        let contact = Arc::clone(self.contacts.get(id).ok_or(Refusal::Missing)?);
        if contact.shelf != Shelf::Live {
            return Err(Refusal::NotAllowed("GET"));
        }
        let Some(email) = contact.email.clone() else {
            return Err(Problem::new("email", "missing_field", "Contact with email id can only be converted to agent").into());
        };
        body.finish()?;
        let agent = Agent {
            id,
            name: contact.name.clone(),
            email,
            phone: contact.phone.clone(),
            mobile: contact.mobile.clone(),
            role: Role::Agent,
            occasional,
            ticket_scope,
            created_at: now,
            updated_at: now,
        };
        let mut answer = self.contact_value(&contact);
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("agent".to_owned(), agent.shape());
        }
        self.contacts.remove(now, id);
        self.agents.add(agent);
        Ok(encode(200, &answer))
    }
}
