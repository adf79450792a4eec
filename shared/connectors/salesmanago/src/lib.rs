#![doc = include_str!("../README.md")]

mod auth;
mod calls;
mod client;
mod connection;
mod cursor;
mod faults;
mod fields;
mod listing;
mod outgoing;
mod settings;
mod signing_in;
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

/// At most 200 records a read and 100 a write: what the vendor's own connector promises. Inside, smaller parts are asked for where the settings
/// say so: the API's own figures are not documented (fact sheet §4, §5).
const BOUNDS: Bounds = Bounds {
    page_records_max: calls::PAGE_RECORDS_MAX,
    get_records_max: calls::PAGE_RECORDS_MAX,
    find_keys_max: calls::PAGE_RECORDS_MAX,
    write_records_max: calls::WRITE_RECORDS_MAX,
    places: 1,
};

static DESCRIPTOR: Descriptor = Descriptor {
    system: client::SYSTEM,
    title: "SALESmanago",
    objects: &[ObjectFacts {
        kind: fields::CONTACT,
        bounds: BOUNDS,
        lists_changes: true,
        // No feed of deletions was found, and a contact that is gone simply stops being listed (fact sheet §5).
        lists_deletes: false,
        lists_merges: false,
        find_lag_s: 0,
        // A create goes by the e-mail address, not by the link field: one that exists already is refused as taken.
        safe_create: false,
        thin_fields: &[],
        can_create: true,
        can_delete: true,
    }],
};

/// SALESmanago, as a vendor.
#[derive(Clone, Copy, Debug, Default)]
pub struct Salesmanago;

/// SALESmanago, for a list of vendors.
pub static VENDOR: Salesmanago = Salesmanago;

impl Vendor for Salesmanago {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn setting_keys(&self) -> &'static [KeyFact] {
        settings::SETTING_KEYS
    }

    fn secret_keys(&self) -> &'static [KeyFact] {
        settings::SECRET_KEYS
    }

    fn sign_in(&self, _settings: &Settings) -> Vec<Way> {
        vec![signing_in::KEYS]
    }

    fn tokens(&self, _settings: &Settings, _answer: &http::Response<Bytes>, _now: Timestamp) -> Result<Bundle, Fault> {
        Err(Fault::Unsupported { capability: "sign-in with a browser".to_owned() })
    }

    /// A server holds many accounts; nothing tells of one without credentials.
    fn existence(&self, _settings: &Settings) -> Option<ExistenceCheck> {
        None
    }

    fn check_settings(&self, settings: &Settings) -> Vec<SettingProblem> {
        settings::problems(settings)
    }

    fn limits(&self, settings: &Settings) -> Vec<Limit> {
        settings::limits(settings)
    }

    /// Nothing is published, and no header tells of a limit; that 429 occurs is known from a client (fact sheet §2, §8).
    fn rate_facts(&self, _class: EndpointClass, answer: &http::Response<Bytes>, now: Timestamp) -> RateFacts {
        let refused = answer.status() == http::StatusCode::TOO_MANY_REQUESTS;
        let until = refused.then(|| faults::asked_again(answer.headers(), now));
        RateFacts { refused, class_only: false, limit: None, left: None, until }
    }

    fn connect(&self, parts: Parts) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
        let target = settings::read(&parts.settings)?;
        Ok(Arc::new(connection::Connection::new(target, parts)))
    }

    fn decode(&self, kind: &ObjectKind, body: &[u8]) -> Result<Vec<Result<Record, BadRecord>>, Fault> {
        wire::decode(kind, body)
    }
}
