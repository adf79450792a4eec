//! Questions as requests. Pure: nothing here sends.

use bytes::Bytes;
use http::{HeaderValue, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value as Json, json};
use syncline_engine::ports::http::{Call, EndpointClass};

pub(crate) const USERS_LIST: EndpointClass = "users_list";
pub(crate) const USERS_READ: EndpointClass = "users_read";
pub(crate) const USERS_WRITE: EndpointClass = "users_write";
/// All incremental exports share a limit of their own.
pub(crate) const INCREMENTAL: EndpointClass = "incremental";
/// Listing availabilities has a limit of its own.
pub(crate) const AVAILABILITIES: EndpointClass = "availabilities";
pub(crate) const STATUS_READ: EndpointClass = "status_read";
pub(crate) const STATUS_WRITE: EndpointClass = "status_write";
pub(crate) const TALK: EndpointClass = "talk";
pub(crate) const ACCOUNT: EndpointClass = "account";
pub(crate) const TOKEN: EndpointClass = "token";

/// Records of a list page, the most that cursor pagination gives (fact sheet §2.4: documented).
pub(crate) const PAGE_RECORDS_MAX: u32 = 100;

/// Ids of one call (fact sheet §2.1: as the list's pages).
pub(crate) const IDS_MAX: usize = 100;

/// Everything but letters, digits and `-._~`.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One question: what is asked, and against which limit it counts. Its `Debug` form would carry values; it has none.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) class: EndpointClass,
    pub(crate) method: Method,
    /// Path and query below the host.
    pub(crate) path: String,
    pub(crate) body: Option<Json>,
    /// What we are doing, in words without values: `list agents`.
    pub(crate) operation: &'static str,
}

impl Ask {
    fn get(class: EndpointClass, path: impl Into<String>, operation: &'static str) -> Self {
        Self { class, method: Method::GET, path: path.into(), body: None, operation }
    }

    fn put(class: EndpointClass, path: String, body: Json, operation: &'static str) -> Self {
        Self { class, method: Method::PUT, path, body: Some(body), operation }
    }

    pub(crate) fn writes(&self) -> bool {
        self.method != Method::GET
    }

    /// The request on the wire; `None` where the base address makes no address with this path.
    pub(crate) fn call(&self, base: &str, authorization: Option<&HeaderValue>) -> Option<Call> {
        let mut request = http::Request::builder()
            .method(self.method.clone())
            .uri(format!("{base}{}", self.path))
            .header(http::header::ACCEPT, "application/json");
        if let Some(authorization) = authorization {
            request = request.header(http::header::AUTHORIZATION, authorization.clone());
        }
        let body = self.body.as_ref().map(|body| Bytes::from(body.to_string()));
        if body.is_some() {
            request = request.header(http::header::CONTENT_TYPE, "application/json");
        }
        request.body(body.unwrap_or_default()).ok().map(|request| Call::new(self.class, request))
    }
}

/// Agents and administrators, in pages. `page[after]` is taken from the answer and put on our own host: its links may name another
/// (fact sheet §2.4: recorded).
pub(crate) fn staff(rows: u32, after: Option<&str>) -> Ask {
    let path = format!("/api/v2/users?role%5B%5D=admin&role%5B%5D=agent&page%5Bsize%5D={rows}{}", after_of(after));
    Ask::get(USERS_LIST, path, "list agents")
}

pub(crate) fn user(id: &str) -> Ask {
    Ask::get(USERS_READ, format!("/api/v2/users/{}", encoded(id)), "read an agent")
}

pub(crate) fn update_user(id: &str, members: &Json) -> Ask {
    Ask::put(USERS_WRITE, format!("/api/v2/users/{}", encoded(id)), json!({ "user": members }), "update an agent")
}

/// Users by their ids, whatever their role, at most [`IDS_MAX`]; those that there are none of are left out.
pub(crate) fn users(ids: &[&str]) -> Ask {
    let ids: Vec<String> = ids.iter().map(|id| encoded(id)).collect();
    Ask::get(USERS_LIST, format!("/api/v2/users/show_many?ids={}", ids.join("%2C")), "read users")
}

/// Users whom the search finds by an address.
pub(crate) fn with_email(email: &str) -> Ask {
    Ask::get(USERS_LIST, format!("/api/v2/users/search?query={}", encoded(&format!("email:\"{email}\""))), "find a user")
}

/// Where an export begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExportFrom<'a> {
    /// Seconds since the epoch, at least a minute ago.
    Time(i64),
    Cursor(&'a str),
}

/// Users that changed, in order of their change.
pub(crate) fn export(from: ExportFrom<'_>, rows: u32) -> Ask {
    let from = match from {
        ExportFrom::Time(seconds) => format!("start_time={seconds}"),
        ExportFrom::Cursor(cursor) => format!("cursor={}", encoded(cursor)),
    };
    Ask::get(INCREMENTAL, format!("/api/v2/incremental/users/cursor?{from}&per_page={rows}"), "export changed users")
}

/// The statuses that the account has.
pub(crate) fn statuses(after: Option<&str>) -> Ask {
    let query = after.map_or_else(String::new, |after| format!("?page%5Bafter%5D={}", encoded(after)));
    Ask::get(STATUS_READ, format!("/api/v2/agent_availabilities/agent_statuses{query}"), "read the account's statuses")
}

/// The status of every agent, in pages.
pub(crate) fn availabilities(after: Option<&str>) -> Ask {
    let path = format!("/api/v2/agent_availabilities?page%5Bsize%5D={PAGE_RECORDS_MAX}{}", after_of(after));
    Ask::get(AVAILABILITIES, path, "list statuses")
}

pub(crate) fn availability(id: &str) -> Ask {
    Ask::get(STATUS_READ, format!("/api/v2/agent_availabilities/{}", encoded(id)), "read an agent's status")
}

/// The body is not JSON:API, though the answer is (fact sheet §5.3: two independent clients).
pub(crate) fn set_status(id: &str, status: i64) -> Ask {
    let path = format!("/api/v2/agent_availabilities/agent_statuses/agents/{}", encoded(id));
    Ask::put(STATUS_WRITE, path, json!({ "id": status }), "set an agent's status")
}

pub(crate) fn talk_availability(id: &str) -> Ask {
    Ask::get(TALK, format!("/api/v2/channels/voice/availabilities/{}", encoded(id)), "read an agent's state in Talk")
}

/// `via` (browser or phone) is not sent: it is the agent's own.
pub(crate) fn set_talk_state(id: &str, state: &str) -> Ask {
    let path = format!("/api/v2/channels/voice/availabilities/{}", encoded(id));
    Ask::put(TALK, path, json!({"availability": {"agent_state": state}}), "set an agent's state in Talk")
}

pub(crate) fn me() -> Ask {
    Ask::get(ACCOUNT, "/api/v2/users/me", "ask whose token this is")
}

pub(crate) fn account_settings() -> Ask {
    Ask::get(ACCOUNT, "/api/v2/account/settings", "read the account's settings")
}

pub(crate) fn token(body: Json) -> Ask {
    Ask { class: TOKEN, method: Method::POST, path: "/oauth/tokens".to_owned(), body: Some(body), operation: "sign in" }
}

/// Ends the token of the very request, and its refresh token (fact sheet §1.1: documented).
pub(crate) fn revoke() -> Ask {
    let path = "/api/v2/oauth/tokens/current".to_owned();
    Ask { class: TOKEN, method: Method::DELETE, path, body: None, operation: "revoke the token" }
}

fn after_of(after: Option<&str>) -> String {
    after.map_or_else(String::new, |after| format!("&page%5Bafter%5D={}", encoded(after)))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_written_as_documented() {
        let asks = [
            (staff(100, None), "GET /api/v2/users?role%5B%5D=admin&role%5B%5D=agent&page%5Bsize%5D=100"),
            (staff(25, Some("a=b")), "GET /api/v2/users?role%5B%5D=admin&role%5B%5D=agent&page%5Bsize%5D=25&page%5Bafter%5D=a%3Db"),
            (user("1/../me"), "GET /api/v2/users/1%2F..%2Fme"),
            (export(ExportFrom::Time(1_795_341_600), 100), "GET /api/v2/incremental/users/cursor?start_time=1795341600&per_page=100"),
            (export(ExportFrom::Cursor("MTc0fHw="), 100), "GET /api/v2/incremental/users/cursor?cursor=MTc0fHw%3D&per_page=100"),
            (availabilities(None), "GET /api/v2/agent_availabilities?page%5Bsize%5D=100"),
            (statuses(Some("x")), "GET /api/v2/agent_availabilities/agent_statuses?page%5Bafter%5D=x"),
            (set_status("10011", 3), "PUT /api/v2/agent_availabilities/agent_statuses/agents/10011"),
            (set_talk_state("10011", "online"), "PUT /api/v2/channels/voice/availabilities/10011"),
        ];
        for (ask, expected) in asks {
            assert_eq!(format!("{} {}", ask.method, ask.path), expected);
        }
        assert_eq!(set_status("10011", 3).body, Some(json!({"id": 3})));
    }

    #[test]
    fn a_token_is_asked_for_without_one() {
        let call = token(json!({})).call("https://acme.zendesk.com", None).unwrap();
        assert_eq!(call.request.uri(), "https://acme.zendesk.com/oauth/tokens");
        assert!(!call.request.headers().contains_key("authorization"));
        assert!(me().call("not an address", None).is_none());
    }
}
