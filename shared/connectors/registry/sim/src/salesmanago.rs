//! SALESmanago's simulator: an account with limits that nobody reaches.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use syncline_model::Timestamp;
use syncline_salesmanago_sim::{API_KEY, API_SECRET, CLIENT_ID, OWNER_EMAIL, Profile, Salesmanago, signature};
use syncline_simulator::{Population, Simulator, Users};

use crate::{Load, Simulated};

pub(crate) const SIMULATED: Simulated = Simulated {
    system: "salesmanago",
    make,
    settings,
    server: None,
    secrets: &[("client_id", CLIENT_ID), ("api_key", API_KEY), ("api_secret", API_SECRET), ("webhook_secret", "simulator-webhook")],
    // All calls are POST: those that read say so in their path.
    writes: |request| !READS.iter().any(|read| request.uri().path().contains(read)),
    contact,
    edit: |base_url, id| {
        let body = signed(&json!({"contactId": id, "contact": {"name": "Ada Newname"}}));
        format!("curl -s -X POST -H 'content-type: application/json' -d '{body}' {base_url}/api/contact/update")
    },
    show: |base_url, id| {
        let body = signed(&json!({"contactId": [id]}));
        format!("curl -s -X POST -H 'content-type: application/json' -d '{body}' {base_url}/api/contact/listAllById")
    },
};

const READS: [&str; 6] = ["/list", "/basic", "/paginated", "/modified", "/created", "/user/"];
/// So many calls a minute that nothing waits.
const CALLS_PER_MINUTE: u32 = 100_000;

fn make(load: &Load, base_url: &str) -> Box<dyn Users> {
    let calls_per_minute = load.calls.unwrap_or(CALLS_PER_MINUTE);
    let mut account = Salesmanago::new(Profile { seed: load.seed, base_url: base_url.to_owned(), calls_per_minute, ..Profile::default() });
    account.load(&Population::new(load.seed), load.people.clone(), load.at);
    Box::new(account)
}

fn settings(base_url: &str, calls: Option<u32>) -> BTreeMap<String, String> {
    let calls = calls.unwrap_or(CALLS_PER_MINUTE).to_string();
    let settings = [
        ("server", "app2"),
        ("owner", OWNER_EMAIL),
        ("base_url", base_url),
        ("calls_per_minute", &calls),
        // As this simulated account empties a field.
        ("clearing", "empty"),
        ("properties", "nickname"),
    ];
    settings.map(|(name, text)| (name.to_owned(), text.to_owned())).into()
}

/// The body with what every call carries.
fn signed(body: &Json) -> Json {
    let mut body = body.clone();
    for (name, value) in [
        ("clientId", CLIENT_ID.to_owned()),
        ("apiKey", API_KEY.to_owned()),
        ("sha", signature(API_KEY, CLIENT_ID, API_SECRET)),
        ("owner", OWNER_EMAIL.to_owned()),
    ] {
        body[name] = json!(value);
    }
    body["requestTime"] = json!(0);
    body
}

fn contact(simulator: &mut dyn Simulator, now: Timestamp) -> Option<String> {
    let body = signed(&json!({"page": 1, "size": 1}));
    let request = http::Request::post("/api/contact/paginatedListById").header("content-type", "application/json");
    let answer: Json = serde_json::from_slice(simulator.handle(now, &request.body(body.to_string().into()).ok()?).body()).ok()?;
    answer.pointer("/contacts/0/id")?.as_str().map(str::to_owned)
}
