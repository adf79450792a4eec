//! One account behind the connector port.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use syncline_engine::ports::connector::{
    Account, Connector, Cursor, Descriptor, FieldWish, FindKey, From, Member, Outcome, Page, RelatedQuery, Rights, Selection, Sought,
    WriteAction,
};
use syncline_engine::ports::directory::{User, UserPage};
use syncline_engine::ports::sign_in::Revoked;
use syncline_engine::ports::vendor::Parts;
use syncline_engine::ports::webhook::Webhooks;
use syncline_model::{CallError, Deadline, Fault, ObjectKind, ObjectSchema, Record, RecordId};

use crate::client::{Client, error};
use crate::cursor::{Listing, Place};
use crate::fields::{self, CONTACT, property};
use crate::settings::{Clearing, Target};
use crate::webhook::Rules;

pub(crate) struct Connection {
    pub(crate) target: Target,
    pub(crate) client: Client,
    hooks: Rules,
    /// The account's users, once they have been asked for.
    owners: Mutex<Option<Vec<String>>>,
}

impl Connection {
    pub(crate) fn new(target: Target, parts: Parts) -> Self {
        let client = Client::new(parts.http, parts.secrets, parts.clock, parts.connection, target.base.clone());
        Self { target, client, hooks: Rules, owners: Mutex::new(None) }
    }

    pub(crate) fn known_owners(&self) -> Option<Vec<String>> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn remember_owners(&self, owners: &[String]) {
        *self.owners.lock().unwrap_or_else(PoisonError::into_inner) = Some(owners.to_vec());
    }

    fn forget_owners(&self) {
        *self.owners.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn now_ms(&self) -> i64 {
        self.client.now().as_millisecond()
    }
}

/// Only one object can be synced.
#[allow(clippy::result_large_err, reason = "the port's own error type")]
fn only_contacts(operation: &str, kind: &ObjectKind) -> Result<(), CallError> {
    if kind.as_str() == CONTACT {
        Ok(())
    } else {
        Err(error(operation, Fault::Unsupported { capability: format!("synced object {kind}") }))
    }
}

#[async_trait]
impl Connector for Connection {
    fn descriptor(&self) -> &'static Descriptor {
        &crate::DESCRIPTOR
    }

    /// The API names no account: a mark of the client id stands for it.
    async fn account(&self, by: Deadline) -> Result<Account, CallError> {
        self.forget_owners();
        let proof = self.client.proof().await.map_err(|fault| error("read the secret", fault))?;
        let users = self.users_of_account(by).await?;
        let mut account = Account {
            id: format!("{}/{}", self.target.host, proof.account()),
            name: self.target.host.clone(),
            user: self.target.owner.clone(),
            notes: vec![format!("The account has {} users; the contacts of {} are read.", users.len(), self.owners(by).await?.len())],
            problems: Vec::new(),
            rights: Rights::NotTold,
            companion: None,
        };
        for owner in self.target.owners.iter().chain([&self.target.owner]).filter(|owner| !users.contains(owner.as_str())) {
            account.problems.push(format!("{owner} is no user of this account: correct `owner` or `owners`."));
        }
        account.notes.push(match self.target.clearing {
            Clearing::Off => {
                "Values are not taken away in SALESmanago: how it empties a field is not documented. Such changes are held; set \
                 `clearing` once you have tried it."
                    .to_owned()
            }
            Clearing::Empty => "A value is taken away by an empty text; whether it went is looked at after each write.".to_owned(),
            Clearing::Null => "A value is taken away by null; whether it went is looked at after each write.".to_owned(),
        });
        account.notes.push(
            "Deletions are found by sweeps alone. Whether an unsubscription by link counts as a change is not documented: sweeps find it too."
                .to_owned(),
        );
        Ok(account)
    }

    /// The vendor has no metadata; that the account answers is asked for all the same.
    async fn describe(&self, kind: &ObjectKind, by: Deadline) -> Result<ObjectSchema, CallError> {
        only_contacts("describe", kind)?;
        self.users_of_account(by).await?;
        Ok(fields::schema(&self.target.properties))
    }

    async fn list_changes(&self, selection: &Selection, from: &From<'_>, by: Deadline) -> Result<Page, CallError> {
        only_contacts("list changes", &selection.kind)?;
        let place = match from {
            From::Since(since) => Place::changes(since.as_millisecond()),
            From::Cursor(cursor) => Place::read(cursor, Listing::Changes).map_err(|fault| error("list changes", fault))?,
        };
        self.list(selection, &place, by).await
    }

    async fn scan(&self, selection: &Selection, from: Option<&Cursor>, by: Deadline) -> Result<Page, CallError> {
        only_contacts("scan", &selection.kind)?;
        let place = match from {
            None => Place::scan(self.now_ms()),
            Some(cursor) => Place::read(cursor, Listing::Scan).map_err(|fault| error("scan", fault))?,
        };
        self.list(selection, &place, by).await
    }

    async fn get(&self, selection: &Selection, ids: &[RecordId], by: Deadline) -> Result<Vec<Option<Record>>, CallError> {
        only_contacts("get", &selection.kind)?;
        self.get_ids(selection, ids, by).await
    }

    async fn find(&self, selection: &Selection, keys: &[FindKey], by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        only_contacts("find", &selection.kind)?;
        self.look_up(selection, keys, by).await
    }

    async fn write(&self, selection: &Selection, actions: &[WriteAction], by: Deadline) -> Result<Vec<Outcome>, CallError> {
        only_contacts("write", &selection.kind)?;
        self.write_all(selection, actions, by).await
    }

    /// A detail comes into being when it is first written; nothing has to be made. It must be named in the settings to be mapped.
    async fn provision(&self, wish: &FieldWish, _by: Deadline) -> Result<(), CallError> {
        only_contacts("provision", &wish.kind)?;
        let named = property(wish.schema.name.as_str()).is_some_and(|name| self.target.properties.iter().any(|known| known == name));
        let is_text = wish.schema.field_type == syncline_model::FieldType::Text;
        if named && is_text {
            return Ok(());
        }
        let capability =
            format!("making of {}: write the name of a contact detail, a text, into the setting `properties`", wish.schema.name);
        Err(error("provision", Fault::Unsupported { capability }))
    }

    async fn related(&self, _queries: &[RelatedQuery], _by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        Err(error("read related records", Fault::Unsupported { capability: "view of related records".to_owned() }))
    }

    async fn roster(&self, _also: &[Sought], _by: Deadline) -> Result<Vec<Member>, CallError> {
        Err(error("list the team", Fault::Unsupported { capability: "review of an account's team".to_owned() }))
    }

    async fn revoke(&self, _by: Deadline) -> Result<Revoked, CallError> {
        Ok(crate::signing_in::by_hand())
    }

    /// All in one page: the API lists the addresses of users, and nothing else of them.
    async fn users(&self, from: Option<&Cursor>, by: Deadline) -> Result<UserPage, CallError> {
        if from.is_some() {
            let found = "a cursor".to_owned();
            return Err(error("list users", Fault::Drift { path: "cursor".to_owned(), expected: "no further page".to_owned(), found }));
        }
        let users = self.users_of_account(by).await?;
        let users = users.into_iter().map(|email| User { id: RecordId::new(email.clone()), email: Some(email), active: true });
        Ok(UserPage { users: users.collect(), next: None })
    }

    /// No address of a contact for people is documented.
    fn web_address(&self, _kind: &ObjectKind, _id: &RecordId) -> Option<String> {
        None
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        Some(&self.hooks)
    }
}
