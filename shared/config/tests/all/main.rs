//! The config through its public interface.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test binary: what is not as expected ends its test")]

mod map;
mod metadata;
mod problems;
mod reading;
mod recipes;
mod schedules;
mod world;
mod write_only;
