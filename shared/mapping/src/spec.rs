//! What a sync is told to do: the mapping of one object pair, as the config says it and as the engine reads it.

use serde::{Deserialize, Serialize};
use syncline_model::{FieldName, MappingName, ObjectKind, Side};

use crate::{Equality, Lens};

/// A thing that each side has one of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair<T> {
    pub left: T,
    pub right: T,
}

impl<T> Pair<T> {
    pub fn new(left: T, right: T) -> Self {
        Self { left, right }
    }

    pub fn of(&self, side: Side) -> &T {
        side.of(&self.left, &self.right)
    }

    pub fn of_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Left => &mut self.left,
            Side::Right => &mut self.right,
        }
    }
}

/// Which way a field's changes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    Both,
    ToLeft,
    ToRight,
}

impl Flow {
    /// Whether changes may be written to this side.
    pub fn reaches(self, side: Side) -> bool {
        match self {
            Self::Both => true,
            Self::ToLeft => side == Side::Left,
            Self::ToRight => side == Side::Right,
        }
    }
}

/// Who wins when both sides changed a field to different values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conflict {
    /// The master of the sync.
    Master,
    /// The side whose record carries the later stamp; the master where they are equal or unknown.
    Latest,
    /// Nobody: a person decides.
    Hold,
    /// The side that says `true` (opted out), whoever is master.
    OptOutWins,
}

/// When a field of an existing record on the target side may be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WritePolicy {
    #[default]
    Always,
    /// Only while the target's field is empty.
    FillEmpty,
    /// Never with an empty value.
    NeverClear,
    /// Always, but a value that the target refuses because another record has it is left out, and said.
    UnlessTaken,
}

/// What happens on a one-way field when its target side was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drift {
    /// The source's value is written over it.
    #[default]
    Overwrite,
    /// It stays until the source changes again.
    Leave,
}

/// What a deletion on a side does to the other side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeletePolicy {
    /// The counterpart stays, and is no longer synced.
    #[default]
    Ignore,
    /// The counterpart is deleted too.
    Propagate,
}

/// One mapped field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldMapping {
    /// Unique in its object; the base is stored under it.
    pub name: String,
    /// How each side's raw fields become the shared view, and back.
    pub lens: Pair<Lens>,
    pub flow: Flow,
    pub equality: Equality,
    pub conflict: Conflict,
    /// Whether a set that both sides changed is decided as a whole, by `conflict`; else the additions and removals of both are kept.
    pub whole_sets: bool,
    /// By the side that is written to.
    pub write: Pair<WritePolicy>,
    pub drift: Drift,
}

/// Records of the two sides are the same when they agree on this; keys are tried in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchKey {
    pub field: Pair<FieldName>,
    pub equality: Equality,
    /// The value belongs to one record a side: a hit that is linked to another record means that this one is not synced.
    pub unique: bool,
}

/// One pair of objects that are kept in step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectMapping {
    pub name: MappingName,
    pub kind: Pair<ObjectKind>,
    pub fields: Vec<FieldMapping>,
    pub match_keys: Vec<MatchKey>,
    /// The field in which each side carries the other's id.
    pub link_field: Pair<Option<FieldName>>,
    /// Whether a record may be created on that side.
    pub create: Pair<bool>,
    /// By the side on which the deletion happened.
    pub deletes: Pair<DeletePolicy>,
    /// To be created on that side, a record needs a value in at least one of these of its own fields (of the target's names).
    pub need_one_of: Pair<Vec<FieldName>>,
    /// Fields without which the vendor makes no record, found in its metadata.
    pub required: Pair<Vec<FieldName>>,
}

impl ObjectMapping {
    /// The fields to read on a side: mapped, link, match and needed ones, each once, in order of name.
    pub fn selection(&self, side: Side) -> Vec<FieldName> {
        let mut names: std::collections::BTreeSet<FieldName> = std::collections::BTreeSet::new();
        for field in &self.fields {
            names.extend(field.lens.of(side).fields().into_iter().cloned());
        }
        names.extend(self.match_keys.iter().map(|key| key.field.of(side).clone()));
        names.extend(self.link_field.of(side).iter().cloned());
        names.extend(self.need_one_of.of(side).iter().cloned());
        names.into_iter().collect()
    }

    /// Whether some of its records refer to others of it: people to the organisation where they work.
    pub fn refers_to_itself(&self) -> bool {
        self.parents().any(|parent| *parent == self.name)
    }

    /// The mappings that this one refers to, which therefore go first.
    pub fn parents(&self) -> impl Iterator<Item = &MappingName> {
        self.fields.iter().filter_map(|field| field.lens.left.parent())
    }
}

/// What holds for the whole sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    pub master: Side,
}
