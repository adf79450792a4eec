//! What the simulator answers has the members, and the types, that were recorded.

use std::path::Path;

use serde_json::{Value as Json, json};
use syncline_aircall_sim::{FirstVersion, Profile};

use crate::desk::Desk;

fn recorded(file: &str) -> Json {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(file);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn type_name(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "text",
        Json::Array(_) => "list",
        Json::Object(_) => "object",
    }
}

/// Every member that was recorded is answered, of its type; `null` may stand for a text.
fn covers(recorded: &Json, answered: &Json, path: &str) {
    match (recorded, answered) {
        (Json::Object(recorded), Json::Object(answered)) => {
            for (name, value) in recorded {
                let own = answered.get(name).unwrap_or_else(|| panic!("{path}.{name} is not answered"));
                covers(value, own, &format!("{path}.{name}"));
            }
        }
        (Json::Array(recorded), Json::Array(answered)) => {
            for (recorded, answered) in recorded.iter().zip(answered) {
                covers(recorded, answered, path);
            }
        }
        (Json::Null, _) => {}
        (recorded, answered) => assert_eq!(type_name(recorded), type_name(answered), "{path}"),
    }
}

#[test]
fn lists_of_users_are_as_recorded() {
    let mut desk = Desk::new(Profile { first_version: FirstVersion::Serves, ..Profile::default() });
    for number in 0..4 {
        desk.user(number);
    }
    for path in ["/v1/users", "/v2/users"] {
        covers(&recorded("read-users-response.json"), &desk.get(&format!("{path}?per_page=50")), path);
    }
    let page = desk.get("/v1/users?per_page=2");
    covers(&recorded("read-users-paginated-response.json"), &page, "/v1/users");
    assert_eq!(page["meta"]["next_page_link"], json!("https://api.aircall.io/v1/users?order=asc&page=2&per_page=2"));
}

#[test]
fn lists_of_teams_are_as_recorded() {
    let mut desk = Desk::new(Profile::default());
    desk.ask("POST", "/v1/teams", &json!({"name": "Support"}));
    covers(&recorded("read-teams-response.json"), &desk.get("/v1/teams?per_page=50"), "/v1/teams");
}
