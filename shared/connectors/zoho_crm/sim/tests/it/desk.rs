//! An organisation at a fixed moment, and short ways to ask it.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use syncline_simulator::{Request, Response, Simulator};
use syncline_zoho_crm_sim::{CLIENT_ID, CLIENT_SECRET, Profile, REFRESH_TOKEN, ZohoCrm};

pub(crate) struct Desk {
    pub(crate) zoho: ZohoCrm,
    pub(crate) now: Timestamp,
    pub(crate) token: String,
    /// Headers that go with the next requests.
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Desk {
    pub(crate) fn new(profile: Profile) -> Self {
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        let mut desk = Self { zoho: ZohoCrm::new(profile), now, token: String::new(), headers: Vec::new() };
        desk.token = desk.sign_in();
        desk
    }

    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    pub(crate) fn refresh(&mut self) -> (u16, Json) {
        let form = format!("grant_type=refresh_token&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}&refresh_token={REFRESH_TOKEN}");
        self.token_call(&form)
    }

    pub(crate) fn token_call(&mut self, form: &str) -> (u16, Json) {
        let request: Request = http::Request::post("/oauth/v2/token").body(Bytes::from(form.to_owned())).unwrap();
        let answer = self.zoho.handle(self.now, &request);
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap())
    }

    pub(crate) fn sign_in(&mut self) -> String {
        let (status, body) = self.refresh();
        assert_eq!(status, 200, "{body}");
        body["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn raw(&mut self, method: &str, path: &str, body: &Json) -> Response {
        let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let mut request = http::Request::builder().method(method).uri(path);
        request = request.header("authorization", format!("Zoho-oauthtoken {}", self.token));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        self.zoho.handle(self.now, &request.body(bytes).unwrap())
    }

    pub(crate) fn ask(&mut self, method: &str, path: &str, body: &Json) -> (u16, Json) {
        let answer = self.raw(method, path, body);
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or(Json::Null))
    }

    pub(crate) fn get(&mut self, path: &str) -> (u16, Json) {
        self.ask("GET", path, &Json::Null)
    }

    /// A list's rows; empty for 204 and 304.
    pub(crate) fn rows(&mut self, path: &str) -> Vec<Json> {
        let (status, body) = self.get(path);
        assert!([200, 204, 304].contains(&status), "{path}: {status} {body}");
        body["data"].as_array().cloned().unwrap_or_default()
    }

    /// Makes one record; its id.
    pub(crate) fn made(&mut self, module: &str, members: &Json) -> String {
        let (status, body) = self.ask("POST", &format!("/crm/v8/{module}"), &json!({"data": [members]}));
        assert_eq!(status, 201, "{body}");
        body["data"][0]["details"]["id"].as_str().unwrap().to_owned()
    }

    /// Contacts with these last names, all of one second.
    pub(crate) fn contacts(&mut self, names: &[&str]) -> Vec<String> {
        names.iter().map(|name| self.made("Contacts", &json!({"Last_Name": name, "Email": format!("{name}@a.example")}))).collect()
    }
}

pub(crate) fn ids(rows: &[Json]) -> Vec<&str> {
    rows.iter().map(|row| row["id"].as_str().unwrap()).collect()
}
