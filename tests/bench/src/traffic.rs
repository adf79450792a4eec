//! The way to the simulators, which counts every call by its system and endpoint class.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{Call, EndpointClass, Http, NoAnswer};
use syncline_model::Deadline;
use syncline_registry_sim::Simulated;
use syncline_simulator::{Request, Response, Shared, Users, lock};

/// A simulated account on its address.
pub(crate) struct Plant {
    pub(crate) simulated: &'static Simulated,
    pub(crate) base_url: String,
    pub(crate) simulator: Shared<Box<dyn Users>>,
}

/// Calls by system and endpoint class, in the connector's words.
pub(crate) type ByClass = BTreeMap<(&'static str, EndpointClass), u64>;

/// What went out since the counts were last taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) calls: ByClass,
    /// Calls that may have changed something at the vendor, sign-ins left out.
    pub(crate) writes: u64,
}

impl Counted {
    /// Calls of a system's working classes: sign-in and metadata are no work.
    pub(crate) fn work(&self, system: &str) -> u64 {
        self.calls.iter().filter(|((its, class), _)| *its == system && !is_overhead(class)).map(|(_, count)| count).sum()
    }

    pub(crate) fn overhead(&self, system: &str) -> u64 {
        self.calls.iter().filter(|((its, class), _)| *its == system && is_overhead(class)).map(|(_, count)| count).sum()
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (place, count) in &other.calls {
            *self.calls.entry(*place).or_default() += count;
        }
        self.writes += other.writes;
    }
}

/// Sign-in, and the vendor's metadata: paid once a process or a day, however many records there are.
pub(crate) fn is_overhead(class: &str) -> bool {
    matches!(class, "token" | "metadata" | "fields" | "account" | "provision")
}

pub(crate) struct Traffic {
    pub(crate) plants: Vec<Plant>,
    clock: Arc<dyn Clock>,
    counted: Mutex<Counted>,
}

impl Traffic {
    pub(crate) fn new(plants: Vec<Plant>, clock: Arc<dyn Clock>) -> Self {
        Self { plants, clock, counted: Mutex::default() }
    }

    /// The counts so far; they begin anew.
    pub(crate) fn take(&self) -> Counted {
        std::mem::take(&mut self.counted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A request that is nobody's cost: a person's.
    pub(crate) fn as_person(&self, system: &str, request: &Request) -> Option<Response> {
        let plant = self.plants.iter().find(|plant| plant.simulated.system == system)?;
        Some(lock(&plant.simulator).handle(self.clock.now(), request))
    }
}

#[async_trait]
impl Http for Traffic {
    async fn send(&self, call: Call, _by: Deadline) -> Result<http::Response<Bytes>, NoAnswer> {
        let address = call.request.uri().to_string();
        let Some(plant) = self.plants.iter().find(|plant| address.starts_with(&plant.base_url)) else {
            return Err(NoAnswer::NotSent("no simulator has this address".to_owned()));
        };
        {
            let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
            *counted.calls.entry((plant.simulated.system, call.class)).or_default() += 1;
            if !is_overhead(call.class) && plant.simulated.may_change(&call.request) {
                counted.writes += 1;
            }
        }
        Ok(lock(&plant.simulator).handle(self.clock.now(), &call.request))
    }
}
