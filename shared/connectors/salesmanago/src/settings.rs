//! A connection's settings: which server, whose contacts, and how what the vendor does not document is to be taken.

use syncline_engine::ports::settings::{account_host, base_address, check_address, reserve_percent};
use syncline_engine::ports::vendor::{KeyFact, Limit, SettingProblem, Settings};

use crate::calls::{PAGE_RECORDS_MAX, WRITE_RECORDS_MAX};

pub(crate) const SETTING_KEYS: &[KeyFact] = &[
    KeyFact {
        name: "server",
        required: true,
        help: "The server of the account, as the browser shows it after signing in: `app2`, or `app2.salesmanago.pl`. Another one refuses the key.",
    },
    KeyFact { name: "owner", required: true, help: "The e-mail address of the account's main user: the owner of contacts that we make." },
    KeyFact {
        name: "owners",
        required: false,
        help: "The e-mail addresses of the users whose contacts are synced, with commas. Default: all users of the account.",
    },
    KeyFact {
        name: "base_url",
        required: false,
        help: "Where the API is reached instead of https://<server>: for a proxy or a simulator. Plain http only on this machine.",
    },
    KeyFact {
        name: "properties",
        required: false,
        help: "Names of the account's own contact details that can be mapped, with commas: the API does not list them.",
    },
    KeyFact {
        name: "clearing",
        required: false,
        help: "How a value is taken away: empty (an empty text), null, or off (refused, until it has been tried). Default: off.",
    },
    KeyFact {
        name: "double_opt_in",
        required: false,
        help: "true: an opt-in asks the person by e-mail instead of opting in at once. Default: false.",
    },
    KeyFact { name: "read_records_max", required: false, help: "Contacts read by id in one call, 1 to 200. Default: 50." },
    KeyFact { name: "write_records_max", required: false, help: "Contacts written in one call, 1 to 100. Default: 100." },
    KeyFact { name: "window_days", required: false, help: "Days of changes asked for at once, 1 to 30. Default: 30." },
    KeyFact { name: "calls_per_minute", required: false, help: "How many calls may be made in a minute. Default: 300; none is published." },
    KeyFact {
        name: "reserve_percent",
        required: false,
        help: "Part of the limit that is left to other integrations of the account, 0 to 90. Default: 20.",
    },
];

pub(crate) const SECRET_KEYS: &[KeyFact] = &[
    KeyFact { name: "client_id", required: true, help: "The client id: SALESmanago, Integration Center, API." },
    KeyFact {
        name: "api_key",
        required: true,
        help: "A random text of your own choice that goes into the signature; the vendor gives none.",
    },
    KeyFact { name: "api_secret", required: false, help: "The API secret beside the client id. Not needed where `sha` is stored." },
    KeyFact {
        name: "sha",
        required: false,
        help: "The SHA-1 of api_key, client id and API secret, in lower-case hexadecimal digits, instead of the secret itself.",
    },
    KeyFact {
        name: "webhook_secret",
        required: false,
        help: "A long random text at the end of the address to which automation rules send.",
    },
    KeyFact { name: "webhook_secret_previous", required: false, help: "The text before that, while both are in use." },
    KeyFact {
        name: "webhook_login",
        required: false,
        help: "Login and password of the rule's Basic authorization, with a colon between. Where it is stored, webhooks without it are refused.",
    },
    KeyFact { name: "webhook_login_previous", required: false, help: "The login and password before, while both are in use." },
];

const CALLS_PER_MINUTE: u32 = 300;
const RESERVE_PERCENT_DEFAULT: u8 = 20;
const MINUTE_S: u32 = 60;
/// Constants of a client that works with the API of 2026 (fact sheet §5).
const READ_RECORDS: u32 = 50;
const WINDOW_DAYS: u32 = 30;
/// Where accounts live (fact sheet §1: documented).
const DOMAINS: [&str; 2] = ["salesmanago.com", "salesmanago.pl"];

/// How a value is taken away (fact sheet §4: unverified).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clearing {
    Off,
    Empty,
    Null,
}

/// What the connector needs to know of its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// `app2.salesmanago.com`.
    pub(crate) host: String,
    /// Where requests go, without a slash at the end.
    pub(crate) base: String,
    pub(crate) owner: String,
    /// Empty: all users.
    pub(crate) owners: Vec<String>,
    pub(crate) properties: Vec<String>,
    pub(crate) clearing: Clearing,
    pub(crate) double_opt_in: bool,
    pub(crate) read_records_max: usize,
    pub(crate) write_records_max: usize,
    pub(crate) window_ms: i64,
}

/// The settings as the connector uses them, or all that is wrong with them.
pub(crate) fn read(settings: &Settings) -> Result<Target, Vec<SettingProblem>> {
    let problems = problems(settings);
    let (Some(host), Some(owner), true) = (settings.get("server").and_then(host), settings.get("owner"), problems.is_empty()) else {
        return Err(problems);
    };
    let figure = |name: &str, default: u32| usize::try_from(number(settings, name).unwrap_or(default)).unwrap_or(1);
    Ok(Target {
        base: settings.get("base_url").map_or_else(|| format!("https://{host}"), |address| base_address(address, &["/api"])),
        host,
        owner: owner.trim().to_lowercase(),
        owners: listed(settings, "owners").into_iter().map(|owner| owner.to_lowercase()).collect(),
        properties: listed(settings, "properties"),
        clearing: match settings.get("clearing") {
            Some("empty") => Clearing::Empty,
            Some("null") => Clearing::Null,
            Some(_) | None => Clearing::Off,
        },
        double_opt_in: settings.get("double_opt_in") == Some("true"),
        read_records_max: figure("read_records_max", READ_RECORDS),
        write_records_max: figure("write_records_max", WRITE_RECORDS_MAX),
        window_ms: i64::from(number(settings, "window_days").unwrap_or(WINDOW_DAYS)) * 86_400_000,
    })
}

pub(crate) fn problems(settings: &Settings) -> Vec<SettingProblem> {
    let mut problems = Vec::new();
    let mut problem = |key: &str, problem: &str, hint: &str| {
        problems.push(SettingProblem { key: key.to_owned(), problem: problem.to_owned(), hint: hint.to_owned() });
    };
    match settings.get("server") {
        None => problem("server", "is missing", "write `server: app2` for app2.salesmanago.com"),
        Some(server) if host(server).is_none() => {
            problem("server", "is no server of SALESmanago", "write `app2`, `app2.salesmanago.com` or `app2.salesmanago.pl`");
        }
        Some(_) => {}
    }
    match settings.get("owner") {
        None => problem("owner", "is missing", "write the e-mail address of the account's main user"),
        Some(owner) if !is_address(owner) => problem("owner", "is no e-mail address", "write the e-mail address of a user of the account"),
        Some(_) => {}
    }
    if listed(settings, "owners").iter().any(|owner| !is_address(owner)) {
        problem("owners", "is no list of e-mail addresses", "write them with commas between, or leave the key out for all users");
    }
    if let Some(address) = settings.get("base_url")
        && let Err(reason) = check_address(address, "the key")
    {
        problem("base_url", &reason, "write https://host, or http://127.0.0.1:port for a simulator on this machine");
    }
    if settings.get("clearing").is_some_and(|text| !["off", "empty", "null"].contains(&text)) {
        problem("clearing", "is no way to clear a value", "write off, empty or null");
    }
    if settings.get("double_opt_in").is_some_and(|text| text != "true" && text != "false") {
        problem("double_opt_in", "is neither true nor false", "write true or false");
    }
    for (key, most) in [
        ("read_records_max", PAGE_RECORDS_MAX),
        ("write_records_max", WRITE_RECORDS_MAX),
        ("window_days", WINDOW_DAYS),
        ("calls_per_minute", u32::MAX),
    ] {
        if settings.get(key).is_some() && number(settings, key).is_none_or(|figure| figure == 0 || figure > most) {
            problem(key, "is no such number", "write a whole number from 1; the reference of settings says how large it may be");
        }
    }
    if settings.get("reserve_percent").is_some_and(|text| reserve_percent(text).is_none()) {
        problem("reserve_percent", "is no share", "write a whole number from 0 to 90");
    }
    problems
}

pub(crate) fn limits(settings: &Settings) -> Vec<Limit> {
    let reserve_percent = settings.get("reserve_percent").and_then(reserve_percent).unwrap_or(RESERVE_PERCENT_DEFAULT);
    let calls = number(settings, "calls_per_minute").filter(|calls| *calls > 0).unwrap_or(CALLS_PER_MINUTE);
    vec![Limit { class: None, calls, window_s: MINUTE_S, reserve_percent }]
}

fn number(settings: &Settings, name: &str) -> Option<u32> {
    settings.get(name)?.trim().parse().ok()
}

fn listed(settings: &Settings, name: &str) -> Vec<String> {
    let items = settings.get(name).unwrap_or_default().split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(str::to_owned).collect()
}

fn is_address(text: &str) -> bool {
    text.trim().split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !text.trim().contains(' '))
}

/// The account's host: only a name of the vendor's own comes out, so that no credential is ever sent elsewhere.
fn host(server: &str) -> Option<String> {
    DOMAINS.into_iter().find_map(|domain| account_host(server, domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 2] = [("server", "app2"), ("owner", "admin@acme.example")];

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        Settings(GOOD.iter().chain(pairs).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    fn check(pairs: &[(&str, &str)], wrong: &[&str]) {
        let found: Vec<String> = problems(&settings(pairs)).into_iter().map(|problem| problem.key).collect();
        assert_eq!(found, wrong, "{pairs:?}");
    }

    #[test]
    fn good_and_bad_settings() {
        check(&[], &[]);
        check(&[("server", "APP3.salesmanago.pl"), ("owners", "a@b.example, c@d.example"), ("clearing", "empty")], &[]);
        check(&[("server", "app2.elsewhere.example")], &["server"]);
        check(&[("owner", "nobody")], &["owner"]);
        check(&[("owners", "a@b.example,c")], &["owners"]);
        check(&[("clearing", "perhaps"), ("double_opt_in", "yes")], &["clearing", "double_opt_in"]);
        check(&[("read_records_max", "201"), ("write_records_max", "101")], &["read_records_max", "write_records_max"]);
        check(
            &[("window_days", "31"), ("calls_per_minute", "0"), ("reserve_percent", "91")],
            &["window_days", "calls_per_minute", "reserve_percent"],
        );
        check(&[("base_url", "http://app2.salesmanago.com")], &["base_url"]);
        let missing: Vec<String> = problems(&Settings::default()).into_iter().map(|problem| problem.key).collect();
        assert_eq!(missing, ["server", "owner"]);
    }

    #[test]
    fn the_target_is_normal() {
        let target = read(&settings(&[("base_url", "http://127.0.0.1:8080/api/"), ("properties", "zoho_id, custom.nickname")])).unwrap();
        assert_eq!((target.host.as_str(), target.base.as_str()), ("app2.salesmanago.com", "http://127.0.0.1:8080"));
        assert_eq!((target.clearing, target.read_records_max, target.write_records_max), (Clearing::Off, 50, 100));
        assert_eq!(target.properties, ["zoho_id", "custom.nickname"]);
        assert_eq!(read(&settings(&[("server", "app3.salesmanago.pl")])).unwrap().base, "https://app3.salesmanago.pl");
        let limits = limits(&settings(&[("reserve_percent", "0")]));
        assert_eq!(limits.iter().map(|limit| (limit.calls, limit.window_s, limit.reserve_percent)).collect::<Vec<_>>(), [(300, 60, 0)]);
    }
}
