//! What the store says of a record, read from its items' JSON as documented in ARCHITECTURE.md, without the engine's types.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use syncline_engine::ports::store::Item;
use syncline_model::Side;

use super::moves::Moves;

/// A link as it rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) left: String,
    pub(super) right: String,
    pub(super) state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Active,
    Severed { gone: Side },
    Buried,
}

/// All that the store says, by mapping.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// By mapping and left id.
    links: BTreeMap<(String, String), Link>,
    /// By mapping and right id: the left one.
    pointers: BTreeMap<(String, String), String>,
    /// How a record ended that is not carried over: `skipped:…`, `held:…`; by mapping, side and id.
    notes: BTreeMap<(String, Side, String), String>,
    /// Records for whose counterpart an intent stands, or a link or pointer.
    claimed: BTreeSet<(String, Side, String)>,
    /// Why each is held.
    holds: BTreeMap<(String, Side, String), Json>,
}

fn side(letter: &str) -> Option<Side> {
    match letter {
        "l" => Some(Side::Left),
        "r" => Some(Side::Right),
        _ => None,
    }
}

impl Book {
    pub(super) fn read(sync: &str, items: &[Item]) -> Self {
        let mut book = Self::default();
        for item in items {
            let parts: Vec<&str> = item.key.partition.split('#').collect();
            match parts.as_slice() {
                ["e", its, mapping, letter, _] if *its == sync => {
                    let (Some(side), Ok(body)) = (side(letter), serde_json::from_str::<Json>(&item.body)) else { continue };
                    book.entry(mapping, side, &item.key.sort, &body);
                }
                ["h", its] if *its == sync => {
                    let place: Vec<&str> = item.key.sort.splitn(3, '#').collect();
                    let [mapping, letter, id] = place.as_slice() else { continue };
                    let Some(side) = self::side(letter) else { continue };
                    let place = ((*mapping).to_owned(), side, (*id).to_owned());
                    book.holds.insert(place, serde_json::from_str(&item.body).unwrap_or_default());
                }
                _ => {}
            }
        }
        book
    }

    fn entry(&mut self, mapping: &str, side: Side, id: &str, body: &Json) {
        let place = (mapping.to_owned(), side, id.to_owned());
        if let Some(link) = body.get("link") {
            let state = match (link["state"] == "buried", link.pointer("/state/severed/gone").and_then(Json::as_str)) {
                (true, _) => State::Buried,
                (false, Some("left")) => State::Severed { gone: Side::Left },
                (false, Some(_)) => State::Severed { gone: Side::Right },
                (false, None) => State::Active,
            };
            let right = link["right"].as_str().unwrap_or_default().to_owned();
            self.links.insert((mapping.to_owned(), id.to_owned()), Link { left: id.to_owned(), right, state });
        }
        if let Some(left) = body.get("pointer").and_then(Json::as_str) {
            self.pointers.insert((mapping.to_owned(), id.to_owned()), left.to_owned());
        }
        let note = body.pointer("/link/note/end").or_else(|| body.pointer("/unlinked/note/end"));
        if let Some(note) = note.and_then(Json::as_str) {
            self.notes.insert(place.clone(), note.to_owned());
        }
        if ["link", "pointer", "intent"].iter().any(|name| body.get(name).is_some()) {
            self.claimed.insert(place);
        }
    }

    /// By the ids under which everybody goes today. What stands under today's id says more than what stood under an earlier one.
    pub(super) fn follow(&mut self, moves: &Moves) {
        fn renamed<V>(all: &mut BTreeMap<(String, Side, String), V>, moves: &Moves) {
            for ((mapping, side, id), value) in std::mem::take(all) {
                let today = moves.today(side, &id);
                let is_todays = today == id;
                let place = (mapping, side, today);
                if is_todays || !all.contains_key(&place) {
                    all.insert(place, value);
                }
            }
        }
        for ((mapping, left), mut link) in std::mem::take(&mut self.links) {
            (link.left, link.right) = (moves.today(Side::Left, &left), moves.today(Side::Right, &link.right));
            self.links.insert((mapping, link.left.clone()), link);
        }
        for ((mapping, right), left) in std::mem::take(&mut self.pointers) {
            let today = moves.today(Side::Right, &right);
            let is_todays = today == right;
            let place = (mapping, today);
            if is_todays || !self.pointers.contains_key(&place) {
                self.pointers.insert(place, moves.today(Side::Left, &left));
            }
        }
        renamed(&mut self.notes, moves);
        renamed(&mut self.holds, moves);
        let claimed = std::mem::take(&mut self.claimed).into_iter();
        self.claimed = claimed.map(|(mapping, side, id)| (mapping, side, moves.today(side, &id))).collect();
    }

    /// The link of a record, if one names it.
    pub(super) fn link(&self, mapping: &str, side: Side, id: &str) -> Option<&Link> {
        match side {
            Side::Left => self.links.get(&(mapping.to_owned(), id.to_owned())),
            Side::Right => {
                let left = self.pointers.get(&(mapping.to_owned(), id.to_owned()))?;
                // A pointer whose link has moved on is stale.
                self.links.get(&(mapping.to_owned(), left.clone())).filter(|link| link.right == id)
            }
        }
    }

    pub(super) fn active(&self, mapping: &str) -> impl Iterator<Item = &Link> {
        self.links.iter().filter(move |((its, _), link)| its == mapping && link.state == State::Active).map(|(_, link)| link)
    }

    pub(super) fn note(&self, mapping: &str, side: Side, id: &str) -> Option<&str> {
        self.notes.get(&(mapping.to_owned(), side, id.to_owned())).map(String::as_str)
    }

    pub(super) fn is_held(&self, mapping: &str, side: Side, id: &str) -> bool {
        self.holds.contains_key(&(mapping.to_owned(), side, id.to_owned()))
    }

    /// The name of the reason why a record is held.
    pub(super) fn held_because(&self, mapping: &str, side: Side, id: &str) -> Option<&str> {
        self.holds.get(&(mapping.to_owned(), side, id.to_owned()))?.pointer("/why/reason")?.as_str()
    }

    /// Who is named as having the value for which a record is held.
    pub(super) fn holders(&self, mapping: &str, side: Side, id: &str) -> Vec<String> {
        let hold = self.holds.get(&(mapping.to_owned(), side, id.to_owned()));
        let named = hold.and_then(|hold| hold.pointer("/why/holders")?.as_array());
        named.into_iter().flatten().filter_map(|holder| Some(holder.as_str()?.to_owned())).collect()
    }

    pub(super) fn is_claimed(&self, mapping: &str, side: Side, id: &str) -> bool {
        self.claimed.contains(&(mapping.to_owned(), side, id.to_owned()))
    }

    pub(super) fn held(&self) -> usize {
        self.holds.len()
    }
}
