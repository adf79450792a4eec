//! Metrics in `CloudWatch`'s embedded metric format: one line on the standard output for an invocation and a set of dimensions, made from the
//! engine's own counts.
//!
//! The list of metrics is `infra/aws/metrics.json`, which the dashboard and the alarms are made from too. Why no library: what exists keeps a
//! registry of its own behind global macros, and takes any name; here a line is a map, and a name that the list lacks has no line.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use syncline_engine::Engine;
use syncline_engine::counts::{BySide, SideCounts};
use syncline_engine::pull::Pulled;
use syncline_engine::sweep::{SweepPhase, SweepProgress};
use syncline_model::{ConnectionName, Side, SyncName, Timestamp};

/// The list, as both sides read it.
pub const LIST: &str = include_str!("../../../infra/aws/metrics.json");

/// Each metric of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    ChangesSeen,
    RecordsWritten,
    RecordsHeld,
    ChangesMissed,
    FeedLag,
    SignInNeeded,
    BudgetSpent,
}

impl Metric {
    pub fn name(self) -> &'static str {
        match self {
            Self::ChangesSeen => "ChangesSeen",
            Self::RecordsWritten => "RecordsWritten",
            Self::RecordsHeld => "RecordsHeld",
            Self::ChangesMissed => "ChangesMissed",
            Self::FeedLag => "FeedLag",
            Self::SignInNeeded => "SignInNeeded",
            Self::BudgetSpent => "BudgetSpent",
        }
    }
}

/// A metric as the list describes it.
#[derive(Clone, Debug, Deserialize)]
pub struct Listed {
    pub name: String,
    /// `Count` or `Seconds`.
    pub unit: String,
    /// Over several values of one invocation: `Sum` adds them, `Maximum` takes the largest.
    pub statistic: String,
    pub dimensions: Vec<String>,
    /// The functions that tell it.
    pub by: Vec<String>,
    pub means: String,
}

/// The whole list.
#[derive(Clone, Debug, Deserialize)]
pub struct List {
    pub namespace: String,
    pub about: String,
    pub metrics: Vec<Listed>,
}

impl List {
    /// The list of this build.
    ///
    /// # Errors
    /// It is no list: no build that passed its tests has one.
    pub fn read() -> Result<Self, serde_json::Error> {
        serde_json::from_str(LIST)
    }

    fn listed(&self, metric: Metric) -> Option<&Listed> {
        self.metrics.iter().find(|listed| listed.name == metric.name())
    }
}

/// What an engine had counted at one moment.
pub struct Before {
    counts: BySide,
    spent: BTreeMap<ConnectionName, u64>,
}

impl Before {
    pub fn of(engine: &Engine) -> Self {
        // What an invocation that failed had found out is not this one's.
        drop(engine.counts.take_stopped());
        Self { counts: engine.counts.all(), spent: spent(engine) }
    }
}

fn spent(engine: &Engine) -> BTreeMap<ConnectionName, u64> {
    engine.budgets.iter().map(|(connection, budget)| (connection.clone(), budget.spent())).collect()
}

/// What one invocation has to tell. Only what is more than zero.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    values: BTreeMap<(Metric, Option<ConnectionName>), u64>,
    /// The connections that a metric without that dimension is about.
    connections: BTreeSet<ConnectionName>,
    counts: BySide,
}

impl Figures {
    /// What came to an engine's counts since `before`.
    pub fn since(engine: &Engine, before: &Before) -> Self {
        let nothing = SideCounts::default();
        let all = engine.counts.all().into_iter();
        let counts = all.map(|(place, counts)| (place.clone(), counts.since(before.counts.get(&place).unwrap_or(&nothing))));
        let spent = spent(engine).into_iter();
        let spent =
            spent.map(|(connection, calls)| (connection.clone(), calls - before.spent.get(&connection).copied().unwrap_or(0).min(calls)));
        Self::of(counts.filter(|(_, counts)| *counts != nothing).collect(), engine.counts.take_stopped(), spent.collect())
    }

    fn of(counts: BySide, stopped: BTreeSet<ConnectionName>, spent: BTreeMap<ConnectionName, u64>) -> Self {
        let mut figures = Self::default();
        for counts in counts.values() {
            figures.add(Metric::RecordsWritten, None, counts.created + counts.updated + counts.deleted);
            figures.add(Metric::RecordsHeld, None, counts.held.values().sum());
        }
        figures.add(Metric::SignInNeeded, None, stopped.len() as u64);
        figures.connections.extend(stopped);
        for (connection, calls) in spent.into_iter().filter(|(_, calls)| *calls > 0) {
            figures.add(Metric::BudgetSpent, None, calls);
            figures.connections.insert(connection);
        }
        figures.counts = counts;
        figures
    }

    /// A side's feeds were read.
    pub fn pulled(&mut self, connection: &ConnectionName, pulled: &Pulled) {
        self.add(Metric::ChangesSeen, Some(connection), pulled.read);
        self.largest(Metric::FeedLag, pulled.lag_s.unwrap_or(0));
    }

    /// Webhooks were heard: all that was counted as read came from them. `connection_of` a side of a sync.
    pub fn heard(&mut self, connection_of: impl Fn(&SyncName, Side) -> Option<ConnectionName>) {
        let read = self.counts.iter().map(|((sync, _, side), counts)| (connection_of(sync, *side), counts.read));
        for (connection, records) in read.collect::<Vec<_>>() {
            if let Some(connection) = connection {
                self.add(Metric::ChangesSeen, Some(&connection), records);
            }
        }
    }

    /// A sweep came so far.
    pub fn swept(&mut self, progress: &SweepProgress) {
        match progress.phase {
            SweepPhase::Done => {
                let missed = progress.missed;
                self.add(Metric::ChangesMissed, None, missed.edited + missed.created + missed.deleted);
            }
            SweepPhase::Asked => self.add(Metric::RecordsHeld, None, 1),
            SweepPhase::NotBegun | SweepPhase::Listing | SweepPhase::Comparing | SweepPhase::Sending => {}
        }
    }

    fn add(&mut self, metric: Metric, connection: Option<&ConnectionName>, value: u64) {
        if value > 0 {
            *self.values.entry((metric, connection.cloned())).or_default() += value;
        }
    }

    fn largest(&mut self, metric: Metric, value: u64) {
        if value > 0 {
            let known = self.values.entry((metric, None)).or_default();
            *known = value.max(*known);
        }
    }

    /// The lines, one for each set of dimensions that there is something to tell of; none for an invocation in which nothing happened.
    /// `properties` are searchable and cost nothing: only the list's dimensions make metrics.
    pub fn lines(&self, list: &List, installation: &str, now: Timestamp, properties: &Map<String, Json>) -> Vec<String> {
        let mut sets: BTreeMap<_, Vec<(&Listed, u64)>> = BTreeMap::new();
        for ((metric, connection), value) in &self.values {
            if let Some(listed) = list.listed(*metric) {
                sets.entry((listed.dimensions.clone(), connection.as_ref())).or_default().push((listed, *value));
            }
        }
        let line = |(dimensions, connection): (Vec<String>, Option<&ConnectionName>), metrics: Vec<(&Listed, u64)>| {
            let mut line = properties.clone();
            let described: Vec<Json> = metrics.iter().map(|(listed, _)| json!({ "Name": listed.name, "Unit": listed.unit })).collect();
            let directive = json!({ "Namespace": list.namespace, "Dimensions": [dimensions], "Metrics": described });
            line.insert("_aws".to_owned(), json!({ "Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive] }));
            line.insert("Installation".to_owned(), json!(installation));
            if let Some(connection) = connection {
                line.insert("Connection".to_owned(), json!(connection));
            } else {
                line.insert("connections".to_owned(), json!(self.connections));
                line.insert("counts".to_owned(), counts(&self.counts));
            }
            line.extend(metrics.iter().map(|(listed, value)| (listed.name.clone(), json!(value))));
            Json::Object(line).to_string()
        };
        sets.into_iter().map(|(set, metrics)| line(set, metrics)).collect()
    }
}

/// The counts that are more than zero, under `sync/mapping/side`.
fn counts(counts: &BySide) -> Json {
    let some = |value: &Json| !(value.as_u64() == Some(0) || value.as_object().is_some_and(Map::is_empty));
    let of = |counts: &SideCounts| match serde_json::to_value(counts) {
        Ok(Json::Object(members)) => Json::Object(members.into_iter().filter(|(_, value)| some(value)).collect()),
        Ok(_) | Err(_) => Json::Null,
    };
    counts.iter().map(|((sync, mapping, side), counts)| (format!("{sync}/{mapping}/{side}"), of(counts))).collect::<Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    use syncline_engine::sweep::Missed;

    use super::*;

    /// Something of everything that an engine can count.
    fn everything() -> Figures {
        let mut counts = BySide::new();
        let side =
            SideCounts { read: 1, created: 2, updated: 3, deleted: 1, held: [("refused".to_owned(), 4)].into(), ..SideCounts::default() };
        counts.insert(("customers".into(), "contacts".into(), Side::Left), side);
        let mut figures = Figures::of(counts, ["salesforce".into()].into(), [("freshdesk".into(), 5), ("salesforce".into(), 0)].into());
        let pulled = |read, lag_s| Pulled { read, lag_s, ..Pulled::default() };
        figures.pulled(&"freshdesk".into(), &pulled(7, Some(90)));
        figures.pulled(&"freshdesk".into(), &pulled(2, Some(60)));
        figures.heard(|_, _| Some("salesforce".into()));
        let missed = Missed { edited: 1, created: 1, deleted: 0 };
        let sweep = |phase| SweepProgress {
            phase,
            began: None,
            ended: None,
            pages: 0,
            read: 0,
            records: None,
            links: 0,
            gone: 0,
            queued: 0,
            missed,
            again_at: None,
            stopped: None,
        };
        figures.swept(&sweep(SweepPhase::Done));
        figures.swept(&sweep(SweepPhase::Asked));
        figures.swept(&sweep(SweepPhase::Comparing));
        figures
    }

    fn lines(figures: &Figures) -> Vec<Json> {
        let properties = [("function".to_owned(), json!("syncline-write"))].into_iter().collect();
        let lines = figures.lines(&List::read().unwrap(), "Syncline", Timestamp::from_second(1_000).unwrap(), &properties);
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn every_listed_metric_is_told_and_no_other() {
        let lines = lines(&everything());
        let named = lines.iter().flat_map(|line| line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap());
        let told: BTreeSet<&str> = named.map(|metric| metric["Name"].as_str().unwrap()).collect();
        let list = List::read().unwrap();
        assert_eq!(told, list.metrics.iter().map(|listed| listed.name.as_str()).collect::<BTreeSet<_>>());
        for listed in &list.metrics {
            let adds = listed.name != Metric::FeedLag.name();
            assert_eq!(listed.statistic, if adds { "Sum" } else { "Maximum" }, "{}", listed.name);
        }
    }

    #[test]
    fn a_line_a_set_of_dimensions_with_sums_and_the_largest_lag() {
        let lines = lines(&everything());
        assert_eq!(lines.len(), 3);
        let whole = lines.iter().find(|line| line.get("Connection").is_none()).unwrap();
        let told =
            ["RecordsWritten", "RecordsHeld", "ChangesMissed", "FeedLag", "SignInNeeded", "BudgetSpent"].map(|name| whole[name].as_u64());
        assert_eq!(told, [6, 5, 2, 90, 1, 5].map(Some));
        assert_eq!(whole["_aws"]["Timestamp"], 1_000_000);
        assert_eq!(whole["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["Installation"]]));
        assert_eq!(whole["connections"], json!(["freshdesk", "salesforce"]));
        let counts = json!({ "read": 1, "created": 2, "updated": 3, "deleted": 1, "held": { "refused": 4 } });
        assert_eq!(whole["counts"], json!({ "customers/contacts/left": counts }));
        let seen: BTreeMap<&str, u64> =
            lines.iter().filter_map(|line| Some((line.get("Connection")?.as_str()?, line["ChangesSeen"].as_u64()?))).collect();
        assert_eq!(seen, [("freshdesk", 9), ("salesforce", 1)].into());
    }

    #[test]
    fn nothing_is_told_of_an_invocation_in_which_nothing_happened() {
        let mut figures = Figures::of(BySide::new(), BTreeSet::new(), [("freshdesk".into(), 0)].into());
        figures.pulled(&"freshdesk".into(), &Pulled { caught_up: true, ..Pulled::default() });
        assert!(lines(&figures).is_empty());
    }

    #[test]
    fn a_metric_that_the_list_lacks_has_no_line() {
        let mut list = List::read().unwrap();
        list.metrics.retain(|listed| listed.name == Metric::FeedLag.name());
        let told = everything().lines(&list, "Syncline", Timestamp::UNIX_EPOCH, &Map::new());
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("FeedLag") && !told[0].contains("RecordsHeld"), "{told:?}");
    }
}
