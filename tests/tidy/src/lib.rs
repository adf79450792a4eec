//! Checks on the repository itself: dependency arrows, licences, generated files, documents, and what may not stand in a file.
//!
//! Rules that reason are functions from text and metadata to sentences, so that they are shown to catch planted offences; the tests in
//! `tests/tidy` hold the tree against them. What a rule allows stands as data in `ARCHITECTURE.md` (arrows, wrappers) or beside the rule, with its reason.

pub mod arrows;
pub mod generated;
pub mod licence;
pub mod observability;
pub mod rust_text;
pub mod systems;
pub mod tree;
pub mod workspace;
