//! Thin: sends what `calls` describes, with a token, and reads the answer's shape. A 401 is answered with one new token, once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::value::RawValue;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::connector::Selection;
use syncline_engine::ports::http::{Call, EndpointClass, Http, NoAnswer};
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{CallError, Deadline, Fault, ObjectKind, Timestamp};

use crate::auth::Auth;
use crate::calls::{self, COMPOSITE_HEAVY_MAX, Calls, Sub};
use crate::faults;
use crate::schema::{Described, Plan};
use crate::settings::Config;
use crate::soql;
use crate::wire::{self, CompositePart, Node, QueryAnswer};

/// Pages of one query that answers a bounded question (keys, ids): more would be an endless answer.
const PAGES_MAX: u32 = 50;

/// Why a call has no good answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The vendor did nothing.
    NotDone(Fault),
    /// It may have done what was asked.
    Maybe(Fault),
}

impl Failure {
    /// For reads: it does not matter whether the vendor did something.
    pub(crate) fn fault(self) -> Fault {
        match self {
            Self::NotDone(fault) | Self::Maybe(fault) => fault,
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::NotDone(fault)
    }
}

pub(crate) struct Client {
    pub(crate) config: Config,
    pub(crate) calls: Calls,
    pub(crate) auth: Auth,
    http: Arc<dyn Http>,
    clock: Arc<dyn Clock>,
    described: Mutex<BTreeMap<String, Arc<Described>>>,
}

impl Client {
    pub(crate) fn new(config: Config, calls: Calls, auth: Auth, http: Arc<dyn Http>, clock: Arc<dyn Clock>) -> Self {
        Self { config, calls, auth, http, clock, described: Mutex::default() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Sends with a token; after a 401 with a new one, once. What comes back may still be any status but 401.
    pub(crate) async fn send(&self, class: EndpointClass, request: &Request<Bytes>, by: Deadline) -> Result<Response<Bytes>, Failure> {
        let token = self.auth.token(by).await?;
        let answer = self.once(class, request, token.expose(), by).await?;
        if answer.status() != http::StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        if planted(Mutant::ExpiryAsGone) {
            return Err(Failure::NotDone(Fault::Missing));
        }
        let fault = faults::of_answer(401, answer.body(), &[], self.now());
        if fault != Fault::AuthExpired {
            return Err(Failure::NotDone(fault));
        }
        let token = self.auth.renew(&token, by).await?;
        let answer = self.once(class, request, token.expose(), by).await?;
        if answer.status() != http::StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        Err(Failure::NotDone(settled(faults::of_answer(401, answer.body(), &[], self.now()))))
    }

    /// Gets a new token where the present one ended in the middle of a call.
    pub(crate) async fn renew(&self, by: Deadline) -> Result<(), Fault> {
        let ended = self.auth.token(by).await?;
        self.auth.renew(&ended, by).await.map(drop)
    }

    /// One composite call of reads. Where the session ends between its parts, the whole is asked again with a new token, once.
    pub(crate) async fn ask_parts(&self, subs: &[Sub], sent: &[String], by: Deadline) -> Result<Bytes, Fault> {
        let request = self.calls.composite(subs)?;
        let (body, _) = self.body(calls::COMPOSITE, &request, sent, by).await.map_err(Failure::fault)?;
        if !self.session_ended(&body, subs)? {
            return Ok(body);
        }
        self.renew(by).await?;
        let (body, _) = self.body(calls::COMPOSITE, &request, sent, by).await.map_err(Failure::fault)?;
        if self.session_ended(&body, subs)? { Err(settled(Fault::AuthExpired)) } else { Ok(body) }
    }

    fn session_ended(&self, body: &Bytes, subs: &[Sub]) -> Result<bool, Fault> {
        for part in Self::parts(body, subs)?.into_iter().filter(|part| part.status == 401) {
            if faults::of_node(401, &Node::of_raw(part.body)?, &[], self.now()) == Fault::AuthExpired {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn once(&self, class: EndpointClass, request: &Request<Bytes>, token: &str, by: Deadline) -> Result<Response<Bytes>, Failure> {
        let request = calls::authorised(request, token)?;
        self.http.send(Call::new(class, request), by).await.map_err(|no_answer| match no_answer {
            NoAnswer::NotSent(detail) => Failure::NotDone(Fault::Transient { detail }),
            NoAnswer::Unanswered(detail) => Failure::Maybe(Fault::Transient { detail }),
            NoAnswer::Budget { until } => Failure::NotDone(Fault::RateLimited { until }),
        })
    }

    /// A good answer as a tree. `sent`: values that must not come back in a sentence.
    pub(crate) async fn ask(&self, class: EndpointClass, request: &Request<Bytes>, sent: &[String], by: Deadline) -> Result<Node, Failure> {
        let (body, _) = self.body(class, request, sent, by).await?;
        Node::parse(&body).map_err(Failure::Maybe)
    }

    /// A good answer's body, and the vendor's time: for answers of many rows, which are read one by one.
    pub(crate) async fn body(
        &self,
        class: EndpointClass,
        request: &Request<Bytes>,
        sent: &[String],
        by: Deadline,
    ) -> Result<(Bytes, Option<Timestamp>), Failure> {
        let answer = self.send(class, request, by).await?;
        let status = answer.status().as_u16();
        if (200..300).contains(&status) {
            let time = server_time(&answer);
            return Ok((answer.into_body(), time));
        }
        let fault = faults::of_answer(status, answer.body(), sent, self.now());
        Err(if status >= 500 { Failure::Maybe(fault) } else { Failure::NotDone(fault) })
    }

    /// Rows of queries that answer a bounded question: one call for one query, one composite call for up to five, and the further pages.
    pub(crate) async fn rows(
        &self,
        queries: &[String],
        with_deleted: bool,
        sent: &[String],
        by: Deadline,
    ) -> Result<Vec<Result<Vec<Node>, Fault>>, Fault> {
        let mut answers = Vec::with_capacity(queries.len());
        for group in queries.chunks(COMPOSITE_HEAVY_MAX) {
            if let [query] = group {
                let request = self.calls.get(&self.calls.query_path(query, with_deleted))?;
                let (body, _) = self.body(calls::QUERY, &request, sent, by).await.map_err(Failure::fault)?;
                answers.push(Ok(self.further(wire::raw(&body)?, by).await?));
                continue;
            }
            let subs: Vec<Sub> = group
                .iter()
                .enumerate()
                .map(|(place, query)| Sub {
                    method: "GET",
                    url: self.calls.query_path(query, with_deleted),
                    reference: format!("query{place}"),
                    body: None,
                })
                .collect();
            let body = self.ask_parts(&subs, sent, by).await?;
            for part in Self::parts(&body, &subs)? {
                answers.push(if part.status < 300 {
                    Ok(self.further(part.body, by).await?)
                } else {
                    Err(faults::of_node(part.status, &Node::of_raw(part.body)?, sent, self.now()))
                });
            }
        }
        Ok(answers)
    }

    /// The parts of a composite answer, in the order of the subrequests.
    pub(crate) fn parts<'a>(body: &'a Bytes, subs: &[Sub]) -> Result<Vec<CompositePart<'a>>, Fault> {
        let parts = CompositePart::read_all(wire::raw(body)?)?;
        if parts.len() == subs.len() && parts.iter().zip(subs).all(|(part, sub)| part.reference == sub.reference) {
            return Ok(parts);
        }
        let drift = || Fault::Drift {
            path: "compositeResponse".into(),
            expected: format!("{} answers", subs.len()),
            found: format!("{} other ones", parts.len()),
        };
        let find = |sub: &Sub| parts.iter().find(|part| part.reference == sub.reference).cloned().ok_or_else(drift);
        subs.iter().map(find).collect()
    }

    async fn further(&self, first: &RawValue, by: Deadline) -> Result<Vec<Node>, Fault> {
        let page = QueryAnswer::read(first)?;
        let mut rows = page.rows().collect::<Result<Vec<Node>, Fault>>()?;
        let mut next = if page.done { None } else { page.next };
        for _ in 0..PAGES_MAX {
            let Some(path) = next.take() else { return Ok(rows) };
            let (body, _) = self.body(calls::QUERY, &self.calls.get(&path)?, &[], by).await.map_err(Failure::fault)?;
            let page = QueryAnswer::read(wire::raw(&body)?)?;
            for row in page.rows() {
                rows.push(row?);
            }
            next = if page.done { None } else { page.next };
        }
        Err(Fault::Drift { path: "nextRecordsUrl".into(), expected: format!("an end within {PAGES_MAX} pages"), found: "more".into() })
    }

    /// The object as describe shows it; asked once per connector.
    pub(crate) async fn described(&self, kind: &str, by: Deadline) -> Result<Arc<Described>, Fault> {
        let known = self.described.lock().unwrap_or_else(PoisonError::into_inner).get(kind).cloned();
        match known {
            Some(described) => Ok(described),
            None => self.describe_anew(kind, by).await,
        }
    }

    /// The same, asked now.
    pub(crate) async fn describe_anew(&self, kind: &str, by: Deadline) -> Result<Arc<Described>, Fault> {
        let unknown = || Fault::Unsupported { capability: format!("object {kind} (or our user may not see it)") };
        if !soql::is_name(kind) || kind.contains('.') {
            return Err(unknown());
        }
        let request = self.calls.get(&self.calls.describe_path(kind))?;
        let (body, _) = self.body(calls::METADATA, &request, &[], by).await.map_err(|failure| {
            let fault = failure.fault();
            if fault == Fault::Missing { unknown() } else { fault }
        })?;
        let described = Arc::new(Described::read(wire::raw(&body)?)?);
        self.described.lock().unwrap_or_else(PoisonError::into_inner).insert(kind.to_owned(), described.clone());
        Ok(described)
    }

    /// What is known without asking.
    pub(crate) fn known(&self, kind: &str) -> Option<Arc<Described>> {
        self.described.lock().unwrap_or_else(PoisonError::into_inner).get(kind).cloned()
    }

    /// Forgets what describe said: the vendor's answer shows that it no longer holds.
    pub(crate) fn forget(&self) {
        self.described.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What may be asked for of a selection. The parents of dotted fields are described too.
    pub(crate) async fn plan(&self, selection: &Selection, by: Deadline) -> Result<Plan, Fault> {
        let described = self.described(selection.kind.as_str(), by).await?;
        let mut parents = BTreeMap::new();
        for field in &selection.fields {
            let mut here = described.clone();
            for step in field.as_str().split('.').rev().skip(1).collect::<Vec<_>>().into_iter().rev() {
                let Some([one]) = here.relationship(step).map(|lookup| lookup.targets.as_slice()) else { break };
                let parent = self.described(one, by).await?;
                parents.insert(one.clone(), parent.clone());
                here = parent;
            }
        }
        Ok(Plan::new(selection, &described, &parents))
    }

    /// A fault with its place.
    pub(crate) fn error(operation: &str, kind: &ObjectKind, fault: Fault) -> CallError {
        CallError::new("salesforce", format!("{operation} {kind}"), fault)
    }
}

/// A second 401 is no expiry: no new token will help.
pub(crate) fn settled(fault: Fault) -> Fault {
    if fault == Fault::AuthExpired {
        let hint = "a fresh token was refused with 401: check the app's policies and that `base_url` is the organisation's own";
        Fault::AuthRefused { hint: hint.into() }
    } else {
        fault
    }
}

/// Whether the vendor said that a field or object that describe knew is gone.
pub(crate) fn is_stale_schema(fault: &Fault) -> bool {
    matches!(fault, Fault::Rejected { problems } if problems.iter().any(|problem| matches!(problem.code.as_str(), "INVALID_FIELD" | "INVALID_TYPE")))
}

/// The `Date` header: the vendor's own clock, in whole seconds.
fn server_time(answer: &Response<Bytes>) -> Option<Timestamp> {
    let text = answer.headers().get(http::header::DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}
