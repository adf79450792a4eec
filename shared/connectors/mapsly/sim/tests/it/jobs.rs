//! Asynchronous calls.

use http::Method;
use serde_json::json;
use syncline_mapsly_sim::{CallbackMode, Profile};

use crate::desk::{Desk, desk, statuses};

const PATH: &str = "/v1/record?entity=Contacts&async=true&callback_url=https%3A%2F%2Fme.example%2Fdone&passthrough=job-1";

/// Sends a good record and a bad one.
fn send(desk: &mut Desk, path: &str) {
    let body = json!({"records": [{"id": "1", "name": "Ida Nowak"}, {"id": "2", "latitude": 91}]});
    assert_eq!(desk.ask(Method::POST, path, &body.to_string()), (202, json!({"status": "queued"})));
}

#[test]
fn it_is_answered_before_anything_is_looked_at() {
    let mut desk = desk(Profile::default());
    send(&mut desk, PATH);
    assert_eq!((desk.account.callbacks(desk.now).len(), desk.account.ids("Contacts").len()), (0, 0));
    desk.pass(5);
    let callbacks = desk.account.callbacks(desk.now);
    let [callback] = callbacks.as_slice() else { panic!("one callback: {callbacks:?}") };
    assert_eq!((callback.url.as_str(), callback.passthrough.as_deref()), ("https://me.example/done", Some("job-1")));
    assert_eq!(statuses(&callback.results), ["created", "error"]);
    assert_eq!(desk.account.ids("Contacts"), ["1"]);
    assert_eq!(desk.account.callbacks(desk.now), []);
}

#[test]
fn callbacks_are_lost_doubled_and_late() {
    for (callback, after_5_s, after_20_min) in
        [(CallbackMode::Once, 1, 0), (CallbackMode::Lost, 0, 0), (CallbackMode::Doubled, 2, 0), (CallbackMode::Late, 0, 1)]
    {
        let mut desk = desk(Profile { callback, ..Profile::default() });
        send(&mut desk, PATH);
        desk.pass(5);
        assert_eq!(desk.account.callbacks(desk.now).len(), after_5_s, "{callback:?}");
        // Whatever becomes of the call, the record is there.
        assert_eq!(desk.account.ids("Contacts"), ["1"]);
        desk.pass(20 * 60);
        assert_eq!(desk.account.callbacks(desk.now).len(), after_20_min, "{callback:?}");
    }
}

#[test]
fn nobody_is_called_who_did_not_ask_for_it() {
    let mut desk = desk(Profile::default());
    send(&mut desk, "/v1/record?entity=Contacts&async=true");
    desk.pass(5);
    assert_eq!(desk.account.callbacks(desk.now), []);
    assert_eq!(desk.account.ids("Contacts"), ["1"]);
}

#[test]
fn jobs_are_carried_out_in_their_order() {
    let mut desk = desk(Profile::default());
    send(&mut desk, PATH);
    let body = json!({"records": [{"id": "1"}]});
    assert_eq!(desk.ask(Method::DELETE, "/v1/record?entity=Contacts&async=true", &body.to_string()).0, 202);
    desk.pass(5);
    // Any call finds them done.
    assert_eq!(desk.upsert(&json!({"records": []})), Vec::<String>::new());
    assert_eq!(desk.account.ids("Contacts"), Vec::<String>::new());
}
