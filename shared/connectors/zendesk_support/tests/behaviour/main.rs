//! What the connector asks and makes of the answers, through its public interface: a Zendesk that answers from a list, and a simulated one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper of a test fails the test that called it")]

mod account;
mod against_simulator;
mod listing;
mod scripted;
mod signing_in;
mod writing;
