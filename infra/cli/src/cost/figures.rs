//! Measured figures: one file a recipe, written by `make bench ARGS=--record`.

use serde::{Deserialize, Serialize};
use syncline_model::{Decimal, Side};

/// What was counted while something was done once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// Request units of `DynamoDB`, as it reports them.
    pub store_reads: Decimal,
    pub store_writes: Decimal,
    /// Requests of the store: each is waited for.
    pub store_requests: Decimal,
    /// Requests of SQS as billed, empty receives left out.
    pub queue_requests: Decimal,
    /// Calls of both vendors, sign-in and metadata left out.
    pub vendor_calls: Decimal,
    /// Runs of a worker.
    pub runs: Decimal,
    /// CPU time of the whole process, simulators and embedded store included: more than a function needs.
    pub cpu_ms: Decimal,
}

impl Counted {
    /// Each amount with its like.
    #[must_use]
    pub fn each(&self, other: &Self, act: impl Fn(Decimal, Decimal) -> Decimal) -> Self {
        Self {
            store_reads: act(self.store_reads, other.store_reads),
            store_writes: act(self.store_writes, other.store_writes),
            store_requests: act(self.store_requests, other.store_requests),
            queue_requests: act(self.queue_requests, other.queue_requests),
            vendor_calls: act(self.vendor_calls, other.vendor_calls),
            runs: act(self.runs, other.runs),
            cpu_ms: act(self.cpu_ms, other.cpu_ms),
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        self.each(other, |one, other| one + other)
    }
}

/// A quiet poll of each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Polls {
    pub left: Counted,
    pub right: Counted,
}

impl Polls {
    pub fn of(&self, side: Side) -> &Counted {
        side.of(&self.left, &self.right)
    }
}

/// Many changes carried over together, each side's in one go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Many {
    /// Changes of each side at once.
    pub together: u32,
    /// What one of them cost.
    pub each: Counted,
}

/// The figures of a recipe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    pub recipe: String,
    /// The build and the size of the run that measured them: CPU time depends on them, counts do not.
    pub build: String,
    pub size: String,
    /// The connections, left and right.
    pub connections: [String; 2],
    pub poll: Polls,
    /// One change by itself, what its polls would have cost anyway left out.
    pub alone: Counted,
    pub many: Many,
    /// Most memory of `write` over a batch, in MiB.
    pub write_peak_mib: Decimal,
}

/// A file of figures is not well-formed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the figures of {recipe}: {problem}")]
pub struct FiguresError {
    recipe: String,
    problem: String,
}

/// Recipes with their figures, as they were recorded last.
const FILES: [(&str, &str); 4] = [
    ("freshdesk-salesforce", include_str!("../../figures/freshdesk-salesforce.json")),
    ("aircall-zendesk_support", include_str!("../../figures/aircall-zendesk_support.json")),
    ("salesmanago-zoho_crm", include_str!("../../figures/salesmanago-zoho_crm.json")),
    ("zendesk_sell-postgres", include_str!("../../figures/zendesk_sell-postgres.json")),
];

/// The recipes that have figures.
pub fn recipe_names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// The file, from the repository's root.
pub fn figures_file(recipe: &str) -> String {
    format!("infra/cli/figures/{recipe}.json")
}

/// The figures of a recipe; `None` where it was not measured.
pub fn figures(recipe: &str) -> Option<Result<Figures, FiguresError>> {
    FILES.iter().find(|(name, _)| *name == recipe).map(|(name, text)| read(name, text))
}

fn read(recipe: &str, text: &str) -> Result<Figures, FiguresError> {
    let fail = |problem: String| FiguresError { recipe: recipe.to_owned(), problem };
    let figures: Figures = serde_json::from_str(text).map_err(|error| fail(error.to_string()))?;
    if figures.recipe != recipe {
        return Err(fail(format!("they are those of {}", figures.recipe)));
    }
    let all = [&figures.poll.left, &figures.poll.right, &figures.alone, &figures.many.each];
    for counted in all {
        let Counted { store_reads, store_writes, store_requests, queue_requests, vendor_calls, runs, cpu_ms } = counted;
        if [store_reads, store_writes, store_requests, queue_requests, vendor_calls, runs, cpu_ms].iter().any(|it| it.is_sign_negative()) {
            return Err(fail("a count below 0".to_owned()));
        }
        if store_writes.is_zero() && vendor_calls.is_zero() {
            return Err(fail("something was done for nothing at all".to_owned()));
        }
    }
    if figures.many.together < 2 || figures.write_peak_mib.is_zero() {
        return Err(fail("many are at least two, and `write` needs memory".to_owned()));
    }
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recorded_file_is_well_formed() {
        for recipe in recipe_names() {
            let figures = figures(recipe).unwrap().unwrap();
            assert!(syncline_config::recipe(recipe).is_some(), "{recipe} is shipped");
            let poll = figures.poll.left.vendor_calls;
            assert!(poll >= Decimal::ONE, "a poll asks its vendor: {poll}");
            let (alone, each) = (figures.alone, figures.many.each);
            assert!(alone.store_requests > each.store_requests && alone.runs > each.runs, "many share their requests and runs");
        }
        assert!(figures("nothing").is_none());
    }

    #[test]
    fn figures_of_another_recipe_or_with_odd_counts_are_refused() {
        let (name, text) = FILES[0];
        assert!(read("other", text).is_err());
        assert!(read(name, &text.replacen("\"together\": ", "\"together\": 0, \"x\": ", 1)).is_err());
        assert!(read(name, "{}").is_err());
    }
}
