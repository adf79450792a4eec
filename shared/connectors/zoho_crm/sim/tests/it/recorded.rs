//! What the simulator answers has the members, and the types, that were recorded.

use std::path::Path;

use serde_json::{Value as Json, json};
use syncline_zoho_crm_sim::Profile;

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

/// Every member that was recorded is answered, of its type; where null was recorded, anything may stand.
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
fn answers_are_as_recorded() {
    let mut desk = Desk::new(Profile::default());
    let id = desk.contacts(&["a", "b"]).remove(0);
    let list = recorded("contacts.json");
    let mut wanted = list.clone();
    // A custom field of that organisation's.
    wanted["data"][0].as_object_mut().unwrap().remove("Assistant");
    covers(&wanted, &desk.get("/crm/v8/Contacts?fields=Full_Name,Created_By,Created_Time").1, "contacts");
    let made = desk.ask("POST", "/crm/v8/Leads", &json!({"data": [{"Last_Name": "L", "Company": "C"}]})).1;
    covers(&recorded("leads-write.json"), &made, "leads");
    assert_eq!(made["data"][0]["message"], recorded("leads-write.json")["data"][0]["message"]);
    let changed = desk.ask("PUT", &format!("/crm/v8/Contacts/{id}"), &json!({"data": [{"Title": "x"}]})).1;
    covers(&recorded("updatecontact.json"), &changed, "update");
    assert_eq!(desk.get("/crm/v8/Nothing?fields=Name").1, recorded("unsupportedread.json"));
}
