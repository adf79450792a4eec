//! Tickets, as far as a sidebar's look-up of the requester needs them (fact sheet §2.3).

use std::collections::BTreeMap;

use http::header::LOCATION;
use serde_json::{Map, Value, json};
use syncline_simulator::Response;

use crate::Freshdesk;
use crate::contacts::Contact;
use crate::validation::Body;
use crate::wire::{Problem, Query, Refusal, encode, no_content, stamp, with_header};

/// Without `updated_since` only tickets this young are listed, and only this many pages (fact sheet §3.1: documented).
const LISTED_DAYS: i64 = 30;
const PAGES_MAX: i64 = 300;
const DAY_S: i64 = 86_400;

const STATUSES: [i64; 4] = [2, 3, 4, 5];
const PRIORITIES: [i64; 4] = [1, 2, 3, 4];
const SOURCES: [i64; 7] = [1, 2, 3, 5, 7, 9, 10];

const FILTERS: [&str; 4] = ["new_and_my_open", "watching", "spam", "deleted"];
const INCLUDES: [&str; 5] = ["requester", "company", "stats", "description", "conversations"];

const WRITABLE: [&str; 16] = [
    "subject",
    "description",
    "status",
    "priority",
    "source",
    "type",
    "tags",
    "responder_id",
    "group_id",
    "company_id",
    "requester_id",
    "email",
    "phone",
    "name",
    "unique_external_id",
    "cc_emails",
];

#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    id: i64,
    subject: Option<String>,
    description: Option<String>,
    status: i64,
    priority: i64,
    source: i64,
    kind: Option<String>,
    tags: Vec<String>,
    cc_emails: Vec<String>,
    responder_id: Option<i64>,
    group_id: Option<i64>,
    company_id: Option<i64>,
    requester_id: i64,
    deleted: bool,
    created_at: i64,
    updated_at: i64,
}

/// A contact's id, where there is such a contact.
type Found = Option<i64>;

#[derive(Default)]
pub(crate) struct Tickets {
    by_id: BTreeMap<i64, Ticket>,
    last_id: i64,
}

impl Tickets {
    pub(crate) fn forget_requester(&mut self, contact: i64) {
        self.by_id.retain(|_, ticket| ticket.requester_id != contact);
    }

    pub(crate) fn move_requester(&mut self, from: i64, to: i64) {
        for ticket in self.by_id.values_mut().filter(|ticket| ticket.requester_id == from) {
            ticket.requester_id = to;
        }
    }

    pub(crate) fn forget_company(&mut self, company: i64) {
        for ticket in self.by_id.values_mut().filter(|ticket| ticket.company_id == Some(company)) {
            ticket.company_id = None;
        }
    }

    /// A ticket of the load: it was there before.
    pub(crate) fn load(&mut self, requester: &Contact, at: i64) {
        self.last_id += 1;
        let mut ticket = Ticket::blank(self.last_id, requester.id, at);
        ticket.subject = Some("Where is my order?".to_owned());
        ticket.company_id = requester.company_id;
        self.by_id.insert(ticket.id, ticket);
    }
}

impl Ticket {
    fn blank(id: i64, requester_id: i64, at: i64) -> Self {
        Self {
            id,
            subject: None,
            description: None,
            status: 2,
            priority: 1,
            source: 2,
            kind: None,
            tags: Vec::new(),
            cc_emails: Vec::new(),
            responder_id: None,
            group_id: None,
            company_id: None,
            requester_id,
            deleted: false,
            created_at: at,
            updated_at: at,
        }
    }

    fn shape(&self) -> Map<String, Value> {
        let shape = json!({
            "cc_emails": self.cc_emails, "fwd_emails": [], "reply_cc_emails": self.cc_emails, "ticket_cc_emails": self.cc_emails,
            "fr_escalated": false, "spam": false, "email_config_id": null, "group_id": self.group_id, "priority": self.priority,
            "requester_id": self.requester_id, "responder_id": self.responder_id, "source": self.source, "company_id": self.company_id,
            "status": self.status, "subject": self.subject, "to_emails": null, "product_id": null, "id": self.id, "type": self.kind,
            "due_by": stamp(self.created_at + 3 * DAY_S), "fr_due_by": stamp(self.created_at + DAY_S), "is_escalated": false,
            "custom_fields": {}, "created_at": stamp(self.created_at), "updated_at": stamp(self.updated_at), "tags": self.tags,
            "nr_due_by": null, "nr_escalated": false
        });
        match shape {
            Value::Object(map) => map,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
        }
    }
}

/// How many calls a request counts for: a view one more for each include (two for conversations), a list two more (fact sheet §5: documented).
pub(crate) fn cost(is_list: bool, query: &Query) -> u32 {
    let includes = query.get("include").unwrap_or_default().split(',').filter(|name| !name.is_empty());
    1 + includes.map(|name| if is_list || name == "conversations" { 2 } else { 1 }).sum::<u32>()
}

impl Freshdesk {
    pub(crate) fn list_tickets(&self, now: i64, agent: i64, query: &Query) -> Result<Response, Refusal> {
        let known = ["requester_id", "email", "unique_external_id", "company_id", "filter", "updated_since", "order_by", "order_type"];
        query.only(&[&known[..], &["include", "page", "per_page"]].concat())?;
        let paging = query.paging(Some(PAGES_MAX))?;
        let filter = query.one_of("filter", &FILTERS)?;
        let order = query.one_of("order_by", &["created_at", "due_by", "updated_at", "status"])?.unwrap_or("created_at");
        let ascending = query.one_of("order_type", &["asc", "desc"])? == Some("asc");
        let since = query.moment("updated_since")?;
        let company = query.integer("company_id")?;
        let requester = self.asked_requester(query)?;
        let mut found: Vec<&Ticket> = self.tickets.by_id.values().collect();
        found.retain(|ticket| {
            let is_recent = since.map_or(ticket.created_at >= now - LISTED_DAYS * DAY_S, |since| ticket.updated_at >= since);
            let is_filtered = match filter {
                Some("deleted") => ticket.deleted,
                Some("spam" | "watching") => false,
                Some("new_and_my_open") => !ticket.deleted && ticket.status == 2 && ticket.responder_id.is_none_or(|id| id == agent),
                _ => !ticket.deleted,
            };
            let is_asked = requester.is_none_or(|requester| requester == Some(ticket.requester_id));
            is_recent && is_filtered && is_asked && company.is_none_or(|company| ticket.company_id == Some(company))
        });
        found.sort_by_key(|ticket| match order {
            "updated_at" => (ticket.updated_at, ticket.id),
            "status" => (ticket.status, ticket.id),
            _ => (ticket.created_at, ticket.id),
        });
        if !ascending {
            found.reverse();
        }
        let more = found.len() > paging.skipped().saturating_add(paging.rows);
        let rows = found.into_iter().skip(paging.skipped()).take(paging.rows);
        let rows = rows.map(|ticket| self.ticket_value(ticket, query, false)).collect::<Result<Vec<Value>, Refusal>>()?;
        Ok(paging.link(encode(200, &rows), more, &self.address("tickets"), query))
    }

    pub(crate) fn view_ticket(&self, id: i64, query: &Query) -> Result<Response, Refusal> {
        query.only(&["include"])?;
        let ticket = self.tickets.by_id.get(&id).ok_or(Refusal::Missing)?;
        Ok(encode(200, &self.ticket_value(ticket, query, true)?))
    }

    pub(crate) fn create_ticket(&mut self, now: i64, map: &Map<String, Value>) -> Result<Response, Refusal> {
        let mut ticket = Ticket::blank(0, 0, now);
        self.read_ticket(&mut ticket, map)?;
        ticket.requester_id = self.requester_of(now, map)?;
        if !map.contains_key("company_id") {
            ticket.company_id = self.contacts.get(ticket.requester_id).and_then(|contact| contact.company_id);
        }
        self.tickets.last_id += 1;
        ticket.id = self.tickets.last_id;
        let location = self.address(&format!("tickets/{}", ticket.id));
        let answer = self.ticket_value(&ticket, &Query::parse(None), true)?;
        self.tickets.by_id.insert(ticket.id, ticket);
        Ok(with_header(encode(201, &answer), LOCATION, &location))
    }

    pub(crate) fn update_ticket(&mut self, now: i64, id: i64, map: &Map<String, Value>) -> Result<Response, Refusal> {
        let mut ticket = self.tickets.by_id.get(&id).cloned().ok_or(Refusal::Missing)?;
        if ticket.deleted {
            return Err(Refusal::NotAllowed("GET"));
        }
        self.read_ticket(&mut ticket, map)?;
        ticket.updated_at = now;
        let answer = self.ticket_value(&ticket, &Query::parse(None), true)?;
        self.tickets.by_id.insert(id, ticket);
        Ok(encode(200, &answer))
    }

    pub(crate) fn delete_ticket(&mut self, now: i64, id: i64) -> Result<Response, Refusal> {
        let ticket = self.tickets.by_id.get_mut(&id).filter(|ticket| !ticket.deleted).ok_or(Refusal::Missing)?;
        ticket.deleted = true;
        ticket.updated_at = now;
        Ok(no_content())
    }

    fn read_ticket(&self, ticket: &mut Ticket, map: &Map<String, Value>) -> Result<(), Refusal> {
        let mut body = Body::new(map, &WRITABLE, true);
        for (key, place) in [("subject", &mut ticket.subject), ("type", &mut ticket.kind)] {
            if let Some(text) = body.text(key) {
                *place = text;
            }
        }
        if let Some(text) = body.long_text("description") {
            ticket.description = text;
        }
        for (key, place, known) in [
            ("status", &mut ticket.status, &STATUSES[..]),
            ("priority", &mut ticket.priority, &PRIORITIES[..]),
            ("source", &mut ticket.source, &SOURCES[..]),
        ] {
            match body.integer(key) {
                Some(Some(number)) if known.contains(&number) => *place = number,
                Some(_) => {
                    let words: Vec<String> = known.iter().map(i64::to_string).collect();
                    body.note(Problem::not_a_choice(key, &words.iter().map(String::as_str).collect::<Vec<_>>()));
                }
                None => {}
            }
        }
        for (key, place) in
            [("responder_id", &mut ticket.responder_id), ("group_id", &mut ticket.group_id), ("company_id", &mut ticket.company_id)]
        {
            if let Some(id) = body.integer(key) {
                *place = id;
            }
        }
        for (key, place) in [("tags", &mut ticket.tags), ("cc_emails", &mut ticket.cc_emails)] {
            if let Some(texts) = body.texts(key) {
                *place = texts;
            }
        }
        if ticket.company_id.is_some_and(|id| self.companies.get(id).is_none()) {
            body.note(Problem::new("company_id", "invalid_value", "There is no company matching the given company_id"));
        }
        body.finish()
    }

    /// The contact or agent that asks; an address or phone that nobody has makes a new contact, as the product does.
    fn requester_of(&mut self, now: i64, map: &Map<String, Value>) -> Result<i64, Refusal> {
        let text = |key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
        if let Some(id) = map.get("requester_id").and_then(Value::as_i64) {
            let is_known = self.contacts.get(id).is_some() || self.agents.get(id).is_some();
            let problem = || Problem::new("requester_id", "invalid_value", "There is no contact matching the given requester_id");
            return if is_known { Ok(id) } else { Err(problem().into()) };
        }
        let email = text("email");
        if let Some(email) = &email {
            let key = email.to_lowercase();
            if let Some(id) = self.contacts.holders("email", &key).next().or_else(|| self.agents.with_email(&key)) {
                return Ok(id);
            }
        }
        for field in ["unique_external_id", "phone"] {
            if let Some(id) = text(field).and_then(|value| self.contacts.holders(field, &value).next()) {
                return Ok(id);
            }
        }
        if email.is_none() && text("phone").is_none() && text("unique_external_id").is_none() {
            let message = "Please fill at least 1 of requester_id, phone, email, unique_external_id fields.";
            return Err(Problem::new("requester_id", "missing_field", message).into());
        }
        let mut contact = Map::new();
        for field in ["email", "phone", "unique_external_id"] {
            if let Some(value) = text(field) {
                contact.insert(field.to_owned(), Value::String(value));
            }
        }
        let name = text("name").or_else(|| email.and_then(|email| email.split_once('@').map(|(local, _)| local.to_owned())));
        contact.insert("name".to_owned(), name.map_or(Value::Null, Value::String));
        Ok(self.add_contact(now, &contact)?.id)
    }

    /// The requester that is asked for, if one is; nobody may be it.
    fn asked_requester(&self, query: &Query) -> Result<Option<Found>, Refusal> {
        if let Some(id) = query.integer("requester_id")? {
            return Ok(Some(Some(id)));
        }
        if let Some(email) = query.get("email") {
            return Ok(Some(self.contacts.holders("email", &email.to_lowercase()).next()));
        }
        Ok(query.get("unique_external_id").map(|value| self.contacts.holders("unique_external_id", value).next()))
    }

    fn ticket_value(&self, ticket: &Ticket, query: &Query, is_view: bool) -> Result<Value, Refusal> {
        let mut shape = ticket.shape();
        if is_view {
            let description = ticket.description.clone().unwrap_or_default();
            shape.insert("description".to_owned(), json!(format!("<div>{description}</div>")));
            shape.insert("description_text".to_owned(), json!(description));
        }
        if ticket.deleted {
            shape.insert("deleted".to_owned(), json!(true));
        }
        for include in query.get("include").unwrap_or_default().split(',').filter(|name| !name.is_empty()) {
            let value = match include {
                "requester" => self.requester_value(ticket.requester_id),
                "company" => ticket
                    .company_id
                    .and_then(|id| self.companies.get(id))
                    .map_or(json!({}), |company| json!({"id": company.id, "name": company.name})),
                "stats" => json!({"resolved_at": null, "closed_at": null, "first_responded_at": null}),
                "description" => json!(ticket.description),
                "conversations" if is_view => json!([]),
                _ => return Err(Problem::not_a_choice("include", &INCLUDES).into()),
            };
            shape.insert(include.to_owned(), value);
        }
        Ok(Value::Object(shape))
    }

    fn requester_value(&self, id: i64) -> Value {
        if let Some(contact) = self.contacts.get(id) {
            return json!({"id": id, "name": contact.name, "email": contact.email, "mobile": contact.mobile, "phone": contact.phone});
        }
        self.agents.get(id).map_or(
            Value::Null,
            |agent| json!({"id": id, "name": agent.name, "email": agent.email, "mobile": agent.mobile, "phone": agent.phone}),
        )
    }
}
