//! Draws a run's progress: a bar on a terminal, plain lines elsewhere.

use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use syncline_local::{Progress, Snapshot};

use crate::printer::{Printer, duration};

/// The bar, drawn on stderr.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style("{spinner} {msg}"));
        Self(bar)
    }

    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Progress for Bar {
    fn update(&self, snapshot: &Snapshot) {
        if let Some(expected) = snapshot.expected.filter(|expected| *expected > 0) {
            if self.0.length() != Some(expected) {
                self.0.set_length(expected);
                self.0.set_style(style("{wide_bar} {pos}/{len} {msg}"));
            }
            self.0.set_position(snapshot.done);
        }
        self.0.set_message(words(snapshot));
        self.0.tick();
    }
}

/// A line whenever the phase changes, and every ten seconds.
#[derive(Default)]
pub(crate) struct Lines {
    last: Mutex<(String, u64)>,
}

/// How long the same phase goes without a line, in seconds.
const QUIET_S: u64 = 10;

impl Progress for Lines {
    fn update(&self, snapshot: &Snapshot) {
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.0 == snapshot.phase && snapshot.seconds < last.1 + QUIET_S {
            return;
        }
        *last = (snapshot.phase.clone(), snapshot.seconds);
        Printer::words(&words(snapshot));
    }
}

fn words(snapshot: &Snapshot) -> String {
    let mut parts = vec![snapshot.phase.clone()];
    if let Some(expected) = snapshot.expected.filter(|expected| *expected > 0) {
        parts.push(format!("{} of {expected} records", snapshot.done));
    }
    for (connection, usage) in &snapshot.usage {
        let used: u64 = usage.calls.values().sum();
        parts.push(match usage.vendor_left {
            Some(left) => format!("{connection}: {used} calls, {left} left"),
            None => format!("{connection}: {used} calls"),
        });
    }
    if let Some(left) = snapshot.seconds_left {
        parts.push(format!("about {} left", duration(left)));
    }
    parts.join(" · ")
}
