//! Sweep: reading all records of a side, to find what no feed told. What it finds is a figure that should be 0, and is shown.
//!
//! A record that the completed listing does not show is proposed as deleted, never more: the worker asks for that very record before anything
//! happens to its counterpart. Too many at once stop and ask a person. A fault, a partial or an empty listing proposes nothing.

mod compare;
mod listing;
mod progress;
mod rhythm;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use syncline_mapping::ObjectMapping;
use syncline_model::{Deadline, MappingName, RecordId, Side, SyncName};

use crate::resumable::{self, MARGIN, Pause, Resting};
use crate::{Engine, EngineError, Sync, keys};
use progress::State;

pub use progress::{Missed, SweepPhase, SweepProgress};
pub use rhythm::{Rhythm, period, rhythm};

/// The id under which a sweep that asks is held.
pub const HOLD_ID: &str = "sweep";

/// No run takes more turns than this: a listing without end costs no more.
const TURNS_PER_RUN_MAX: u32 = 10_000;

/// A change that is younger than this when a feed was last read to its end may still be in the queue.
const IN_FLIGHT: SignedDuration = SignedDuration::from_mins(15);

/// Where a sweep belongs.
#[derive(Clone, Copy)]
struct Place<'a> {
    engine: &'a Engine,
    sync: &'a Sync,
    mapping: &'a ObjectMapping,
    side: Side,
    adopt: bool,
}

/// Does as much as the deadline and the budget allow. Begins a sweep where none is under way; to be called again, not before `again_at`, until
/// the phase is `Done` or `Asked`. `adopt`: records that were never linked are to be synced, so that one without an entry was missed.
///
/// # Errors
/// `Store` and `Outbox`: run again, nothing is lost.
pub async fn step(
    engine: &Engine,
    sync: &Sync,
    mapping: &ObjectMapping,
    side: Side,
    adopt: bool,
    by: Deadline,
) -> Result<SweepProgress, EngineError> {
    if !sync.is_readable(mapping, side) {
        // There is nothing to list: nobody is taken for deleted because a listing lacks them.
        let now = Some(engine.now());
        return Ok(State { phase: SweepPhase::Done, began: now, ended: now, ..State::default() }.progress(Pause::default()));
    }
    let place = Place { engine, sync, mapping, side, adopt };
    let key = keys::sweep(&sync.name, &mapping.name, side);
    let mut resting = resumable::peek::<State>(engine, &key).await?.unwrap_or_else(Resting::absent);
    let leased_until = resting.leased_until;
    if resting.state.is_at_rest() {
        resting.state = resting.state.next(engine.now());
    }
    let before = resting.state.clone();
    let Some(mut held) = resumable::take(engine, key, resting, by.0).await? else {
        return Ok(before.progress(Pause { again_at: leased_until, says: Some("another run is at it".into()) }));
    };
    let mut pause = Pause::default();
    let mut seen: Option<BTreeSet<RecordId>> = None;
    for _ in 0..TURNS_PER_RUN_MAX {
        if held.state.is_at_rest() || engine.now() + MARGIN >= by.0 {
            break;
        }
        let stop = match held.state.phase {
            SweepPhase::Listing => listing::page(place, &mut held, by).await?,
            SweepPhase::Comparing => compare::bucket(place, &mut held, &mut seen).await?,
            SweepPhase::Sending => compare::send(place, &mut held).await?,
            SweepPhase::NotBegun | SweepPhase::Asked | SweepPhase::Done => break,
        };
        if let Some(stop) = stop {
            pause = stop;
            break;
        }
    }
    let state = held.give_back(engine).await?;
    Ok(state.progress(pause))
}

/// How far the sweep has come, or what the last one found.
pub async fn status(engine: &Engine, sync: &SyncName, mapping: &MappingName, side: Side) -> Result<SweepProgress, EngineError> {
    let resting = resumable::peek::<State>(engine, &keys::sweep(sync, mapping, side)).await?;
    Ok(resting.map(|resting| resting.state).unwrap_or_default().progress(Pause::default()))
}

/// A person says that the deletions that the last sweep asked about were meant: the next sweep carries over up to as many.
pub(crate) async fn allow(engine: &Engine, sync: &SyncName, mapping: &MappingName, side: Side) -> Result<(), EngineError> {
    resumable::change(engine, &keys::sweep(sync, mapping, side), |known: Option<State>| {
        let mut state = known?;
        state.allowed = state.asked;
        Some((state, ()))
    })
    .await?;
    Ok(())
}
