//! Questions as requests. Pure: nothing here sends. Paths are those of version 8 of the API (fact sheet §3 to §6).

use bytes::Bytes;
use http::{HeaderValue, Method};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value as Json, json};
use syncline_engine::ports::http::{Call, EndpointClass};

use crate::object::Module;

pub(crate) const LIST: EndpointClass = "records_list";
pub(crate) const READ: EndpointClass = "records_read";
pub(crate) const SEARCH: EndpointClass = "records_search";
pub(crate) const WRITE: EndpointClass = "records_write";
pub(crate) const CONVERT: EndpointClass = "convert";
pub(crate) const DELETED: EndpointClass = "deleted_list";
pub(crate) const METADATA: EndpointClass = "metadata";
pub(crate) const ACCOUNT: EndpointClass = "account";
pub(crate) const NOTIFICATIONS: EndpointClass = "notifications";
pub(crate) const TOKEN: EndpointClass = "token";

/// Rows of a page, rows of a write, fields of one reading (fact sheet §3, §4: documented).
pub(crate) const PAGE_RECORDS_MAX: u32 = 200;
pub(crate) const WRITE_RECORDS_MAX: u32 = 100;
pub(crate) const FIELDS_MAX: usize = 50;
/// Ids of one reading: no limit is published; as many as a write has.
pub(crate) const IDS_MAX: usize = 100;
/// Conditions of one search.
pub(crate) const CONDITIONS_MAX: usize = 10;
/// Rows that can be reached by page numbers.
pub(crate) const DISCRETE_ROWS_MAX: u32 = 2_000;

/// Credits (fact sheet §8: a conversion documented, the others seen).
const CONVERT_CREDITS: u32 = 5;
const SEARCH_CREDITS: u32 = 3;
const RECORDS_PER_CREDIT: usize = 10;

const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b',');

/// One question: what is asked, and what it costs. Its `Debug` form would carry values; it has none.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) class: EndpointClass,
    pub(crate) units: u32,
    pub(crate) method: Method,
    /// Path and query below the host.
    pub(crate) path: String,
    pub(crate) modified_since: Option<Timestamp>,
    /// Of a write: a row that was changed later is refused (fact sheet §4: documented).
    pub(crate) unmodified_since: Option<Timestamp>,
    pub(crate) body: Option<Json>,
    /// What we are doing, in words without values: `list leads`.
    pub(crate) operation: String,
}

impl Ask {
    fn get(class: EndpointClass, path: String, operation: String) -> Self {
        Self { class, units: 1, method: Method::GET, path, modified_since: None, unmodified_since: None, body: None, operation }
    }

    fn with(class: EndpointClass, method: Method, path: String, body: Json, operation: String) -> Self {
        Self { class, units: 1, method, path, modified_since: None, unmodified_since: None, body: Some(body), operation }
    }

    pub(crate) fn writes(&self) -> bool {
        self.method != Method::GET
    }

    /// The request on the wire; `None` where the base address makes no address with this path.
    pub(crate) fn call(&self, base: &str, authorization: &HeaderValue) -> Option<Call> {
        let mut request = http::Request::builder()
            .method(self.method.clone())
            .uri(format!("{base}{}", self.path))
            .header(http::header::ACCEPT, "application/json")
            .header(http::header::AUTHORIZATION, authorization.clone());
        if let Some(since) = self.modified_since {
            request = request.header(http::header::IF_MODIFIED_SINCE, stamp(since));
        }
        if let Some(since) = self.unmodified_since {
            request = request.header(http::header::IF_UNMODIFIED_SINCE, stamp(since));
        }
        let body = self.body.as_ref().map(|body| Bytes::from(body.to_string()));
        if body.is_some() {
            request = request.header(http::header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(body.unwrap_or_default()).ok()?;
        Some(Call { units: self.units, ..Call::new(self.class, request) })
    }
}

/// A moment as the vendor takes it: with an offset, whole seconds (fact sheet §2, §3).
pub(crate) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// Which rows of a module's list.
#[derive(Clone, Debug)]
pub(crate) struct Listed<'a> {
    pub(crate) fields: &'a [String],
    pub(crate) since: Option<Timestamp>,
    pub(crate) page: u32,
    pub(crate) rows: u32,
    /// Instead of the page's number, beyond what numbers reach.
    pub(crate) token: Option<&'a str>,
}

/// A module's records in the order in which they were last modified. Converted leads are among them: that is how one sees that they were.
pub(crate) fn list(module: Module, listed: &Listed<'_>) -> Ask {
    let place = match listed.token {
        Some(token) => format!("page_token={}", encoded(token)),
        None => format!("page={}", listed.page),
    };
    let path = format!(
        "/crm/v8/{}?fields={}&per_page={}&{place}&sort_by=Modified_Time&sort_order=asc{}",
        module.name(),
        encoded(&listed.fields.join(",")),
        listed.rows,
        converted(module)
    );
    Ask { modified_since: listed.since, ..Ask::get(LIST, path, format!("list {}", module.plural())) }
}

fn converted(module: Module) -> &'static str {
    match module {
        Module::Leads => "&converted=both",
        Module::Accounts | Module::Contacts => "",
    }
}

/// Records by their ids; those that there are none of are left out.
pub(crate) fn by_ids(module: Module, ids: &[String], fields: &[String]) -> Ask {
    let path = format!(
        "/crm/v8/{}?ids={}&fields={}&per_page={PAGE_RECORDS_MAX}{}",
        module.name(),
        encoded(&ids.join(",")),
        encoded(&fields.join(",")),
        converted(module)
    );
    Ask::get(READ, path, format!("read {}", module.plural()))
}

/// What went into the bin, and what is gone for good.
pub(crate) fn deleted(module: Module, since: Option<Timestamp>, page: u32) -> Ask {
    let path = format!("/crm/v8/{}/deleted?type=all&page={page}&per_page={PAGE_RECORDS_MAX}", module.name());
    Ask { modified_since: since, ..Ask::get(DELETED, path, format!("list deleted {}", module.plural())) }
}

/// Records with one of these values in this field.
pub(crate) fn search(module: Module, field: &str, values: &[String], page: u32) -> Ask {
    let conditions: Vec<String> = values.iter().map(|value| format!("({field}:equals:{})", escaped(value))).collect();
    let criteria = if let [one] = conditions.as_slice() { one.clone() } else { format!("({})", conditions.join("or")) };
    let path = format!("/crm/v8/{}/search?criteria={}&page={page}&per_page={PAGE_RECORDS_MAX}", module.name(), encoded(&criteria));
    Ask { units: SEARCH_CREDITS, ..Ask::get(SEARCH, path, format!("search {}", module.plural())) }
}

/// Brackets, commas and backslashes inside a criterion's value (fact sheet §3: documented).
fn escaped(value: &str) -> String {
    let mut text = String::new();
    for sign in value.chars() {
        if matches!(sign, '(' | ')' | ',' | '\\') {
            text.push('\\');
        }
        text.push(sign);
    }
    text
}

fn credits(records: usize) -> u32 {
    u32::try_from(records.div_ceil(RECORDS_PER_CREDIT)).unwrap_or(u32::MAX).max(1)
}

fn rows_body(rows: &[Json], workflows: bool) -> Json {
    // Without `trigger` everything runs; an empty list runs nothing (fact sheet §4: documented).
    if workflows { json!({ "data": rows }) } else { json!({ "data": rows, "trigger": [] }) }
}

pub(crate) fn insert(module: Module, rows: &[Json], workflows: bool) -> Ask {
    let ask = Ask::with(
        WRITE,
        Method::POST,
        format!("/crm/v8/{}", module.name()),
        rows_body(rows, workflows),
        format!("create {}", module.plural()),
    );
    Ask { units: credits(rows.len()), ..ask }
}

/// Made, or changed where a record has the same value in this field. The field stands in the body: as a header it is ignored (fact sheet §4).
pub(crate) fn upsert(module: Module, rows: &[Json], field: &str, workflows: bool) -> Ask {
    let mut body = rows_body(rows, workflows);
    if let Some(members) = body.as_object_mut() {
        members.insert("duplicate_check_fields".to_owned(), json!([field]));
    }
    let ask =
        Ask::with(WRITE, Method::POST, format!("/crm/v8/{}/upsert", module.name()), body, format!("create or change {}", module.plural()));
    Ask { units: credits(rows.len()), ..ask }
}

pub(crate) fn update(module: Module, rows: &[Json], workflows: bool) -> Ask {
    let ask = Ask::with(
        WRITE,
        Method::PUT,
        format!("/crm/v8/{}", module.name()),
        rows_body(rows, workflows),
        format!("change {}", module.plural()),
    );
    Ask { units: credits(rows.len()), ..ask }
}

pub(crate) fn delete(module: Module, ids: &[String], workflows: bool) -> Ask {
    let path = format!("/crm/v8/{}?ids={}&wf_trigger={workflows}", module.name(), encoded(&ids.join(",")));
    Ask {
        class: WRITE,
        units: credits(ids.len()),
        method: Method::DELETE,
        path,
        modified_since: None,
        unmodified_since: None,
        body: None,
        operation: format!("delete {}", module.plural()),
    }
}

/// Which contacts and accounts a lead would meet.
pub(crate) fn conversion_options(lead: &str) -> Ask {
    Ask::get(READ, format!("/crm/v8/Leads/{lead}/__conversion_options"), "look whom a lead would meet".to_owned())
}

/// Into this contact and account, or into new ones.
pub(crate) fn convert(lead: &str, contact: Option<&str>, account: Option<&str>) -> Ask {
    let mut row = json!({"overwrite": false, "notify_lead_owner": false, "notify_new_entity_owner": false});
    if let Some(members) = row.as_object_mut() {
        for (name, id) in [("Contacts", contact), ("Accounts", account)] {
            if let Some(id) = id {
                members.insert(name.to_owned(), json!({ "id": id }));
            }
        }
    }
    let path = format!("/crm/v8/Leads/{lead}/actions/convert");
    let ask = Ask::with(CONVERT, Method::POST, path, json!({ "data": [row] }), "convert a lead".to_owned());
    Ask { units: CONVERT_CREDITS, ..ask }
}

pub(crate) fn fields(module: Module) -> Ask {
    let path = format!("/crm/v8/settings/fields?module={}&type=all", module.name());
    Ask::get(METADATA, path, format!("read the fields of {}", module.plural()))
}

pub(crate) fn create_field(module: Module, field: &Json) -> Ask {
    let path = format!("/crm/v8/settings/fields?module={}", module.name());
    Ask::with(METADATA, Method::POST, path, json!({ "fields": [field] }), format!("make a field of {}", module.plural()))
}

pub(crate) fn organization() -> Ask {
    Ask::get(ACCOUNT, "/crm/v8/org".to_owned(), "read the account".to_owned())
}

pub(crate) fn current_user() -> Ask {
    Ask::get(ACCOUNT, "/crm/v8/users?type=CurrentUser".to_owned(), "ask whose token this is".to_owned())
}

pub(crate) fn users(page: u32) -> Ask {
    let path = format!("/crm/v8/users?type=AllUsers&page={page}&per_page={PAGE_RECORDS_MAX}");
    Ask::get(ACCOUNT, path, "list users".to_owned())
}

pub(crate) fn channel(id: &str) -> Ask {
    Ask::get(NOTIFICATIONS, format!("/crm/v8/actions/watch?channel_id={}", encoded(id)), "look at the notification channel".to_owned())
}

/// Makes the channel, or renews it with all its properties.
pub(crate) fn watch(renew: bool, channel: &Json) -> Ask {
    let method = if renew { Method::PUT } else { Method::POST };
    let operation = "keep the notification channel alive".to_owned();
    Ask::with(NOTIFICATIONS, method, "/crm/v8/actions/watch".to_owned(), json!({ "watch": [channel] }), operation)
}

pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_written_as_documented() {
        let fields = ["Last_Name".to_owned(), "Email".to_owned()];
        let listed = Listed { fields: &fields, since: None, page: 2, rows: 200, token: None };
        let asks = [
            (
                list(Module::Leads, &listed),
                "GET /crm/v8/Leads?fields=Last_Name,Email&per_page=200&page=2&sort_by=Modified_Time&sort_order=asc&converted=both",
            ),
            (
                list(Module::Contacts, &Listed { token: Some("a=b"), ..listed }),
                "GET /crm/v8/Contacts?fields=Last_Name,Email&per_page=200&page_token=a%3Db&sort_by=Modified_Time&sort_order=asc",
            ),
            (
                by_ids(Module::Accounts, &["1".into(), "2".into()], &fields),
                "GET /crm/v8/Accounts?ids=1,2&fields=Last_Name,Email&per_page=200",
            ),
            (deleted(Module::Leads, None, 1), "GET /crm/v8/Leads/deleted?type=all&page=1&per_page=200"),
            (
                search(Module::Leads, "Last_Name", &["Burns, B (x)".into()], 1),
                "GET /crm/v8/Leads/search?criteria=%28Last_Name%3Aequals%3ABurns%5C,%20B%20%5C%28x%5C%29%29&page=1&per_page=200",
            ),
            (delete(Module::Contacts, &["1".into(), "2".into()], false), "DELETE /crm/v8/Contacts?ids=1,2&wf_trigger=false"),
        ];
        for (ask, expected) in asks {
            assert_eq!(format!("{} {}", ask.method, ask.path), expected);
        }
        let several = search(Module::Leads, "Email", &["a@b.c".into(), "d@e.f".into()], 1);
        assert!(several.path.contains("criteria=%28%28Email%3Aequals%3Aa%40b.c%29or%28Email%3Aequals%3Ad%40e.f%29%29"), "{}", several.path);
    }

    #[test]
    fn writing_costs_a_credit_for_ten_records_and_converting_five() {
        let rows = vec![json!({}); 100];
        assert_eq!((insert(Module::Leads, &rows, false).units, update(Module::Leads, &rows[..1], false).units), (10, 1));
        assert_eq!((upsert(Module::Leads, &rows[..11], "X", false).units, convert("1", None, None).units), (2, 5));
    }

    #[test]
    fn workflows_run_only_where_they_are_asked_for() {
        let body = |workflows| insert(Module::Leads, &[json!({"Last_Name": "Ida"})], workflows).body.unwrap();
        assert_eq!(body(false)["trigger"], json!([]));
        assert!(body(true).get("trigger").is_none());
        assert_eq!(upsert(Module::Leads, &[], "Link", false).body.unwrap()["duplicate_check_fields"], json!(["Link"]));
    }

    #[test]
    fn a_moment_goes_out_with_an_offset() {
        let ask = deleted(Module::Leads, Some("2026-11-22T10:00:00.7Z".parse().unwrap()), 1);
        let call = ask.call("https://www.zohoapis.eu", &HeaderValue::from_static("Zoho-oauthtoken x")).unwrap();
        assert_eq!(call.request.headers()["if-modified-since"], "2026-11-22T10:00:00+00:00");
        assert!(ask.call("no address", &HeaderValue::from_static("x")).is_none());
    }
}
