//! The resident memory of `pull`: the real binary behind a Runtime API, against both vendors' simulators, over polls that find nothing and over
//! a whole backfill. What memory its function is given follows from it.

use serde_json::{Value as Json, json};
use syncline_lambda_tests::World;
use syncline_lambda_tests::function::Function;
use syncline_lambda_tests::world::Filling;
use syncline_model::Side;

use crate::process;
use crate::report::{Amount, Figure, Report};
use crate::size::Size;
use crate::unmeasured::{Measured, Unmeasured};

const SECTION: &str = "memory";
const SYNC: &str = "customers";
/// Calls in the vendors' own windows: more than any run makes.
const CALLS: u32 = 10_000_000;
/// Polls of each side.
const POLLS: u32 = 12;
/// Runs after which a backfill that is not done is given up.
const RUNS_MAX: u32 = 1_000;

pub(crate) async fn measure(size: &Size, report: &mut Report) -> Measured<()> {
    let [left, right] = [Side::Left, Side::Right].map(|side| Filling {
        people: size.people.of(side).clone(),
        companies: size.companies.of(side).clone(),
        calls: Some(CALLS),
    });
    let world = World::filled(left, right).await;
    let mut pull = world.function("pull").await;
    for _ in 0..POLLS {
        for side in ["left", "right"] {
            let done = pull.invoke(&json!({ "sync": SYNC, "side": side })).await.response();
            if done["pulled"]["caught_up"] != Json::Bool(true) {
                return Err(Unmeasured::new("the memory of pull", format!("a poll did not end: {done}")));
            }
        }
    }
    add("pull: peak resident over polls that find nothing".to_owned(), &pull, report)?;
    backfill(&mut pull).await?;
    add(format!("pull: peak resident over a backfill of {} records", size.records()), &pull, report)
}

async fn backfill(pull: &mut Function) -> Measured<()> {
    for _ in 0..RUNS_MAX {
        let done = pull.invoke(&json!({ "sync": SYNC, "backfill": true })).await.response();
        match done["backfill"]["phase"].as_str() {
            Some("done") => return Ok(()),
            Some(_) if done["backfill"]["stopped"].is_null() || !done["backfill"]["again_at"].is_null() => {}
            Some(_) | None => return Err(Unmeasured::new("the memory of pull", format!("the backfill stopped: {done}"))),
        }
    }
    Err(Unmeasured::new("the memory of pull", "the backfill does not end"))
}

fn add(what: String, pull: &Function, report: &mut Report) -> Measured<()> {
    let id = pull.id().ok_or_else(|| Unmeasured::new("the memory of pull", "its process ended"))?;
    report.add(Figure::new(SECTION, what, Amount::per(process::peak_resident_kib_of(id)?, 1_024), "MiB"));
    Ok(())
}
