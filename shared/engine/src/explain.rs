//! One record's story: what the store knows of it, what both vendors show now, what would be done and why, and what comes next.

use std::collections::BTreeMap;

use serde::Serialize;
use syncline_mapping::{Base, Decision, FieldMapping, ObjectMapping, Pair, Plan};
use syncline_model::{Deadline, MappingName, Presence, Record, RecordId, Side, SyncName, Timestamp, Value};

use crate::entry::{self, Entry, LinkState, Standing};
use crate::forecast::look::{Ending, Looked, Other, View, get_all, look, unread};
use crate::forecast::{Says, says};
use crate::history::{self, Act, HistoryEntry};
use crate::hold::{self, Hold};
use crate::message::Cause;
use crate::trace::TraceId;
use crate::{Engine, EngineError, Sync, keys, state};

/// How many of the newest history entries a story ends with.
pub const HISTORY_SHOWN: usize = 10;

/// The most history entries of one pair that are read.
const HISTORY_READ_MAX: u32 = 1_000;

/// Where a record was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    pub sync: SyncName,
    pub mapping: MappingName,
    pub side: Side,
}

/// A record's story.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    #[serde(flatten)]
    pub place: Place,
    pub id: RecordId,
    pub at: Timestamp,
    /// For people: where to look at the two records.
    pub web: Pair<Option<String>>,
    pub standing: StandingView,
    pub ids: Pair<Option<RecordId>>,
    /// What each vendor says of its record.
    pub seen: Pair<SeenView>,
    pub fields: Vec<FieldView>,
    /// What would be done now, and why.
    pub now: Says,
    pub hold: Option<Hold>,
    /// The newest ones, oldest first.
    pub history: Vec<HistoryView>,
    /// What happens next without anybody's doing, or what somebody must do.
    pub next: String,
}

/// What the store knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StandingView {
    /// `linked`, `severed`, `buried`, `creating`, `unlinked` or `unknown`.
    pub state: &'static str,
    /// When the pair was joined, as far as the history reaches back; when the creating began.
    pub since: Option<Timestamp>,
    /// How the last observation ended that was not carried over: `skipped:…` or `held:…`.
    pub note: Option<String>,
    /// Records that wait for this one.
    pub awaited_by: usize,
}

/// What a vendor shows of one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeenView {
    /// `live`, `deleted`, `merged`, `missing`, `none` (there is no counterpart) or `not_read`.
    pub presence: &'static str,
    /// The vendor's stamp.
    pub version: Option<Timestamp>,
}

/// One mapped field on both sides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldView {
    pub field: String,
    pub sides: Pair<FieldSide>,
    /// How it would be decided now.
    pub decision: Option<Decision>,
}

/// One side of a mapped field.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FieldSide {
    /// Whether all its parts were read.
    pub read: bool,
    pub empty: Option<bool>,
    /// Whether it differs from what both sides last agreed on; `None` without such a base.
    pub changed: Option<bool>,
    /// The values themselves, by the vendor's names, only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<BTreeMap<String, serde_json::Value>>,
}

/// One history entry; values only where asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HistoryView {
    pub at: Timestamp,
    pub act: Act,
    /// The side that was written.
    pub side: Side,
    pub cause: Cause,
    /// What finds it in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceId>,
    pub fields: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<BTreeMap<String, BeforeAfter>>,
}

/// A field before and after a write.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BeforeAfter {
    pub before: Option<serde_json::Value>,
    pub after: Option<serde_json::Value>,
}

/// Finds out where a bare id belongs: first in the store, then, where nothing is known, at the vendors.
pub async fn locate(engine: &Engine, id: &RecordId, by: Deadline) -> Result<Vec<Place>, EngineError> {
    let places = engine.syncs.iter().flat_map(|sync| {
        sync.mappings.iter().flat_map(move |mapping| {
            [Side::Left, Side::Right].map(|side| (sync, mapping, Place { sync: sync.name.clone(), mapping: mapping.name.clone(), side }))
        })
    });
    let mut known = Vec::new();
    let mut shown = Vec::new();
    for (sync, mapping, place) in places {
        let ids = std::slice::from_ref(id);
        let standings = entry::standings(engine.store.as_ref(), &sync.name, &mapping.name, place.side, ids).await?;
        let hold = held(engine, &place, id).await?;
        if hold.is_some() || standings.get(id).is_some_and(|standing| standing.own.version > 0) {
            known.push(place);
        } else {
            shown.push((sync, mapping, place));
        }
    }
    if !known.is_empty() {
        // A record that is given to nobody may have the id of the one that it was made from, and is told of there.
        let is_told_of = |place: &Place| {
            let from = Place { side: place.side.other(), ..place.clone() };
            known.contains(&from) && named(engine, place).is_ok_and(|(sync, mapping)| sync.is_write_only(mapping, place.side))
        };
        return Ok(known.iter().filter(|place| !is_told_of(place)).cloned().collect());
    }
    let mut found = Vec::new();
    for (sync, mapping, place) in shown {
        let view = View { engine, sync, mapping, source: place.side, by };
        // A vendor may refuse an id of another vendor's form outright: then it is not there.
        let records = get_all(view, place.side, std::slice::from_ref(id)).await.unwrap_or_default();
        if records.get(id).is_some_and(Option::is_some) {
            found.push(place);
        }
    }
    Ok(found)
}

/// Tells a record's story. Two calls, or a few more where its counterpart must be looked for. Writes nothing. A record that its system gives to
/// nobody is explained from the one that it was made from.
///
/// # Errors
/// `Impossible` where it gives none, and we have made none of this id; else as of every use case.
pub async fn explain(engine: &Engine, place: &Place, id: &RecordId, values: bool, by: Deadline) -> Result<Explanation, EngineError> {
    let (sync, mapping) = named(engine, place)?;
    if !sync.is_write_only(mapping, place.side) {
        return story(engine, place, id, values, by).await;
    }
    let standings = entry::standings(engine.store.as_ref(), &sync.name, &mapping.name, place.side, std::slice::from_ref(id)).await?;
    let Some(own) = standings.get(id).and_then(|standing| standing.counterpart(place.side)) else {
        let (end, other) = (sync.ends.of(place.side), place.side.other());
        let problem = format!("nothing is known of this record: {} takes records and gives none back", end.connection);
        let instead = format!("name the record of the {other} side: {}/{}/{other}/<id>", place.sync, place.mapping);
        return Err(EngineError::Impossible { problem, instead });
    };
    story(engine, &Place { side: place.side.other(), ..place.clone() }, &own, values, by).await
}

fn named<'a>(engine: &'a Engine, place: &Place) -> Result<(&'a Sync, &'a ObjectMapping), EngineError> {
    let sync = engine.sync(&place.sync).ok_or_else(|| EngineError::Unknown { what: format!("sync {}", place.sync) })?;
    let unknown = || EngineError::Unknown { what: format!("mapping {}/{}", place.sync, place.mapping) };
    Ok((sync, sync.mapping(&place.mapping).ok_or_else(unknown)?))
}

async fn story(engine: &Engine, place: &Place, id: &RecordId, values: bool, by: Deadline) -> Result<Explanation, EngineError> {
    let (sync, mapping) = named(engine, place)?;
    let view = View { engine, sync, mapping, source: place.side, by };
    let absent = || Record::new(mapping.kind.of(place.side).clone(), id.clone());
    let (looked, unseen) = if sync.is_readable(mapping, place.side) {
        let read = get_all(view, place.side, std::slice::from_ref(id)).await?.remove(id).flatten();
        let unseen = if read.is_none() { Some("missing") } else { None };
        let record = read.unwrap_or_else(|| absent().with_presence(Presence::Deleted));
        let looked = look(view, vec![record], true).await?.pop().ok_or_else(|| EngineError::Unknown { what: format!("record {id}") })?;
        (looked, unseen)
    } else {
        (unread(view, absent(), known_standing(view, id).await?).await?, Some("not_read"))
    };
    let standing = known_standing(view, id).await?;
    let other_id = looked.other_id.clone().or_else(|| standing.counterpart(place.side));
    let ids = place.side.of(Pair::new(Some(id.clone()), other_id.clone()), Pair::new(other_id, Some(id.clone())));
    let history = match &ids.left {
        Some(left) => history::list(engine, sync, &mapping.name, left, HISTORY_READ_MAX).await?,
        None => Vec::new(),
    };
    let hold = held(engine, place, id).await?;
    let now = if sync.is_readable(mapping, place.side) {
        says(&looked, &mapping.name, place.side, engine.now())
    } else {
        Says::nothing("its system cannot be asked for it: what is told of it next decides")
    };
    let next = next(view, &standing, hold.as_ref(), &now).await?;
    Ok(Explanation {
        place: place.clone(),
        id: id.clone(),
        at: engine.now(),
        web: Pair::new(web(sync, mapping, Side::Left, &ids), web(sync, mapping, Side::Right, &ids)),
        standing: standing_view(view, id, &standing, &history).await?,
        seen: seen(place.side, &looked, unseen),
        fields: fields(view, &looked, &standing, values),
        ids,
        now,
        hold,
        history: history_view(&history, values, HISTORY_SHOWN),
        next,
    })
}

/// The newest entries, oldest first.
pub fn history_view(entries: &[HistoryEntry], values: bool, limit: usize) -> Vec<HistoryView> {
    let newest = entries.get(entries.len().saturating_sub(limit)..).unwrap_or_default();
    let plain = |value: &Option<Value>| value.as_ref().map(Value::to_plain);
    newest
        .iter()
        .map(|entry| HistoryView {
            at: entry.at,
            act: entry.act,
            side: entry.side,
            cause: entry.cause,
            trace: entry.trace.clone(),
            fields: entry.fields.keys().map(ToString::to_string).collect(),
            values: values.then(|| {
                let of = |change: &history::FieldChange| BeforeAfter { before: plain(&change.before), after: plain(&change.after) };
                entry.fields.iter().map(|(name, change)| (name.to_string(), of(change))).collect()
            }),
        })
        .collect()
}

/// A pair's left id, from either of its records; the record's own where it is a left one.
pub async fn left_id(engine: &Engine, place: &Place, id: &RecordId) -> Result<Option<RecordId>, EngineError> {
    match place.side {
        Side::Left => Ok(Some(id.clone())),
        Side::Right => {
            let standings =
                entry::standings(engine.store.as_ref(), &place.sync, &place.mapping, Side::Right, std::slice::from_ref(id)).await?;
            Ok(standings.get(id).and_then(|standing| standing.counterpart(Side::Right)))
        }
    }
}

async fn known_standing(view: View<'_>, id: &RecordId) -> Result<Standing, EngineError> {
    let store = view.engine.store.as_ref();
    let ids = std::slice::from_ref(id);
    let mut standings = entry::standings(store, &view.sync.name, &view.mapping.name, view.source, ids).await?;
    standings.remove(id).ok_or_else(|| EngineError::Unknown { what: format!("record {id}") })
}

async fn held(engine: &Engine, place: &Place, id: &RecordId) -> Result<Option<Hold>, EngineError> {
    let key = keys::hold(&place.sync, &place.mapping, place.side, id.as_str());
    let Some(item) = engine.store.get(std::slice::from_ref(&key)).await?.pop().flatten() else { return Ok(None) };
    hold::read(&item).map(Some)
}

fn web(sync: &Sync, mapping: &ObjectMapping, side: Side, ids: &Pair<Option<RecordId>>) -> Option<String> {
    let id = ids.of(side).as_ref()?;
    sync.ends.of(side).connector.web_address(mapping.kind.of(side), id)
}

async fn standing_view(view: View<'_>, id: &RecordId, standing: &Standing, history: &[HistoryEntry]) -> Result<StandingView, EngineError> {
    let (state, mut since) = match (standing.link(), &standing.own.entry) {
        (Some(link), _) => match link.state {
            LinkState::Active => ("linked", None),
            LinkState::Severed { .. } => ("severed", None),
            LinkState::Buried => ("buried", None),
        },
        (None, Entry::Intent { at, .. }) => ("creating", Some(*at)),
        (None, Entry::Link(_) | Entry::Pointer(_) | Entry::Unlinked { .. }) if standing.own.version > 0 => ("unlinked", None),
        (None, Entry::Link(_) | Entry::Pointer(_) | Entry::Unlinked { .. }) => ("unknown", None),
    };
    if standing.link.is_some() {
        since = history.iter().find(|entry| matches!(entry.act, Act::Created | Act::Linked)).map(|entry| entry.at);
    }
    let partition = keys::waiting(&view.sync.name, &view.mapping.name, view.source, id);
    let awaited_by = view.engine.store.list(&partition, None, 100).await?.len();
    Ok(StandingView { state, since, note: standing.note().map(|note| note.end.clone()), awaited_by })
}

/// `unseen`: the word for a record that was not read, or is not there.
fn seen(side: Side, looked: &Looked, unseen: Option<&'static str>) -> Pair<SeenView> {
    let of = |record: &Record| SeenView {
        presence: match record.presence {
            Presence::Live => "live",
            Presence::Deleted => "deleted",
            Presence::MergedInto(_) => "merged",
        },
        version: record.version.map(|version| version.0),
    };
    let word = |presence: &'static str| SeenView { presence, version: None };
    let own = unseen.map_or_else(|| of(&looked.record), word);
    let other = match &looked.other {
        Other::Seen(record) => of(record),
        Other::Gone => word("missing"),
        Other::Nothing => word("none"),
        Other::Unread => word("not_read"),
    };
    side.of(Pair::new(own.clone(), other.clone()), Pair::new(other, own))
}

fn fields(view: View<'_>, looked: &Looked, standing: &Standing, values: bool) -> Vec<FieldView> {
    let other = match &looked.other {
        Other::Seen(record) => Some(record),
        Other::Unread | Other::Gone | Other::Nothing => None,
    };
    let own = looked.record.is_live().then_some(&looked.record);
    let records = view.source.of(Pair::new(own, other), Pair::new(other, own));
    let base = standing.link().map(|link| &link.base);
    let plan = match &looked.ending {
        Some(Ending::Plan(plan)) => Some(plan),
        Some(Ending::Known | Ending::Superseded | Ending::Merged(_)) | None => None,
    };
    let decision = |plan: &Plan, name: &str| plan.fields.iter().find(|field| field.field == name).map(|field| field.decision);
    view.mapping
        .fields
        .iter()
        .map(|field| FieldView {
            field: field.name.clone(),
            sides: Pair::new(
                field_side(view, field, Side::Left, records.left, base, values),
                field_side(view, field, Side::Right, records.right, base, values),
            ),
            decision: plan.and_then(|plan| decision(plan, &field.name)),
        })
        .collect()
}

fn field_side(view: View<'_>, field: &FieldMapping, side: Side, record: Option<&Record>, base: Option<&Base>, values: bool) -> FieldSide {
    let Some(record) = record else { return FieldSide::default() };
    let lens = field.lens.of(side);
    let names = lens.fields();
    let raw: Option<Vec<Value>> = names.iter().map(|name| record.fields.get(*name).cloned()).collect();
    let Some(raw) = raw else { return FieldSide::default() };
    let changed = base.and_then(|base| base.0.get(&field.name)).map(|marks| {
        let normal = lens.canonical(&field.equality, &raw);
        !normal.is_ok_and(|normal| view.engine.marker.is_mark_of(marks.of(side), &field.name, &normal))
    });
    FieldSide {
        read: true,
        empty: Some(raw.iter().all(Value::is_null)),
        changed,
        values: values.then(|| names.iter().zip(&raw).map(|(name, value)| (name.to_string(), value.to_plain())).collect()),
    }
}

async fn next(view: View<'_>, standing: &Standing, hold: Option<&Hold>, now: &Says) -> Result<String, EngineError> {
    use crate::forecast::Act as Next;
    for side in [Side::Left, Side::Right] {
        let connection = &view.sync.ends.of(side).connection;
        if let Some(stopped) = state::stopped(view.engine, connection).await? {
            return Ok(format!("nothing until connection {connection} runs again: {}; run `syncline connect {connection}`", stopped.hint));
        }
    }
    if let Some(hold) = hold {
        return Ok(format!("nothing until somebody acts: {}", hold.release));
    }
    Ok(match now.act {
        Next::Nothing => "nothing, until one of the two records changes".to_owned(),
        Next::Skip => "it is left out, until it or the rule changes".to_owned(),
        Next::Sever => "it is left alone from now on".to_owned(),
        Next::Hold => "the next run that sees a change of it holds it".to_owned(),
        Next::Wait => "it is decided again when the other record is linked".to_owned(),
        Next::Create | Next::Update | Next::Delete | Next::Restore | Next::Link | Next::MoveLink => {
            if standing.own.version == 0 && standing.link.is_none() {
                "the next run that sees a change of it, or a backfill, does this".to_owned()
            } else {
                "the next run does this".to_owned()
            }
        }
    })
}
