//! `mapping check`: whether the values of each two-way field survive the way there and back.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;
use syncline_config::{Config, Sync as SyncConfig};
use syncline_engine::explain::Place;
use syncline_engine::sample::sample;
use syncline_engine::{Engine, Sync};
use syncline_mapping::check::{self, Broken, Law, Report};
use syncline_mapping::{FieldMapping, ObjectMapping, Pair};
use syncline_model::{FieldType, MappingName, ObjectSchema, Record, Side, SyncName, Value};

use crate::args::{MappingAct, MappingCheck};
use crate::context::{Context, by};
use crate::exit::{Exit, Failure};
use crate::nearest::suggestion;
use crate::printer::{Printer, Text};
use crate::record;

/// So many live records of a field that cannot cross are named.
const NAMED_MAX: usize = 20;

#[derive(Serialize)]
struct Checked {
    sync: SyncName,
    mapping: MappingName,
    field: String,
    /// Values that were tried, generated and live ones.
    tried: u64,
    /// Generated values that cannot cross, such as an option without a counterpart: their records would be held.
    does_not_fit: u64,
    violations: Vec<Violation>,
    /// Live records whose value cannot cross, at most twenty of a field.
    held: Vec<Misfit>,
}

/// A value that breaks a law.
#[derive(Serialize)]
struct Violation {
    law: Law,
    says: String,
    /// Where the value stood.
    side: Side,
    /// The live record; `None` where the value was generated.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<String>,
    /// By the vendor's field; of a live record only where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<BTreeMap<String, Json>>,
    /// What stood on the other side.
    #[serde(skip_serializing_if = "Option::is_none")]
    over_there: Option<BTreeMap<String, Json>>,
}

#[derive(Serialize)]
struct Misfit {
    record: String,
    problem: String,
}

#[derive(Serialize)]
struct Answer {
    fields: Vec<Checked>,
    /// Fields that go one way, and owners and references, which the two systems tell only together.
    not_checked: Vec<String>,
}

pub(crate) async fn run(context: &Context, act: MappingAct) -> Result<Exit, Failure> {
    let MappingAct::Check(args) = act;
    let mut answer = Answer { fields: Vec::new(), not_checked: Vec::new() };
    if args.sample == 0 {
        let config = context.config()?;
        for sync in chosen(&config, args.sync.as_deref())? {
            for mapping in &sync.mappings {
                of_mapping(&mut answer, sync, mapping, &Live::default(), &args);
            }
        }
    } else {
        let installation = context.open().await?;
        for sync in chosen(&installation.config, args.sync.as_deref())? {
            let Some(known) = installation.engine.sync(&sync.name) else { continue };
            for mapping in &sync.mappings {
                let live = Live::read(&installation.engine, known, mapping, args.sample).await?;
                of_mapping(&mut answer, sync, mapping, &live, &args);
            }
        }
    }
    context.printer.show(&answer, || words(&answer));
    let broken = answer.fields.iter().filter(|field| !field.violations.is_empty()).count();
    let held: usize = answer.fields.iter().map(|field| field.held.len()).sum();
    if broken == 0 && held == 0 {
        return Ok(Exit::Done);
    }
    Printer::words(&format!("error: {broken} fields break a law, and {held} live values cannot cross"));
    Printer::words("hint: compare such a field in another way, map it one way, or complete its table of values");
    Ok(Exit::Held)
}

fn chosen<'a>(config: &'a Config, wanted: Option<&str>) -> Result<Vec<&'a SyncConfig>, Failure> {
    let Some(name) = wanted else { return Ok(config.syncs.iter().collect()) };
    if let Some(sync) = config.sync(name) {
        return Ok(vec![sync]);
    }
    let known = config.syncs.iter().map(|sync| sync.name.as_str());
    Err(Failure::usage(format!("there is no sync `{name}` in the configuration"), suggestion(name, known, "its syncs")))
}

/// What the vendors show of an object pair; nothing where they were not asked.
#[derive(Default)]
struct Live {
    schemas: Pair<Option<ObjectSchema>>,
    records: Pair<Vec<Record>>,
}

impl Live {
    async fn read(engine: &Engine, sync: &Sync, mapping: &ObjectMapping, count: usize) -> Result<Self, Failure> {
        let mut live = Self::default();
        for side in [Side::Left, Side::Right] {
            let connector = &sync.ends.of(side).connector;
            *live.schemas.of_mut(side) = Some(connector.describe(mapping.kind.of(side), by(engine)).await?);
            *live.records.of_mut(side) = sample(sync, mapping, side, count, by(engine)).await?;
        }
        Ok(live)
    }

    fn schema(&self, field: &FieldMapping, side: Side) -> Option<&FieldType> {
        let name = field.lens.of(side).fields().first().copied()?;
        self.schemas.of(side).as_ref()?.field(name.as_str()).map(|field| &field.field_type)
    }
}

fn of_mapping(answer: &mut Answer, sync: &SyncConfig, mapping: &ObjectMapping, live: &Live, args: &MappingCheck) {
    for field in &mapping.fields {
        if !check::is_checked(field) {
            answer.not_checked.push(format!("{}/{}/{}", sync.name, mapping.name, field.name));
            continue;
        }
        let schemas = Pair::new(live.schema(field, Side::Left), live.schema(field, Side::Right));
        let report = check::generated(field, schemas, args.seed, args.values);
        let mut checked = Checked {
            sync: sync.name.clone(),
            mapping: mapping.name.clone(),
            field: field.name.clone(),
            tried: report.tried,
            does_not_fit: report.does_not_fit,
            violations: report.broken.iter().map(|broken| violation(field, broken, None, true)).collect(),
            held: Vec::new(),
        };
        for side in [Side::Left, Side::Right] {
            of_records(&mut checked, field, side, live, args);
        }
        answer.fields.push(checked);
    }
}

/// Tries live records: each where its counterpart is made, and beside some record of the other side.
fn of_records(checked: &mut Checked, field: &FieldMapping, side: Side, live: &Live, args: &MappingCheck) {
    let raw = |side: Side, record: &Record| -> Option<Vec<Value>> {
        field.lens.of(side).fields().into_iter().map(|name| record.fields.get(name).cloned()).collect()
    };
    let mut others = live.records.of(side.other()).iter().cycle();
    for record in live.records.of(side) {
        let Some(own) = raw(side, record) else { continue };
        let over_there = others.next().and_then(|other| raw(side.other(), other));
        let place = Place { sync: checked.sync.clone(), mapping: checked.mapping.clone(), side };
        let name = record::name(&place, record.id.as_str());
        let mut report = Report::default();
        let problem = report.take(field, side, &own, None).or_else(|| report.take(field, side, &own, over_there.as_deref()));
        checked.tried += report.tried;
        if let Some(problem) = problem.filter(|_| checked.held.len() < NAMED_MAX) {
            checked.held.push(Misfit { record: name.clone(), problem: problem.to_string() });
        }
        for broken in &report.broken {
            let known = |violation: &Violation| violation.record.is_some() && (violation.law, violation.side) == (broken.law, side);
            if !checked.violations.iter().any(known) {
                checked.violations.push(violation(field, broken, Some(name.clone()), args.show_values));
            }
        }
    }
}

fn violation(field: &FieldMapping, broken: &Broken, record: Option<String>, show: bool) -> Violation {
    let named = |side: Side, raw: &[Value]| -> BTreeMap<String, Json> {
        field.lens.of(side).fields().into_iter().zip(raw).map(|(name, value)| (name.to_string(), value.to_plain())).collect()
    };
    Violation {
        law: broken.law,
        says: broken.law.to_string(),
        side: broken.side,
        record,
        values: show.then(|| named(broken.side, &broken.raw)),
        over_there: broken.over_there.as_ref().filter(|_| show).map(|raw| named(broken.side.other(), raw)),
    }
}

fn words(answer: &Answer) -> String {
    let mut text = Text::from(String::new());
    for field in &answer.fields {
        let state = if field.violations.is_empty() { "holds" } else { "BREAKS" };
        let place = format!("{}/{}/{}", field.sync, field.mapping, field.field);
        text.add(format_args!("{place}: {state}, on {} values, {} of them held\n", field.tried, field.does_not_fit));
        for violation in &field.violations {
            text.add(format_args!("  {}: {}", violation.side, violation.says));
            if let Some(record) = &violation.record {
                text.add(format_args!("; record {record}"));
            }
            if let Some(values) = &violation.values {
                text.add(format_args!("; {}", Json::from_iter(values.clone())));
            }
            if let Some(values) = &violation.over_there {
                text.add(format_args!(" beside {}", Json::from_iter(values.clone())));
            }
            text.add(format_args!("\n"));
        }
        for misfit in &field.held {
            text.add(format_args!("  cannot cross: {}: {}\n", misfit.record, misfit.problem));
        }
    }
    if !answer.not_checked.is_empty() {
        text.add(format_args!("not checked, one way or told by both systems only: {}\n", answer.not_checked.join(", ")));
    }
    text.into()
}
