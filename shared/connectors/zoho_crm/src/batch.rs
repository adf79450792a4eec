//! Rows on their way out and what became of each. Whole requests are refused, and rows of them; the HTTP status tells neither (fact sheet §4).

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use syncline_engine::ports::connector::Outcome;
use syncline_model::{Deadline, Fault, FieldName, RecordId};

use crate::calls::{Ask, WRITE_RECORDS_MAX};
use crate::client::Client;
use crate::faults;
use crate::object::{COMPANY, Module, Object, is_bare};
use crate::stored::Edition;
use crate::values;
use crate::wire::lead_name;

/// The outcomes of one batch of ours, and whether the vendor heard anything of it.
pub(crate) struct Batch {
    outcomes: Vec<Option<Outcome>>,
    /// The rows of operations that were done by one.
    pub(crate) taken: BTreeMap<usize, Taken>,
    pub(crate) heard: bool,
    unheard: Option<Fault>,
}

impl Batch {
    pub(crate) fn new(operations: usize) -> Self {
        Self { outcomes: vec![None; operations], taken: BTreeMap::new(), heard: false, unheard: None }
    }

    pub(crate) fn set(&mut self, place: usize, outcome: Outcome) {
        if let Some(own) = self.outcomes.get_mut(place) {
            *own = Some(outcome);
        }
    }

    pub(crate) fn fail(&mut self, place: usize, fault: Fault) {
        self.set(place, Outcome::Failed(fault));
    }

    /// Nothing was sent for this operation. Where that is the connection's trouble and not the record's, it may be the whole batch's.
    pub(crate) fn fail_unheard(&mut self, place: usize, fault: Fault) {
        if is_of_connection(&fault) {
            self.unheard.get_or_insert_with(|| fault.clone());
        }
        self.fail(place, fault);
    }

    /// # Errors
    /// Where the vendor heard nothing at all, why.
    pub(crate) fn into_outcomes(self) -> Result<Vec<Outcome>, Fault> {
        match self.unheard {
            Some(fault) if !self.heard => Err(fault),
            Some(_) | None => Ok(self.outcomes.into_iter().map(|own| own.unwrap_or(Outcome::Failed(Fault::Uncertain))).collect()),
        }
    }
}

fn is_of_connection(fault: &Fault) -> bool {
    match fault {
        Fault::Transient { .. } | Fault::RateLimited { .. } | Fault::AuthExpired | Fault::AuthRefused { .. } | Fault::Drift { .. } => true,
        Fault::Rejected { .. } | Fault::Taken { .. } | Fault::Conflict | Fault::Missing | Fault::Uncertain | Fault::Unsupported { .. } => {
            false
        }
    }
}

/// A row that the vendor took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) id: String,
    pub(crate) created: bool,
    pub(crate) edition: Edition,
}

/// What became of one row.
pub(crate) type Row = Result<Taken, Refused>;

/// A row that the vendor did not take, or of which it is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) fault: Fault,
    /// The vendor certainly heard nothing of it.
    pub(crate) unheard: bool,
}

impl Client {
    /// Sends rows, in as few calls as the vendor allows; answers each in its place.
    pub(crate) async fn send_rows(
        &self,
        object: Object,
        module: Module,
        rows: &[Json],
        ask: impl Fn(&[Json]) -> Ask,
        by: Deadline,
    ) -> Vec<Row> {
        let mut all = Vec::with_capacity(rows.len());
        for part in rows.chunks(usize::try_from(WRITE_RECORDS_MAX).unwrap_or(1)) {
            all.extend(self.send_part(object, module, part, &ask, by).await);
        }
        all
    }

    /// Where a whole request is refused for what one row may have caused, each goes alone.
    async fn send_part(&self, object: Object, module: Module, rows: &[Json], ask: &impl Fn(&[Json]) -> Ask, by: Deadline) -> Vec<Row> {
        match self.send_once(object, module, rows, ask, by).await {
            Ok(all) => all,
            Err(refused) if rows.len() > 1 && matches!(refused.fault, Fault::Rejected { .. } | Fault::Missing) => {
                let mut all = Vec::with_capacity(rows.len());
                for row in rows {
                    let one = self.send_once(object, module, std::slice::from_ref(row), ask, by).await;
                    all.push(match one {
                        Ok(mut one) => one.pop().unwrap_or(Err(Refused { fault: Fault::Uncertain, unheard: false })),
                        Err(refused) => Err(refused),
                    });
                }
                all
            }
            Err(refused) => rows.iter().map(|_| Err(refused.clone())).collect(),
        }
    }

    async fn send_once(
        &self,
        object: Object,
        module: Module,
        rows: &[Json],
        ask: &impl Fn(&[Json]) -> Ask,
        by: Deadline,
    ) -> Result<Vec<Row>, Refused> {
        let ask = ask(rows);
        let sent = values::sent(&Json::Array(rows.to_vec()));
        let answer = self
            .send(&ask, &sent, by)
            .await
            .map_err(|trouble| Refused { fault: of_delete(&ask, renamed(trouble.fault, object, module)), unheard: trouble.unheard })?;
        let uncertain = || Refused { fault: Fault::Uncertain, unheard: false };
        let answered = answer.json.as_ref().and_then(|json| json.get("data")).and_then(Json::as_array).ok_or_else(uncertain)?;
        if answered.len() != rows.len() {
            return Err(uncertain());
        }
        let read = |row: &Json| {
            let taken = read_row(row);
            taken.ok_or_else(|| Refused { fault: of_delete(&ask, of_row(row, object, module, self, &sent)), unheard: false })
        };
        Ok(answered.iter().map(read).collect())
    }
}

/// A row that says `success`.
fn read_row(row: &Json) -> Option<Taken> {
    if row.get("status").and_then(Json::as_str) != Some("success") {
        return None;
    }
    let details = row.get("details")?;
    let id = details.get("id")?.as_str().filter(|id| is_bare(id))?;
    let created = match row.get("action").and_then(Json::as_str) {
        Some(action) => action == "insert",
        None => row.get("message").and_then(Json::as_str).is_some_and(|words| words.contains("added")),
    };
    Some(Taken { id: id.to_owned(), created, edition: Edition::of(details) })
}

fn of_row(row: &Json, object: Object, module: Module, client: &Client, sent: &[String]) -> Fault {
    if row.get("code").and_then(Json::as_str) == Some("DUPLICATE_DATA") {
        return taken(row, object, module);
    }
    // A lead that was converted is read again, and is a contact then.
    let moved = ["ID_ALREADY_CONVERTED", "CONVERTED_RECORD"];
    match faults::of_row(row, client.now(), sent) {
        fault if object == Object::Person && faults::has_code(&fault, &moved) => Fault::Conflict,
        fault => renamed(fault, object, module),
    }
}

/// Whose the value is, also where that is a record of the other module.
fn taken(row: &Json, object: Object, module: Module) -> Fault {
    let details = row.get("details");
    let holder = details.and_then(|details| details.get("duplicate_record"));
    let id = holder.and_then(|holder| holder.get("id")).or_else(|| details.and_then(|details| details.get("id")));
    let id = id.and_then(Json::as_str).filter(|id| is_bare(id));
    let of = holder.and_then(|holder| holder.get("module")).and_then(|own| own.get("api_name").unwrap_or(own).as_str());
    let of = of.map_or(Some(module), Module::of);
    let field = details.and_then(|details| details.get("api_name")).and_then(Json::as_str);
    let holders: Vec<RecordId> = match (id, of) {
        (Some(id), Some(of)) if object.has(of) => vec![object.id(of, id)],
        (_, _) => Vec::new(),
    };
    Fault::Taken { field: field.map(|name| field_name(object, module, name)), holders }
}

/// A record that cannot be deleted because there is none.
fn of_delete(ask: &Ask, fault: Fault) -> Fault {
    let gone = ask.method == http::Method::DELETE && faults::has_code(&fault, &["INVALID_DATA", "RECORD_NOT_FOUND"]);
    if gone { Fault::Missing } else { fault }
}

/// A refusal by the object's own names of its fields.
fn renamed(mut fault: Fault, object: Object, module: Module) -> Fault {
    if let Fault::Rejected { problems } = &mut fault {
        for problem in problems {
            problem.field = problem.field.take().map(|name| field_name(object, module, name.as_str()));
        }
    }
    fault
}

fn field_name(object: Object, module: Module, name: &str) -> FieldName {
    match (object, module) {
        (Object::Person, Module::Contacts) if name == crate::object::ACCOUNT => FieldName::new(COMPANY),
        (Object::Person, Module::Contacts) => FieldName::new(lead_name(name)),
        (Object::Person, Module::Leads | Module::Accounts) | (Object::One(_), _) => FieldName::new(name),
    }
}

/// A row with its id.
pub(crate) fn with_id(id: &str, members: Map<String, Json>) -> Json {
    let mut row = Map::from_iter([("id".to_owned(), Json::from(id))]);
    row.extend(members);
    Json::Object(row)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_is_taken_or_names_whose_the_value_is() {
        let recorded: Json = serde_json::from_slice(include_bytes!("../fixtures/leads-write.json")).unwrap();
        let edition = Edition::of(&recorded["data"][0]["details"]);
        assert_eq!(read_row(&recorded["data"][0]), Some(Taken { id: "6493490000001504003".into(), created: true, edition }));
        let updated: Json = serde_json::from_slice(include_bytes!("../fixtures/updatecontact.json")).unwrap();
        assert!(!read_row(&updated["data"][0]).unwrap().created);
        let duplicate = json!({
            "code": "DUPLICATE_DATA", "status": "error", "message": "duplicate data",
            "details": {"api_name": "Email", "duplicate_record": {"id": "42", "module": {"api_name": "Contacts", "id": "1"}}}
        });
        assert!(read_row(&duplicate).is_none());
        let holders = vec!["Contacts/42".into()];
        assert_eq!(taken(&duplicate, Object::Person, Module::Leads), Fault::Taken { field: Some("Email".into()), holders });
        assert_eq!(
            taken(&duplicate, Object::One(Module::Leads), Module::Leads),
            Fault::Taken { field: Some("Email".into()), holders: Vec::new() }
        );
    }

    #[test]
    fn a_batch_of_which_nothing_was_heard_is_an_error() {
        let lost = Fault::Transient { detail: "not sent".into() };
        let mut batch = Batch::new(2);
        batch.fail(0, Fault::Missing);
        batch.fail_unheard(1, lost.clone());
        assert_eq!(batch.into_outcomes(), Err(lost.clone()));
        let mut batch = Batch::new(2);
        batch.heard = true;
        batch.fail_unheard(1, lost.clone());
        assert_eq!(batch.into_outcomes(), Ok(vec![Outcome::Failed(Fault::Uncertain), Outcome::Failed(lost)]));
    }

    #[test]
    fn a_person_hears_of_their_own_names() {
        let refused = faults::refused(Some("Mailing_City"), "INVALID_DATA", "invalid data");
        let Fault::Rejected { problems } = renamed(refused, Object::Person, Module::Contacts) else { panic!() };
        assert_eq!(problems[0].field.as_ref().unwrap().as_str(), "City");
    }
}
