//! Zendesk Sell as a state machine: Core v2, the Sync API, Firehose, OAuth, with the plans, limits, oddities and the end of life that the fact
//! sheet tells of.
//!
//! Request and time in, answer out: no clock, no chance but the seed. Where the fact sheet is unsure, the profile has a switch or the unkinder
//! reading was built; the place says which.

mod auth;
mod custom_fields;
mod firehose;
mod listing;
mod load;
mod meter;
mod people;
mod routes;
mod rows;
mod spec;
mod sync;
mod wire;
mod writing;

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use syncline_simulator::Population;

pub use custom_fields::CustomField;
pub use firehose::DeletedBody;
pub use meter::Limits;
pub use rows::Amounts;

use auth::Auth;
use custom_fields::CustomFields;
use firehose::Firehose;
use meter::Meter;
use rows::{Row, Tables};
use spec::{PIPELINES, STAGES, USERS};
use sync::Sync;

/// A personal token of the account's root user, with every scope.
pub const ACCESS_TOKEN: &str = auth::ACCESS_TOKEN;
/// A refresh token of the root user's.
pub const REFRESH_TOKEN: &str = auth::REFRESH_TOKEN;
/// The client that everybody signs in with.
pub const CLIENT_ID: &str = auth::CLIENT_ID;
pub const CLIENT_SECRET: &str = auth::CLIENT_SECRET;
pub const OWNER_EMAIL: &str = "owner@acme.example";

pub(crate) const CURRENCY: &str = "EUR";
pub(crate) const ACCOUNT_ID: i64 = 101_377;
/// 2024-01-08T09:00:00Z: before everything that is loaded.
pub(crate) const OPENED_AT: i64 = 1_704_704_400;
const FIRST_ID: i64 = 2_097_152;

/// What the account pays for: Firehose and Sync need Growth (fact sheet §0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    Team,
    Growth,
}

/// How a plan without Firehose says so (not in any source; fact sheet §8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanRefusal {
    /// 403 with `insufficient_scope`.
    Envelope,
    /// 403 without a body.
    Bare,
}

/// What an account that is at its end answers to everything (fact sheet §0: not announced).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retirement {
    /// 401 with the usual envelope.
    Unauthorized,
    /// 403 without a body.
    Forbidden,
    /// 404 with the usual envelope.
    NotFound,
    /// 410 without a body.
    Gone,
}

/// What kind of account this is.
#[allow(clippy::struct_excessive_bools, reason = "each flag is an independent fact about an account")]
#[derive(Clone, Debug)]
pub struct Profile {
    /// Decides ids, tokens, the order of queues.
    pub seed: u64,
    /// Where the account answers, for links in its answers.
    pub base_url: String,
    pub plan: Plan,
    pub plan_refusal: PlanRefusal,
    pub limits: Limits,
    /// The name under zendesk.com; `None`: a legacy account that is not connected to the platform.
    pub subdomain: Option<String>,
    /// From then on everything is refused.
    pub retires_at: Option<Timestamp>,
    pub amounts: Amounts,
    /// Whether options of lists go by the name `choices`.
    pub options_are_choices: bool,
    /// Whether a part of an address can be written alone (unverified; off: the address is replaced as a whole).
    pub addresses_merge: bool,
    /// Whether filters compare without regard to case (unverified).
    pub filters_fold_case: bool,
    /// How long after `created_at` the first `updated_at` may lie, in seconds.
    pub creation_skew_s: u64,
    /// Whether a refresh token that was used goes on working.
    pub keeps_old_refresh: bool,
    pub deleted_events: DeletedBody,
    /// How long after a change its event comes, in seconds.
    pub firehose_lag_s: i64,
    /// Every so many reads of streams give nothing while more is there; 0: none.
    pub firehose_empty_every: u64,
    /// Whether an event is given twice now and then.
    pub firehose_repeats: bool,
    /// Whether events of different rows change places.
    pub firehose_mixes: bool,
    pub sync_page: usize,
    /// How long a session of the Sync API lives, in seconds.
    pub sync_session_s: i64,
    pub sync_empty_every: u64,
    pub sync_mixes: bool,
    /// Whether a device hears of deleted rows that it never saw.
    pub sync_orphan_deletes: bool,
}

impl Default for Profile {
    /// A Growth account on the Zendesk platform, as unkind as the fact sheet allows.
    fn default() -> Self {
        Self {
            seed: 1,
            base_url: "https://api.getbase.com".to_owned(),
            plan: Plan::Growth,
            plan_refusal: PlanRefusal::Envelope,
            limits: Limits::DOCUMENTED,
            subdomain: Some("acme".to_owned()),
            // 2027-08-31, as announced.
            retires_at: Timestamp::from_second(1_819_670_400).ok(),
            amounts: Amounts::Texts,
            options_are_choices: false,
            addresses_merge: false,
            filters_fold_case: true,
            creation_skew_s: 2,
            keeps_old_refresh: false,
            deleted_events: DeletedBody::IdOnly,
            firehose_lag_s: 3,
            firehose_empty_every: 5,
            firehose_repeats: true,
            firehose_mixes: true,
            sync_page: 100,
            sync_session_s: 300,
            sync_empty_every: 4,
            sync_mixes: true,
            sync_orphan_deletes: true,
        }
    }
}

/// One Sell account.
pub struct Sell {
    profile: Profile,
    plan: Plan,
    zendesk: Option<String>,
    retired: Option<Retirement>,
    auth: Auth,
    meter: Meter,
    tables: Tables,
    custom: CustomFields,
    firehose: Firehose,
    sync: Sync,
    rolls: Population,
    /// The root user.
    owner: i64,
    /// Who is signed in where a browser asks for consent.
    person: i64,
    ids: i64,
    given: u32,
    requests: u32,
}

impl Sell {
    /// An account with its root user, a seller, two pipelines with their stages, sources and reasons, and nothing else.
    pub fn new(profile: Profile) -> Self {
        let mut sell = Self {
            plan: profile.plan,
            zendesk: profile.subdomain.clone(),
            retired: None,
            auth: Auth::new(profile.seed, 0, profile.keeps_old_refresh),
            meter: Meter::new(profile.limits),
            tables: Tables::default(),
            custom: CustomFields::default(),
            firehose: Firehose::new(),
            sync: Sync::default(),
            rolls: Population::new(profile.seed),
            owner: 0,
            person: 0,
            ids: FIRST_ID,
            given: 0,
            requests: 0,
            profile,
        };
        sell.owner = sell.add_user("Olga Owner", OWNER_EMAIL, true);
        sell.person = sell.owner;
        sell.auth = Auth::new(sell.profile.seed, sell.owner, sell.profile.keeps_old_refresh);
        sell.add_user("Sam Seller", "sam@acme.example", false);
        sell.furnish();
        sell
    }

    /// Somebody who was there from the start; the id.
    pub fn add_user(&mut self, name: &str, email: &str, is_admin: bool) -> i64 {
        let mut user = Row::new(self.next_id(), OPENED_AT);
        for (member, value) in [
            ("name", json!(name)),
            ("email", json!(email)),
            ("status", json!("active")),
            ("invited", json!(true)),
            ("confirmed", json!(true)),
            ("role", json!(if is_admin { "admin" } else { "user" })),
            ("team_name", json!(format!("{name}'s team"))),
            ("timezone", json!("UTC+02:00")),
            ("identity_type", json!("person")),
            ("detached", json!(false)),
            ("sell_login_disabled", json!(false)),
        ] {
            user.set(member, value);
        }
        let id = user.id;
        self.tables.put(&USERS, user);
        id
    }

    fn furnish(&mut self) {
        for (name, stages) in [
            ("Sales Pipeline", ["Incoming", "Qualified", "Quote", "Won", "Unqualified", "Lost"]),
            ("Partners", ["New", "Talking", "Contract", "Signed", "Unfit", "Gone"]),
        ] {
            let mut pipeline = Row::new(self.next_id(), OPENED_AT);
            pipeline.set("name", json!(name));
            pipeline.set("disabled", json!(false));
            let pipeline_id = pipeline.id;
            self.tables.put(&PIPELINES, pipeline);
            let categories = ["incoming", "in_progress", "in_progress", "won", "unqualified", "lost"];
            for (position, (name, category)) in (1_i64..).zip(stages.into_iter().zip(categories)) {
                let mut stage = Row::new(self.next_id(), OPENED_AT);
                let likelihood = if category == "won" { 100 } else { position * 20 % 100 };
                for (member, value) in [
                    ("name", json!(name)),
                    ("category", json!(category)),
                    ("position", json!(position)),
                    ("likelihood", json!(likelihood)),
                    ("active", json!(matches!(category, "incoming" | "in_progress"))),
                    ("pipeline_id", json!(pipeline_id)),
                ] {
                    stage.set(member, value);
                }
                self.tables.put(&STAGES, stage);
            }
        }
        for (of, names) in [
            (&spec::LEAD_SOURCES, ["Word of mouth", "Web"]),
            (&spec::DEAL_SOURCES, ["Referral", "Fair"]),
            (&spec::SOURCES, ["Word of mouth", "Fair"]),
            (&spec::LOSS_REASONS, ["Too expensive", "No answer"]),
            (&spec::LEAD_UNQUALIFIED_REASONS, ["No budget", "Not interested"]),
            (&spec::DEAL_UNQUALIFIED_REASONS, ["No budget", "Not interested"]),
            (&spec::CALL_OUTCOMES, ["Interested", "Voicemail"]),
        ] {
            for name in names {
                let mut row = Row::new(self.next_id(), OPENED_AT);
                row.set("name", json!(name));
                row.set("creator_id", json!(self.owner));
                self.tables.put(of, row);
            }
        }
    }

    pub(crate) fn next_id(&mut self) -> i64 {
        self.given = self.given.wrapping_add(1);
        self.ids += i64::try_from(self.rolls.roll(11, self.given) % 9).unwrap_or(0) + 1;
        self.ids
    }

    /// A row as Core answers it, by the name of its kind: `contact`, `lead`, `deal`, …
    pub fn view(&self, now: Timestamp, kind: &str, id: i64) -> Option<Json> {
        let of = spec::resource_named(kind)?;
        self.tables.get(of, id).map(|row| self.core_shape(now.as_second(), of, row))
    }

    /// How many rows of a kind there are.
    pub fn count(&self, kind: &str) -> usize {
        spec::resource_named(kind).map_or(0, |of| self.tables.of(of).count())
    }

    /// How many events the stream of a resource (`contacts`) keeps.
    pub fn events_kept(&self, resource: &str) -> usize {
        self.firehose.kept(resource)
    }

    /// The root user.
    pub fn owner(&self) -> i64 {
        self.owner
    }
}
