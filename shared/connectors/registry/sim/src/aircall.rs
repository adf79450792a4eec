//! Aircall's simulator: a company with reasons for being unavailable, and a limit that nobody meets.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use serde_json::Value as Json;
use syncline_aircall_sim::{API_ID, API_TOKEN, Aircall, CLIENT_ID, CLIENT_SECRET, Profile};
use syncline_model::Timestamp;
use syncline_simulator::{Population, Request, Simulator, Users};

use crate::{Load, Simulated};

pub(crate) const SIMULATED: Simulated = Simulated {
    system: "aircall",
    make,
    settings,
    server: None,
    secrets: &[
        ("api_id", API_ID),
        ("api_token", API_TOKEN),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("webhook_secret", "simulator-address"),
        ("webhook_token", "simulator-webhook"),
    ],
    writes: |request| request.method() != Method::GET,
    contact,
    edit: |base_url, id| {
        format!(
            "curl -s -u {API_ID}:{API_TOKEN} -X PUT -H 'content-type: application/json' -d '{{\"availability_status\":\"unavailable\"}}' {base_url}/v2/users/{id}"
        )
    },
    show: |base_url, id| format!("curl -s -u {API_ID}:{API_TOKEN} {base_url}/v2/users/{id}"),
};

/// So many calls a minute that a first run waits for nothing.
const CALLS_PER_MINUTE: u32 = 100_000;

fn make(load: &Load, base_url: &str) -> Box<dyn Users> {
    let calls_per_minute = load.calls.unwrap_or(CALLS_PER_MINUTE);
    let mut aircall = Aircall::new(Profile { seed: load.seed, base_url: base_url.to_owned(), calls_per_minute, ..Profile::default() });
    aircall.load(&Population::new(load.seed), load.people.clone(), load.at);
    Box::new(aircall)
}

fn settings(base_url: &str, calls: Option<u32>) -> BTreeMap<String, String> {
    let calls = calls.unwrap_or(CALLS_PER_MINUTE).to_string();
    [("base_url", base_url), ("calls_per_minute", &calls)].map(|(name, text)| (name.to_owned(), text.to_owned())).into()
}

fn contact(simulator: &mut dyn Simulator, now: Timestamp) -> Option<String> {
    let authorization = format!("Basic {}", STANDARD.encode(format!("{API_ID}:{API_TOKEN}")));
    let request: Request = http::Request::get("/v2/users?per_page=50").header("authorization", authorization).body(Bytes::new()).ok()?;
    let answer: Json = serde_json::from_slice(simulator.handle(now, &request).body()).ok()?;
    // Who is available: the edit makes somebody unavailable.
    let users = answer.get("users")?.as_array()?;
    let available = users.iter().find(|user| user.get("availability_status").and_then(Json::as_str) == Some("available"));
    available.or(users.first())?.get("id")?.as_i64().map(|id| id.to_string())
}
