//! Writes: upserts in one call, deletes in another; a call that is too large, or is refused as a whole, is made in halves, so that one bad record
//! stops only itself.

use std::collections::VecDeque;

use http::Method;
use serde_json::{Map, Value as Json, json};
use syncline_engine::ports::connector::{Outcome, WriteAction};
use syncline_model::{CallError, Deadline, Fault, FieldName, RecordId, Value};

use crate::client::{Ask, error};
use crate::connection::Connection;
use crate::entities::{Entity, ID};
use crate::faults::{self, Ended, problem};
use crate::settings::UpsertBody;
use crate::wire;

/// Records of one call, and bytes of its body: our own choice, none is published (fact sheet §2.3).
pub(crate) const RECORDS_MAX: u32 = 100;
const BODY_BYTES_MAX: usize = 1_000_000;

const OPERATION: &str = "write records";

/// One record on its way.
#[derive(Clone)]
struct Item {
    /// Its place in the batch.
    place: usize,
    id: String,
    row: Json,
}

/// A batch under way.
struct Batch {
    outcomes: Vec<Option<Outcome>>,
    /// The vendor may have heard something of it.
    heard: bool,
    /// Why a call was certainly not heard.
    unheard: Option<Fault>,
}

impl Batch {
    fn end(&mut self, place: usize, outcome: Outcome) {
        if let Some(slot) = self.outcomes.get_mut(place) {
            *slot = Some(outcome);
        }
    }

    fn fail(&mut self, items: &[Item], fault: &Fault) {
        for item in items {
            self.end(item.place, Outcome::Failed(fault.clone()));
        }
    }
}

impl Connection {
    pub(crate) async fn write_all(&self, entity: &Entity, actions: &[WriteAction], by: Deadline) -> Result<Vec<Outcome>, CallError> {
        let mut batch = Batch { outcomes: actions.iter().map(|_| None).collect(), heard: false, unheard: None };
        let (mut upserts, mut deletes) = (Vec::new(), Vec::new());
        let mut sent = Vec::new();
        for (place, action) in actions.iter().enumerate() {
            match self.item(entity, place, action) {
                Ok(item) => match action {
                    WriteAction::Delete { .. } => deletes.push(item),
                    WriteAction::Create { fields, .. } | WriteAction::Update { fields, .. } => {
                        sent.extend(fields.values().filter_map(|value| value.as_text().ok().flatten()).map(str::to_owned));
                        upserts.push(item);
                    }
                    WriteAction::Restore { .. } => {}
                },
                Err(fault) => {
                    batch.heard = true;
                    batch.end(place, Outcome::Failed(fault));
                }
            }
        }
        self.send_items(entity, &Method::POST, upserts, &sent, &mut batch, by).await;
        self.send_items(entity, &Method::DELETE, deletes, &sent, &mut batch, by).await;
        if let (false, Some(fault)) = (batch.heard, batch.unheard) {
            return Err(error(OPERATION, fault));
        }
        Ok(batch.outcomes.into_iter().map(|outcome| outcome.unwrap_or(Outcome::Failed(Fault::Uncertain))).collect())
    }

    fn item(&self, entity: &Entity, place: usize, action: &WriteAction) -> Result<Item, Fault> {
        match action {
            WriteAction::Create { fields, .. } => {
                let own = fields.get(&FieldName::from(ID)).and_then(|value| value.as_text().ok().flatten());
                let Some(own) = own.map(str::trim).filter(|own| !own.is_empty()) else {
                    let words = "a record is made under an id that we send: write `link: { <this side>: id }` into the mapping".to_owned();
                    return Err(Fault::Rejected { problems: vec![problem(Some(ID), "id_missing", words)] });
                };
                let id = format!("{}{own}", self.target.id_prefix);
                Ok(Item { place, row: row(entity, &id, fields)?, id })
            }
            WriteAction::Update { id, fields, .. } => {
                Ok(Item { place, row: row(entity, id.as_str(), fields)?, id: id.as_str().to_owned() })
            }
            WriteAction::Delete { id } => Ok(Item { place, row: json!({ ID: id.as_str() }), id: id.as_str().to_owned() }),
            WriteAction::Restore { .. } => Err(Fault::Unsupported { capability: "bin to bring records back from".to_owned() }),
        }
    }

    async fn send_items(&self, entity: &Entity, method: &Method, items: Vec<Item>, sent: &[String], batch: &mut Batch, by: Deadline) {
        let mut groups = VecDeque::from([items]);
        while let Some(mut group) = groups.pop_front() {
            if group.is_empty() {
                continue;
            }
            let rows: Vec<&Json> = group.iter().map(|item| &item.row).collect();
            // Of deletes the wrapper is known (fact sheet §2.1).
            let upsert_body = if *method == Method::POST { self.target.upsert_body } else { UpsertBody::Records };
            let body = body(&rows, upsert_body);
            let half = group.len() / 2;
            if body.len() > BODY_BYTES_MAX && half > 0 {
                let rest = group.split_off(half);
                groups.push_front(rest);
                groups.push_front(group);
                continue;
            }
            let ask = Ask { method: method.clone(), entity: entity.name.clone(), body };
            let answer = match self.client.send(&ask, by).await {
                Ok(answer) => answer,
                Err(trouble) => {
                    if trouble.unheard {
                        batch.unheard = Some(trouble.fault.clone());
                    } else {
                        batch.heard = true;
                    }
                    batch.fail(&group, &trouble.fault);
                    continue;
                }
            };
            batch.heard = true;
            let ids: Vec<String> = group.iter().map(|item| item.id.clone()).collect();
            let now = self.client.now();
            match faults::judge(answer.status, &answer.headers, &answer.body, &ids, self.target.accepted, now, sent) {
                Ok(ends) => {
                    for (item, end) in group.into_iter().zip(ends) {
                        let outcome = match end {
                            // The answer tells of no values: what was sent stands for what is stored.
                            Ended::Taken { created } => Outcome::Written { id: RecordId::new(item.id), created, stored: None },
                            Ended::Failed(fault) => Outcome::Failed(fault),
                        };
                        batch.end(item.place, outcome);
                    }
                }
                // Which record it was, the refusal of the whole does not say.
                Err(Fault::Rejected { .. }) if half > 0 => {
                    let rest = group.split_off(half);
                    groups.push_front(rest);
                    groups.push_front(group);
                }
                Err(fault) => {
                    tracing::debug!(status = answer.status.as_u16(), fault = fault.code(), "mapsly refused");
                    batch.fail(&group, &fault);
                }
            }
        }
    }
}

/// Records as the body of a call.
pub(crate) fn body(rows: &[&Json], shape: UpsertBody) -> String {
    match shape {
        UpsertBody::List => json!(rows).to_string(),
        UpsertBody::Records => json!({ "records": rows }).to_string(),
    }
}

/// A record as it is sent. Fields that the settings do not name are refused: nobody would know their type.
fn row(entity: &Entity, id: &str, fields: &std::collections::BTreeMap<FieldName, Value>) -> Result<Json, Fault> {
    let mut row = Map::from_iter([(ID.to_owned(), json!(id))]);
    let mut problems = Vec::new();
    for (name, value) in fields.iter().filter(|(name, _)| name.as_str() != ID) {
        let known = entity.fields.iter().find(|(own, _)| own == name.as_str());
        match known.map(|(_, field_type)| wire::json(value, field_type)) {
            Some(Some(json)) => {
                row.insert(name.as_str().to_owned(), json);
            }
            Some(None) => problems.push(problem(Some(name.as_str()), "wrong_type", format!("the field takes no {}", value.type_name()))),
            None => problems.push(problem(Some(name.as_str()), "unknown_field", "name the field in the setting `entities`".to_owned())),
        }
    }
    if problems.is_empty() { Ok(Json::Object(row)) } else { Err(Fault::Rejected { problems }) }
}
