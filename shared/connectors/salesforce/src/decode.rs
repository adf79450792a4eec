//! Any recorded answer → records: query pages, single records, collections, composite envelopes, change events, replication lists, list views.
//!
//! Without a describe the JSON decides the types (`values::guessed`). The rows of sub-selects are records of another kind and are left out.

use bytes::Bytes;
use syncline_engine::ports::connector::BadRecord;
use syncline_model::{Fault, ObjectKind, Presence, Record, RecordId, Timestamp, Value, Version};

use crate::faults::{self, About};
use crate::id;
use crate::schema::{presence, row_id};
use crate::values::{date_time, flatten, guessed};
use crate::wire::{ErrorRow, Node, Object, SaveRow, TokenAnswer};

type Rows = Vec<Result<Record, BadRecord>>;

/// Reads a body. An answer that Salesforce gives and that carries no records (a describe, a token, limits, a bulk job's state) has none; an
/// error answer is the fault that it tells of.
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
    if items.iter().all(is_api_version) {
        return Ok(());
    }
    for item in items {
        // A collection answers null in the place of a record that is not there.
        if matches!(item, Node::Null) {
            continue;
        }
        if let Err(fault) = read(kind, item, rows) {
            rows.push(Err(BadRecord { id: any_id(item).map(|id| id::record_id(&id)), fault: as_bad(fault) }));
        }
    }
    Ok(())
}

fn read_object(kind: &ObjectKind, node: &Node, members: &Object, rows: &mut Rows) -> Result<(), Fault> {
    // `values`: marketing records (Account Engagement) come in pages of their own form.
    let values = if members.contains_key("nextPageToken") { "values" } else { "records" };
    if let Some(records) = ["records", "searchRecords", "recentItems", values].iter().find_map(|key| members.get(*key)?.as_list()) {
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
    if carries_no_record(node, members) {
        return Ok(());
    }
    if members.contains_key("attributes") || any_id(node).is_some() {
        rows.push(row(kind, node));
        return Ok(());
    }
    if let Some(errors) = ErrorRow::read_all(node) {
        return Err(of_errors(&errors));
    }
    if let (Some(Node::Number(code)), Some(message)) = (members.get("code"), node.text_at("message")) {
        return Err(of_errors(&[ErrorRow { code: code.clone(), message: message.to_owned(), ..ErrorRow::default() }]));
    }
    Err(drift(node))
}

/// Answers about other things than records, recorded each: a token, who the user is, a describe, the organisation's limits, a bulk job.
fn carries_no_record(node: &Node, members: &Object) -> bool {
    let has = |keys: &[&str]| keys.iter().all(|key| members.contains_key(*key));
    let is_limit = |node: &Node| node.as_object().is_some_and(|limit| limit.contains_key("Max") && limit.contains_key("Remaining"));
    TokenAnswer::read(node).is_some()
        || has(&["fields", "name"])
        || has(&["sobjects"])
        || has(&["organization_id"])
        || has(&["user_id", "urls"])
        || has(&["operation", "object", "state"])
        || !members.is_empty() && members.values().all(is_limit)
}

/// One line of `GET /services/data`.
fn is_api_version(item: &Node) -> bool {
    item.as_object().is_some_and(|members| ["label", "url", "version"].iter().all(|key| members.contains_key(*key)))
}

/// The row's id, also where it is a number or written in capitals.
fn any_id(node: &Node) -> Option<String> {
    let written = node.get("Id").or_else(|| node.get("id")).or_else(|| node.get("ID"));
    match written {
        Some(Node::Number(number)) => Some(number.clone()),
        Some(Node::Text(text)) => Some(text.clone()),
        Some(Node::Null | Node::Bool(_) | Node::List(_) | Node::Object(_)) | None => row_id(node),
    }
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
    if let Some(columns) = members.get("columns").and_then(Node::as_list) {
        return list_view_row(kind, columns);
    }
    let found = any_id(node).filter(|id| !id.is_empty()).ok_or_else(|| BadRecord {
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

/// A row of a list view's results: its members are listed by path, and each value is text (recorded).
fn list_view_row(kind: &ObjectKind, columns: &[Node]) -> Result<Record, BadRecord> {
    let cells = || columns.iter().filter_map(|column| Some((column.text_at("fieldNameOrPath")?, column.get("value")?)));
    let Some(found) = cells().find(|(path, _)| *path == "Id").and_then(|(_, value)| value.as_text()) else {
        let fault = Fault::Drift { path: "columns.Id".into(), expected: "id".into(), found: "nothing".into() };
        return Err(BadRecord { id: None, fault });
    };
    let mut record = Record::new(kind.clone(), id::record_id(found));
    for (path, node) in cells() {
        let value = match node.as_text().and_then(spelled_moment) {
            Some(moment) => Ok(Value::DateTime(moment)),
            None => guessed(node, path),
        };
        let value = value.map_err(|fault| BadRecord { id: Some(record.id.clone()), fault })?;
        if let (Value::DateTime(stamp), "SystemModstamp") = (&value, path) {
            record = record.with_version(Version(*stamp));
        }
        record = record.with_field(path, value);
    }
    Ok(record)
}

/// `Fri Aug 01 21:15:46 GMT 2014`, as list views write moments (recorded).
fn spelled_moment(text: &str) -> Option<Timestamp> {
    let text = text.replacen(" GMT ", " +0000 ", 1).replacen(" UTC ", " +0000 ", 1);
    Timestamp::strptime("%a %b %d %H:%M:%S %z %Y", &text).ok()
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

/// A change event (fact sheet §3.4: recorded): the same change for each of its records; an event that was split for its consumer names one
/// in `recordId`. Moments may come as milliseconds. Compound parts stand under their dotted path and
/// under the API name of the field itself: `MailingAddress.Street` is `MailingStreet`, `Name.LastName` is `LastName`.
fn change_event(kind: &ObjectKind, members: &Object, rows: &mut Rows) -> Result<(), Fault> {
    let header = members.get("ChangeEventHeader").unwrap_or(&Node::Null);
    let single = header.get("recordId").map(std::slice::from_ref);
    let ids = header.get("recordIds").and_then(Node::as_list).or(single).ok_or_else(|| Fault::Drift {
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
    for (name, value) in &mut fields {
        if let Some(moment) = milliseconds(name, value) {
            *value = Value::DateTime(moment);
        }
    }
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

/// Milliseconds since 1970 under a name that is a moment's. Smaller numbers are no time that an organisation could have stamped.
fn milliseconds(name: &str, value: &Value) -> Option<Timestamp> {
    const MOMENT_MS_MIN: i64 = 100_000_000_000;
    match value {
        Value::Integer(ms) if *ms >= MOMENT_MS_MIN && (name.ends_with("Date") || name.ends_with("Modstamp")) => {
            Timestamp::from_millisecond(*ms).ok()
        }
        Value::Null
        | Value::Bool(_)
        | Value::Integer(_)
        | Value::Decimal(_)
        | Value::Text(_)
        | Value::Date(_)
        | Value::DateTime(_)
        | Value::Set(_)
        | Value::Reference(_) => None,
    }
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
