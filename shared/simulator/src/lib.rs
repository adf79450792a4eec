//! What the vendors' simulators share: the shape of a simulator, the people they are filled with, unkindness by script, and two ways to
//! reach one: in the process, or over a loopback port.
//!
//! A simulator is a state machine: request and time in, answer out. It reads no clock and rolls no dice of its own; its seed decides.

mod consent;
mod in_process;
mod interrupted;
mod population;
mod serve;
mod unkind;
mod users;

use bytes::Bytes;
use syncline_model::Timestamp;

pub use consent::{Consent, Decision};
pub use in_process::InProcess;
pub use interrupted::Interrupted;
pub use population::{Company, Person, Population};
pub use serve::serve;
pub use unkind::{Script, Trouble, Unkind, When};
pub use users::{Fields, Strain, Users, flat, nested};

pub type Request = http::Request<Bytes>;
pub type Response = http::Response<Bytes>;

/// A vendor's API as a state machine.
pub trait Simulator: Send {
    /// Answers one request at this moment. The path and query stand in the request's URI, with or without scheme and host.
    fn handle(&mut self, now: Timestamp, request: &Request) -> Response;
}

impl<S: Simulator + ?Sized> Simulator for Box<S> {
    fn handle(&mut self, now: Timestamp, request: &Request) -> Response {
        (**self).handle(now, request)
    }
}

/// A simulator that several callers share.
pub type Shared<S> = std::sync::Arc<std::sync::Mutex<S>>;

/// Wraps a simulator for sharing.
pub fn shared<S>(simulator: S) -> Shared<S> {
    std::sync::Arc::new(std::sync::Mutex::new(simulator))
}

/// Locks a shared simulator; one that panicked inside another test's call stays usable.
pub fn lock<S: ?Sized>(shared: &std::sync::Mutex<S>) -> std::sync::MutexGuard<'_, S> {
    shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A JSON answer.
pub fn json(status: u16, body: &serde_json::Value) -> Response {
    answer(status, "application/json; charset=utf-8", body.to_string())
}

/// An answer of any content type.
pub fn answer(status: u16, content_type: &str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(value) = http::HeaderValue::from_str(content_type) {
        response.headers_mut().insert(http::header::CONTENT_TYPE, value);
    }
    response
}
