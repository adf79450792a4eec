#![doc = include_str!("../README.md")]

mod auth;
mod calls;
mod client;
mod connector;
mod cursor;
mod decode;
mod directory;
mod faults;
mod id;
mod provision;
mod read;
mod schema;
mod settings;
mod signing_in;
mod soql;
mod values;
mod webhook;
mod wire;
mod write;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use syncline_engine::ports::connector::{BadRecord, Bounds, Connector, Descriptor, ObjectFacts};
use syncline_engine::ports::http::EndpointClass;
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::sign_in::{ExistenceCheck, Way};
use syncline_engine::ports::vendor::{KeyFact, Limit, Parts, RateFacts, SettingProblem, Settings, Vendor};
use syncline_model::{Fault, ObjectKind, Record, Timestamp};

use settings::Config;

/// Salesforce, for the list of vendors.
pub static VENDOR: Salesforce = Salesforce;

/// Salesforce as a vendor: facts, limits, decoding, and the way to connect.
#[derive(Debug)]
pub struct Salesforce;

/// Two collections of 200 rows and their two queries fit into one composite call.
const BOUNDS: Bounds = Bounds { page_records_max: 2_000, get_records_max: 1_000, find_keys_max: 200, write_records_max: 400, places: 1 };

const fn object(kind: &'static str) -> ObjectFacts {
    ObjectFacts {
        kind,
        bounds: BOUNDS,
        lists_changes: true,
        lists_deletes: true,
        lists_merges: true,
        // SOQL reads the database, not the search index.
        find_lag_s: 0,
        safe_create: true,
        thin_fields: &[],
        can_create: true,
        can_delete: true,
    }
}

static OBJECTS: [ObjectFacts; 2] = [object("Contact"), object("Account")];
static DESCRIPTOR: Descriptor = Descriptor { system: "salesforce", title: "Salesforce", objects: &OBJECTS };

impl Vendor for Salesforce {
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
        signing_in::ways(&Config::read(settings).0)
    }

    fn tokens(&self, settings: &Settings, answer: &http::Response<Bytes>, now: Timestamp) -> Result<Bundle, Fault> {
        signing_in::tokens(&Config::read(settings).0, answer, now)
    }

    fn existence(&self, settings: &Settings) -> Option<ExistenceCheck> {
        signing_in::existence(&Config::read(settings).0)
    }

    fn check_settings(&self, settings: &Settings) -> Vec<SettingProblem> {
        Config::read(settings).1
    }

    fn limits(&self, settings: &Settings) -> Vec<Limit> {
        let config = Config::read(settings).0;
        vec![Limit {
            class: None,
            calls: config.daily_calls.unwrap_or(settings::DAILY_CALLS),
            window_s: 86_400,
            reserve_percent: config.reserve_percent,
        }]
    }

    /// The whole organisation's count is in the head of most answers; that a call was refused for its rate, in the body only
    /// (fact sheet §4.6, §5: recorded).
    fn rate_facts(&self, _class: EndpointClass, answer: &http::Response<Bytes>, now: Timestamp) -> RateFacts {
        let info = limit_info(answer.headers());
        let until = match answer.status().as_u16() {
            403 | 429 | 503 => wire::Node::parse(answer.body())
                .ok()
                .and_then(|node| wire::ErrorRow::read_all(&node))
                .and_then(|rows| rows.into_iter().find(|row| row.code == "REQUEST_LIMIT_EXCEEDED"))
                .map(|row| faults::pause(&row.message, now)),
            _ => None,
        };
        RateFacts {
            refused: until.is_some(),
            class_only: false,
            limit: info.map(|(_, limit)| limit),
            left: info.map(|(used, limit)| limit.saturating_sub(used)),
            until,
        }
    }

    fn connect(&self, parts: Parts) -> Result<Arc<dyn Connector>, Vec<SettingProblem>> {
        let (config, problems) = Config::read(&parts.settings);
        if !problems.is_empty() {
            return Err(problems);
        }
        let calls = calls::Calls::new(&config);
        let auth = auth::Auth::new(parts.connection, &config, calls.clone(), parts.http.clone(), parts.secrets, parts.clock.clone());
        let webhooks = webhook::OutboundMessages { organization: auth.organization.clone() };
        let client = client::Client::new(config, calls, auth, parts.http, parts.clock);
        Ok(Arc::new(connector::Salesforce { client, webhooks }))
    }

    fn decode(&self, kind: &ObjectKind, body: &[u8]) -> Result<Vec<Result<Record, BadRecord>>, Fault> {
        decode::decode(kind, body)
    }
}

/// `Sforce-Limit-Info: api-usage=22/15000` → used and limit; a per-app part may follow.
fn limit_info(headers: &http::HeaderMap) -> Option<(u32, u32)> {
    let text = headers.get("sforce-limit-info")?.to_str().ok()?;
    let part = text.split(';').find_map(|part| part.trim().strip_prefix("api-usage="))?;
    let (used, limit) = part.split_once('/')?;
    let digits = |text: &str| text.trim().chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    Some((digits(used)?, digits(limit)?))
}
