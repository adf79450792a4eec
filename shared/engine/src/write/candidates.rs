//! Looking for the counterpart of a record that is not linked: by the ids in the link fields, then by the match keys, in their order.

use std::collections::{BTreeMap, BTreeSet};

use syncline_mapping::{Candidates, Choice, Equality, KeyHits, ObjectMapping, choose};
use syncline_model::{CallError, FieldName, Presence, Record, RecordId, Side, Value};

use super::job::{Job, Other, Outgoing, Place};
use super::postpone::postpone;
use super::read;
use crate::entry::{self, Entry, LinkState, Standing};
use crate::ports::connector::FindKey;
use crate::{EngineError, Sync};

/// One way in which the counterpart may be recognised.
struct Question {
    name: String,
    unique: bool,
    key: FindKey,
    equality: Equality,
}

/// What is asked for one job, and whose job that is.
struct Asked<'a> {
    id: &'a RecordId,
    questions: Vec<Question>,
}

/// What was found for one job.
pub(super) struct Found {
    pub(super) choice: Choice,
    /// The records that were read on the way, by id.
    pub(super) records: BTreeMap<RecordId, Record>,
    /// The standing of each on its own side.
    pub(super) standings: BTreeMap<RecordId, Standing>,
    /// Whoever would be chosen carries the id of another record, whose counterpart is being made at this moment: what comes of that is to be seen
    /// first.
    pub(super) being_made: bool,
}

impl Found {
    fn nobody() -> Self {
        Self { choice: Choice::Nobody, records: BTreeMap::new(), standings: BTreeMap::new(), being_made: false }
    }
}

/// What the store tells of the records that were found.
#[derive(Default)]
struct Known {
    /// Of each on its own side.
    standings: BTreeMap<RecordId, Standing>,
    /// Records of the source side for which a counterpart is being made.
    intents: BTreeSet<RecordId>,
}

/// Looks for the counterparts of these jobs, answering each in its place. Where a call failed, the answers before it, and why there are no more.
pub(super) async fn find(place: Place<'_>, jobs: &[&Job]) -> Result<(Vec<Found>, Option<CallError>), EngineError> {
    let batch = place.sync.facts(place.mapping, place.target()).map_or(1, |facts| facts.bounds.find_keys_max.max(1));
    let asked: Vec<Asked<'_>> = jobs.iter().map(|job| Asked { id: &job.record.id, questions: questions(place, job, batch > 1) }).collect();
    if batch > 1 { all_at_once(place, &asked, usize::try_from(batch).unwrap_or(1)).await } else { one_by_one(place, &asked).await }
}

/// The vendor answers many keys in one call: every key of every job at once.
async fn all_at_once(place: Place<'_>, asked: &[Asked<'_>], batch: usize) -> Result<(Vec<Found>, Option<CallError>), EngineError> {
    let keys: Vec<FindKey> = asked.iter().flat_map(|asked| &asked.questions).map(|question| question.key.clone()).collect();
    let mut hits = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(batch) {
        match ask(place, chunk).await {
            Ok(more) => hits.extend(more),
            Err(error) => return Ok((Vec::new(), Some(error))),
        }
    }
    let mut hits = hits.into_iter();
    let mut by_job = Vec::new();
    for asked in asked {
        by_job.push((asked, hits.by_ref().take(asked.questions.len()).collect::<Vec<_>>()));
    }
    let mut known = Known::default();
    let all = by_job.iter().flat_map(|(asked, hits)| hits.iter().flatten().map(|record| (asked.id, record)));
    learn(place, all.collect(), &mut known).await?;
    Ok((by_job.into_iter().map(|(asked, hits)| found(place, asked, hits, &known)).collect(), None))
}

/// Each key costs a call: the first that decides ends the search.
async fn one_by_one(place: Place<'_>, asked: &[Asked<'_>]) -> Result<(Vec<Found>, Option<CallError>), EngineError> {
    let mut all = Vec::new();
    for asked in asked {
        let mut hits: Vec<Vec<Record>> = Vec::new();
        let mut known = Known::default();
        let mut answer = Found::nobody();
        for question in &asked.questions {
            let more = match ask(place, std::slice::from_ref(&question.key)).await {
                Ok(mut more) => more.pop().unwrap_or_default(),
                Err(error) => return Ok((all, Some(error))),
            };
            learn(place, more.iter().map(|record| (asked.id, record)).collect(), &mut known).await?;
            let is_hit = !more.is_empty();
            hits.push(more);
            if is_hit {
                answer = found(place, asked, hits.clone(), &known);
                if answer.choice != Choice::Nobody {
                    break;
                }
            }
        }
        all.push(answer);
    }
    Ok((all, None))
}

fn found(place: Place<'_>, asked: &Asked<'_>, hits: Vec<Vec<Record>>, known: &Known) -> Found {
    let mut answer = Found::nobody();
    let mut candidates = Candidates::default();
    let mut others = BTreeSet::new();
    for (question, records) in asked.questions.iter().zip(hits) {
        let mut list = Vec::new();
        for record in records {
            // Vendors compare in their own way: what they answer is compared again in ours.
            let agrees = record.fields.get(&question.key.field).is_some_and(|value| question.equality.same(value, &question.key.value));
            if !agrees {
                continue;
            }
            let standing = known.standings.get(&record.id);
            let linked_to = standing.and_then(linked_to);
            if made_for(place, asked.id, &record).is_some_and(|its| known.intents.contains(&its)) {
                others.insert(record.id.clone());
            }
            list.push((record.id.clone(), linked_to));
            answer.standings.extend(standing.map(|standing| (record.id.clone(), standing.clone())));
            answer.records.insert(record.id.clone(), record);
        }
        candidates.by_key.push(KeyHits { key: question.name.clone(), unique: question.unique, hits: list });
    }
    answer.choice = choose(&candidates);
    answer.being_made = match &answer.choice {
        Choice::Is(id) => others.contains(id),
        Choice::Ambiguous { candidates, .. } => candidates.iter().any(|id| others.contains(id)),
        Choice::Nobody | Choice::Taken { .. } => false,
    };
    answer
}

/// The record of the other side that this one is joined to, while the link lives.
pub(super) fn linked_to(standing: &Standing) -> Option<RecordId> {
    let (placed, link) = standing.link.as_ref()?;
    if link.state != LinkState::Active {
        return None;
    }
    let own_is_left = placed.key == standing.own.key;
    Some(if own_is_left { link.right.clone() } else { RecordId::new(placed.key.sort.clone()) })
}

/// The record in whose name a hit was made, where that is not the one that is asked for: until the link is stored nothing but the link field tells.
fn made_for(place: Place<'_>, own: &RecordId, hit: &Record) -> Option<RecordId> {
    carried(place.mapping, place.target(), hit).filter(|its| its != own)
}

/// Reads the standings of what was found, each with the record for which it was asked, and who of those whose ids they carry awaits a counterpart.
async fn learn(place: Place<'_>, hits: Vec<(&RecordId, &Record)>, known: &mut Known) -> Result<(), EngineError> {
    known.standings.extend(standings(place, hits.iter().map(|(_, record)| record.id.clone()).collect()).await?);
    let is_free = |record: &Record| known.standings.get(&record.id).is_some_and(|standing| linked_to(standing).is_none());
    let sources: BTreeSet<RecordId> =
        hits.into_iter().filter(|(_, record)| is_free(record)).filter_map(|(own, record)| made_for(place, own, record)).collect();
    if sources.is_empty() {
        return Ok(());
    }
    let sources: Vec<RecordId> = sources.into_iter().collect();
    let theirs = entry::standings(place.engine.store.as_ref(), &place.sync.name, &place.mapping.name, place.source, &sources).await?;
    let await_one = theirs.into_iter().filter(|(_, standing)| matches!(standing.own.entry, Entry::Intent { .. }));
    known.intents.extend(await_one.map(|(id, _)| id));
    Ok(())
}

async fn ask(place: Place<'_>, keys: &[FindKey]) -> Result<Vec<Vec<Record>>, CallError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let sync: &Sync = place.sync;
    let selection = sync.selection(place.mapping, place.target());
    sync.ends.of(place.target()).connector.find(&selection, keys, place.by).await
}

async fn standings(place: Place<'_>, ids: BTreeSet<RecordId>) -> Result<BTreeMap<RecordId, Standing>, EngineError> {
    let ids: Vec<RecordId> = ids.into_iter().collect();
    entry::standings(place.engine.store.as_ref(), &place.sync.name, &place.mapping.name, place.target(), &ids).await
}

fn questions(place: Place<'_>, job: &Job, cheap: bool) -> Vec<Question> {
    let (source, target) = (place.source, place.target());
    let mut questions = Vec::new();
    // A record over there that carries our id: from an earlier attempt, or from a tool used before. Where each key costs a call it is asked
    // only when there was an earlier attempt.
    let tried = job.change.attempt > 0 || matches!(job.standing.own.entry, Entry::Intent { .. });
    if let Some(field) = place.mapping.link_field.of(target)
        && (cheap || tried)
    {
        questions.push(question("linked id", true, field, Value::text(job.record.id.as_str()), Equality::Exact));
    }
    for key in &place.mapping.match_keys {
        let Some(value) = job.record.fields.get(key.field.of(source)) else { continue };
        if key.equality.normal(value).is_null() {
            continue;
        }
        questions.push(question(key.field.of(target).as_str(), key.unique, key.field.of(target), value.clone(), key.equality.clone()));
    }
    questions
}

fn question(name: &str, unique: bool, field: &FieldName, value: Value, equality: Equality) -> Question {
    Question { name: name.to_owned(), unique, key: FindKey { field: field.clone(), value }, equality }
}

/// Counterparts that are named: by the backfill's index, or by the id in the link field. One that is linked to another record is not ours. Where
/// the vendor did not answer, the record waits: by its keys it would be looked for in vain if they were edited since, and get a second counterpart.
pub(super) async fn adopt(
    place: Place<'_>,
    named: Vec<(Job, RecordId)>,
    ready: &mut Vec<Job>,
    asking: &mut Vec<Job>,
    out: &mut Outgoing,
) -> Result<(), EngineError> {
    if named.is_empty() {
        return Ok(());
    }
    let ids: BTreeSet<RecordId> = named.iter().map(|(_, id)| id.clone()).collect();
    let known = standings(place, ids.clone()).await?;
    let mut got = read::get_named(place, place.target(), &ids.into_iter().collect::<Vec<_>>()).await;
    let mut open = Vec::new();
    for (mut job, id) in named {
        let Some(record) = got.records.get_mut(&id) else {
            open.push(job.into_change());
            continue;
        };
        match (record.take().filter(|record| record.presence == Presence::Live), known.get(&id)) {
            (Some(record), Some(standing)) if linked_to(standing).is_none() => {
                job.other_own = Some(standing.own.clone());
                job.other = Other::Seen(record);
                job.other_id = Some(id);
                ready.push(job);
            }
            (_, _) => asking.push(job),
        }
    }
    match got.stopped {
        Some(error) => postpone(place, open, &error, place.target(), out).await,
        None => Ok(()),
    }
}

/// The id of the counterpart that a record of this side carries in its link field, if any.
pub(super) fn carried(mapping: &ObjectMapping, side: Side, record: &Record) -> Option<RecordId> {
    let field = mapping.link_field.of(side).as_ref()?;
    let text = record.fields.get(field)?.as_text().ok().flatten()?.trim();
    (!text.is_empty()).then(|| RecordId::new(text))
}
