//! How far a listing has been read, as one line of JSON.
//!
//! The vendor has no filter for changes: a listing of changes reads every user, as a scan does. Pages are numbered and the list, oldest first,
//! moves while it is read: a user who is deleted draws all behind forward. So after the first page, which tells how many there are, the last
//! one is read, and then each before it, back to the first: what is drawn forward comes to pages that are still to be read. New users come at
//! the end, and are told by the next listing.

use serde::{Deserialize, Serialize};
use syncline_engine::ports::connector::Cursor;
use syncline_model::Fault;

use crate::client::SYSTEM;
use crate::fields::USER;

const FORMAT: u32 = 1;

/// Which listing a cursor belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Listing {
    Changes,
    Scan,
    /// Of users as owners.
    Users,
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
    pub(crate) way: Way,
    /// From 1.
    pub(crate) page: u32,
}

impl Place {
    pub(crate) fn beginning(listing: Listing) -> Self {
        Self { v: FORMAT, system: SYSTEM.to_owned(), kind: USER.to_owned(), listing, way: Way::Begin, page: 1 }
    }

    /// Reads a cursor back; one of another system, object, listing or format is refused.
    pub(crate) fn read(cursor: &Cursor, listing: Listing) -> Result<Self, Fault> {
        let refused = |found: &str| Fault::Drift {
            path: "cursor".to_owned(),
            expected: format!("a cursor of aircall users, format {FORMAT}"),
            found: found.to_owned(),
        };
        let head: serde_json::Value = serde_json::from_str(&cursor.0).map_err(|_| refused("text that is no cursor of ours"))?;
        if head.get("v").and_then(serde_json::Value::as_u64) != Some(u64::from(FORMAT)) {
            return Err(refused("another format"));
        }
        let place: Self = serde_json::from_value(head).map_err(|_| refused("other members"))?;
        if place.system != SYSTEM || place.kind != USER {
            return Err(refused("a cursor of another object"));
        }
        if place.listing != listing {
            return Err(refused("a cursor of another listing"));
        }
        if place.page == 0 {
            return Err(refused("no place to go on from"));
        }
        Ok(place)
    }

    pub(crate) fn write(&self) -> Cursor {
        // A struct of texts and numbers always has a JSON form; an empty cursor would be refused when it is read.
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }

    /// The place after this one, whose page has a next one or not; `None` at the end. `last_page`: where the vendor says that its last row is.
    pub(crate) fn next(&self, has_next: bool, last_page: Option<u32>) -> Option<Self> {
        let to = |way, page| Some(Self { way, page, ..self.clone() });
        match (self.way, has_next) {
            (Way::Begin, true) => to(Way::Up, last_page.unwrap_or(2).max(2)),
            (Way::Up, true) => to(Way::Up, self.page + 1),
            (Way::Up, false) | (Way::Down, _) if self.page > 1 => to(Way::Down, self.page - 1),
            (Way::Begin | Way::Up, false) | (Way::Down, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pages that are read where these many stand at each reading.
    fn pages(last_page: Option<u32>, stand: impl Fn(usize) -> u32) -> Vec<u32> {
        let mut place = Some(Place::beginning(Listing::Scan));
        let mut read = Vec::new();
        while let Some(here) = place {
            let has_next = here.page < stand(read.len());
            read.push(here.page);
            place = here.next(has_next, last_page);
            assert!(read.len() < 50);
        }
        read
    }

    #[test]
    fn one_page_is_read_once_and_several_from_the_last_to_the_first() {
        assert_eq!(pages(Some(1), |_| 1), [1]);
        assert_eq!(pages(Some(4), |_| 4), [1, 4, 3, 2, 1]);
        assert_eq!(pages(None, |_| 4), [1, 2, 3, 4, 3, 2, 1]);
    }

    #[test]
    fn a_list_that_grows_or_shrinks_meanwhile_is_read_from_its_new_end() {
        assert_eq!(pages(Some(3), |read| if read < 1 { 3 } else { 5 }), [1, 3, 4, 5, 4, 3, 2, 1]);
        assert_eq!(pages(Some(4), |read| if read < 1 { 4 } else { 2 }), [1, 4, 3, 2, 1]);
    }

    #[test]
    fn a_place_survives_storage_and_foreign_cursors_are_refused() {
        let place = Place::beginning(Listing::Changes).next(true, Some(7)).unwrap();
        let good = place.write();
        assert_eq!(Place::read(&good, Listing::Changes), Ok(place));
        let wrong = [
            String::new(),
            "7".to_owned(),
            "not json".to_owned(),
            good.0.replace("\"v\":1", "\"v\":2"),
            good.0.replace("aircall", "zendesk"),
            good.0.replace("\"user\"", "\"team\""),
            good.0.replace("\"page\":7", "\"page\":0"),
            good.0.replace("\"changes\"", "\"scan\""),
        ];
        for text in wrong {
            let answer = Place::read(&Cursor(text.clone()), Listing::Changes);
            assert!(matches!(answer, Err(Fault::Drift { ref path, .. }) if path == "cursor"), "{text}");
        }
    }
}
