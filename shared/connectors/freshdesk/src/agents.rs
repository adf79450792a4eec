//! The account's agents: the people to whom things can be given. Contacts and companies have no owner of the vendor's own; a custom field can name
//! an agent.

use serde_json::Value as Json;
use syncline_engine::ports::connector::Cursor;
use syncline_engine::ports::directory::{User, UserPage};
use syncline_model::{CallError, Deadline, Fault};

use crate::calls;
use crate::client::error;
use crate::connection::Connection;
use crate::envelope::{drift, json, type_name};
use crate::faults::Sent;
use crate::wire::record_id;

/// What stands before the page's number in a cursor: its format.
const FORMAT: &str = "freshdesk/agents/1:";
/// Pages of agents; beyond it the listing counts as stuck. A hundred thousand agents.
const PAGES_MAX: u32 = 1_000;

impl Connection {
    /// One page of agents. Full-time and occasional ones are listed alike; who was deactivated says so (unverified for
    /// the list; `agents/me` carries the member).
    pub(crate) async fn agents(&self, from: Option<&Cursor>, by: Deadline) -> Result<UserPage, CallError> {
        let page = from.map_or(Ok(1), page_of).map_err(|fault| error("list agents", fault))?;
        let ask = calls::agents(page);
        let answer = self.client.read(&ask, &Sent::default(), by).await?;
        let body = json(&answer.body).map_err(|fault| error(&ask.operation, fault))?;
        let Json::Array(rows) = &body else {
            return Err(error(&ask.operation, drift("$", "a list of agents", type_name(&body))));
        };
        let users: Vec<User> = rows.iter().filter_map(user).collect();
        // Numbered pages move while they are read: agents come and go seldom, and the whole is read again before long.
        let next = (!rows.is_empty() && answer.has_next()).then(|| Cursor(format!("{FORMAT}{}", page + 1)));
        Ok(UserPage { users, next })
    }
}

fn page_of(cursor: &Cursor) -> Result<u32, Fault> {
    let page = cursor.0.strip_prefix(FORMAT).and_then(|page| page.parse().ok());
    page.filter(|page| (1..=PAGES_MAX).contains(page)).ok_or_else(|| drift("cursor", "a page of agents, format 1", "something else"))
}

/// A row without an id is nobody.
fn user(row: &Json) -> Option<User> {
    let person = row.get("contact").unwrap_or(row);
    let email = person.get("email").and_then(Json::as_str).map(str::trim).filter(|email| !email.is_empty());
    Some(User {
        id: record_id(row.get("id")?)?,
        email: email.map(str::to_owned),
        active: row.get("deactivated").and_then(Json::as_bool) != Some(true),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_agent_is_a_user_with_the_email_of_its_contact() {
        let agent = json!({"id": 82_000, "deactivated": true, "contact": {"email": "Ida@Nordwerk.example", "active": true}});
        let found = user(&agent).unwrap();
        assert_eq!((found.id.as_str(), found.email.as_deref(), found.active), ("82000", Some("Ida@Nordwerk.example"), false));
        assert!(user(&json!({"id": 1, "contact": {"email": ""}})).unwrap().email.is_none());
        assert!(user(&json!({"contact": {"email": "ida@nordwerk.example"}})).is_none());
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        for text in ["", "7", "freshdesk/agents/2:1", "freshdesk/agents/1:0", "freshdesk/agents/1:1001"] {
            assert!(page_of(&Cursor(text.to_owned())).is_err(), "{text}");
        }
        assert_eq!(page_of(&Cursor("freshdesk/agents/1:3".to_owned())), Ok(3));
    }
}
