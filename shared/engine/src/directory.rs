//! Who is who among the users of two systems: people are told by their email, whatever its case. A system without users of its own, such as a
//! database, shows an owner as the email itself.
//!
//! Each connection's directory is read as a whole, seldom, and rests sealed in the store, so that a change with an owner costs no call. Who is not
//! found in it makes it be read again, but not more often than `LOOK_AGAIN` allows: a user who has just joined is known within that time.
//! An empty directory is not believed: it would give everything to the fallback users.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use syncline_mapping::{Lens, ObjectMapping, Pair, Refs};
use syncline_model::{CallError, ConnectionName, Deadline, Fault, Record, RecordId, Side, Timestamp};

use crate::ports::connector::Cursor;
use crate::ports::directory::User;
use crate::ports::store::{Expect, Item, Write};
use crate::{End, Engine, EngineError, Sync, keys};

/// How long a directory is believed.
const KEPT: SignedDuration = SignedDuration::from_hours(6);
/// How old it must be to be read again because somebody is not in it.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(30);
/// How long its items rest in the store.
const RESTS: SignedDuration = SignedDuration::from_hours(24);
/// Users of one item: some hundred kilobytes at most.
const CHUNK_USERS: usize = 1_000;
/// Pages of one reading; beyond it the listing counts as stuck.
const PAGES_MAX: usize = 1_000;

/// Everybody of one connection.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    at: Timestamp,
    users: BTreeMap<RecordId, User>,
    /// Active users by their emails in small letters. Of several with one email, the one whose id comes first.
    by_email: BTreeMap<String, RecordId>,
    /// The system has no users to whom records could belong: an owner is an email there, anybody's.
    unsupported: bool,
}

fn folded(email: &str) -> String {
    email.trim().to_lowercase()
}

impl Directory {
    fn of(at: Timestamp, users: impl IntoIterator<Item = User>) -> Self {
        let users: BTreeMap<RecordId, User> = users.into_iter().map(|user| (user.id.clone(), user)).collect();
        let mut by_email = BTreeMap::new();
        for user in users.values().filter(|user| user.active) {
            if let Some(email) = &user.email {
                by_email.entry(folded(email)).or_insert_with(|| user.id.clone());
            }
        }
        Self { at, users, by_email, unsupported: false }
    }

    /// All users, in order of their ids.
    pub(crate) fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// Whether the system has a directory at all.
    pub(crate) fn is_supported(&self) -> bool {
        !self.unsupported
    }

    /// The email of a user, active or not. An id may itself be an email, in other letters than the directory's.
    fn email(&self, id: &RecordId) -> Option<String> {
        let email = self.users.get(id).and_then(|user| user.email.as_deref()).map(folded);
        email.or_else(|| Some(folded(id.as_str())).filter(|text| text.contains('@')))
    }

    /// The active user whom a config names, by email or id.
    pub(crate) fn named(&self, name: &str) -> Option<RecordId> {
        if self.unsupported {
            return Some(RecordId::new(name));
        }
        if let Some(id) = self.by_email.get(&folded(name)) {
            return Some(id.clone());
        }
        let id = RecordId::new(name);
        self.users.get(&id).filter(|user| user.active).map(|user| user.id.clone())
    }

    /// The active user of this directory who is that one of another; where there is no directory, their email.
    pub(crate) fn same_person(&self, theirs: &Self, id: &RecordId) -> Option<RecordId> {
        let email = theirs.email(id)?;
        if self.unsupported { Some(RecordId::new(email)) } else { self.by_email.get(&email).cloned() }
    }
}

/// The owners that some records show, and whom a config names for the others.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    ids: BTreeSet<(Side, RecordId)>,
    names: BTreeSet<(Side, String)>,
}

impl Owners {
    /// Adds a record's owners.
    pub(crate) fn gather(&mut self, mapping: &ObjectMapping, side: Side, record: &Record) {
        for field in &mapping.fields {
            let lens = field.lens.of(side);
            let Lens::Owner { field: name, .. } = lens else { continue };
            let Some(raw) = record.fields.get(name) else { continue };
            if let Ok(syncline_model::Value::Reference(id)) = lens.get(std::slice::from_ref(raw)) {
                self.ids.insert((side, id));
                let fallback = field.lens.of(side.other()).fallback();
                self.names.extend(fallback.map(|name| (side.other(), name.to_owned())));
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Finds out who they are. Where a vendor does not answer: whose, and why.
    pub(crate) async fn look_up(&self, engine: &Engine, sync: &Sync, by: Deadline) -> Result<Result<Refs, (Side, CallError)>, EngineError> {
        let mut refs = Refs::default();
        if self.is_empty() {
            return Ok(Ok(refs));
        }
        let mut left = match known(engine, &sync.ends.left, KEPT, by).await? {
            Ok(directory) => directory,
            Err(error) => return Ok(Err((Side::Left, error))),
        };
        let mut right = match known(engine, &sync.ends.right, KEPT, by).await? {
            Ok(directory) => directory,
            Err(error) => return Ok(Err((Side::Right, error))),
        };
        if self.misses(&left, &right) {
            for (side, directory) in [(Side::Left, &mut left), (Side::Right, &mut right)] {
                // Who cannot be asked now was asked before: that holds until it can be asked again.
                if let Ok(newer) = known(engine, sync.ends.of(side), LOOK_AGAIN, by).await? {
                    *directory = newer;
                }
            }
        }
        for (side, id) in &self.ids {
            let (own, other) = side.of((&left, &right), (&right, &left));
            if let Some(same) = other.same_person(own, id) {
                refs.insert_user(*side, id.clone(), same);
            }
        }
        for (side, name) in &self.names {
            if let Some(id) = side.of(&left, &right).named(name) {
                refs.insert_named_user(*side, name.clone(), id);
            }
        }
        Ok(Ok(refs))
    }

    fn misses(&self, left: &Directory, right: &Directory) -> bool {
        self.ids.iter().any(|(side, id)| {
            let (own, other) = side.of((left, right), (right, left));
            other.same_person(own, id).is_none()
        })
    }
}

/// What is stored of a directory beside its chunks.
#[derive(Serialize, Deserialize)]
struct Head {
    v: u8,
    at: Timestamp,
    generation: String,
    chunks: usize,
}

#[derive(Serialize, Deserialize)]
struct Chunk {
    v: u8,
    /// A sealed list of users.
    users: String,
}

#[derive(Serialize, Deserialize)]
struct StoredUser {
    id: RecordId,
    email: Option<String>,
    active: bool,
}

const FORMAT: u8 = 1;

/// The directory as it rests, or read anew where it is older than this.
async fn known(engine: &Engine, end: &End, older: SignedDuration, by: Deadline) -> Result<Result<Directory, CallError>, EngineError> {
    match stored(engine, &end.connection).await? {
        Some(directory) if engine.now().duration_since(directory.at) < older => Ok(Ok(directory)),
        Some(_) | None => match read(engine, end, by).await {
            Ok(directory) => {
                keep(engine, &end.connection, &directory).await?;
                Ok(Ok(directory))
            }
            Err(error) => Ok(Err(error)),
        },
    }
}

/// Asks the vendor for everybody.
pub(crate) async fn read(engine: &Engine, end: &End, by: Deadline) -> Result<Directory, CallError> {
    let at = engine.now();
    let mut users: Vec<User> = Vec::new();
    let mut from: Option<Cursor> = None;
    let drift = |path: &str, expected: &str, found: &str| {
        let fault = Fault::Drift { path: path.to_owned(), expected: expected.to_owned(), found: found.to_owned() };
        CallError::new(end.connector.descriptor().system, "list users", fault)
    };
    for _ in 0..PAGES_MAX {
        let page = match end.connector.users(from.as_ref(), by).await {
            Ok(page) => page,
            Err(CallError { fault: Fault::Unsupported { .. }, .. }) => {
                return Ok(Directory { unsupported: true, ..Directory::of(at, []) });
            }
            Err(error) => return Err(error),
        };
        users.extend(page.users);
        let Some(next) = page.next else {
            let directory = Directory::of(at, users);
            if directory.by_email.is_empty() {
                return Err(drift("users", "an active user with an email", "none"));
            }
            return Ok(directory);
        };
        from = Some(next);
    }
    Err(drift("users", "an end of the list", "yet another page"))
}

async fn stored(engine: &Engine, connection: &ConnectionName) -> Result<Option<Directory>, EngineError> {
    let store = engine.store.as_ref();
    let Some(item) = store.get(&[keys::users(connection, "head")]).await?.pop().flatten() else { return Ok(None) };
    // One of another version is read anew.
    let Some(head) = serde_json::from_str::<Head>(&item.body).ok().filter(|head| head.v == FORMAT) else { return Ok(None) };
    let places: Vec<_> = (0..head.chunks).map(|chunk| keys::users(connection, &chunk_name(&head.generation, chunk))).collect();
    let mut users = Vec::new();
    for item in store.get(&places).await? {
        let Some(chunk) = item.and_then(|item| serde_json::from_str::<Chunk>(&item.body).ok()) else { return Ok(None) };
        let Ok(opened) = engine.sealer.open::<Vec<StoredUser>>("a directory", &chunk.users) else { return Ok(None) };
        users.extend(opened.into_iter().map(|user| User { id: user.id, email: user.email, active: user.active }));
    }
    Ok(Some(Directory::of(head.at, users)))
}

fn chunk_name(generation: &str, chunk: usize) -> String {
    format!("{generation}-{chunk:05}")
}

/// The chunks first, then the head that names them: whoever reads meanwhile finds the old ones whole.
async fn keep(engine: &Engine, connection: &ConnectionName, directory: &Directory) -> Result<(), EngineError> {
    if directory.unsupported {
        return Ok(());
    }
    let generation = format!("{:016x}", engine.dice.roll());
    let expires = directory.at.checked_add(RESTS).ok();
    let users: Vec<StoredUser> =
        directory.users().map(|user| StoredUser { id: user.id.clone(), email: user.email.clone(), active: user.active }).collect();
    let broken = |error: serde_json::Error| EngineError::Unreadable { what: "a directory".into(), problem: error.to_string() };
    let mut writes = Vec::new();
    for (number, chunk) in users.chunks(CHUNK_USERS).enumerate() {
        let body = Chunk { v: FORMAT, users: engine.sealer.seal(engine.dice.as_ref(), &chunk)? };
        let body = serde_json::to_string(&body).map_err(broken)?;
        let item = Item { key: keys::users(connection, &chunk_name(&generation, number)), body, version: 1, expires };
        writes.push(Write::Put { item, expect: Expect::Any });
    }
    let head = Head { v: FORMAT, at: directory.at, generation, chunks: writes.len() };
    let body = serde_json::to_string(&head).map_err(broken)?;
    for write in writes {
        engine.store.write_loose(vec![write]).await?;
    }
    let item = Item { key: keys::users(connection, "head"), body, version: 1, expires };
    Ok(engine.store.write_loose(vec![Write::Put { item, expect: Expect::Any }]).await?)
}

/// From which sides a sync's owners come.
pub(crate) fn sources(sync: &Sync) -> Pair<bool> {
    let mut sources = Pair::new(false, false);
    for field in sync.mappings.iter().flat_map(|mapping| &mapping.fields) {
        if matches!(field.lens.left, Lens::Owner { .. }) {
            sources.left |= field.flow.reaches(Side::Right);
            sources.right |= field.flow.reaches(Side::Left);
        }
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str, email: &str, active: bool) -> User {
        User { id: id.into(), email: (!email.is_empty()).then(|| email.to_owned()), active }
    }

    #[test]
    fn people_are_told_by_their_email() {
        let at = Timestamp::UNIX_EPOCH;
        let left =
            Directory::of(at, [user("1", "Ida@Nordwerk.example", true), user("2", "bo@nordwerk.example", false), user("3", "", true)]);
        let right = Directory::of(
            at,
            [
                user("b", "ida@nordwerk.EXAMPLE ", true),
                user("a", "ida@nordwerk.example", false),
                user("c", "bo@nordwerk.example", true),
                user("d", "bo@nordwerk.example", true),
            ],
        );
        let same = |id: &str| right.same_person(&left, &id.into()).map(|id| id.to_string());
        assert_eq!(same("1").as_deref(), Some("b"), "an inactive one gets nothing");
        assert_eq!(same("2").as_deref(), Some("c"), "who has left may still be somebody over there, and of two it is always the same");
        assert_eq!((same("3"), same("9")), (None, None));
        assert_eq!(same("IDA@nordwerk.example").as_deref(), Some("b"), "an id that is an email");
        assert_eq!(left.same_person(&right, &"c".into()), None, "nobody active");
        assert_eq!(right.named("Bo@nordwerk.example"), Some("c".into()));
        assert_eq!((right.named("d"), right.named("a"), right.named("x")), (Some("d".into()), None, None));
    }

    #[test]
    fn where_there_are_no_users_an_owner_is_their_email() {
        let at = Timestamp::UNIX_EPOCH;
        let users =
            Directory::of(at, [user("1", "Ida@Nordwerk.example", true), user("2", "bo@nordwerk.example", false), user("3", "", true)]);
        let emails = Directory { unsupported: true, ..Directory::of(at, []) };
        let there = |id: &str| emails.same_person(&users, &id.into()).map(|id| id.to_string());
        assert_eq!(there("1").as_deref(), Some("ida@nordwerk.example"));
        assert_eq!(there("2").as_deref(), Some("bo@nordwerk.example"), "also of who has left: it was theirs");
        assert_eq!((there("3"), there("9")), (None, None), "of whom no email is known");
        let back = |email: &str| users.same_person(&emails, &email.into()).map(|id| id.to_string());
        assert_eq!(back(" IDA@nordwerk.example").as_deref(), Some("1"));
        assert_eq!((back("bo@nordwerk.example"), back("kim@nordwerk.example"), back("Ida")), (None, None, None));
    }
}
