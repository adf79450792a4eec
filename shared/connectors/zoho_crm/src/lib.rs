#![doc = include_str!("../README.md")]

mod account;
mod auth;
mod batch;
mod calls;
mod client;
mod connection;
mod cursor;
mod faults;
mod finding;
mod listing;
mod moving;
mod object;
mod provision;
mod reading;
mod schema;
mod settings;
mod signing_in;
mod stored;
mod users;
mod values;
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

/// `modules`: in how many its records lie. Merges of two people are told as a deletion; that a person changed modules is told with the new id.
const fn facts(kind: &'static str, modules: u32) -> ObjectFacts {
    ObjectFacts {
        kind,
        bounds: Bounds {
            page_records_max: calls::PAGE_RECORDS_MAX,
            get_records_max: 100,
            // Ten values a search.
            find_keys_max: 50,
            write_records_max: calls::WRITE_RECORDS_MAX,
            places: modules,
        },
        lists_changes: true,
        lists_deletes: true,
        lists_merges: false,
        find_lag_s: finding::LAG_S,
        safe_create: true,
        thin_fields: &[],
        can_create: true,
        can_delete: true,
    }
}

static DESCRIPTOR: Descriptor = Descriptor {
    system: client::SYSTEM,
    title: "Zoho CRM",
    objects: &[
        facts("Accounts", 1),
        facts("Contacts", 1),
        facts("Leads", 1),
        // Leads and Contacts.
        facts(object::PERSON, 2),
    ],
};

/// Zoho CRM, as a vendor.
#[derive(Clone, Copy, Debug, Default)]
pub struct ZohoCrm;

/// Zoho CRM, for a list of vendors.
pub static VENDOR: ZohoCrm = ZohoCrm;

impl Vendor for ZohoCrm {
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

    /// An account has no name before one signs in.
    fn existence(&self, _settings: &Settings) -> Option<ExistenceCheck> {
        None
    }

    fn check_settings(&self, settings: &Settings) -> Vec<SettingProblem> {
        settings::problems(settings)
    }

    fn limits(&self, settings: &Settings) -> Vec<Limit> {
        settings::limits(settings)
    }

    /// Headers with the day's credits exist on older pages alone; what was refused, only the sentence tells (fact sheet §8).
    fn rate_facts(&self, _class: EndpointClass, answer: &http::Response<Bytes>, now: Timestamp) -> RateFacts {
        let number = |name: &str| answer.headers().get(name)?.to_str().ok()?.trim().parse::<u32>().ok();
        let until = faults::refused_until(answer, now);
        RateFacts {
            refused: until.is_some(),
            class_only: false,
            limit: number("x-ratelimit-limit"),
            left: number("x-ratelimit-remaining"),
            until,
        }
    }

    fn connect(&self, parts: Parts) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
        let target = settings::read(&parts.settings)?;
        Ok(Arc::new(connection::Connection::new(target, parts)))
    }

    /// Records of any module; a person's rows carry `module`.
    fn decode(&self, kind: &ObjectKind, body: &[u8]) -> Result<Vec<Result<Record, BadRecord>>, Fault> {
        wire::decode(kind, body)
    }
}
