//! A connection's settings: the keys, their defaults, and everything that can be wrong with them.

use syncline_engine::ports::vendor::{KeyFact, SettingProblem, Settings};

use crate::id;

pub(crate) const LOGIN_URL: &str = "https://login.salesforce.com";
const SANDBOX_LOGIN_URL: &str = "https://test.salesforce.com";
const API_VERSION: &str = "66.0";
/// Until an answer tells the organisation's limit: a Developer organisation's, the smallest (fact sheet §5: recorded).
pub(crate) const DAILY_CALLS: u32 = 15_000;
const RESERVE_PERCENT: u8 = 20;
/// Rows become visible at commit, stamped earlier: minutes, when Apex runs (fact sheet §3.1).
const LOOKBACK_S: i64 = 600;

pub(crate) const SETTING_KEYS: &[KeyFact] = &[
    KeyFact { name: "base_url", required: true, help: "The organisation's My Domain address: https://<org>.my.salesforce.com." },
    KeyFact { name: "auth", required: false, help: "How to sign in: jwt (the default), client_credentials or refresh_token." },
    KeyFact {
        name: "login_url",
        required: false,
        help: "Where tokens are fetched: https://login.salesforce.com; for client_credentials the My Domain address, both by default.",
    },
    KeyFact {
        name: "audience",
        required: false,
        help: "The audience of the JWT: https://login.salesforce.com, or https://test.salesforce.com for a sandbox.",
    },
    KeyFact { name: "api_version", required: false, help: "The REST API's version, 66.0 by default." },
    KeyFact { name: "daily_calls", required: false, help: "API calls that the organisation has in 24 hours; until it tells, 15000." },
    KeyFact { name: "reserve_percent", required: false, help: "How much of them is left to other integrations, 20 by default." },
    KeyFact {
        name: "window_delay_s",
        required: false,
        help: "Leaves out changes younger than this many seconds, 0 by default; for organisations with very long transactions.",
    },
    KeyFact {
        name: "lookback_s",
        required: false,
        help: "How many seconds each listing reaches back over the one before, 600 by default; more if transactions run longer.",
    },
    KeyFact {
        name: "organization_id",
        required: false,
        help: "The organisation's id (00D…): signing in to another one is then refused, and its webhooks too.",
    },
];

pub(crate) const SECRET_KEYS: &[KeyFact] = &[
    KeyFact { name: "client_id", required: true, help: "The external client app's consumer key." },
    KeyFact { name: "client_secret", required: false, help: "Its consumer secret, for client_credentials and refresh_token." },
    KeyFact { name: "private_key", required: false, help: "For jwt: the RSA key (PKCS #8 PEM) whose certificate the app holds." },
    KeyFact { name: "username", required: false, help: "For jwt: the integration user's name." },
    KeyFact { name: "refresh_token", required: false, help: "For refresh_token: the token; a rotated one is saved here." },
    KeyFact { name: "webhook_secret", required: false, help: "The last part of the outbound messages' address; 32 random characters." },
    KeyFact { name: "webhook_secret_previous", required: false, help: "The one before, while addresses are being changed." },
];

/// How a token is got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Jwt,
    ClientCredentials,
    RefreshToken,
}

/// The settings, checked.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) base_url: String,
    pub(crate) flow: Flow,
    pub(crate) login_url: String,
    pub(crate) audience: String,
    pub(crate) api_version: String,
    pub(crate) daily_calls: Option<u32>,
    pub(crate) reserve_percent: u8,
    pub(crate) window_delay_s: i64,
    pub(crate) lookback_s: i64,
    /// 18 characters.
    pub(crate) organization: Option<String>,
}

impl Config {
    /// Reads the settings as far as they can be read, with all their problems.
    pub(crate) fn read(settings: &Settings) -> (Self, Vec<SettingProblem>) {
        let mut problems = Vec::new();
        for key in settings.0.keys() {
            if !SETTING_KEYS.iter().any(|fact| fact.name == key) {
                let names = SETTING_KEYS.iter().map(|fact| fact.name).collect::<Vec<_>>().join(", ");
                problems.push(problem(key, "Salesforce has no such setting", &format!("the settings are {names}")));
            }
        }
        if settings.get("base_url").is_none() {
            problems.push(problem("base_url", "is missing", "write the My Domain address: https://<org>.my.salesforce.com"));
        }
        let base_url = settings.get("base_url").map(|url| checked_url("base_url", url, &mut problems)).unwrap_or_default();
        let flow = match settings.get("auth") {
            None | Some("jwt") => Flow::Jwt,
            Some("client_credentials") => Flow::ClientCredentials,
            Some("refresh_token") => Flow::RefreshToken,
            Some(_) => {
                problems.push(problem("auth", "is no way to sign in", "write jwt, client_credentials or refresh_token"));
                Flow::Jwt
            }
        };
        let login_url = match settings.get("login_url") {
            Some(url) => checked_url("login_url", url, &mut problems),
            None if flow == Flow::ClientCredentials => base_url.clone(),
            None if is_sandbox(&base_url) => SANDBOX_LOGIN_URL.to_owned(),
            None => LOGIN_URL.to_owned(),
        };
        let sandbox = is_sandbox(&base_url) || is_sandbox(&login_url);
        let audience = settings.get("audience").unwrap_or(if sandbox { SANDBOX_LOGIN_URL } else { LOGIN_URL });
        let audience = audience.trim_end_matches('/').to_owned();
        let api_version = settings.get("api_version").unwrap_or(API_VERSION).trim_start_matches('v').to_owned();
        if !api_version.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())) {
            problems.push(problem("api_version", "is no version", "write a number as 66.0"));
        }
        let organization = settings.get("organization_id").and_then(|text| {
            let known = id::canonical(text.trim()).filter(|id| id.starts_with("00D"));
            if known.is_none() {
                problems.push(problem("organization_id", "is no organisation's id", "write the 15 or 18 characters that begin with 00D"));
            }
            known
        });
        let daily_calls =
            number(settings, "daily_calls", 1, i64::from(u32::MAX), &mut problems).and_then(|calls| u32::try_from(calls).ok());
        let reserve_percent = number(settings, "reserve_percent", 0, 95, &mut problems).and_then(|percent| u8::try_from(percent).ok());
        let config = Self {
            base_url,
            flow,
            login_url,
            audience,
            api_version,
            daily_calls,
            reserve_percent: reserve_percent.unwrap_or(RESERVE_PERCENT),
            window_delay_s: number(settings, "window_delay_s", 0, 86_400, &mut problems).unwrap_or(0),
            lookback_s: number(settings, "lookback_s", 0, 7 * 86_400, &mut problems).unwrap_or(LOOKBACK_S),
            organization,
        };
        (config, problems)
    }
}

fn problem(key: &str, problem: &str, hint: &str) -> SettingProblem {
    SettingProblem { key: key.to_owned(), problem: problem.to_owned(), hint: hint.to_owned() }
}

fn number(settings: &Settings, key: &str, least: i64, most: i64, problems: &mut Vec<SettingProblem>) -> Option<i64> {
    let text = settings.get(key)?;
    let value = text.trim().parse().ok().filter(|value| (least..=most).contains(value));
    if value.is_none() {
        problems.push(problem(key, "is no such number", &format!("write a whole number from {least} to {most}")));
    }
    value
}

fn is_sandbox(url: &str) -> bool {
    url.contains(".sandbox.my.salesforce.com") || url.starts_with(SANDBOX_LOGIN_URL)
}

/// The address without its trailing slash.
fn checked_url(key: &str, text: &str, problems: &mut Vec<SettingProblem>) -> String {
    let url = text.trim().trim_end_matches('/').to_owned();
    let Ok(uri) = url.parse::<http::Uri>() else {
        problems.push(problem(key, "is no address", "write https:// and a host name"));
        return url;
    };
    let host = uri.host().unwrap_or_default();
    let loopback = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    if host.is_empty() || !matches!(uri.scheme_str(), Some("https" | "http")) {
        problems.push(problem(key, "is no address", "write https:// and a host name"));
    } else if uri.scheme_str() == Some("http") && !loopback {
        problems.push(problem(key, "is plain http", "write https://; plain http is for loopback addresses only"));
    } else if uri.path_and_query().is_some_and(|path| path.as_str() != "/") {
        problems.push(problem(key, "has a path", "write the host only, without what follows it"));
    } else if host.ends_with(".lightning.force.com") {
        problems.push(problem(key, "is the address of the user interface", "write the one that ends with .my.salesforce.com"));
    } else if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        problems.push(problem(key, "contains credentials", "write the host only; credentials belong into the secret"));
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(pairs: &[(&str, &str)]) -> Vec<String> {
        let settings = Settings(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect());
        Config::read(&settings).1.into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let found = problems(&[
            ("auth", "password"),
            ("api_version", "latest"),
            ("colour", "red"),
            ("lookback_s", "-1"),
            ("organization_id", "acme"),
            ("login_url", "ftp://x"),
        ]);
        assert_eq!(found, ["colour", "base_url", "auth", "login_url", "api_version", "organization_id", "lookback_s"]);
    }

    #[test]
    fn addresses_are_checked() {
        for (url, good) in [
            ("https://acme.my.salesforce.com", true),
            ("https://acme.my.salesforce.com/", true),
            ("http://127.0.0.1:4010", true),
            ("http://localhost:4010", true),
            ("http://acme.my.salesforce.com", false),
            ("http://127.0.0.1.evil.example", false),
            ("https://acme.lightning.force.com", false),
            ("https://acme.my.salesforce.com/services", false),
            ("https://user@acme.my.salesforce.com", false),
            ("acme", false),
        ] {
            assert_eq!(problems(&[("base_url", url)]).is_empty(), good, "{url}");
        }
    }

    #[test]
    fn a_sandbox_signs_in_at_its_own_host() {
        let settings = Settings([("base_url".to_owned(), "https://acme--uat.sandbox.my.salesforce.com".to_owned())].into());
        let (config, problems) = Config::read(&settings);
        assert!(problems.is_empty());
        assert_eq!((config.login_url.as_str(), config.audience.as_str()), (SANDBOX_LOGIN_URL, SANDBOX_LOGIN_URL));
    }
}
