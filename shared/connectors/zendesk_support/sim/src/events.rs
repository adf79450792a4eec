//! What happens in an account, as its webhooks tell (fact sheet §5.4, §7.4).

use serde_json::{Value as Json, json};

use crate::wire::{fine_stamp, stamp};

/// The version of the events' form.
const EVENT_VERSION: &str = "2022-11-06";

/// Something that a webhook can be subscribed to.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    UnifiedState { agent: i64, version: i64, new: Json, previous: Json },
    ChannelState { agent: i64, version: i64, channel: &'static str, new: String, previous: String },
    UserCreated { user: Json },
    UserDeleted { user: Json },
    UserChanged { what: &'static str, user: Json, current: String, previous: String },
}

impl Happening {
    /// `zen:event-type:agent.unified_state_changed`.
    pub(crate) fn event_type(&self) -> String {
        let name = match self {
            Self::UnifiedState { .. } => "agent.unified_state_changed",
            Self::ChannelState { .. } => "agent.state_changed",
            Self::UserCreated { .. } => "user.created",
            Self::UserDeleted { .. } => "user.deleted",
            Self::UserChanged { what, .. } => return format!("zen:event-type:user.{what}"),
        };
        format!("zen:event-type:{name}")
    }

    /// The event's body.
    pub(crate) fn body(&self, account: i64, id: &str, now: i64) -> Json {
        let agent_detail = |agent: &i64, version: &i64| json!({"account_id": account.to_string(), "agent_id": agent.to_string(), "version": version.to_string()});
        let subject_of = |user: &Json| format!("zen:user:{}", user.get("id").and_then(Json::as_str).unwrap_or_default());
        let (subject, detail, event) = match self {
            Self::UnifiedState { agent, version, new, previous } => (
                format!("zen:agent:{agent}"),
                agent_detail(agent, version),
                json!({"new_unified_state": new, "previous_unified_state": previous, "updated_at": fine_stamp(now)}),
            ),
            Self::ChannelState { agent, version, channel, new, previous } => (
                format!("zen:agent:{agent}"),
                agent_detail(agent, version),
                json!({"channel": channel, "new_state": new, "previous_state": previous, "updated_at": fine_stamp(now)}),
            ),
            Self::UserCreated { user } | Self::UserDeleted { user } => (subject_of(user), user.clone(), json!({})),
            Self::UserChanged { user, current, previous, .. } => {
                (subject_of(user), user.clone(), json!({"current": current, "previous": previous}))
            }
        };
        json!({
            "account_id": account, "detail": detail, "event": event, "id": id, "subject": subject, "time": fine_stamp(now),
            "type": self.event_type(), "zendesk_event_version": EVENT_VERSION
        })
    }
}

/// A body as it is sent: three blanks deep, a line's end at the end, and `{ }` for nothing (fact sheet §7.2: recorded).
pub(crate) fn pretty(body: &Json) -> String {
    use serde::Serialize as _;
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"   ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    let written = body.serialize(&mut serializer);
    debug_assert!(written.is_ok(), "JSON can be written");
    format!("{}\n", String::from_utf8_lossy(&bytes).replace("{}", "{ }"))
}

/// The moment of a signature.
pub(crate) fn signature_stamp(now: i64) -> String {
    stamp(now)
}
