//! A world in which Syncline is tried: the production engine, mapping and connectors, unchanged, over simulated ports, against the vendors'
//! simulators, with users who edit and functions that die. One seed decides everything.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc, reason = "a program for tests")]

pub mod auditor;
pub mod figures;
pub mod house;
pub mod kernel;
#[cfg(feature = "mutants")]
pub mod mutants;
pub mod ports;
pub mod report;
pub mod run;
pub mod scenario;
pub mod scripted;
pub mod seeds;
pub mod vendors;
pub mod workload;
