//! What travels through the queue. Tagged with its version, so that yesterday's message meets today's code; values are sealed.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use syncline_model::{MappingName, Record, RecordId, Side, SyncName, Timestamp};

use crate::ports::outbox::{BODY_BYTES_MAX, Message};
use crate::telemetry::Subject;
use crate::trace::TraceId;
use crate::{Engine, EngineError, Sync};

/// One record of `side` may differ from the base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub id: RecordId,
    /// The observation; `None`: it is read when the change is handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Record>,
    /// When it was first observed.
    pub since: Timestamp,
    pub cause: Cause,
    /// What is known of the counterpart of a record that is not linked.
    #[serde(default, skip_serializing_if = "Counterpart::is_unknown")]
    pub counterpart: Counterpart,
    #[serde(default)]
    pub attempt: u32,
    /// Everything was read for it, and then the budget did not allow the write: nothing was sent since the last look.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsent: bool,
    /// Its counterpart is gone, and the other side's worker has been asked what became of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asked: bool,
    /// Mapped fields, or the target's link field, that the target refused as taken, and that are left out.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub leave_out: BTreeSet<String>,
    /// Somebody asked for it to be written anew where nothing can be read back, also if nothing differs from the base.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resend: bool,
    /// The trace of the change that this one follows from; `None`: it is the first of its trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<TraceId>,
}

impl Change {
    pub fn hint(id: RecordId, since: Timestamp, cause: Cause) -> Self {
        let (counterpart, leave_out) = (Counterpart::Unknown, BTreeSet::new());
        Self { id, seen: None, since, cause, counterpart, attempt: 0, unsent: false, asked: false, leave_out, resend: false, follows: None }
    }

    pub fn seen(record: Record, since: Timestamp, cause: Cause) -> Self {
        Self { seen: Some(record.clone()), ..Self::hint(record.id, since, cause) }
    }

    /// What joins all that is said of it, and of what follows from it. However often it comes again, it is the same.
    pub(crate) fn trace(&self, at: Subject<'_>) -> TraceId {
        self.follows.clone().unwrap_or_else(|| TraceId::of(at.sync, at.mapping, at.side, &self.id, self.since))
    }
}

/// Where a change came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    Pull,
    /// The first listing of a feed that cannot tell changes showed it: nobody is known to have edited it.
    Listed,
    Webhook,
    Backfill,
    Sweep,
    /// The other side's worker found that this side must be written.
    Counterpart,
    /// A record that refers to it waits.
    Parent,
    /// The record it refers to is linked now.
    Child,
    /// A person released it.
    Release,
}

impl Cause {
    /// As it is written in messages, logs and histories.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Listed => "listed",
            Self::Webhook => "webhook",
            Self::Backfill => "backfill",
            Self::Sweep => "sweep",
            Self::Counterpart => "counterpart",
            Self::Parent => "parent",
            Self::Child => "child",
            Self::Release => "release",
        }
    }
}

/// What the match index of a backfill found out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counterpart {
    #[default]
    Unknown,
    /// Both sides were read: there is none.
    Alone,
    /// This one.
    Is(RecordId),
}

impl Counterpart {
    fn is_unknown(&self) -> bool {
        *self == Self::Unknown
    }
}

/// A record of `side` shall carry the id of its counterpart in its link field; an empty one: none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    pub id: RecordId,
    pub other: RecordId,
    /// When it was asked for; long ago for messages of earlier versions, which do not tell.
    #[serde(default)]
    pub since: Timestamp,
    #[serde(default)]
    pub attempt: u32,
    /// The change that it follows from; messages of earlier versions do not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceId>,
}

impl Stamp {
    pub fn new(id: RecordId, other: RecordId, since: Timestamp, trace: Option<TraceId>) -> Self {
        Self { id, other, since, attempt: 0, trace }
    }

    /// Whether it empties the link field.
    pub fn clears(&self) -> bool {
        self.other.as_str().is_empty()
    }
}

/// A message's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Work {
    ChangesV1 {
        sync: SyncName,
        mapping: MappingName,
        /// Where the records are; the queue is that of the other side's connection.
        side: Side,
        due: Timestamp,
        /// A sealed list of changes.
        changes: String,
    },
    StampsV1 {
        sync: SyncName,
        mapping: MappingName,
        /// Where the records are, and whose connection's queue this is.
        side: Side,
        due: Timestamp,
        stamps: Vec<Stamp>,
    },
}

/// How many changes travel in one message: few enough to fit, many enough that the queue's price disappears.
const CHANGES_MAX: usize = 100;

/// Packs changes of one mapping and side for the worker of the other side.
pub fn changes(
    engine: &Engine,
    sync: &Sync,
    mapping: &MappingName,
    side: Side,
    due: Timestamp,
    changes: &[Change],
) -> Result<Vec<Message>, EngineError> {
    let queue = &sync.ends.of(side.other()).connection;
    let mut messages = Vec::new();
    let mut rest = changes;
    let mut most = CHANGES_MAX;
    while !rest.is_empty() {
        let (head, tail) = rest.split_at(most.min(rest.len()));
        let sealed = engine.sealer.seal(engine.dice.as_ref(), &head)?;
        if sealed.len() > BODY_BYTES_MAX - 1024 && head.len() > 1 {
            most = (head.len() / 2).max(1);
            continue;
        }
        let changes = if sealed.len() > BODY_BYTES_MAX - 1024 {
            // One record that does not fit into a message: it travels as a hint and is read again.
            let hints: Vec<Change> = head.iter().map(|change| Change { seen: None, ..change.clone() }).collect();
            engine.sealer.seal(engine.dice.as_ref(), &hints)?
        } else {
            sealed
        };
        let work = Work::ChangesV1 { sync: sync.name.clone(), mapping: mapping.clone(), side, due, changes };
        messages.push(message(queue, due, &work)?);
        rest = tail;
    }
    Ok(messages)
}

/// Stamps for a vendor that takes many a call wait for the next full period, so that those of several runs go together.
const STAMPS_GATHER_S: i64 = 5;

/// When stamps that are made now are to be handled.
pub fn stamps_due(sync: &Sync, mapping: &MappingName, side: Side, now: Timestamp) -> Timestamp {
    let facts = sync.mapping(mapping).and_then(|mapping| sync.facts(mapping, side));
    if facts.is_none_or(|facts| facts.bounds.write_records_max <= 1) {
        return now;
    }
    let period = now.as_second().div_euclid(STAMPS_GATHER_S) + 1;
    Timestamp::from_second(period * STAMPS_GATHER_S).unwrap_or(now)
}

/// Packs stamps for the worker of their own side.
pub fn stamps(sync: &Sync, mapping: &MappingName, side: Side, due: Timestamp, stamps: &[Stamp]) -> Result<Vec<Message>, EngineError> {
    stamps
        .chunks(4 * CHANGES_MAX)
        .map(|stamps| {
            let work = Work::StampsV1 { sync: sync.name.clone(), mapping: mapping.clone(), side, due, stamps: stamps.to_vec() };
            message(&sync.ends.of(side).connection, due, &work)
        })
        .collect()
}

fn message(queue: &syncline_model::ConnectionName, due: Timestamp, work: &Work) -> Result<Message, EngineError> {
    let body =
        serde_json::to_string(work).map_err(|error| EngineError::Unreadable { what: "a message".into(), problem: error.to_string() })?;
    Ok(Message { queue: queue.clone(), due, body })
}

/// What every version writes into a message's open part.
#[derive(Deserialize)]
struct Named {
    #[serde(rename = "type")]
    kind: String,
}

/// The kinds that this version knows.
const KINDS: [&str; 2] = ["changes_v1", "stamps_v1"];

/// Reads a message's body.
pub fn read(body: &str) -> Result<Work, EngineError> {
    serde_json::from_str(body).map_err(|error| {
        let named = serde_json::from_str::<Named>(body).ok().map(|named| named.kind);
        // A kind is a word of ours; anything else may be somebody's data.
        let ours =
            |kind: &String| kind.len() < 32 && kind.chars().all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '_');
        let problem = match named.filter(ours) {
            Some(kind) if !KINDS.contains(&kind.as_str()) => format!("its kind is {kind}, which this version does not know"),
            Some(_) | None => format!("line {}, column {}", error.line(), error.column()),
        };
        EngineError::Unreadable { what: "a message".into(), problem }
    })
}
