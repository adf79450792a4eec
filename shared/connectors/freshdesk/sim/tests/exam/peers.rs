//! Recorded answers and other people's clients: what they have seen and what they send; and (q) an error page after the deed.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use http::Method;
use serde_json::{Value, json};
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{Call, Http};
use syncline_simulator::{InProcess, Trouble, Unkind, When, lock};

use crate::harness::{Answer, Client};

/// Every member of the recorded object is a member here, of the same type.
fn covers(recorded: &Value, ours: &Value) {
    let type_of = |value: &Value| (value.is_string(), value.is_i64(), value.is_boolean(), value.is_array(), value.is_object());
    for (key, value) in recorded.as_object().unwrap() {
        let own = ours.get(key).unwrap_or_else(|| panic!("{key} is missing"));
        assert!(own.is_null() || value.is_null() || type_of(own) == type_of(value), "{key}: {own} instead of {value}");
    }
}

#[test]
fn recorded_contacts_have_our_shape() {
    let recorded: Value = serde_json::from_str(include_str!("../fixtures/create-contacts.json")).unwrap();
    let mut client = Client::new();
    let made = client.post("contacts", json!({"name": recorded["name"], "email": recorded["email"]})).body;
    covers(&recorded, &made);
    for key in ["first_name", "last_name", "active", "deleted", "time_zone"] {
        assert_eq!(made[key], recorded[key], "{key}");
    }
    assert_eq!(made["visitor_id"].as_str().unwrap().len(), 36);
}

#[test]
fn recorded_tickets_have_our_shape() {
    let recorded: Value = serde_json::from_str(include_str!("../fixtures/tickets.json")).unwrap();
    let mut client = Client::new();
    client.post("tickets", json!({"subject": "Hm", "email": "a@b.example", "cc_emails": ["user@cc.example"]})).id();
    for ticket in recorded.as_array().unwrap() {
        covers(ticket, &client.get("tickets").rows()[0]);
    }
}

struct Still(syncline_model::Timestamp);

impl Clock for Still {
    fn now(&self) -> syncline_model::Timestamp {
        self.0
    }
}

#[test]
fn an_error_page_after_the_deed_hides_that_it_was_done() {
    let client = Client::new();
    let now = client.now;
    let request = client.request(&Method::POST, "contacts", Some(json!({"name": "Ida", "email": "ida@b.example"})));
    let simulator = Arc::new(Mutex::new(Unkind::new(client.desk)));
    lock(&simulator).script.add(When::next(Method::POST, "contacts"), Trouble::HtmlErrorAfterCommit);
    let http = InProcess { simulator: simulator.clone(), clock: Arc::new(Still(now)) };
    let exchange = || {
        let mut sending = pin!(http.send(Call::new("contacts", request.clone()), syncline_model::Deadline(now)));
        // In the process an answer is there at once: one poll is enough.
        match sending.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => Answer::from(answer.unwrap()),
            Poll::Pending => panic!("no answer"),
        }
    };
    let first = exchange();
    assert_eq!((first.status, first.header("content-type")), (502, Some("text/html")));
    let second = exchange();
    assert_eq!(second.refusal(), (409, "email", "duplicate_value"));
    let holder = second.body["errors"][0]["additional_info"]["user_id"].as_i64();
    assert_eq!(lock(&simulator).simulator.contact_with_email("ida@b.example"), holder);
    assert_eq!(lock(&simulator).simulator.contact_count(), 1);
}

/// The requests of python-freshdesk 1.3.9, as its source forms them: parameters given twice, a content type on every request, Python's
/// `True`, and models that read `created_at` and `updated_at` of everything.
#[test]
fn python_freshdesk_finds_what_it_asks_for() {
    let mut client = Client::loaded(20, 2);
    let stamped = |value: &Value| {
        assert!(value["created_at"].is_string() && value["updated_at"].is_string(), "{value}");
    };
    assert_eq!(client.get("contacts?page=1&per_page=10&page=1&per_page=10").rows().len(), 10);
    for path in ["agents", "roles", "groups", "companies", "contacts", "contact_fields", "company_fields"] {
        let paged = if path.ends_with("fields") { path.to_owned() } else { format!("{path}?page=1&per_page=100") };
        let list = client.get(&paged);
        assert!(!list.rows().is_empty(), "{path}");
        list.rows().iter().for_each(stamped);
        stamped(&client.get(&format!("{path}/{}", list.ids()[0])).body);
    }
    stamped(&client.get("agents/me").body);
    let tickets = client.get("tickets?filter=new_and_my_open&updated_since=2020-01-01&page=1&per_page=100&updated_since=2020-01-01");
    tickets.rows().iter().for_each(stamped);
    let body = json!({"view_all_tickets": false, "description": "Freshdesk Contact", "name": "Ida", "email": "ida@b.example"});
    let id = client.post("contacts", body).id();
    let found = client.get("search/contacts?page=1&query=%22active:true%20AND%20tag:null%22");
    assert_eq!(found.rows().len(), 15);
    assert_eq!(client.delete(&format!("contacts/{id}")).status, 204);
    let mut restore = client.request(&Method::PUT, &format!("contacts/{id}/restore"), None);
    restore.headers_mut().insert("content-type", "application/json".parse().unwrap());
    assert_eq!(client.send(&restore).status, 204);
    let agent = client.put(&format!("contacts/{id}/make_agent"), json!({"occasional": false, "ticket_scope": 2}));
    assert_eq!(client.get(&format!("agents/{}", agent.body["agent"]["id"])).body["contact"]["name"], "Ida");
    let other = client.contact("Bo", "bo@b.example");
    assert_eq!(client.delete(&format!("contacts/{other}/hard_delete?force=True")).status, 204);
}
