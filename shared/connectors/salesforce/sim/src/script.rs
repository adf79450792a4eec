//! What a test does to the org behind the API's back: people at work, administrators, and the weather.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::Salesforce;
use crate::call::Call;
use crate::ids;
use crate::metadata::custom_field;
use crate::moments;
use crate::rest::record_json;
use crate::save::{Actor, Body};

impl Salesforce {
    /// Ends all sessions that a token request minted. `simulator-session` and `human-session` stay.
    pub fn expire_sessions(&mut self) {
        self.auth.expire_sessions();
    }

    /// Ends all minted sessions inside the next composite call that has more parts than this: the parts after them answer 401.
    pub fn expire_sessions_inside_composite(&mut self, after_parts: usize) {
        self.session_ends_after_parts = Some(after_parts);
    }

    /// Revokes a session, a refresh token with its chain, or the client id.
    pub fn revoke(&mut self, credential: &str) {
        self.auth.revoke(credential);
    }

    /// Pretends that so many calls of the day were used, all in the minute of the next request.
    pub fn set_quota_used(&mut self, calls: u32) {
        self.quota.preset(calls);
    }

    /// Closes all query cursors, as other programs of the same user do.
    pub fn drop_query_cursors(&mut self) {
        self.drop_cursors();
    }

    /// Commits the next write whose path contains this, and answers it with 503.
    pub fn unavailable_after_commit(&mut self, path_part: &str) {
        self.unavailable_after = Some(path_part.to_owned());
    }

    /// Locks an account's row until then: writes to it and to its children fail with `UNABLE_TO_LOCK_ROW`.
    pub fn lock_account(&mut self, id: &str, until: Timestamp) {
        if let Some(id) = ids::normalise(id) {
            self.locks.insert(id, moments::seconds(until));
        }
    }

    fn human_at(&self, at: Timestamp, lag_s: u32) -> Actor {
        let (user, now) = (self.human.clone(), moments::seconds(at));
        Actor { user, sees_all: true, allows_duplicates: true, now, lag_s: i64::from(lag_s) }
    }

    fn save_as(&mut self, object: &str, id: Option<&str>, fields: &Json, actor: &Actor) -> Result<String, String> {
        let table = self.store.table_index(object).ok_or_else(|| format!("no object {object}"))?;
        let body: Body = fields.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect();
        let saved = match id {
            None => self.create(table, &body, actor),
            Some(id) => {
                let id = ids::normalise(id).unwrap_or_default();
                self.locate(table, &id).and_then(|slot| self.update(table, slot, &body, actor)).map(|()| id)
            }
        };
        saved.map_err(|refusal| format!("{}: {}", refusal.code, refusal.message))
    }

    /// The human user creates (`id` is `None`) or changes a record in the user interface. Answers the id, or the refusal as a sentence.
    pub fn save(&mut self, object: &str, id: Option<&str>, fields: &Json, at: Timestamp) -> Result<String, String> {
        let actor = self.human_at(at, 0);
        self.save_as(object, id, fields, &actor)
    }

    /// The same in a slow transaction: stamped now, visible only after the profile's `commit_lag_s`.
    pub fn save_slowly(&mut self, object: &str, id: Option<&str>, fields: &Json, at: Timestamp) -> Result<String, String> {
        let actor = self.human_at(at, self.profile.commit_lag_s);
        self.save_as(object, id, fields, &actor)
    }

    fn find(&self, object: &str, id: &str) -> Option<(usize, usize)> {
        let table = self.store.table_index(object)?;
        Some((table, self.store.table(table)?.slot_of(&ids::normalise(id)?)?))
    }

    /// The human user deletes a record; false if it is not there.
    pub fn delete_record(&mut self, object: &str, id: &str, at: Timestamp) -> bool {
        let Some((table, slot)) = self.find(object, id) else { return false };
        let actor = self.human_at(at, 0);
        self.delete(table, slot, &actor).is_ok()
    }

    /// Brings a record back from the bin, with those that went with it; false if it is not there.
    pub fn undelete(&mut self, object: &str, id: &str, at: Timestamp) -> bool {
        let actor = self.human_at(at, 0);
        self.find(object, id).is_some_and(|(table, slot)| self.bring_back(table, slot, &actor))
    }

    /// Merges records in the user interface: losers go to the bin with `MasterRecordId`, their children move to the winner.
    pub fn merge(&mut self, object: &str, winner: &str, losers: &[&str], at: Timestamp) -> bool {
        let Some((table, winner)) = self.find(object, winner) else { return false };
        let losers: Vec<usize> =
            losers.iter().filter_map(|id| self.find(object, id)).map(|(_, slot)| slot).filter(|slot| *slot != winner).collect();
        let actor = self.human_at(at, 0);
        self.merge_rows(table, winner, &losers, &actor);
        true
    }

    /// Removes records for good, past the bin.
    pub fn hard_delete(&mut self, record_ids: &[&str], at: Timestamp) {
        for id in record_ids.iter().filter_map(|id| ids::normalise(id)) {
            let found = self.store.table_of_id(&id).and_then(|table| Some((table, self.store.table(table)?.slot_of(&id)?)));
            if let Some((table, slot)) = found {
                self.store.purge(table, slot, moments::seconds(at));
            }
        }
    }

    /// Empties the recycle bin.
    pub fn empty_bin(&mut self, at: Timestamp) {
        for table in 0..self.store.tables().len() {
            let binned: Vec<usize> = self.store.table(table).map(|table| table.binned(i64::MIN, i64::MAX).collect()).unwrap_or_default();
            for slot in binned {
                self.store.purge(table, slot, moments::seconds(at));
            }
        }
    }

    /// Converts a lead: an update that makes it read-only, and an account and a contact (fact sheet §3.2). Answers the two ids.
    pub fn convert_lead(&mut self, id: &str, at: Timestamp) -> Option<(String, String)> {
        let (table, slot) = self.find("Lead", id)?;
        let lead = self.record("Lead", id)?;
        let account = self.save("Account", None, &json!({ "Name": lead["Company"] }), at).ok()?;
        let contact = json!({ "AccountId": account, "LastName": lead["LastName"], "FirstName": lead["FirstName"], "Email": lead["Email"], "Phone": lead["Phone"] });
        let contact = self.save("Contact", None, &contact, at).ok()?;
        let now = moments::seconds(at);
        let target = self.store.table(table)?;
        let mut row = target.row(slot)?.clone();
        let day = moments::wire(now).get(..10).unwrap_or_default().to_owned();
        for (name, value) in [
            ("IsConverted", json!(true)),
            ("ConvertedAccountId", json!(account)),
            ("ConvertedContactId", json!(contact)),
            ("ConvertedDate", json!(day)),
        ] {
            row.set(target.object.index_of(name)?, value);
        }
        (row.stamp, row.modified_at, row.modified_by) = (now, now, self.human.clone());
        self.store.put(table, slot, Some(row));
        Some((account, contact))
    }

    /// Adds a custom field that everyone sees, from the `Metadata` of a tooling request; a member `formula` makes it read-only. False if
    /// the object or the metadata is unknown.
    pub fn add_custom_field(&mut self, object: &str, name: &str, metadata: &Json) -> bool {
        let Ok(mut field) = custom_field(name, metadata) else { return false };
        field.hidden = self.profile.hidden_fields.iter().any(|hidden| hidden == &format!("{object}.{name}"));
        self.add_field(object, field, 0)
    }

    /// Hides a field from the integration user, or shows it: `Contact.X__c`. No stamp moves. False if there is no such field.
    pub fn set_field_hidden(&mut self, name: &str, hidden: bool) -> bool {
        self.set_hidden(name, hidden)
    }

    /// Changes a formula's value: no stamp moves (fact sheet §2.7). False if the record or field is not there.
    pub fn set_formula(&mut self, object: &str, id: &str, field: &str, value: Json) -> bool {
        let Some((table, slot)) = self.find(object, id) else { return false };
        let Some(target) = self.store.table(table) else { return false };
        let (Some(index), Some(mut row)) = (target.object.index_of(field), target.row(slot).cloned()) else { return false };
        row.set(index, value);
        self.store.put(table, slot, Some(row));
        true
    }

    /// Moves a record's stamp without changing it, as background jobs do: `LastModifiedDate` stays (fact sheet §3.1).
    pub fn touch(&mut self, object: &str, id: &str, at: Timestamp) -> bool {
        let Some((table, slot)) = self.find(object, id) else { return false };
        let Some(mut row) = self.store.table(table).and_then(|table| table.row(slot)).cloned() else { return false };
        row.stamp = moments::seconds(at);
        self.store.put(table, slot, Some(row));
        true
    }

    /// A record with all its fields, deleted or not, as the API would show it to an administrator.
    pub fn record(&self, object: &str, id: &str) -> Option<Json> {
        let (table, slot) = self.find(object, id)?;
        let table = self.store.table(table)?;
        let call = Call {
            method: "GET".to_owned(),
            path: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Vec::new(),
            version: "66.0".to_owned(),
            session: crate::Session { user: self.human.clone(), is_human: true },
            now: 0,
        };
        record_json(&call, table, table.row(slot)?, None).ok()
    }

    /// How many records of an object are visible and not in the bin.
    pub fn count(&self, object: &str) -> usize {
        self.store.named(object).map_or(0, crate::rows::Table::count)
    }

    /// The ids of an object's live records, oldest first.
    pub fn ids(&self, object: &str) -> Vec<String> {
        let Some(table) = self.store.named(object) else { return Vec::new() };
        table.slots().filter_map(|slot| table.row(slot)).filter(|row| row.deleted_at.is_none()).map(|row| row.id.clone()).collect()
    }
}
