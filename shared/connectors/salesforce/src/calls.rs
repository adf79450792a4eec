//! Pure: question → request. Nothing here sends anything.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Request;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use serde_json::value::RawValue;
use syncline_engine::ports::http::EndpointClass;
use syncline_model::Fault;

use crate::settings::Config;
use crate::soql;
use crate::wire::Node;

pub(crate) const TOKEN: EndpointClass = "token";
pub(crate) const QUERY: EndpointClass = "query";
pub(crate) const COMPOSITE: EndpointClass = "composite";
pub(crate) const METADATA: EndpointClass = "metadata";
pub(crate) const PROVISION: EndpointClass = "provision";
pub(crate) const ACCOUNT: EndpointClass = "account";

/// Rows of one collection (fact sheet §4.2: documented).
pub(crate) const COLLECTION_ROWS_MAX: usize = 200;
/// Collections and queries of one composite call (fact sheet §4.2: documented).
pub(crate) const COMPOSITE_HEAVY_MAX: usize = 5;

/// Our name in change events (fact sheet §3.4: documented).
const CLIENT: (&str, &str) = ("sforce-call-options", "client=Syncline/1");
/// Alert rules do not block; block rules still do (fact sheet §4.5: documented).
const DUPLICATE_RULE: (&str, &str) = ("Sforce-Duplicate-Rule-Header", "allowSave=true");

/// Makes requests for one organisation.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    base_url: String,
    login_url: String,
    root: String,
}

/// One part of a composite call.
#[derive(Clone, Debug)]
pub(crate) struct Sub {
    pub(crate) method: &'static str,
    pub(crate) url: String,
    pub(crate) reference: String,
    /// JSON.
    pub(crate) body: Option<String>,
}

/// A composite request as it goes over the wire; bodies are put in as they stand.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Composite<'a> {
    all_or_none: bool,
    collate_subrequests: bool,
    #[serde(rename = "compositeRequest")]
    parts: Vec<Part<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    method: &'static str,
    url: &'a str,
    reference_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_headers: Option<BTreeMap<&'static str, &'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a RawValue>,
}

impl<'a> Part<'a> {
    fn of(sub: &'a Sub) -> Self {
        let http_headers = (sub.method != "GET").then(|| BTreeMap::from([DUPLICATE_RULE]));
        let body = sub.body.as_deref().and_then(|body| serde_json::from_str(body).ok());
        Self { method: sub.method, url: &sub.url, reference_id: &sub.reference, http_headers, body }
    }
}

impl Calls {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            base_url: config.base_url.clone(),
            login_url: config.login_url.clone(),
            root: format!("/services/data/v{}", config.api_version),
        }
    }

    /// The path of a query, from the host on.
    pub(crate) fn query_path(&self, soql: &str, with_deleted: bool) -> String {
        let resource = if with_deleted { "queryAll" } else { "query" };
        format!("{}/{resource}?q={}", self.root, soql::encode(soql))
    }

    /// GET of a path at the organisation: a query, a locator, a describe.
    ///
    /// # Errors
    /// `Fault::Drift` where the path is none of the data API's: a locator of elsewhere is not followed with our token.
    pub(crate) fn get(&self, path: &str) -> Result<Request<Bytes>, Fault> {
        if !path.starts_with("/services/") || path.contains("..") {
            return Err(Fault::Drift {
                path: "nextRecordsUrl".into(),
                expected: "a path under /services/".into(),
                found: "another address".into(),
            });
        }
        self.request("GET", path, None)
    }

    pub(crate) fn describe_path(&self, kind: &str) -> String {
        format!("{}/sobjects/{kind}/describe", self.root)
    }

    pub(crate) fn userinfo(&self) -> Result<Request<Bytes>, Fault> {
        self.request("GET", "/services/oauth2/userinfo", None)
    }

    pub(crate) fn retrieve_path(&self, kind: &str) -> String {
        format!("{}/composite/sobjects/{kind}", self.root)
    }

    pub(crate) fn collections_path(&self) -> String {
        format!("{}/composite/sobjects", self.root)
    }

    pub(crate) fn upsert_path(&self, kind: &str, key: &str) -> String {
        format!("{}/composite/sobjects/{kind}/{key}", self.root)
    }

    pub(crate) fn delete_path(&self, ids: &[&str]) -> String {
        format!("{}/composite/sobjects?ids={}&allOrNone=false", self.root, ids.join(","))
    }

    pub(crate) fn post(&self, path: &str, body: &Node) -> Result<Request<Bytes>, Fault> {
        self.post_json(path, body.to_json())
    }

    /// The same with a body that is JSON already.
    pub(crate) fn post_json(&self, path: &str, body: String) -> Result<Request<Bytes>, Fault> {
        self.request("POST", path, Some(body))
    }

    pub(crate) fn create_path(&self, kind: &str) -> String {
        format!("{}/sobjects/{kind}", self.root)
    }

    pub(crate) fn tooling_field_path(&self) -> String {
        format!("{}/tooling/sobjects/CustomField", self.root)
    }

    /// Several parts in one call, each on its own: one's failure stops no other.
    pub(crate) fn composite(&self, subs: &[Sub]) -> Result<Request<Bytes>, Fault> {
        let parts = subs.iter().map(Part::of).collect();
        let whole = Composite { all_or_none: false, collate_subrequests: false, parts };
        let body = serde_json::to_string(&whole).map_err(|_| unsendable())?;
        self.post_json(&format!("{}/composite", self.root), body)
    }

    /// The token request: a form.
    pub(crate) fn token(&self, form: &[(&str, &str)]) -> Result<Request<Bytes>, Fault> {
        let pairs = form.iter().map(|(key, value)| format!("{key}={}", soql::encode(value)));
        Request::builder()
            .method("POST")
            .uri(format!("{}/services/oauth2/token", self.login_url))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(Bytes::from(pairs.collect::<Vec<_>>().join("&")))
            .map_err(|_| unsendable())
    }

    /// Ends a refresh token, and the sessions that it gave (fact sheet §1.1: as its authorize and token siblings; RFC 7009).
    pub(crate) fn revoke(&self, token: &str) -> Result<Request<Bytes>, Fault> {
        Request::builder()
            .method("POST")
            .uri(format!("{}/services/oauth2/revoke", self.base_url))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(format!("token={}", soql::encode(token))))
            .map_err(|_| unsendable())
    }

    /// A link for people (fact sheet §7: unverified).
    pub(crate) fn web_address(&self, kind: &str, id: &str) -> String {
        format!("{}/lightning/r/{kind}/{id}/view", self.base_url)
    }

    fn request(&self, method: &str, path: &str, body: Option<String>) -> Result<Request<Bytes>, Fault> {
        let mut builder = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base_url))
            .header(ACCEPT, "application/json")
            .header(CLIENT.0, CLIENT.1);
        if body.is_some() {
            builder = builder.header(CONTENT_TYPE, "application/json").header(DUPLICATE_RULE.0, DUPLICATE_RULE.1);
        }
        let body = body.map(Bytes::from).unwrap_or_default();
        builder.body(body).map_err(|_| unsendable())
    }
}

/// The request with its credentials, which no `Debug` shows.
pub(crate) fn authorised(request: &Request<Bytes>, token: &str) -> Result<Request<Bytes>, Fault> {
    let mut request = request.clone();
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| Fault::Drift {
        path: "access_token".into(),
        expected: "printable characters".into(),
        found: "others".into(),
    })?;
    value.set_sensitive(true);
    request.headers_mut().insert(http::header::AUTHORIZATION, value);
    Ok(request)
}

fn unsendable() -> Fault {
    Fault::Drift { path: "request".into(), expected: "an address that can be written".into(), found: "one that cannot".into() }
}
