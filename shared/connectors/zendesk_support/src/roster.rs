//! Who works in the account, for a review beside another account's users: agents and administrators, and of those who are asked after also end users.
//!
//! Contributors (role type 3) are agents without a paid seat; it is what the users of Zendesk Sell become here (fact sheet §2.1).

use std::collections::BTreeSet;

use serde_json::Value as Json;
use syncline_engine::ports::connector::{Member, Seat, Sought};
use syncline_model::{Deadline, Fault, RecordId};

use crate::account::ROLE_TYPES;
use crate::agent;
use crate::calls::{self, Ask, PAGE_RECORDS_MAX};
use crate::connection::Connection;
use crate::faults::drift;
use crate::presence::next_page;

/// Pages of a hundred agents that are read: more would be an endless answer.
const PAGES_MAX: u32 = 200;
const CONTRIBUTOR: u64 = 3;

impl Connection {
    pub(crate) async fn members(&self, also: &[Sought], by: Deadline) -> Result<Vec<Member>, Fault> {
        let mut members = Vec::new();
        let mut after: Option<String> = None;
        for page in 0..=PAGES_MAX {
            if page == PAGES_MAX {
                return Err(drift("meta.has_more", &format!("an end within {PAGES_MAX} pages"), "more"));
            }
            let answer = self.client.read(&calls::staff(PAGE_RECORDS_MAX, after.as_deref()), by).await?;
            add(&mut members, &answer.json)?;
            after = next_page(&answer.json)?;
            if after.is_none() {
                break;
            }
        }
        let known: BTreeSet<RecordId> = members.iter().map(|member: &Member| member.id.clone()).collect();
        let ids: Vec<&str> =
            also.iter().filter_map(|one| one.id.as_ref()).filter(|id| !known.contains(*id)).map(RecordId::as_str).collect();
        for hundred in ids.chunks(calls::IDS_MAX) {
            self.add_found(&mut members, &calls::users(hundred), by).await?;
        }
        for sought in also {
            let Some(email) = &sought.email else { continue };
            let is_known = members.iter().any(|member| {
                sought.id.as_ref() == Some(&member.id) || member.email.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(email))
            });
            if !is_known {
                let mut found = Vec::new();
                self.add_found(&mut found, &calls::with_email(email), by).await?;
                // The search is looser than a comparison.
                members.extend(found.into_iter().filter(|one| one.email.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(email))));
            }
        }
        members.sort_by(|one, other| one.id.as_str().len().cmp(&other.id.as_str().len()).then_with(|| one.id.cmp(&other.id)));
        members.dedup_by(|one, other| one.id == other.id);
        Ok(members)
    }

    async fn add_found(&self, members: &mut Vec<Member>, ask: &Ask, by: Deadline) -> Result<(), Fault> {
        let answer = self.client.read(ask, by).await?;
        add(members, &answer.json)
    }
}

fn add(members: &mut Vec<Member>, body: &Json) -> Result<(), Fault> {
    let users = body.get("users").and_then(Json::as_array).ok_or_else(|| drift("users", "a list of users", "something else"))?;
    for user in users {
        members.push(member(user)?);
    }
    Ok(())
}

fn member(user: &Json) -> Result<Member, Fault> {
    let id = user.get("id").and_then(agent::record_id).ok_or_else(|| drift("id", "a whole number", "something else"))?;
    let text = |name: &str| user.get(name).and_then(Json::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let flag = |name: &str| user.get(name).and_then(Json::as_bool);
    let role = text("role").unwrap_or_else(|| "unknown".to_owned());
    let kind = user.get("role_type").and_then(Json::as_u64);
    let seat = if flag("active") == Some(false) || flag("suspended") == Some(true) {
        Seat::Inactive
    } else {
        match (role.as_str(), kind) {
            ("agent", Some(CONTRIBUTOR)) => Seat::Contributor,
            ("admin" | "agent", _) => Seat::Full,
            (_, _) => Seat::EndUser,
        }
    };
    let title = kind.filter(|_| role == "agent").and_then(|kind| ROLE_TYPES.get(usize::try_from(kind).ok()?)).copied();
    let role = title.map_or(role, str::to_owned);
    Ok(Member { id, name: text("name").unwrap_or_default(), email: text("email"), role, seat, companion_id: None })
}
