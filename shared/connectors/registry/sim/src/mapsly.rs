//! Mapsly's simulator: an account with limits that nobody reaches.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use syncline_mapsly_sim::{API_KEY, ENTITIES, Mapsly, Profile};
use syncline_model::Timestamp;
use syncline_simulator::{Population, Simulator, Users};

use crate::{Load, Simulated};

pub(crate) const SIMULATED: Simulated = Simulated {
    system: "mapsly",
    make,
    settings,
    server: None,
    secrets: &[("api_key", API_KEY)],
    // Every operation writes, the GETs too.
    writes: |_| true,
    contact,
    edit: |base_url, id| {
        format!(
            "curl -s -X POST -H 'authorization: Bearer {API_KEY}' -d 'name=Ada%20Newname' '{base_url}/v1/updaterecord?entity=Contacts&id={id}'"
        )
    },
    show: |_, id| format!("echo 'Mapsly gives no record back: {id} is seen on the map alone'"),
};

/// So many calls a minute that nothing waits.
const CALLS_PER_MINUTE: u32 = 100_000;

fn make(load: &Load, _base_url: &str) -> Box<dyn Users> {
    let calls_per_minute = load.calls.unwrap_or(CALLS_PER_MINUTE);
    let mut account = Mapsly::new(Profile { calls_per_minute, ..Profile::default() });
    account.load(&Population::new(load.seed), load.people.clone());
    Box::new(account)
}

fn settings(base_url: &str, calls: Option<u32>) -> BTreeMap<String, String> {
    let calls = calls.unwrap_or(CALLS_PER_MINUTE).to_string();
    let settings = [("entities", ENTITIES), ("base_url", base_url), ("calls_per_minute", &calls)];
    settings.map(|(name, text)| (name.to_owned(), text.to_owned())).into()
}

/// Nothing lists records: one that is written without a field says whether it was there, and goes again if it was not.
fn contact(simulator: &mut dyn Simulator, now: Timestamp) -> Option<String> {
    let id = "1000";
    let mut ask = |operation: &str| -> Option<Json> {
        let request = http::Request::get(format!("/v1/{operation}?entity=Contacts&id={id}"));
        let request = request.header("authorization", format!("Bearer {API_KEY}")).body(bytes::Bytes::new()).ok()?;
        serde_json::from_slice(simulator.handle(now, &request).body()).ok()
    };
    let was_there = ask("updaterecord")?.pointer("/results/0/status")?.as_str()? == "updated";
    if !was_there {
        ask("deleterecord")?;
    }
    was_there.then(|| id.to_owned())
}
