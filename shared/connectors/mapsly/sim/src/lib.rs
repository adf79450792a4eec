//! Mapsly's ingest API as a state machine: records in, nothing out; a key that may stand in three places; a GET that deletes; jobs that are answered
//! before anything is done, and callbacks that come twice, late or never.
//!
//! Every body here is an invention (fact sheet §2.1, §5: unverified). Where a choice matters, the profile has a switch.

mod jobs;
mod people;
mod routes;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};
use syncline_simulator::{Population, Users};

pub use jobs::Callback;

/// The account's key as it is there from the start.
pub const API_KEY: &str = "simulator-mapsly-key";
/// The objects of the account, and their fields.
pub const ENTITIES: &str = "Contacts(name, email, phone, title, stage, address, street, city, postcode, country, remark, latitude:decimal, longitude:decimal); \
                            Leads(name, company, email, phone, status, street, city, postcode, country); Deals(name, stage, value:decimal)";
pub(crate) const CONTACTS: &str = "Contacts";
pub(crate) const LEADS: &str = "Leads";
pub(crate) const DEALS: &str = "Deals";
/// Records of one call at most; an invention.
pub const RECORDS_MAX: usize = 100;

/// Where the key must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    Bearer,
    Header,
    Query,
}

/// Which bodies upserts may have; an invention, but that public clients send lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpsertBody {
    Either,
    List,
    /// A list under `records`.
    Records,
}

/// What becomes of the callback of an asynchronous call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackMode {
    Once,
    Lost,
    Doubled,
    /// Twenty minutes late.
    Late,
}

/// How the account is.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is an independent doubt about the vendor")]
pub struct Profile {
    pub key_place: KeyPlace,
    pub calls_per_minute: u32,
    /// A 429 says how long to wait.
    pub tells_wait: bool,
    /// An unknown object is 400, not 404.
    pub unknown_entity_is_400: bool,
    /// A write drops the fields that it does not name.
    pub replaces: bool,
    /// One bad record refuses the whole call.
    pub refuses_whole: bool,
    /// The answer names no record.
    pub answers_nothing: bool,
    pub callback: CallbackMode,
    pub upsert_body: UpsertBody,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            key_place: KeyPlace::Bearer,
            calls_per_minute: 120,
            tells_wait: true,
            unknown_entity_is_400: false,
            replaces: false,
            refuses_whole: false,
            answers_nothing: false,
            callback: CallbackMode::Once,
            upsert_body: UpsertBody::Either,
        }
    }
}

/// One Mapsly account.
pub struct Mapsly {
    profile: Profile,
    key: String,
    /// By object, then by id. Values as they were sent; `null` is none.
    records: BTreeMap<&'static str, BTreeMap<String, Map<String, Value>>>,
    jobs: Vec<jobs::Job>,
    callbacks: Vec<Callback>,
    window: i64,
    used: u32,
    typed_in: u32,
}

impl Mapsly {
    pub fn new(profile: Profile) -> Self {
        let records = [CONTACTS, LEADS, DEALS].map(|name| (name, BTreeMap::new())).into();
        Self { profile, key: API_KEY.to_owned(), records, jobs: Vec::new(), callbacks: Vec::new(), window: 0, used: 0, typed_in: 0 }
    }

    /// Adds these people as records of `Contacts`.
    pub fn load(&mut self, population: &Population, people: std::ops::Range<u32>) {
        for number in people {
            let person = population.person(number);
            let fields =
                [("name", format!("{} {}", person.first_name, person.last_name)), ("email", person.email), ("phone", person.mobile)];
            let row = fields.into_iter().map(|(name, text)| (name.to_owned(), Value::String(text))).collect();
            self.records.entry(CONTACTS).or_default().insert(format!("{}", 1_000 + number), row);
        }
    }

    /// A record, as nobody can read it but the one who looks at the map.
    pub fn record(&self, entity: &str, id: &str) -> Option<Value> {
        self.records.get(entity)?.get(id).cloned().map(Value::Object)
    }

    /// The ids of an object's records.
    pub fn ids(&self, entity: &str) -> Vec<String> {
        self.live(entity).into_keys().collect()
    }

    /// Somebody empties an object by hand, on the map.
    pub fn empty(&mut self, entity: &str) {
        if let Some(records) = self.records.get_mut(entity) {
            records.clear();
        }
    }

    /// Carries out the asynchronous calls that are due, and answers the calls that are due to be made to the addresses that they named, each as
    /// often as the profile has it.
    pub fn callbacks(&mut self, now: Timestamp) -> Vec<Callback> {
        self.work(now);
        let (due, rest) = std::mem::take(&mut self.callbacks).into_iter().partition(|callback| callback.due <= now);
        self.callbacks = rest;
        due
    }

    pub(crate) fn fields_of(entity: &str) -> &'static [&'static str] {
        match entity {
            CONTACTS => &[
                "name",
                "email",
                "phone",
                "title",
                "stage",
                "address",
                "street",
                "city",
                "postcode",
                "country",
                "remark",
                "latitude",
                "longitude",
            ],
            LEADS => &["name", "company", "email", "phone", "status", "street", "city", "postcode", "country"],
            _ => &["name", "stage", "value"],
        }
    }
}
