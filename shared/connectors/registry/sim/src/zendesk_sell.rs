//! Zendesk Sell's simulator: a Growth account, with limits that nobody reaches.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use serde_json::Value as Json;
use syncline_model::Timestamp;
use syncline_simulator::{Population, Simulator, Users};
use syncline_zendesk_sell_sim::{ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, CustomField, Limits, Profile, Sell};

use crate::{Load, Simulated};

pub(crate) const SIMULATED: Simulated = Simulated {
    system: "zendesk_sell",
    make,
    settings,
    secrets: &[("access_token", ACCESS_TOKEN), ("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)],
    writes: |request| request.method() != Method::GET,
    contact,
    edit: |base_url, id| {
        format!(
            "curl -s -A curl -H 'authorization: Bearer {ACCESS_TOKEN}' -X PUT -H 'content-type: application/json' -d '{{\"data\":{{\"title\":\"Boss\"}}}}' {base_url}/v2/contacts/{id}"
        )
    },
    show: |base_url, id| format!("curl -s -A curl -H 'authorization: Bearer {ACCESS_TOKEN}' {base_url}/v2/contacts/{id}"),
};

/// So many calls a second that nothing waits.
const CALLS_PER_SECOND: u32 = 100_000;
/// A text by which lists can be narrowed, as an administrator makes it.
const LINK_FIELD: &str = "external_id";

fn make(load: &Load, base_url: &str) -> Box<dyn Users> {
    let limits = load.calls.map_or(Limits::BOUNDLESS, |calls_per_second| Limits { calls_per_second, ..Limits::BOUNDLESS });
    let mut sell = Sell::new(Profile { seed: load.seed, base_url: base_url.to_owned(), limits, ..Profile::default() });
    if load.provisioned {
        for kind in ["contact", "lead", "deal"] {
            sell.add_custom_field(kind, CustomField::new(LINK_FIELD, "string").filterable());
        }
    }
    sell.load(&Population::new(load.seed), load.people.clone(), load.companies.clone(), load.at);
    Box::new(sell)
}

fn settings(base_url: &str, calls: Option<u32>) -> BTreeMap<String, String> {
    let calls = calls.unwrap_or(CALLS_PER_SECOND).to_string();
    [("base_url", base_url), ("calls_per_minute", &calls)].map(|(name, text)| (name.to_owned(), text.to_owned())).into()
}

fn contact(simulator: &mut dyn Simulator, now: Timestamp) -> Option<String> {
    let request =
        http::Request::get("/v2/contacts?per_page=1&is_organization=false").header("authorization", format!("Bearer {ACCESS_TOKEN}"));
    let request = request.header("user-agent", "Syncline").body(Bytes::new()).ok()?;
    let answer: Json = serde_json::from_slice(simulator.handle(now, &request).body()).ok()?;
    answer.pointer("/items/0/data/id")?.as_i64().map(|id| id.to_string())
}
