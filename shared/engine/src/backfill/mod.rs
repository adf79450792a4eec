//! Backfill: everything that is there already. Both sides are read page by page, joined by match key in our own index, linked where they agree,
//! and queued for the workers where something must be written. The only vendor calls that it makes are the scan's pages.
//!
//! It goes on over as many runs as it takes: its state is one item under a lease, saved after the work that it covers is durable. A run that
//! is cut off repeats its last page or packet, which changes nothing.

mod carry;
mod decide;
mod index;
mod preview;
mod progress;
mod scan;
mod stage;

use syncline_mapping::ObjectMapping;
use syncline_model::{Deadline, MappingName, Side};

use crate::resumable::{self, Held, MARGIN, Pause};
use crate::{Engine, EngineError, Sync, keys};
use decide::Place;
use index::Task;
use progress::State;
use stage::Reader;

pub use preview::{Calls, MappingPreview, Preview, preview};
pub use progress::{Phase, Progress, Tally};

/// How many tasks of the join are carried out between two saves of its position.
const PACKET_TASKS: usize = 400;

/// No run takes more turns than this: a listing without end costs no more.
const TURNS_PER_RUN_MAX: u32 = 10_000;

/// Begins a backfill, unless one is under way or done. `force` begins anew all the same.
pub async fn begin(engine: &Engine, sync: &Sync, force: bool) -> Result<Progress, EngineError> {
    begin_with(engine, sync, force, false).await
}

/// Begins a backfill anew, which sends every linked record again to the sides that give none back, whatever the base says: for a destination that
/// lost records, or was edited there.
///
/// # Errors
/// `Impossible` where no object of the sync is such a one; else as of [`begin`].
pub async fn resend(engine: &Engine, sync: &Sync) -> Result<Progress, EngineError> {
    let is_blind = |mapping: &ObjectMapping| [Side::Left, Side::Right].into_iter().any(|side| sync.is_write_only(mapping, side));
    if !sync.mappings.iter().any(is_blind) {
        let problem = format!("every object of {} can be read, so that nothing need be sent again unseen", sync.name);
        return Err(EngineError::Impossible {
            problem,
            instead: "`syncline backfill --force` finds what differs, and writes that".to_owned(),
        });
    }
    begin_with(engine, sync, true, true).await
}

async fn begin_with(engine: &Engine, sync: &Sync, force: bool, resend: bool) -> Result<Progress, EngineError> {
    let now = engine.now();
    let key = keys::backfill(&sync.name);
    resumable::change(engine, &key, |known: Option<State>| {
        let known = known.unwrap_or_default();
        if known.phase != Phase::NotBegun && !force {
            return None;
        }
        let mut state = State { began: Some(now), expected: known.expected, resend, ..State::default() };
        if let Some(mapping) = sync.mappings.first() {
            state.enter(mapping.name.clone(), carry::shape(Place { engine, sync, mapping }), now);
        } else {
            state.phase = Phase::Done;
            state.ended = Some(now);
        }
        Some((state, ()))
    })
    .await?;
    status(engine, sync).await
}

/// How far the backfill has come.
pub async fn status(engine: &Engine, sync: &Sync) -> Result<Progress, EngineError> {
    let resting = resumable::peek::<State>(engine, &keys::backfill(&sync.name)).await?;
    Ok(resting.map(|resting| resting.state).unwrap_or_default().progress(Pause::default()))
}

/// Does as much as the deadline and the budgets allow. To be called again, not before `again_at`, until the phase is `Done`.
///
/// # Errors
/// `Store` and `Outbox`: run again, nothing is lost. `Unknown`: the config no longer has the mapping that it is at; begin anew.
pub async fn step(engine: &Engine, sync: &Sync, by: Deadline) -> Result<Progress, EngineError> {
    let key = keys::backfill(&sync.name);
    let Some(resting) = resumable::peek::<State>(engine, &key).await? else { return Ok(State::default().progress(Pause::default())) };
    if matches!(resting.state.phase, Phase::NotBegun | Phase::Done) {
        return Ok(resting.state.progress(Pause::default()));
    }
    let (before, leased_until) = (resting.state.clone(), resting.leased_until);
    let Some(mut held) = resumable::take(engine, key, resting, by.0).await? else {
        return Ok(before.progress(Pause { again_at: leased_until, says: Some("another run is at it".into()) }));
    };
    let mut joining: Option<Joining> = None;
    let mut pause = Pause::default();
    for _ in 0..TURNS_PER_RUN_MAX {
        if engine.now() + MARGIN >= by.0 {
            break;
        }
        let Some(mapping) = current(sync, &held.state)? else { break };
        let place = Place { engine, sync, mapping };
        let stop = match held.state.phase {
            Phase::ScanLeft => scan::page(place, Side::Left, &mut held, by).await?,
            Phase::ScanRight => scan::page(place, Side::Right, &mut held, by).await?,
            Phase::Join => {
                join(place, &mut held, &mut joining).await?;
                None
            }
            Phase::NotBegun | Phase::Done => break,
        };
        if let Some(stop) = stop {
            pause = stop;
            break;
        }
    }
    let state = held.give_back(engine).await?;
    Ok(state.progress(pause))
}

fn current<'a>(sync: &'a Sync, state: &State) -> Result<Option<&'a ObjectMapping>, EngineError> {
    let Some(name) = &state.mapping else { return Ok(None) };
    match sync.mapping(name) {
        Some(mapping) => Ok(Some(mapping)),
        None => Err(EngineError::Unknown { what: format!("mapping {name}, at which the backfill of {} stands", sync.name) }),
    }
}

/// A join in memory, made once a run.
struct Joining {
    mapping: MappingName,
    tasks: Vec<Task>,
    reader: Reader,
}

/// One packet of the join.
async fn join(place: Place<'_>, held: &mut Held<State>, joining: &mut Option<Joining>) -> Result<(), EngineError> {
    let Place { engine, sync, mapping } = place;
    if joining.as_ref().is_none_or(|joining| joining.mapping != mapping.name) {
        *joining = prepare(place, &held.state).await?;
        let Some(made) = joining.as_ref() else {
            tracing::warn!(sync = %sync.name, mapping = %mapping.name, "staged pages are gone or of an older configuration: the scans begin anew");
            held.state.enter(mapping.name.clone(), carry::shape(place), engine.now());
            return held.save(engine).await;
        };
        let pairs = made.tasks.iter().filter(|task| matches!(task, Task::Pair(_))).count();
        let all = made.tasks.len();
        if let Some(tally) = held.state.tally() {
            tally.tasks = all as u64;
            tally.pairs = pairs as u64;
        }
    }
    let Some(Joining { tasks, reader, .. }) = joining.as_mut() else { return Ok(()) };
    let from = usize::try_from(held.state.position).unwrap_or(usize::MAX).min(tasks.len());
    // A packet is for one worker, so that its messages are full: what a worker takes at once fills the vendor's calls.
    let worker = tasks.get(from).map(Task::lone_side);
    let packet = tasks.iter().skip(from).take_while(|task| Some(task.lone_side()) == worker).take(PACKET_TASKS);
    let packet: Vec<Task> = packet.cloned().collect();
    if packet.is_empty() {
        return leave(place, held).await;
    }
    let records = reader.records(place, &carry::spots(&packet)).await?;
    let done = carry::carry_out(place, &packet, &records).await?;
    held.state.position += packet.len() as u64;
    let position = held.state.position;
    if let Some(tally) = held.state.tally() {
        tally.tasks_done = position;
        done.add_to(tally);
    }
    held.save(engine).await
}

/// Makes the index and the join; `None`: what was staged cannot be used any more.
async fn prepare(place: Place<'_>, state: &State) -> Result<Option<Joining>, EngineError> {
    if state.shape != carry::shape(place) {
        return Ok(None);
    }
    let left = stage::index(place, Side::Left, &state.pages.left).await?;
    let right = stage::index(place, Side::Right, &state.pages.right).await?;
    let (Some(left), Some(right)) = (left, right) else { return Ok(None) };
    let tasks = index::join(place.mapping, &left, &right);
    Ok(Some(Joining { mapping: place.mapping.name.clone(), tasks, reader: Reader::new(place, &state.pages) }))
}

/// On to the next mapping, or to the end. The staged pages are forgotten once nobody needs them.
async fn leave(place: Place<'_>, held: &mut Held<State>) -> Result<(), EngineError> {
    let Place { engine, sync, mapping } = place;
    let pages = std::mem::take(&mut held.state.pages);
    let next = sync.mappings.iter().skip_while(|its| its.name != mapping.name).nth(1);
    if let Some(next) = next {
        let shape = carry::shape(Place { engine, sync, mapping: next });
        held.state.enter(next.name.clone(), shape, engine.now());
    } else {
        held.state.phase = Phase::Done;
        held.state.ended = Some(engine.now());
        held.state.mapping = None;
    }
    held.save(engine).await?;
    for side in [Side::Left, Side::Right] {
        pages.of(side).forget(engine, &keys::stage(&sync.name, &mapping.name, side)).await?;
    }
    Ok(())
}
