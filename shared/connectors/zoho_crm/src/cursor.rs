//! How far a listing has been read, as one line of JSON.
//!
//! Lists are read in the order in which records were last modified, and each page begins anew, a second before the last stamp of the page before it: so
//! neither an edit nor a deletion meanwhile can shift what is still to come. Only within records of one second are pages counted; there each reaches back
//! over the one before, and where none of its rows is found again, that second is read from its beginning.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use syncline_engine::ports::connector::Cursor;
use syncline_model::Fault;

use crate::calls::PAGE_RECORDS_MAX;
use crate::faults::drift;
use crate::object::{Module, Object};

const FORMAT: &str = "zoho_crm/1";

/// Seconds by which a window reaches back into the one before: stamps are whole seconds, and a change may show late (fact sheet §3 asks for at
/// least 60).
pub(crate) const OVERLAP_S: i64 = 120;
/// The overlap where the server did not tell its time and ours was taken.
const OVERLAP_OWN_CLOCK_S: i64 = 600;

/// Rows of the page before by which a place is found again, and by how many the next page reaches back over it.
const ANCHORS: usize = 16;
const OVERLAP_ROWS: u32 = 4;
const OVERLAP_ROWS_SPARE: u32 = 10;
const WINDOW_ROWS_MIN: u32 = 100;

/// Which listing a cursor belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Listing {
    Changes,
    Scan,
}

/// The part of a list to ask for: a page by its number, of so many rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    /// From 1.
    pub(crate) page: u32,
    pub(crate) rows: u32,
}

impl Window {
    pub(crate) const FIRST: Self = Self { page: 1, rows: PAGE_RECORDS_MAX };

    fn start(self) -> u32 {
        self.page.saturating_sub(1).saturating_mul(self.rows)
    }

    pub(crate) fn end(self) -> u32 {
        self.start().saturating_add(self.rows)
    }

    /// The one behind it, reaching back over its end: of the sizes that fit, the one that reaches furthest.
    pub(crate) fn next(self) -> Self {
        let row = self.end().saturating_sub(OVERLAP_ROWS);
        let windows = (WINDOW_ROWS_MIN..=PAGE_RECORDS_MAX).map(|rows| Self { page: row / rows + 1, rows });
        let near = windows.filter(|window| row - window.start() <= OVERLAP_ROWS_SPARE);
        near.max_by_key(|window| window.end()).unwrap_or(Self { page: row / PAGE_RECORDS_MAX + 1, rows: PAGE_RECORDS_MAX })
    }
}

/// A row by which its place is found again: its id, and its stamp in seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Anchor(pub(crate) String, pub(crate) i64);

/// A cursor's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    format: String,
    kind: String,
    pub(crate) listing: Listing,
    pub(crate) module: Module,
    /// What was deleted, not what is there.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub(crate) deleted: bool,
    /// Where the whole listing begins; `None`: with the oldest record.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) since: Option<Timestamp>,
    /// Where the list that is being read begins.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) from: Option<Timestamp>,
    pub(crate) window: Window,
    /// The last rows of the window before; none where this is the first of its list.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(crate) anchors: Vec<Anchor>,
    /// The vendor's own mark of the place, beyond what page numbers reach.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) token: Option<String>,
    /// From where the next listing of changes starts; `None` until the first answer of this one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) next_since: Option<Timestamp>,
}

impl Place {
    /// All that changed from then on.
    pub(crate) fn changes(object: Object, since: Timestamp) -> Self {
        let since = whole_second(since);
        Self { since: Some(since), from: Some(since), ..Self::beginning(object, Listing::Changes) }
    }

    pub(crate) fn scan(object: Object) -> Self {
        Self::beginning(object, Listing::Scan)
    }

    fn beginning(object: Object, listing: Listing) -> Self {
        Self {
            format: FORMAT.to_owned(),
            kind: object.kind().to_string(),
            listing,
            module: object.modules().first().copied().unwrap_or(Module::Leads),
            deleted: false,
            since: None,
            from: None,
            window: Window::FIRST,
            anchors: Vec::new(),
            token: None,
            next_since: None,
        }
    }

    /// Reads a cursor back; another format's, object's or listing's is refused, not guessed.
    pub(crate) fn read(cursor: &Cursor, object: Object, listing: Listing) -> Result<Self, Fault> {
        let refused = |found: &str| drift("cursor", FORMAT, found);
        let place: Self = serde_json::from_str(&cursor.0).map_err(|_| refused("another format"))?;
        if place.format != FORMAT {
            return Err(refused("another format"));
        }
        if place.kind != object.kind().as_str() || place.listing != listing || !object.has(place.module) {
            return Err(refused("a cursor of another listing"));
        }
        let stands = place.window.page > 0 && (1..=PAGE_RECORDS_MAX).contains(&place.window.rows);
        if !stands || (listing == Listing::Changes) != place.since.is_some() || (place.deleted && listing == Listing::Scan) {
            return Err(refused("no place to go on from"));
        }
        Ok(place)
    }

    pub(crate) fn write(&self) -> Cursor {
        // A struct of texts and numbers always has a JSON form; an empty cursor would be refused when it is read.
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }

    /// Remembers from where the next window starts: the server's own time of the first answer, or ours with more room.
    pub(crate) fn note_time(&mut self, server: Option<Timestamp>, ours: Timestamp) {
        if self.next_since.is_none() {
            self.next_since = Some(server.map_or_else(|| back(ours, OVERLAP_OWN_CLOCK_S), |server| back(server, OVERLAP_S)));
        }
    }

    /// The same list from its beginning.
    pub(crate) fn at_the_top(&self) -> Self {
        Self { window: Window::FIRST, anchors: Vec::new(), token: None, ..self.clone() }
    }

    /// Behind a window whose rows, in order, are these. `token`: the vendor's mark of what follows.
    pub(crate) fn behind(&self, rows: &[Anchor], token: Option<String>) -> Self {
        let (first, last) = (rows.first().map_or(0, |row| row.1), rows.iter().map(|row| row.1).max().unwrap_or(0));
        let from = Timestamp::from_second(last - 1).ok();
        if first < last - 1 && from > self.from {
            return Self { from, ..self.at_the_top() };
        }
        let next = self.window.next();
        let anchors = rows.iter().rev().take(ANCHORS).rev().cloned().collect();
        if next.end() > crate::calls::DISCRETE_ROWS_MAX && token.is_some() {
            // The mark is bound to the size of the page that gave it.
            return Self { token, anchors: Vec::new(), ..self.clone() };
        }
        Self { window: next, anchors, token: None, ..self.clone() }
    }

    /// The next page of what was deleted.
    pub(crate) fn next_page(&self) -> Self {
        Self { window: Window { page: self.window.page + 1, ..self.window }, ..self.clone() }
    }

    /// The list after this one, if there is one: each module's records, then what was deleted of each.
    pub(crate) fn next_list(&self, object: Object) -> Option<Self> {
        let modules = object.modules();
        let after = modules.iter().position(|module| *module == self.module).and_then(|place| modules.get(place + 1)).copied();
        let (module, deleted) = match (after, self.deleted, self.listing) {
            (Some(module), deleted, _) => (module, deleted),
            (None, false, Listing::Changes) => (modules.first().copied()?, true),
            (None, _, _) => return None,
        };
        Some(Self { module, deleted, from: self.since, ..self.at_the_top() })
    }

    /// Where the next listing of changes begins.
    pub(crate) fn caught_up(&self, object: Object, ours: Timestamp) -> Self {
        Self::changes(object, self.next_since.unwrap_or_else(|| back(ours, OVERLAP_OWN_CLOCK_S)))
    }
}

/// Seconds earlier.
pub(crate) fn back(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_place_survives_storage_and_foreign_ones_are_refused() {
        let place = Place::changes(Object::Person, at("2026-11-22T10:00:00.75Z"));
        let cursor = place.write();
        assert_eq!(Place::read(&cursor, Object::Person, Listing::Changes).unwrap(), place);
        for foreign in [
            Place::read(&cursor, Object::Person, Listing::Scan),
            Place::read(&cursor, Object::One(Module::Leads), Listing::Changes),
            Place::read(&Cursor(cursor.0.replace("crm/1", "crm/2")), Object::Person, Listing::Changes),
            Place::read(&Cursor(cursor.0.replace("since", "until")), Object::Person, Listing::Changes),
            Place::read(&Cursor(cursor.0.replace("\"Leads\"", "\"Accounts\"")), Object::Person, Listing::Changes),
            Place::read(&Cursor("7".into()), Object::Person, Listing::Changes),
            Place::read(&Cursor(String::new()), Object::Person, Listing::Scan),
        ] {
            assert!(matches!(foreign, Err(Fault::Drift { .. })));
        }
    }

    #[test]
    fn pages_begin_anew_before_the_last_stamp() {
        let place = Place::scan(Object::One(Module::Leads));
        let rows = |stamps: [i64; 3]| stamps.iter().zip("abc".chars()).map(|(at, id)| Anchor(id.to_string(), *at)).collect::<Vec<_>>();
        let next = place.behind(&rows([100, 200, 300]), None);
        assert_eq!((next.from, next.window, next.anchors.len()), (Timestamp::from_second(299).ok(), Window::FIRST, 0));
        // All of one second: it is counted within.
        let tied = next.behind(&rows([299, 300, 300]), None);
        assert_eq!((tied.from, tied.window.start() < 200, tied.anchors.len()), (next.from, true, 3));
        let on = tied.behind(&rows([300, 400, 500]), None);
        assert_eq!((on.from, on.window), (Timestamp::from_second(499).ok(), Window::FIRST));
    }

    #[test]
    fn windows_of_one_second_overlap_and_reach_far() {
        let mut window = Window::FIRST;
        for _ in 0..9 {
            let next = window.next();
            let overlap = i64::from(window.end()) - i64::from(next.start());
            assert!((4..=14).contains(&overlap) && next.end() > window.end() + 80 && next.rows <= 200, "{window:?} {next:?}");
            window = next;
        }
        let place = Place { window: Window { page: 10, rows: 200 }, ..Place::scan(Object::Person) };
        let tied = [Anchor("a".into(), 7), Anchor("b".into(), 7)];
        assert_eq!(place.behind(&tied, Some("mark".into())).token.as_deref(), Some("mark"));
    }

    #[test]
    fn changes_go_through_modules_and_then_what_was_deleted() {
        let mut place = Some(Place::changes(Object::Person, at("2026-11-22T10:00:00Z")));
        let mut lists = Vec::new();
        while let Some(on) = place {
            lists.push((on.module, on.deleted));
            assert_eq!(on.from, on.since);
            place = on.next_list(Object::Person);
        }
        let expected = [(Module::Leads, false), (Module::Contacts, false), (Module::Leads, true), (Module::Contacts, true)];
        assert_eq!(lists, expected);
        assert!(Place::scan(Object::One(Module::Leads)).next_list(Object::One(Module::Leads)).is_none());
    }
}
