//! Zoho CRM as a state machine: leads, contacts and accounts of one organisation, from the fact sheet and recorded answers, as unkind as they say.
//!
//! Request and time in, answer out: no clock, no chance but the seed. Where the fact sheet is unsure, the profile has a switch or the unkinder
//! reading was built; the place says which. Notifications are not sent: [`ZohoCrm::deliveries`] hands out what is due.
//!
//! Not here: bulk jobs, mass actions, deals, subforms, tags, merging, custom views, territories.

mod auth;
mod convert;
mod coql;
mod criteria;
mod fields;
mod ids;
mod listing;
mod load;
mod meter;
mod people;
mod routes;
mod save;
mod settings;
mod table;
mod watch;
mod wire;

use std::collections::BTreeSet;

use jiff::Timestamp;
use syncline_simulator::{Request, Response, Simulator};

pub use auth::{CLIENT_ID, CLIENT_SECRET, HUMAN_TOKEN, REFRESH_TOKEN};
pub use fields::{ACCOUNTS, CONTACTS, DataType, Field, LEADS};
pub use watch::Delivery;

use auth::Auth;
use convert::Job;
use ids::Ids;
use meter::Meter;
use people::User;
use table::Table;
use watch::Channels;

/// Parts of an address, by a lead's name and a contact's (fact sheet §2: recorded).
pub const ADDRESS_PAIRS: [(&str, &str); 5] = [
    ("Street", "Mailing_Street"),
    ("City", "Mailing_City"),
    ("State", "Mailing_State"),
    ("Zip_Code", "Mailing_Zip"),
    ("Country", "Mailing_Country"),
];

/// What kind of organisation this is.
#[allow(clippy::struct_excessive_bools, reason = "each flag is an independent fact about an organisation")]
#[derive(Clone, Debug)]
pub struct Profile {
    /// Decides ids, tokens and what notifications go through.
    pub seed: u64,
    /// Where the API answers: told with each token, and no other host of the vendor's knows them.
    pub api_domain: String,
    /// Where tokens are given.
    pub accounts_url: String,
    pub edition: String,
    /// Offset of the organisation's stamps, in seconds.
    pub offset_s: i32,
    /// Credits of a rolling day.
    pub credits: u32,
    pub concurrent_calls: u32,
    /// The narrower gate for complex calls.
    pub complex_calls: u32,
    /// The largest page; the vendor's own is 200.
    pub page_records_max: usize,
    /// How long searches still show what was before a change, in seconds.
    pub search_lag_s: u32,
    /// Whether `If-Modified-Since` lets the records of its own second through (unknown).
    pub since_is_inclusive: bool,
    /// The status where some rows were taken and some not: 207, or 202 as older pages say.
    pub mixed_status: u16,
    /// The status where no row was taken: 400, or 202 as older pages say.
    pub failed_status: u16,
    /// The status of refused token requests: 200 with an `error` (unverified).
    pub token_error_status: u16,
    /// Whether an id that nobody has is answered with an empty 204, or with `INVALID_DATA`.
    pub missing_is_204: bool,
    /// Several problems of one row come in one wrapper, as newer versions do; otherwise only the first is told.
    pub wraps_errors: bool,
    /// New leads are refused whose address a contact has (the duplicate check preference).
    pub checks_leads_against_contacts: bool,
    /// Conversions are put off, and answered with 202.
    pub schedules_conversions: bool,
    /// The post loses some notifications, sends some twice, and some late.
    pub post_is_unkind: bool,
}

impl Default for Profile {
    /// A professional edition at the first data centre.
    fn default() -> Self {
        Self {
            seed: 1,
            api_domain: "https://www.zohoapis.com".to_owned(),
            accounts_url: "https://accounts.zoho.com".to_owned(),
            edition: "professional".to_owned(),
            offset_s: 3 * 3600,
            credits: 52_500,
            concurrent_calls: 15,
            complex_calls: 10,
            page_records_max: 200,
            search_lag_s: 5,
            since_is_inclusive: false,
            mixed_status: 207,
            failed_status: 400,
            token_error_status: 200,
            missing_is_204: false,
            wraps_errors: false,
            checks_leads_against_contacts: false,
            schedules_conversions: false,
            post_is_unkind: false,
        }
    }
}

/// A simulated organisation.
pub struct ZohoCrm {
    profile: Profile,
    auth: Auth,
    meter: Meter,
    tables: Vec<Table>,
    users: Vec<User>,
    integration: u64,
    human: u64,
    channels: Channels,
    jobs: Vec<Job>,
    /// Scopes that the token does not have: `coql`, `search`, `settings`, `users`, `org`, `notifications`, `modules`.
    withheld: BTreeSet<String>,
    ids: Ids,
}

impl ZohoCrm {
    /// An empty organisation with two users: the administrator for whom [`REFRESH_TOKEN`] stands, and a person, for whom [`HUMAN_TOKEN`] does.
    pub fn new(profile: Profile) -> Self {
        let mut ids = Ids::new(profile.seed);
        let (integration, human) = (ids.next(), ids.next());
        let user = |id, local: &str, first: &str, last: &str, admin| User {
            id,
            email: format!("{local}@simulator.example"),
            first_name: first.to_owned(),
            last_name: last.to_owned(),
            active: true,
            admin,
            since: 1_735_000_000,
        };
        Self {
            auth: Auth::new(integration, human),
            meter: Meter::default(),
            tables: [LEADS, CONTACTS, ACCOUNTS].map(Table::new).into(),
            users: vec![user(integration, "integration", "Iris", "Integration", true), user(human, "human", "Hugo", "Human", false)],
            integration,
            human,
            channels: Channels::default(),
            jobs: Vec::new(),
            withheld: BTreeSet::new(),
            ids,
            profile,
        }
    }

    /// The token loses a scope (`coql`, `search`, `settings`, `users`, `org`, `notifications`, `modules`).
    pub fn withhold_scope(&mut self, scope: &str) {
        self.withheld.insert(scope.to_owned());
    }

    /// What the organisation is, to be changed while it runs.
    pub fn profile_mut(&mut self) -> &mut Profile {
        &mut self.profile
    }
}

impl Simulator for ZohoCrm {
    fn handle(&mut self, now: Timestamp, request: &Request) -> Response {
        let now = now.as_second();
        self.run_jobs(now);
        self.answer(now, request)
    }
}
