//! What `syncline cost` stands on: a quiet poll, a change by itself, and many changes at once, each counted without the others.

use std::path::{Path, PathBuf};

use syncline_cost::{
    Aim as CostAim, Assumptions, Counted, Figures, Many, Polls, README_COST, README_RECIPES, estimate, figures, figures_file, markdown,
    prices, recipe_names, recipes_markdown, with_block,
};
use syncline_model::{Decimal, Side};

use crate::live::{PERIOD, edit, edit_some, settle};
use crate::process;
use crate::report::{self, Aim, Amount, Figure, Report};
use crate::scene::{Scene, Spent};
use crate::traffic::Counted as Calls;
use crate::unmeasured::{Measured, Unmeasured};

const SECTION: &str = "cost on AWS, list prices";

/// Quiet polls of each side, and pairs of changes of which each travels alone.
const POLLS: u32 = 48;
const LONE_EDITS: u32 = 10;
/// Rounds 0 and 1 belong to the other measurements.
const ROUND: usize = 2;

/// What was counted, before the memory of `write` is known.
pub(crate) struct Measurements {
    poll: Polls,
    alone: Counted,
    many: Many,
}

/// A moment.
struct Mark {
    spent: Spent,
    cpu_ms: u64,
    runs: u64,
}

impl Mark {
    fn now(scene: &Scene) -> Measured<Self> {
        Ok(Self { spent: scene.spent(), cpu_ms: process::cpu_ms()?, runs: scene.runs() })
    }

    /// What was spent since, with the calls that were made, a piece.
    fn until_now(&self, scene: &Scene, calls: &Calls, pieces: u32) -> Measured<Counted> {
        let now = Self::now(scene)?;
        let (store, was) = (now.spent.store, self.spent.store);
        let asked = |it: &syncline_aws::Consumed| it.batch_gets + it.queries + it.single_writes + it.transactions + it.batch_writes;
        let sent = |it: &Spent| it.queue.sends + it.queue.receives + it.queue.deletes + it.queue.releases;
        let (each, two) = (|count: u64| Decimal::from(count) / Decimal::from(pieces), Decimal::TWO);
        Ok(Counted {
            store_reads: each(store.read_units_x2 - was.read_units_x2) / two,
            store_writes: each(store.write_units_x2 - was.write_units_x2) / two,
            store_requests: each(asked(&store) - asked(&was)),
            queue_requests: each(sent(&now.spent) - sent(&self.spent)),
            vendor_calls: each(scene.systems().into_iter().map(|system| calls.work(system)).sum()),
            runs: each(now.runs - self.runs),
            cpu_ms: each(now.cpu_ms.saturating_sub(self.cpu_ms)),
        })
    }
}

pub(crate) async fn measure(scene: &Scene) -> Measured<Measurements> {
    // A feed steps back a little: what was written just now is listed once more, and is no part of a quiet poll.
    scene.clock.advance(PERIOD * 2);
    settle(scene).await?;
    let poll = Polls { left: quiet(scene, Side::Left).await?, right: quiet(scene, Side::Right).await? };
    let each = usize::try_from(scene.size.edits).map_err(|error| Unmeasured::new("the cost of changes", error))?;
    let mut alone = Counted::default();
    for lone in 0..LONE_EDITS {
        let leave_out = (ROUND + 1) * each + usize::try_from(lone).map_err(|error| Unmeasured::new("the cost of changes", error))?;
        edit_some(scene, leave_out, 1)?;
        alone = alone.plus(&carried(scene, &poll, 2 * LONE_EDITS).await?);
    }
    edit(scene, ROUND)?;
    let each = carried(scene, &poll, 2 * scene.size.edits).await?;
    Ok(Measurements { poll, alone: rounded(&alone), many: Many { together: scene.size.edits, each: rounded(&each) } })
}

/// A poll of a side that finds nothing.
async fn quiet(scene: &Scene, side: Side) -> Measured<Counted> {
    drop(scene.traffic.take());
    let before = Mark::now(scene)?;
    for _ in 0..POLLS {
        scene.clock.advance(PERIOD);
        if scene.poll_side(side).await? > 0 {
            return Err(Unmeasured::new("a quiet poll", "something had changed"));
        }
    }
    Ok(rounded(&before.until_now(scene, &scene.traffic.take(), POLLS)?))
}

/// Carries over what was edited, its echoes too, and answers what that cost a piece beside the polls that would have come anyway.
async fn carried(scene: &Scene, poll: &Polls, pieces: u32) -> Measured<Counted> {
    scene.clock.advance(PERIOD);
    drop(scene.traffic.take());
    let before = Mark::now(scene)?;
    let seen = settle(scene).await?;
    let mut calls = seen.polls;
    calls.add(&seen.works);
    let all = before.until_now(scene, &calls, pieces)?;
    let rounds = Decimal::from(seen.rounds) / Decimal::from(pieces);
    let anyway = poll.left.plus(&poll.right);
    Ok(all.each(&anyway, |all, anyway| (all - anyway * rounds).max(Decimal::ZERO)))
}

/// To the thousandth, which is more than a run repeats.
fn rounded(one: &Counted) -> Counted {
    one.each(one, |amount, _| amount.round_dp(3).normalize())
}

impl Measurements {
    pub(crate) fn figures(&self, scene: &Scene, write_peak_kib: u64) -> Measured<Figures> {
        let sync = scene.sync()?;
        Ok(Figures {
            recipe: scene.recipe.name().to_owned(),
            build: report::build().to_owned(),
            size: scene.size.name.to_owned(),
            connections: [Side::Left, Side::Right].map(|side| sync.ends.of(side).connection.to_string()),
            poll: self.poll,
            alone: self.alone,
            many: self.many,
            write_peak_mib: (Decimal::from(write_peak_kib) / Decimal::from(1_024_u32)).round_dp(1).normalize(),
        })
    }
}

/// Tells what it costs, beside the aims.
pub(crate) fn add(figures: &Figures, report: &mut Report) -> Measured<()> {
    let prices = prices().map_err(|error| Unmeasured::new("the cost", error))?;
    let told = estimate(&prices, figures, &Assumptions::default());
    for judged in &told.judged {
        let unit = match judged.aim {
            CostAim::MillionChanges => "dollars",
            CostAim::IdleConnection | CostAim::IdleConnectionAfterFree => "dollars a month",
        };
        let figure = Figure::new(SECTION, judged.what.clone(), Amount::of(judged.dollars), unit);
        report.add(figure.aim(Aim::AtMost(Amount::of(judged.most))));
    }
    for (changes, bill) in &told.months {
        let what = if *changes == 0 { "the idle installation".to_owned() } else { format!("with {changes} changes a month") };
        report.add(Figure::new(SECTION, what, Amount::of(bill.total), "dollars a month"));
    }
    Ok(())
}

/// Writes the figures where `syncline cost` reads them, and the tables into the README: the first recipe's bill, and a line for each recipe.
pub(crate) fn record(measured: &[Figures]) -> Measured<()> {
    let fail = |problem: String| Unmeasured::new("the figures of cost", problem);
    let root: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).to_path_buf();
    for figures in measured {
        let text = serde_json::to_string_pretty(figures).map_err(|error| fail(error.to_string()))?;
        let file = root.join(figures_file(&figures.recipe));
        std::fs::write(&file, text + "\n").map_err(|error| fail(format!("{}: {error}", file.display())))?;
        report::tell(&format!("recorded in {}", file.display()));
    }
    let prices = prices().map_err(|error| fail(error.to_string()))?;
    // Of those that were not measured now, the README says what was measured last.
    let mut all = Vec::new();
    for recipe in recipe_names() {
        let fresh = measured.iter().find(|figures| figures.recipe == recipe).cloned().map(Ok);
        let figures = fresh.or_else(|| figures(recipe)).ok_or_else(|| fail(format!("{recipe} has none")))?;
        let figures = figures.map_err(|error| fail(error.to_string()))?;
        let told = estimate(&prices, &figures, &Assumptions::default());
        all.push((figures, told));
    }
    let (_, first) = all.first().ok_or_else(|| fail("there are none".to_owned()))?;
    let readme = root.join("README.md");
    let text = std::fs::read_to_string(&readme).map_err(|error| fail(format!("{}: {error}", readme.display())))?;
    let text = with_block(&text, README_COST, &markdown(first)).and_then(|text| with_block(&text, README_RECIPES, &recipes_markdown(&all)));
    let text = text.ok_or_else(|| fail("the README has lost its markers".to_owned()))?;
    std::fs::write(&readme, text).map_err(|error| fail(format!("{}: {error}", readme.display())))?;
    report::tell("recorded in README.md; build again for `syncline cost` to show it");
    Ok(())
}
