//! The account's people: agents in Freshdesk's own screens, and the administrator.

use std::collections::BTreeMap;

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use syncline_simulator::{Fields, Strain, Users, flat, nested};

use crate::{Freshdesk, Limits};

impl Freshdesk {
    fn act(&mut self, now: Timestamp, method: &Method, path: &str, body: &Value) -> Result<Value, String> {
        let answer = self.as_person(now, method, path, body);
        if answer.status().is_success() {
            Ok(serde_json::from_slice(answer.body()).unwrap_or(Value::Null))
        } else {
            Err(format!("{}: {}", answer.status().as_u16(), String::from_utf8_lossy(answer.body())))
        }
    }
}

fn path(kind: &str) -> Result<&'static str, String> {
    match kind {
        "contact" => Ok("contacts"),
        "company" => Ok("companies"),
        other => Err(format!("no object {other}")),
    }
}

/// Ids of companies are numbers to the API.
fn body(fields: &Fields) -> Value {
    let mut fields = fields.clone();
    if let Some(company) = fields.get_mut("company_id")
        && let Some(number) = company.as_str().and_then(|text| text.parse::<i64>().ok())
    {
        *company = json!(number);
    }
    nested(&fields)
}

fn by_id(ids: Vec<i64>, view: impl Fn(i64) -> Option<Value>) -> BTreeMap<String, Fields> {
    ids.into_iter().filter_map(|id| Some((id.to_string(), flat(&view(id)?)))).collect()
}

impl Users for Freshdesk {
    fn kinds(&self) -> &'static [&'static str] {
        &["company", "contact"]
    }

    fn create(&mut self, now: Timestamp, kind: &str, fields: &Fields) -> Result<String, String> {
        let made = self.act(now, &Method::POST, path(kind)?, &body(fields))?;
        made["id"].as_i64().map(|id| id.to_string()).ok_or_else(|| "no id in the answer".to_owned())
    }

    fn edit(&mut self, now: Timestamp, kind: &str, id: &str, fields: &Fields) -> Result<(), String> {
        self.act(now, &Method::PUT, &format!("{}/{id}", path(kind)?), &body(fields)).map(drop)
    }

    fn delete(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        self.act(now, &Method::DELETE, &format!("{}/{id}", path(kind)?), &Value::Null).map(drop)
    }

    fn restore(&mut self, now: Timestamp, kind: &str, id: &str) -> Result<(), String> {
        match kind {
            "contact" => self.act(now, &Method::PUT, &format!("contacts/{id}/restore"), &Value::Null).map(drop),
            // Companies have no bin (fact sheet §3.4).
            other => Err(format!("{other} has no bin")),
        }
    }

    fn merge(&mut self, now: Timestamp, kind: &str, survivor: &str, loser: &str) -> Result<(), String> {
        if kind != "contact" {
            return Err(format!("{kind} cannot be merged"));
        }
        let number = |id: &str| id.parse::<i64>().map_err(|error| error.to_string());
        let body = json!({ "primary_contact_id": number(survivor)?, "secondary_contact_ids": [number(loser)?] });
        self.act(now, &Method::POST, "contacts/merge", &body).map(drop)
    }

    fn live(&self, kind: &str) -> BTreeMap<String, Fields> {
        match kind {
            "contact" => by_id(self.contact_ids(), |id| self.contact(id)),
            "company" => by_id(self.company_ids(), |id| self.company(id)),
            _ => BTreeMap::new(),
        }
    }

    fn strain(&mut self, now: Timestamp, strain: Strain) -> bool {
        match strain {
            // A key is no session.
            Strain::SessionsEnd => false,
            Strain::LimitSpent => {
                self.meter.spend(now.as_second());
                true
            }
            Strain::PlanDowngraded => {
                self.set_plan(Limits::GROWTH);
                true
            }
            Strain::PlanUpgraded => {
                self.set_plan(Limits::ENTERPRISE);
                true
            }
        }
    }
}
