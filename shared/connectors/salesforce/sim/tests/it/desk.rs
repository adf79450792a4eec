//! A place to send requests from.

use bytes::Bytes;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value as Json, json};
use syncline_salesforce_sim::{Profile, Salesforce};
use syncline_simulator::{Population, Response, Simulator};

pub(crate) const START: i64 = 1_795_171_200;

/// A simulated org, a clock, and whose session is used.
pub(crate) struct Desk {
    pub(crate) org: Salesforce,
    pub(crate) now: i64,
    pub(crate) token: String,
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// An answer, read.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Json,
    pub(crate) text: String,
    pub(crate) headers: http::HeaderMap,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn code(&self) -> &str {
        self.body[0]["errorCode"].as_str().unwrap_or_default()
    }
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

pub(crate) fn profile(change: impl FnOnce(&mut Profile)) -> Profile {
    let mut profile = Profile::default();
    change(&mut profile);
    profile
}

impl Desk {
    pub(crate) fn new(profile: Profile) -> Self {
        Self { org: Salesforce::new(profile), now: START, token: "simulator-session".to_owned(), headers: Vec::new() }
    }

    /// A kind org with so many people, and all their companies.
    pub(crate) fn with_people(people: u32) -> Self {
        Self::new(Profile::default()).filled(people)
    }

    pub(crate) fn filled(mut self, people: u32) -> Self {
        self.org.load(&Population::new(1), 0..people, 0..people.div_ceil(10), at(START));
        self
    }

    pub(crate) fn now(&self) -> Timestamp {
        at(self.now)
    }

    pub(crate) fn raw(&mut self, method: &str, path: &str, body: impl Into<Bytes>) -> Response {
        let mut request = http::Request::builder().method(method).uri(path).header("authorization", format!("Bearer {}", self.token));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        self.org.handle(at(self.now), &request.body(body.into()).unwrap())
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, body: impl Into<Bytes>) -> Answer {
        let response = self.raw(method, path, body);
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Json::Null);
        Answer { status: response.status().as_u16(), body, text, headers: response.headers().clone() }
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send("GET", &format!("/services/data/v66.0/{path}"), "")
    }

    pub(crate) fn call(&mut self, method: &str, path: &str, body: &Json) -> Answer {
        self.send(method, &format!("/services/data/v66.0/{path}"), body.to_string())
    }

    /// With this header, once.
    pub(crate) fn call_with(&mut self, header: (&'static str, String), method: &str, path: &str, body: &Json) -> Answer {
        self.headers.push(header);
        let answer = self.call(method, path, body);
        self.headers.pop();
        answer
    }

    pub(crate) fn query(&mut self, soql: &str) -> Answer {
        self.get(&format!("query?q={}", encode(soql)))
    }

    pub(crate) fn query_all(&mut self, soql: &str) -> Answer {
        self.get(&format!("queryAll/?q={}", encode(soql)))
    }

    /// Creates through the API; answers the id.
    pub(crate) fn create(&mut self, object: &str, body: &Json) -> String {
        let answer = self.call("POST", &format!("sobjects/{object}"), body);
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.body["id"].as_str().unwrap().to_owned()
    }

    /// Rows of a collection call, with `attributes` first.
    pub(crate) fn rows(&mut self, method: &str, path: &str, all_or_none: bool, object: &str, rows: &[&str]) -> Answer {
        let rows: Vec<String> = rows.iter().map(|row| format!(r#"{{"attributes":{{"type":"{object}"}},{row}}}"#)).collect();
        let body = format!(r#"{{"allOrNone":{all_or_none},"records":[{}]}}"#, rows.join(","));
        self.send(method, &format!("/services/data/v66.0/{path}"), body)
    }

    pub(crate) fn external_id_on_contact(&mut self) {
        let metadata = json!({ "type": "Text", "length": 40, "label": "Freshdesk Id", "externalId": true, "unique": true });
        assert!(self.org.add_custom_field("Contact", "Freshdesk_Id__c", &metadata));
    }
}

pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The value at a member of each record.
pub(crate) fn column(answer: &Answer, member: &str) -> Vec<String> {
    answer.body["records"].as_array().unwrap().iter().map(|record| record[member].as_str().unwrap_or("null").to_owned()).collect()
}
