//! What an item of the store is, by its place, and whether it moves.
//!
//! Stays behind: call budgets, which fill by themselves, staged pages and vendors' facts, which are read again, and turns. A lease belongs to the process that took it,
//! so it is left out of what moves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use syncline_engine::EngineError;
use syncline_engine::entry::{self, Entry};
use syncline_engine::ports::store::Item;
use syncline_model::Timestamp;

/// What moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Links,
    /// From a right id to the left one.
    Pointers,
    /// A counterpart was being created.
    Intents,
    /// Records without a counterpart, and why.
    Notes,
    Cursors,
    Holds,
    /// Pairs whose owner is not known on the other side.
    Ownerless,
    /// Records that wait for the one that they refer to.
    Waiting,
    Backfills,
    Sweeps,
    /// Connections that are stopped.
    Connections,
    History,
}

impl Kind {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Links => "links",
            Self::Pointers => "pointers to them",
            Self::Intents => "records being created",
            Self::Notes => "records without a counterpart",
            Self::Cursors => "cursors",
            Self::Holds => "holds",
            Self::Ownerless => "records whose owner is not known",
            Self::Waiting => "records that wait for another",
            Self::Backfills => "states of backfills",
            Self::Sweeps => "states of sweeps",
            Self::Connections => "stopped connections",
            Self::History => "history entries",
        }
    }
}

/// Items by kind.
pub(crate) type Counts = BTreeMap<Kind, u64>;

/// What becomes of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Moves(Kind),
    StaysBudget,
    StaysPage,
    /// What a vendor was asked about itself, believed for a day.
    StaysFacts,
    /// Which run waits: none does where the installation comes to.
    StaysTurn,
}

/// Why an item cannot be moved: its kind or its format is not of this version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Strange(pub(crate) String);

/// The format of each body that has one.
const FORMAT: u64 = 1;

/// What an item is, and what becomes of it. An item of an unknown kind or format is refused: half an installation is none.
pub(crate) fn fate(item: &Item) -> Result<Fate, Strange> {
    let (letter, _) = item.key.partition.split_once('#').unwrap_or((item.key.partition.as_str(), ""));
    let kind = match letter {
        "b" => return Ok(Fate::StaysBudget),
        "s" | "q" => return Ok(Fate::StaysPage),
        "d" | "u" => return Ok(Fate::StaysFacts),
        "t" => return Ok(Fate::StaysTurn),
        "e" => {
            let placed = entry::placed(item.clone()).map_err(|error: EngineError| Strange(error.to_string()))?;
            return Ok(Fate::Moves(match placed.entry {
                Entry::Link(_) => Kind::Links,
                Entry::Pointer(_) => Kind::Pointers,
                Entry::Intent { .. } => Kind::Intents,
                Entry::Unlinked { .. } => Kind::Notes,
            }));
        }
        // By which the entries of some of them are found.
        "i" => Kind::Intents,
        "c" => Kind::Cursors,
        "h" => Kind::Holds,
        "o" => Kind::Ownerless,
        "w" => Kind::Waiting,
        "f" => Kind::Backfills,
        "p" => Kind::Sweeps,
        "n" => Kind::Connections,
        "y" => Kind::History,
        other => return Err(Strange(format!("an item of the kind `{other}#` is not known"))),
    };
    let body = members(item)?;
    match body.get("v").map(|version| version.get().parse::<u64>()) {
        None | Some(Ok(FORMAT)) => Ok(Fate::Moves(kind)),
        Some(Ok(_) | Err(_)) => Err(Strange(format!("an item of the kind `{letter}#` has a format that is not known"))),
    }
}

/// The sync that an item belongs to; `None` where it is a connection's.
pub(crate) fn sync_of(item: &Item) -> Option<&str> {
    let mut parts = item.key.partition.split('#');
    match parts.next() {
        Some("b" | "d" | "n" | "u") | None => None,
        Some(_) => parts.next(),
    }
}

const LEASED_UNTIL: &str = "leased_until";

/// Until when somebody works on what the item is the state of.
pub(crate) fn leased_until(kind: Kind, item: &Item) -> Result<Option<Timestamp>, Strange> {
    match kind {
        Kind::Cursors | Kind::Backfills | Kind::Sweeps => {}
        Kind::Links
        | Kind::Pointers
        | Kind::Intents
        | Kind::Notes
        | Kind::Holds
        | Kind::Ownerless
        | Kind::Waiting
        | Kind::Connections
        | Kind::History => return Ok(None),
    }
    let body = members(item)?;
    let Some(until) = body.get(LEASED_UNTIL) else { return Ok(None) };
    serde_json::from_str(until.get()).map_err(|_| Strange("a lease has an end that is not a time".to_owned()))
}

/// The item without its lease; every other member of its body stays as it is written.
pub(crate) fn without_lease(kind: Kind, mut item: Item) -> Result<Item, Strange> {
    if leased_until(kind, &item)?.is_none() {
        return Ok(item);
    }
    let mut body = members(&item)?;
    body.insert(LEASED_UNTIL.to_owned(), RawValue::NULL.to_owned());
    item.body = serde_json::to_string(&body).map_err(|_| Strange("a state could not be written anew".to_owned()))?;
    Ok(item)
}

fn members(item: &Item) -> Result<BTreeMap<String, Box<RawValue>>, Strange> {
    serde_json::from_str(&item.body).map_err(|error| Strange(format!("a body is no JSON object (column {})", error.column())))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use syncline_engine::ports::store::Key;

    use super::*;

    fn item(partition: &str, body: &str) -> Item {
        Item { key: Key { partition: partition.into(), sort: "x".into() }, body: body.into(), version: 3, expires: None }
    }

    /// A key that somebody begins to use must be decided about here.
    #[test]
    fn every_kind_of_key_that_is_in_use_is_known() {
        let keys = include_str!("../../../../shared/engine/src/keys.rs");
        let facts = include_str!("../../../../shared/connectors/registry/src/required.rs");
        let letters: BTreeSet<&str> = [keys, facts]
            .iter()
            .flat_map(|text| text.split("format!(\"").skip(1).filter_map(|rest| rest.split_once('#')).map(|(letter, _)| letter))
            .filter(|letter| letter.len() == 1)
            .collect();
        assert!(letters.len() >= 11, "{letters:?}");
        for letter in letters {
            let body = if letter == "e" { r#"{"v":1,"pointer":"7"}"# } else { r#"{"v":1}"# };
            assert!(fate(&item(&format!("{letter}#customers"), body)).is_ok(), "`{letter}#` neither moves nor stays");
        }
    }

    #[test]
    fn an_item_is_told_by_its_place_and_an_entry_by_its_body_too() {
        let kind = |partition: &str, body: &str| fate(&item(partition, body));
        assert_eq!(kind("e#s#m#l#00", r#"{"v":1,"link":{"right":"9"}}"#), Ok(Fate::Moves(Kind::Links)));
        assert_eq!(kind("e#s#m#r#00", r#"{"v":1,"pointer":"7"}"#), Ok(Fate::Moves(Kind::Pointers)));
        assert_eq!(kind("e#s#m#l#00", r#"{"v":1,"unlinked":{"note":null,"children":true}}"#), Ok(Fate::Moves(Kind::Notes)));
        assert_eq!(kind("h#s", r#"{"mapping":"m"}"#), Ok(Fate::Moves(Kind::Holds)));
        assert_eq!(kind("b#freshdesk", "{}"), Ok(Fate::StaysBudget));
        assert_eq!(kind("q#s#m#l#seen", "{}"), Ok(Fate::StaysPage));
        for (partition, body) in [("z#s", "{}"), ("e#s#m#l#00", r#"{"v":2,"pointer":"7"}"#), ("c#s", r#"{"v":9}"#), ("h#s", "[]")] {
            assert!(kind(partition, body).is_err(), "{partition} {body}");
        }
    }

    #[test]
    fn a_lease_is_left_out_and_nothing_else_changes() {
        let leased = item("c#s", r#"{"v":1,"cursor":{"at":12345678901234567890123},"leased_until":"2026-11-22T10:00:00Z"}"#);
        assert_eq!(leased_until(Kind::Cursors, &leased), Ok(Some("2026-11-22T10:00:00Z".parse().unwrap())));
        let free = without_lease(Kind::Cursors, leased).unwrap();
        assert_eq!(free.body, r#"{"cursor":{"at":12345678901234567890123},"leased_until":null,"v":1}"#);
        assert_eq!(leased_until(Kind::Cursors, &free), Ok(None));
        assert_eq!(without_lease(Kind::Cursors, free.clone()).unwrap(), free);
    }

    #[test]
    fn items_belong_to_a_sync_and_connections_to_none() {
        assert_eq!(sync_of(&item("y#customers#contacts#12", "{}")), Some("customers"));
        assert_eq!(sync_of(&item("n#freshdesk", "{}")), None);
    }
}
