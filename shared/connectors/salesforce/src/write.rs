//! Writing: many operations in one composite call, with the reading back of what the vendor stores in the same call.
//!
//! Why one call: five collections or queries fit into a composite call (fact sheet §4.2: documented), so two collections of 200 rows and
//! their two queries cost one API call. A batch of creates, updates and deletes together fits too while it needs no more than five parts;
//! beyond that, more calls follow, and an operation that was not reached says so in its own outcome.

use std::collections::{BTreeMap, VecDeque};

use syncline_engine::ports::connector::{Outcome, WriteAction};
use syncline_model::{Deadline, Fault, FieldName, Problem, Record, RecordId, Value};

use crate::calls::{self, COLLECTION_ROWS_MAX, COMPOSITE_HEAVY_MAX, Sub};
use crate::client::{Client, Failure, settled};
use crate::faults::{self, About};
use crate::id;
use crate::read::queries_of;
use crate::schema::{Described, Plan, is_empty};
use crate::soql;
use crate::values::{WireType, to_wire, traces};
use crate::wire::{CompositePart, Node, Object, QueryAnswer, SaveRow};

/// Composite calls of one batch: bounds the halving of refused collections.
const CALLS_MAX: u32 = 48;

/// What a collection does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verb {
    Insert,
    /// Through this external id field.
    Upsert(String),
    Update,
    Delete,
}

/// One row of a collection.
#[derive(Clone, Debug)]
struct Row {
    /// Its place in the batch.
    place: usize,
    id: Option<String>,
    /// What is sent, as JSON; `attributes` first.
    body: String,
    /// What finds the record again after the write.
    found_by: Option<(String, String)>,
    /// The parent account: rows of one account go next to each other, so that they contend less for its lock (fact sheet §4.4).
    account: String,
    sent: Vec<String>,
}

#[derive(Clone, Debug)]
struct Chunk {
    verb: Verb,
    rows: Vec<Row>,
}

impl Chunk {
    /// What was stored is asked for in the same call, where anything is to be told of it.
    fn reads_back(&self, plan: &Plan) -> bool {
        let findable = matches!(self.verb, Verb::Update | Verb::Upsert(_)) && self.rows.iter().all(|row| row.found_by.is_some());
        findable && !plan.fields.is_empty()
    }

    fn cost(&self, plan: &Plan) -> usize {
        if self.reads_back(plan) { 2 } else { 1 }
    }
}

/// Writes a batch. `Err`: the vendor received nothing.
pub(crate) async fn batch(
    client: &Client,
    plan: &Plan,
    described: &Described,
    actions: &[WriteAction],
    by: Deadline,
) -> Result<Vec<Outcome>, Fault> {
    let mut outcomes: Vec<Option<Outcome>> = vec![None; actions.len()];
    let mut chunks = prepare(client, plan, described, actions, &mut outcomes);
    let mut begun = false;
    let mut renewed = false;
    for _ in 0..CALLS_MAX {
        let parcel = take_parcel(plan, &mut chunks);
        if parcel.is_empty() {
            break;
        }
        if begun && client.now() >= by.0 {
            chunks.extend(parcel);
            break;
        }
        match send(client, plan, &parcel, by).await {
            Ok(answers) => {
                let mut sessionless = Vec::new();
                for (chunk, answer) in parcel.into_iter().zip(answers) {
                    sessionless.extend(settle(client, chunk, answer, &mut outcomes, &mut chunks));
                }
                begun = true;
                if sessionless.is_empty() {
                    continue;
                }
                // The session ended between the parts. What was refused so was not done: it goes again, once.
                let fault = if renewed { Some(settled(Fault::AuthExpired)) } else { client.renew(by).await.err() };
                renewed = true;
                match fault {
                    None => chunks.extend(sessionless),
                    Some(fault) => fail(&sessionless, &fault, &mut outcomes),
                }
            }
            Err(Failure::Maybe(_)) => {
                fail(&parcel, &Fault::Uncertain, &mut outcomes);
                begun = true;
            }
            Err(Failure::NotDone(
                fault @ (Fault::Transient { .. } | Fault::RateLimited { .. } | Fault::AuthExpired | Fault::AuthRefused { .. }),
            )) if !begun => return Err(fault),
            Err(Failure::NotDone(fault)) => {
                fail(&parcel, &fault, &mut outcomes);
                begun = true;
            }
        }
    }
    let rest: Vec<Chunk> = chunks.into();
    fail(&rest, &Fault::Transient { detail: "the time for this batch ended before this record's turn".into() }, &mut outcomes);
    Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or(Outcome::Failed(Fault::Uncertain))).collect())
}

fn fail(chunks: &[Chunk], fault: &Fault, outcomes: &mut [Option<Outcome>]) {
    for row in chunks.iter().flat_map(|chunk| &chunk.rows) {
        outcomes[row.place] = Some(Outcome::Failed(fault.clone()));
    }
}

/// As many collections as one composite call carries.
fn take_parcel(plan: &Plan, chunks: &mut VecDeque<Chunk>) -> Vec<Chunk> {
    let mut parcel = Vec::new();
    let mut room = COMPOSITE_HEAVY_MAX;
    let mut later = VecDeque::new();
    while let Some(chunk) = chunks.pop_front() {
        if chunk.cost(plan) <= room {
            room -= chunk.cost(plan);
            parcel.push(chunk);
        } else {
            later.push_back(chunk);
        }
    }
    *chunks = later;
    parcel
}

/// Sorts the operations into collections; what needs no call gets its outcome at once.
fn prepare(
    client: &Client,
    plan: &Plan,
    described: &Described,
    actions: &[WriteAction],
    outcomes: &mut [Option<Outcome>],
) -> VecDeque<Chunk> {
    let mut by_verb: BTreeMap<Verb, Vec<Row>> = BTreeMap::new();
    for (place, action) in actions.iter().enumerate() {
        match row_of(plan.kind.as_str(), described, place, action) {
            Ok((verb, row)) => by_verb.entry(verb).or_default().push(row),
            Err(fault) => outcomes[place] = Some(Outcome::Failed(fault)),
        }
    }
    let mut chunks = VecDeque::new();
    for (verb, mut rows) in by_verb {
        rows.sort_by(|left, right| left.account.cmp(&right.account));
        while !rows.is_empty() {
            let rest = rows.split_off(COLLECTION_ROWS_MAX.min(rows.len()));
            split_to_address(client, plan, Chunk { verb: verb.clone(), rows }, &mut chunks);
            rows = rest;
        }
    }
    chunks
}

/// Halves a collection until the query that reads it back is one.
fn split_to_address(client: &Client, plan: &Plan, chunk: Chunk, chunks: &mut VecDeque<Chunk>) {
    if chunk.rows.len() > 1 && chunk.reads_back(plan) && read_back(client, plan, &chunk).len() > 1 {
        for half in halves(chunk) {
            split_to_address(client, plan, half, chunks);
        }
    } else {
        chunks.push_back(chunk);
    }
}

fn halves(mut chunk: Chunk) -> [Chunk; 2] {
    let rest = chunk.rows.split_off(chunk.rows.len() / 2);
    let second = Chunk { verb: chunk.verb.clone(), rows: rest };
    [chunk, second]
}

fn read_back(client: &Client, plan: &Plan, chunk: &Chunk) -> Vec<String> {
    let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (field, literal) in chunk.rows.iter().filter_map(|row| row.found_by.clone()) {
        wanted.entry(field).or_default().push(literal);
    }
    queries_of(client, plan, false, &wanted.into_iter().collect::<Vec<_>>())
}

fn row_of(kind: &str, described: &Described, place: usize, action: &WriteAction) -> Result<(Verb, Row), Fault> {
    let attributes = Object::from([("attributes".to_owned(), Node::object_of([("type", Node::text_of(kind))]))]);
    let known = |id: &RecordId| id::sendable(id.as_str()).ok_or(Fault::Missing);
    let empty = Row { place, id: None, body: String::new(), found_by: None, account: String::new(), sent: Vec::new() };
    match action {
        WriteAction::Create { fields, once } => {
            let key = once.as_ref().and_then(|field| {
                let described = described.fields.get(field.as_str()).filter(|described| described.schema.upsert_key)?;
                let value = fields.get(field).filter(|value| !is_empty(value))?;
                Some((field.as_str().to_owned(), soql::literal(value, described.wire)?))
            });
            let row = with_fields(empty, attributes, described, fields)?;
            match key {
                Some((field, literal)) => Ok((Verb::Upsert(field.clone()), Row { found_by: Some((field, literal)), ..row })),
                None => Ok((Verb::Insert, row)),
            }
        }
        WriteAction::Update { id, fields, expected: _ } => {
            let id = known(id)?;
            let mut body = attributes;
            body.insert("id".to_owned(), Node::text_of(id.as_str()));
            let row = with_fields(empty, body, described, fields)?;
            Ok((Verb::Update, Row { found_by: Some(("Id".to_owned(), soql::quote(&id))), id: Some(id), ..row }))
        }
        WriteAction::Delete { id } => Ok((Verb::Delete, Row { id: Some(known(id)?), ..empty })),
        WriteAction::Restore { .. } => Err(Fault::Unsupported { capability: "restore from the recycle bin through REST".into() }),
    }
}

/// The row with its fields. A field that describe does not show would make Salesforce refuse the whole collection: it is refused here.
fn with_fields(mut row: Row, mut body: Object, described: &Described, fields: &BTreeMap<FieldName, Value>) -> Result<Row, Fault> {
    let mut problems = Vec::new();
    for (name, value) in fields {
        let text = name.as_str();
        let wire = described.wire(text);
        // Salesforce would cut the time off: which day that leaves depends on who looks.
        if wire == Some(WireType::Date) && matches!(value, Value::DateTime(_)) {
            let words = "Syncline was given a date-time where a day is kept; nothing was sent".to_owned();
            problems.push(Problem { field: Some(name.clone()), code: "INVALID_TYPE_ON_FIELD_IN_RECORD".into(), words });
            continue;
        }
        let node = to_wire(value, wire);
        if let Some((parent, rest)) = text.split_once('.') {
            let known = described.relationship(parent);
            if known.is_some() && soql::is_name(rest) && !rest.contains('.') {
                body.insert(parent.to_owned(), Node::object_of([(rest, node)]));
                row.sent.extend(traces(value));
                continue;
            }
        }
        if described.fields.contains_key(text) {
            body.insert(text.to_owned(), node);
            row.sent.extend(traces(value));
        } else {
            let words = "our user does not see this field: it was removed, or the permission set lacks it".to_owned();
            problems.push(Problem { field: Some(name.clone()), code: "INVALID_FIELD".into(), words });
        }
    }
    if let Some(Value::Reference(account)) = fields.get("AccountId") {
        account.as_str().clone_into(&mut row.account);
    }
    row.body = Node::Object(body).to_json();
    if problems.is_empty() { Ok(row) } else { Err(Fault::Rejected { problems }) }
}

/// What came back for a collection: the answer to the write, and the records that were read back.
struct Answer {
    status: u16,
    body: Node,
    stored: BTreeMap<RecordId, Record>,
}

async fn send(client: &Client, plan: &Plan, parcel: &[Chunk], by: Deadline) -> Result<Vec<Answer>, Failure> {
    let mut subs = Vec::new();
    for (place, chunk) in parcel.iter().enumerate() {
        subs.push(write_sub(client, plan, chunk, place));
    }
    let writes = subs.len();
    let mut back = BTreeMap::new();
    for (place, chunk) in parcel.iter().enumerate().filter(|(_, chunk)| chunk.reads_back(plan)) {
        if let [query] = read_back(client, plan, chunk).as_slice() {
            back.insert(place, subs.len());
            let url = client.calls.query_path(query, false);
            subs.push(Sub { method: "GET", url, reference: format!("stored{place}"), body: None });
        }
    }
    let request = client.calls.composite(&subs)?;
    let sent: Vec<String> = parcel.iter().flat_map(|chunk| &chunk.rows).flat_map(|row| row.sent.iter().cloned()).collect();
    let (body, _) = client.body(calls::COMPOSITE, &request, &sent, by).await?;
    let parts = Client::parts(&body, &subs).map_err(Failure::Maybe)?;
    let stored = |place: &usize| {
        let part = back.get(place).and_then(|at| parts.get(*at)).filter(|part: &&CompositePart<'_>| part.status == 200);
        let page = part.and_then(|part| QueryAnswer::read(part.body).ok());
        let rows = page.iter().flat_map(QueryAnswer::rows).filter_map(|row| plan.record(&row.ok()?).ok());
        rows.map(|record| (record.id.clone(), record)).collect()
    };
    let mut answers = Vec::with_capacity(writes);
    for (place, part) in parts.iter().take(writes).enumerate() {
        let body = Node::of_raw(part.body).map_err(Failure::Maybe)?;
        answers.push(Answer { status: part.status, body, stored: stored(&place) });
    }
    Ok(answers)
}

fn write_sub(client: &Client, plan: &Plan, chunk: &Chunk, place: usize) -> Sub {
    let kind = plan.kind.as_str();
    let rows = || {
        let rows: Vec<&str> = chunk.rows.iter().map(|row| row.body.as_str()).collect();
        Some(format!(r#"{{"allOrNone":false,"records":[{}]}}"#, rows.join(",")))
    };
    let (method, url, body) = match &chunk.verb {
        Verb::Insert => ("POST", client.calls.collections_path(), rows()),
        Verb::Upsert(key) => ("PATCH", client.calls.upsert_path(kind, key), rows()),
        Verb::Update => ("PATCH", client.calls.collections_path(), rows()),
        Verb::Delete => {
            let ids: Vec<&str> = chunk.rows.iter().filter_map(|row| row.id.as_deref()).collect();
            ("DELETE", client.calls.delete_path(&ids), None)
        }
    };
    Sub { method, url, reference: format!("write{place}"), body }
}

/// Gives each row of a collection its outcome; a collection that was refused as a whole is halved, so that one row stops only itself. One that
/// found no session any more comes back.
fn settle(
    client: &Client,
    chunk: Chunk,
    mut answer: Answer,
    outcomes: &mut [Option<Outcome>],
    chunks: &mut VecDeque<Chunk>,
) -> Option<Chunk> {
    if answer.status >= 500 || answer.status == 0 {
        fail(&[chunk], &Fault::Uncertain, outcomes);
        return None;
    }
    if answer.status >= 300 {
        let sent: Vec<String> = chunk.rows.iter().flat_map(|row| row.sent.iter().cloned()).collect();
        let fault = faults::of_node(answer.status, &answer.body, &sent, client.now());
        if fault == Fault::AuthExpired {
            return Some(chunk);
        }
        let about_a_row = matches!(fault, Fault::Rejected { .. } | Fault::Missing | Fault::Taken { .. } | Fault::Conflict);
        if about_a_row && chunk.rows.len() > 1 {
            chunks.extend(halves(chunk));
        } else {
            fail(&[chunk], &fault, outcomes);
        }
        return None;
    }
    let rows = answer.body.as_list().unwrap_or_default();
    if rows.len() != chunk.rows.len() {
        fail(&[chunk], &Fault::Uncertain, outcomes);
        return None;
    }
    for (row, node) in chunk.rows.iter().zip(rows) {
        outcomes[row.place] = Some(outcome_of(client, &chunk.verb, row, node, &mut answer.stored));
    }
    None
}

fn outcome_of(client: &Client, verb: &Verb, row: &Row, node: &Node, stored: &mut BTreeMap<RecordId, Record>) -> Outcome {
    let Some(save) = SaveRow::read(node) else { return Outcome::Failed(Fault::Uncertain) };
    if !save.success {
        let about = if row.id.is_some() { About::KnownRow } else { About::NewRow };
        return Outcome::Failed(faults::of_rows(200, &save.errors, about, &row.sent, client.now()));
    }
    let Some(id) = save.id.as_deref().or(row.id.as_deref()).map(id::record_id) else { return Outcome::Failed(Fault::Uncertain) };
    let created = match verb {
        Verb::Insert => true,
        Verb::Upsert(_) => save.created == Some(true),
        Verb::Update | Verb::Delete => false,
    };
    let stored = stored.remove(&id);
    Outcome::Written { id, created, stored }
}
