//! SALESmanago and Zoho CRM: customers both ways. A client is a contact at Zoho, a prospect a lead; a change of state moves the person there,
//! and a conversion there changes the state. Who opts out on either side stays out.

use http::Method;
use serde_json::json;
use syncline_salesmanago_sim::{API_KEY, API_SECRET, Clearing, ModifiedList, OWNER_EMAIL, Salesmanago};
use syncline_simulator::{Request, json as json_answer};
use syncline_zoho_crm_sim::{CONTACTS, DataType, Field as ZohoField, LEADS, ZohoCrm};

use super::zoho_people::{HALF_MOVED, LINK, PERSON, People};
use super::{Choices, Field, Keeps, Object, Recipe, Scenario, Sort};
use crate::vendors::Account;
use crate::workload::Act;

const SALESMANAGO: &str = "127.0.0.1:4107";
const ZOHO: &str = "127.0.0.1:4108";
const CALLS_PER_MINUTE: u32 = 100_000;
const CREDITS_PER_DAY: u32 = 1_000_000;

/// States without a place at Zoho mean nothing to it.
static STATES: Choices = Choices {
    left: &[("CUSTOMER", "client"), ("PROSPECT", "prospect"), ("PARTNER", "")],
    right: &[("Contacts", "client"), ("Leads", "prospect")],
};

static CONSENT: Choices = Choices { left: &[("true", "out"), ("false", "in")], right: &[("true", "out"), ("false", "in")] };

/// What happens to customers. SALESmanago tells of deletions in no feed, and has no bin; nobody is merged on either side.
const ACTS: &[(Act, u64)] = &[
    (Act::Create, 12),
    (Act::CreateOnBoth, 8),
    (Act::Edit, 44),
    (Act::EditAgain, 8),
    (Act::EditBoth, 26),
    (Act::EditBothWide, 6),
    (Act::Clear, 8),
    (Act::Delete, 5),
    (Act::Restore, 2),
];

/// The recipe as this scenario has it.
pub fn recipe(scenario: &Scenario) -> Recipe {
    let objects = objects();
    let followed = |side: usize| -> Vec<String> {
        let parts = objects.iter().flat_map(|object| object.fields.iter().flat_map(move |field| field.parts[side].iter()));
        parts.map(|part| (*part).to_owned()).chain([LINK.to_owned()]).collect()
    };
    let left = Account {
        name: "salesmanago",
        authority: SALESMANAGO,
        users: Box::new(salesmanago(scenario)),
        skew: scenario.skew[0],
        followed: [("contact", followed(0))].into(),
        may_change: salesmanago_may_change,
        refuses: |_| json_answer(200, &json!({ "success": false, "message": ["User not authenticated"] })),
        shuts_out: |_| None,
    };
    let right = Account {
        name: "zoho_crm",
        authority: ZOHO,
        users: Box::new(People(zoho(scenario))),
        skew: scenario.skew[1],
        followed: [(PERSON, followed(1)), (HALF_MOVED, followed(1))].into(),
        may_change: zoho_may_change,
        refuses: |request| {
            if request.uri().path().contains("/oauth/") {
                return json_answer(200, &json!({ "error": "invalid_code" }));
            }
            json_answer(401, &json!({ "code": "INVALID_TOKEN", "message": "invalid oauth token", "details": {}, "status": "error" }))
        },
        shuts_out: |_| None,
    };
    Recipe {
        sync: "customers",
        objects,
        acts: ACTS,
        configs: [true, false, true].map(|has_fax| config(scenario, has_fax)).into(),
        unmapped: vec![&[], &["fax"], &[]],
        secrets: &[
            ("salesmanago", &[("client_id", syncline_salesmanago_sim::CLIENT_ID), ("api_key", API_KEY), ("api_secret", API_SECRET)]),
            (
                "zoho",
                &[
                    ("client_id", syncline_zoho_crm_sim::CLIENT_ID),
                    ("client_secret", syncline_zoho_crm_sim::CLIENT_SECRET),
                    ("refresh_token", syncline_zoho_crm_sim::REFRESH_TOKEN),
                ],
            ),
        ],
        left,
        right,
        shares: [None, None],
        visible_after_s: 0,
        provisions: false,
    }
}

fn salesmanago(scenario: &Scenario) -> Salesmanago {
    Salesmanago::new(syncline_salesmanago_sim::Profile {
        seed: scenario.seed,
        base_url: format!("http://{SALESMANAGO}"),
        calls_per_minute: CALLS_PER_MINUTE,
        clearing: Clearing::EmptyText,
        modified_list: if scenario.salesforce_rewrites { ModifiedList::State } else { ModifiedList::Log },
        message_is_text: scenario.salesforce_blocks_duplicates,
        ..Default::default()
    })
}

fn zoho(scenario: &Scenario) -> ZohoCrm {
    let mut zoho = ZohoCrm::new(syncline_zoho_crm_sim::Profile {
        seed: scenario.seed,
        api_domain: format!("http://{ZOHO}"),
        accounts_url: format!("http://{ZOHO}"),
        credits: CREDITS_PER_DAY,
        search_lag_s: scenario.freshdesk_search_lag_s,
        since_is_inclusive: scenario.salesforce_rewrites,
        schedules_conversions: scenario.salesforce_blocks_duplicates,
        ..Default::default()
    });
    zoho.add_user(jiff::Timestamp::UNIX_EPOCH, OWNER_EMAIL, "Mia", "Main");
    for module in [LEADS, CONTACTS] {
        assert!(zoho.add_field(module, ZohoField::new(LINK, DataType::Text, 40).custom(true)));
    }
    zoho
}

/// Everything is posted, reading too.
fn salesmanago_may_change(request: &Request) -> bool {
    const READS: [&str; 7] = ["/list", "/basic", "/paginated", "/modified", "/created", "/user/", "/hasContact"];
    let path = request.uri().path();
    !READS.iter().any(|read| path.contains(read))
}

fn zoho_may_change(request: &Request) -> bool {
    let path = request.uri().path();
    request.method() != Method::GET && !path.contains("/oauth/") && !path.ends_with("/coql")
}

fn objects() -> Vec<Object> {
    let field = |name, left: &'static str, right: &[&'static str], sort, clears| Field {
        name,
        parts: [vec![left], right.to_vec()],
        sort,
        keeps: Keeps::Newest,
        clears,
        // No field but the consent has a policy of its own, and the scenario's is the master's.
        conflicts: clears,
    };
    vec![Object {
        mapping: "people",
        kind: ["contact", PERSON],
        link: ["", LINK],
        fields: vec![
            field("name", "name", &["First_Name", "Last_Name"], Sort::PersonName, false),
            field("email", "email", &["Email"], Sort::Email, false),
            field("phone", "phone", &["Phone"], Sort::Phone, true),
            field("fax", "fax", &["Fax"], Sort::Phone, true),
            // A lead has to have one.
            field("company", "company", &["Company"], Sort::Text, false),
            field("street", "address.streetAddress", &["Street"], Sort::Text, true),
            field("city", "address.city", &["City"], Sort::Text, true),
            field("province", "province", &["State"], Sort::Text, true),
            field("state", "state", &["module"], Sort::Choice(&STATES), false),
            field("opted_out", "optedOut", &["Email_Opt_Out"], Sort::Consent(&CONSENT), false),
        ],
        deletes: [false, false],
        need_one_of: [vec!["email"], vec![]],
        unique: vec!["email"],
        lengths: vec![],
    }]
}

/// The recipe as it is shipped, with the simulators' addresses; without the fax in the generation between the others.
fn config(scenario: &Scenario, has_fax: bool) -> String {
    let text = syncline_config::recipe("salesmanago-zoho_crm").unwrap_or_default();
    let history = if scenario.backfill { "backfill" } else { "none" };
    let demoted = if scenario.seed.is_multiple_of(3) { "remove" } else { "keep" };
    let fax = "          fax: { left: fax, right: Fax }\n";
    [
        (
            "server: app2",
            format!("server: app2\n    base_url: http://{SALESMANAGO}\n    calls_per_minute: \"{CALLS_PER_MINUTE}\"\n    clearing: empty"),
        ),
        ("data_center: eu", format!("data_center: eu\n    base_url: http://{ZOHO}\n    credits_per_day: \"{CREDITS_PER_DAY}\"")),
        ("# demoted_contact: keep", format!("demoted_contact: {demoted}")),
        ("master: right", format!("master: {}", scenario.master.of("left", "right"))),
        ("history: backfill", format!("history: {history}")),
        (fax, if has_fax { fax.to_owned() } else { String::new() }),
    ]
    .into_iter()
    .fold(text.replace("sales@acme.example", OWNER_EMAIL), |text, (from, to)| {
        assert!(text.contains(from), "the recipe has no {from:?}");
        text.replacen(from, &to, 1)
    })
}
