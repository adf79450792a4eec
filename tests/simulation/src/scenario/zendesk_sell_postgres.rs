//! Zendesk Sell and a replica of it: the server itself, in which time is the world's. Contacts and deals, both ways.

use http::Method;
use serde_json::json;
use syncline_engine::ports::sql::Refusal;
use syncline_postgres_sim::{Database, PASSWORD, ROLE};
use syncline_simulator::{Request, json as json_answer};
use syncline_zendesk_sell_sim::{ACCESS_TOKEN, Limits, OWNER_EMAIL, Plan, Profile, Sell};

use super::{Field, Keeps, Object, Recipe, Scenario, Sort};
use crate::vendors::Account;
use crate::workload::Act;

const SELL: &str = "127.0.0.1:4105";
/// Where the database is, by the config: requests reach it by way of the world.
const REPLICA: &str = "127.0.0.1:4106";
/// The tables, parents first.
const TABLES: &[&str] = &["contacts", "deals"];
const MANY_CALLS: &str = "calls_per_minute: \"100000\"";

/// What sellers do, and who edits the replica with SQL.
const ACTS: &[(Act, u64)] = &[
    (Act::Create, 22),
    (Act::CreateWithCompany, 8),
    (Act::Edit, 34),
    (Act::EditAgain, 10),
    (Act::EditBoth, 24),
    (Act::EditBothWide, 8),
    (Act::Clear, 6),
    (Act::MoveToCompany, 8),
    (Act::Delete, 6),
    (Act::Import, 2),
];

/// The recipe as this scenario has it.
pub fn recipe(scenario: &Scenario) -> Recipe {
    let objects = objects();
    let followed = |side: usize| {
        let parts = |object: &Object| {
            let parts = object.fields.iter().flat_map(|field| field.parts[side].iter().copied()).chain([object.link[side]]);
            parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        objects.iter().map(|object| (object.kind[side], parts(object))).collect()
    };
    let left = Account {
        name: "zendesk_sell",
        authority: SELL,
        users: Box::new(sell(scenario)),
        skew: scenario.skew[0],
        followed: followed(0),
        may_change: |request| request.method() != Method::GET && !request.uri().path().contains("/oauth2/"),
        refuses: |_| {
            let error = json!({ "error": { "code": "not_authenticated", "message": "Invalid or revoked access token" } });
            json_answer(401, &json!({ "errors": [error], "meta": { "type": "errors", "http_status": "401 Unauthorized" } }))
        },
        shuts_out: |_| None,
    };
    let mut database = Database::apart(TABLES);
    database.linger(scenario.salesforce_commit_lag_s.into());
    let right = Account {
        name: "postgres",
        authority: REPLICA,
        users: Box::new(database),
        skew: scenario.skew[1],
        followed: followed(1),
        may_change: writes,
        refuses: |_| json_answer(401, &json!(Refusal { sqlstate: "28P01".to_owned(), column: None, constraint: None })),
        shuts_out: |_| None,
    };
    Recipe {
        sync: "replica",
        objects,
        acts: ACTS,
        configs: vec![config(scenario); 3],
        unmapped: vec![&[], &[], &[]],
        secrets: &[("sell", &[("access_token", ACCESS_TOKEN)]), ("replica", &[("password", PASSWORD)])],
        left,
        right,
        shares: [None, None],
        visible_after_s: scenario.salesforce_commit_lag_s.max(60),
        provisions: true,
    }
}

fn sell(scenario: &Scenario) -> Sell {
    Sell::new(Profile {
        seed: scenario.seed,
        base_url: format!("http://{SELL}"),
        plan: if scenario.seed.is_multiple_of(3) { Plan::Team } else { Plan::Growth },
        limits: Limits::BOUNDLESS,
        ..Profile::default()
    })
}

/// A transaction that writes says so to the triggers. Reading prunes changes, which nobody but its reader sees.
fn writes(request: &Request) -> bool {
    let body = request.body();
    let told = b"syncline.writer";
    body.windows(told.len()).any(|part| part == told)
}

fn field(name: &'static str, sort: Sort, clears: bool) -> Field {
    Field { name, parts: [vec![name], vec![name]], sort, keeps: Keeps::Newest, clears, conflicts: false }
}

fn objects() -> Vec<Object> {
    let object = |mapping, kind, fields| Object {
        mapping,
        kind,
        link: ["", "sell_id"],
        fields,
        deletes: [true, false],
        need_one_of: [vec![], vec![]],
        unique: vec![],
        lengths: vec![],
    };
    let contact = Field {
        name: "contact",
        parts: [vec!["contact_id"], vec!["contact_id"]],
        ..field("", Sort::Reference { parent: "contacts" }, false)
    };
    vec![
        object(
            "contacts",
            ["contact", "contacts"],
            vec![
                field("first_name", Sort::Text, true),
                field("last_name", Sort::Text, false),
                field("title", Sort::Text, true),
                field("email", Sort::Email, true),
            ],
        ),
        object("deals", ["deal", "deals"], vec![field("name", Sort::Text, false), contact]),
    ]
}

/// The shipped recipe without what this world does not keep.
fn config(scenario: &Scenario) -> String {
    let text = syncline_config::recipe("zendesk_sell-postgres").unwrap_or_default();
    let between = |text: &str, from: &str, to: &str| {
        let (begin, end) = (text.find(from), text.find(to));
        match (begin, end) {
            (Some(begin), Some(end)) => format!("{}{}", &text[..begin], &text[end..]),
            (_, _) => panic!("the recipe has no {from:?} before {to:?}"),
        }
    };
    let text = between(text, "      leads:\n", "      deals:\n");
    let text = between(&text, "      # A task or note belongs", "# Where they are, by stage");
    let text = text.split_once("# Where they are, by stage").map_or(text.as_str(), |(kept, _)| kept);
    let history = if scenario.backfill { "backfill" } else { "none" };
    let (host, port) = REPLICA.split_once(':').unwrap_or_default();
    [
        ("system: zendesk_sell", format!("system: zendesk_sell\n    base_url: http://{SELL}\n    {MANY_CALLS}")),
        ("host: db.acme.example", format!("host: {host}\n    port: \"{port}\"\n    {MANY_CALLS}")),
        ("user: syncline", format!("user: {ROLE}")),
        ("contacts, leads, deals, tasks, notes, appointments", TABLES.join(", ")),
        ("master: left", format!("master: {}", scenario.master.of("left", "right"))),
        ("history: backfill", format!("history: {history}")),
        ("max_share: 5", format!("max_share: {}", scenario.affairs.max_share)),
        ("left: sales@acme.example, right: sales@acme.example", format!("left: {OWNER_EMAIL}, right: {OWNER_EMAIL}")),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the recipe has no {from:?}");
        text.replacen(from, &to, 1)
    })
}
