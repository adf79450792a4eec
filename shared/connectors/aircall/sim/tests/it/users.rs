//! Users as people and the API make, change and remove them.

use serde_json::{Value as Json, json};
use syncline_aircall_sim::Profile;
use syncline_simulator::{Fields, Users};

use crate::desk::Desk;

fn fields(pairs: &[(&str, Json)]) -> Fields {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

#[test]
fn the_api_makes_reads_changes_and_removes_a_user() {
    let mut desk = Desk::new(Profile::default());
    let (status, made) = desk.ask("POST", "/v2/users", &json!({"email": "Ada@acme.example", "first_name": "Ada", "last_name": "Example"}));
    let id = made["user"]["id"].as_i64().unwrap();
    assert_eq!((status, made["user"]["name"].as_str()), (201, Some("Ada Example")));
    assert_eq!(desk.get("/v2/users/ada%40acme.example")["user"]["id"].as_i64(), Some(id), "by address too");
    assert_eq!(desk.ask("POST", "/v2/users", &json!({"email": "ADA@acme.example"})).0, 400);
    assert_eq!(desk.ask("POST", "/v2/users", &json!({"email": "certainly no address"})).0, 400);
    let changed = desk.ask("PUT", &format!("/v2/users/{id}"), &json!({"last_name": "Newname", "role_ids": [1]})).1;
    assert_eq!(changed["user"]["name"], json!("Ada Newname"));
    assert_eq!(desk.get(&format!("/v2/users/{id}/numbers"))["numbers"], json!([]));
    assert_eq!(desk.ask("DELETE", &format!("/v1/users/{id}"), &Json::Null).0, 204);
    for method in ["GET", "PUT"] {
        assert_eq!(desk.ask(method, &format!("/v2/users/{id}"), &json!({})).0, 404);
    }
}

#[test]
fn people_type_users_in() {
    let mut desk = Desk::new(Profile::default());
    let now = desk.now;
    let id =
        desk.aircall.create(now, "user", &fields(&[("name", json!("Zoë O'Neill-Şahin")), ("email", json!("zoe@acme.example"))])).unwrap();
    desk.aircall
        .edit(now, "user", &id, &fields(&[("availability_status", json!("unavailable")), ("substatus", json!("on_a_break"))]))
        .unwrap();
    let live = desk.aircall.live("user");
    assert_eq!((live[&id]["name"].as_str(), live[&id]["substatus"].as_str()), (Some("Zoë O'Neill-Şahin"), Some("on_a_break")));
    let other = desk.user(1).to_string();
    for (target, wrong) in [
        (&id, ("email", json!("agent1@ACME.example"))),
        (&id, ("email", json!("no address"))),
        (&id, ("name", json!("  "))),
        (&id, ("availability_status", json!("online"))),
        (&id, ("shoe_size", json!(44))),
        (&"1".to_owned(), ("name", json!("Nobody"))),
    ] {
        let (name, value) = wrong;
        assert!(desk.aircall.edit(now, "user", target, &fields(&[(name, value)])).is_err(), "{name}");
    }
    assert!(desk.aircall.create(now, "user", &fields(&[("email", json!("agent1@acme.example"))])).is_err());
    assert!(desk.aircall.create(now, "contact", &fields(&[])).is_err());
    assert!(desk.aircall.merge(now, "user", &id, &other).is_err());
    desk.aircall.delete(now, "user", &other).unwrap();
    assert!(desk.aircall.restore(now, "user", &other).is_err() && !desk.aircall.live("user").contains_key(&other));
}
