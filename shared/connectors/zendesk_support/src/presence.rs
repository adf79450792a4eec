//! Which statuses agents have, by whichever of the two APIs holds them: the unified one with omnichannel routing, Talk's without (fact sheet §0, §5).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value as Json;
use syncline_model::{Deadline, Fault, RecordId};

use crate::calls;
use crate::connection::Connection;
use crate::faults::drift;
use crate::settings::StatusApi;
use crate::status::{Catalogue, Status, availability};

/// Pages of a list of statuses: more would be an endless answer.
const PAGES_MAX: u32 = 500;

/// The statuses of agents by their ids.
pub(crate) type Statuses = BTreeMap<String, Status>;

/// What this instance found out about the account, so that it asks once.
#[derive(Default)]
pub(crate) struct Known {
    status_api: Option<StatusApi>,
    catalogue: Option<Arc<Catalogue>>,
    /// All agents' statuses as the listing that began then read them: its further pages need not ask again. What changed meanwhile is in the next
    /// window, which begins before.
    statuses: Option<(Timestamp, Arc<Statuses>)>,
}

/// A page's cursor to the next one: `meta` says, and where it does not, there must be no next page (fact sheet §2.4).
pub(crate) fn next_page(page: &Json) -> Result<Option<String>, Fault> {
    let meta = page.get("meta").filter(|meta| !meta.is_null());
    let has_more = meta.and_then(|meta| meta.get("has_more")).and_then(Json::as_bool);
    let cursor = meta.and_then(|meta| meta.get("after_cursor")).and_then(Json::as_str).filter(|cursor| !cursor.is_empty());
    match (has_more, cursor) {
        (Some(true), Some(cursor)) => Ok(Some(cursor.to_owned())),
        (Some(true), None) => Err(drift("meta.after_cursor", "a text", "nothing")),
        (Some(false), _) => Ok(None),
        (None, _) => {
            let further = page.get("next_page").or_else(|| page.get("links").and_then(|links| links.get("next")));
            if further.is_some_and(|next| !next.is_null()) {
                Err(drift("meta.has_more", "a boolean", "nothing, and there is a next page"))
            } else {
                Ok(None)
            }
        }
    }
}

impl Connection {
    /// Which API holds the statuses: as configured, else as the account's settings say.
    pub(crate) async fn status_api(&self, by: Deadline) -> Result<StatusApi, Fault> {
        if let Some(configured) = self.target.status_api {
            return Ok(configured);
        }
        let known = self.memory().status_api;
        if let Some(known) = known {
            return Ok(known);
        }
        let answer = self.client.read(&calls::account_settings(), by).await?;
        let found = status_api_of(&answer.json)?;
        self.memory().status_api = Some(found);
        Ok(found)
    }

    /// Reads; where that is refused, and routing was switched on or off since the account was asked, reads once more by the other API.
    pub(crate) async fn by_the_right_api<T, R>(&self, by: Deadline, read: impl Fn() -> R) -> Result<T, Fault>
    where
        R: Future<Output = Result<T, Fault>>,
    {
        let refused = match read().await {
            Err(refused @ (Fault::AuthRefused { .. } | Fault::Unsupported { .. } | Fault::Rejected { .. })) => refused,
            other => return other,
        };
        let before = self.memory().status_api.take();
        match (self.target.status_api, before) {
            (None, Some(before)) if self.status_api(by).await.is_ok_and(|now| now != before) => read().await,
            (_, _) => Err(refused),
        }
    }

    pub(crate) fn forget_status_api(&self) {
        self.memory().status_api = None;
    }

    pub(crate) async fn catalogue(&self, by: Deadline) -> Result<Arc<Catalogue>, Fault> {
        let known = self.memory().catalogue.clone();
        match known {
            Some(known) => Ok(known),
            None => self.catalogue_anew(by).await,
        }
    }

    pub(crate) async fn catalogue_anew(&self, by: Deadline) -> Result<Arc<Catalogue>, Fault> {
        let mut catalogue = Catalogue::default();
        let mut after: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let page = self.client.read(&calls::statuses(after.as_deref()), by).await?.json;
            catalogue.add(&page)?;
            after = next_page(&page)?;
            if after.is_none() {
                let catalogue = Arc::new(catalogue);
                self.memory().catalogue = Some(catalogue.clone());
                return Ok(catalogue);
            }
        }
        Err(drift("meta.has_more", "an end", "more pages than an account has statuses"))
    }

    /// The catalogue that knows all these statuses, asked anew where one was made since.
    pub(crate) async fn catalogue_for<'a>(
        &self,
        statuses: impl IntoIterator<Item = &'a Status> + Clone,
        by: Deadline,
    ) -> Result<Arc<Catalogue>, Fault> {
        let known = self.catalogue(by).await?;
        if statuses.into_iter().all(|status| known.knows(status)) { Ok(known) } else { self.catalogue_anew(by).await }
    }

    /// The statuses of all agents. `began`: of the listing that asks; its first page always asks the vendor.
    pub(crate) async fn all_statuses(&self, began: Timestamp, first: bool, by: Deadline) -> Result<Arc<Statuses>, Fault> {
        let known = self.memory().statuses.clone().filter(|(of, _)| !first && *of == began);
        if let Some((_, known)) = known {
            return Ok(known);
        }
        let mut statuses = Statuses::new();
        let mut after: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let page = self.client.read(&calls::availabilities(after.as_deref()), by).await?.json;
            for row in rows_of(&page)? {
                if let (agent, Some(status)) = availability(row)? {
                    statuses.insert(agent, status);
                }
            }
            after = next_page(&page)?;
            if after.is_none() {
                let statuses = Arc::new(statuses);
                self.memory().statuses = Some((began, statuses.clone()));
                return Ok(statuses);
            }
        }
        Err(drift("meta.has_more", "an end", "more pages than an account has agents"))
    }

    /// The statuses of these agents, of those of whom some pages of all statuses tell: a page costs as much as one agent's status. Of a list that is
    /// long beside what is asked, no more pages are read than half as many as there are agents. Talk has no such list.
    pub(crate) async fn statuses_of(&self, agents: &BTreeSet<RecordId>, by: Deadline) -> Result<Statuses, Fault> {
        let mut statuses = Statuses::new();
        if self.status_api(by).await? == StatusApi::Talk {
            return Ok(statuses);
        }
        let mut after: Option<String> = None;
        for _ in 0..agents.len() / 2 {
            let page = self.client.read(&calls::availabilities(after.as_deref()), by).await?.json;
            for row in rows_of(&page)? {
                if let (agent, Some(status)) = availability(row)?
                    && agents.contains(&RecordId::new(agent.as_str()))
                {
                    statuses.insert(agent, status);
                }
            }
            after = next_page(&page)?;
            if after.is_none() || statuses.len() == agents.len() {
                break;
            }
        }
        Ok(statuses)
    }

    /// One agent's status; `None` where the vendor keeps none of this user.
    pub(crate) async fn status_of(&self, api: StatusApi, id: &RecordId, by: Deadline) -> Result<Option<Status>, Fault> {
        let ask = match api {
            StatusApi::Unified => calls::availability(id.as_str()),
            StatusApi::Talk => calls::talk_availability(id.as_str()),
        };
        let answer = match self.client.read(&ask, by).await {
            Ok(answer) => answer,
            Err(Fault::Missing) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        match api {
            StatusApi::Talk => Status::of_talk(&answer.json).map(Some),
            StatusApi::Unified => {
                let row = answer.json.get("data").unwrap_or(&answer.json);
                Ok(availability(row)?.1)
            }
        }
    }
}

fn rows_of(page: &Json) -> Result<&Vec<Json>, Fault> {
    page.get("data").and_then(Json::as_array).ok_or_else(|| drift("data", "a list of availabilities", "something else"))
}

/// Omnichannel routing is what decides; accounts that do not name it have the switch for unified statuses.
fn status_api_of(body: &Json) -> Result<StatusApi, Fault> {
    let settings = body.get("settings").filter(|own| own.is_object()).ok_or_else(|| drift("settings", "an object", "something else"))?;
    let flag = |part: &str, name: &str| settings.get(part).and_then(|part| part.get(name)).and_then(Json::as_bool);
    let unified = flag("routing", "enabled").or_else(|| flag("agents", "unified_agent_statuses")).unwrap_or(false);
    Ok(if unified { StatusApi::Unified } else { StatusApi::Talk })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_says_whether_there_is_another() {
        let next = |page: Json| next_page(&page);
        assert_eq!(next(json!({"meta": {"has_more": true, "after_cursor": "x"}})), Ok(Some("x".into())));
        assert_eq!(next(json!({"meta": {"has_more": false, "after_cursor": "x"}})), Ok(None));
        assert_eq!(next(json!({"meta": {}, "links": {}})), Ok(None));
        assert_eq!(next(json!({"next_page": null})), Ok(None));
        for odd in [json!({"meta": {"has_more": true}}), json!({"next_page": "https://x"}), json!({"links": {"next": "https://x"}})] {
            assert!(next(odd).is_err());
        }
    }

    #[test]
    fn routing_decides_which_api_holds_the_statuses() {
        let api = |settings: Json| status_api_of(&json!({ "settings": settings }));
        assert_eq!(api(json!({"routing": {"enabled": true}})), Ok(StatusApi::Unified));
        assert_eq!(api(json!({"routing": {"enabled": false}, "agents": {"unified_agent_statuses": true}})), Ok(StatusApi::Talk));
        assert_eq!(api(json!({"agents": {"unified_agent_statuses": true}})), Ok(StatusApi::Unified));
        assert_eq!(api(json!({})), Ok(StatusApi::Talk));
        assert!(status_api_of(&json!({})).is_err());
    }
}
