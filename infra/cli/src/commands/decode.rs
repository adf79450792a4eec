//! `decode`: a recorded answer of a vendor's API as canonical records, or what does not fit and where.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;
use syncline_engine::ports::connector::{BadRecord, Descriptor};
use syncline_model::{Fault, ObjectKind, Presence, Record};

use crate::args::Decode;
use crate::exit::{Exit, Failure};
use crate::input;
use crate::nearest::suggestion;
use crate::printer::Printer;

#[derive(Serialize)]
struct Decoded {
    system: String,
    object: String,
    records: Vec<RecordView>,
    problems: Vec<ProblemView>,
}

#[derive(Serialize)]
struct RecordView {
    id: String,
    /// The record's own kind, where the answer names another than was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<String>,
    version: Option<String>,
    presence: Json,
    fields: BTreeMap<String, Json>,
}

#[derive(Serialize)]
struct ProblemView {
    /// The row's place in the answer, from 0.
    index: usize,
    id: Option<String>,
    path: String,
    expected: String,
    found: String,
}

pub(crate) fn run(args: &Decode) -> Result<Exit, Failure> {
    let systems = syncline_registry::vendors().iter().map(|vendor| vendor.descriptor().system);
    let Some(vendor) = syncline_registry::vendor(&args.system) else {
        let hint = suggestion(&args.system, systems, "systems that this build knows");
        return Err(Failure::usage(format!("`{}` is not a system that this build knows", args.system), hint));
    };
    let descriptor = vendor.descriptor();
    let kind = kind(descriptor, &args.object);
    if descriptor.object(kind.as_str()).is_none() {
        let hint = suggestion(&args.object, descriptor.objects.iter().map(|object| object.kind), "those that are");
        Printer::words(&format!("`{}` is not an object that is synced: its fields are read by their JSON ({hint})", args.object));
    }
    let body = input::read(&args.file)?;
    let rows = vendor.decode(&kind, &body).map_err(|fault| no_answer(descriptor.title, &fault, &body))?;
    let mut decoded = Decoded { system: args.system.clone(), object: kind.to_string(), records: Vec::new(), problems: Vec::new() };
    for (index, row) in rows.into_iter().enumerate() {
        match row {
            Ok(record) => decoded.records.push(view(&kind, &record)),
            Err(bad) => decoded.problems.extend(problems(index, &bad)),
        }
    }
    // The records are the result: JSON, whether or not it was asked for.
    Printer::value(&decoded);
    for problem in &decoded.problems {
        let id = problem.id.as_ref().map_or_else(String::new, |id| format!(" (id {id})"));
        Printer::words(&format!(
            "record {}{id} does not fit: {} should be {} and is {}",
            problem.index, problem.path, problem.expected, problem.found
        ));
    }
    let (good, bad) = (decoded.records.len(), decoded.problems.len());
    if bad == 0 {
        Printer::words(&format!("{good} records, all fit"));
        return Ok(Exit::Done);
    }
    Printer::words(&format!("error: {good} records fit, {bad} problems"));
    Ok(Exit::Held)
}

/// The object that is meant: a known one in another case or in the plural, else what was written. Answers of other objects can be read too.
fn kind(descriptor: &Descriptor, written: &str) -> ObjectKind {
    let lower = written.to_lowercase();
    let singular = lower.strip_suffix("ies").map(|stem| format!("{stem}y")).or_else(|| lower.strip_suffix('s').map(str::to_owned));
    let means = |kind: &str| kind.to_lowercase() == lower || Some(kind.to_lowercase()) == singular;
    let known = descriptor.objects.iter().map(|object| object.kind).find(|kind| means(kind));
    ObjectKind::new(known.unwrap_or(written))
}

fn view(asked: &ObjectKind, record: &Record) -> RecordView {
    RecordView {
        id: record.id.to_string(),
        object: (record.kind != *asked).then(|| record.kind.to_string()),
        version: record.version.map(|version| version.0.to_string()),
        presence: match &record.presence {
            Presence::Live => Json::from("live"),
            Presence::Deleted => Json::from("deleted"),
            Presence::MergedInto(id) => serde_json::json!({ "merged_into": id }),
        },
        fields: record.fields.iter().map(|(name, value)| (name.to_string(), value.to_plain())).collect(),
    }
}

fn problems(index: usize, bad: &BadRecord) -> Vec<ProblemView> {
    let id = bad.id.as_ref().map(ToString::to_string);
    let one = |path: &str, expected: &str, found: &str| ProblemView {
        index,
        id: id.clone(),
        path: path.to_owned(),
        expected: expected.to_owned(),
        found: found.to_owned(),
    };
    match &bad.fault {
        Fault::Drift { path, expected, found } => vec![one(path, expected, found)],
        Fault::Rejected { problems } => problems
            .iter()
            .map(|problem| {
                let path = problem.field.as_ref().map_or("record", |field| field.as_str());
                one(path, "a record", &format!("a refusal: {} ({})", problem.words, problem.code))
            })
            .collect(),
        other @ (Fault::Transient { .. }
        | Fault::RateLimited { .. }
        | Fault::AuthExpired
        | Fault::AuthRefused { .. }
        | Fault::Taken { .. }
        | Fault::Conflict
        | Fault::Missing
        | Fault::Uncertain
        | Fault::Unsupported { .. }) => vec![one("record", "a record", &format!("a refusal: {other}"))],
    }
}

/// The body is no answer with records: what it is instead, in one sentence.
fn no_answer(title: &str, fault: &Fault, body: &[u8]) -> Failure {
    const HINT: &str = "record the body of an answer that lists or shows records, without its headers";
    let says = match fault {
        Fault::Drift { path, expected, found } => match vendor_error(body) {
            Some(error) => format!("this is an error answer, not records: {error}"),
            None => format!("this is no answer of {title} with records: {path} should be {expected} and is {found}"),
        },
        Fault::Rejected { .. }
        | Fault::Taken { .. }
        | Fault::AuthRefused { .. }
        | Fault::AuthExpired
        | Fault::RateLimited { .. }
        | Fault::Missing
        | Fault::Conflict
        | Fault::Transient { .. }
        | Fault::Uncertain
        | Fault::Unsupported { .. } => {
            let code = vendor_error(body).map(|error| format!("{error}: ")).unwrap_or_default();
            format!("this is an error answer, not records: {code}{}", meaning(fault))
        }
    };
    Failure::new(Exit::Held, says, HINT)
}

/// What the fault means, where the fault's own sentence speaks of a wait that lies in the past of a recorded answer.
fn meaning(fault: &Fault) -> String {
    match fault {
        Fault::RateLimited { .. } => "the vendor's limit was used up when this was recorded".to_owned(),
        Fault::Transient { .. }
        | Fault::AuthExpired
        | Fault::AuthRefused { .. }
        | Fault::Rejected { .. }
        | Fault::Taken { .. }
        | Fault::Conflict
        | Fault::Missing
        | Fault::Uncertain
        | Fault::Unsupported { .. }
        | Fault::Drift { .. } => fault.to_string(),
    }
}

/// The vendor's own code, where the body is an error answer in one of the forms that REST APIs use. Codes alone are shown: messages may
/// repeat what was sent.
fn vendor_error(body: &[u8]) -> Option<String> {
    let json: Json = serde_json::from_slice(body).ok()?;
    let object = json.as_array().and_then(|items| items.first()).unwrap_or(&json).as_object()?;
    if let Some(code) = ["code", "errorCode", "error", "error_code"].iter().find_map(|key| object.get(*key)?.as_str()) {
        return Some(format!("code {code}"));
    }
    let errors = object.get("errors")?.as_array()?;
    let listed: Vec<String> = errors
        .iter()
        .filter_map(|error| {
            let code = error.get("code")?.as_str()?;
            Some(match error.get("field").and_then(Json::as_str) {
                Some(field) => format!("code {code} (field {field})"),
                None => format!("code {code}"),
            })
        })
        .collect();
    (!listed.is_empty()).then(|| listed.join(", "))
}
