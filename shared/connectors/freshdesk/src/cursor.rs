//! How far a listing has been read, as one line of JSON.
//!
//! Lists are ordered by name, not by time (fact sheet §3.2: documented), so a place in the middle of a window says nothing about time. The
//! cursor therefore keeps the window's start, and the server's time at which reading began: only when the last page of the last phase has
//! been read does the next window start from there, less an overlap.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use syncline_engine::ports::connector::Cursor;
use syncline_model::Fault;

use crate::attributes::Kind;
use crate::window::{self, Anchor, Row, Window};

/// Seconds by which a window reaches back into the one before: stamps are whole seconds, and whether `updated_since` includes its own
/// second is not documented (fact sheet §3.1 asks for at least 60).
pub(crate) const OVERLAP_S: i64 = 60;
/// The overlap where the server did not tell its time and ours was taken: room for a clock that is wrong.
pub(crate) const OVERLAP_OWN_CLOCK_S: i64 = 600;

const FORMAT: u32 = 1;

/// Which listing a cursor belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Listing {
    Changes,
    Scan,
}

/// The lists that make up a listing. The plain one hides blocked and deleted contacts (fact sheet §3.1: documented).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    Live,
    Deleted,
    Blocked,
    /// What was edited while a scan of several pages ran: a new name may have moved it to where the scan had been already.
    Edited,
}

impl Phase {
    fn next(self, kind: Kind, listing: Listing, long: bool) -> Option<Self> {
        match (kind, listing, self) {
            (Kind::Contact, Listing::Changes, Self::Live) => Some(Self::Deleted),
            (Kind::Contact, Listing::Changes, Self::Deleted) | (Kind::Contact, Listing::Scan, Self::Live) => Some(Self::Blocked),
            (Kind::Contact, Listing::Scan, Self::Blocked) | (Kind::Company, Listing::Scan, Self::Live) if long => Some(Self::Edited),
            (
                Kind::Contact | Kind::Company,
                Listing::Changes | Listing::Scan,
                Self::Live | Self::Deleted | Self::Blocked | Self::Edited,
            ) => None,
        }
    }
}

/// The name of the time filter: today's, or that of accounts from before 2023 (fact sheet §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TimeFilter {
    #[serde(rename = "updated_since")]
    Plain,
    #[serde(rename = "_updated_since")]
    Underscored,
}

impl TimeFilter {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "updated_since",
            Self::Underscored => "_updated_since",
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Plain => Self::Underscored,
            Self::Underscored => Self::Plain,
        }
    }
}

/// A cursor's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    v: u32,
    system: String,
    kind: String,
    pub(crate) listing: Listing,
    pub(crate) phase: Phase,
    /// The part of the list to ask for next.
    #[serde(flatten)]
    pub(crate) window: Window,
    /// Rows that were read before that part: one of them stands in it, or something was skipped.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(crate) anchors: Vec<Anchor>,
    /// The last row of that part that has been answered, where it was left in its middle.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) left_at: Option<Anchor>,
    /// Whether the live list took several calls.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    long: bool,
    /// The moment since which changes are listed; `None` where all records are.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) since: Option<Timestamp>,
    /// From where the next listing of changes will start; `None` until the first answer of this one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) next_since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) filter: Option<TimeFilter>,
}

impl Place {
    /// The beginning of a window of changes.
    pub(crate) fn window(kind: Kind, since: Timestamp) -> Self {
        Self { since: Some(since), ..Self::beginning(kind, Listing::Changes) }
    }

    /// The beginning of a scan.
    pub(crate) fn scan(kind: Kind) -> Self {
        Self::beginning(kind, Listing::Scan)
    }

    fn beginning(kind: Kind, listing: Listing) -> Self {
        Self {
            v: FORMAT,
            system: "freshdesk".to_owned(),
            kind: kind.name().to_owned(),
            listing,
            phase: Phase::Live,
            window: Window::full(1),
            anchors: Vec::new(),
            left_at: None,
            long: false,
            since: None,
            next_since: None,
            filter: None,
        }
    }

    /// Reads a cursor back; one of another system, object, listing or format is refused.
    pub(crate) fn read(cursor: &Cursor, kind: Kind, listing: Listing) -> Result<Self, Fault> {
        let refused = |found: &str| Fault::Drift {
            path: "cursor".to_owned(),
            expected: format!("a cursor of freshdesk {}, format {FORMAT}", kind.plural()),
            found: found.to_owned(),
        };
        let head: serde_json::Value = serde_json::from_str(&cursor.0).map_err(|_| refused("text that is no cursor of ours"))?;
        if head.get("v").and_then(serde_json::Value::as_u64) != Some(u64::from(FORMAT)) {
            return Err(refused("another format"));
        }
        let place: Self = serde_json::from_value(head).map_err(|_| refused("other members"))?;
        if place.system != "freshdesk" || place.kind != kind.name() {
            return Err(refused("a cursor of another object"));
        }
        if place.listing != listing {
            return Err(refused("a cursor of another listing"));
        }
        if place.window.page == 0 || place.window.rows == 0 || (listing == Listing::Changes && place.since.is_none()) {
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
            let start = server.map_or_else(|| back(ours, OVERLAP_OWN_CLOCK_S), |server| back(server, OVERLAP_S));
            self.next_since = Some(start);
        }
    }

    /// The same part of the list, from behind this row.
    pub(crate) fn left(&self, at: Anchor) -> Self {
        Self { left_at: Some(at), long: self.long || self.phase == Phase::Live, ..self.clone() }
    }

    /// The part of the list behind this one, whose rows are these.
    pub(crate) fn next_part(&self, rows: &[Row]) -> Self {
        let long = self.long || self.phase == Phase::Live;
        Self { window: self.window.next(), anchors: window::anchors(rows), left_at: None, long, ..self.clone() }
    }

    /// The part of the list before this one.
    pub(crate) fn earlier_part(&self) -> Self {
        Self { window: self.window.earlier(), left_at: None, ..self.clone() }
    }

    /// The beginning of the list.
    pub(crate) fn at_the_top(&self) -> Self {
        Self { window: Window::full(1), left_at: None, ..self.clone() }
    }

    /// The next list of this listing, if there is one.
    pub(crate) fn next_phase(&self, kind: Kind) -> Option<Self> {
        let phase = self.phase.next(kind, self.listing, self.long)?;
        let since = if phase == Phase::Edited { self.next_since } else { self.since };
        Some(Self { phase, since, anchors: Vec::new(), ..self.at_the_top() })
    }

    /// The window after this one.
    pub(crate) fn caught_up(&self, kind: Kind, ours: Timestamp) -> Self {
        let since = self.next_since.unwrap_or_else(|| back(ours, OVERLAP_OWN_CLOCK_S));
        Self { filter: self.filter, ..Self::window(kind, since) }
    }
}

/// So many seconds before, in whole seconds.
pub(crate) fn back(from: Timestamp, seconds: i64) -> Timestamp {
    let whole = Timestamp::from_second(from.as_second()).unwrap_or(from);
    whole.checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_place_survives_storage() {
        let mut place = Place::window(Kind::Contact, at("2026-11-20T08:00:00Z"));
        place.note_time(Some(at("2026-11-20T09:00:30Z")), at("2026-11-20T09:09:09Z"));
        place.filter = Some(TimeFilter::Underscored);
        let record = syncline_model::Record::new("contact".into(), "82001930215".into());
        let place = place.next_part(&[Ok(record.clone())]).left(Anchor::of(&record));
        let back = Place::read(&place.write(), Kind::Contact, Listing::Changes).unwrap();
        assert_eq!(back, place);
        assert_eq!((back.window.page, back.next_since), (2, Some(at("2026-11-20T08:59:30Z"))));
    }

    #[test]
    fn only_the_first_answer_tells_the_time() {
        let mut place = Place::window(Kind::Company, at("2026-11-20T08:00:00Z"));
        place.note_time(None, at("2026-11-20T09:00:00.750Z"));
        place.note_time(Some(at("2026-11-20T10:00:00Z")), at("2026-11-20T10:00:00Z"));
        assert_eq!(place.caught_up(Kind::Company, at("2026-11-20T11:00:00Z")).since, Some(at("2026-11-20T08:50:00Z")));
    }

    #[test]
    fn foreign_cursors_are_refused() {
        let good = Place::window(Kind::Contact, at("2026-11-20T08:00:00Z")).write();
        let wrong = [
            String::new(),
            "7".to_owned(),
            "not json".to_owned(),
            good.0.replace("\"v\":1", "\"v\":2"),
            good.0.replace("freshdesk", "zendesk"),
            good.0.replace("\"contact\"", "\"company\""),
            good.0.replace("\"page\":1", "\"page\":0"),
            good.0.replace("\"changes\"", "\"scan\""),
            good.0.replace("\"live\"", "\"asleep\""),
        ];
        assert!(Place::read(&good, Kind::Contact, Listing::Changes).is_ok());
        for text in wrong {
            let answer = Place::read(&Cursor(text.clone()), Kind::Contact, Listing::Changes);
            assert!(matches!(answer, Err(Fault::Drift { ref path, .. }) if path == "cursor"), "{text}");
        }
    }

    #[test]
    fn the_lists_of_a_listing_follow_each_other() {
        let phases = |mut place: Place, kind| {
            let mut phases = vec![place.phase];
            while let Some(next) = place.next_phase(kind) {
                phases.push(next.phase);
                place = next;
            }
            phases
        };
        let since = at("2026-11-20T08:00:00Z");
        assert_eq!(phases(Place::window(Kind::Contact, since), Kind::Contact), [Phase::Live, Phase::Deleted, Phase::Blocked]);
        assert_eq!(phases(Place::scan(Kind::Contact), Kind::Contact), [Phase::Live, Phase::Blocked]);
        assert_eq!(phases(Place::window(Kind::Company, since), Kind::Company), [Phase::Live]);
    }
}
