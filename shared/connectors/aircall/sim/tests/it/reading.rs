//! Lists, pages, and the end of the first version.

use serde_json::{Value as Json, json};
use syncline_aircall_sim::{FirstVersion, Profile};
use syncline_simulator::Population;

use crate::desk::Desk;

#[test]
fn a_list_is_read_by_its_links_and_has_twenty_rows_a_page_unless_asked() {
    let mut desk = Desk::new(Profile::default());
    let ids: Vec<i64> = (0..47).map(|number| desk.user(number)).collect();
    let first = desk.get("/v2/users");
    assert_eq!(first["users"].as_array().unwrap().len(), 20);
    assert_eq!((first["meta"]["total"].as_u64(), first["meta"]["previous_page_link"].is_null()), (Some(47), true));
    let mut seen = Vec::new();
    let mut next = Some("/v2/users?per_page=20".to_owned());
    while let Some(path) = next {
        let page = desk.get(&path);
        seen.extend(page["users"].as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap()));
        let link = page["meta"]["next_page_link"].as_str();
        next = link.map(|link| link.strip_prefix("https://api.aircall.io").unwrap().to_owned());
    }
    assert_eq!(seen, ids);
    assert_eq!(desk.get("/v2/users?per_page=50")["users"].as_array().unwrap().len(), 47);
    let backwards = desk.get("/v2/users?order=desc&per_page=1");
    assert_eq!(backwards["users"][0]["id"].as_i64(), ids.last().copied());
    for wrong in ["per_page=51", "per_page=0", "page=0", "page=x", "order=up"] {
        assert_eq!(desk.ask("GET", &format!("/v2/users?{wrong}"), &Json::Null).0, 400, "{wrong}");
    }
}

#[test]
fn a_deletion_pulls_the_rows_behind_it_up() {
    let mut desk = Desk::new(Profile::default());
    let ids: Vec<i64> = (0..6).map(|number| desk.user(number)).collect();
    let page = |desk: &mut Desk, page: u32| {
        let page = desk.get(&format!("/v2/users?per_page=3&page={page}"));
        page["users"].as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(page(&mut desk, 1), ids[..3]);
    assert_eq!(desk.ask("DELETE", &format!("/v1/users/{}", ids[0]), &Json::Null).0, 204);
    assert_eq!(page(&mut desk, 2), ids[4..], "whoever goes by page numbers misses one");
}

#[test]
fn the_first_version_has_ended_but_for_what_has_no_twin() {
    for (first_version, status) in [(FirstVersion::Gone, 410), (FirstVersion::Missing, 404), (FirstVersion::Serves, 200)] {
        let mut desk = Desk::new(Profile { first_version, ..Profile::default() });
        let id = desk.user(1);
        for path in ["/v1/users".to_owned(), format!("/v1/users/{id}")] {
            assert_eq!(desk.ask("GET", &path, &Json::Null).0, status, "{path}");
        }
        assert_eq!(desk.get(&format!("/v1/users/{id}/availability")), json!({"availability": "available"}));
        assert_eq!(desk.get("/v1/users/availabilities")["users"], json!([{"availability": "available", "id": id}]));
        assert_eq!(desk.ask("POST", &format!("/v1/users/{id}/dial"), &json!({"to": "+4930555"})).0, 204);
        assert_eq!(desk.ask("PUT", "/v1/users/availabilities", &json!({})).0, if status == 200 { 404 } else { status });
    }
}

#[test]
fn a_loaded_company_has_every_kind_of_status_and_capitals_in_addresses() {
    let mut desk = Desk::new(Profile::default());
    let people = Population::new(7);
    desk.aircall.load(&people, 0..60, desk.now);
    assert_eq!(desk.aircall.user_ids().len(), 60);
    let mut users = desk.get("/v2/users?per_page=50")["users"].as_array().unwrap().clone();
    users.extend(desk.get("/v2/users?per_page=50&page=2")["users"].as_array().unwrap().clone());
    for (member, values) in
        [("availability_status", vec!["available", "custom", "unavailable"]), ("substatus", vec!["out_for_lunch", "always_closed"])]
    {
        for value in values {
            assert!(users.iter().any(|user| user[member] == json!(value)), "nobody has {value}");
        }
    }
    let email = people.person(3).email;
    assert!(users.iter().any(|user| user["email"] == json!(email.to_uppercase())));
    assert!(desk.aircall.user_with_email(&email).is_some());
    let same = users.iter().any(|user| user["availability_status"] == json!("available") && user["available"] == json!(false));
    assert!(same, "somebody is available and not logged in");
}

#[test]
fn teams_hold_users_without_a_substatus() {
    let mut desk = Desk::new(Profile::default());
    let user = desk.user(1);
    let (status, team) = desk.ask("POST", "/v1/teams", &json!({"name": "Support"}));
    let id = team["team"]["id"].as_i64().unwrap();
    assert_eq!(status, 201);
    assert_eq!(desk.ask("POST", "/v1/teams", &json!({"name": "Support"})).0, 400);
    let (status, team) = desk.ask("POST", &format!("/v1/teams/{id}/users/{user}"), &Json::Null);
    assert_eq!((status, team["team"]["users"][0]["id"].as_i64()), (200, Some(user)));
    assert!(team["team"]["users"][0].get("substatus").is_none());
    assert_eq!(desk.ask("DELETE", &format!("/v1/teams/{id}/users/{user}"), &Json::Null).1["team"]["users"], json!([]));
    assert_eq!(desk.get("/v1/company")["company"]["users_count"], json!(1));
    assert_eq!(desk.ask("GET", "/v1/contacts", &Json::Null).0, 404);
    assert_eq!(desk.ask("PATCH", "/v2/users", &json!({})).0, 405);
}
