//! The administration of webhooks (fact sheet §7.1).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};
use syncline_simulator::Response;

use crate::Support;
use crate::delivery::{Breaker, Invocation};
use crate::paging::{Part, cut};
use crate::routes::Ask;
use crate::wire::{Answer, Refusal, empty, encode, fine_stamp, object, wrapped};

/// What test calls are signed with before a webhook is there (fact sheet §7.2: documented).
pub(crate) const TEST_SECRET: &str = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==";

/// One webhook.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) id: String,
    pub(crate) endpoint: String,
    pub(crate) active: bool,
    pub(crate) subscriptions: Vec<String>,
    pub(crate) secret: String,
    pub(crate) breaker: Breaker,
    /// Oldest first.
    pub(crate) invocations: Vec<Invocation>,
    /// What else was written, and is answered.
    members: Map<String, Json>,
}

impl Webhook {
    fn shape(&self) -> Json {
        let mut members = self.members.clone();
        // Bearer tokens and keys are not told again; names and passwords were, in 2023.
        if let Some(authentication) = members.get_mut("authentication").and_then(Json::as_object_mut)
            && authentication.get("type").and_then(Json::as_str) != Some("basic_auth")
        {
            authentication.remove("data");
        }
        members.insert("id".to_owned(), json!(self.id));
        members.insert("endpoint".to_owned(), json!(self.endpoint));
        members.insert("status".to_owned(), json!(if self.active { "active" } else { "inactive" }));
        members.insert("subscriptions".to_owned(), json!(self.subscriptions));
        Json::Object(members)
    }
}

/// All webhooks of the account.
#[derive(Default)]
pub(crate) struct Webhooks {
    pub(crate) by_id: BTreeMap<String, Webhook>,
    made: u64,
}

impl Webhooks {
    /// Ids sort by the time of creation, as the vendor's do.
    fn next_id(&mut self) -> String {
        self.made += 1;
        format!("01HANA{:020}", self.made)
    }

    pub(crate) fn secret_of(seed: u64, id: &str, turn: usize) -> String {
        STANDARD.encode(Sha256::digest(format!("{seed} {id} {turn}").as_bytes()))
    }
}

fn invalid(title: &'static str, detail: impl Into<String>) -> Refusal {
    Refusal::listed(400, "InvalidWebhook", title, detail)
}

impl Support {
    /// `/api/v2/webhooks/…`: administrators only.
    pub(crate) fn webhooks_route(&mut self, rest: &[&str], ask: &Ask<'_>) -> Answer {
        self.only_admins(ask)?;
        match (ask.method.as_str(), rest) {
            ("GET", []) => self.list_webhooks(ask),
            ("POST", []) => self.create_webhook(ask),
            ("POST", ["test"]) => Ok(self.test_webhook(ask)),
            ("GET", [id]) => Ok(encode(200, &json!({"webhook": self.webhook(id)?.shape()}))),
            ("PUT", [id]) => self.write_webhook(ask, id, false),
            ("PATCH", [id]) => self.write_webhook(ask, id, true),
            ("DELETE", [id]) => {
                let known = self.webhook(id)?.id.clone();
                self.webhooks.by_id.remove(&known);
                Ok(empty(204))
            }
            ("GET", [id, "signing_secret"]) => Ok(secret_shape(&self.webhook(id)?.secret)),
            ("POST", [id, "signing_secret"]) => {
                let webhook = self.webhook(id)?;
                let secret = Webhooks::secret_of(self.profile.seed, &format!("{} {}", webhook.id, webhook.secret), 1);
                let id = webhook.id.clone();
                if let Some(webhook) = self.webhooks.by_id.get_mut(&id) {
                    webhook.secret.clone_from(&secret);
                }
                Ok(secret_shape(&secret))
            }
            ("GET", [id, "invocations"]) => self.invocations(ask, id),
            ("GET", [id, "invocations", invocation, "attempts"]) => self.attempts(id, invocation),
            _ => Err(Refusal::InvalidEndpoint),
        }
    }

    fn webhook(&self, id: &str) -> Result<&Webhook, Refusal> {
        self.webhooks.by_id.get(id).ok_or_else(|| Refusal::listed(404, "WebhookNotFound", "Webhook not found", "There is no such webhook"))
    }

    fn list_webhooks(&self, ask: &Ask<'_>) -> Answer {
        let name = ask.query.get("filter[name_contains]").unwrap_or_default().to_lowercase();
        let named =
            |webhook: &&Webhook| webhook.members.get("name").and_then(Json::as_str).is_some_and(|own| own.to_lowercase().contains(&name));
        let rows: Vec<&Webhook> = self.webhooks.by_id.values().filter(named).collect();
        let keys: Vec<String> = rows.iter().map(|webhook| webhook.id.clone()).collect();
        let cut = cut(&by_cursor(Part::read(&ask.query)?), &keys, &self.link("webhooks"), &ask.query);
        let shapes: Vec<Json> = rows.iter().take(cut.to).skip(cut.from).map(|webhook| webhook.shape()).collect();
        let mut body = cut.around;
        body.insert("webhooks".to_owned(), json!(shapes));
        Ok(encode(200, &Json::Object(body)))
    }

    fn create_webhook(&mut self, ask: &Ask<'_>) -> Answer {
        let members = match ask.query.get("clone_webhook_id") {
            Some(id) => {
                let mut members = self.webhook(id)?.shape().as_object().cloned().unwrap_or_default();
                members.retain(|name, _| {
                    !["id", "created_at", "created_by", "updated_at", "updated_by", "signing_secret"].contains(&name.as_str())
                });
                members
            }
            None => wrapped(ask.body, "webhook")?,
        };
        if self.profile.trial && self.webhooks.by_id.len() >= 10 {
            return Err(invalid("Too many webhooks", "A trial account has at most 10 webhooks"));
        }
        let id = self.webhooks.next_id();
        let mut webhook = Webhook {
            secret: Webhooks::secret_of(self.profile.seed, &id, 0),
            id: id.clone(),
            endpoint: String::new(),
            active: true,
            subscriptions: Vec::new(),
            breaker: Breaker::default(),
            invocations: Vec::new(),
            members: Map::new(),
        };
        take_in(&mut webhook, members, true)?;
        let by = ask.session.as_ref().map(|session| session.user.to_string());
        webhook.members.insert("created_at".to_owned(), json!(fine_stamp(ask.now)));
        webhook.members.insert("created_by".to_owned(), json!(by));
        let shape = webhook.shape();
        self.webhooks.by_id.insert(id, webhook);
        Ok(encode(201, &json!({ "webhook": shape })))
    }

    fn write_webhook(&mut self, ask: &Ask<'_>, id: &str, partly: bool) -> Answer {
        let members = wrapped(ask.body, "webhook")?;
        let mut webhook = self.webhook(id)?.clone();
        let connects = |subscriptions: &[String]| subscriptions.iter().any(|one| one == "conditional_ticket_events");
        let before = connects(&webhook.subscriptions);
        take_in(&mut webhook, members, !partly)?;
        if connects(&webhook.subscriptions) != before {
            return Err(invalid("Subscriptions cannot change", "The connection method of an existing webhook cannot be changed"));
        }
        let by = ask.session.as_ref().map(|session| session.user.to_string());
        webhook.members.insert("updated_at".to_owned(), json!(fine_stamp(ask.now)));
        webhook.members.insert("updated_by".to_owned(), json!(by));
        self.webhooks.by_id.insert(webhook.id.clone(), webhook);
        Ok(empty(204))
    }

    /// Nothing is sent: the answer is what a receiver that says 200 gives.
    fn test_webhook(&self, ask: &Ask<'_>) -> Response {
        let named = ask.query.get("webhook_id").and_then(|id| self.webhooks.by_id.get(id)).map(|webhook| webhook.secret.as_str());
        let payload = object(ask.body).ok().and_then(|body| body.get("request").and_then(|request| request.get("payload").cloned()));
        let signed = crate::delivery::signature(
            named.unwrap_or(TEST_SECRET),
            &crate::wire::stamp(ask.now),
            payload.as_ref().and_then(Json::as_str).unwrap_or_default(),
        );
        encode(
            200,
            &json!({"response": {
                "headers": [{"key": "Content-Type", "value": "application/json"}, {"key": "X-Echoed-Signature", "value": signed}],
                "status_code": 200, "payload": "{}"
            }}),
        )
    }

    /// Newest first.
    fn invocations(&self, ask: &Ask<'_>, id: &str) -> Answer {
        let webhook = self.webhook(id)?;
        let rows: Vec<&Invocation> = webhook.invocations.iter().rev().collect();
        let keys: Vec<String> = (0..rows.len()).map(|place| format!("{place:08}")).collect();
        let link = self.link(&format!("webhooks/{}/invocations", webhook.id));
        let cut = cut(&by_cursor(Part::read(&ask.query)?), &keys, &link, &ask.query);
        let shapes: Vec<Json> = rows.iter().take(cut.to).skip(cut.from).map(|invocation| invocation.shape(&webhook.id)).collect();
        let mut body = cut.around;
        body.insert("invocations".to_owned(), json!(shapes));
        Ok(encode(200, &Json::Object(body)))
    }

    fn attempts(&self, id: &str, invocation: &str) -> Answer {
        let webhook = self.webhook(id)?;
        let found = webhook.invocations.iter().find(|known| known.id == invocation).ok_or(Refusal::RecordNotFound)?;
        Ok(encode(200, &json!({"attempts": found.attempts(&webhook.id)})))
    }
}

/// These lists have no page numbers.
fn by_cursor(part: Part) -> Part {
    match part {
        Part::Page { rows, .. } => Part::Cursor { rows, after: None, before: None },
        part @ Part::Cursor { .. } => part,
    }
}

fn secret_shape(secret: &str) -> Response {
    encode(200, &json!({"signing_secret": {"secret": secret, "algorithm": "SHA256"}}))
}

/// Takes what a write carries into a webhook. `whole`: what it leaves out is missing.
fn take_in(webhook: &mut Webhook, members: Map<String, Json>, whole: bool) -> Result<(), Refusal> {
    for name in ["name", "endpoint", "http_method", "request_format", "status"] {
        if whole && members.get(name).and_then(Json::as_str).is_none_or(str::is_empty) {
            return Err(invalid("A member is missing", format!("{name} is required")));
        }
    }
    for (name, value) in members {
        let text = value.as_str().unwrap_or_default();
        match name.as_str() {
            "endpoint" if !text.starts_with("https://") => {
                return Err(invalid("Invalid endpoint", "endpoint must be an https address"));
            }
            "endpoint" => text.clone_into(&mut webhook.endpoint),
            "status" => webhook.active = text == "active",
            "subscriptions" => {
                let all = value.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned);
                webhook.subscriptions = all.collect();
            }
            "id" | "signing_secret" => {}
            _ => {
                webhook.members.insert(name, value);
            }
        }
    }
    let is = |name: &str, wanted: &str| webhook.members.get(name).and_then(Json::as_str) == Some(wanted);
    let by_events = webhook.subscriptions.iter().any(|one| one != "conditional_ticket_events");
    if by_events && !(is("http_method", "POST") && is("request_format", "json")) {
        return Err(invalid("Invalid webhook", "Webhooks that are subscribed to events must use POST and json"));
    }
    Ok(())
}
