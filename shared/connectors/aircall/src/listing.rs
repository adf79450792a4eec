//! Listings of users, and the look-ups that read one.

use std::collections::{BTreeMap, BTreeSet};

use syncline_engine::ports::connector::{BadRecord, Cursor, FindKey, Page, Resume, Selection};
use syncline_engine::ports::directory::{User, UserPage};
use syncline_model::{CallError, Deadline, Fault, ObjectKind, Record, RecordId, Value};

use crate::calls::{self, PAGE_RECORDS_MAX};
use crate::client::error;
use crate::connection::Connection;
use crate::cursor::{Listing, Place};
use crate::fields::{self, USER};
use crate::wire::{Listed, drift, is_id, record};

/// Pages of one list; beyond it the listing counts as stuck. Half a million users.
const PAGES_MAX: u32 = 10_000;
/// Calls that one look-up may cost: it reads the whole list. Some ten thousand users.
const FIND_CALLS_MAX: u32 = 250;

impl Connection {
    /// The page at this place, and where it goes on.
    pub(crate) async fn list(&self, selection: &Selection, place: &Place, by: Deadline) -> Result<Page, CallError> {
        let (rows, next) = self.part(place, by).await?;
        let records = rows.into_iter().map(|row| row.and_then(|row| selected(selection, row))).collect();
        let resume = match next {
            Some(next) => Resume::More(next.write()),
            None => Resume::CaughtUp(Place::beginning(Listing::Changes).write()),
        };
        Ok(Page::new(records, resume))
    }

    /// One page of users as owners. The vendor knows no inactive ones: who is deleted is listed no more (fact sheet §2).
    pub(crate) async fn directory(&self, from: Option<&Cursor>, by: Deadline) -> Result<UserPage, CallError> {
        let place = match from {
            None => Place::beginning(Listing::Users),
            Some(cursor) => Place::read(cursor, Listing::Users).map_err(|fault| error("list users", fault))?,
        };
        let (rows, next) = self.part(&place, by).await?;
        let email = |row: &Record| row.field("email").and_then(|email| email.as_text().ok().flatten()).map(str::to_owned);
        let users = rows.into_iter().flatten().map(|row| User { email: email(&row), id: row.id, active: true }).collect();
        Ok(UserPage { users, next: next.map(|place| place.write()) })
    }

    async fn part(&self, place: &Place, by: Deadline) -> Result<(Vec<Result<Record, BadRecord>>, Option<Place>), CallError> {
        let ask = calls::users(place.page, PAGE_RECORDS_MAX);
        if place.page > PAGES_MAX {
            return Err(error(ask.operation, drift("page", &format!("an end within {PAGES_MAX} pages"), "yet another page")));
        }
        let body = self.client.send(&ask, &[], by).await?;
        let listed = Listed::read("users", &body).map_err(|fault| error(ask.operation, fault))?;
        let next = place.next(listed.has_next(place.page, PAGE_RECORDS_MAX), listed.last_page(PAGE_RECORDS_MAX));
        let kind = ObjectKind::new(USER);
        Ok((listed.rows.iter().map(|row| record(&kind, row)).collect(), next))
    }

    /// Users by a text that list rows carry, without regard to case. The vendor has no search: the list is read, once for all keys.
    pub(crate) async fn look_up(&self, selection: &Selection, keys: &[FindKey], by: Deadline) -> Result<Vec<Vec<Record>>, CallError> {
        for key in keys {
            if !["email", "name"].contains(&key.field.as_str()) || key.value.is_null() {
                return Err(error("find users", Fault::Unsupported { capability: format!("search of users for {}", key.field) }));
            }
        }
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let users = self.everyone(by).await?;
        let hits = |key: &FindKey| {
            let found = users.values().filter(|user| user.field(key.field.as_str()).is_some_and(|value| is_same(value, &key.value)));
            found.cloned().map(|user| selected(selection, user).map_err(|bad| error("find users", bad.fault))).collect()
        };
        keys.iter().map(hits).collect()
    }

    /// Of these users those whom some pages of the list show, by their ids: a page costs as much as one user. Who is not among them is asked for alone,
    /// which alone tells that there is nobody. Of a list that is long beside what is asked, no more pages are read than half as many as there are ids.
    pub(crate) async fn listed(&self, ids: &[RecordId], by: Deadline) -> Result<BTreeMap<RecordId, Record>, CallError> {
        let mut open: BTreeSet<&RecordId> = ids.iter().filter(|id| is_id(id.as_str())).collect();
        let pages_max = open.len() / 2;
        let mut found = BTreeMap::new();
        let mut page = 1;
        while open.len() > 1 && usize::try_from(page).is_ok_and(|page| page <= pages_max) {
            let ask = calls::users(page, PAGE_RECORDS_MAX);
            let body = self.client.send(&ask, &[], by).await?;
            let listed = Listed::read("users", &body).map_err(|fault| error(ask.operation, fault))?;
            // A row that cannot be read is nobody's concern here, unless it is one of these: then it is asked for alone, and fails alone.
            for user in listed.rows.iter().filter_map(|row| record(&ObjectKind::new(USER), row).ok()) {
                if open.remove(&user.id) {
                    found.insert(user.id.clone(), user);
                }
            }
            if !listed.has_next(page, PAGE_RECORDS_MAX) {
                break;
            }
            page += 1;
        }
        Ok(found)
    }

    /// All users by their ids. A row that cannot be read stops the look-up: it might be the one that is looked for.
    async fn everyone(&self, by: Deadline) -> Result<BTreeMap<RecordId, Record>, CallError> {
        let mut users = BTreeMap::new();
        let mut place = Some(Place::beginning(Listing::Scan));
        for _ in 0..FIND_CALLS_MAX {
            let Some(here) = place else { return Ok(users) };
            let (rows, next) = self.part(&here, by).await?;
            for row in rows {
                let user = row.map_err(|bad| error("find users", bad.fault))?;
                users.insert(user.id.clone(), user);
            }
            place = next;
        }
        Err(error("find users", Fault::Unsupported { capability: format!("look-up among more than {FIND_CALLS_MAX} pages of users") }))
    }
}

/// The user with the selected fields alone. A known one that the answer left out is empty, but for the status: without it there is nothing
/// that could be synced.
pub(crate) fn selected(selection: &Selection, mut user: Record) -> Result<Record, BadRecord> {
    for field in &selection.fields {
        if user.field(field.as_str()).is_some() {
            continue;
        }
        if [fields::STATUS, fields::AVAILABILITY_STATUS, fields::SUBSTATUS].contains(&field.as_str()) {
            return Err(BadRecord { id: Some(user.id.clone()), fault: drift(fields::AVAILABILITY_STATUS, "a text", "nothing") });
        }
        if fields::is_known(field.as_str()) {
            user.fields.insert(field.clone(), Value::Null);
        }
    }
    user.fields.retain(|name, _| selection.fields.contains(name));
    Ok(user)
}

fn is_same(one: &Value, other: &Value) -> bool {
    let plain = |value: &Value| value.as_text().ok().flatten().map(|text| text.trim().to_lowercase());
    plain(one).is_some_and(|text| plain(other) == Some(text))
}
