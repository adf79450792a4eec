//! From rows to the JSON and CSV of an answer. Written straight to text: a page holds thousands of records.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value as Json;

use super::plan::{Column, Plan};
use super::run::run_among;
use crate::rows::{Row, Store, Table};

/// What every record of an answer shares.
pub(crate) struct Page<'a> {
    pub(crate) store: &'a Store,
    /// `66.0`
    pub(crate) version: &'a str,
    pub(crate) with_deleted: bool,
}

/// Appends a record, `attributes` first and then the columns in the order of the query.
pub(crate) fn record(out: &mut String, page: &Page<'_>, table: &Table, row: &Row, columns: &[Column]) {
    let name = &table.object.name;
    let path = if table.object.tooling { "tooling/sobjects" } else { "sobjects" };
    write!(out, r#"{{"attributes":{{"type":"{name}","url":"/services/data/v{}/{path}/{name}/{}"}}"#, page.version, row.id)
        .unwrap_or_default();
    for column in columns {
        match column {
            Column::Field { name, index } => {
                write!(out, r#","{name}":{}"#, table.value(row, *index)).unwrap_or_default();
            }
            Column::Parent { name, reference, table, columns } => {
                write!(out, r#","{name}":"#).unwrap_or_default();
                let parent_table = page.store.table(*table);
                let id = page_reference(page, row, *reference);
                let parent = parent_table.and_then(|table| table.find(id.as_deref()?).map(|parent| (table, parent)));
                match parent {
                    Some((table, parent)) => record(out, page, table, parent, columns),
                    None => out.push_str("null"),
                }
            }
            Column::Children { name, reference, plan } => {
                write!(out, r#","{name}":"#).unwrap_or_default();
                children(out, page, row, *reference, plan);
            }
        }
    }
    out.push('}');
}

fn page_reference(page: &Page<'_>, row: &Row, reference: usize) -> Option<String> {
    let owner = page.store.table_of_id(&row.id).and_then(|table| page.store.table(table))?;
    let value: Cow<'_, Json> = owner.value(row, reference);
    value.as_str().map(str::to_owned)
}

fn children(out: &mut String, page: &Page<'_>, parent: &Row, reference: usize, plan: &Plan) {
    let Some(table) = page.store.table(plan.table) else { return };
    let mine = table.with_value(reference, &parent.id).unwrap_or_default();
    let slots = run_among(page.store, plan, page.with_deleted, Some(mine));
    if slots.is_empty() {
        out.push_str("null");
        return;
    }
    write!(out, r#"{{"totalSize":{},"done":true,"records":["#, slots.len()).unwrap_or_default();
    for (place, row) in slots.iter().filter_map(|&slot| table.row(slot)).enumerate() {
        if place > 0 {
            out.push(',');
        }
        record(out, page, table, row, &plan.columns);
    }
    out.push_str("]}");
}

/// Appends a CSV row, or the header if there is no record; a parent's field is `Account.Name` (fact sheet §3.3).
pub(crate) fn csv(out: &mut String, page: &Page<'_>, table: &Table, row: Option<&Row>, columns: &[Column]) {
    let mut cells = Vec::new();
    csv_cells(&mut cells, page, table, row, columns, "", row.is_none());
    out.push_str(&cells.join(","));
    out.push('\n');
}

fn csv_cells(cells: &mut Vec<String>, page: &Page<'_>, table: &Table, row: Option<&Row>, columns: &[Column], prefix: &str, header: bool) {
    for column in columns {
        match column {
            Column::Field { name, index } => {
                let value = row.map(|row| table.value(row, *index));
                let text = value.map(|value| {
                    value.as_str().map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, str::to_owned)
                });
                let text = if header { format!("{prefix}{name}") } else { text.unwrap_or_default() };
                cells.push(format!("\"{}\"", text.replace('"', "\"\"")));
            }
            Column::Parent { name, reference, table: target, columns } => {
                let Some(parent_table) = page.store.table(*target) else { continue };
                let id = row.and_then(|row| page_reference(page, row, *reference));
                let parent = id.and_then(|id| parent_table.find(&id));
                csv_cells(cells, page, parent_table, parent, columns, &format!("{prefix}{name}."), header);
            }
            Column::Children { .. } => {}
        }
    }
}
