//! Webhooks as the API manages them (fact sheet §7).

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Map, Value, json};
use syncline_simulator::{Response, json as answer_json};

use crate::access::Caller;
use crate::events::{CATALOGUE, is_known};
use crate::post::{FAILURES_MAX, TRIED_S};
use crate::wire::{Query, Refusal, no_content, object, stamp};
use crate::{Aircall, Profile};

/// Of a company.
const WEBHOOKS_MAX: usize = 100;

#[derive(Clone, Debug)]
pub(crate) struct Hook {
    id: i64,
    pub(crate) webhook_id: String,
    pub(crate) url: String,
    custom_name: String,
    pub(crate) events: Vec<String>,
    active: bool,
    pub(crate) token: String,
    created_at: i64,
    /// The installation that made it.
    owner: Option<String>,
    failures: u32,
    /// When it was switched off for its failures.
    switched_off_at: Option<i64>,
}

impl Hook {
    /// `id` comes with readings alone, which also list the events in another order (recorded).
    fn shape(&self, profile: &Profile, reading: bool) -> Value {
        let mut events = self.events.clone();
        if reading {
            events.sort_by(|one, other| other.cmp(one));
        }
        let mut shape = json!({
            "webhook_id": self.webhook_id,
            "direct_link": format!("{}/v1/webhooks/{}", profile.base_url, self.webhook_id),
            "created_at": stamp(self.created_at),
            "url": self.url,
            "active": self.active,
            "custom_name": self.custom_name,
            "events": events,
            "token": self.token,
        });
        if let Some(members) = shape.as_object_mut()
            && reading
        {
            members.insert("id".to_owned(), json!(self.id));
        }
        shape
    }

    /// Events that happen long after it was switched off for its failures are lost.
    fn hears(&self, event: &str, now: i64) -> bool {
        let tried = self.switched_off_at.is_some_and(|at| now - at <= TRIED_S);
        (self.active || tried) && self.events.iter().any(|own| own == event)
    }
}

#[derive(Default)]
pub(crate) struct Hooks {
    by_id: BTreeMap<String, Hook>,
}

impl Hooks {
    pub(crate) fn listening(&self, event: &str, now: i64) -> Vec<Hook> {
        self.by_id.values().filter(|hook| hook.hears(event, now)).cloned().collect()
    }

    pub(crate) fn remove_of(&mut self, token: &str) -> Vec<Hook> {
        let (gone, kept): (Vec<Hook>, Vec<Hook>) =
            std::mem::take(&mut self.by_id).into_values().partition(|hook| hook.owner.as_deref() == Some(token));
        self.by_id = kept.into_iter().map(|hook| (hook.webhook_id.clone(), hook)).collect();
        gone
    }

    /// One success switches a webhook on again that was switched off for its failures.
    pub(crate) fn succeeded(&mut self, webhook_id: &str) {
        if let Some(hook) = self.by_id.get_mut(webhook_id) {
            hook.failures = 0;
            hook.active |= hook.switched_off_at.take().is_some();
        }
    }

    pub(crate) fn failed(&mut self, webhook_id: &str, now: i64) {
        if let Some(hook) = self.by_id.get_mut(webhook_id) {
            hook.failures += 1;
            if hook.failures >= FAILURES_MAX && hook.active {
                (hook.active, hook.switched_off_at) = (false, Some(now));
            }
        }
    }
}

/// The events of a body: none, or an empty list, is all of them.
fn events(body: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    let given: Vec<String> = match body.get("events") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list
            .iter()
            .map(|event| event.as_str().map(str::to_owned).ok_or_else(|| Refusal::invalid("events is a list of texts")))
            .collect::<Result<_, _>>()?,
        Some(_) => return Err(Refusal::invalid("events is a list of texts")),
    };
    if let Some(unknown) = given.iter().find(|event| !is_known(event)) {
        return Err(Refusal::Invalid(format!("There is no event {unknown}")));
    }
    Ok(given)
}

fn all_events() -> Vec<String> {
    CATALOGUE.iter().map(|event| (*event).to_owned()).collect()
}

/// Only https is taken; whether the certificate is valid cannot be looked at here.
fn url(body: &Map<String, Value>) -> Result<Option<String>, Refusal> {
    match body.get("url") {
        None => Ok(None),
        Some(Value::String(url)) if url.starts_with("https://") && url.len() > "https://".len() => Ok(Some(url.clone())),
        Some(_) => Err(Refusal::invalid("url is no https address")),
    }
}

impl Aircall {
    pub(crate) fn webhooks_route(
        &mut self,
        now: i64,
        method: &Method,
        rest: &[&str],
        query: &Query,
        body: &[u8],
        caller: &Caller,
    ) -> Result<Response, Refusal> {
        match (method.as_str(), rest) {
            ("GET", []) => {
                let paging = query.paging()?;
                let mut hooks: Vec<&Hook> = self.hooks.by_id.values().collect();
                hooks.sort_by_key(|hook| hook.id);
                let rows = hooks.into_iter().map(|hook| hook.shape(&self.profile, true)).collect();
                // This list's `meta` has no links at all (recorded).
                Ok(paging.answer("webhooks", rows, None))
            }
            ("POST", []) => self.make_hook(now, &object(body)?, caller),
            ("GET", [id]) => {
                let hook = self.hooks.by_id.get(*id).ok_or(Refusal::Missing)?;
                Ok(answer_json(200, &json!({"webhook": hook.shape(&self.profile, true)})))
            }
            ("PUT", [id]) => self.change_hook(id, query, &object(body)?),
            ("DELETE", [id]) => self.hooks.by_id.remove(*id).map(|_| no_content()).ok_or(Refusal::Missing),
            (_, [] | [_]) => Err(Refusal::NotAllowed),
            (_, _) => Err(Refusal::Missing),
        }
    }

    fn make_hook(&mut self, now: i64, body: &Map<String, Value>, caller: &Caller) -> Result<Response, Refusal> {
        let url = url(body)?.ok_or_else(|| Refusal::invalid("url is missing"))?;
        let given = events(body)?;
        if self.hooks.by_id.len() >= WEBHOOKS_MAX {
            return Err(Refusal::invalid("The company has 100 webhooks already"));
        }
        let owner = match caller {
            Caller::Key => None,
            Caller::Application { token } => Some(token.clone()),
        };
        let hook = Hook {
            id: self.ids.hook(),
            webhook_id: self.ids.uuid(),
            url,
            custom_name: body.get("custom_name").and_then(Value::as_str).unwrap_or("Webhook").to_owned(),
            events: if given.is_empty() { all_events() } else { given },
            active: true,
            token: self.ids.token(),
            created_at: now,
            owner,
            failures: 0,
            switched_off_at: None,
        };
        let shape = hook.shape(&self.profile, false);
        self.hooks.by_id.insert(hook.webhook_id.clone(), hook);
        Ok(answer_json(self.profile.webhook_created_status, &json!({ "webhook": shape })))
    }

    /// Without `events` it is subscribed to everything, also where only `active` is sent. The token stays.
    fn change_hook(&mut self, id: &str, query: &Query, body: &Map<String, Value>) -> Result<Response, Refusal> {
        let new_url = url(body)?;
        let given = events(body)?;
        let action = query.get("events_action");
        let hook = self.hooks.by_id.get_mut(id).ok_or(Refusal::Missing)?;
        match action {
            Some("add") => hook.events.extend(given.into_iter().filter(|event| !hook.events.contains(event)).collect::<Vec<_>>()),
            Some("remove") => hook.events.retain(|event| !given.contains(event)),
            Some(_) => return Err(Refusal::invalid("events_action is add or remove")),
            None => hook.events = if given.is_empty() { all_events() } else { given },
        }
        if let Some(url) = new_url {
            hook.url = url;
        }
        if let Some(name) = body.get("custom_name").and_then(Value::as_str) {
            name.clone_into(&mut hook.custom_name);
        }
        if let Some(active) = body.get("active").and_then(Value::as_bool) {
            (hook.active, hook.failures, hook.switched_off_at) = (active, 0, None);
        }
        Ok(answer_json(200, &json!({"webhook": hook.shape(&self.profile, true)})))
    }
}
