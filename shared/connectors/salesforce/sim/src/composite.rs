//! Several requests in one: composite, batch, graph (fact sheet §4.2).

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::Salesforce;
use crate::call::{Call, Reply, pairs, segments};
use crate::refusal::Refusal;

const PARTS_MAX: usize = 25;
const QUERIES_MAX: usize = 5;
const NODES_MAX: usize = 500;

/// One part, as the caller wrote it.
struct Part {
    method: String,
    url: String,
    reference: String,
    body: Json,
    headers: Vec<(String, String)>,
}

/// A part's answer.
struct Answered {
    status: u16,
    body: Json,
    headers: serde_json::Map<String, Json>,
    reference: String,
}

impl Answered {
    fn json(&self) -> Json {
        json!({ "body": self.body, "httpHeaders": self.headers, "httpStatusCode": self.status, "referenceId": self.reference })
    }
}

fn read_part(part: &Json) -> Result<Part, Refusal> {
    let text = |name: &str| part.get(name).and_then(Json::as_str).map(str::to_owned);
    let missing = |name: &str| Refusal::new(400, "JSON_PARSER_ERROR", format!("{name} is required for each subrequest"));
    let headers = part.get("httpHeaders").and_then(Json::as_object).into_iter().flatten();
    Ok(Part {
        method: text("method").ok_or_else(|| missing("method"))?,
        url: text("url").ok_or_else(|| missing("url"))?,
        reference: text("referenceId").ok_or_else(|| missing("referenceId"))?,
        body: part.get("body").cloned().unwrap_or(Json::Null),
        headers: headers.filter_map(|(name, value)| Some((name.to_ascii_lowercase(), value.as_str()?.to_owned()))).collect(),
    })
}

fn list<'a>(body: &'a Json, name: &str) -> Result<&'a Vec<Json>, Refusal> {
    body.get(name).and_then(Json::as_array).ok_or_else(|| Refusal::new(400, "JSON_PARSER_ERROR", format!("{name} is missing")))
}

impl Salesforce {
    pub(crate) fn composite(&mut self, call: &Call) -> Result<Reply, Refusal> {
        if call.method != "POST" {
            return Err(call.not_allowed("POST"));
        }
        let body = call.json()?;
        let parts = list(&body, "compositeRequest")?.iter().map(read_part).collect::<Result<Vec<_>, _>>()?;
        let queries = parts.iter().filter(|part| part.url.contains("/query") || part.url.contains("/composite/sobjects")).count();
        if parts.len() > PARTS_MAX || queries > QUERIES_MAX {
            let message =
                format!("Composite API request exceeded the limit of {PARTS_MAX} subrequests, or {QUERIES_MAX} queries and collections");
            return Err(Refusal::new(400, "PROCESSING_HALTED", message));
        }
        let (answers, _) = self.run_parts(call, &parts, body.get("allOrNone") == Some(&Json::Bool(true)));
        Ok(Reply::json(200, &json!({ "compositeResponse": answers.iter().map(Answered::json).collect::<Vec<_>>() })))
    }

    pub(crate) fn graph(&mut self, call: &Call) -> Result<Reply, Refusal> {
        let body = call.json()?;
        let mut graphs = Vec::new();
        for graph in list(&body, "graphs")? {
            let parts = list(graph, "compositeRequest")?.iter().map(read_part).collect::<Result<Vec<_>, _>>()?;
            if parts.len() > NODES_MAX {
                return Err(Refusal::new(400, "PROCESSING_HALTED", format!("A graph has at most {NODES_MAX} nodes")));
            }
            let (answers, is_successful) = self.run_parts(call, &parts, true);
            graphs.push(json!({
                "graphId": graph.get("graphId"),
                "graphResponse": { "compositeResponse": answers.iter().map(Answered::json).collect::<Vec<_>>() },
                "isSuccessful": is_successful,
            }));
        }
        Ok(Reply::json(200, &json!({ "graphs": graphs })))
    }

    /// Runs parts in order; answers whether all succeeded.
    fn run_parts(&mut self, call: &Call, parts: &[Part], all_or_none: bool) -> (Vec<Answered>, bool) {
        let mark = self.store.begin();
        let mut bodies: BTreeMap<String, (u16, Json)> = BTreeMap::new();
        let mut answers: Vec<Answered> = Vec::with_capacity(parts.len());
        let mut failed = None;
        let session_ends_at = self.session_ends_after_parts.take_if(|after| *after < parts.len());
        for (place, part) in parts.iter().enumerate() {
            let has_session = session_ends_at.is_none_or(|end| place < end);
            let answer = if all_or_none && failed.is_some() {
                halted(part, ROLLED_BACK)
            } else if has_session {
                self.run_part(call, part, &bodies)
            } else {
                self.auth.expire_sessions();
                sessionless(part)
            };
            if answer.status >= 300 && failed.is_none() {
                failed = Some(answers.len());
            }
            bodies.insert(part.reference.clone(), (answer.status, answer.body.clone()));
            answers.push(answer);
        }
        match failed.filter(|_| all_or_none) {
            Some(culprit) => {
                self.store.roll_back(&mark);
                for (place, (answer, part)) in answers.iter_mut().zip(parts).enumerate() {
                    if place != culprit {
                        *answer = halted(part, ROLLED_BACK);
                    }
                }
            }
            None => self.store.commit(&mark),
        }
        (answers, failed.is_none())
    }

    fn run_part(&mut self, call: &Call, part: &Part, bodies: &BTreeMap<String, (u16, Json)>) -> Answered {
        let url = filled(&part.url, bodies);
        let body = filled_json(&part.body, bodies);
        let (Ok(url), Ok(body)) = (&url, &body) else {
            let message = [url.err(), body.err()].into_iter().flatten().next().unwrap_or_default();
            return halted(part, &message);
        };
        let reply = self.sub_call(call, part, url, body);
        let headers = reply.headers.iter().map(|(name, value)| (title(name), Json::String(value.clone()))).collect();
        let body = serde_json::from_str(&reply.body).unwrap_or(Json::Null);
        Answered { status: reply.status, body, headers, reference: part.reference.clone() }
    }

    fn sub_call(&mut self, call: &Call, part: &Part, url: &str, body: &Json) -> Reply {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let path = segments(path);
        let not_found = || crate::refused(&Refusal::not_found());
        let [services, data, version, rest @ ..] = path.as_slice() else { return not_found() };
        let Some(version) = crate::rest::version(version).filter(|_| services == "services" && data == "data") else { return not_found() };
        let mut headers = part.headers.clone();
        headers.extend(call.headers.iter().filter(|(name, _)| name.starts_with("sforce-")).cloned());
        let sub = Call {
            method: part.method.to_ascii_uppercase(),
            path: rest.to_vec(),
            query: pairs(query),
            headers,
            body: if body.is_null() { Vec::new() } else { ordered(body).into_bytes() },
            version,
            session: call.session.clone(),
            now: call.now,
        };
        self.dispatch(&sub).unwrap_or_else(|refusal| crate::refused(&refusal))
    }

    /// Independent parts; each counts as a call.
    pub(crate) fn batch(&mut self, call: &Call) -> Result<Reply, Refusal> {
        let body = call.json()?;
        let requests = list(&body, "batchRequests")?;
        if requests.len() > PARTS_MAX {
            return Err(Refusal::new(400, "LIMIT_EXCEEDED", format!("A batch has at most {PARTS_MAX} subrequests")));
        }
        let halts = body.get("haltOnError") == Some(&Json::Bool(true));
        let mut results = Vec::new();
        let mut has_errors = false;
        for request in requests {
            if halts && has_errors {
                let halted = Refusal::new(412, "BATCH_PROCESSING_HALTED", "Batch processing halted per request");
                results.push(json!({ "statusCode": 412, "result": halted.body() }));
                continue;
            }
            let text = |name: &str| request.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
            let part = Part { method: text("method"), url: String::new(), reference: String::new(), body: Json::Null, headers: Vec::new() };
            let url = text("url");
            let url = format!("/services/data/{}", url.trim_start_matches("/services/data/").trim_start_matches('/'));
            self.quota.count(call.now);
            let reply = self.sub_call(call, &part, &url, request.get("richInput").unwrap_or(&Json::Null));
            has_errors |= reply.status >= 300;
            results.push(json!({ "statusCode": reply.status, "result": serde_json::from_str::<Json>(&reply.body).unwrap_or(Json::Null) }));
        }
        Ok(Reply::json(200, &json!({ "hasErrors": has_errors, "results": results })))
    }
}

const ROLLED_BACK: &str = "The transaction was rolled back since another operation in the same transaction failed.";

fn halted(part: &Part, message: &str) -> Answered {
    let refusal = Refusal::new(400, "PROCESSING_HALTED", message);
    Answered { status: 400, body: refusal.body(), headers: serde_json::Map::new(), reference: part.reference.clone() }
}

/// A part that comes after the end of the session that began the call.
fn sessionless(part: &Part) -> Answered {
    let refusal = Refusal::new(401, "INVALID_SESSION_ID", "Session expired or invalid");
    Answered { status: 401, body: refusal.body(), headers: serde_json::Map::new(), reference: part.reference.clone() }
}

/// JSON text with `attributes` first: the order of the part's members is lost in reading, and rows need it.
fn ordered(value: &Json) -> String {
    if let Some(items) = value.as_array() {
        return format!("[{}]", items.iter().map(ordered).collect::<Vec<_>>().join(","));
    }
    let Some(members) = value.as_object() else { return value.to_string() };
    let first = members.iter().filter(|(name, _)| *name == "attributes");
    let rest = members.iter().filter(|(name, _)| *name != "attributes");
    let members: Vec<String> = first.chain(rest).map(|(name, value)| format!("{}:{}", Json::from(name.as_str()), ordered(value))).collect();
    format!("{{{}}}", members.join(","))
}

/// `location` as `Location`.
fn title(name: &str) -> String {
    let word = |word: &str| word.get(..1).map(|first| first.to_ascii_uppercase() + word.get(1..).unwrap_or_default()).unwrap_or_default();
    if name == "etag" { "ETag".to_owned() } else { name.split('-').map(word).collect::<Vec<_>>().join("-") }
}

fn filled_json(value: &Json, bodies: &BTreeMap<String, (u16, Json)>) -> Result<Json, String> {
    if let Some(text) = value.as_str() {
        return filled(text, bodies).map(Json::String);
    }
    if let Some(items) = value.as_array() {
        return items.iter().map(|item| filled_json(item, bodies)).collect();
    }
    let Some(members) = value.as_object() else { return Ok(value.clone()) };
    members
        .iter()
        .map(|(name, value)| Ok((name.clone(), filled_json(value, bodies)?)))
        .collect::<Result<serde_json::Map<_, _>, String>>()
        .map(Json::Object)
}

/// Puts earlier answers in place of `@{reference.path}`.
fn filled(text: &str, bodies: &BTreeMap<String, (u16, Json)>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("@{") {
        let Some((inside, tail)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str(&looked_up(inside, bodies).ok_or_else(|| {
            format!("Invalid reference specified. No value for {inside} found in {}", inside.split(['.', '[']).next().unwrap_or_default())
        })?);
        rest = tail;
    }
    Ok(out + rest)
}

fn looked_up(path: &str, bodies: &BTreeMap<String, (u16, Json)>) -> Option<String> {
    let name_end = path.find(['.', '[']).unwrap_or(path.len());
    let (name, rest) = path.split_at(name_end);
    let (status, body) = bodies.get(name)?;
    if *status >= 300 {
        return None;
    }
    let mut found = body;
    for step in rest.split(['.', '[']).map(|step| step.trim_end_matches(']')).filter(|step| !step.is_empty()) {
        found = step.parse::<usize>().map_or_else(|_| found.get(step), |index| found.get(index))?;
    }
    if found.is_null() { None } else { Some(found.as_str().map_or_else(|| found.to_string(), str::to_owned)) }
}
