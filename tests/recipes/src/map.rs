//! A map of customers: people at Zendesk Sell, records at Mapsly, which gives none back, with the engine between them.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use syncline_engine::ports::http::{Call, Http, NoAnswer};
use syncline_mapsly_sim::Mapsly;
use syncline_model::Deadline;
use syncline_simulator::{Fields, InProcess, Shared, Unkind, Users, lock, shared};
use syncline_zendesk_sell_sim::{Limits, Sell};

use crate::{Memory, Stage, TestClock};

/// The config; no recipe is shipped for a vendor whose answers nobody has seen.
const CONFIG: &str = r#"
version: 1
retain: fingerprints
history: { days: 30 }
connections:
  sell:
    system: zendesk_sell
    calls_per_minute: "100000"
  mapsly:
    system: mapsly
    entities: "Contacts(name, email, phone, city, remark)"
    id_prefix: "sell:"
    calls_per_minute: "100000"
syncs:
  map:
    left: sell
    right: mapsly
    direction: left_to_right
    master: left
    history: backfill
    schedule: every 30 minutes
    deletes: { left: propagate, right: ignore, max_share: 100 }
    drift: overwrite
    conflict: master
    objects:
      people:
        left: contact
        right: Contacts
        link: { right: id }
        fields:
          name: { left: name, right: name }
          email: { left: email, right: email }
          remark: { left: title, right: remark }
"#;

/// One way to both vendors, by the host that is asked.
struct ByHost {
    sell: InProcess<Sell>,
    mapsly: InProcess<Mapsly>,
}

#[async_trait]
impl Http for ByHost {
    async fn send(&self, call: Call, by: Deadline) -> Result<http::Response<Bytes>, NoAnswer> {
        if call.request.uri().host().is_some_and(|host| host.contains("mapsly")) {
            self.mapsly.send(call, by).await
        } else {
            self.sell.send(call, by).await
        }
    }
}

/// Everything that a test of the map needs.
pub struct MapWorld {
    pub stage: Stage,
    pub sell: Shared<Unkind<Sell>>,
    pub mapsly: Shared<Unkind<Mapsly>>,
}

impl MapWorld {
    /// Before the sync is turned on.
    pub async fn off(profile: syncline_mapsly_sim::Profile) -> Self {
        let (clock, secrets) = (Arc::new(TestClock::default()), Arc::new(Memory::default()));
        for (name, key, value) in
            [("sell", "access_token", syncline_zendesk_sell_sim::ACCESS_TOKEN), ("mapsly", "api_key", syncline_mapsly_sim::API_KEY)]
        {
            secrets.set(name, key, value);
        }
        let sell = syncline_zendesk_sell_sim::Profile { limits: Limits::BOUNDLESS, firehose_lag_s: 0, ..Default::default() };
        let mapsly = syncline_mapsly_sim::Profile { calls_per_minute: 100_000, ..profile };
        let (sell, mapsly) = (shared(Unkind::new(Sell::new(sell))), shared(Unkind::new(Mapsly::new(mapsly))));
        let http = ByHost {
            sell: InProcess { simulator: sell.clone(), clock: clock.clone() },
            mapsly: InProcess { simulator: mapsly.clone(), clock: clock.clone() },
        };
        let stage = Stage::new(CONFIG, clock, secrets, Arc::new(http)).await;
        Self { stage, sell, mapsly }
    }

    /// Turned on.
    pub async fn new(profile: syncline_mapsly_sim::Profile) -> Self {
        let world = Self::off(profile).await;
        world.stage.turn_on().await;
        world
    }

    /// A person makes a contact at Sell; the id.
    pub fn new_at_sell(&self, fields: &Json) -> String {
        self.stage.clock.advance(SignedDuration::from_secs(2));
        lock(&self.sell).simulator.create(self.stage.now(), "contact", &of(fields)).expect("a contact at Sell")
    }

    pub fn edit_at_sell(&self, id: &str, fields: &Json) {
        self.stage.clock.advance(SignedDuration::from_secs(2));
        lock(&self.sell).simulator.edit(self.stage.now(), "contact", id, &of(fields)).expect("an edit at Sell");
    }

    pub fn delete_at_sell(&self, id: &str) {
        self.stage.clock.advance(SignedDuration::from_secs(2));
        lock(&self.sell).simulator.delete(self.stage.now(), "contact", id).expect("a deletion at Sell");
    }

    /// What the map shows of a contact of Sell's; null where it shows none.
    pub fn on_map(&self, id: &str) -> Json {
        lock(&self.mapsly).simulator.record("Contacts", &format!("sell:{id}")).unwrap_or(json!(null))
    }

    /// Somebody edits a record on the map.
    pub fn edit_on_map(&self, id: &str, fields: &Json) {
        lock(&self.mapsly).simulator.edit(self.stage.now(), "Contacts", &format!("sell:{id}"), &of(fields)).expect("an edit on the map");
    }

    /// How many records the map shows.
    pub fn count_on_map(&self) -> usize {
        lock(&self.mapsly).simulator.ids("Contacts").len()
    }

    /// Calls that reached Mapsly since the last call of this.
    pub fn calls_to_mapsly(&self) -> usize {
        std::mem::take(&mut lock(&self.mapsly).seen).len()
    }
}

fn of(json: &Json) -> Fields {
    json.as_object().cloned().unwrap_or_default().into_iter().collect()
}
