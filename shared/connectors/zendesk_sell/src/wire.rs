//! Envelopes: what stands around a record (fact sheet §3, §7, §8.1). Parsed tolerantly, for recorded answers differ in where `meta` stands.

use jiff::Timestamp;
use serde_json::Value as Json;
use syncline_model::Fault;

use crate::faults::{drift, is_page};
use crate::values::moment;

/// A body as JSON.
pub(crate) fn json(body: &[u8]) -> Result<Json, Fault> {
    let found = if is_page(body) { "an HTML page" } else { "other bytes" };
    serde_json::from_slice(body).map_err(|_| drift("$", "JSON", found))
}

/// The records of an answer, without their envelopes: of a list, of a single answer, or one that stands alone.
pub(crate) fn rows(body: &Json) -> Result<Vec<&Json>, Fault> {
    if let Some(items) = body.get("items") {
        return Ok(items.as_array().ok_or_else(|| drift("items", "a list", "something else"))?.iter().map(bare).collect());
    }
    match body.get("data") {
        Some(data) if data.is_object() => Ok(vec![data]),
        Some(_) => Err(drift("data", "an object", "something else")),
        None if body.get("id").is_some() => Ok(vec![body]),
        // A token, or another answer that holds no record.
        None if body.is_object() => Ok(Vec::new()),
        None => Err(drift("$", "an object", "something else")),
    }
}

/// The rows of a list, which must be one.
pub(crate) fn list(body: &Json) -> Result<Vec<&Json>, Fault> {
    let items = body.get("items").and_then(Json::as_array).ok_or_else(|| drift("items", "a list", "something else"))?;
    Ok(items.iter().map(bare).collect())
}

/// The one record of an answer.
pub(crate) fn single(body: &Json) -> Result<&Json, Fault> {
    body.get("data").filter(|data| data.is_object()).ok_or_else(|| drift("data", "an object", "something else"))
}

fn bare(item: &Json) -> &Json {
    item.get("data").filter(|data| data.is_object()).unwrap_or(item)
}

/// Whether a list says that it goes on. The links stand in `meta`, or beside the items (recorded).
pub(crate) fn has_next(body: &Json) -> bool {
    let links = body.get("meta").and_then(|meta| meta.get("links")).or_else(|| body.get("links"));
    links.and_then(|links| links.get("next_page")).and_then(Json::as_str).is_some_and(|link| !link.is_empty())
}

/// What one event of a stream says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) deleted: bool,
    pub(crate) at: Option<Timestamp>,
    /// Grows with each event of the record.
    pub(crate) sequence: Option<i64>,
    pub(crate) snapshot: Snapshot,
}

/// What an event carries of its record.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Snapshot(Json);

impl Snapshot {
    pub(crate) fn json(&self) -> &Json {
        &self.0
    }
}

/// Customers' values stand in no log.
impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// One page of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    /// In their order; of a deletion only the id is read, for what else its body holds is not told (fact sheet §8.1).
    pub(crate) events: Vec<Event>,
    pub(crate) position: String,
    /// Whether nothing newer was there.
    pub(crate) top: bool,
}

/// An id: a number, or a text of digits.
pub(crate) fn id(json: &Json) -> Option<String> {
    match json {
        Json::Number(number) => number.as_i64().filter(|number| *number > 0).map(|number| number.to_string()),
        Json::String(text) => is_id(text).then(|| text.clone()),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// Whether a text has the form of an id.
pub(crate) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(crate) fn stream(body: &Json) -> Result<Stream, Fault> {
    let meta = body.get("meta").ok_or_else(|| drift("meta", "an object", "nothing"))?;
    let position = meta.get("position").and_then(Json::as_str).filter(|position| !position.is_empty());
    let position = position.ok_or_else(|| drift("meta.position", "a text", "something else"))?.to_owned();
    let top = meta.get("top").and_then(Json::as_bool).ok_or_else(|| drift("meta.top", "a boolean", "something else"))?;
    let items = body.get("items").and_then(Json::as_array).ok_or_else(|| drift("items", "a list", "something else"))?;
    let mut events = Vec::with_capacity(items.len());
    for item in items {
        let own = item.get("data").and_then(|data| data.get("id")).and_then(id);
        let said = |name: &str| item.get("meta").and_then(|meta| meta.get(name));
        let event_type = said("event_type").and_then(Json::as_str).unwrap_or_default();
        // An event without an id tells nothing; the position behind it is stored with the others.
        let own = own.ok_or_else(|| drift("items.data.id", "an id", "something else"))?;
        events.push(Event {
            id: own,
            deleted: event_type == "deleted",
            at: said("event_time").and_then(Json::as_str).and_then(moment),
            sequence: said("sequence").and_then(Json::as_i64),
            snapshot: Snapshot(bare(item).clone()),
        });
    }
    Ok(Stream { events, position, top })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn envelopes_are_read_wherever_their_meta_stands() {
        let one = json!({"data": {"id": 7}, "meta": {"type": "deal", "version": 4}});
        assert_eq!((rows(&one).unwrap().len(), single(&one).unwrap()["id"].as_i64()), (1, Some(7)));
        let listed =
            json!({"items": [{"data": {"id": 1}}, {"data": {"id": 2}, "meta": {"type": "note"}}], "meta": {"links": {"next_page": "x"}}});
        assert_eq!((rows(&listed).unwrap().len(), has_next(&listed)), (2, true));
        let outside = json!({"items": [{"data": {"id": 1}}], "type": "collection", "links": {"next_page": "x"}});
        assert!(has_next(&outside) && !has_next(&json!({"items": []})));
        assert_eq!(rows(&json!({"access_token": "x"})).unwrap().len(), 0);
        assert!(rows(&json!({"items": 7})).is_err() && rows(&json!([])).is_err() && single(&json!({})).is_err());
    }

    #[test]
    fn a_stream_tells_ids_and_deletions() {
        let page = json!({
            "items": [{"data": {"id": 1, "name": "x"}, "meta": {"event_type": "updated"}}, {"data": {"id": 1}, "meta": {"event_type": "deleted"}}],
            "meta": {"position": "abc", "top": false}
        });
        let read = stream(&page).unwrap();
        let told: Vec<(&str, bool)> = read.events.iter().map(|event| (event.id.as_str(), event.deleted)).collect();
        assert_eq!(told, [("1", false), ("1", true)]);
        assert!(!format!("{read:?}").contains('x'), "what a record holds stands in no log");
        assert_eq!((read.position.as_str(), read.top), ("abc", false));
        assert!(stream(&json!({"items": [], "meta": {"top": true}})).is_err());
        assert!(stream(&json!({"items": [{"data": {}}], "meta": {"position": "a", "top": true}})).is_err());
    }

    #[test]
    fn an_id_is_digits() {
        assert_eq!((id(&json!(12)), id(&json!("12")), id(&json!("a")), id(&json!(-1))), (Some("12".into()), Some("12".into()), None, None));
    }
}
