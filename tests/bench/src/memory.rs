//! The resident memory of `write`, in a process of its own: the engine, the store's and the vendors' clients and the handler as on AWS. The
//! store and the vendors are this process's, over loopback. Not in it: the Lambda runtime's own client and the SQS client.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use aws_lambda_events::event::sqs::SqsEvent;
use serde::{Deserialize, Serialize};
use serde_json::json;
use syncline_aws::{Aws, DynamoStore, SystemDice};
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::outbox::{Message, Outbox, OutboxError};
use syncline_engine::write::Delivery;
use syncline_model::{ConnectionName, Deadline, Side, Timestamp};
use syncline_registry::{Adapters, InstallationKey, assemble, fill_required};
use syncline_sql::HttpAndSql;

use crate::live;
use crate::process;
use crate::report::{self, Aim, Amount, Figure, Report};
use crate::scene::{Bundles, KEY, Scene, SettingsOf, config};
use crate::unmeasured::{Measured, Unmeasured};

const SECTION: &str = "memory";
/// The word after `--only` that makes a run the measured process.
pub(crate) const ONLY: &str = "write-memory";
const AIM_MIB: u64 = 30;
const TABLE: &str = "syncline";
const RUN: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);

/// The measured process's work.
#[derive(Serialize, Deserialize)]
struct Job {
    recipe: String,
    settings: SettingsOf,
    store_endpoint: String,
    now: Timestamp,
    /// Each connection, and the file with its event as Lambda gives it: one at a time, as there.
    events: Vec<(ConnectionName, PathBuf)>,
}

/// What the measured process tells.
#[derive(Serialize, Deserialize)]
struct Told {
    /// Before anything was built.
    begin_kib: u64,
    /// With the engine put together and nothing handled.
    idle_kib: u64,
    /// The most so far, after each event.
    peaks_kib: Vec<u64>,
    written: u64,
    /// What became of the changes, for when they were not all written.
    ends: String,
}

/// Answers the most memory of all batches, in KiB.
pub(crate) async fn measure(scene: &Scene, report: &mut Report) -> Measured<u64> {
    live::edit(scene, 1)?;
    // A database's feed stops before what may still be open beside it: what it held back, the next poll tells.
    let wanted = 2 * u64::from(scene.size.edits);
    let mut queued = scene.poll().await?;
    while queued < wanted {
        match scene.poll().await? {
            0 => break,
            more => queued += more,
        }
    }
    let sync = scene.sync()?;
    let mut events = Vec::new();
    let mut taken: Vec<Delivery> = Vec::new();
    for side in [Side::Left, Side::Right] {
        let connection = sync.ends.of(side).connection.clone();
        let mut deliveries = Vec::new();
        // On AWS one event holds as many messages as there are; a local worker takes fewer at once.
        loop {
            let more = scene.receive(&connection).await?;
            if more.is_empty() {
                break;
            }
            deliveries.extend(more);
        }
        let records: Vec<_> = deliveries
            .iter()
            .map(|delivery| json!({ "messageId": delivery.id, "body": delivery.body, "attributes": {}, "messageAttributes": {} }))
            .collect();
        let file = scene.folder.path().join(format!("{connection}-event.json"));
        let event = json!({ "Records": records }).to_string();
        std::fs::write(&file, event).map_err(|error| Unmeasured::new("the memory of write", error))?;
        events.push((connection, file));
        taken.extend(deliveries);
    }
    let (recipe, settings) = (scene.recipe.name().to_owned(), scene.traffic.settings());
    let job = Job { recipe, settings, store_endpoint: scene.store_endpoint().to_owned(), now: scene.now(), events };
    let told = ask_child(scene, &job).await?;
    scene.done(&taken).await?;
    let edits = 2 * u64::from(scene.size.edits);
    if told.written != edits {
        return Err(Unmeasured::new("the memory of write", format!("it wrote {} of {edits} changes: {}", told.written, told.ends)));
    }
    let mib = |kib: u64| Amount::per(kib, 1024);
    report.add(Figure::new(SECTION, "write: resident at its start", mib(told.begin_kib), "MiB"));
    report.add(Figure::new(SECTION, "write: resident with the engine and its clients", mib(told.idle_kib), "MiB"));
    for ((connection, _), peak_kib) in job.events.iter().zip(&told.peaks_kib) {
        let what = format!("write: peak resident after a batch of {} changes for {connection}", scene.size.edits);
        report.add(Figure::new(SECTION, what, mib(*peak_kib), "MiB").aim(Aim::AtMost(Amount::count(AIM_MIB))));
    }
    Ok(told.peaks_kib.into_iter().max().unwrap_or_default())
}

async fn ask_child(scene: &Scene, job: &Job) -> Measured<Told> {
    let fail = |problem: String| Unmeasured::new("the memory of write", problem);
    let file = scene.folder.path().join("write-memory.json");
    let text = serde_json::to_string(job).map_err(|error| fail(error.to_string()))?;
    std::fs::write(&file, text).map_err(|error| fail(error.to_string()))?;
    let program = std::env::current_exe().map_err(|error| fail(error.to_string()))?;
    let child = tokio::process::Command::new(program).arg("--only").arg(ONLY).arg(&file).stdout(Stdio::piped()).spawn();
    let output = child.map_err(|error| fail(error.to_string()))?.wait_with_output().await.map_err(|error| fail(error.to_string()))?;
    if !output.status.success() {
        return Err(fail(format!("its process ended with {}", output.status)));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| fail(error.to_string()))
}

/// The measured process.
pub(crate) async fn child(file: &str) -> Measured<()> {
    let begin_kib = process::resident_kib()?;
    let fail = |problem: String| Unmeasured::new("the memory of write", problem);
    let job: Job = {
        let text = std::fs::read_to_string(file).map_err(|error| fail(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| fail(error.to_string()))?
    };
    let clock = Arc::new(Still(job.now));
    let dice = Arc::new(SystemDice);
    let outbox = Arc::new(Counted::default());
    let adapters = Adapters {
        store: Arc::new(DynamoStore::new(Aws::at(&job.store_endpoint), TABLE, clock.clone(), dice.clone())),
        outbox: outbox.clone(),
        secrets: Arc::new(Bundles::of_simulators()),
        http: Arc::new(HttpAndSql::new(clock.clone())),
        clock,
        dice,
    };
    let config = config(&job.recipe, &job.settings)?;
    let mut engine = assemble(&config, &adapters, &InstallationKey::new(KEY)).map_err(|problems| fail(format!("{problems:?}")))?;
    let by = Deadline(job.now + RUN);
    fill_required(&config, &mut engine, by).await;
    let idle_kib = process::resident_kib()?;
    let mut peaks_kib = Vec::new();
    for (connection, event) in &job.events {
        // The runtime forgets an event's text once it is read.
        let event: SqsEvent = {
            let text = std::fs::read(event).map_err(|error| fail(error.to_string()))?;
            serde_json::from_slice(&text).map_err(|error| fail(error.to_string()))?
        };
        let answer = syncline_write::handle(&engine, connection, event, by).await;
        if !answer.batch_item_failures.is_empty() {
            return Err(fail(format!("{} messages were not finished", answer.batch_item_failures.len())));
        }
        peaks_kib.push(process::peak_resident_kib()?);
    }
    let written = engine.counts.all().values().map(|counts| counts.updated).sum();
    let ends = format!("{:?}", engine.counts.all());
    let told = Told { begin_kib, idle_kib, peaks_kib, written, ends };
    report::answer(&serde_json::to_string(&told).map_err(|error| fail(error.to_string()))?);
    Ok(())
}

/// The moment at which the job was made.
struct Still(Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Takes messages and forgets them: after the figure nothing goes on.
#[derive(Default)]
struct Counted(AtomicU64);

#[async_trait]
impl Outbox for Counted {
    async fn send(&self, messages: Vec<Message>) -> Result<(), OutboxError> {
        self.0.fetch_add(messages.len() as u64, Ordering::Relaxed);
        Ok(())
    }
}
