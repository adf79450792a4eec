//! FS · Freshdesk and Salesforce.

mod conflicts;
mod deletes;
mod fields;
mod matching;
mod setup;
