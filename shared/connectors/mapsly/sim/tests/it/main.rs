//! What the simulator answers, through its public interface. No answer of the real API has been seen: what is a guess of the fact sheet's (section 5)
//! is a switch of the profile, and each position of it is tried.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper of a test fails the test that called it")]

mod access;
mod desk;
mod jobs;
mod records;
