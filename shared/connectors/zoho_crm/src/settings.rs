//! A connection's settings: which data centre, under which limits, and what becomes of people who change modules.

use syncline_engine::ports::settings::{base_address, check_address, reserve_percent};
use syncline_engine::ports::vendor::{KeyFact, Limit, SettingProblem, Settings};

pub(crate) const SETTING_KEYS: &[KeyFact] = &[
    KeyFact {
        name: "data_center",
        required: true,
        help: "Where the account lives: us, eu, in, au, cn, jp, ca, sa or uk; the end of the address at which you sign in tells (zoho.eu: eu).",
    },
    KeyFact {
        name: "base_url",
        required: false,
        help: "Where the API and its sign-in are reached instead of Zoho's hosts: for a proxy or a simulator. Plain http only on this machine.",
    },
    KeyFact {
        name: "link_field",
        required: false,
        help: "The API name of the field in Leads and Contacts that holds the other system's id: needed to turn a contact back into a lead.",
    },
    KeyFact {
        name: "demoted_contact",
        required: false,
        help: "What becomes of a contact that is turned into a lead: keep (the default; its link field then names the lead) or remove.",
    },
    KeyFact {
        name: "default_company",
        required: false,
        help: "The company of leads that are made of a contact without an account; Zoho asks for one. Default: `-`.",
    },
    KeyFact {
        name: "run_workflows",
        required: false,
        help: "true: what Syncline writes sets Zoho's workflows, approvals and blueprints going. Default: false.",
    },
    KeyFact {
        name: "edition",
        required: false,
        help: "free, standard, professional, enterprise or ultimate: decides the credits a day. Default: free.",
    },
    KeyFact { name: "user_licences", required: false, help: "How many user licences the account has: each adds credits. Default: 0." },
    KeyFact { name: "credits_per_day", required: false, help: "The account's whole credits a day, where they are not the edition's." },
    KeyFact {
        name: "reserve_percent",
        required: false,
        help: "Part of the credits that is left to other integrations of the account, 0 to 90. Default: 20.",
    },
    KeyFact {
        name: "notify_url",
        required: false,
        help: "Where Zoho shall post changes (https, at most 255 characters): Syncline then keeps a notification channel alive.",
    },
    KeyFact { name: "notify_channel", required: false, help: "The channel's number, where 1000000068001 is taken." },
];

pub(crate) const SECRET_KEYS: &[KeyFact] = &[
    KeyFact { name: "client_id", required: true, help: "The OAuth client's id (api-console of your data centre)." },
    KeyFact { name: "client_secret", required: true, help: "The OAuth client's secret." },
    KeyFact { name: "refresh_token", required: true, help: "From signing in, or from a self client; it does not end by itself." },
    KeyFact { name: "access_token", required: false, help: "Kept by Syncline, so that its functions share one: Zoho gives few." },
    KeyFact { name: "access_token_until", required: false, help: "Kept by Syncline: when that token ends." },
    KeyFact { name: "api_domain", required: false, help: "Kept by Syncline: where Zoho said that the API is." },
    KeyFact { name: "webhook_secret", required: false, help: "A long random text that ends the address of notify_url." },
    KeyFact { name: "webhook_secret_previous", required: false, help: "The text before that, while both are in use." },
    KeyFact { name: "webhook_token", required: false, help: "A random text of at most 50 characters, which every notification repeats." },
    KeyFact { name: "webhook_token_previous", required: false, help: "The text before that, while both are in use." },
];

const RESERVE_PERCENT_DEFAULT: u8 = 20;
const DAY_S: u32 = 86_400;
pub(crate) const CHANNEL: &str = "1000000068001";

/// A region with hosts of its own (fact sheet §1; those of SA and UK are unverified).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DataCentre {
    pub(crate) name: &'static str,
    /// Where one signs in.
    pub(crate) accounts: &'static str,
    /// Where the API is, until a token's answer says so.
    pub(crate) api: &'static str,
    /// Where people look at records.
    pub(crate) people: &'static str,
}

const fn centre(name: &'static str, accounts: &'static str, api: &'static str, people: &'static str) -> DataCentre {
    DataCentre { name, accounts, api, people }
}

const DATA_CENTRES: &[DataCentre] = &[
    centre("us", "https://accounts.zoho.com", "https://www.zohoapis.com", "https://crm.zoho.com"),
    centre("eu", "https://accounts.zoho.eu", "https://www.zohoapis.eu", "https://crm.zoho.eu"),
    centre("in", "https://accounts.zoho.in", "https://www.zohoapis.in", "https://crm.zoho.in"),
    centre("au", "https://accounts.zoho.com.au", "https://www.zohoapis.com.au", "https://crm.zoho.com.au"),
    centre("cn", "https://accounts.zoho.com.cn", "https://www.zohoapis.com.cn", "https://crm.zoho.com.cn"),
    centre("jp", "https://accounts.zoho.jp", "https://www.zohoapis.jp", "https://crm.zoho.jp"),
    centre("ca", "https://accounts.zohocloud.ca", "https://www.zohoapis.ca", "https://crm.zohocloud.ca"),
    centre("sa", "https://accounts.zoho.sa", "https://www.zohoapis.sa", "https://crm.zoho.sa"),
    centre("uk", "https://accounts.zoho.uk", "https://www.zohoapis.uk", "https://crm.zoho.uk"),
];

/// Credits a day: a base, for each licence, and the most (fact sheet §8).
const EDITIONS: &[(&str, u32, u32, u32)] = &[
    ("free", 5_000, 0, 5_000),
    ("standard", 50_000, 250, 100_000),
    ("professional", 50_000, 500, 1_000_000),
    ("enterprise", 50_000, 1_000, 2_000_000),
    ("ultimate", 50_000, 2_000, u32::MAX),
];

/// What becomes of a contact that is turned into a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Demoted {
    Keep,
    Remove,
}

/// What the connector needs to know of its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) centre: &'static DataCentre,
    /// Instead of all of Zoho's hosts.
    pub(crate) base: Option<String>,
    pub(crate) link_field: Option<String>,
    pub(crate) demoted: Demoted,
    pub(crate) default_company: String,
    pub(crate) run_workflows: bool,
    pub(crate) notify_url: Option<String>,
    pub(crate) channel: String,
}

impl Target {
    pub(crate) fn accounts(&self) -> &str {
        self.base.as_deref().unwrap_or(self.centre.accounts)
    }

    /// Where the API is, as a token's answer says: only hosts of Zoho's are believed, so that no token is ever sent elsewhere.
    pub(crate) fn api(&self, told: Option<&str>) -> String {
        let told = told.map(|told| told.trim().trim_end_matches('/')).filter(|told| DATA_CENTRES.iter().any(|centre| centre.api == *told));
        self.base.clone().unwrap_or_else(|| told.unwrap_or(self.centre.api).to_owned())
    }
}

pub(crate) fn read(settings: &Settings) -> Result<Target, Vec<SettingProblem>> {
    let problems = problems(settings);
    match settings.get("data_center").and_then(data_centre) {
        Some(centre) if problems.is_empty() => Ok(Target {
            centre,
            base: settings.get("base_url").map(|address| base_address(address, &["/crm/v8"])),
            link_field: settings.get("link_field").map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned),
            demoted: if settings.get("demoted_contact") == Some("remove") { Demoted::Remove } else { Demoted::Keep },
            default_company: settings.get("default_company").unwrap_or("-").to_owned(),
            run_workflows: settings.get("run_workflows") == Some("true"),
            notify_url: settings.get("notify_url").map(str::to_owned),
            channel: settings.get("notify_channel").unwrap_or(CHANNEL).to_owned(),
        }),
        Some(_) | None => Err(problems),
    }
}

pub(crate) fn problems(settings: &Settings) -> Vec<SettingProblem> {
    let mut problems = Vec::new();
    let mut problem = |key: &str, problem: &str, hint: &str| {
        problems.push(SettingProblem { key: key.to_owned(), problem: problem.to_owned(), hint: hint.to_owned() });
    };
    let centres = "write us, eu, in, au, cn, jp, ca, sa or uk: the end of the address at which you sign in tells";
    match settings.get("data_center") {
        None => problem("data_center", "is missing", centres),
        Some(name) if data_centre(name).is_none() => problem("data_center", "is none of Zoho's data centres", centres),
        Some(_) => {}
    }
    if let Some(address) = settings.get("base_url")
        && let Err(reason) = check_address(address, "the token")
    {
        problem("base_url", &reason, "write https://host, or http://127.0.0.1:port for a simulator on this machine");
    }
    if settings.get("link_field").is_some_and(|name| !is_api_name(name)) {
        problem("link_field", "is no field's API name", "write it as Zoho shows it under Setup, APIs, API Names: SALESmanago_Id");
    }
    if settings.get("demoted_contact").is_some_and(|text| text != "keep" && text != "remove") {
        problem("demoted_contact", "is neither keep nor remove", "write keep or remove");
    }
    if settings.get("default_company").is_some_and(|text| text.trim().is_empty()) {
        problem("default_company", "is empty", "write a company's name, or leave it out");
    }
    if settings.get("run_workflows").is_some_and(|text| text != "true" && text != "false") {
        problem("run_workflows", "is neither true nor false", "write true or false");
    }
    if settings.get("edition").is_some_and(|name| edition(name).is_none()) {
        problem(
            "edition",
            "is none that Syncline knows",
            "write free, standard, professional, enterprise or ultimate, or give credits_per_day",
        );
    }
    if settings.get("user_licences").is_some_and(|text| text.parse::<u32>().is_err()) {
        problem("user_licences", "is no number", "write a whole number");
    }
    if settings.get("credits_per_day").is_some_and(|text| text.parse::<u32>().ok().is_none_or(|credits| credits == 0)) {
        problem("credits_per_day", "is no number of credits", "write a whole number from 1");
    }
    if settings.get("reserve_percent").is_some_and(|text| reserve_percent(text).is_none()) {
        problem("reserve_percent", "is no share", "write a whole number from 0 to 90");
    }
    if settings.get("notify_url").is_some_and(|address| !address.starts_with("https://") || address.len() > 255) {
        problem("notify_url", "is no https address of at most 255 characters", "write the address of this connection's webhook");
    }
    if settings.get("notify_channel").is_some_and(|text| text.parse::<i64>().is_err()) {
        problem("notify_channel", "is no channel's number", "write a whole number, or leave it out");
    }
    problems
}

pub(crate) fn limits(settings: &Settings) -> Vec<Limit> {
    let given = settings.get("credits_per_day").and_then(|text| text.parse::<u32>().ok()).filter(|credits| *credits > 0);
    let licences = settings.get("user_licences").and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    let (_, base, each, most) = settings.get("edition").and_then(edition).unwrap_or(("free", 5_000, 0, 5_000));
    let calls = given.unwrap_or_else(|| base.saturating_add(each.saturating_mul(licences)).min(most));
    let reserve_percent = settings.get("reserve_percent").and_then(reserve_percent).unwrap_or(RESERVE_PERCENT_DEFAULT);
    vec![Limit { class: None, calls, window_s: DAY_S, reserve_percent }]
}

fn edition(name: &str) -> Option<(&'static str, u32, u32, u32)> {
    EDITIONS.iter().find(|(known, ..)| *known == name).copied()
}

fn data_centre(name: &str) -> Option<&'static DataCentre> {
    let name = name.trim().to_ascii_lowercase();
    DATA_CENTRES.iter().find(|centre| centre.name == name)
}

fn is_api_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        Settings(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_token_goes_to_zohos_hosts_alone() {
        let target = read(&settings(&[("data_center", "EU")])).unwrap();
        assert_eq!(target.accounts(), "https://accounts.zoho.eu");
        assert_eq!(target.api(None), "https://www.zohoapis.eu");
        assert_eq!(target.api(Some("https://www.zohoapis.com.au/")), "https://www.zohoapis.com.au");
        for foreign in ["https://www.zohoapis.eu.example", "http://www.zohoapis.eu", "https://evil.example/www.zohoapis.eu", ""] {
            assert_eq!(target.api(Some(foreign)), "https://www.zohoapis.eu", "{foreign}");
        }
        let near = read(&settings(&[("data_center", "us"), ("base_url", "http://127.0.0.1:9/crm/v8")])).unwrap();
        assert_eq!((near.accounts(), near.api(Some("https://www.zohoapis.com"))), ("http://127.0.0.1:9", "http://127.0.0.1:9".to_owned()));
    }

    #[test]
    fn each_wrong_setting_is_named() {
        let wrong = [
            ("base_url", "http://zoho.example"),
            ("link_field", "a b"),
            ("demoted_contact", "lose"),
            ("default_company", " "),
            ("run_workflows", "yes"),
            ("edition", "plus"),
            ("user_licences", "-1"),
            ("credits_per_day", "0"),
            ("reserve_percent", "91"),
            ("notify_url", "http://hooks.example"),
            ("notify_channel", "x"),
        ];
        let mut all = wrong.to_vec();
        all.push(("data_center", "moon"));
        let keys: Vec<String> = problems(&settings(&all)).into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys.len(), all.len(), "{keys:?}");
        assert_eq!(problems(&settings(&[])).len(), 1);
    }

    #[test]
    fn credits_follow_edition_and_licences() {
        let credits = |pairs: &[(&str, &str)]| limits(&settings(pairs))[0].calls;
        assert_eq!(credits(&[]), 5_000);
        assert_eq!(credits(&[("edition", "standard"), ("user_licences", "10")]), 52_500);
        assert_eq!(credits(&[("edition", "standard"), ("user_licences", "5000")]), 100_000);
        assert_eq!(credits(&[("edition", "standard"), ("credits_per_day", "777")]), 777);
    }
}
