//! A connection's settings: how to sign in, under which limits. The plan is none of them: it is asked.

use syncline_engine::ports::settings::{base_address, check_address, reserve_percent};
use syncline_engine::ports::vendor::{KeyFact, Limit, SettingProblem, Settings};

pub(crate) const SETTING_KEYS: &[KeyFact] = &[
    KeyFact {
        name: "base_url",
        required: false,
        help: "Where the API is reached instead of https://api.getbase.com: for a proxy or a simulator. Plain http only on this machine.",
    },
    KeyFact { name: "auth", required: false, help: "access_token (the default: one made in Sell's settings), or refresh_token (OAuth)." },
    KeyFact { name: "calls_per_minute", required: false, help: "The token's whole limit, where it is not 600." },
    KeyFact {
        name: "reserve_percent",
        required: false,
        help: "Part of the limit that is left to others that use the same token, 0 to 90. Default: 20.",
    },
];

pub(crate) const SECRET_KEYS: &[KeyFact] = &[
    KeyFact {
        name: "access_token",
        required: false,
        help: "A personal access token of the account's root user (Settings, Integrations, OAuth, Access tokens). With `auth: refresh_token`: kept by Syncline.",
    },
    KeyFact { name: "client_id", required: false, help: "With `auth: refresh_token`: the OAuth client's id." },
    KeyFact { name: "client_secret", required: false, help: "With `auth: refresh_token`: the OAuth client's secret." },
    KeyFact { name: "refresh_token", required: false, help: "With `auth: refresh_token`: the token; each use may replace it." },
];

const HOST: &str = "https://api.getbase.com";
const RESERVE_PERCENT_DEFAULT: u8 = 20;
const MINUTE_S: u32 = 60;
/// Ten calls a second and token (fact sheet §4); there is no header by which this could be corrected.
const CALLS_PER_MINUTE: u32 = 600;

/// How the connection signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    AccessToken,
    RefreshToken,
}

impl Flow {
    fn read(text: &str) -> Option<Self> {
        match text {
            "access_token" => Some(Self::AccessToken),
            "refresh_token" => Some(Self::RefreshToken),
            _ => None,
        }
    }
}

/// What the connector needs to know of its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Where requests go, without a slash at the end.
    pub(crate) base: String,
    pub(crate) flow: Flow,
}

/// The settings as the connector uses them, or all that is wrong with them.
pub(crate) fn read(settings: &Settings) -> Result<Target, Vec<SettingProblem>> {
    let problems = problems(settings);
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Target {
        base: settings.get("base_url").map_or_else(|| HOST.to_owned(), |address| base_address(address, &["/v2", "/v3"])),
        flow: settings.get("auth").and_then(Flow::read).unwrap_or(Flow::AccessToken),
    })
}

pub(crate) fn problems(settings: &Settings) -> Vec<SettingProblem> {
    let mut problems = Vec::new();
    let mut problem = |key: &str, problem: &str, hint: &str| {
        problems.push(SettingProblem { key: key.to_owned(), problem: problem.to_owned(), hint: hint.to_owned() });
    };
    if let Some(address) = settings.get("base_url")
        && let Err(reason) = check_address(address, "the token")
    {
        problem("base_url", &reason, "write https://host, or http://127.0.0.1:port for a simulator on this machine");
    }
    if settings.get("auth").is_some_and(|text| Flow::read(text).is_none()) {
        problem("auth", "is no way to sign in", "write access_token or refresh_token");
    }
    if settings.get("calls_per_minute").is_some_and(|text| text.parse::<u32>().ok().is_none_or(|calls| calls == 0)) {
        problem("calls_per_minute", "is no number of calls", "write a whole number from 1");
    }
    if settings.get("reserve_percent").is_some_and(|text| reserve_percent(text).is_none()) {
        problem("reserve_percent", "is no share", "write a whole number from 0 to 90");
    }
    problems
}

pub(crate) fn limits(settings: &Settings) -> Vec<Limit> {
    let calls = settings.get("calls_per_minute").and_then(|text| text.parse::<u32>().ok()).filter(|calls| *calls > 0);
    let reserve_percent = settings.get("reserve_percent").and_then(reserve_percent).unwrap_or(RESERVE_PERCENT_DEFAULT);
    vec![Limit { class: None, calls: calls.unwrap_or(CALLS_PER_MINUTE), window_s: MINUTE_S, reserve_percent }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        Settings(pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
    }

    #[test]
    fn nothing_needs_to_be_set() {
        assert_eq!(read(&settings(&[])).unwrap(), Target { base: HOST.to_owned(), flow: Flow::AccessToken });
        let own = settings(&[("base_url", "http://127.0.0.1:4010/v2/"), ("auth", "refresh_token"), ("calls_per_minute", "60")]);
        assert_eq!(read(&own).unwrap(), Target { base: "http://127.0.0.1:4010".to_owned(), flow: Flow::RefreshToken });
        assert_eq!((limits(&own)[0].calls, limits(&settings(&[]))[0].calls), (60, 600));
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let wrong = settings(&[("base_url", "http://a.example"), ("auth", "magic"), ("calls_per_minute", "0"), ("reserve_percent", "91")]);
        let keys: Vec<String> = problems(&wrong).into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["base_url", "auth", "calls_per_minute", "reserve_percent"]);
    }
}
