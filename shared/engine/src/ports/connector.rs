//! One vendor account, seen as records that change over time.

use std::collections::BTreeMap;

use async_trait::async_trait;
use syncline_model::{
    CallError, Deadline, Fault, FieldName, FieldSchema, ObjectKind, ObjectSchema, Record, RecordId, Timestamp, Value, Version,
};

use super::directory::UserPage;
use super::sign_in::Revoked;
use super::webhook::Webhooks;

/// Facts about a vendor that are known without a call.
#[derive(Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// The system's name in a config.
    pub system: &'static str,
    /// The system's name for people.
    pub title: &'static str,
    pub objects: &'static [ObjectFacts],
}

/// The kind of the facts that hold for any kind: of a system whose customer names the objects, such as a database's tables. Such a system also
/// makes them, with all the fields that are mapped.
pub const ANY_KIND: &str = "*";

impl Descriptor {
    /// The facts of a kind: its own, or those of any.
    pub fn object(&self, kind: &str) -> Option<&ObjectFacts> {
        let of = |kind: &str| self.objects.iter().find(|object| object.kind == kind);
        of(kind).or_else(|| of(ANY_KIND))
    }
}

/// Facts about one object that can be synced.
#[derive(Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is an independent fact about the vendor")]
pub struct ObjectFacts {
    pub kind: &'static str,
    /// The vendor's limits on what one call carries.
    pub bounds: Bounds,
    /// Whether `list_changes` lists only what changed. Where not, the vendor has no filter by time: every listing reads all live records, and
    /// whoever asked drops what they know. For objects of which there are few.
    pub lists_changes: bool,
    /// Whether `list_changes` reports deletions; where not, only a sweep finds them.
    pub lists_deletes: bool,
    /// Whether merges are reported with the surviving record (`Presence::MergedInto`), or must be guessed from a deletion.
    pub lists_merges: bool,
    /// How long a record that was just written may stay invisible to `find`, in seconds.
    pub find_lag_s: u32,
    /// Whether a create can be repeated safely by giving `WriteAction::Create::once`.
    pub safe_create: bool,
    /// Fields that list rows do not carry, and that cost one more call a record when they are mapped.
    pub thin_fields: &'static [&'static str],
    /// Whether records are created at all through this connector, and whether they are deleted.
    pub can_create: bool,
    pub can_delete: bool,
}

impl ObjectFacts {
    /// Whether records are taken and never given back: not by id, not by key, not in a list. What the last accepted write sent, which the link's
    /// base remembers, then stands for what is there; and a write repeats the whole record.
    pub fn is_write_only(&self) -> bool {
        let Bounds { page_records_max, get_records_max, find_keys_max, write_records_max, places: _ } = self.bounds;
        write_records_max > 0 && page_records_max == 0 && get_records_max == 0 && find_keys_max == 0
    }

    /// Whether a feed of changes is all that there is: no list of the live records, and no way to ask for one. What the feed tells of a record then
    /// counts as if it had been read, a deletion too; each telling has a version, so that of two the later one is known. What the feed does not tell
    /// any more cannot be had. Where the account has no such feed, `list_changes` answers `Unsupported` with what it takes.
    pub fn is_feed_only(&self) -> bool {
        self.bounds.page_records_max > 0 && self.bounds.get_records_max == 0
    }

    /// Whether a record can be asked for by its id.
    pub fn is_read_by_id(&self) -> bool {
        self.bounds.get_records_max > 0
    }

    /// Whether records are written at all through this connector.
    pub fn takes_writes(&self) -> bool {
        self.bounds.write_records_max > 0
    }
}

/// How much fits into one call. 0: there is no such question.
#[derive(Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Records of one page of a listing.
    pub page_records_max: u32,
    /// Records read by id in one call; 1 where each costs a call.
    pub get_records_max: u32,
    /// Keys looked for in one call; 1 where each costs a call.
    pub find_keys_max: u32,
    /// Operations written in one call; 1 where each costs a call.
    pub write_records_max: u32,
    /// In how many places of its vendor records of this object lie, each with calls of its own: what is asked for at once is parted among them, so that
    /// a call's fill alone would send as many calls, each but partly filled. 1 where records lie in one.
    pub places: u32,
}

impl Bounds {
    /// How many records a connector is asked for at once.
    pub fn got_at_once(&self) -> u32 {
        self.get_records_max.max(1) * self.places
    }

    /// How many operations a connector is given at once.
    pub fn written_at_once(&self) -> u32 {
        self.write_records_max.max(1) * self.places
    }
}

/// Which fields of which object to read. The connector may read more, and answers only these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    pub kind: ObjectKind,
    pub fields: Vec<FieldName>,
}

/// How far a listing has been read. Opaque outside its connector, which writes a format number into it and refuses one it does not know.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// Where a listing begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From<'a> {
    /// Changes made since this moment of the vendor's (nothing older is asked for, but for the lookback).
    Since(Timestamp),
    /// All that the cursor has not passed.
    Cursor(&'a Cursor),
}

/// A row of a listing that could not be read. It stops only itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRecord {
    /// The record's id, where that much could be read.
    pub id: Option<RecordId>,
    /// Always `Fault::Drift` or `Fault::Rejected`.
    pub fault: Fault,
}

/// One page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub records: Vec<Result<Record, BadRecord>>,
    pub resume: Resume,
    /// Set where the vendor has forgotten changes that nothing else tells of: until this moment all was told.
    pub gap: Option<Timestamp>,
}

impl Page {
    /// A page before which nothing is missing.
    pub fn new(records: Vec<Result<Record, BadRecord>>, resume: Resume) -> Self {
        Self { records, resume, gap: None }
    }
}

/// How a listing goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resume {
    /// There is more, now.
    More(Cursor),
    /// Read to its end without a fault. For changes: the next pull starts from this cursor, which already steps back by the
    /// vendor's lookback. For a scan: `list_changes` from this cursor misses nothing that happened since the scan began.
    CaughtUp(Cursor),
}

impl Resume {
    pub fn cursor(&self) -> &Cursor {
        match self {
            Self::More(cursor) | Self::CaughtUp(cursor) => cursor,
        }
    }
}

/// Look for records whose field has this value (compared as the vendor compares).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindKey {
    pub field: FieldName,
    pub value: Value,
}

/// One operation of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteAction {
    Create {
        fields: BTreeMap<FieldName, Value>,
        /// The field of `fields` (our link field) whose value belongs to one record only: where the vendor can, the create is made
        /// through it (upsert, or a unique field that refuses a second one), so that repeating it makes no second record.
        once: Option<FieldName>,
    },
    Update {
        id: RecordId,
        /// `Null` clears; a field that is not here stays as it is.
        fields: BTreeMap<FieldName, Value>,
        /// The version that the plan was made from, for vendors that can compare and refuse with `Fault::Conflict`.
        expected: Option<Version>,
    },
    Delete {
        id: RecordId,
    },
    /// Back from the vendor's bin.
    Restore {
        id: RecordId,
    },
}

/// What became of one operation, in the order of the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Written {
        /// Of an update or a restore: another id than the operation's says that the vendor keeps the record under this one now (a lead that
        /// became a contact). The link moves there; the old id gets a note, and is not synced any more, also where a record stays under it.
        ///
        /// We may die before the move is stored, and ask for the same again. So `get` of the old id must say `Presence::MergedInto` of the
        /// new one; where the vendor cannot tell, the operation on the old id must be repeatable: it finds what it made, and answers the same.
        id: RecordId,
        /// `false` where a create through `once` found the record there already.
        created: bool,
        /// What the vendor stores now, if the same call told: the record as `get` answers it. A field of the selection that it lacks, this record
        /// does not have, and what was sent there waits until it has. `None`: ask with `get`.
        stored: Option<Record>,
    },
    Failed(Fault),
}

/// The account behind a connection, as the vendor names it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Account {
    /// The vendor's id of the account or organisation: compared after each sign-in, so that a config never meets another account.
    pub id: String,
    pub name: String,
    /// The user whose rights we have.
    pub user: String,
    /// What the connector found out about plan, rights and tolerated differences, a sentence each.
    pub notes: Vec<String>,
    /// What will not work as it stands, a sentence each, with what to do.
    pub problems: Vec<String>,
    pub rights: Rights,
    /// The account of another system that this one can be joined to, where the vendor has such a thing.
    pub companion: Option<Companion>,
}

/// What our user may do in an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rights {
    Administrator,
    /// Known to be less than an administrator.
    Lesser,
    /// No answer of the vendor's tells.
    #[default]
    NotTold,
}

/// An account of another system that belongs together with this one: who works in the one works in the other.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Companion {
    /// The system's name in a config.
    pub system: &'static str,
    /// The account there, as its connector's [`Account::id`] names it; `None`: not joined yet.
    pub account: Option<String>,
    pub help: &'static CompanionHelp,
}

/// What a person must know who joins two accounts: the vendor's rules, as sentences.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub struct CompanionHelp {
    /// Where it is seen who owns the other account, whose consent it takes.
    pub owner: &'static str,
    /// How somebody goes on who is not that owner, or whose owner lacks a licence here.
    pub not_owner: &'static str,
    /// What is accepted by joining.
    pub disclaimers: &'static [&'static str],
    /// The step that no API takes.
    pub join: &'static str,
    /// How a person who lost access through a role there gets it back.
    pub way_back: &'static str,
}

/// Who is asked after, in another account's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    /// The person's id in the account that is asked, where it is known.
    pub id: Option<RecordId>,
    pub email: Option<String>,
}

/// One person of an account, for reviewing who may do what there.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Member {
    pub id: RecordId,
    pub name: String,
    pub email: Option<String>,
    /// The vendor's word for what they are: `administrator`, `contributor`.
    pub role: String,
    pub seat: Seat,
    /// The same person's id in the companion account, where the vendor tells.
    pub companion_id: Option<RecordId>,
}

/// What a person can do in an account, as far as a review needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Seat {
    /// A full member of the team.
    Full,
    /// A member of the team without a paid licence, who sees and does little.
    Contributor,
    /// Outside the team: a customer, in a helpdesk's words.
    EndUser,
    /// Deactivated or suspended.
    Inactive,
}

/// The newest records that belong to another, for a read-only view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelatedQuery {
    pub kind: ObjectKind,
    pub fields: Vec<FieldName>,
    /// Only records whose field has this value.
    pub matching: FindKey,
    /// Newest first by these fields.
    pub newest_by: Vec<FieldName>,
    pub records_max: u32,
}

/// A field to be made at the vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldWish {
    pub kind: ObjectKind,
    pub schema: FieldSchema,
}

/// One vendor account. No method has a default: a new question makes every vendor answer.
///
/// # Contract (each line is a case that every connector passes)
/// - A listing ends, and its pages are bounded by the descriptor.
/// - A record that exists throughout a scan appears in it, even if it is edited meanwhile.
/// - Stopping at any page and starting again from `Resume` loses nothing; it may repeat.
/// - What is declared unsupported answers `Fault::Unsupported`, never an empty success.
/// - `Err` of `write` means that the vendor certainly received nothing of the batch; one record's trouble is its `Outcome`.
#[async_trait]
pub trait Connector: Send + Sync {
    fn descriptor(&self) -> &'static Descriptor;

    /// A real, harmless call: whose account is this, what may we do?
    async fn account(&self, by: Deadline) -> Result<Account, CallError>;

    /// The object's fields, in a stable order.
    async fn describe(&self, kind: &ObjectKind, by: Deadline) -> Result<ObjectSchema, CallError>;

    /// What changed: one page. Records carry every field of the selection (thin ones are fetched), except deleted and merged ones.
    async fn list_changes(&self, selection: &Selection, from: &From<'_>, by: Deadline) -> Result<Page, CallError>;

    /// Every live record: one page; `None` begins.
    async fn scan(&self, selection: &Selection, from: Option<&Cursor>, by: Deadline) -> Result<Page, CallError>;

    /// The records as they are now, in the order of the ids: deleted and merged ones say so by their presence; `None` where the
    /// vendor says that there is no such record.
    async fn get(&self, selection: &Selection, ids: &[RecordId], by: Deadline) -> Result<Vec<Option<Record>>, CallError>;

    /// Live records that carry a key, for each key: zero, one or several. Choosing is the engine's job.
    async fn find(&self, selection: &Selection, keys: &[FindKey], by: Deadline) -> Result<Vec<Vec<Record>>, CallError>;

    /// Writes at most as many operations as its bounds say, at most one per record, and answers each in its place. The selection says which fields
    /// `stored` shall have.
    async fn write(&self, selection: &Selection, actions: &[WriteAction], by: Deadline) -> Result<Vec<Outcome>, CallError>;

    /// Makes a field, and the rights to use it. Doing it twice is no error.
    async fn provision(&self, wish: &FieldWish, by: Deadline) -> Result<(), CallError>;

    /// Records that belong to others, each query's in its place, in as few calls as the vendor allows.
    async fn related(&self, queries: &[RelatedQuery], by: Deadline) -> Result<Vec<Vec<Record>>, CallError>;

    /// The people of the account's team, and of `also` those who are known there without being in the team.
    async fn roster(&self, also: &[Sought], by: Deadline) -> Result<Vec<Member>, CallError>;

    /// Gives up the credentials at the vendor. Credentials that the vendor no longer takes are `Revoked::Done`.
    async fn revoke(&self, by: Deadline) -> Result<Revoked, CallError>;

    /// The people to whom records can belong: one page; `None` begins. Everybody who stays throughout is on some page, once or more. A system whose
    /// records belong to nobody answers `Unsupported`.
    async fn users(&self, from: Option<&Cursor>, by: Deadline) -> Result<UserPage, CallError>;

    /// A link for people to a record at the vendor; `None` where there is none.
    fn web_address(&self, kind: &ObjectKind, id: &RecordId) -> Option<String>;

    /// Present only if the vendor pushes.
    fn webhooks(&self) -> Option<&dyn Webhooks>;
}
