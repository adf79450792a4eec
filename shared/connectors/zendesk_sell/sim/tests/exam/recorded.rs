//! What the simulator answers has the members that the vendor was recorded to answer (zendesk/zendesk-sell-for-zapier; fact sheet §3).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::Client;

const USER: &[&str] = &[
    "id",
    "name",
    "email",
    "phone_number",
    "timezone",
    "created_at",
    "updated_at",
    "confirmed",
    "deleted_at",
    "role",
    "roles",
    "status",
    "invited",
    "team_name",
    "group",
    "reports_to",
    "confirmation_token",
];

fn members(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn users_notes_leads_and_contacts_have_the_recorded_members() {
    let mut client = Client::loaded(2);
    let user = client.get("v2/users/self").body["data"].clone();
    assert!(members(&user).is_superset(&USER.iter().copied().collect()));
    let contact = client.get("v2/contacts").body["items"][0].clone();
    assert!(members(&contact["data"]).is_superset(&["id", "creator_id", "owner_id", "name", "tags", "updated_at", "created_at"].into()));
    let id = contact["data"]["id"].clone();
    let note = client.post("v2/notes", json!({"content": "Hello", "resource_type": "contact", "resource_id": id})).body;
    let recorded = ["id", "content", "created_at", "updated_at", "creator_id", "resource_type", "resource_id"];
    assert!(members(&note["data"]).is_superset(&recorded.into()));
    assert_eq!(note["meta"], json!({"type": "note"}));
}

#[test]
fn refusals_have_the_recorded_shapes() {
    let mut client = Client::new();
    let page = client.get("v2/contacts?per_page=200").body;
    let details =
        "The request query parameter 'per_page' is malformed, missing, or has an invalid value (must be between 1 and 100, given: 200)";
    assert_eq!(
        page["errors"][0]["error"],
        json!({"code": "invalid_param", "message": "invalid request query parameter", "details": details})
    );
    assert_eq!(page["meta"]["http_status"], json!("400 Bad Request"));
    let unknown = client.post("v2/contacts", json!({"last_name": "A", "invalid_field": 1})).body;
    let details = "The attribute '/invalid_field' is not a known attribute for the 'contact' resource.";
    assert_eq!(
        unknown["errors"][0]["error"],
        json!({"resource": "contact", "field": "/invalid_field", "code": "unknown", "message": "unknown attribute", "details": details})
    );
    assert_eq!(unknown["meta"]["http_status"], json!("422 Unprocessable Entity"));
    let more_info = json!({"more_info": "https://developers.getbase.com/docs/rest/articles/errors"});
    assert_eq!((&unknown["meta"]["links"], &unknown["errors"][0]["meta"]["links"]), (&more_info, &more_info));
}
