//! Companies: the record and its endpoints. They have no deleted state: a deleted one is gone, and its contacts stay (fact sheet §3.4).

use std::collections::BTreeMap;
use std::sync::Arc;

use http::header::LOCATION;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use syncline_simulator::Response;

use crate::contacts::{Contact, Found, SEARCH_PAGES_MAX, SEARCH_ROWS, custom_operand, custom_terms};
use crate::fields::{CustomFields, Field, Fields, PLAN_GATED, exact_key};
use crate::search::{KeyType, Operand, Searchable, parse};
use crate::table::{Row, Shelf, Wanted};
use crate::validation::{Body, is_date, is_domain};
use crate::wire::{Problem, Query, Refusal, encode, no_content, stamp, with_header};
use crate::{Freshdesk, UpdatedSince};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Company {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) domains: Vec<String>,
    pub(crate) health_score: Option<String>,
    pub(crate) account_tier: Option<String>,
    pub(crate) industry: Option<String>,
    /// `YYYY-MM-DD`, though the answer carries a time (fact sheet §2.2: documented).
    pub(crate) renewal_date: Option<String>,
    pub(crate) custom_fields: BTreeMap<String, Value>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

impl Company {
    pub(crate) fn blank(id: i64, at: i64) -> Self {
        Self {
            id,
            name: String::new(),
            description: None,
            note: None,
            domains: Vec::new(),
            health_score: None,
            account_tier: None,
            industry: None,
            renewal_date: None,
            custom_fields: BTreeMap::new(),
            created_at: at,
            updated_at: at,
        }
    }
}

impl Row for Company {
    fn id(&self) -> i64 {
        self.id
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn updated_at(&self) -> i64 {
        self.updated_at
    }

    fn shelf(&self) -> Shelf {
        Shelf::Live
    }

    fn exact(&self, note: &mut dyn FnMut(&str, String)) {
        note("name", self.name.to_lowercase());
        for domain in &self.domains {
            note("domains", domain.clone());
        }
        for (name, value) in &self.custom_fields {
            if let Some(text) = value.as_str() {
                note(&exact_key(name), text.to_owned());
            }
        }
    }
}

impl Searchable for Company {
    fn is_listed(&self) -> bool {
        true
    }

    fn operands(&self, key: &str) -> Vec<Operand<'_>> {
        match key {
            "domain" => self.domains.iter().map(|domain| Operand::Text(domain)).collect(),
            "created_at" => vec![Operand::Moment(self.created_at)],
            "updated_at" => vec![Operand::Moment(self.updated_at)],
            custom => custom_operand(self.custom_fields.get(custom)),
        }
    }

    fn terms(&self, note: &mut dyn FnMut(&str, &str)) {
        for domain in &self.domains {
            note("domain", domain);
        }
        custom_terms(&self.custom_fields, note);
    }

    fn is_term(_key: &str) -> bool {
        true
    }
}

/// Fact sheet §3.3: documented; not `name`.
fn key_type(fields: &Fields, key: &str) -> Option<KeyType> {
    match key {
        "domain" => Some(KeyType::Text),
        "created_at" | "updated_at" => Some(KeyType::Day),
        custom => fields.custom(custom).and_then(Field::search_type),
    }
}

/// A company on the wire.
pub(crate) struct Shape<'a> {
    pub(crate) company: &'a Company,
    pub(crate) fields: &'a Fields,
    pub(crate) plan_gated: bool,
}

impl Serialize for Shape<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { company, fields, plan_gated } = *self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &company.id)?;
        map.serialize_entry("name", &company.name)?;
        map.serialize_entry("description", &company.description)?;
        map.serialize_entry("note", &company.note)?;
        map.serialize_entry("domains", &company.domains)?;
        map.serialize_entry("created_at", &stamp(company.created_at))?;
        map.serialize_entry("updated_at", &stamp(company.updated_at))?;
        map.serialize_entry("custom_fields", &CustomFields { fields, values: &company.custom_fields })?;
        if plan_gated {
            map.serialize_entry("health_score", &company.health_score)?;
            map.serialize_entry("account_tier", &company.account_tier)?;
            map.serialize_entry("industry", &company.industry)?;
            map.serialize_entry("renewal_date", &company.renewal_date.as_ref().map(|date| format!("{date}T00:00:00Z")))?;
        }
        map.end()
    }
}

impl Freshdesk {
    pub(crate) fn list_companies(&self, query: &Query) -> Result<Response, Refusal> {
        // Older references name the parameter for contacts only: an old account takes both for companies.
        let since_names: &[&str] = match self.profile.updated_since {
            UpdatedSince::Today => &["updated_since"],
            UpdatedSince::Underscored => &["updated_since", "_updated_since"],
        };
        query.only(&[since_names, &["page", "per_page"]].concat())?;
        let paging = query.paging(None)?;
        let mut since = None;
        for name in since_names {
            since = query.moment(name)?.or(since);
        }
        let since = since.map(|since| self.first_second(since));
        let wanted = Wanted { shelf: Shelf::Live, exact: Vec::new(), since, keep: None };
        let (rows, more) = self.companies.page(&wanted, paging.skipped(), paging.rows);
        let rows: Vec<_> = rows.iter().map(|company| self.company_shape(company)).collect();
        Ok(paging.link(encode(200, &rows), more, &self.address("companies"), query))
    }

    pub(crate) fn view_company(&self, id: i64) -> Result<Response, Refusal> {
        let company = self.companies.get(id).ok_or(Refusal::Missing)?;
        Ok(encode(200, &self.company_shape(company)))
    }

    pub(crate) fn autocomplete_companies(&self, query: &Query) -> Result<Response, Refusal> {
        query.only(&["name"])?;
        let Some(name) = query.get("name") else { return Err(Problem::new("name", "missing_field", "It should be a/an String").into()) };
        let found = self.companies.by_words(name);
        let found: Vec<Value> = found.iter().map(|company| json!({"id": company.id, "name": company.name})).collect();
        Ok(encode(200, &json!({ "companies": found })))
    }

    pub(crate) fn search_companies(&self, query: &Query) -> Result<Response, Refusal> {
        query.only(&["query", "page"])?;
        let page = query.paging(Some(SEARCH_PAGES_MAX))?.page;
        let expression = parse(query.get("query"), &|key| key_type(&self.company_fields, key))?;
        let found = self.companies.index.find(&expression);
        let rows = found.iter().skip((page - 1) * SEARCH_ROWS).take(SEARCH_ROWS);
        let rows: Vec<_> = rows.map(|company| self.company_shape(company)).collect();
        Ok(encode(200, &Found { total: found.len(), results: rows }))
    }

    pub(crate) fn create_company(&mut self, now: i64, map: &Map<String, Value>) -> Result<Response, Refusal> {
        let mut draft = Company::blank(0, now);
        self.read_company(&mut draft, map, true)?;
        self.refuse_taken_company(&draft)?;
        draft.id = self.ids.company();
        let company = self.companies.put(now, draft);
        let location = self.address(&format!("companies/{}", company.id));
        Ok(with_header(encode(201, &self.company_shape(&company)), LOCATION, &location))
    }

    pub(crate) fn update_company(&mut self, now: i64, id: i64, map: &Map<String, Value>) -> Result<Response, Refusal> {
        let old = Arc::clone(self.companies.get(id).ok_or(Refusal::Missing)?);
        let mut draft = Company::clone(&old);
        self.read_company(&mut draft, map, false)?;
        self.refuse_taken_company(&draft)?;
        if draft == *old {
            return Ok(encode(200, &self.company_shape(&old)));
        }
        draft.updated_at = now;
        let company = self.companies.put(now, draft);
        Ok(encode(200, &self.company_shape(&company)))
    }

    /// Its contacts lose the company and nothing tells so: their stamps stay (fact sheet §8.1 h).
    pub(crate) fn delete_company(&mut self, now: i64, id: i64) -> Result<Response, Refusal> {
        self.companies.remove(now, id).ok_or(Refusal::Missing)?;
        let members: Vec<i64> = self.contacts.holders("company_id", &id.to_string()).collect();
        for member in members {
            if let Some(contact) = self.contacts.get(member) {
                let mut contact = Contact::clone(contact);
                contact.detach(id);
                self.contacts.put(now, contact);
            }
        }
        self.tickets.forget_company(id);
        Ok(no_content())
    }

    fn read_company(&self, draft: &mut Company, map: &Map<String, Value>, creating: bool) -> Result<(), Refusal> {
        let mut known = vec!["name", "description", "note", "domains", "custom_fields"];
        known.extend(PLAN_GATED.into_iter().filter(|_| self.profile.company_plan_fields));
        let mut body = Body::new(map, &known, self.profile.trims_text);
        if creating {
            body.require("name", "String");
        }
        if let Some(name) = body.mandatory_text("name") {
            draft.name = name;
        }
        for (key, place) in [("description", &mut draft.description), ("note", &mut draft.note)] {
            if let Some(text) = body.long_text(key) {
                *place = text;
            }
        }
        if let Some(domains) = body.texts("domains") {
            let mut domains: Vec<String> = domains.into_iter().map(|domain| domain.to_lowercase()).collect();
            domains.sort();
            domains.dedup();
            if !domains.iter().all(|domain| is_domain(domain)) {
                body.note(Problem::new("domains", "invalid_value", "It should contain elements in the 'valid domain' format"));
            }
            draft.domains = domains;
        }
        for (key, place) in
            [("health_score", &mut draft.health_score), ("account_tier", &mut draft.account_tier), ("industry", &mut draft.industry)]
        {
            let Some(value) = body.text(key) else { continue };
            if let (Some(value), Some(field)) = (&value, self.company_fields.default(key))
                && !field.has_choice(value)
            {
                body.note(Problem::not_a_choice(key, &field.choice_labels()));
            }
            *place = value;
        }
        if let Some(date) = body.text("renewal_date") {
            if date.as_deref().is_some_and(|date| !is_date(date)) {
                body.note(Problem::new("renewal_date", "invalid_value", "It should be in the 'yyyy-mm-dd' format"));
            }
            draft.renewal_date = date;
        }
        body.custom_fields(&self.company_fields, &mut draft.custom_fields, creating);
        body.finish()
    }

    /// 409 for a taken name, domain or unique field. No `additional_info` here: none is documented (fact sheet §4).
    fn refuse_taken_company(&self, draft: &Company) -> Result<(), Refusal> {
        let mut taken = Vec::new();
        if self.companies.other_holder("name", &draft.name.to_lowercase(), draft.id).is_some() {
            taken.push(Problem::new("name", "duplicate_value", "has already been taken"));
        }
        for domain in &draft.domains {
            if let Some(holder) = self.companies.other_holder("domains", domain, draft.id) {
                let message = format!("{domain} is already taken by the company with company id: {holder}");
                taken.push(Problem::new("domains", "duplicate_value", message));
            }
        }
        for field in self.company_fields.customs().filter(|field| field.unique) {
            let Some(value) = draft.custom_fields.get(&field.name).and_then(Value::as_str) else { continue };
            if self.companies.other_holder(&field.exact_key(), value, draft.id).is_some() {
                taken.push(Problem::duplicate(format!("custom_fields.{}", field.name), None));
            }
        }
        if taken.is_empty() { Ok(()) } else { Err(Refusal::Duplicate(taken)) }
    }
}
