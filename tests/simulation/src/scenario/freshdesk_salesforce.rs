//! Freshdesk and Salesforce: contacts and companies both ways.

use http::Method;
use serde_json::{Value as Json, json};
use syncline_freshdesk_sim::Freshdesk;
use syncline_model::{Side, Timestamp};
use syncline_salesforce_sim::{DuplicateRule, Rewrite, Salesforce, Trigger};
use syncline_simulator::{Request, Response, json as json_answer};

use super::{Emphasis, Field, Keeps, Object, Recipe, Scenario, Sort};
use crate::auditor::Share;
use crate::vendors::Account;
use crate::workload::Act;

const FRESHDESK: &str = "127.0.0.1:4101";
const SALESFORCE: &str = "127.0.0.1:4102";

/// The recipe as this scenario has it.
pub fn recipe(scenario: &Scenario, at: Timestamp) -> Recipe {
    let objects = objects();
    let followed = |left: bool| {
        objects
            .iter()
            .map(|object| {
                let side = usize::from(!left);
                let parts = object.fields.iter().flat_map(|field| field.parts[side].iter().map(|part| (*part).to_owned()));
                (object.kind[side], parts.chain([object.link[side].to_owned()]).collect())
            })
            .collect()
    };
    let left = Account {
        name: "freshdesk",
        authority: FRESHDESK,
        users: Box::new(freshdesk(scenario, at)),
        skew: scenario.skew[0],
        followed: followed(true),
        may_change: |request| request.method() != Method::GET,
        refuses: |_| {
            json_answer(401, &json!({ "code": "invalid_credentials", "message": "You have to be logged in to perform this action." }))
        },
        shuts_out: freshdesk_shuts_out,
    };
    let right = Account {
        name: "salesforce",
        authority: SALESFORCE,
        users: Box::new(salesforce(scenario)),
        skew: scenario.skew[1],
        followed: followed(false),
        may_change: salesforce_may_change,
        refuses: |request| {
            if request.uri().path().contains("/oauth2/") {
                return json_answer(400, &json!({ "error": "invalid_client", "error_description": "invalid client credentials" }));
            }
            json_answer(401, &json!([{ "errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid" }]))
        },
        // Its refusals name no time.
        shuts_out: |_| None,
    };
    let calls = scenario.freshdesk_calls_per_minute;
    Recipe {
        sync: "customers",
        objects,
        acts: &Act::ALL,
        configs: [(true, false), (false, true), (true, true)].map(|(titled, later)| config(scenario, titled, later)).into(),
        unmapped: vec![&[], &["title"], &[]],
        secrets: &[
            ("freshdesk", &[("api_key", syncline_freshdesk_sim::INTEGRATION_KEY)]),
            ("salesforce", &[("client_id", "simulator-client"), ("client_secret", "simulator-secret")]),
        ],
        left,
        right,
        // A fifth is left to the customer's other programs.
        shares: [(calls <= 400).then_some(Share { calls: calls * 4 / 5, window: 60_000 }), None],
        visible_after_s: scenario.salesforce_commit_lag_s,
        provisions: false,
    }
}

fn freshdesk(scenario: &Scenario, at: Timestamp) -> Freshdesk {
    let calls = scenario.freshdesk_calls_per_minute;
    let mut freshdesk = Freshdesk::new(syncline_freshdesk_sim::Profile {
        seed: scenario.seed,
        calls_per_minute: calls,
        contacts_list_per_minute: calls,
        tickets_list_per_minute: calls,
        search_lag_s: scenario.freshdesk_search_lag_s,
        merged_keep_email: scenario.emphasis == Emphasis::Successions,
        email_filter_reads_other_emails: scenario.emphasis == Emphasis::Successions,
        ..Default::default()
    });
    let contact = json!({ "label": "SFCONTACTID", "label_for_customers": "SFCONTACTID", "type": "custom_text", "unique": true });
    let company = json!({ "label": "SFACCOUNTID", "type": "custom_text", "unique": true });
    for (path, field) in [("contact_fields", contact), ("company_fields", company)] {
        let made = freshdesk.as_person(at, &Method::POST, path, &field);
        assert!(made.status().is_success(), "{path}: {}", made.status());
    }
    freshdesk
}

fn salesforce(scenario: &Scenario) -> Salesforce {
    let mut profile = syncline_salesforce_sim::Profile {
        seed: scenario.seed,
        instance_url: format!("http://{SALESFORCE}"),
        commit_lag_s: scenario.salesforce_commit_lag_s,
        human_saves_lag: scenario.salesforce_saves_lag && scenario.salesforce_commit_lag_s > 0,
        page_records: scenario.salesforce_page,
        ..Default::default()
    };
    if scenario.salesforce_blocks_duplicates {
        profile.duplicate_rule = DuplicateRule::Block;
    }
    if scenario.salesforce_rewrites {
        let trigger = |field: &str, rewrite| Trigger { object: "Contact".into(), field: field.into(), rewrite };
        profile.triggers = vec![
            trigger("MobilePhone", Rewrite::PhoneDigits),
            trigger("Email", Rewrite::LowerCase),
            trigger("Title", Rewrite::SingleSpaces),
        ];
    }
    let mut salesforce = Salesforce::new(profile);
    for (object, name) in [("Contact", "FDCONTACTID__c"), ("Account", "FDACCOUNTID__c")] {
        let label = name.trim_end_matches("__c");
        let metadata = json!({ "type": "Text", "label": label, "length": 40, "unique": true, "externalId": true, "caseSensitive": true });
        assert!(salesforce.add_custom_field(object, name, &metadata));
    }
    salesforce
}

/// A refusal while some of the whole limit is left concerns the listing of contacts alone.
fn freshdesk_shuts_out(response: &Response) -> Option<i64> {
    let number = |name: &str| response.headers().get(name)?.to_str().ok()?.parse::<i64>().ok();
    if response.status() != http::StatusCode::TOO_MANY_REQUESTS || number("x-ratelimit-remaining").is_some_and(|left| left > 0) {
        return None;
    }
    number("retry-after")
}

/// Retrieving a collection and a composite of queries alone are posted, and read only.
fn salesforce_may_change(request: &Request) -> bool {
    let path = request.uri().path();
    if request.method() == Method::GET
        || path.contains("/oauth2/")
        || (request.method() == Method::POST && path.contains("/composite/sobjects/"))
    {
        return false;
    }
    if !path.ends_with("/composite") {
        return true;
    }
    let body: Json = serde_json::from_slice(request.body()).unwrap_or_default();
    // A collection is retrieved by a POST to its kind; a PATCH to its kind is an upsert.
    let retrieves = |part: &Json| part["method"] == "POST" && part["url"].as_str().is_some_and(|url| url.contains("/composite/sobjects/"));
    let reads_only = |part: &Json| part["method"] == "GET" || retrieves(part);
    !body["compositeRequest"].as_array().is_some_and(|parts| parts.iter().all(reads_only))
}

fn field(name: &'static str, left: &[&'static str], right: &[&'static str], sort: Sort, keeps: Keeps, clears: bool) -> Field {
    // The config below gives the scenario's policy to what users may clear, but for the company.
    let conflicts = clears && !matches!(sort, Sort::Reference { .. });
    Field { name, parts: [left.to_vec(), right.to_vec()], sort, keeps, clears, conflicts }
}

fn objects() -> Vec<Object> {
    vec![
        Object {
            mapping: "companies",
            kind: ["company", "Account"],
            link: ["custom_fields.sfaccountid", "FDACCOUNTID__c"],
            fields: vec![
                field("name", &["name"], &["Name"], Sort::Text, Keeps::Newest, false),
                field("description", &["description"], &["Description"], Sort::Text, Keeps::Newest, true),
            ],
            deletes: [false, true],
            need_one_of: [vec![], vec![]],
            unique: vec!["name"],
            lengths: vec![],
        },
        Object {
            mapping: "contacts",
            kind: ["contact", "Contact"],
            link: ["custom_fields.sfcontactid", "FDCONTACTID__c"],
            fields: vec![
                field("name", &["name"], &["FirstName", "LastName"], Sort::PersonName, Keeps::Newest, false),
                field("email", &["email"], &["Email"], Sort::Email, Keeps::First, false),
                field("mobile", &["mobile"], &["MobilePhone"], Sort::Phone, Keeps::Newest, true),
                field("title", &["job_title"], &["Title"], Sort::Text, Keeps::Newest, true),
                field("company", &["company_id"], &["AccountId"], Sort::Reference { parent: "companies" }, Keeps::Newest, true),
            ],
            deletes: [false, true],
            need_one_of: [vec!["email", "mobile"], vec![]],
            unique: vec!["email"],
            lengths: vec![(Side::Right, "LastName", 80)],
        },
    ]
}

/// The config; without the field `title` in the generation between the others, and now and then asking for a backfill in a later one only.
fn config(scenario: &Scenario, titled: bool, later: bool) -> String {
    let calls = scenario.freshdesk_calls_per_minute;
    let master = scenario.master.of("left", "right");
    let history = if scenario.backfill || later && scenario.affairs.late_backfill { "backfill" } else { "none" };
    let conflict = scenario.conflict;
    let max_share = scenario.affairs.max_share;
    let title =
        if titled { format!("          title: {{ left: job_title, right: Title, conflict: {conflict} }}\n") } else { String::new() };
    let debounce = if scenario.debounce_s > 0 { format!("        debounce_s: {}\n", scenario.debounce_s) } else { String::new() };
    format!(
        r#"version: 1
history: {{ days: 30 }}
connections:
  freshdesk:
    system: freshdesk
    domain: acme
    base_url: http://{FRESHDESK}
    calls_per_minute: "{calls}"
    contacts_list_per_minute: "{calls}"
  salesforce:
    system: salesforce
    base_url: http://{SALESFORCE}
    login_url: http://{SALESFORCE}
    auth: client_credentials
    daily_calls: "100000"
syncs:
  customers:
    left: freshdesk
    right: salesforce
    direction: both
    master: {master}
    history: {history}
    schedule: every 30 minutes
    region: DE
    deletes: {{ left: ignore, right: propagate, max_share: {max_share} }}
    drift: overwrite
    conflict: master
    objects:
      companies:
        left: company
        right: Account
        link: {{ left: custom_fields.sfaccountid, right: FDACCOUNTID__c }}
        match:
          - {{ left: name, right: Name, compare: ignore_case, unique: true }}
        fields:
          name: {{ left: name, right: Name }}
          description: {{ left: description, right: Description, conflict: {conflict} }}
      contacts:
        left: contact
        right: Contact
        link: {{ left: custom_fields.sfcontactid, right: FDCONTACTID__c }}
        match:
          - {{ left: email, right: Email, compare: ignore_case, unique: true }}
          - {{ left: mobile, right: MobilePhone, compare: phone }}
        need_one_of: {{ left: [email, mobile] }}
{debounce}        fields:
          name: {{ left: name, right: {{ first: FirstName, last: LastName }} }}
          email: {{ left: email, right: Email, compare: ignore_case, write: fill_empty }}
          mobile: {{ left: mobile, right: MobilePhone, compare: phone, conflict: {conflict} }}
{title}          company: {{ left: company_id, right: AccountId, reference: companies }}
"#
    )
}
