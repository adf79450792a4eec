//! Listings: one page a call, resumable at every page.

use serde_json::Value as Json;
use syncline_engine::ports::connector::{BadRecord, Page, Resume, Selection};
use syncline_model::{Deadline, Fault, Presence, Record, Version};

use crate::calls::{self, DISCRETE_ROWS_MAX, FIELDS_MAX, Listed, PAGE_RECORDS_MAX};
use crate::connection::Connection;
use crate::cursor::{Anchor, Listing, Place};
use crate::faults::{drift, has_code};
use crate::object::Object;
use crate::values;
use crate::wire::{MODIFIED, Reader, Rows, id_of, is_converted};

/// The vendor's refusals of a mark that it gave, and of pages beyond what numbers reach (fact sheet §3).
const LOST_MARK: [&str; 2] = ["EXPIRED_VALUE", "TOKEN_BOUND_DATA_MISMATCH"];
const TOO_FAR: [&str; 2] = ["DISCRETE_PAGINATION_LIMIT_EXCEEDED", "PAGINATION_LIMIT_EXCEEDED"];

impl Connection {
    /// The page at this place, and where it goes on.
    pub(crate) async fn list(&self, object: Object, selection: &Selection, mut place: Place, by: Deadline) -> Result<Page, Fault> {
        if place.deleted {
            return self.list_deleted(object, place, by).await;
        }
        let schema = self.module_schema(place.module, by).await?;
        let link_field = self.target.link_field.as_deref();
        let reader = Reader { object, module: place.module, schema: &schema, selection, link_field };
        let wanted = reader.wanted();
        let mut rows = self.rows_at(&mut place, &wanted, by).await?;
        let anchors: Vec<Anchor> = rows.list.iter().filter_map(anchor).collect();
        if !place.anchors.is_empty() && !anchors.iter().any(|row| place.anchors.contains(row)) {
            // Deletions have drawn forward what nobody has read yet: this second is read from its beginning.
            place = place.at_the_top();
            rows = self.rows_at(&mut place, &wanted, by).await?;
        }
        let anchors: Vec<Anchor> = rows.list.iter().filter_map(anchor).collect();
        let resume = if rows.more && !anchors.is_empty() {
            Resume::More(place.behind(&anchors, rows.next_token.take()).write())
        } else {
            match place.next_list(object) {
                Some(next) => Resume::More(next.write()),
                None => Resume::CaughtUp(place.caught_up(object, self.client.now()).write()),
            }
        };
        let mut full = self.with_further_fields(place.module, rows.list, &wanted, by).await?;
        self.forget_old_marks(object, place.module, &mut full, by).await?;
        let kept = full.iter().filter(|row| is_listed(object, place.listing, row));
        let records = kept.map(|row| reader.read(row)).filter(|row| is_of(place.listing, row)).collect();
        Ok(Page::new(records, resume))
    }

    async fn rows_at(&self, place: &mut Place, wanted: &[String], by: Deadline) -> Result<Rows, Fault> {
        let fields = wanted.get(..FIELDS_MAX.min(wanted.len())).unwrap_or_default();
        let answer = loop {
            let listed =
                Listed { fields, since: place.from, page: place.window.page, rows: place.window.rows, token: place.token.as_deref() };
            match self.client.read(&calls::list(place.module, &listed), by).await {
                Err(fault) if place.token.is_some() && has_code(&fault, &LOST_MARK) => *place = place.at_the_top(),
                other => break other?,
            }
        };
        place.note_time(answer.date, self.client.now());
        Rows::read(answer.json, place.window.rows)
    }

    /// One call carries fifty fields: the others are read by the rows' ids. A row that is gone meanwhile is left out.
    async fn with_further_fields(
        &self,
        module: crate::object::Module,
        rows: Vec<Json>,
        wanted: &[String],
        by: Deadline,
    ) -> Result<Vec<Json>, Fault> {
        let mut rows = rows;
        for fields in wanted.chunks(FIELDS_MAX).skip(1) {
            let ids: Vec<String> = rows.iter().filter_map(id_of).collect();
            let further = self.rows_by_ids(module, &ids, fields, by).await?;
            rows.retain_mut(|row| {
                let Some(more) = id_of(row).and_then(|id| further.get(&id)) else { return false };
                if let (Some(members), Some(more)) = (row.as_object_mut(), more.as_object()) {
                    members.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
                }
                true
            });
        }
        Ok(rows)
    }

    /// A page of what was deleted. Beyond what page numbers reach, a sweep finds the rest.
    async fn list_deleted(&self, object: Object, mut place: Place, by: Deadline) -> Result<Page, Fault> {
        let answer = self.client.read(&calls::deleted(place.module, place.from, place.window.page), by).await;
        let rows = match answer {
            Err(fault) if has_code(&fault, &TOO_FAR) => {
                tracing::warn!(module = place.module.name(), "more records were deleted than the vendor lists; a sweep finds the others");
                Rows { list: Vec::new(), more: false, next_token: None }
            }
            answer => {
                let answer = answer?;
                place.note_time(answer.date, self.client.now());
                Rows::read(answer.json, PAGE_RECORDS_MAX)?
            }
        };
        let records = rows.list.iter().map(|row| deleted_record(object, place.module, row)).collect();
        let resume = match place.next_list(object) {
            _ if rows.more && place.window.page < DISCRETE_ROWS_MAX => Resume::More(place.next_page().write()),
            Some(next) => Resume::More(next.write()),
            None => Resume::CaughtUp(place.caught_up(object, self.client.now()).write()),
        };
        Ok(Page::new(records, resume))
    }
}

/// A converted lead is a lead no more: a person goes on as a contact, and a listing of leads does not show it.
fn is_listed(object: Object, _listing: Listing, row: &Json) -> bool {
    object == Object::Person || !is_converted(row)
}

/// A scan tells what is there; that somebody changed modules is a change.
fn is_of(listing: Listing, row: &Result<Record, BadRecord>) -> bool {
    listing == Listing::Changes || row.as_ref().map_or(true, Record::is_live)
}

fn anchor(row: &Json) -> Option<Anchor> {
    let at = row.get(MODIFIED).and_then(Json::as_str).and_then(values::moment)?;
    Some(Anchor(id_of(row)?, at.as_second()))
}

pub(crate) fn deleted_record(object: Object, module: crate::object::Module, row: &Json) -> Result<Record, BadRecord> {
    let id = id_of(row).ok_or_else(|| BadRecord { id: None, fault: drift("id", "a text of digits", "something else") })?;
    let record = Record::new(object.kind(), object.id(module, &id)).with_presence(Presence::Deleted);
    let at = row.get("deleted_time").and_then(Json::as_str).and_then(values::moment);
    Ok(match at {
        Some(at) => record.with_version(Version(at)),
        None => record,
    })
}
