//! The Sync API: what a device has not acknowledged yet (fact sheet §7).

use std::collections::{BTreeMap, VecDeque};

use http::Method;
use serde_json::{Value as Json, json};

use crate::routes::Ask;
use crate::spec::{ALL, Resource};
use crate::wire::{Answer, Refusal, data, empty, encode, uuid};
use crate::{Plan, PlanRefusal, Sell};

/// At most so many sessions at once.
const SESSIONS_MAX: usize = 100;

struct Entry {
    of: &'static Resource,
    id: i64,
    event: &'static str,
    revision: i64,
}

struct Session {
    id: String,
    device: String,
    opened: i64,
    queue: VecDeque<Entry>,
}

/// What a device acknowledged: for each row the newest revision.
type Ledger = BTreeMap<(&'static str, i64), i64>;

#[derive(Default)]
pub(crate) struct Sync {
    devices: BTreeMap<String, Ledger>,
    sessions: Vec<Session>,
    /// Deleted rows, with the revision of their end.
    gone: BTreeMap<(&'static str, i64), i64>,
    opened: u32,
    fetches: u64,
}

impl Sync {
    pub(crate) fn forget(&mut self, of: &Resource, id: i64, revision: i64) {
        if let Some(of) = ALL.into_iter().find(|known| known.path == of.path && known.synced) {
            self.gone.insert((of.path, id), revision);
        }
    }
}

impl Sell {
    pub(crate) fn sync_route(&mut self, rest: &[&str], ask: &Ask<'_>) -> Answer {
        if self.plan == Plan::Team {
            return Err(match self.profile.plan_refusal {
                PlanRefusal::Envelope => Refusal::scope("The Sync API is not available in your plan."),
                PlanRefusal::Bare => Refusal::Bare(403),
            });
        }
        let device =
            ask.device.clone().ok_or_else(|| Refusal::header("invalid_header", "The header X-Basecrm-Device-UUID is required."))?;
        let lifetime = self.profile.sync_session_s;
        self.sync.sessions.retain(|session| session.opened + lifetime > ask.now);
        match (ask.method, rest) {
            (&Method::POST, ["start"]) => self.start(ask.now, &device),
            (&Method::GET, [session, "queues", "main"]) => self.fetch(ask.now, session, &device),
            (&Method::POST, ["ack"]) => self.acknowledge(ask, &device),
            _ => Err(Refusal::no_path()),
        }
    }

    fn start(&mut self, now: i64, device: &str) -> Answer {
        let nothing = Ledger::new();
        let known = self.sync.devices.get(device).unwrap_or(&nothing);
        let mut queue: Vec<Entry> = Vec::new();
        for of in ALL.into_iter().filter(|of| of.synced) {
            for row in self.tables.of(of) {
                let revision = row.revision.max(1);
                match known.get(&(of.path, row.id)) {
                    Some(acknowledged) if *acknowledged >= revision => {}
                    Some(_) => queue.push(Entry { of, id: row.id, event: "updated", revision }),
                    None => queue.push(Entry { of, id: row.id, event: "created", revision }),
                }
            }
            for ((path, id), revision) in self.sync.gone.iter().filter(|((path, _), _)| *path == of.path) {
                let told = match known.get(&(*path, *id)) {
                    Some(acknowledged) => acknowledged < revision,
                    // One that this device never saw can arrive too.
                    None => self.profile.sync_orphan_deletes && id % 2 == 0,
                };
                if told {
                    queue.push(Entry { of, id: *id, event: "deleted", revision: *revision });
                }
            }
        }
        if queue.is_empty() {
            return Ok(empty(204));
        }
        if self.sync.sessions.len() >= SESSIONS_MAX {
            let details = format!("No more than {SESSIONS_MAX} sessions at once.");
            return Err(Refusal::Request(429, "rate_limit_exceeded", "too many sessions", details));
        }
        self.sync.opened = self.sync.opened.wrapping_add(1);
        let opened = self.sync.opened;
        if self.profile.sync_mixes {
            let rolls = &self.rolls;
            queue.sort_by_key(|entry| rolls.roll(u64::from(opened) + 50, u32::try_from(entry.id % 1_000_003).unwrap_or(0)));
        }
        let id = uuid(self.rolls.roll(43, opened), self.rolls.roll(44, opened));
        let (count, pages) = (queue.len(), queue.len().div_ceil(self.profile.sync_page.max(1)));
        let link = self.address(&format!("sync/{id}/queues/main"));
        self.sync.sessions.push(Session { id: id.clone(), device: device.to_owned(), opened: now, queue: queue.into() });
        let main = json!({"data": {"name": "main", "pages": pages, "total_count": count}, "meta": {"type": "sync_queue", "links": {"self": link}}});
        Ok(encode(201, &json!({"data": {"id": id, "queues": [main]}, "meta": {"type": "sync_session"}})))
    }

    fn fetch(&mut self, now: i64, id: &str, device: &str) -> Answer {
        self.sync.fetches += 1;
        let is_lull = self.profile.sync_empty_every > 0 && self.sync.fetches.is_multiple_of(self.profile.sync_empty_every);
        let page = self.profile.sync_page.max(1);
        let session = self.sync.sessions.iter_mut().find(|session| session.id == id && session.device == device);
        let session = session.ok_or_else(|| Refusal::not_found("sync_session", id))?;
        if session.queue.is_empty() {
            return Ok(empty(204));
        }
        let taken: Vec<Entry> = if is_lull { Vec::new() } else { session.queue.drain(..page.min(session.queue.len())).collect() };
        let left = session.queue.len();
        let items: Vec<Json> = taken.iter().filter_map(|entry| self.told(now, entry)).collect();
        Ok(encode(200, &json!({"items": items, "meta": {"type": "collection", "count": items.len(), "count_left": left}})))
    }

    fn told(&self, now: i64, entry: &Entry) -> Option<Json> {
        let data = match self.tables.get(entry.of, entry.id) {
            Some(row) => self.core_shape(now, entry.of, row),
            None if entry.event == "deleted" => json!({"id": entry.id}),
            None => return None,
        };
        let key = format!("{}-{}-{}", camel(entry.of.name), entry.id, entry.revision);
        let sync = json!({"event_type": entry.event, "ack_key": key, "revision": entry.revision});
        Some(json!({"data": data, "meta": {"type": entry.of.name, "sync": sync}}))
    }

    fn acknowledge(&mut self, ask: &Ask<'_>, device: &str) -> Answer {
        let body = data(ask.body)?;
        let keys = body.get("ack_keys").and_then(Json::as_array);
        let keys = keys.ok_or_else(|| Refusal::payload(422, "incorrect_payload", "The attribute '/ack_keys' must be an array."))?;
        let ledger = self.sync.devices.entry(device.to_owned()).or_default();
        for key in keys.iter().filter_map(Json::as_str) {
            let mut parts = key.rsplitn(3, '-');
            let (revision, id, kind) = (parts.next(), parts.next(), parts.next());
            let of = ALL.into_iter().find(|of| kind.is_some_and(|kind| camel(of.name) == kind));
            let numbers = (id.and_then(|id| id.parse::<i64>().ok()), revision.and_then(|revision| revision.parse::<i64>().ok()));
            if let (Some(of), (Some(id), Some(revision))) = (of, numbers) {
                let newest = ledger.entry((of.path, id)).or_default();
                *newest = revision.max(*newest);
            }
        }
        Ok(empty(202))
    }
}

/// `AssociatedContact` of `associated_contact`.
fn camel(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<String>()
    };
    name.split('_').map(word).collect()
}
