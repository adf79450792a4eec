//! What must be there when a scene has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use syncline_model::Side;

use super::stage::{Kind, reference};
use super::{SIDES, Scene};
use crate::house::House;

/// What is there in the end, without what differs by chance: ids and moments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remains {
    /// Every live record of both sides in words, companies by their names.
    pub records: Vec<String>,
    /// How many items of each sort rest in the store.
    pub items: BTreeMap<String, usize>,
}

/// Where the engine keeps what may not be left behind or be missing: entries, holds, children that wait, stopped connections.
const SORTS: [&str; 3] = ["e#", "h#", "w#"];

pub(super) fn remains(house: &House) -> Remains {
    let mut records = Vec::new();
    for side in SIDES {
        let companies = house.vendors.live(side, Kind::Company.at(side));
        for kind in Kind::ALL {
            for (_, mut record) in house.vendors.live(side, kind.at(side)) {
                record.remove(kind.link(side));
                if let Some(parent) = record.get(reference(side)).and_then(text) {
                    let name = companies.get(&parent).and_then(|company| company.get(side.of("name", "Name"))).cloned();
                    record.insert(reference(side).to_owned(), name.unwrap_or(Json::String("a stranger".into())));
                }
                records.push(format!("{side} {} {}", kind.at(side), serde_json::json!(record)));
            }
        }
    }
    records.sort_unstable();
    let mut items = BTreeMap::new();
    for item in house.store.all() {
        if let Some(sort) = SORTS.iter().find(|sort| item.key.partition.starts_with(**sort)) {
            *items.entry((*sort).to_owned()).or_default() += 1;
        }
    }
    Remains { records, items }
}

fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) if !text.is_empty() => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Null | Json::Bool(_) | Json::String(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

pub(super) fn judge(scene: &Scene, house: &House, created: [usize; 2]) -> Vec<String> {
    let mut problems = Vec::new();
    for (kind, pairs) in Kind::ALL.into_iter().zip(scene.pairs) {
        let linked = |side: Side| -> BTreeMap<String, Option<String>> {
            let records = house.vendors.live(side, kind.at(side));
            records.into_iter().map(|(id, record)| (id, record.get(kind.link(side)).and_then(text))).collect()
        };
        let sides = SIDES.map(linked);
        let mutual: BTreeSet<(&String, &String)> = sides[0]
            .iter()
            .filter_map(|(left, other)| Some((left, other.as_ref()?)))
            .filter(|(left, right)| sides[1].get(*right).is_some_and(|back| back.as_ref() == Some(left)))
            .collect();
        let alone = if kind == Kind::Contact { scene.alone } else { [0, 0] };
        let live = [sides[0].len(), sides[1].len()];
        if live != [pairs + alone[0], pairs + alone[1]] || mutual.len() != pairs {
            problems
                .push(format!("{kind:?}: {live:?} live records, {} pairs, where there should be {pairs} pairs: {sides:?}", mutual.len()));
        }
    }
    if created != scene.created {
        problems.push(format!("the vendors stored {created:?} new records, where there should be {:?}", scene.created));
    }
    let held: Vec<String> =
        house.store.all().into_iter().filter(|item| item.key.partition.starts_with("h#")).map(|item| item.body).collect();
    if held.len() != scene.held {
        problems.push(format!("{} records are held, where there should be {}: {held:?}", held.len(), scene.held));
    }
    problems.extend(house.queue.dead_letters().iter().map(|dead| format!("a message of {} is dead", dead.queue)));
    problems.extend(house.auditor.breaches.iter().map(|breach| format!("{}: {}", breach.promise, breach.says)));
    problems
}
