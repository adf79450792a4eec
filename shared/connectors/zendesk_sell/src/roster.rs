//! The account's users, for a review beside the Zendesk account that it is joined to.

use serde_json::Value as Json;
use syncline_engine::ports::connector::{Cursor, Member, Seat};
use syncline_engine::ports::directory::{User, UserPage};
use syncline_model::{Deadline, Fault, RecordId};

use crate::calls;
use crate::connection::Connection;
use crate::faults::drift;
use crate::wire;

/// Pages of a hundred users that are read: more would be an endless answer.
const PAGES_MAX: u32 = 100;

/// What a cursor of users begins with: their format's number; the page follows.
const CURSOR: &str = "users1:";

impl Connection {
    /// One page of those to whom records can belong.
    pub(crate) async fn people(&self, from: Option<&Cursor>, by: Deadline) -> Result<UserPage, Fault> {
        let page = match from {
            None => 1,
            Some(Cursor(text)) => {
                let page = text.strip_prefix(CURSOR).and_then(|page| page.parse::<u32>().ok());
                page.ok_or_else(|| drift("cursor", "a page of users", "something else"))?
            }
        };
        let answer = self.client.read(&calls::users(page), by).await?.json;
        let members: Vec<Member> = wire::list(&answer)?.into_iter().map(member).collect::<Result<_, Fault>>()?;
        let next = wire::has_next(&answer).then(|| Cursor(format!("{CURSOR}{}", page.saturating_add(1))));
        let users = members.into_iter().map(|one| User { id: one.id, email: one.email, active: one.seat != Seat::Inactive });
        Ok(UserPage { users: users.collect(), next })
    }

    pub(crate) async fn members(&self, by: Deadline) -> Result<Vec<Member>, Fault> {
        let mut members = Vec::new();
        for page in 1..=PAGES_MAX {
            let answer = self.client.read(&calls::users(page), by).await?.json;
            for user in wire::list(&answer)? {
                members.push(member(user)?);
            }
            if !wire::has_next(&answer) {
                return Ok(members);
            }
        }
        Err(drift("meta.links.next_page", &format!("an end within {PAGES_MAX} pages"), "more"))
    }
}

/// `zendesk_user_id` is the same person's number on the platform (fact sheet §9); a legacy account has none.
fn member(user: &Json) -> Result<Member, Fault> {
    let id = user.get("id").and_then(wire::id).ok_or_else(|| drift("id", "a user's number", "something else"))?;
    let text = |name: &str| user.get(name).and_then(Json::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let seat = if text("status").is_some_and(|status| status == "inactive") { Seat::Inactive } else { Seat::Full };
    Ok(Member {
        id: RecordId::new(id),
        name: text("name").unwrap_or_default(),
        email: text("email"),
        role: text("role").unwrap_or_else(|| "unknown".to_owned()),
        seat,
        companion_id: user.get("zendesk_user_id").and_then(wire::id).map(RecordId::new),
    })
}
