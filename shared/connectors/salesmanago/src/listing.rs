//! Listings of contacts, and reading them by id and e-mail address.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use syncline_engine::ports::connector::{BadRecord, FindKey, Page, Resume, Selection};
use syncline_model::{CallError, Deadline, Fault, Record, RecordId};

use crate::auth::fingerprint;
use crate::calls::{self, PAGE_RECORDS_MAX};
use crate::client::error;
use crate::connection::Connection;
use crate::cursor::{Listing, Part, Place, Way};
use crate::fields::EMAIL;
use crate::wire::{drift, folded, id_of, is_id, list, record, selected};

/// Pages of one list; beyond it the listing counts as stuck. Two million contacts.
const PAGES_MAX: u32 = 10_000;

/// What a page gave, and whether another follows.
struct Rows {
    rows: Vec<Json>,
    has_next: bool,
}

impl Connection {
    /// The page at this place, and where it goes on.
    pub(crate) async fn list(&self, selection: &Selection, place: &Place, by: Deadline) -> Result<Page, CallError> {
        let operation = "list contacts";
        if place.page > PAGES_MAX {
            return Err(error(operation, drift("page", &format!("an end within {PAGES_MAX} pages"), "yet another page")));
        }
        let owners = self.owners(by).await?;
        // An owner who is no user any more has no list: the first one's is read again, which repeats and loses nothing.
        let known = |mark: &String| owners.iter().position(|owner| fingerprint(owner) == *mark);
        let (index, mut here) = match &place.owner {
            None => (0, place.clone()),
            Some(mark) => match known(mark) {
                Some(index) => (index, place.clone()),
                None => (0, place.of_first_owner()),
            },
        };
        let owner = owners.get(index).cloned().unwrap_or_else(|| self.target.owner.clone());
        let read = match here.part {
            Part::Contacts => self.contacts_page(&owner, here.page, by).await?,
            Part::Changed => self.changed_page(&owner, &mut here, by).await?,
        };
        let records = read.rows.iter().map(|row| record(row).and_then(|record| selected(selection, record)));
        let records: Vec<Result<Record, BadRecord>> = match here.listing {
            // A scan tells of live ones.
            Listing::Scan => records.filter(|row| row.as_ref().map_or(true, Record::is_live)).collect(),
            Listing::Changes => records.collect(),
        };
        let resume = match (here.next_page(read.has_next), owners.get(index + 1)) {
            (Some(next), _) => Resume::More(next.write()),
            (None, Some(next)) => Resume::More(here.of_owner(fingerprint(next)).write()),
            (None, None) if here.part == Part::Contacts => Resume::More(here.catching_up().write()),
            // Up to now, or a window of the past after which others come.
            (None, None) if here.to.saturating_sub(here.from) >= self.target.window_ms => Resume::More(here.next_window().write()),
            (None, None) => Resume::CaughtUp(here.end()),
        };
        Ok(Page::new(records, resume))
    }

    /// Whether there is more is not told by this list: only an empty page says that there is not.
    async fn contacts_page(&self, owner: &str, page: u32, by: Deadline) -> Result<Rows, CallError> {
        let ask = calls::page(owner, page, PAGE_RECORDS_MAX);
        let body = self.client.send(&ask, &[], by).await?.body;
        let rows = list(&body, "contacts").map_err(|fault| error(ask.operation, fault))?.to_vec();
        let has_next = body.get("hasMore").and_then(Json::as_bool).unwrap_or(!rows.is_empty());
        Ok(Rows { rows, has_next })
    }

    /// The contacts of a page of changes, read by their ids. While the last page is looked for, ids alone are asked.
    async fn changed_page(&self, owner: &str, place: &mut Place, by: Deadline) -> Result<Rows, CallError> {
        let newest = place.from.saturating_add(self.target.window_ms);
        if place.to == 0 {
            place.to = newest.min(self.client.now().as_millisecond()).max(place.from);
        }
        let ask = calls::changes(owner, place.from, place.to, place.page, PAGE_RECORDS_MAX);
        let answer = self.client.send(&ask, &[], by).await?;
        let rows = list(&answer.body, "modifiedContacts").map_err(|fault| error(ask.operation, fault))?;
        let has_next = answer.body.get("hasMore").and_then(Json::as_bool);
        let has_next = has_next.ok_or_else(|| error(ask.operation, drift("hasMore", "a bool", "nothing")))?;
        // The vendor's clock decides where the window ends: what it has not stamped yet belongs to the next one.
        place.to = place.to.min(answer.at.as_millisecond()).max(place.from);
        if place.way == Way::Up && has_next {
            return Ok(Rows { rows: Vec::new(), has_next });
        }
        let ids: Option<BTreeSet<RecordId>> = rows.iter().map(id_of).collect();
        let ids = ids.ok_or_else(|| error(ask.operation, drift("modifiedContacts", "ids", "something else")))?;
        let found = self.read_ids(ids.iter(), by).await?;
        Ok(Rows { rows: found.into_values().collect(), has_next })
    }

    /// The users whose contacts are ours, in one order.
    pub(crate) async fn owners(&self, by: Deadline) -> Result<Vec<String>, CallError> {
        if !self.target.owners.is_empty() {
            let owners: BTreeSet<String> = self.target.owners.iter().map(|owner| folded(owner)).collect();
            return Ok(owners.into_iter().collect());
        }
        if let Some(known) = self.known_owners() {
            return Ok(known);
        }
        let mut owners = self.users_of_account(by).await?;
        owners.insert(self.target.owner.clone());
        let owners: Vec<String> = owners.into_iter().collect();
        self.remember_owners(&owners);
        Ok(owners)
    }

    /// The account's users, by their addresses in lower case.
    pub(crate) async fn users_of_account(&self, by: Deadline) -> Result<BTreeSet<String>, CallError> {
        let ask = calls::users(&self.target.owner);
        let body = self.client.send(&ask, &[], by).await?.body;
        let rows = list(&body, "users").map_err(|fault| error(ask.operation, fault))?;
        // Texts, or objects with the address in them: both were seen (fact sheet §5).
        let address = |row: &Json| row.as_str().or_else(|| row.get("email")?.as_str()).map(folded).filter(|email| !email.is_empty());
        Ok(rows.iter().filter_map(address).collect())
    }

    /// The rows of these contacts, by id; those that are gone are not there.
    pub(crate) async fn read_ids(&self, ids: impl Iterator<Item = &RecordId>, by: Deadline) -> Result<BTreeMap<RecordId, Json>, CallError> {
        let asked: BTreeSet<&str> = ids.map(RecordId::as_str).filter(|id| is_id(id)).collect();
        let asked: Vec<&str> = asked.into_iter().collect();
        let mut found = BTreeMap::new();
        for part in asked.chunks(self.target.read_records_max) {
            let ask = calls::by_ids(&self.target.owner, part);
            let body = self.client.send(&ask, &[], by).await?.body;
            for row in list(&body, "contacts").map_err(|fault| error(ask.operation, fault))? {
                let id = id_of(row).ok_or_else(|| error(ask.operation, drift("contacts.id", "a text", "nothing")))?;
                if part.contains(&id.as_str()) {
                    found.insert(id, row.clone());
                }
            }
        }
        Ok(found)
    }

    /// The rows of the contacts with these addresses, by the address in lower case.
    pub(crate) async fn read_emails(&self, emails: &BTreeSet<String>, by: Deadline) -> Result<BTreeMap<String, Json>, CallError> {
        let asked: Vec<&str> = emails.iter().map(String::as_str).collect();
        let mut found = BTreeMap::new();
        for part in asked.chunks(self.target.read_records_max) {
            let ask = calls::by_emails(&self.target.owner, part);
            let body = self.client.send(&ask, &[], by).await?.body;
            for row in list(&body, "contacts").map_err(|fault| error(ask.operation, fault))? {
                if let Some(email) = row.get(EMAIL).and_then(Json::as_str).map(folded).filter(|email| emails.contains(email)) {
                    found.insert(email, row.clone());
                }
            }
        }
        Ok(found)
    }

    /// Contacts by id, each in its place.
    pub(crate) async fn get_ids(&self, selection: &Selection, ids: &[RecordId], by: Deadline) -> Result<Vec<Option<Record>>, CallError> {
        let found = self.read_ids(ids.iter(), by).await?;
        let one = |id: &RecordId| {
            let read = found.get(id).map(|row| record(row).and_then(|record| selected(selection, record)));
            read.transpose().map_err(|bad| error("read contacts by id", bad.fault))
        };
        ids.iter().map(one).collect()
    }

    /// Contacts by e-mail address, the only key by which the vendor looks.
    pub(crate) async fn look_up(&self, selection: &Selection, keys: &[FindKey], by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        let unsupported =
            |field: &str| error("find contacts", Fault::Unsupported { capability: format!("search of contacts for {field}") });
        let mut sought: Vec<Option<String>> = Vec::with_capacity(keys.len());
        for key in keys {
            if key.field.as_str() != EMAIL {
                return Err(unsupported(key.field.as_str()));
            }
            let text = key.value.as_text().map_err(|_| unsupported("an address that is no text"))?;
            sought.push(text.map(folded).filter(|email| !email.is_empty()));
        }
        let emails: BTreeSet<String> = sought.iter().flatten().cloned().collect();
        let found = if emails.is_empty() { BTreeMap::new() } else { self.read_emails(&emails, by).await? };
        let hits = |email: &Option<String>| {
            let row = email.as_ref().and_then(|email| found.get(email));
            let read = row.map(|row| record(row).and_then(|record| selected(selection, record)));
            let read = read.transpose().map_err(|bad| error("find contacts", bad.fault))?;
            Ok(read.into_iter().filter(Record::is_live).collect())
        };
        sought.iter().map(hits).collect()
    }
}
