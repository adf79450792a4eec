//! Looks at records as the worker would, and stops before the first write: who the counterpart is, what both sides show, and what would
//! be decided. Shared by `forecast` and `explain`.

use std::collections::{BTreeMap, BTreeSet};

use syncline_mapping::{
    Candidates, Choice, Equality, HoldReason, KeyHits, Known, ObjectMapping, Occasion, Pair, Plan, Refs, Sight, SkipReason, Verdict,
    choose, reconcile,
};
use syncline_model::{CallError, Deadline, FieldName, Presence, Record, RecordId, Side, Value};

use crate::entry::{self, LinkState, Standing};
use crate::ports::connector::FindKey;
use crate::references::Wanted;
use crate::{Engine, EngineError, Sync, pull, write};

/// Which mapping, seen from which side.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) sync: &'a Sync,
    pub(crate) mapping: &'a ObjectMapping,
    pub(crate) source: Side,
    pub(crate) by: Deadline,
}

impl View<'_> {
    pub(crate) fn target(&self) -> Side {
        self.source.other()
    }

    /// Whether the counterparts can be read; where not, the base stands for what they are.
    fn sees_target(&self) -> bool {
        self.sync.is_readable(self.mapping, self.target())
    }
}

/// What is known of the counterpart.
#[derive(Clone, Debug)]
pub(crate) enum Other {
    Unread,
    Seen(Record),
    Gone,
    Nothing,
}

/// How a look ended.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    /// What would be done now.
    Plan(Box<Plan>),
    /// The base knows this observation already.
    Known,
    /// An older observation than the link's.
    Superseded,
    /// It was merged into another record: the link moves there.
    Merged(RecordId),
}

/// One record, looked at.
#[derive(Clone, Debug)]
pub(crate) struct Looked {
    pub(crate) record: Record,
    pub(crate) standing: Standing,
    pub(crate) other_id: Option<RecordId>,
    pub(crate) other: Other,
    pub(crate) ending: Option<Ending>,
}

impl Looked {
    fn new(record: Record, standing: Standing) -> Self {
        Self { record, standing, other_id: None, other: Other::Unread, ending: None }
    }

    fn end(mut self, ending: Ending) -> Self {
        self.ending = Some(ending);
        self
    }

    fn open(&self) -> bool {
        self.ending.is_none()
    }
}

/// Looks at records of one side. `insist`: also at those of which the base says that nothing is new.
pub(crate) async fn look(view: View<'_>, records: Vec<Record>, insist: bool) -> Result<Vec<Looked>, EngineError> {
    let ids: Vec<RecordId> = records.iter().map(|record| record.id.clone()).collect();
    let store = view.engine.store.as_ref();
    let mut standings = entry::standings(store, &view.sync.name, &view.mapping.name, view.source, &ids).await?;
    let mut jobs = Vec::new();
    let mut unlinked = Vec::new();
    for record in records {
        // A record that a page repeats is looked at once.
        let Some(standing) = standings.remove(&record.id) else { continue };
        let (job, is_unlinked) = triage(view, record, standing, insist);
        if is_unlinked && job.open() { unlinked.push(job) } else { jobs.push(job) }
    }
    jobs.extend(identify(view, unlinked).await?);
    read_counterparts(view, &mut jobs).await?;
    let refs = references(view, &jobs).await?;
    for job in jobs.iter_mut().filter(|job| job.open()) {
        let plan = decide(view, job, &refs);
        job.ending = Some(Ending::Plan(Box::new(plan)));
    }
    Ok(jobs)
}

/// A record that its system cannot be asked for: what is stored of it, and its counterpart. Nothing is decided.
pub(crate) async fn unread(view: View<'_>, record: Record, standing: Standing) -> Result<Looked, EngineError> {
    let other_id = standing.counterpart(view.source);
    let mut jobs = vec![Looked { other_id, ..Looked::new(record, standing) }];
    read_counterparts(view, &mut jobs).await?;
    jobs.pop().ok_or_else(|| EngineError::Unknown { what: "record".to_owned() })
}

/// The same distinctions as the worker's, in the same order.
fn triage(view: View<'_>, record: Record, standing: Standing, insist: bool) -> (Looked, bool) {
    if !insist && pull::is_known(view.engine, view.mapping, view.source, &record, &standing) {
        return (Looked::new(record, standing).end(Ending::Known), false);
    }
    let live = record.presence == Presence::Live;
    let Some(link) = standing.link().cloned() else {
        let left_behind = pull::left_behind_by(&standing);
        let job = Looked::new(record, standing);
        if let (true, Some(moved_to)) = (live, left_behind) {
            return (job.end(skip(SkipReason::LeftBehind { moved_to })), false);
        }
        return if live { (job, true) } else { (job.end(skip(SkipReason::DeletedBeforeLink)), false) };
    };
    let older = !insist && record.version.is_some() && record.version < *link.seen.of(view.source);
    let other_id = standing.counterpart(view.source);
    let newer = pull::is_newer(&link, view.source, &record);
    let presence = record.presence.clone();
    let mut job = Looked::new(record, standing);
    match (link.state, presence) {
        (_, Presence::Live) if older => (job.end(Ending::Superseded), false),
        (LinkState::Active, Presence::MergedInto(survivor)) => (job.end(Ending::Merged(survivor)), false),
        (LinkState::Active, Presence::Live | Presence::Deleted) => {
            job.other_id = other_id;
            (job, false)
        }
        (LinkState::Severed { gone }, Presence::Live) if gone == view.source => {
            job.other_id = other_id;
            (job, false)
        }
        (LinkState::Severed { gone }, Presence::Live) => (job.end(skip(SkipReason::CounterpartDeleted { on: gone })), false),
        (LinkState::Severed { gone }, Presence::Deleted | Presence::MergedInto(_)) if gone != view.source => {
            job.other_id = other_id;
            job.other = Other::Gone;
            (job, false)
        }
        (LinkState::Buried, Presence::Live) if insist || newer => {
            job.standing.link = None;
            (job, true)
        }
        (LinkState::Buried, Presence::Live) => (job.end(Ending::Superseded), false),
        (LinkState::Severed { .. } | LinkState::Buried, Presence::Deleted | Presence::MergedInto(_)) => (job.end(Ending::Known), false),
    }
}

fn skip(reason: SkipReason) -> Ending {
    Ending::Plan(Box::new(Plan::ends(Verdict::Skip(reason))))
}

fn decide(view: View<'_>, job: &Looked, refs: &Refs) -> Plan {
    let own = if job.record.presence == Presence::Live { Sight::Seen(&job.record) } else { Sight::Gone };
    let other = match &job.other {
        Other::Unread if !view.sees_target() => Sight::Unchanged,
        Other::Unread => Sight::Unread,
        Other::Seen(record) => Sight::Seen(record),
        Other::Gone => Sight::Gone,
        Other::Nothing => Sight::Nothing,
    };
    let (own_id, other_id) = (Some(&job.record.id), job.other_id.as_ref());
    let leave_out = BTreeSet::new();
    let known = Known {
        mapping: view.mapping,
        rules: view.sync.rules,
        marker: &view.engine.marker,
        base: job.standing.link().map(|link| &link.base),
        ids: view.source.of(Pair::new(own_id, other_id), Pair::new(other_id, own_id)),
        sight: view.source.of(Pair::new(own, other), Pair::new(other, own)),
        refs,
        occasion: Occasion::Edited(view.source),
        leave_out: &leave_out,
    };
    let is_blind = view.sync.is_write_only(view.mapping, view.target());
    if is_blind { write::decide_blind(&known, view.target(), false) } else { reconcile(&known) }
}

/// Finds the counterparts of records that are not linked: the id in the link field first, then the match keys in their order.
async fn identify(view: View<'_>, mut jobs: Vec<Looked>) -> Result<Vec<Looked>, EngineError> {
    if !view.sees_target() {
        // Nobody can be looked for, and the worker does not either.
        for job in &mut jobs {
            job.other = Other::Nothing;
        }
        return Ok(jobs);
    }
    let carried: Vec<(usize, RecordId)> =
        jobs.iter().enumerate().filter_map(|(at, job)| Some((at, carried_id(view, &job.record)?))).collect();
    if !carried.is_empty() {
        let ids: Vec<RecordId> = carried.iter().map(|(_, id)| id.clone()).collect();
        // The id in the field may be nonsense that the vendor refuses; then the keys decide.
        let mut found = get_all(view, view.target(), &ids).await.unwrap_or_default();
        let standings = standings(view, &ids).await?;
        for (at, id) in carried {
            let free = standings.get(&id).is_some_and(|standing| linked_to(standing).is_none());
            let record = found.remove(&id).flatten().filter(Record::is_live);
            if let (true, Some(record), Some(job)) = (free, record, jobs.get_mut(at)) {
                job.other = Other::Seen(record);
                job.other_id = Some(id);
            }
        }
    }
    ask_keys(view, &mut jobs).await?;
    Ok(jobs)
}

struct Question {
    name: String,
    unique: bool,
    key: FindKey,
    equality: Equality,
}

/// Asks the keys round by round: the first that decides ends the search for a record.
async fn ask_keys(view: View<'_>, jobs: &mut [Looked]) -> Result<(), EngineError> {
    let batch = view.sync.facts(view.mapping, view.target()).map_or(1, |facts| facts.bounds.find_keys_max.max(1));
    let batch = usize::try_from(batch).unwrap_or(1);
    let mut asked: Vec<std::vec::IntoIter<Question>> = jobs.iter().map(|job| questions(view, &job.record, batch > 1).into_iter()).collect();
    let mut hits: Vec<Candidates> = vec![Candidates::default(); jobs.len()];
    let mut open: BTreeSet<usize> =
        jobs.iter().enumerate().filter(|(_, job)| matches!(job.other, Other::Unread)).map(|(at, _)| at).collect();
    while !open.is_empty() {
        let mut round: Vec<(usize, Question)> = Vec::new();
        for at in open.clone() {
            if let Some(question) = asked.get_mut(at).and_then(Iterator::next) {
                round.push((at, question));
                continue;
            }
            open.remove(&at);
            if let Some(job) = jobs.get_mut(at) {
                job.other = Other::Nothing;
            }
        }
        for chunk in round.chunks(batch) {
            let keys: Vec<FindKey> = chunk.iter().map(|(_, question)| question.key.clone()).collect();
            let selection = view.sync.selection(view.mapping, view.target());
            let found = view.sync.ends.of(view.target()).connector.find(&selection, &keys, view.by).await?;
            let ids: Vec<RecordId> = found.iter().flatten().map(|record| record.id.clone()).collect();
            let standings = standings(view, &ids).await?;
            for ((at, question), records) in chunk.iter().zip(found) {
                let (Some(job), Some(candidates)) = (jobs.get_mut(*at), hits.get_mut(*at)) else { continue };
                if settle_question(job, candidates, question, &records, &standings) {
                    open.remove(at);
                }
            }
        }
    }
    Ok(())
}

/// Adds one key's hits; answers whether they decide.
fn settle_question(
    job: &mut Looked,
    candidates: &mut Candidates,
    question: &Question,
    records: &[Record],
    standings: &BTreeMap<RecordId, Standing>,
) -> bool {
    // Vendors compare in their own way: what they answer is compared again in ours.
    let agreeing: Vec<&Record> = records
        .iter()
        .filter(|record| record.fields.get(&question.key.field).is_some_and(|value| question.equality.same(value, &question.key.value)))
        .collect();
    let list = agreeing.iter().map(|record| (record.id.clone(), standings.get(&record.id).and_then(linked_to))).collect();
    candidates.by_key.push(KeyHits { key: question.name.clone(), unique: question.unique, hits: list });
    match choose(candidates) {
        Choice::Nobody => return false,
        Choice::Is(id) => {
            job.other = agreeing.iter().find(|record| record.id == id).map_or(Other::Unread, |record| Other::Seen((*record).clone()));
            job.other_id = Some(id);
        }
        Choice::Ambiguous { key, candidates } => {
            job.ending = Some(Ending::Plan(Box::new(Plan::ends(Verdict::Hold(HoldReason::Ambiguous { key, candidates })))));
        }
        Choice::Taken { key, holder, linked_to } => {
            job.ending = Some(skip(SkipReason::TakenBy { key, holder, linked_to }));
        }
    }
    true
}

fn questions(view: View<'_>, record: &Record, cheap: bool) -> Vec<Question> {
    let mut questions = Vec::new();
    if let Some(field) = view.mapping.link_field.of(view.target())
        && cheap
    {
        let key = FindKey { field: field.clone(), value: Value::text(record.id.as_str()) };
        questions.push(Question { name: "linked id".to_owned(), unique: true, key, equality: Equality::Exact });
    }
    for key in &view.mapping.match_keys {
        let Some(value) = record.fields.get(key.field.of(view.source)) else { continue };
        if key.equality.normal(value).is_null() {
            continue;
        }
        let field: &FieldName = key.field.of(view.target());
        questions.push(Question {
            name: field.as_str().to_owned(),
            unique: key.unique,
            key: FindKey { field: field.clone(), value: value.clone() },
            equality: key.equality.clone(),
        });
    }
    questions
}

/// The id of the counterpart that the record itself carries in its link field.
fn carried_id(view: View<'_>, record: &Record) -> Option<RecordId> {
    let field = view.mapping.link_field.of(view.source).as_ref()?;
    let text = record.fields.get(field)?.as_text().ok().flatten()?.trim();
    (!text.is_empty()).then(|| RecordId::new(text))
}

/// The record of the other side that this one is joined to, while the link lives.
fn linked_to(standing: &Standing) -> Option<RecordId> {
    let (placed, link) = standing.link.as_ref()?;
    if link.state != LinkState::Active {
        return None;
    }
    Some(if placed.key == standing.own.key { link.right.clone() } else { RecordId::new(placed.key.sort.clone()) })
}

async fn standings(view: View<'_>, ids: &[RecordId]) -> Result<BTreeMap<RecordId, Standing>, EngineError> {
    entry::standings(view.engine.store.as_ref(), &view.sync.name, &view.mapping.name, view.target(), ids).await
}

async fn read_counterparts(view: View<'_>, jobs: &mut [Looked]) -> Result<(), EngineError> {
    let wanted: BTreeSet<RecordId> =
        jobs.iter().filter(|job| job.open() && matches!(job.other, Other::Unread)).filter_map(|job| job.other_id.clone()).collect();
    if wanted.is_empty() || !view.sees_target() {
        return Ok(());
    }
    let mut found = get_all(view, view.target(), &wanted.into_iter().collect::<Vec<_>>()).await?;
    for job in jobs.iter_mut().filter(|job| job.open() && matches!(job.other, Other::Unread)) {
        let Some(id) = &job.other_id else { continue };
        job.other = found.remove(id).flatten().filter(Record::is_live).map_or(Other::Gone, Other::Seen);
    }
    Ok(())
}

/// Reads records of a side by id, in the vendor's largest batches.
pub(crate) async fn get_all(view: View<'_>, side: Side, ids: &[RecordId]) -> Result<BTreeMap<RecordId, Option<Record>>, CallError> {
    let selection = view.sync.selection(view.mapping, side);
    let batch = view.sync.facts(view.mapping, side).map_or(1, |facts| facts.bounds.got_at_once());
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(usize::try_from(batch).unwrap_or(1)) {
        let records = view.sync.ends.of(side).connector.get(&selection, chunk, view.by).await?;
        found.extend(chunk.iter().cloned().zip(records));
    }
    Ok(found)
}

/// The links of all records that these refer to, on both sides.
async fn references(view: View<'_>, jobs: &[Looked]) -> Result<Refs, EngineError> {
    let mut wanted = Wanted::default();
    for job in jobs.iter().filter(|job| job.open()) {
        wanted.gather(view.mapping, view.source, &job.record);
        if let Other::Seen(record) = &job.other {
            wanted.gather(view.mapping, view.target(), record);
        }
    }
    wanted.look_up(view.engine, view.sync, view.by).await
}
