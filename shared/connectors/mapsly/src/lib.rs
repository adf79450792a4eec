#![doc = include_str!("../README.md")]

mod client;
mod connection;
mod entities;
mod faults;
mod settings;
mod wire;
mod writing;

use std::sync::Arc;

use bytes::Bytes;
use syncline_engine::ports::connector::{ANY_KIND, BadRecord, Bounds, Connector, Descriptor, ObjectFacts};
use syncline_engine::ports::http::EndpointClass;
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::sign_in::{ExistenceCheck, Keys, Way};
use syncline_engine::ports::vendor::{KeyFact, Limit, Parts, RateFacts, SettingProblem, Settings, Vendor};
use syncline_model::{Fault, ObjectKind, Record, Timestamp};

static DESCRIPTOR: Descriptor = Descriptor {
    system: client::SYSTEM,
    title: "Mapsly",
    objects: &[ObjectFacts {
        // Objects have the names that the account gives them.
        kind: ANY_KIND,
        // No operation reads (fact sheet §0, §2.1: six operations, records in, nothing out). The size of a call is our own choice (§2.3).
        bounds: Bounds { page_records_max: 0, get_records_max: 0, find_keys_max: 0, write_records_max: writing::RECORDS_MAX, places: 1 },
        lists_changes: false,
        lists_deletes: false,
        lists_merges: false,
        find_lag_s: 0,
        // A record goes by the id that we send: sent again, it is the same one (fact sheet §2.1: upsert).
        safe_create: true,
        thin_fields: &[],
        can_create: true,
        can_delete: true,
    }],
};

/// Mapsly, as a vendor.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mapsly;

/// Mapsly, for a list of vendors.
pub static VENDOR: Mapsly = Mapsly;

impl Vendor for Mapsly {
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
        vec![Way::Keys(Keys { label: "an API key", names: &["api_key"] })]
    }

    fn tokens(&self, _settings: &Settings, _answer: &http::Response<Bytes>, _now: Timestamp) -> Result<Bundle, Fault> {
        Err(Fault::Unsupported { capability: "sign-in with a browser".to_owned() })
    }

    /// The key alone says which account it is.
    fn existence(&self, _settings: &Settings) -> Option<ExistenceCheck> {
        None
    }

    fn check_settings(&self, settings: &Settings) -> Vec<SettingProblem> {
        settings::problems(settings)
    }

    fn limits(&self, settings: &Settings) -> Vec<Limit> {
        settings::limits(settings)
    }

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
