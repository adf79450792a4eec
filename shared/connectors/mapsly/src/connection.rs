//! One account behind the connector port: records go in, and nothing comes out.

use async_trait::async_trait;
use http::Method;
use serde_json::Value as Json;
use syncline_engine::ports::connector::{
    Account, Connector, Cursor, Descriptor, FieldWish, FindKey, From, Member, Outcome, Page, RelatedQuery, Rights, Selection, Sought,
    WriteAction,
};
use syncline_engine::ports::directory::UserPage;
use syncline_engine::ports::sign_in::Revoked;
use syncline_engine::ports::vendor::Parts;
use syncline_engine::ports::webhook::Webhooks;
use syncline_model::{CallError, Deadline, Fault, ObjectKind, ObjectSchema, Record, RecordId};

use crate::client::{Ask, Client, error};
use crate::entities::{Entity, ID};
use crate::faults;
use crate::settings::Target;
use crate::writing;

pub(crate) struct Connection {
    pub(crate) target: Target,
    pub(crate) client: Client,
}

#[allow(clippy::result_large_err, reason = "the port's own error type")]
fn nothing_is_read<T>(operation: &str, capability: &str) -> Result<T, CallError> {
    Err(error(operation, Fault::Unsupported { capability: capability.to_owned() }))
}

impl Connection {
    pub(crate) fn new(target: Target, parts: Parts) -> Self {
        let client = Client::new(parts.http, parts.secrets, parts.clock, parts.connection, target.base.clone(), target.placement);
        Self { target, client }
    }

    #[allow(clippy::result_large_err, reason = "the port's own error type")]
    fn entity(&self, operation: &str, kind: &ObjectKind) -> Result<&Entity, CallError> {
        let found = self.target.entities.iter().find(|entity| entity.name == kind.as_str());
        found.ok_or_else(|| error(operation, Fault::Unsupported { capability: format!("object {kind} in the setting `entities`") }))
    }

    /// Sends no record into an object: the only question without an effect (fact sheet §2.2). That a refusal of the empty list too says that the key
    /// was taken is unverified.
    async fn probe(&self, operation: &str, entity: &Entity, by: Deadline) -> Result<(), CallError> {
        let ask = Ask { method: Method::POST, entity: entity.name.clone(), body: writing::body(&[], self.target.upsert_body) };
        let passing = |detail: &str| error(operation, Fault::Transient { detail: detail.to_owned() });
        let answer = self.client.send(&ask, by).await.map_err(|trouble| {
            if trouble.fault == Fault::Uncertain { passing("Mapsly did not answer") } else { error(operation, trouble.fault) }
        })?;
        if answer.status.is_success() {
            let is_json = serde_json::from_slice::<Json>(&answer.body).is_ok();
            return if is_json { Ok(()) } else { Err(passing("Mapsly's answer is no JSON of the API")) };
        }
        match faults::refused(answer.status, &answer.headers, &answer.body, self.client.now(), &[]) {
            Fault::Rejected { .. } => Ok(()),
            Fault::Uncertain => Err(passing(&format!("Mapsly answered {}", answer.status.as_u16()))),
            fault @ (Fault::Transient { .. }
            | Fault::RateLimited { .. }
            | Fault::AuthExpired
            | Fault::AuthRefused { .. }
            | Fault::Taken { .. }
            | Fault::Conflict
            | Fault::Missing
            | Fault::Unsupported { .. }
            | Fault::Drift { .. }) => Err(error(operation, fault)),
        }
    }
}

#[async_trait]
impl Connector for Connection {
    fn descriptor(&self) -> &'static Descriptor {
        &crate::DESCRIPTOR
    }

    /// The API names no account: the objects stand for it.
    async fn account(&self, by: Deadline) -> Result<Account, CallError> {
        let mut problems = Vec::new();
        for entity in &self.target.entities {
            match self.probe("ask for the account", entity, by).await {
                Ok(()) => {}
                Err(trouble) if matches!(trouble.fault, Fault::Drift { .. }) => {
                    problems.push(format!("Mapsly has no object {}: correct `entities`; upper and lower case matter.", entity.name));
                }
                Err(trouble) => return Err(trouble),
            }
        }
        let names: Vec<&str> = self.target.entities.iter().map(|entity| entity.name.as_str()).collect();
        let mut notes = vec![
            "Mapsly's API takes records and gives none: what is edited on the map is not seen, and is written over by the next change. \
             `syncline backfill --resend` sends every record again."
                .to_owned(),
            "Write only into objects that no connector of Mapsly's own feeds.".to_owned(),
        ];
        if let Some(placement) = self.client.placement() {
            notes.push(format!("The key is taken with `auth: {}`.", placement.name()));
        }
        Ok(Account {
            id: format!("{}/{}", self.target.base, names.join(",")),
            name: format!("Mapsly: {}", names.join(", ")),
            user: "the API key".to_owned(),
            notes,
            problems,
            rights: Rights::NotTold,
            companion: None,
        })
    }

    /// The fields are those of the settings; that the object takes records is asked for all the same.
    async fn describe(&self, kind: &ObjectKind, by: Deadline) -> Result<ObjectSchema, CallError> {
        let entity = self.entity("describe", kind)?;
        self.probe("describe", entity, by).await?;
        Ok(entity.schema())
    }

    async fn list_changes(&self, _selection: &Selection, _from: &From<'_>, _by: Deadline) -> Result<Page, CallError> {
        nothing_is_read("list changes", "list of records")
    }

    async fn scan(&self, _selection: &Selection, _from: Option<&Cursor>, _by: Deadline) -> Result<Page, CallError> {
        nothing_is_read("scan", "list of records")
    }

    async fn get(&self, _selection: &Selection, _ids: &[RecordId], _by: Deadline) -> Result<Vec<Option<Record>>, CallError> {
        nothing_is_read("get", "way to read a record")
    }

    async fn find(&self, _selection: &Selection, _keys: &[FindKey], _by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        nothing_is_read("find", "search for records")
    }

    async fn write(&self, selection: &Selection, actions: &[WriteAction], by: Deadline) -> Result<Vec<Outcome>, CallError> {
        let entity = self.entity("write", &selection.kind)?;
        self.write_all(entity, actions, by).await
    }

    /// Fields are made in Mapsly's own screens, and named in the settings.
    async fn provision(&self, wish: &FieldWish, _by: Deadline) -> Result<(), CallError> {
        let entity = self.entity("provision", &wish.kind)?;
        let name = wish.schema.name.as_str();
        if name == ID || entity.fields.iter().any(|(own, field_type)| own == name && *field_type == wish.schema.field_type) {
            return Ok(());
        }
        let capability = format!("making of {name}: make it in Mapsly, and name it in the setting `entities`");
        Err(error("provision", Fault::Unsupported { capability }))
    }

    async fn related(&self, _queries: &[RelatedQuery], _by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        nothing_is_read("read related records", "view of related records")
    }

    async fn roster(&self, _also: &[Sought], _by: Deadline) -> Result<Vec<Member>, CallError> {
        nothing_is_read("list the team", "review of an account's team")
    }

    async fn revoke(&self, _by: Deadline) -> Result<Revoked, CallError> {
        Ok(Revoked::ByHand { how: "Mapsly, Settings, API: make a new key; the old one ends with it.".to_owned() })
    }

    async fn users(&self, _from: Option<&Cursor>, _by: Deadline) -> Result<UserPage, CallError> {
        nothing_is_read("list users", "list of users")
    }

    /// No address of a record for people is documented.
    fn web_address(&self, _kind: &ObjectKind, _id: &RecordId) -> Option<String> {
        None
    }

    /// Callbacks tell of asynchronous calls only, and we make none.
    fn webhooks(&self) -> Option<&dyn Webhooks> {
        None
    }
}
