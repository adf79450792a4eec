//! The connector against a whole simulated organisation: people who change modules, long lists, and what only this vendor has.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helper fails the test that called it")]

mod listing;
mod moving;
mod notifying;
mod world;
mod writing;
