//! The connector against accounts that are of one mind, and of the other, where the vendor's documentation does not tell.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helper fails the test that called it")]

mod consent;
mod doubts;
mod listing;
mod scene;
mod writing;
