//! Freshdesk's simulator: an account of a plan without narrow limits.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use serde_json::{Value as Json, json};
use syncline_freshdesk_sim::{Freshdesk, HUMAN_KEY, Profile};
use syncline_model::Timestamp;
use syncline_simulator::{Population, Request, Simulator, Users};

use crate::{Load, Simulated};

pub(crate) const SIMULATED: Simulated = Simulated {
    system: "freshdesk",
    make,
    settings,
    server: None,
    secrets: &[("api_key", syncline_freshdesk_sim::INTEGRATION_KEY), ("webhook_secret", "simulator-webhook")],
    writes: |request| request.method() != Method::GET,
    contact,
    edit: |base_url, id| {
        format!(
            "curl -s -u {HUMAN_KEY}:x -X PUT -H 'content-type: application/json' -d '{{\"name\":\"Ada Newname\"}}' {base_url}/api/v2/contacts/{id}"
        )
    },
    show: |base_url, id| format!("curl -s -u {HUMAN_KEY}:x {base_url}/api/v2/contacts/{id}"),
};

/// So many calls a minute that a first run of ten thousand people waits for nothing.
const CALLS_PER_MINUTE: u32 = 100_000;

fn make(load: &Load, _base_url: &str) -> Box<dyn Users> {
    let calls = load.calls.unwrap_or(CALLS_PER_MINUTE);
    let profile = Profile {
        seed: load.seed,
        calls_per_minute: calls,
        contacts_list_per_minute: calls,
        tickets_list_per_minute: calls,
        ..Profile::default()
    };
    let mut freshdesk = Freshdesk::new(profile);
    if load.provisioned {
        let contact = json!({ "label": "SFCONTACTID", "label_for_customers": "SFCONTACTID", "type": "custom_text", "unique": true });
        // Companies have no side that customers see.
        let company = json!({ "label": "SFACCOUNTID", "type": "custom_text", "unique": true });
        for (path, field) in [("contact_fields", contact), ("company_fields", company)] {
            let made = freshdesk.as_person(load.at, &Method::POST, path, &field);
            debug_assert!(made.status().is_success(), "{path}: {}", made.status());
        }
    }
    freshdesk.load(&Population::new(load.seed), load.people.clone(), load.companies.clone(), load.at);
    Box::new(freshdesk)
}

fn settings(base_url: &str, calls: Option<u32>) -> BTreeMap<String, String> {
    let calls = calls.unwrap_or(CALLS_PER_MINUTE).to_string();
    [("domain", "acme"), ("base_url", base_url), ("calls_per_minute", &calls), ("contacts_list_per_minute", &calls)]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into()
}

fn contact(simulator: &mut dyn Simulator, now: Timestamp) -> Option<String> {
    let authorization = format!("Basic {}", STANDARD.encode(format!("{HUMAN_KEY}:x")));
    let request: Request =
        http::Request::get("/api/v2/contacts?per_page=1").header("authorization", authorization).body(Bytes::new()).ok()?;
    let answer: Json = serde_json::from_slice(simulator.handle(now, &request).body()).ok()?;
    answer.get(0)?.get("id")?.as_i64().map(|id| id.to_string())
}
