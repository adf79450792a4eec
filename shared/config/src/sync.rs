//! One sync of the config: its sides, its rules, its schedules.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use syncline_mapping::{Conflict, DeletePolicy, Drift, Flow, Pair, Rules};
use syncline_model::{ConnectionName, Decimal, MappingName, Side, SyncName};

use crate::config::{HistoryMode, Sweep, Sync, SystemFacts};
use crate::cron::Cron;
use crate::document::{Entry, Node};
use crate::findings::{Findings, Place, below, listed, suggestion};
use crate::inspect::percent;
use crate::object::{read_object, refuse_same_objects};
use crate::problem::Code;
use crate::relations::parents_first;
use crate::schedule::{Refusal, Schedule, time_zone};

/// What a sync says once for all that stands in it.
#[derive(Clone)]
pub(crate) struct Defaults<'a> {
    pub(crate) path: String,
    pub(crate) connections: Pair<Option<&'a str>>,
    pub(crate) systems: Pair<Option<&'a SystemFacts>>,
    pub(crate) flow: Flow,
    /// Where the direction is written, and the master with its place.
    pub(crate) direction_at: Option<Place>,
    pub(crate) master: Option<(Side, Place)>,
    pub(crate) conflict: Conflict,
    pub(crate) drift: Drift,
    pub(crate) deletes: Pair<DeletePolicy>,
    pub(crate) region: Option<String>,
    pub(crate) debounce_s: u32,
    /// The names of the sync's object mappings.
    pub(crate) mappings: Vec<&'a str>,
}

pub(crate) const SIDES: [(Side, &str); 2] = [(Side::Left, "left"), (Side::Right, "right")];

pub(crate) fn flow(node: &Node) -> Option<Flow> {
    match node.text_at("direction") {
        Some("both") => Some(Flow::Both),
        Some("left_to_right") => Some(Flow::ToRight),
        Some("right_to_left") => Some(Flow::ToLeft),
        Some(_) | None => None,
    }
}

pub(crate) fn conflict(node: &Node) -> Option<Conflict> {
    match node.text_at("conflict") {
        Some("master") => Some(Conflict::Master),
        Some("latest") => Some(Conflict::Latest),
        Some("hold") => Some(Conflict::Hold),
        Some("opt_out_wins") => Some(Conflict::OptOutWins),
        Some(_) | None => None,
    }
}

pub(crate) fn drift(node: &Node) -> Option<Drift> {
    match node.text_at("drift") {
        Some("overwrite") => Some(Drift::Overwrite),
        Some("leave") => Some(Drift::Leave),
        Some(_) | None => None,
    }
}

/// What deletions do, by side; `otherwise` where a side is not named.
pub(crate) fn deletes(node: &Node, otherwise: Pair<DeletePolicy>) -> Pair<DeletePolicy> {
    let of = |side: &str, otherwise: DeletePolicy| match node.get("deletes").and_then(|deletes| deletes.text_at(side)) {
        Some("propagate") => DeletePolicy::Propagate,
        Some("ignore") => DeletePolicy::Ignore,
        Some(_) | None => otherwise,
    };
    Pair::new(of("left", otherwise.left), of("right", otherwise.right))
}

pub(crate) fn debounce_s(node: &Node) -> Option<u32> {
    node.get("debounce_s").and_then(Node::number).and_then(|seconds| seconds.parse().ok())
}

/// Two letters of the ISO 3166 list, in capitals.
pub(crate) fn region(node: &Node, key: &str, path: &str, findings: &mut Findings) -> Option<String> {
    let region = node.get(key)?;
    let text = region.text()?;
    if text.len() == 2 && text.bytes().all(|sign| sign.is_ascii_alphabetic()) {
        return Some(text.to_uppercase());
    }
    findings.add(Code::BadRegion, region.place, below(path, key), "a region has two letters", "for example `DE`, `US`, `GB`");
    None
}

type Connections<'a> = BTreeMap<ConnectionName, Option<&'a SystemFacts>>;

pub(crate) fn read_sync(entry: &Entry, connections: &Connections<'_>, findings: &mut Findings) -> Option<Sync> {
    let path = format!("syncs.{}", entry.key);
    let node = &entry.value;
    for (_, side) in SIDES {
        unknown_connection(node, side, connections, &path, findings);
    }
    let names = Pair::new(node.text_at("left"), node.text_at("right"));
    let direction = flow(node).unwrap_or(Flow::Both);
    let master = master(node, names, &path, findings);
    against_master(node, direction, master, &path, findings);
    let objects = node.get("objects").map(Node::entries).unwrap_or_default();
    let defaults = Defaults {
        path: path.clone(),
        connections: names,
        systems: Pair::new(facts(names.left, connections), facts(names.right, connections)),
        flow: direction,
        direction_at: node.get("direction").map(|direction| direction.place),
        master: master.zip(node.get("master").map(|master| master.place)),
        conflict: conflict(node).unwrap_or(Conflict::Master),
        drift: drift(node).unwrap_or_default(),
        deletes: deletes(node, Pair::default()),
        region: region(node, "region", &path, findings),
        debounce_s: debounce_s(node).unwrap_or(0),
        mappings: objects.iter().map(|object| object.key.as_str()).collect(),
    };
    let read: Vec<_> = objects.iter().map(|object| read_object(object, &defaults, findings)).collect();
    refuse_same_objects(objects, &defaults, findings);
    let schedule = schedules(node, &path, findings);
    let sweep = sweep(node, &path, findings);
    let mappings = parents_first(objects, &path, read, findings);
    let debounce = |object: &Entry| (MappingName::new(object.key.as_str()), debounce_s(&object.value).unwrap_or(defaults.debounce_s));
    Some(Sync {
        name: SyncName::new(entry.key.as_str()),
        left: ConnectionName::new(names.left?),
        right: ConnectionName::new(names.right?),
        rules: Rules { master: master? },
        history: match node.text_at("history") {
            Some("backfill") => HistoryMode::Backfill,
            Some(_) | None => HistoryMode::None,
        },
        schedule: schedule?,
        deletes_max_share: max_share(node),
        sweep: sweep.ok()?,
        mappings: mappings?,
        debounce_s: objects.iter().map(debounce).collect(),
    })
}

fn max_share(node: &Node) -> Decimal {
    let share = node.get("deletes").and_then(|deletes| deletes.get("max_share")).and_then(Node::number);
    share.and_then(percent).unwrap_or_else(|| Decimal::from(5))
}

fn facts<'a>(name: Option<&str>, connections: &Connections<'a>) -> Option<&'a SystemFacts> {
    connections.get(name?).copied().flatten()
}

fn unknown_connection(node: &Node, side: &str, connections: &Connections<'_>, path: &str, findings: &mut Findings) {
    let Some(place) = node.get(side) else { return };
    let Some(name) = place.text() else { return };
    if !connections.contains_key(name) {
        let hint = suggestion(name, connections.keys().map(ConnectionName::as_str), "connections of this file");
        findings.add(Code::UnknownConnection, place.place, below(path, side), format!("there is no connection `{name}`"), hint);
    }
}

fn master(node: &Node, names: Pair<Option<&str>>, path: &str, findings: &mut Findings) -> Option<Side> {
    let master = node.get("master")?;
    let word = master.text()?;
    match word {
        "left" => return Some(Side::Left),
        "right" => return Some(Side::Right),
        _ => {}
    }
    let is = |name: Option<&str>| name == Some(word);
    let path = below(path, "master");
    match (is(names.left), is(names.right)) {
        (true, false) => return Some(Side::Left),
        (false, true) => return Some(Side::Right),
        (true, true) => {
            let hint = "both sides are this connection: write `left` or `right`";
            findings.add(Code::TwoMasters, master.place, path, "two masters: a sync has exactly one", hint);
        }
        (false, false) if word.eq_ignore_ascii_case("both") || word.contains(',') || word.contains('+') || word.contains(" and ") => {
            let hint = "name one side: `master: left` or `master: right`; changes still go both ways with `direction: both`";
            findings.add(Code::TwoMasters, master.place, path, "two masters: a sync has exactly one", hint);
        }
        (false, false) => {
            let known = ["left", "right"].into_iter().chain(names.left).chain(names.right);
            let hint = suggestion(word, known, "allowed");
            findings.add(Code::UnknownWord, master.place, path, format!("`{word}` is not a side of this sync"), hint);
        }
    }
    None
}

fn against_master(node: &Node, direction: Flow, master: Option<Side>, path: &str, findings: &mut Findings) {
    let source = match direction {
        Flow::Both => return,
        Flow::ToRight => Side::Left,
        Flow::ToLeft => Side::Right,
    };
    if let (Some(master), Some(place)) = (master, node.get("master"))
        && master != source
    {
        let problem = format!("changes go from {source} only, and the master is {master}, whose changes would go nowhere");
        let hint = format!("write `master: {source}`, or turn the direction round");
        findings.add(Code::AgainstMaster, place.place, below(path, "master"), problem, hint);
    }
}

const SCHEDULE_HINT: &str = "for example `every 30 minutes`, `every hour`, `daily at 06:00`, `at 00:00, 12:00 Europe/Berlin`, or `{ cron: \"0 */6 * * *\", time_zone: Europe/Berlin }`";

/// The zone named under `time_zone`.
fn zone(node: &Node, otherwise: TimeZone, path: &str, findings: &mut Findings) -> Option<TimeZone> {
    let Some(place) = node.get("time_zone") else { return Some(otherwise) };
    let name = place.text()?;
    let found = time_zone(name);
    if found.is_none() {
        zone_unknown(place, &below(path, "time_zone"), findings);
    }
    found
}

fn zone_unknown(place: &Node, path: &str, findings: &mut Findings) {
    let hint = "a name of the IANA list, as `Europe/Berlin`, `America/New_York` or `UTC`";
    findings.add(Code::BadTimeZone, place.place, path, "this time zone is not known", hint);
}

fn schedules(node: &Node, path: &str, findings: &mut Findings) -> Option<Pair<Schedule>> {
    let zone = zone(node, TimeZone::UTC, path, findings).unwrap_or(TimeZone::UTC);
    let usual = Schedule::Every { seconds: 1_800 };
    let Some(place) = node.get("schedule") else { return Some(Pair::new(usual.clone(), usual)) };
    let path = below(path, "schedule");
    if place.get("left").is_none() && place.get("right").is_none() {
        let both = one_schedule(place, &zone, &path, findings)?;
        return Some(Pair::new(both.clone(), both));
    }
    if let Some(cron) = place.entry("cron").or_else(|| place.entry("time_zone")) {
        let hint = "either one schedule for both sides, or `left` and `right`, each with its own";
        findings.add(Code::BadSchedule, cron.key_place, path.as_str(), "this mixes one schedule for both sides with one for each", hint);
    }
    let mut of = |side: &str| match place.get(side) {
        Some(node) => one_schedule(node, &zone, &below(&path, side), findings),
        None => Some(usual.clone()),
    };
    let (left, right) = (of("left"), of("right"));
    Some(Pair::new(left?, right?))
}

fn one_schedule(node: &Node, zone_of_sync: &TimeZone, path: &str, findings: &mut Findings) -> Option<Schedule> {
    if let Some(text) = node.text() {
        return match Schedule::words(text, zone_of_sync) {
            Ok(schedule) => Some(schedule),
            Err(Refusal::Schedule(problem)) => {
                findings.add(Code::BadSchedule, node.place, path, problem, SCHEDULE_HINT);
                None
            }
            Err(Refusal::TimeZone) => {
                zone_unknown(node, path, findings);
                None
            }
        };
    }
    if !node.is_map() {
        return None;
    }
    let zone = zone(node, zone_of_sync.clone(), path, findings);
    let Some(cron) = node.get("cron") else {
        findings.add(Code::BadSchedule, node.place, path, "there is no schedule here", SCHEDULE_HINT);
        return None;
    };
    match Cron::new(cron.text()?, zone?) {
        Ok(cron) => Some(Schedule::Cron(cron)),
        Err(problem) => {
            let hint = "minute, hour, day of the month, month, day of the week: `0 */6 * * *` is every six hours, `30 7 * * 1-5` is 07:30 on work days";
            findings.add(Code::BadSchedule, cron.place, below(path, "cron"), problem, hint);
            None
        }
    }
}

/// `Err` where the schedule could not be read, which is then among the findings; `None`: never.
fn sweep(node: &Node, path: &str, findings: &mut Findings) -> Result<Option<Sweep>, ()> {
    let Some(place) = node.get("sweep") else { return Ok(Some(Sweep::Auto)) };
    match place.text() {
        Some("auto") => Ok(Some(Sweep::Auto)),
        Some("never") => Ok(None),
        Some(_) | None => {
            // An unknown zone of the sync is reported with its schedule, once.
            let zone = zone(node, TimeZone::UTC, path, &mut Findings::default()).unwrap_or(TimeZone::UTC);
            one_schedule(place, &zone, &below(path, "sweep"), findings).map(|schedule| Some(Sweep::Schedule(schedule))).ok_or(())
        }
    }
}

/// Two syncs over the same two objects would undo each other's work.
pub(crate) fn refuse_twice_synced(syncs: &[Entry], findings: &mut Findings) {
    let mut seen: BTreeMap<[(&str, &str); 2], &str> = BTreeMap::new();
    for sync in syncs {
        let (Some(left), Some(right)) = (sync.value.text_at("left"), sync.value.text_at("right")) else { continue };
        for object in sync.value.get("objects").map(Node::entries).unwrap_or_default() {
            let (Some(one), Some(other)) = (object.value.text_at("left"), object.value.text_at("right")) else { continue };
            let mut pair = [(left, one), (right, other)];
            pair.sort_unstable();
            match seen.get(&pair) {
                Some(first) if *first != sync.key => {
                    let path = format!("syncs.{}.objects.{}", sync.key, object.key);
                    let problem = format!("the sync {} keeps the same two objects in step already", listed([*first]));
                    let hint = "put all fields of two objects into one mapping";
                    findings.add(Code::SameObject, object.key_place, path, problem, hint);
                }
                Some(_) => {}
                None => {
                    seen.insert(pair, &sync.key);
                }
            }
        }
    }
}
