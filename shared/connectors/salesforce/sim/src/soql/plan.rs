//! From a tree to a plan: names become fields that the session may see, literals become values of the field's type.

use serde_json::Value as Json;

use super::parse::{Condition, Item, Literal, Name, Operator, Select};
use crate::objects::{Field, Kind, Source};
use crate::refusal::Refusal;
use crate::rows::{Store, Table};
use crate::{ids, soql};

/// A query that can run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) table: usize,
    pub(crate) columns: Vec<Column>,
    /// `SELECT COUNT()`.
    pub(crate) counts: bool,
    pub(crate) test: Option<Test>,
    pub(crate) order: Vec<Sorting>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum Column {
    Field { name: String, index: usize },
    Parent { name: String, reference: usize, table: usize, columns: Vec<Column> },
    Children { name: String, reference: usize, plan: Box<Plan> },
}

/// A field, over references.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    /// Reference fields to follow, each with the table that it leads to.
    pub(crate) hops: Vec<(usize, usize)>,
    pub(crate) index: usize,
    pub(crate) source: Source,
    pub(crate) kind: Kind,
    pub(crate) exact: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Sorting {
    pub(crate) path: Path,
    pub(crate) descending: bool,
    pub(crate) nulls_last: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Test {
    And(Vec<Test>),
    Or(Vec<Test>),
    Not(Box<Test>),
    Compare(Path, Operator, Operand),
    Among { path: Path, negated: bool, operands: Vec<Operand> },
    Like(Path, Vec<char>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    Null,
    Bool(bool),
    Number(f64),
    /// In lower case unless the field's case matters.
    Text(String),
    Moment(i64),
}

/// What the planner needs to know beside the tree.
pub(crate) struct Scope<'a> {
    pub(crate) store: &'a Store,
    pub(crate) text: &'a str,
    pub(crate) sees_all: bool,
    pub(crate) tooling: bool,
}

/// Plans a query for a session.
pub(crate) fn plan(scope: &Scope<'_>, select: &Select) -> Result<Plan, Refusal> {
    let table = scope
        .store
        .table_index(&select.from.text)
        .filter(|&table| scope.store.table(table).is_some_and(|table| table.object.tooling == scope.tooling));
    let Some(table) = table else {
        let message = format!(
            "sObject type '{}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity \
             name. Please reference your WSDL or the describe call for the appropriate names.",
            select.from.text
        );
        return Err(soql::at(scope.text, select.from.at, "INVALID_TYPE", &message));
    };
    plan_over(scope, select, table)
}

fn plan_over(scope: &Scope<'_>, select: &Select, index: usize) -> Result<Plan, Refusal> {
    let mut columns = Vec::new();
    let mut counts = false;
    for item in &select.items {
        match item {
            Item::Path(name) => add_path(scope, &mut columns, index, name)?,
            Item::Children(children) => columns.push(plan_children(scope, index, children)?),
            Item::Count => counts = true,
            Item::Fields(which) => add_fields(scope, &mut columns, index, which, select)?,
        }
    }
    if counts && !columns.is_empty() {
        return Err(soql::at(scope.text, 0, "MALFORMED_QUERY", "Grouped query is not supported"));
    }
    let test = select.filter.as_ref().map(|filter| condition(scope, index, filter)).transpose()?;
    let mut order = Vec::new();
    for sorting in &select.order {
        let path = resolve(scope, index, &sorting.path)?;
        order.push(Sorting { path, descending: sorting.descending, nulls_last: sorting.nulls_last });
    }
    if select.offset > 2_000 {
        return Err(Refusal::new(400, "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"));
    }
    Ok(Plan { table: index, columns, counts, test, order, limit: select.limit, offset: select.offset })
}

fn plan_children(scope: &Scope<'_>, parent: usize, select: &Select) -> Result<Column, Refusal> {
    let parent_name = scope.store.table(parent).map(|table| table.object.name.clone()).unwrap_or_default();
    for (table, child) in scope.store.tables().iter().enumerate() {
        for (reference, field) in child.object.fields.iter().enumerate() {
            let matches = field.refers_to.as_deref() == Some(parent_name.as_str())
                && field.children.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(&select.from.text));
            if matches {
                let name = field.children.clone().unwrap_or_default();
                return Ok(Column::Children { name, reference, plan: Box::new(plan_over(scope, select, table)?) });
            }
        }
    }
    let message = format!(
        "Didn't understand relationship '{}' in FROM part of query call. If you are attempting to use a custom relationship, be sure to append \
         the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.",
        select.from.text
    );
    Err(soql::at(scope.text, select.from.at, "INVALID_TYPE", &message))
}

fn add_fields(scope: &Scope<'_>, columns: &mut Vec<Column>, table: usize, which: &Name, select: &Select) -> Result<(), Refusal> {
    let wants = |field: &Field| match which.text.to_ascii_uppercase().as_str() {
        "ALL" => Some(true),
        "STANDARD" => Some(!field.custom),
        "CUSTOM" => Some(field.custom),
        _ => None,
    };
    if !which.text.eq_ignore_ascii_case("STANDARD") && select.limit.is_none_or(|limit| limit > 200) {
        return Err(Refusal::new(400, "MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200"));
    }
    let Some(table) = scope.store.table(table) else { return Ok(()) };
    for (index, field) in table.object.fields.iter().enumerate().filter(|(_, field)| scope.sees_all || !field.hidden) {
        match wants(field) {
            Some(true) => columns.push(Column::Field { name: field.name.clone(), index }),
            Some(false) => {}
            None => return Err(soql::at(scope.text, which.at, "MALFORMED_QUERY", &format!("unexpected token: '{}'", which.text))),
        }
    }
    Ok(())
}

fn visible<'a>(scope: &Scope<'_>, table: &'a Table, name: &str) -> Option<(usize, &'a Field)> {
    let index = table.object.index_of(name)?;
    table.object.fields.get(index).filter(|field| scope.sees_all || !field.hidden).map(|field| (index, field))
}

fn no_column(scope: &Scope<'_>, name: &Name, column: &str, table: &Table) -> Refusal {
    let message = format!(
        "No such column '{column}' on entity '{}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom \
         field name. Please reference your WSDL or the describe call for the appropriate names.",
        table.object.name
    );
    soql::at(scope.text, name.at, "INVALID_FIELD", &message)
}

/// Follows one step of a path; answers the reference field, the target's table and the relationship's name.
fn hop(scope: &Scope<'_>, table: &Table, name: &Name, part: &str) -> Result<(usize, usize, String), Refusal> {
    let found = table.object.relationship(part).and_then(|reference| {
        let field = table.object.fields.get(reference).filter(|field| scope.sees_all || !field.hidden)?;
        Some((reference, scope.store.table_index(field.refers_to.as_deref()?)?, field.relationship.clone()?))
    });
    found.ok_or_else(|| {
        let message = format!(
            "Didn't understand relationship '{part}' in field path. If you are attempting to use a custom relationship, be sure to append the \
             '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names."
        );
        soql::at(scope.text, name.at, "INVALID_FIELD", &message)
    })
}

/// The parts of a path; the object's own name in front is dropped, as in `Contact.Id`.
fn parts<'a>(table: &Table, name: &'a Name) -> Vec<&'a str> {
    let mut parts: Vec<&str> = name.text.split('.').collect();
    if parts.len() > 1
        && parts.first().is_some_and(|first| first.eq_ignore_ascii_case(&table.object.name))
        && table.object.relationship(parts[0]).is_none()
    {
        parts.remove(0);
    }
    parts
}

fn add_path(scope: &Scope<'_>, columns: &mut Vec<Column>, table: usize, name: &Name) -> Result<(), Refusal> {
    let Some(table) = scope.store.table(table) else { return Ok(()) };
    let parts = parts(table, name);
    let duplicate = |column: &str| soql::at(scope.text, name.at, "INVALID_FIELD", &format!("duplicate field selected: {column}"));
    add_parts(scope, columns, table, name, &parts)?.then_some(()).ok_or_else(|| duplicate(&name.text))
}

/// Adds a column; answers false if it is there already.
fn add_parts(scope: &Scope<'_>, columns: &mut Vec<Column>, table: &Table, name: &Name, parts: &[&str]) -> Result<bool, Refusal> {
    match parts {
        [] => Ok(true),
        [field] => {
            let (index, field) = visible(scope, table, field).ok_or_else(|| no_column(scope, name, field, table))?;
            if columns.iter().any(|column| matches!(column, Column::Field { index: known, .. } if *known == index)) {
                return Ok(false);
            }
            columns.push(Column::Field { name: field.name.clone(), index });
            Ok(true)
        }
        [first, rest @ ..] => {
            let (reference, target, relationship) = hop(scope, table, name, first)?;
            let Some(parent) = scope.store.table(target) else { return Ok(true) };
            for column in columns.iter_mut() {
                if let Column::Parent { reference: known, columns, .. } = column
                    && *known == reference
                {
                    return add_parts(scope, columns, parent, name, rest);
                }
            }
            let mut inner = Vec::new();
            add_parts(scope, &mut inner, parent, name, rest)?;
            columns.push(Column::Parent { name: relationship, reference, table: target, columns: inner });
            Ok(true)
        }
    }
}

fn resolve(scope: &Scope<'_>, table: usize, name: &Name) -> Result<Path, Refusal> {
    let Some(mut table) = scope.store.table(table) else { return Err(Refusal::not_found()) };
    let parts = parts(table, name);
    let mut hops = Vec::new();
    let (last, parents) = parts.split_last().map_or(("", [].as_slice()), |(last, parents)| (*last, parents));
    for part in parents {
        let (reference, target, _) = hop(scope, table, name, part)?;
        hops.push((reference, target));
        table = scope.store.table(target).unwrap_or(table);
    }
    let (index, field) = visible(scope, table, last).ok_or_else(|| no_column(scope, name, last, table))?;
    if !field.filterable || field.kind == Kind::Address {
        let message = format!("field '{}' can not be filtered in a query call", field.name);
        return Err(soql::at(scope.text, name.at, "INVALID_FIELD", &message));
    }
    let exact = field.case_sensitive || !field.kind.is_text();
    Ok(Path { hops, index, source: field.source.clone(), kind: field.kind, exact })
}

fn condition(scope: &Scope<'_>, table: usize, tree: &Condition) -> Result<Test, Refusal> {
    let all = |parts: &[Condition]| parts.iter().map(|part| condition(scope, table, part)).collect::<Result<Vec<_>, _>>();
    Ok(match tree {
        Condition::And(parts) => Test::And(all(parts)?),
        Condition::Or(parts) => Test::Or(all(parts)?),
        Condition::Not(inner) => Test::Not(Box::new(condition(scope, table, inner)?)),
        Condition::Compare(name, operator, literal) => {
            let path = resolve(scope, table, name)?;
            let operand = operand(scope, name, &path, literal)?;
            Test::Compare(path, *operator, operand)
        }
        Condition::Among { path: name, negated, literals } => {
            let path = resolve(scope, table, name)?;
            let operands = literals.iter().map(|literal| operand(scope, name, &path, literal)).collect::<Result<_, _>>()?;
            Test::Among { path, negated: *negated, operands }
        }
        Condition::Like(name, pattern) => {
            let path = resolve(scope, table, name)?;
            if !path.kind.is_text() {
                let message = format!("invalid operator on {} field", path.kind.wire());
                return Err(soql::at(scope.text, name.at, "INVALID_QUERY_FILTER_OPERATOR", &message));
            }
            Test::Like(path, pattern.to_lowercase().chars().collect())
        }
    })
}

fn operand(scope: &Scope<'_>, name: &Name, path: &Path, literal: &Literal) -> Result<Operand, Refusal> {
    let wants = |quoted: bool| {
        let should = if quoted { "should be enclosed in quotes" } else { "should not be enclosed in quotes" };
        let kind = if path.kind == Kind::DateTime { "dateTime" } else { path.kind.wire() };
        let message = format!("value of filter criterion for field '{}' must be of type {kind} and {should}", name.text);
        soql::at(scope.text, name.at, "INVALID_FIELD", &message)
    };
    Ok(match (path.kind, literal) {
        (_, Literal::Null) => Operand::Null,
        (Kind::Boolean, Literal::Bool(value)) => Operand::Bool(*value),
        (Kind::DateTime, Literal::Moment(at)) => Operand::Moment(*at),
        (Kind::Date, Literal::Day(day)) => Operand::Text(day.clone()),
        (kind, Literal::Number(number)) if kind.is_number() => Operand::Number(*number),
        (Kind::Id | Kind::Reference, Literal::Text(text)) => match ids::normalise(text) {
            Some(id) => Operand::Text(id),
            None if text.is_empty() => Operand::Null,
            None => {
                return Err(soql::at(scope.text, name.at, "INVALID_QUERY_FILTER_OPERATOR", &format!("invalid ID field: {text}")));
            }
        },
        (kind, Literal::Text(text)) if kind.is_text() => match (text.is_empty(), path.exact) {
            (true, _) => Operand::Null,
            (false, true) => Operand::Text(text.clone()),
            (false, false) => Operand::Text(text.to_lowercase()),
        },
        (kind, _) => return Err(wants(kind.is_text() || matches!(kind, Kind::Id | Kind::Reference))),
    })
}

impl Path {
    /// The row's value as an operand.
    pub(crate) fn read(&self, store: &Store, table: &Table, row: &crate::rows::Row) -> Operand {
        let (mut table, mut row) = (table, row);
        for (reference, target) in &self.hops {
            let parent = row.text(*reference).and_then(|id| store.table(*target)?.find(id).map(|row| (id, row)));
            let (Some((_, parent)), Some(next)) = (parent, store.table(*target)) else { return Operand::Null };
            (table, row) = (next, parent);
        }
        match &self.source {
            Source::SystemModstamp => return Operand::Moment(row.stamp),
            Source::LastModifiedDate => return Operand::Moment(row.modified_at),
            Source::CreatedDate => return Operand::Moment(row.created_at),
            Source::IsDeleted => return Operand::Bool(row.deleted_at.is_some()),
            Source::Stored | Source::Id | Source::CreatedById | Source::LastModifiedById | Source::PersonName | Source::Address(_) => {}
        }
        let value: &Json = &table.value(row, self.index);
        if let Some(text) = value.as_str() {
            if self.kind == Kind::DateTime {
                return crate::moments::parse(text).map_or(Operand::Null, Operand::Moment);
            }
            return Operand::Text(if self.exact { text.to_owned() } else { text.to_lowercase() });
        }
        value.as_bool().map(Operand::Bool).or_else(|| value.as_f64().map(Operand::Number)).unwrap_or(Operand::Null)
    }
}
