//! What the exam does not ask of every vendor: what is special about a database. Against the server itself.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails the test that called it")]

mod changes;
mod deleting;
mod protection;
mod provisioning;
mod values;
mod world;
