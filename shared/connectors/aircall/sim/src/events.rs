//! What the company tells its webhooks (fact sheet §8, §9).

use serde_json::{Value, json};

use crate::Aircall;

/// The events that a webhook can be subscribed to, as far as they matter to agents. The vendor's catalogue has 67.
pub const CATALOGUE: &[&str] = &[
    "user.created.v2",
    "user.deleted.v2",
    "user.opened.v2",
    "user.closed.v2",
    "user.connected.v2",
    "user.disconnected.v2",
    "user.wut_start.v2",
    "user.wut_end.v2",
    "call.created",
    "call.ringing_on_agent",
    "call.agent_declined",
    "call.answered",
    "call.transferred",
    "call.hungup",
    "call.ended",
    "call.hold",
    "call.unhold",
    "call.assigned",
    "number.opened",
    "number.closed",
    "contact.created",
    "contact.updated",
    "contact.deleted",
    "integration.deleted",
];

/// Names of the first version, which can still be subscribed to beside the present ones.
const FIRST_VERSION: &[&str] = &[
    "user.created",
    "user.deleted",
    "user.opened",
    "user.closed",
    "user.connected",
    "user.disconnected",
    "user.wut_start",
    "user.wut_end",
];

pub(crate) fn is_known(event: &str) -> bool {
    CATALOGUE.contains(&event) || FIRST_VERSION.contains(&event)
}

impl Aircall {
    /// Tells everybody who asked for it. `name` without the version's suffix.
    pub(crate) fn tell_of_user(&mut self, now: i64, name: &str, id: i64, with_substatus: bool) {
        let Some(mut data) = self.users.get(&id).map(|user| user.shape(&self.profile, user.setting)) else { return };
        if let Some(members) = data.as_object_mut()
            && !with_substatus
        {
            members.remove("substatus");
        }
        self.tell(now, "user", &format!("user.{name}.v2"), &data);
        if let Some(members) = data.as_object_mut() {
            members.insert("numbers".to_owned(), json!([]));
        }
        self.tell(now, "user", &format!("user.{name}"), &data);
    }

    /// The user's status became what it is now: opened, or closed. With reasons in the account, closing is told twice, first without the reason.
    pub(crate) fn tell_of_status(&mut self, now: i64, id: i64, open: bool) {
        if open {
            self.tell_of_user(now, "opened", id, true);
            return;
        }
        let twice = self.profile.substatuses;
        self.tell_of_user(now, "closed", id, !twice);
        if twice {
            self.tell_of_user(now, "closed", id, true);
        }
    }

    /// One event to every webhook that is subscribed to it.
    pub(crate) fn tell(&mut self, now: i64, resource: &str, event: &str, data: &Value) {
        for hook in self.hooks.listening(event, now) {
            let body = json!({"resource": resource, "event": event, "timestamp": now, "token": hook.token, "data": data});
            self.post.put(now, &hook.webhook_id, &hook.url, &body);
        }
    }

    /// `integration.deleted` goes to the application's own webhooks alone, which then are gone.
    pub(crate) fn announce_removal(&mut self, now: i64, token: &str) {
        let data = json!({"name": "Syncline", "status": "deleted"});
        for hook in self.hooks.remove_of(token) {
            let body =
                json!({"resource": "integration", "event": "integration.deleted", "timestamp": now, "token": hook.token, "data": data});
            if hook.events.iter().any(|event| event == "integration.deleted") {
                self.post.put(now, &hook.webhook_id, &hook.url, &body);
            }
        }
    }
}
