//! The incremental export of users: by cursor, or by time (fact sheet §2.3).
//!
//! Unkind as told: the most recent minute is not served, rows come twice across pages, rows share a second, and a listing that is at its end
//! still answers a cursor.

use serde_json::{Value as Json, json};

use crate::Support;
use crate::routes::Ask;
use crate::users::User;
use crate::wire::{Answer, Refusal, cursor_of, encode, place_of};

/// The most rows of a page, and how many there are without a word.
const ROWS_MAX: usize = 1_000;

impl Support {
    pub(crate) fn incremental_route(&mut self, rest: &[&str], ask: &Ask<'_>) -> Answer {
        self.only_admins(ask)?;
        if ask.method != http::Method::GET {
            return Err(Refusal::InvalidEndpoint);
        }
        match rest {
            ["users", "cursor"] => self.users_by_cursor(ask),
            ["users"] => self.users_by_time(ask),
            _ => Err(Refusal::InvalidEndpoint),
        }
    }

    /// All users whose last change is old enough to be shown, in order of it.
    fn shown(&self, now: i64) -> Vec<&User> {
        let mut users: Vec<&User> = self.users.all().filter(|user| user.updated_at <= now - self.profile.incremental_hidden_s).collect();
        users.sort_by_key(|user| (user.updated_at, user.id));
        users
    }

    fn start_time(&self, ask: &Ask<'_>) -> Result<i64, Refusal> {
        let start = ask.query.get("start_time").and_then(|text| text.parse::<i64>().ok());
        let start = start.ok_or_else(|| Refusal::plain(400, "ParameterMissing", "Parameter start_time is required"))?;
        if start > ask.now - self.profile.incremental_hidden_s {
            let words = "Too recent start_time. Use a start_time older than 60 seconds";
            return Err(Refusal::plain(422, "StartTimeTooRecent", words));
        }
        Ok(start)
    }

    fn rows(ask: &Ask<'_>) -> usize {
        ask.query.get("per_page").and_then(|text| text.parse().ok()).filter(|rows| (1..=ROWS_MAX).contains(rows)).unwrap_or(ROWS_MAX)
    }

    fn users_by_cursor(&self, ask: &Ask<'_>) -> Answer {
        let from = match ask.query.get("cursor") {
            Some(cursor) => place(cursor).ok_or_else(|| Refusal::plain(400, "InvalidCursor", "The cursor is invalid"))?,
            None => (self.start_time(ask)?, 0),
        };
        let rows = Self::rows(ask);
        let shown = self.shown(ask.now);
        let begin = shown.partition_point(|user| (user.updated_at, user.id) <= from);
        // A row that was answered before comes again, where there is one.
        let again = if self.profile.incremental_repeats && ask.query.get("cursor").is_some() { begin.min(1) } else { 0 };
        let page: Vec<&User> = shown.iter().skip(begin - again).take(rows).copied().collect();
        let end = begin - again + page.len();
        let after = page.last().map_or(from, |user| (user.updated_at, user.id));
        let cursor = cursor_of(&format!("{}|{}", after.0, after.1));
        let shapes: Vec<Json> = page.iter().map(|user| user.shape(&self.profile.base_url)).collect();
        let link = format!("{}?cursor={cursor}&per_page={rows}", self.link("incremental/users/cursor.json"));
        Ok(encode(
            200,
            &json!({
                "users": shapes, "after_url": link, "after_cursor": cursor, "before_url": null, "before_cursor": null,
                "end_of_stream": end >= shown.len()
            }),
        ))
    }

    fn users_by_time(&self, ask: &Ask<'_>) -> Answer {
        let start = self.start_time(ask)?;
        let rows = Self::rows(ask);
        let shown = self.shown(ask.now);
        let begin = shown.partition_point(|user| user.updated_at < start);
        let mut end = (begin + rows).min(shown.len());
        // Whole seconds: a page that ends within one goes on to its end.
        while let (Some(last), Some(next)) = (end.checked_sub(1).and_then(|at| shown.get(at)), shown.get(end)) {
            if last.updated_at != next.updated_at {
                break;
            }
            end += 1;
        }
        let page: Vec<&User> = shown.iter().take(end).skip(begin).copied().collect();
        let end_time = page.last().map_or(start, |user| user.updated_at);
        let shapes: Vec<Json> = page.iter().map(|user| user.shape(&self.profile.base_url)).collect();
        let next = format!("{}?start_time={end_time}", self.link("incremental/users.json"));
        let count = page.len();
        Ok(encode(
            200,
            &json!({
                "users": shapes, "count": count, "end_time": end_time, "next_page": if count == 0 { Json::Null } else { json!(next) },
                "end_of_stream": end >= shown.len()
            }),
        ))
    }
}

fn place(cursor: &str) -> Option<(i64, i64)> {
    let place = place_of(cursor)?;
    let (second, id) = place.split_once('|')?;
    Some((second.parse().ok()?, id.parse().ok()?))
}
