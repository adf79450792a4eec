//! GET /contacts, GET /contacts/autocomplete, GET /search/contacts.

use serde_json::{Value, json};
use syncline_simulator::Response;

use super::{Contact, key_type};
use crate::search::parse;
use crate::table::{Shelf, Wanted};
use crate::wire::{Problem, Query, Refusal, encode};
use crate::{Freshdesk, UpdatedSince};

/// Searches answer pages of this many rows, and this many pages (fact sheet §3.3: documented).
pub(crate) const SEARCH_ROWS: usize = 30;
pub(crate) const SEARCH_PAGES_MAX: i64 = 10;

const STATES: [&str; 4] = ["verified", "unverified", "blocked", "deleted"];

impl Freshdesk {
    pub(crate) fn list_contacts(&self, query: &Query) -> Result<Response, Refusal> {
        let since_name = match self.profile.updated_since {
            UpdatedSince::Today => "updated_since",
            UpdatedSince::Underscored => "_updated_since",
        };
        query.only(&["email", "mobile", "phone", "company_id", "state", "contact_type", since_name, "page", "per_page"])?;
        let paging = query.paging(None)?;
        let state = query.one_of("state", &STATES)?;
        let visitors = query.one_of("contact_type", &["contact", "visitor"])?.map(|kind| kind == "visitor");
        let active = match state {
            Some("verified") => Some(true),
            Some("unverified") => Some(false),
            _ => None,
        };
        let listed = match state {
            Some("deleted") => Shelf::Deleted,
            Some("blocked") => Shelf::Blocked,
            _ => Shelf::Live,
        };
        let mut exact = Vec::new();
        if let Some(email) = query.get("email") {
            let field = if self.profile.email_filter_reads_other_emails { "email" } else { "primary_email" };
            exact.push((field, email.to_lowercase()));
        }
        for field in ["mobile", "phone"] {
            exact.extend(query.get(field).map(|value| (field, value.to_owned())));
        }
        exact.extend(query.integer("company_id")?.map(|id| ("company_id", id.to_string())));
        let since = query.moment(since_name)?.map(|since| self.first_second(since));
        let keep =
            |contact: &Contact| active.is_none_or(|active| contact.active == active) && visitors.is_none_or(|v| contact.visitor == v);
        let keeps = active.is_some() || visitors.is_some();
        let wanted = Wanted { shelf: listed, exact, since, keep: keeps.then_some(&keep) };
        let (rows, more) = self.contacts.page(&wanted, paging.skipped(), paging.rows);
        let rows: Vec<_> = rows.iter().map(|contact| self.contact_shape(contact, true)).collect();
        Ok(paging.link(encode(200, &rows), more, &self.address("contacts"), query))
    }

    pub(crate) fn autocomplete_contacts(&self, query: &Query) -> Result<Response, Refusal> {
        query.only(&["term"])?;
        let Some(term) = query.get("term") else { return Err(Problem::new("term", "missing_field", "It should be a/an String").into()) };
        let found = self.contacts.by_words(term);
        Ok(encode(200, &found.iter().map(|contact| json!({"id": contact.id, "name": contact.name})).collect::<Vec<Value>>()))
    }

    pub(crate) fn search_contacts(&self, query: &Query) -> Result<Response, Refusal> {
        query.only(&["query", "page"])?;
        let page = query.paging(Some(SEARCH_PAGES_MAX))?.page;
        let expression = parse(query.get("query"), &|key| key_type(&self.contact_fields, key))?;
        let found = self.contacts.index.find(&expression);
        let rows = found.iter().skip((page - 1) * SEARCH_ROWS).take(SEARCH_ROWS);
        let rows: Vec<_> = rows.map(|contact| self.contact_shape(contact, true)).collect();
        Ok(encode(200, &Found { total: found.len(), results: rows }))
    }

    /// The first second that a filter of changes includes (fact sheet §3.1: whether it is inclusive is unverified).
    pub(crate) fn first_second(&self, since: i64) -> i64 {
        if self.profile.updated_since_is_inclusive { since } else { since + 1 }
    }
}

/// What a search answers.
#[derive(serde::Serialize)]
pub(crate) struct Found<R> {
    pub(crate) total: usize,
    pub(crate) results: Vec<R>,
}
