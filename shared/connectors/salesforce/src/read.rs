//! Reading: pages of listings, records by id, by key, and those that belong to another.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::value::RawValue;
use syncline_engine::ports::connector::{FindKey, Page, RelatedQuery, Resume};
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{Deadline, Fault, FieldName, Presence, Record, RecordId, Timestamp, Value};

use crate::calls::{self, COLLECTION_ROWS_MAX, COMPOSITE_HEAVY_MAX, Sub};
use crate::client::{Client, Failure, is_stale_schema};
use crate::cursor::{self, Body, Listing, Position};
use crate::faults;
use crate::id;
use crate::schema::{Plan, is_empty, row_id};
use crate::soql;
use crate::values::{date_time, traces};
use crate::wire::{self, Node, QueryAnswer};

/// One page of a listing: by the vendor's locator while it lives, else from the last row's stamp and id.
pub(crate) async fn page(client: &Client, plan: &Plan, mut body: Body, by: Deadline) -> Result<Page, Fault> {
    let with_deleted = body.listing == Listing::Changes;
    let select = plan.select(with_deleted);
    let shape = cursor::shape(&select);
    if body.began.is_none() && body.listing == Listing::Changes && client.config.window_delay_s > 0 {
        body.until = Some(faults::plus(client.now(), -client.config.window_delay_s));
    }
    let from_keys = client.calls.query_path(&listing_query(plan, &select, &body), with_deleted);
    let locator = body.next.take().filter(|_| body.shape == shape && !planted(Mutant::TiesDropped));
    let mut used = locator.clone();
    let (answer, server_time) = match &locator {
        Some(path) => match ask(client, path, by).await {
            Err(fault) if is_locator_gone(&fault) => {
                used = None;
                ask(client, &from_keys, by).await?
            }
            other => other?,
        },
        None => ask(client, &from_keys, by).await?,
    };
    let answer = QueryAnswer::read(wire::raw(&answer)?)?;
    body.shape = shape;
    body.began = body.began.or(server_time).or_else(|| Some(client.now()));
    let before = body.after.clone();
    let mut records = Vec::new();
    // One row at a time becomes a tree: a page has thousands.
    for row in answer.rows() {
        let row = row?;
        body.after = position(&row).or(body.after);
        records.push(plan.record(&row));
    }
    if answer.done {
        return Ok(Page::new(records, Resume::CaughtUp(caught_up(client, &body))));
    }
    if body.after == before && (answer.next.is_none() || answer.next == used) {
        return Err(Fault::Drift { path: "nextRecordsUrl".into(), expected: "a page that goes on".into(), found: "the same page".into() });
    }
    body.next = answer.next;
    Ok(Page::new(records, Resume::More(body.write())))
}

async fn ask(client: &Client, path: &str, by: Deadline) -> Result<(Bytes, Option<Timestamp>), Fault> {
    client.body(calls::QUERY, &client.calls.get(path)?, &[], by).await.map_err(Failure::fault)
}

fn listing_query(plan: &Plan, select: &str, body: &Body) -> String {
    let mut conditions = Vec::new();
    match (&body.after, body.from) {
        (Some(position), _) => conditions.push(soql::after(position.stamp, &position.id)),
        (None, Some(from)) => conditions.push(format!("SystemModstamp >= {from}")),
        (None, None) => {}
    }
    if let Some(until) = body.until {
        conditions.push(format!("SystemModstamp < {until}"));
    }
    if plan.persons {
        conditions.push("IsPersonAccount = false".to_owned());
    }
    let filter = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    format!("SELECT {select} FROM {}{filter} ORDER BY SystemModstamp, Id", plan.kind)
}

fn position(row: &Node) -> Option<Position> {
    let stamp = row.text_at("SystemModstamp").and_then(date_time)?;
    Some(Position { stamp, id: id::canonical(&row_id(row)?)? })
}

/// Where the next listing of changes begins: when this one began by the vendor's clock, less the lookback.
fn caught_up(client: &Client, body: &Body) -> syncline_engine::ports::connector::Cursor {
    let began = body.began.unwrap_or_else(|| client.now());
    let end = body.until.map_or(began, |until| until.min(began));
    let lookback_s = if planted(Mutant::LookbackRemoved) { 0 } else { client.config.lookback_s };
    Body::new(&body.kind, Listing::Changes, Some(whole_second(faults::plus(end, -lookback_s)))).write()
}

/// Stamps count in whole seconds.
pub(crate) fn whole_second(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment)
}

/// The locator lives about two days (fact sheet §3.1); some answers say 404 instead of the documented code.
fn is_locator_gone(fault: &Fault) -> bool {
    matches!(fault, Fault::Transient { detail } if detail == "INVALID_QUERY_LOCATOR") || *fault == Fault::Missing
}

/// Records by id, in the order of the ids.
pub(crate) async fn by_ids(client: &Client, plan: &Plan, ids: &[RecordId], by: Deadline) -> Result<Vec<Option<Record>>, Fault> {
    let wanted: Vec<Option<String>> = ids.iter().map(|id| id::sendable(id.as_str())).collect();
    let mut distinct: Vec<&str> = wanted.iter().flatten().map(String::as_str).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let mut found: BTreeMap<RecordId, Record> = BTreeMap::new();
    let mut missing = distinct.clone();
    if !plan.has_parents() {
        for group in distinct.chunks(COLLECTION_ROWS_MAX * COMPOSITE_HEAVY_MAX) {
            retrieve(client, plan, group, &mut found, by).await?;
        }
        missing.retain(|id| !found.contains_key(*id));
    }
    // What a collection does not carry: deleted and merged rows, and fields of parents.
    let literals: Vec<String> = missing.iter().map(|id| soql::quote(id)).collect();
    let queries = queries_of(client, plan, true, &[("Id".to_owned(), literals)]);
    for rows in client.rows(&queries, true, &[], by).await? {
        for row in rows? {
            let record = plan.record(&row).map_err(|bad| bad.fault)?;
            found.insert(record.id.clone(), record);
        }
    }
    // An id that is asked for twice is answered twice; every other record is handed over.
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for id in wanted.iter().flatten() {
        *left.entry(id).or_default() += 1;
    }
    let mut take = |id: &str| {
        let left = left.get_mut(id)?;
        *left -= 1;
        if *left == 0 { found.remove(id) } else { found.get(id).cloned() }
    };
    Ok(wanted.iter().map(|id| take(id.as_deref()?)).collect())
}

/// Reads rows by id through collections, several in one call.
async fn retrieve(client: &Client, plan: &Plan, ids: &[&str], found: &mut BTreeMap<RecordId, Record>, by: Deadline) -> Result<(), Fault> {
    let fields: Vec<Node> = plan.select(false).split(',').map(Node::text_of).collect();
    let fields = Node::List(fields);
    let path = client.calls.retrieve_path(plan.kind.as_str());
    let bodies = ids.chunks(COLLECTION_ROWS_MAX).map(|chunk| {
        let ids = chunk.iter().copied().map(Node::text_of).collect();
        Node::object_of([("ids", Node::List(ids)), ("fields", fields.clone())]).to_json()
    });
    let bodies: Vec<String> = bodies.collect();
    let mut take = |raw: &RawValue| -> Result<(), Fault> {
        let drift = || Fault::Drift { path: "body".into(), expected: "list".into(), found: wire::type_name(raw).into() };
        for item in wire::items(raw).ok_or_else(drift)? {
            // A collection answers null in the place of a row that is not there.
            if item.get().starts_with('{') {
                let record = plan.record(&Node::of_raw(item)?).map_err(|bad| bad.fault)?;
                found.insert(record.id.clone(), record);
            }
        }
        Ok(())
    };
    match bodies.as_slice() {
        [] => {}
        [one] => {
            let request = client.calls.post_json(&path, one.clone())?;
            let (body, _) = client.body(calls::COMPOSITE, &request, &[], by).await.map_err(Failure::fault)?;
            take(wire::raw(&body)?)?;
        }
        _ => {
            let subs = bodies.into_iter().enumerate().map(|(place, body)| Sub {
                method: "POST",
                url: path.clone(),
                reference: format!("read{place}"),
                body: Some(body),
            });
            let subs: Vec<Sub> = subs.collect();
            let body = client.ask_parts(&subs, &[], by).await?;
            for part in Client::parts(&body, &subs)? {
                if part.status >= 300 {
                    return Err(faults::of_node(part.status, &Node::of_raw(part.body)?, &[], client.now()));
                }
                take(part.body)?;
            }
        }
    }
    Ok(())
}

/// Queries for rows whose fields have one of these literals, as few as the address limit allows.
pub(crate) fn queries_of(client: &Client, plan: &Plan, with_deleted: bool, wanted: &[(String, Vec<String>)]) -> Vec<String> {
    let select = plan.select(with_deleted);
    let persons = if plan.persons && !with_deleted { " AND IsPersonAccount = false" } else { "" };
    let build = |groups: &BTreeMap<&str, Vec<String>>| {
        let filters: Vec<String> = groups.iter().map(|(field, literals)| soql::within(field, literals)).collect();
        format!("SELECT {select} FROM {} WHERE ({}){persons}", plan.kind, filters.join(" OR "))
    };
    let bytes = |text: &str| client.calls.query_path(text, with_deleted).len();
    let frame = bytes(&build(&BTreeMap::new()));
    let mut queries = Vec::new();
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut size = frame;
    for (field, literals) in wanted {
        for literal in literals {
            let more =
                soql::encode(literal).len() + 1 + if groups.contains_key(field.as_str()) { 0 } else { soql::encode(field).len() + 24 };
            if size + more > soql::QUERY_BYTES_MAX && !groups.is_empty() {
                queries.push(build(&groups));
                groups.clear();
                size = frame + soql::encode(field).len() + 24;
            }
            groups.entry(field.as_str()).or_default().push(literal.clone());
            size += more;
        }
    }
    if !groups.is_empty() {
        queries.push(build(&groups));
    }
    queries
}

/// Live records for each key. Compared as Salesforce compares: without case. Phones are looked for in the text given: SOQL has no
/// other comparison that an index serves.
pub(crate) async fn by_keys(client: &Client, plan: &Plan, keys: &[FindKey], by: Deadline) -> Result<Vec<Vec<Record>>, Fault> {
    let described = client.described(plan.kind.as_str(), by).await?;
    let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut plan = plan.clone();
    let selected: Vec<String> = plan.fields.keys().cloned().collect();
    for key in keys {
        let name = key.field.as_str();
        let Some(field) = described.fields.get(name) else {
            let path = format!("{}.{name}", plan.kind);
            return Err(Fault::Drift { path, expected: "a field that our user sees".into(), found: "none of this name".into() });
        };
        if !field.filterable || field.wire.is_none() {
            return Err(Fault::Unsupported { capability: format!("search by {}.{name}", plan.kind) });
        }
        plan.fields.insert(name.to_owned(), field.wire);
        if is_empty(&key.value) {
            continue;
        }
        if let Some(literal) = soql::literal(&trimmed(&key.value), field.wire) {
            let literals = wanted.entry(name.to_owned()).or_default();
            if !literals.contains(&literal) {
                literals.push(literal);
            }
        }
    }
    let sent: Vec<String> = keys.iter().flat_map(|key| traces(&key.value)).collect();
    let wanted: Vec<(String, Vec<String>)> = wanted.into_iter().collect();
    let queries = queries_of(client, &plan, false, &wanted);
    let mut records: BTreeMap<RecordId, Record> = BTreeMap::new();
    for rows in client.rows(&queries, false, &sent, by).await? {
        for row in rows? {
            let record = plan.record(&row).map_err(|bad| bad.fault)?;
            records.insert(record.id.clone(), record);
        }
    }
    let matches = |key: &FindKey| {
        let wire = described.wire(key.field.as_str());
        let folded = |value: &Value| soql::literal(value, wire).map(|literal| literal.to_lowercase());
        let wanted = if is_empty(&key.value) { None } else { folded(&trimmed(&key.value)) };
        let hits = records.values().filter(|record| wanted.is_some() && record.field(key.field.as_str()).and_then(&folded) == wanted);
        let only = hits.map(|record| {
            let mut record = record.clone();
            record.fields.retain(|name, _| selected.iter().any(|field| field == name.as_str()));
            record
        });
        only.filter(|record| record.presence == Presence::Live).collect()
    };
    Ok(keys.iter().map(matches).collect())
}

/// Salesforce stores texts trimmed at both ends (fact sheet §2.7: unverified).
fn trimmed(value: &Value) -> Value {
    if let Value::Text(text) = value { Value::text(text.trim()) } else { value.clone() }
}

/// Records that belong to others: one call for up to five queries. A query on an object that the organisation has not switched on
/// (Orders) has no records.
pub(crate) async fn related(client: &Client, queries: &[RelatedQuery], by: Deadline) -> Result<Vec<Vec<Record>>, Fault> {
    let first = ask_related(client, queries, by).await?;
    let stale = first.iter().any(|answer| answer.as_ref().is_err_and(is_stale_schema));
    let answers = if stale {
        // A field is hidden or gone: ask which, and leave it out.
        client.forget();
        for query in queries {
            match client.described(query.kind.as_str(), by).await {
                Ok(_) | Err(Fault::Unsupported { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        ask_related(client, queries, by).await?
    } else {
        first
    };
    let mut all = Vec::with_capacity(queries.len());
    for (query, answer) in queries.iter().zip(answers) {
        match answer {
            Ok(records) => all.push(records),
            Err(Fault::Rejected { problems }) if problems.iter().any(|problem| problem.code == "INVALID_TYPE") => {
                tracing::warn!(
                    vendor = "salesforce",
                    kind = query.kind.as_str(),
                    "the organisation has no such object, or our user may not see it"
                );
                all.push(Vec::new());
            }
            Err(fault) => return Err(fault),
        }
    }
    Ok(all)
}

async fn ask_related(client: &Client, queries: &[RelatedQuery], by: Deadline) -> Result<Vec<Result<Vec<Record>, Fault>>, Fault> {
    let mut texts = Vec::new();
    let mut plans = Vec::new();
    let mut sent = Vec::new();
    for query in queries {
        let plan = related_plan(client, query, by).await?;
        sent.extend(traces(&query.matching.value));
        texts.push(related_query(client, query, &plan)?);
        plans.push(plan);
    }
    let asked: Vec<String> = texts.iter().flatten().cloned().collect();
    // A single query's refusal comes as the call's.
    let answers = match client.rows(&asked, false, &sent, by).await {
        Err(fault) if asked.len() == 1 && is_stale_schema(&fault) => vec![Err(fault)],
        other => other?,
    };
    let mut answers = answers.into_iter();
    let mut all = Vec::with_capacity(queries.len());
    for (text, plan) in texts.iter().zip(&plans) {
        let rows = if text.is_some() { answers.next().unwrap_or_else(|| Ok(Vec::new())) } else { Ok(Vec::new()) };
        all.push(rows.and_then(|rows| rows.iter().map(|row| plan.record(row).map_err(|bad| bad.fault)).collect()));
    }
    Ok(all)
}

async fn related_plan(client: &Client, query: &RelatedQuery, by: Deadline) -> Result<Plan, Fault> {
    if client.known(query.kind.as_str()).is_some() {
        let selection = syncline_engine::ports::connector::Selection { kind: query.kind.clone(), fields: query.fields.clone() };
        return client.plan(&selection, by).await;
    }
    Ok(Plan::untyped(&query.kind, query.fields.iter().map(|field| field.as_str().to_owned())))
}

/// `None` where the question has no records by itself: an empty key.
fn related_query(client: &Client, query: &RelatedQuery, plan: &Plan) -> Result<Option<String>, Fault> {
    let names = query.newest_by.iter().chain([&query.matching.field]).map(FieldName::as_str).chain([query.kind.as_str()]);
    for name in names {
        if !soql::is_name(name) {
            return Err(Fault::Unsupported { capability: format!("a field or object named {name}") });
        }
    }
    if is_empty(&query.matching.value) || query.records_max == 0 {
        return Ok(None);
    }
    let known = client.known(query.kind.as_str());
    let field = query.matching.field.as_str();
    let Some(literal) = soql::literal(&query.matching.value, known.as_ref().and_then(|described| described.wire(field))) else {
        return Ok(None);
    };
    let order: Vec<String> = query
        .newest_by
        .iter()
        .map(FieldName::as_str)
        .filter(|name| known.as_ref().is_none_or(|described| name.contains('.') || described.fields.contains_key(*name)))
        .map(|name| format!("{name} DESC NULLS LAST"))
        .collect();
    let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(",")) };
    Ok(Some(format!("SELECT {} FROM {} WHERE {field} = {literal}{order} LIMIT {}", plan.select(false), query.kind, query.records_max)))
}
