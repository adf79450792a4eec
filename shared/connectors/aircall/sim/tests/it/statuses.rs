//! The two layers of a user's state.

use serde_json::{Value as Json, json};
use syncline_aircall_sim::{Profile, Reason, Setting, Spelling};

use crate::desk::Desk;

fn put(desk: &mut Desk, id: i64, body: &Json) -> (u16, Json) {
    desk.ask("PUT", &format!("/v2/users/{id}"), body)
}

fn shown(desk: &mut Desk, id: i64) -> (String, String, bool) {
    let user = desk.get(&format!("/v2/users/{id}"))["user"].clone();
    let text = |name: &str| user[name].as_str().unwrap().to_owned();
    (text("availability_status"), text("substatus"), user["available"].as_bool().unwrap())
}

fn state(status: &str, substatus: &str, available: bool) -> (String, String, bool) {
    (status.to_owned(), substatus.to_owned(), available)
}

#[test]
fn what_is_set_is_read_with_the_oddities_of_the_wire() {
    let mut desk = Desk::new(Profile::default());
    let id = desk.user(1);
    assert_eq!(shown(&mut desk, id), state("available", "always_opened", true));
    let (status, body) = put(&mut desk, id, &json!({"availability_status": "unavailable", "substatus": "out_for_lunch"}));
    assert_eq!((status, &body["user"]["available"]), (200, &json!(true)), "the answer claims what does not hold");
    assert_eq!(shown(&mut desk, id), state("unavailable", "out_for_lunch", false));
    put(&mut desk, id, &json!({"availability_status": "unavailable"}));
    assert_eq!(shown(&mut desk, id), state("unavailable", "always_closed", false), "without a reason the old one is gone");
    put(&mut desk, id, &json!({"availability_status": "custom", "wrap_up_time": 30}));
    assert_eq!(shown(&mut desk, id), state("custom", "always_opened", true));
    for wrong in [
        json!({"availability_status": "online"}),
        json!({"substatus": "on_a_break"}),
        json!({"availability_status": "custom", "substatus": "on_a_break"}),
        json!({"availability_status": "unavailable", "substatus": "siesta"}),
        json!({"wrap_up_time": -1}),
        json!([1]),
    ] {
        assert_eq!(put(&mut desk, id, &wrong).0, 400, "{wrong}");
    }
    assert_eq!(shown(&mut desk, id), state("custom", "always_opened", true));
    assert_eq!(put(&mut desk, 1, &json!({})).0, 404);
}

#[test]
fn without_the_feature_a_reason_is_ignored_and_with_display_texts_it_is_spelled_out() {
    let reason = json!({"availability_status": "unavailable", "substatus": "doing_back_office"});
    let mut plain = Desk::new(Profile { substatuses: false, ..Profile::default() });
    let id = plain.user(1);
    assert_eq!(put(&mut plain, id, &reason).0, 200);
    assert_eq!(shown(&mut plain, id).1, "always_closed");
    let mut printed = Desk::new(Profile { spelling: Spelling::Display, ..Profile::default() });
    let id = printed.user(1);
    put(&mut printed, id, &reason);
    assert_eq!(shown(&mut printed, id).1, "Back office");
}

#[test]
fn the_effective_state_follows_from_log_in_hours_calls_and_wrap_up() {
    let mut desk = Desk::new(Profile::default());
    let id = desk.user(1);
    let now = |desk: &Desk| desk.aircall.availability(desk.now, id).unwrap();
    put(&mut desk, id, &json!({"wrap_up_time": 20}));
    assert_eq!(now(&desk), "available");
    assert!(desk.aircall.start_call(desk.now, id).is_some() && desk.aircall.start_call(desk.now, id).is_none());
    assert_eq!((now(&desk), shown(&mut desk, id).0.as_str()), ("in_call", "available"), "a call does not change what is set");
    assert_eq!(desk.ask("POST", &format!("/v1/users/{id}/dial"), &json!({"to": "+4930555"})).0, 422);
    desk.pass(60);
    assert!(desk.aircall.hang_up(desk.now, id) && !desk.aircall.hang_up(desk.now, id));
    assert_eq!(now(&desk), "after_call_work");
    desk.pass(20);
    assert_eq!(now(&desk), "available");
    desk.aircall.set_status(desk.now, id, Setting::CUSTOM);
    desk.aircall.set_hours(desk.now, id, false);
    assert_eq!((now(&desk), shown(&mut desk, id)), ("do_not_disturb", state("custom", "always_opened", false)));
    desk.aircall.set_status(desk.now, id, Setting { reason: Some(Reason::InTraining), ..Setting::UNAVAILABLE });
    assert_eq!(now(&desk), "do_not_disturb");
    assert!(desk.aircall.log_out(desk.now, id));
    assert_eq!(now(&desk), "offline");
    desk.aircall.set_status(desk.now, id, Setting::AVAILABLE);
    assert_eq!(
        (now(&desk), shown(&mut desk, id)),
        ("offline", state("available", "always_opened", false)),
        "setting a status logs nobody in"
    );
    assert_eq!(desk.get(&format!("/v1/users/{id}/availability")), json!({"availability": "offline"}));
}

#[test]
fn readings_may_lag_behind() {
    let mut desk = Desk::new(Profile { read_lag_s: 5, ..Profile::default() });
    let id = desk.user(1);
    put(&mut desk, id, &json!({"availability_status": "unavailable"}));
    assert_eq!(desk.aircall.setting(id), Some(Setting::UNAVAILABLE));
    assert_eq!(shown(&mut desk, id).0, "available");
    assert_eq!(desk.get("/v1/users/availabilities")["users"][0]["availability"], json!("available"));
    desk.pass(5);
    assert_eq!(shown(&mut desk, id).0, "unavailable");
}
