//! What a plan would do, as a word and a sentence. Names fields, never their values.

use serde::Serialize;
use syncline_mapping::{Decision, HoldReason, LinkChange, Plan, SkipReason, Verdict, Write};
use syncline_model::{MappingName, RecordId, Side, Timestamp};

use super::look::{Ending, Looked, Other};
use crate::hold::Hold;

/// What would become of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    Create,
    Update,
    Delete,
    Restore,
    /// Joined with a record that is there, without a write of values.
    Link,
    /// The link goes to the record that this one was merged into.
    MoveLink,
    /// Left alone from now on, because its counterpart was deleted.
    Sever,
    Nothing,
    Skip,
    Hold,
    /// Until the record that it refers to is linked.
    Wait,
}

/// An act with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Says {
    pub act: Act,
    /// One sentence for people.
    pub says: String,
    /// A stable name of the reason, for a skip or a hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The sides that would be written, and in which mapped fields.
    pub writes: Vec<WriteWords>,
}

/// One write, without its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WriteWords {
    pub side: Side,
    pub act: Act,
    /// The vendor's names of the fields that would be written.
    pub fields: Vec<String>,
}

impl Says {
    pub(crate) fn nothing(says: &str) -> Self {
        Self { act: Act::Nothing, says: says.to_owned(), reason: None, writes: Vec::new() }
    }
}

pub(crate) fn says(looked: &Looked, mapping: &MappingName, source: Side, now: Timestamp) -> Says {
    match &looked.ending {
        None | Some(Ending::Known) => Says::nothing("nothing is new: both sides are as when they last agreed"),
        Some(Ending::Superseded) => Says::nothing("a newer state of it was handled already"),
        Some(Ending::Merged(survivor)) => Says {
            act: Act::MoveLink,
            says: format!("it was merged into {survivor}, and its link goes there"),
            reason: None,
            writes: Vec::new(),
        },
        Some(Ending::Plan(plan)) => of_plan(plan, looked, mapping, source, now),
    }
}

fn of_plan(plan: &Plan, looked: &Looked, mapping: &MappingName, source: Side, now: Timestamp) -> Says {
    let end = |act: Act, says: String, reason: Option<&'static str>| Says { act, says, reason, writes: Vec::new() };
    match &plan.verdict {
        Verdict::Write | Verdict::NoChange => of_writes(plan, looked),
        Verdict::Skip(reason) => {
            let act = if matches!(plan.link, LinkChange::Sever { .. }) { Act::Sever } else { Act::Skip };
            end(act, skip_words(reason), Some(crate::counts::skip_name(reason)))
        }
        Verdict::Hold(why) => hold_words(why, mapping, source, looked.record.id.as_str(), now),
        Verdict::Wait { parent, side, id } => {
            end(Act::Wait, format!("it waits until {id} ({parent}, {side}), to which it refers, is linked"), None)
        }
        Verdict::Look(side) => end(Act::Wait, format!("the {side} record answers without all mapped fields, so it is read again"), None),
    }
}

fn hold_words(why: &HoldReason, mapping: &MappingName, side: Side, id: &str, now: Timestamp) -> Says {
    let hold = Hold::new(mapping, side, id, now, why.clone());
    Says { act: Act::Hold, says: format!("{}; to release it: {}", hold.says, hold.release), reason: Some(hold.name()), writes: Vec::new() }
}

fn of_writes(plan: &Plan, looked: &Looked) -> Says {
    let writes: Vec<WriteWords> =
        [Side::Left, Side::Right].into_iter().filter_map(|side| plan.write(side).map(|write| write_words(side, write))).collect();
    let lost: Vec<String> = plan.losses.iter().map(|loss| format!("{} of the {} side", loss.field, loss.side)).collect();
    let mut parts: Vec<String> = writes
        .iter()
        .map(|write| match write.act {
            Act::Create => format!("a record is created on the {} side with {}", write.side, listed(&write.fields)),
            Act::Delete => format!("the {} record is deleted", write.side),
            Act::Restore => format!("the {} record is restored", write.side),
            Act::Update | Act::Link | Act::MoveLink | Act::Sever | Act::Nothing | Act::Skip | Act::Hold | Act::Wait => {
                format!("{} of the {} record is written", listed(&write.fields), write.side)
            }
        })
        .collect();
    if !lost.is_empty() {
        parts.push(format!("overruled, and kept in the history: {}", lost.join(", ")));
    }
    if !plan.held_fields.is_empty() {
        parts.push(format!("a person decides about {}", plan.held_fields.join(", ")));
    }
    let kept: Vec<&str> =
        plan.fields.iter().filter(|field| matches!(field.decision, Decision::Kept(_))).map(|field| field.field.as_str()).collect();
    if !kept.is_empty() {
        parts.push(format!("kept by its write policy: {}", kept.join(", ")));
    }
    let awaits = |field: &&syncline_mapping::FieldOutcome| matches!(field.decision, Decision::Awaits(_));
    let awaiting: Vec<&str> = plan.fields.iter().filter(awaits).map(|field| field.field.as_str()).collect();
    if !awaiting.is_empty() {
        parts.push(format!("follows when the record to which it refers is linked: {}", awaiting.join(", ")));
    }
    let act = match writes.first() {
        Some(write) => write.act,
        None if plan.link == LinkChange::Join || is_first_meeting(looked) => Act::Link,
        None => Act::Nothing,
    };
    if act == Act::Link {
        let with = looked.other_id.as_ref().map(RecordId::as_str).unwrap_or_default();
        parts.insert(0, format!("it is linked with {with}, and both sides agree already"));
    }
    for outcome in &plan.fields {
        if let Some(unknown) = &outcome.owner_not_found {
            let (field, side) = (&outcome.field, unknown.side);
            parts.push(format!("{field}: the owner on the {side} is not known on the other side; somebody stands in (`syncline owners`)"));
        }
    }
    if parts.is_empty() {
        parts.push("both sides agree".to_owned());
    }
    Says { act, says: parts.join("; "), reason: None, writes }
}

/// Two records that were found to be the same and are not linked yet.
fn is_first_meeting(looked: &Looked) -> bool {
    looked.standing.link.is_none() && matches!(looked.other, Other::Seen(_))
}

fn write_words(side: Side, write: &Write) -> WriteWords {
    let (act, fields) = match write {
        Write::Create { fields } => (Act::Create, fields.keys().map(ToString::to_string).collect()),
        Write::Update { fields, .. } => (Act::Update, fields.keys().map(ToString::to_string).collect()),
        Write::Delete { .. } => (Act::Delete, Vec::new()),
        Write::Restore { .. } => (Act::Restore, Vec::new()),
    };
    WriteWords { side, act, fields }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// Why a record is left out, for people.
pub fn skip_words(reason: &SkipReason) -> String {
    match reason {
        SkipReason::NotCreatedThere => "the sync creates no records on that side".to_owned(),
        SkipReason::TakenBy { key, holder, linked_to } => {
            format!("its {key} belongs to {holder}, which is linked to {linked_to}; a value that only one record may have goes to one pair")
        }
        SkipReason::NothingToReachThem { fields } => {
            let names: Vec<String> = fields.iter().map(ToString::to_string).collect();
            format!("the other system needs a value in one of {}, and none is there", names.join(", "))
        }
        SkipReason::CounterpartDeleted { on } => {
            format!("its counterpart on the {on} side was deleted, and the sync leaves this one alone")
        }
        SkipReason::DeletedBeforeLink => "it was deleted before it had a counterpart".to_owned(),
        SkipReason::NotChangedYet => "it was there before the sync, and is synced from its next change on".to_owned(),
        SkipReason::LeftBehind { moved_to } => {
            format!("what it was goes on as {moved_to}, which is synced instead; release it to sync it as a record of its own")
        }
    }
}
