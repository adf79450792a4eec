//! Notifications: channels that end within a week, and the events on their way (fact sheet §6).
//!
//! Nothing is signed: the body repeats the channel's token. Whether the vendor tries again is not documented: here it does not.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use syncline_simulator::Response;

use crate::wire::{Answer, Query, Refusal, empty, encode, moment, object, rows, stamp};
use crate::{ACCOUNTS, CONTACTS, LEADS, ZohoCrm};

const CHANNELS_PER_REQUEST: usize = 50;
/// How long a channel may live at most, and without a wish, in seconds.
const EXPIRY_S_MAX: i64 = 7 * 86_400;
const EXPIRY_S_DEFAULT: i64 = 3_600;
const TOKEN_MAX: usize = 50;
const ADDRESS_MAX: usize = 255;
/// How much later an event may come that is held up, in seconds.
const HELD_UP_S: i64 = 90;

#[derive(Clone)]
struct Channel {
    id: String,
    events: Vec<String>,
    expires_at: i64,
    token: Option<String>,
    notify_url: String,
    with_values: bool,
}

impl Channel {
    fn hears(&self, module: &str, operation: &str, now: i64) -> bool {
        let operation = match operation {
            "insert" => "create",
            "update" => "edit",
            other => other,
        };
        now < self.expires_at
            && self.events.iter().any(|event| event == &format!("{module}.all") || event == &format!("{module}.{operation}"))
    }
}

/// One notification, to be posted now. It is handed out once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub channel_id: String,
    pub url: String,
    pub body: Bytes,
}

struct Letter {
    due: i64,
    delivery: Delivery,
}

/// Something that happened to a record, not told yet.
pub(crate) struct News {
    module: &'static str,
    operation: &'static str,
    id: u64,
    changed: Vec<String>,
}

#[derive(Default)]
pub(crate) struct Channels {
    by_id: BTreeMap<String, Channel>,
    news: Vec<News>,
    post: Vec<Letter>,
}

fn problem(place: usize, code: &'static str, field: &str) -> Refusal {
    let details = json!({"api_name": field, "json_path": format!("$.watch[{place}].{field}")});
    Refusal::new(400, code, if code == "MANDATORY_NOT_FOUND" { "required field not found" } else { "invalid data" }, details)
}

impl ZohoCrm {
    pub(crate) fn watch_route(&mut self, now: i64, method: &str, query: &Query, body: &[u8]) -> Answer {
        match method {
            "GET" => Ok(self.channels_listed(now, query)),
            "DELETE" => {
                let ids = query.list("channel_ids");
                let results: Vec<Json> = ids
                    .into_iter()
                    .map(|id| match self.channels.by_id.remove(id) {
                        Some(channel) => json!({
                            "code": "SUCCESS", "details": {"channel_id": channel.id}, "message": "Successfully un-subscribed", "status": "success"
                        }),
                        None => not_subscribed(id).body(),
                    })
                    .collect();
                Ok(encode(200, &json!({"watch": results})))
            }
            "POST" | "PUT" | "PATCH" => {
                let wishes = rows(&object(body)?, "watch", CHANNELS_PER_REQUEST)?;
                let results: Vec<Result<Json, Refusal>> =
                    wishes.iter().enumerate().map(|(place, wish)| self.watch(now, method, place, wish)).collect();
                let failed = results.iter().filter(|result| result.is_err()).count();
                let status = match failed {
                    0 if method == "POST" => 201,
                    0 => 200,
                    _ if failed < results.len() => self.profile.mixed_status,
                    _ => self.profile.failed_status,
                };
                let rows: Vec<Json> = results.into_iter().map(|result| result.unwrap_or_else(|refusal| refusal.body())).collect();
                Ok(encode(status, &json!({"watch": rows})))
            }
            _ => Err(Refusal::wrong_method()),
        }
    }

    fn channels_listed(&self, now: i64, query: &Query) -> Response {
        let wanted = |channel: &&Channel| {
            now < channel.expires_at
                && query.get("channel_id").is_none_or(|id| id == channel.id)
                && query.get("module").is_none_or(|module| channel.events.iter().any(|event| event.split('.').next() == Some(module)))
        };
        let shown: Vec<Json> = self
            .channels
            .by_id
            .values()
            .filter(wanted)
            .flat_map(|channel| channel.events.iter().map(|event| self.channel_shape(channel, event)).collect::<Vec<_>>())
            .collect();
        if shown.is_empty() {
            return empty(204);
        }
        let info = json!({"per_page": 200, "count": shown.len(), "page": 1, "more_records": false});
        encode(200, &json!({"watch": shown, "info": info}))
    }

    fn channel_shape(&self, channel: &Channel, event: &str) -> Json {
        let module = event.split('.').next().unwrap_or_default();
        json!({
            "channel_expiry": stamp(channel.expires_at, self.profile.offset_s),
            "resource_uri": format!("{}/crm/v8/{module}", self.profile.api_domain),
            "resource_id": module.len().to_string(), "resource_name": module, "channel_id": channel.id,
            "notify_url": channel.notify_url, "events": [event],
        })
    }

    fn watch(&mut self, now: i64, method: &str, place: usize, wish: &Map<String, Json>) -> Result<Json, Refusal> {
        let text = |name: &str| wish.get(name).and_then(Json::as_str);
        let id = match wish.get("channel_id") {
            Some(Json::String(id)) => id.clone(),
            Some(Json::Number(id)) => id.to_string(),
            Some(_) | None => return Err(problem(place, "MANDATORY_NOT_FOUND", "channel_id")),
        };
        if id.parse::<i64>().is_err() {
            return Err(problem(place, "INVALID_DATA", "channel_id"));
        }
        let known = self.channels.by_id.get(&id).filter(|channel| now < channel.expires_at).cloned();
        if method != "POST" && known.is_none() {
            return Err(not_subscribed(&id));
        }
        let partial = known.filter(|_| method == "PATCH");
        if wish.get("_delete_events").and_then(Json::as_bool) == Some(true) {
            self.channels.by_id.remove(&id);
            return Ok(
                json!({"code": "SUCCESS", "details": {"channel_id": id}, "message": "Successfully un-subscribed", "status": "success"}),
            );
        }
        let events: Vec<String> = match (wish.get("events").and_then(Json::as_array), &partial) {
            (Some(events), _) => events.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
            (None, Some(old)) => old.events.clone(),
            (None, None) => return Err(problem(place, "MANDATORY_NOT_FOUND", "events")),
        };
        let is_event = |event: &String| {
            event.split_once('.').is_some_and(|(module, operation)| {
                [LEADS, CONTACTS, ACCOUNTS].contains(&module) && ["all", "create", "edit", "delete"].contains(&operation)
            })
        };
        if events.is_empty() || !events.iter().all(is_event) {
            return Err(problem(place, "INVALID_DATA", "events"));
        }
        let notify_url = match (text("notify_url"), &partial) {
            (Some(url), _) if url.starts_with("http") && url.len() <= ADDRESS_MAX => url.to_owned(),
            (Some(_), _) => return Err(problem(place, "INVALID_DATA", "notify_url")),
            (None, Some(old)) => old.notify_url.clone(),
            (None, None) => return Err(problem(place, "MANDATORY_NOT_FOUND", "notify_url")),
        };
        let token = match (text("token"), &partial) {
            (Some(token), _) if token.chars().count() > TOKEN_MAX => return Err(problem(place, "INVALID_DATA", "token")),
            (Some(token), _) => Some(token.to_owned()),
            (None, Some(old)) => old.token.clone(),
            (None, None) => None,
        };
        let expires_at = match text("channel_expiry") {
            Some(at) => moment(at).ok_or_else(|| problem(place, "INVALID_DATA", "channel_expiry"))?,
            None => partial.as_ref().map_or(now + EXPIRY_S_DEFAULT, |old| old.expires_at),
        };
        if expires_at <= now || expires_at > now + EXPIRY_S_MAX {
            return Err(problem(place, "INVALID_DATA", "channel_expiry"));
        }
        let with_values = wish.get("return_affected_field_values").and_then(Json::as_bool);
        let with_values = with_values.unwrap_or_else(|| partial.is_some_and(|old| old.with_values));
        let channel = Channel { id: id.clone(), events, expires_at, token, notify_url, with_values };
        let events: Vec<Json> = channel.events.iter().map(|event| self.channel_shape(&channel, event)).collect();
        self.channels.by_id.insert(id, channel);
        let message = "Successfully subscribed for actions-watch of the given module";
        Ok(json!({"code": "SUCCESS", "details": {"events": events}, "message": message, "status": "success"}))
    }

    /// Notes what happened to a record; it is told when the request is over.
    pub(crate) fn announce(&mut self, _now: i64, module: &'static str, operation: &'static str, id: u64, changed: &[String]) {
        self.channels.news.push(News { module, operation, id, changed: changed.to_vec() });
    }

    /// Tells what one request did: one notification for each module and operation, with all its ids.
    pub(crate) fn post_announcements(&mut self, now: i64) {
        let mut groups: BTreeMap<(&'static str, &'static str), Vec<News>> = BTreeMap::new();
        for news in std::mem::take(&mut self.channels.news) {
            groups.entry((news.module, news.operation)).or_default().push(news);
        }
        for ((module, operation), news) in groups {
            let listening: Vec<Channel> =
                self.channels.by_id.values().filter(|channel| channel.hears(module, operation, now)).cloned().collect();
            for channel in listening {
                let body = self.notification(now, &channel, module, operation, &news);
                let delivery = Delivery { channel_id: channel.id, url: channel.notify_url, body: Bytes::from(body.to_string()) };
                let roll = if self.profile.post_is_unkind { self.ids.roll() % 8 } else { 7 };
                // An unkind post loses some, sends some twice, and some late, so that they overtake each other.
                match roll {
                    0 => {}
                    1 => self.channels.post.extend([now, now].map(|due| Letter { due, delivery: delivery.clone() })),
                    2 => self.channels.post.push(Letter { due: now + HELD_UP_S, delivery }),
                    _ => self.channels.post.push(Letter { due: now, delivery }),
                }
            }
        }
    }

    fn notification(&self, now: i64, channel: &Channel, module: &str, operation: &str, news: &[News]) -> Json {
        let ids: Vec<String> = news.iter().map(|news| news.id.to_string()).collect();
        let is_update = operation == "update";
        let fields: Vec<Json> = news.iter().filter(|_| is_update).map(|news| json!({news.id.to_string(): news.changed})).collect();
        let row = |id: u64| self.table(module).and_then(|table| table.rows.get(&id).map(|row| (table, row)));
        let values: Vec<Json> = news
            .iter()
            .filter(|_| is_update && channel.with_values)
            .filter_map(|news| {
                let (table, row) = row(news.id)?;
                let members: Map<String, Json> = news.changed.iter().map(|name| (name.clone(), self.plain(table, row, name))).collect();
                Some(json!({"record_id": news.id.to_string(), "values": members}))
            })
            .collect();
        let mut body = json!({
            "server_time": now * 1000, "module": module, "resource_uri": format!("{}/crm/v2/{module}", self.profile.api_domain),
            "operation": operation, "ids": ids, "affected_fields": fields, "query_params": {}, "channel_id": channel.id,
            "token": channel.token,
        });
        if let (true, Some(members)) = (channel.with_values, body.as_object_mut()) {
            members.insert("affected_values".to_owned(), Json::Array(values));
        }
        body
    }

    /// What is to be posted now; each is handed out once, and nobody hears what became of it.
    pub fn deliveries(&mut self, now: Timestamp) -> Vec<Delivery> {
        self.run_jobs(now.as_second());
        let due = self.channels.post.extract_if(.., |letter| letter.due <= now.as_second());
        due.map(|letter| letter.delivery).collect()
    }
}

fn not_subscribed(id: &str) -> Refusal {
    Refusal::new(400, "NOT_SUBSCRIBED", "The channel is not subscribed", json!({"channel_id": id}))
}
