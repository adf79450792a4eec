//! A connection's settings: which account, under which limits.

use syncline_engine::ports::settings::{account_host, base_address, check_address, reserve_percent};
use syncline_engine::ports::vendor::{KeyFact, Limit, SettingProblem, Settings};

use crate::calls::CONTACTS_LIST;

pub(crate) const SETTING_KEYS: &[KeyFact] = &[
    KeyFact {
        name: "domain",
        required: true,
        help: "The account's host name: `acme` or `acme.freshdesk.com`. A custom host name does not serve the API.",
    },
    KeyFact {
        name: "base_url",
        required: false,
        help: "Where the API is reached instead of https://<domain>: for a proxy or a simulator. Plain http only on this machine.",
    },
    KeyFact {
        name: "account_id",
        required: false,
        help: "The account's number, as app events carry it: webhooks from any other are refused.",
    },
    KeyFact {
        name: "plan",
        required: false,
        help: "trial, growth, pro, enterprise, 1000 or 2000 (bought limits): decides the calls per minute. Default: growth.",
    },
    KeyFact {
        name: "calls_per_minute",
        required: false,
        help: "The account's whole limit, where it is not the plan's: the header X-RateLimit-Total of any answer.",
    },
    KeyFact { name: "contacts_list_per_minute", required: false, help: "The limit on listing contacts, where it is not the plan's." },
    KeyFact {
        name: "reserve_percent",
        required: false,
        help: "Part of the limits that is left to other integrations of the account, 0 to 90. Default: 20.",
    },
    KeyFact {
        name: "include_visitors",
        required: false,
        help: "true: contacts that came from a chat widget and were never identified are synced too. Default: false.",
    },
];

pub(crate) const SECRET_KEYS: &[KeyFact] = &[
    KeyFact {
        name: "api_key",
        required: true,
        help: "An agent's API key: Freshdesk, Profile settings, View API key. The agent must be an administrator to provision fields.",
    },
    KeyFact {
        name: "webhook_secret",
        required: false,
        help: "A long random text that the app or automation rule sends in the header X-Syncline-Secret.",
    },
    KeyFact { name: "webhook_secret_previous", required: false, help: "The secret before that, while both are in use." },
    KeyFact {
        name: "panel_key",
        required: false,
        help: "A long random text with which the panel's custom app asks for tokens, in the header X-Syncline-Key.",
    },
    KeyFact { name: "panel_key_previous", required: false, help: "The panel key before that, while both are in use." },
];

const RESERVE_PERCENT_DEFAULT: u8 = 20;
const MINUTE_S: u32 = 60;

/// A plan's calls per minute, all together and for listing contacts (fact sheet §5: documented, January 2026; for a trial the second
/// figure is not documented, and Growth's is taken).
const PLANS: &[(&str, u32, u32)] =
    &[("trial", 50, 20), ("growth", 200, 20), ("pro", 400, 100), ("enterprise", 700, 200), ("1000", 1000, 300), ("2000", 2000, 400)];

/// What the connector needs to know of its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The account's host: `acme.freshdesk.com`.
    pub(crate) host: String,
    /// Where requests go, without a slash at the end.
    pub(crate) base: String,
    pub(crate) account_id: Option<String>,
    pub(crate) include_visitors: bool,
    pub(crate) calls_per_minute: u32,
}

/// The settings as the connector uses them, or all that is wrong with them.
pub(crate) fn read(settings: &Settings) -> Result<Target, Vec<SettingProblem>> {
    let problems = problems(settings);
    let host = settings.get("domain").and_then(host);
    match host {
        Some(host) if problems.is_empty() => Ok(Target {
            base: settings.get("base_url").map_or_else(|| format!("https://{host}"), |address| base_address(address, &["/api/v2"])),
            host,
            account_id: settings.get("account_id").map(str::to_owned),
            include_visitors: settings.get("include_visitors") == Some("true"),
            calls_per_minute: figures(settings).0,
        }),
        Some(_) | None => Err(problems),
    }
}

pub(crate) fn problems(settings: &Settings) -> Vec<SettingProblem> {
    let mut problems = Vec::new();
    let mut problem = |key: &str, problem: &str, hint: &str| {
        problems.push(SettingProblem { key: key.to_owned(), problem: problem.to_owned(), hint: hint.to_owned() });
    };
    match settings.get("domain") {
        None => problem("domain", "is missing", "write `domain: acme` for acme.freshdesk.com"),
        Some(domain) if host(domain).is_none() => {
            problem(
                "domain",
                "is no Freshdesk host name",
                "write `acme` or `acme.freshdesk.com`; a custom host name does not serve the API",
            );
        }
        Some(_) => {}
    }
    if let Some(address) = settings.get("base_url")
        && let Err(reason) = check_address(address, "the key")
    {
        problem("base_url", &reason, "write https://host, or http://127.0.0.1:port for a simulator on this machine");
    }
    if let Some(plan) = settings.get("plan")
        && plan_figures(plan).is_none()
    {
        problem("plan", "is no plan that Syncline knows", "write trial, growth, pro, enterprise, 1000 or 2000, or give calls_per_minute");
    }
    for key in ["calls_per_minute", "contacts_list_per_minute"] {
        if settings.get(key).is_some_and(|text| text.parse::<u32>().ok().is_none_or(|calls| calls == 0)) {
            problem(key, "is no number of calls", "write a whole number from 1");
        }
    }
    if settings.get("reserve_percent").is_some_and(|text| reserve_percent(text).is_none()) {
        problem("reserve_percent", "is no share", "write a whole number from 0 to 90");
    }
    if settings.get("include_visitors").is_some_and(|text| text != "true" && text != "false") {
        problem("include_visitors", "is neither true nor false", "write true or false");
    }
    if settings.get("account_id").is_some_and(|text| text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit())) {
        problem("account_id", "is no account number", "write the digits that app events carry as account_id, or leave it out");
    }
    problems
}

pub(crate) fn limits(settings: &Settings) -> Vec<Limit> {
    let (all, contacts_list) = figures(settings);
    let reserve_percent = settings.get("reserve_percent").and_then(reserve_percent).unwrap_or(RESERVE_PERCENT_DEFAULT);
    vec![
        Limit { class: None, calls: all, window_s: MINUTE_S, reserve_percent },
        Limit { class: Some(CONTACTS_LIST), calls: contacts_list, window_s: MINUTE_S, reserve_percent },
    ]
}

/// Calls per minute: all together, and for listing contacts.
fn figures(settings: &Settings) -> (u32, u32) {
    let (all, list) = settings.get("plan").and_then(plan_figures).unwrap_or((200, 20));
    let given = |key: &str| settings.get(key).and_then(|text| text.parse::<u32>().ok()).filter(|calls| *calls > 0);
    let all = given("calls_per_minute").unwrap_or(all);
    (all, given("contacts_list_per_minute").unwrap_or(list).min(all))
}

fn plan_figures(plan: &str) -> Option<(u32, u32)> {
    PLANS.iter().find(|(name, _, _)| *name == plan).map(|(_, all, list)| (*all, *list))
}

/// The account's host from a label or a host name, in lower case.
pub(crate) fn host(domain: &str) -> Option<String> {
    account_host(domain, "freshdesk.com")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        Settings(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    fn check(pairs: &[(&str, &str)], wrong: &[&str]) {
        let found: Vec<String> = problems(&settings(pairs)).into_iter().map(|problem| problem.key).collect();
        assert_eq!(found, wrong, "{pairs:?}");
    }

    #[test]
    fn good_and_bad_settings() {
        check(&[("domain", "acme")], &[]);
        check(&[("domain", "Acme.Freshdesk.com"), ("plan", "pro"), ("reserve_percent", "50")], &[]);
        check(&[], &["domain"]);
        check(&[("domain", "support.acme.example")], &["domain"]);
        check(&[("domain", "https://acme.freshdesk.com")], &["domain"]);
        check(&[("domain", "-acme")], &["domain"]);
        check(&[("domain", "acme"), ("plan", "gold"), ("calls_per_minute", "0")], &["plan", "calls_per_minute"]);
        check(&[("domain", "acme"), ("reserve_percent", "91"), ("include_visitors", "yes")], &["reserve_percent", "include_visitors"]);
        check(&[("domain", "acme"), ("account_id", "12a")], &["account_id"]);
    }

    #[test]
    fn plain_http_only_on_this_machine() {
        for good in ["https://proxy.example", "http://127.0.0.1:8080", "http://localhost:1/", "http://[::1]:9", "http://127.9.9.9"] {
            check(&[("domain", "acme"), ("base_url", good)], &[]);
        }
        let bad = [
            "http://acme.freshdesk.com",
            "ftp://127.0.0.1",
            "acme",
            "http://127.0.0.1.evil.example",
            "http://user:pw@127.0.0.1",
            "https://a.example/?x=1",
        ];
        for bad in bad {
            check(&[("domain", "acme"), ("base_url", bad)], &["base_url"]);
        }
    }

    #[test]
    fn the_plan_decides_the_limits_and_figures_overrule_it() {
        let calls =
            |pairs: &[(&str, &str)]| limits(&settings(pairs)).iter().map(|limit| (limit.calls, limit.reserve_percent)).collect::<Vec<_>>();
        assert_eq!(calls(&[("domain", "acme")]), [(200, 20), (20, 20)]);
        assert_eq!(calls(&[("plan", "trial"), ("reserve_percent", "0")]), [(50, 0), (20, 0)]);
        assert_eq!(calls(&[("plan", "2000")]), [(2000, 20), (400, 20)]);
        assert_eq!(calls(&[("plan", "pro"), ("calls_per_minute", "90"), ("contacts_list_per_minute", "500")]), [(90, 20), (90, 20)]);
    }

    #[test]
    fn the_target_is_normal() {
        let target = read(&settings(&[("domain", "ACME"), ("base_url", "http://127.0.0.1:8080/api/v2/")])).unwrap();
        assert_eq!((target.host.as_str(), target.base.as_str()), ("acme.freshdesk.com", "http://127.0.0.1:8080"));
        assert!(!target.include_visitors);
    }
}
