//! What somebody does while a connector works, between two of its calls.

use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use syncline_engine::ports::http::{Call, Http, NoAnswer};
use syncline_model::{Deadline, Timestamp};

use crate::{InProcess, Simulator, lock};

type Act<S> = Box<dyn FnOnce(&mut S, Timestamp) + Send>;

struct Happening<S> {
    path: &'static str,
    is_after: bool,
    what: Act<S>,
}

/// The Http port onto a simulator, with at most one happening to come.
pub struct Interrupted<S> {
    wire: InProcess<S>,
    next: Mutex<Option<Happening<S>>>,
}

impl<S> Interrupted<S> {
    pub fn new(wire: InProcess<S>) -> Self {
        Self { wire, next: Mutex::new(None) }
    }

    /// At the next call whose path contains this text, before it arrives.
    pub fn before(&self, path: &'static str, what: impl FnOnce(&mut S, Timestamp) + Send + 'static) {
        self.put(Happening { path, is_after: false, what: Box::new(what) });
    }

    /// At the next call whose path contains this text, once it is answered.
    pub fn after(&self, path: &'static str, what: impl FnOnce(&mut S, Timestamp) + Send + 'static) {
        self.put(Happening { path, is_after: true, what: Box::new(what) });
    }

    fn put(&self, happening: Happening<S>) {
        *lock(&self.next) = Some(happening);
    }

    fn due(&self, call: &Call) -> Option<Happening<S>> {
        lock(&self.next).take_if(|happening| call.request.uri().path().contains(happening.path))
    }

    fn happen(&self, what: Act<S>) {
        what(&mut lock(&self.wire.simulator).simulator, self.wire.clock.now());
    }
}

#[async_trait]
impl<S: Simulator + 'static> Http for Interrupted<S> {
    async fn send(&self, call: Call, by: Deadline) -> Result<http::Response<Bytes>, NoAnswer> {
        match self.due(&call) {
            Some(Happening { is_after: false, what, .. }) => {
                self.happen(what);
                self.wire.send(call, by).await
            }
            Some(Happening { is_after: true, what, .. }) => {
                let answer = self.wire.send(call, by).await;
                self.happen(what);
                answer
            }
            None => self.wire.send(call, by).await,
        }
    }
}
