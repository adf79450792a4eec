#![doc = include_str!("../README.md")]

mod account;
mod auth;
mod calls;
mod client;
mod connection;
mod cursor;
mod faults;
mod fields;
mod listing;
mod reading;
mod roster;
mod settings;
mod signing_in;
mod stream;
mod values;
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

use fields::Kind;

/// `find_keys_max`: 0 where nothing but the id is asked for.
const fn facts(kind: Kind, find_keys_max: u32) -> ObjectFacts {
    ObjectFacts {
        kind: kind.name(),
        bounds: Bounds {
            page_records_max: calls::PAGE_RECORDS_MAX,
            get_records_max: calls::PAGE_RECORDS_MAX,
            find_keys_max,
            write_records_max: 1,
            places: 1,
        },
        lists_changes: true,
        // Firehose tells them, where the plan has it; the lists of every plan do not. What is told is carried out all the same.
        lists_deletes: false,
        lists_merges: false,
        find_lag_s: 0,
        safe_create: false,
        thin_fields: &[],
        can_create: true,
        can_delete: true,
    }
}

/// Firehose tells of them, and nobody else (fact sheet §8.3): there is no question for one, and none for all.
const APPOINTMENTS: ObjectFacts = ObjectFacts {
    bounds: Bounds { page_records_max: calls::PAGE_RECORDS_MAX, get_records_max: 0, find_keys_max: 0, write_records_max: 0, places: 1 },
    lists_deletes: true,
    can_create: false,
    can_delete: false,
    ..facts(Kind::Appointment, 0)
};

static DESCRIPTOR: Descriptor = Descriptor {
    system: client::SYSTEM,
    title: "Zendesk Sell",
    objects: &[
        facts(Kind::Contact, 1),
        facts(Kind::Lead, 1),
        facts(Kind::Deal, 1),
        facts(Kind::Task, 0),
        facts(Kind::Note, 0),
        APPOINTMENTS,
    ],
};

/// Zendesk Sell, as a vendor.
#[derive(Clone, Copy, Debug, Default)]
pub struct ZendeskSell;

/// Zendesk Sell, for a list of vendors.
pub static VENDOR: ZendeskSell = ZendeskSell;

impl Vendor for ZendeskSell {
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

    /// One host for all accounts.
    fn existence(&self, _settings: &Settings) -> Option<ExistenceCheck> {
        None
    }

    fn check_settings(&self, settings: &Settings) -> Vec<SettingProblem> {
        settings::problems(settings)
    }

    fn limits(&self, settings: &Settings) -> Vec<Limit> {
        settings::limits(settings)
    }

    /// No header tells of the limit, nor when to ask again (fact sheet §4: documented): a refusal is all there is.
    fn rate_facts(&self, _class: EndpointClass, answer: &http::Response<Bytes>, now: Timestamp) -> RateFacts {
        let refused = answer.status() == http::StatusCode::TOO_MANY_REQUESTS;
        let until = refused.then(|| faults::retry_after(answer.headers(), now));
        RateFacts { refused, class_only: false, limit: None, left: None, until }
    }

    fn connect(&self, parts: Parts) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
        let target = settings::read(&parts.settings)?;
        Ok(Arc::new(connection::Connection::new(&target, parts)))
    }

    /// Records of lists, of single answers, of sync queues and of streams; `user` too, which is not synced.
    fn decode(&self, kind: &ObjectKind, body: &[u8]) -> Result<Vec<Result<Record, BadRecord>>, Fault> {
        let body = wire::json(body)?;
        if let Some(fault) = faults::of_body(&body) {
            return Err(fault);
        }
        let kind = Kind::of(kind).ok_or_else(|| connection::unsupported(&format!("records of the kind {kind}")))?;
        Ok(wire::rows(&body)?.into_iter().map(|row| values::record(kind, row, &values::Definitions::default())).collect())
    }
}
