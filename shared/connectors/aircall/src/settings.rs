//! A connection's settings: where the API is, and how much of it may be used.

use syncline_engine::ports::settings::{base_address, check_address, reserve_percent};
use syncline_engine::ports::vendor::{KeyFact, Limit, SettingProblem, Settings};

pub(crate) const SETTING_KEYS: &[KeyFact] = &[
    KeyFact {
        name: "base_url",
        required: false,
        help: "Where the API is reached instead of https://api.aircall.io: for a proxy or a simulator. Plain http only on this machine.",
    },
    KeyFact {
        name: "calls_per_minute",
        required: false,
        help: "The company's whole limit, where it is not 120: the header X-AircallApi-Limit of any answer.",
    },
    KeyFact {
        name: "reserve_percent",
        required: false,
        help: "Part of the limit that is left to the company's other integrations, 0 to 90. Default: 20.",
    },
    KeyFact {
        name: "overwrite_schedule",
        required: false,
        help: "true: a status is written to agents who follow their automatic schedule too, which ends the schedule. Default: false.",
    },
];

pub(crate) const SECRET_KEYS: &[KeyFact] = &[
    KeyFact {
        name: "api_id",
        required: false,
        help: "The id of an API key: Aircall Dashboard, Integrations & API, API Keys. Not needed with an access token.",
    },
    KeyFact { name: "api_token", required: false, help: "The token of that API key; the dashboard shows it once." },
    KeyFact {
        name: "access_token",
        required: false,
        help: "The token of an OAuth installation, instead of an API key. It ends only when the app is uninstalled.",
    },
    KeyFact { name: "client_id", required: false, help: "For an installation: the id of your Aircall app." },
    KeyFact { name: "client_secret", required: false, help: "For an installation: the app's secret." },
    KeyFact {
        name: "webhook_secret",
        required: false,
        help: "A long random text at the end of the address to which Aircall sends its webhooks.",
    },
    KeyFact { name: "webhook_secret_previous", required: false, help: "The text before that, while both are in use." },
    KeyFact {
        name: "webhook_token",
        required: false,
        help: "The token of the webhook, which Aircall answers when it is made, and sends in every event.",
    },
    KeyFact { name: "webhook_token_previous", required: false, help: "The token of the webhook before, while both are in use." },
];

/// Requests a minute, all keys and apps of the company together (fact sheet §6: documented; older pages say 60).
const CALLS_PER_MINUTE: u32 = 120;
const RESERVE_PERCENT_DEFAULT: u8 = 20;
const MINUTE_S: u32 = 60;
const BASE: &str = "https://api.aircall.io";

/// What the connector needs to know of its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Where requests go, without a slash at the end.
    pub(crate) base: String,
    pub(crate) calls_per_minute: u32,
    /// Whether an agent's automatic schedule may be ended by a write.
    pub(crate) overwrite_schedule: bool,
}

/// The settings as the connector uses them, or all that is wrong with them.
pub(crate) fn read(settings: &Settings) -> Result<Target, Vec<SettingProblem>> {
    let problems = problems(settings);
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Target {
        base: settings.get("base_url").map_or_else(|| BASE.to_owned(), |address| base_address(address, &["/v1", "/v2"])),
        calls_per_minute: calls_per_minute(settings),
        overwrite_schedule: settings.get("overwrite_schedule") == Some("true"),
    })
}

pub(crate) fn problems(settings: &Settings) -> Vec<SettingProblem> {
    let mut problems = Vec::new();
    let mut problem = |key: &str, problem: &str, hint: &str| {
        problems.push(SettingProblem { key: key.to_owned(), problem: problem.to_owned(), hint: hint.to_owned() });
    };
    if let Some(address) = settings.get("base_url")
        && let Err(reason) = check_address(address, "the key")
    {
        problem("base_url", &reason, "write https://host, or http://127.0.0.1:port for a simulator on this machine");
    }
    if settings.get("calls_per_minute").is_some_and(|text| text.parse::<u32>().ok().is_none_or(|calls| calls == 0)) {
        problem("calls_per_minute", "is no number of calls", "write a whole number from 1");
    }
    if settings.get("reserve_percent").is_some_and(|text| reserve_percent(text).is_none()) {
        problem("reserve_percent", "is no share", "write a whole number from 0 to 90");
    }
    if settings.get("overwrite_schedule").is_some_and(|text| text != "true" && text != "false") {
        problem("overwrite_schedule", "is neither true nor false", "write true or false");
    }
    problems
}

pub(crate) fn limits(settings: &Settings) -> Vec<Limit> {
    let reserve_percent = settings.get("reserve_percent").and_then(reserve_percent).unwrap_or(RESERVE_PERCENT_DEFAULT);
    vec![Limit { class: None, calls: calls_per_minute(settings), window_s: MINUTE_S, reserve_percent }]
}

fn calls_per_minute(settings: &Settings) -> u32 {
    let given = settings.get("calls_per_minute").and_then(|text| text.parse().ok()).filter(|calls| *calls > 0);
    given.unwrap_or(CALLS_PER_MINUTE)
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
        check(&[], &[]);
        check(&[("calls_per_minute", "60"), ("reserve_percent", "0"), ("overwrite_schedule", "true")], &[]);
        check(&[("calls_per_minute", "0"), ("reserve_percent", "91")], &["calls_per_minute", "reserve_percent"]);
        check(&[("overwrite_schedule", "yes")], &["overwrite_schedule"]);
    }

    #[test]
    fn plain_http_only_on_this_machine() {
        for good in ["https://proxy.example", "http://127.0.0.1:8080", "http://localhost:1/", "http://[::1]:9"] {
            check(&[("base_url", good)], &[]);
        }
        for bad in ["http://api.aircall.io", "ftp://127.0.0.1", "acme", "http://user:pw@127.0.0.1", "https://a.example/?x=1"] {
            check(&[("base_url", bad)], &["base_url"]);
        }
    }

    #[test]
    fn the_target_is_normal_and_the_limit_is_the_companys() {
        let target = read(&settings(&[("base_url", "http://127.0.0.1:8080/v1/")])).unwrap();
        assert_eq!((target.base.as_str(), target.calls_per_minute, target.overwrite_schedule), ("http://127.0.0.1:8080", 120, false));
        assert_eq!(read(&settings(&[])).unwrap().base, "https://api.aircall.io");
        let limits = limits(&settings(&[("calls_per_minute", "60")]));
        assert_eq!(limits.iter().map(|limit| (limit.class, limit.calls, limit.reserve_percent)).collect::<Vec<_>>(), [(None, 60, 20)]);
    }
}
