//! The operator: pauses a connection, puts another config in place, releases what is held; and the vendors' administrators, who change plans.

use syncline_engine::provision::{FieldState, provision};
use syncline_engine::{hold, state};
use syncline_model::{Deadline, Side};
use syncline_simulator::Strain;

use super::{Duty, Ended, House, Role, Work};
use crate::kernel::Event;

/// Every act of an operator or administrator, as it is counted.
pub const MOVES: [&str; 8] = [
    "the operator pauses a connection",
    "the operator resumes",
    "the operator releases what is held",
    "the operator changes the config",
    "sessions end",
    "a limit is spent",
    "a plan is downgraded",
    "a plan is upgraded",
];

impl House {
    pub(super) fn operate(&mut self) {
        if self.mood.is_calm() {
            self.resume();
            return;
        }
        let side = if self.kernel.one_in(2) { Side::Left } else { Side::Right };
        if self.scenario.strains && self.kernel.one_in(2) {
            let all = [Strain::SessionsEnd, Strain::LimitSpent, Strain::PlanDowngraded, Strain::PlanUpgraded];
            let strain = all[usize::try_from(self.kernel.below(all.len() as u64)).unwrap_or(0)];
            self.strain(side, strain);
            return;
        }
        match self.kernel.below(5) {
            0 => self.pause(side),
            1 => {
                self.kernel.happened("the operator resumes");
                self.resume();
            }
            2 | 3 => {
                self.kernel.happened("the operator releases what is held");
                self.release_all();
            }
            _ => self.next_config(),
        }
    }

    /// Puts the next config in place; where that one asks for what was there before, the backfill begins.
    pub(super) fn next_config(&mut self) {
        if self.generation + 1 >= self.configs.len() {
            return;
        }
        self.generation += 1;
        let generation = self.generation;
        self.kernel.happened("the operator changes the config");
        self.kernel.note(|| format!("operator: config {generation} holds"));
        self.auditor.configured(self.unmapped[generation]);
        if self.scenario.affairs.late_backfill && !self.scenario.backfill {
            self.kernel.happened("a backfill begins in mid-flight");
            self.kernel.note(|| "operator: what was there before is synced from now on".to_owned());
            self.scenario.backfill = true;
            self.backfilled = false;
            self.auditor.backfill_asked();
            self.kernel.plan(self.kernel.millis(), Event::Duty(Duty::Backfill));
        }
    }

    pub(super) fn strain(&mut self, side: Side, strain: Strain) {
        if self.vendors.strain(side, self.kernel.timestamp(), strain) {
            let what = match strain {
                Strain::SessionsEnd => "sessions end",
                Strain::LimitSpent => "a limit is spent",
                Strain::PlanDowngraded => "a plan is downgraded",
                Strain::PlanUpgraded => "a plan is upgraded",
            };
            self.kernel.happened(what);
            self.kernel.note(|| format!("vendor at {side}: {what}"));
            self.auditor.strained(side, strain);
        }
    }

    fn pause(&mut self, side: Side) {
        self.kernel.happened("the operator pauses a connection");
        self.kernel.note(|| format!("operator: pauses the connection at {side}"));
        self.paused.insert(side);
        self.operator_acts(move |engine| {
            Box::pin(async move {
                let connection = &engine.syncs[0].ends.of(side).connection;
                state::stop(&engine, connection, "paused by the operator").await.map(drop)
            })
        });
    }

    /// Starts every connection again.
    pub(super) fn resume(&mut self) {
        self.kernel.note(|| "operator: starts every connection".to_owned());
        self.paused.clear();
        self.operator_acts(|engine| {
            Box::pin(async move {
                for side in [Side::Left, Side::Right] {
                    state::start(&engine, &engine.syncs[0].ends.of(side).connection).await?;
                }
                Ok(())
            })
        });
    }

    /// Releases every hold, and with them the questions of sweeps: the deletions were meant.
    pub(super) fn release_all(&mut self) {
        self.kernel.note(|| "operator: releases what is held".to_owned());
        self.auditor.released();
        self.operator_acts(|engine| {
            Box::pin(async move {
                let sync = &engine.syncs[0].name;
                for held in hold::list(&engine, sync, 100).await? {
                    hold::release(&engine, sync, &held.mapping, held.side, &held.id).await?;
                }
                Ok(())
            })
        });
    }

    /// Makes the tables and columns that are missing, before anything else happens; nothing goes wrong yet.
    pub(super) fn provision(&mut self) {
        self.mood.hush(true);
        self.operator_acts(|engine| {
            Box::pin(async move {
                let by = Deadline(engine.now() + jiff::SignedDuration::from_mins(10));
                for field in provision(&engine.syncs[0], false, by).await? {
                    assert!(matches!(field.state, FieldState::Made | FieldState::There), "{field:?}");
                }
                Ok(())
            })
        });
        while !self.tasks.is_empty() {
            self.step();
        }
        self.mood.hush(false);
    }

    fn operator_acts(
        &mut self,
        act: impl FnOnce(
            std::rc::Rc<syncline_engine::Engine>,
        ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), syncline_engine::EngineError>>>>
        + 'static,
    ) {
        let container = self.container(Role::Operator);
        let work: Work = Box::pin(async move {
            let engine = match container.engine().await {
                Ok(engine) => engine,
                Err(problem) => return (Ended::Failed(problem), None),
            };
            let ended = act(engine.clone()).await.map_or_else(Ended::from, |()| Ended::Done);
            (ended, Some(engine))
        });
        self.spawn(Role::Operator, Vec::new(), work);
    }
}
