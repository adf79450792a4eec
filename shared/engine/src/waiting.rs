//! Children that wait for the record they refer to, and their release when it is linked.

use serde::{Deserialize, Serialize};
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{MappingName, RecordId, Side, Timestamp};

use crate::entry::{Entry, Placed, Standing};
use crate::message::{Cause, Change};
use crate::ports::outbox::Message;
use crate::ports::store::{Expect, Item, Key, Write};
use crate::telemetry::{self, Subject};
use crate::trace::TraceId;
use crate::{Engine, EngineError, Sync, keys, message};

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Child {
    mapping: MappingName,
    side: Side,
    id: RecordId,
    since: Timestamp,
    /// The change that waits; items of earlier versions do not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace: Option<TraceId>,
    /// What was told of it, sealed, where it cannot be read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told: Option<String>,
}

/// What is kept of a change that waits.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    pub trace: Option<TraceId>,
    /// What was told of its record, sealed, where that cannot be read again.
    pub told: Option<String>,
}

/// The writes that let a child wait for its parent: the child under the parent's key, and the parent's entry marked, so that whoever links
/// the parent knows without another read. They fail together if the parent is linked meanwhile.
pub fn wait(
    sync: &Sync,
    parent: &MappingName,
    parent_side: Side,
    parent_standing: &Standing,
    child: (&MappingName, Side, &RecordId),
    waits: Waits,
    now: Timestamp,
) -> Result<Vec<Write>, EngineError> {
    let (mapping, side, id) = child;
    let own = &parent_standing.own;
    let Waits { trace, told } = waits;
    let body = serde_json::to_string(&Child { mapping: mapping.clone(), side, id: id.clone(), since: now, trace, told })
        .map_err(|error| EngineError::Unreadable { what: "a waiting child".into(), problem: error.to_string() })?;
    let parent_id = RecordId::new(own.key.sort.clone());
    let key = Key { partition: keys::waiting(&sync.name, parent, parent_side, &parent_id), sort: format!("{mapping}#{side}#{id}") };
    let mut writes = vec![Write::Put { item: Item { key, body, version: 1, expires: None }, expect: Expect::Any }];
    if own.has_children() {
        writes.push(Write::Check { key: own.key.clone(), expect: own.expect() });
    } else {
        writes.push(own.replace(&with_children(own))?);
    }
    Ok(writes)
}

/// A parent's entry once a child has been noted as waiting for it.
pub fn marked(own: &Placed) -> Placed {
    if own.has_children() {
        return own.clone();
    }
    Placed { key: own.key.clone(), version: own.version + 1, entry: with_children(own) }
}

fn with_children(own: &Placed) -> Entry {
    match &own.entry {
        Entry::Intent { at, held, .. } => Entry::Intent { at: *at, children: true, held: *held },
        Entry::Unlinked { note, .. } => Entry::Unlinked { note: note.clone(), children: true },
        linked @ (Entry::Link(_) | Entry::Pointer(_)) => linked.clone(),
    }
}

/// Queues the children of a record whose fate is settled now. Repeating it is safe.
pub async fn release(engine: &Engine, sync: &Sync, parent: &MappingName, side: Side, id: &RecordId) -> Result<(), EngineError> {
    let partition = keys::waiting(&sync.name, parent, side, id);
    loop {
        let page = engine.store.list(&partition, None, 100).await?;
        if page.is_empty() || planted(Mutant::ChildrenNotReleased) {
            return Ok(());
        }
        let mut messages = Vec::new();
        let mut released = Vec::new();
        let mut deletes = Vec::new();
        for item in page {
            let child: Child = serde_json::from_str(&item.body)
                .map_err(|error| EngineError::Unreadable { what: "a waiting child".into(), problem: error.to_string() })?;
            let seen = child.told.map(|told| engine.sealer.open("a waiting child", &told)).transpose()?;
            let change = Change { seen, follows: child.trace, ..Change::hint(child.id, child.since, Cause::Child) };
            messages.extend(message::changes(engine, sync, &child.mapping, child.side, engine.now(), std::slice::from_ref(&change))?);
            released.push((child.mapping, child.side, change));
            deletes.push(Write::Delete { key: item.key, expect: Expect::Any });
        }
        // Queued before forgotten: a crash between the two repeats a hint.
        engine.outbox.send(messages).await?;
        engine.store.write_loose(deletes).await?;
        for (mapping, side, change) in &released {
            telemetry::queued(Subject { sync: &sync.name, mapping, side: *side }, std::slice::from_ref(change));
        }
    }
}

/// Asks for a parent to be synced because a child waits for it; `follows`: the child's trace.
pub fn ask_for(
    engine: &Engine,
    sync: &Sync,
    parent: (&MappingName, Side, &RecordId),
    follows: Option<TraceId>,
) -> Result<Vec<Message>, EngineError> {
    let (mapping, side, id) = parent;
    let change = Change { follows, ..Change::hint(id.clone(), engine.now(), Cause::Parent) };
    message::changes(engine, sync, mapping, side, engine.now(), &[change])
}
