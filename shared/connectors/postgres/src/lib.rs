#![doc = include_str!("../README.md")]

mod account;
mod catalog;
mod client;
mod connection;
mod cursor;
mod faults;
mod listing;
mod names;
mod provisioning;
mod row;
mod settings;
mod signing_in;
mod statements;
mod value;
mod writing;

use std::sync::Arc;

use bytes::Bytes;
use syncline_engine::ports::connector::{ANY_KIND, BadRecord, Bounds, Connector, Descriptor, ObjectFacts};
use syncline_engine::ports::http::EndpointClass;
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::sign_in::{ExistenceCheck, Way};
use syncline_engine::ports::sql::Refusal;
use syncline_engine::ports::vendor::{KeyFact, Limit, Parts, RateFacts, SettingProblem, Settings, Vendor};
use syncline_model::{Fault, ObjectKind, Record, Timestamp};

static DESCRIPTOR: Descriptor = Descriptor {
    system: client::SYSTEM,
    title: "PostgreSQL",
    objects: &[ObjectFacts {
        kind: ANY_KIND,
        bounds: Bounds {
            page_records_max: listing::PAGE_RECORDS_MAX,
            get_records_max: 500,
            find_keys_max: 100,
            write_records_max: writing::WRITE_RECORDS_MAX,
            places: 1,
        },
        lists_changes: true,
        lists_deletes: true,
        lists_merges: false,
        find_lag_s: 0,
        safe_create: true,
        thin_fields: &[],
        can_create: true,
        can_delete: true,
    }],
};

/// PostgreSQL, as a vendor.
#[derive(Clone, Copy, Debug, Default)]
pub struct Postgres;

/// PostgreSQL, for a list of vendors.
pub static VENDOR: Postgres = Postgres;

impl Vendor for Postgres {
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
        vec![signing_in::PASSWORD]
    }

    fn tokens(&self, _settings: &Settings, _answer: &http::Response<Bytes>, _now: Timestamp) -> Result<Bundle, Fault> {
        Err(Fault::Unsupported { capability: "sign-in with a browser".to_owned() })
    }

    /// A server tells nothing to whom it does not know.
    fn existence(&self, _settings: &Settings) -> Option<ExistenceCheck> {
        None
    }

    fn check_settings(&self, settings: &Settings) -> Vec<SettingProblem> {
        settings::read(settings).err().unwrap_or_default()
    }

    fn limits(&self, settings: &Settings) -> Vec<Limit> {
        settings::limits(settings)
    }

    /// A server has no rate: it has connections, and says when none is left.
    fn rate_facts(&self, _class: EndpointClass, answer: &http::Response<Bytes>, now: Timestamp) -> RateFacts {
        let refused = serde_json::from_slice::<Refusal>(answer.body()).is_ok_and(|refusal| refusal.sqlstate == faults::CROWDED);
        RateFacts { refused, class_only: false, limit: None, left: None, until: refused.then(|| faults::crowded_until(now)) }
    }

    fn connect(&self, parts: Parts) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
        let target = settings::read(&parts.settings)?;
        Ok(Arc::new(connection::Connection::new(target, &parts)))
    }

    /// Rows as `to_jsonb` writes them: one, or a list; or a refusal.
    fn decode(&self, kind: &ObjectKind, body: &[u8]) -> Result<Vec<Result<Record, BadRecord>>, Fault> {
        if let Ok(refusal) = serde_json::from_slice::<Refusal>(body) {
            return Err(faults::fault(&refusal, None, None, Timestamp::UNIX_EPOCH));
        }
        let odd = || faults::drift("$", "a row or a list of rows", "something else");
        let is_list = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
        let rows: Vec<value::Columns> =
            if is_list { serde_json::from_slice(body) } else { serde_json::from_slice(body).map(|row| vec![row]) }.map_err(|_| odd())?;
        Ok(rows.iter().map(|columns| row::whole(kind, columns)).collect())
    }
}
