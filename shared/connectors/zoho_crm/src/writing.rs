//! Writes: as many rows a call as the vendor takes, each with an outcome of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};
use syncline_engine::ports::connector::{Outcome, Selection, WriteAction};
use syncline_model::{Deadline, Fault, FieldName, FieldType, Value};

use crate::batch::{Batch, Row, with_id};
use crate::calls;
use crate::connection::Connection;
use crate::faults::{refused, unsupported};
use crate::object::{ACCOUNT, COMPANY, MODULE, Module, Object, Source, source};
use crate::schema::ModuleSchema;
use crate::values;

pub(crate) type Fields = BTreeMap<FieldName, Value>;

/// One operation, in the module's own terms.
pub(crate) enum Step<'a> {
    Create {
        module: Module,
        fields: &'a Fields,
        once: Option<&'a FieldName>,
    },
    Update {
        module: Module,
        id: String,
        fields: &'a Fields,
    },
    Delete {
        module: Module,
        id: String,
    },
    /// A lead becomes a contact.
    Promote {
        lead: String,
        fields: &'a Fields,
    },
    /// A contact becomes a lead.
    Demote {
        contact: String,
        fields: &'a Fields,
    },
}

impl Step<'_> {
    pub(crate) fn module(&self) -> Option<Module> {
        match self {
            Self::Create { module, .. } | Self::Update { module, .. } | Self::Delete { module, .. } => Some(*module),
            Self::Promote { .. } | Self::Demote { .. } => None,
        }
    }
}

/// What an action asks for, or why it cannot be.
fn step(object: Object, action: &WriteAction) -> Result<Step<'_>, Fault> {
    let place = |id| object.place(id).ok_or(Fault::Missing);
    match action {
        WriteAction::Create { fields, once } => {
            let module = wanted_module(object, fields)?.or_else(|| object.modules().first().copied()).unwrap_or(Module::Leads);
            Ok(Step::Create { module, fields, once: once.as_ref() })
        }
        // No batch can be compared with more than one moment: `expected` has been compared by whoever read the record just before.
        WriteAction::Update { id, fields, expected: _ } => {
            let (module, id) = place(id)?;
            Ok(match (module, wanted_module(object, fields)?) {
                (Module::Leads, Some(Module::Contacts)) => Step::Promote { lead: id, fields },
                (Module::Contacts, Some(Module::Leads)) => Step::Demote { contact: id, fields },
                (_, _) => Step::Update { module, id, fields },
            })
        }
        WriteAction::Delete { id } => place(id).map(|(module, id)| Step::Delete { module, id }),
        WriteAction::Restore { .. } => Err(unsupported("way back from the bin by its API")),
    }
}

/// The module in which a person shall stand, where the fields say so.
fn wanted_module(object: Object, fields: &Fields) -> Result<Option<Module>, Fault> {
    match fields.get(MODULE).filter(|_| object == Object::Person) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Text(name)) => match Module::of(name).filter(|module| object.has(*module)) {
            Some(module) => Ok(Some(module)),
            None => Err(refused(Some(MODULE), "no_such_module", "a person stands in Leads or in Contacts")),
        },
        Some(other) => Err(refused(Some(MODULE), "no_such_module", format!("a module's name is a text, not a {}", other.type_name()))),
    }
}

impl Connection {
    pub(crate) async fn write_all(
        &self,
        object: Object,
        selection: &Selection,
        actions: &[WriteAction],
        by: Deadline,
    ) -> Result<Vec<Outcome>, Fault> {
        let mut batch = Batch::new(actions.len());
        let mut steps = Vec::with_capacity(actions.len());
        for (place, action) in actions.iter().enumerate() {
            match step(object, action) {
                Ok(step) => steps.push((place, step)),
                Err(fault) => batch.fail(place, fault),
            }
        }
        for module in object.modules() {
            let own: Vec<&(usize, Step<'_>)> = steps.iter().filter(|(_, step)| step.module() == Some(module)).collect();
            if !own.is_empty() {
                self.write_module(object, module, &own, &mut batch, by).await;
            }
        }
        self.tell_stored(object, selection, &steps, &mut batch, by).await;
        for (place, step) in &steps {
            match step {
                Step::Promote { lead, fields } => self.promote(*place, lead, fields, selection, &mut batch, by).await,
                Step::Demote { contact, fields } => self.demote(*place, contact, fields, selection, &mut batch, by).await,
                Step::Create { .. } | Step::Update { .. } | Step::Delete { .. } => {}
            }
        }
        batch.into_outcomes()
    }

    async fn write_module(&self, object: Object, module: Module, steps: &[&(usize, Step<'_>)], batch: &mut Batch, by: Deadline) {
        let schema = match self.schema_with(object, module, steps, by).await {
            Ok(schema) => schema,
            Err(fault) => {
                for (place, _) in steps {
                    batch.fail_unheard(*place, fault.clone());
                }
                return;
            }
        };
        let companies = self.accounts_for(object, module, steps, batch, by).await;
        let mut creates: BTreeMap<Option<String>, Vec<(usize, Json)>> = BTreeMap::new();
        let mut updates: Vec<(usize, Json)> = Vec::new();
        let mut deletes: Vec<(usize, Json)> = Vec::new();
        for (place, step) in steps {
            match step {
                Step::Create { fields, once, .. } => match row(object, module, fields, &schema, &companies) {
                    Ok(members) => {
                        let once = once
                            .map(|name| own_name(object, module, name))
                            .filter(|name| members.get(name).is_some_and(|own| !own.is_null()));
                        creates.entry(once).or_default().push((*place, Json::Object(members)));
                    }
                    Err(fault) => batch.fail(*place, fault),
                },
                Step::Update { id, fields, .. } => match row(object, module, fields, &schema, &companies) {
                    // Nothing of it stands in this module, or nothing was asked for.
                    Ok(members) if members.is_empty() => batch.set(*place, written(object, module, id, false)),
                    Ok(members) => updates.push((*place, with_id(id, members))),
                    Err(fault) => batch.fail(*place, fault),
                },
                Step::Delete { id, .. } => deletes.push((*place, json!(id))),
                Step::Promote { .. } | Step::Demote { .. } => {}
            }
        }
        let workflows = self.target.run_workflows;
        for (once, rows) in creates {
            match once {
                Some(field) if schema.is_unique(&field) => {
                    self.send_group(object, module, rows, |rows| calls::upsert(module, rows, &field, workflows), batch, by).await;
                }
                Some(field) => {
                    let rows = self.not_there_yet(object, module, &field, rows, batch, by).await;
                    self.send_group(object, module, rows, |rows| calls::insert(module, rows, workflows), batch, by).await;
                }
                None => self.send_group(object, module, rows, |rows| calls::insert(module, rows, workflows), batch, by).await,
            }
        }
        self.send_group(object, module, updates, |rows| calls::update(module, rows, workflows), batch, by).await;
        let ids = |rows: &[Json]| rows.iter().filter_map(Json::as_str).map(str::to_owned).collect::<Vec<_>>();
        self.send_group(object, module, deletes, |rows| calls::delete(module, &ids(rows), workflows), batch, by).await;
    }

    async fn send_group(
        &self,
        object: Object,
        module: Module,
        rows: Vec<(usize, Json)>,
        ask: impl Fn(&[Json]) -> calls::Ask,
        batch: &mut Batch,
        by: Deadline,
    ) {
        if rows.is_empty() {
            return;
        }
        let (places, rows): (Vec<usize>, Vec<Json>) = rows.into_iter().unzip();
        let answered = self.client.send_rows(object, module, &rows, ask, by).await;
        for (place, row) in places.into_iter().zip(answered) {
            settle(object, module, place, row, batch);
        }
    }

    /// Of rows that are made through a field that is not unique, those that no record carries yet. The others are told as being there.
    async fn not_there_yet(
        &self,
        object: Object,
        module: Module,
        field: &str,
        rows: Vec<(usize, Json)>,
        batch: &mut Batch,
        by: Deadline,
    ) -> Vec<(usize, Json)> {
        let mut left = Vec::new();
        for (place, row) in rows {
            let value = row.get(field).and_then(Json::as_str).unwrap_or_default().to_owned();
            match self.ids_carrying(module, field, &value, by).await {
                Ok(ids) => match ids.first() {
                    Some(id) => {
                        batch.heard = true;
                        batch.set(place, written(object, module, id, false));
                    }
                    None => left.push((place, row)),
                },
                Err(fault) => batch.fail_unheard(place, fault),
            }
        }
        left
    }

    /// The module's fields; read again where an action names one that was not there when they were read.
    async fn schema_with(
        &self,
        object: Object,
        module: Module,
        steps: &[&(usize, Step<'_>)],
        by: Deadline,
    ) -> Result<std::sync::Arc<ModuleSchema>, Fault> {
        let schema = self.module_schema(module, by).await?;
        let named = steps.iter().filter_map(|(_, step)| match step {
            Step::Create { fields, .. } | Step::Update { fields, .. } => Some(fields.keys()),
            Step::Delete { .. } | Step::Promote { .. } | Step::Demote { .. } => None,
        });
        let unknown = |name: &FieldName| match source(object, module, name.as_str()) {
            Source::Field(name) => name != "id" && !schema.has(name),
            Source::Module | Source::OwnerEmail | Source::AccountName => false,
        };
        // A person has fields that stand in the other module alone: their names are known there.
        let elsewhere = |name: &FieldName| object == Object::Person && self.is_known(name.as_str());
        if named.flatten().any(|name| unknown(name) && !elsewhere(name)) {
            self.forget_schemas();
            return self.module_schema(module, by).await;
        }
        Ok(schema)
    }

    /// The accounts of contacts' companies: two people of one company get one.
    async fn accounts_for(
        &self,
        object: Object,
        module: Module,
        steps: &[&(usize, Step<'_>)],
        batch: &mut Batch,
        by: Deadline,
    ) -> Companies {
        let names: BTreeSet<String> = steps
            .iter()
            .filter_map(|(_, step)| match step {
                Step::Create { fields, .. } | Step::Update { fields, .. } => company(object, module, fields),
                Step::Delete { .. } | Step::Promote { .. } | Step::Demote { .. } => None,
            })
            .collect();
        self.accounts(names, batch, by).await
    }

    pub(crate) async fn accounts(&self, names: BTreeSet<String>, batch: &mut Batch, by: Deadline) -> Companies {
        let names: Vec<String> = names.into_iter().collect();
        let rows: Vec<Json> = names.iter().map(|name| json!({ ACCOUNT: name })).collect();
        let workflows = self.target.run_workflows;
        let ask = |rows: &[Json]| calls::upsert(Module::Accounts, rows, ACCOUNT, workflows);
        let answered = self.client.send_rows(Object::One(Module::Accounts), Module::Accounts, &rows, ask, by).await;
        let mut found = Companies::new();
        for (name, row) in names.into_iter().zip(answered) {
            batch.heard |= row.as_ref().map_or_else(|refused| !refused.unheard, |_| true);
            found.insert(name, row.map(|taken| taken.id).map_err(|refused| about_company(refused.fault)));
        }
        found
    }
}

/// A refused account, as the contact's own trouble.
fn about_company(fault: Fault) -> Fault {
    if fault == Fault::Uncertain {
        // The contact itself was not written: looking for it would find nothing.
        return Fault::Transient { detail: "it is not known whether the company's account was made".to_owned() };
    }
    if let Fault::Taken { holders, .. } = fault {
        return Fault::Taken { field: Some(COMPANY.into()), holders };
    }
    fault
}

/// The ids of accounts by their companies' names.
pub(crate) type Companies = BTreeMap<String, Result<String, Fault>>;

/// The company of a contact that is to be written.
pub(crate) fn company(object: Object, module: Module, fields: &Fields) -> Option<String> {
    match fields.get(COMPANY) {
        Some(Value::Text(name)) if source(object, module, COMPANY) == Source::AccountName => Some(name.clone()),
        Some(_) | None => None,
    }
}

/// The members of a row. A person's field that the module does not have is left out; any other's is refused, because the vendor would pass it over.
pub(crate) fn row(
    object: Object,
    module: Module,
    fields: &Fields,
    schema: &ModuleSchema,
    companies: &Companies,
) -> Result<Map<String, Json>, Fault> {
    let mut members = Map::new();
    for (name, value) in fields {
        match source(object, module, name.as_str()) {
            Source::Module | Source::Field("id") => {}
            Source::OwnerEmail => return Err(refused(Some(name.as_str()), "read_only", "write Owner, with the user's id")),
            Source::AccountName => {
                let account = match value {
                    Value::Text(company) => match companies.get(company) {
                        Some(Ok(id)) => json!({ "id": id }),
                        Some(Err(fault)) => return Err(fault.clone()),
                        None => continue,
                    },
                    Value::Null => Json::Null,
                    Value::Bool(_)
                    | Value::Integer(_)
                    | Value::Decimal(_)
                    | Value::Date(_)
                    | Value::DateTime(_)
                    | Value::Set(_)
                    | Value::Reference(_) => {
                        let words = format!("a company is a text, not a {}", value.type_name());
                        return Err(refused(Some(COMPANY), "INVALID_DATA", words));
                    }
                };
                members.insert(ACCOUNT.to_owned(), account);
            }
            Source::Field(own) => match schema.field(own) {
                // The vendor would cut it down to a day, and which one depends on who looks.
                Some(field) if field.schema.field_type == FieldType::Date && matches!(value, Value::DateTime(_)) => {
                    return Err(refused(
                        Some(name.as_str()),
                        "moment_in_a_day",
                        "the field holds a date, and a moment is on another day elsewhere",
                    ));
                }
                Some(field) => drop(members.insert(own.to_owned(), values::write(value, Some(&field.schema.field_type)))),
                None if object == Object::Person => {}
                None => {
                    let words = format!("{} have no such field", module.plural());
                    return Err(refused(Some(name.as_str()), "no_such_field", words));
                }
            },
        }
    }
    Ok(members)
}

fn own_name(object: Object, module: Module, name: &FieldName) -> String {
    match source(object, module, name.as_str()) {
        Source::Field(own) => own.to_owned(),
        Source::Module | Source::OwnerEmail | Source::AccountName => name.to_string(),
    }
}

/// Done, and what is stored is not known yet.
pub(crate) fn written(object: Object, module: Module, id: &str, created: bool) -> Outcome {
    Outcome::Written { id: object.id(module, id), created, stored: None }
}

/// What became of a row becomes what became of its operation.
fn settle(object: Object, module: Module, place: usize, row: Row, batch: &mut Batch) {
    match row {
        Ok(taken) => {
            batch.heard = true;
            batch.set(place, written(object, module, &taken.id, taken.created));
            batch.taken.insert(place, taken);
        }
        Err(refused) if refused.unheard => batch.fail_unheard(place, refused.fault),
        Err(refused) => {
            batch.heard = true;
            batch.fail(place, refused.fault);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, Value)]) -> Fields {
        pairs.iter().map(|(name, value)| (FieldName::from(*name), value.clone())).collect()
    }

    fn update(id: &str, module: &str) -> WriteAction {
        WriteAction::Update { id: id.into(), fields: fields(&[(MODULE, Value::text(module))]), expected: None }
    }

    #[test]
    fn a_person_changes_modules_only_where_it_is_the_other_one() {
        assert!(matches!(step(Object::Person, &update("Leads/1", "Contacts")), Ok(Step::Promote { .. })));
        assert!(matches!(step(Object::Person, &update("Contacts/1", "Leads")), Ok(Step::Demote { .. })));
        assert!(matches!(step(Object::Person, &update("Leads/1", "Leads")), Ok(Step::Update { .. })));
        assert!(matches!(step(Object::Person, &update("Leads/1", "Accounts")), Err(Fault::Rejected { .. })));
        assert!(matches!(step(Object::Person, &update("1", "Leads")), Err(Fault::Missing)));
        let create = WriteAction::Create { fields: fields(&[(MODULE, Value::text("Contacts"))]), once: None };
        assert!(matches!(step(Object::Person, &create), Ok(Step::Create { module: Module::Contacts, .. })));
        let restore = WriteAction::Restore { id: "Leads/1".into() };
        assert!(matches!(step(Object::Person, &restore), Err(Fault::Unsupported { .. })));
    }

    #[test]
    fn a_row_has_the_modules_own_fields() {
        let schema = ModuleSchema::read(&json!({"fields": [
            {"api_name": "Last_Name", "data_type": "text"}, {"api_name": "Mailing_City", "data_type": "text"},
            {"api_name": "Account_Name", "data_type": "lookup"}, {"api_name": "Owner", "data_type": "ownerlookup"}
        ]}))
        .unwrap();
        let sent = fields(&[
            (MODULE, Value::text("Contacts")),
            ("Last_Name", Value::text("Nowak")),
            ("City", Value::Null),
            ("Company", Value::text("Acme")),
            ("Rating", Value::text("hot")),
            ("Owner", Value::text("9")),
        ]);
        let companies = Companies::from([("Acme".to_owned(), Ok("8".to_owned()))]);
        let members = row(Object::Person, Module::Contacts, &sent, &schema, &companies).unwrap();
        let expected = json!({"Last_Name": "Nowak", "Mailing_City": null, "Account_Name": {"id": "8"}, "Owner": {"id": "9"}});
        assert_eq!(Json::Object(members), expected);
        let plain = row(Object::One(Module::Contacts), Module::Contacts, &fields(&[("Rating", Value::text("hot"))]), &schema, &companies);
        assert!(matches!(plain, Err(Fault::Rejected { .. })), "what the vendor passes over is refused");
    }
}
