//! Aircall's public API as a state machine: users with the status that was set and the one that follows from it, calls that change it, webhooks
//! with their retries, and the oddities on the wire that the fact sheet tells of.
//!
//! Request and time in, answer out: no clock, no chance but the seed. Where the fact sheet is unsure, the profile has a switch or the unkinder
//! reading was built; the place says which. Webhooks are not sent: [`Aircall::deliveries`] hands out what is due, and whoever drives the
//! simulator says with [`Aircall::delivered`] what became of it.

mod access;
mod calls;
mod directory;
mod events;
mod hooks;
mod ids;
mod load;
mod meter;
mod people;
mod post;
mod routes;
mod teams;
mod user;
mod wire;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

pub use events::CATALOGUE;
pub use post::Delivery;
pub use user::{Reason, Setting, Working};

use access::Access;
use calls::Calls;
use hooks::Hooks;
use ids::Ids;
use meter::Meter;
use post::Post;
use teams::Team;
use user::User;

/// The company's API key as it is there from the start: the user and the password of basic authentication.
pub const API_ID: &str = "simulator-api-id";
pub const API_TOKEN: &str = "simulator-api-token";
/// The partner application that may be installed by OAuth.
pub const CLIENT_ID: &str = "simulator-client";
pub const CLIENT_SECRET: &str = "simulator-secret";

/// What the endpoints of the first version for reading and writing users answer: their end was announced for 2026-09-30 (fact sheet §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstVersion {
    Serves,
    /// 410.
    Gone,
    /// 404.
    Missing,
}

/// How a reason for being unavailable is spelled in answers and events (fact sheet §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// `out_for_lunch`.
    Snake,
    /// `Out for lunch`, as the reference prints it.
    Display,
}

/// What kind of company this is.
#[allow(clippy::struct_excessive_bools, reason = "each flag is an independent fact about an account")]
#[derive(Clone, Debug)]
pub struct Profile {
    /// Decides ids, tokens and what webhooks go through.
    pub seed: u64,
    /// The address in links: `https://api.aircall.io`.
    pub base_url: String,
    /// Of the whole company: all keys and applications together.
    pub calls_per_minute: u32,
    pub first_version: FirstVersion,
    /// Whether the account has reasons for being unavailable. Without them a reason that is written is ignored (unverified).
    pub substatuses: bool,
    pub spelling: Spelling,
    /// The status of an answer to wrong credentials: 401 or 403, both seen.
    pub refused_status: u16,
    /// The answer to a change of status claims `available: true` whatever holds (recorded).
    pub put_claims_available: bool,
    /// How long readings still show the status from before a change, in seconds (fact sheet §9: seen for calls).
    pub read_lag_s: u32,
    /// 200, as recorded; the documentation says 201.
    pub webhook_created_status: u16,
    /// The post sends some events twice and some late, so that they overtake each other.
    pub post_is_unkind: bool,
}

impl Default for Profile {
    /// A company of today with all features.
    fn default() -> Self {
        Self {
            seed: 1,
            base_url: "https://api.aircall.io".to_owned(),
            calls_per_minute: meter::CALLS_PER_MINUTE,
            first_version: FirstVersion::Gone,
            substatuses: true,
            spelling: Spelling::Snake,
            refused_status: 403,
            put_claims_available: true,
            read_lag_s: 0,
            webhook_created_status: 200,
            post_is_unkind: false,
        }
    }
}

/// One Aircall company.
pub struct Aircall {
    profile: Profile,
    access: Access,
    meter: Meter,
    users: BTreeMap<i64, User>,
    teams: BTreeMap<i64, Team>,
    calls: Calls,
    hooks: Hooks,
    post: Post,
    ids: Ids,
}

impl Aircall {
    /// A company without users, with one API key: [`API_ID`] and [`API_TOKEN`].
    pub fn new(profile: Profile) -> Self {
        Self {
            access: Access::default(),
            meter: Meter::new(profile.calls_per_minute),
            users: BTreeMap::new(),
            teams: BTreeMap::new(),
            calls: Calls::default(),
            hooks: Hooks::default(),
            post: Post::new(profile.seed, profile.post_is_unkind),
            ids: Ids::new(profile.seed),
            profile,
        }
    }

    /// The ids of all users, ascending.
    pub fn user_ids(&self) -> Vec<i64> {
        self.users.keys().copied().collect()
    }

    /// Who has this address, without regard to case.
    pub fn user_with_email(&self, email: &str) -> Option<i64> {
        let email = email.to_lowercase();
        self.users.values().find(|user| user.email.to_lowercase() == email).map(|user| user.id)
    }

    /// The user as it is, whatever readings show of it already.
    pub fn user(&self, id: i64) -> Option<Value> {
        self.users.get(&id).map(|user| user.shape(&self.profile, user.setting))
    }

    /// What the user's status is set to, whatever readings show of it already.
    pub fn setting(&self, id: i64) -> Option<Setting> {
        self.users.get(&id).map(|user| user.setting)
    }

    /// The status that follows from it, from the log-in and from calls: `available`, `offline`, `do_not_disturb`, `in_call`, `after_call_work`.
    pub fn availability(&self, now: Timestamp, id: i64) -> Option<&'static str> {
        self.users.get(&id).map(|user| user.availability(user.setting, now.as_second()))
    }

    /// The limit of the company changes; the minute's count goes on.
    pub fn set_calls_per_minute(&mut self, calls: u32) {
        self.meter.calls = calls;
    }

    /// Whether the account has reasons for being unavailable from now on.
    pub fn set_substatuses(&mut self, has_them: bool) {
        self.profile.substatuses = has_them;
    }

    /// Lets what is due happen: calls that end half a minute after the hang-up, wrap-up times that run out.
    fn pass(&mut self, now: i64) {
        self.end_calls(now);
        self.end_wrap_ups(now);
    }
}
