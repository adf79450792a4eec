//! The requester panel, from the helpdesk's request for a token to the page, between the two vendors' simulators.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test cannot set up fails the test")]

mod access;
mod desk;
mod records;
mod states;
