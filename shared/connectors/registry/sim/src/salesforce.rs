//! Salesforce's simulator: an org that signs our client in with its credentials.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use serde_json::{Value as Json, json};
use syncline_model::Timestamp;
use syncline_salesforce_sim::{Profile, Salesforce};
use syncline_simulator::{Population, Request, Simulator, Users};

use crate::{Load, Simulated};

pub(crate) const SIMULATED: Simulated = Simulated {
    system: "salesforce",
    make,
    settings,
    server: None,
    secrets: &[("client_id", "simulator-client"), ("client_secret", "simulator-secret"), ("webhook_secret", "simulator-webhook")],
    writes,
    contact,
    edit: |base_url, id| {
        format!(
            "curl -s -H 'authorization: Bearer {SESSION}' -X PATCH -H 'content-type: application/json' -d '{{\"LastName\":\"Newname\"}}' {base_url}{ROOT}/sobjects/Contact/{id}"
        )
    },
    show: |base_url, id| format!("curl -s -H 'authorization: Bearer {SESSION}' {base_url}{ROOT}/sobjects/Contact/{id}"),
};

const SESSION: &str = "human-session";
const ROOT: &str = "/services/data/v66.0";
/// So many calls a day that a demonstration never meets the end of them.
const CALLS_PER_DAY: u32 = 1_000_000;

fn make(load: &Load, base_url: &str) -> Box<dyn Users> {
    let daily_calls = load.calls.unwrap_or(CALLS_PER_DAY);
    let mut salesforce = Salesforce::new(Profile { seed: load.seed, instance_url: base_url.to_owned(), daily_calls, ..Profile::default() });
    if load.provisioned {
        for (object, name) in [("Contact", "FDCONTACTID__c"), ("Account", "FDACCOUNTID__c")] {
            let label = name.trim_end_matches("__c");
            let metadata =
                json!({ "type": "Text", "label": label, "length": 40, "unique": true, "externalId": true, "caseSensitive": true });
            salesforce.add_custom_field(object, name, &metadata);
        }
    }
    salesforce.load(&Population::new(load.seed), load.people.clone(), load.companies.clone(), load.at);
    Box::new(salesforce)
}

fn settings(base_url: &str, calls: Option<u32>) -> BTreeMap<String, String> {
    let calls = calls.unwrap_or(CALLS_PER_DAY).to_string();
    [("base_url", base_url), ("login_url", base_url), ("auth", "client_credentials"), ("daily_calls", &calls)]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into()
}

/// Retrieving a collection and a composite of queries alone are posted, and read only.
fn writes(request: &Request) -> bool {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return false;
    }
    let path = request.uri().path();
    if request.method() == Method::POST && path.contains("/composite/sobjects/") {
        return false;
    }
    if !path.ends_with("/composite") {
        return true;
    }
    let parts = serde_json::from_slice::<Json>(request.body()).ok();
    let parts = parts.as_ref().and_then(|body| body.get("compositeRequest")).and_then(Json::as_array);
    parts.is_none_or(|parts| parts.iter().any(|part| part.get("method").and_then(Json::as_str) != Some("GET")))
}

fn contact(simulator: &mut dyn Simulator, now: Timestamp) -> Option<String> {
    let path = format!("{ROOT}/query?q=SELECT+Id+FROM+Contact+ORDER+BY+Id+LIMIT+1");
    let request: Request = http::Request::get(path).header("authorization", format!("Bearer {SESSION}")).body(Bytes::new()).ok()?;
    let answer: Json = serde_json::from_slice(simulator.handle(now, &request).body()).ok()?;
    answer.get("records")?.get(0)?.get("Id")?.as_str().map(str::to_owned)
}
