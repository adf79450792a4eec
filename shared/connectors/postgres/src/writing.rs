//! Rows written: all in one transaction, and where the database refuses one of them, each in its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use syncline_engine::ports::clock::Dice;
use syncline_engine::ports::connector::{Outcome, Selection, WriteAction};
use syncline_engine::ports::sql::{Ended, Statement};
use syncline_model::{Deadline, Fault, FieldName, FieldType, Problem, RecordId, Value};

use crate::catalog::{self, Catalog};
use crate::client::{Client, Intent, Rows, Trouble};
use crate::faults::{self, unsupported};
use crate::listing::fields;
use crate::names::{OWN_PREFIX, Table};
use crate::row;
use crate::settings::Deletes;
use crate::statements;
use crate::value::written;

pub(crate) const WRITE_RECORDS_MAX: u32 = 200;

/// One batch for one table.
pub(crate) struct Writing<'a> {
    pub(crate) client: &'a Client,
    pub(crate) dice: &'a dyn Dice,
    pub(crate) table: &'a Table,
    pub(crate) selection: &'a Selection,
    pub(crate) deletes: Deletes,
    pub(crate) by: Deadline,
}

/// Operations that one statement carries out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Delete,
    Restore,
    Update,
    /// Those that fill the same columns, through the same link column.
    Create {
        columns: Vec<String>,
        once: Option<String>,
    },
}

/// One statement and the operations that it carries out, by their places in the batch.
struct Step {
    group: Group,
    places: Vec<usize>,
    statement: Statement,
}

/// A batch as it stands: the operations, the ids that creates will have, and what became of each.
struct Batch<'a> {
    actions: &'a [WriteAction],
    ids: BTreeMap<usize, String>,
    outcomes: BTreeMap<usize, Outcome>,
}

impl Writing<'_> {
    /// # Errors
    /// The database certainly changed nothing.
    pub(crate) async fn write(&self, actions: &[WriteAction]) -> Result<Vec<Outcome>, Fault> {
        let mut batch = Batch { actions, ids: BTreeMap::new(), outcomes: BTreeMap::new() };
        let mut groups: BTreeMap<Group, Vec<usize>> = BTreeMap::new();
        let days = self.day_columns(actions).await?;
        for (place, action) in actions.iter().enumerate() {
            match no_moment_in(&days, action).and_then(|()| self.group(action)) {
                Ok(group) => {
                    if matches!(group, Group::Create { .. }) {
                        batch.ids.insert(place, row::rolled_id(self.dice.roll(), self.dice.roll()));
                    }
                    groups.entry(group).or_default().push(place);
                }
                Err(fault) => {
                    batch.outcomes.insert(place, Outcome::Failed(fault));
                }
            }
        }
        let together: Vec<Step> = groups.iter().map(|(group, places)| self.step(&batch, group, places)).collect();
        if together.is_empty() {
            return Ok(batch.told());
        }
        match self.carry_out(&mut batch, &together).await {
            Err(Trouble::Refused(refusal)) if faults::concerns_a_row(&refusal) => {
                let each = groups.iter().flat_map(|(group, places)| places.iter().map(move |place| (group, *place)));
                let mut apart: Vec<Step> = each.map(|(group, place)| self.step(&batch, group, &[place])).collect();
                for step in &mut apart {
                    step.statement.apart = true;
                }
                self.carry_out(&mut batch, &apart).await.or_else(|trouble| self.ended(&mut batch, trouble))?;
            }
            Err(trouble) => self.ended(&mut batch, trouble)?,
            Ok(()) => {}
        }
        Ok(batch.told())
    }

    /// The columns that hold days, where a batch has moments at all: the server would cut a moment down to whichever day it is in UTC.
    async fn day_columns(&self, actions: &[WriteAction]) -> Result<BTreeSet<FieldName>, Fault> {
        let moments = || fields_of(actions).filter(|(_, value)| matches!(value, Value::DateTime(_))).map(|(name, _)| name);
        if moments().next().is_none() {
            return Ok(BTreeSet::new());
        }
        let answer = self.client.ask(Intent::Read, Some(self.table), vec![catalog::statement(self.table)], self.by).await?;
        let catalog = Catalog::read(answer.first().map_or(&[], Vec::as_slice))?;
        Ok(moments().filter(|name| catalog.field_type(name.as_str()) == Some(FieldType::Date)).cloned().collect())
    }

    /// Of what nobody knows the end, each operation is uncertain; else nothing was done.
    fn ended(&self, batch: &mut Batch<'_>, trouble: Trouble) -> Result<(), Fault> {
        match trouble {
            Trouble::Unknown => {
                for place in 0..batch.actions.len() {
                    batch.outcomes.entry(place).or_insert(Outcome::Failed(Fault::Uncertain));
                }
                Ok(())
            }
            Trouble::Undone(_) | Trouble::Refused(_) => Err(self.client.fault(trouble, Some(self.table), None)),
        }
    }

    fn group(&self, action: &WriteAction) -> Result<Group, Fault> {
        let known = |id: &RecordId| if row::is_id(id.as_str()) { Ok(()) } else { Err(Fault::Missing) };
        match action {
            WriteAction::Create { fields, once } => {
                let columns = columns(fields)?;
                let once = once.as_ref().filter(|once| fields.get(*once).is_some_and(|value| !value.is_null()));
                Ok(Group::Create { columns, once: once.map(ToString::to_string) })
            }
            WriteAction::Update { id, fields, .. } => {
                columns(fields)?;
                known(id).map(|()| Group::Update)
            }
            WriteAction::Delete { id } => known(id).map(|()| Group::Delete),
            WriteAction::Restore { .. } if self.deletes == Deletes::Hard => Err(gone_for_good()),
            WriteAction::Restore { id } => known(id).map(|()| Group::Restore),
        }
    }

    fn step(&self, batch: &Batch<'_>, group: &Group, places: &[usize]) -> Step {
        let rows: Vec<Json> = places.iter().filter_map(|place| batch.row(*place)).collect();
        let text = match group {
            Group::Delete => statements::delete(self.table, self.deletes),
            Group::Restore => statements::restore(self.table),
            Group::Update => {
                let columns: BTreeSet<&str> = places.iter().flat_map(|place| batch.columns(*place)).collect();
                statements::update(self.table, &columns.into_iter().collect::<Vec<_>>())
            }
            Group::Create { columns, once } => {
                let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
                statements::create(self.table, &columns, once.as_deref())
            }
        };
        let statement = Statement::new(text).with(Json::from(rows).to_string());
        let statement = if *group == Group::Delete { statement } else { statement.with(fields(self.selection)) };
        Step { group: group.clone(), places: places.to_vec(), statement }
    }

    async fn carry_out(&self, batch: &mut Batch<'_>, steps: &[Step]) -> Result<(), Trouble> {
        let standing: Vec<&str> = batch.actions.iter().filter_map(id_of).filter(|id| row::is_id(id)).collect();
        let mut asked = vec![statements::writing(), catalog::statement(self.table)];
        asked.extend(steps.iter().map(|step| step.statement.clone()));
        asked.push(Statement::new(statements::standing(self.table)).with(json!(standing).to_string()));
        let mut ended = self.client.send(Intent::Write, asked, self.by).await?;
        let standing = ended.pop().and_then(rows_of).ok_or(Trouble::Unknown)?;
        let standing: BTreeSet<&str> = standing.iter().filter_map(|cells| cells.first()?.as_deref()).collect();
        let mut results = ended.into_iter().skip(1);
        let columns = results.next().and_then(rows_of).ok_or(Trouble::Unknown)?;
        let catalog = Catalog::read(&columns).map_err(|_| Trouble::Unknown)?;
        for (step, ended) in steps.iter().zip(results) {
            match ended {
                Ended::Rows(rows) => self.settle(batch, step, &rows, &catalog, &standing)?,
                Ended::Refused(refusal) => {
                    let fault = faults::fault(&refusal, Some(self.table), Some(&catalog), self.client.now());
                    for place in &step.places {
                        batch.outcomes.insert(*place, Outcome::Failed(fault.clone()));
                    }
                }
            }
        }
        Ok(())
    }

    /// What became of a step's operations, from the rows that its statement answered.
    fn settle(&self, batch: &mut Batch<'_>, step: &Step, rows: &Rows, catalog: &Catalog, standing: &BTreeSet<&str>) -> Result<(), Trouble> {
        let mut made: BTreeMap<usize, Outcome> = BTreeMap::new();
        for cells in rows {
            let (key, cells) = match (&step.group, cells.as_slice()) {
                (Group::Create { .. }, [key, cells @ ..]) => (key.as_deref(), cells),
                (_, cells) => (None, cells),
            };
            let id = cells.first().and_then(Option::as_deref).ok_or(Trouble::Unknown)?;
            let place = step.places.iter().find(|place| batch.is_about(**place, id, key)).ok_or(Trouble::Unknown)?;
            let stored = match &step.group {
                Group::Delete => None,
                Group::Restore | Group::Update | Group::Create { .. } => {
                    row::read(cells, self.selection, catalog).map_err(|_| Trouble::Unknown)?.record.ok()
                }
            };
            let created = batch.ids.get(place).is_some_and(|own| own == id);
            made.insert(*place, Outcome::Written { id: RecordId::new(id), created, stored });
        }
        for place in &step.places {
            let outcome = made.remove(place).unwrap_or_else(|| {
                let id = batch.actions.get(*place).and_then(id_of).unwrap_or_default();
                without_a_row(&step.group, id, standing.contains(id))
            });
            batch.outcomes.insert(*place, outcome);
        }
        Ok(())
    }
}

/// What it means that a statement answered no row for an operation.
fn without_a_row(group: &Group, id: &str, stands: bool) -> Outcome {
    match (group, stands) {
        // It stands, and is not what the plan was made from.
        (Group::Update, true) => Outcome::Failed(Fault::Conflict),
        (Group::Update | Group::Delete, _) => Outcome::Failed(Fault::Missing),
        // Nobody had marked it, or somebody was faster.
        (Group::Restore, true) => Outcome::Written { id: RecordId::new(id), created: false, stored: None },
        (Group::Restore, false) => Outcome::Failed(gone_for_good()),
        (Group::Create { .. }, _) => {
            let words = "a trigger of the database left the row out".to_owned();
            Outcome::Failed(Fault::Rejected { problems: vec![Problem { field: None, code: "no_row".to_owned(), words }] })
        }
    }
}

fn fields_of(actions: &[WriteAction]) -> impl Iterator<Item = (&FieldName, &Value)> {
    actions.iter().filter_map(written_fields).flatten()
}

fn written_fields(action: &WriteAction) -> Option<&BTreeMap<FieldName, Value>> {
    match action {
        WriteAction::Create { fields, .. } | WriteAction::Update { fields, .. } => Some(fields),
        WriteAction::Delete { .. } | WriteAction::Restore { .. } => None,
    }
}

fn no_moment_in(days: &BTreeSet<FieldName>, action: &WriteAction) -> Result<(), Fault> {
    let moments =
        fields_of(std::slice::from_ref(action)).filter(|(name, value)| matches!(value, Value::DateTime(_)) && days.contains(*name));
    let problems: Vec<Problem> = moments
        .map(|(name, _)| Problem {
            field: Some(name.clone()),
            code: "moment_in_a_day".to_owned(),
            words: "the column holds a date, and a moment is on another day elsewhere".to_owned(),
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Fault::Rejected { problems }) }
}

fn gone_for_good() -> Fault {
    unsupported("way back for a row that was removed, not marked")
}

fn id_of(action: &WriteAction) -> Option<&str> {
    match action {
        WriteAction::Create { .. } => None,
        WriteAction::Update { id, .. } | WriteAction::Delete { id } | WriteAction::Restore { id } => Some(id.as_str()),
    }
}

fn columns(fields: &BTreeMap<FieldName, Value>) -> Result<Vec<String>, Fault> {
    match fields.keys().find(|name| name.as_str().starts_with(OWN_PREFIX)) {
        Some(own) => Err(unsupported(format!("writing to {own}, which is Syncline's own"))),
        None => Ok(fields.keys().map(ToString::to_string).collect()),
    }
}

fn rows_of(ended: Ended) -> Option<Rows> {
    match ended {
        Ended::Rows(rows) => Some(rows),
        Ended::Refused(_) => None,
    }
}

impl Batch<'_> {
    fn fields(&self, place: usize) -> Option<&BTreeMap<FieldName, Value>> {
        written_fields(self.actions.get(place)?)
    }

    fn columns(&self, place: usize) -> impl Iterator<Item = &str> {
        self.fields(place).into_iter().flat_map(BTreeMap::keys).map(FieldName::as_str)
    }

    /// An operation as its statement takes it.
    fn row(&self, place: usize) -> Option<Json> {
        let fields = || -> Json {
            let pairs = self.fields(place).into_iter().flatten().map(|(name, value)| (name.to_string(), written(value)));
            Json::Object(pairs.collect())
        };
        Some(match self.actions.get(place)? {
            WriteAction::Create { .. } => json!({ "id": self.ids.get(&place), "fields": fields() }),
            WriteAction::Update { id, expected, .. } => {
                json!({ "id": id.as_str(), "expected": expected.map(|version| version.0.to_string()), "fields": fields() })
            }
            WriteAction::Delete { id } | WriteAction::Restore { id } => json!(id.as_str()),
        })
    }

    /// Whether a row is this operation's: by its id, or, for one that was there already, by the value of its link column.
    fn is_about(&self, place: usize, id: &str, key: Option<&str>) -> bool {
        match self.actions.get(place) {
            Some(WriteAction::Create { fields, once }) => {
                let value = once.as_ref().and_then(|once| fields.get(once)).map(written);
                let text = value.map(|json| json.as_str().map_or_else(|| json.to_string(), str::to_owned));
                self.ids.get(&place).is_some_and(|own| own == id) || (key.is_some() && text.as_deref() == key)
            }
            Some(action) => id_of(action) == Some(id),
            None => false,
        }
    }

    /// The outcomes in the order of the batch.
    fn told(mut self) -> Vec<Outcome> {
        (0..self.actions.len()).map(|place| self.outcomes.remove(&place).unwrap_or(Outcome::Failed(Fault::Uncertain))).collect()
    }
}
