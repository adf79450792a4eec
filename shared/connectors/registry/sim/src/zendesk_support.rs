//! Zendesk Support's simulator: an account with omnichannel routing, and limits that nobody reaches.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value as Json, json};
use syncline_model::Timestamp;
use syncline_simulator::{Population, Simulator, Users};
use syncline_zendesk_support_sim::{API_TOKEN, CLIENT_ID, CLIENT_SECRET, Limits, OWNER_EMAIL, Profile, REFRESH_TOKEN, Support};

use crate::{Load, Simulated};

pub(crate) const SIMULATED: Simulated = Simulated {
    system: "zendesk_support",
    make,
    settings,
    server: None,
    secrets: &[
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("refresh_token", REFRESH_TOKEN),
        ("webhook_secret", "simulator-webhook"),
    ],
    writes: |request| request.method() != Method::GET,
    contact,
    edit: |base_url, id| {
        format!(
            "curl -s -u {OWNER_EMAIL}/token:{API_TOKEN} -X PUT -H 'content-type: application/json' -d '{{\"id\":{AWAY}}}' {base_url}/api/v2/agent_availabilities/agent_statuses/agents/{id}"
        )
    },
    show: |base_url, id| format!("curl -s -u {OWNER_EMAIL}/token:{API_TOKEN} {base_url}/api/v2/agent_availabilities/{id}"),
};

/// The id of *away* in accounts of the first seed, which demonstrations have: it differs from account to account.
const AWAY: i64 = 2;

/// So many calls a minute that nothing waits.
const CALLS_PER_MINUTE: u32 = 100_000;

fn make(load: &Load, base_url: &str) -> Box<dyn Users> {
    let calls = load.calls.unwrap_or(CALLS_PER_MINUTE);
    let limits = Limits { calls, ..Limits::BOUNDLESS };
    let mut support = Support::new(Profile { seed: load.seed, base_url: base_url.to_owned(), limits, ..Profile::default() });
    support.load(&Population::new(load.seed), load.people.clone(), load.at);
    Box::new(support)
}

fn settings(base_url: &str, calls: Option<u32>) -> BTreeMap<String, String> {
    let calls = calls.unwrap_or(CALLS_PER_MINUTE).to_string();
    [("subdomain", "acme"), ("base_url", base_url), ("calls_per_minute", &calls), ("exports_per_minute", &calls)]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into()
}

fn contact(simulator: &mut dyn Simulator, now: Timestamp) -> Option<String> {
    use base64::Engine as _;
    let authorization = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{OWNER_EMAIL}/token:{API_TOKEN}")));
    let request = http::Request::get("/api/v2/users.json?role=agent&per_page=1").header("authorization", authorization);
    let answer: Json = serde_json::from_slice(simulator.handle(now, &request.body(bytes::Bytes::new()).ok()?).body()).ok()?;
    answer.pointer("/users/0/id").unwrap_or(&json!(null)).as_i64().map(|id| id.to_string())
}
