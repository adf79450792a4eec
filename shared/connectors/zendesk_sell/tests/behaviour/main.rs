//! The connector from outside, against answers that a test scripts, and against the simulator.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper of a test fails the test that called it")]

mod account;
mod against_simulator;
mod listing;
mod recorded;
mod scripted;
mod signing_in;
mod writing;
