//! The queued function, and the source that feeds it: batches, several at once, what is not finished comes again.

use std::collections::BTreeSet;

use syncline_engine::hint;
use syncline_engine::write::{Delivery, write};
use syncline_model::Side;

use super::{Ended, HIDDEN_LONGER, House, Role, Work};
use crate::kernel::Event;

impl House {
    /// Hands visible messages to workers, as many at once as are allowed.
    pub(super) fn deliver(&mut self) {
        for side in [Side::Left, Side::Right] {
            let connection = self.configs[self.generation].syncs[0].connection(side).clone();
            while self.tasks.values().filter(|task| task.role == Role::Write(side)).count() < self.scenario.workers {
                let handed_out = self.queue.receive(&connection, self.scenario.batch, self.scenario.timeout + HIDDEN_LONGER);
                if handed_out.is_empty() {
                    break;
                }
                let deliveries: Vec<Delivery> =
                    handed_out.iter().map(|one| Delivery { id: one.id.to_string(), body: one.body.clone() }).collect();
                let container = self.container(Role::Write(side));
                let by = container.by;
                let connection = connection.clone();
                let work: Work = Box::pin(async move {
                    match container.engine().await {
                        Ok(engine) => (Ended::Wrote(write(&engine, &connection, &deliveries, by).await), Some(engine)),
                        Err(problem) => (Ended::Failed(problem), None),
                    }
                });
                self.spawn(Role::Write(side), handed_out.iter().map(|one| one.id).collect(), work);
            }
        }
    }

    /// A batch ended: what is finished is deleted, the rest becomes visible again.
    pub(super) fn wrote(&mut self, deliveries: &[u64], unfinished: &[String]) {
        let now = self.kernel.millis();
        let unfinished: BTreeSet<&str> = unfinished.iter().map(String::as_str).collect();
        for id in deliveries {
            if unfinished.contains(id.to_string().as_str()) {
                let at = now + self.kernel.between(1_000, 30_000);
                self.queue.give_back(*id, at);
            } else {
                self.queue.delete(*id);
            }
        }
        self.kernel.plan(now, Event::Duty(super::Duty::Deliver));
    }

    /// A webhook arrives: its hint is queued.
    pub(super) fn webhook(&mut self, number: usize) {
        let Some((side, hint)) = self.workload.remembered(number) else { return };
        let container = self.container(Role::Webhook);
        let connection = self.configs[self.generation].syncs[0].connection(side).clone();
        let work: Work = Box::pin(async move {
            let engine = match container.engine().await {
                Ok(engine) => engine,
                Err(problem) => return (Ended::Failed(problem), None),
            };
            let ended = hint::queue(&engine, &connection, &[hint]).await.map_or_else(Ended::from, |_| Ended::Done);
            (ended, Some(engine))
        });
        self.spawn(Role::Webhook, Vec::new(), work);
    }
}
