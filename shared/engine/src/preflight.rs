//! Before a sync runs: whose accounts are these, what may we do there, and which fields do their objects have? Real, harmless calls.

use std::collections::BTreeSet;

use serde::Serialize;
use syncline_mapping::Pair;
use syncline_model::{CallError, ConnectionName, Deadline, ObjectKind, ObjectSchema, RecordId, Side, SyncName};

use crate::directory::{self, Directory};
use crate::ports::connector::Account;
use crate::ports::directory::User;
use crate::state::{self, Stopped};
use crate::{End, Engine, EngineError, Sync};

/// What was found at both ends of a sync.
#[derive(Clone, Debug, Serialize)]
pub struct Preflight {
    pub sync: SyncName,
    pub ends: Pair<EndCheck>,
    /// Who is who on the two sides; `None` where nothing is mapped as an owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owners: Option<OwnersCheck>,
}

/// The users of both sides, held against each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnersCheck {
    /// Active users who are known on the other side too.
    pub known: usize,
    /// By side: active users of a side that owners come from, with nobody active of the same email on the other.
    pub unknown: Pair<Vec<UserView>>,
    /// What will not work as it stands, a sentence each, with what to do.
    pub problems: Vec<String>,
}

/// A user, for the person who runs the preflight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserView {
    pub id: RecordId,
    pub email: Option<String>,
}

/// What was found at one end.
#[derive(Clone, Debug, Serialize)]
pub struct EndCheck {
    pub connection: ConnectionName,
    pub system: &'static str,
    /// The account that the credentials open; `None` where the call failed.
    pub account: Option<Account>,
    /// Why the account could not be asked.
    pub trouble: Option<Trouble>,
    /// Set where the engine has stopped the connection.
    pub stopped: Option<Stopped>,
    pub objects: Vec<ObjectCheck>,
}

/// One object of a mapping, as the vendor describes it.
#[derive(Clone, Debug, Serialize)]
pub struct ObjectCheck {
    pub kind: ObjectKind,
    #[serde(skip)]
    pub schema: Option<ObjectSchema>,
    /// How many fields the connected user sees.
    pub fields: usize,
    pub trouble: Option<Trouble>,
    /// What can and cannot be had of it, where that is less than all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A call that failed, as what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// The fault's stable name.
    pub code: &'static str,
    pub says: String,
}

impl From<CallError> for Trouble {
    fn from(error: CallError) -> Self {
        Self { code: error.fault.code(), says: error.to_string() }
    }
}

impl Preflight {
    /// Whether both accounts answered, without problems, and all their objects were described.
    pub fn is_clean(&self) -> bool {
        let owners = self.owners.as_ref().is_none_or(|owners| owners.problems.is_empty());
        owners && [Side::Left, Side::Right].into_iter().all(|side| self.ends.of(side).is_clean())
    }

    /// The schemas that were read, by connection and object.
    pub fn schemas(&self) -> impl Iterator<Item = (ConnectionName, &ObjectSchema)> {
        [&self.ends.left, &self.ends.right]
            .into_iter()
            .flat_map(|end| end.objects.iter().filter_map(|object| Some((end.connection.clone(), object.schema.as_ref()?))))
    }
}

impl EndCheck {
    fn is_clean(&self) -> bool {
        self.stopped.is_none()
            && self.account.as_ref().is_some_and(|account| account.problems.is_empty())
            && self.objects.iter().all(|object| object.trouble.is_none())
    }
}

/// Asks both ends. A failed call is part of the answer; only the store's failing is an error.
pub async fn preflight(engine: &Engine, sync: &Sync, by: Deadline) -> Result<Preflight, EngineError> {
    let left = check(engine, sync, Side::Left, by).await?;
    let right = check(engine, sync, Side::Right, by).await?;
    let answered = left.account.is_some() && right.account.is_some();
    let owners = if answered { owners(engine, sync, by).await } else { None };
    Ok(Preflight { sync: sync.name.clone(), ends: Pair::new(left, right), owners })
}

async fn owners(engine: &Engine, sync: &Sync, by: Deadline) -> Option<OwnersCheck> {
    let sources = directory::sources(sync);
    if !sources.left && !sources.right {
        return None;
    }
    let mut check = OwnersCheck { known: 0, unknown: Pair::default(), problems: Vec::new() };
    let mut read: Pair<Option<Directory>> = Pair::default();
    for side in [Side::Left, Side::Right] {
        let end = sync.ends.of(side);
        match directory::read(engine, end, by).await {
            Ok(directory) => *read.of_mut(side) = Some(directory),
            Err(error) => check.problems.push(format!("the users of {} could not be listed: {error}", end.connection)),
        }
    }
    let (Some(left), Some(right)) = (&read.left, &read.right) else { return Some(check) };
    if !left.is_supported() && !right.is_supported() {
        let (left, right) = (&sync.ends.left.connection, &sync.ends.right.connection);
        check.problems.push(format!("neither {left} nor {right} lists users: there are no owners to map, so map the two as texts"));
        return Some(check);
    }
    for side in [Side::Left, Side::Right].into_iter().filter(|side| *sources.of(*side)) {
        let (own, other) = side.of((left, right), (right, left));
        let active: Vec<&User> = own.users().filter(|user| user.active).collect();
        let lost = active.iter().filter(|user| other.same_person(own, &user.id).is_none());
        *check.unknown.of_mut(side) = lost.map(|user| UserView { id: user.id.clone(), email: user.email.clone() }).collect();
        check.known = check.known.max(active.len() - check.unknown.of(side).len());
    }
    for (side, directory) in [(Side::Left, left), (Side::Right, right)] {
        let fields = sync.mappings.iter().flat_map(|mapping| &mapping.fields);
        let names: BTreeSet<&str> = fields.filter_map(|field| field.lens.of(side).fallback()).collect();
        for name in names.into_iter().filter(|name| directory.named(name).is_none()) {
            let connection = &sync.ends.of(side).connection;
            check.problems.push(format!("{connection} has no active user {name}, who is to stand in: name another under `fallback`"));
        }
    }
    Some(check)
}

async fn check(engine: &Engine, sync: &Sync, side: Side, by: Deadline) -> Result<EndCheck, EngineError> {
    let End { connection, connector } = sync.ends.of(side);
    let mut check = EndCheck {
        connection: connection.clone(),
        system: connector.descriptor().system,
        account: None,
        trouble: None,
        stopped: state::stopped(engine, connection).await?,
        objects: Vec::new(),
    };
    match connector.account(by).await {
        Ok(account) => check.account = Some(account),
        Err(error) => {
            // Without an account, each describe would fail in the same way.
            check.trouble = Some(error.into());
            return Ok(check);
        }
    }
    for mapping in &sync.mappings {
        let kind = mapping.kind.of(side);
        if check.objects.iter().any(|object| object.kind == *kind) {
            continue;
        }
        let note = sync.is_feed_only(mapping, side).then(|| {
            let title = connector.descriptor().title;
            format!("{title} gives no list of them: they come as its feed tells of them, and what it no longer tells at the first reading does not")
        });
        check.objects.push(match connector.describe(kind, by).await {
            Ok(schema) => ObjectCheck { kind: kind.clone(), fields: schema.fields.len(), schema: Some(schema), trouble: None, note },
            Err(error) => ObjectCheck { kind: kind.clone(), fields: 0, schema: None, trouble: Some(error.into()), note },
        });
    }
    Ok(check)
}
