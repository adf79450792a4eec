//! Any recorded answer → records: query pages, single records, collections, composite envelopes, change events, replication lists.
//!
//! Without a describe the JSON decides the types (`values::guessed`). The rows of sub-selects are records of another kind and are left out.

use bytes::Bytes;
use syncline_engine::ports::connector::BadRecord;
use syncline_model::{Fault, ObjectKind, Presence, Record, RecordId, Timestamp, Value, Version};

use crate::faults::{self, About};
use crate::id;
use crate::schema::{presence, row_id};
use crate::values::{date_time, flatten};
use crate::wire::{ErrorRow, Node, Object, SaveRow, TokenAnswer};

type Rows = Vec<Result<Record, BadRecord>>;

/// Reads a body. An answer that Salesforce gives and that carries no records (a describe, a token) has none; an error answer is the fault
/// that it tells of.
///
/// # Errors
/// `Fault::Drift` for what is no answer of Salesforce's.
pub(crate) fn decode(kind: &ObjectKind, body: &[u8]) -> Result<Rows, Fault> {
    let node = Node::parse(&Bytes::copy_from_slice(body))?;
    let mut rows = Vec::new();
    read(kind, &node, &mut rows)?;
    Ok(rows)
}

fn read(kind: &ObjectKind, node: &Node, rows: &mut Rows) -> Result<(), Fault> {
    match node {
        Node::List(items) => read_list(kind, items, rows),
        Node::Object(members) => read_object(kind, node, members, rows),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => Err(drift(node)),
    }
}

fn drift(node: &Node) -> Fault {
    Fault::Drift { path: "body".into(), expected: "records, or an envelope of them".into(), found: node.type_name().into() }
}

fn read_list(kind: &ObjectKind, items: &[Node], rows: &mut Rows) -> Result<(), Fault> {
    if !items.is_empty() && items.iter().all(|item| item.as_text().is_some()) {
        return Err(Fault::Taken { field: None, holders: faults::holders_of_urls(items) });
    }
    if items.iter().all(|item| item.get("success").is_none())
        && let Some(errors) = ErrorRow::read_all(&Node::List(items.to_vec()))
    {
        return Err(of_errors(&errors));
    }
    for item in items {
        // A collection answers null in the place of a record that is not there.
        if matches!(item, Node::Null) {
            continue;
        }
        if let Err(fault) = read(kind, item, rows) {
            rows.push(Err(BadRecord { id: row_id(item).map(|id| id::record_id(&id)), fault: as_bad(fault) }));
        }
    }
    Ok(())
}

fn read_object(kind: &ObjectKind, node: &Node, members: &Object, rows: &mut Rows) -> Result<(), Fault> {
    if let Some(records) = ["records", "searchRecords", "recentItems"].iter().find_map(|key| members.get(*key)?.as_list()) {
        rows.extend(records.iter().map(|record| row(kind, record)));
        return Ok(());
    }
    if let Some(parts) = members.get("compositeResponse").and_then(Node::as_list) {
        envelope(kind, parts, "body", rows);
        return Ok(());
    }
    if let Some(parts) = members.get("results").and_then(Node::as_list) {
        envelope(kind, parts, "result", rows);
        return Ok(());
    }
    if let Some(graphs) = members.get("graphs").and_then(Node::as_list) {
        for graph in graphs {
            let answer = graph.get("graphResponse").ok_or_else(|| drift(graph))?;
            read(kind, answer, rows)?;
        }
        return Ok(());
    }
    if members.contains_key("ChangeEventHeader") {
        return change_event(kind, members, rows);
    }
    for wrapper in ["detail", "payload", "data", "event"] {
        if let Some(inner @ Node::Object(_)) = members.get(wrapper)
            && !members.contains_key("attributes")
        {
            return read(kind, inner, rows);
        }
    }
    if members.contains_key("latestDateCovered") || members.contains_key("deletedRecords") {
        return replication(kind, node, rows);
    }
    if let Some(save) = SaveRow::read(node) {
        rows.push(saved(kind, &save));
        return Ok(());
    }
    let is_describe = members.contains_key("fields") && members.contains_key("name") || members.contains_key("sobjects");
    if TokenAnswer::read(node).is_some() || is_describe || members.contains_key("organization_id") {
        return Ok(());
    }
    if members.contains_key("attributes") || row_id(node).is_some() {
        rows.push(row(kind, node));
        return Ok(());
    }
    if let Some(errors) = ErrorRow::read_all(node) {
        return Err(of_errors(&errors));
    }
    Err(drift(node))
}

fn envelope(kind: &ObjectKind, parts: &[Node], body: &str, rows: &mut Rows) {
    for part in parts {
        let inner = part.get(body).unwrap_or(&Node::Null);
        // A write without an answer body, such as 204.
        if matches!(inner, Node::Null) {
            continue;
        }
        if let Err(fault) = read(kind, inner, rows) {
            rows.push(Err(BadRecord { id: None, fault: as_bad(fault) }));
        }
    }
}

/// One record of the asked kind, or of the one that the row itself names.
fn row(kind: &ObjectKind, node: &Node) -> Result<Record, BadRecord> {
    let members = node.as_object().ok_or_else(|| BadRecord { id: None, fault: drift(node) })?;
    let found = row_id(node).filter(|id| !id.is_empty()).ok_or_else(|| BadRecord {
        id: None,
        fault: Fault::Drift {
            path: "Id".into(),
            expected: "id".into(),
            found: members.get("Id").map_or("nothing", Node::type_name).into(),
        },
    })?;
    let kind = node.get("attributes").and_then(|attributes| attributes.text_at("type")).map_or_else(|| kind.clone(), ObjectKind::from);
    let mut record = Record::new(kind, id::record_id(&found)).with_presence(presence(node));
    let stamp = node.text_at("SystemModstamp").or_else(|| node.text_at("LastModifiedDate")).and_then(date_time);
    if let Some(stamp) = stamp {
        record = record.with_version(Version(stamp));
    }
    let mut fields = Vec::new();
    flatten(members, "", &mut fields).map_err(|fault| BadRecord { id: Some(record.id.clone()), fault })?;
    for (name, value) in fields {
        record = record.with_field(name, value);
    }
    Ok(record)
}

fn saved(kind: &ObjectKind, save: &SaveRow) -> Result<Record, BadRecord> {
    let record_id = save.id.as_deref().map(id::record_id);
    match record_id {
        Some(id) if save.success => Ok(Record::new(kind.clone(), id)),
        id => Err(BadRecord { id, fault: as_bad(of_errors_about(&save.errors, About::NewRow)) }),
    }
}

/// `getUpdated` and `getDeleted`: ids with no fields (fact sheet §3.2: recorded).
fn replication(kind: &ObjectKind, node: &Node, rows: &mut Rows) -> Result<(), Fault> {
    let list = |key: &str| node.get(key).and_then(Node::as_list).unwrap_or_default();
    if node.get("ids").is_none() && node.get("deletedRecords").is_none() {
        return Err(drift(node));
    }
    for item in list("ids") {
        rows.push(match item.as_text() {
            Some(text) => Ok(Record::new(kind.clone(), id::record_id(text))),
            None => Err(BadRecord {
                id: None,
                fault: Fault::Drift { path: "ids".into(), expected: "id".into(), found: item.type_name().into() },
            }),
        });
    }
    for item in list("deletedRecords") {
        let Some(id) = item.text_at("id") else {
            let fault = Fault::Drift { path: "deletedRecords.id".into(), expected: "id".into(), found: "nothing".into() };
            rows.push(Err(BadRecord { id: None, fault }));
            continue;
        };
        let record = Record::new(kind.clone(), id::record_id(id)).with_presence(Presence::Deleted);
        let stamp = item.text_at("deletedDate").and_then(date_time);
        rows.push(Ok(match stamp {
            Some(stamp) => record.with_version(Version(stamp)),
            None => record,
        }));
    }
    Ok(())
}

/// A change event (fact sheet §3.4: recorded): the same change for each of its records. Compound parts stand under their dotted path and
/// under the API name of the field itself: `MailingAddress.Street` is `MailingStreet`, `Name.LastName` is `LastName`.
fn change_event(kind: &ObjectKind, members: &Object, rows: &mut Rows) -> Result<(), Fault> {
    let header = members.get("ChangeEventHeader").unwrap_or(&Node::Null);
    let ids = header.get("recordIds").and_then(Node::as_list).ok_or_else(|| Fault::Drift {
        path: "ChangeEventHeader.recordIds".into(),
        expected: "list".into(),
        found: header.get("recordIds").map_or("nothing", Node::type_name).into(),
    })?;
    let kind = header.text_at("entityName").map_or_else(|| kind.clone(), ObjectKind::from);
    let change = header.text_at("changeType").unwrap_or_default();
    let gone = change.ends_with("DELETE") && !change.ends_with("UNDELETE");
    let stamp = header.get("commitTimestamp").and_then(Node::as_integer).and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let mut own = members.clone();
    own.shift_remove("ChangeEventHeader");
    let mut fields = Vec::new();
    flatten(&own, "", &mut fields)?;
    for name in header.get("nulledFields").and_then(Node::as_list).unwrap_or_default().iter().filter_map(Node::as_text) {
        fields.push((name.to_owned(), Value::Null));
    }
    for id in ids {
        // A gap event may name a pattern (`001*`) instead of an id.
        let Some(id) = id.as_text().and_then(id::canonical).map(RecordId::new) else {
            let fault = Fault::Drift { path: "ChangeEventHeader.recordIds".into(), expected: "id".into(), found: "a pattern".into() };
            rows.push(Err(BadRecord { id: None, fault }));
            continue;
        };
        let mut record = Record::new(kind.clone(), id).with_presence(if gone { Presence::Deleted } else { Presence::Live });
        if let Some(stamp) = stamp {
            record = record.with_version(Version(stamp));
        }
        for (name, value) in &fields {
            if let Some(flat) = flat_name(name) {
                record = record.with_field(flat, value.clone());
            }
            record = record.with_field(name.as_str(), value.clone());
        }
        rows.push(Ok(record));
    }
    Ok(())
}

fn flat_name(path: &str) -> Option<String> {
    let (compound, part) = path.split_once('.')?;
    match compound {
        "Name" => Some(part.to_owned()),
        _ => compound.strip_suffix("Address").map(|prefix| format!("{prefix}{part}")),
    }
}

fn of_errors(errors: &[ErrorRow]) -> Fault {
    of_errors_about(errors, About::Call)
}

/// Without a clock: a recorded refusal's waiting time counts from the beginning of time, so it is over.
fn of_errors_about(errors: &[ErrorRow], about: About) -> Fault {
    if let Some(oauth) = errors.iter().find(|error| error.code.starts_with("invalid_")) {
        return Fault::AuthRefused { hint: format!("{}: {}", oauth.code, faults::clean(&oauth.message, &[])) };
    }
    faults::of_rows(400, errors, about, &[], Timestamp::UNIX_EPOCH)
}

/// A row's trouble is `Drift` or `Rejected`; any other fault of a row becomes a refusal that names it.
fn as_bad(fault: Fault) -> Fault {
    match fault {
        Fault::Drift { .. } | Fault::Rejected { .. } => fault,
        Fault::Transient { .. }
        | Fault::RateLimited { .. }
        | Fault::AuthExpired
        | Fault::AuthRefused { .. }
        | Fault::Taken { .. }
        | Fault::Conflict
        | Fault::Missing
        | Fault::Uncertain
        | Fault::Unsupported { .. } => {
            let problem = syncline_model::Problem { field: None, code: fault.code().to_uppercase(), words: fault.to_string() };
            Fault::Rejected { problems: vec![problem] }
        }
    }
}
