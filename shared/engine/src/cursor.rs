//! How far a change feed has been read, under a lease: one reader at a time, and a cursor that never goes back.

use serde::{Deserialize, Serialize};
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{MappingName, Side, SyncName, Timestamp};

use crate::ports::connector::Cursor;
use crate::ports::store::{Expect, Item, Key, StoreError, Write};
use crate::{Engine, EngineError, keys};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Body {
    v: u8,
    /// `None`: never read.
    cursor: Option<Cursor>,
    /// Since when the feed is read without a gap.
    #[serde(default)]
    begun: Option<Timestamp>,
    /// The listing that is under way began the feed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    first: bool,
    leased_until: Option<Timestamp>,
    /// When a listing was last read to its end.
    caught_up: Option<Timestamp>,
    /// The account has no such feed now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closed: Option<Closed>,
    /// The last gap that the vendor told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gap: Option<Gap>,
}

/// Changes that the vendor had forgotten before we came for them, where nothing but the feed tells of them: they were not carried over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Until then all was told.
    pub since: Timestamp,
    /// When we learned of it: what the vendor still kept then was told.
    pub met: Timestamp,
}

/// That a feed, which is all there is of an object, is not open to the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// Since when we know.
    pub since: Timestamp,
    /// A sentence for people on why, and what opens it.
    pub says: String,
}

const FORMAT: u8 = 1;

/// A cursor that this process alone may move, until the lease ends.
#[derive(Debug)]
pub struct Lease {
    key: Key,
    version: u64,
    until: Timestamp,
    body: Body,
}

/// A cursor as `status` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CursorStatus {
    pub started: bool,
    /// Since when the feed is read without a gap.
    pub begun: Option<Timestamp>,
    pub caught_up: Option<Timestamp>,
    pub leased_until: Option<Timestamp>,
    /// Set where the feed is not read because the account does not have it: nothing is lost of what came before, nothing comes until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
    /// Set where changes were forgotten before they were read, the last time that this was so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
}

/// Takes the lease; `None`: somebody else holds it.
pub async fn lease(
    engine: &Engine,
    sync: &SyncName,
    mapping: &MappingName,
    side: Side,
    until: Timestamp,
) -> Result<Option<Lease>, EngineError> {
    let key = keys::cursor(sync, mapping, side);
    let (version, body) = load(engine, &key).await?;
    if body.leased_until.is_some_and(|end| end > engine.now()) && !planted(Mutant::LeaseIgnored) {
        return Ok(None);
    }
    let mut lease = Lease { key, version, until, body };
    match lease.store(engine, Some(until)).await {
        Ok(()) => Ok(Some(lease)),
        Err(EngineError::Store(StoreError::Lost { .. })) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a cursor without taking it.
pub async fn status(engine: &Engine, sync: &SyncName, mapping: &MappingName, side: Side) -> Result<CursorStatus, EngineError> {
    let (_, body) = load(engine, &keys::cursor(sync, mapping, side)).await?;
    let Body { v: _, cursor, begun, first: _, leased_until, caught_up, closed, gap } = body;
    Ok(CursorStatus { started: cursor.is_some(), begun, caught_up, leased_until, closed, gap })
}

/// Lets a feed begin where a scan began, so that nothing that happened since is missed: if it was never read, or has been read only since a
/// later moment than `began`. Answers `None` once that holds; else until when somebody else reads the feed, and it is to be asked again.
pub async fn begin_at(
    engine: &Engine,
    sync: &SyncName,
    mapping: &MappingName,
    side: Side,
    cursor: Cursor,
    began: Timestamp,
) -> Result<Option<Timestamp>, EngineError> {
    let key = keys::cursor(sync, mapping, side);
    let (version, body) = load(engine, &key).await?;
    if body.cursor.is_some() && body.begun.is_some_and(|begun| begun <= began) {
        return Ok(None);
    }
    let now = engine.now();
    if let Some(until) = body.leased_until.filter(|end| *end > now && !planted(Mutant::LeaseIgnored)) {
        return Ok(Some(until));
    }
    // Going back repeats what the base knows already, and loses nothing.
    let body = Body { cursor: Some(cursor), begun: Some(began), first: false, closed: None, ..body };
    let mut lease = Lease { key, version, until: now, body };
    match lease.store(engine, None).await {
        Ok(()) => Ok(None),
        Err(EngineError::Store(StoreError::Lost { .. })) => Ok(Some(now + jiff::SignedDuration::from_secs(1))),
        Err(error) => Err(error),
    }
}

impl Lease {
    /// Where the feed was read to; `None`: it never was.
    pub fn cursor(&self) -> Option<&Cursor> {
        self.body.cursor.as_ref()
    }

    /// Moves the cursor. Only after the work it covers is durable. Fails if the lease was lost meanwhile.
    pub async fn advance(&mut self, engine: &Engine, cursor: Cursor, caught_up: bool) -> Result<(), EngineError> {
        self.move_to(engine, cursor);
        if caught_up {
            self.body.caught_up = Some(engine.now());
        }
        self.store(engine, Some(self.until)).await
    }

    /// Whether nothing but the listing that is under way was ever read, by this feed or by a backfill.
    pub fn is_first(&self) -> bool {
        self.body.cursor.is_none() || self.body.first
    }

    /// From which moment a feed begins that has no cursor yet: from the first try, where the account did not have it then.
    pub fn begins(&self, now: Timestamp) -> Timestamp {
        self.body.closed.as_ref().map_or(now, |closed| closed.since)
    }

    /// Notes that the account does not have the feed, and gives the lease back. The cursor stays: from there it goes on once there is one again.
    pub async fn close(mut self, engine: &Engine, says: String) -> Result<(), EngineError> {
        let since = self.begins(engine.now());
        self.body.closed = Some(Closed { since, says });
        self.store(engine, None).await
    }

    /// Moves the cursor and gives the lease back in one write.
    pub async fn finish(mut self, engine: &Engine, cursor: Cursor) -> Result<(), EngineError> {
        self.move_to(engine, cursor);
        self.body.first = false;
        self.body.caught_up = Some(engine.now());
        self.store(engine, None).await
    }

    /// Gives the lease back.
    pub async fn release(mut self, engine: &Engine) -> Result<(), EngineError> {
        self.store(engine, None).await
    }

    /// Keeps, with the cursor's next move, that nothing tells of some changes any more.
    pub fn note_gap(&mut self, since: Timestamp, met: Timestamp) {
        self.body.gap = Some(Gap { since, met });
    }

    fn move_to(&mut self, engine: &Engine, cursor: Cursor) {
        if self.body.cursor.is_none() {
            self.body.begun = Some(engine.now());
            self.body.first = true;
        }
        self.body.cursor = Some(cursor);
        self.body.closed = None;
    }

    async fn store(&mut self, engine: &Engine, leased_until: Option<Timestamp>) -> Result<(), EngineError> {
        self.body.v = FORMAT;
        self.body.leased_until = leased_until;
        let body = serde_json::to_string(&self.body)
            .map_err(|error| EngineError::Unreadable { what: "a cursor".into(), problem: error.to_string() })?;
        let expect = if self.version == 0 { Expect::Absent } else { Expect::Version(self.version) };
        let expect = if planted(Mutant::LeaseIgnored) { Expect::Any } else { expect };
        let item = Item { key: self.key.clone(), body, version: self.version + 1, expires: None };
        engine.store.write(vec![Write::Put { item, expect }]).await?;
        self.version += 1;
        Ok(())
    }
}

async fn load(engine: &Engine, key: &Key) -> Result<(u64, Body), EngineError> {
    match engine.store.get(std::slice::from_ref(key)).await?.pop().flatten() {
        None => Ok((0, Body::default())),
        Some(item) => {
            let broken = |problem: String| EngineError::Unreadable { what: format!("the cursor {}", key.sort), problem };
            let body: Body = serde_json::from_str(&item.body).map_err(|error| broken(error.to_string()))?;
            if body.v != FORMAT {
                return Err(broken(format!("its format is {}", body.v)));
            }
            Ok((item.version, body))
        }
    }
}
