//! What one world in some has much more of than the others: happenings that harm only together, and that would hardly ever meet by chance.

use crate::workload::Act;

/// Decided by the seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Emphasis {
    #[default]
    Nothing,
    /// Answers to writes are lost, and users edit what was just created for them.
    Newborns,
    /// Records that share a mobile number, and are not the same.
    Lookalikes,
    /// Records are removed for good, past the bin, one by one and most at once: no feed tells of it.
    Purges,
    /// Who is linked is merged into who is not; a merged contact keeps its address in the bin, where that can be told.
    Successions,
}

/// One world in so many has each of them.
const ONE_IN: u32 = 12;

impl Emphasis {
    pub(super) fn new(seed: u64) -> Self {
        let all = [Self::Newborns, Self::Lookalikes, Self::Purges, Self::Successions];
        let number = fastrand::Rng::with_seed(seed ^ 0x00E3_F4A5).u32(0..ONE_IN);
        all.into_iter().zip(0..).find(|(_, its)| *its == number).map_or(Self::Nothing, |(emphasis, _)| emphasis)
    }

    /// What an act weighs here, if it differs from elsewhere.
    pub fn weight(self, act: Act) -> Option<u64> {
        match (self, act) {
            (Self::Newborns, Act::Create | Act::CreateWithCompany) => Some(50),
            (Self::Lookalikes, Act::CreateLookalike) | (Self::Purges, Act::Purge) | (Self::Successions, Act::Succeed) => Some(40),
            (Self::Nothing | Self::Newborns | Self::Lookalikes | Self::Purges | Self::Successions, _) => None,
        }
    }
}
