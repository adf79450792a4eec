//! Freshdesk and Salesforce: companies and contacts, both ways.

use serde_json::{Value as Json, json};
use syncline_mapping::Pair;
use syncline_model::Side;
use syncline_simulator::Fields;

use super::{Accounts, End, Recipe, pages};
use crate::size::{count, union};
use crate::traffic::ByClass;

pub(crate) struct FreshdeskSalesforce;

const FRESHDESK: &str = "freshdesk";
const SALESFORCE: &str = "salesforce";
static ENDS: Pair<End> = Pair {
    left: End { system: FRESHDESK, kind: "contact", email: "email" },
    right: End { system: SALESFORCE, kind: "Contact", email: "Email" },
};

/// Freshdesk gives a hundred records a page, and takes one a call (its fact sheet §2, §3: documented).
const FRESHDESK_PAGE: u64 = 100;
/// Salesforce gives two thousand rows a page of a query (fact sheet: documented).
const SALESFORCE_PAGE: u64 = 2_000;
/// So many records are written and read back in one `/composite`; two hundred in each of five collections where nothing is asked back, and as
/// many ids are read by one query (fact sheet: documented; what of it our connector uses, its descriptor says).
const SALESFORCE_WRITE: u64 = 400;
const SALESFORCE_READ: u64 = 1_000;

/// Freshdesk's list of contacts leaves blocked ones out: they are a listing of their own, at least one page, and so is its bin (fact sheet §3.1).
const BLOCKED: u64 = 1;
const BIN: u64 = 1;

impl Recipe for FreshdeskSalesforce {
    fn name(&self) -> &'static str {
        "freshdesk-salesforce"
    }

    fn mapping(&self) -> &'static str {
        "contacts"
    }

    fn ends(&self) -> &'static Pair<End> {
        &ENDS
    }

    fn edit(&self, side: Side, number: u32, _now: &Fields) -> Option<(&'static str, Json)> {
        Some(match side {
            Side::Left => ("name", json!(format!("Ida Newname{number}"))),
            Side::Right => ("LastName", json!(format!("Newname{number}"))),
        })
    }

    fn people_after(&self, before: &Accounts) -> Pair<u64> {
        let all = before.count(Side::Left) + before.only(Side::Right).count() as u64;
        Pair::new(all, all)
    }

    /// Each side's pages, and one write for each record: it is either made there, with our link field in the same call, or it was there and its
    /// link field is set.
    fn first_run(&self, before: &Accounts) -> ByClass {
        let mut least = ByClass::new();
        let mut add = |system, class, calls| *least.entry((system, class)).or_default() += calls;
        let all_people = self.people_after(before).left;
        let companies = |side| count(before.companies.of(side));
        let all_companies = union(&before.companies);
        for (there, all, list, write, blocked) in [
            (before.count(Side::Left), all_people, "contacts_list", "contacts_write", BLOCKED),
            (companies(Side::Left), all_companies, "companies_list", "companies_write", 0),
        ] {
            add(FRESHDESK, list, pages(there, FRESHDESK_PAGE) + blocked);
            // Made or stamped: one a call.
            add(FRESHDESK, write, all);
        }
        for (there, all) in [(before.count(Side::Right), all_people), (companies(Side::Right), all_companies)] {
            add(SALESFORCE, "query", pages(there, SALESFORCE_PAGE));
            add(SALESFORCE, "composite", (all - there).div_ceil(SALESFORCE_WRITE) + there.div_ceil(SALESFORCE_READ));
        }
        least
    }

    /// One call a listing.
    fn poll(&self, side: Side, _now: &Accounts) -> u64 {
        match side {
            Side::Left => 1 + 1 + BLOCKED + BIN,
            Side::Right => 2,
        }
    }

    fn further_pages(&self, side: Side, changed: u64, _now: &Accounts) -> u64 {
        let page = match side {
            Side::Left => FRESHDESK_PAGE,
            Side::Right => SALESFORCE_PAGE,
        };
        pages(changed, page) - 1
    }

    /// Counterparts are read in the largest batches, or where each costs a call, told by one listing of what changed there.
    fn edits(&self, side: Side, edits: u64, _now: &Accounts) -> u64 {
        match side {
            Side::Left => 1 + edits,
            Side::Right => edits.div_ceil(SALESFORCE_READ) + edits.div_ceil(SALESFORCE_WRITE),
        }
    }
}
