//! What `reconcile` answers: writes, what becomes of the link, what stands in the history, and the one verdict in which the change ends.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use syncline_model::{FieldName, MappingName, RecordId, Side, Value};

use crate::FieldProblem;
use crate::base::Mark;
use crate::spec::Pair;

/// A write to one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Write {
    Create { fields: BTreeMap<FieldName, Value> },
    Update { id: RecordId, fields: BTreeMap<FieldName, Value> },
    Delete { id: RecordId },
    Restore { id: RecordId },
}

/// Why a record is left out, by a rule and without a fault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum SkipReason {
    /// The sync does not create records on that side.
    NotCreatedThere,
    /// A value that only one record may have is on one that is linked to another.
    TakenBy { key: String, holder: RecordId, linked_to: RecordId },
    /// None of the fields of which one is needed has a value.
    NothingToReachThem { fields: Vec<FieldName> },
    /// Its counterpart was deleted, and the sync does not bring deletions across.
    CounterpartDeleted { on: Side },
    /// The record was deleted before it had a counterpart.
    DeletedBeforeLink,
    /// It was there before the sync, which takes nothing over that nobody has changed since.
    NotChangedYet,
    /// The sync had its vendor move it to another id, which is synced instead of it.
    LeftBehind { moved_to: RecordId },
}

/// Why a record waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum HoldReason {
    /// Several records could be the counterpart.
    Ambiguous { key: String, candidates: Vec<RecordId> },
    /// The target's vendor needs these fields, and they have no value.
    RequiredFieldEmpty { fields: Vec<FieldName> },
    /// These fields have values that the target cannot take.
    DoesNotFit { problems: Vec<ProblemNote> },
    /// Both sides changed these fields, and the policy is that a person decides.
    BothChanged { fields: Vec<String> },
    /// One side was deleted while the other was edited.
    DeletedAndEdited { deleted_on: Side },
    /// Two linked records of one side were merged; their counterparts were not.
    CounterpartsOfMerged { survivor: RecordId, counterparts: Vec<RecordId> },
    /// The vendor refused the record.
    Refused { problems: Vec<ProblemNote> },
    /// The value belongs to a record that is in the vendor's bin, or is not of this kind.
    TakenByHidden { field: Option<FieldName>, holders: Vec<RecordId> },
    /// The record could not be read.
    Unreadable { path: String, expected: String, found: String },
    /// The other system cannot look for its counterpart by the fields that would find it.
    NotSearched { capability: String },
    /// Its system tells of it by a feed alone, and nothing of that is kept.
    NotToldAgain,
    /// It failed too often.
    TriedTooOften { fault: String, attempts: u32 },
    /// So many linked records are missing on a side that a person must say whether they were meant to be deleted. Concerns no one record.
    MassDelete { side: Side, proposed: u64, links: u64 },
}

/// A field and what is wrong with it, in words, without its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProblemNote {
    pub field: Option<FieldName>,
    pub problem: String,
}

impl From<FieldProblem> for ProblemNote {
    fn from(problem: FieldProblem) -> Self {
        Self { field: Some(problem.field), problem: problem.problem }
    }
}

/// How one field was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Nothing changed, or both sides changed to the same.
    Agree,
    /// Goes to this side.
    Write(Side),
    /// Both changed; the named side won, and the other is overwritten.
    Won(Side),
    /// Both changed a set, and what each added and removed is kept: goes to the sides that lack some of it.
    Merged { left: bool, right: bool },
    /// The target keeps its value by the field's write policy.
    Kept(Side),
    /// A change on the target side of a one-way field, left as it is.
    Drifted(Side),
    /// Nothing is written: one side shows a value that its table leaves alone, or nobody is known to have edited either.
    LeftAlone,
    /// A person decides.
    Held,
    /// Goes to this side once the record that it refers to is linked, which waits for this one.
    Awaits(Side),
}

/// One field's decision, for the history and for `explain`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldOutcome {
    pub field: String,
    pub decision: Decision,
    /// Set where an owner has no user on the other side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_not_found: Option<OwnerNotFound>,
    #[serde(skip)]
    pub(crate) seen: SeenMarks,
}

/// An owner whom the other system does not know by their email: there the fallback user stands in for them, or whoever it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OwnerNotFound {
    /// Whose user it is.
    pub side: Side,
    pub user: RecordId,
}

/// Marks of what each side was seen to store, where the decision needed them: the base is made of them without making them again.
#[derive(Clone, Debug, Default)]
pub(crate) struct SeenMarks(pub(crate) Pair<Option<Mark>>);

/// What was worked out on the way is no part of the answer: plans are the same whatever they carry of it.
impl PartialEq for SeenMarks {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for SeenMarks {}

/// A value that a user wrote and that loses a conflict: it must stand in the history before it is overwritten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossRecord {
    pub field: String,
    pub side: Side,
    pub raw: Vec<Value>,
}

/// The one state in which a change ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// There is something to write.
    Write,
    /// Both sides agree already.
    NoChange,
    Skip(SkipReason),
    Hold(HoldReason),
    /// A record that it refers to has no counterpart yet.
    Wait {
        parent: MappingName,
        side: Side,
        id: RecordId,
    },
    /// The other side must be read before it can be decided.
    Look(Side),
}

/// What becomes of the link, once the writes are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkChange {
    /// As it is, with the new base.
    Keep,
    /// Made, or made again after one side came back.
    Join,
    /// One side is gone; the other stays and is left alone.
    Sever { gone: Side },
    /// Both sides are gone.
    Bury,
}

/// The whole answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub verdict: Verdict,
    /// At most one write a side.
    pub left: Option<Write>,
    pub right: Option<Write>,
    pub link: LinkChange,
    pub fields: Vec<FieldOutcome>,
    pub losses: Vec<LossRecord>,
    /// Fields that wait for a person while the rest goes on.
    pub held_fields: Vec<String>,
}

impl Plan {
    pub fn ends(verdict: Verdict) -> Self {
        Self { verdict, left: None, right: None, link: LinkChange::Keep, fields: Vec::new(), losses: Vec::new(), held_fields: Vec::new() }
    }

    pub fn write(&self, side: Side) -> Option<&Write> {
        side.of(self.left.as_ref(), self.right.as_ref())
    }
}
