//! Changes that have to come again: the budget is spent, or a call failed as a whole.

use jiff::SignedDuration;
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{CallError, Fault, Side, Timestamp};

use super::job::{Job, Outgoing, Place};
use super::run::ended;
use crate::budget::NoToken;
use crate::counts::End;
use crate::message::{Cause, Change};
use crate::settle::{Disposition, backoff, settle};
use crate::{EngineError, state};

/// Changes that wait for the budget are not put further apart than this.
const SPREAD_MAX: SignedDuration = SignedDuration::from_mins(30);

/// Work of a backfill steps back while the bucket is low: live changes go ahead.
pub(super) async fn make_room(place: Place<'_>, changes: Vec<Change>, out: &mut Outgoing) -> Vec<Change> {
    if !changes.iter().any(|change| change.cause == Cause::Backfill) {
        return changes;
    }
    let Some(budget) = place.engine.budgets.get(&place.sync.ends.of(place.target()).connection) else { return changes };
    let until = match budget.room().await {
        Ok(()) => return changes,
        Err(NoToken::Until(until)) => until,
        Err(NoToken::Unknown(_)) => place.now() + SignedDuration::from_secs(5),
    };
    let (backfill, live): (Vec<Change>, Vec<Change>) = changes.into_iter().partition(|change: &Change| change.cause == Cause::Backfill);
    space_out(place, &backfill, until, out);
    live
}

/// Puts changes back so that they come due at the pace at which the budget flows in: in groups that one burst can serve, each when its
/// burst is there. All at once, they would be handed out and put back again and again.
pub(super) fn space_out(place: Place<'_>, changes: &[Change], first: Timestamp, out: &mut Outgoing) {
    if planted(Mutant::RateLimitedDropped) {
        return;
    }
    let target = &place.sync.ends.of(place.target()).connection;
    let budget = place.engine.budgets.get(target);
    let batch = place.sync.facts(place.mapping, place.target()).map_or(1, |facts| facts.bounds.write_records_max.max(1));
    // A record costs about two calls where a vendor takes one a call: its counterpart is read, and written.
    let (group, rest) = budget.map_or((50, SignedDuration::ZERO), |budget| budget.spacing(batch, 2));
    // After a longer pause the bucket is full for all who come.
    let apart = if first.duration_since(place.now()) > rest { SignedDuration::ZERO } else { spread(place, changes, rest) };
    let mut at = first.checked_add(apart).unwrap_or(first);
    for chunk in changes.chunks(usize::try_from(group).unwrap_or(usize::MAX)) {
        at = at.checked_add(rest).unwrap_or(at);
        for change in chunk {
            ended(place, change, &End::Later("rate_limited"));
            out.again(at, change.clone(), false);
        }
    }
}

/// Changes that met a spent budget together would meet it again together, and each spend some of what flowed in without coming to its end. The
/// longer one has waited, the further it is put from the others.
fn spread(place: Place<'_>, changes: &[Change], rest: SignedDuration) -> SignedDuration {
    let oldest = changes.iter().map(|change| change.since).min().unwrap_or_else(|| place.now());
    let waited = place.now().duration_since(oldest).as_millis() / 4;
    let most = waited.min(SPREAD_MAX.as_millis()).max(rest.as_millis()).max(1);
    let most = u64::try_from(most).unwrap_or(1);
    SignedDuration::from_millis(i64::try_from(place.engine.dice.roll() % most).unwrap_or(0))
}

/// Somebody else is at work on this record: what comes of that is to be seen first.
pub(super) fn await_other(place: Place<'_>, job: Job, out: &mut Outgoing) {
    let at = backoff(job.change.attempt + 1, place.now(), place.engine.dice.roll());
    ended(place, &job.change, &End::Later("conflict"));
    out.again(at, job.into_change(), true);
}

/// A call failed as a whole: all its changes go back, as the fault says.
pub(super) async fn postpone(
    place: Place<'_>,
    changes: Vec<Change>,
    error: &CallError,
    side: Side,
    out: &mut Outgoing,
) -> Result<(), EngineError> {
    tracing::warn!(sync = %place.sync.name, mapping = %place.mapping.name, fault = error.fault.code(), "a call failed: {error}");
    if let Fault::RateLimited { until } = &error.fault {
        space_out(place, &changes, *until, out);
        return Ok(());
    }
    for change in changes {
        ended(place, &change, &End::Later(error.fault.code()));
        let disposition = settle(&error.fault, change.attempt, place.now(), place.engine.dice.roll());
        match disposition {
            Disposition::RetryAt { at, counts } => out.again(at, change, counts),
            Disposition::StopConnection { hint, at } => {
                state::stop(place.engine, &place.sync.ends.of(side).connection, &hint).await?;
                out.again(at, change, false);
            }
            // A whole call is nobody's record: these come again, and are counted.
            Disposition::Hold(_) | Disposition::CounterpartGone | Disposition::SeeHolders { .. } => {
                let at = backoff(change.attempt, place.now(), place.engine.dice.roll());
                let counts = change.attempt < 20;
                out.again(at, change, counts);
            }
        }
    }
    Ok(())
}
