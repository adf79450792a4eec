//! What the simulator answers has the members that the vendor was recorded to answer.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::Client;

/// The members of a recorded user (`/users/me` and the incremental export; fact sheet §2.1).
const RECORDED: &[&str] = &[
    "id",
    "url",
    "name",
    "email",
    "created_at",
    "updated_at",
    "time_zone",
    "iana_time_zone",
    "phone",
    "shared_phone_number",
    "photo",
    "locale_id",
    "locale",
    "organization_id",
    "role",
    "verified",
    "external_id",
    "tags",
    "alias",
    "active",
    "shared",
    "shared_agent",
    "last_login_at",
    "two_factor_auth_enabled",
    "signature",
    "details",
    "notes",
    "role_type",
    "custom_role_id",
    "moderator",
    "ticket_restriction",
    "only_private_comments",
    "restricted_agent",
    "suspended",
    "default_group_id",
    "report_csv",
    "user_fields",
];

fn members(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn users_have_the_recorded_members_and_no_others() {
    let mut client = Client::loaded(3);
    let me = client.get("users/me").body["user"].clone();
    let mut with_token: BTreeSet<&str> = RECORDED.iter().copied().collect();
    with_token.insert("authenticity_token");
    assert_eq!(members(&me), with_token);
    let export = client.get("incremental/users/cursor?start_time=0").body;
    assert_eq!(members(&export), ["users", "after_url", "after_cursor", "before_url", "before_cursor", "end_of_stream"].into());
    assert_eq!(members(&export["users"][0]), RECORDED.iter().copied().collect());
}

#[test]
fn refusals_have_the_recorded_shapes() {
    let mut client = Client::new();
    assert_eq!(client.get("users/1").body, json!({"error": "RecordNotFound", "description": "Not found"}));
    assert_eq!(client.get("nothing").body, json!({"error": "InvalidEndpoint", "description": "Not found"}));
    let blank = client.post("users", json!({"user": {"name": ""}})).body;
    let details = json!({"name": [{"description": "Name: cannot be blank", "error": "BlankValue"}]});
    assert_eq!(blank, json!({"error": "RecordInvalid", "description": "Record validation errors", "details": details}));
    let agent = client.agent("Ida", "ida@acme.example");
    client.sign_in_as(agent);
    let forbidden = "You do not have access to this page. Please contact the account owner of this help desk for further help.";
    assert_eq!(client.get("webhooks").body, json!({"error": {"title": "Forbidden", "message": forbidden}}));
}
