//! What the connector asks, and what it makes of the answers, where a simulator would not answer so.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helper fails the test that called it")]

mod account;
mod against_simulator;
mod listing;
mod scripted;
mod writing;
