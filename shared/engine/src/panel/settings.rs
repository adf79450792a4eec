//! What a panel shows: its blocks, and how the records of each are found. Data, so that the engine knows no vendor's fields.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use syncline_model::{FieldName, MappingName, ObjectKind, Side};

use crate::Sync;

/// The most records of one block: a sidebar is no report.
pub const BLOCK_RECORDS_MAX: u32 = 20;

/// What is shown beside a requester of one sync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanelSettings {
    /// The helpdesk's side. The records that are shown are the other side's.
    pub asks: Side,
    /// The mapping that links requesters with people of the other side.
    pub person: MappingName,
    /// The helpdesk's field with a requester's email, for requesters that are not linked.
    pub email: FieldName,
    /// The other side's name for a record's own id in a question.
    pub id: FieldName,
    /// Fields of people by which the newest of several with one email is known, the first first.
    #[serde(default)]
    pub newest_person_by: Vec<FieldName>,
    /// In the order in which they are shown. Exactly one is `Matching::Person`.
    pub blocks: Vec<Block>,
}

/// One kind of record in the panel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Unique; its name in JSON.
    pub name: String,
    /// Its heading.
    pub title: String,
    pub kind: ObjectKind,
    pub matching: Matching,
    /// The first is the record's own heading.
    pub fields: Vec<ShownField>,
    /// Newest first by these fields.
    #[serde(default)]
    pub newest_by: Vec<FieldName>,
    /// At most `BLOCK_RECORDS_MAX`.
    #[serde(default = "one")]
    pub records_max: u32,
    /// What stands there when there is none: `No orders yet`.
    pub empty: String,
    #[serde(default = "yes")]
    pub on: bool,
}

/// One field of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShownField {
    pub field: FieldName,
    pub label: String,
}

/// How a block's records are found. Each way leads from the requester, so no other's records can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matching {
    /// The person that the requester is linked with, or else the one that has the requester's email.
    Person {
        email: FieldName,
        /// The person's reference to their account.
        #[serde(default)]
        account: Option<FieldName>,
    },
    /// Where there is no such person: a prospect with the requester's email, unless this yes-or-no field of it says yes.
    Prospect {
        email: FieldName,
        #[serde(default)]
        unless: Option<FieldName>,
    },
    /// The person's account itself.
    Account,
    /// Records whose field refers to the person.
    OfPerson(FieldName),
    /// Records whose field refers to the person's account.
    OfAccount(FieldName),
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

impl PanelSettings {
    /// The block that says how a person is found, whether it is shown or not.
    pub(super) fn person_block(&self) -> Option<(&Block, &FieldName, Option<&FieldName>)> {
        self.blocks.iter().find_map(|block| match &block.matching {
            Matching::Person { email, account } => Some((block, email, account.as_ref())),
            Matching::Prospect { .. } | Matching::Account | Matching::OfPerson(_) | Matching::OfAccount(_) => None,
        })
    }

    /// The block of prospects, if it is on.
    pub(super) fn prospect_block(&self) -> Option<(&Block, &FieldName, Option<&FieldName>)> {
        self.blocks.iter().filter(|block| block.on).find_map(|block| match &block.matching {
            Matching::Prospect { email, unless } => Some((block, email, unless.as_ref())),
            Matching::Person { .. } | Matching::Account | Matching::OfPerson(_) | Matching::OfAccount(_) => None,
        })
    }

    /// All that is wrong with the settings for this sync, a sentence each; empty when nothing is.
    pub fn problems(&self, sync: &Sync) -> Vec<String> {
        let mut problems = Vec::new();
        let mapping = sync.mapping(&self.person);
        if mapping.is_none() {
            problems.push(format!("panel: the sync {} has no object mapping `{}`; name the one that links people", sync.name, self.person));
        }
        let people: Vec<&Block> = self.blocks.iter().filter(|block| matches!(block.matching, Matching::Person { .. })).collect();
        match people.as_slice() {
            [only] => {
                if let Some(mapping) = mapping
                    && *mapping.kind.of(self.asks.other()) != only.kind
                {
                    let linked = mapping.kind.of(self.asks.other());
                    problems.push(format!("panel: block `{}` shows {}, but `{}` links {linked}", only.name, only.kind, self.person));
                }
            }
            several => problems.push(format!("panel: {} blocks are matched by `person`; exactly one must be", several.len())),
        }
        let mut names = BTreeSet::new();
        for block in &self.blocks {
            if !names.insert(block.name.as_str()) {
                problems.push(format!("panel: two blocks are named `{}`; give one another name", block.name));
            }
            if block.records_max == 0 || block.records_max > BLOCK_RECORDS_MAX {
                problems.push(format!("panel: block `{}` must show 1 to {BLOCK_RECORDS_MAX} records (`records_max`)", block.name));
            }
            if block.fields.is_empty() {
                problems.push(format!("panel: block `{}` has no fields; name at least one, or switch it off (`on: false`)", block.name));
            }
        }
        problems
    }
}
