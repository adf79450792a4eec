//! Aircall and Zendesk Support: the status of agents, each side setting the other's.

use serde_json::{Value as Json, json};
use syncline_mapping::Pair;
use syncline_model::Side;
use syncline_simulator::Fields;

use super::{Accounts, End, Recipe, pages, text};
use crate::size::Size;
use crate::traffic::ByClass;

pub(crate) struct AircallZendeskSupport;

const AIRCALL: &str = "aircall";
const ZENDESK: &str = "zendesk_support";
static ENDS: Pair<End> =
    Pair { left: End { system: AIRCALL, kind: "user", email: "email" }, right: End { system: ZENDESK, kind: "agent", email: "email" } };

/// Aircall gives fifty users a page, and takes one a call; nothing tells who changed (its fact sheet §2, §4: documented).
const AIRCALL_PAGE: u64 = 50;
/// Zendesk gives a hundred agents a page, and a hundred statuses (its fact sheet §2.4, §5: documented); it takes one status a call, and answers
/// with it (§5.3: documented).
const ZENDESK_PAGE: u64 = 100;
/// Who became an agent or is none any more is told by the export of what changed; whose status changed, by no listing but that of all.
const EXPORT: u64 = 1;

/// Aircall's schedule sets the status of those who follow it: nobody else does, and it has no counterpart.
const FOLLOWS_SCHEDULE: &str = "custom";

impl Recipe for AircallZendeskSupport {
    fn name(&self) -> &'static str {
        "aircall-zendesk_support"
    }

    fn mapping(&self) -> &'static str {
        "agents"
    }

    fn ends(&self) -> &'static Pair<End> {
        &ENDS
    }

    /// A tenth of the people are agents, and most of them on both sides.
    fn size(&self, size: &Size) -> Size {
        let all = size.people.left.end / 10;
        Size { people: Pair::new(all / 8..all, 0..all - all / 8), companies: Pair::new(0..0, 0..0), edits: size.edits / 20, ..size.clone() }
    }

    fn edit(&self, side: Side, _number: u32, now: &Fields) -> Option<(&'static str, Json)> {
        match side {
            Side::Left => match text(now, "availability_status") {
                FOLLOWS_SCHEDULE => None,
                "available" => Some(("availability_status", json!("unavailable"))),
                _ => Some(("availability_status", json!("available"))),
            },
            Side::Right if text(now, "status") == "online" => Some(("status", json!("offline"))),
            Side::Right => Some(("status", json!("online"))),
        }
    }

    /// Nobody is made an agent.
    fn people_after(&self, before: &Accounts) -> Pair<u64> {
        Pair::new(before.count(Side::Left), before.count(Side::Right))
    }

    /// Each side's pages; Aircall, the master, sets the status of who is available there: all are offline at Zendesk.
    fn first_run(&self, before: &Accounts) -> ByClass {
        let available = before.both().filter(|(phone, _)| text(phone, "availability_status") == "available").count() as u64;
        let desks = pages(before.count(Side::Right), ZENDESK_PAGE);
        ByClass::from([
            ((AIRCALL, "users_list"), pages(before.count(Side::Left), AIRCALL_PAGE)),
            ((ZENDESK, "users_list"), desks),
            ((ZENDESK, "availabilities"), desks),
            ((ZENDESK, "status_write"), available),
        ])
    }

    fn poll(&self, side: Side, now: &Accounts) -> u64 {
        match side {
            Side::Left => pages(now.count(Side::Left), AIRCALL_PAGE),
            Side::Right => pages(now.count(Side::Right), ZENDESK_PAGE) + EXPORT,
        }
    }

    /// A poll reads all there are anyway.
    fn further_pages(&self, _side: Side, _changed: u64, _now: &Accounts) -> u64 {
        0
    }

    /// Read one by one, or all by one listing, whichever is less; written one by one.
    fn edits(&self, side: Side, edits: u64, now: &Accounts) -> u64 {
        let listing = match side {
            Side::Left => pages(now.count(Side::Left), AIRCALL_PAGE),
            Side::Right => pages(now.count(Side::Right), ZENDESK_PAGE),
        };
        listing.min(edits) + edits
    }
}
