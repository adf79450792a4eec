//! What the simulator answers, through its public interface.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper of a test fails the test that called it")]

mod access;
mod desk;
mod reading;
mod recorded;
mod statuses;
mod users;
mod webhooks;
