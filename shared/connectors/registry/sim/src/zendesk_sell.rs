//! Zendesk Sell's simulator: an account with Firehose, and limits that nobody reaches.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value as Json, json};
use syncline_model::Timestamp;
use syncline_simulator::{Fields, Population, Simulator, Users};
use syncline_zendesk_sell_sim::{ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, CustomField, Limits, Profile, REFRESH_TOKEN, Sell};

use crate::{Load, Simulated};

pub(crate) const SIMULATED: Simulated = Simulated {
    system: "zendesk_sell",
    make,
    settings,
    server: None,
    secrets: &[
        ("access_token", ACCESS_TOKEN),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("refresh_token", REFRESH_TOKEN),
    ],
    writes: |request| request.method() != Method::GET,
    contact,
    edit: |base_url, id| {
        format!(
            "curl -s -H 'authorization: Bearer {ACCESS_TOKEN}' -X PUT -H 'content-type: application/json' -d '{{\"data\":{{\"title\":\"Head of everything\"}}}}' {base_url}/v2/contacts/{id}"
        )
    },
    show: |base_url, id| format!("curl -s -H 'authorization: Bearer {ACCESS_TOKEN}' {base_url}/v2/contacts/{id}"),
};

/// So many calls a minute that nothing waits.
const CALLS_PER_MINUTE: u32 = 100_000;
/// An organisation that is there from the start: deals and notes must belong to somebody.
const HOUSE: &str = "House account";

fn make(load: &Load, base_url: &str) -> Box<dyn Users> {
    // The vendor counts by the second. Its events come at once here; that they may be late is tried in the connector's own tests.
    let limits = load.calls.map_or(Limits::BOUNDLESS, |calls| Limits { calls_per_second: calls.div_ceil(60), ..Limits::BOUNDLESS });
    let mut sell = Sell::new(Profile { seed: load.seed, base_url: base_url.to_owned(), limits, firehose_lag_s: 0, ..Profile::default() });
    if load.provisioned {
        let house = Fields::from([("name".to_owned(), json!(HOUSE)), ("is_organization".to_owned(), json!(true))]);
        let made = sell.create(load.at, "contact", &house);
        debug_assert!(made.is_ok(), "{made:?}");
        for kind in ["contact", "lead", "deal"] {
            sell.add_custom_field(kind, CustomField::new("Remark", "string"));
            sell.add_custom_field(kind, CustomField::new("External id", "string").filterable());
        }
    }
    sell.load(&Population::new(load.seed), load.people.clone(), load.companies.clone(), load.at);
    Box::new(sell)
}

fn settings(base_url: &str, calls: Option<u32>) -> BTreeMap<String, String> {
    let calls = calls.unwrap_or(CALLS_PER_MINUTE).to_string();
    [("base_url", base_url), ("calls_per_minute", &calls)].map(|(name, text)| (name.to_owned(), text.to_owned())).into()
}

fn contact(simulator: &mut dyn Simulator, now: Timestamp) -> Option<String> {
    let request = http::Request::get("/v2/contacts?per_page=1&is_organization=false")
        .header("authorization", format!("Bearer {ACCESS_TOKEN}"))
        .header("user-agent", "syncline");
    let answer: Json = serde_json::from_slice(simulator.handle(now, &request.body(bytes::Bytes::new()).ok()?).body()).ok()?;
    answer.pointer("/items/0/data/id")?.as_i64().map(|id| id.to_string())
}
