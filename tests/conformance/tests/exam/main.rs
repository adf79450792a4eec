//! The cases of the exam. None knows a vendor; each is put to every object of every vendor in the build.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a case's helper fails the case that called it")]

mod account;
mod changes;
mod directory;
mod finding;
mod honesty;
mod meaning;
mod reading;
mod recorded;
mod scanning;
mod sheets;
mod strain;
mod trouble;
mod updating;
mod writing;
mod writing_soundly;

use std::panic::{AssertUnwindSafe, catch_unwind};

use syncline_conformance::{Candidate, candidates};

/// Puts a case to every candidate; says at the end who failed, and why.
fn examine(case: impl AsyncFn(Candidate)) {
    examine_each(|candidate| run(case(candidate)));
}

/// The same for a case that runs its own questions.
fn examine_each(case: impl Fn(Candidate)) {
    let mut failed = Vec::new();
    for candidate in candidates() {
        let ended = catch_unwind(AssertUnwindSafe(|| case(candidate)));
        if let Err(trouble) = ended {
            let words = trouble.downcast_ref::<String>().cloned().or_else(|| trouble.downcast_ref::<&str>().map(ToString::to_string));
            failed.push(format!("{candidate}: {}", words.unwrap_or_default()));
        }
    }
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}

/// Runs a case to its end on this thread.
fn run<T>(case: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(case)
}
