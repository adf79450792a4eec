#![doc = include_str!("../README.md")]

mod account;
mod agent;
mod auth;
mod calls;
mod client;
mod connection;
mod cursor;
mod faults;
mod listing;
mod presence;
mod reading;
mod roster;
mod settings;
mod signing_in;
mod status;
mod webhook;
mod writing;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value as Json;
use syncline_engine::ports::connector::{BadRecord, Bounds, Connector, Descriptor, ObjectFacts};
use syncline_engine::ports::http::EndpointClass;
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::sign_in::{ExistenceCheck, Way};
use syncline_engine::ports::vendor::{KeyFact, Limit, Parts, RateFacts, SettingProblem, Settings, Vendor};
use syncline_model::{Fault, ObjectKind, Record, Timestamp};

use status::{Catalogue, Status};

static DESCRIPTOR: Descriptor = Descriptor {
    system: client::SYSTEM,
    title: "Zendesk Support",
    objects: &[ObjectFacts {
        kind: agent::KIND,
        // Lists of a hundred; a look-up reads the whole list, whatever the number of keys; users and statuses go one by one.
        bounds: Bounds {
            page_records_max: calls::PAGE_RECORDS_MAX,
            get_records_max: 100,
            find_keys_max: 100,
            write_records_max: 1,
            places: 1,
        },
        lists_changes: true,
        // The export tells them, later than other changes and not for certain (a permanent deletion is not exported).
        lists_deletes: false,
        lists_merges: false,
        find_lag_s: 0,
        safe_create: false,
        thin_fields: &[],
        can_create: false,
        can_delete: false,
    }],
};

/// Zendesk Support, as a vendor.
#[derive(Clone, Copy, Debug, Default)]
pub struct ZendeskSupport;

/// Zendesk Support, for a list of vendors.
pub static VENDOR: ZendeskSupport = ZendeskSupport;

impl Vendor for ZendeskSupport {
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

    fn existence(&self, settings: &Settings) -> Option<ExistenceCheck> {
        signing_in::existence(settings)
    }

    fn check_settings(&self, settings: &Settings) -> Vec<SettingProblem> {
        settings::problems(settings)
    }

    fn limits(&self, settings: &Settings) -> Vec<Limit> {
        settings::limits(settings)
    }

    /// Two families of headers (fact sheet §3: recorded and documented). An endpoint's own limit fires while much of the account's is left.
    fn rate_facts(&self, _class: EndpointClass, answer: &http::Response<Bytes>, now: Timestamp) -> RateFacts {
        let head = answer.headers();
        let number = |names: [&str; 3]| names.iter().find_map(|name| head.get(*name)?.to_str().ok()?.trim().parse::<u32>().ok());
        let limit = number(["x-rate-limit", "ratelimit-limit", "rate-limit"]);
        let left = number(["x-rate-limit-remaining", "ratelimit-remaining", "rate-limit-remaining"]);
        let refused = answer.status() == http::StatusCode::TOO_MANY_REQUESTS;
        let until = refused.then(|| faults::retry_after(head, now));
        RateFacts { refused, class_only: refused && left.is_some_and(|left| left > 0), limit, left, until }
    }

    fn connect(&self, parts: Parts) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
        let target = settings::read(&parts.settings)?;
        Ok(Arc::new(connection::Connection::new(target, parts)))
    }

    /// Users as agents (`agent`), or as whoever they are (`user`). A status stands beside a user's members as `agent_status`.
    fn decode(&self, kind: &ObjectKind, body: &[u8]) -> Result<Vec<Result<Record, BadRecord>>, Fault> {
        if !matches!(kind.as_str(), agent::KIND | "user") {
            return Err(connection::unsupported(&format!("records of the kind {kind}")));
        }
        let found = if faults::is_page(body) { "an HTML page" } else { "other bytes" };
        let body: Json = serde_json::from_slice(body).map_err(|_| faults::drift("$", "JSON", found))?;
        if let Some(fault) = faults::of_body(&body) {
            return Err(fault);
        }
        let read = |user: &Json| {
            let mut record = agent::read(kind, user)?;
            if let Some(status) = user.get("agent_status") {
                agent::add_status(&mut record, Status::read(status).as_ref(), &Catalogue::default());
            }
            Ok(record)
        };
        Ok(agent::users(&body)?.into_iter().map(read).collect())
    }
}
