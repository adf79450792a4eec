//! What every store and every queue promises, whatever it stands on: the same cases judge the embedded ones and those of AWS, so that the two
//! cannot drift apart.
//!
//! The tests beside this run them on the embedded ones, or, where `SYNCLINE_CONTRACTS_ENDPOINT` names the address of a stand-in for AWS
//! (`http://127.0.0.1:4566`), on that one's `DynamoDB` and SQS. `make e2e` does both.
#![allow(clippy::unwrap_used, clippy::panic, clippy::missing_panics_doc, reason = "a case fails the test that runs it")]

pub mod clock;
pub mod queue;
pub mod store;
