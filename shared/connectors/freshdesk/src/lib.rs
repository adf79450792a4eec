#![doc = include_str!("../README.md")]

mod agents;
mod attributes;
mod body;
mod calls;
mod client;
mod connection;
mod cursor;
mod envelope;
mod faults;
mod fields;
mod finding;
mod listing;
mod reading;
mod settings;
mod signing_in;
mod webhook;
mod window;
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

/// What one call carries: lists of a hundred, everything else one by one (fact sheet §3.1, §4: documented).
const BOUNDS: Bounds =
    Bounds { page_records_max: calls::PAGE_RECORDS_MAX, get_records_max: 1, find_keys_max: 1, write_records_max: 1, places: 1 };

/// The search index follows "a few minutes" behind (fact sheet §3.2: documented without a figure).
const FIND_LAG_S: u32 = 300;

static DESCRIPTOR: Descriptor = Descriptor {
    system: client::SYSTEM,
    title: "Freshdesk",
    objects: &[
        ObjectFacts {
            kind: "contact",
            bounds: BOUNDS,
            lists_changes: true,
            lists_deletes: true,
            lists_merges: false,
            find_lag_s: FIND_LAG_S,
            safe_create: true,
            thin_fields: attributes::THIN_CONTACT,
            can_create: true,
            can_delete: true,
        },
        ObjectFacts {
            kind: "company",
            bounds: BOUNDS,
            lists_changes: true,
            lists_deletes: false,
            lists_merges: false,
            find_lag_s: FIND_LAG_S,
            safe_create: true,
            thin_fields: &[],
            can_create: true,
            can_delete: true,
        },
    ],
};

/// Freshdesk, as a vendor.
#[derive(Clone, Copy, Debug, Default)]
pub struct Freshdesk;

/// Freshdesk, for a list of vendors.
pub static VENDOR: Freshdesk = Freshdesk;

impl Vendor for Freshdesk {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn setting_keys(&self) -> &'static [KeyFact] {
        settings::SETTING_KEYS
    }

    fn secret_keys(&self) -> &'static [KeyFact] {
        settings::SECRET_KEYS
    }

    /// The API has no OAuth (fact sheet §1: documented): an agent's key alone.
    fn sign_in(&self, _settings: &Settings) -> Vec<Way> {
        vec![signing_in::KEY]
    }

    fn tokens(&self, _settings: &Settings, _answer: &http::Response<Bytes>, _now: Timestamp) -> Result<Bundle, Fault> {
        Err(Fault::Unsupported { capability: "sign-in with a browser".to_owned() })
    }

    fn existence(&self, settings: &Settings) -> Option<ExistenceCheck> {
        signing_in::existence(settings)
    }

    fn check_settings(&self, settings: &Settings) -> Vec<SettingProblem> {
        settings::problems(settings)
    }

    fn limits(&self, settings: &Settings) -> Vec<Limit> {
        settings::limits(settings)
    }

    /// The limit is the account's for a minute; a group's own limit has no header, so a refusal while some of the whole is left
    /// concerns the group alone (fact sheet §5: unverified).
    fn rate_facts(&self, _class: EndpointClass, answer: &http::Response<Bytes>, now: Timestamp) -> RateFacts {
        let refused = answer.status() == http::StatusCode::TOO_MANY_REQUESTS;
        let left = client::number(answer.headers(), "x-ratelimit-remaining");
        RateFacts {
            refused,
            class_only: refused && left.is_some_and(|left| left > 0),
            limit: client::number(answer.headers(), "x-ratelimit-total"),
            left,
            until: refused.then(|| faults::retry_after(answer.headers(), now)),
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
