//! An invocation that has time left goes on where it had to wait, instead of leaving the rest to its next schedule.

use jiff::SignedDuration;
use syncline_config::Config;
use syncline_engine::pull::Pulled;
use syncline_engine::sweep::SweepPhase;
use syncline_engine::turn::Turn;
use syncline_engine::{Engine, backfill};
use syncline_model::{Deadline, Timestamp};

use crate::{Done, Event, PullError, Swept, handle};

/// A longer wait is not worth what the waiting invocation costs: the next schedule goes on.
const WAIT_MAX: SignedDuration = SignedDuration::from_mins(2);
/// The shortest wait: a pause whose end has passed already must not become a loop without one.
const WAIT_MIN: SignedDuration = SignedDuration::from_secs(1);
/// What is left of an invocation after a wait has to be long enough for a page.
const USEFUL: SignedDuration = SignedDuration::from_secs(15);

/// Handles one event, and goes on after each pause as long as that ends in time. Only one of the runs of a schedule waits: the others end where they
/// would have to. `wait` lets time pass.
///
/// # Errors
/// As [`handle`]; what was done before stays done.
pub async fn exhaust(
    engine: &Engine,
    config: &Config,
    event: &Event,
    by: Deadline,
    wait: impl AsyncFn(Timestamp),
) -> Result<Done, PullError> {
    let mut done = handle(engine, config, event, by).await?;
    let mut turn = None;
    let mut outcome = Ok(());
    while let Some(at) = next(&done, engine.now(), by) {
        if turn.is_none() {
            turn = Turn::take(engine, &event.sync, &event.work(), by.0).await?;
        }
        if turn.is_none() {
            break;
        }
        wait(at).await;
        match handle(engine, config, event, by).await {
            Ok(more) => done = done.and(more),
            Err(error) => {
                outcome = Err(error);
                break;
            }
        }
    }
    if let Some(turn) = turn
        && let Err(error) = turn.give_back(engine).await
    {
        // It ends by itself with this invocation.
        tracing::warn!(sync = %event.sync, "the turn was not given back: {error}");
    }
    outcome.map(|()| done)
}

/// When to go on; `None`: not in this invocation.
fn next(done: &Done, now: Timestamp, by: Deadline) -> Option<Timestamp> {
    let at = match done {
        Done::NotDue(_) => return None,
        // One that ended without a time to go on is read to its end, or needs something other than time.
        Done::Pulled(pulled) => pulled.again_at.filter(|_| !pulled.caught_up)?,
        Done::Backfill(progress) => match (progress.phase, progress.again_at, &progress.stopped) {
            (backfill::Phase::NotBegun | backfill::Phase::Done, _, _) | (_, None, Some(_)) => return None,
            (_, Some(at), _) => at,
            (_, None, None) => now,
        },
        Done::Swept(progress) => match (progress.phase, progress.again_at, &progress.stopped) {
            (SweepPhase::NotBegun | SweepPhase::Asked | SweepPhase::Done, _, _) | (_, None, Some(_)) => return None,
            (_, Some(at), _) => at,
            (_, None, None) => now,
        },
    };
    let at = at.max(now + WAIT_MIN);
    (at <= now + WAIT_MAX && at + USEFUL <= by.0).then_some(at)
}

impl Event {
    /// Tells the kinds of a sync's work apart.
    fn work(&self) -> String {
        match (&self.sweep, self.side) {
            (Some(Swept { mapping, side, .. }), _) => format!("sweep#{mapping}#{side}"),
            (None, Some(side)) => side.to_string(),
            (None, None) => "backfill".to_owned(),
        }
    }
}

impl Done {
    /// This and what came after it: what pulls counted together, and how far the last of them came.
    fn and(self, more: Self) -> Self {
        match (self, more) {
            (Self::Pulled(before), Self::Pulled(last)) => Self::Pulled(Pulled {
                pages: before.pages + last.pages,
                read: before.read + last.read,
                queued: before.queued + last.queued,
                unchanged: before.unchanged + last.unchanged,
                ..last
            }),
            // Progress counts from the beginning.
            (_, last) => last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulled(again_in_s: Option<i64>, caught_up: bool) -> Done {
        let again_at = again_in_s.map(|seconds| now() + SignedDuration::from_secs(seconds));
        Done::Pulled(Pulled { again_at, caught_up, pages: 1, read: 10, ..Pulled::default() })
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_000_000).unwrap()
    }

    #[test]
    fn it_waits_where_that_ends_soon_and_in_time() {
        let by = |seconds| Deadline(now() + SignedDuration::from_secs(seconds));
        let in_s = |done: &Done, by| next(done, now(), by).map(|at| at.duration_since(now()).as_secs());
        assert_eq!(in_s(&pulled(Some(30), false), by(800)), Some(30));
        assert_eq!(in_s(&pulled(Some(-5), false), by(800)), Some(1));
        assert_eq!(in_s(&pulled(Some(30), false), by(40)), None);
        assert_eq!(in_s(&pulled(Some(600), false), by(800)), None);
        assert_eq!(in_s(&pulled(None, false), by(800)), None);
        assert_eq!(in_s(&pulled(Some(30), true), by(800)), None);
    }

    #[test]
    fn what_is_done_adds_up() {
        let Done::Pulled(all) = pulled(Some(5), false).and(pulled(None, true)) else { panic!("no pull") };
        assert_eq!((all.pages, all.read, all.caught_up, all.again_at), (2, 20, true, None));
    }
}
