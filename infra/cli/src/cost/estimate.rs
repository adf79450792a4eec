//! From figures to requests a month, and from requests to dollars.
//!
//! What one change costs depends on how many travel together. Each counted thing is taken to grow in a straight line with them: so much for a
//! batch, so much for each change in it. Both follow from the two measurements, one change alone and many together. How many travel together
//! follows from the volume: a poll finds what has changed since the last one.

use std::collections::BTreeMap;

use serde::Serialize;
use syncline_model::{Decimal, Side};

use crate::assumptions::{Assumptions, SecretsIn};
use crate::figures::{Counted, Figures};
use crate::prices::{Item, Prices};

/// Billed amounts of a month.
pub type Used = BTreeMap<Item, Decimal>;

/// AWS's own month.
const HOURS_A_MONTH: u32 = 730;
/// Lambda gives one whole processor at so much memory, in MB.
const WHOLE_PROCESSOR_MB: u32 = 1_769;
const MB_PER_GB: u32 = 1_024;
const BYTES_PER_GB: u64 = 1_000_000_000;
const CONNECTIONS: u32 = 2;

fn add(used: &mut Used, item: Item, amount: Decimal) {
    *used.entry(item).or_default() += amount;
}

fn whole(number: u32) -> Decimal {
    Decimal::from(number)
}

/// Polls of one side in a month.
pub fn polls_a_month(assumed: &Assumptions) -> Decimal {
    whole(HOURS_A_MONTH) * whole(60) / whole(assumed.poll_minutes.max(1))
}

/// GB-seconds of so much work: CPU time, stretched where the memory brings less than a processor, and waiting for others.
fn gb_seconds(work: &Counted, memory_mb: u32, assumed: &Assumptions) -> Decimal {
    let share = whole(memory_mb.clamp(1, WHOLE_PROCESSOR_MB)) / whole(WHOLE_PROCESSOR_MB);
    let waits_ms = work.vendor_calls * whole(assumed.vendor_ms) + (work.store_requests + work.queue_requests) * whole(assumed.store_ms);
    (work.cpu_ms / share + waits_ms) / whole(1_000) * whole(memory_mb) / whole(MB_PER_GB)
}

/// `runs` runs of a function.
fn add_runs(used: &mut Used, runs: Decimal, assumed: &Assumptions) {
    add(used, Item::LambdaRequest, runs);
    add(used, Item::LogGb, runs * whole(assumed.log_bytes) / Decimal::from(BYTES_PER_GB));
}

fn add_work(used: &mut Used, work: &Counted, memory_mb: u32, assumed: &Assumptions) {
    add(used, Item::StoreRead, work.store_reads);
    add(used, Item::StoreWrite, work.store_writes);
    add(used, Item::QueueRequest, work.queue_requests);
    add(used, Item::LambdaGbSecond, gb_seconds(work, memory_mb, assumed));
}

/// Processes of one function in a month that is never without one for long.
fn processes_a_month(assumed: &Assumptions) -> Decimal {
    whole(HOURS_A_MONTH) * whole(60) / whole(assumed.process_minutes.max(1))
}

/// Reads of a connection's credentials.
fn add_reads(used: &mut Used, reads: Decimal, assumed: &Assumptions) {
    let item = match assumed.secrets {
        SecretsIn::SecretsManager => Item::SecretRead,
        SecretsIn::ParameterStore => Item::KeyRequest,
    };
    add(used, item, reads);
}

/// What an installation costs before it has a connection: its key, what looks whether a backfill is to be done, and what watches the whole.
pub fn used_by_installation(assumed: &Assumptions) -> Used {
    let mut used = Used::new();
    add(&mut used, Item::Secret, Decimal::ONE);
    add(&mut used, Item::SecretRead, processes_a_month(assumed));
    let looks = whole(HOURS_A_MONTH) * whole(60) / whole(assumed.backfill_minutes.max(1));
    let look = Counted { store_reads: Decimal::ONE, store_requests: Decimal::ONE, cpu_ms: Decimal::ONE, ..Counted::default() };
    add_work(&mut used, &times(&look, looks), assumed.pull_mb, assumed);
    add_runs(&mut used, looks, assumed);
    add(&mut used, Item::Schedule, looks);
    add(&mut used, Item::Alarm, whole(assumed.alarms_shared));
    add(&mut used, Item::Metric, whole(assumed.metrics));
    used
}

/// One connection that is polled and never changes: its side's polls, its queue, its secret, its alarms.
pub fn used_by_idle_connection(figures: &Figures, side: Side, assumed: &Assumptions) -> Used {
    let mut used = Used::new();
    let polls = polls_a_month(assumed);
    add_work(&mut used, &times(figures.poll.of(side), polls), assumed.pull_mb, assumed);
    add_runs(&mut used, polls, assumed);
    add(&mut used, Item::Schedule, polls);
    add_reads(&mut used, processes_a_month(assumed).min(polls), assumed);
    add(&mut used, Item::QueueRequest, whole(assumed.empty_receives_hour) * whole(HOURS_A_MONTH));
    match assumed.secrets {
        SecretsIn::SecretsManager => add(&mut used, Item::Secret, Decimal::ONE),
        SecretsIn::ParameterStore => {}
    }
    add(&mut used, Item::Alarm, whole(assumed.alarms_connection));
    used
}

/// What so many changes a month add to the idle installation.
pub fn used_by_changes(figures: &Figures, changes: u64, assumed: &Assumptions) -> Used {
    let mut used = Used::new();
    if changes == 0 {
        return used;
    }
    let changes = Decimal::from(changes);
    let batches = batches(changes, assumed);
    let (a_batch, a_change) = parts(figures);
    let work = times(&a_batch, batches).plus(&times(&a_change, changes));
    add_work(&mut used, &work, assumed.write_mb, assumed);
    add_runs(&mut used, work.runs, assumed);
    // Each worker's process reads the key, and the credentials of both sides.
    let processes = work.runs.min(processes_a_month(assumed) * whole(CONNECTIONS));
    add(&mut used, Item::SecretRead, processes);
    add_reads(&mut used, processes * whole(CONNECTIONS), assumed);
    let hours_with_changes = changes.min(whole(HOURS_A_MONTH)) / whole(HOURS_A_MONTH);
    add(&mut used, Item::Metric, whole(assumed.metrics_changes) * hours_with_changes);
    let hooks = changes * whole(assumed.webhook_percent) / whole(100);
    add(&mut used, Item::DoorRequest, hooks);
    add(&mut used, Item::QueueRequest, hooks);
    add_runs(&mut used, hooks, assumed);
    let seconds = hooks * whole(assumed.webhook_ms) / whole(1_000);
    add(&mut used, Item::LambdaGbSecond, seconds * whole(assumed.webhook_mb) / whole(MB_PER_GB));
    used
}

/// In how many batches so many changes travel: at most one a poll of a side, as long as it holds them; at most one a change.
fn batches(changes: Decimal, assumed: &Assumptions) -> Decimal {
    let polls = polls_a_month(assumed) * whole(CONNECTIONS);
    changes.min(polls).max(changes / whole(assumed.batch_changes.max(1)))
}

/// What a batch costs however small it is, and what each change in it adds.
fn parts(figures: &Figures) -> (Counted, Counted) {
    let together = whole(figures.many.together.max(2));
    let (alone, each) = (&figures.alone, &figures.many.each);
    // alone = batch + change; together · each = batch + together · change
    let a_change = alone.each(each, |alone, each| ((together * each - alone) / (together - Decimal::ONE)).max(Decimal::ZERO));
    // Below 0 where one alone is cheaper than one among many, as a lone write to the store is cheaper than its part of a transaction.
    let a_batch = alone.each(&a_change, |alone, change| alone - change);
    (a_batch, a_change)
}

fn times(one: &Counted, factor: Decimal) -> Counted {
    one.each(one, |amount, _| amount * factor)
}

/// Amounts and dollars of a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bill {
    pub dollars: BTreeMap<Item, Decimal>,
    pub used: Used,
    pub total: Decimal,
    /// The same with what AWS always grants free taken off, in an account that uses nothing else. On demand, `DynamoDB` grants nothing.
    pub after_free: Decimal,
}

/// Prices what was used. Rounded to a millionth of a dollar each.
pub fn bill(prices: &Prices, used: Used) -> Bill {
    let dollars: BTreeMap<Item, Decimal> =
        used.iter().map(|(item, amount)| (*item, prices.dollars(*item, *amount).round_dp(6).normalize())).collect();
    let total = dollars.values().copied().sum::<Decimal>().normalize();
    let after_free = used.iter().map(|(item, amount)| prices.dollars_after_free(*item, *amount)).sum::<Decimal>().round_dp(6).normalize();
    Bill { dollars, after_free, used: used.into_iter().map(|(item, amount)| (item, amount.round_dp(6).normalize())).collect(), total }
}

/// What a figure should stay below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// A million changes a month add less than five dollars.
    MillionChanges,
    /// A connection that only polls costs less than ten cents a month.
    IdleConnection,
    /// The same, with what AWS always grants free taken off.
    IdleConnectionAfterFree,
}

impl Aim {
    pub fn dollars(self) -> Decimal {
        match self {
            Self::MillionChanges => Decimal::new(5, 0),
            Self::IdleConnection | Self::IdleConnectionAfterFree => Decimal::new(10, 2),
        }
    }
}

/// A figure beside its aim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judged {
    pub what: String,
    pub aim: Aim,
    pub dollars: Decimal,
    pub most: Decimal,
    pub met: bool,
}

impl Judged {
    fn new(what: String, aim: Aim, dollars: Decimal) -> Self {
        Self { what, aim, dollars, most: aim.dollars(), met: dollars < aim.dollars() }
    }
}

/// A recipe's cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Estimate {
    pub recipe: String,
    pub region: String,
    pub prices_of: String,
    /// By changes a month; 0 is the idle installation.
    pub months: BTreeMap<u64, Bill>,
    /// What the installation costs before it has a connection.
    pub installation: Bill,
    /// What each connection that only polls adds.
    pub idle_connections: BTreeMap<String, Bill>,
    pub judged: Vec<Judged>,
    pub assumptions: Assumptions,
}

/// Changes a month for which a bill is made; the first is idle.
const VOLUMES: [u64; 4] = [0, 10_000, 1_000_000, 100_000_000];
const MILLION: u64 = 1_000_000;

/// Prices a recipe at every volume.
pub fn estimate(prices: &Prices, figures: &Figures, assumed: &Assumptions) -> Estimate {
    let idle = idle(prices, figures, assumed);
    let months = VOLUMES
        .into_iter()
        .map(|changes| {
            let mut used = idle.all.clone();
            for (item, amount) in used_by_changes(figures, changes, assumed) {
                add(&mut used, item, amount);
            }
            (changes, bill(prices, used))
        })
        .collect();
    let million = bill(prices, used_by_changes(figures, MILLION, assumed)).total;
    let mut judged = vec![Judged::new("a million changes a month, on top of idle".to_owned(), Aim::MillionChanges, million)];
    judged.extend(idle.judged(prices, ""));
    // Beside what is, what it would be otherwise: the choice is the reader's.
    let (other, words) = match assumed.secrets {
        SecretsIn::SecretsManager => (SecretsIn::ParameterStore, ", credentials in Parameter Store"),
        SecretsIn::ParameterStore => (SecretsIn::SecretsManager, ", credentials in Secrets Manager"),
    };
    judged.extend(self::idle(prices, figures, &Assumptions { secrets: other, ..assumed.clone() }).judged(prices, words));
    Estimate {
        recipe: figures.recipe.clone(),
        region: prices.region.clone(),
        prices_of: prices.date.clone(),
        months,
        installation: bill(prices, used_by_installation(assumed)),
        idle_connections: idle.connections,
        judged,
        assumptions: assumed.clone(),
    }
}

/// A month without a change.
struct Idle {
    all: Used,
    installation: Bill,
    connections: BTreeMap<String, Bill>,
}

fn idle(prices: &Prices, figures: &Figures, assumed: &Assumptions) -> Idle {
    let mut all = used_by_installation(assumed);
    let installation = bill(prices, all.clone());
    let mut connections = BTreeMap::new();
    for (side, name) in [Side::Left, Side::Right].into_iter().zip(&figures.connections) {
        let used = used_by_idle_connection(figures, side, assumed);
        for (item, amount) in &used {
            add(&mut all, *item, *amount);
        }
        connections.insert(name.clone(), bill(prices, used));
    }
    Idle { all, installation, connections }
}

impl Idle {
    fn judged(&self, prices: &Prices, words: &str) -> Vec<Judged> {
        let told = |(name, bill): (&String, &Bill)| Judged::new(format!("{name}, idle{words}"), Aim::IdleConnection, bill.total);
        let mut judged: Vec<Judged> = self.connections.iter().map(told).collect();
        // What is free is granted to the account: which connection used it up, nobody can say.
        let added = bill(prices, self.all.clone()).after_free - self.installation.after_free;
        let what = format!("a connection, idle, after what AWS always grants free{words}");
        judged.push(Judged::new(what, Aim::IdleConnectionAfterFree, (added / whole(CONNECTIONS)).round_dp(6)));
        judged
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Many, Polls};
    use crate::prices::prices;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// Round figures, so that everything below can be computed by hand.
    fn figures() -> Figures {
        let poll = Counted {
            store_reads: whole(2),
            store_writes: whole(4),
            store_requests: whole(6),
            vendor_calls: whole(3),
            ..Counted::default()
        };
        let alone = Counted {
            store_reads: whole(4),
            store_writes: whole(8),
            store_requests: whole(10),
            queue_requests: whole(3),
            vendor_calls: whole(2),
            runs: Decimal::ONE,
            cpu_ms: whole(5),
        };
        let each = Counted {
            store_reads: decimal("2.02"),
            store_writes: decimal("5.03"),
            store_requests: decimal("0.1"),
            queue_requests: decimal("0.03"),
            vendor_calls: decimal("0.02"),
            runs: decimal("0.01"),
            cpu_ms: decimal("1.04"),
        };
        Figures {
            recipe: "r".into(),
            build: "release".into(),
            size: "full".into(),
            connections: ["one".into(), "two".into()],
            poll: Polls { left: poll, right: poll },
            alone,
            many: Many { together: 100, each },
            write_peak_mib: whole(30),
        }
    }

    fn assumed() -> Assumptions {
        Assumptions { vendor_ms: 100, store_ms: 10, pull_mb: 1_024, write_mb: 512, empty_receives_hour: 900, ..Assumptions::default() }
    }

    fn of(used: &Used, item: Item) -> String {
        used.get(&item).copied().unwrap_or_default().round_dp(4).normalize().to_string()
    }

    /// 730 hours of 60 minutes, every 5 minutes: 8,760 polls.
    #[test]
    fn an_idle_connection_by_hand() {
        let used = used_by_idle_connection(&figures(), Side::Left, &assumed());
        assert_eq!(of(&used, Item::StoreRead), "17520", "8,760 · 2");
        assert_eq!(of(&used, Item::StoreWrite), "35040", "8,760 · 4");
        assert_eq!(of(&used, Item::QueueRequest), "657000", "900 · 730");
        assert_eq!(of(&used, Item::LambdaGbSecond), "3153.6", "8,760 · (3 · 100 ms + 6 · 10 ms) · 1 GB");
        assert_eq!([Item::Schedule, Item::LambdaRequest].map(|item| of(&used, item)), ["8760"; 2]);
        assert_eq!(of(&used, Item::SecretRead), "730", "a process an hour");
        let bill = bill(&prices().unwrap(), used);
        assert_eq!(bill.dollars[&Item::StoreWrite].to_string(), "0.0219", "35,040 · 0.625 / 1,000,000");
        assert_eq!(bill.dollars[&Item::QueueRequest].to_string(), "0.2628", "657,000 · 0.40 / 1,000,000");
        assert_eq!(bill.dollars[&Item::LambdaGbSecond].to_string(), "0.042048", "3,153.6 · 0.0000133334");
        assert_eq!(bill.dollars[&Item::Secret].to_string(), "0.4");
        assert_eq!(bill.total, bill.dollars.values().copied().sum());
    }

    /// alone 8, together 5.03 each: a change adds (100 · 5.03 − 8) / 99 = 5, and a batch 3.
    #[test]
    fn a_batch_and_a_change_follow_from_two_measurements() {
        let (a_batch, a_change) = parts(&figures());
        assert_eq!((a_batch.store_writes, a_change.store_writes), (whole(3), whole(5)));
        assert_eq!((a_batch.store_reads, a_change.store_reads), (whole(2), whole(2)));
        assert_eq!((a_batch.vendor_calls, a_change.vendor_calls), (whole(2), Decimal::ZERO));
    }

    #[test]
    fn few_changes_travel_alone_and_many_in_batches_that_a_run_can_carry() {
        let travel = |changes: u64| batches(Decimal::from(changes), &assumed()).normalize().to_string();
        assert_eq!(travel(10_000), "10000", "fewer than the 17,520 polls: each alone");
        assert_eq!(travel(1_000_000), "17520", "one a poll of each side, 57 changes in each");
        assert_eq!(travel(100_000_000), "100000", "5,700 would come at once, and 1,000 go in one run");
    }

    #[test]
    fn a_million_changes_by_hand() {
        let used = used_by_changes(&figures(), MILLION, &assumed());
        assert_eq!(of(&used, Item::StoreWrite), "5052560", "17,520 · 3 + 1,000,000 · 5");
        assert_eq!(of(&used, Item::LambdaRequest), "17520");
        assert_eq!(of(&used, Item::SecretRead), "4380", "730 processes of two workers, each the key and two bundles");
        assert_eq!(of(&used, Item::Metric), "3");
        assert_eq!(of(&used, Item::DoorRequest), "0");
        assert!(used_by_changes(&figures(), 0, &assumed()).is_empty());
    }

    #[test]
    fn less_memory_stretches_cpu_time_and_shortens_no_wait() {
        let work = Counted { cpu_ms: whole(1_000), vendor_calls: whole(10), ..Counted::default() };
        // At 512 MB a second of CPU takes 3.455 s: 1,769 MB·s, 1.7275 GB-seconds, whatever the memory; ten calls of 100 ms add 0.5.
        assert_eq!(gb_seconds(&work, 512, &assumed()).round_dp(4).to_string(), "2.2275");
        assert_eq!(gb_seconds(&work, 1_024, &assumed()).round_dp(4).to_string(), "2.7275");
    }

    #[test]
    fn webhooks_pass_the_door() {
        let assumed = Assumptions { webhook_percent: 50, ..assumed() };
        let used = used_by_changes(&figures(), 1_000, &assumed);
        assert_eq!(of(&used, Item::DoorRequest), "500");
        assert_eq!(of(&used, Item::LambdaRequest), "1500", "a thousand alone and 500 webhooks");
    }

    #[test]
    fn an_aim_is_met_below_it() {
        let met = |text: &str| Judged::new(String::new(), Aim::IdleConnection, decimal(text)).met;
        assert!(met("0.0999") && !met("0.1") && !met("0.7"));
        let told = estimate(&prices().unwrap(), &figures(), &assumed());
        let aims: Vec<Aim> = told.judged.iter().map(|judged| judged.aim).collect();
        let idle = [Aim::IdleConnection, Aim::IdleConnection, Aim::IdleConnectionAfterFree];
        assert_eq!(aims, [&[Aim::MillionChanges][..], &idle, &idle].concat(), "as it is, and with the credentials elsewhere");
        let connections: Decimal = told.idle_connections.values().map(|bill| bill.total).sum();
        assert_eq!(told.months[&0].total, connections + told.installation.total);
    }

    /// 730 hours of 4 looks: 2,920.
    #[test]
    fn an_installation_without_connections_by_hand() {
        let used = used_by_installation(&Assumptions { alarms_shared: 11, ..assumed() });
        assert_eq!([Item::Schedule, Item::LambdaRequest, Item::StoreRead].map(|item| of(&used, item)), ["2920"; 3]);
        let bill = bill(&prices().unwrap(), used);
        assert_eq!(bill.dollars[&Item::Alarm].to_string(), "1.1");
        let but_alarms = bill.total - decimal("1.1");
        let rest = bill.after_free - decimal("0.1");
        assert!(rest < but_alarms && rest >= decimal("0.4"), "ten alarms are free, and the key's secret is not: {rest}");
    }

    #[test]
    fn credentials_in_parameter_store_are_billed_by_decryption() {
        let used = used_by_idle_connection(&figures(), Side::Left, &Assumptions { secrets: SecretsIn::ParameterStore, ..assumed() });
        assert_eq!([Item::Secret, Item::SecretRead, Item::KeyRequest].map(|item| of(&used, item)), ["0", "0", "730"]);
    }

    #[test]
    fn a_metric_is_billed_for_the_hours_in_which_it_comes() {
        let metrics = |changes: u64| of(&used_by_changes(&figures(), changes, &assumed()), Item::Metric);
        assert_eq!([73, 730, 7_300].map(metrics), ["0.3", "3", "3"]);
    }
}
