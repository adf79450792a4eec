//! A simulator that is killed and opened again answers the same.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use serde_json::{Value as Json, json};
use syncline_local::Journaled;
use syncline_model::Timestamp;
use syncline_registry_sim::{Load, Simulated, simulator};
use syncline_simulator::{Request, Simulator};

const AT: &str = "2026-11-22T10:00:00Z";
const BASE: &str = "http://127.0.0.1:9";

fn at(seconds: i64) -> Timestamp {
    AT.parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_secs(seconds)
}

fn load(seed: u64) -> Load {
    Load { seed, people: 0..5, companies: 0..1, at: at(0), calls: None, provisioned: false }
}

fn freshdesk() -> &'static Simulated {
    simulator("freshdesk").unwrap()
}

fn request(method: Method, path: &str, body: Option<&Json>) -> Request {
    let authorization = format!("Basic {}", STANDARD.encode("human-key:x"));
    let mut request = http::Request::builder().method(method).uri(path).header("authorization", authorization);
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    request.body(body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()))).unwrap()
}

fn contacts(simulator: &mut Journaled) -> Bytes {
    simulator.handle(at(600), &request(Method::GET, "/api/v2/contacts?per_page=100", None)).into_body()
}

#[test]
fn a_killed_simulator_answers_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("freshdesk.jsonl");
    let mut first = Journaled::open(&path, freshdesk(), &load(1), BASE).unwrap();
    let created = first.handle(at(1), &request(Method::POST, "/api/v2/contacts", Some(&json!({"name": "Ida", "email": "ida@x.example"}))));
    assert_eq!(created.status(), 201);
    let id = serde_json::from_slice::<Json>(created.body()).unwrap()["id"].as_i64().unwrap();
    let edited = first.handle(at(2), &request(Method::PUT, &format!("/api/v2/contacts/{id}"), Some(&json!({"job_title": "Owner"}))));
    assert_eq!(edited.status(), 200);
    let refused = first.handle(at(3), &request(Method::POST, "/api/v2/contacts", Some(&json!({"name": "Ida", "email": "ida@x.example"}))));
    assert!(!refused.status().is_success());
    let before = contacts(&mut first);
    drop(first);

    // Another load at the second start is another simulation: the journal's counts.
    let mut again = Journaled::open(&path, freshdesk(), &load(2), BASE).unwrap();
    assert_eq!((again.replayed(), again.load().seed), (2, 1), "reads and refusals are not repeated");
    assert_eq!(contacts(&mut again), before);
    let next = request(Method::POST, "/api/v2/contacts", Some(&json!({"name": "Jonas", "email": "jonas@x.example"})));
    assert_eq!(again.handle(at(4), &next).status(), 201);
    drop(again);
    assert_eq!(Journaled::open(&path, freshdesk(), &load(1), BASE).unwrap().replayed(), 3);
}

#[test]
fn a_torn_last_line_was_never_answered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("freshdesk.jsonl");
    let mut first = Journaled::open(&path, freshdesk(), &load(1), BASE).unwrap();
    let before = contacts(&mut first);
    let made = request(Method::POST, "/api/v2/contacts", Some(&json!({"name": "Ida", "email": "ida@x.example"})));
    assert_eq!(first.handle(at(1), &made).status(), 201);
    drop(first);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, &text[..text.len() - 20]).unwrap();

    let mut again = Journaled::open(&path, freshdesk(), &load(1), BASE).unwrap();
    assert_eq!(again.replayed(), 0);
    assert_eq!(contacts(&mut again), before);
    assert_eq!(again.handle(at(2), &made).status(), 201);
    drop(again);
    assert_eq!(Journaled::open(&path, freshdesk(), &load(1), BASE).unwrap().replayed(), 1);
}

#[test]
fn a_journal_of_another_system_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.jsonl");
    drop(Journaled::open(&path, freshdesk(), &load(1), BASE).unwrap());
    let Err(error) = Journaled::open(&path, simulator("salesforce").unwrap(), &load(1), BASE) else { panic!("it opened") };
    assert!(error.to_string().contains("another system than salesforce"), "{error}");
}
