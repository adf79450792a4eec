//! Zendesk Support's API v2 as a state machine: users, what agents are set to in omnichannel routing and in Talk, webhooks with their signatures, the
//! account's switches, OAuth, with the limits and the unkindness that the fact sheet tells of.
//!
//! Request and time in, answer out: no clock, no chance but the seed. Where the fact sheet is unsure, the profile has a switch or the unkinder
//! reading was built; the place says which.

mod account;
mod auth;
mod delivery;
mod events;
mod incremental;
mod load;
mod meter;
mod paging;
mod people;
mod routes;
mod statuses;
mod talk_partner;
mod users;
mod webhooks;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

pub use delivery::{Delivery, Fate, signature};
pub use meter::Limits;
pub use users::Role;

use auth::Auth;
use meter::Meter;
use statuses::Statuses;
use users::{User, Users};
use webhooks::Webhooks;

/// The client that everybody signs in with.
pub const CLIENT_ID: &str = auth::CLIENT_ID;
pub const CLIENT_SECRET: &str = auth::CLIENT_SECRET;
/// A refresh token of the integration's administrator. It works once.
pub const REFRESH_TOKEN: &str = auth::REFRESH_TOKEN;
/// An API token of the account; the e-mail address beside it picks the user.
pub const API_TOKEN: &str = auth::API_TOKEN;
/// The integration's administrator.
pub const INTEGRATION_EMAIL: &str = "integration@acme.example";
/// The account's owner, a person.
pub const OWNER_EMAIL: &str = "owner@acme.example";

/// What kind of account this is.
#[allow(clippy::struct_excessive_bools, reason = "each flag is an independent fact about an account")]
#[derive(Clone, Debug)]
pub struct Profile {
    /// Decides the ids of users, and which status has which.
    pub seed: u64,
    /// `acme` of acme.zendesk.com. Requests to any other name of zendesk.com find no account.
    pub subdomain: String,
    /// Other accounts that there are.
    pub other_subdomains: Vec<String>,
    pub account_id: i64,
    /// Where the account answers, for addresses in its records.
    pub base_url: String,
    /// The host of links to further pages, where it is another: `https://z3n-acme.zendesk.com:443` was recorded.
    pub links_base: Option<String>,
    pub limits: Limits,
    /// Omnichannel routing, which needs the agent workspace.
    pub omnichannel: bool,
    pub unified_statuses: bool,
    /// Talk is turned on.
    pub talk: bool,
    /// The account has licences of Talk Partner Edition.
    pub talk_partner_edition: bool,
    pub idle_timeout: bool,
    /// API tokens work; no account made since July 2026 has them.
    pub api_tokens: bool,
    /// The OAuth client was made since 2026-04-30: tokens end after half an hour without a word.
    pub new_client: bool,
    /// A trial: ten webhooks, sixty events a minute.
    pub trial: bool,
    pub lower_case_emails: bool,
    /// Whether the answer to a written status stands under `data` (not documented).
    pub status_answer_in_data: bool,
    /// How long the incremental export does not show a change, in seconds.
    pub incremental_hidden_s: i64,
    /// Whether its pages repeat a row.
    pub incremental_repeats: bool,
    /// How long after it happened an event is sent, in seconds.
    pub delivery_lag_s: i64,
    /// Every so many events is sent twice; 0: none.
    pub delivery_twice_every: u64,
    /// Events that are due together come in the reverse order.
    pub delivery_backwards: bool,
}

impl Default for Profile {
    /// An account of the Enterprise plan with everything turned on.
    fn default() -> Self {
        Self {
            seed: 1,
            subdomain: "acme".to_owned(),
            other_subdomains: vec!["globex".to_owned()],
            account_id: 2,
            base_url: "https://acme.zendesk.com".to_owned(),
            links_base: None,
            limits: Limits::ENTERPRISE,
            omnichannel: true,
            unified_statuses: true,
            talk: true,
            talk_partner_edition: true,
            idle_timeout: true,
            api_tokens: true,
            new_client: false,
            trial: false,
            lower_case_emails: true,
            status_answer_in_data: false,
            incremental_hidden_s: 60,
            incremental_repeats: true,
            delivery_lag_s: 1,
            delivery_twice_every: 0,
            delivery_backwards: false,
        }
    }
}

/// One Zendesk Support account.
pub struct Support {
    profile: Profile,
    auth: Auth,
    meter: Meter,
    users: Users,
    statuses: Statuses,
    webhooks: Webhooks,
    tickets: BTreeMap<i64, Json>,
    calls: BTreeMap<String, Map<String, Json>>,
    jobs: BTreeMap<String, Json>,
    /// Agents without a licence of Talk Partner Edition.
    unlicensed: BTreeSet<i64>,
    owner: i64,
    /// Who is signed in where a browser asks for consent.
    person: i64,
    events: u64,
    ids: i64,
}

/// 2024-01-08T09:00:00Z: before everything that is loaded.
const OPENED_AT: i64 = 1_704_704_400;
/// Ids are wider than 32 bits (fact sheet §2.1: recorded).
const FIRST_ID: i64 = 22_265_520_718_493;
/// Between two ids lie others, of other accounts.
const ID_STEP: i64 = 32;

impl Support {
    /// An account with an owner and the integration's administrator, and nobody else.
    pub fn new(profile: Profile) -> Self {
        let spread = i64::try_from(profile.seed % 1_000_000).unwrap_or(0) * 1_000_003;
        let mut support = Self {
            auth: Auth::new(0, profile.new_client, profile.api_tokens),
            meter: Meter::new(profile.limits),
            users: Users::default(),
            statuses: Statuses::new(profile.seed),
            webhooks: Webhooks::default(),
            tickets: BTreeMap::new(),
            calls: BTreeMap::new(),
            jobs: BTreeMap::new(),
            unlicensed: BTreeSet::new(),
            owner: 0,
            person: 0,
            events: 0,
            ids: FIRST_ID + spread,
            profile,
        };
        support.owner = support.add_user("Olga Owner", OWNER_EMAIL, Role::Admin);
        support.person = support.owner;
        let integration = support.add_user("Syncline Integration", INTEGRATION_EMAIL, Role::Admin);
        support.auth = Auth::new(integration, support.profile.new_client, support.profile.api_tokens);
        support
    }

    /// Somebody who was there from the start; the id.
    pub fn add_user(&mut self, name: &str, email: &str, role: Role) -> i64 {
        let mut user = User::blank(self.next_id(), role, OPENED_AT);
        user.set("name", json!(name));
        user.set("email", json!(email));
        user.set("verified", json!(true));
        let id = user.id;
        self.users.put(user);
        id
    }

    /// Who is signed in where a browser asks for consent: the owner, unless this names another user.
    pub fn sign_in(&mut self, user: i64) {
        self.person = user;
    }

    pub(crate) fn next_id(&mut self) -> i64 {
        self.ids += ID_STEP;
        self.ids
    }
}
