//! Agents by id and by key.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use syncline_engine::ports::connector::{FindKey, Selection};
use syncline_model::{Deadline, Fault, Record, RecordId, Value};

use crate::agent;
use crate::calls;
use crate::connection::{Connection, unsupported};
use crate::settings::StatusApi;
use crate::status::Catalogue;

/// Pages of agents that a look-up reads, of a hundred each.
const FIND_PAGES_MAX: u32 = 100;

/// The fields by which agents are looked for, and whether without regard to case.
const KEYS: [(&str, bool); 4] = [("email", true), ("name", true), ("external_id", false), ("phone", false)];

impl Connection {
    /// Agents by id, each in its place: many in few calls. Who is not among those that the vendor answers is asked for alone, which alone tells that
    /// there is nobody.
    pub(crate) async fn several(&self, selection: &Selection, ids: &[RecordId], by: Deadline) -> Result<Vec<Option<Record>>, Fault> {
        let mut known = if ids.len() > 1 { self.together(selection, ids, by).await? } else { BTreeMap::new() };
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.push(match known.remove(id) {
                Some(record) => Some(record),
                None => self.one(selection, id, by).await?,
            });
        }
        Ok(found)
    }

    /// Those of many agents who can be read together, by id.
    async fn together(&self, selection: &Selection, ids: &[RecordId], by: Deadline) -> Result<BTreeMap<RecordId, Record>, Fault> {
        let asked: BTreeSet<&str> = ids.iter().filter(|id| agent::is_id(id)).map(RecordId::as_str).collect();
        let asked: Vec<&str> = asked.into_iter().collect();
        let mut users = BTreeMap::new();
        for some in asked.chunks(calls::IDS_MAX) {
            let answer = self.client.read(&calls::users(some), by).await?;
            for user in agent::users(&answer.json)? {
                // A row that cannot be read is asked for alone, and fails alone.
                if let Ok(record) = agent::read(&selection.kind, user)
                    && some.contains(&record.id.as_str())
                {
                    users.insert(record.id.clone(), record);
                }
            }
        }
        let live: BTreeSet<RecordId> = users.values().filter(|record| record.is_live()).map(|record| record.id.clone()).collect();
        if agent::needs_status(selection) && !live.is_empty() {
            let statuses = self.statuses_of(&live, by).await?;
            let catalogue = if statuses.is_empty() { Arc::default() } else { self.catalogue_for(statuses.values(), by).await? };
            // Of whose status nothing was told, it is asked for alone.
            users.retain(|id, record| !record.is_live() || statuses.contains_key(id.as_str()));
            for record in users.values_mut().filter(|record| record.is_live()) {
                agent::add_status(record, statuses.get(record.id.as_str()), &catalogue);
            }
        }
        Ok(users.into_iter().map(|(id, record)| (id, agent::select(record, selection))).collect())
    }

    /// One agent, with the status where it is wanted; `None` where the vendor knows no such user.
    pub(crate) async fn one(&self, selection: &Selection, id: &RecordId, by: Deadline) -> Result<Option<Record>, Fault> {
        if !agent::is_id(id) {
            return Ok(None);
        }
        let answer = match self.client.read(&calls::user(id.as_str()), by).await {
            Ok(answer) => answer,
            Err(Fault::Missing) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let user = agent::users(&answer.json)?.into_iter().next();
        let user = user.ok_or_else(|| crate::faults::drift("user", "a user", "nothing"))?;
        let record = agent::read(&selection.kind, user).map_err(|bad| bad.fault)?;
        if record.id != *id {
            return Err(crate::faults::drift("user.id", "the id that was asked for", "another"));
        }
        self.finished(selection, record, by).await.map(Some)
    }

    /// Adds the status where it is wanted, and leaves out what is not.
    async fn finished(&self, selection: &Selection, mut record: Record, by: Deadline) -> Result<Record, Fault> {
        if record.is_live() && agent::needs_status(selection) {
            let api = self.status_api(by).await?;
            let status = self.status_of(api, &record.id, by).await?;
            match (api, &status) {
                (StatusApi::Unified, Some(known)) => {
                    let catalogue = self.catalogue_for([known], by).await?;
                    agent::add_status(&mut record, Some(known), &catalogue);
                }
                (_, status) => agent::add_status(&mut record, status.as_ref(), &Catalogue::default()),
            }
        }
        Ok(agent::select(record, selection))
    }

    /// Live agents by key: all are read, for they are few; the vendor's search lags, and compares in ways of its own.
    pub(crate) async fn with_keys(&self, selection: &Selection, keys: &[FindKey], by: Deadline) -> Result<Vec<Vec<Record>>, Fault> {
        let mut folds = Vec::with_capacity(keys.len());
        for key in keys {
            let known = KEYS.iter().find(|(name, _)| *name == key.field.as_str());
            let (_, fold) = known.ok_or_else(|| unsupported(&format!("look-up of agents by {}", key.field)))?;
            folds.push(*fold);
        }
        if keys.iter().all(|key| key.value.is_null()) {
            return Ok(vec![Vec::new(); keys.len()]);
        }
        let everybody = self.everybody(selection, FIND_PAGES_MAX, by).await?;
        let mut found = Vec::with_capacity(keys.len());
        for (key, fold) in keys.iter().zip(folds) {
            let mut hits = Vec::new();
            for record in everybody.iter().filter(|record| carries(record, key, fold)) {
                hits.push(self.finished(selection, record.clone(), by).await?);
            }
            found.push(hits);
        }
        Ok(found)
    }
}

fn carries(record: &Record, key: &FindKey, fold: bool) -> bool {
    match (record.field(key.field.as_str()), &key.value) {
        (Some(Value::Text(own)), Value::Text(sought)) if fold => own.trim().to_lowercase() == sought.trim().to_lowercase(),
        (Some(own), sought) => !sought.is_null() && own == sought,
        (None, _) => false,
    }
}
