//! A connection's settings: which account, how to sign in, under which limits.

use syncline_engine::ports::settings::{account_host, base_address, check_address, reserve_percent};
use syncline_engine::ports::vendor::{KeyFact, Limit, SettingProblem, Settings};

use crate::calls::{AVAILABILITIES, INCREMENTAL};

pub(crate) const SETTING_KEYS: &[KeyFact] = &[
    KeyFact {
        name: "subdomain",
        required: true,
        help: "The account: `acme` or `acme.zendesk.com`. A host name of your own (host mapping) does not serve the API.",
    },
    KeyFact {
        name: "base_url",
        required: false,
        help: "Where the API is reached instead of https://<subdomain>.zendesk.com: for a proxy or a simulator. Plain http only on this machine.",
    },
    KeyFact {
        name: "auth",
        required: false,
        help: "client_credentials (the default), refresh_token, or api_token, which Zendesk switches off on 2027-04-30.",
    },
    KeyFact { name: "scope", required: false, help: "The OAuth scopes to ask for. Default: `read write`." },
    KeyFact {
        name: "plan",
        required: false,
        help: "team, growth, professional, enterprise or enterprise_plus: decides the calls per minute. Default: team.",
    },
    KeyFact { name: "calls_per_minute", required: false, help: "The account's whole limit, where it is not the plan's." },
    KeyFact {
        name: "exports_per_minute",
        required: false,
        help: "The limit on incremental exports, where it is not 10: 30 with the High Volume add-on.",
    },
    KeyFact {
        name: "reserve_percent",
        required: false,
        help: "Part of the limits that is left to other integrations of the account, 0 to 90. Default: 20.",
    },
    KeyFact {
        name: "status_api",
        required: false,
        help: "unified (omnichannel routing is on), talk (it is off), or auto, which asks the account. Default: auto.",
    },
    KeyFact {
        name: "talk_partner_edition",
        required: false,
        help: "true: an administrator has seen that the agents have Talk Partner Edition; no API tells. Default: false.",
    },
    KeyFact {
        name: "account_id",
        required: false,
        help: "The account's number, as webhooks carry it in X-Zendesk-Account-Id: those of any other are refused.",
    },
];

pub(crate) const SECRET_KEYS: &[KeyFact] = &[
    KeyFact {
        name: "client_id",
        required: false,
        help: "The OAuth client's unique identifier (Admin Center, Apps and integrations, APIs).",
    },
    KeyFact { name: "client_secret", required: false, help: "The OAuth client's secret." },
    KeyFact { name: "refresh_token", required: false, help: "With `auth: refresh_token`: the token; each use replaces it." },
    KeyFact {
        name: "access_token",
        required: false,
        help: "With `auth: refresh_token`: kept by Syncline, so that its functions share one.",
    },
    KeyFact { name: "email", required: false, help: "With `auth: api_token`: the administrator that the token acts as." },
    KeyFact { name: "api_token", required: false, help: "With `auth: api_token`: the token. New ones cannot be made any more." },
    KeyFact { name: "webhook_secret", required: false, help: "The webhook's signing secret (Admin Center, Webhooks, Reveal secret)." },
    KeyFact { name: "webhook_secret_previous", required: false, help: "The secret before that, while both are in use." },
];

const RESERVE_PERCENT_DEFAULT: u8 = 20;
const MINUTE_S: u32 = 60;

/// Calls per minute and account (fact sheet §3: two independent transcriptions).
const PLANS: &[(&str, u32)] = &[("team", 200), ("growth", 400), ("professional", 400), ("enterprise", 700), ("enterprise_plus", 2_500)];
/// All incremental exports together (fact sheet §2.3: documented).
const EXPORTS_PER_MINUTE: u32 = 10;
/// Listing availabilities (fact sheet §3: documented).
const AVAILABILITIES_PER_MINUTE: u32 = 300;

/// How the connection signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    ClientCredentials,
    RefreshToken,
    ApiToken,
}

impl Flow {
    fn read(text: &str) -> Option<Self> {
        match text {
            "client_credentials" => Some(Self::ClientCredentials),
            "refresh_token" => Some(Self::RefreshToken),
            "api_token" => Some(Self::ApiToken),
            _ => None,
        }
    }
}

/// Where agents' statuses are read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusApi {
    /// Omnichannel routing is on: one status an agent, custom ones among them.
    Unified,
    /// It is off: the state in Talk.
    Talk,
}

/// What the connector needs to know of its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The account's host: `acme.zendesk.com`.
    pub(crate) host: String,
    /// Where requests go, without a slash at the end.
    pub(crate) base: String,
    pub(crate) flow: Flow,
    pub(crate) scope: String,
    /// `None`: the account is asked.
    pub(crate) status_api: Option<StatusApi>,
    pub(crate) licence_is_confirmed: bool,
    pub(crate) account_id: Option<String>,
}

/// The settings as the connector uses them, or all that is wrong with them.
pub(crate) fn read(settings: &Settings) -> Result<Target, Vec<SettingProblem>> {
    let problems = problems(settings);
    match settings.get("subdomain").and_then(host) {
        Some(host) if problems.is_empty() => Ok(Target {
            base: settings.get("base_url").map_or_else(|| format!("https://{host}"), |address| base_address(address, &["/api/v2"])),
            host,
            flow: settings.get("auth").and_then(Flow::read).unwrap_or(Flow::ClientCredentials),
            scope: settings.get("scope").unwrap_or("read write").to_owned(),
            status_api: settings.get("status_api").and_then(status_api),
            licence_is_confirmed: settings.get("talk_partner_edition") == Some("true"),
            account_id: settings.get("account_id").map(str::to_owned),
        }),
        Some(_) | None => Err(problems),
    }
}

pub(crate) fn problems(settings: &Settings) -> Vec<SettingProblem> {
    let mut problems = Vec::new();
    let mut problem = |key: &str, problem: &str, hint: &str| {
        problems.push(SettingProblem { key: key.to_owned(), problem: problem.to_owned(), hint: hint.to_owned() });
    };
    match settings.get("subdomain") {
        None => problem("subdomain", "is missing", "write `subdomain: acme` for acme.zendesk.com"),
        Some(subdomain) if host(subdomain).is_none() => {
            problem(
                "subdomain",
                "is no Zendesk subdomain",
                "write `acme` or `acme.zendesk.com`; a host name of your own does not serve the API",
            );
        }
        Some(_) => {}
    }
    if let Some(address) = settings.get("base_url")
        && let Err(reason) = check_address(address, "the token")
    {
        problem("base_url", &reason, "write https://host, or http://127.0.0.1:port for a simulator on this machine");
    }
    if settings.get("auth").is_some_and(|text| Flow::read(text).is_none()) {
        problem("auth", "is no way to sign in", "write client_credentials, refresh_token or api_token");
    }
    if settings.get("scope").is_some_and(|text| text.trim().is_empty()) {
        problem("scope", "is empty", "write `read write`, or leave it out");
    }
    if settings.get("plan").is_some_and(|plan| plan_figure(plan).is_none()) {
        problem(
            "plan",
            "is no plan that Syncline knows",
            "write team, growth, professional, enterprise or enterprise_plus, or give calls_per_minute",
        );
    }
    for key in ["calls_per_minute", "exports_per_minute"] {
        if settings.get(key).is_some_and(|text| text.parse::<u32>().ok().is_none_or(|calls| calls == 0)) {
            problem(key, "is no number of calls", "write a whole number from 1");
        }
    }
    if settings.get("reserve_percent").is_some_and(|text| reserve_percent(text).is_none()) {
        problem("reserve_percent", "is no share", "write a whole number from 0 to 90");
    }
    if settings.get("status_api").is_some_and(|text| text != "auto" && status_api(text).is_none()) {
        problem("status_api", "is none that Syncline knows", "write auto, unified or talk");
    }
    if settings.get("talk_partner_edition").is_some_and(|text| text != "true" && text != "false") {
        problem("talk_partner_edition", "is neither true nor false", "write true or false");
    }
    if settings.get("account_id").is_some_and(|text| text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit())) {
        problem("account_id", "is no account number", "write the digits that webhooks carry, or leave it out");
    }
    problems
}

pub(crate) fn limits(settings: &Settings) -> Vec<Limit> {
    let given = |key: &str| settings.get(key).and_then(|text| text.parse::<u32>().ok()).filter(|calls| *calls > 0);
    let all = given("calls_per_minute").or_else(|| settings.get("plan").and_then(plan_figure)).unwrap_or(200);
    let reserve_percent = settings.get("reserve_percent").and_then(reserve_percent).unwrap_or(RESERVE_PERCENT_DEFAULT);
    let limit = |class, calls: u32| Limit { class, calls: calls.min(all), window_s: MINUTE_S, reserve_percent };
    vec![
        limit(None, all),
        limit(Some(INCREMENTAL), given("exports_per_minute").unwrap_or(EXPORTS_PER_MINUTE)),
        limit(Some(AVAILABILITIES), AVAILABILITIES_PER_MINUTE),
    ]
}

fn plan_figure(plan: &str) -> Option<u32> {
    PLANS.iter().find(|(name, _)| *name == plan).map(|(_, calls)| *calls)
}

fn status_api(text: &str) -> Option<StatusApi> {
    match text {
        "unified" => Some(StatusApi::Unified),
        "talk" => Some(StatusApi::Talk),
        _ => None,
    }
}

/// The account's host from a label or a host name, in lower case. Existing accounts may have hyphens (recorded). Only `<label>.zendesk.com`
/// comes out, so that no token is ever sent elsewhere.
pub(crate) fn host(subdomain: &str) -> Option<String> {
    account_host(subdomain, "zendesk.com")
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
        check(&[("subdomain", "acme")], &[]);
        check(&[("subdomain", "Z3N-Acme.zendesk.com"), ("plan", "enterprise"), ("auth", "refresh_token")], &[]);
        check(&[], &["subdomain"]);
        for bad in ["https://acme.zendesk.com/agent", "acme.evil.example", "-acme", "acme_1", "acme.zendesk.com.evil.example"] {
            check(&[("subdomain", bad)], &["subdomain"]);
        }
        check(
            &[("subdomain", "acme"), ("auth", "password"), ("plan", "gold"), ("calls_per_minute", "0")],
            &["auth", "plan", "calls_per_minute"],
        );
        check(
            &[("subdomain", "acme"), ("status_api", "chat"), ("talk_partner_edition", "yes"), ("account_id", "12a")],
            &["status_api", "talk_partner_edition", "account_id"],
        );
        check(&[("subdomain", "acme"), ("reserve_percent", "91"), ("scope", " ")], &["scope", "reserve_percent"]);
    }

    #[test]
    fn plain_http_only_on_this_machine() {
        for good in ["https://proxy.example", "http://127.0.0.1:8080", "http://localhost:1/", "http://[::1]:9"] {
            check(&[("subdomain", "acme"), ("base_url", good)], &[]);
        }
        for bad in ["http://acme.zendesk.com", "ftp://127.0.0.1", "acme", "http://127.0.0.1.evil.example", "http://user:pw@127.0.0.1"] {
            check(&[("subdomain", "acme"), ("base_url", bad)], &["base_url"]);
        }
    }

    #[test]
    fn the_plan_decides_the_limits_and_figures_overrule_it() {
        let calls = |pairs: &[(&str, &str)]| limits(&settings(pairs)).iter().map(|limit| limit.calls).collect::<Vec<_>>();
        assert_eq!(calls(&[("subdomain", "acme")]), [200, 10, 200]);
        assert_eq!(calls(&[("plan", "enterprise_plus"), ("exports_per_minute", "30")]), [2_500, 30, 300]);
        assert_eq!(calls(&[("plan", "enterprise"), ("calls_per_minute", "9")]), [9, 9, 9]);
    }
}
