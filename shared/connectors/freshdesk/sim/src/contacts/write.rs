//! POST /contacts and PUT /contacts/{id}: what is read, what is refused, what changes by itself.

use std::sync::Arc;

use http::header::LOCATION;
use serde_json::{Map, Value};
use syncline_simulator::Response;

use super::{Contact, FurtherCompany};
use crate::Freshdesk;
use crate::fields::{LANGUAGES, TIME_ZONES};
use crate::table::Shelf;
use crate::validation::{Body, is_email, mismatch, not_an_email};
use crate::wire::{Problem, Refusal, encode, with_header};

const WRITABLE: [&str; 17] = [
    "name",
    "email",
    "other_emails",
    "phone",
    "mobile",
    "twitter_id",
    "unique_external_id",
    "company_id",
    "view_all_tickets",
    "other_companies",
    "job_title",
    "address",
    "description",
    "language",
    "time_zone",
    "tags",
    "custom_fields",
];

/// Fact sheet §2.1: documented in a support article.
const FURTHER_COMPANIES_MAX: usize = 300;

/// Fact sheet §2.1: unverified.
const TAG_CHARS_MAX: usize = 32;

const NO_COMPANY: &str = "There is no company matching the given company_id";

impl Freshdesk {
    pub(crate) fn create_contact(&mut self, now: i64, map: &Map<String, Value>) -> Result<Response, Refusal> {
        let contact = self.add_contact(now, map)?;
        let location = self.address(&format!("contacts/{}", contact.id));
        Ok(with_header(encode(201, &self.contact_shape(&contact, false)), LOCATION, &location))
    }

    pub(crate) fn add_contact(&mut self, now: i64, map: &Map<String, Value>) -> Result<Arc<Contact>, Refusal> {
        let mut draft = Contact::blank(0, now);
        self.read_contact(&mut draft, map, true)?;
        self.attach_by_domain(&mut draft);
        self.refuse_taken(&draft)?;
        draft.id = self.ids.contact();
        Ok(self.contacts.put(now, draft))
    }

    pub(crate) fn update_contact(&mut self, now: i64, id: i64, map: &Map<String, Value>) -> Result<Response, Refusal> {
        let old = Arc::clone(self.contacts.get(id).ok_or(Refusal::Missing)?);
        if old.shelf != Shelf::Live {
            return Err(Refusal::NotAllowed("GET"));
        }
        let mut draft = Contact::clone(&old);
        self.read_contact(&mut draft, map, false)?;
        if draft.email != old.email {
            self.attach_by_domain(&mut draft);
        }
        self.refuse_taken(&draft)?;
        if draft == *old {
            return Ok(encode(200, &self.contact_shape(&old, false)));
        }
        let only_tags = Contact { tags: old.tags.clone(), ..draft.clone() } == *old;
        if !only_tags || self.profile.tags_bump_updated_at {
            draft.updated_at = now;
        }
        let stored = self.contacts.put(now, draft);
        Ok(encode(200, &self.contact_shape(&stored, false)))
    }

    fn read_contact(&self, draft: &mut Contact, map: &Map<String, Value>, creating: bool) -> Result<(), Refusal> {
        let mut body = Body::new(map, &WRITABLE, self.profile.trims_text);
        if creating {
            body.require("name", "String");
        }
        if let Some(name) = body.mandatory_text("name") {
            draft.name = name;
        }
        if let Some(email) = body.email("email") {
            draft.email = email.map(|email| self.address_as_stored(email));
        }
        for (key, place) in [
            ("phone", &mut draft.phone),
            ("mobile", &mut draft.mobile),
            ("twitter_id", &mut draft.twitter_id),
            ("unique_external_id", &mut draft.unique_external_id),
            ("job_title", &mut draft.job_title),
        ] {
            if let Some(text) = body.text(key) {
                *place = text;
            }
        }
        for (key, place) in [("address", &mut draft.address), ("description", &mut draft.description)] {
            if let Some(text) = body.long_text(key) {
                *place = text;
            }
        }
        self.read_other_emails(draft, &mut body);
        self.read_companies(draft, &mut body);
        self.read_place(draft, &mut body);
        read_tags(draft, &mut body);
        body.custom_fields(&self.contact_fields, &mut draft.custom_fields, creating);
        let named = [&draft.email, &draft.phone, &draft.mobile, &draft.twitter_id, &draft.unique_external_id];
        if body.problems.is_empty() && named.iter().all(|value| value.is_none()) {
            let message = "Please fill at least 1 of email, mobile, phone, twitter_id, unique_external_id fields.";
            body.note(Problem::new("email", "missing_field", message));
        }
        body.finish()
    }

    fn read_other_emails(&self, draft: &mut Contact, body: &mut Body<'_>) {
        if let Some(addresses) = body.texts("other_emails") {
            if addresses.iter().any(|address| !is_email(address)) {
                body.note(not_an_email("other_emails"));
            }
            draft.other_emails = addresses.into_iter().map(|address| self.address_as_stored(address)).collect();
        }
        let mut seen: Vec<String> = draft.email.iter().map(|email| email.to_lowercase()).collect();
        draft.other_emails.retain(|address| {
            let key = address.to_lowercase();
            let is_new = !seen.contains(&key);
            seen.push(key);
            is_new
        });
    }

    fn read_companies(&self, draft: &mut Contact, body: &mut Body<'_>) {
        if let Some(company) = body.integer("company_id") {
            if company.is_some_and(|id| self.companies.get(id).is_none()) {
                body.note(Problem::new("company_id", "invalid_value", NO_COMPANY));
            }
            if draft.company_id != company {
                draft.view_all_tickets = false;
            }
            draft.company_id = company;
        }
        if let Some(flag) = body.boolean("view_all_tickets") {
            draft.view_all_tickets = flag.unwrap_or(false);
        }
        if body.has("other_companies") && !self.profile.multiple_companies {
            let message = "The Multiple Companies feature is not available on this plan";
            body.note(Problem::new("other_companies", "inaccessible_field", message));
        } else if let Some(items) = body.array("other_companies") {
            draft.other_companies = items.iter().filter_map(|item| self.further_company(item, body)).collect();
            if items.len() > FURTHER_COMPANIES_MAX {
                let message = format!("It can have a maximum of {FURTHER_COMPANIES_MAX} companies");
                body.note(Problem::new("other_companies", "invalid_value", message));
            }
        }
        let primary = draft.company_id;
        draft.other_companies.retain(|further| Some(further.company_id) != primary);
    }

    fn further_company(&self, item: &Value, body: &mut Body<'_>) -> Option<FurtherCompany> {
        let Some(map) = item.as_object() else {
            body.note(mismatch("other_companies", item, "key/value pair"));
            return None;
        };
        if let Some(unknown) = map.keys().find(|key| !matches!(key.as_str(), "company_id" | "view_all_tickets")) {
            body.note(Problem::unexpected(format!("other_companies.{unknown}")));
        }
        let company = map.get("company_id").and_then(Value::as_i64).filter(|id| self.companies.get(*id).is_some());
        if company.is_none() {
            body.note(Problem::new("other_companies", "invalid_value", NO_COMPANY));
        }
        let view_all_tickets = map.get("view_all_tickets").and_then(Value::as_bool).unwrap_or(false);
        company.map(|company_id| FurtherCompany { company_id, view_all_tickets })
    }

    /// Language and time zone, each behind a feature of its own (fact sheet §2.1).
    fn read_place(&self, draft: &mut Contact, body: &mut Body<'_>) {
        for (key, has_feature) in [("language", self.profile.multi_language), ("time_zone", self.profile.multi_time_zone)] {
            if body.has(key) && !has_feature {
                body.note(Problem::new(key, "inaccessible_field", "The feature for this field is not available on this plan"));
            }
        }
        if let Some(language) = body.text("language") {
            let language = language.unwrap_or_else(|| "en".to_owned());
            let codes: Vec<&str> = LANGUAGES.iter().map(|(_, code)| *code).collect();
            if !codes.contains(&language.as_str()) {
                body.note(Problem::not_a_choice("language", &codes));
            }
            draft.language = language;
        }
        if let Some(zone) = body.text("time_zone") {
            if zone.as_deref().is_some_and(|zone| !TIME_ZONES.contains(&zone)) {
                body.note(Problem::not_a_choice("time_zone", &TIME_ZONES));
            }
            draft.time_zone = zone;
        }
    }

    fn address_as_stored(&self, address: String) -> String {
        if self.profile.lower_case_emails { address.to_lowercase() } else { address }
    }

    /// A contact without a company gets the one whose domain its address is at, unasked (fact sheet §2.2: from support articles).
    pub(crate) fn attach_by_domain(&self, draft: &mut Contact) {
        let domain = draft.email.as_deref().and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain.to_lowercase());
        if let (None, Some(domain)) = (draft.company_id, domain) {
            draft.company_id = self.companies.holders("domains", &domain).next();
        }
    }

    /// 409 for what must be unique: addresses against all addresses and agents, handles, and the fields that are marked so.
    pub(crate) fn refuse_taken(&self, draft: &Contact) -> Result<(), Refusal> {
        let mut taken = Vec::new();
        for address in draft.addresses() {
            let key = address.to_lowercase();
            let agent = self.agents.with_email(&key).filter(|agent| *agent != draft.id);
            // Addresses that went to a survivor are his, though the bin still shows them.
            let holder = self.contacts.other_holder("email", &key, draft.id);
            let holder = holder.filter(|holder| {
                !self.profile.merged_keep_email || self.contacts.get(*holder).is_some_and(|holder| holder.shelf == Shelf::Live)
            });
            if let Some(holder) = holder.or(agent) {
                let field = if draft.email.as_ref() == Some(address) { "email" } else { "other_emails" };
                taken.push(Problem::duplicate(field, Some(holder)));
            }
        }
        for (field, value, unique) in [
            ("twitter_id", &draft.twitter_id, true),
            ("unique_external_id", &draft.unique_external_id, true),
            ("mobile", &draft.mobile, self.contact_fields.is_unique("mobile")),
            ("phone", &draft.phone, self.contact_fields.is_unique("phone")),
        ] {
            let Some(value) = value.as_ref().filter(|_| unique) else { continue };
            if let Some(holder) = self.contacts.other_holder(field, value, draft.id) {
                taken.push(Problem::duplicate(field, Some(holder)));
            }
        }
        for field in self.contact_fields.customs().filter(|field| field.unique) {
            let Some(value) = draft.custom_fields.get(&field.name).and_then(Value::as_str) else { continue };
            if self.contacts.other_holder(&field.exact_key(), value, draft.id).is_some() {
                taken.push(Problem::duplicate(format!("custom_fields.{}", field.name), None));
            }
        }
        if taken.is_empty() { Ok(()) } else { Err(Refusal::Duplicate(taken)) }
    }
}

fn read_tags(draft: &mut Contact, body: &mut Body<'_>) {
    let Some(mut tags) = body.texts("tags") else { return };
    if tags.iter().any(|tag| tag.chars().count() > TAG_CHARS_MAX || tag.contains(',')) {
        let message = format!("It should contain elements that have maximum of {TAG_CHARS_MAX} characters and no comma");
        body.note(Problem::new("tags", "invalid_value", message));
    }
    let mut seen = Vec::new();
    tags.retain(|tag| {
        let key = tag.to_lowercase();
        let is_new = !seen.contains(&key);
        seen.push(key);
        is_new
    });
    draft.tags = tags;
}
