//! What people do on the map: none of it costs a call, and none of it can be read by one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use syncline_simulator::{Fields, Strain, Users};

use crate::{CONTACTS, DEALS, LEADS, Mapsly};

/// The ids of records that people make begin here.
const TYPED_IN: u32 = 500_000;

impl Users for Mapsly {
    fn kinds(&self) -> &'static [&'static str] {
        &[CONTACTS, LEADS, DEALS]
    }

    fn create(&mut self, now: Timestamp, kind: &str, fields: &Fields) -> Result<String, String> {
        let entity = self.own(kind)?;
        self.typed_in += 1;
        let id = format!("{}", TYPED_IN + self.typed_in);
        self.records.entry(entity).or_default().insert(id.clone(), serde_json::Map::new());
        self.edit(now, kind, &id, fields)?;
        Ok(id)
    }

    fn edit(&mut self, _now: Timestamp, kind: &str, id: &str, fields: &Fields) -> Result<(), String> {
        let entity = self.own(kind)?;
        let mut row: serde_json::Map<String, Value> = fields.clone().into_iter().collect();
        row.insert("id".to_owned(), json!(id));
        if let Some((field, why)) = Self::refusal(entity, &Value::Object(row)) {
            return Err(format!("{field}: {why}"));
        }
        let stored = self.records.get_mut(entity).and_then(|records| records.get_mut(id)).ok_or("no such record")?;
        for (name, value) in fields {
            if value.is_null() {
                stored.remove(name);
            } else {
                stored.insert(name.clone(), value.clone());
            }
        }
        Ok(())
    }

    fn delete(&mut self, _now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        let entity = self.own(kind)?;
        self.records.get_mut(entity).and_then(|records| records.remove(id)).map(drop).ok_or_else(|| "no such record".to_owned())
    }

    fn restore(&mut self, _now: Timestamp, kind: &str, _id: &str) -> Result<(), String> {
        Err(format!("{kind} has no bin"))
    }

    fn merge(&mut self, _now: Timestamp, kind: &str, _survivor: &str, _loser: &str) -> Result<(), String> {
        Err(format!("{kind} cannot be merged"))
    }

    fn live(&self, kind: &str) -> BTreeMap<String, Fields> {
        let records = self.records.get(kind).into_iter().flatten();
        let with_id = |id: &String, row: &serde_json::Map<String, Value>| {
            row.clone().into_iter().chain([("id".to_owned(), json!(id))]).collect::<Fields>()
        };
        records.map(|(id, row)| (id.clone(), with_id(id, row))).collect()
    }

    fn strain(&mut self, now: Timestamp, strain: Strain) -> bool {
        match strain {
            Strain::LimitSpent => {
                self.spend(now);
                true
            }
            Strain::SessionsEnd | Strain::PlanDowngraded | Strain::PlanUpgraded => false,
        }
    }
}

impl Mapsly {
    fn own(&self, kind: &str) -> Result<&'static str, String> {
        self.records.keys().find(|own| **own == kind).copied().ok_or_else(|| format!("no object {kind}"))
    }
}
