//! The account's people: sellers in Sell's own screens, the administrator, and those who decide about the plan.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use syncline_simulator::{Fields, Strain, Users, flat, nested};

use crate::firehose::Cause;
use crate::rows::Row;
use crate::spec::{APPOINTMENTS, CONTACTS, DEALS, LEADS, NOTES, Resource, TASKS, USERS, resource_named};
use crate::wire::{Refusal, stamp};
use crate::{CustomField, Limits, Plan, Retirement, Sell};

/// The kinds that people keep, parents first. A contact that is an organisation also goes by `organization`, another by `person`.
const KINDS: &[&str] = &["contact", "lead", "deal", "task", "note", "appointment"];

impl Sell {
    /// Firehose and Sync are there from now on; of what was before, streams know nothing.
    pub fn upgrade(&mut self) {
        if self.plan == Plan::Team {
            self.firehose.cut();
        }
        self.plan = Plan::Growth;
    }

    /// Firehose and Sync are refused from now on, and their positions are lost.
    pub fn downgrade(&mut self) {
        if self.plan == Plan::Growth {
            self.firehose.cut();
        }
        self.plan = Plan::Team;
    }

    pub fn plan(&self) -> Plan {
        self.plan
    }

    /// The account answers nothing but this from now on.
    pub fn retire(&mut self, how: Retirement) {
        self.retired = Some(how);
    }

    /// The account is connected to the Zendesk platform: its subdomain and its users' numbers there are told from now on.
    pub fn connect_to_zendesk(&mut self, subdomain: &str) {
        self.zendesk = Some(subdomain.to_owned());
    }

    /// A further personal token, of this user.
    pub fn add_token(&mut self, token: &str, user: i64) {
        self.auth.add_personal(token, user);
    }

    /// The token works no more; whether it did.
    pub fn revoke_token(&mut self, token: &str) -> bool {
        self.auth.revoke(token)
    }

    /// Who is signed in where a browser asks for consent: the owner, unless this names another user.
    pub fn sign_in(&mut self, user: i64) {
        self.person = user;
    }

    pub fn set_limits(&mut self, limits: Limits) {
        self.meter.limits = limits;
    }

    /// A user leaves: they stay on the list, inactive, and their tokens end.
    pub fn deactivate_user(&mut self, now: Timestamp, user: i64) -> bool {
        let Some(mut row) = self.tables.get(&USERS, user).cloned() else { return false };
        row.set("status", json!("inactive"));
        row.set("deleted_at", json!(stamp(now.as_second())));
        row.updated = now.as_second();
        self.store(now.as_second(), &USERS, row, Cause::Interaction);
        true
    }

    /// An administrator makes a custom field of `contact`, `lead` or `deal`; its id.
    pub fn add_custom_field(&mut self, kind: &str, field: CustomField) -> Option<i64> {
        let of = resource_named(kind).filter(|of| of.has_custom_fields())?;
        let id = self.next_id();
        self.custom.add(of, id, field);
        Some(id)
    }

    /// An administrator renames a custom field: the key of its values changes with it. Whether there was such a field.
    pub fn rename_custom_field(&mut self, kind: &str, from: &str, to: &str) -> bool {
        resource_named(kind).is_some_and(|of| self.custom.rename(of, from, to))
    }

    /// An administrator removes a custom field, and what rows had in it.
    pub fn remove_custom_field(&mut self, kind: &str, name: &str) -> bool {
        let Some(of) = resource_named(kind) else { return false };
        let Some(field) = self.custom.remove(of, name) else { return false };
        let holders: Vec<Row> = self.tables.of(of).filter(|row| row.custom.contains_key(&field)).cloned().collect();
        for mut row in holders {
            row.custom.remove(&field);
            self.tables.put(of, row);
        }
        true
    }

    /// A seller converts a lead; the ids of the person, the organisation and the deal that came of it.
    pub fn convert_lead(&mut self, now: Timestamp, lead: i64, with_deal: bool) -> Result<[Option<i64>; 3], String> {
        let made = self.convert(now.as_second(), lead, with_deal, self.owner).map_err(words)?;
        Ok(["individual_id", "organization_id", "deal_id"].map(|member| made.number(member)))
    }

    /// What the appointment's own screen does: a new one, or changes of one; its id.
    pub fn appointment(&mut self, now: Timestamp, id: Option<i64>, fields: &Map<String, Json>) -> Result<i64, String> {
        let made = match id {
            Some(id) => self.change(now.as_second(), &APPOINTMENTS, id, fields, self.owner),
            None => self.make(now.as_second(), &APPOINTMENTS, fields, self.owner),
        };
        made.map(|row| row.id).map_err(words)
    }

    fn merge_contacts(&mut self, now: i64, survivor: i64, loser: i64) -> Result<(), String> {
        let find = |id: i64| self.tables.get(&CONTACTS, id).cloned().ok_or_else(|| format!("no contact {id}"));
        let (mut kept, gone) = (find(survivor)?, find(loser)?);
        if survivor == loser || kept.flag("is_organization") != gone.flag("is_organization") {
            return Err("only two persons, or two organizations, can be merged".to_owned());
        }
        // What the survivor lacks, it takes over.
        for (name, value) in &gone.data {
            if kept.get(name).is_null() {
                kept.set(name, value.clone());
            }
        }
        for (field, value) in &gone.custom {
            kept.custom.entry(*field).or_insert_with(|| value.clone());
        }
        kept.updated = now.max(kept.updated);
        for of in [&DEALS, &TASKS, &NOTES] {
            let theirs = |row: &&Row| match of.path {
                "deals" => row.number("contact_id") == Some(loser),
                _ => row.text("resource_type") == Some("contact") && row.number("resource_id") == Some(loser),
            };
            for mut row in self.tables.of(of).filter(theirs).cloned().collect::<Vec<_>>() {
                row.set(if of.path == "deals" { "contact_id" } else { "resource_id" }, json!(survivor));
                row.updated = now.max(row.updated);
                self.store(now, of, row, Cause::System);
            }
        }
        self.store(now, &CONTACTS, kept, Cause::Interaction);
        let note = json!({
            "resource_type": "contact", "resource_id": survivor,
            "content": format!("Contact merged from the following data:\n\nLast name: {}", gone.text("last_name").unwrap_or_default())
        });
        self.unmake(now, &CONTACTS, loser, Cause::Interaction);
        let note = note.as_object().cloned().unwrap_or_default();
        self.make(now, &NOTES, &note, self.owner).map(drop).map_err(words)
    }

    /// As people type it: ids as texts are numbers here, and a kind of contact says what it is.
    fn typed(of: &Resource, kind: &str, fields: &Fields) -> Map<String, Json> {
        let mut fields = fields.clone();
        for (name, value) in &mut fields {
            let is_id = name.ends_with("_id") && of.field(name).is_some();
            if let Some(number) = value.as_str().filter(|_| is_id).and_then(|text| text.parse::<i64>().ok()) {
                *value = json!(number);
            }
        }
        if of.path == "contacts" && is_organization(kind) {
            fields.entry("is_organization".to_owned()).or_insert(json!(true));
        }
        if of.path == "contacts" && kind == "contact" && !fields.contains_key("is_organization") && !fields.contains_key("last_name") {
            // Whoever types in a name only, types in an organisation.
            fields.insert("is_organization".to_owned(), json!(fields.contains_key("name")));
        }
        nested(&fields).as_object().cloned().unwrap_or_default()
    }
}

fn is_organization(kind: &str) -> bool {
    matches!(kind, "organization" | "organisation" | "company")
}

fn of_kind(kind: &str) -> Result<&'static Resource, String> {
    match kind {
        "person" | "organization" | "organisation" | "company" | "contact" => Ok(&CONTACTS),
        "lead" => Ok(&LEADS),
        other => {
            let known = resource_named(other).filter(|of| of.path == "appointments" || of.core.as_ref().is_some_and(|core| core.writes));
            known.ok_or_else(|| format!("no object {other}"))
        }
    }
}

fn number(id: &str) -> Result<i64, String> {
    id.parse().map_err(|_| format!("no record {id}"))
}

/// A refusal in the vendor's words.
fn words(refusal: Refusal) -> String {
    let response = refusal.into_response("a-persons-act");
    format!("{}: {}", response.status().as_u16(), String::from_utf8_lossy(response.body()))
}

impl Users for Sell {
    fn kinds(&self) -> &'static [&'static str] {
        KINDS
    }

    fn create(&mut self, now: Timestamp, kind: &str, fields: &Fields) -> Result<String, String> {
        let of = of_kind(kind)?;
        let body = Self::typed(of, kind, fields);
        self.make(now.as_second(), of, &body, self.owner).map(|row| row.id.to_string()).map_err(words)
    }

    /// A part of an address that is named leaves the other parts alone, as on the screen.
    fn edit(&mut self, now: Timestamp, kind: &str, id: &str, fields: &Fields) -> Result<(), String> {
        let (of, id) = (of_kind(kind)?, number(id)?);
        let mut body = nested(&Fields::clone(fields)).as_object().cloned().unwrap_or_default();
        let row = self.tables.get(of, id).cloned().ok_or_else(|| format!("no {kind} {id}"))?;
        for (name, value) in &mut body {
            if let (true, Some(parts), Some(known)) = (name.ends_with("address"), value.as_object_mut(), row.get(name).as_object()) {
                for (part, old) in known {
                    parts.entry(part.clone()).or_insert_with(|| old.clone());
                }
            }
            if let Some(number) = value.as_str().filter(|_| name.ends_with("_id")).and_then(|text| text.parse::<i64>().ok()) {
                *value = json!(number);
            }
        }
        self.change(now.as_second(), of, id, &body, self.owner).map(drop).map_err(words)
    }

    fn delete(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        let id = number(id)?;
        self.unmake(now.as_second(), of_kind(kind)?, id, Cause::Interaction).map(drop).ok_or_else(|| format!("no {kind} {id}"))
    }

    fn restore(&mut self, _now: Timestamp, kind: &str, _id: &str) -> Result<(), String> {
        Err(format!("{kind} has no bin"))
    }

    fn merge(&mut self, now: Timestamp, kind: &str, survivor: &str, loser: &str) -> Result<(), String> {
        if of_kind(kind)?.path != "contacts" {
            return Err(format!("{kind} cannot be merged"));
        }
        self.merge_contacts(now.as_second(), number(survivor)?, number(loser)?)
    }

    /// As Core answers each, members of objects with a point in their name.
    fn live(&self, kind: &str) -> BTreeMap<String, Fields> {
        let Ok(of) = of_kind(kind) else { return BTreeMap::new() };
        let wanted = |row: &&Row| kind == "contact" || of.path != "contacts" || row.flag("is_organization") == is_organization(kind);
        let rows = self.tables.of(of).filter(wanted);
        rows.map(|row| (row.id.to_string(), flat(&self.core_shape(crate::OPENED_AT, of, row)))).collect()
    }

    fn strain(&mut self, now: Timestamp, strain: Strain) -> bool {
        match strain {
            Strain::SessionsEnd => self.auth.end_sessions(),
            Strain::LimitSpent => self.meter.spend(now.as_second()),
            Strain::PlanDowngraded => self.downgrade(),
            Strain::PlanUpgraded => self.upgrade(),
        }
        true
    }
}
