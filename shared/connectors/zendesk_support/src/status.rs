//! Agents' statuses: the vendor's four, in one spelling, and the account's own.
//!
//! Ids differ from account to account, and the documentation's examples contradict each other (fact sheet §0): names are resolved by the account's
//! list. Names appear as `transfers only`, `transfers_only` and in capitals: a default status has one form here, an own one the account's spelling.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value as Json;
use syncline_model::{Choice, Fault};

use crate::faults::drift;

/// The statuses that every account has.
pub(crate) const DEFAULTS: [&str; 4] = ["online", "away", "transfers_only", "offline"];
/// What stands before an own status whose name reads like a default one's.
const OWN: &str = "custom: ";

/// The status that an agent has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// The account's id of it; none in Talk.
    pub(crate) id: Option<i64>,
    pub(crate) name: String,
    /// Since when; none in Talk.
    pub(crate) updated_at: Option<Timestamp>,
}

impl Status {
    /// `{"id":3,"name":"online","reason":"UNKNOWN","updated_at":"…"}`; ids are texts in webhooks.
    pub(crate) fn read(json: &Json) -> Option<Self> {
        let name = json.get("name")?.as_str()?.to_owned();
        let updated_at = json.get("updated_at").and_then(Json::as_str).and_then(|text| text.parse().ok());
        Some(Self { id: json.get("id").and_then(number), name, updated_at })
    }

    /// Talk's `{"availability":{"agent_state":"online",…}}`.
    pub(crate) fn of_talk(json: &Json) -> Result<Self, Fault> {
        let state = json.get("availability").and_then(|own| own.get("agent_state")).and_then(Json::as_str);
        let name = state.ok_or_else(|| drift("availability.agent_state", "a text", "something else"))?;
        Ok(Self { id: None, name: name.to_owned(), updated_at: None })
    }
}

/// The statuses that an account has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Catalogue {
    by_id: BTreeMap<i64, (String, bool)>,
}

impl Catalogue {
    /// Takes one page of the list, `{"default":[…],"custom":[…]}`.
    pub(crate) fn add(&mut self, page: &Json) -> Result<(), Fault> {
        for (part, own) in [("default", false), ("custom", true)] {
            let rows = match page.get(part) {
                Some(Json::Array(rows)) => rows.as_slice(),
                None | Some(Json::Null) if own => &[],
                Some(_) | None => return Err(drift(part, "a list of statuses", "something else")),
            };
            for row in rows {
                let attributes = row.get("attributes").unwrap_or(row);
                let id = row.get("id").and_then(number);
                let name = attributes.get("name").and_then(Json::as_str);
                let (id, name) = id.zip(name).ok_or_else(|| drift(part, "statuses with id and name", "something else"))?;
                self.by_id.insert(id, (name.to_owned(), own));
            }
        }
        Ok(())
    }

    /// The status as a value, and whether it is the account's own. An id that is not on the list is told by its name.
    pub(crate) fn value(&self, status: &Status) -> (String, bool) {
        if let Some((name, own)) = status.id.and_then(|id| self.by_id.get(&id)) {
            return (spelled(name, *own), *own);
        }
        let own = !is_default(&status.name);
        (spelled(&status.name, own), own)
    }

    pub(crate) fn knows(&self, status: &Status) -> bool {
        status.id.is_none_or(|id| self.by_id.contains_key(&id))
    }

    /// The id of a status by its value.
    pub(crate) fn id_of(&self, value: &str) -> Option<i64> {
        let found = self.by_id.iter().find(|(_, (name, own))| spelled(name, *own) == value);
        let loose = || self.by_id.iter().find(|(_, (name, own))| !own && normal(name) == normal(value));
        found.or_else(loose).map(|(id, _)| *id)
    }

    /// Default statuses first, then the account's own by name.
    pub(crate) fn choices(&self) -> Vec<Choice> {
        let mut own: Vec<&str> = self.by_id.values().filter(|(_, own)| *own).map(|(name, _)| name.as_str()).collect();
        own.sort_unstable();
        own.dedup();
        let own = own.into_iter().map(|name| Choice { value: spelled(name, true), label: name.to_owned() });
        default_choices().into_iter().chain(own).collect()
    }
}

pub(crate) fn default_choices() -> Vec<Choice> {
    DEFAULTS.iter().map(|name| Choice { value: (*name).to_owned(), label: name.replace('_', " ") }).collect()
}

/// The form in which default statuses are compared.
pub(crate) fn normal(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}

pub(crate) fn is_default(name: &str) -> bool {
    DEFAULTS.contains(&normal(name).as_str())
}

fn spelled(name: &str, own: bool) -> String {
    match (own, is_default(name)) {
        (false, _) => normal(name),
        (true, false) => name.trim().to_owned(),
        (true, true) => format!("{OWN}{}", name.trim()),
    }
}

/// An id: a number, or the same as text.
pub(crate) fn number(json: &Json) -> Option<i64> {
    match json {
        Json::Number(number) => number.as_i64(),
        Json::String(text) => text.trim().parse().ok(),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The agent and the status of one row of `agent_availabilities`.
pub(crate) fn availability(row: &Json) -> Result<(String, Option<Status>), Fault> {
    let attributes = row.get("attributes").unwrap_or(row);
    let named = attributes.get("agent_id").and_then(number).map(|id| id.to_string());
    let in_id = || row.get("id").and_then(Json::as_str).and_then(|id| id.split('|').nth(1)).map(str::to_owned);
    let agent = named.or_else(in_id).ok_or_else(|| drift("agent_id", "a number", "something else"))?;
    Ok((agent, attributes.get("agent_status").and_then(Status::read)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn catalogue() -> Catalogue {
        let mut catalogue = Catalogue::default();
        let row = |id: i64, name: &str| json!({"attributes": {"name": name}, "id": id, "type": "agent_status"});
        let page = json!({"default": [row(5, "Transfers only"), row(3, "online")], "custom": [row(123, "In a meeting"), row(7, "Away")]});
        catalogue.add(&page).unwrap();
        catalogue
    }

    fn status(id: i64, name: &str) -> Status {
        Status { id: Some(id), name: name.to_owned(), updated_at: None }
    }

    #[test]
    fn names_have_one_form_and_own_ones_keep_theirs() {
        let catalogue = catalogue();
        let value = |id, name| catalogue.value(&status(id, name));
        assert_eq!(value(3, "ONLINE"), ("online".into(), false));
        assert_eq!(value(5, "transfers only"), ("transfers_only".into(), false));
        assert_eq!(value(123, "In a meeting"), ("In a meeting".into(), true));
        assert_eq!(value(7, "Away"), ("custom: Away".into(), true));
        assert_eq!(value(99, "Away"), ("away".into(), false));
        assert_eq!(value(98, "Siesta"), ("Siesta".into(), true));
        for (text, id) in [("online", 3), ("transfers_only", 5), ("In a meeting", 123), ("custom: Away", 7), ("Transfers Only", 5)] {
            assert_eq!(catalogue.id_of(text), Some(id), "{text}");
        }
        assert_eq!(catalogue.id_of("in a MEETING"), None);
        assert_eq!(catalogue.id_of("offline"), None);
        let choices: Vec<String> = catalogue.choices().into_iter().map(|choice| choice.value).collect();
        assert_eq!(choices, ["online", "away", "transfers_only", "offline", "custom: Away", "In a meeting"]);
    }

    #[test]
    fn availabilities_are_read_in_each_documented_form() {
        let row = json!({"id": "agent_availabilities|10011", "type": "agent_availabilities", "attributes": {"agent_id": 10011,
            "agent_status": {"id": 1, "name": "online", "reason": "UNKNOWN", "updated_at": "2023-04-06T01:15:00.000000000Z"}, "version": 236}});
        let (agent, found) = availability(&row).unwrap();
        assert_eq!((agent.as_str(), found.as_ref().and_then(|status| status.id)), ("10011", Some(1)));
        assert_eq!(found.unwrap().updated_at, Some("2023-04-06T01:15:00Z".parse().unwrap()));
        assert_eq!(availability(&json!({"id": "agent_availabilities|7", "attributes": {}})).unwrap(), ("7".into(), None));
        assert!(availability(&json!({"id": 7})).is_err());
        assert_eq!(Status::of_talk(&json!({"availability": {"agent_state": "away", "call_status": null}})).unwrap().name, "away");
        assert!(Status::of_talk(&json!({})).is_err() && Catalogue::default().add(&json!({})).is_err());
    }
}
