//! Who works in the account: two hundred a call.

use serde_json::Value as Json;
use syncline_engine::ports::connector::Cursor;
use syncline_engine::ports::directory::{User, UserPage};
use syncline_model::{Deadline, Fault, RecordId};

use crate::calls::{self, PAGE_RECORDS_MAX};
use crate::connection::Connection;
use crate::faults::drift;
use crate::object::is_bare;

const FORMAT: &str = "zoho_crm users/1 ";

/// A user as the account lists them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) id: RecordId,
    pub(crate) name: String,
    pub(crate) email: Option<String>,
    /// Whether records may be given to them.
    pub(crate) active: bool,
    /// The vendor's word for what they may do.
    pub(crate) profile: String,
}

impl Connection {
    /// One page of all users, those who left among them.
    pub(crate) async fn users_at(&self, from: Option<&Cursor>, by: Deadline) -> Result<UserPage, Fault> {
        let page = page_of(from)?;
        let answer = self.client.read(&calls::users(page), by).await?;
        let Some(json) = answer.json else { return Ok(UserPage { users: Vec::new(), next: None }) };
        let rows = users_of(&json)?;
        let more = json.get("info").and_then(|info| info.get("more_records")).and_then(Json::as_bool);
        let full = rows.len() >= usize::try_from(PAGE_RECORDS_MAX).unwrap_or(usize::MAX);
        let user = |row| read(row).map(|own| User { id: own.id, email: own.email, active: own.active });
        let users: Vec<User> = rows.iter().map(user).collect::<Result<_, _>>()?;
        let next = (more.unwrap_or(full) && !rows.is_empty()).then(|| Cursor(format!("{FORMAT}{}", page.saturating_add(1))));
        Ok(UserPage { users, next })
    }
}

/// A place in the list of users: the page's number.
fn page_of(from: Option<&Cursor>) -> Result<u32, Fault> {
    let Some(cursor) = from else { return Ok(1) };
    let page = cursor.0.strip_prefix(FORMAT).and_then(|page| page.parse().ok()).filter(|page| *page > 0);
    page.ok_or_else(|| drift("cursor", FORMAT, "another format"))
}

pub(crate) fn users_of(json: &Json) -> Result<&Vec<Json>, Fault> {
    json.get("users").and_then(Json::as_array).ok_or_else(|| drift("users", "a list of users", "something else"))
}

pub(crate) fn read(row: &Json) -> Result<Member, Fault> {
    let text = |name: &str| row.get(name).and_then(Json::as_str).map(str::trim).filter(|text| !text.is_empty());
    let id = text("id").filter(|id| is_bare(id)).ok_or_else(|| drift("users.id", "a text of digits", "something else"))?;
    let profile = row.get("profile").and_then(|profile| profile.get("name")).and_then(Json::as_str);
    Ok(Member {
        id: RecordId::new(id),
        name: text("full_name").or_else(|| text("last_name")).unwrap_or("a user without a name").to_owned(),
        email: text("email").map(str::to_owned),
        active: text("status").is_none_or(|status| status.eq_ignore_ascii_case("active")),
        profile: profile.unwrap_or("unknown").to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_user_is_read_with_address_and_status() {
        let ola = read(
            &json!({"id": "9", "email": "Ola@acme.example", "full_name": "Ola", "status": "active", "profile": {"name": "Administrator"}}),
        );
        let ola = ola.unwrap();
        assert_eq!((ola.email.as_deref(), ola.active, ola.profile.as_str()), (Some("Ola@acme.example"), true, "Administrator"));
        assert!(!read(&json!({"id": "9", "status": "inactive"})).unwrap().active);
        assert!(read(&json!({"id": 9})).is_err() && users_of(&json!({})).is_err());
    }
}
