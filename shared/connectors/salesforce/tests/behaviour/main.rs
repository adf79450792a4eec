//! The connector against a whole simulated organisation, through its public interface only, with a clock that the test moves.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helper fails the test that called it")]

mod account;
mod finding;
mod listing;
mod sessions;
mod world;
mod writing;
mod writing_badly;
