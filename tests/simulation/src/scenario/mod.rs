//! What a seed decides before anything happens: how large the world is, how it is configured, and what goes wrong how often.
//!
//! Each kind of trouble is absent in about half of all seeds: some defects show only where nothing else goes wrong.

mod affairs;
mod aircall_zendesk_support;
mod emphasis;
mod freshdesk_salesforce;
mod mood;
mod names;
mod salesmanago_zoho_crm;
mod stress;
mod zendesk_sell_postgres;
mod zoho_people;

use syncline_model::Side;

pub use affairs::Affairs;
pub use aircall_zendesk_support::recipe as aircall_zendesk_support;
pub use emphasis::Emphasis;
pub use freshdesk_salesforce::recipe as freshdesk_salesforce;
pub use mood::{Mishap, Mood, TROUBLES};
pub use names::RecipeName;
pub use salesmanago_zoho_crm::recipe as salesmanago_zoho_crm;
pub use stress::Stress;
pub use zendesk_sell_postgres::recipe as zendesk_sell_postgres;
pub use zoho_people::HALF_MOVED;

use crate::auditor::Share;
use crate::kernel::Millis;
use crate::vendors::Account;
use crate::workload::Act;

const MINUTE: Millis = 60_000;

/// How two sides' values of a field are compared, and how the workload makes new ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Any text; blanks around it do not count.
    Text,
    Email,
    Phone,
    /// One field on one side, first and last name on the other.
    PersonName,
    /// The id of a parent record.
    Reference {
        parent: &'static str,
    },
    /// One of some words, which are others on each side.
    Choice(&'static Choices),
    /// The same, of a consent: where two users disagree, the refusal stands.
    Consent(&'static Choices),
}

/// The words of both sides, each with what it means to both; with nothing where it is not synced.
#[derive(Debug, PartialEq, Eq)]
pub struct Choices {
    pub left: &'static [(&'static str, &'static str)],
    pub right: &'static [(&'static str, &'static str)],
}

impl Choices {
    pub fn of(&self, side: Side) -> &'static [(&'static str, &'static str)] {
        side.of(self.left, self.right)
    }
}

/// What may be written over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// What a user wrote last goes to the other side.
    Newest,
    /// What is there stays: only an empty field is filled.
    First,
    /// It only tells who is who, and is not synced.
    Apart,
}

/// A mapped field, as the workload and the auditor know it: written down by hand, not read from the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    /// The names of its parts on the left and on the right.
    pub parts: [Vec<&'static str>; 2],
    pub sort: Sort,
    pub keeps: Keeps,
    /// Whether a user may clear it.
    pub clears: bool,
    /// Whether the scenario's conflict policy holds for it; else the master wins.
    pub conflicts: bool,
}

impl Field {
    pub fn parts(&self, side: Side) -> &[&'static str] {
        side.of(&self.parts[0], &self.parts[1])
    }
}

/// A mapped object, as the workload and the auditor know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The mapping's name in the config.
    pub mapping: &'static str,
    pub kind: [&'static str; 2],
    /// The field in which each side carries the other's id.
    pub link: [&'static str; 2],
    pub fields: Vec<Field>,
    /// By the side where the record was deleted: whether the deletion is carried over.
    pub deletes: [bool; 2],
    /// A record without any of these is not carried over to that side.
    pub need_one_of: [Vec<&'static str>; 2],
    /// Fields (by the names above) that identify: two records of a side never share one.
    pub unique: Vec<&'static str>,
    /// Parts of fields that a side takes only up to so many characters.
    pub lengths: Vec<(Side, &'static str, usize)>,
}

impl Object {
    pub fn kind(&self, side: Side) -> &'static str {
        side.of(self.kind[0], self.kind[1])
    }

    /// The field that a part of a side belongs to, and how long that part may be; `None` where no limit is known.
    pub fn longest(&self, side: Side, part: &str) -> Option<(&Field, usize)> {
        let (_, _, most) = self.lengths.iter().find(|(its, name, _)| *its == side && *name == part)?;
        self.fields.iter().find(|field| field.parts(side).contains(&part)).map(|field| (field, *most))
    }

    pub fn link(&self, side: Side) -> &'static str {
        side.of(self.link[0], self.link[1])
    }
}

/// A recipe, made ready for a run.
pub struct Recipe {
    pub sync: &'static str,
    pub objects: Vec<Object>,
    /// What its users do, each with its weight where nothing is emphasised.
    pub acts: &'static [(Act, u64)],
    /// The config's text, by generation: an operator moves from one to the next.
    pub configs: Vec<String>,
    /// By config: the fields that it leaves out.
    pub unmapped: Vec<&'static [&'static str]>,
    pub secrets: &'static [(&'static str, &'static [(&'static str, &'static str)])],
    pub left: Account,
    pub right: Account,
    /// What of each vendor's limit is ours; `None`: more than a world can use.
    pub shares: [Option<Share>; 2],
    /// After so many seconds everything that was saved shows in every listing.
    pub visible_after_s: u32,
    /// Whether tables are made before anything is synced, as an administrator does.
    pub provisions: bool,
}

/// Everything that the seed decides.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own; any of them goes with any other")]
#[derive(Clone, Debug)]
pub struct Scenario {
    pub recipe: RecipeName,
    pub seed: u64,
    /// How long users and troubles are at work.
    pub turmoil: Millis,
    /// Acts of users in that time.
    pub acts: u32,
    /// Records on each side before the sync is turned on, and how many of them are the same.
    pub people: [u32; 2],
    pub shared: u32,
    pub companies: u32,
    pub backfill: bool,
    pub master: Side,
    /// The conflict policy of the fields that both sides write: `master`, `latest` or `hold`.
    pub conflict: &'static str,
    pub pull_every: Millis,
    /// How many workers a connection may have at once.
    pub workers: usize,
    /// How many messages a worker takes.
    pub batch: usize,
    /// One in so many invocations dies between two effects.
    pub kills: u32,
    /// One in so many schedules fires twice.
    pub doubled: u32,
    /// One in so many changes of users is told by a webhook.
    pub webhooks: u32,
    /// One in so many acts is an operator's: a pause, a change of the config, a release.
    pub operator: u32,
    /// Whether the vendor's plans change, quotas are spent and sessions end.
    pub strains: bool,
    /// Each side's clock against ours.
    pub skew: [i64; 2],
    pub freshdesk_search_lag_s: u32,
    pub salesforce_commit_lag_s: u32,
    /// Whether what users save becomes visible late too.
    pub salesforce_saves_lag: bool,
    pub salesforce_rewrites: bool,
    pub salesforce_blocks_duplicates: bool,
    pub salesforce_page: u32,
    pub freshdesk_calls_per_minute: u32,
    /// A sweep now and then, besides the one at the end.
    pub sweeps: bool,
    pub debounce_s: u32,
    /// How long a function may run.
    pub timeout: Millis,
    pub affairs: Affairs,
    pub emphasis: Emphasis,
    pub stress: Stress,
}

impl Scenario {
    /// Of this recipe. What is a matter of Freshdesk's and Salesforce's, other recipes do without.
    pub fn of(recipe: RecipeName, seed: u64) -> Self {
        let scenario = Self::new(seed);
        let people = scenario.people.map(|people| people.clamp(1, 5));
        let plain = Self {
            recipe,
            people,
            conflict: "master",
            freshdesk_calls_per_minute: 100_000,
            salesforce_saves_lag: false,
            debounce_s: 0,
            emphasis: Emphasis::Nothing,
            stress: Stress::None,
            affairs: Affairs { mass_deletion: None, late_backfill: false, ..scenario.affairs.clone() },
            ..scenario.clone()
        };
        match recipe {
            RecipeName::FreshdeskSalesforce => scenario,
            // What stands on one side only is soon told: worlds of many pairs show more.
            RecipeName::AircallZendeskSupport | RecipeName::SalesmanagoZohoCrm => {
                Self { shared: people[0].min(people[1]), companies: 0, salesforce_commit_lag_s: 0, ..plain }
            }
            // Nobody is the same but by a link: what stands on both sides stands there twice.
            RecipeName::ZendeskSellPostgres => Self { shared: 0, companies: scenario.companies.max(1), ..plain },
        }
    }

    pub fn new(seed: u64) -> Self {
        let mut chance = fastrand::Rng::with_seed(seed ^ 0x5CE7_A210);
        let half = |chance: &mut fastrand::Rng| chance.bool();
        let some = |chance: &mut fastrand::Rng, often: u32| if chance.bool() { chance.u32(often..often * 6) } else { 0 };
        let skew = |chance: &mut fastrand::Rng| if chance.bool() { chance.i64(-20_000..20_000) } else { 0 };
        let people = [chance.u32(0..5), chance.u32(0..5)];
        let mut scenario = Self {
            recipe: RecipeName::FreshdeskSalesforce,
            seed,
            turmoil: chance.i64(20..360) * MINUTE,
            acts: chance.u32(4..30),
            people,
            shared: chance.u32(0..=people[0].min(people[1])),
            companies: chance.u32(0..3),
            backfill: half(&mut chance),
            master: if chance.bool() { Side::Left } else { Side::Right },
            conflict: ["master", "latest", "hold"][if chance.u32(0..4) == 0 { chance.usize(1..3) } else { 0 }],
            pull_every: chance.i64(1..10) * MINUTE,
            workers: chance.usize(1..4),
            batch: [1, 3, 10][chance.usize(0..3)],
            kills: some(&mut chance, 3),
            doubled: some(&mut chance, 2),
            webhooks: some(&mut chance, 1),
            operator: some(&mut chance, 4),
            strains: chance.u32(0..4) == 0,
            skew: [skew(&mut chance), skew(&mut chance)],
            freshdesk_search_lag_s: [0, 30, 180][chance.usize(0..3)],
            salesforce_commit_lag_s: [0, 0, 60, 240][chance.usize(0..4)],
            salesforce_saves_lag: true,
            salesforce_rewrites: half(&mut chance),
            salesforce_blocks_duplicates: chance.u32(0..4) == 0,
            salesforce_page: [2, 3, 2_000][chance.usize(0..3)],
            freshdesk_calls_per_minute: [60, 400, 100_000][chance.usize(0..3)],
            sweeps: half(&mut chance),
            debounce_s: if chance.u32(0..5) == 0 { chance.u32(5..90) } else { 0 },
            // The shorter one is over before a single call to a vendor has to be.
            timeout: [20_000, 3 * MINUTE, 3 * MINUTE][chance.usize(0..3)],
            affairs: Affairs::new(seed),
            emphasis: Emphasis::new(seed),
            stress: Stress::new(seed, Emphasis::new(seed)),
        };
        if scenario.emphasis == Emphasis::Purges {
            // Nobody is asked about a share of more than all.
            scenario.affairs.mass_deletion = Some(Side::Right);
            scenario.affairs.max_share = 5;
        }
        if scenario.emphasis == Emphasis::Newborns {
            // Each answer that is lost is waited for: who runs out of time each time never gets on.
            scenario.timeout = 3 * MINUTE;
            scenario.freshdesk_search_lag_s = 180;
        }
        if scenario.affairs.mass_deletion.is_some() {
            // Fewer than eleven deletions are never asked about.
            scenario.people = [18, 17];
            scenario.shared = 16;
            scenario.backfill = true;
        }
        if scenario.emphasis == Emphasis::Purges {
            scenario.people = [26, 25];
            scenario.shared = 24;
        }
        scenario.stress.press(&mut scenario);
        scenario
    }
}
