//! A lead becomes a contact: a new record with a new id; the lead stays, hidden and closed. There is no way back (fact sheet §5).

use serde_json::{Map, Value as Json, json};

use crate::fields::converted_name;
use crate::save::Actor;
use crate::table::{Converted, Row};
use crate::wire::{Answer, Refusal, encode, object, rows};
use crate::{ACCOUNTS, CONTACTS, LEADS, ZohoCrm};

/// How long a scheduled conversion takes, in seconds.
const JOB_S: i64 = 30;

/// A conversion that was put off.
pub(crate) struct Job {
    pub(crate) lead: u64,
    pub(crate) due: i64,
    wish: Map<String, Json>,
    actor: Actor,
}

fn id_in(wish: &Map<String, Json>, name: &str) -> Option<String> {
    let value = wish.get(name)?;
    value.get("id").or(Some(value)).and_then(Json::as_str).map(str::to_owned)
}

impl ZohoCrm {
    /// `POST /Leads/{id}/actions/convert`.
    pub(crate) fn convert_route(&mut self, id: &str, body: &[u8], actor: Actor, version: u32) -> Answer {
        let body = object(body)?;
        let wish = rows(&body, "data", 1)?.remove(0);
        let lead: u64 = id.parse().map_err(|_| Refusal::invalid_id(id))?;
        self.check_lead(lead)?;
        if self.profile.schedules_conversions {
            let job = self.ids.next();
            self.jobs.push(Job { lead, due: actor.now + JOB_S, wish, actor });
            let row = json!({"code": "SCHEDULED", "details": {"job_id": job.to_string()}, "message": "conversion scheduled", "status": "success"});
            return Ok(encode(202, &json!({"data": [row]})));
        }
        let to = self.carry_over(lead, &wish, actor)?;
        self.post_announcements(actor.now);
        if version == 2 {
            let account = to.account.map(|id| id.to_string());
            return Ok(encode(200, &json!({"data": [{"Contacts": to.contact.to_string(), "Deals": Json::Null, "Accounts": account}]})));
        }
        let named = |module: &str, id: u64| {
            let name = self.table(module).and_then(|table| table.rows.get(&id)).map(Row::name);
            json!({"name": name, "id": id.to_string()})
        };
        let details = json!({
            "Contacts": named(CONTACTS, to.contact), "Deals": Json::Null,
            "Accounts": to.account.map_or(Json::Null, |id| named(ACCOUNTS, id)),
        });
        let row =
            json!({"code": "SUCCESS", "details": details, "message": "The record has been converted successfully", "status": "success"});
        Ok(encode(200, &json!({"data": [row]})))
    }

    /// `GET /Leads/{id}/__conversion_options`.
    pub(crate) fn conversion_options(&self, id: &str) -> Answer {
        let lead: u64 = id.parse().map_err(|_| Refusal::invalid_id(id))?;
        self.check_lead(lead)?;
        let Some(row) = self.table(LEADS).and_then(|table| table.rows.get(&lead)) else { return Err(Refusal::invalid_id(id)) };
        let matching = |module: &str, field: &str, value: &str| -> Json {
            let Some(table) = self.table(module).filter(|_| !value.is_empty()) else { return json!([]) };
            let found = table.meeting(field, value).into_iter().filter_map(|id| table.rows.get(&id));
            found.map(|row| json!({"id": row.id.to_string(), "name": row.name()})).collect()
        };
        Ok(encode(
            200,
            &json!({"__conversion_options": {
                "Contacts": matching(CONTACTS, "Email", row.text("Email")),
                "Accounts": matching(ACCOUNTS, "Account_Name", row.text("Company")),
                "Deals": Json::Null, "preference_field_matched_value": Json::Null, "modules_with_multiple_layouts": []
            }}),
        ))
    }

    fn check_lead(&self, lead: u64) -> Result<(), Refusal> {
        let Some(row) = self.table(LEADS).and_then(|table| table.rows.get(&lead)) else {
            return Err(Refusal::invalid_id(&lead.to_string()));
        };
        if row.converted.is_some() || self.jobs.iter().any(|job| job.lead == lead) {
            let details = json!({"id": lead.to_string()});
            return Err(Refusal::new(400, "ID_ALREADY_CONVERTED", "id already converted", details));
        }
        if row.locked {
            return Err(Refusal::new(400, "RECORD_LOCKED", "the record is locked", json!({"action": "record_locking"})));
        }
        Ok(())
    }

    /// Makes the conversions whose time has come; whether there was any.
    pub(crate) fn run_jobs(&mut self, now: i64) -> bool {
        let mut ran = false;
        while let Some(place) = self.jobs.iter().position(|job| job.due <= now) {
            let job = self.jobs.remove(place);
            ran = true;
            let actor = Actor { now: job.due, ..job.actor };
            // A conversion that cannot be made any more leaves the lead as it is.
            if self.carry_over(job.lead, &job.wish, actor).is_ok() {
                self.post_announcements(actor.now);
            }
        }
        ran
    }

    fn account_for(&mut self, row: &Row, wish: &Map<String, Json>, actor: Actor) -> Result<Option<u64>, Refusal> {
        if let Some(id) = id_in(wish, "Accounts") {
            let known = id.parse().ok().filter(|id: &u64| self.table(ACCOUNTS).is_some_and(|table| table.rows.contains_key(id)));
            return known.map(Some).ok_or_else(|| Refusal::invalid(0, "Accounts", &json!({"expected_data_type": "lookup"})));
        }
        let company = row.text("Company");
        if company.is_empty() {
            return Ok(None);
        }
        // An account of the same name is taken rather than a second one made (unverified).
        if let Some(id) = self.table(ACCOUNTS).and_then(|table| table.meeting("Account_Name", company).first().copied()) {
            return Ok(Some(id));
        }
        let mut account = Map::from_iter([("Account_Name".to_owned(), json!(company))]);
        account.insert("Owner".to_owned(), json!({"id": row.owner.to_string()}));
        let id = self.insert(ACCOUNTS, &account, 0, actor)?;
        self.announce(actor.now, ACCOUNTS, "insert", id, &[]);
        Ok(Some(id))
    }

    fn carry_over(&mut self, lead: u64, wish: &Map<String, Json>, actor: Actor) -> Result<Converted, Refusal> {
        self.check_lead_exists(lead)?;
        let Some(row) = self.table(LEADS).and_then(|table| table.rows.get(&lead)).cloned() else {
            return Err(Refusal::invalid_id(&lead.to_string()));
        };
        let account = self.account_for(&row, wish, actor)?;
        let mut contact = Map::new();
        for (name, value) in &row.values {
            let known = |name: &&str| self.table(CONTACTS).is_some_and(|table| table.field(name).is_some());
            if let Some(name) = converted_name(name).filter(known) {
                contact.insert(name.to_owned(), value.clone());
            }
        }
        let owner = wish.get("assign_to").and_then(|to| to.get("id")).cloned().unwrap_or_else(|| json!(row.owner.to_string()));
        contact.insert("Owner".to_owned(), json!({"id": owner}));
        if let Some(account) = account {
            contact.insert("Account_Name".to_owned(), json!({"id": account.to_string()}));
        }
        let id = if let Some(given) = id_in(wish, "Contacts") {
            let id: u64 = given.parse().map_err(|_| Refusal::invalid_id(&given))?;
            let Some(existing) = self.table(CONTACTS).and_then(|table| table.rows.get(&id)).cloned() else {
                return Err(Refusal::invalid_id(&given));
            };
            // What the contact has stays, unless the lead's values shall overwrite it.
            if wish.get("overwrite").and_then(Json::as_bool) != Some(true) {
                contact.retain(|name, _| !existing.values.contains_key(name) && name != "Owner");
            }
            let changed = self.update(CONTACTS, id, &contact, 0, actor)?;
            self.announce(actor.now, CONTACTS, "update", id, &changed);
            id
        } else {
            let id = self.insert(CONTACTS, &contact, 0, actor)?;
            self.announce(actor.now, CONTACTS, "insert", id, &[]);
            id
        };
        let to = Converted { contact: id, account };
        let lag_s = i64::from(self.profile.search_lag_s);
        if let Some(table) = self.table_mut(LEADS) {
            let mut row = row;
            row.touch(actor.now, lag_s);
            (row.modified_at, row.modified_by, row.converted) = (actor.now, actor.user, Some(to));
            table.put(&row);
        }
        self.announce(actor.now, LEADS, "update", lead, &[]);
        Ok(to)
    }

    fn check_lead_exists(&self, lead: u64) -> Result<(), Refusal> {
        let is_open = self.table(LEADS).and_then(|table| table.rows.get(&lead)).is_some_and(|row| row.converted.is_none());
        if is_open { Ok(()) } else { Err(Refusal::invalid_id(&lead.to_string())) }
    }
}
