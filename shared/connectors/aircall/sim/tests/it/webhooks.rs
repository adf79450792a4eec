//! Webhooks: how they are managed, what they hear, and what becomes of those that do not answer.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use syncline_aircall_sim::{CATALOGUE, Profile, Setting};
use syncline_simulator::Users;

use crate::desk::Desk;

const STATUS: &[&str] = &["user.opened.v2", "user.closed.v2"];

#[test]
fn a_webhook_keeps_its_token_and_without_events_hears_everything() {
    let mut desk = Desk::new(Profile::default());
    let (id, token) = desk.hook(&["user.opened.v2", "call.ended"]);
    assert_eq!(token.len(), 32);
    let path = format!("/v1/webhooks/{id}");
    let read = desk.get(&path)["webhook"].clone();
    assert_eq!(
        (read["token"].as_str(), read["id"].is_i64(), &read["events"]),
        (Some(token.as_str()), true, &json!(["user.opened.v2", "call.ended"]))
    );
    let events = |desk: &mut Desk, query: &str, body: Json| {
        let (status, body) = desk.ask("PUT", &format!("{path}{query}"), &body);
        assert_eq!(status, 200, "{body}");
        body["webhook"]["events"].as_array().unwrap().len()
    };
    assert_eq!(events(&mut desk, "?events_action=add", json!({"events": ["user.closed.v2", "call.ended"]})), 3);
    assert_eq!(events(&mut desk, "?events_action=remove", json!({"events": ["call.ended"]})), 2);
    assert_eq!(events(&mut desk, "", json!({"active": true})), CATALOGUE.len(), "a change without events subscribes to all");
    assert_eq!(desk.get(&path)["webhook"]["token"].as_str(), Some(token.as_str()));
    let list = desk.get("/v1/webhooks");
    assert!(list["meta"].get("next_page_link").is_none() && list["webhooks"].as_array().unwrap().len() == 1);
    assert_eq!(desk.ask("DELETE", &path, &Json::Null).0, 204);
    assert_eq!(desk.ask("GET", &path, &Json::Null).0, 404);
    for wrong in [json!({}), json!({"url": "http://plain.example"}), json!({"url": "https://x.example", "events": ["user.updated"]})] {
        assert_eq!(desk.ask("POST", "/v1/webhooks", &wrong).0, 400, "{wrong}");
    }
    for _ in 0..100 {
        desk.hook(&[]);
    }
    assert_eq!(desk.ask("POST", "/v1/webhooks", &json!({"url": "https://x.example"})).0, 400, "a company has at most a hundred");
}

#[test]
fn closing_is_told_twice_where_there_are_reasons_and_an_own_change_comes_back() {
    let mut desk = Desk::new(Profile::default());
    let id = desk.user(1);
    let (_, token) = desk.hook(STATUS);
    let change = json!({"availability_status": "unavailable", "substatus": "in_training"});
    desk.ask("PUT", &format!("/v2/users/{id}"), &change);
    let told = desk.post(Some(200));
    assert_eq!(told.len(), 2);
    assert!(
        told.iter()
            .all(|event| event["event"] == json!("user.closed.v2") && event["token"] == json!(token) && event["resource"] == json!("user"))
    );
    assert!(told[0]["data"].get("substatus").is_none() && told[1]["data"]["substatus"] == json!("in_training"));
    assert_eq!(told[0]["timestamp"].as_i64(), Some(desk.now.as_second()));
    assert_eq!(told[0]["data"]["availability_status"], json!("unavailable"));
    desk.ask("PUT", &format!("/v2/users/{id}"), &change);
    assert_eq!(desk.events().len(), 2, "a change by the API that changes nothing is told all the same");
    desk.aircall.set_substatuses(false);
    desk.aircall.set_status(desk.now, id, Setting::AVAILABLE);
    desk.aircall.set_status(desk.now, id, Setting::UNAVAILABLE);
    desk.aircall.set_status(desk.now, id, Setting::UNAVAILABLE);
    assert_eq!(desk.events(), ["user.opened.v2", "user.closed.v2"]);
}

#[test]
fn hours_are_told_of_those_who_follow_them() {
    let mut desk = Desk::new(Profile::default());
    let (follows, not) = (desk.user(1), desk.user(2));
    desk.aircall.set_status(desk.now, follows, Setting::CUSTOM);
    desk.hook(STATUS);
    assert!(desk.aircall.set_hours(desk.now, follows, false) && !desk.aircall.set_hours(desk.now, not, false));
    assert!(desk.aircall.set_hours(desk.now, follows, true));
    let told = desk.post(Some(200));
    let names: Vec<&str> = told.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["user.closed.v2", "user.closed.v2", "user.opened.v2"]);
    assert!(
        told.iter().all(|event| event["data"]["availability_status"] == json!("custom") && event["data"]["id"].as_i64() == Some(follows))
    );
}

#[test]
fn a_call_is_told_from_its_beginning_to_half_a_minute_after_its_end() {
    let mut desk = Desk::new(Profile::default());
    let id = desk.user(1);
    desk.ask("PUT", &format!("/v2/users/{id}"), &json!({"wrap_up_time": 10}));
    desk.hook(&[]);
    desk.aircall.start_call(desk.now, id).unwrap();
    assert_eq!(desk.events(), ["call.created", "call.ringing_on_agent", "call.answered"]);
    desk.pass(60);
    desk.aircall.hang_up(desk.now, id);
    let told = desk.post(Some(200));
    assert_eq!(told[0]["event"], json!("call.hungup"));
    assert!(told[0]["data"]["user"].get("availability_status").is_none() && told[0]["data"]["user"]["id"].as_i64() == Some(id));
    assert_eq!((told[0]["data"]["duration"].as_i64(), told[1]["event"].as_str()), (Some(60), Some("user.wut_start.v2")));
    desk.pass(10);
    assert_eq!(desk.events(), ["user.wut_end.v2"]);
    desk.pass(19);
    assert_eq!(desk.events(), Vec::<String>::new());
    desk.pass(1);
    assert_eq!(desk.events(), ["call.ended"]);
}

#[test]
fn both_names_of_an_event_can_be_asked_for() {
    let mut desk = Desk::new(Profile::default());
    desk.hook(&["user.created", "user.created.v2", "user.deleted.v2", "user.connected.v2", "user.disconnected.v2"]);
    let id = desk.user(1);
    assert_eq!(desk.events(), ["user.created.v2", "user.created"]);
    desk.aircall.log_out(desk.now, id);
    desk.aircall.log_in(desk.now, id);
    desk.aircall.delete(desk.now, "user", &id.to_string()).unwrap();
    assert_eq!(desk.events(), ["user.disconnected.v2", "user.connected.v2", "user.deleted.v2"]);
}

#[test]
fn what_fails_comes_again_and_too_many_failures_switch_the_webhook_off() {
    let mut desk = Desk::new(Profile::default());
    let id = desk.user(1);
    let (hook, _) = desk.hook(STATUS);
    let active = |desk: &mut Desk| desk.get(&format!("/v1/webhooks/{hook}"))["webhook"]["active"].as_bool().unwrap();
    desk.aircall.set_substatuses(false);
    desk.aircall.set_status(desk.now, id, Setting::UNAVAILABLE);
    assert_eq!(desk.post(None).len(), 1);
    assert!(desk.post(None).is_empty(), "not at once");
    desk.pass(60);
    assert_eq!(desk.post(Some(500)).len(), 1);
    for _ in 0..48 {
        assert!(active(&mut desk));
        desk.pass(60);
        desk.post(Some(503));
    }
    assert!(!active(&mut desk), "fifty failures in a row");
    desk.pass(60);
    assert_eq!(desk.post(Some(200)).len(), 1, "it is tried still");
    assert!(active(&mut desk), "one success switches it on");
    assert_eq!(desk.aircall.undelivered(), 0);
}

#[test]
fn events_of_a_long_silence_are_lost_until_it_is_switched_on_again() {
    let mut desk = Desk::new(Profile::default());
    let id = desk.user(1);
    let (hook, _) = desk.hook(STATUS);
    desk.aircall.set_substatuses(false);
    desk.aircall.set_status(desk.now, id, Setting::UNAVAILABLE);
    for _ in 0..50 {
        desk.post(None);
        desk.pass(60);
    }
    desk.pass(13 * 3600);
    assert!(desk.post(Some(200)).is_empty(), "an event is tried for twelve hours");
    desk.aircall.set_status(desk.now, id, Setting::AVAILABLE);
    assert!(desk.post(Some(200)).is_empty(), "nobody listens");
    desk.ask("PUT", &format!("/v1/webhooks/{hook}"), &json!({"active": true, "events": STATUS}));
    desk.aircall.set_status(desk.now, id, Setting::UNAVAILABLE);
    assert_eq!(desk.events(), ["user.closed.v2"]);
}

#[test]
fn an_unkind_post_repeats_and_overtakes_and_loses_nothing() {
    let mut desk = Desk::new(Profile { post_is_unkind: true, substatuses: false, ..Profile::default() });
    let id = desk.user(1);
    desk.hook(STATUS);
    let mut sent = Vec::new();
    let mut came = Vec::new();
    for number in 0..64 {
        let setting = if number % 2 == 0 { Setting::UNAVAILABLE } else { Setting::AVAILABLE };
        desk.aircall.set_status(desk.now, id, setting);
        sent.push(desk.now.as_second());
        came.extend(desk.post(Some(200)));
        desk.pass(10);
    }
    desk.pass(100);
    came.extend(desk.post(Some(200)));
    let stamps: Vec<i64> = came.iter().map(|event| event["timestamp"].as_i64().unwrap()).collect();
    assert!(stamps.len() > sent.len(), "nothing came twice");
    assert!(stamps.windows(2).any(|pair| pair[0] > pair[1]), "nothing was overtaken");
    assert_eq!(stamps.iter().copied().collect::<BTreeSet<_>>(), sent.into_iter().collect());
}
