//! What the simulated account does, seen as a client sees it: requests in, answers out.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helper fails the test that called it")]

mod access;
mod consents;
mod harness;
mod jobs;
mod people;
mod reading;
mod rules;
mod writing;
