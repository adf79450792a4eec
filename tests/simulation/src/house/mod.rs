//! The installation: functions in containers that come and go, schedules, queues that hand out work, an operator. Everything between the
//! engine and the world that AWS would be.

mod container;
mod operator;
mod script;
mod sweeps;
mod turmoil;
mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use syncline_config::Config;
use syncline_engine::pull::Pulled;
use syncline_engine::sweep::SweepProgress;
use syncline_engine::{Engine, EngineError, backfill, history};
use syncline_model::{Side, Timestamp};
use syncline_registry::{Adapters, InstallationKey};

use crate::auditor::Auditor;
use crate::kernel::{Event, Kernel, Killed, Millis, TaskId};
use crate::ports::queue::SimulatedQueue;
use crate::ports::secrets::SimulatedSecrets;
use crate::ports::store::SimulatedStore;
use crate::ports::wire::Wire;
use crate::scenario::{Emphasis, Mood, Recipe, Scenario};
use crate::vendors::Vendors;
use crate::workload::Workload;

pub use operator::MOVES;
pub(crate) use script::Watch;
pub use turmoil::{AFFAIRS, Affair};

/// The kernel of a run.
pub type Turns = Kernel<Duty>;

/// What the house has planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    /// A schedule fires.
    Pull(Side),
    /// The same schedule fires once more: schedulers promise at least once.
    PullAgain(Side),
    /// A message may have become visible.
    Deliver,
    /// A user does something.
    User,
    /// Somebody does what follows from something, by its number.
    Afterwards(usize),
    /// A webhook tells of a record, by its number in the list of those to come.
    Webhook(usize),
    /// The backfill goes on.
    Backfill,
    /// A mapping (by its number) is compared on a side.
    Sweep(usize, Side),
    Operator,
    /// Something befalls the installation.
    Affair(Affair),
    /// Troubles and users end.
    Calm,
}

/// What an invocation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Pull(Side),
    /// The worker that writes to this side.
    Write(Side),
    Webhook,
    Backfill,
    Sweep(usize, Side),
    Operator,
}

/// How an invocation ended.
#[derive(Debug)]
pub enum Ended {
    Pulled(Pulled),
    /// The deliveries that are not finished.
    Wrote(Vec<String>),
    Backfilled(backfill::Progress),
    Swept(SweepProgress),
    Done,
    Failed(String),
}

impl From<EngineError> for Ended {
    fn from(error: EngineError) -> Self {
        Self::Failed(error.to_string())
    }
}

type Work = Pin<Box<dyn Future<Output = (Ended, Option<Rc<Engine>>)>>>;

struct Task {
    role: Role,
    work: Work,
    began: Millis,
    generation: usize,
    deliveries: Vec<u64>,
}

/// What the last complete reading of a side said.
#[derive(Clone, Copy, Debug, Default)]
struct Read {
    quiet_since: Option<Millis>,
}

pub struct House {
    pub kernel: Turns,
    pub mood: Arc<Mood>,
    pub vendors: Arc<Vendors>,
    pub store: Arc<SimulatedStore>,
    pub queue: Arc<SimulatedQueue>,
    pub scenario: Scenario,
    pub configs: Vec<Rc<Config>>,
    /// Which config holds.
    pub generation: usize,
    /// By config: the fields that it leaves out.
    unmapped: Vec<&'static [&'static str]>,
    visible_after: Millis,
    provisions: bool,
    pub auditor: Auditor,
    pub workload: Workload,
    adapters: Adapters,
    key: InstallationKey,
    idle: BTreeMap<Role, Vec<(usize, Rc<Engine>)>>,
    tasks: BTreeMap<TaskId, Task>,
    reads: [Read; 2],
    backfilled: bool,
    /// The sweeps of the final round that are still to be made, once it has begun.
    sweeps_open: Option<BTreeSet<(usize, Side)>>,
    /// When something last changed at a vendor, or a message was last sent.
    stirred: Millis,
    paused: BTreeSet<Side>,
    /// When users and troubles end.
    pub(crate) calm_at: Millis,
    pub(crate) killed: u64,
    pub(crate) invocations: u64,
}

/// A message stays hidden so much longer than its function may run.
const HIDDEN_LONGER: Millis = 30_000;
/// A world that does more than this does not come to rest: messages that call up messages.
const EFFECTS_MAX: u64 = 400_000;

impl House {
    pub fn new(scenario: Scenario, mood: Mood, recipe: Recipe, kernel: Turns) -> Self {
        let mood = Arc::new(mood);
        let facts = syncline_registry::system_facts();
        let configs: Vec<Rc<Config>> = recipe
            .configs
            .iter()
            .map(|text| Rc::new(syncline_config::read(text, "syncline.yaml", &facts).unwrap_or_else(|problems| panic!("{problems:?}"))))
            .collect();
        let vendors = Arc::new(Vendors::new(recipe.left, recipe.right, kernel.timestamp()));
        let store = Arc::new(SimulatedStore::new(kernel.clone(), mood.clone()));
        let queue = Arc::new(SimulatedQueue::new(kernel.clone(), mood.clone()));
        let adapters = Adapters {
            store: store.clone(),
            outbox: queue.clone(),
            clock: Arc::new(kernel.clone()),
            dice: Arc::new(kernel.clone()),
            secrets: Arc::new(SimulatedSecrets::new(kernel.clone(), recipe.secrets)),
            http: Arc::new(Wire { kernel: kernel.clone(), mood: mood.clone(), vendors: vendors.clone() }),
        };
        let now = kernel.millis();
        let auditor = Auditor::new(&scenario, recipe.sync, recipe.objects.clone());
        let mut auditor = auditor;
        for (side, share) in [(Side::Left, recipe.shares[0]), (Side::Right, recipe.shares[1])] {
            auditor.granted(side, configs[0].syncs[0].connection(side).as_str(), share);
        }
        let workload = Workload::new(&scenario, recipe.objects, recipe.acts);
        Self {
            kernel,
            mood,
            vendors,
            store,
            queue,
            scenario,
            configs,
            generation: 0,
            unmapped: recipe.unmapped,
            visible_after: 1_000 * i64::from(recipe.visible_after_s),
            provisions: recipe.provisions,
            auditor,
            workload,
            adapters,
            key: InstallationKey::new([7; 32]),
            idle: BTreeMap::new(),
            tasks: BTreeMap::new(),
            reads: [Read::default(); 2],
            backfilled: false,
            sweeps_open: None,
            stirred: now,
            paused: BTreeSet::new(),
            calm_at: now,
            killed: 0,
            invocations: 0,
        }
    }

    /// Fills the accounts, and turns the sync on. Without a backfill users begin once each feed has been read once: what was there before is left
    /// alone.
    pub fn open(&mut self) {
        if self.provisions {
            self.provision();
        }
        self.workload.populate(&self.kernel, &self.vendors);
        self.listen();
        let now = self.kernel.millis();
        self.backfilled = !self.scenario.backfill;
        if self.scenario.backfill {
            self.kernel.plan(now, Event::Duty(Duty::Backfill));
        }
        for side in [Side::Left, Side::Right] {
            self.kernel.plan(now + self.kernel.between(0, self.scenario.pull_every), Event::Duty(Duty::Pull(side)));
        }
        while !self.scenario.backfill && self.reads.iter().any(|read| read.quiet_since.is_none()) {
            self.step();
        }
        self.auditor.turned_on();
        self.begin_turmoil();
    }

    fn mappings(&self) -> usize {
        self.configs[self.generation].syncs[0].mappings.len()
    }

    /// Lets everything happen until the world is quiet, or this moment has come. Answers whether it is quiet.
    pub fn run_until_quiet(&mut self, end: Millis) -> bool {
        loop {
            if self.is_quiet() {
                return true;
            }
            if self.kernel.next_at().is_none_or(|at| at > end) || self.kernel.effects() > EFFECTS_MAX {
                return false;
            }
            self.step();
        }
    }

    /// Lets everything happen until this moment.
    pub fn run_until(&mut self, end: Millis) {
        while self.kernel.next_at().is_some_and(|at| at <= end) && self.kernel.effects() <= EFFECTS_MAX {
            self.step();
        }
    }

    fn step(&mut self) {
        let Some(event) = self.kernel.next() else { return };
        match event {
            Event::Wake(task) => self.wake(task),
            Event::Deadline(task) => {
                if self.tasks.contains_key(&task) {
                    self.kernel.note(|| format!("#{} ran out of time", task.0));
                    self.kernel.happened("a function runs out of time");
                    self.kill(task);
                }
            }
            Event::Duty(duty) => self.perform(duty),
        }
        for side in [Side::Left, Side::Right] {
            self.vendors.settle(side, self.kernel.timestamp());
        }
        self.listen();
    }

    fn perform(&mut self, duty: Duty) {
        let now = self.kernel.millis();
        match duty {
            Duty::Pull(side) => {
                self.pulls(side);
                self.kernel.plan(now + self.scenario.pull_every, Event::Duty(Duty::Pull(side)));
            }
            Duty::PullAgain(side) => self.invoke(Role::Pull(side)),
            Duty::Deliver => self.deliver(),
            Duty::User => self.user_acts(),
            Duty::Afterwards(number) => self.act_afterwards(number),
            Duty::Webhook(number) => self.webhook(number),
            Duty::Backfill => {
                if !self.backfilled {
                    self.invoke(Role::Backfill);
                }
            }
            Duty::Sweep(mapping, side) => self.sweep(mapping, side),
            Duty::Operator => self.operate(),
            Duty::Affair(affair) => self.befall(affair),
            Duty::Calm => self.become_calm(),
        }
    }

    /// Nothing is under way, and each side was read to its end, without news, since something last happened.
    fn is_quiet(&self) -> bool {
        // Rows that become visible late are seen by then.
        let settled = self.stirred + self.visible_after + 30_000;
        self.mood.is_calm()
            && self.backfilled
            && self.tasks.is_empty()
            && self.queue.is_empty()
            && self.sweeps_open.as_ref().is_none_or(BTreeSet::is_empty)
            && self.reads.iter().all(|read| read.quiet_since.is_some_and(|since| since > settled))
    }

    /// The auditor hears what happened in the last step.
    fn listen(&mut self) {
        let news = self.vendors.take_news();
        let written = self.store.take_written();
        let sent = self.queue.take_taken_in();
        if !sent.is_empty() || news.iter().any(|news| matches!(news, crate::vendors::News::Changed(_))) {
            self.stirred = self.kernel.millis();
        }
        if self.scenario.emphasis == Emphasis::Newborns && self.kernel.millis() < self.calm_at {
            self.workload.notice(&self.kernel, &news);
            self.plan_afterwards();
        }
        self.auditor.lost_transactions(&self.store.take_lost());
        self.auditor.hear(&self.kernel, &self.vendors, &self.store, &news, &written, &sent);
    }

    fn wake(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        match self.kernel.turn(id, &mut task.work) {
            Err(Killed) => {
                self.kernel.note(|| format!("#{} is killed", id.0));
                self.kernel.happened("a function is killed");
                self.kill(id);
            }
            Ok(Poll::Pending) => {}
            Ok(Poll::Ready((ended, engine))) => {
                self.listen();
                if !self.kernel.end(id) {
                    self.auditor.ended_well(id, self.kernel.millis());
                }
                let Some(task) = self.tasks.remove(&id) else { return };
                if let Some(engine) = engine {
                    self.idle.entry(task.role).or_default().push((task.generation, engine));
                }
                self.ended(id, task.role, task.began, &task.deliveries, ended);
            }
        }
    }

    fn kill(&mut self, id: TaskId) {
        self.kernel.end(id);
        self.listen();
        self.auditor.died(id);
        self.killed += 1;
        let Some(task) = self.tasks.remove(&id) else { return };
        let role = task.role;
        drop(task);
        self.lost(role);
    }

    fn ended(&mut self, id: TaskId, role: Role, began: Millis, deliveries: &[u64], ended: Ended) {
        let now = self.kernel.millis();
        match ended {
            Ended::Pulled(pulled) => {
                if let Role::Pull(side) = role {
                    self.kernel.note(|| {
                        let Pulled { pages, read, queued, unchanged, caught_up, .. } = &pulled;
                        let stopped = pulled.stopped.as_deref().unwrap_or(if *caught_up { "read to the end" } else { "goes on later" });
                        format!("pull {side}: {pages} pages, {read} records, {queued} queued, {unchanged} known already; {stopped}")
                    });
                    self.auditor.said(pulled.stopped.as_deref().unwrap_or_default());
                    let read = &mut self.reads[usize::from(side == Side::Right)];
                    if pulled.queued > 0 {
                        read.quiet_since = None;
                    } else if pulled.caught_up {
                        read.quiet_since = Some(began);
                    }
                }
            }
            Ended::Wrote(unfinished) => {
                self.auditor.worked(id, unfinished.is_empty());
                self.wrote(deliveries, &unfinished);
            }
            Ended::Backfilled(progress) => {
                self.kernel.note(|| format!("backfill: {:?}; {}", progress.phase, progress.stopped.as_deref().unwrap_or("as planned")));
                if progress.phase == backfill::Phase::Done {
                    self.backfilled = true;
                    self.stirred = now;
                } else {
                    let again = self.again(progress.again_at, progress.stopped.is_some());
                    self.kernel.plan(again, Event::Duty(Duty::Backfill));
                }
            }
            Ended::Swept(progress) => {
                if let Role::Sweep(mapping, side) = role {
                    self.swept(mapping, side, &progress);
                }
            }
            Ended::Done => self.kernel.note(|| format!("#{} ended", id.0)),
            Ended::Failed(why) => {
                self.auditor.said(&why);
                self.kernel.note(|| format!("#{} failed: {why}", id.0));
                self.lost(role);
            }
        }
    }

    /// When work that is not finished goes on: at the time it names, soon, or, where it stands before an obstacle, in a while.
    fn again(&self, at: Option<Timestamp>, stopped: bool) -> Millis {
        let now = self.kernel.millis();
        let least = if stopped { 5 * 60_000 } else { 1_000 };
        at.map_or(now, Timestamp::as_millisecond).max(now + least)
    }

    /// What has to come again by itself where an invocation did not end well.
    fn lost(&mut self, role: Role) {
        let soon = self.kernel.millis() + 60_000;
        match role {
            Role::Backfill => self.kernel.plan(soon, Event::Duty(Duty::Backfill)),
            Role::Sweep(mapping, side) => self.kernel.plan(soon, Event::Duty(Duty::Sweep(mapping, side))),
            // What was handed out again meanwhile waited for a free worker.
            Role::Write(_) => self.kernel.plan(self.kernel.millis(), Event::Duty(Duty::Deliver)),
            // The schedule brings these again. A webhook is a hint.
            Role::Pull(_) | Role::Webhook | Role::Operator => {}
        }
    }

    /// Judges the world at rest.
    pub fn audit(&mut self) {
        let engine = self.outside();
        let sync = &engine.syncs[0];
        let mut histories = BTreeMap::new();
        for mapping in &sync.mappings {
            let kind = mapping.kind.of(Side::Left).as_str();
            for left in self.vendors.live(Side::Left, kind).into_keys() {
                let entries = now_or_never(history::list(&engine, sync, &mapping.name, &left.as_str().into(), 1_000));
                let told = entries.map(|entries| serde_json::to_string(&entries).unwrap_or_default()).unwrap_or_default();
                histories.insert((mapping.name.to_string(), left), told);
            }
        }
        self.auditor.at_rest(&self.vendors, &self.store.all(), &histories);
    }

    /// An engine for somebody who looks in from outside: nothing takes time, nothing fails.
    pub fn outside(&self) -> Engine {
        syncline_registry::assemble(&self.configs[self.generation], &self.adapters, &self.key)
            .unwrap_or_else(|problems| panic!("{problems:?}"))
    }
}

/// Runs what never waits: outside a task no effect takes time.
fn now_or_never<T>(work: impl Future<Output = T>) -> T {
    match std::pin::pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("nothing waits outside a task"),
    }
}
