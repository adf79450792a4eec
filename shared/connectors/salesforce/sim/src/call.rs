//! A request and an answer inside the simulator: the parts of a composite request look the same as requests of their own.

use std::sync::Arc;

use percent_encoding::percent_decode_str;
use serde_json::Value as Json;

use crate::refusal::Refusal;
use crate::save::{Actor, Body};

/// Whose session it is.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) user: Arc<str>,
    pub(crate) is_human: bool,
}

/// A request under `/services/data/vXX.X`.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// The decoded segments after the version.
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// `66.0`
    pub(crate) version: String,
    pub(crate) session: Session,
    pub(crate) now: i64,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Result<Json, Refusal> {
        serde_json::from_slice(&self.body).map_err(|error| broken(&error))
    }

    /// A record in the body, its members in the order in which they were written.
    pub(crate) fn record(&self) -> Result<Body, Refusal> {
        serde_json::from_slice(&self.body).map_err(|error| broken(&error))
    }

    pub(crate) fn sees_all(&self) -> bool {
        self.session.is_human
    }

    pub(crate) fn actor(&self, human_lag_s: i64) -> Actor {
        let rule = self.header("sforce-duplicate-rule-header").unwrap_or_default().to_ascii_lowercase().replace(' ', "");
        Actor {
            user: Arc::clone(&self.session.user),
            sees_all: self.sees_all(),
            allows_duplicates: rule.split([';', ',']).any(|part| part == "allowsave=true"),
            now: self.now,
            lag_s: if self.session.is_human { human_lag_s } else { 0 },
        }
    }

    pub(crate) fn not_allowed(&self, allowed: &str) -> Refusal {
        let message = format!("HTTP Method '{}' not allowed. Allowed are {allowed}", self.method);
        Refusal::new(405, "METHOD_NOT_ALLOWED", message)
    }
}

pub(crate) fn broken(error: &serde_json::Error) -> Refusal {
    Refusal::json(format!("Unexpected input at [line:{}, column:{}]", error.line(), error.column()))
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Json) -> Self {
        Self::text(status, body.to_string())
    }

    /// A body that is JSON text already.
    pub(crate) fn text(status: u16, body: String) -> Self {
        Self { status, content_type: "application/json;charset=UTF-8", headers: Vec::new(), body }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self::text(status, String::new())
    }

    pub(crate) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// Parts of a path, decoded.
pub(crate) fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !part.is_empty()).map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect()
}

/// Pairs of a query string or form; a plus is a blank.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    let decode = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}
