//! Scenes without chance: one thing happens, one trouble meets it at one point, and the judgement is exact.
//!
//! A random world shows what nobody thought of; a scene shows that nothing was left out: the same story is told once for every point at which
//! it can be cut.

mod judgement;
mod scenes;
mod stage;
mod trouble;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use syncline_model::Side;
use syncline_registry::Adapters;

use crate::house::{House, Role, Watch};
use crate::kernel::{Kernel, Millis};
use crate::scenario::{Affairs, Emphasis, Mood, Scenario, Stress, freshdesk_salesforce};

pub use scenes::{SCENES, Scene};
pub use stage::{Kind, Stage};
pub use trouble::{Loss, Points, Trouble};

use judgement::Remains;
use trouble::Tripwire;

/// How soon the vendors show what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// At once.
    Clear,
    /// Freshdesk's search three minutes, Salesforce's rows one minute later.
    Late,
}

impl std::fmt::Display for Sight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Clear => "clear",
            Self::Late => "late",
        })
    }
}

impl std::str::FromStr for Sight {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Clear, Self::Late].into_iter().find(|sight| sight.to_string() == text).ok_or_else(|| "`clear` or `late`".to_owned())
    }
}

/// How a scene went.
#[derive(Clone, Debug)]
pub struct Course {
    /// What the scene passed between the act and quiet.
    pub points: Points,
    /// Who had each effect since the act.
    pub doers: Vec<Option<Role>>,
    /// What is wrong in the end; empty when all is well.
    pub problems: Vec<String>,
    /// What is there in the end.
    pub remains: Remains,
    /// The story, where it is told.
    pub lines: Vec<String>,
    /// Virtual time from the act until quiet, in milliseconds.
    pub to_quiet: Millis,
}

const SIDES: [Side; 2] = [Side::Left, Side::Right];
/// Decides nothing but how long each effect takes.
const SEED: u64 = 11;
const BEGIN: &str = "2026-11-22T10:00:00Z";
const MINUTE: Millis = 60_000;
/// Within so long the world is quiet after one trouble, or two: messages of who died come again after minutes, a search lags for minutes.
const QUIET_WITHIN: Millis = 90 * MINUTE;
/// So long nothing more may be written: each side is read once more.
const REST: Millis = 6 * MINUTE;

fn scenario(backfill: bool, sight: Sight) -> Scenario {
    let late = sight == Sight::Late;
    Scenario {
        turmoil: 0,
        acts: 0,
        people: [0, 0],
        shared: 0,
        companies: 0,
        backfill,
        master: Side::Left,
        conflict: "master",
        pull_every: 5 * MINUTE,
        // A backfill hands out more work than two can do at once; one is enough to be cut at every point, and starts fewer containers.
        workers: if backfill { 1 } else { 2 },
        batch: 10,
        kills: 0,
        doubled: 0,
        webhooks: 0,
        operator: 0,
        strains: false,
        skew: [0, 0],
        freshdesk_search_lag_s: if late { 180 } else { 0 },
        salesforce_commit_lag_s: if late { 60 } else { 0 },
        // A scene goes on with what its user has just saved.
        salesforce_saves_lag: false,
        salesforce_rewrites: true,
        salesforce_blocks_duplicates: false,
        salesforce_page: 2_000,
        freshdesk_calls_per_minute: 100_000,
        sweeps: false,
        debounce_s: 0,
        stress: Stress::None,
        affairs: Affairs { max_share: 100, ..Affairs::default() },
        emphasis: Emphasis::Nothing,
        ..Scenario::new(SEED)
    }
}

/// Plays a scene with a trouble.
///
/// # Panics
///
/// If what happens before the scene does not come to rest, or a vendor refuses what the script does.
pub fn play(scene: &Scene, sight: Sight, trouble: &Trouble, told: bool) -> Course {
    let begin: Timestamp = BEGIN.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    let kernel = Kernel::new(SEED, begin, told);
    let scenario = scenario(scene.backfill, sight);
    let recipe = freshdesk_salesforce(&scenario, begin);
    let mut house = House::new(scenario, Mood::none(), recipe, kernel.clone());
    let mut tripwire = None;
    house.put_in_front(|behind| {
        let front = Arc::new(Tripwire::new(kernel.clone(), behind));
        tripwire = Some(front.clone());
        Adapters { store: front.clone(), outbox: front.clone(), http: front, ..behind.clone() }
    });
    let Some(tripwire) = tripwire else { unreachable!("put in front just now") };
    let mut stage = Stage { house, deleted: None };
    if !scene.backfill {
        stage.house.open();
        for before in scene.before {
            before(&mut stage);
            let quiet = stage.house.run_until_quiet(kernel.millis() + QUIET_WITHIN);
            assert!(quiet, "the world did not come to rest before the scene began");
        }
    }
    kernel.note(|| format!("scene {}: {trouble}", scene.name));
    tripwire.arm(trouble);
    (scene.act)(&mut stage);
    let acted = kernel.millis();
    if scene.backfill {
        stage.house.open();
    }
    let mut seen = SIDES.map(|side| known(&stage.house, side));
    let before = seen.each_ref().map(BTreeSet::len);
    let mut look = |house: &House| {
        for (side, seen) in SIDES.into_iter().zip(&mut seen) {
            seen.extend(known(house, side));
        }
    };
    let mut watch = Watch::new(&mut look);
    let quiet = stage.house.watch_until_quiet(acted + QUIET_WITHIN, &mut watch);
    let doers = watch.doers;
    let (points, to_quiet) = (tripwire.points(), kernel.millis() - acted);
    let created = [seen[0].len() - before[0], seen[1].len() - before[1]];
    let mut problems = Vec::new();
    if quiet {
        let house = &mut stage.house;
        house.audit();
        house.auditor.quiet();
        house.run_until(kernel.millis() + REST);
    } else {
        problems.push(format!("the world is not quiet; {} messages wait", stage.house.queue.all().len()));
    }
    let remains = judgement::remains(&stage.house);
    problems.extend(judgement::judge(scene, &stage.house, created));
    Course { points, doers, problems, remains, lines: kernel.trace().lines, to_quiet }
}

/// The records of a side that are live: whoever was seen once was stored.
fn known(house: &House, side: Side) -> BTreeSet<(Kind, String)> {
    Kind::ALL.into_iter().flat_map(|kind| house.vendors.live(side, kind.at(side)).into_keys().map(move |id| (kind, id))).collect()
}
