//! How far a listing has been read: versioned JSON text, opaque outside.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use syncline_engine::ports::connector::Cursor;
use syncline_model::{Fault, ObjectKind};

use crate::faults::{drift, plus};

const FORMAT: &str = "zendesk_support/1";

/// A window of changes reaches this far back before the one before it began, in seconds: stamps are whole seconds, and the account's answers come
/// from copies that follow (unverified by how much).
pub(crate) const OVERLAP_S: i64 = 120;
/// An export may not begin within the last minute (fact sheet §2.3: documented).
pub(crate) const EXPORT_AGE_S: i64 = 61;

/// Which listing a cursor belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Listing {
    Changes,
    Scan,
}

/// The lists of a listing, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// Every agent, with the status; of changes, those that changed.
    Staff,
    /// The export of changed users: of changes only, for who is no agent any more.
    Gone,
}

/// Where the export of changed users goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Export {
    /// Seconds since the epoch.
    Time(i64),
    Cursor(String),
}

/// A cursor's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) format: String,
    pub(crate) kind: ObjectKind,
    pub(crate) listing: Listing,
    pub(crate) phase: Phase,
    /// The vendor's cursor of the next page of agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    /// Where the window of changes begins; a scan has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Timestamp>,
    /// The vendor's time when this listing began: the next window starts from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) began: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) export: Option<Export>,
}

impl Place {
    pub(crate) fn scan(kind: &ObjectKind) -> Self {
        let (listing, phase) = (Listing::Scan, Phase::Staff);
        Self { format: FORMAT.to_owned(), kind: kind.clone(), listing, phase, after: None, since: None, began: None, export: None }
    }

    /// The changes since this moment of the vendor's, less the overlap.
    pub(crate) fn changes(kind: &ObjectKind, since: Timestamp) -> Self {
        Self { listing: Listing::Changes, since: Some(whole_second(plus(since, -OVERLAP_S))), ..Self::scan(kind) }
    }

    /// # Errors
    /// `Fault::Drift` for another vendor's, format's, object's or listing's cursor: it is refused, not guessed.
    pub(crate) fn read(cursor: &Cursor, kind: &ObjectKind, listing: Listing) -> Result<Self, Fault> {
        let refused = |found: &str| drift("cursor", FORMAT, found);
        let place: Self = serde_json::from_str(&cursor.0).map_err(|_| refused("another format"))?;
        if place.format != FORMAT {
            return Err(refused("another format"));
        }
        if place.kind != *kind || place.listing != listing {
            return Err(refused("a cursor of another listing"));
        }
        if (listing == Listing::Changes) != place.since.is_some() || (place.phase == Phase::Gone && place.began.is_none()) {
            return Err(refused("no place to go on from"));
        }
        Ok(place)
    }

    pub(crate) fn write(&self) -> Cursor {
        // A struct of texts and numbers always has a JSON form; an empty cursor would be refused when it is read.
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }

    /// The window after this one.
    pub(crate) fn next_window(&self, began: Timestamp) -> Self {
        Self { export: self.export.clone(), ..Self::changes(&self.kind, began) }
    }

    /// Where the export begins, where it has not begun yet.
    pub(crate) fn export_or_start(&self, began: Timestamp) -> Export {
        let latest = began.as_second() - EXPORT_AGE_S;
        self.export.clone().unwrap_or_else(|| Export::Time(self.since.map_or(latest, |since| since.as_second().min(latest))))
    }
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
        let kind = ObjectKind::new("agent");
        let mut place = Place::changes(&kind, at("2026-11-22T10:00:00.75Z"));
        place.export = Some(Export::Cursor("MTc0fHw=".into()));
        let cursor = place.write();
        assert_eq!(Place::read(&cursor, &kind, Listing::Changes).unwrap(), place);
        assert_eq!(place.since, Some(at("2026-11-22T09:58:00Z")));
        for foreign in [
            Place::read(&cursor, &kind, Listing::Scan),
            Place::read(&cursor, &"user".into(), Listing::Changes),
            Place::read(&Cursor(cursor.0.replace("support/1", "support/2")), &kind, Listing::Changes),
            Place::read(&Cursor(cursor.0.replace("since", "until")), &kind, Listing::Changes),
            Place::read(&Cursor(cursor.0.replace("staff", "gone")), &kind, Listing::Changes),
            Place::read(&Cursor("7".into()), &kind, Listing::Changes),
            Place::read(&Cursor(String::new()), &kind, Listing::Scan),
        ] {
            assert!(matches!(foreign, Err(Fault::Drift { .. })));
        }
    }

    #[test]
    fn an_export_begins_a_minute_ago_and_then_goes_on() {
        let kind = ObjectKind::new("agent");
        let began = at("2026-11-22T10:00:00Z");
        let place = Place::changes(&kind, began);
        assert_eq!(place.export_or_start(began), Export::Time(began.as_second() - OVERLAP_S));
        let late = Place { since: Some(began), ..place.clone() };
        assert_eq!(late.export_or_start(began), Export::Time(began.as_second() - EXPORT_AGE_S));
        let later = Place { export: Some(Export::Cursor("x".into())), ..place }.next_window(began);
        assert_eq!(later.export_or_start(began), Export::Cursor("x".into()));
    }
}
