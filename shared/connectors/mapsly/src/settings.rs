//! A connection's settings: which objects there are, and how what the vendor does not document is to be taken.

use syncline_engine::ports::settings::{base_address, check_address, reserve_percent};
use syncline_engine::ports::vendor::{KeyFact, Limit, SettingProblem, Settings};

use crate::client::Placement;
use crate::entities::{self, Entity};

pub(crate) const SETTING_KEYS: &[KeyFact] = &[
    KeyFact {
        name: "entities",
        required: true,
        help: "The account's objects by their API names, with the fields that are written: `Contacts(name, city, visits:integer); Deals(name)`. Types: text, integer, decimal, bool, date, datetime.",
    },
    KeyFact {
        name: "auth",
        required: false,
        help: "Where the key stands in a call: bearer, header (X-Api-Key) or query. Default: each is tried, in this order.",
    },
    KeyFact {
        name: "id_prefix",
        required: false,
        help: "What stands before the other system's id in the ids of records that we make: `zendesk_sell:contact:`. Default: nothing.",
    },
    KeyFact {
        name: "accepted",
        required: false,
        help: "How an answer says that records were taken: by_record (each is named in it) or by_status (status 2xx is enough). Default: by_record.",
    },
    KeyFact {
        name: "upsert_body",
        required: false,
        help: "How written records stand in a call: list (a list of them), or records (that list under `records`). Default: list.",
    },
    KeyFact {
        name: "base_url",
        required: false,
        help: "Where the API is reached instead of https://api.mapsly.com: for a proxy or a simulator. Plain http only on this machine.",
    },
    KeyFact { name: "calls_per_minute", required: false, help: "How many calls may be made in a minute. Default: 120; none is published." },
    KeyFact {
        name: "reserve_percent",
        required: false,
        help: "Part of the limit that is left to other integrations of the account, 0 to 90. Default: 20.",
    },
];

pub(crate) const SECRET_KEYS: &[KeyFact] =
    &[KeyFact { name: "api_key", required: true, help: "The account's API key: Mapsly, Settings, API." }];

/// Two a second: no limit is published (fact sheet §2.3).
const CALLS_PER_MINUTE: u32 = 120;
const RESERVE_PERCENT_DEFAULT: u8 = 20;
const MINUTE_S: u32 = 60;

/// How an answer says that records were taken (fact sheet §2.1: bodies are unverified).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepted {
    ByRecord,
    ByStatus,
}

/// How written records stand in a call. The specification was not at hand; public clients send a list (fact sheet §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpsertBody {
    List,
    Records,
}

/// What the connector needs to know of its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Where requests go, without a slash at the end.
    pub(crate) base: String,
    /// Never empty.
    pub(crate) entities: Vec<Entity>,
    pub(crate) placement: Option<Placement>,
    pub(crate) id_prefix: String,
    pub(crate) accepted: Accepted,
    pub(crate) upsert_body: UpsertBody,
}

/// The settings as the connector uses them, or all that is wrong with them.
pub(crate) fn read(settings: &Settings) -> Result<Target, Vec<SettingProblem>> {
    let problems = problems(settings);
    let (Some(entities), true) = (settings.get("entities").and_then(entities::read), problems.is_empty()) else { return Err(problems) };
    Ok(Target {
        base: settings.get("base_url").map_or_else(|| "https://api.mapsly.com".to_owned(), |address| base_address(address, &["/v1"])),
        entities,
        placement: settings.get("auth").and_then(Placement::read),
        id_prefix: settings.get("id_prefix").unwrap_or_default().trim().to_owned(),
        accepted: if settings.get("accepted") == Some("by_status") { Accepted::ByStatus } else { Accepted::ByRecord },
        upsert_body: if settings.get("upsert_body") == Some("records") { UpsertBody::Records } else { UpsertBody::List },
    })
}

pub(crate) fn problems(settings: &Settings) -> Vec<SettingProblem> {
    let mut problems = Vec::new();
    let mut problem = |key: &str, problem: &str, hint: &str| {
        problems.push(SettingProblem { key: key.to_owned(), problem: problem.to_owned(), hint: hint.to_owned() });
    };
    match settings.get("entities") {
        None => problem("entities", "is missing", "write the account's objects and their fields: `Contacts(name, city)`"),
        Some(text) if entities::read(text).is_none() => {
            problem("entities", "is no list of objects", "write `Contacts(name, visits:integer); Deals(name)`; the id is there by itself");
        }
        Some(_) => {}
    }
    if settings.get("auth").is_some_and(|text| Placement::read(text).is_none()) {
        problem("auth", "is no place for a key", "write bearer, header or query, or leave it out");
    }
    if settings.get("accepted").is_some_and(|text| text != "by_record" && text != "by_status") {
        problem("accepted", "is neither by_record nor by_status", "leave it out, unless you have seen how the account answers");
    }
    if settings.get("upsert_body").is_some_and(|text| text != "list" && text != "records") {
        problem("upsert_body", "is neither list nor records", "leave it out, unless the account refuses lists");
    }
    if let Some(address) = settings.get("base_url")
        && let Err(reason) = check_address(address, "the key")
    {
        problem("base_url", &reason, "write https://host, or http://127.0.0.1:port for a simulator on this machine");
    }
    if settings.get("calls_per_minute").is_some() && calls(settings).is_none() {
        problem("calls_per_minute", "is no such number", "write a whole number from 1");
    }
    if settings.get("reserve_percent").is_some_and(|text| reserve_percent(text).is_none()) {
        problem("reserve_percent", "is no share", "write a whole number from 0 to 90");
    }
    problems
}

pub(crate) fn limits(settings: &Settings) -> Vec<Limit> {
    let reserve_percent = settings.get("reserve_percent").and_then(reserve_percent).unwrap_or(RESERVE_PERCENT_DEFAULT);
    vec![Limit { class: None, calls: calls(settings).unwrap_or(CALLS_PER_MINUTE), window_s: MINUTE_S, reserve_percent }]
}

fn calls(settings: &Settings) -> Option<u32> {
    settings.get("calls_per_minute")?.trim().parse().ok().filter(|calls| *calls > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let good = [("entities", "Contacts(name)")];
        Settings(good.iter().chain(pairs).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn good_and_bad_settings() {
        for (pairs, wrong) in [
            (&[][..], &[][..]),
            (&[("auth", "header"), ("accepted", "by_status"), ("base_url", "http://127.0.0.1:80")], &[]),
            (&[("auth", "cookie"), ("accepted", "perhaps"), ("upsert_body", "xml")], &["auth", "accepted", "upsert_body"]),
            (&[("base_url", "http://api.mapsly.com"), ("entities", "Contacts")], &["entities", "base_url"]),
            (&[("calls_per_minute", "0"), ("reserve_percent", "91")], &["calls_per_minute", "reserve_percent"]),
        ] {
            let found: Vec<String> = problems(&settings(pairs)).into_iter().map(|problem| problem.key).collect();
            assert_eq!(found, wrong, "{pairs:?}");
        }
        assert_eq!(problems(&Settings::default()).len(), 1);
    }

    #[test]
    fn the_target_is_normal() {
        let target = read(&settings(&[("base_url", "http://127.0.0.1:80/v1/")])).unwrap();
        assert_eq!((target.base.as_str(), target.placement, target.accepted), ("http://127.0.0.1:80", None, Accepted::ByRecord));
        assert_eq!(read(&settings(&[])).unwrap().base, "https://api.mapsly.com");
    }
}
