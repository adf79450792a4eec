//! A simulator behind the Http port, in the process: no socket, and time as the caller's clock tells it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{Call, Http, NoAnswer};
use syncline_model::Deadline;

use crate::unkind::Exchange;
use crate::{Shared, Simulator, Unkind, lock};

/// The Http port onto a simulator.
pub struct InProcess<S> {
    pub simulator: Shared<Unkind<S>>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl<S: Simulator + 'static> Http for InProcess<S> {
    async fn send(&self, call: Call, _by: Deadline) -> Result<http::Response<Bytes>, NoAnswer> {
        match lock(&self.simulator).exchange(self.clock.now(), &call.request) {
            Exchange::Answered(response) => Ok(response),
            Exchange::NeverSent => Err(NoAnswer::NotSent("connection refused".into())),
            Exchange::AnswerLost => Err(NoAnswer::Unanswered("timed out".into())),
        }
    }
}
