//! The org's people: users in Salesforce's own screens, and the administrator.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use syncline_simulator::{Fields, Strain, Users, flat};

use crate::{Salesforce, moments};

fn fields_json(fields: &Fields) -> Json {
    json!(fields)
}

impl Salesforce {
    fn is_live(&self, kind: &str, id: &str) -> bool {
        self.record(kind, id).is_some_and(|record| record["IsDeleted"] == json!(false))
    }

    /// A save of a user: where the org is slow, its transaction ends later.
    fn save_by_user(&mut self, kind: &str, id: Option<&str>, fields: &Fields, now: Timestamp) -> Result<String, String> {
        if self.profile.human_saves_lag {
            self.save_slowly(kind, id, &fields_json(fields), now)
        } else {
            self.save(kind, id, &fields_json(fields), now)
        }
    }
}

impl Users for Salesforce {
    fn kinds(&self) -> &'static [&'static str] {
        &["Account", "Contact"]
    }

    fn create(&mut self, now: Timestamp, kind: &str, fields: &Fields) -> Result<String, String> {
        self.save_by_user(kind, None, fields, now)
    }

    fn edit(&mut self, now: Timestamp, kind: &str, id: &str, fields: &Fields) -> Result<(), String> {
        self.save_by_user(kind, Some(id), fields, now).map(drop)
    }

    fn delete(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        if self.delete_record(kind, id, now) { Ok(()) } else { Err(format!("no {kind} {id}")) }
    }

    fn restore(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        if self.undelete(kind, id, now) { Ok(()) } else { Err(format!("no {kind} {id} in the bin")) }
    }

    fn merge(&mut self, now: Timestamp, kind: &str, survivor: &str, loser: &str) -> Result<(), String> {
        if survivor == loser || !self.is_live(kind, survivor) || !self.is_live(kind, loser) {
            return Err(format!("{kind} {survivor} and {loser} are not two live records"));
        }
        // A merge waits for every row that it moves.
        if self.is_being_saved(survivor) || self.is_being_saved(loser) {
            return Err(format!("{kind} {survivor} or {loser} is being saved"));
        }
        if Self::merge(self, kind, survivor, &[loser], now) { Ok(()) } else { Err(format!("no {kind} {survivor}")) }
    }

    fn purge(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        if !self.is_live(kind, id) {
            return Err(format!("no {kind} {id}"));
        }
        self.hard_delete(&[id], now);
        Ok(())
    }

    fn live(&self, kind: &str) -> BTreeMap<String, Fields> {
        self.ids(kind).into_iter().filter_map(|id| Some((id.clone(), flat(&self.record(kind, &id)?)))).collect()
    }

    fn strain(&mut self, now: Timestamp, strain: Strain) -> bool {
        let used = self.quota.used(moments::seconds(now));
        match strain {
            Strain::SessionsEnd => {
                self.expire_sessions();
                true
            }
            Strain::LimitSpent => {
                self.set_quota_used(self.profile.daily_calls.max(used));
                true
            }
            Strain::PlanDowngraded => {
                self.profile.daily_calls = (self.profile.daily_calls / 2).max(1);
                true
            }
            Strain::PlanUpgraded => {
                self.profile.daily_calls = self.profile.daily_calls.saturating_mul(2);
                true
            }
        }
    }

    fn settle(&mut self, now: Timestamp) -> bool {
        let now = moments::seconds(now);
        let is_due = self.store.late.iter().any(|late| late.visible_at <= now);
        if is_due {
            self.store.settle(now);
        }
        is_due
    }
}
