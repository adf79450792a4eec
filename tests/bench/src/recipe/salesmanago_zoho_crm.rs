//! SALESmanago and Zoho CRM: contacts on one side, contacts and leads on the other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use syncline_mapping::Pair;
use syncline_model::Side;
use syncline_simulator::Fields;

use super::{Accounts, End, Recipe, pages, text};
use crate::size::Size;
use crate::traffic::ByClass;

pub(crate) struct SalesmanagoZohoCrm;

const SALESMANAGO: &str = "salesmanago";
const ZOHO: &str = "zoho_crm";
static ENDS: Pair<End> = Pair {
    left: End { system: SALESMANAGO, kind: "contact", email: "email" },
    right: End { system: ZOHO, kind: "person", email: "Email" },
};

/// SALESmanago gives two hundred contacts a page, each owner's apart, and as many by id; it takes a hundred a call, and answers with ids alone (its
/// fact sheet §3, §4: what the vendor's own connector promises).
const SALESMANAGO_READ: u64 = 200;
const SALESMANAGO_WRITE: u64 = 100;
/// Zoho gives two hundred rows a page, of each module apart; a hundred rows a write and as many by id, and answers with ids alone (its fact sheet §3,
/// §4: documented, the ids of a reading not).
const ZOHO_PAGE: u64 = 200;
const ZOHO_WRITE: u64 = 100;
/// Leads and contacts: each has a listing of what changed, and one of what was deleted (its fact sheet §3: documented).
const MODULES: u64 = 2;

/// Whoever is no client has the place of a prospect: other states have none of their own at Zoho.
fn module(contact: &Fields) -> &'static str {
    if text(contact, "state") == "CUSTOMER" { "Contacts" } else { "Leads" }
}

/// Calls for people of whom each call takes those of one group.
fn grouped<'a>(people: impl Iterator<Item = &'a str>, a_call: u64) -> u64 {
    let mut groups: BTreeMap<&str, u64> = BTreeMap::new();
    people.for_each(|group| *groups.entry(group).or_default() += 1);
    groups.values().map(|people| people.div_ceil(a_call)).sum()
}

impl Recipe for SalesmanagoZohoCrm {
    fn name(&self) -> &'static str {
        "salesmanago-zoho_crm"
    }

    fn mapping(&self) -> &'static str {
        "people"
    }

    fn ends(&self) -> &'static Pair<End> {
        &ENDS
    }

    /// SALESmanago knows no companies.
    fn size(&self, size: &Size) -> Size {
        Size { companies: Pair::new(0..0, size.companies.right.clone()), ..size.clone() }
    }

    fn edit(&self, side: Side, number: u32, _now: &Fields) -> Option<(&'static str, Json)> {
        match side {
            Side::Left => Some(("name", json!(format!("Ida Newname{number}")))),
            Side::Right => Some(("Last_Name", json!(format!("Newname{number}")))),
        }
    }

    fn people_after(&self, before: &Accounts) -> Pair<u64> {
        let all = before.count(Side::Left) + before.only(Side::Right).count() as u64;
        Pair::new(all, all)
    }

    fn first_run(&self, before: &Accounts) -> ByClass {
        let owners = before.people.left.values().map(|contact| text(contact, "mainContactOwner"));
        // The master's values go to SALESmanago: of everybody it has another telephone number.
        let written_left = before.count(Side::Right);
        let made: Vec<&Fields> = before.only(Side::Left).collect();
        let made_in = made.iter().map(|contact| module(contact));
        let stamped = before.people.right.values().map(|person| text(person, "module"));
        // A contact's company is an account, which is made where there is none of the name; the name is unique, so that nobody need look.
        let names = made.iter().filter(|contact| module(contact) == "Contacts").map(|contact| text(contact, "company"));
        let companies = names.filter(|name| !name.is_empty()).collect::<BTreeSet<_>>().len() as u64;
        let listed = before.people.right.values().map(|person| text(person, "module"));
        let accounts = companies.div_ceil(ZOHO_WRITE);
        ByClass::from([
            ((SALESMANAGO, "contacts_list"), grouped(owners, SALESMANAGO_READ)),
            ((SALESMANAGO, "contacts_write"), written_left.div_ceil(SALESMANAGO_WRITE)),
            ((SALESMANAGO, "contacts_read"), written_left.div_ceil(SALESMANAGO_READ)),
            ((ZOHO, "records_list"), grouped(listed, ZOHO_PAGE)),
            ((ZOHO, "records_write"), accounts + grouped(made_in.clone(), ZOHO_WRITE) + grouped(stamped, ZOHO_WRITE)),
            ((ZOHO, "records_read"), grouped(made_in, ZOHO_WRITE)),
        ])
    }

    /// What changed, of each owner apart; what changed and what was deleted, of each module apart.
    fn poll(&self, side: Side, now: &Accounts) -> u64 {
        match side {
            Side::Left => now.people.left.values().map(|contact| text(contact, "mainContactOwner")).collect::<BTreeSet<_>>().len() as u64,
            Side::Right => 2 * MODULES,
        }
    }

    /// SALESmanago lists ids of what changed, and the contacts are read by them.
    fn further_pages(&self, side: Side, changed: u64, _now: &Accounts) -> u64 {
        match side {
            Side::Left => pages(changed, SALESMANAGO_READ) - 1 + changed.div_ceil(SALESMANAGO_READ),
            Side::Right => pages(changed, ZOHO_PAGE) - 1,
        }
    }

    fn edits(&self, side: Side, edits: u64, _now: &Accounts) -> u64 {
        match side {
            Side::Left => 2 * edits.div_ceil(SALESMANAGO_READ) + edits.div_ceil(SALESMANAGO_WRITE),
            Side::Right => 3 * edits.div_ceil(ZOHO_WRITE),
        }
    }
}
