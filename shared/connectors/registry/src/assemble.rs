//! From a config and adapters to an engine.

use std::collections::BTreeMap;
use std::sync::Arc;

use syncline_config::{Config, Connection, HistoryMode, Sync as SyncConfig};
use syncline_engine::budget::Budget;
use syncline_engine::counts::Counts;
use syncline_engine::gate::Gate;
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::connector::Connector;
use syncline_engine::ports::http::Http;
use syncline_engine::ports::outbox::Outbox;
use syncline_engine::ports::secrets::Secrets;
use syncline_engine::ports::store::Store;
use syncline_engine::ports::vendor::{Parts, Settings};
use syncline_engine::seal::Sealer;
use syncline_engine::{End, Engine, Sync};
use syncline_mapping::{Marker, Pair};
use syncline_model::{ConnectionName, Side};

use crate::key::InstallationKey;
use crate::vendor;

/// The ports, as production, the local runner or a test brings them.
#[derive(Clone)]
pub struct Adapters {
    pub store: Arc<dyn Store>,
    pub outbox: Arc<dyn Outbox>,
    pub clock: Arc<dyn Clock>,
    pub dice: Arc<dyn Dice>,
    pub secrets: Arc<dyn Secrets>,
    /// The bare way to the vendors; each connection's gate is put in front of it.
    pub http: Arc<dyn Http>,
}

/// One reason why the config cannot run, at its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssemblyProblem {
    /// As in the config: `connections.freshdesk.domain`.
    pub path: String,
    pub problem: String,
    pub hint: String,
}

impl std::fmt::Display for AssemblyProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}; {}", self.path, self.problem, self.hint)
    }
}

impl std::error::Error for AssemblyProblem {}

/// Puts the engine together. Makes no call; answers every problem of every connection.
pub fn assemble(config: &Config, adapters: &Adapters, key: &InstallationKey) -> Result<Engine, Vec<AssemblyProblem>> {
    let mut problems = Vec::new();
    let mut budgets = BTreeMap::new();
    let mut ends = BTreeMap::new();
    for (name, connection) in &config.connections {
        match connect(name, connection, adapters) {
            Ok((connector, budget)) => {
                budgets.insert(name.clone(), budget);
                ends.insert(name.clone(), End { connection: name.clone(), connector });
            }
            Err(found) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut syncs = Vec::new();
    for sync in &config.syncs {
        match (ends.get(&sync.left), ends.get(&sync.right)) {
            (Some(left), Some(right)) => syncs.push(carry(config, sync, Pair::new(left.clone(), right.clone()))),
            (_, _) => problems.push(AssemblyProblem {
                path: format!("syncs.{}", sync.name),
                problem: "names a connection that is not configured".to_owned(),
                hint: "write it under `connections`".to_owned(),
            }),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Engine {
        store: adapters.store.clone(),
        outbox: adapters.outbox.clone(),
        clock: adapters.clock.clone(),
        dice: adapters.dice.clone(),
        marker: Marker::new(key.marks(), config.retain),
        sealer: Sealer::new(key.seal()),
        syncs,
        budgets,
        counts: Counts::default(),
    })
}

fn carry(config: &Config, sync: &SyncConfig, ends: Pair<End>) -> Sync {
    let mut mappings = sync.mappings.clone();
    for mapping in &mut mappings {
        for side in [Side::Left, Side::Right] {
            // Where a vendor makes no records through us, none is planned: who has no counterpart is left out, not held.
            let facts = ends.of(side).connector.descriptor().object(mapping.kind.of(side).as_str());
            *mapping.create.of_mut(side) &= facts.is_none_or(|facts| facts.can_create);
        }
    }
    Sync {
        name: sync.name.clone(),
        ends,
        rules: sync.rules,
        mappings,
        brings_history: sync.history == HistoryMode::Backfill,
        history_days: config.history.days,
        history_values: config.history.values,
        deletes_max_share: sync.deletes_max_share,
        debounce_s: sync.debounce_s.clone(),
    }
}

type Connected = (Arc<dyn Connector>, Arc<Budget>);

fn connect(name: &ConnectionName, connection: &Connection, adapters: &Adapters) -> Result<Connected, Vec<AssemblyProblem>> {
    let Some(vendor) = vendor(connection.system.as_str()) else {
        return Err(vec![AssemblyProblem {
            path: format!("connections.{name}.system"),
            problem: format!("`{}` is not a system that this build can connect to", connection.system),
            hint: "choose one that `syncline init` offers".to_owned(),
        }]);
    };
    let settings = Settings(connection.settings.clone());
    let budget = Budget::new(name.clone(), vendor.limits(&settings), adapters.store.clone(), adapters.clock.clone());
    let budget = Arc::new(budget);
    let gate = Gate { inner: adapters.http.clone(), budget: budget.clone(), vendor, clock: adapters.clock.clone() };
    let parts = Parts {
        connection: connection.secret.clone(),
        settings,
        secrets: adapters.secrets.clone(),
        http: Arc::new(gate),
        clock: adapters.clock.clone(),
        dice: adapters.dice.clone(),
    };
    match vendor.connect(parts) {
        Ok(connector) => Ok((connector, budget)),
        Err(problems) => Err(problems
            .into_iter()
            .map(|found| AssemblyProblem { path: format!("connections.{name}.{}", found.key), problem: found.problem, hint: found.hint })
            .collect()),
    }
}
