//! Who works in the account: the people to whom records can belong, and what they are there.

use serde_json::Value as Json;
use syncline_engine::ports::connector::{Cursor, Member, Seat};
use syncline_engine::ports::directory::{User, UserPage};
use syncline_model::{Deadline, Fault, RecordId};

use crate::calls;
use crate::connection::{Connection, unsupported};
use crate::faults::drift;
use crate::wire::{has_next, id, list};

const FORMAT: &str = "zendesk_sell/users/1:";
/// Pages of users, of a hundred each; a team has no more.
const PAGES_MAX: u32 = 1_000;

fn text(row: &Json, name: &str) -> Option<String> {
    row.get(name).and_then(Json::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Who left stays on the list, inactive (fact sheet §6).
fn is_active(row: &Json) -> bool {
    text(row, "status").is_none_or(|status| status == "active") && row.get("deleted_at").is_none_or(Json::is_null)
}

impl Connection {
    pub(crate) async fn directory(&self, from: Option<&Cursor>, by: Deadline) -> Result<UserPage, Fault> {
        let page = match from {
            None => 1,
            Some(cursor) => {
                let page = cursor.0.strip_prefix(FORMAT).and_then(|page| page.parse().ok()).filter(|page| (1..=PAGES_MAX).contains(page));
                page.ok_or_else(|| drift("cursor", "a cursor of users, format 1", "something else"))?
            }
        };
        let answer = self.client.read(&calls::users(page), by).await?.json;
        let rows = list(&answer)?;
        let user =
            |row: &&Json| Some(User { id: RecordId::new(row.get("id").and_then(id)?), email: text(row, "email"), active: is_active(row) });
        let users = rows.iter().filter_map(user).collect();
        let more = !rows.is_empty() && has_next(&answer);
        Ok(UserPage { users, next: more.then(|| Cursor(format!("{FORMAT}{}", page + 1))) })
    }

    pub(crate) async fn members(&self, by: Deadline) -> Result<Vec<Member>, Fault> {
        let mut members = Vec::new();
        for page in 1..=PAGES_MAX {
            let answer = self.client.read(&calls::users(page), by).await?.json;
            let rows = list(&answer)?;
            let member = |row: &&Json| {
                Some(Member {
                    id: RecordId::new(row.get("id").and_then(id)?),
                    name: text(row, "name").unwrap_or_else(|| "a user without a name".to_owned()),
                    email: text(row, "email"),
                    role: text(row, "role").unwrap_or_else(|| "user".to_owned()),
                    seat: if is_active(row) { Seat::Full } else { Seat::Inactive },
                    // Told only where the account is joined to the platform (fact sheet §5.1).
                    companion_id: row.get("zendesk_user_id").and_then(id).map(RecordId::new),
                })
            };
            members.extend(rows.iter().filter_map(member));
            if rows.is_empty() || !has_next(&answer) {
                return Ok(members);
            }
        }
        Err(unsupported("so large a team"))
    }
}
