//! Questions as requests. Pure: nothing here sends.

use bytes::Bytes;
use http::{HeaderValue, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value as Json, json};
use syncline_engine::ports::http::{Call, EndpointClass};

use crate::fields::Kind;
use crate::window::{Order, Window};

pub(crate) const LIST: EndpointClass = "list";
pub(crate) const READ: EndpointClass = "read";
pub(crate) const WRITE: EndpointClass = "write";
pub(crate) const STREAM: EndpointClass = "stream";
pub(crate) const ACCOUNT: EndpointClass = "account";
pub(crate) const TOKEN: EndpointClass = "token";

/// Records of a page, the most that the API gives: more is a refusal (fact sheet §5: documented).
pub(crate) const PAGE_RECORDS_MAX: u32 = 100;
/// Without it every call is refused (fact sheet §1).
const USER_AGENT: &str = concat!("syncline/", env!("CARGO_PKG_VERSION"));

/// Everything but letters, digits and `-._~`.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What a request carries.
#[derive(Clone)]
enum Payload {
    Nothing,
    Json(Json),
    Form(String),
}

/// One question: what is asked, and against which limit it counts. Its `Debug` form would carry values; it has none.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) class: EndpointClass,
    pub(crate) method: Method,
    /// Path and query below the host.
    pub(crate) path: String,
    payload: Payload,
    /// Whether one record's own address is asked.
    pub(crate) one: bool,
    /// What we are doing, in words without values.
    pub(crate) operation: String,
}

impl Ask {
    fn get(class: EndpointClass, path: impl Into<String>, operation: impl Into<String>) -> Self {
        Self { class, method: Method::GET, path: path.into(), payload: Payload::Nothing, one: false, operation: operation.into() }
    }

    pub(crate) fn writes(&self) -> bool {
        self.method != Method::GET
    }

    /// The request on the wire; `None` where the base address makes no address with this path.
    pub(crate) fn call(&self, base: &str, authorization: &HeaderValue) -> Option<Call> {
        let request = http::Request::builder()
            .method(self.method.clone())
            .uri(format!("{base}{}", self.path))
            .header(http::header::ACCEPT, "application/json")
            .header(http::header::USER_AGENT, USER_AGENT)
            .header(http::header::AUTHORIZATION, authorization.clone());
        let request = match &self.payload {
            Payload::Nothing => request.body(Bytes::new()),
            Payload::Json(json) => request.header(http::header::CONTENT_TYPE, "application/json").body(Bytes::from(json.to_string())),
            Payload::Form(form) => {
                request.header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(Bytes::from(form.clone()))
            }
        };
        request.ok().map(|request| Call::new(self.class, request))
    }
}

/// A part of a list. Unknown parameters are refused (fact sheet §1), so only documented ones are sent.
pub(crate) fn list(kind: Kind, order: Order, window: Window) -> Ask {
    let sort = match order {
        Order::Id => "id",
        Order::Changed => "updated_at%3Adesc",
    };
    let path = format!("/v2/{}?sort_by={sort}&per_page={}&page={}", kind.plural(), window.rows, window.page);
    Ask::get(LIST, path, format!("list {}", kind.plural()))
}

/// Records by id, at most a page of them.
pub(crate) fn by_ids(kind: Kind, ids: &[&str]) -> Ask {
    let path = format!("/v2/{}?ids={}&per_page={PAGE_RECORDS_MAX}", kind.plural(), encoded(&ids.join(",")));
    Ask::get(READ, path, format!("read {}", kind.plural()))
}

/// Records whose field has a value: `email`, or `custom_fields[Tier]`.
pub(crate) fn filtered(kind: Kind, parameter: &str, value: &str, page: u32) -> Ask {
    let path = format!("/v2/{}?{}={}&per_page={PAGE_RECORDS_MAX}&page={page}", kind.plural(), encoded(parameter), encoded(value));
    Ask::get(READ, path, format!("find {}", kind.plural()))
}

pub(crate) fn one(kind: Kind, id: &str) -> Ask {
    Ask { one: true, ..Ask::get(READ, address(kind, id), format!("read one of {}", kind.plural())) }
}

pub(crate) fn create(kind: Kind, members: &Map<String, Json>) -> Ask {
    let payload = Payload::Json(json!({"data": members}));
    Ask { method: Method::POST, payload, ..Ask::get(WRITE, format!("/v2/{}", kind.plural()), format!("create one of {}", kind.plural())) }
}

pub(crate) fn update(kind: Kind, id: &str, members: &Map<String, Json>) -> Ask {
    let payload = Payload::Json(json!({"data": members}));
    Ask { method: Method::PUT, payload, one: true, ..Ask::get(WRITE, address(kind, id), format!("update one of {}", kind.plural())) }
}

pub(crate) fn delete(kind: Kind, id: &str) -> Ask {
    Ask { method: Method::DELETE, one: true, ..Ask::get(WRITE, address(kind, id), format!("delete one of {}", kind.plural())) }
}

/// The position from which everything to come is told.
pub(crate) const TOP: &str = "top";

/// The position of the oldest event that is kept: 72 hours (fact sheet §8: documented).
pub(crate) const TAIL: &str = "tail";

/// Events of one object from a position on.
pub(crate) fn stream(kind: Kind, position: &str, rows: u32) -> Ask {
    let path = format!("/v3/{}/stream?position={}&limit={rows}", kind.plural(), encoded(position));
    Ask::get(STREAM, path, format!("read the stream of {}", kind.plural()))
}

pub(crate) fn custom_fields(kind: Kind) -> Ask {
    Ask::get(ACCOUNT, format!("/v2/{}/custom_fields", kind.name()), format!("read the custom fields of {}", kind.plural()))
}

/// Users stay on the list when they leave, so its pages never move forward.
pub(crate) fn users(page: u32) -> Ask {
    Ask::get(ACCOUNT, format!("/v2/users?sort_by=id&per_page={PAGE_RECORDS_MAX}&page={page}"), "list users")
}

pub(crate) fn account() -> Ask {
    Ask::get(ACCOUNT, "/v2/accounts/self", "read the account")
}

pub(crate) fn me() -> Ask {
    Ask::get(ACCOUNT, "/v2/users/self", "ask whose token this is")
}

/// The client signs in with its name and secret in the header; the answer brings a token to follow this one (fact sheet §2.2).
pub(crate) fn refresh(refresh_token: &str) -> Ask {
    let form = format!("grant_type=refresh_token&refresh_token={}", encoded(refresh_token));
    Ask { method: Method::POST, payload: Payload::Form(form), ..Ask::get(TOKEN, "/oauth2/token", "sign in") }
}

/// Ends one token; the client signs in as for all of OAuth (fact sheet §1: documented).
pub(crate) fn revoke(token: &str) -> Ask {
    let form = format!("token={}", encoded(token));
    Ask { method: Method::POST, payload: Payload::Form(form), ..Ask::get(TOKEN, "/oauth2/revoke", "revoke a token") }
}

fn address(kind: Kind, id: &str) -> String {
    format!("/v2/{}/{}", kind.plural(), encoded(id))
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
            (list(Kind::Contact, Order::Id, Window::FIRST), "GET /v2/contacts?sort_by=id&per_page=100&page=1"),
            (list(Kind::Deal, Order::Changed, Window { page: 3, rows: 97 }), "GET /v2/deals?sort_by=updated_at%3Adesc&per_page=97&page=3"),
            (by_ids(Kind::Lead, &["1", "22"]), "GET /v2/leads?ids=1%2C22&per_page=100"),
            (
                filtered(Kind::Lead, "custom_fields[Our id]", "a&b", 2),
                "GET /v2/leads?custom_fields%5BOur%20id%5D=a%26b&per_page=100&page=2",
            ),
            (one(Kind::Task, "1/../self"), "GET /v2/tasks/1%2F..%2Fself"),
            (stream(Kind::Note, TOP, 1), "GET /v3/notes/stream?position=top&limit=1"),
            (custom_fields(Kind::Contact), "GET /v2/contact/custom_fields"),
            (delete(Kind::Deal, "7"), "DELETE /v2/deals/7"),
        ];
        for (ask, expected) in asks {
            assert_eq!(format!("{} {}", ask.method, ask.path), expected);
        }
    }

    #[test]
    fn every_call_names_its_sender() {
        let header = HeaderValue::from_static("Bearer x");
        let call = create(Kind::Note, &Map::new()).call("https://api.getbase.com", &header).unwrap();
        assert_eq!(call.request.uri(), "https://api.getbase.com/v2/notes");
        assert!(call.request.headers()["user-agent"].to_str().unwrap().starts_with("syncline/"));
        assert_eq!(&call.request.body()[..], b"{\"data\":{}}");
        assert!(me().call("not an address", &header).is_none());
    }
}
