//! The two vendors of a run, and everything that ever happened to their records: who, when, before and after.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::Uri;
use syncline_model::{Side, Timestamp};
use syncline_simulator::{Fields, Request, Response, Strain, Users};

use crate::kernel::TaskId;
use crate::workload::tokens;

/// Who changed a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Author {
    /// One of the vendor's users.
    User,
    /// Our integration, in this task.
    Integration(TaskId),
}

/// One record at one moment, before and after; `None`: not live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub at: Timestamp,
    pub side: Side,
    pub kind: String,
    pub id: String,
    pub author: Author,
    pub before: Option<Fields>,
    pub after: Option<Fields>,
}

/// One request of ours that reached a vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    pub at: Timestamp,
    pub side: Side,
    pub task: Option<TaskId>,
    pub method: String,
    pub path: String,
    pub status: u16,
    /// The tokens of users' texts that the answer showed.
    pub shown: Vec<String>,
    /// Whether it may have changed a record, and whether it did.
    pub may_change: bool,
    pub changed: bool,
}

/// One record became a part of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    pub at: Timestamp,
    pub side: Side,
    pub kind: String,
    pub survivor: String,
    pub loser: String,
}

/// One person goes on under another id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    pub side: Side,
    pub author: Author,
    pub kind: String,
    pub from: String,
    pub to: String,
}

/// An answer that shuts us out for a while, as it came to the task that had asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShutOut {
    pub side: Side,
    pub task: Option<TaskId>,
    pub seconds: i64,
}

/// What the auditor hears of the vendors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A request of ours left us, whatever became of it.
    Sent(Side),
    /// A vendor told us to wait.
    ShutOut(ShutOut),
    /// A user made one record of two.
    Merged(Merged),
    /// Somebody goes on under another id; the change that says so comes next, under the new one.
    Moved(Moved),
    /// A user removed a record for good: its side, kind and id.
    Purged(Side, String, String),
    Changed(Change),
    Arrived(Arrived),
}

/// One vendor as a run needs it.
pub struct Account {
    pub name: &'static str,
    /// The authority at which the config reaches it.
    pub authority: &'static str,
    pub users: Box<dyn Users>,
    /// How far its clock is ahead of ours, in milliseconds.
    pub skew: i64,
    /// The fields whose changes are followed, by kind.
    pub followed: BTreeMap<&'static str, Vec<String>>,
    /// Whether a request of ours may change a record.
    pub may_change: fn(&Request) -> bool,
    /// What it answers to a credential that was revoked.
    pub refuses: fn(&Request) -> Response,
    /// For how many seconds an answer shuts out all our calls.
    pub shuts_out: fn(&Response) -> Option<i64>,
}

struct Held {
    account: Account,
    /// Nothing reaches it.
    out: bool,
    /// Our credential does not hold.
    revoked: bool,
    live: BTreeMap<(String, String), Fields>,
}

impl Held {
    fn look(&self) -> BTreeMap<(String, String), Fields> {
        let mut all = BTreeMap::new();
        for (kind, fields) in &self.account.followed {
            for (id, record) in self.account.users.live(kind) {
                let followed = record.into_iter().filter(|(name, _)| fields.contains(name)).collect();
                all.insert(((*kind).to_owned(), id), followed);
            }
        }
        all
    }

    fn changes(&mut self, at: Timestamp, side: Side, author: Author) -> Vec<News> {
        let live = self.look();
        let mut changes = self.moves(&live, at, side, author);
        let mut compare = |(kind, id): &(String, String), before: Option<&Fields>, after: Option<&Fields>| {
            if before != after {
                changes.push(News::Changed(Change {
                    at,
                    side,
                    kind: kind.clone(),
                    id: id.clone(),
                    author,
                    before: before.cloned(),
                    after: after.cloned(),
                }));
            }
        };
        for (key, before) in &self.live {
            compare(key, Some(before), live.get(key));
        }
        for (key, after) in live.iter().filter(|(key, _)| !self.live.contains_key(*key)) {
            compare(key, None, Some(after));
        }
        self.live = live;
        changes
    }

    /// Who goes on under another id: known by it from now on, and compared with what stood under the old one. Who was there under that id before
    /// has become one with this one, which no deletion is, whoever had it done.
    fn moves(&mut self, live: &BTreeMap<(String, String), Fields>, at: Timestamp, side: Side, author: Author) -> Vec<News> {
        let mut news = Vec::new();
        let gone: Vec<(String, String)> = self.live.keys().filter(|key| !live.contains_key(*key)).cloned().collect();
        for (kind, from) in gone {
            let Some(to) = self.account.users.moved(&kind, &from).filter(|to| live.contains_key(&(kind.clone(), to.clone()))) else {
                continue;
            };
            let Some(before) = self.live.remove(&(kind.clone(), from.clone())) else { continue };
            let place = (kind.clone(), to.clone());
            if self.live.contains_key(&place) {
                let gone =
                    Change { at, side, kind: kind.clone(), id: from.clone(), author: Author::User, before: Some(before), after: None };
                news.push(News::Changed(gone));
                news.push(News::Merged(Merged { at, side, kind, survivor: to, loser: from }));
                continue;
            }
            news.push(News::Moved(Moved { side, author, kind: kind.clone(), from, to: to.clone() }));
            let after = live.get(&place).cloned();
            news.push(News::Changed(Change { at, side, kind, id: to, author, before: Some(before), after: after.clone() }));
            self.live.insert(place, after.unwrap_or_default());
        }
        news
    }
}

pub struct Vendors {
    left: Mutex<Held>,
    right: Mutex<Held>,
    news: Mutex<Vec<News>>,
}

impl Vendors {
    pub fn new(left: Account, right: Account, at: Timestamp) -> Self {
        let held = |account| Mutex::new(Held { account, out: false, revoked: false, live: BTreeMap::new() });
        let vendors = Self { left: held(left), right: held(right), news: Mutex::default() };
        for side in [Side::Left, Side::Right] {
            vendors.look(side, at, Author::User);
        }
        vendors
    }

    fn held(&self, side: Side) -> MutexGuard<'_, Held> {
        side.of(&self.left, &self.right).lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, news: impl IntoIterator<Item = News>) {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).extend(news);
    }

    fn look(&self, side: Side, at: Timestamp, author: Author) -> bool {
        let news = self.held(side).changes(at, side, author);
        let changed = !news.is_empty();
        self.say(news);
        changed
    }

    /// What happened since the last call of this.
    pub fn take_news(&self) -> Vec<News> {
        std::mem::take(&mut *self.news.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Saves whose transaction has ended become visible: their users', whoever asks next.
    pub fn settle(&self, side: Side, at: Timestamp) {
        let settled = {
            let mut held = self.held(side);
            let at = at + jiff::SignedDuration::from_millis(held.account.skew);
            held.account.users.settle(at)
        };
        if settled {
            self.look(side, at, Author::User);
        }
    }

    /// What was saved before the story begins has long been visible when it does.
    pub fn settle_all(&self, at: Timestamp) {
        for side in [Side::Left, Side::Right] {
            let settled = self.held(side).account.users.settle(at + jiff::SignedDuration::from_hours(1));
            if settled {
                self.look(side, at, Author::User);
            }
        }
    }

    /// A request of ours leaves us.
    pub fn sent(&self, side: Side) {
        self.say([News::Sent(side)]);
    }

    /// An answer came to the task that had asked.
    pub fn answered(&self, side: Side, task: Option<TaskId>, response: &Response) {
        let seconds = (self.held(side).account.shuts_out)(response);
        self.say(seconds.map(|seconds| News::ShutOut(ShutOut { side, task, seconds })));
    }

    pub fn name(&self, side: Side) -> &'static str {
        self.held(side).account.name
    }

    pub fn skew(&self, side: Side) -> i64 {
        self.held(side).account.skew
    }

    /// Which vendor answers at an address.
    pub fn side_of(&self, uri: &Uri) -> Option<Side> {
        let authority = uri.authority()?;
        [Side::Left, Side::Right].into_iter().find(|side| self.held(*side).account.authority == authority.as_str())
    }

    /// One request of ours, answered. `at`: by the vendor's clock.
    pub fn handle(&self, side: Side, at: Timestamp, task: Option<TaskId>, request: &Request) -> Response {
        self.settle(side, at - jiff::SignedDuration::from_millis(self.skew(side)));
        let (response, may_change) = {
            let mut held = self.held(side);
            let may_change = (held.account.may_change)(request) && !held.revoked;
            let response = if held.revoked { (held.account.refuses)(request) } else { held.account.users.handle(at, request) };
            (response, may_change)
        };
        let changed = may_change && self.look(side, at, task.map_or(Author::User, Author::Integration));
        self.say([News::Arrived(Arrived {
            at,
            side,
            task,
            method: request.method().to_string(),
            path: request.uri().path_and_query().map_or_else(String::new, ToString::to_string),
            status: response.status().as_u16(),
            shown: if may_change { Vec::new() } else { tokens(&String::from_utf8_lossy(response.body())) },
            may_change,
            changed,
        })]);
        response
    }

    /// A user makes one record of two.
    pub fn merge(&self, side: Side, at: Timestamp, kind: &str, survivor: &str, loser: &str) -> Result<(), String> {
        self.act(side, at, |users, at| users.merge(at, kind, survivor, loser))?;
        let merged = Merged { at, side, kind: kind.to_owned(), survivor: survivor.to_owned(), loser: loser.to_owned() };
        self.say([News::Merged(merged)]);
        Ok(())
    }

    /// A user removes a record past the bin.
    pub fn purge(&self, side: Side, at: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        self.act(side, at, |users, at| users.purge(at, kind, id))?;
        self.say([News::Purged(side, kind.to_owned(), id.to_owned())]);
        Ok(())
    }

    /// Whether a request of ours may change a record.
    pub fn may_change(&self, side: Side, request: &Request) -> bool {
        (self.held(side).account.may_change)(request)
    }

    /// Something that a vendor's user or administrator does.
    pub fn act<T>(&self, side: Side, at: Timestamp, act: impl FnOnce(&mut dyn Users, Timestamp) -> T) -> T {
        self.settle(side, at);
        let done = {
            let mut held = self.held(side);
            let at = at + jiff::SignedDuration::from_millis(held.account.skew);
            act(held.account.users.as_mut(), at)
        };
        self.look(side, at, Author::User);
        done
    }

    /// Lets it be out of reach, or not.
    pub fn set_reachable(&self, side: Side, reachable: bool) {
        self.held(side).out = !reachable;
    }

    pub fn is_reachable(&self, side: Side) -> bool {
        !self.held(side).out
    }

    /// Revokes our credential, or gives it back.
    pub fn set_revoked(&self, side: Side, revoked: bool) {
        self.held(side).revoked = revoked;
    }

    pub fn strain(&self, side: Side, at: Timestamp, strain: Strain) -> bool {
        self.held(side).account.users.strain(at, strain)
    }

    /// The live records of a kind, as stored.
    pub fn live(&self, side: Side, kind: &str) -> BTreeMap<String, Fields> {
        self.held(side).live.iter().filter(|((its, _), _)| its == kind).map(|((_, id), fields)| (id.clone(), fields.clone())).collect()
    }
}
