//! One database as a connector.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;
use syncline_engine::ports::clock::Dice;
use syncline_engine::ports::connector::{
    Account, Connector, Cursor, Descriptor, FieldWish, FindKey, From, Member, Outcome, Page, RelatedQuery, Selection, Sought, WriteAction,
};
use syncline_engine::ports::directory::UserPage;
use syncline_engine::ports::sign_in::Revoked;
use syncline_engine::ports::sql::Statement;
use syncline_engine::ports::vendor::Parts;
use syncline_engine::ports::webhook::Webhooks;
use syncline_model::{CallError, Deadline, Fault, FieldType, ObjectKind, ObjectSchema, Presence, Record, RecordId, Value};

use crate::catalog::{self, Catalog};
use crate::client::{Client, Intent, error};
use crate::cursor::Place;
use crate::faults::{drift, unsupported};
use crate::listing::{Listing, fields};
use crate::names::Table;
use crate::settings::Target;
use crate::statements::{self, Comparison};
use crate::value::written;
use crate::writing::Writing;
use crate::{account, provisioning, row};

pub(crate) struct Connection {
    client: Client,
    target: Target,
    dice: Arc<dyn Dice>,
}

impl Connection {
    pub(crate) fn new(target: Target, parts: &Parts) -> Self {
        Self { client: Client::new(target.address.clone(), target.user.clone(), parts), target, dice: parts.dice.clone() }
    }

    /// Only tables that the settings name: a sync reaches nothing else, whatever the role may do.
    fn table(&self, kind: &ObjectKind) -> Result<&Table, Fault> {
        let missing = || unsupported(format!("table {kind} among the connection's `tables`"));
        self.target.tables.iter().find(|table| table.kind == *kind).ok_or_else(missing)
    }

    async fn catalog(&self, table: &Table, by: Deadline) -> Result<Catalog, Fault> {
        let answer = self.client.ask(Intent::Read, Some(table), vec![catalog::statement(table)], by).await?;
        Catalog::read(answer.first().map_or(&[], Vec::as_slice))
    }

    fn listing<'a>(&'a self, selection: &'a Selection, by: Deadline) -> Result<Listing<'a>, Fault> {
        let table = self.table(&selection.kind)?;
        Ok(Listing { client: &self.client, table, selection, changes_days: self.target.changes_days, by })
    }

    async fn rows(&self, selection: &Selection, ids: &[RecordId], by: Deadline) -> Result<Vec<Option<Record>>, Fault> {
        let table = self.table(&selection.kind)?;
        let known: BTreeSet<&str> = ids.iter().map(RecordId::as_str).filter(|id| row::is_id(id)).collect();
        if known.is_empty() {
            return Ok(vec![None; ids.len()]);
        }
        let known = json!(known).to_string();
        let asked = vec![
            catalog::statement(table),
            Statement::new(statements::get(table)).with(known.as_str()).with(fields(selection)),
            Statement::new(statements::GONE).with(known.as_str()).with(table.relation()),
        ];
        let answer = self.client.ask(Intent::Read, Some(table), asked, by).await?;
        let [columns, rows, gone] = answer.as_slice() else { return Err(drift("answer", "three results", "others")) };
        let catalog = Catalog::read(columns)?;
        let mut found: BTreeMap<RecordId, Record> = BTreeMap::new();
        for id in gone.iter().filter_map(|cells| cells.first()?.as_deref()) {
            found.insert(id.into(), Record::new(selection.kind.clone(), id.into()).with_presence(Presence::Deleted));
        }
        for cells in rows {
            let row = row::read(cells, selection, &catalog)?;
            found.insert(row.id, row.record.map_err(|bad| bad.fault)?);
        }
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    }

    async fn search(&self, selection: &Selection, keys: &[FindKey], by: Deadline) -> Result<Vec<Vec<Record>>, Fault> {
        let table = self.table(&selection.kind)?;
        let mut sought: BTreeMap<&str, Vec<serde_json::Value>> = BTreeMap::new();
        for (place, key) in keys.iter().enumerate() {
            let values = match &key.value {
                Value::Null => Vec::new(),
                Value::Set(items) => items.iter().map(|item| json!(item)).collect(),
                value @ (Value::Bool(_)
                | Value::Integer(_)
                | Value::Decimal(_)
                | Value::Text(_)
                | Value::Date(_)
                | Value::DateTime(_)
                | Value::Reference(_)) => vec![written(value)],
            };
            let of_field = sought.entry(key.field.as_str()).or_default();
            of_field.extend(values.into_iter().map(|value| json!({ "place": place.to_string(), "value": value })));
        }
        let catalog = self.catalog(table, by).await?;
        let mut asked = Vec::new();
        for (field, keys) in &sought {
            let comparison = comparison(&catalog, field)?;
            if !keys.is_empty() {
                let text = statements::find(table, field, comparison);
                asked.push(Statement::new(text).with(json!(keys).to_string()).with(fields(selection)));
            }
        }
        let mut found: Vec<BTreeMap<RecordId, Record>> = vec![BTreeMap::new(); keys.len()];
        if asked.is_empty() {
            return Ok(vec![Vec::new(); keys.len()]);
        }
        let odd = || drift("answer", "rows with the place of a key", "others");
        for cells in self.client.ask(Intent::Read, Some(table), asked, by).await?.iter().flatten() {
            let [Some(place), cells @ ..] = cells.as_slice() else { return Err(odd()) };
            let place: usize = place.parse().map_err(|_| odd())?;
            let row = row::read(cells, selection, &catalog)?;
            found.get_mut(place).ok_or_else(odd)?.insert(row.id, row.record.map_err(|bad| bad.fault)?);
        }
        Ok(found.into_iter().map(|records| records.into_values().collect()).collect())
    }

    async fn make(&self, wish: &FieldWish, by: Deadline) -> Result<(), Fault> {
        let table = self.table(&wish.kind)?;
        let statements = provisioning::statements(table, &wish.schema)?;
        self.client.ask(Intent::Define, Some(table), statements, by).await.map(drop)
    }
}

/// How a column is compared.
fn comparison(catalog: &Catalog, field: &str) -> Result<Comparison, Fault> {
    let unsearchable = |why: &str| unsupported(format!("search by {field}, {why}"));
    match catalog.field_type(field).ok_or_else(|| unsearchable("which is no column of the table"))? {
        FieldType::Text | FieldType::Email | FieldType::Phone | FieldType::Id if !catalog.is_unique(field) => Ok(Comparison::Folded),
        FieldType::Set { .. } => Ok(Comparison::Member),
        FieldType::Other(name) => Err(unsearchable(&format!("whose type {name} is not carried"))),
        FieldType::Bool
        | FieldType::Integer
        | FieldType::Decimal
        | FieldType::Text
        | FieldType::Email
        | FieldType::Phone
        | FieldType::Date
        | FieldType::DateTime
        | FieldType::Choice { .. }
        | FieldType::Reference { .. }
        | FieldType::Id => Ok(Comparison::Exact),
    }
}

#[async_trait]
impl Connector for Connection {
    fn descriptor(&self) -> &'static Descriptor {
        &crate::DESCRIPTOR
    }

    async fn account(&self, by: Deadline) -> Result<Account, CallError> {
        account::account(&self.client, &self.target, by).await.map_err(|fault| error("look at the database", fault))
    }

    async fn describe(&self, kind: &ObjectKind, by: Deadline) -> Result<ObjectSchema, CallError> {
        let described = async { Ok(self.catalog(self.table(kind)?, by).await?.schema(kind)) };
        described.await.map_err(|fault| error(&format!("describe {kind}"), fault))
    }

    async fn list_changes(&self, selection: &Selection, from: &From<'_>, by: Deadline) -> Result<Page, CallError> {
        let listed = async { self.listing(selection, by)?.changes(from).await };
        listed.await.map_err(|fault| error(&format!("list changes of {}", selection.kind), fault))
    }

    async fn scan(&self, selection: &Selection, from: Option<&Cursor>, by: Deadline) -> Result<Page, CallError> {
        let scanned = async {
            let listing = self.listing(selection, by)?;
            let from = from.map(|cursor| Place::read(cursor, &selection.kind)).transpose()?;
            listing.scan(from).await
        };
        scanned.await.map_err(|fault| error(&format!("scan {}", selection.kind), fault))
    }

    async fn get(&self, selection: &Selection, ids: &[RecordId], by: Deadline) -> Result<Vec<Option<Record>>, CallError> {
        self.rows(selection, ids, by).await.map_err(|fault| error(&format!("read {}", selection.kind), fault))
    }

    async fn find(&self, selection: &Selection, keys: &[FindKey], by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        self.search(selection, keys, by).await.map_err(|fault| error(&format!("look for {}", selection.kind), fault))
    }

    async fn write(&self, selection: &Selection, actions: &[WriteAction], by: Deadline) -> Result<Vec<Outcome>, CallError> {
        let written = async {
            let table = self.table(&selection.kind)?;
            let dice = self.dice.as_ref();
            let writing = Writing { client: &self.client, dice, table, selection, deletes: self.target.deletes, by };
            writing.write(actions).await
        };
        written.await.map_err(|fault| error(&format!("write {}", selection.kind), fault))
    }

    async fn provision(&self, wish: &FieldWish, by: Deadline) -> Result<(), CallError> {
        self.make(wish, by).await.map_err(|fault| error(&format!("make {} of {}", wish.schema.name, wish.kind), fault))
    }

    async fn related(&self, _queries: &[RelatedQuery], _by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        Err(error("read related records", unsupported("view of related records")))
    }

    async fn roster(&self, _also: &[Sought], _by: Deadline) -> Result<Vec<Member>, CallError> {
        Err(error("list the team", unsupported("review of a team")))
    }

    async fn revoke(&self, _by: Deadline) -> Result<Revoked, CallError> {
        Ok(crate::signing_in::by_hand())
    }

    async fn users(&self, _from: Option<&Cursor>, _by: Deadline) -> Result<UserPage, CallError> {
        Err(error("list users", unsupported("list of those to whom records belong")))
    }

    fn web_address(&self, _kind: &ObjectKind, _id: &RecordId) -> Option<String> {
        None
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        None
    }
}
