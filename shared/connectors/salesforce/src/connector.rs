//! The connector: the engine's questions, each answered by the module that knows how.

use async_trait::async_trait;
use syncline_engine::ports::connector::Cursor;
use syncline_engine::ports::connector::{
    Account, Connector, Descriptor, FieldWish, FindKey, From, Member, Outcome, Page, RelatedQuery, Rights, Selection, Sought, WriteAction,
};
use syncline_engine::ports::directory::UserPage;
use syncline_engine::ports::sign_in::Revoked;
use syncline_engine::ports::webhook::Webhooks;
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{CallError, Deadline, Fault, ObjectKind, ObjectSchema, Record, RecordId};

use crate::calls;
use crate::client::{Client, Failure, is_stale_schema};
use crate::cursor::{Body, Listing};
use crate::faults;
use crate::id;
use crate::webhook::OutboundMessages;
use crate::wire::QueryAnswer;
use crate::{DESCRIPTOR, directory, provision, read, write};

/// One Salesforce organisation.
pub(crate) struct Salesforce {
    pub(crate) client: Client,
    pub(crate) webhooks: OutboundMessages,
}

/// Runs a read; when the vendor says that a field which describe knew is gone, describes anew and runs it once more.
macro_rules! with_fresh_schema {
    ($client:expr, $read:expr) => {
        match $read.await {
            Err(fault) if is_stale_schema(&fault) => {
                $client.forget();
                $read.await
            }
            other => other,
        }
    };
}

impl Salesforce {
    fn synced(kind: &ObjectKind) -> Result<(), Fault> {
        match DESCRIPTOR.object(kind.as_str()) {
            Some(_) => Ok(()),
            None => Err(Fault::Unsupported { capability: format!("sync of {kind}: it is read beside others only") }),
        }
    }

    async fn page(&self, selection: &Selection, body: Body, by: Deadline) -> Result<Page, Fault> {
        let plan = self.client.plan(selection, by).await?;
        read::page(&self.client, &plan, body, by).await
    }

    async fn who(&self, by: Deadline) -> Result<Account, Fault> {
        let request = self.client.calls.userinfo()?;
        let answer = self.client.send(calls::ACCOUNT, &request, by).await.map_err(Failure::fault)?;
        if !answer.status().is_success() {
            return Err(faults::of_answer(answer.status().as_u16(), answer.body(), &[], self.client.now()));
        }
        let node = crate::wire::Node::parse(answer.body())?;
        let organization = node.text_at("organization_id").and_then(id::canonical).ok_or_else(|| Fault::Drift {
            path: "organization_id".into(),
            expected: "id".into(),
            found: "something else".into(),
        })?;
        self.client.auth.organization.meet(&organization)?;
        let user = ["preferred_username", "email", "user_id"].iter().find_map(|key| node.text_at(key)).unwrap_or_default().to_owned();
        let mut account = Account {
            name: organization.clone(),
            id: organization,
            user,
            notes: Vec::new(),
            problems: Vec::new(),
            // An integration user has rights by object, which the notes tell.
            rights: Rights::NotTold,
            companion: None,
        };
        self.about_organization(&mut account, by).await?;
        self.about_rights(&mut account, by).await?;
        Ok(account)
    }

    async fn about_organization(&self, account: &mut Account, by: Deadline) -> Result<(), Fault> {
        let query = "SELECT Id,Name,OrganizationType,IsSandbox FROM Organization LIMIT 1";
        let request = self.client.calls.get(&self.client.calls.query_path(query, false))?;
        let answer = self.client.send(calls::ACCOUNT, &request, by).await.map_err(Failure::fault)?;
        if let Some((used, limit)) = crate::limit_info(answer.headers()) {
            account.notes.push(format!("API calls of the organisation in the last 24 hours: {used} of {limit}."));
        }
        let page = crate::wire::raw(answer.body()).ok().filter(|_| answer.status().is_success());
        let row = page.and_then(|page| QueryAnswer::read(page).ok()?.rows().next()?.ok());
        let Some(row) = row else {
            account.notes.push("The organisation's name is not visible to the integration user.".into());
            return Ok(());
        };
        if let Some(name) = row.text_at("Name") {
            name.clone_into(&mut account.name);
        }
        if let Some(edition) = row.text_at("OrganizationType") {
            let place = if row.flag("IsSandbox") { "a sandbox" } else { "production" };
            account.notes.push(format!("{edition}, {place}."));
        }
        Ok(())
    }

    async fn about_rights(&self, account: &mut Account, by: Deadline) -> Result<(), Fault> {
        for object in DESCRIPTOR.objects {
            let described = match self.client.described(object.kind, by).await {
                Ok(described) => described,
                Err(Fault::Unsupported { .. }) => {
                    account
                        .problems
                        .push(format!("{} is not visible to the integration user: give its permission set the object.", object.kind));
                    continue;
                }
                Err(other) => return Err(other),
            };
            let lacks: Vec<&str> = [(described.createable, "create"), (described.updateable, "edit"), (described.deletable, "delete")]
                .into_iter()
                .filter_map(|(has, right)| (!has).then_some(right))
                .collect();
            if !lacks.is_empty() {
                let (kind, lacks) = (object.kind, lacks.join(", "));
                account.problems.push(format!(
                    "The integration user may not {lacks} {kind} records: give its permission set the right, or sync one way."
                ));
            }
            if described.fields.contains_key("IsPersonAccount") {
                account.notes.push(format!("{} records of person accounts are left out.", object.kind));
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Connector for Salesforce {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    async fn account(&self, by: Deadline) -> Result<Account, CallError> {
        self.who(by).await.map_err(|fault| CallError::new("salesforce", "read the account", fault))
    }

    async fn describe(&self, kind: &ObjectKind, by: Deadline) -> Result<ObjectSchema, CallError> {
        let described = self.client.describe_anew(kind.as_str(), by).await.map_err(|fault| Client::error("describe", kind, fault))?;
        Ok(described.schema(kind))
    }

    async fn list_changes(&self, selection: &Selection, from: &From<'_>, by: Deadline) -> Result<Page, CallError> {
        let kind = &selection.kind;
        let read = || async {
            Self::synced(kind)?;
            let body = match from {
                From::Since(moment) => {
                    let start = read::whole_second(faults::plus(*moment, -self.client.config.lookback_s));
                    Body::new(kind, Listing::Changes, Some(start))
                }
                From::Cursor(cursor) => Body::read(cursor, kind, Listing::Changes)?,
            };
            self.page(selection, body, by).await
        };
        with_fresh_schema!(self.client, read()).map_err(|fault| Client::error("list changes of", kind, fault))
    }

    async fn scan(&self, selection: &Selection, from: Option<&Cursor>, by: Deadline) -> Result<Page, CallError> {
        let kind = &selection.kind;
        let read = || async {
            Self::synced(kind)?;
            let body = match from {
                None => Body::new(kind, Listing::Scan, None),
                Some(cursor) => Body::read(cursor, kind, Listing::Scan)?,
            };
            self.page(selection, body, by).await
        };
        with_fresh_schema!(self.client, read()).map_err(|fault| Client::error("scan", kind, fault))
    }

    async fn get(&self, selection: &Selection, ids: &[RecordId], by: Deadline) -> Result<Vec<Option<Record>>, CallError> {
        let read = || async {
            let plan = self.client.plan(selection, by).await?;
            read::by_ids(&self.client, &plan, ids, by).await
        };
        let found = with_fresh_schema!(self.client, read());
        if found == Err(Fault::Missing) && planted(Mutant::ExpiryAsGone) {
            return Ok(vec![None; ids.len()]);
        }
        found.map_err(|fault| Client::error("read", &selection.kind, fault))
    }

    async fn find(&self, selection: &Selection, keys: &[FindKey], by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        let read = || async {
            let plan = self.client.plan(selection, by).await?;
            read::by_keys(&self.client, &plan, keys, by).await
        };
        with_fresh_schema!(self.client, read()).map_err(|fault| Client::error("find", &selection.kind, fault))
    }

    /// `expected` is not compared: collections take no precondition (fact sheet §4.4). The engine reads before it plans.
    async fn write(&self, selection: &Selection, actions: &[WriteAction], by: Deadline) -> Result<Vec<Outcome>, CallError> {
        let kind = &selection.kind;
        let run = async {
            Self::synced(kind)?;
            if actions.is_empty() {
                return Ok(Vec::new());
            }
            let plan = self.client.plan(selection, by).await?;
            let mut described = self.client.described(kind.as_str(), by).await?;
            let names = actions.iter().flat_map(fields_of);
            if names.into_iter().any(|name| !name.contains('.') && !described.fields.contains_key(name)) {
                // A field made since describe was read is not to be refused.
                described = self.client.describe_anew(kind.as_str(), by).await?;
            }
            write::batch(&self.client, &plan, &described, actions, by).await
        };
        run.await.map_err(|fault| Client::error("write", kind, fault))
    }

    async fn provision(&self, wish: &FieldWish, by: Deadline) -> Result<(), CallError> {
        provision::provision(&self.client, wish, by).await.map_err(|fault| Client::error("make a field of", &wish.kind, fault))
    }

    async fn related(&self, queries: &[RelatedQuery], by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        read::related(&self.client, queries, by).await.map_err(|fault| CallError::new("salesforce", "read related records", fault))
    }

    async fn roster(&self, _also: &[Sought], _by: Deadline) -> Result<Vec<Member>, CallError> {
        let fault = Fault::Unsupported { capability: "review of an organisation's users".to_owned() };
        Err(CallError::new("salesforce", "list the team", fault))
    }

    async fn revoke(&self, by: Deadline) -> Result<Revoked, CallError> {
        self.client.auth.revoke(by).await.map_err(|fault| CallError::new("salesforce", "revoke the credentials", fault))
    }

    async fn users(&self, from: Option<&Cursor>, by: Deadline) -> Result<UserPage, CallError> {
        directory::page(&self.client, from, by).await.map_err(|fault| CallError::new("salesforce", "list users", fault))
    }

    fn web_address(&self, kind: &ObjectKind, id: &RecordId) -> Option<String> {
        let id = id::canonical(id.as_str())?;
        Some(self.client.calls.web_address(kind.as_str(), &id))
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        Some(&self.webhooks)
    }
}

fn fields_of(action: &WriteAction) -> Vec<&str> {
    match action {
        WriteAction::Create { fields, .. } | WriteAction::Update { fields, .. } => {
            fields.keys().map(syncline_model::FieldName::as_str).collect()
        }
        WriteAction::Delete { .. } | WriteAction::Restore { .. } => Vec::new(),
    }
}
