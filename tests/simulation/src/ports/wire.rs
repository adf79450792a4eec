//! The way to the vendors: their simulators behind a network that is slow, breaks, and loses answers after the vendor has acted.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::SignedDuration;
use syncline_engine::ports::http::{Call, Http, NoAnswer};
use syncline_model::Deadline;
use syncline_simulator::{Trouble, answer};

use crate::house::Turns;
use crate::scenario::{Mishap, Mood};
use crate::vendors::Vendors;

pub struct Wire {
    pub kernel: Turns,
    pub mood: Arc<Mood>,
    pub vendors: Arc<Vendors>,
}

/// After so long without an answer the adapter gives up.
const TIMEOUT: i64 = 30_000;

#[async_trait]
impl Http for Wire {
    async fn send(&self, call: Call, _by: Deadline) -> Result<http::Response<Bytes>, NoAnswer> {
        let (kernel, vendors) = (&self.kernel, &self.vendors);
        let Some(side) = vendors.side_of(call.request.uri()) else {
            return Err(NoAnswer::NotSent(format!("no vendor answers at {:?}", call.request.uri().authority())));
        };
        vendors.sent(side);
        let slow = self.mood.wire_delay(kernel);
        kernel.effect(kernel.between(5, 40) + slow).await;
        let trouble = if vendors.is_reachable(side) {
            self.mood.wire_trouble(kernel, vendors.may_change(side, &call.request))
        } else {
            Some(Mishap::Known(if kernel.one_in(2) { Trouble::NeverSent } else { Trouble::HtmlError }))
        };
        let method = call.request.method().clone();
        let path = call.request.uri().path().to_owned();
        let name = vendors.name(side);
        let act = || {
            let at = kernel.timestamp() + SignedDuration::from_millis(vendors.skew(side));
            vendors.handle(side, at, kernel.running(), &call.request)
        };
        let html = || "<html><body><h1>Something went wrong</h1></body></html>";
        let answered = match &trouble {
            None | Some(Mishap::Known(Trouble::CutBody)) => Ok(act()),
            Some(Mishap::Swallowed) => Err(NoAnswer::Unanswered("timed out".into())),
            Some(Mishap::Known(Trouble::NeverSent)) => Err(NoAnswer::NotSent("connection refused".into())),
            Some(Mishap::Known(Trouble::AnswerLost)) => {
                drop(act());
                Err(NoAnswer::Unanswered("timed out".into()))
            }
            Some(Mishap::Known(Trouble::HtmlError)) => Ok(answer(503, "text/html", html())),
            Some(Mishap::Known(Trouble::HtmlErrorAfterCommit)) => {
                drop(act());
                Ok(answer(502, "text/html", html()))
            }
            Some(Mishap::Known(Trouble::HtmlInsteadOfJson)) => Ok(answer(200, "text/html", html())),
            Some(Mishap::Known(Trouble::EmptyBody)) => Ok(answer(200, "application/json", "")),
            Some(Mishap::Known(Trouble::Instead(status, body))) => Ok(answer(*status, "application/json", body.clone())),
        };
        let answered = answered.map(|mut response| {
            if trouble == Some(Mishap::Known(Trouble::CutBody)) {
                let half = response.body().len() / 2;
                let cut = response.body().slice(..half);
                *response.body_mut() = cut;
            }
            response
        });
        kernel.note(|| {
            let what = match (&trouble, &answered) {
                (None, Ok(response)) => response.status().as_u16().to_string(),
                (Some(trouble), _) => words(trouble).to_owned(),
                (None, Err(_)) => "no answer".to_owned(),
            };
            format!("{name}: {method} {path} -> {what}")
        });
        let back = match &answered {
            Err(NoAnswer::Unanswered(_)) => TIMEOUT,
            Ok(_) | Err(_) => kernel.between(5, 60),
        };
        // The way back: who dies here does not know what the vendor did.
        kernel.effect(back).await;
        if let Ok(response) = &answered {
            vendors.answered(side, kernel.running(), response);
        }
        answered
    }
}

fn words(mishap: &Mishap) -> &'static str {
    match mishap {
        Mishap::Swallowed => "never arrives, no answer",
        Mishap::Known(Trouble::NeverSent) => "connection refused",
        Mishap::Known(Trouble::AnswerLost) => "it acted, the answer is lost",
        Mishap::Known(Trouble::HtmlError) => "503 as a page",
        Mishap::Known(Trouble::HtmlErrorAfterCommit) => "it acted, 502 as a page",
        Mishap::Known(Trouble::HtmlInsteadOfJson) => "200 as a page, nothing done",
        Mishap::Known(Trouble::EmptyBody) => "200 without a body, nothing done",
        Mishap::Known(Trouble::CutBody) => "it acted, the body is cut",
        Mishap::Known(Trouble::Instead(..)) => "another answer instead",
    }
}
