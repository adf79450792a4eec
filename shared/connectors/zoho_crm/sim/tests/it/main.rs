//! The organisation from outside: what a client and its people see.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper of a test fails the test that called it")]

mod access;
mod converting;
mod desk;
mod reading;
mod recorded;
mod watching;
mod writing;
