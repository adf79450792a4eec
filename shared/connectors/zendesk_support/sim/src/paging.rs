//! Parts of lists: by cursor, or by page number (fact sheet §2.4).

use serde_json::{Map, Value as Json, json};

use crate::wire::{Query, Refusal, cursor_of, place_of};

/// The most rows of a page.
const ROWS_MAX: usize = 100;
/// The last row that page numbers reach.
const OFFSET_ROWS_MAX: usize = 10_000;

/// Which part of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// After the row of this key, or before it.
    Cursor { rows: usize, after: Option<String>, before: Option<String> },
    /// From 1.
    Page { rows: usize, page: usize },
}

impl Part {
    /// `per_page` turns a list by cursor into one by numbers, silently.
    pub(crate) fn read(query: &Query) -> Result<Self, Refusal> {
        let by_cursor = ["page[size]", "page[after]", "page[before]"].iter().any(|name| query.get(name).is_some());
        if !by_cursor || query.get("per_page").is_some() {
            return Self::numbered(query);
        }
        let rows = match query.get("page[size]") {
            None => ROWS_MAX,
            Some(text) => text.parse().ok().filter(|rows| (1..=ROWS_MAX).contains(rows)).ok_or_else(|| {
                Refusal::listed(400, "InvalidPaginationParameter", "page[size] is invalid", "page[size] must be between 1 and 100")
            })?,
        };
        let place = |name: &str| match query.get(name) {
            None => Ok(None),
            Some(cursor) => place_of(cursor).map(Some).ok_or_else(|| {
                Refusal::listed(400, "InvalidPaginationParameter", "The cursor is invalid", format!("{name} is not a valid cursor"))
            }),
        };
        Ok(Self::Cursor { rows, after: place("page[after]")?, before: place("page[before]")? })
    }

    fn numbered(query: &Query) -> Result<Self, Refusal> {
        let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok()).filter(|number| *number > 0);
        let rows = number("per_page").unwrap_or(ROWS_MAX).min(ROWS_MAX);
        let page = number("page").unwrap_or(1);
        if page.saturating_mul(rows) > OFFSET_ROWS_MAX || page > ROWS_MAX {
            return Err(Refusal::listed(
                400,
                "InvalidPaginationDepth",
                "Pagination requests using Offset Pagination are limited to page 100",
                "Use cursor pagination to read more",
            ));
        }
        Ok(Self::Page { rows, page })
    }
}

/// A part of a list, with what surrounds it in the answer.
pub(crate) struct Cut {
    /// Places of the rows.
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// `meta` and `links`, or `count`, `next_page` and `previous_page`.
    pub(crate) around: Map<String, Json>,
}

/// Takes the part out of a list whose rows have these keys, in order. `address`: of the list, without a query.
pub(crate) fn cut(part: &Part, keys: &[String], address: &str, query: &Query) -> Cut {
    let link = |parameter: &str, value: &str, dropped: &[&str]| {
        let kept = query.without(dropped);
        let joined = if kept.is_empty() { String::new() } else { format!("{kept}&") };
        json!(format!("{address}?{joined}{parameter}={value}"))
    };
    match part {
        Part::Cursor { rows, after, before } => {
            let (from, to) = if let Some(before) = before {
                let to = keys.partition_point(|key| key < before);
                (to.saturating_sub(*rows), to)
            } else {
                let from = after.as_ref().map_or(0, |after| keys.partition_point(|key| key <= after));
                (from, (from + rows).min(keys.len()))
            };
            let has_more = if before.is_some() { from > 0 } else { to < keys.len() };
            let cursor = |index: Option<usize>| index.and_then(|index| keys.get(index)).map(|key| cursor_of(key));
            let (last, first) = (cursor(to.checked_sub(1)), cursor(Some(from)));
            let dropped = ["page[after]", "page[before]"];
            let next = last.as_ref().filter(|_| to < keys.len()).map_or(Json::Null, |cursor| link("page%5Bafter%5D", cursor, &dropped));
            let previous = first.as_ref().filter(|_| from > 0).map_or(Json::Null, |cursor| link("page%5Bbefore%5D", cursor, &dropped));
            let around = json!({
                "meta": {"has_more": has_more, "after_cursor": last, "before_cursor": first},
                "links": {"next": next, "prev": previous}
            });
            Cut { from, to, around: members(around) }
        }
        Part::Page { rows, page } => {
            let from = (page - 1).saturating_mul(*rows).min(keys.len());
            let to = (from + rows).min(keys.len());
            let of = |page: usize| link("page", &page.to_string(), &["page"]);
            let around = json!({
                "count": keys.len(),
                "next_page": if to < keys.len() { of(page + 1) } else { Json::Null },
                "previous_page": if *page > 1 { of(page - 1) } else { Json::Null }
            });
            Cut { from, to, around: members(around) }
        }
    }
}

fn members(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(members) => members,
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => Map::new(),
    }
}

/// An id as a key that sorts as the number does.
pub(crate) fn key_of(id: i64) -> String {
    format!("{id:020}")
}
