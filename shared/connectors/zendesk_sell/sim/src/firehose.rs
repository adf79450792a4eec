//! Firehose: a stream of events for each resource, kept for 72 hours (fact sheet §8).

use std::collections::{BTreeMap, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json, json};

use crate::routes::Ask;
use crate::rows::Row;
use crate::spec::{ALL, Resource, resource};
use crate::wire::{Answer, Refusal, encode, stamp, uuid};
use crate::{Plan, PlanRefusal, Sell};

/// How long events, and positions between them, are kept.
const KEPT_S: i64 = 72 * 3_600;
const ITEMS: i64 = 25;
const ITEMS_MAX: i64 = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventType {
    Created,
    Updated,
    Deleted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Somebody, or a program, did it.
    Interaction,
    /// It followed from something else.
    System,
}

/// What the event of a deletion carries (not shown in any source; fact sheet §8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletedBody {
    IdOnly,
    LastSnapshot,
}

struct Event {
    at: i64,
    /// The row's.
    id: i64,
    shape: Json,
}

#[derive(Default)]
struct Stream {
    /// How many events are no longer kept.
    trimmed: usize,
    kept: VecDeque<Event>,
}

impl Stream {
    fn trim(&mut self, now: i64) {
        while self.kept.front().is_some_and(|event| event.at < now - KEPT_S) {
            self.kept.pop_front();
            self.trimmed += 1;
        }
    }
}

pub(crate) struct Firehose {
    streams: BTreeMap<&'static str, Stream>,
    events: u32,
    reads: u64,
}

impl Firehose {
    pub(crate) fn new() -> Self {
        let streams = ALL.into_iter().filter(|resource| resource.streamed).map(|resource| (resource.path, Stream::default()));
        Self { streams: streams.collect(), events: 0, reads: 0 }
    }

    /// What was before is not to be had any more, nor is any position in it.
    pub(crate) fn cut(&mut self) {
        for stream in self.streams.values_mut() {
            stream.trimmed += stream.kept.len() + 1;
            stream.kept.clear();
        }
    }

    /// How many events a resource's stream keeps.
    pub(crate) fn kept(&self, path: &str) -> usize {
        self.streams.get(path).map_or(0, |stream| stream.kept.len())
    }
}

impl Sell {
    /// A change enters its stream. A plan without Firehose keeps none.
    pub(crate) fn announce(&mut self, now: i64, of: &'static Resource, event: EventType, row: &Row, old: Option<&Row>, cause: Cause) {
        if !of.streamed || self.plan == Plan::Team {
            return;
        }
        let data = match (event, self.profile.deleted_events) {
            (EventType::Deleted, DeletedBody::IdOnly) => json!({"id": row.id}),
            _ => self.stream_shape(now, of, row),
        };
        self.firehose.events = self.firehose.events.wrapping_add(1);
        let number = self.firehose.events;
        let event_id = URL_SAFE_NO_PAD.encode(uuid(self.rolls.roll(41, number), self.rolls.roll(42, number)));
        let mut meta = json!({
            "event_id": event_id,
            "event_type": match event {
                EventType::Created => "created",
                EventType::Updated => "updated",
                EventType::Deleted => "deleted",
            },
            "event_cause": match cause {
                Cause::Interaction => "interaction",
                Cause::System => "system",
            },
            "sequence": if event == EventType::Deleted { row.revision + 1 } else { row.revision },
            "type": of.name,
            "event_time": stamp(now),
        });
        if let (EventType::Updated, Some(old)) = (event, old) {
            let before = self.stream_shape(now, of, old);
            let members = before.as_object().into_iter().flatten();
            let previous: Map<String, Json> =
                members.filter(|(name, value)| data[name.as_str()] != **value).map(|(name, value)| (name.clone(), value.clone())).collect();
            meta["previous"] = Json::Object(previous);
        }
        if let Some(stream) = self.firehose.streams.get_mut(of.path) {
            stream.kept.push_back(Event { at: now, id: row.id, shape: json!({"data": data, "meta": meta}) });
        }
    }

    /// `GET /v3/{resource}/stream`.
    pub(crate) fn stream(&mut self, ask: &Ask<'_>, path: &str) -> Answer {
        let of = resource(path).filter(|resource| resource.streamed).ok_or_else(Refusal::no_path)?;
        if self.plan == Plan::Team {
            return Err(match self.profile.plan_refusal {
                PlanRefusal::Envelope => Refusal::scope("The Firehose API is not available in your plan."),
                PlanRefusal::Bare => Refusal::Bare(403),
            });
        }
        if ask.user != self.owner {
            return Err(Refusal::scope("The Firehose API is available to the account's root user only."));
        }
        ask.query.only(|name| matches!(name, "position" | "limit"))?;
        let limit = usize::try_from(ask.query.number("limit", 1, ITEMS_MAX)?.unwrap_or(ITEMS)).unwrap_or(1);
        let asked = ask.query.get("position").filter(|position| !position.is_empty());
        let asked = asked.ok_or_else(|| Refusal::param("position", "must be tail, top, or a position"))?.to_owned();
        self.firehose.reads += 1;
        let (reads, now) = (self.firehose.reads, ask.now);
        let seen_before = now - self.profile.firehose_lag_s;
        let Some(stream) = self.firehose.streams.get_mut(of.path) else { return Err(Refusal::no_path()) };
        stream.trim(now);
        let end = stream.trimmed + stream.kept.iter().take_while(|event| event.at <= seen_before).count();
        let from = match asked.as_str() {
            "tail" => stream.trimmed,
            "top" => end,
            position => {
                let (index, issued) =
                    place(of.path, position).ok_or_else(|| Refusal::param("position", "is not a position of this stream"))?;
                if issued < now - KEPT_S || index < stream.trimmed {
                    let details = "The position is older than 72 hours.".to_owned();
                    return Err(Refusal::Request(410, "gone", "position expired", details));
                }
                index
            }
        };
        let more = from < end;
        let is_lull = more && self.profile.firehose_empty_every > 0 && reads.is_multiple_of(self.profile.firehose_empty_every);
        let again = self.profile.firehose_repeats && more && !is_lull && limit > 1 && from > stream.trimmed && reads.is_multiple_of(3);
        let to = if is_lull { from } else { end.min(from + limit - usize::from(again)).max(from) };
        let first = from - usize::from(again);
        let mut page: Vec<&Event> = stream.kept.iter().skip(first - stream.trimmed).take(to - first).collect();
        if self.profile.firehose_mixes {
            // Order holds for each row, and for nothing else.
            page.sort_by_key(|event| std::cmp::Reverse(event.id));
        }
        let items: Vec<&Json> = page.iter().map(|event| &event.shape).collect();
        let position = URL_SAFE_NO_PAD.encode(format!("{}:{to}:{now}", of.path));
        let next = format!("{}/v3/{}/stream?position={position}", self.profile.base_url, of.path);
        Ok(encode(200, &json!({"items": items, "meta": {"links": {"next": next}, "position": position, "top": to >= end}})))
    }
}

/// The number of the next event, and when the position was given out.
fn place(path: &str, position: &str) -> Option<(usize, i64)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(position).ok()?).ok()?;
    let (index, issued) = text.strip_prefix(path)?.strip_prefix(':')?.split_once(':')?;
    Some((index.parse().ok()?, issued.parse().ok()?))
}
