//! Records that wait for a person: why, since when, and what would release them.

use serde::{Deserialize, Serialize};
use syncline_mapping::HoldReason;
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{MappingName, RecordId, Side, SyncName, Timestamp};

use crate::message::{Cause, Change};
use crate::ports::store::{Expect, Item, Write};
use crate::telemetry::{self, Subject};
use crate::{Engine, EngineError, counts, keys, message, sweep};

/// One held record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub mapping: MappingName,
    /// Where the record is.
    pub side: Side,
    /// The record's id; for a row that could not even be identified, a keyed hash of where it stood.
    pub id: String,
    pub since: Timestamp,
    pub why: HoldReason,
    /// A sentence for a person.
    pub says: String,
    /// What to do about it.
    pub release: String,
    /// What was told of the record, sealed, where it cannot be read again: it is decided anew when the hold is released.
    #[serde(skip)]
    pub(crate) told: Option<String>,
}

/// A hold as it rests: what is sealed in it is for its release, and for nobody's eyes.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(flatten)]
    hold: Hold,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told: Option<String>,
}

impl Hold {
    pub fn new(mapping: &MappingName, side: Side, id: impl Into<String>, since: Timestamp, why: HoldReason) -> Self {
        let (says, release) = words(&why);
        Self { mapping: mapping.clone(), side, id: id.into(), since, why, says, release, told: None }
    }

    /// The write that stores it.
    pub fn write(&self, sync: &SyncName) -> Result<Write, EngineError> {
        let stored = Stored { hold: self.clone(), told: self.told.clone() };
        let body = serde_json::to_string(&stored)
            .map_err(|error| EngineError::Unreadable { what: "a hold".into(), problem: error.to_string() })?;
        let key = keys::hold(sync, &self.mapping, self.side, &self.id);
        Ok(Write::Put { item: Item { key, body, version: 1, expires: None }, expect: Expect::Any })
    }

    /// A stable name for the reason.
    pub fn name(&self) -> &'static str {
        counts::hold_name(&self.why)
    }
}

/// The write that removes a record's hold, if there is one.
pub fn clear(sync: &SyncName, mapping: &MappingName, side: Side, id: &RecordId) -> Write {
    Write::Delete { key: keys::hold(sync, mapping, side, id.as_str()), expect: Expect::Any }
}

/// A sync's holds, at most `limit` of them.
pub async fn list(engine: &Engine, sync: &SyncName, limit: usize) -> Result<Vec<Hold>, EngineError> {
    let mut holds = Vec::new();
    let mut after: Option<String> = None;
    let partition = keys::holds(sync);
    while holds.len() < limit {
        let page = engine.store.list(&partition, after.as_deref(), 100).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.key.sort.clone());
        for item in page {
            holds.push(read(&item)?);
        }
    }
    holds.truncate(limit);
    Ok(holds)
}

pub(crate) fn read(item: &Item) -> Result<Hold, EngineError> {
    let stored: Stored = serde_json::from_str(&item.body)
        .map_err(|error| EngineError::Unreadable { what: format!("the hold {}", item.key.sort), problem: error.to_string() })?;
    Ok(Hold { told: stored.told, ..stored.hold })
}

/// Releases a hold: the record is read again and decided again; a sweep that asked may go through with its deletes. Answers whether there was such a hold.
pub async fn release(engine: &Engine, sync: &SyncName, mapping: &MappingName, side: Side, id: &str) -> Result<bool, EngineError> {
    let known = engine.sync(sync).ok_or_else(|| EngineError::Unknown { what: format!("sync {sync}") })?;
    let key = keys::hold(sync, mapping, side, id);
    let Some(item) = engine.store.get(std::slice::from_ref(&key)).await?.pop().flatten() else { return Ok(false) };
    if id == sweep::HOLD_ID {
        sweep::allow(engine, sync, mapping, side).await?;
    } else if !planted(Mutant::ReleaseUnqueued) {
        // A hold of another version is released as one that keeps nothing.
        let told = read(&item).ok().and_then(|hold| hold.told);
        let seen = told.map(|told| engine.sealer.open("a hold", &told)).transpose()?;
        let change = Change { seen, ..Change::hint(RecordId::new(id), engine.now(), Cause::Release) };
        let changes = [change];
        let messages = message::changes(engine, known, mapping, side, engine.now(), &changes)?;
        engine.outbox.send(messages).await?;
        telemetry::queued(Subject { sync, mapping, side }, &changes);
    }
    engine.store.write(vec![Write::Delete { key, expect: Expect::Any }]).await?;
    Ok(true)
}

fn words(why: &HoldReason) -> (String, String) {
    let list = |names: &[syncline_model::FieldName]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let ids = |ids: &[RecordId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let notes = |problems: &[syncline_mapping::ProblemNote]| {
        problems
            .iter()
            .map(|note| match &note.field {
                Some(field) => format!("{field}: {}", note.problem),
                None => note.problem.clone(),
            })
            .collect::<Vec<_>>()
            .join("; ")
    };
    match why {
        HoldReason::Ambiguous { key, candidates } => (
            format!("several records have the same {key}: {}", ids(candidates)),
            "merge or correct them so that one is left, then release this record; or write the right one's id into the link field".into(),
        ),
        HoldReason::RequiredFieldEmpty { fields } => {
            (format!("the other system needs a value in {}", list(fields)), "fill the field here (or map one to it), then release".into())
        }
        HoldReason::DoesNotFit { problems } => {
            (format!("a value cannot be carried over: {}", notes(problems)), "correct the value or the mapping, then release".into())
        }
        HoldReason::BothChanged { fields } => (
            format!("both sides changed {} to different values", fields.join(", ")),
            "make both sides equal by hand, or change the conflict policy, then release".into(),
        ),
        HoldReason::DeletedAndEdited { deleted_on } => (
            format!("it was deleted on the {deleted_on} side while the other side was edited"),
            "delete or restore one of the two, then release".into(),
        ),
        HoldReason::CounterpartsOfMerged { survivor, counterparts } => (
            format!("it was merged into {survivor}; the counterparts {} were not merged", ids(counterparts)),
            "merge the counterparts as well, then release".into(),
        ),
        HoldReason::Refused { problems } => {
            (format!("the other system refused the record: {}", notes(problems)), "correct the record, then release".into())
        }
        HoldReason::TakenByHidden { field, holders } => (
            format!(
                "a value that must be unique{} belongs to {}, which cannot be its counterpart",
                field.as_ref().map(|field| format!(" ({field})")).unwrap_or_default(),
                if holders.is_empty() { "another record".to_owned() } else { ids(holders) }
            ),
            "restore that record, free its value, or merge the two, then release".into(),
        ),
        HoldReason::Unreadable { path, expected, found } => (
            format!("it cannot be read: {path} should be {expected} and is {found}"),
            "report it with `syncline decode` on the recorded answer; release it after an upgrade".into(),
        ),
        HoldReason::NotSearched { capability } => (
            format!("its counterpart cannot be looked for: the other system has no {capability}"),
            "name other fields under `match` or `link`, or make this one searchable there, then release".into(),
        ),
        HoldReason::NotToldAgain => (
            "its system tells of it only when it changes, and nothing of what it said is kept here".into(),
            "change it there, so that it is told anew; it goes on by itself then".into(),
        ),
        HoldReason::TriedTooOften { fault, attempts } => {
            (format!("it failed {attempts} times, last with: {fault}"), "look at the connection, then release".into())
        }
        HoldReason::MassDelete { side, proposed, links } => (
            format!("{proposed} of {links} linked records are missing on the {side} side; nothing was done about it"),
            "see whether they were meant to be deleted there; then release, and the next sweep carries the deletions over".into(),
        ),
    }
}
