//! Calls, as far as they change what users are doing: nothing of them can be read here, but each is told to webhooks.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::Aircall;

/// Between the hang-up and `call.ended` (fact sheet §9).
const ENDED_AFTER_S: i64 = 30;

struct Call {
    id: i64,
    uuid: String,
    user: i64,
    started_at: i64,
    /// The hang-up.
    hung_up_at: Option<i64>,
}

#[derive(Default)]
pub(crate) struct Calls {
    /// Those whose end was not told yet.
    under_way: Vec<Call>,
}

impl Aircall {
    /// Somebody calls and the user answers; the call's id. Refused while the user cannot be reached or is busy.
    pub fn start_call(&mut self, now: Timestamp, user: i64) -> Option<i64> {
        let now = now.as_second();
        self.pass(now);
        let own = self.users.get_mut(&user)?;
        if own.availability(own.setting, now) != "available" {
            return None;
        }
        own.in_call = true;
        let call = Call { id: self.ids.call(), uuid: self.ids.uuid(), user, started_at: now, hung_up_at: None };
        for (event, status) in [("call.created", "initial"), ("call.ringing_on_agent", "initial"), ("call.answered", "answered")] {
            let data = self.call_data(&call, status, event != "call.created");
            self.tell(now, "call", event, &data);
        }
        let id = call.id;
        self.calls.under_way.push(call);
        Some(id)
    }

    /// The user's call ends; the wrap-up begins where there is one. Whether there was a call.
    pub fn hang_up(&mut self, now: Timestamp, user: i64) -> bool {
        let now = now.as_second();
        self.pass(now);
        let Some(place) = self.calls.under_way.iter().position(|call| call.user == user && call.hung_up_at.is_none()) else { return false };
        let mut call = self.calls.under_way.remove(place);
        call.hung_up_at = Some(now);
        let data = self.call_data(&call, "done", true);
        self.calls.under_way.push(call);
        self.tell(now, "call", "call.hungup", &data);
        let Some(own) = self.users.get_mut(&user) else { return true };
        own.in_call = false;
        if own.wrap_up_time > 0 {
            own.wrap_up_until = now + own.wrap_up_time;
            self.tell_of_user(now, "wut_start", user, true);
        }
        true
    }

    /// Calls that hung up half a minute ago have ended.
    pub(crate) fn end_calls(&mut self, now: i64) {
        while let Some(place) = self.calls.under_way.iter().position(|call| call.hung_up_at.is_some_and(|at| at + ENDED_AFTER_S <= now)) {
            let call = self.calls.under_way.remove(place);
            let data = self.call_data(&call, "done", true);
            self.tell(call.hung_up_at.unwrap_or(now) + ENDED_AFTER_S, "call", "call.ended", &data);
        }
    }

    /// Wrap-ups whose time has run out are over.
    pub(crate) fn end_wrap_ups(&mut self, now: i64) {
        let over: Vec<(i64, i64)> = self
            .users
            .values()
            .filter(|user| user.wrap_up_until > 0 && user.wrap_up_until <= now)
            .map(|user| (user.id, user.wrap_up_until))
            .collect();
        for (id, at) in over {
            if let Some(user) = self.users.get_mut(&id) {
                user.wrap_up_until = 0;
            }
            self.tell_of_user(at, "wut_end", id, true);
        }
    }

    /// The documented members; stamps are unix seconds here, and the user inside has no status.
    fn call_data(&self, call: &Call, status: &str, with_user: bool) -> Value {
        let user = self.users.get(&call.user).filter(|_| with_user);
        json!({
            "id": call.id,
            "direct_link": format!("{}/v1/calls/{}", self.profile.base_url, call.id),
            "direction": "inbound",
            "call_uuid": call.uuid,
            "status": status,
            "missed_call_reason": null,
            "started_at": call.started_at,
            "answered_at": with_user.then_some(call.started_at),
            "ended_at": call.hung_up_at,
            "duration": call.hung_up_at.map_or(0, |at| at - call.started_at),
            "cost": "0.0",
            "hangup_cause": null,
            "voicemail": null,
            "recording": null,
            "raw_digits": "anonymous",
            "participants": [],
            "user": user.map_or_else(|| json!({}), |user| user.abridged(&self.profile)),
            "contact": {},
            "number": {},
        })
    }
}
