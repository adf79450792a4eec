//! Containers: an invocation takes one that rests, or starts one, and leaves it behind unless it was killed.

use std::rc::Rc;

use syncline_config::Config;
use syncline_engine::pull::pull;
use syncline_engine::{Engine, EngineError, backfill, sweep};
use syncline_model::{Deadline, Timestamp};
use syncline_registry::{Adapters, InstallationKey, assemble, fill_required};

use super::{Ended, House, Role, Task, Work};
use crate::kernel::Event;

/// Whether a container that served before is there, and how to make one.
pub(super) struct Container {
    warm: Option<Rc<Engine>>,
    config: Rc<Config>,
    adapters: Adapters,
    key: InstallationKey,
    pub(super) by: Deadline,
}

impl Container {
    /// The engine, started if need be.
    pub(super) async fn engine(self) -> Result<Rc<Engine>, String> {
        if let Some(engine) = self.warm {
            return Ok(engine);
        }
        let problems = |problems: Vec<_>| format!("{problems:?}");
        let mut engine = assemble(&self.config, &self.adapters, &self.key).map_err(problems)?;
        fill_required(&self.config, &mut engine, self.by).await;
        Ok(Rc::new(engine))
    }
}

impl Role {
    /// What a story calls it.
    fn words(self) -> &'static str {
        match self {
            Self::Pull(side) => side.of("pull left", "pull right"),
            Self::Write(side) => side.of("write left", "write right"),
            Self::Webhook => "webhook",
            Self::Backfill => "backfill",
            Self::Sweep(_, side) => side.of("sweep left", "sweep right"),
            Self::Operator => "operator",
        }
    }
}

impl House {
    pub(super) fn container(&mut self, role: Role) -> Container {
        let generation = self.generation;
        let resting = self.idle.entry(role).or_default();
        // A new config comes with new containers.
        resting.retain(|(its, _)| *its == generation);
        let warm = resting.pop().map(|(_, engine)| engine);
        let by = Timestamp::from_millisecond(self.kernel.millis() + self.scenario.timeout).unwrap_or(Timestamp::UNIX_EPOCH);
        Container {
            warm,
            config: self.configs[generation].clone(),
            adapters: self.adapters.clone(),
            key: self.key.clone(),
            by: Deadline(by),
        }
    }

    /// Begins an invocation.
    pub(super) fn spawn(&mut self, role: Role, deliveries: Vec<u64>, work: Work) {
        let now = self.kernel.millis();
        let dies = self.scenario.kills > 0 && !self.mood.is_calm() && self.kernel.one_in(self.scenario.kills);
        let dies_at = dies.then(|| self.kernel.below(60));
        let id = self.kernel.begin(dies_at);
        self.invocations += 1;
        self.auditor.began(id, now);
        if let Role::Write(side) = role {
            self.auditor.serves(id, self.configs[self.generation].syncs[0].connection(side).as_str());
        }
        self.kernel.call(id, role.words());
        self.kernel.note(|| format!("#{} begins: {}", id.0, role.words()));
        self.tasks.insert(id, Task { role, work, began: now, generation: self.generation, deliveries });
        self.kernel.plan(now, Event::Wake(id));
        self.kernel.plan(now + self.scenario.timeout, Event::Deadline(id));
    }

    /// Begins an invocation of one of the scheduled functions.
    pub(super) fn invoke(&mut self, role: Role) {
        if matches!(role, Role::Pull(_)) && self.tasks.values().any(|task| task.role == role) {
            self.kernel.happened("pulls of a side overlap");
        }
        let container = self.container(role);
        let by = container.by;
        let adopt = self.scenario.backfill;
        let work: Work = Box::pin(async move {
            let engine = match container.engine().await {
                Ok(engine) => engine,
                Err(problem) => return (Ended::Failed(problem), None),
            };
            let sync = &engine.syncs[0];
            let ended = match role {
                Role::Pull(side) => pull(&engine, sync, side, by).await.map(Ended::Pulled),
                Role::Backfill => fill(&engine, by).await,
                Role::Sweep(mapping, side) => sweep::step(&engine, sync, &sync.mappings[mapping], side, adopt, by).await.map(Ended::Swept),
                Role::Write(_) | Role::Webhook | Role::Operator => Ok(Ended::Done),
            };
            (ended.unwrap_or_else(Ended::from), Some(engine))
        });
        self.spawn(role, Vec::new(), work);
    }
}

async fn fill(engine: &Engine, by: Deadline) -> Result<Ended, EngineError> {
    let sync = &engine.syncs[0];
    backfill::begin(engine, sync, false).await?;
    Ok(Ended::Backfilled(backfill::step(engine, sync, by).await?))
}
