//! The way to the simulators, which counts every call by its system and endpoint class.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{Call, EndpointClass, Http, NoAnswer};
use syncline_engine::ports::sql::{SCHEME, Transaction};
use syncline_model::Deadline;
use syncline_registry_sim::Simulated;
use syncline_simulator::{Request, Response, Shared, Users, lock};

use crate::scene::{CALLS, SettingsOf};

const POSTGRES: &str = "postgres";

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
    /// Statements in transactions.
    pub(crate) statements: u64,
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
        self.statements += other.statements;
    }
}

/// Sign-in, and the vendor's metadata: paid once a process or a day, however many records there are.
pub(crate) fn is_overhead(class: &str) -> bool {
    matches!(class, "token" | "metadata" | "fields" | "account" | "provision" | "define")
}

fn statements(body: &[u8]) -> u64 {
    serde_json::from_slice::<Transaction>(body).map_or(0, |transaction| transaction.statements.len() as u64)
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

    /// What our connectors must be told to reach the simulators.
    pub(crate) fn settings(&self) -> SettingsOf {
        let of = |plant: &Plant| (plant.simulated.system.to_owned(), plant.simulated.ready_settings(&plant.base_url, Some(CALLS)));
        self.plants.iter().map(of).collect()
    }

    pub(crate) fn plant(&self, system: &str) -> Option<&Plant> {
        self.plants.iter().find(|plant| plant.simulated.system == system)
    }

    /// A request that is nobody's cost: a person's.
    pub(crate) fn as_person(&self, system: &str, request: &Request) -> Option<Response> {
        Some(lock(&self.plant(system)?.simulator).handle(self.clock.now(), request))
    }
}

#[async_trait]
impl Http for Traffic {
    async fn send(&self, call: Call, _by: Deadline) -> Result<http::Response<Bytes>, NoAnswer> {
        let address = call.request.uri().to_string();
        let is_sql = call.request.uri().scheme_str() == Some(SCHEME);
        let is_its = |plant: &&Plant| if is_sql { plant.simulated.system == POSTGRES } else { address.starts_with(&plant.base_url) };
        let Some(plant) = self.plants.iter().find(is_its) else {
            return Err(NoAnswer::NotSent("no simulator has this address".to_owned()));
        };
        {
            let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
            *counted.calls.entry((plant.simulated.system, call.class)).or_default() += 1;
            // A transaction that reads is told by its class: what its statements do is not asked.
            if !is_overhead(call.class) && plant.simulated.may_change(&call.request) && !(is_sql && call.class == "read") {
                counted.writes += 1;
            }
            if is_sql {
                counted.statements += statements(call.request.body());
            }
        }
        Ok(lock(&plant.simulator).handle(self.clock.now(), &call.request))
    }
}
