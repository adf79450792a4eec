//! Creating, changing and deleting rows: what is refused, what is derived, and what becomes known of it (fact sheet §5).

use http::Method;
use serde_json::{Map, Value as Json, json};

use crate::Sell;
use crate::firehose::{Cause, EventType};
use crate::routes::Ask;
use crate::rows::{ADDRESS_PARTS, Row};
use crate::spec::{
    ASSOCIATED_CONTACTS, CONTACTS, DEALS, Field, Kind, LEADS, NOTES, Resource, Rights, STAGES, TAGS, TASKS, resource, resource_named,
};
use crate::wire::{Answer, Problem, Query, Refusal, data, empty, encode, stamp};

impl Sell {
    pub(crate) fn create_row(&mut self, ask: &Ask<'_>, of: &'static Resource) -> Answer {
        let body = data(ask.body)?;
        let row = self.make(ask.now, of, &body, ask.user)?;
        Ok(encode(200, &self.enveloped(ask.now, of, &row)))
    }

    pub(crate) fn update_row(&mut self, ask: &Ask<'_>, of: &'static Resource, id: i64) -> Answer {
        let body = data(ask.body)?;
        let row = self.change(ask.now, of, id, &body, ask.user)?;
        Ok(encode(200, &self.enveloped(ask.now, of, &row)))
    }

    pub(crate) fn delete_row(&mut self, ask: &Ask<'_>, of: &'static Resource, id: i64) -> Answer {
        self.unmake(ask.now, of, id, Cause::Interaction).ok_or_else(|| Refusal::not_found(of.name, &id.to_string()))?;
        Ok(empty(204))
    }

    /// `POST …/upsert?{filter}`: the query says which row is meant, the body what it shall be.
    pub(crate) fn upsert_row(&mut self, ask: &Ask<'_>, of: &'static Resource) -> Answer {
        let body = data(ask.body)?;
        if ask.query.all().next().is_none() {
            return Err(Refusal::param("email", "at least one filter is needed"));
        }
        let found: Vec<i64> = self.matching(of, &ask.query, ask.now)?.iter().map(|row| row.id).collect();
        let row = match found.as_slice() {
            [] => self.make(ask.now, of, &body, ask.user)?,
            [id] => self.change(ask.now, of, *id, &body, ask.user)?,
            // The status is not documented (fact sheet §5.4).
            _ => {
                let details = format!("{} resources match the filter.", found.len());
                return Err(Refusal::Request(409, "conflict", "more than one resource matches", details));
            }
        };
        Ok(encode(200, &self.enveloped(ask.now, of, &row)))
    }

    /// A new row from these attributes.
    pub(crate) fn make(&mut self, now: i64, of: &'static Resource, body: &Map<String, Json>, user: i64) -> Result<Row, Refusal> {
        let mut row = Row::new(self.next_id(), now);
        self.begin(of, &mut row, user, now);
        let mut problems = self.write(of, &mut row, body, true);
        problems.extend(self.incomplete(of, &row));
        if !problems.is_empty() {
            return Err(Refusal::Record(of.name, problems));
        }
        // A row's first stamp of change may lie a little after that of its creation (fact sheet §5.5).
        let skew = self.rolls.roll(31, u32::try_from(row.id % 1_000_003).unwrap_or(0)) % (self.profile.creation_skew_s + 1);
        row.updated = now + i64::try_from(skew).unwrap_or(0);
        Self::derive(of, &mut row, None, user, now);
        Ok(self.store(now, of, row, Cause::Interaction))
    }

    /// These attributes of a row, the others stay.
    pub(crate) fn change(&mut self, now: i64, of: &'static Resource, id: i64, body: &Map<String, Json>, user: i64) -> Result<Row, Refusal> {
        let old = self.tables.get(of, id).cloned().ok_or_else(|| Refusal::not_found(of.name, &id.to_string()))?;
        let mut row = old.clone();
        let mut problems = self.write(of, &mut row, body, false);
        problems.extend(self.incomplete(of, &row));
        if !problems.is_empty() {
            return Err(Refusal::Record(of.name, problems));
        }
        row.updated = now.max(old.updated);
        Self::derive(of, &mut row, Some(&old), user, now);
        Ok(self.store(now, of, row, Cause::Interaction))
    }

    /// Removes a row and what cannot be without it.
    pub(crate) fn unmake(&mut self, now: i64, of: &'static Resource, id: i64, cause: Cause) -> Option<Row> {
        let row = self.tables.remove(of, id)?;
        self.announce(now, of, EventType::Deleted, &row, None, cause);
        self.sync.forget(of, id, row.revision + 1);
        if of.path == "deals" {
            let theirs = self.tables.of(&ASSOCIATED_CONTACTS).filter(|link| link.number("deal_id") == Some(id));
            for link in theirs.map(|link| link.id).collect::<Vec<_>>() {
                self.unmake(now, &ASSOCIATED_CONTACTS, link, Cause::System);
            }
        }
        if of.path == "contacts" {
            for member in ["contact_id", "parent_organization_id"] {
                let theirs = self.tables.of(&CONTACTS).filter(|contact| contact.number(member) == Some(id));
                for mut contact in theirs.cloned().collect::<Vec<_>>() {
                    contact.set(member, Json::Null);
                    contact.updated = now.max(contact.updated);
                    self.store(now, &CONTACTS, contact, Cause::System);
                }
            }
        }
        Some(row)
    }

    /// Stores a row that is new or changed, and lets it be known.
    pub(crate) fn store(&mut self, now: i64, of: &'static Resource, mut row: Row, cause: Cause) -> Row {
        row.revision += 1;
        if of.field("tags").is_some_and(|field| field.rights == Rights::Write) {
            self.learn_tags(now, of, &row);
        }
        let old = self.tables.put(of, row.clone());
        let event = if old.is_some() { EventType::Updated } else { EventType::Created };
        self.announce(now, of, event, &row, old.as_ref(), cause);
        row
    }

    /// Unknown tags are made (fact sheet §5.3).
    fn learn_tags(&mut self, now: i64, of: &Resource, row: &Row) {
        for name in row.tags() {
            let known =
                self.tables.of(&TAGS).any(|tag| tag.text("name") == Some(name.as_str()) && tag.text("resource_type") == Some(of.name));
            if !known {
                let mut tag = Row::new(self.next_id(), now);
                tag.set("name", json!(name));
                tag.set("resource_type", json!(of.name));
                tag.set("creator_id", json!(self.owner));
                self.store(now, &TAGS, tag, Cause::System);
            }
        }
    }

    /// What a new row has before anything is written.
    fn begin(&self, of: &Resource, row: &mut Row, user: i64, now: i64) {
        for (field, value) in [("creator_id", json!(user)), ("owner_id", json!(user)), ("user_id", json!(user))] {
            if of.field(field).is_some() {
                row.set(field, value);
            }
        }
        match of.path {
            "contacts" => {
                row.set("is_organization", json!(false));
                row.set("customer_status", json!("none"));
                row.set("prospect_status", json!("none"));
            }
            "leads" => row.set("status", json!("New")),
            "deals" => {
                row.set("value", json!("0"));
                row.set("currency", json!(crate::CURRENCY));
                row.set("hot", json!(false));
                row.set("added_at", json!(stamp(now)));
                row.set("dropbox_email", json!(format!("dropbox@{}.deals.futuresimple.com", row.id)));
                row.set("stage_id", self.tables.of(&STAGES).next().map_or(Json::Null, |stage| json!(stage.id)));
            }
            "tasks" => row.set("completed", json!(false)),
            "notes" => {
                row.set("is_important", json!(false));
                row.set("type", json!("regular"));
            }
            _ => {}
        }
    }

    fn write(&self, of: &'static Resource, row: &mut Row, body: &Map<String, Json>, creating: bool) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, value) in body {
            let Some(field) = of.field(name) else {
                problems.push(Problem::unknown(of.name, name));
                continue;
            };
            match (field.rights, creating) {
                // Clients of the vendor's own send some of them back: they count for nothing.
                (Rights::Read, _) => continue,
                (Rights::Create, false) => {
                    problems.push(Problem::incorrect(name, format!("The attribute '/{name}' can be set at creation only.")));
                    continue;
                }
                (Rights::Write | Rights::Create, _) => {}
            }
            if field.kind == Kind::Custom {
                match value {
                    Json::Object(values) => problems.extend(self.custom.write(of, &mut row.custom, values)),
                    Json::Null => row.custom.clear(),
                    Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                        problems.push(Problem::wrong_type(name, "an object"));
                    }
                }
                continue;
            }
            match self.stored(field, row, body, value) {
                Ok(value) => row.set(name, value),
                Err(problem) => problems.push(problem),
            }
        }
        problems
    }

    /// The value as the vendor keeps it.
    fn stored(&self, field: &Field, row: &Row, body: &Map<String, Json>, value: &Json) -> Result<Json, Problem> {
        let name = field.name;
        let wrong = |expected: &str| Problem::wrong_type(name, expected);
        let known = |of: &Resource, value: &Json| {
            let id = value.as_i64().ok_or_else(|| wrong("an integer"))?;
            let missing = || Problem::incorrect(name, format!("The '{}' resource with id '{id}' does not exist.", of.name));
            self.tables.get(of, id).map(|_| json!(id)).ok_or_else(missing)
        };
        if value.is_null() && field.kind != Kind::Tags {
            return Ok(Json::Null);
        }
        match field.kind {
            Kind::Integer => value.as_i64().map(|number| json!(number)).ok_or_else(|| wrong("an integer")),
            Kind::Text => value.as_str().map(|text| json!(text)).ok_or_else(|| wrong("a string")),
            Kind::Flag => value.as_bool().map(|flag| json!(flag)).ok_or_else(|| wrong("a boolean")),
            Kind::Email => {
                let text = value.as_str().ok_or_else(|| wrong("a string"))?.trim();
                let whole = text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
                if text.is_empty() || (whole && !text.contains(char::is_whitespace)) {
                    Ok(json!(text))
                } else {
                    Err(Problem::incorrect(name, "The e-mail address is not valid."))
                }
            }
            Kind::Address => {
                let members = value.as_object().ok_or_else(|| wrong("an object"))?;
                if let Some(part) = members.keys().find(|part| !ADDRESS_PARTS.contains(&part.as_str())) {
                    return Err(Problem::unknown("address", &format!("{name}/{part}")));
                }
                if members.values().any(|part| !part.is_null() && !part.is_string()) {
                    return Err(wrong("an object of strings"));
                }
                // One attribute, replaced as a whole: the unkinder reading of "partial per attribute".
                let mut address = if self.profile.addresses_merge { row.get(name).as_object().cloned() } else { None }.unwrap_or_default();
                address.extend(members.clone());
                Ok(Json::Object(address))
            }
            Kind::Tags => {
                let tags = value.as_array().ok_or_else(|| wrong("an array"))?;
                let mut kept: Vec<&str> = Vec::new();
                for tag in tags {
                    let tag = tag.as_str().ok_or_else(|| wrong("an array of strings"))?;
                    if !kept.contains(&tag) {
                        kept.push(tag);
                    }
                }
                Ok(json!(kept))
            }
            Kind::Money => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let amount = text.parse::<rust_decimal::Decimal>().map_err(|_| wrong("a number"))?;
                Ok(json!(amount.to_string()))
            }
            Kind::Date => {
                let date = value.as_str().and_then(|text| text.get(..10)).and_then(|text| text.parse::<jiff::civil::Date>().ok());
                date.map(|date| json!(date.to_string())).ok_or_else(|| wrong("a date"))
            }
            Kind::Moment => {
                let moment = value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
                moment.map(|moment| json!(stamp(moment.as_second()))).ok_or_else(|| wrong("a date and time"))
            }
            Kind::Choice(choices) => {
                let text = value.as_str().ok_or_else(|| wrong("a string"))?;
                let refused = || Problem::incorrect(name, format!("The value must be one of: {}.", choices.join(", ")));
                choices.contains(&text).then(|| json!(text)).ok_or_else(refused)
            }
            Kind::Reference(path) => resource(path).map_or(Ok(value.clone()), |of| known(of, value)),
            Kind::Related => {
                let kind = body.get("resource_type").unwrap_or_else(|| row.get("resource_type")).as_str().and_then(resource_named);
                kind.map_or_else(|| Err(Problem::missing("resource_type")), |of| known(of, value))
            }
            Kind::Integers => {
                let whole = value.as_array().is_some_and(|items| items.iter().all(Json::is_i64));
                if whole { Ok(value.clone()) } else { Err(wrong("an array of integers")) }
            }
            Kind::Objects => {
                if value.is_array() {
                    Ok(value.clone())
                } else {
                    Err(wrong("an array"))
                }
            }
            Kind::Custom => Ok(Json::Null),
        }
    }

    /// What a row must have (fact sheet §5).
    fn incomplete(&self, of: &Resource, row: &Row) -> Vec<Problem> {
        let lacking = |name: &str| if row.get(name).is_null() { Problem::missing(name) } else { Problem::blank(name) };
        let needs = |name: &str| row.text(name).is_none().then(|| lacking(name));
        let needs_id = |name: &str| row.number(name).is_none().then(|| Problem::missing(name));
        match of.path {
            "contacts" if row.flag("is_organization") => needs("name").into_iter().collect(),
            "leads" if row.text("organization_name").is_some() => Vec::new(),
            "contacts" | "leads" => needs("last_name").into_iter().collect(),
            "deals" => needs("name").into_iter().chain(needs_id("contact_id")).collect(),
            "tasks" => needs("content").into_iter().collect(),
            "notes" => needs("content").into_iter().chain(needs("resource_type")).chain(needs_id("resource_id")).collect(),
            "associated_contacts" => needs_id("contact_id").into_iter().chain(needs("role")).collect(),
            "users" | "calls" | "appointments" | "stages" | "pipelines" | "lead_conversions" => Vec::new(),
            _ => {
                let unique = matches!(of.path, "lead_sources" | "deal_sources" | "sources" | "loss_reasons" | "tags");
                let twin = self.tables.of(of).any(|other| {
                    other.id != row.id
                        && other.get("name") == row.get("name")
                        && (of.path != "tags" || other.get("resource_type") == row.get("resource_type"))
                });
                needs("name").or_else(|| (unique && twin).then(|| Problem::taken("name"))).into_iter().collect()
            }
        }
    }

    /// What follows from what is written.
    fn derive(of: &Resource, row: &mut Row, old: Option<&Row>, user: i64, now: i64) {
        match of.path {
            "contacts" if !row.flag("is_organization") => {
                let parts: Vec<&str> = [row.text("first_name"), row.text("last_name")].into_iter().flatten().collect();
                let name = parts.join(" ");
                row.set("name", json!(name));
            }
            "deals" if old.is_none_or(|old| old.get("stage_id") != row.get("stage_id")) => {
                row.set("last_stage_change_at", json!(stamp(now)));
                row.set("last_stage_change_by_id", json!(user));
            }
            "tasks" => {
                let done = row.flag("completed");
                if done && row.get("completed_at").is_null() {
                    row.set("completed_at", json!(stamp(now)));
                } else if !done {
                    row.set("completed_at", Json::Null);
                }
            }
            _ => {}
        }
    }

    /// `/deals/{id}/associated_contacts`.
    pub(crate) fn associated_contacts(&mut self, ask: &Ask<'_>, deal: i64, contact: Option<i64>) -> Answer {
        self.tables.get(&DEALS, deal).ok_or_else(|| Refusal::not_found("deal", &deal.to_string()))?;
        let address = self.address(&format!("deals/{deal}/associated_contacts"));
        let links: Vec<Row> = self.tables.of(&ASSOCIATED_CONTACTS).filter(|link| link.number("deal_id") == Some(deal)).cloned().collect();
        match (ask.method, contact) {
            (&Method::GET, None) => {
                ask.query.only(|name| matches!(name, "page" | "per_page"))?;
                let all = links.iter().map(Self::associated).collect();
                Ok(ask.query.paging()?.collection(all, &address, &ask.query))
            }
            (&Method::POST, None) => {
                let mut row = Row::new(self.next_id(), ask.now);
                let mut problems = self.write(&ASSOCIATED_CONTACTS, &mut row, &data(ask.body)?, true);
                problems.extend(self.incomplete(&ASSOCIATED_CONTACTS, &row));
                if !problems.is_empty() {
                    return Err(Refusal::Record("associated_contact", problems));
                }
                row.set("deal_id", json!(deal));
                let row = self.store(ask.now, &ASSOCIATED_CONTACTS, row, Cause::Interaction);
                Ok(encode(200, &Self::associated(&row)))
            }
            (&Method::DELETE, Some(contact)) => {
                let found = links.iter().find(|link| link.number("contact_id") == Some(contact)).map(|link| link.id);
                let id = found.ok_or_else(|| Refusal::not_found("associated_contact", &contact.to_string()))?;
                self.unmake(ask.now, &ASSOCIATED_CONTACTS, id, Cause::Interaction);
                Ok(empty(204))
            }
            _ => Err(Refusal::no_path()),
        }
    }

    fn associated(link: &Row) -> Json {
        let stamps = (stamp(link.created), stamp(link.updated));
        json!({
            "data": {"contact_id": link.get("contact_id"), "role": link.get("role"), "created_at": stamps.0, "updated_at": stamps.1},
            "meta": {"type": "associated_contact"}
        })
    }

    /// A lead becomes a person, an organisation where it names one, and a deal where that is wished; it is gone afterwards.
    pub(crate) fn convert(&mut self, now: i64, lead: i64, with_deal: bool, user: i64) -> Result<Row, Refusal> {
        let row = self.tables.get(&LEADS, lead).cloned().ok_or_else(|| Refusal::not_found("lead", &lead.to_string()))?;
        let organization = row.text("organization_name").map(str::to_owned).map(|name| {
            let known = self.tables.of(&CONTACTS).find(|contact| contact.flag("is_organization") && contact.text("name") == Some(&name));
            known.map(|contact| contact.id).ok_or(name)
        });
        let organization = match organization {
            None => None,
            Some(Ok(id)) => Some(id),
            Some(Err(name)) => {
                let body = Map::from_iter([("name".to_owned(), json!(name)), ("is_organization".to_owned(), json!(true))]);
                Some(self.make(now, &CONTACTS, &body, user)?.id)
            }
        };
        let mut person = None;
        if row.text("last_name").is_some() {
            let shared = row
                .data
                .iter()
                .filter(|(name, value)| CONTACTS.field(name).is_some_and(|field| field.rights == Rights::Write) && !value.is_null());
            let mut body: Map<String, Json> = shared.map(|(name, value)| (name.clone(), value.clone())).collect();
            body.insert("contact_id".to_owned(), json!(organization));
            let custom = self.custom.named(&LEADS, &row.custom).into_iter();
            let custom: Map<String, Json> = custom.filter(|(name, _)| self.custom.by_name(&CONTACTS, name).is_some()).collect();
            body.insert("custom_fields".to_owned(), Json::Object(custom));
            person = Some(self.make(now, &CONTACTS, &body, user)?.id);
        }
        let mut deal = None;
        if let Some(contact) = person.or(organization).filter(|_| with_deal) {
            let name = row.text("last_name").or_else(|| row.text("organization_name")).unwrap_or_default();
            let body = Map::from_iter([("name".to_owned(), json!(name)), ("contact_id".to_owned(), json!(contact))]);
            deal = Some(self.make(now, &DEALS, &body, user)?.id);
        }
        // Notes and tasks go with it.
        for of in [&NOTES, &TASKS] {
            let theirs =
                self.tables.of(of).filter(|one| one.text("resource_type") == Some("lead") && one.number("resource_id") == Some(lead));
            for mut one in theirs.cloned().collect::<Vec<_>>() {
                one.set("resource_type", json!("contact"));
                one.set("resource_id", json!(person.or(organization)));
                one.updated = now.max(one.updated);
                self.store(now, of, one, Cause::System);
            }
        }
        self.unmake(now, &LEADS, lead, Cause::Interaction);
        let mut conversion = Row::new(self.next_id(), now);
        let made = [("lead_id", Some(lead)), ("individual_id", person), ("organization_id", organization), ("deal_id", deal)];
        for (name, id) in made.into_iter().chain([("creator_id", Some(user))]) {
            conversion.set(name, json!(id));
        }
        Ok(self.store(now, &crate::spec::LEAD_CONVERSIONS, conversion, Cause::Interaction))
    }

    /// `POST /lead_conversions` (the write is not documented in what was read).
    pub(crate) fn convert_asked(&mut self, ask: &Ask<'_>) -> Answer {
        let body = data(ask.body)?;
        let lead = body.get("lead_id").and_then(Json::as_i64);
        let lead = lead.ok_or_else(|| Refusal::Record("lead_conversion", vec![Problem::missing("lead_id")]))?;
        let with_deal = body.get("create_deal").and_then(Json::as_bool).unwrap_or(false);
        let row = self.convert(ask.now, lead, with_deal, ask.user)?;
        Ok(encode(200, &self.enveloped(ask.now, &crate::spec::LEAD_CONVERSIONS, &row)))
    }

    /// Rows that fit a query's filters, in the order of ids.
    pub(crate) fn matching(&self, of: &'static Resource, query: &Query, now: i64) -> Result<Vec<&Row>, Refusal> {
        crate::listing::matching(self, of, query, now)
    }
}
