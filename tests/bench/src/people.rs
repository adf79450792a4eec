//! People at their desks: they look at records and edit them in the vendors' own screens. None of it counts as ours.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value as Json;
use syncline_freshdesk_sim::HUMAN_KEY;
use syncline_mapping::Pair;
use syncline_model::Side;
use syncline_simulator::{Fields, lock};

use crate::recipe::{Accounts, People};
use crate::scene::Scene;
use crate::unmeasured::{Measured, Unmeasured};

const SALESFORCE_ROOT: &str = "/services/data/v66.0";
const SALESFORCE_SESSION: &str = "human-session";

/// A person as somebody at the vendor finds them.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) id: String,
    /// The number in the population, which the address carries.
    pub(crate) number: u32,
    pub(crate) fields: Fields,
}

/// `person17@…` is number 17, in capitals too.
fn number(email: &str) -> Option<u32> {
    email.to_lowercase().strip_prefix("person")?.split('@').next()?.parse().ok()
}

/// Everybody of a side, in the order of their numbers.
pub(crate) fn everybody(scene: &Scene, side: Side) -> Measured<Vec<Found>> {
    let end = scene.recipe.ends().of(side);
    let plant = scene.traffic.plant(end.system).ok_or_else(|| Unmeasured::new(end.system, "it has no simulator"))?;
    let live = lock(&plant.simulator).live(end.kind);
    let found = |(id, fields): (String, Fields)| {
        let number = number(fields.get(end.email).and_then(Json::as_str)?)?;
        Some(Found { id, number, fields })
    };
    let mut all: Vec<Found> = live.into_iter().filter_map(found).collect();
    all.sort_by_key(|person| person.number);
    Ok(all)
}

/// What stands in the two accounts.
pub(crate) fn accounts(scene: &Scene) -> Measured<Accounts> {
    let of = |side| -> Measured<People> { Ok(everybody(scene, side)?.into_iter().map(|person| (person.number, person.fields)).collect()) };
    Ok(Accounts { people: Pair::new(of(Side::Left)?, of(Side::Right)?), companies: scene.size.companies.clone() })
}

/// Gives somebody another value.
pub(crate) fn edit(scene: &Scene, side: Side, person: &Found) -> Measured<()> {
    let end = scene.recipe.ends().of(side);
    let fail = |problem: String| Unmeasured::new("an edit", format!("{}: {problem}", end.system));
    let plant = scene.traffic.plant(end.system).ok_or_else(|| fail("no simulator".to_owned()))?;
    let (name, value) = scene.recipe.edit(side, person.number, &person.fields).ok_or_else(|| fail("nobody edits this one".to_owned()))?;
    let fields = Fields::from([(name.to_owned(), value)]);
    lock(&plant.simulator).edit(scene.now(), end.kind, &person.id, &fields).map_err(fail)
}

/// A contact of Freshdesk as the vendor writes it.
pub(crate) fn show_at_freshdesk(scene: &Scene, id: &str) -> Measured<Bytes> {
    let authorization = format!("Basic {}", STANDARD.encode(format!("{HUMAN_KEY}:x")));
    show(scene, "freshdesk", &format!("/api/v2/contacts/{id}"), authorization)
}

/// A contact of Salesforce as the vendor writes it.
pub(crate) fn show_at_salesforce(scene: &Scene, id: &str) -> Measured<Bytes> {
    show(scene, "salesforce", &format!("{SALESFORCE_ROOT}/sobjects/Contact/{id}"), format!("Bearer {SALESFORCE_SESSION}"))
}

fn show(scene: &Scene, system: &str, path: &str, authorization: String) -> Measured<Bytes> {
    let request = http::Request::get(path).header("authorization", authorization).body(Bytes::new());
    let request = request.map_err(|error| Unmeasured::new(system, error))?;
    let answer = scene.traffic.as_person(system, &request).ok_or_else(|| Unmeasured::new(system, "it has no simulator"))?;
    if !answer.status().is_success() {
        return Err(Unmeasured::new(system, format!("a person's look at {path} was answered {}", answer.status())));
    }
    Ok(answer.into_body())
}
