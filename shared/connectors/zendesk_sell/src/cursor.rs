//! How far a listing has been read: versioned JSON text, opaque outside. It carries how it was read: by the lists that every plan has, or by
//! Firehose; so a change of plan is met where the listing goes on, and no setting says which.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use syncline_engine::ports::connector::Cursor;
use syncline_model::Fault;

use crate::calls::TAIL;
use crate::faults::{drift, plus};
use crate::fields::Kind;
use crate::window::{Mark, Window};

const FORMAT: &str = "zendesk_sell/1";

/// A window of changes reaches back so far before the one before it began, in seconds: stamps are whole seconds, that of a new record may lie up
/// to two seconds ahead (fact sheet §5.5), and an event may come seconds late.
pub(crate) const OVERLAP_S: i64 = 120;

/// Which listing a cursor belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Listing {
    Changes,
    Scan,
}

/// Where a listing goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// A list, from its beginning. `since`: the earliest change; `None` for all records.
    Start {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
    },
    /// In the middle of a list.
    List(Middle),
    /// Firehose from this position on. All that happened until `known` was told.
    Stream { position: String, known: Timestamp },
    /// What Firehose still keeps, from this position on, but for what happened before `since`: of an object that has no list.
    Kept { position: String, since: Timestamp },
}

/// The middle of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Middle {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Timestamp>,
    /// The vendor's time when the list was begun.
    pub(crate) began: Timestamp,
    pub(crate) window: Window,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mark: Option<Mark>,
    /// Where Firehose stood before the list was begun, where it can be read: from there changes go on afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) firehose: Option<String>,
}

impl Middle {
    /// From where the changes go on when the list has been read to its end.
    pub(crate) fn afterwards(&self) -> Stage {
        match &self.firehose {
            Some(position) => Stage::Stream { position: position.clone(), known: self.began },
            None => Stage::since(self.began),
        }
    }
}

impl Stage {
    /// The changes since this moment of the vendor's, less the overlap.
    pub(crate) fn since(moment: Timestamp) -> Self {
        Self::Start { since: Some(before(moment)) }
    }

    /// The same of an object that has no list, as far as Firehose still keeps them.
    pub(crate) fn kept_since(moment: Timestamp) -> Self {
        Self::Kept { position: TAIL.to_owned(), since: before(moment) }
    }
}

/// The moment less the overlap.
pub(crate) fn before(moment: Timestamp) -> Timestamp {
    plus(Timestamp::from_second(moment.as_second()).unwrap_or(moment), -OVERLAP_S)
}

/// A cursor's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    format: String,
    kind: String,
    listing: Listing,
    pub(crate) stage: Stage,
}

impl Place {
    pub(crate) fn new(kind: Kind, listing: Listing, stage: Stage) -> Self {
        Self { format: FORMAT.to_owned(), kind: kind.name().to_owned(), listing, stage }
    }

    /// # Errors
    /// `Fault::Drift` for another vendor's, format's, object's or listing's cursor: it is refused, not guessed.
    pub(crate) fn read(cursor: &Cursor, kind: Kind, listing: Listing) -> Result<Self, Fault> {
        let refused = |found: &str| drift("cursor", FORMAT, found);
        let place: Self = serde_json::from_str(&cursor.0).map_err(|_| refused("another format"))?;
        if place.format != FORMAT {
            return Err(refused("another format"));
        }
        if place.kind != kind.name() || place.listing != listing {
            return Err(refused("a cursor of another listing"));
        }
        let fits = match &place.stage {
            Stage::Start { since } => (listing == Listing::Changes) == since.is_some(),
            Stage::List(middle) => {
                (listing == Listing::Changes) == middle.since.is_some() && middle.window.page > 0 && middle.window.rows > 0
            }
            Stage::Stream { .. } => listing == Listing::Changes,
            Stage::Kept { .. } => listing == Listing::Changes && !kind.is_listed(),
        };
        if fits { Ok(place) } else { Err(refused("no place to go on from")) }
    }

    pub(crate) fn write(&self) -> Cursor {
        // A struct of texts and numbers always has a JSON form; an empty cursor would be refused when it is read.
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn middle(firehose: Option<&str>) -> Middle {
        let began = at("2026-11-22T10:00:00.5Z");
        let since = Some(at("2026-11-22T09:00:00Z"));
        Middle { since, began, window: Window::FIRST, mark: None, firehose: firehose.map(str::to_owned) }
    }

    #[test]
    fn a_place_survives_storage_and_foreign_ones_are_refused() {
        let place = Place::new(Kind::Deal, Listing::Changes, Stage::List(middle(Some("abc"))));
        let cursor = place.write();
        assert_eq!(Place::read(&cursor, Kind::Deal, Listing::Changes).unwrap(), place);
        for foreign in [
            Place::read(&cursor, Kind::Deal, Listing::Scan),
            Place::read(&cursor, Kind::Lead, Listing::Changes),
            Place::read(&Cursor(cursor.0.replace("sell/1", "sell/2")), Kind::Deal, Listing::Changes),
            Place::read(&Cursor(cursor.0.replace("\"page\":1", "\"page\":0")), Kind::Deal, Listing::Changes),
            Place::read(&Cursor(cursor.0.replace("since", "until")), Kind::Deal, Listing::Changes),
            Place::read(&Cursor("7".into()), Kind::Deal, Listing::Changes),
            Place::read(&Cursor(String::new()), Kind::Deal, Listing::Scan),
        ] {
            assert!(matches!(foreign, Err(Fault::Drift { ref path, .. }) if path == "cursor"), "{foreign:?}");
        }
    }

    #[test]
    fn a_list_ends_where_firehose_stood_before_it_or_a_little_before_it_began() {
        let known = at("2026-11-22T10:00:00.5Z");
        assert_eq!(middle(Some("abc")).afterwards(), Stage::Stream { position: "abc".into(), known });
        assert_eq!(middle(None).afterwards(), Stage::Start { since: Some(at("2026-11-22T09:58:00Z")) });
    }
}
