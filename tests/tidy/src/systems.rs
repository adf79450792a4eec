//! What a deployment knows of each system: the connectors' own figures, and beside them what only deploying asks for.
//!
//! Generated are which systems there are, their limits and the settings that change them, and the records of a write. Kept as they stand are the
//! members that no connector tells: routes, the names of plans, whose credentials change, the part in the panel.

use serde_json::{Map, Value as Json, json};
use syncline_engine::ports::vendor::{Limit, Settings, Vendor};

/// Where the facts stand.
pub const FILE: &str = "infra/aws/systems.json";

/// No vendor has this limit: a setting that leads to it is the one that gives it outright.
const TELLING: u32 = 7_919;

/// The file's text with the figures of these vendors.
///
/// # Errors
/// It cannot be read.
pub fn facts(stands: &str, vendors: &[&dyn Vendor]) -> Result<String, String> {
    let known: Map<String, Json> = serde_json::from_str(stands).map_err(|error| format!("{FILE}: {error}"))?;
    let mut all = Map::new();
    for vendor in vendors {
        let system = vendor.descriptor().system;
        let mut entry = known.get(system).and_then(Json::as_object).cloned().unwrap_or_default();
        if let Some(limit) = whole(*vendor, &[]) {
            entry.insert("limit".to_owned(), json!({ "calls": limit.calls, "window_s": limit.window_s, "setting": setting(*vendor) }));
            entry.insert("reserve_percent".to_owned(), json!(limit.reserve_percent));
        }
        let records = vendor.descriptor().objects.iter().map(|object| object.bounds.write_records_max).max();
        entry.insert("records_per_write".to_owned(), json!(records.unwrap_or(1).max(1)));
        if let Some(plans) = entry.get_mut("plans") {
            let name = plans["setting"].as_str().unwrap_or_default().to_owned();
            for (plan, calls) in plans["calls"].as_object_mut().into_iter().flatten() {
                *calls = json!(whole(*vendor, &[(&name, plan)]).map(|limit| limit.calls));
            }
        }
        all.insert(system.to_owned(), Json::Object(entry));
    }
    let text = serde_json::to_string_pretty(&all).map_err(|error| format!("{FILE}: {error}"))?;
    Ok(format!("{text}\n"))
}

/// The limit on all calls together, under these settings; the tightest over a day, where there are several.
fn whole(vendor: &dyn Vendor, settings: &[(&str, &str)]) -> Option<Limit> {
    let settings = Settings(settings.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect());
    let limits = vendor.limits(&settings).into_iter().filter(|limit| limit.class.is_none());
    limits.min_by_key(|limit| u64::from(limit.calls) * 86_400 / u64::from(limit.window_s.max(1)))
}

/// The setting that gives the limit outright.
fn setting(vendor: &dyn Vendor) -> Option<&'static str> {
    let text = TELLING.to_string();
    let leads = |name: &str| whole(vendor, &[(name, &text)]).is_some_and(|limit| limit.calls == TELLING);
    vendor.setting_keys().iter().map(|key| key.name).find(|name| leads(name))
}
