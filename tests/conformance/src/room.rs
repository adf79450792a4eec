//! What a connector finds around it in the exam: time that the case moves, chance that counts, secrets in memory, and the way to the simulator.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::http::{Call, EndpointClass, Http, NoAnswer};
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_model::{Deadline, Secret};
use syncline_simulator::{InProcess, Users};

/// Time that moves only when told.
pub(crate) struct SetClock(Mutex<Timestamp>);

impl SetClock {
    pub(crate) fn new(at: Timestamp) -> Self {
        Self(Mutex::new(at))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += SignedDuration::from_secs(seconds);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rolls that are all different, and the same in every run.
#[derive(Default)]
pub(crate) struct CountingDice(AtomicU64);

impl Dice for CountingDice {
    fn roll(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

/// Secrets in memory, one bundle.
pub(crate) struct OneBundle(Mutex<Option<Bundle>>);

impl OneBundle {
    pub(crate) fn new(texts: BTreeMap<String, Secret>) -> Self {
        Self(Mutex::new(Some(Bundle(texts))))
    }

    pub(crate) fn replace(&self, bundle: Option<Bundle>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bundle;
    }
}

#[async_trait]
impl Secrets for OneBundle {
    async fn load(&self, _name: &str) -> Result<Option<Bundle>, SecretsError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    async fn save(&self, _name: &str, bundle: &Bundle) -> Result<(), SecretsError> {
        self.replace(Some(bundle.clone()));
        Ok(())
    }
}

/// The last answer that the simulator gave, and the class that its call had.
pub(crate) type LastAnswer = Arc<Mutex<Option<(EndpointClass, http::Response<Bytes>)>>>;

/// The way to the simulator, which remembers the last answer.
pub(crate) struct Line {
    pub(crate) inner: InProcess<Box<dyn Users>>,
    pub(crate) last: LastAnswer,
}

#[async_trait]
impl Http for Line {
    async fn send(&self, call: Call, by: Deadline) -> Result<http::Response<Bytes>, NoAnswer> {
        let class = call.class;
        let answer = self.inner.send(call, by).await?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((class, answer.clone()));
        Ok(answer)
    }
}
