//! What a vendor's crate offers before there is a connection: facts, limits, decoding, and the way to connect.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use syncline_model::{Fault, ObjectKind, Timestamp};

use super::clock::{Clock, Dice};
use super::connector::{BadRecord, Connector, Descriptor};
use super::http::{EndpointClass, Http};
use super::secrets::{Bundle, Secrets};
use super::sign_in::{ExistenceCheck, Way};
use syncline_model::Record;

/// A connection's settings from the config, without secrets: `domain`, `base_url`, `plan`, …
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(pub BTreeMap<String, String>);

impl Settings {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// One thing wrong with a connection's settings, with the key it concerns and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingProblem {
    pub key: String,
    pub problem: String,
    pub hint: String,
}

/// A limit of the vendor's on a class of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The class it holds for; `None`: for all calls of the connection together.
    pub class: Option<EndpointClass>,
    pub calls: u32,
    /// The length of the window in which they may be made, in seconds: 60, or 86,400.
    pub window_s: u32,
    /// How much of it is left to the customer's other integrations, in per cent.
    pub reserve_percent: u8,
}

/// What an answer's head said of the vendor's own count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateFacts {
    /// `true`: the vendor refused this call for its rate. `class_only`: the refusal concerns the call's class alone.
    pub refused: bool,
    pub class_only: bool,
    /// The whole limit and what is left of it in the vendor's present window, where it says.
    pub limit: Option<u32>,
    pub left: Option<u32>,
    /// When to ask again after a refusal.
    pub until: Option<Timestamp>,
}

/// Everything a connector is made of.
pub struct Parts {
    /// The connection's name in the config; also its secret's.
    pub connection: String,
    pub settings: Settings,
    pub secrets: Arc<dyn Secrets>,
    /// Already gated and counted.
    pub http: Arc<dyn Http>,
    pub clock: Arc<dyn Clock>,
    pub dice: Arc<dyn Dice>,
}

/// One key of a connection's settings or secret bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFact {
    pub name: &'static str,
    pub required: bool,
    /// One sentence for a person: what it is and where to find it.
    pub help: &'static str,
}

pub trait Vendor: Send + Sync {
    fn descriptor(&self) -> &'static Descriptor;

    /// The keys that `connections.<name>` may have for this vendor.
    fn setting_keys(&self) -> &'static [KeyFact];

    /// The keys of the secret bundle, all auth flows together.
    fn secret_keys(&self) -> &'static [KeyFact];

    /// The ways to sign in under these settings, the one to propose first; never empty. Settings with problems may get any answer.
    fn sign_in(&self, settings: &Settings) -> Vec<Way>;

    /// Reads the answer to an exchanged code: what of it is kept, under the names of the secret keys. The client's own id and secret are not
    /// part of it. Pure; an answer that belongs to another account than the settings name is `Fault::AuthRefused`.
    ///
    /// # Errors
    /// `Unsupported` where no way is [`Way::Code`].
    fn tokens(&self, settings: &Settings, answer: &http::Response<Bytes>, now: Timestamp) -> Result<Bundle, Fault>;

    /// How to see, before signing in, whether the account of these settings exists; `None` where nothing tells.
    fn existence(&self, settings: &Settings) -> Option<ExistenceCheck>;

    /// All problems of the settings, empty when there is none. Plain http is a problem except on loopback.
    fn check_settings(&self, settings: &Settings) -> Vec<SettingProblem>;

    /// The limits under these settings (plan, or figures given outright).
    fn limits(&self, settings: &Settings) -> Vec<Limit>;

    /// Reads the vendor's rate headers and refusals, from the answer's head and, where only the body tells, its body.
    fn rate_facts(&self, class: EndpointClass, answer: &http::Response<Bytes>, now: Timestamp) -> RateFacts;

    /// Makes the connector. Makes no call.
    fn connect(&self, parts: Parts) -> Result<Arc<dyn Connector>, Vec<SettingProblem>>;

    /// Turns an answer's body, as recorded, into records of this kind: a list, one record, or an envelope of either. Records
    /// that do not fit are `Err` in their place; a body that is no such answer at all is `Drift`.
    fn decode(&self, kind: &ObjectKind, body: &[u8]) -> Result<Vec<Result<Record, BadRecord>>, Fault>;
}
