//! An account, and a way to ask it.

use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use syncline_mapsly_sim::{API_KEY, Mapsly, Profile};
use syncline_simulator::{Request, Simulator};

pub(crate) struct Desk {
    pub(crate) account: Mapsly,
    pub(crate) now: Timestamp,
}

/// An answer: its status and its JSON, null where it has none.
pub(crate) type Answer = (u16, Value);

pub(crate) fn desk(profile: Profile) -> Desk {
    Desk { account: Mapsly::new(profile), now: "2026-11-22T10:00:00Z".parse().unwrap() }
}

impl Desk {
    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    /// Asks with the key as a bearer token.
    pub(crate) fn ask(&mut self, method: Method, path: &str, body: &str) -> Answer {
        self.send(http::Request::builder().method(method).uri(path).header("authorization", format!("Bearer {API_KEY}")), body)
    }

    pub(crate) fn send(&mut self, request: http::request::Builder, body: &str) -> Answer {
        let request: Request = request.body(body.to_owned().into_bytes().into()).unwrap();
        let answer = self.account.handle(self.now, &request);
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or_default())
    }

    /// Upserts into `Contacts`, and answers what became of each record.
    pub(crate) fn upsert(&mut self, body: &Value) -> Vec<String> {
        let (status, answer) = self.ask(Method::POST, "/v1/record?entity=Contacts&async=false", &body.to_string());
        assert_eq!(status, 200, "{answer}");
        statuses(&answer)
    }
}

/// The status of each record of an answer.
pub(crate) fn statuses(answer: &Value) -> Vec<String> {
    let rows = answer["results"].as_array().unwrap_or_else(|| panic!("no results: {answer}"));
    rows.iter().map(|row| row["status"].as_str().unwrap().to_owned()).collect()
}
