//! The exam sheet: what a case must know of a vendor and its descriptor does not tell.

use serde_json::Value as Json;
use syncline_simulator::{Fields, Users};

/// Makes an empty account that answers at this address, whose pages hold at most so many records.
pub(crate) type Paged = fn(base_url: &str, page_records: u32) -> Box<dyn Users>;

/// One vendor's sheet.
#[derive(Debug)]
pub struct Sheet {
    /// The system's name in a config; also the folder's under `shared/connectors`.
    pub system: &'static str,
    /// One for each object of the descriptor.
    pub objects: &'static [ObjectSheet],
    /// Where the vendor's server may give smaller pages than the descriptor's most: an account that does. `None` where the caller decides.
    pub paged: Option<Paged>,
    /// One line for each file of the folder `fixtures`.
    pub recorded: &'static [Recorded],
}

/// How one object is spelled at the vendor.
#[derive(Debug)]
pub struct ObjectSheet {
    pub kind: &'static str,
    /// The record of this number as its users type it in. No two share a value that must be unique, and two of them can be merged where the
    /// vendor merges at all. Values are longer than four characters, so that one is recognised where it must not stand.
    pub record: fn(u32) -> Fields,
    /// The field that names the record: vendors order lists by it.
    pub name: &'static str,
    /// A free text that can be cleared, and that rows of listings carry. The name again, where there is no other: then it cannot be cleared.
    pub text: &'static str,
    /// What we write to change a record, by a number: never what `record` has there, and two numbers in a row differ.
    pub written: fn(u32) -> Fields,
    /// Fields into which people type what they like: texts and phones.
    pub typed: &'static [&'static str],
    /// The link field that a loaded simulator has already, and that `provision` makes at one that has not.
    pub link: Option<&'static str>,
    /// The fields by which records can be found.
    pub keys: &'static [Key],
    /// A field by which the vendor cannot look.
    pub unsearchable: &'static str,
    /// A field and a value that the vendor refuses, long enough to be recognised.
    pub refused: fn() -> (&'static str, Json),
    /// An id in the vendor's own form that no record has.
    pub absent: &'static str,
    /// Whether an update with an old version is refused with `Fault::Conflict`.
    pub compares_versions: bool,
    /// Fields of the object that these records do not have, though others of it do: what is written there is nowhere.
    pub lacks: &'static [&'static str],
    /// Whether people can merge two records.
    pub merges: bool,
}

/// A field by which records can be found.
#[derive(Debug)]
pub struct Key {
    pub field: &'static str,
    /// Values that a record may have there: each is looked for.
    pub values: &'static [&'static str],
    /// Whether the vendor compares without regard to case.
    pub folds_case: bool,
}

/// One recorded answer.
#[derive(Debug)]
pub struct Recorded {
    /// The file's name in the vendor's folder `fixtures`.
    pub file: &'static str,
    /// The kind of record that was asked for.
    pub kind: &'static str,
    pub means: Means,
}

/// What a recorded answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// So many records that can be read, and so many rows that say what is wrong with them.
    Rows { good: usize, bad: usize },
    /// The vendor's refusal: the fault's code.
    Fault(&'static str),
}
