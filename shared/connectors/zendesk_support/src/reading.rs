//! Agents by id and by key.

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
