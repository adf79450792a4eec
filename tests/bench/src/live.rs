//! Once it is quiet: what polls cost, that nothing is written, and what edits on both sides cost.

use jiff::SignedDuration;
use syncline_model::Side;
use syncline_simulator::Fields;

use crate::people;
use crate::process;
use crate::report::{Aim, Amount, Figure, Report};
use crate::scene::Scene;
use crate::traffic::Counted;
use crate::unmeasured::{Measured, Unmeasured};

const QUIET: &str = "quiet";
const LIVE: &str = "edits";

/// Polls of each side that are watched for writes: a day of the recipe's schedule.
const QUIET_POLLS: u32 = 48;
pub(crate) const PERIOD: SignedDuration = SignedDuration::from_mins(30);
/// Rounds of polling and working after which a world that does not fall quiet is given up.
const ROUNDS_MAX: u32 = 100;

pub(crate) async fn measure(scene: &Scene, report: &mut Report) -> Measured<()> {
    let recipe = scene.recipe;
    let accounts = people::accounts(scene)?;
    // The feeds show what the first run wrote.
    let echoes = settle(scene).await?;
    report.add(Figure::new(QUIET, "writes on hearing the first run's own echo", Amount::count(echoes.writes()), "calls").aim(Aim::zero()));

    // A feed steps back a little from where it was read to: what was written just now is listed once more.
    scene.clock.advance(PERIOD * 2);
    let mut writes = settle(scene).await?.writes();
    let mut quiet = Counted::default();
    for _ in 0..QUIET_POLLS {
        scene.clock.advance(PERIOD);
        let seen = settle(scene).await?;
        writes += seen.writes();
        quiet.add(&seen.polls);
    }
    report.add(Figure::new(QUIET, format!("writes in {QUIET_POLLS} polls of each side"), Amount::count(writes), "calls").aim(Aim::zero()));
    for side in [Side::Left, Side::Right] {
        let system = scene.system(side);
        let calls = Amount::per(quiet.work(system), u64::from(QUIET_POLLS));
        report.add(Figure::new(QUIET, format!("{system}: a poll"), calls, "calls").least(Amount::count(recipe.poll(side, &accounts))));
        for ((_, class), count) in quiet.calls.iter().filter(|((its, _), _)| *its == system) {
            report.add(Figure::new(QUIET, format!("{system}: of it {class}"), Amount::per(*count, u64::from(QUIET_POLLS)), "calls"));
        }
    }

    edit(scene, 0)?;
    let edits = u64::from(scene.size.edits);
    let (cpu_before_ms, spent_before, written_before) = (process::cpu_ms()?, scene.spent(), written(scene));
    let seen = settle(scene).await?;
    let (cpu_ms, spent) = (process::cpu_ms()? - cpu_before_ms, scene.spent());
    let changes = 2 * edits;
    for side in [Side::Left, Side::Right] {
        let system = scene.system(side);
        let fewest = recipe.edits(side, edits, &accounts);
        let figure = Figure::new(
            LIVE,
            format!("{system}: reading and writing {edits} counterparts"),
            Amount::count(seen.works.work(system)),
            "calls",
        );
        report.add(figure.least(Amount::count(fewest)).aim(Aim::Least));
        for ((_, class), count) in seen.works.calls.iter().filter(|((its, _), _)| *its == system) {
            report.add(Figure::new(LIVE, format!("{system}: of it {class}"), Amount::count(*count), "calls"));
        }
        // Each side's feed shows its own edits first, and then the echoes of the other side's.
        let fewest = seen.rounds * recipe.poll(side, &accounts) + 2 * recipe.further_pages(side, edits, &accounts);
        let figure =
            Figure::new(LIVE, format!("{system}: polls that see edits and echoes"), Amount::count(seen.polls.work(system)), "calls");
        report.add(figure.least(Amount::count(fewest)));
    }
    if seen.works.statements > 0 {
        let (polls, works) = (seen.polls.statements, seen.works.statements);
        report.add(Figure::new(LIVE, "SQL statements of polls", Amount::count(polls), "statements"));
        report.add(Figure::new(LIVE, "SQL statements of reading and writing", Amount::count(works), "statements"));
    }
    let beyond = (written(scene) - written_before).saturating_sub(changes);
    report.add(Figure::new(LIVE, "records written beyond one an edit", Amount::count(beyond), "records").aim(Aim::zero()));
    report.add_spent(LIVE, &spent_before, &spent, changes, "change");
    let cpu = Amount::per(cpu_ms * 1_000, changes);
    report.add(Figure::new(LIVE, "CPU of the process, simulators and embedded store included", cpu, "ms/1,000 changes"));
    Ok(())
}

/// Records that were made or changed so far, on both sides.
fn written(scene: &Scene) -> u64 {
    scene.engine.counts.all().values().map(|counts| counts.created + counts.updated + counts.stamped).sum()
}

/// Edits different people on each side, one a second: those of a round, of which each has its own people.
pub(crate) fn edit(scene: &Scene, round: usize) -> Measured<()> {
    let each = usize::try_from(scene.size.edits).map_err(|error| Unmeasured::new("the edits", error))?;
    edit_some(scene, round * each, each)
}

/// Edits so many people of each side, of those whom both sides have, after leaving out so many.
pub(crate) fn edit_some(scene: &Scene, leave_out: usize, each: usize) -> Measured<()> {
    let accounts = people::accounts(scene)?;
    let chosen = |side: Side, odd: bool| -> Measured<Vec<people::Found>> {
        let others = accounts.people.of(side.other());
        let mut all = people::everybody(scene, side)?;
        all.retain(|person| {
            let may_change = |side: Side, fields: &Fields| scene.recipe.edit(side, person.number, fields).is_some();
            let other = others.get(&person.number).is_some_and(|fields| may_change(side.other(), fields));
            other && may_change(side, &person.fields) && person.number.is_multiple_of(2) != odd
        });
        Ok(all.into_iter().skip(leave_out).take(each).collect())
    };
    let (left, right) = (chosen(Side::Left, false)?, chosen(Side::Right, true)?);
    let mut edited = 0;
    for (left, right) in left.iter().zip(&right) {
        scene.clock.advance(SignedDuration::from_secs(1));
        people::edit(scene, Side::Left, left)?;
        people::edit(scene, Side::Right, right)?;
        edited += 1;
    }
    if edited == each { Ok(()) } else { Err(Unmeasured::new("the edits", format!("there are {edited} people to edit instead of {each}"))) }
}

/// What went out until it was quiet.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) polls: Counted,
    pub(crate) works: Counted,
    pub(crate) rounds: u64,
}

impl Seen {
    fn writes(&self) -> u64 {
        self.polls.writes + self.works.writes
    }
}

/// Polls and works until a poll finds nothing.
pub(crate) async fn settle(scene: &Scene) -> Measured<Seen> {
    let mut seen = Seen::default();
    drop(scene.traffic.take());
    for _ in 0..ROUNDS_MAX {
        let queued = scene.poll().await?;
        seen.polls.add(&scene.traffic.take());
        seen.rounds += 1;
        scene.drain().await?;
        seen.works.add(&scene.traffic.take());
        if queued == 0 {
            return Ok(seen);
        }
    }
    Err(Unmeasured::new("the world", "it does not fall quiet"))
}
