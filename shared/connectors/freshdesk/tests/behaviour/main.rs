//! What the connector asks and answers, through its public interface only.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unnecessary_wraps,
    reason = "a test's helper fails the test that called it"
)]

mod against_simulator;
mod finding;
mod listing;
mod reading;
mod scripted;
mod writing;
