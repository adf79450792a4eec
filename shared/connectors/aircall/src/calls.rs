//! Questions as requests. Pure: nothing here sends.
//!
//! Users are read and written under `/v2`: their `/v1` twins ended on 2026-09-30; the rest has no twin (fact sheet §1).

use bytes::Bytes;
use http::{HeaderValue, Method};
use serde_json::Value as Json;
use syncline_engine::ports::http::{Call, EndpointClass};
use syncline_model::RecordId;

pub(crate) const USERS_LIST: EndpointClass = "users_list";
pub(crate) const USERS_READ: EndpointClass = "users_read";
pub(crate) const USERS_WRITE: EndpointClass = "users_write";
pub(crate) const ACCOUNT: EndpointClass = "account";

/// Users of a list page, the most that the vendor gives; more is refused with 400 (fact sheet §5: documented).
pub(crate) const PAGE_RECORDS_MAX: u32 = 50;
/// Keys that one reading of the list answers. The list is what costs.
pub(crate) const FIND_KEYS_MAX: u32 = 100;

/// One question: what is asked, and how it counts. Its body carries values; it is never logged.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) class: EndpointClass,
    pub(crate) method: Method,
    /// Path and query below the base address.
    pub(crate) path: String,
    pub(crate) body: Option<Json>,
    /// What we are doing, in words without values: `list users`.
    pub(crate) operation: &'static str,
}

impl Ask {
    fn get(class: EndpointClass, path: String, operation: &'static str) -> Self {
        Self { class, method: Method::GET, path, body: None, operation }
    }

    /// Whether it changes anything.
    pub(crate) fn writes(&self) -> bool {
        self.method != Method::GET
    }

    /// The request on the wire; `None` where the base address makes no address with this path.
    pub(crate) fn call(&self, base: &str, authorization: &HeaderValue) -> Option<Call> {
        let body = self.body.as_ref().map(|body| Bytes::from(body.to_string()));
        let mut request = http::Request::builder()
            .method(self.method.clone())
            .uri(format!("{base}{}", self.path))
            .header(http::header::AUTHORIZATION, authorization.clone())
            .header(http::header::ACCEPT, "application/json");
        if body.is_some() {
            request = request.header(http::header::CONTENT_TYPE, "application/json");
        }
        request.body(body.unwrap_or_default()).ok().map(|request| Call::new(self.class, request))
    }
}

/// A page of users, oldest first: `order` is by the time of creation (fact sheet §5: documented), so new ones come at the end.
pub(crate) fn users(page: u32, rows: u32) -> Ask {
    Ask::get(USERS_LIST, format!("/v2/users?page={page}&per_page={rows}&order=asc"), "list users")
}

/// One user. The id must be a number: the vendor takes an e-mail address in its place too (fact sheet §2: unverified).
pub(crate) fn user(id: &RecordId) -> Ask {
    Ask::get(USERS_READ, format!("/v2/users/{id}"), "read a user")
}

pub(crate) fn update(id: &RecordId, body: Json) -> Ask {
    Ask { class: USERS_WRITE, method: Method::PUT, path: format!("/v2/users/{id}"), body: Some(body), operation: "update a user" }
}

pub(crate) fn company() -> Ask {
    Ask::get(ACCOUNT, "/v1/company".to_owned(), "ask whose account this is")
}

/// The company's webhooks, at most a hundred (fact sheet §7: documented).
pub(crate) fn webhooks(page: u32) -> Ask {
    Ask::get(ACCOUNT, format!("/v1/webhooks?page={page}&per_page={PAGE_RECORDS_MAX}"), "list webhooks")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_are_written_as_documented() {
        let asks = [
            (users(3, 50), "GET /v2/users?page=3&per_page=50&order=asc"),
            (user(&"1981305".into()), "GET /v2/users/1981305"),
            (update(&"7".into(), json!({})), "PUT /v2/users/7"),
            (company(), "GET /v1/company"),
            (webhooks(1), "GET /v1/webhooks?page=1&per_page=50"),
        ];
        for (ask, expected) in asks {
            assert_eq!(format!("{} {}", ask.method, ask.path), expected);
        }
    }

    #[test]
    fn a_body_is_announced_and_its_absence_is_not() {
        let authorization = HeaderValue::from_static("Bearer x");
        let call = update(&"7".into(), json!({"wrap_up_time": 0})).call("https://api.aircall.io", &authorization).unwrap();
        assert_eq!(call.request.uri(), "https://api.aircall.io/v2/users/7");
        assert_eq!((call.class, call.request.headers()["content-type"].to_str().unwrap()), ("users_write", "application/json"));
        let call = company().call("http://127.0.0.1:9", &authorization).unwrap();
        assert!(!call.request.headers().contains_key("content-type") && call.request.body().is_empty());
        assert!(company().call("not an address", &authorization).is_none());
    }
}
