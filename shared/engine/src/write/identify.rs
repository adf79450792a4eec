//! Who the counterparts of unlinked records are: named, found by a key, or nobody.

use syncline_mapping::{Choice, HoldReason, SkipReason};
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{CallError, Fault};

use super::candidates::{self, Found};
use super::commit::Commits;
use super::job::{Job, Other, Outgoing, Place};
use super::nameless;
use super::postpone::{await_other, postpone};
use crate::EngineError;
use crate::entry::Entry;
use crate::message::Counterpart;
use crate::settle::ATTEMPTS_MAX;

/// Answers the jobs that can be decided now.
pub(super) async fn identify(
    place: Place<'_>,
    mut jobs: Vec<Job>,
    commits: &mut Commits,
    out: &mut Outgoing,
) -> Result<Vec<Job>, EngineError> {
    let mut ready = Vec::new();
    let mut named = Vec::new();
    let mut asking = Vec::new();
    let source = place.source;
    for job in &mut jobs {
        // Buried links are history: the record begins anew.
        job.standing.link = None;
    }
    let mut jobs = nameless::recognise(place, jobs, &mut ready, commits, out).await?;
    ready.extend(nameless::look_again(place, &mut jobs, commits, out).await?);
    for mut job in jobs {
        if place.is_blind() {
            // Nobody can be looked for; that a repeated create makes no second record is the connector's promise.
            job.other = Other::Nothing;
            ready.push(job);
            continue;
        }
        // A create that the budget held back was certainly not sent; where creating twice makes one record, that may be relied on.
        let unsent = job.change.unsent && place.sync.facts(place.mapping, place.target()).is_some_and(|facts| facts.safe_create);
        let tried = matches!(job.standing.own.entry, Entry::Intent { .. }) && !unsent;
        match (&job.change.counterpart, candidates::carried(place.mapping, source, &job.record)) {
            (_, _) if (tried && planted(Mutant::RetryWithoutLook)) || (!tried && planted(Mutant::MatchSkipped)) => {
                job.other = Other::Nothing;
                ready.push(job);
            }
            (Counterpart::Is(id), _) => {
                let id = id.clone();
                named.push((job, id));
            }
            // An earlier attempt made it, and its id arrived here alone.
            (Counterpart::Alone, Some(id)) if nameless::leaves_one(place) => named.push((job, id)),
            (Counterpart::Alone, None) if !tried => {
                job.other = Other::Nothing;
                ready.push(job);
            }
            (Counterpart::Unknown, Some(id)) => named.push((job, id)),
            (Counterpart::Alone | Counterpart::Unknown, _) => asking.push(job),
        }
    }
    candidates::adopt(place, named, &mut ready, &mut asking, out).await?;
    for (mut job, mut found) in search(place, asking, commits, out).await? {
        if found.being_made && job.change.attempt < ATTEMPTS_MAX {
            await_other(place, job, out);
            continue;
        }
        match found.choice {
            Choice::Is(id) => {
                // If its write has to wait for the budget, the search need not be paid for twice.
                job.change.counterpart = Counterpart::Is(id.clone());
                job.other_own = found.standings.remove(&id).map(|standing| standing.own);
                job.other = found.records.remove(&id).map_or(Other::Unread, Other::Seen);
                job.other_id = Some(id);
                ready.push(job);
            }
            Choice::Nobody => {
                job.change.counterpart = Counterpart::Alone;
                job.other = Other::Nothing;
                ready.push(job);
            }
            Choice::Ambiguous { key, candidates } => commits.hold(place, job, HoldReason::Ambiguous { key, candidates })?,
            Choice::Taken { key, holder, linked_to } => {
                commits.skip(place, job, &SkipReason::TakenBy { key, holder, linked_to })?;
            }
        }
    }
    Ok(ready)
}

/// What the keys of these jobs find. A job by whose keys the system cannot look is held: asking again would not change that, and a record made without
/// a look may be a second one. The others go on.
async fn search(
    place: Place<'_>,
    mut asking: Vec<Job>,
    commits: &mut Commits,
    out: &mut Outgoing,
) -> Result<Vec<(Job, Found)>, EngineError> {
    let mut all = Vec::new();
    while !asking.is_empty() {
        let (found, stopped) = candidates::find(place, &asking.iter().collect::<Vec<_>>()).await?;
        let mut open = asking.split_off(found.len().min(asking.len())).into_iter();
        all.extend(asking.into_iter().zip(found));
        match stopped {
            None => break,
            Some(CallError { fault: Fault::Unsupported { capability }, .. }) => {
                let Some(first) = open.next() else { break };
                commits.hold(place, first, HoldReason::NotSearched { capability })?;
                asking = open.collect();
            }
            Some(error) => {
                postpone(place, open.map(Job::into_change).collect(), &error, place.target(), out).await?;
                break;
            }
        }
    }
    Ok(all)
}
