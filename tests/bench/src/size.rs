//! How much is measured: two accounts that share half of their people.

use std::ops::Range;

use syncline_mapping::Pair;

/// Decides who the people are.
pub(crate) const SEED: u64 = 1;

/// The people and companies of both sides, by their numbers in the population; those in both ranges are the same.
#[derive(Clone, Debug)]
pub(crate) struct Size {
    pub(crate) people: Pair<Range<u32>>,
    pub(crate) companies: Pair<Range<u32>>,
    /// Edits of each side, one a record.
    pub(crate) edits: u32,
    /// Decisions over which the time of one is averaged.
    pub(crate) decisions: u32,
    /// Starts of each program.
    pub(crate) starts: u32,
    pub(crate) name: &'static str,
}

impl Size {
    pub(crate) fn full() -> Self {
        Self {
            people: Pair::new(0..10_000, 6_000..14_000),
            companies: Pair::new(0..1_000, 550..1_450),
            edits: 1_000,
            decisions: 100_000,
            starts: 100,
            name: "full",
        }
    }

    /// A tenth, for a quick look.
    pub(crate) fn small() -> Self {
        Self {
            people: Pair::new(0..1_000, 600..1_400),
            companies: Pair::new(0..100, 55..145),
            edits: 100,
            decisions: 10_000,
            starts: 20,
            name: "small",
        }
    }

    /// As small as shows every kind of call.
    #[cfg(test)]
    pub(crate) fn tiny() -> Self {
        Self { people: Pair::new(0..400, 240..560), companies: Pair::new(0..40, 22..58), edits: 40, ..Self::small() }
    }

    /// Records of both sides before the first run.
    pub(crate) fn records(&self) -> u64 {
        [&self.people, &self.companies].into_iter().map(|pair| count(&pair.left) + count(&pair.right)).sum()
    }
}

pub(crate) fn count(range: &Range<u32>) -> u64 {
    u64::from(range.end.saturating_sub(range.start))
}

/// Numbers in either range; the ranges overlap.
pub(crate) fn union(pair: &Pair<Range<u32>>) -> u64 {
    count(&(pair.left.start.min(pair.right.start)..pair.left.end.max(pair.right.end)))
}
