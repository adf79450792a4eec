//! SALESmanago's API v2 for contacts as a state machine: credentials in the body of every call, refusals that come with 200, contacts that are read
//! in two shapes and written in a third, consents that are pushed and not set, jobs that finish later, and rules that ping without a signature.
//!
//! Request and time in, answer out: no clock, no chance but the seed. Where the fact sheet is unsure, the profile has a switch; the place says
//! which reading is the default. Pings are not sent: [`Salesmanago::deliveries`] hands out what is due, each once.

mod access;
mod consent;
mod contact;
mod ids;
mod jobs;
mod load;
mod meter;
mod owners;
mod people;
mod reading;
mod routes;
mod rules;
mod wire;
mod writing;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

pub use access::signature;
pub use contact::State;
pub use rules::{Delivery, Rule, Trigger};

use access::Access;
use contact::Contact;
use ids::Ids;
use jobs::Jobs;
use meter::Meter;
use owners::Owners;
use rules::Rules;

/// The tenant's credentials as they are there from the start.
pub const CLIENT_ID: &str = "simulator-client";
pub const API_SECRET: &str = "simulator-secret";
/// A random text that a caller may choose, and what proves it: a pair that stays valid.
pub const API_KEY: &str = "simulator-api-key";
/// The main user of the account.
pub const OWNER_EMAIL: &str = "admin@acme.example";
/// A second user.
pub const SECOND_OWNER_EMAIL: &str = "sales@acme.example";

/// What clears a text field (fact sheet §4: unknown).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clearing {
    /// An empty text; `null` is as good as absent.
    EmptyText,
    /// `null`; an empty text is as good as absent.
    Null,
    /// Either.
    Both,
    /// Nothing does.
    Nothing,
}

/// How the list of modified contacts is made (fact sheet §5: unknown).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModifiedList {
    /// From a log: a contact stands there once for each modification, so that one that is edited during a walk comes again on a later page.
    Log,
    /// From the contacts as they are, by their last modification: one that is edited during a walk leaves its place, and pulls the others up.
    State,
}

/// What kind of account this is.
#[allow(clippy::struct_excessive_bools, reason = "each flag is an independent fact about an account")]
#[derive(Clone, Debug)]
pub struct Profile {
    /// Decides ids and what becomes of pings.
    pub seed: u64,
    /// The address of the tenant's shard in links to files: `https://app2.salesmanago.com`.
    pub base_url: String,
    /// Beyond it 429. Nothing is published: as many as a careful client makes.
    pub calls_per_minute: u32,
    /// Rows of one batch, and of one page (unverified).
    pub rows_max: usize,
    /// The longest window that lists of created and modified contacts take, in days (unverified).
    pub window_days_max: i64,
    /// How long a job takes, in seconds.
    pub job_s: i64,
    pub clearing: Clearing,
    pub modified_list: ModifiedList,
    /// `message` of a refusal is one text, not a list of them.
    pub message_is_text: bool,
    /// `contact/update` says success and passes `newEmail` over.
    pub update_keeps_addresses: bool,
    /// `contact/delete` answers 200 with nothing in it.
    pub delete_answers_nothing: bool,
    /// A contact that is deleted stays readable by its id, with `deleted: true` (unverified; otherwise it is gone).
    pub deleted_stay: bool,
    /// A contact made by the API without a word about consent is opted out (unverified).
    pub new_contacts_are_opted_out: bool,
    /// Whether unsubscribing by the link in a mail counts as a modification (unverified).
    pub unsubscribing_modifies: bool,
    /// Pings come twice, late or never.
    pub post_is_unkind: bool,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            seed: 1,
            base_url: "https://app2.salesmanago.com".to_owned(),
            calls_per_minute: meter::CALLS_PER_MINUTE,
            rows_max: 1_000,
            window_days_max: 30,
            job_s: 10,
            clearing: Clearing::EmptyText,
            modified_list: ModifiedList::Log,
            message_is_text: false,
            update_keeps_addresses: false,
            delete_answers_nothing: false,
            deleted_stay: false,
            new_contacts_are_opted_out: false,
            unsubscribing_modifies: true,
            post_is_unkind: false,
        }
    }
}

/// One SALESmanago account.
pub struct Salesmanago {
    profile: Profile,
    access: Access,
    meter: Meter,
    owners: Owners,
    /// By id.
    contacts: BTreeMap<String, Contact>,
    /// The id of who has an address, in lower case.
    by_email: BTreeMap<String, String>,
    jobs: Jobs,
    rules: Rules,
    ids: Ids,
    /// Mails that ask a person to confirm their subscription, by contact.
    confirmations: Vec<String>,
}

impl Salesmanago {
    /// An account without contacts, with two users: [`OWNER_EMAIL`] and [`SECOND_OWNER_EMAIL`].
    pub fn new(profile: Profile) -> Self {
        Self {
            access: Access::default(),
            meter: Meter::new(profile.calls_per_minute),
            owners: Owners::new([OWNER_EMAIL, SECOND_OWNER_EMAIL]),
            contacts: BTreeMap::new(),
            by_email: BTreeMap::new(),
            jobs: Jobs::default(),
            rules: Rules::new(profile.seed, profile.post_is_unkind),
            ids: Ids::new(profile.seed),
            confirmations: Vec::new(),
            profile,
        }
    }

    /// The ids of all contacts that were not deleted.
    pub fn contact_ids(&self) -> Vec<String> {
        self.contacts.values().filter(|contact| !contact.deleted).map(|contact| contact.id.clone()).collect()
    }

    /// Who has this address, without regard to case.
    pub fn contact_with_email(&self, email: &str) -> Option<String> {
        self.by_email.get(&email.to_lowercase()).cloned()
    }

    /// The contact as `contact/listById` answers it.
    pub fn contact(&self, id: &str) -> Option<Value> {
        self.contacts.get(id).map(Contact::full)
    }

    /// The users among whom a contact is shared, the main owner among them.
    pub fn owners_of(&self, id: &str) -> Vec<String> {
        self.contacts.get(id).map(|contact| contact.owners.iter().cloned().collect()).unwrap_or_default()
    }

    /// To whom a mail went that asks to confirm a subscription, oldest first.
    pub fn confirmations(&self) -> &[String] {
        &self.confirmations
    }

    /// Lets what is due happen: jobs finish.
    fn pass(&mut self, now: Timestamp) {
        self.finish_jobs(now);
    }
}
