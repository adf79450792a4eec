//! The connector against the simulated account: what it sends is taken, and what becomes of it is told right.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helper fails the test that called it")]

mod access;
mod scene;
mod writing;
