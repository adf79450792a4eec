//! Aircall and Zendesk Support: the status of agents, each side setting the other's. Nobody is made an agent, and nobody removed.

use http::Method;
use serde_json::json;
use syncline_aircall_sim::{API_ID, API_TOKEN, Aircall};
use syncline_simulator::{Request, json as json_answer};
use syncline_zendesk_support_sim::{CLIENT_ID, CLIENT_SECRET, Limits, Support};

use super::{Choices, Field, Keeps, Object, Recipe, Scenario, Sort};
use crate::vendors::Account;
use crate::workload::Act;

const AIRCALL: &str = "127.0.0.1:4103";
const ZENDESK: &str = "127.0.0.1:4104";
const CALLS_PER_MINUTE: u32 = 100_000;
/// The export of what changed leaves out the newest minute.
const EXPORT_LAG_S: u32 = 60;

/// What agents pick, and what it means to both sides. What means nothing is not synced: a schedule of Aircall's, a status of the account's own.
static STATUSES: Choices = Choices {
    left: &[("available", "online"), ("unavailable", "offline"), ("custom", "")],
    right: &[("online", "online"), ("offline", "offline"), ("away", "offline"), ("transfers_only", "offline"), ("In a meeting", "")],
};

/// What happens to agents. Who leaves is removed by an administrator, and comes back as somebody new.
const ACTS: &[(Act, u64)] =
    &[(Act::Create, 8), (Act::CreateOnBoth, 8), (Act::Edit, 40), (Act::EditAgain, 10), (Act::EditBoth, 28), (Act::Delete, 6)];

/// The recipe as this scenario has it.
pub fn recipe(scenario: &Scenario) -> Recipe {
    let followed = |kind, status: &str| [(kind, ["email", "name", status].map(str::to_owned).into())].into();
    let left = Account {
        name: "aircall",
        authority: AIRCALL,
        users: Box::new(Aircall::new(syncline_aircall_sim::Profile {
            seed: scenario.seed,
            base_url: format!("http://{AIRCALL}"),
            calls_per_minute: CALLS_PER_MINUTE,
            ..Default::default()
        })),
        skew: scenario.skew[0],
        followed: followed("user", "availability_status"),
        may_change,
        refuses: |_| json_answer(401, &json!({ "error": "Unauthorized", "troubleshoot": "Check your API key" })),
        shuts_out: |_| None,
    };
    let right = Account {
        name: "zendesk_support",
        authority: ZENDESK,
        users: Box::new(zendesk(scenario)),
        skew: scenario.skew[1],
        followed: followed("agent", "status"),
        may_change,
        refuses: |_| json_answer(401, &json!({ "error": "invalid_token", "error_description": "The access token provided is invalid" })),
        shuts_out: |_| None,
    };
    let config = config(scenario);
    Recipe {
        sync: "agent_status",
        objects: objects(),
        acts: ACTS,
        configs: vec![config; 3],
        unmapped: vec![&[], &[], &[]],
        secrets: &[
            ("aircall", &[("api_id", API_ID), ("api_token", API_TOKEN)]),
            ("zendesk", &[("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)]),
        ],
        left,
        right,
        shares: [None, None],
        visible_after_s: EXPORT_LAG_S,
        provisions: false,
    }
}

fn zendesk(scenario: &Scenario) -> Support {
    let mut support = Support::new(syncline_zendesk_support_sim::Profile {
        seed: scenario.seed,
        base_url: format!("http://{ZENDESK}"),
        limits: Limits::BOUNDLESS,
        ..Default::default()
    });
    support.add_custom_status(jiff::Timestamp::UNIX_EPOCH, "In a meeting", ["away", "online", "away"]);
    support
}

fn may_change(request: &Request) -> bool {
    request.method() != Method::GET && !request.uri().path().contains("/oauth/")
}

fn objects() -> Vec<Object> {
    let field =
        |name, left, right, sort, keeps| Field { name, parts: [vec![left], vec![right]], sort, keeps, clears: false, conflicts: false };
    vec![Object {
        mapping: "agents",
        kind: ["user", "agent"],
        link: ["", ""],
        fields: vec![
            field("name", "name", "name", Sort::Text, Keeps::Apart),
            field("email", "email", "email", Sort::Email, Keeps::Apart),
            field("status", "availability_status", "status", Sort::Choice(&STATUSES), Keeps::Newest),
        ],
        deletes: [false, false],
        need_one_of: [vec![], vec![]],
        unique: vec!["email"],
        lengths: vec![],
    }]
}

fn config(scenario: &Scenario) -> String {
    let direction = "# direction: left_to_right";
    let text = syncline_config::recipe("aircall-zendesk_support").unwrap_or_default();
    let history = if scenario.backfill { "backfill" } else { "none" };
    let settings = format!("base_url: http://{AIRCALL}\n    calls_per_minute: \"{CALLS_PER_MINUTE}\"");
    let limits =
        format!("base_url: http://{ZENDESK}\n    calls_per_minute: \"{CALLS_PER_MINUTE}\"\n    exports_per_minute: \"{CALLS_PER_MINUTE}\"");
    [
        (direction, "direction: both".to_owned()),
        ("master: left", format!("master: {}", scenario.master.of("left", "right"))),
        ("history: backfill", format!("history: {history}")),
        ("system: aircall", format!("system: aircall\n    {settings}")),
        ("plan: professional", limits),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the recipe has no {from:?}");
        text.replacen(from, &to, 1)
    })
}
