//! What befalls a whole installation once: most worlds know none of it.

use syncline_model::Side;

/// Decided by the seed, like everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Affairs {
    /// This side's vendor cannot be reached for an hour, while the other works.
    pub outage: Option<Side>,
    /// This side's credential is revoked; later it is given back, and the operator connects again.
    pub revoked: Option<Side>,
    /// Most contacts of this side are deleted at once.
    pub mass_deletion: Option<Side>,
    /// The share of deletions, in percent, above which a sweep asks.
    pub max_share: u32,
    /// Where there is no backfill from the start: what was there before is synced only from a later config on.
    pub late_backfill: bool,
    /// This side's vendor allows less while the backfill runs, where there is one.
    pub downgraded_in_backfill: Option<Side>,
}

impl Affairs {
    /// Those of a seed.
    pub(super) fn new(seed: u64) -> Self {
        let mut chance = fastrand::Rng::with_seed(seed ^ 0x00AF_FA12);
        let mut rarely = |times: u32| {
            let side = if chance.bool() { Side::Left } else { Side::Right };
            (chance.u32(0..times) == 0).then_some(side)
        };
        let mass_deletion = rarely(12);
        Self {
            outage: rarely(8),
            revoked: rarely(8),
            max_share: if mass_deletion.is_some() || rarely(4).is_some() { 5 } else { 100 },
            late_backfill: rarely(3).is_some(),
            downgraded_in_backfill: rarely(5),
            mass_deletion,
        }
    }
}
