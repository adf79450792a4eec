//! What presses a whole world: in one of five, one combination of happenings is far more frequent than chance would have it.

use syncline_model::Side;
use syncline_simulator::Strain;

use super::{Emphasis, MINUTE, Scenario};
use crate::kernel::Millis;
use crate::workload::Act;

/// Decided by the seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stress {
    #[default]
    None,
    /// Much is to be done under a limit that allows little, and others spend it too.
    SmallLimit,
    /// Others spend a day's calls; what waits meanwhile comes due at one moment.
    SpentDay,
    /// Conflicts wait for a person, who releases them again and again.
    Undecided,
    /// Several records come at once, of which one does not fit.
    Imports,
}

impl Stress {
    /// All but `None`.
    pub const ALL: [Self; 4] = [Self::SmallLimit, Self::SpentDay, Self::Undecided, Self::Imports];

    /// Three in ten of the worlds that emphasise nothing else.
    pub(super) fn new(seed: u64, emphasis: Emphasis) -> Self {
        let mut chance = fastrand::Rng::with_seed(seed ^ 0x57_E550);
        let pressed = emphasis == Emphasis::Nothing && chance.u32(0..10) < 3;
        if pressed { Self::ALL[chance.usize(0..Self::ALL.len())] } else { Self::None }
    }

    /// As it is counted.
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "a world is not pressed",
            Self::SmallLimit => "a world is pressed by a small limit",
            Self::SpentDay => "a world is pressed by a spent day",
            Self::Undecided => "a world is pressed by conflicts that wait",
            Self::Imports => "a world is pressed by imports",
        }
    }

    /// What its users do as often as everything else together.
    pub fn favours(self) -> Option<Act> {
        match self {
            Self::None | Self::SmallLimit => None,
            Self::SpentDay => Some(Act::EditAgain),
            Self::Undecided => Some(Act::EditBothWide),
            Self::Imports => Some(Act::Import),
        }
    }

    /// The vendors' strains that belong to it, by the time since users began.
    pub fn strains(self) -> Vec<(Millis, Side, Strain)> {
        match self {
            Self::SmallLimit => (0..6).map(|minute| (minute * MINUTE + 20_000, Side::Left, Strain::LimitSpent)).collect(),
            // Salesforce names no time; an hour later it is tried again.
            Self::SpentDay => {
                vec![(20 * MINUTE, Side::Right, Strain::LimitSpent), (100 * MINUTE, Side::Right, Strain::PlanUpgraded)]
            }
            Self::None | Self::Undecided | Self::Imports => Vec::new(),
        }
    }

    pub(super) fn press(self, scenario: &mut Scenario) {
        match self {
            Self::None => return,
            Self::SmallLimit => {
                scenario.people = [12, 12];
                scenario.shared = 4;
                scenario.backfill = true;
                scenario.freshdesk_calls_per_minute = 40;
                scenario.workers = 3;
                scenario.turmoil = scenario.turmoil.min(90 * MINUTE);
            }
            Self::SpentDay => {
                scenario.people = [3, 3];
                scenario.shared = 3;
                scenario.backfill = true;
                scenario.turmoil = 120 * MINUTE;
                scenario.acts = scenario.acts.max(20);
                scenario.operator = 0;
                scenario.strains = false;
                scenario.sweeps = false;
                scenario.webhooks = 0;
            }
            Self::Undecided => {
                scenario.people = [4, 4];
                scenario.shared = 4;
                scenario.backfill = true;
                scenario.conflict = "hold";
                scenario.acts = scenario.acts.max(12);
                scenario.operator = 2;
                scenario.strains = false;
            }
            Self::Imports => {
                scenario.acts = scenario.acts.min(15);
                scenario.webhooks = 0;
            }
        }
        // Messages meet in a batch.
        scenario.batch = 10;
    }
}
