//! The account's people: agents who set their status, administrators who change the team.

use std::collections::BTreeMap;

use http::Method;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use syncline_simulator::{Fields, Strain, Users, flat, nested};

use crate::{Limits, Role, Support};

/// The one kind that people keep here: users with a role in the team.
const KINDS: &[&str] = &["agent"];
/// What an agent is set to, by name. It is no member of a user.
const STATUS: &str = "status";

impl Support {
    fn act(&mut self, now: Timestamp, method: &Method, path: &str, body: &Json) -> Result<Json, String> {
        let answer = self.as_person(now, method, path, body);
        if answer.status().is_success() {
            Ok(serde_json::from_slice(answer.body()).unwrap_or(Json::Null))
        } else {
            Err(format!("{}: {}", answer.status().as_u16(), String::from_utf8_lossy(answer.body())))
        }
    }

    /// An agent, or an administrator for them, chooses a status by its name; refused where the account has none of it.
    pub fn choose_status(&mut self, now: Timestamp, agent: i64, name: &str) -> Result<(), String> {
        let status = self.statuses.by_name(name).map(|status| status.id).ok_or_else(|| format!("no status {name}"))?;
        if !self.users.get(agent).is_some_and(|user| user.active && user.role.is_team()) {
            return Err(format!("no agent {agent}"));
        }
        self.change_status(now.as_second(), agent, status, "UNKNOWN");
        Ok(())
    }

    /// The agent opens the workspace: online.
    pub fn log_in(&mut self, now: Timestamp, agent: i64) {
        self.set_by_system(now, agent, "online", "AGENT_LOGIN");
    }

    /// The agent closes the browser, loses the connection, or does nothing for too long: offline.
    pub fn log_out(&mut self, now: Timestamp, agent: i64) {
        self.set_by_system(now, agent, "offline", "AGENT_LOGOUT");
    }

    fn set_by_system(&mut self, now: Timestamp, agent: i64, name: &str, reason: &str) {
        if let Some(status) = self.statuses.by_name(name).map(|status| status.id) {
            self.change_status(now.as_second(), agent, status, reason);
        }
    }

    /// What the agent's phone is at: `on_call`, `wrap_up`, or nothing.
    pub fn call(&mut self, agent: i64, call_status: Option<&'static str>) {
        self.change_call(agent, call_status);
    }

    /// A status of the account's own, with what its channels show (messaging, support, talk); its id.
    pub fn add_custom_status(&mut self, now: Timestamp, name: &str, channels: [&str; 3]) -> i64 {
        self.statuses.add(name, channels, now.as_second())
    }

    /// The name and id of the status that an agent has.
    pub fn status_of(&self, agent: i64) -> (String, i64) {
        let status = self.statuses.state(agent).status;
        (self.statuses.by_id(status).map(|status| status.name.clone()).unwrap_or_default(), status)
    }

    /// The id of a status by its name.
    pub fn status_id(&self, name: &str) -> Option<i64> {
        self.statuses.by_name(name).map(|status| status.id)
    }

    /// Gives somebody another role; whether there is such a user.
    pub fn give_role(&mut self, now: Timestamp, user: i64, role: Role) -> bool {
        let Some(mut known) = self.users.get(user).cloned() else { return false };
        known.role = role;
        known.updated_at = now.as_second();
        self.users.put(known);
        true
    }

    /// Takes the agent's licence of Talk Partner Edition, or gives it back.
    pub fn license(&mut self, agent: i64, licensed: bool) {
        if licensed {
            self.unlicensed.remove(&agent);
        } else {
            self.unlicensed.insert(agent);
        }
    }

    /// Turns omnichannel routing with unified statuses on or off.
    pub fn set_omnichannel(&mut self, on: bool) {
        self.profile.omnichannel = on;
        self.profile.unified_statuses = on;
    }

    /// The account's own administrator takes back what a user was granted, as on removing the app.
    pub fn revoke(&mut self, user: i64) {
        self.auth.revoke_user(user);
    }

    /// A webhook on these event types (`agent.unified_state_changed`); its id and its signing secret.
    pub fn add_webhook(&mut self, now: Timestamp, endpoint: &str, events: &[&str]) -> Result<(String, String), String> {
        let subscriptions: Vec<String> = events.iter().map(|event| format!("zen:event-type:{event}")).collect();
        let body = json!({"webhook": {
            "name": "Syncline", "endpoint": endpoint, "http_method": "POST", "request_format": "json", "status": "active",
            "subscriptions": subscriptions
        }});
        let made = self.act(now, &Method::POST, "webhooks", &body)?;
        let id = made["webhook"]["id"].as_str().unwrap_or_default().to_owned();
        let shown = self.act(now, &Method::GET, &format!("webhooks/{id}/signing_secret"), &Json::Null)?;
        Ok((id, shown["signing_secret"]["secret"].as_str().unwrap_or_default().to_owned()))
    }

    fn is_kept(kind: &str) -> Result<(), String> {
        if KINDS.contains(&kind) { Ok(()) } else { Err(format!("no object {kind}")) }
    }
}

impl Users for Support {
    fn kinds(&self) -> &'static [&'static str] {
        KINDS
    }

    /// Agents, unless the fields name another role.
    fn create(&mut self, now: Timestamp, kind: &str, fields: &Fields) -> Result<String, String> {
        Self::is_kept(kind)?;
        let mut fields = fields.clone();
        let status = fields.remove(STATUS);
        fields.entry("role".to_owned()).or_insert_with(|| json!("agent"));
        let made = self.act(now, &Method::POST, "users", &json!({"user": nested(&fields)}))?;
        let id = made["user"]["id"].as_i64().ok_or_else(|| "no id in the answer".to_owned())?;
        if let Some(name) = status.as_ref().and_then(Json::as_str) {
            self.choose_status(now, id, name)?;
        }
        Ok(id.to_string())
    }

    fn edit(&mut self, now: Timestamp, kind: &str, id: &str, fields: &Fields) -> Result<(), String> {
        Self::is_kept(kind)?;
        let mut fields = fields.clone();
        if let Some(name) = fields.remove(STATUS) {
            let agent = id.parse().map_err(|_| format!("no agent {id}"))?;
            self.choose_status(now, agent, name.as_str().unwrap_or_default())?;
        }
        if fields.is_empty() {
            return Ok(());
        }
        self.act(now, &Method::PUT, &format!("users/{id}"), &json!({"user": nested(&fields)})).map(drop)
    }

    fn delete(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        Self::is_kept(kind)?;
        self.act(now, &Method::DELETE, &format!("users/{id}"), &Json::Null).map(drop)
    }

    fn restore(&mut self, _now: Timestamp, kind: &str, _id: &str) -> Result<(), String> {
        Err(format!("{kind} has no bin"))
    }

    fn merge(&mut self, _now: Timestamp, kind: &str, _survivor: &str, _loser: &str) -> Result<(), String> {
        Err(format!("{kind}s of the team cannot be merged"))
    }

    /// The team, each with the status, as the API answers it and by the name that configs use, beside a user's members.
    fn live(&self, kind: &str) -> BTreeMap<String, Fields> {
        if !KINDS.contains(&kind) {
            return BTreeMap::new();
        }
        let team = self.users.active().filter(|user| user.role.is_team());
        team.map(|user| {
            let mut shape = user.shape(&self.profile.base_url);
            shape["agent_status"] = self.status_shape(user.id);
            shape[STATUS] = json!(self.status_of(user.id).0.replace("transfers only", "transfers_only"));
            (user.id.to_string(), flat(&shape))
        })
        .collect()
    }

    fn strain(&mut self, now: Timestamp, strain: Strain) -> bool {
        match strain {
            Strain::SessionsEnd => self.auth.end_sessions(),
            Strain::LimitSpent => self.meter.spend(now.as_second()),
            Strain::PlanDowngraded => self.meter.limits = Limits::TEAM,
            Strain::PlanUpgraded => self.meter.limits = Limits::HIGH_VOLUME,
        }
        true
    }
}
