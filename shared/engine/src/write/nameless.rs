//! Records that we made and know nothing of: the answer to the create was lost, and they carry neither our id nor a key by which they could be looked for.
//!
//! Two ways lead to such a record. Whoever tries the create again reads what changed over there since, and finds it. And the feed shows it as somebody
//! new: before that one gets a counterpart, those who await theirs are looked at: it may have been made from one of them (decision 23).

use std::collections::BTreeMap;

use jiff::SignedDuration;
use syncline_mapping::{HoldReason, is_made_from};
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{CallError, Record, RecordId, Side, Timestamp};

use super::candidates::{carried, linked_to};
use super::commit::Commits;
use super::job::{Job, Other, Outgoing, Place};
use super::postpone::postpone;
use super::read;
use super::run::ended;
use crate::EngineError;
use crate::counts::End;
use crate::entry::{self, Entry, Placed};
use crate::keys;
use crate::message::Counterpart;
use crate::ports::connector::{From, Resume};
use crate::ports::store::{Expect, Item, Key, Write};

/// Who sent a create knows within this time what became of it, or never will.
const IN_FLIGHT: SignedDuration = SignedDuration::from_secs(90);
/// A vendor's clock may be so far from ours.
const SKEW: SignedDuration = SignedDuration::from_mins(2);
/// Of what changed since a create no more pages are read: beyond, a person has to look.
const PAGES_MAX: u32 = 20;
/// So many notes are read at once. Those of creates that have ended go as they are met, or by themselves.
const NOTES: u32 = 200;
const NOTES_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Whether a create on this side can leave a record that nothing names.
fn leaves_nameless(place: Place<'_>, side: Side) -> bool {
    let mapping = place.mapping;
    let is_named = mapping.link_field.of(side).is_some() || !mapping.match_keys.is_empty() || planted(Mutant::NamelessUnsought);
    *mapping.create.of(side)
        && !is_named
        && place.sync.facts(mapping, side).is_some_and(|facts| !facts.safe_create && facts.is_read_by_id())
}

fn noted(place: Place<'_>, source: Side, id: &RecordId) -> Key {
    Key { partition: keys::nameless(&place.sync.name, &place.mapping.name, source), sort: id.as_str().to_owned() }
}

/// What is stored with the intent of a create: that this record awaits a counterpart which nothing may name.
pub(super) fn note(place: Place<'_>, id: &RecordId) -> Option<Write> {
    leaves_one(place).then(|| {
        let expires = place.now().checked_add(NOTES_KEPT).ok();
        let item = Item { key: noted(place, place.source, id), body: "{\"v\":1}".to_owned(), version: 1, expires };
        Write::Put { item, expect: Expect::Any }
    })
}

/// Whether a create of this worker can leave such a record. Then whoever tries again renews the intent: of two that do, one comes too late.
pub(super) fn leaves_one(place: Place<'_>) -> bool {
    leaves_nameless(place, place.target())
}

/// Jobs whose create may have been made already. Answers those who can be decided now: with what the earlier attempt made, or with nobody.
pub(super) async fn look_again(
    place: Place<'_>,
    jobs: &mut Vec<Job>,
    commits: &mut Commits,
    out: &mut Outgoing,
) -> Result<Vec<Job>, EngineError> {
    if !leaves_one(place) {
        return Ok(Vec::new());
    }
    let (mut due, mut since) = (Vec::new(), place.now());
    for job in std::mem::take(jobs) {
        let (Entry::Intent { at, .. }, false) = (&job.standing.own.entry, is_named(place, &job)) else {
            jobs.push(job);
            continue;
        };
        let at = *at;
        let lag = place.sync.facts(place.mapping, place.target()).map_or(0, |facts| facts.find_lag_s);
        let known = at + IN_FLIGHT + SignedDuration::from_secs(i64::from(lag));
        if known > place.now() {
            ended(place, &job.change, &End::Later("uncertain"));
            out.again(known, job.into_change(), false);
        } else {
            since = since.min(at);
            due.push(job);
        }
    }
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let made = match made_since(place, since - SKEW).await? {
        Ok(Some(made)) => made,
        Ok(None) => {
            for job in due {
                let capability = format!("look-up among more than {PAGES_MAX} pages of what changed since a create without an answer");
                commits.hold(place, job, HoldReason::NotSearched { capability })?;
            }
            return Ok(Vec::new());
        }
        Err(error) => {
            postpone(place, due.into_iter().map(Job::into_change).collect(), &error, place.target(), out).await?;
            return Ok(Vec::new());
        }
    };
    let is_of = |job: &Job, record: &Record| is_made_from(place.mapping, place.source, &job.record, record);
    decide(place, due, &made, is_of, commits)
}

/// Live records of the target that changed since, and have no counterpart; `None`: there are too many to tell.
async fn made_since(place: Place<'_>, since: Timestamp) -> Result<Result<Option<Candidates>, CallError>, EngineError> {
    let connector = &place.sync.ends.of(place.target()).connector;
    let selection = place.sync.selection(place.mapping, place.target());
    let (mut records, mut cursor, mut is_complete) = (BTreeMap::new(), None, false);
    for _ in 0..PAGES_MAX {
        let page = match connector.list_changes(&selection, &cursor.as_ref().map_or(From::Since(since), From::Cursor), place.by).await {
            Ok(page) => page,
            Err(error) => return Ok(Err(error)),
        };
        for record in page.records.into_iter().flatten() {
            records.insert(record.id.clone(), record);
        }
        match page.resume {
            Resume::CaughtUp(_) => {
                is_complete = true;
                break;
            }
            Resume::More(next) => cursor = Some(next),
        }
    }
    if !is_complete {
        return Ok(Ok(None));
    }
    records.retain(|_, record: &mut Record| record.is_live());
    let ids: Vec<RecordId> = records.keys().cloned().collect();
    let mut standings = entry::standings(place.engine.store.as_ref(), &place.sync.name, &place.mapping.name, place.target(), &ids).await?;
    let free = records.into_iter().filter_map(|(id, record)| {
        let standing = standings.remove(&id)?;
        linked_to(&standing).is_none().then_some((record, standing.own))
    });
    Ok(Ok(Some(free.collect())))
}

/// Records of the target, each with its own entry.
type Candidates = Vec<(Record, Placed)>;

/// New records of a side on which a lost answer leaves nameless ones: those that were made from somebody who awaits a counterpart are that.
pub(super) async fn recognise(
    place: Place<'_>,
    jobs: Vec<Job>,
    ready: &mut Vec<Job>,
    commits: &mut Commits,
    out: &mut Outgoing,
) -> Result<Vec<Job>, EngineError> {
    if jobs.is_empty() || !leaves_nameless(place, place.source) {
        return Ok(jobs);
    }
    let awaiting = match awaiting(place).await? {
        Ok(awaiting) if awaiting.is_empty() => return Ok(jobs),
        Ok(awaiting) => awaiting,
        Err(error) => {
            postpone(place, jobs.into_iter().map(Job::into_change).collect(), &error, place.target(), out).await?;
            return Ok(Vec::new());
        }
    };
    let (target, mapping) = (place.target(), place.mapping);
    let is_of = |job: &Job, record: &Record| is_made_from(mapping, target, record, &job.record);
    let is_known = |job: &Job| !is_named(place, job) && awaiting.iter().any(|(record, _)| is_of(job, record));
    let (known, others) = jobs.into_iter().partition(is_known);
    ready.extend(decide(place, known, &awaiting, is_of, commits)?);
    Ok(others)
}

/// Who awaits a counterpart on this worker's source side.
async fn awaiting(place: Place<'_>) -> Result<Result<Candidates, CallError>, EngineError> {
    let (store, target) = (place.engine.store.as_ref(), place.target());
    let partition = keys::nameless(&place.sync.name, &place.mapping.name, target);
    let (mut standings, mut after) = (BTreeMap::new(), None);
    loop {
        let items = store.list(&partition, after.as_deref(), NOTES).await?;
        let ids: Vec<RecordId> = items.iter().map(|item| RecordId::new(item.key.sort.as_str())).collect();
        if ids.is_empty() {
            break;
        }
        let mut found = entry::standings(store, &place.sync.name, &place.mapping.name, target, &ids).await?;
        found.retain(|_, standing| matches!(standing.own.entry, Entry::Intent { .. }));
        let over = ids.iter().filter(|id| !found.contains_key(*id));
        let over: Vec<Write> = over.map(|id| Write::Delete { key: noted(place, target, id), expect: Expect::Any }).collect();
        if !over.is_empty() {
            store.write_loose(over).await?;
        }
        standings.extend(found);
        after = items.into_iter().next_back().map(|item| item.key.sort);
    }
    let got = read::get_all(place, target, &standings.keys().cloned().collect::<Vec<_>>()).await;
    if let Some(error) = got.stopped {
        return Ok(Err(error));
    }
    let live = got.records.into_iter().filter_map(|(id, record)| Some((record.filter(Record::is_live)?, standings.remove(&id)?.own)));
    Ok(Ok(live.collect()))
}

/// Whether something says who the counterpart is: an earlier look, or the id in a link field.
fn is_named(place: Place<'_>, job: &Job) -> bool {
    matches!(job.change.counterpart, Counterpart::Is(_)) || carried(place.mapping, place.source, &job.record).is_some()
}

/// Gives each job its counterpart, of these. With several a person decides.
fn decide(
    place: Place<'_>,
    jobs: Vec<Job>,
    candidates: &Candidates,
    is_of: impl Fn(&Job, &Record) -> bool,
    commits: &mut Commits,
) -> Result<Vec<Job>, EngineError> {
    let mut ready = Vec::new();
    for mut job in jobs {
        let found: Vec<&(Record, Placed)> = candidates.iter().filter(|(record, _)| is_of(&job, record)).collect();
        match found.as_slice() {
            [] => {
                job.change.counterpart = Counterpart::Alone;
                job.other = Other::Nothing;
                ready.push(job);
            }
            [(record, own)] => {
                job.change.counterpart = Counterpart::Is(record.id.clone());
                job.other_id = Some(record.id.clone());
                job.other = Other::Seen(record.clone());
                job.other_own = Some(own.clone());
                ready.push(job);
            }
            several => {
                let candidates = several.iter().map(|(record, _)| record.id.clone()).collect();
                commits.hold(place, job, HoldReason::Ambiguous { key: "what was just made".to_owned(), candidates })?;
            }
        }
    }
    Ok(ready)
}
