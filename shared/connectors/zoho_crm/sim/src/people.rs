//! The organisation's people: those who have an account in it, and what they do in the vendor's own screens.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use syncline_simulator::{Fields, Strain, Users, flat, nested};

use crate::save::Actor;
use crate::wire::Refusal;
use crate::{ACCOUNTS, CONTACTS, LEADS, ZohoCrm};

/// Parents before those that refer to them.
const KINDS: &[&str] = &[ACCOUNTS, CONTACTS, LEADS];

/// Somebody with an account in the organisation.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) email: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) active: bool,
    pub(crate) admin: bool,
    /// When it was made, in seconds.
    pub(crate) since: i64,
}

impl User {
    pub(crate) fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }
}

fn said(refusal: &Refusal) -> String {
    refusal.body().to_string()
}

fn module_named(kind: &str) -> Result<&'static str, String> {
    KINDS.iter().copied().find(|known| *known == kind).ok_or_else(|| format!("no module {kind}"))
}

fn number(kind: &str, id: &str) -> Result<u64, String> {
    id.parse().map_err(|_| format!("no {kind} {id}"))
}

/// Fields as the API takes them: of what refers to others only the id.
fn input(fields: &Fields) -> Map<String, Json> {
    nested(fields).as_object().cloned().unwrap_or_default()
}

impl ZohoCrm {
    fn person(&self, now: Timestamp) -> Actor {
        Actor { user: self.human, now: now.as_second(), unmodified_since: None }
    }

    /// A further user of the organisation; the id.
    pub fn add_user(&mut self, now: Timestamp, email: &str, first_name: &str, last_name: &str) -> String {
        let id = self.ids.next();
        let (first_name, last_name) = (first_name.to_owned(), last_name.to_owned());
        let since = now.as_second();
        self.users.push(User { id, email: email.to_owned(), first_name, last_name, active: true, admin: false, since });
        id.to_string()
    }

    /// A user can sign in no more, and own nothing new, or can again; whether there is such a user.
    pub fn set_user_active(&mut self, id: &str, active: bool) -> bool {
        let user = self.users.iter_mut().find(|user| user.id.to_string() == id);
        user.map(|user| user.active = active).is_some()
    }

    /// The id of the user whom the integration's tokens stand for.
    pub fn integration_user(&self) -> String {
        self.integration.to_string()
    }

    /// The id of the person who works in the screens.
    pub fn human_user(&self) -> String {
        self.human.to_string()
    }

    /// A person converts a lead; the new contact's id.
    pub fn convert(&mut self, now: Timestamp, lead: &str) -> Result<String, String> {
        self.converted_as(now, lead, &json!({}))
    }

    /// A person converts a lead into a contact that is there.
    pub fn convert_into(&mut self, now: Timestamp, lead: &str, contact: &str) -> Result<String, String> {
        self.converted_as(now, lead, &json!({"Contacts": {"id": contact}}))
    }

    fn converted_as(&mut self, now: Timestamp, lead: &str, wish: &Json) -> Result<String, String> {
        let actor = self.person(now);
        let body = json!({ "data": [wish] }).to_string();
        let schedules = std::mem::replace(&mut self.profile.schedules_conversions, false);
        let answer = self.convert_route(lead, body.as_bytes(), actor, 8);
        self.profile.schedules_conversions = schedules;
        answer.map_err(|refusal| said(&refusal))?;
        self.contact_of(lead).ok_or_else(|| format!("no lead {lead}"))
    }

    /// The contact that a converted lead became.
    pub fn contact_of(&self, lead: &str) -> Option<String> {
        let row = self.table(LEADS)?.rows.get(&lead.parse().ok()?)?;
        row.converted.map(|to| to.contact.to_string())
    }

    /// An approval, a review or a blueprint locks a record, or lets it go; whether there is such a record.
    pub fn lock(&mut self, module: &str, id: &str, locked: bool) -> bool {
        let Ok(id) = id.parse::<u64>() else { return false };
        let row = self.table_mut(module).and_then(|table| table.rows.get_mut(&id));
        row.map(|row| row.locked = locked).is_some()
    }

    /// A record as the API shows it, live or a converted lead.
    pub fn record(&self, module: &str, id: &str) -> Option<Json> {
        let table = self.table(module)?;
        let row = table.rows.get(&id.parse().ok()?)?;
        Some(self.shape(table, row, None, 8))
    }

    /// Calls of other programs are under way until then: so many, of the complex sort or not.
    pub fn occupy(&mut self, calls: u32, complex: bool, until: Timestamp) {
        self.meter.occupy(calls, complex, until.as_second());
    }

    /// Credits that were used in the 24 hours before.
    pub fn credits_used(&mut self, now: Timestamp) -> u32 {
        self.meter.used(now.as_second())
    }
}

impl Users for ZohoCrm {
    fn kinds(&self) -> &'static [&'static str] {
        KINDS
    }

    fn create(&mut self, now: Timestamp, kind: &str, fields: &Fields) -> Result<String, String> {
        let module = module_named(kind)?;
        let actor = self.person(now);
        let id = self.insert(module, &input(fields), 0, actor).map_err(|refusal| said(&refusal))?;
        self.announce(actor.now, module, "insert", id, &[]);
        self.post_announcements(actor.now);
        Ok(id.to_string())
    }

    fn edit(&mut self, now: Timestamp, kind: &str, id: &str, fields: &Fields) -> Result<(), String> {
        let (module, id) = (module_named(kind)?, number(kind, id)?);
        let actor = self.person(now);
        let changed = self.update(module, id, &input(fields), 0, actor).map_err(|refusal| said(&refusal))?;
        self.announce(actor.now, module, "update", id, &changed);
        self.post_announcements(actor.now);
        Ok(())
    }

    fn delete(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        let actor = self.person(now);
        let was = self.remove(module_named(kind)?, number(kind, id)?, actor, false);
        self.post_announcements(actor.now);
        if was { Ok(()) } else { Err(format!("no {kind} {id}")) }
    }

    /// Out of the bin; its stamp moves (unverified).
    fn restore(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        let (module, number) = (module_named(kind)?, number(kind, id)?);
        let actor = self.person(now);
        if !self.table_mut(module).is_some_and(|table| table.restore(number, actor.user, actor.now)) {
            return Err(format!("no {kind} {id} in the bin"));
        }
        self.announce(actor.now, module, "insert", number, &[]);
        self.post_announcements(actor.now);
        Ok(())
    }

    /// The fact sheet tells nothing of merging: it is not simulated.
    fn merge(&mut self, _now: Timestamp, kind: &str, _survivor: &str, _loser: &str) -> Result<(), String> {
        Err(format!("{kind} are not merged here"))
    }

    fn live(&self, kind: &str) -> BTreeMap<String, Fields> {
        let Some(table) = self.table(kind) else { return BTreeMap::new() };
        let live = table.rows.values().filter(|row| row.converted.is_none());
        live.map(|row| (row.id.to_string(), flat(&self.shape(table, row, None, 8)))).collect()
    }

    fn purge(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        let actor = self.person(now);
        let was = self.remove(module_named(kind)?, number(kind, id)?, actor, true);
        self.post_announcements(actor.now);
        if was { Ok(()) } else { Err(format!("no {kind} {id}")) }
    }

    /// Conversions that were put off are made when their time has come, whoever asks next.
    fn settle(&mut self, now: Timestamp) -> bool {
        self.run_jobs(now.as_second())
    }

    fn strain(&mut self, now: Timestamp, strain: Strain) -> bool {
        match strain {
            Strain::SessionsEnd => self.auth.end_sessions(),
            Strain::LimitSpent => {
                let left = self.profile.credits.saturating_sub(self.meter.used(now.as_second()));
                self.meter.spend(now.as_second(), left);
            }
            Strain::PlanDowngraded => self.profile.credits = (self.profile.credits / 2).max(1),
            Strain::PlanUpgraded => self.profile.credits = self.profile.credits.saturating_mul(2),
        }
        true
    }
}
