#![doc = include_str!("../README.md")]

mod calls;
mod client;
mod connection;
mod cursor;
mod faults;
mod fields;
mod listing;
mod settings;
mod signing_in;
mod status;
mod webhook;
mod wire;
mod writing;

use std::sync::Arc;

use bytes::Bytes;
use syncline_engine::ports::connector::{BadRecord, Bounds, Connector, Descriptor, ObjectFacts};
use syncline_engine::ports::http::EndpointClass;
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::sign_in::{ExistenceCheck, Way};
use syncline_engine::ports::vendor::{KeyFact, Limit, Parts, RateFacts, SettingProblem, Settings, Vendor};
use syncline_model::{Fault, ObjectKind, Record, Timestamp};

/// Lists of fifty (fact sheet §5: documented); users are read and written one by one. Look-ups read the list: many keys cost as much as one.
const BOUNDS: Bounds = Bounds {
    page_records_max: calls::PAGE_RECORDS_MAX,
    get_records_max: calls::PAGE_RECORDS_MAX,
    find_keys_max: calls::FIND_KEYS_MAX,
    write_records_max: 1,
    places: 1,
};

static DESCRIPTOR: Descriptor = Descriptor {
    system: client::SYSTEM,
    title: "Aircall",
    objects: &[ObjectFacts {
        kind: "user",
        bounds: BOUNDS,
        lists_changes: false,
        lists_deletes: false,
        lists_merges: false,
        find_lag_s: 0,
        safe_create: false,
        thin_fields: &[],
        can_create: false,
        can_delete: false,
    }],
};

/// Aircall, as a vendor.
#[derive(Clone, Copy, Debug, Default)]
pub struct Aircall;

/// Aircall, for a list of vendors.
pub static VENDOR: Aircall = Aircall;

impl Vendor for Aircall {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn setting_keys(&self) -> &'static [KeyFact] {
        settings::SETTING_KEYS
    }

    fn secret_keys(&self) -> &'static [KeyFact] {
        settings::SECRET_KEYS
    }

    fn sign_in(&self, settings: &Settings) -> Vec<Way> {
        signing_in::ways(settings)
    }

    fn tokens(&self, _settings: &Settings, answer: &http::Response<Bytes>, now: Timestamp) -> Result<Bundle, Fault> {
        signing_in::tokens(answer, now)
    }

    /// One host for all companies.
    fn existence(&self, _settings: &Settings) -> Option<ExistenceCheck> {
        None
    }

    fn check_settings(&self, settings: &Settings) -> Vec<SettingProblem> {
        settings::problems(settings)
    }

    fn limits(&self, settings: &Settings) -> Vec<Limit> {
        settings::limits(settings)
    }

    /// One limit for the whole company, all keys and apps together (fact sheet §6: documented): no class has its own.
    fn rate_facts(&self, _class: EndpointClass, answer: &http::Response<Bytes>, now: Timestamp) -> RateFacts {
        let refused = answer.status() == http::StatusCode::TOO_MANY_REQUESTS;
        RateFacts {
            refused,
            class_only: false,
            limit: faults::number(answer.headers(), "x-aircallapi-limit"),
            left: faults::number(answer.headers(), "x-aircallapi-remaining"),
            until: refused.then(|| faults::asked_again(answer.headers(), now)),
        }
    }

    fn connect(&self, parts: Parts) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
        let target = settings::read(&parts.settings)?;
        Ok(Arc::new(connection::Connection::new(target, parts)))
    }

    fn decode(&self, kind: &ObjectKind, body: &[u8]) -> Result<Vec<Result<Record, BadRecord>>, Fault> {
        wire::decode(kind, body)
    }
}
