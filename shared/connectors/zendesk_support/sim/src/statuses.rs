//! What agents are set to: unified statuses where omnichannel routing is on, the state in Talk where it is off (fact sheet §5).

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use syncline_simulator::Response;

use crate::Support;
use crate::events::Happening;
use crate::paging::{Part, cut, key_of};
use crate::routes::Ask;
use crate::users::{Role, User};
use crate::wire::{Answer, Refusal, encode, object, stamp};

/// The channels of a status, in order of name.
pub(crate) const CHANNELS: [&str; 3] = ["messaging", "support", "talk"];

/// The four that every account has: name, description, and what each channel shows, in order of [`CHANNELS`].
const DEFAULTS: [(&str, &str, [&str; 3]); 4] = [
    ("away", "Not available for new work", ["away", "online", "away"]),
    ("offline", "Not working", ["offline", "offline", "offline"]),
    ("online", "Available for new work", ["online", "online", "online"]),
    ("transfers only", "Takes transferred work only", ["transfers_only", "offline", "transfers_only"]),
];

/// A unified status.
#[derive(Clone, Debug)]
pub(crate) struct AgentStatus {
    pub(crate) id: i64,
    pub(crate) name: String,
    description: String,
    channels: [String; 3],
    /// When it was made or changed; `None` for the four that every account has.
    updated_at: Option<i64>,
}

/// An agent's present state.
#[derive(Clone, Debug)]
pub(crate) struct AgentState {
    pub(crate) status: i64,
    reason: String,
    updated_at: i64,
    version: i64,
    /// In Talk, where omnichannel routing is off.
    talk: String,
    via: String,
    call_status: Option<&'static str>,
}

/// All statuses of the account, and each agent's.
pub(crate) struct Statuses {
    pub(crate) known: Vec<AgentStatus>,
    agents: BTreeMap<i64, AgentState>,
    next_custom_id: i64,
}

impl Statuses {
    /// The ids of the four differ from account to account: the seed shuffles them (fact sheet §0.4).
    pub(crate) fn new(seed: u64) -> Self {
        let turn = i64::try_from(seed % 4).unwrap_or(0);
        let id_of = |place: i64| (place + turn) % 4 + 1;
        let known = (0..).zip(DEFAULTS).map(|(place, (name, description, channels))| AgentStatus {
            id: id_of(place),
            name: name.to_owned(),
            description: description.to_owned(),
            channels: channels.map(str::to_owned),
            updated_at: None,
        });
        Self { known: known.collect(), agents: BTreeMap::new(), next_custom_id: 101 }
    }

    pub(crate) fn add(&mut self, name: &str, channels: [&str; 3], at: i64) -> i64 {
        let id = self.next_custom_id;
        self.next_custom_id += 1;
        let status = AgentStatus {
            id,
            name: name.to_owned(),
            description: String::new(),
            channels: channels.map(str::to_owned),
            updated_at: Some(at),
        };
        self.known.push(status);
        id
    }

    pub(crate) fn by_id(&self, id: i64) -> Option<&AgentStatus> {
        self.known.iter().find(|status| status.id == id)
    }

    /// By name, whatever its case, with blanks or underscores.
    pub(crate) fn by_name(&self, name: &str) -> Option<&AgentStatus> {
        let plain = |text: &str| text.trim().to_lowercase().replace('_', " ");
        self.known.iter().find(|status| plain(&status.name) == plain(name))
    }

    pub(crate) fn state(&self, agent: i64) -> AgentState {
        self.agents.get(&agent).cloned().unwrap_or_else(|| AgentState {
            status: self.by_name("offline").map_or(0, |status| status.id),
            reason: "UNKNOWN".to_owned(),
            updated_at: 0,
            version: 1,
            talk: "offline".to_owned(),
            via: "client".to_owned(),
            call_status: None,
        })
    }

    /// What a channel of an agent's shows.
    fn channel(&self, state: &AgentState, channel: &str) -> String {
        let place = CHANNELS.iter().position(|known| *known == channel).unwrap_or(0);
        self.by_id(state.status).and_then(|status| status.channels.get(place).cloned()).unwrap_or_else(|| "offline".to_owned())
    }
}

impl Support {
    /// Sets an agent's unified status; nothing happens where it is that already.
    pub(crate) fn change_status(&mut self, now: i64, agent: i64, status: i64, reason: &str) {
        let before = self.statuses.state(agent);
        if before.status == status {
            return;
        }
        let mut after = AgentState { status, reason: reason.to_owned(), updated_at: now, ..before.clone() };
        after.version += 1;
        let told = |state: &AgentState| {
            let name = self.statuses.by_id(state.status).map_or("", |status| status.name.as_str());
            json!({"id": state.status.to_string(), "name": name, "reason": state.reason})
        };
        let mut happenings = vec![Happening::UnifiedState { agent, version: after.version, new: told(&after), previous: told(&before) }];
        for channel in CHANNELS {
            let (new, previous) = (self.statuses.channel(&after, channel), self.statuses.channel(&before, channel));
            if new != previous {
                after.version += 1;
                happenings.push(Happening::ChannelState { agent, version: after.version, channel, new, previous });
            }
        }
        self.statuses.agents.insert(agent, after);
        for happening in happenings {
            self.happened(now, &happening);
        }
    }

    /// What an agent's phone is at: `on_call`, `wrap_up`, or nothing.
    pub(crate) fn change_call(&mut self, agent: i64, call_status: Option<&'static str>) {
        let state = AgentState { call_status, ..self.statuses.state(agent) };
        self.statuses.agents.insert(agent, state);
    }

    /// Who can have a unified status: the team, but for light agents.
    fn has_status(user: &User) -> bool {
        user.active && user.role.is_team() && user.role != Role::LightAgent
    }

    fn agent(&self, id: &str) -> Result<&User, Refusal> {
        let not_found = || Refusal::listed(404, "NotFound", "Agent not found", "There is no such agent");
        self.user(id).ok().filter(|user| Self::has_status(user)).ok_or_else(not_found)
    }

    /// `/api/v2/agent_availabilities/…`.
    pub(crate) fn availabilities_route(&mut self, rest: &[&str], ask: &Ask<'_>) -> Answer {
        if !(self.profile.omnichannel && self.profile.unified_statuses) {
            let words = "Omnichannel routing with unified agent statuses is not turned on for this account";
            return Err(Refusal::listed(403, "Forbidden", "Omnichannel routing is off", words));
        }
        let me = ask.session.as_ref().map(|session| session.user.to_string()).unwrap_or_default();
        match (ask.method.as_str(), rest) {
            ("GET", []) => self.list_availabilities(ask),
            ("GET", ["agent_statuses"]) => {
                self.only_team(ask)?;
                Ok(self.list_statuses())
            }
            ("GET", ["agent_statuses", "me"]) => {
                let status = self.statuses.state(self.agent(&me)?.id).status;
                Ok(encode(200, &json!({"data": self.statuses.by_id(status).map(status_shape)})))
            }
            ("GET", ["agent_statuses", "job_statuses", id]) => self.job(id),
            ("PUT", ["agent_statuses", "agents", "update_many"]) => self.write_many(ask),
            ("PUT", ["agent_statuses", "agents", "me"]) => self.write_status(ask, &me),
            ("PUT", ["agent_statuses", "agents", id]) => {
                self.only_admins(ask)?;
                self.write_status(ask, id)
            }
            ("GET", ["me"]) => Ok(self.availability(self.agent(&me)?)),
            ("GET", [id]) => {
                self.only_admins(ask)?;
                Ok(self.availability(self.agent(id)?))
            }
            _ => Err(Refusal::InvalidEndpoint),
        }
    }

    fn list_statuses(&self) -> Response {
        let mut known: Vec<&AgentStatus> = self.statuses.known.iter().collect();
        known.sort_by(|one, other| one.name.cmp(&other.name));
        let of = |custom: bool| -> Vec<Json> {
            known.iter().filter(|status| status.updated_at.is_some() == custom).map(|status| status_shape(status)).collect()
        };
        encode(200, &json!({"default": of(false), "custom": of(true), "links": {}, "meta": {}}))
    }

    fn availability(&self, user: &User) -> Response {
        let (data, included) = self.availability_of(user, None);
        encode(200, &json!({"data": data, "included": included}))
    }

    /// An agent's status as an availability names it.
    pub(crate) fn status_shape(&self, agent: i64) -> Json {
        let state = self.statuses.state(agent);
        let name = self.statuses.by_id(state.status).map_or("", |status| status.name.as_str());
        json!({"id": state.status, "name": name, "reason": state.reason, "updated_at": stamp(state.updated_at)})
    }

    /// JSON:API, and the channels that it includes.
    fn availability_of(&self, user: &User, only: Option<&str>) -> (Json, Vec<Json>) {
        let state = self.statuses.state(user.id);
        let own = format!("agent_availabilities|{}", user.id);
        let channels: Vec<&str> = CHANNELS.into_iter().filter(|channel| only.is_none_or(|only| only == *channel)).collect();
        let named: Vec<Json> =
            channels.iter().map(|channel| json!({"id": format!("{own}|channels|{channel}"), "type": "channels"})).collect();
        let included = channels.iter().map(|channel| {
            json!({
                "id": format!("{own}|channels|{channel}"), "type": "channels",
                "attributes": {
                    "name": channel, "status": self.statuses.channel(&state, channel), "max_capacity": 1, "work_item_count": 0,
                    "relative_capacity": 1.0
                },
                "relationships": {"work_items": {"data": [], "links": {}}}
            })
        });
        let data = json!({
            "id": own, "type": "agent_availabilities",
            "attributes": {
                "agent_id": user.id,
                "agent_status": self.status_shape(user.id),
                "group_ids": [1], "skills": [], "version": state.version
            },
            "relationships": {"channels": {"data": named}},
            "links": {"self": self.link(&format!("agent_availabilities/{}", user.id))}
        });
        (data, included.collect())
    }

    fn list_availabilities(&self, ask: &Ask<'_>) -> Answer {
        self.only_admins(ask)?;
        let by_status = ask.query.get("filter[agent_status_id]").and_then(|text| text.parse::<i64>().ok());
        let by_channel = ask.query.get("filter[channel_status]").and_then(|text| text.split_once(':'));
        let wanted = |user: &&User| {
            let state = self.statuses.state(user.id);
            Self::has_status(user)
                && by_status.is_none_or(|id| state.status == id)
                && by_channel.is_none_or(|(channel, status)| self.statuses.channel(&state, channel) == status)
        };
        let rows: Vec<&User> = self.users.all().filter(wanted).collect();
        let keys: Vec<String> = rows.iter().map(|user| key_of(user.id)).collect();
        // By cursor only: without a word, too.
        let part = match Part::read(&ask.query)? {
            Part::Page { rows, .. } => Part::Cursor { rows, after: None, before: None },
            part @ Part::Cursor { .. } => part,
        };
        let cut = cut(&part, &keys, &self.link("agent_availabilities"), &ask.query);
        let mut data = Vec::new();
        let mut included = Vec::new();
        for user in rows.iter().take(cut.to).skip(cut.from) {
            let (row, channels) = self.availability_of(user, ask.query.get("select_channel"));
            data.push(row);
            included.extend(channels);
        }
        let mut body = cut.around;
        body.insert("data".to_owned(), json!(data));
        body.insert("included".to_owned(), json!(included));
        Ok(encode(200, &Json::Object(body)))
    }

    /// The body is `{"id": 3}` (fact sheet §5.3: from two public clients).
    fn wished_status(&self, ask: &Ask<'_>) -> Result<i64, Refusal> {
        let id = object(ask.body)?.get("id").and_then(|id| id.as_i64().or_else(|| id.as_str().and_then(|text| text.parse().ok())));
        let id = id.ok_or_else(|| Refusal::listed(400, "InvalidParameter", "id is missing", "id must be the id of an agent status"))?;
        let known = self.statuses.by_id(id).map(|status| status.id);
        known.ok_or_else(|| Refusal::listed(422, "InvalidAgentStatus", "Agent status not found", "There is no such agent status"))
    }

    /// An agent without a licence of Talk Partner Edition cannot be set (fact sheet §5.5: which status says so is not documented).
    fn licensed(&self, agent: i64) -> Result<(), Refusal> {
        if self.unlicensed.contains(&agent) { Err(Refusal::Forbidden) } else { Ok(()) }
    }

    fn write_status(&mut self, ask: &Ask<'_>, id: &str) -> Answer {
        let agent = self.agent(id)?.id;
        self.licensed(agent)?;
        let status = self.wished_status(ask)?;
        self.change_status(ask.now, agent, status, "UNKNOWN");
        let name = self.statuses.by_id(status).map_or("", |status| status.name.as_str());
        let data = json!({
            "attributes": {"agent_id": agent, "agent_status": {"id": status, "name": name}},
            "id": format!("agent_availabilities|{agent}"), "type": "agent_availabilities"
        });
        Ok(encode(200, &if self.profile.status_answer_in_data { json!({ "data": data }) } else { data }))
    }

    fn write_many(&mut self, ask: &Ask<'_>) -> Answer {
        self.only_admins(ask)?;
        let status = self.wished_status(ask)?;
        let mut results = Vec::new();
        for id in ask.query.ids("ids") {
            let settable = self.agent(&id.to_string()).map(|user| user.id).and_then(|agent| self.licensed(agent));
            if settable.is_ok() {
                self.change_status(ask.now, id, status, "UNKNOWN");
            }
            results.push(json!({"id": id, "success": settable.is_ok(), "action": "update"}));
        }
        let id = format!("job-{}", self.jobs.len() + 1);
        let job = json!({"id": id, "status": "completed", "total": results.len(), "progress": results.len(), "results": results});
        self.jobs.insert(id, job.clone());
        Ok(encode(200, &json!({ "job_status": job })))
    }

    pub(crate) fn job(&self, id: &str) -> Answer {
        let job = self.jobs.get(id).ok_or(Refusal::RecordNotFound)?;
        Ok(encode(200, &json!({ "job_status": job })))
    }

    /// `/api/v2/channels/voice/availabilities/{id}`: Talk's own state.
    pub(crate) fn talk_route(&mut self, id: &str, ask: &Ask<'_>) -> Answer {
        if !self.profile.talk {
            return Err(Refusal::RecordNotFound);
        }
        let agent = self.user(id).ok().filter(|user| Self::has_status(user)).map(|user| user.id).ok_or(Refusal::RecordNotFound)?;
        match ask.method.as_str() {
            "GET" => {
                self.only_team(ask)?;
                Ok(self.talk_shape(agent))
            }
            "PUT" => {
                if ask.session.as_ref().is_none_or(|session| session.user != agent) {
                    self.only_admins(ask)?;
                }
                self.write_talk(ask, agent)
            }
            _ => Err(Refusal::InvalidEndpoint),
        }
    }

    fn talk_shape(&self, agent: i64) -> Response {
        let state = self.statuses.state(agent);
        let talk = if self.profile.omnichannel { self.statuses.channel(&state, "talk") } else { state.talk.clone() };
        encode(200, &json!({"availability": {"agent_state": talk, "call_status": state.call_status, "via": state.via}}))
    }

    /// With omnichannel routing only `via` may change (fact sheet §0.3: documented; which status refuses the state is not).
    fn write_talk(&mut self, ask: &Ask<'_>, agent: i64) -> Answer {
        let body = object(ask.body)?;
        let wish = body.get("availability").and_then(Json::as_object).cloned().unwrap_or_default();
        let word = |name: &str| wish.get(name).and_then(Json::as_str);
        let mut state = self.statuses.state(agent);
        if let Some(via) = word("via") {
            if !["client", "phone"].contains(&via) {
                return Err(Refusal::plain(422, "InvalidValue", "via is invalid"));
            }
            via.clone_into(&mut state.via);
        }
        if let Some(wanted) = word("agent_state") {
            if self.profile.omnichannel {
                let words = "agent_state cannot be updated while omnichannel routing is turned on";
                return Err(Refusal::plain(422, "UnprocessableEntity", words));
            }
            if !["online", "offline", "away", "transfers_only"].contains(&wanted) {
                return Err(Refusal::plain(422, "InvalidValue", "agent_state is invalid"));
            }
            self.licensed(agent)?;
            if state.talk != wanted {
                let previous = std::mem::replace(&mut state.talk, wanted.to_owned());
                state.version += 1;
                state.updated_at = ask.now;
                let (version, new) = (state.version, wanted.to_owned());
                self.happened(ask.now, &Happening::ChannelState { agent, version, channel: "talk", new, previous });
            }
        }
        self.statuses.agents.insert(agent, state);
        Ok(self.talk_shape(agent))
    }
}

fn status_shape(status: &AgentStatus) -> Json {
    let mut shape =
        json!({"attributes": {"name": status.name, "description": status.description}, "id": status.id, "type": "agent_status"});
    if let Some(at) = status.updated_at {
        let channels: BTreeMap<&str, &String> = CHANNELS.into_iter().zip(&status.channels).collect();
        shape["attributes"]["channels"] = json!(channels);
        shape["updated_at"] = json!(stamp(at));
    }
    shape
}
