//! POST /contacts/merge: the secondaries end up deleted, what they had in common goes to the primary (fact sheet §3.4).

use std::sync::Arc;

use serde_json::{Map, Value};
use syncline_simulator::Response;

use super::{Contact, FurtherCompany};
use crate::Freshdesk;
use crate::table::Shelf;
use crate::validation::Body;
use crate::wire::{Problem, Refusal, no_content};

const CHOSEN: [&str; 4] = ["phone", "mobile", "twitter_id", "unique_external_id"];

impl Freshdesk {
    pub(crate) fn merge_contacts(&mut self, now: i64, map: &Map<String, Value>) -> Result<Response, Refusal> {
        let mut body = Body::new(map, &["primary_contact_id", "secondary_contact_ids", "contact"], self.profile.trims_text);
        body.require("primary_contact_id", "Positive Integer");
        body.require("secondary_contact_ids", "Array");
        let primary = body.integer("primary_contact_id").flatten();
        let secondaries = body.integers("secondary_contact_ids").unwrap_or_default();
        let winner = primary.and_then(|id| self.mergeable(id));
        let losers: Vec<Arc<Contact>> = secondaries.iter().filter_map(|id| self.mergeable(*id)).collect();
        if body.has("primary_contact_id") && winner.is_none() {
            body.note(Problem::new("primary_contact_id", "invalid_value", "There is no contact matching the given primary_contact_id"));
        }
        let unknown = losers.len() != secondaries.len() || secondaries.iter().any(|id| Some(*id) == primary);
        if body.has("secondary_contact_ids") && (secondaries.is_empty() || unknown) {
            body.note(Problem::new(
                "secondary_contact_ids",
                "invalid_value",
                "There are no contacts matching the given secondary_contact_ids",
            ));
        }
        let none = Map::new();
        let chosen = body.nested("contact").unwrap_or(&none);
        body.finish()?;
        let Some(winner) = winner else { return Err(Refusal::Missing) };
        let merged = self.merged(&winner, &losers, chosen)?;
        for loser in &losers {
            let left = if self.profile.merged_keep_email {
                Contact { email: loser.email.clone(), other_emails: loser.other_emails.clone(), ..leftover(loser, &merged, now) }
            } else {
                leftover(loser, &merged, now)
            };
            self.tickets.move_requester(loser.id, merged.id);
            self.contacts.put(now, left);
        }
        self.contacts.put(now, Contact { updated_at: now, ..merged });
        Ok(no_content())
    }

    fn mergeable(&self, id: i64) -> Option<Arc<Contact>> {
        self.contacts.get(id).filter(|contact| contact.shelf == Shelf::Live).cloned()
    }

    /// The primary as it will be: the body chooses, and where only one side has a value, that one stays.
    fn merged(&self, winner: &Contact, losers: &[Arc<Contact>], chosen: &Map<String, Value>) -> Result<Contact, Refusal> {
        let known = ["email", "phone", "mobile", "twitter_id", "unique_external_id", "other_emails", "company_ids"];
        let mut body = Body::new(chosen, &known, self.profile.trims_text);
        let all: Vec<&Contact> = std::iter::once(winner).chain(losers.iter().map(Arc::as_ref)).collect();
        let mut merged = winner.clone();
        for key in CHOSEN {
            let held: Vec<&String> = all.iter().filter_map(|contact| attribute(contact, key)).collect();
            let value = match body.text(key) {
                Some(Some(given)) if !held.contains(&&given) => {
                    body.note(Problem::new(
                        format!("contact.{key}"),
                        "invalid_value",
                        "It should be a value of one of the merged contacts",
                    ));
                    None
                }
                Some(given) => given,
                None if held.len() > 1 => {
                    body.note(Problem::new(format!("contact.{key}"), "missing_field", "It should be a/an String"));
                    None
                }
                None => held.first().map(|value| (*value).clone()),
            };
            *attribute_mut(&mut merged, key) = value;
        }
        let held: Vec<&String> = all.iter().flat_map(|contact| contact.addresses()).collect();
        let is_held = |address: &String| held.iter().any(|own| own.eq_ignore_ascii_case(address));
        let email = body.email("email");
        let others = body.texts("other_emails");
        if email.iter().flatten().chain(others.iter().flatten()).any(|address| !is_held(address)) {
            body.note(Problem::new("contact.email", "invalid_value", "It should be an address of one of the merged contacts"));
        }
        merged.email = email.unwrap_or_else(|| held.first().map(|address| (*address).clone()));
        let primary = merged.email.clone();
        merged.other_emails = others.unwrap_or_else(|| held.iter().map(|address| (*address).clone()).collect());
        merged.other_emails.retain(|address| Some(address) != primary.as_ref());
        self.merge_companies(&mut merged, losers, &mut body);
        body.finish()?;
        Ok(merged)
    }

    fn merge_companies(&self, merged: &mut Contact, losers: &[Arc<Contact>], body: &mut Body<'_>) {
        let mut companies: Vec<i64> = if let Some(given) = body.integers("company_ids") {
            if given.iter().any(|id| self.companies.get(*id).is_none()) {
                body.note(Problem::new("contact.company_ids", "invalid_value", "There is no company matching the given company_ids"));
            }
            given
        } else {
            let own = merged.company_id.into_iter().chain(merged.other_companies.iter().map(|further| further.company_id));
            own.chain(losers.iter().filter_map(|loser| loser.company_id)).collect()
        };
        let mut seen = Vec::new();
        companies.retain(|id| {
            let is_new = !seen.contains(id);
            seen.push(*id);
            is_new
        });
        let mut companies = companies.into_iter();
        merged.company_id = companies.next();
        let further = companies.filter(|_| self.profile.multiple_companies);
        merged.other_companies = further.map(|company_id| FurtherCompany { company_id, view_all_tickets: false }).collect();
    }
}

/// What stays of a secondary: deleted, without the addresses and handles that went to the primary.
fn leftover(loser: &Contact, merged: &Contact, now: i64) -> Contact {
    let mut left = Contact { shelf: Shelf::Deleted, updated_at: now, ..loser.clone() };
    let moved: Vec<String> = merged.addresses().cloned().collect();
    left.email = left.email.filter(|email| !moved.contains(email));
    left.other_emails.retain(|address| !moved.contains(address));
    for key in CHOSEN {
        if attribute(&left, key) == attribute(merged, key) {
            *attribute_mut(&mut left, key) = None;
        }
    }
    left
}

fn attribute<'a>(contact: &'a Contact, key: &str) -> Option<&'a String> {
    match key {
        "phone" => contact.phone.as_ref(),
        "mobile" => contact.mobile.as_ref(),
        "twitter_id" => contact.twitter_id.as_ref(),
        _ => contact.unique_external_id.as_ref(),
    }
}

fn attribute_mut<'a>(contact: &'a mut Contact, key: &str) -> &'a mut Option<String> {
    match key {
        "phone" => &mut contact.phone,
        "mobile" => &mut contact.mobile,
        "twitter_id" => &mut contact.twitter_id,
        _ => &mut contact.unique_external_id,
    }
}
