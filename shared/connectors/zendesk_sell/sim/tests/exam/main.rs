//! What the simulated account does, seen as a client sees it: requests in, answers out.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helper fails the test that called it")]

mod access;
mod firehose;
mod harness;
mod leaving;
mod listing;
mod people;
mod recorded;
mod syncing;
mod writing;
