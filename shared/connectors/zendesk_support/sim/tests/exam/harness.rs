//! A client with a token and a clock that only moves when told.

use http::{HeaderMap, Method};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use syncline_simulator::{Population, Request, Response, Simulator};
use syncline_zendesk_support_sim::{CLIENT_ID, CLIENT_SECRET, Limits, Profile, REFRESH_TOKEN, Role, Support};

pub(crate) struct Client {
    pub(crate) desk: Support,
    pub(crate) now: Timestamp,
    /// The whole header; empty: none is sent.
    pub(crate) authorization: String,
    pub(crate) host: &'static str,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// Null where the body is no JSON.
    pub(crate) body: Value,
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Self { status: response.status().as_u16(), headers: response.headers().clone(), text, body }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The ids of the users, or of another list's rows.
    pub(crate) fn ids(&self, list: &str) -> Vec<i64> {
        let rows = self.body[list].as_array().unwrap_or_else(|| panic!("{} {}", self.status, self.text));
        rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
    }

    /// Status and error of a refusal.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        (self.status, self.body["error"].as_str().or_else(|| self.body["errors"][0]["code"].as_str()).unwrap_or_default())
    }
}

impl Client {
    /// An account with limits that no test reaches, and a token of its integration's administrator.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Profile)) -> Self {
        let mut profile = Profile { limits: Limits::BOUNDLESS, ..Profile::default() };
        change(&mut profile);
        let now = "2026-11-20T10:00:00Z".parse().unwrap();
        let mut client = Self { desk: Support::new(profile), now, authorization: String::new(), host: "acme.zendesk.com" };
        client.sign_in();
        client
    }

    pub(crate) fn loaded(people: u32) -> Self {
        let mut client = Self::new();
        client.desk.load(&Population::new(7), 0..people, client.now);
        client
    }

    /// A new token from the refresh token that is there from the start.
    fn sign_in(&mut self) {
        let tokens = self.token(json!({"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN, "expires_in": 86_400}));
        self.bear(&tokens);
    }

    /// Goes on with the token of this answer.
    pub(crate) fn bear(&mut self, tokens: &Answer) {
        let token = tokens.body["access_token"].as_str().unwrap_or_else(|| panic!("{}", tokens.text));
        self.authorization = format!("Bearer {token}");
    }

    /// A token request with the client's own credentials.
    pub(crate) fn token(&mut self, mut body: Value) -> Answer {
        for (name, value) in [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)] {
            if body[name].is_null() {
                body[name] = json!(value);
            }
        }
        let request = http::Request::post("/oauth/tokens").header("host", self.host).header("content-type", "application/json");
        self.send(&request.body(body.to_string().into()).unwrap())
    }

    /// Goes on as this user, who consents in a browser.
    pub(crate) fn sign_in_as(&mut self, user: i64) {
        self.desk.sign_in(user);
        let path = format!(
            "/oauth/authorizations/new?decision=allow&response_type=code&client_id={CLIENT_ID}&redirect_uri=https%3A%2F%2Fa.example%2Fback"
        );
        let consent = self.send(&http::Request::get(path).header("host", self.host).body(bytes::Bytes::new()).unwrap());
        let location = consent.header("location").unwrap().to_owned();
        let code = location.split_once("code=").unwrap().1;
        let code = percent_encoding::percent_decode_str(code).decode_utf8_lossy().into_owned();
        let body = json!({"grant_type": "authorization_code", "code": code, "redirect_uri": "https://a.example/back"});
        let tokens = self.token(body);
        self.bear(&tokens);
    }

    pub(crate) fn agent(&mut self, name: &str, email: &str) -> i64 {
        self.desk.add_user(name, email, Role::Agent)
    }

    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send(&self.request(&Method::GET, path, None))
    }

    pub(crate) fn post(&mut self, path: &str, body: Value) -> Answer {
        self.send(&self.request(&Method::POST, path, Some(body)))
    }

    pub(crate) fn put(&mut self, path: &str, body: Value) -> Answer {
        self.send(&self.request(&Method::PUT, path, Some(body)))
    }

    pub(crate) fn delete(&mut self, path: &str) -> Answer {
        self.send(&self.request(&Method::DELETE, path, None))
    }

    pub(crate) fn send(&mut self, request: &Request) -> Answer {
        self.desk.handle(self.now, request).into()
    }

    pub(crate) fn request(&self, method: &Method, path: &str, body: Option<Value>) -> Request {
        let mut request = http::Request::builder().method(method).uri(format!("/api/v2/{path}")).header("host", self.host);
        if !self.authorization.is_empty() {
            request = request.header("authorization", &self.authorization);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        request.body(body.map(|body| body.to_string()).unwrap_or_default().into()).unwrap()
    }
}
