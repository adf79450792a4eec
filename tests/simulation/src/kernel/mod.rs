//! Time, chance and turns: a single thread on which everything happens in an order that one seed decides.
//!
//! A task is a future. It gives up its turn only at an effect (a call to a port), and is woken at a virtual moment. Between two effects it can be
//! killed: its future is dropped, as a function's memory is.

mod trace;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use syncline_engine::ports::clock::{Clock, Dice};
use syncline_model::Timestamp;

use crate::figures::Tally;

pub use trace::Trace;

/// Milliseconds since the epoch.
pub type Millis = i64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u64);

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event<D> {
    /// A task may go on.
    Wake(TaskId),
    /// A task's time is up.
    Deadline(TaskId),
    /// Something that the house has planned.
    Duty(D),
}

struct Life {
    effects: u64,
    /// It dies instead of beginning this effect, counted from 0.
    dies_at: Option<u64>,
    /// Something went wrong in one of its calls.
    troubled: bool,
}

/// When, what decides among those of one moment, and what.
type Planned<D> = (Millis, u64, u64, Event<D>);

struct Inner<D> {
    now: Millis,
    chance: fastrand::Rng,
    agenda: BinaryHeap<Reverse<Planned<D>>>,
    serial: u64,
    running: Option<TaskId>,
    /// Who had the turn last.
    last: Option<TaskId>,
    lives: BTreeMap<TaskId, Life>,
    doomed: bool,
    effects: u64,
    /// Whoever begins one of these effects, counted over all tasks from 0, dies instead.
    dooms: BTreeSet<u64>,
    trace: Trace,
    tally: Tally,
}

/// The one who hands out turns; clones share it.
pub struct Kernel<D>(Arc<Mutex<Inner<D>>>);

impl<D> Clone for Kernel<D> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<D: Ord + Copy + Send + 'static> Kernel<D> {
    pub fn new(seed: u64, begin: Timestamp, told: bool) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            now: begin.as_millisecond(),
            chance: fastrand::Rng::with_seed(seed),
            agenda: BinaryHeap::new(),
            serial: 0,
            running: None,
            last: None,
            lives: BTreeMap::new(),
            doomed: false,
            effects: 0,
            dooms: BTreeSet::new(),
            trace: Trace::new(told),
            tally: Tally::default(),
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner<D>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn millis(&self) -> Millis {
        self.inner().now
    }

    pub fn timestamp(&self) -> Timestamp {
        Timestamp::from_millisecond(self.millis()).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// A number below `end`.
    pub fn below(&self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.inner().chance.u64(0..end) }
    }

    pub fn between(&self, from: Millis, to: Millis) -> Millis {
        if to <= from { from } else { self.inner().chance.i64(from..=to) }
    }

    /// Whether it happens, once in so many times; never for 0.
    pub fn one_in(&self, times: u32) -> bool {
        times > 0 && self.inner().chance.u32(0..times) == 0
    }

    /// Plans something. What is planned for the same moment happens in an order that the seed decides.
    pub fn plan(&self, at: Millis, event: Event<D>) {
        let mut inner = self.inner();
        let (tie, serial) = (inner.chance.u64(..), inner.serial);
        inner.serial += 1;
        let at = at.max(inner.now);
        inner.agenda.push(Reverse((at, tie, serial, event)));
    }

    /// Moves time to what comes next.
    pub fn next(&self) -> Option<Event<D>> {
        let mut inner = self.inner();
        let Reverse((at, _, _, event)) = inner.agenda.pop()?;
        inner.now = at;
        Some(event)
    }

    /// The moment of what comes next.
    pub fn next_at(&self) -> Option<Millis> {
        self.inner().agenda.peek().map(|Reverse((at, ..))| *at)
    }

    pub fn note(&self, line: impl FnOnce() -> String) {
        let mut inner = self.inner();
        let now = inner.now;
        let running = inner.running;
        inner.trace.note(now, running, line);
    }

    /// Counts a happening, so that nothing of the workload can silently fall away.
    pub fn happened(&self, what: &'static str) {
        self.inner().tally.add(what, 1);
    }

    pub fn tally(&self) -> Tally {
        self.inner().tally.clone()
    }

    /// Says what a task is, for the story.
    pub fn call(&self, id: TaskId, name: &'static str) {
        self.inner().trace.call(id, name);
    }

    pub fn trace(&self) -> Trace {
        self.inner().trace.clone()
    }

    /// Effects so far: the steps of the simulation.
    pub fn effects(&self) -> u64 {
        self.inner().effects
    }

    /// Lets the task that begins this effect, counted over all tasks from 0, die instead.
    pub fn doom(&self, effect: u64) {
        self.inner().dooms.insert(effect);
    }

    /// Who has the turn.
    pub fn running(&self) -> Option<TaskId> {
        self.inner().running
    }

    /// Who had the turn last.
    pub fn last(&self) -> Option<TaskId> {
        self.inner().last
    }

    /// Begins a task's life. With `dies_at`, it ends before that effect of its.
    pub fn begin(&self, dies_at: Option<u64>) -> TaskId {
        let mut inner = self.inner();
        let id = TaskId(inner.serial);
        inner.serial += 1;
        inner.lives.insert(id, Life { effects: 0, dies_at, troubled: false });
        id
    }

    /// Gives a task its turn. `Err`: it was killed in it.
    pub fn turn<T>(&self, id: TaskId, task: &mut Pin<Box<dyn Future<Output = T> + '_>>) -> Result<Poll<T>, Killed> {
        {
            let mut inner = self.inner();
            inner.running = Some(id);
            inner.last = Some(id);
            inner.doomed = false;
        }
        let waker = Waker::from(Arc::new(Alarm { kernel: self.clone(), id }));
        let polled = task.as_mut().poll(&mut Context::from_waker(&waker));
        let mut inner = self.inner();
        inner.running = None;
        if std::mem::take(&mut inner.doomed) { Err(Killed) } else { Ok(polled) }
    }

    /// Ends a task's life. Answers whether something went wrong in it.
    pub fn end(&self, id: TaskId) -> bool {
        self.inner().lives.remove(&id).is_some_and(|life| life.troubled)
    }

    /// Something goes wrong in a call of who has the turn.
    pub fn troubles(&self) {
        let mut inner = self.inner();
        if let Some(life) = inner.running.and_then(|id| inner.lives.get_mut(&id)) {
            life.troubled = true;
        }
    }

    /// The gate before an effect: the task gives up its turn for so long, or dies.
    pub fn effect(&self, takes: Millis) -> Effect<D> {
        Effect { kernel: self.clone(), takes, until: None, counted: false }
    }

    /// A wait that is no effect of its own: an answer on its way.
    pub fn rest(&self, takes: Millis) -> Effect<D> {
        Effect { kernel: self.clone(), takes, until: None, counted: true }
    }
}

/// The task died in its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Killed;

struct Alarm<D> {
    kernel: Kernel<D>,
    id: TaskId,
}

impl<D: Ord + Copy + Send + 'static> Wake for Alarm<D> {
    fn wake(self: Arc<Self>) {
        let now = self.kernel.millis();
        self.kernel.plan(now, Event::Wake(self.id));
    }
}

/// Ready once its time has come; never for a task that dies here.
pub struct Effect<D> {
    kernel: Kernel<D>,
    takes: Millis,
    until: Option<Millis>,
    counted: bool,
}

impl<D: Ord + Copy + Send + 'static> Future for Effect<D> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let kernel = self.kernel.clone();
        let mut inner = kernel.inner();
        if let Some(until) = self.until {
            return if inner.now >= until { Poll::Ready(()) } else { Poll::Pending };
        }
        // Outside a task (an auditor who looks into the store) nothing takes time.
        let Some(id) = inner.running else { return Poll::Ready(()) };
        if !self.counted {
            self.counted = true;
            let number = inner.effects;
            inner.effects += 1;
            if inner.dooms.remove(&number) {
                inner.doomed = true;
                return Poll::Pending;
            }
            if let Some(life) = inner.lives.get_mut(&id) {
                if life.dies_at == Some(life.effects) {
                    inner.doomed = true;
                    return Poll::Pending;
                }
                life.effects += 1;
            }
        }
        let until = inner.now + self.takes.max(0);
        self.until = Some(until);
        drop(inner);
        kernel.plan(until, Event::Wake(id));
        Poll::Pending
    }
}

/// The engine's clock: virtual time.
impl<D: Ord + Copy + Send + 'static> Clock for Kernel<D> {
    fn now(&self) -> Timestamp {
        self.timestamp()
    }
}

/// The engine's chance: the seed's.
impl<D: Ord + Copy + Send + 'static> Dice for Kernel<D> {
    fn roll(&self) -> u64 {
        self.inner().chance.u64(..)
    }
}
