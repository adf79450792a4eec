//! Teams: which users belong together (fact sheet §5).

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use syncline_simulator::{Response, json as answer_json};

use crate::Aircall;
use crate::wire::{Query, Refusal, no_content, object, stamp};

/// Characters of a team's name.
const NAME_CHARACTERS_MAX: usize = 64;

pub(crate) struct Team {
    id: i64,
    name: String,
    created_at: i64,
    users: BTreeSet<i64>,
}

impl Aircall {
    pub(crate) fn teams_route(
        &mut self,
        now: i64,
        method: &Method,
        rest: &[&str],
        query: &Query,
        body: &[u8],
    ) -> Result<Response, Refusal> {
        let number = |text: &str| text.parse::<i64>().map_err(|_| Refusal::Missing);
        match (method.as_str(), rest) {
            ("GET", []) => {
                let paging = query.paging()?;
                let rows = self.teams.values().map(|team| self.team(team)).collect();
                Ok(paging.answer("teams", rows, Some(&format!("{}/v1/teams", self.profile.base_url))))
            }
            ("POST", []) => {
                let body = object(body)?;
                let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
                let known = self.teams.values().any(|team| team.name == name);
                if name.is_empty() || name.chars().count() > NAME_CHARACTERS_MAX || known {
                    return Err(Refusal::invalid("name must be given, unique, and at most 64 characters long"));
                }
                let team = Team { id: self.ids.team(), name: name.to_owned(), created_at: now, users: BTreeSet::new() };
                let shape = self.team(&team);
                self.teams.insert(team.id, team);
                Ok(answer_json(201, &json!({ "team": shape })))
            }
            ("GET", [id]) => {
                let team = self.teams.get(&number(id)?).ok_or(Refusal::Missing)?;
                Ok(answer_json(200, &json!({"team": self.team(team)})))
            }
            ("DELETE", [id]) => self.teams.remove(&number(id)?).map(|_| no_content()).ok_or(Refusal::Missing),
            ("POST" | "DELETE", [id, "users", user]) => {
                let (id, user) = (number(id)?, number(user)?);
                if !self.users.contains_key(&user) {
                    return Err(Refusal::Missing);
                }
                let team = self.teams.get_mut(&id).ok_or(Refusal::Missing)?;
                if method == Method::POST {
                    team.users.insert(user);
                } else {
                    team.users.remove(&user);
                }
                let team = self.teams.get(&id).ok_or(Refusal::Missing)?;
                Ok(answer_json(200, &json!({"team": self.team(team)})))
            }
            (_, [] | [_] | [_, "users", _]) => Err(Refusal::NotAllowed),
            (_, _) => Err(Refusal::Missing),
        }
    }

    /// Users inside teams have no substatus.
    fn team(&self, team: &Team) -> Value {
        let members = team.users.iter().filter_map(|id| self.users.get(id));
        let users: Vec<Value> = members
            .map(|user| {
                let mut shape = user.shape(&self.profile, user.setting);
                if let Some(members) = shape.as_object_mut() {
                    members.remove("substatus");
                }
                shape
            })
            .collect();
        json!({
            "id": team.id,
            "direct_link": format!("{}/v1/teams/{}", self.profile.base_url, team.id),
            "name": team.name,
            "created_at": stamp(team.created_at),
            "users": users,
        })
    }
}
