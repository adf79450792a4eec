//! The recipes as they are measured: each with its choices made, with accounts of a size that fits, an edit that people make, and the least calls
//! with which the work can be done. Those follow from the data and from what the vendors' APIs let one call do; what the engine does, and what
//! the connectors declare, is not asked.

mod aircall_zendesk_support;
mod freshdesk_salesforce;
mod salesmanago_zoho_crm;
mod zendesk_sell_postgres;

use std::collections::BTreeMap;

use serde_json::Value as Json;
use syncline_mapping::Pair;
use syncline_model::Side;
use syncline_simulator::Fields;

use crate::size::Size;
use crate::traffic::ByClass;

/// Where a side's people are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) system: &'static str,
    /// What its simulator calls people, and the field with their address.
    pub(crate) kind: &'static str,
    pub(crate) email: &'static str,
}

/// People by their numbers in the population, each with the fields that the account has of them.
pub(crate) type People = BTreeMap<u32, Fields>;

/// What stands in the two accounts.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    pub(crate) people: Pair<People>,
    /// Distinct companies, by number.
    pub(crate) companies: Pair<std::ops::Range<u32>>,
}

impl Accounts {
    pub(crate) fn count(&self, side: Side) -> u64 {
        self.people.of(side).len() as u64
    }

    /// People of this side whom the other one lacks.
    pub(crate) fn only(&self, side: Side) -> impl Iterator<Item = &Fields> {
        let others = self.people.of(side.other());
        self.people.of(side).iter().filter(|(number, _)| !others.contains_key(number)).map(|(_, fields)| fields)
    }

    /// People of both sides, as each has them.
    pub(crate) fn both(&self) -> impl Iterator<Item = (&Fields, &Fields)> {
        self.people.left.iter().filter_map(|(number, left)| Some((left, self.people.right.get(number)?)))
    }
}

pub(crate) trait Recipe: Sync {
    fn name(&self) -> &'static str;

    /// The mapping of people, as the config names it.
    fn mapping(&self) -> &'static str;

    fn ends(&self) -> &'static Pair<End>;

    /// Whether this machine has what it takes.
    fn is_installed(&self) -> bool {
        true
    }

    /// A size that fits.
    fn size(&self, size: &Size) -> Size {
        size.clone()
    }

    /// Another value for somebody, as a person would give it; `None` where nobody edits this one.
    fn edit(&self, side: Side, number: u32, now: &Fields) -> Option<(&'static str, Json)>;

    /// People of each side after the first run.
    fn people_after(&self, before: &Accounts) -> Pair<u64>;

    /// The least calls of the first run.
    fn first_run(&self, before: &Accounts) -> ByClass;

    /// The least calls of a poll that finds nothing.
    fn poll(&self, side: Side, now: &Accounts) -> u64;

    /// The least calls beyond those of a quiet poll, where so many changed.
    fn further_pages(&self, side: Side, changed: u64, now: &Accounts) -> u64;

    /// The least calls for carrying so many edits over to a side, once they are known: their counterparts are read, then written, and what is
    /// stored is read where the vendor's answer to a write does not tell it.
    fn edits(&self, side: Side, edits: u64, now: &Accounts) -> u64;
}

/// Every recipe that is measured; the first one is measured most closely.
pub(crate) fn recipes() -> [&'static dyn Recipe; 4] {
    [
        &freshdesk_salesforce::FreshdeskSalesforce,
        &aircall_zendesk_support::AircallZendeskSupport,
        &salesmanago_zoho_crm::SalesmanagoZohoCrm,
        &zendesk_sell_postgres::ZendeskSellPostgres,
    ]
}

pub(crate) fn recipe(name: &str) -> Option<&'static dyn Recipe> {
    recipes().into_iter().find(|recipe| recipe.name() == name)
}

/// Calls for a listing: an empty one is a page too.
pub(crate) fn pages(records: u64, page_records: u64) -> u64 {
    records.div_ceil(page_records).max(1)
}

pub(crate) fn text<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).and_then(Json::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_listing_is_one_page_and_a_full_page_needs_no_second() {
        assert_eq!([0, 1, 100, 101].map(|records| pages(records, 100)), [1, 1, 1, 2]);
    }

    #[test]
    fn recipes_are_shipped_ones_and_found_by_their_names() {
        for one in recipes() {
            assert!(syncline_config::recipe(one.name()).is_some(), "{}", one.name());
            assert_eq!(recipe(one.name()).map(Recipe::name), Some(one.name()));
        }
    }
}
