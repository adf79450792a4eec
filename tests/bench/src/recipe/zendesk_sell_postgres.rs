//! Zendesk Sell and a replica of it in PostgreSQL: the server itself, filled by the first run.

use serde_json::{Value as Json, json};
use syncline_mapping::Pair;
use syncline_model::Side;
use syncline_simulator::Fields;

use super::{Accounts, End, Recipe, pages};
use crate::size::{Size, count};
use crate::traffic::ByClass;

pub(crate) struct ZendeskSellPostgres;

const SELL: &str = "zendesk_sell";
const POSTGRES: &str = "postgres";
static ENDS: Pair<End> =
    Pair { left: End { system: SELL, kind: "contact", email: "email" }, right: End { system: POSTGRES, kind: "contacts", email: "email" } };

/// Sell gives a hundred records a page, and as many by id; it takes one a call, and answers with it (its fact sheet §4, §5: documented).
const SELL_PAGE: u64 = 100;
/// Of so many people one has a deal in the simulated account.
const PEOPLE_PER_DEAL: u32 = 20;
/// The database sets no bound; so many rows our connector reads and writes in one transaction, which answers what is stored.
const ROWS: u64 = 500;

/// Objects of the recipe that changes come from on a side: appointments go one way, from Sell.
fn read_from(side: Side) -> u64 {
    let facts = syncline_registry::system_facts();
    let text = syncline_config::recipe(ZendeskSellPostgres.name()).unwrap_or_default();
    let config = syncline_config::read(text, "syncline.yaml", &facts).ok();
    let mappings = config.iter().flat_map(|config| &config.syncs).flat_map(|sync| &sync.mappings);
    mappings.filter(|mapping| mapping.fields.iter().any(|field| field.flow.reaches(side.other()))).count() as u64
}

impl Recipe for ZendeskSellPostgres {
    fn name(&self) -> &'static str {
        "zendesk_sell-postgres"
    }

    fn mapping(&self) -> &'static str {
        "contacts"
    }

    fn ends(&self) -> &'static Pair<End> {
        &ENDS
    }

    fn is_installed(&self) -> bool {
        syncline_postgres_sim::is_installed()
    }

    /// The replica is empty.
    fn size(&self, size: &Size) -> Size {
        Size { people: Pair::new(size.people.left.clone(), 0..0), companies: Pair::new(size.companies.left.clone(), 0..0), ..size.clone() }
    }

    fn edit(&self, _side: Side, number: u32, _now: &Fields) -> Option<(&'static str, Json)> {
        Some(("title", json!(format!("Head of {number}"))))
    }

    fn people_after(&self, before: &Accounts) -> Pair<u64> {
        Pair::new(before.count(Side::Left), before.count(Side::Left))
    }

    /// Sell's pages, and the rows that they become.
    fn first_run(&self, before: &Accounts) -> ByClass {
        let contacts = before.count(Side::Left) + count(&before.companies.left);
        let deals = before.people.left.keys().filter(|number| number.is_multiple_of(PEOPLE_PER_DEAL)).count() as u64;
        // What goes both ways stands in lists; the other two of these have pages.
        let listed = read_from(Side::Right);
        ByClass::from([
            ((SELL, "list"), pages(contacts, SELL_PAGE) + pages(deals, SELL_PAGE) + listed - 2),
            ((POSTGRES, "read"), listed),
            ((POSTGRES, "write"), contacts.div_ceil(ROWS) + deals.div_ceil(ROWS)),
        ])
    }

    /// A call for what changed of each object, which tells what was deleted too; of the database, one transaction for each table.
    fn poll(&self, side: Side, _now: &Accounts) -> u64 {
        read_from(side)
    }

    fn further_pages(&self, side: Side, changed: u64, _now: &Accounts) -> u64 {
        let page = match side {
            Side::Left => SELL_PAGE,
            Side::Right => ROWS,
        };
        pages(changed, page) - 1
    }

    fn edits(&self, side: Side, edits: u64, _now: &Accounts) -> u64 {
        match side {
            Side::Left => edits.div_ceil(SELL_PAGE) + edits,
            Side::Right => 2 * edits.div_ceil(ROWS),
        }
    }
}
