//! Who calls and how much: agents with their keys, the minute's budget, and the agents, roles and groups that clients list.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::wire::stamp;

/// What an agent's role allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything, the field endpoints too.
    Admin,
    /// Reads and writes records; may list fields, not change them.
    Agent,
    /// Reads records; every write and the field endpoints answer 403 `access_denied`.
    ReadOnly,
}

impl Role {
    fn id(self) -> i64 {
        match self {
            Self::Admin => 82_000_100_001,
            Self::Agent => 82_000_100_002,
            Self::ReadOnly => 82_000_100_003,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Admin => "Account Administrator",
            Self::Agent => "Agent",
            Self::ReadOnly => "Observer",
        }
    }
}

/// The one group of the account.
const GROUP_ID: i64 = 82_000_200_001;

#[derive(Clone, Debug)]
pub(crate) struct Agent {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) phone: Option<String>,
    pub(crate) mobile: Option<String>,
    pub(crate) role: Role,
    pub(crate) occasional: bool,
    pub(crate) ticket_scope: i64,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

impl Agent {
    pub(crate) fn shape(&self) -> Value {
        let (created_at, updated_at) = (stamp(self.created_at), stamp(self.updated_at));
        json!({
            "available": true, "available_since": null, "occasional": self.occasional, "id": self.id, "ticket_scope": self.ticket_scope,
            "created_at": created_at, "updated_at": updated_at, "type": "support_agent", "signature": null, "focus_mode": true,
            "group_ids": [GROUP_ID], "role_ids": [self.role.id()], "skill_ids": [],
            "contact": {
                "active": true, "email": self.email, "job_title": null, "language": "en", "last_login_at": null, "mobile": self.mobile,
                "name": self.name, "phone": self.phone, "time_zone": "Eastern Time (US & Canada)",
                "created_at": created_at, "updated_at": updated_at
            }
        })
    }
}

/// The agents of the account and their keys.
#[derive(Default)]
pub(crate) struct Agents {
    by_id: BTreeMap<i64, Agent>,
    keys: BTreeMap<String, i64>,
    emails: BTreeMap<String, i64>,
}

impl Agents {
    pub(crate) fn add(&mut self, agent: Agent) {
        self.emails.insert(agent.email.to_lowercase(), agent.id);
        self.by_id.insert(agent.id, agent);
    }

    pub(crate) fn add_key(&mut self, key: &str, agent: i64) {
        self.keys.insert(key.to_owned(), agent);
    }

    pub(crate) fn remove_key(&mut self, key: &str) -> Option<i64> {
        self.keys.remove(key)
    }

    pub(crate) fn get(&self, id: i64) -> Option<&Agent> {
        self.by_id.get(&id)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Agent> {
        self.by_id.values()
    }

    pub(crate) fn with_email(&self, email: &str) -> Option<i64> {
        self.emails.get(&email.to_lowercase()).copied()
    }

    /// The agent behind a basic authorization header: the user is the key, the password is not looked at (fact sheet §1: documented).
    pub(crate) fn signed_in(&self, authorization: Option<&http::HeaderValue>) -> Option<&Agent> {
        let (scheme, encoded) = authorization?.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (key, _) = decoded.split_once(':')?;
        self.by_id.get(self.keys.get(key)?)
    }
}

pub(crate) fn roles(at: i64) -> Vec<Value> {
    let role = |role: Role| {
        json!({"id": role.id(), "name": role.name(), "description": role.name(), "default": true, "agent_type": 1,
            "created_at": stamp(at), "updated_at": stamp(at)})
    };
    [Role::Admin, Role::Agent, Role::ReadOnly].into_iter().map(role).collect()
}

pub(crate) fn groups(at: i64, agents: &Agents) -> Vec<Value> {
    let members: Vec<i64> = agents.by_id.keys().copied().collect();
    vec![json!({"id": GROUP_ID, "name": "Support", "description": null, "agent_ids": members, "escalate_to": null, "unassigned_for": null,
        "business_hour_id": null, "group_type": "support_agent_group", "created_at": stamp(at), "updated_at": stamp(at)})]
}

/// What a plan allows in a minute (fact sheet §5: documented).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub calls_per_minute: u32,
    /// GET /contacts only.
    pub contacts_list_per_minute: u32,
    /// GET /tickets only.
    pub tickets_list_per_minute: u32,
}

impl Limits {
    pub const GROWTH: Self = Self { calls_per_minute: 200, contacts_list_per_minute: 20, tickets_list_per_minute: 20 };
    pub const PRO: Self = Self { calls_per_minute: 400, contacts_list_per_minute: 100, tickets_list_per_minute: 100 };
    pub const ENTERPRISE: Self = Self { calls_per_minute: 700, contacts_list_per_minute: 200, tickets_list_per_minute: 200 };
}

/// Which further limit a request counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    ContactsList,
    TicketsList,
    Other,
}

/// The budget as the headers of one answer tell it.
pub(crate) struct Standing {
    pub(crate) total: u32,
    pub(crate) remaining: u32,
    pub(crate) used: u32,
    /// Refused: seconds until the next window.
    pub(crate) retry_after: Option<i64>,
}

/// Fixed windows of one minute, for the whole account.
pub(crate) struct Meter {
    pub(crate) limits: Limits,
    window: i64,
    used: u32,
    contacts_list: u32,
    tickets_list: u32,
}

const WINDOW_S: i64 = 60;

impl Meter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, window: 0, used: 0, contacts_list: 0, tickets_list: 0 }
    }

    /// Others use up the rest of the present window.
    pub(crate) fn spend(&mut self, now: i64) {
        (self.window, self.used) = (now.div_euclid(WINDOW_S), self.limits.calls_per_minute);
    }

    /// Counts a request, whatever becomes of it. One that a further limit refuses still counts against the whole: invalid requests do.
    pub(crate) fn take(&mut self, now: i64, class: Class, cost: u32) -> Standing {
        let window = now.div_euclid(WINDOW_S);
        if window != self.window {
            (self.window, self.used, self.contacts_list, self.tickets_list) = (window, 0, 0, 0);
        }
        let fits = self.used.saturating_add(cost) <= self.limits.calls_per_minute;
        let fits_class = match class {
            Class::ContactsList => counted(&mut self.contacts_list, self.limits.contacts_list_per_minute),
            Class::TicketsList => counted(&mut self.tickets_list, self.limits.tickets_list_per_minute),
            Class::Other => true,
        };
        self.used = self.used.saturating_add(cost).min(self.limits.calls_per_minute);
        Standing {
            total: self.limits.calls_per_minute,
            remaining: self.limits.calls_per_minute - self.used,
            used: cost,
            retry_after: (!(fits && fits_class)).then(|| WINDOW_S - now.rem_euclid(WINDOW_S)),
        }
    }
}

/// Counts one more, up to the limit; whether it still fitted.
fn counted(used: &mut u32, limit: u32) -> bool {
    let fits = *used < limit;
    *used = used.saturating_add(1).min(limit);
    fits
}
