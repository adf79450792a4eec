//! The least calls with which the work can be done, from the data and the vendors' bounds alone: what the engine does is not asked.

use syncline_engine::Sync;
use syncline_engine::ports::connector::ObjectFacts;
use syncline_engine::ports::http::EndpointClass;
use syncline_mapping::ObjectMapping;
use syncline_model::Side;

use crate::scene::LEFT;
use crate::size::{Size, count, union};
use crate::traffic::ByClass;
use crate::unmeasured::{Measured, Unmeasured};

/// Freshdesk's list of contacts leaves blocked ones out: they are a listing of their own, at least one page (fact sheet §3.1).
const BLOCKED_LISTING: u64 = 1;

/// The first run: each side's pages, and one write for each record: it is either made there, with our link field in the same call, or it
/// was there and its link field is set.
pub(crate) fn backfill(sync: &Sync, size: &Size) -> Measured<ByClass> {
    let mut least = ByClass::new();
    for mapping in &sync.mappings {
        let ranges = if is_people(mapping) { &size.people } else { &size.companies };
        for side in [Side::Left, Side::Right] {
            let facts = facts(sync, mapping, side)?;
            let system = system(sync, side);
            let (list, write) = classes(system, facts.kind);
            let there = count(ranges.of(side));
            let blocked = if system == LEFT && is_people(mapping) { BLOCKED_LISTING } else { 0 };
            *least.entry((system, list)).or_default() += pages(there, facts.bounds.page_records_max) + blocked;
            *least.entry((system, write)).or_default() += writes(facts, union(ranges) - there, there);
        }
    }
    Ok(least)
}

/// Calls for so many creations, of which the answer must tell what is stored, and so many link fields, of which nothing is asked back: a vendor that
/// reads more a call than it writes and reads back takes that many of them.
fn writes(facts: &ObjectFacts, created: u64, stamped: u64) -> u64 {
    let with_answer = u64::from(facts.bounds.write_records_max.max(1));
    let bare = if with_answer > 1 { with_answer.max(u64::from(facts.bounds.get_records_max)) } else { 1 };
    created.div_ceil(with_answer) + stamped.div_ceil(bare)
}

/// A poll that finds nothing: one call a listing. Freshdesk's bin and its blocked contacts are listings of their own beside the live ones.
pub(crate) fn poll(sync: &Sync, side: Side) -> u64 {
    let listings = |mapping: &ObjectMapping| if system(sync, side) == LEFT && is_people(mapping) { 3 } else { 1 };
    sync.mappings.iter().map(listings).sum()
}

/// Carrying edits of contacts over to a side, once they are known: their counterparts are read in the largest batches, or where each costs a
/// call, told by one listing of what changed there; then they are written in the largest batches.
pub(crate) fn edits(sync: &Sync, side: Side, edits: u64) -> Measured<u64> {
    let facts = facts(sync, contacts(sync)?, side)?;
    let reads = match facts.bounds.get_records_max {
        0 | 1 => 1,
        many => edits.div_ceil(u64::from(many)),
    };
    Ok(reads + edits.div_ceil(u64::from(facts.bounds.write_records_max)))
}

/// Pages of a feed beyond its first, which a quiet poll asks for too.
pub(crate) fn further_pages(sync: &Sync, side: Side, changed: u64) -> Measured<u64> {
    let facts = facts(sync, contacts(sync)?, side)?;
    Ok(pages(changed, facts.bounds.page_records_max) - 1)
}

/// The contacts' mapping: the one that refers to another.
pub(crate) fn contacts(sync: &Sync) -> Measured<&ObjectMapping> {
    sync.mappings.iter().find(|mapping| is_people(mapping)).ok_or_else(|| Unmeasured::new("the recipe", "it maps no contacts"))
}

pub(crate) fn system(sync: &Sync, side: Side) -> &'static str {
    sync.ends.of(side).connector.descriptor().system
}

fn is_people(mapping: &ObjectMapping) -> bool {
    mapping.name.as_str() == "contacts"
}

fn facts(sync: &Sync, mapping: &ObjectMapping, side: Side) -> Measured<&'static ObjectFacts> {
    sync.facts(mapping, side).ok_or_else(|| Unmeasured::new("the recipe", format!("{} is no object of the {side} side", mapping.name)))
}

fn pages(records: u64, page_records_max: u32) -> u64 {
    records.div_ceil(u64::from(page_records_max)).max(1)
}

/// The classes under which a connector counts an object's listings and writes.
fn classes(system: &str, kind: &str) -> (EndpointClass, EndpointClass) {
    match (system, kind) {
        (LEFT, "contact") => ("contacts_list", "contacts_write"),
        (LEFT, _) => ("companies_list", "companies_write"),
        (_, _) => ("query", "composite"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_listing_is_one_page_and_a_full_page_needs_no_second() {
        assert_eq!([0, 1, 100, 101].map(|records| pages(records, 100)), [1, 1, 1, 2]);
    }
}
