//! What the simulated account does, seen as a client sees it: requests in, answers out.

mod access;
mod companies;
mod contacts;
mod fields;
mod harness;
mod limits;
mod listing;
mod merging;
mod peers;
mod searching;
mod tickets;
mod uniqueness;
