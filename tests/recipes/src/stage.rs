//! The engine between two systems, whichever they are: on its embedded store and queue, with a clock that the test moves.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use syncline_config::{Config, HistoryMode};
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::connector::FieldWish;
use syncline_engine::ports::http::Http;
use syncline_engine::status::{Status, status};
use syncline_engine::write::Delivery;
use syncline_engine::{Engine, Sync, backfill, hold, preflight, pull};
use syncline_local::{EmbeddedQueue, EmbeddedStore};
use syncline_model::{Deadline, FieldSchema, FieldType, Side};
use syncline_registry::{Adapters, InstallationKey, assemble, fill_required, system_facts};

use crate::{CountingDice, Memory, TestClock};

/// How long a run may take, in virtual time.
const RUN: SignedDuration = SignedDuration::from_mins(10);
const SIDES: [Side; 2] = [Side::Left, Side::Right];

/// Everything but the two systems.
pub struct Stage {
    pub clock: Arc<TestClock>,
    pub secrets: Arc<Memory>,
    pub engine: Engine,
    pub queue: EmbeddedQueue,
    pub config: Config,
    _store: EmbeddedStore,
    _folder: tempfile::TempDir,
}

impl Stage {
    /// Reads the config and puts the engine together. `http` is the way to both systems.
    pub async fn new(text: &str, clock: Arc<TestClock>, secrets: Arc<Memory>, http: Arc<dyn Http>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let dice = Arc::new(CountingDice::default());
        let store = EmbeddedStore::start(folder.path(), clock.clone(), dice.clone()).await.expect("the embedded store");
        let queue = EmbeddedQueue::open(folder.path(), 5).await.expect("the embedded queue");
        let config =
            syncline_config::read(text, "syncline.yaml", &system_facts()).unwrap_or_else(|problems| panic!("the config: {problems:?}"));
        let adapters = Adapters {
            store: Arc::new(store.store()),
            outbox: Arc::new(queue.clone()),
            clock: clock.clone(),
            dice,
            secrets: secrets.clone(),
            http,
        };
        let engine =
            assemble(&config, &adapters, &InstallationKey::new([7; 32])).unwrap_or_else(|problems| panic!("the engine: {problems:?}"));
        Self { clock, secrets, engine, queue, config, _store: store, _folder: folder }
    }

    /// Asks both systems which fields they demand, as every run does before it works.
    pub async fn learn_required(&mut self) {
        let by = self.by();
        let unknown = fill_required(&self.config, &mut self.engine, by).await;
        assert_eq!(unknown, Vec::<String>::new());
    }

    /// Makes the link fields that the systems do not have.
    pub async fn provision(&self) {
        for mapping in &self.sync().mappings {
            for side in SIDES {
                let Some(field) = mapping.link_field.of(side) else { continue };
                let (kind, connector) = (mapping.kind.of(side), &self.sync().ends.of(side).connector);
                let known = connector.describe(kind, self.by()).await.expect("the metadata");
                if known.field(field.as_str()).is_some() {
                    continue;
                }
                let mut schema = FieldSchema::new(field.clone(), field.as_str(), FieldType::Text);
                schema.unique = true;
                schema.custom = true;
                schema.length = Some(40);
                connector.provision(&FieldWish { kind: kind.clone(), schema }, self.by()).await.expect("the link field is made");
            }
        }
    }

    /// What turning the sync on does: the backfill where the config wants one, and the first runs of the schedule.
    pub async fn turn_on(&self) {
        if self.config.syncs[0].history == HistoryMode::Backfill {
            backfill::begin(&self.engine, self.sync(), false).await.expect("the backfill begins");
            loop {
                let progress = backfill::step(&self.engine, self.sync(), self.by()).await.expect("a step of the backfill");
                self.drain().await;
                if progress.phase == backfill::Phase::Done {
                    break;
                }
                let at = progress.again_at.unwrap_or_else(|| self.now() + SignedDuration::from_secs(1));
                self.clock.advance_to(at);
            }
        }
        self.settle().await;
        self.clock.advance(SignedDuration::from_mins(1));
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn by(&self) -> Deadline {
        Deadline(self.now() + RUN)
    }

    pub fn sync(&self) -> &Sync {
        &self.engine.syncs[0]
    }

    /// One scheduled pull of a side.
    pub async fn pull(&self, side: Side) -> pull::Pulled {
        pull::pull(&self.engine, self.sync(), side, self.by()).await.expect("a pull")
    }

    /// Works on what is due in the queue of a side's connection, once. Answers how many messages there were.
    pub async fn work(&self, side: Side) -> usize {
        let connection = &self.sync().ends.of(side).connection;
        let received = self.queue.receive(connection, 50, 900, self.now()).await.expect("the queue");
        let list: Vec<Delivery> =
            received.iter().map(|delivery| Delivery { id: delivery.receipt.clone(), body: delivery.body.clone() }).collect();
        if list.is_empty() {
            return 0;
        }
        let unfinished = Box::pin(syncline_engine::write::write(&self.engine, connection, &list, self.by())).await;
        let done: Vec<String> = list.iter().map(|delivery| delivery.id.clone()).filter(|id| !unfinished.contains(id)).collect();
        self.queue.delete(&done).await.expect("the queue");
        for id in &unfinished {
            self.queue.release(id, self.now() + SignedDuration::from_secs(1)).await.expect("the queue");
        }
        list.len()
    }

    /// Works on the queues until they are empty; time moves as far as that takes.
    pub async fn drain(&self) {
        for _ in 0..2000 {
            if self.work(Side::Left).await + self.work(Side::Right).await > 0 {
                continue;
            }
            match self.next_due().await {
                None => return,
                Some(due) => self.clock.advance_to(due),
            }
        }
        panic!("the queues did not become empty: {:#?}", self.engine.counts.all());
    }

    /// When the next message of either queue falls due.
    async fn next_due(&self) -> Option<Timestamp> {
        let mut next: Option<Timestamp> = None;
        for side in SIDES {
            let due = self.queue.next_due(&self.sync().ends.of(side).connection).await.expect("the queue");
            next = next.into_iter().chain(due).min();
        }
        next
    }

    /// Pulls and works until nothing is left to do.
    pub async fn settle(&self) {
        let mut last = None;
        for _ in 0..100 {
            self.drain().await;
            let (left, right) = (self.pull(Side::Left).await, self.pull(Side::Right).await);
            let again = [&left, &right].into_iter().filter_map(|pulled| pulled.again_at).max();
            if let Some(at) = again {
                self.clock.advance_to(at);
            }
            if left.queued + right.queued == 0 && again.is_none() {
                return;
            }
            last = Some((left, right));
        }
        panic!("the world did not fall quiet: {last:?}");
    }

    /// Lets time pass and settles: what the schedules would do in it.
    pub async fn after(&self, time: SignedDuration) {
        self.clock.advance(time);
        self.settle().await;
    }

    /// Runs the configured schedules until then: each side is pulled when it is due, and the workers work in between. Answers when pulls took
    /// place.
    pub async fn run_schedules(&self, until: Timestamp) -> Vec<(Side, Timestamp)> {
        let mut pulls = Vec::new();
        let sync = &self.config.syncs[0];
        loop {
            let now = self.now();
            let next = SIDES.map(|side| (sync.schedule.of(side).next_after(now), side));
            let due = next.iter().map(|(at, _)| *at).min().expect("two sides");
            if let Some(message) = self.next_due().await
                && message < due.min(until)
            {
                self.clock.advance_to(message.max(now));
                while self.work(Side::Left).await + self.work(Side::Right).await > 0 {}
                continue;
            }
            if due > until {
                self.clock.advance_to(until);
                return pulls;
            }
            self.clock.advance_to(due);
            for (at, side) in next {
                if at == due {
                    self.pull(side).await;
                    pulls.push((side, at));
                }
            }
            while self.work(Side::Left).await + self.work(Side::Right).await > 0 {}
        }
    }

    pub async fn holds(&self) -> Vec<hold::Hold> {
        hold::list(&self.engine, &self.sync().name, 100).await.expect("the holds")
    }

    /// How many changes were skipped for this reason, seen on this side, over all mappings.
    pub fn skipped(&self, side: Side, reason: &str) -> u64 {
        let all = self.engine.counts.all();
        all.iter().filter(|((_, _, its), _)| *its == side).filter_map(|(_, counts)| counts.skipped.get(reason)).sum()
    }

    /// As `syncline status --count` shows it.
    pub async fn status(&self) -> Status {
        status(&self.engine, true).await.expect("the status")
    }

    pub async fn preflight(&self) -> preflight::Preflight {
        preflight::preflight(&self.engine, self.sync(), self.by()).await.expect("the preflight")
    }
}
