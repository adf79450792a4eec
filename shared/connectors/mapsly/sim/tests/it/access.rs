//! Where the key stands, what is there to be asked, and how often.

use http::{Method, Request};
use serde_json::json;
use syncline_mapsly_sim::{API_KEY, KeyPlace, Profile};
use syncline_simulator::Simulator;

use crate::desk::desk;

const EMPTY: &str = r#"{"records":[]}"#;

#[test]
fn the_key_is_taken_in_its_one_place_and_nowhere_else() {
    for place in [KeyPlace::Bearer, KeyPlace::Header, KeyPlace::Query] {
        let mut desk = desk(Profile { key_place: place, ..Profile::default() });
        let path = "/v1/record?entity=Contacts";
        for (sent, request) in [
            (Some(KeyPlace::Bearer), Request::post(path).header("authorization", format!("Bearer {API_KEY}"))),
            (Some(KeyPlace::Header), Request::post(path).header("x-api-key", API_KEY)),
            (Some(KeyPlace::Query), Request::post(format!("{path}&apikey={API_KEY}"))),
            (None, Request::post(path)),
        ] {
            let wanted = if sent == Some(place) { 200 } else { 401 };
            assert_eq!(desk.send(request, EMPTY).0, wanted, "{place:?} wanted, sent at {sent:?}");
        }
    }
    let mut desk = desk(Profile::default());
    let request = Request::post("/v1/record?entity=Contacts").header("authorization", "Bearer another");
    assert_eq!(desk.send(request, EMPTY).0, 401);
}

#[test]
fn an_object_must_be_named_and_known() {
    for (unknown_entity_is_400, unknown) in [(false, 404), (true, 400)] {
        let mut desk = desk(Profile { unknown_entity_is_400, ..Profile::default() });
        for (path, status) in [
            ("/v1/record", 400),
            ("/v1/record?entity=", 400),
            ("/v1/record?entity=contacts", unknown),
            ("/v1/record?entity=Contacts", 200),
            ("/v1/record?entity=Deals", 200),
        ] {
            assert_eq!(desk.ask(Method::POST, path, EMPTY).0, status, "{path}");
        }
    }
}

#[test]
fn there_is_nothing_that_reads() {
    let mut desk = desk(Profile::default());
    desk.upsert(&json!({"records": [{"id": "1", "name": "Ida Nowak"}]}));
    for path in ["/v1/record?entity=Contacts", "/v1/records?entity=Contacts", "/v1/record/1?entity=Contacts", "/v1/entities", "/"] {
        assert_eq!(desk.ask(Method::GET, path, ""), (404, json!(null)), "{path}");
    }
    assert_eq!(desk.ask(Method::PUT, "/v1/record?entity=Contacts", EMPTY).0, 404);
}

#[test]
fn the_minute_ends_and_begins_anew() {
    for tells_wait in [true, false] {
        let mut desk = desk(Profile { calls_per_minute: 2, tells_wait, ..Profile::default() });
        desk.pass(20);
        let mut ask = || desk.ask(Method::POST, "/v1/record?entity=Contacts", EMPTY).0;
        assert_eq!([ask(), ask(), ask()], [200, 200, 429]);
        let request = Request::post("/v1/record?entity=Contacts").body(bytes::Bytes::new()).unwrap();
        let refused = desk.account.handle(desk.now, &request);
        let wait = refused.headers().get("retry-after").map(|wait| wait.to_str().unwrap());
        assert_eq!(wait, tells_wait.then_some("40"));
        desk.pass(40);
        assert_eq!(desk.ask(Method::POST, "/v1/record?entity=Contacts", EMPTY).0, 200);
    }
}
