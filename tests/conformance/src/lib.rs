//! The exam: what a connector's contract asks, put to every connector against its own simulator. The cases stand in `tests/exam` and know no
//! vendor; what they must know of one stands on its exam sheet, in `sheets/`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "an exam's room fails the case that uses it"
)]

mod candidate;
mod lab;
mod meaning;
mod room;
mod sheet;
mod sheets;
mod walk;
mod watch;

pub use candidate::{Candidate, candidates, fixtures};
pub use lab::Lab;
pub use meaning::{meaning, same, value_of};
pub use sheet::{Key, Means, ObjectSheet, Recorded, Sheet};
pub use sheets::sheets;
pub use walk::{Place, Walk};
