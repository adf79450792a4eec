//! The run: schedules, workers, backfills, sweeps and the listener of one installation, in one process.
//!
//! Nobody waits by looking again and again: a worker wakes when a message arrives or falls due, a schedule at its next time, and
//! whoever waits for quiet when something has happened.
//! Stopping: every task ends after what it has in hand; what is cut off instead comes again at the next start, because messages, leases
//! and journals are durable.

use std::fs::File;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jiff::SignedDuration;
use syncline_engine::{backfill, state};
use syncline_model::{ConnectionName, Side, Timestamp};
use syncline_webhook::Doors;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::board::Board;
use crate::installation::Installation;
use crate::report::{self, Ended, NoProgress, Progress, Report};
use crate::stop::{Stop, Wish};
use crate::{Listener, MAP_PATH, QueueError, RecordMap, tasks};

/// Answers a request to the listener that is no webhook.
pub type Handler = Arc<dyn Fn(Request<Bytes>) -> Answer + Send + Sync>;
pub type Answer = Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>;

/// How long pieces of work may take, and how large they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How often each side is polled, in place of the config's schedules.
    pub poll: Option<SignedDuration>,
    /// One turn of a pull, a backfill or a sweep. After a crash so much may pass until another turn gets its lease.
    pub turn: SignedDuration,
    /// One batch of a worker.
    pub batch: SignedDuration,
    /// Messages that a worker takes at once.
    pub messages: u32,
    /// How often progress is drawn.
    pub draw: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            poll: None,
            turn: SignedDuration::from_secs(20),
            batch: SignedDuration::from_mins(10),
            // Up to two thousand changes: whole calls of vendors that take 200, 400 or 1,000 records, also where a page filled its message only
            // in part; and few enough for one that takes one record a call.
            messages: 20,
            draw: Duration::from_secs(1),
        }
    }
}

/// What a run is to do.
pub struct Options {
    /// Ends when nothing is left to do; otherwise it goes on until it is stopped.
    pub until_quiet: bool,
    pub pace: Pace,
    /// Where webhooks, the map and the panel are answered.
    pub listener: Option<Listener>,
    /// Answers `MAP_PATH`.
    pub map: Option<Arc<RecordMap>>,
    /// Everything that is neither; 404 without it.
    pub panel: Option<Handler>,
    pub progress: Arc<dyn Progress>,
    pub stop: Stop,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            until_quiet: false,
            pace: Pace::default(),
            listener: None,
            map: None,
            panel: None,
            progress: Arc::new(NoProgress),
            stop: Stop::default(),
        }
    }
}

/// Why there was no run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("another syncline runs on {folder} already; stop it first")]
    Running { folder: String },
    #[error("the data folder: {0}")]
    Folder(std::io::Error),
    #[error("{0}")]
    Queue(QueueError),
}

/// What all tasks of a run share.
pub(crate) struct Shared {
    pub(crate) installation: Arc<Installation>,
    pub(crate) board: Board,
    pub(crate) pace: Pace,
    pub(crate) stop: Stop,
}

impl Shared {
    pub(crate) fn now(&self) -> Timestamp {
        self.installation.engine.now()
    }

    /// Waits for the moment, a change, or the wish to stop: whichever comes first.
    pub(crate) async fn wait(&self, until: Option<Timestamp>, changes: &mut watch::Receiver<u64>) {
        let happens = async {
            tokio::select! {
                () = self.stop.reached(Wish::Finish) => {}
                happened = changes.changed() => drop(happened),
            }
        };
        let Some(until) = until else { return happens.await };
        let left = Duration::try_from(until.duration_since(self.now())).unwrap_or_default();
        // A moment that has come is no reason to keep others from running.
        drop(timeout(left.max(Duration::from_millis(1)), happens).await);
    }
}

/// Runs the installation until it is quiet or stopped.
pub async fn run(installation: Arc<Installation>, options: Options) -> Result<Report, RunError> {
    let _running = lock(&installation.folder)?;
    let Options { until_quiet, pace, listener, map, panel, progress, stop } = options;
    let began = installation.engine.now();
    installation.queue.release_all(began).await.map_err(RunError::Queue)?;
    let shared = Arc::new(Shared { installation: installation.clone(), board: Board::default(), pace, stop: stop.clone() });
    let mut set = JoinSet::new();
    tasks::spawn_all(&shared, &mut set);
    if let Some(listener) = listener {
        let doors = Arc::new(Doors::new(&installation.config, installation.secrets.clone()));
        let (engine, stopping) = (installation.engine.clone(), stop.clone());
        set.spawn(async move {
            let handler = move |request: Request<Bytes>| {
                let (engine, doors, map, panel) = (engine.clone(), doors.clone(), map.clone(), panel.clone());
                async move { answer(&engine, &doors, map, panel, request).await }
            };
            listener.serve(handler, async move { stopping.reached(Wish::Finish).await }).await;
        });
    }
    let drawing = async {
        let mut ticks = tokio::time::interval(pace.draw);
        loop {
            ticks.tick().await;
            look(&shared).await;
            let rests = is_empty(&shared).await.unwrap_or(false);
            progress.update(&report::snapshot(&installation, &shared.board, seconds_since(&installation, began), rests));
        }
    };
    let (ended, writes_after_quiet) = tokio::select! {
        () = drawing => (Ended::Stopped, 0),
        () = stop.reached(Wish::Finish) => (Ended::Stopped, 0),
        quiet = quiet(&shared), if until_quiet => quiet,
    };
    stop.wish(Wish::Finish);
    let finished = async { while set.join_next().await.is_some() {} };
    tokio::select! {
        () = finished => {}
        () = stop.reached(Wish::AtOnce) => {}
    }
    // What is still at work is cut off where it stands.
    set.shutdown().await;
    let rests = is_empty(&shared).await.unwrap_or(false);
    progress.update(&report::snapshot(&installation, &shared.board, seconds_since(&installation, began), rests));
    Ok(Report {
        ended,
        sides: report::sides(&installation),
        usage: report::usage(&installation),
        cost: report::cost(&installation),
        seconds: seconds_since(&installation, began),
        memory_peak_kib: report::memory_peak_kib(),
        writes_after_quiet,
        dead_letters: dead_letters(&shared).await.map_err(RunError::Queue)?,
    })
}

/// How far the backfills are within their turns, for drawing.
async fn look(shared: &Shared) {
    for sync in shared.installation.engine.syncs.iter().filter(|sync| !shared.board.is_backfilled(&sync.name)) {
        // What cannot be read now is drawn at the next tick.
        if let Ok(progress) = backfill::status(&shared.installation.engine, sync).await {
            shared.board.show(&sync.name, progress);
        }
    }
}

/// What the one process holds that works on a folder.
pub(crate) fn lock(folder: &Path) -> Result<File, RunError> {
    let path = folder.join("running.lock");
    let file = File::options().write(true).create(true).truncate(false).open(path).map_err(RunError::Folder)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(RunError::Running { folder: folder.display().to_string() }),
        Err(std::fs::TryLockError::Error(error)) => Err(RunError::Folder(error)),
    }
}

fn seconds_since(installation: &Installation, began: Timestamp) -> u64 {
    u64::try_from(installation.engine.now().duration_since(began).as_secs()).unwrap_or_default()
}

async fn answer(
    engine: &syncline_engine::Engine,
    doors: &Doors,
    map: Option<Arc<RecordMap>>,
    panel: Option<Handler>,
    request: Request<Bytes>,
) -> Response<Bytes> {
    if request.uri().path().starts_with("/webhooks/") {
        return syncline_webhook::handle(engine, doors, request).await;
    }
    if let Some(map) = map.filter(|_| request.uri().path() == MAP_PATH) {
        return map.answer(&request).await;
    }
    if let Some(panel) = panel {
        return panel(request).await;
    }
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// Every connection that a sync writes to.
pub(crate) fn connections(shared: &Shared) -> Vec<ConnectionName> {
    shared.installation.config.connections.keys().cloned().collect()
}

/// Resolves when nothing is left to do: every backfill is done, every queue empty, and a poll of every side after that found nothing. Then
/// one more poll tells how many writes follow from nothing.
async fn quiet(shared: &Shared) -> (Ended, u64) {
    let mut rested = false;
    let mut before = 0;
    loop {
        match quiet_round(shared).await {
            Ok(Some(stopped)) => return (stopped, 0),
            Ok(None) if rested => return (Ended::Quiet, report::writes(&shared.installation) - before),
            Ok(None) => {
                rested = true;
                before = report::writes(&shared.installation);
            }
            Err(error) => {
                tracing::error!("the run cannot tell whether it is quiet: {error}");
                let (_open, mut never) = watch::channel(0);
                shared.wait(Some(shared.now() + SignedDuration::from_secs(1)), &mut never).await;
            }
        }
    }
}

/// Waits until a whole round has nothing to do; or says why that will not be.
async fn quiet_round(shared: &Shared) -> Result<Option<Ended>, Box<dyn std::error::Error + Send + Sync>> {
    let sides = shared.installation.engine.syncs.len() * 2;
    let mut changes = shared.board.changes();
    let mut asked: Option<(u64, u64)> = None;
    loop {
        changes.borrow_and_update();
        if let Some(stopped) = stopped_connection(shared).await? {
            return Ok(Some(stopped));
        }
        let backfilled = shared.installation.engine.syncs.iter().all(|sync| shared.board.is_backfilled(&sync.name));
        if backfilled && is_empty(shared).await? {
            match asked {
                Some((round, activity)) if shared.board.has_polled(sides, round) => {
                    if shared.board.activity() == activity {
                        return Ok(None);
                    }
                    asked = None;
                    continue;
                }
                Some(_) => {}
                None => {
                    let activity = shared.board.activity();
                    asked = Some((shared.board.want_round(), activity));
                }
            }
        }
        shared.wait(None, &mut changes).await;
        if shared.stop.is_wished() {
            return Ok(Some(Ended::Stopped));
        }
    }
}

async fn stopped_connection(shared: &Shared) -> Result<Option<Ended>, syncline_engine::EngineError> {
    for sync in &shared.installation.engine.syncs {
        for side in [Side::Left, Side::Right] {
            let connection = &sync.ends.of(side).connection;
            if let Some(stopped) = state::stopped(&shared.installation.engine, connection).await? {
                return Ok(Some(Ended::ConnectionStopped { connection: connection.clone(), hint: stopped.hint }));
            }
        }
    }
    Ok(None)
}

async fn is_empty(shared: &Shared) -> Result<bool, QueueError> {
    for connection in connections(shared) {
        let counts = shared.installation.queue.counts(&connection, shared.now()).await?;
        if counts.waiting + counts.delayed + counts.in_flight > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn dead_letters(shared: &Shared) -> Result<u64, QueueError> {
    let mut dead = 0;
    for connection in connections(shared) {
        dead += shared.installation.queue.counts(&connection, shared.now()).await?.dead;
    }
    Ok(dead)
}
