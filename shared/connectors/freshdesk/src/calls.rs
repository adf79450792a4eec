//! Questions as requests. Pure: nothing here sends.

use bytes::Bytes;
use http::{HeaderValue, Method};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value as Json;
use syncline_engine::ports::http::{Call, EndpointClass};
use syncline_model::{RecordId, Value};

use crate::attributes::Kind;
use crate::cursor::{Phase, TimeFilter};
use crate::window::Window;

pub(crate) const CONTACTS_LIST: EndpointClass = "contacts_list";
pub(crate) const CONTACTS_READ: EndpointClass = "contacts_read";
pub(crate) const CONTACTS_WRITE: EndpointClass = "contacts_write";
pub(crate) const COMPANIES_LIST: EndpointClass = "companies_list";
pub(crate) const COMPANIES_READ: EndpointClass = "companies_read";
pub(crate) const COMPANIES_WRITE: EndpointClass = "companies_write";
pub(crate) const SEARCH: EndpointClass = "search";
pub(crate) const FIELDS: EndpointClass = "fields";
pub(crate) const ACCOUNT: EndpointClass = "account";
pub(crate) const AGENTS_LIST: EndpointClass = "agents_list";

/// Records of a list page, the most that the vendor gives (fact sheet §3.1: documented).
pub(crate) const PAGE_RECORDS_MAX: u32 = 100;
/// Pages of a search, the most that the vendor gives, of `SEARCH_PAGE_RECORDS` each (fact sheet §3.3: documented).
pub(crate) const SEARCH_PAGES_MAX: u32 = 10;
/// Characters of a search query (fact sheet §3.3: documented).
const QUERY_CHARACTERS_MAX: usize = 512;

/// Everything but letters, digits and `-._~`: `+` in an email must not arrive as a blank.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One question: what is asked, and against which limit it counts. Its `Debug` form carries values; it is never logged.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) class: EndpointClass,
    pub(crate) method: Method,
    /// Path and query below `/api/v2`.
    pub(crate) path: String,
    pub(crate) body: Option<Json>,
    /// What we are doing, in words without values: `list contacts`.
    pub(crate) operation: String,
}

impl Ask {
    fn get(class: EndpointClass, path: String, operation: String) -> Self {
        Self { class, method: Method::GET, path, body: None, operation }
    }

    fn with_body(class: EndpointClass, method: Method, path: String, body: Json, operation: String) -> Self {
        Self { class, method, path, body: Some(body), operation }
    }

    fn without_body(class: EndpointClass, method: Method, path: String, operation: String) -> Self {
        Self { class, method, path, body: None, operation }
    }

    /// The request on the wire; `None` where the base address makes no address with this path.
    pub(crate) fn call(&self, base: &str, authorization: &HeaderValue) -> Option<Call> {
        let body = self.body.as_ref().map(|body| Bytes::from(body.to_string()));
        let mut request = http::Request::builder()
            .method(self.method.clone())
            .uri(format!("{base}/api/v2{}", self.path))
            .header(http::header::AUTHORIZATION, authorization.clone())
            .header(http::header::ACCEPT, "application/json");
        if body.is_some() {
            request = request.header(http::header::CONTENT_TYPE, "application/json");
        }
        request.body(body.unwrap_or_default()).ok().map(|request| Call::new(self.class, request))
    }
}

pub(crate) fn list_class(kind: Kind) -> EndpointClass {
    match kind {
        Kind::Contact => CONTACTS_LIST,
        Kind::Company => COMPANIES_LIST,
    }
}

pub(crate) fn read_class(kind: Kind) -> EndpointClass {
    match kind {
        Kind::Contact => CONTACTS_READ,
        Kind::Company => COMPANIES_READ,
    }
}

fn write_class(kind: Kind) -> EndpointClass {
    match kind {
        Kind::Contact => CONTACTS_WRITE,
        Kind::Company => COMPANIES_WRITE,
    }
}

/// One part of a list.
pub(crate) fn list(kind: Kind, phase: Phase, since: Option<(TimeFilter, Timestamp)>, window: Window) -> Ask {
    let state = match phase {
        Phase::Live | Phase::Edited => "",
        Phase::Deleted => "&state=deleted",
        Phase::Blocked => "&state=blocked",
    };
    let since = since.map_or_else(String::new, |(filter, since)| format!("&{}={}", filter.name(), encoded(&stamp(since))));
    let path = format!("/{}?per_page={}&page={}{state}{since}", kind.plural(), window.rows, window.page);
    let what = match phase {
        Phase::Live => "",
        Phase::Edited => "edited ",
        Phase::Deleted => "deleted ",
        Phase::Blocked => "blocked ",
    };
    Ask::get(list_class(kind), path, format!("list {what}{}", kind.plural()))
}

/// The contacts whose attribute has this value, by the list's own filter: without the search index's delay.
pub(crate) fn filter(attribute: &str, value: &str, page: u32) -> Ask {
    let path = format!("/contacts?per_page={PAGE_RECORDS_MAX}&page={page}&{attribute}={}", encoded(value));
    Ask::get(CONTACTS_LIST, path, format!("find contacts by {attribute}"))
}

pub(crate) fn view(kind: Kind, id: &RecordId) -> Ask {
    Ask::get(read_class(kind), format!("/{}/{}", kind.plural(), encoded(id.as_str())), format!("read a {}", kind.name()))
}

/// Names that begin with these words; answers ids and names only.
pub(crate) fn autocomplete(kind: Kind, name: &str) -> Ask {
    let parameter = match kind {
        Kind::Contact => "term",
        Kind::Company => "name",
    };
    let path = format!("/{}/autocomplete?{parameter}={}", kind.plural(), encoded(name));
    Ask::get(read_class(kind), path, format!("find {} by name", kind.plural()))
}

pub(crate) fn search(kind: Kind, query: &str, page: u32) -> Ask {
    let path = format!("/search/{}?query={}&page={page}", kind.plural(), encoded(&format!("\"{query}\"")));
    Ask::get(SEARCH, path, format!("search {}", kind.plural()))
}

/// The query that finds a value; `None` where the search's grammar cannot carry it: it documents no way to write a quotation mark.
pub(crate) fn query(key: &str, value: &Value) -> Option<String> {
    let plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let literal = match value {
        Value::Text(text) if !text.contains(['\'', '"', '\\']) && !text.contains(char::is_control) => format!("'{text}'"),
        Value::Integer(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Reference(id) => id.to_string(),
        Value::Text(_) | Value::Null | Value::Decimal(_) | Value::Date(_) | Value::DateTime(_) | Value::Set(_) => return None,
    };
    let query = format!("{key}:{literal}");
    (plain && query.chars().count() + 2 <= QUERY_CHARACTERS_MAX).then_some(query)
}

pub(crate) fn create(kind: Kind, body: Json) -> Ask {
    Ask::with_body(write_class(kind), Method::POST, format!("/{}", kind.plural()), body, format!("create a {}", kind.name()))
}

pub(crate) fn update(kind: Kind, id: &RecordId, body: Json) -> Ask {
    let path = format!("/{}/{}", kind.plural(), encoded(id.as_str()));
    Ask::with_body(write_class(kind), Method::PUT, path, body, format!("update a {}", kind.name()))
}

/// A contact goes to the bin; a company is gone for good. `hard_delete` is never asked for: it also deletes the contact's tickets.
pub(crate) fn delete(kind: Kind, id: &RecordId) -> Ask {
    let path = format!("/{}/{}", kind.plural(), encoded(id.as_str()));
    Ask::without_body(write_class(kind), Method::DELETE, path, format!("delete a {}", kind.name()))
}

pub(crate) fn restore(id: &RecordId) -> Ask {
    let path = format!("/contacts/{}/restore", encoded(id.as_str()));
    Ask::without_body(CONTACTS_WRITE, Method::PUT, path, "restore a contact".to_owned())
}

pub(crate) fn fields(kind: Kind) -> Ask {
    Ask::get(FIELDS, format!("/{}_fields", kind.name()), format!("read the fields of {}", kind.plural()))
}

pub(crate) fn create_field(kind: Kind, body: Json) -> Ask {
    Ask::with_body(FIELDS, Method::POST, format!("/{}_fields", kind.name()), body, format!("make a field of {}", kind.plural()))
}

pub(crate) fn me() -> Ask {
    Ask::get(ACCOUNT, "/agents/me".to_owned(), "ask whose key this is".to_owned())
}

/// A page of the account's agents, from 1.
pub(crate) fn agents(page: u32) -> Ask {
    Ask::get(AGENTS_LIST, format!("/agents?per_page={PAGE_RECORDS_MAX}&page={page}"), "list agents".to_owned())
}

/// The vendor's form of a moment: whole seconds, UTC.
fn stamp(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_written_as_documented() {
        let since = Some((TimeFilter::Plain, "2026-11-20T08:00:00.900Z".parse().unwrap()));
        let asks = [
            (
                list(Kind::Contact, Phase::Live, since, Window::full(1)),
                "GET /contacts?per_page=100&page=1&updated_since=2026-11-20T08%3A00%3A00Z",
            ),
            (list(Kind::Contact, Phase::Deleted, None, Window::full(3)), "GET /contacts?per_page=100&page=3&state=deleted"),
            (list(Kind::Company, Phase::Live, None, Window { page: 4, rows: 92 }), "GET /companies?per_page=92&page=4"),
            (filter("email", "a+b@x.example", 1), "GET /contacts?per_page=100&page=1&email=a%2Bb%40x.example"),
            (view(Kind::Company, &"82".into()), "GET /companies/82"),
            (view(Kind::Contact, &"82/hard_delete".into()), "GET /contacts/82%2Fhard_delete"),
            (autocomplete(Kind::Company, "O'Neill & Søn"), "GET /companies/autocomplete?name=O%27Neill%20%26%20S%C3%B8n"),
            (search(Kind::Company, "sf:'1'", 1), "GET /search/companies?query=%22sf%3A%271%27%22&page=1"),
            (delete(Kind::Contact, &"7".into()), "DELETE /contacts/7"),
            (restore(&"7".into()), "PUT /contacts/7/restore"),
            (fields(Kind::Company), "GET /company_fields"),
        ];
        for (ask, expected) in asks {
            assert_eq!(format!("{} {}", ask.method, ask.path), expected);
        }
    }

    #[test]
    fn a_body_is_announced_and_its_absence_is_not() {
        let authorization = HeaderValue::from_static("Basic x");
        let call = create(Kind::Contact, serde_json::json!({"name": "Ida"})).call("https://acme.freshdesk.com", &authorization).unwrap();
        assert_eq!(call.request.uri(), "https://acme.freshdesk.com/api/v2/contacts");
        assert_eq!((call.class, call.request.headers()["content-type"].to_str().unwrap()), ("contacts_write", "application/json"));
        let call = me().call("http://127.0.0.1:9", &authorization).unwrap();
        assert!(!call.request.headers().contains_key("content-type") && call.request.body().is_empty());
        assert!(me().call("not an address", &authorization).is_none());
    }

    #[test]
    fn a_query_carries_only_what_its_grammar_can() {
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(query("sf_id", &text("001A")).as_deref(), Some("sf_id:'001A'"));
        assert_eq!(query("size", &Value::Integer(7)).as_deref(), Some("size:7"));
        assert_eq!(query("vip", &Value::Bool(true)).as_deref(), Some("vip:true"));
        for refused in ["O'Neill", "say \"x\"", "back\\slash", "two\nlines", &"x".repeat(600)] {
            assert_eq!(query("sf_id", &text(refused)), None);
        }
        assert_eq!(query("a b", &text("x")), None);
        assert_eq!(query("sf_id", &Value::Null), None);
    }
}
