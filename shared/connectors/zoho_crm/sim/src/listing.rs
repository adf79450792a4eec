//! Reading: lists in pages, the walk by token behind them, single records, the deleted (fact sheet §3).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};

use crate::table::{Row, Table};
use crate::wire::{Answer, Query, Refusal, empty, encode, moment, stamp};
use crate::{LEADS, ZohoCrm};

const PER_PAGE_MAX: usize = 200;
const FIELDS_MAX: usize = 50;
/// As far as numbered pages reach, and as far as tokens do, in records.
const DISCRETE_MAX: usize = 2_000;
const TOKENS_MAX: usize = 100_000;
/// How long a page token can be used, in seconds.
const TOKEN_S: i64 = 86_400;

#[derive(Clone, Copy, PartialEq, Eq)]
enum SortBy {
    Id,
    CreatedTime,
    ModifiedTime,
}

impl SortBy {
    fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::CreatedTime => "Created_Time",
            Self::ModifiedTime => "Modified_Time",
        }
    }

    fn of(self, row: &Row) -> i64 {
        match self {
            Self::Id => 0,
            Self::CreatedTime => row.created_at,
            Self::ModifiedTime => row.modified_at,
        }
    }
}

#[derive(Clone, Copy)]
struct Order {
    by: SortBy,
    ascending: bool,
}

impl Order {
    fn parse(query: &Query) -> Result<Self, Refusal> {
        let by = match query.get("sort_by") {
            None | Some("id") => SortBy::Id,
            Some("Created_Time") => SortBy::CreatedTime,
            Some("Modified_Time") => SortBy::ModifiedTime,
            Some(_) => return Err(Refusal::parameter("INVALID_DATA", "sort_by", "invalid data")),
        };
        let ascending = match query.get("sort_order") {
            None | Some("desc") => false,
            Some("asc") => true,
            Some(_) => return Err(Refusal::parameter("INVALID_DATA", "sort_order", "invalid data")),
        };
        Ok(Self { by, ascending })
    }

    /// Where a record stands in the list. Records of one second stand by descending id, whatever the order (recorded).
    fn key(self, row: &Row) -> (i64, i128) {
        let id = i128::from(row.id);
        match (self.by, self.ascending) {
            (SortBy::Id, true) => (0, id),
            (SortBy::Id, false) => (0, -id),
            (by, true) => (by.of(row), -id),
            (by, false) => (-by.of(row), -id),
        }
    }
}

/// Where a walk goes on: behind this record, so many in, until when, and for whom it was given.
struct Place {
    key: (i64, i128),
    walked: usize,
    until: i64,
    bound_to: u64,
}

impl Place {
    fn text(&self) -> String {
        let plain = format!("{}:{}:{}:{}:{}", self.key.0, self.key.1, self.walked, self.until, self.bound_to);
        // Longer than the 96 characters that the documentation speaks of (seen).
        URL_SAFE_NO_PAD.encode(format!("{plain:~<96}"))
    }

    fn parse(text: &str) -> Option<Self> {
        let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = plain.trim_end_matches('~').split(':');
        let key = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { key, walked: parts.next()?.parse().ok()?, until: parts.next()?.parse().ok()?, bound_to: parts.next()?.parse().ok()? })
    }
}

/// What a token is bound to: every input but the place itself, the header and the user (fact sheet §3).
fn fingerprint(query: &Query, since: Option<&str>, module: &str, user: u64) -> u64 {
    let mut inputs: Vec<String> = query
        .pairs
        .iter()
        .filter(|(name, _)| name != "page_token" && name != "page")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    inputs.sort();
    inputs.extend([since.unwrap_or_default().to_owned(), module.to_owned(), user.to_string()]);
    inputs.join("\n").bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The fields that are asked for: from the third version on they must be named, and not more than fifty.
pub(crate) fn fields(query: &Query, version: u32, required: bool) -> Result<Option<Vec<&str>>, Refusal> {
    let fields = query.list("fields");
    if fields.is_empty() {
        if required && version > 2 {
            return Err(Refusal::parameter("REQUIRED_PARAM_MISSING", "fields", "One of the expected parameter is missing"));
        }
        return Ok(None);
    }
    if fields.len() > FIELDS_MAX {
        let details = json!({"limit": FIELDS_MAX, "param_name": "fields"});
        return Err(Refusal::new(400, "LIMIT_EXCEEDED", "maximum limit exceeded", details));
    }
    if fields == ["id"] {
        return Err(Refusal::parameter("INVALID_DATA", "fields", "invalid data"));
    }
    Ok(Some(fields))
}

impl ZohoCrm {
    /// Whether `If-Modified-Since` lets a record through; whether the bound itself does is the profile's.
    fn is_since(&self, at: i64, since: Option<i64>) -> bool {
        since.is_none_or(|since| if self.profile.since_is_inclusive { at >= since } else { at > since })
    }

    /// `GET /{module}`.
    pub(crate) fn list(&mut self, now: i64, module: &'static str, query: &Query, version: u32, since: Option<&str>, user: u64) -> Answer {
        let fields = fields(query, version, true)?;
        let per_page = query.count("per_page", PER_PAGE_MAX, PER_PAGE_MAX)?.min(self.profile.page_records_max);
        let order = Order::parse(query)?;
        let since_at = match since {
            // Anything but ISO 8601 is passed over in silence, as a parameter of that name is.
            Some(text) => moment(text),
            None => None,
        };
        let bound_to = fingerprint(query, since, module, user);
        let place = match query.get("page_token") {
            None => None,
            Some(_) if query.get("page").is_some() => {
                return Err(Refusal::parameter("AMBIGUITY_DURING_PROCESSING", "page_token", "page and page_token exclude each other"));
            }
            Some(token) => {
                let place = Place::parse(token).ok_or_else(|| Refusal::parameter("INVALID_DATA", "page_token", "invalid data"))?;
                if place.bound_to != bound_to {
                    return Err(Refusal::parameter("TOKEN_BOUND_DATA_MISMATCH", "page_token", "the request differs from the token's"));
                }
                if now >= place.until {
                    return Err(Refusal::parameter("EXPIRED_VALUE", "page_token", "the token is expired"));
                }
                Some(place)
            }
        };
        let page = query.count("page", 1, usize::MAX)?;
        let skipped = place.as_ref().map_or((page - 1).saturating_mul(per_page), |place| place.walked);
        if place.is_none() && skipped.saturating_add(per_page) > DISCRETE_MAX {
            let message = "You can get only the first 2000 records without using page_token param.";
            return Err(Refusal::new(
                400,
                "DISCRETE_PAGINATION_LIMIT_EXCEEDED",
                message,
                json!({"limit": DISCRETE_MAX, "param_name": "page"}),
            ));
        }
        if skipped.saturating_add(per_page) > TOKENS_MAX {
            let message = "You can get only the first 100000 records.";
            return Err(Refusal::new(400, "PAGINATION_LIMIT_EXCEEDED", message, json!({"limit": TOKENS_MAX, "param_name": "page_token"})));
        }
        let Some(table) = self.table(module) else { return Err(Refusal::invalid_module()) };
        let ids = query.list("ids");
        let shown = |row: &&Row| {
            let converted = match query.get("converted") {
                Some("both") => true,
                Some("true") => row.converted.is_some(),
                Some(_) | None => row.converted.is_none(),
            };
            converted && (ids.is_empty() || ids.contains(&row.id.to_string().as_str())) && self.is_since(row.modified_at, since_at)
        };
        let mut rows: Vec<&Row> = table.rows.values().filter(shown).collect();
        rows.sort_by_key(|row| order.key(row));
        let from = match &place {
            // Tokens hold a place among the records; numbered pages count, whatever moved meanwhile.
            Some(place) => rows.partition_point(|row| order.key(row) <= place.key),
            None => skipped.min(rows.len()),
        };
        let chosen: Vec<&Row> = rows.iter().skip(from).take(per_page).copied().collect();
        let more = from + chosen.len() < rows.len();
        if chosen.is_empty() {
            return Ok(empty(if since_at.is_some() { 304 } else { 204 }));
        }
        let next = chosen.last().filter(|_| more).map(|last| Place {
            key: order.key(last),
            walked: skipped + chosen.len(),
            until: place.as_ref().map_or(now + TOKEN_S, |place| place.until),
            bound_to,
        });
        let info = json!({
            "per_page": per_page, "count": chosen.len(), "page": skipped / per_page + 1, "more_records": more,
            "sort_by": order.by.name(), "sort_order": if order.ascending { "asc" } else { "desc" },
            "next_page_token": next.as_ref().map(Place::text), "previous_page_token": Json::Null,
            "page_token_expiry": next.as_ref().map(|next| stamp(next.until, self.profile.offset_s)),
        });
        let data: Vec<Json> = chosen.into_iter().map(|row| self.shape(table, row, fields.as_deref(), version)).collect();
        Ok(encode(200, &json!({"data": data, "info": info})))
    }

    /// `GET /{module}/{id}`: also of a converted lead.
    pub(crate) fn one(&self, module: &'static str, id: &str, query: &Query, version: u32) -> Answer {
        let fields = fields(query, version, false)?;
        let Some(table) = self.table(module) else { return Err(Refusal::invalid_module()) };
        match id.parse().ok().and_then(|id: u64| table.rows.get(&id)) {
            Some(row) => Ok(encode(200, &json!({"data": [self.shape(table, row, fields.as_deref(), version)]}))),
            None if self.profile.missing_is_204 => Ok(empty(204)),
            None => Err(Refusal::invalid_id(id)),
        }
    }

    /// `GET /{module}/deleted`: numbered pages only, the latest first.
    pub(crate) fn deleted(&self, now: i64, module: &'static str, query: &Query, since: Option<&str>) -> Answer {
        let wanted = query.get("type").unwrap_or("all");
        let page = query.count("page", 1, usize::MAX)?;
        let per_page = query.count("per_page", PER_PAGE_MAX, PER_PAGE_MAX)?.min(self.profile.page_records_max);
        let since_at = since.and_then(moment);
        let Some(table) = self.table(module) else { return Err(Refusal::invalid_module()) };
        let mut gone: Vec<_> = table
            .gone
            .iter()
            .filter(|gone| match wanted {
                "permanent" => gone.is_permanent(now),
                "recycle" => !gone.is_permanent(now),
                _ => true,
            })
            .filter(|gone| self.is_since(gone.at, since_at))
            .collect();
        gone.sort_by_key(|gone| std::cmp::Reverse((gone.at, gone.row.id)));
        let skipped = (page - 1).saturating_mul(per_page);
        let data: Vec<Json> = gone
            .iter()
            .skip(skipped)
            .take(per_page)
            .map(|gone| {
                let permanent = gone.is_permanent(now);
                let person = |id| if permanent { Json::Null } else { self.name_of(id) };
                json!({
                    "id": gone.row.id.to_string(), "display_name": if permanent { Json::Null } else { json!(gone.row.name()) },
                    "type": if permanent { "permanent" } else { "recycle" },
                    "deleted_by": person(gone.by), "created_by": person(gone.row.created_by),
                    "deleted_time": stamp(gone.at, self.profile.offset_s),
                })
            })
            .collect();
        if data.is_empty() {
            return Ok(empty(204));
        }
        let info = json!({"per_page": per_page, "count": data.len(), "page": page, "more_records": skipped + data.len() < gone.len()});
        Ok(encode(200, &json!({"data": data, "info": info})))
    }

    fn name_of(&self, user: u64) -> Json {
        self.user(user).map_or(Json::Null, |user| json!({"name": user.full_name(), "id": user.id.to_string()}))
    }

    /// `GET /{module}/search`: by an index that lags behind writes.
    pub(crate) fn search(&self, now: i64, module: &'static str, query: &Query, version: u32) -> Answer {
        let fields = fields(query, version, false)?;
        let page = query.count("page", 1, usize::MAX)?;
        let per_page = query.count("per_page", PER_PAGE_MAX, PER_PAGE_MAX)?;
        let Some(table) = self.table(module) else { return Err(Refusal::invalid_module()) };
        if page.saturating_mul(per_page) > DISCRETE_MAX {
            return Err(Refusal::parameter("LIMIT_REACHED", "page", "only the first 2000 records can be searched"));
        }
        let condition = crate::criteria::Condition::parse(table, query)?;
        let seen = |row: &&Row| {
            let lag_s = i64::from(self.profile.search_lag_s);
            row.searched(now, lag_s).is_some_and(|values| condition.holds(row, values))
        };
        let converted = query.get("converted").unwrap_or("false");
        let is_shown = |row: &&Row| module != LEADS || converted == "both" || (converted == "true") == row.converted.is_some();
        let found: Vec<&Row> = table.rows.values().rev().filter(is_shown).filter(seen).collect();
        let skipped = (page - 1) * per_page;
        let chosen: Vec<Json> =
            found.iter().skip(skipped).take(per_page).map(|row| self.shape(table, row, fields.as_deref(), version)).collect();
        if chosen.is_empty() {
            return Ok(empty(204));
        }
        let info = json!({"per_page": per_page, "count": chosen.len(), "page": page, "more_records": skipped + chosen.len() < found.len()});
        Ok(encode(200, &json!({"data": chosen, "info": info})))
    }

    /// The text or number of a record's member, for conditions.
    pub(crate) fn plain(&self, table: &Table, row: &Row, name: &str) -> Json {
        if name == "id" {
            return json!(row.id.to_string());
        }
        let (name, member) = name.split_once('.').unwrap_or((name, "id"));
        let Some(field) = table.field(name) else { return Json::Null };
        let value = self.value(table, row, field);
        if value.is_object() { value.get(member).or_else(|| value.get("name")).cloned().unwrap_or_default() } else { value }
    }
}
