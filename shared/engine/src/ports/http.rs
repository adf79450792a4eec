//! The way to a vendor: one request, one answer. The adapter bounds time and size; layers around it ask the budget first and count.

use async_trait::async_trait;
use bytes::Bytes;
use syncline_model::Deadline;

/// A vendor's group of endpoints that share a limit, in the connector's words: `contacts_list`.
pub type EndpointClass = &'static str;

/// One request on its way out.
#[derive(Clone, Debug)]
pub struct Call {
    /// Which limit it counts against; also the name under which it is counted in reports.
    pub class: EndpointClass,
    /// How much of the limit it takes; 1 for an ordinary call.
    pub units: u32,
    pub request: http::Request<Bytes>,
}

impl Call {
    pub fn new(class: EndpointClass, request: http::Request<Bytes>) -> Self {
        Self { class, units: 1, request }
    }
}

/// Why there is no answer. Sentences carry no credentials and no bodies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The vendor certainly received nothing.
    #[error("not sent: {0}")]
    NotSent(String),
    /// It may have been received and acted on: look before repeating a write.
    #[error("sent, but no answer came: {0}")]
    Unanswered(String),
    /// Our own budget for this connection is used up until then; nothing was sent.
    #[error("the call budget is used up until {until}")]
    Budget { until: syncline_model::Timestamp },
}

#[async_trait]
pub trait Http: Send + Sync {
    /// Sends once, never repeats, follows no redirect. The answer's body is whole and at most `BODY_BYTES_MAX` long.
    async fn send(&self, call: Call, by: Deadline) -> Result<http::Response<Bytes>, NoAnswer>;
}

/// The largest answer that is read: beyond it the answer counts as broken. A full page of 2,000 wide records is about 20 MB.
pub const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
