//! Unkindness that knows no vendor: an answer lost before or after the vendor acted, a server error after the commit, an HTML page, a cut body.

use std::collections::VecDeque;

use syncline_model::Timestamp;

use crate::{Request, Response, Simulator, answer};

/// What goes wrong with one exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The connection breaks before the vendor hears anything.
    NeverSent,
    /// The vendor acts, and its answer is lost.
    AnswerLost,
    /// A 503 with an HTML body; the vendor did nothing.
    HtmlError,
    /// The vendor acts, and answers 502 with an HTML body.
    HtmlErrorAfterCommit,
    /// The vendor acts, and the body of its answer is cut in half.
    CutBody,
    /// 200 with an HTML page (a login form, a maintenance note); the vendor did nothing.
    HtmlInsteadOfJson,
    /// 200 with an empty body; the vendor did nothing.
    EmptyBody,
    /// This answer, whatever was asked; the vendor did nothing.
    Instead(u16, String),
}

/// To which requests a trouble happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// The method, `None` for any.
    pub method: Option<http::Method>,
    /// What the path and query must contain, empty for any.
    pub contains: String,
    /// How many matching requests pass unharmed first.
    pub after: u32,
}

impl When {
    /// The next request of this method whose path contains this.
    pub fn next(method: http::Method, contains: &str) -> Self {
        Self { method: Some(method), contains: contains.to_owned(), after: 0 }
    }

    fn matches(&self, request: &Request) -> bool {
        self.method.as_ref().is_none_or(|method| method == request.method())
            && request.uri().path_and_query().is_some_and(|path| path.as_str().contains(&self.contains))
    }
}

/// Troubles to come, each once.
#[derive(Clone, Debug, Default)]
pub struct Script {
    steps: VecDeque<(When, Trouble)>,
}

impl Script {
    pub fn add(&mut self, when: When, trouble: Trouble) {
        self.steps.push_back((when, trouble));
    }

    pub fn is_done(&self) -> bool {
        self.steps.is_empty()
    }

    fn take(&mut self, request: &Request) -> Option<Trouble> {
        for index in 0..self.steps.len() {
            let Some((when, _)) = self.steps.get_mut(index) else { break };
            if !when.matches(request) {
                continue;
            }
            if when.after > 0 {
                when.after -= 1;
                continue;
            }
            return self.steps.remove(index).map(|(_, trouble)| trouble);
        }
        None
    }
}

/// A simulator with a script of troubles in front of it, and a count of what reached it.
pub struct Unkind<S> {
    pub simulator: S,
    pub script: Script,
    /// Requests that the vendor answered or should have, method and path each, in order.
    pub seen: Vec<String>,
    /// How many answers had each status.
    pub statuses: std::collections::BTreeMap<u16, u64>,
    /// While set, every request is answered with this trouble (an outage).
    pub outage: Option<Trouble>,
}

/// What a transport makes of an exchange.
#[derive(Debug)]
pub enum Exchange {
    Answered(Response),
    NeverSent,
    AnswerLost,
}

impl<S: Simulator> Unkind<S> {
    pub fn new(simulator: S) -> Self {
        Self { simulator, script: Script::default(), seen: Vec::new(), statuses: std::collections::BTreeMap::new(), outage: None }
    }

    /// One exchange, with whatever the script holds for it.
    pub fn exchange(&mut self, now: Timestamp, request: &Request) -> Exchange {
        let exchange = self.act(now, request);
        if let Exchange::Answered(answer) = &exchange {
            *self.statuses.entry(answer.status().as_u16()).or_default() += 1;
        }
        exchange
    }

    fn act(&mut self, now: Timestamp, request: &Request) -> Exchange {
        let trouble = self.outage.clone().or_else(|| self.script.take(request));
        if trouble != Some(Trouble::NeverSent) {
            self.seen.push(format!("{} {}", request.method(), request.uri().path_and_query().map_or("", |path| path.as_str())));
        }
        let html = "<html><body><h1>Something went wrong</h1></body></html>";
        match trouble {
            None => Exchange::Answered(self.simulator.handle(now, request)),
            Some(Trouble::NeverSent) => Exchange::NeverSent,
            Some(Trouble::AnswerLost) => {
                drop(self.simulator.handle(now, request));
                Exchange::AnswerLost
            }
            Some(Trouble::HtmlError) => Exchange::Answered(answer(503, "text/html", html)),
            Some(Trouble::HtmlErrorAfterCommit) => {
                drop(self.simulator.handle(now, request));
                Exchange::Answered(answer(502, "text/html", html))
            }
            Some(Trouble::CutBody) => {
                let mut response = self.simulator.handle(now, request);
                let half = response.body().len() / 2;
                let cut = response.body().slice(..half);
                *response.body_mut() = cut;
                Exchange::Answered(response)
            }
            Some(Trouble::HtmlInsteadOfJson) => Exchange::Answered(answer(200, "text/html", html)),
            Some(Trouble::EmptyBody) => Exchange::Answered(answer(200, "application/json", "")),
            Some(Trouble::Instead(status, body)) => Exchange::Answered(answer(status, "application/json", body)),
        }
    }
}
