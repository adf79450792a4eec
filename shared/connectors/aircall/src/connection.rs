//! One company's account behind the connector port.

use async_trait::async_trait;
use serde_json::Value as Json;
use subtle::ConstantTimeEq;
use syncline_engine::ports::connector::{
    Account, Connector, Cursor, Descriptor, FieldWish, FindKey, From, Member, Outcome, Page, RelatedQuery, Rights, Selection, Sought,
    WriteAction,
};
use syncline_engine::ports::directory::UserPage;
use syncline_engine::ports::sign_in::Revoked;
use syncline_engine::ports::vendor::Parts;
use syncline_engine::ports::webhook::Webhooks;
use syncline_model::{CallError, Deadline, Fault, ObjectKind, ObjectSchema, Record, RecordId, Secret};

use crate::calls;
use crate::client::{Client, error};
use crate::cursor::{Listing, Place};
use crate::fields::{self, USER};
use crate::listing::selected;
use crate::settings::Target;
use crate::webhook::Events;
use crate::wire::{Listed, drift, is_id, json, one};

/// Pages of webhooks that are read: a company has at most a hundred (fact sheet §7).
const WEBHOOK_PAGES_MAX: u32 = 3;

pub(crate) struct Connection {
    pub(crate) target: Target,
    pub(crate) client: Client,
    hooks: Events,
}

impl Connection {
    pub(crate) fn new(target: Target, parts: Parts) -> Self {
        let client = Client::new(parts.http, parts.secrets, parts.clock, parts.connection, target.base.clone());
        Self { target, client, hooks: Events }
    }

    /// The user as they are now; `None` where the vendor has none of this id. A text that is no number is none: the vendor would take it
    /// for an e-mail address.
    pub(crate) async fn view(&self, id: &RecordId, by: Deadline) -> Result<Option<Record>, CallError> {
        if !is_id(id.as_str()) {
            return Ok(None);
        }
        let ask = calls::user(id);
        let body = match self.client.send(&ask, &[], by).await {
            Ok(body) => body,
            Err(trouble) if trouble.error.fault == Fault::Missing => return Ok(None),
            Err(trouble) => return Err(trouble.into()),
        };
        let user = one(&body).map_err(|fault| error(ask.operation, fault))?;
        if user.id != *id {
            return Err(error(ask.operation, drift("id", "the id that was asked for", "another id")));
        }
        Ok(Some(user))
    }

    /// What is known of the webhook whose token we hold: one that Aircall has switched off sends nothing until it is switched on again (fact
    /// sheet §8). That the webhooks cannot be read is no obstacle to a sync.
    async fn webhook_notes(&self, account: &mut Account, by: Deadline) -> Result<(), CallError> {
        let bundle = self.client.secrets().await.map_err(|fault| error("read the secret", fault))?;
        let Some(token) = bundle.get("webhook_token").filter(|token| !token.expose().is_empty()) else {
            account.notes.push("No webhook token is stored: changes are found by the schedule alone.".to_owned());
            return Ok(());
        };
        for page in 1..=WEBHOOK_PAGES_MAX {
            let ask = calls::webhooks(page);
            let body = match self.client.send(&ask, &[], by).await {
                Ok(body) => body,
                Err(trouble) if matches!(trouble.error.fault, Fault::AuthRefused { .. } | Fault::Missing) => {
                    account
                        .notes
                        .push("These credentials may not read the webhooks, so whether ours is switched on is not known.".to_owned());
                    return Ok(());
                }
                Err(trouble) => return Err(trouble.into()),
            };
            let listed = Listed::read("webhooks", &body).map_err(|fault| error(ask.operation, fault))?;
            if let Some(ours) = listed.rows.iter().find(|row| is_ours(row, token)) {
                judge(ours, account);
                return Ok(());
            }
            if !listed.has_next(page, calls::PAGE_RECORDS_MAX) {
                break;
            }
        }
        account.notes.push("No webhook of the company has the stored token: changes are found by the schedule until one has.".to_owned());
        Ok(())
    }
}

fn is_ours(webhook: &Json, token: &Secret) -> bool {
    let theirs = webhook.get("token").and_then(Json::as_str);
    theirs.is_some_and(|theirs| bool::from(theirs.as_bytes().ct_eq(token.expose().as_bytes())))
}

fn judge(webhook: &Json, account: &mut Account) {
    if webhook.get("active").and_then(Json::as_bool) == Some(false) {
        account.problems.push(
            "Aircall has switched our webhook off after too many failures: send PUT /v1/webhooks/<its id> with {\"active\": true, \"events\": […]}."
                .to_owned(),
        );
    }
    let events: Vec<&str> = webhook.get("events").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
    let hears = |name: &str| events.iter().any(|event| event.trim_end_matches(".v2") == name);
    let hears_all = ["user.opened", "user.closed"].into_iter().all(hears);
    if !events.is_empty() && !hears_all {
        account
            .notes
            .push("Our webhook does not send user.opened.v2 and user.closed.v2: some changes are found by the schedule alone.".to_owned());
    }
}

/// Only one object can be synced.
#[allow(clippy::result_large_err, reason = "the port's own error type")]
fn only_users(operation: &str, kind: &ObjectKind) -> Result<(), CallError> {
    if kind.as_str() == USER { Ok(()) } else { Err(error(operation, Fault::Unsupported { capability: format!("synced object {kind}") })) }
}

#[async_trait]
impl Connector for Connection {
    fn descriptor(&self) -> &'static Descriptor {
        &crate::DESCRIPTOR
    }

    /// The API tells no id of a company: its name stands for it.
    async fn account(&self, by: Deadline) -> Result<Account, CallError> {
        let ask = calls::company();
        let body = self.client.send(&ask, &[], by).await?;
        let body = json(&body).map_err(|fault| error(ask.operation, fault))?;
        let company = body.get("company").filter(|company| company.is_object());
        let company = company.ok_or_else(|| error(ask.operation, drift("company", "an object", "something else")))?;
        let name = company.get("name").and_then(Json::as_str).map(str::trim).filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| error(ask.operation, drift("company.name", "a text", "something else")))?;
        let mut account = Account {
            id: name.to_owned(),
            name: name.to_owned(),
            user: "the company's API key or app".to_owned(),
            notes: vec![format!("{} calls a minute are counted on, for all keys and apps of the company.", self.target.calls_per_minute)],
            problems: Vec::new(),
            rights: Rights::NotTold,
            companion: None,
        };
        if let Some(users) = company.get("users_count").and_then(Json::as_u64) {
            account.notes.push(format!(
                "The company has {users} users; all are read at each run of the schedule, {} a call.",
                calls::PAGE_RECORDS_MAX
            ));
        }
        self.webhook_notes(&mut account, by).await?;
        Ok(account)
    }

    /// The vendor has no metadata; that users can be read is asked for all the same.
    async fn describe(&self, kind: &ObjectKind, by: Deadline) -> Result<ObjectSchema, CallError> {
        only_users("describe", kind)?;
        let ask = calls::users(1, 1);
        let body = self.client.send(&ask, &[], by).await?;
        Listed::read("users", &body).map_err(|fault| error("describe", fault))?;
        Ok(fields::schema())
    }

    async fn list_changes(&self, selection: &Selection, from: &From<'_>, by: Deadline) -> Result<Page, CallError> {
        only_users("list changes", &selection.kind)?;
        let place = match from {
            From::Since(_) => Place::beginning(Listing::Changes),
            From::Cursor(cursor) => Place::read(cursor, Listing::Changes).map_err(|fault| error("list changes", fault))?,
        };
        self.list(selection, &place, by).await
    }

    async fn scan(&self, selection: &Selection, from: Option<&Cursor>, by: Deadline) -> Result<Page, CallError> {
        only_users("scan", &selection.kind)?;
        let place = match from {
            None => Place::beginning(Listing::Scan),
            Some(cursor) => Place::read(cursor, Listing::Scan).map_err(|fault| error("scan", fault))?,
        };
        self.list(selection, &place, by).await
    }

    async fn get(&self, selection: &Selection, ids: &[RecordId], by: Deadline) -> Result<Vec<Option<Record>>, CallError> {
        only_users("get", &selection.kind)?;
        let mut listed = self.listed(ids, by).await?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let user = match listed.remove(id) {
                Some(user) => Some(user),
                None => self.view(id, by).await?,
            };
            found.push(user.map(|user| selected(selection, user).map_err(|bad| error("read a user", bad.fault))).transpose()?);
        }
        Ok(found)
    }

    async fn find(&self, selection: &Selection, keys: &[FindKey], by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        only_users("find", &selection.kind)?;
        self.look_up(selection, keys, by).await
    }

    async fn write(&self, selection: &Selection, actions: &[WriteAction], by: Deadline) -> Result<Vec<Outcome>, CallError> {
        only_users("write", &selection.kind)?;
        let mut outcomes = Vec::with_capacity(actions.len());
        for action in actions {
            match self.write_one(selection, action, by).await {
                Ok(outcome) => outcomes.push(outcome),
                Err(unheard) if outcomes.is_empty() => return Err(unheard),
                Err(unheard) => outcomes.push(Outcome::Failed(unheard.fault)),
            }
        }
        Ok(outcomes)
    }

    async fn provision(&self, wish: &FieldWish, _by: Deadline) -> Result<(), CallError> {
        only_users("provision", &wish.kind)?;
        Err(error("provision", Fault::Unsupported { capability: "custom fields of users".to_owned() }))
    }

    async fn related(&self, _queries: &[RelatedQuery], _by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        Err(error("read related records", Fault::Unsupported { capability: "view of related records".to_owned() }))
    }

    async fn roster(&self, _also: &[Sought], _by: Deadline) -> Result<Vec<Member>, CallError> {
        Err(error("list the team", Fault::Unsupported { capability: "review of a company's team".to_owned() }))
    }

    async fn revoke(&self, _by: Deadline) -> Result<Revoked, CallError> {
        Ok(crate::signing_in::by_hand())
    }

    async fn users(&self, from: Option<&Cursor>, by: Deadline) -> Result<UserPage, CallError> {
        self.directory(from, by).await
    }

    /// No address of a user for people is documented.
    fn web_address(&self, _kind: &ObjectKind, _id: &RecordId) -> Option<String> {
        None
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        Some(&self.hooks)
    }
}
