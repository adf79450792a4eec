//! What users do, and how often each of it.

use crate::house::Turns;
use crate::scenario::Emphasis;

/// One thing that a user, or two at once, can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    Create,
    CreateOnBoth,
    CreateWithCompany,
    Edit,
    EditAgain,
    EditBoth,
    EditBothWide,
    Import,
    Clear,
    Delete,
    DeleteCompany,
    Restore,
    RestoreAfterEdit,
    Merge,
    MergeAndEdit,
    Spoil,
    MoveToCompany,
    CreateLookalike,
    Purge,
    Succeed,
}

impl Act {
    /// Each with its weight where nothing is emphasised.
    pub const ALL: [(Self, u64); 20] = [
        (Self::Create, 15),
        (Self::CreateOnBoth, 5),
        (Self::CreateWithCompany, 4),
        (Self::Edit, 30),
        (Self::EditAgain, 4),
        (Self::EditBoth, 18),
        (Self::EditBothWide, 4),
        (Self::Import, 2),
        (Self::Clear, 7),
        (Self::Delete, 7),
        (Self::DeleteCompany, 3),
        (Self::Restore, 4),
        (Self::RestoreAfterEdit, 3),
        (Self::Merge, 5),
        (Self::MergeAndEdit, 4),
        (Self::Spoil, 2),
        (Self::MoveToCompany, 6),
        (Self::CreateLookalike, 0),
        (Self::Purge, 0),
        (Self::Succeed, 0),
    ];

    /// One of them; half the time the one that this world favours.
    pub(super) fn pick(turns: &Turns, acts: &[(Self, u64)], emphasis: Emphasis, favoured: Option<Self>) -> Self {
        if let Some(favoured) = favoured.filter(|_| turns.one_in(2)) {
            return favoured;
        }
        let weighed: Vec<(Self, u64)> = acts.iter().map(|(act, weight)| (*act, emphasis.weight(*act).unwrap_or(*weight))).collect();
        let mut left = turns.below(weighed.iter().map(|(_, weight)| weight).sum());
        for (act, weight) in weighed {
            if left < weight {
                return act;
            }
            left -= weight;
        }
        Self::Edit
    }

    /// As it is counted.
    pub fn words(self) -> &'static str {
        match self {
            Self::Create => "a record is created",
            Self::CreateOnBoth => "the same record is created on both sides at once",
            Self::CreateWithCompany => "a contact is created together with its company",
            Self::Edit => "a record is edited",
            Self::EditAgain => "the same record is edited again",
            Self::EditBoth => "a pair is edited on both sides at once",
            Self::EditBothWide => "a pair is edited on both sides at once, in several fields",
            Self::Import => "several records are created, of which one does not fit",
            Self::Clear => "a field is cleared",
            Self::Delete => "a record is deleted",
            Self::DeleteCompany => "a company is deleted while its contacts change",
            Self::Restore => "a record is restored",
            Self::RestoreAfterEdit => "a record is restored after its counterpart was edited",
            Self::Merge => "two records are merged",
            Self::MergeAndEdit => "two records are merged while a counterpart is edited",
            Self::Spoil => "a record is created that does not fit the other side",
            Self::MoveToCompany => "a contact moves to another company",
            Self::CreateLookalike => "a contact is created that two others could be",
            Self::Purge => "a record is edited that will be removed for good",
            Self::Succeed => "a linked record is merged into a new one",
        }
    }
}
