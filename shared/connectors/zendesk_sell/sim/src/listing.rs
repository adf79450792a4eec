//! Lists of Core: filters, orders, pages (fact sheet §5).

use std::cmp::Ordering;

use serde_json::Value as Json;

use crate::Sell;
use crate::routes::Ask;
use crate::rows::Row;
use crate::spec::{ASSOCIATED_CONTACTS, Kind, Resource};
use crate::wire::{Answer, Query, Refusal, encode, stamp};

/// The types of custom fields by which lists can be narrowed and ordered, where the field is marked so.
const FILTERABLE: [&str; 4] = ["string", "number", "list", "multi_select_list"];

impl Sell {
    pub(crate) fn list_rows(&self, ask: &Ask<'_>, of: &'static Resource) -> Answer {
        let core = of.core.as_ref().ok_or_else(Refusal::no_path)?;
        let mut rows = matching(self, of, &ask.query, ask.now)?;
        let paging = ask.query.paging()?;
        let order = match (ask.query.get("sort_by"), core.sort) {
            (Some(order), Some(_)) => Some(Order::parse(self, of, order)?),
            (None, Some(name)) => Some(Order { by: By::Attribute(name.to_owned()), descending: false }),
            (_, None) => None,
        };
        if let Some(order) = order {
            rows.sort_by_cached_key(|row| (order.key(row), row.id));
            if order.descending {
                rows.reverse();
            }
        }
        let with_links = ask.query.get("includes") == Some("associated_contacts");
        let total = rows.len();
        let items = rows.into_iter().enumerate().map(|(index, row)| {
            // Only what the page shows is written out.
            if !paging.covers(index) {
                return Json::Null;
            }
            let mut item = self.enveloped(ask.now, of, row);
            if with_links {
                let links = self.tables.of(&ASSOCIATED_CONTACTS).filter(|link| link.number("deal_id") == Some(row.id));
                let links: Vec<Json> = links.map(|link| self.enveloped(ask.now, &ASSOCIATED_CONTACTS, link)).collect();
                item["data"]["associated_contacts"] =
                    serde_json::json!({"items": links, "meta": {"type": "collection", "count": links.len()}});
            }
            item
        });
        let items: Vec<Json> = items.collect();
        debug_assert_eq!(items.len(), total, "a page of all");
        Ok(paging.collection(items, &self.address(of.path), &ask.query))
    }

    pub(crate) fn view_row(&self, ask: &Ask<'_>, of: &'static Resource, id: i64) -> Answer {
        ask.query.only(|name| name == "includes" && of.path == "deals")?;
        let row = self.tables.get(of, id).ok_or_else(|| Refusal::not_found(of.name, &id.to_string()))?;
        Ok(encode(200, &self.enveloped(ask.now, of, row)))
    }
}

/// Rows that fit the query's filters, in the order of ids; a parameter that is not known is refused.
pub(crate) fn matching<'a>(sell: &'a Sell, of: &'static Resource, query: &Query, now: i64) -> Result<Vec<&'a Row>, Refusal> {
    let filters = of.core.as_ref().map_or(&[] as &[&str], |core| core.filters);
    let sorts = of.core.as_ref().is_some_and(|core| core.sort.is_some());
    query.only(|name| {
        matches!(name, "page" | "per_page" | "ids")
            || (name == "sort_by" && sorts)
            || filters.contains(&name)
            || custom(sell, of, name).is_some()
    })?;
    let mut rows: Vec<&Row> = match query.get("ids") {
        None => sell.tables.of(of).collect(),
        Some(ids) => {
            let ids: Result<Vec<i64>, _> = ids.split(',').map(str::trim).map(str::parse).collect();
            let mut ids = ids.map_err(|_| Refusal::param("ids", "must be comma-separated integers"))?;
            ids.sort_unstable();
            ids.dedup();
            ids.into_iter().filter_map(|id| sell.tables.get(of, id)).collect()
        }
    };
    for (name, wanted) in query.all() {
        if let Some(field) = custom(sell, of, name) {
            rows.retain(|row| row.custom.get(&field).is_some_and(|value| holds(sell, value, wanted)));
        } else if filters.contains(&name) && !matches!(name, "includes" | "remind") {
            rows.retain(|row| fits(sell, of, row, name, wanted, now));
        }
    }
    Ok(rows)
}

/// The id of the custom field that a parameter `custom_fields[name]` names, if lists can be narrowed by it.
fn custom(sell: &Sell, of: &Resource, parameter: &str) -> Option<i64> {
    let name = parameter.strip_prefix("custom_fields[")?.strip_suffix(']')?;
    let (id, field) = sell.custom.by_name(of, name)?;
    (of.has_custom_fields() && field.filterable && FILTERABLE.contains(&field.field_type)).then_some(id)
}

fn holds(sell: &Sell, value: &Json, wanted: &str) -> bool {
    match value {
        Json::String(text) if sell.profile.filters_fold_case => text.to_lowercase() == wanted.to_lowercase(),
        Json::String(text) => text == wanted,
        Json::Array(items) => items.iter().any(|item| item.as_str() == Some(wanted)),
        Json::Null => false,
        Json::Bool(_) | Json::Number(_) | Json::Object(_) => {
            let text = value.to_string();
            text == wanted
        }
    }
}

fn fits(sell: &Sell, of: &Resource, row: &Row, name: &str, wanted: &str, now: i64) -> bool {
    if let Some((member, part)) = name.strip_suffix(']').and_then(|name| name.split_once('[')) {
        return holds(sell, &row.get(member)[part], wanted);
    }
    match (of.path, name) {
        (_, "q") => row.text("content").is_some_and(|text| text.to_lowercase().contains(&wanted.to_lowercase())),
        ("tasks", "type") => row.text("resource_type").is_some() == (wanted == "related"),
        ("users", "zendesk_user_ids") => wanted.split(',').any(|id| id == (9_000_000_000 + row.id).to_string()),
        // Lists of people compare strictly (fact sheet §5).
        ("users", _) => row.get(name).as_str().map_or_else(|| row.get(name).to_string(), str::to_owned) == wanted,
        ("tasks", "overdue") | ("deals", "organization_id") => holds(sell, &sell.core_shape(now, of, row)[name], wanted),
        _ => holds(sell, row.get(name), wanted),
    }
}

enum By {
    Attribute(String),
    Custom(i64),
}

struct Order {
    by: By,
    descending: bool,
}

impl Order {
    /// `updated_at:desc`, `custom_fields:Tier:asc`.
    fn parse(sell: &Sell, of: &'static Resource, text: &str) -> Result<Self, Refusal> {
        let (name, descending) = match text.rsplit_once(':') {
            Some((name, "desc")) => (name, true),
            Some((name, "asc")) => (name, false),
            Some(_) | None => (text, false),
        };
        let refused = || Refusal::param("sort_by", &format!("must be a sortable field, given: {text}"));
        if let Some(own) = name.strip_prefix("custom_fields:") {
            let field = custom(sell, of, &format!("custom_fields[{own}]")).ok_or_else(refused)?;
            return Ok(Self { by: By::Custom(field), descending });
        }
        let sortable = matches!(name, "id" | "created_at" | "updated_at")
            || of
                .field(name)
                .is_some_and(|field| !matches!(field.kind, Kind::Address | Kind::Tags | Kind::Custom | Kind::Integers | Kind::Objects));
        if sortable { Ok(Self { by: By::Attribute(name.to_owned()), descending }) } else { Err(refused()) }
    }

    fn key(&self, row: &Row) -> Key {
        match &self.by {
            By::Attribute(name) => match name.as_str() {
                "id" => Key::Number(row.id),
                "created_at" => Key::Text(stamp(row.created)),
                "updated_at" => Key::Text(stamp(row.updated)),
                name => Key::of(row.get(name)),
            },
            By::Custom(field) => Key::of(row.custom.get(field).unwrap_or(&Json::Null)),
        }
    }
}

/// What a list is ordered by: nothing first, then numbers, then texts without regard to case.
#[derive(PartialEq, Eq)]
enum Key {
    Nothing,
    Number(i64),
    Text(String),
}

impl Key {
    fn of(value: &Json) -> Self {
        match value {
            Json::Null => Self::Nothing,
            Json::Number(number) => number.as_i64().map_or(Self::Nothing, Self::Number),
            Json::Bool(flag) => Self::Number(i64::from(*flag)),
            Json::String(text) => Self::Text(text.to_lowercase()),
            Json::Array(_) | Json::Object(_) => Self::Text(value.to_string()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::Number(_) => 1,
            Self::Text(_) => 2,
        }
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(one), Self::Number(two)) => one.cmp(two),
            (Self::Text(one), Self::Text(two)) => one.cmp(two),
            (Self::Nothing | Self::Number(_) | Self::Text(_), _) => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
