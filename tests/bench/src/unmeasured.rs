//! Why a figure could not be had.

/// Names what was being measured, and what stood in the way.
#[derive(Debug, thiserror::Error)]
#[error("{what} could not be measured: {problem}")]
pub(crate) struct Unmeasured {
    what: String,
    problem: String,
}

pub(crate) type Measured<T> = Result<T, Unmeasured>;

impl Unmeasured {
    #[allow(clippy::needless_pass_by_value, reason = "it is given errors by map_err")]
    pub(crate) fn new(what: &str, problem: impl ToString) -> Self {
        Self { what: what.to_owned(), problem: problem.to_string() }
    }
}
