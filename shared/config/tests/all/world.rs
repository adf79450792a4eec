//! Two systems, and a config that has no problem.

use syncline_config::{Config, ObjectFacts, Problems, Reading, SettingKey, SystemFacts, read};

fn setting(name: &str, required: bool, help: &str) -> SettingKey {
    SettingKey { name: name.to_owned(), required, help: help.to_owned() }
}

fn unsearched(kind: &str) -> ObjectFacts {
    ObjectFacts { searched: false, ..kind.into() }
}

/// Nobody writes it, and it is known by a feed alone.
fn appointment() -> ObjectFacts {
    ObjectFacts { written: false, reading: Reading::ByFeed, ..unsearched("appointment") }
}

pub(crate) fn systems() -> Vec<SystemFacts> {
    let objects = |kinds: &[&str]| kinds.iter().map(|kind| ObjectFacts::from(*kind)).collect::<Vec<_>>();
    vec![
        SystemFacts {
            system: "freshdesk".into(),
            title: "Freshdesk".to_owned(),
            setting_keys: vec![setting("domain", true, "The account's host name."), setting("reserve_percent", false, "0 to 90.")],
            objects: objects(&["company", "contact"]),
        },
        SystemFacts {
            system: "salesforce".into(),
            title: "Salesforce".to_owned(),
            setting_keys: vec![setting("base_url", true, "The My Domain address."), setting("auth", false, "jwt by default.")],
            objects: objects(&["Account", "Contact", "Lead"]),
        },
        SystemFacts { system: "aircall".into(), title: "Aircall".to_owned(), setting_keys: Vec::new(), objects: objects(&["user"]) },
        SystemFacts {
            system: "zendesk_support".into(),
            title: "Zendesk Support".to_owned(),
            setting_keys: vec![setting("subdomain", true, "The account."), setting("plan", false, "team by default.")],
            objects: objects(&["agent"]),
        },
        SystemFacts {
            system: "salesmanago".into(),
            title: "SALESmanago".to_owned(),
            setting_keys: vec![setting("server", true, "The account's server."), setting("owner", true, "The main user.")],
            objects: objects(&["contact"]),
        },
        SystemFacts {
            system: "zoho_crm".into(),
            title: "Zoho CRM".to_owned(),
            setting_keys: ["data_center", "link_field", "demoted_contact"].map(|key| setting(key, false, "See its page.")).to_vec(),
            objects: objects(&["person"]),
        },
        SystemFacts {
            system: "zendesk_sell".into(),
            title: "Zendesk Sell".to_owned(),
            setting_keys: Vec::new(),
            objects: [objects(&["contact", "lead", "deal"]), ["task", "note"].map(unsearched).into(), vec![appointment()]].concat(),
        },
        SystemFacts {
            system: "postgres".into(),
            title: "PostgreSQL".to_owned(),
            setting_keys: ["host", "database", "user", "tables"].map(|key| setting(key, true, "Where, and as whom.")).into(),
            objects: objects(&["contacts", "leads", "deals", "tasks", "notes", "appointments"]),
        },
        SystemFacts {
            system: "mapsly".into(),
            title: "Mapsly".to_owned(),
            setting_keys: ["entities", "id_prefix"].map(|key| setting(key, false, "See its page.")).into(),
            objects: vec![ObjectFacts { reading: Reading::Never, ..unsearched("*") }],
        },
    ]
}

/// Lines are counted by the tests: 1 is `version`.
pub(crate) const GOOD: &str = "\
version: 1
connections:
  freshdesk: { system: freshdesk, domain: acme }
  salesforce: { system: salesforce, base_url: \"https://acme.my.salesforce.com\" }
syncs:
  customers:
    left: freshdesk
    right: salesforce
    direction: both
    master: right
    schedule: every 30 minutes
    objects:
      companies:
        left: company
        right: Account
        link: { left: custom_fields.sfaccountid, right: FDACCOUNTID__c }
        match: [ { left: name, right: Name } ]
        fields:
          name: { left: name, right: Name }
      contacts:
        left: contact
        right: Contact
        link: { left: custom_fields.sfcontactid, right: FDCONTACTID__c }
        match: [ { left: email, right: Email, unique: true } ]
        fields:
          email: { left: email, right: Email }
          title: { left: job_title, right: Title }
          company: { left: company_id, right: AccountId, reference: companies }
";

pub(crate) fn try_read(text: &str) -> Result<Config, Problems> {
    read(text, "syncline.yaml", &systems())
}

pub(crate) fn config(text: &str) -> Config {
    match try_read(text) {
        Ok(config) => config,
        Err(problems) => panic!("{}", serde_json::to_string_pretty(&problems).unwrap()),
    }
}

/// The good config with one passage replaced.
pub(crate) fn with(old: &str, new: &str) -> String {
    assert_eq!(GOOD.matches(old).count(), 1, "{old:?} must stand once");
    GOOD.replace(old, new)
}
