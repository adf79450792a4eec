//! The organisation's users: those to whom records can belong (`OwnerId`).

use syncline_engine::ports::connector::Cursor;
use syncline_engine::ports::directory::{User, UserPage};
use syncline_model::{Deadline, Fault, RecordId};

use crate::calls;
use crate::client::{Client, Failure};
use crate::id;
use crate::schema::row_id;
use crate::soql;
use crate::wire::{self, Node, QueryAnswer};

/// What stands before the last user's id in a cursor: its format.
const FORMAT: &str = "salesforce/users/1:";
/// Users of a page: what one answer carries (fact sheet §3.1: documented).
const PAGE_USERS: usize = 2_000;

/// One page of users in order of their ids. Portal users and the platform's own processes are left out: they own no records that people work on.
pub(crate) async fn page(client: &Client, from: Option<&Cursor>, by: Deadline) -> Result<UserPage, Fault> {
    let after = match from {
        None => String::new(),
        Some(cursor) => {
            let last = cursor.0.strip_prefix(FORMAT).and_then(id::sendable);
            let last = last.ok_or_else(|| Fault::Drift {
                path: "cursor".into(),
                expected: "a cursor of users, format 1".into(),
                found: "something else".into(),
            })?;
            format!(" AND Id > {}", soql::quote(&last))
        }
    };
    let query = format!("SELECT Id,Email,IsActive FROM User WHERE UserType = 'Standard'{after} ORDER BY Id LIMIT {PAGE_USERS}");
    let request = client.calls.get(&client.calls.query_path(&query, false))?;
    let (body, _) = client.body(calls::QUERY, &request, &[], by).await.map_err(Failure::fault)?;
    let answer = QueryAnswer::read(wire::raw(&body)?)?;
    let rows = answer.rows().collect::<Result<Vec<Node>, Fault>>()?;
    let users: Vec<User> = rows.iter().filter_map(user).collect();
    // An answer may carry fewer than were asked for; by its own order the next page goes on behind it.
    let last = users.last().filter(|_| !answer.done || rows.len() >= PAGE_USERS);
    Ok(UserPage { next: last.map(|user| Cursor(format!("{FORMAT}{}", user.id))), users })
}

fn user(row: &Node) -> Option<User> {
    let email = row.text_at("Email").filter(|email| !email.is_empty()).map(str::to_owned);
    Some(User { id: RecordId::new(id::canonical(&row_id(row)?)?), email, active: row.flag("IsActive") })
}
