//! `syncline.yaml`: what it may say, what it says, and everything that is wrong with it, at its place.
//!
//! [`read`] turns text into a [`Config`] or into all its [`Problems`]. [`check_fields`] holds a config against the vendors' metadata.
//! This crate knows no vendor: what a system offers arrives as [`SystemFacts`].

mod config;
mod cron;
mod document;
mod field;
mod findings;
mod inspect;
mod layer;
mod metadata;
mod object;
mod one_sided;
mod problem;
mod read;
mod recipes;
mod relations;
mod schedule;
mod schema;
mod secrecy;
mod shape;
mod sync;
mod types;

pub use config::{Config, Connection, HistoryKeep, HistoryMode, ObjectFacts, Reading, SettingKey, Sweep, Sync, SystemFacts};
pub use cron::Cron;
pub use document::TEXT_BYTES_MAX;
pub use layer::{Address, MapLayer};
pub use metadata::{FieldIssue, LINK_FIELD_CHARACTERS_MIN, Schemas, Severity, apply_schemas, check_fields};
pub use problem::{Code, Problem, Problems};
pub use read::read;
pub use recipes::{recipe, recipe_names};
pub use schedule::Schedule;
pub use schema::json_schema;
