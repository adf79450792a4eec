//! How far a listing has been read, as one line of JSON.
//!
//! Both lists of the vendor's are numbered pages of one owner's contacts, and both move while they are read: a contact that is deleted, or that
//! is edited and so leaves the window of time, draws all behind it forward. So the last page is looked for first, and then each page before it is
//! read, back to the first: what is drawn forward comes to pages that are still to be read. A scan then reads what changed while it ran.

use serde::{Deserialize, Serialize};
use syncline_engine::ports::connector::Cursor;
use syncline_model::Fault;

use crate::client::SYSTEM;
use crate::fields::CONTACT;

const FORMAT: u32 = 1;
/// How far each listing of changes steps back behind the one before, in milliseconds: whether the bounds of the window count is not known, and
/// clocks differ (fact sheet §5: at least five minutes).
pub(crate) const OVERLAP_MS: i64 = 300_000;

/// Which listing a cursor belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Listing {
    Changes,
    Scan,
}

/// What is read at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    /// An owner's contacts.
    Contacts,
    /// What changed of an owner's contacts.
    Changed,
}

/// Which way pages are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    /// The first page, to learn whether there are others.
    Begin,
    /// Looking for the last page.
    Up,
    /// From the last page to the first.
    Down,
}

/// A cursor's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    v: u32,
    system: String,
    kind: String,
    pub(crate) listing: Listing,
    pub(crate) part: Part,
    /// A mark of the owner whose contacts are read; `None`: the first one's.
    pub(crate) owner: Option<String>,
    pub(crate) way: Way,
    /// From 1.
    pub(crate) page: u32,
    /// The window of time whose changes are read, in milliseconds since the epoch; `to` is 0 before the first question.
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl Place {
    fn new(listing: Listing, part: Part, from: i64) -> Self {
        let (system, kind) = (SYSTEM.to_owned(), CONTACT.to_owned());
        Self { v: FORMAT, system, kind, listing, part, owner: None, way: Way::Begin, page: 1, from, to: 0 }
    }

    /// What changed since this moment, in milliseconds.
    pub(crate) fn changes(since: i64) -> Self {
        Self::new(Listing::Changes, Part::Changed, since.saturating_sub(OVERLAP_MS).max(0))
    }

    /// All contacts, and then what changed since this moment.
    pub(crate) fn scan(now: i64) -> Self {
        Self::new(Listing::Scan, Part::Contacts, now.saturating_sub(OVERLAP_MS).max(0))
    }

    /// Reads a cursor back; one of another system, object, listing or format is refused.
    pub(crate) fn read(cursor: &Cursor, listing: Listing) -> Result<Self, Fault> {
        let refused = |found: &str| Fault::Drift {
            path: "cursor".to_owned(),
            expected: format!("a cursor of salesmanago contacts, format {FORMAT}"),
            found: found.to_owned(),
        };
        let head: serde_json::Value = serde_json::from_str(&cursor.0).map_err(|_| refused("text that is no cursor of ours"))?;
        if head.get("v").and_then(serde_json::Value::as_u64) != Some(u64::from(FORMAT)) {
            return Err(refused("another format"));
        }
        let place: Self = serde_json::from_value(head).map_err(|_| refused("other members"))?;
        if place.system != SYSTEM || place.kind != CONTACT {
            return Err(refused("a cursor of another object"));
        }
        if place.listing != listing {
            return Err(refused("a cursor of another listing"));
        }
        if place.page == 0 || place.from < 0 {
            return Err(refused("no place to go on from"));
        }
        Ok(place)
    }

    pub(crate) fn write(&self) -> Cursor {
        // A struct of texts and numbers always has a JSON form; an empty cursor would be refused when it is read.
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }

    /// The place after this page of the same owner, which has a next one or not; `None` at the owner's end.
    pub(crate) fn next_page(&self, has_next: bool) -> Option<Self> {
        let to = |way, page| Some(Self { way, page, ..self.clone() });
        match (self.way, has_next) {
            (Way::Begin, true) => to(Way::Up, 2),
            (Way::Up, true) => to(Way::Up, self.page + 1),
            (Way::Up | Way::Down, _) if self.page > 1 => to(Way::Down, self.page - 1),
            (Way::Begin | Way::Up, false) | (Way::Down, _) => None,
        }
    }

    /// The same window of the next owner's.
    pub(crate) fn of_owner(&self, owner: String) -> Self {
        Self { owner: Some(owner), way: Way::Begin, page: 1, ..self.clone() }
    }

    /// The same window, from the first owner on.
    pub(crate) fn of_first_owner(&self) -> Self {
        Self { owner: None, way: Way::Begin, page: 1, ..self.clone() }
    }

    /// The window after this one, from the first owner on.
    pub(crate) fn next_window(&self) -> Self {
        let from = self.to.saturating_sub(OVERLAP_MS).max(self.from);
        Self { part: Part::Changed, owner: None, way: Way::Begin, page: 1, from, to: 0, ..self.clone() }
    }

    /// What changed while a scan ran.
    pub(crate) fn catching_up(&self) -> Self {
        Self { part: Part::Changed, owner: None, way: Way::Begin, page: 1, to: 0, ..self.clone() }
    }

    /// Where changes go on after this window.
    pub(crate) fn end(&self) -> Cursor {
        Self::changes(self.to).write()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pages that are read where these many stand at each reading.
    fn pages(stand: impl Fn(usize) -> u32) -> Vec<u32> {
        let mut place = Some(Place::scan(0));
        let mut read = Vec::new();
        while let Some(here) = place {
            let has_next = here.page < stand(read.len());
            read.push(here.page);
            place = here.next_page(has_next);
            assert!(read.len() < 50);
        }
        read
    }

    #[test]
    fn one_page_is_read_once_and_several_back_to_the_first() {
        assert_eq!(pages(|_| 1), [1]);
        assert_eq!(pages(|_| 4), [1, 2, 3, 4, 3, 2, 1]);
        assert_eq!(pages(|read| if read < 2 { 4 } else { 2 }), [1, 2, 3, 2, 1]);
    }

    #[test]
    fn windows_overlap_and_end_where_changes_go_on() {
        let window = Place { to: 1_000_000_000, ..Place::changes(500_000_000) };
        assert_eq!(window.from, 499_700_000);
        assert_eq!((window.next_window().from, window.next_window().to), (999_700_000, 0));
        assert_eq!(Place::read(&window.end(), Listing::Changes).unwrap().from, 999_700_000);
    }

    #[test]
    fn a_place_survives_storage_and_foreign_cursors_are_refused() {
        let place = Place::changes(1_487_842_709_000).of_owner("0f".to_owned()).next_page(true).unwrap();
        let good = place.write();
        assert_eq!(Place::read(&good, Listing::Changes), Ok(place));
        let wrong = [
            String::new(),
            "7".to_owned(),
            "not json".to_owned(),
            good.0.replace("\"v\":1", "\"v\":2"),
            good.0.replace("salesmanago", "zoho_crm"),
            good.0.replace("\"contact\"", "\"lead\""),
            good.0.replace("\"page\":2", "\"page\":0"),
            good.0.replace("\"changes\"", "\"scan\""),
        ];
        for text in wrong {
            let answer = Place::read(&Cursor(text.clone()), Listing::Changes);
            assert!(matches!(answer, Err(Fault::Drift { ref path, .. }) if path == "cursor"), "{text}");
        }
    }
}
