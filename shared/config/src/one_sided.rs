//! Objects with which a side cannot do everything: that are never written or never read, that a feed alone tells of, or that cannot be searched.

use syncline_mapping::{DeletePolicy, Drift, Flow, ObjectMapping};
use syncline_model::Side;

use crate::config::Reading;
use crate::document::{Entry, Node};
use crate::findings::{Findings, Place, below};
use crate::object::{leads_to, object_of};
use crate::problem::Code;
use crate::sync::{Defaults, SIDES};

/// One side of a mapping, in words.
struct End<'a> {
    side: Side,
    /// The side's name in the file.
    name: &'static str,
    /// The system's title.
    system: &'a str,
    /// `appointment of Zendesk Sell`.
    object: String,
    entry: &'a Entry,
    path: &'a str,
}

impl End<'_> {
    fn node(&self) -> &Node {
        &self.entry.value
    }

    /// The direction that only reads this side.
    fn away(&self) -> &'static str {
        self.side.of("left_to_right", "right_to_left")
    }

    fn other(&self) -> &'static str {
        self.side.of("right", "left")
    }
}

/// Whether a side takes records and gives none back: each goes there under the id that it is to have.
pub(crate) fn is_blind(node: &Node, defaults: &Defaults<'_>) -> bool {
    SIDES.iter().any(|(side, name)| {
        let object = defaults.systems.of(*side).zip(node.text_at(name)).and_then(|(facts, kind)| object_of(facts, kind));
        object.is_some_and(|object| object.reading == Reading::Never)
    })
}

/// Refuses what a mapping asks of an object that cannot do it.
pub(crate) fn refuse(entry: &Entry, mapping: &ObjectMapping, defaults: &Defaults<'_>, path: &str, findings: &mut Findings) {
    for (side, name) in SIDES {
        let Some(system) = defaults.systems.of(side) else { continue };
        let kind = mapping.kind.of(side).as_str();
        let Some(facts) = object_of(system, kind) else { continue };
        let end = End { side, name, system: &system.title, object: format!("{kind} of {}", system.title), entry, path };
        if !facts.written {
            never_written(&end, mapping, findings);
        }
        if facts.reading == Reading::Never {
            never_read(&end, mapping, defaults, findings);
        }
        if facts.reading == Reading::ByFeed {
            told_by_a_feed(&end, mapping, findings);
        }
        if facts.written && !facts.searched && facts.reading != Reading::Never {
            not_searched(&end, mapping, findings);
        }
    }
}

fn never_written(end: &End<'_>, mapping: &ObjectMapping, findings: &mut Findings) {
    let (node, object) = (end.node(), &end.object);
    let only = format!("changes come from it only: `direction: {}` for this object", end.away());
    let writes = mapping.fields.iter().find(|field| field.flow.reaches(end.side));
    if let Some(field) = writes {
        let problem = format!("{object} is never written, and the field `{}` would be", field.name);
        let place = node.get("direction").map_or(end.entry.key_place, |node| node.place);
        findings.add(Code::AgainstDirection, place, end.path, problem, only.as_str());
    } else if *mapping.create.of(end.side) {
        let place = node.get("create").map_or(end.entry.key_place, |node| node.place);
        let hint = format!("write `create: {{ {}: false }}`, or `direction: {}` for this object", end.name, end.away());
        findings.add(Code::AgainstDirection, place, below(end.path, "create"), format!("{object} is never created"), hint);
    }
    if mapping.link_field.of(end.side).is_some() {
        let place = node.get("link").map_or(end.entry.key_place, |node| node.place);
        let hint = format!("name a link field on the {} alone: it carries this record's id", end.other());
        let problem = format!("{object} is never written, so it cannot carry a link");
        findings.add(Code::AgainstDirection, place, below(end.path, "link"), problem, hint);
    }
    if *mapping.deletes.of(end.side.other()) == DeletePolicy::Propagate {
        let place = node.get("deletes").map_or(end.entry.key_place, |node| node.place);
        let hint = format!("write `deletes: {{ {}: ignore }}` for this object", end.other());
        let problem = format!("{object} is never deleted, and a deletion on the {} would be carried over", end.other());
        findings.add(Code::AgainstDirection, place, below(end.path, "deletes"), problem, hint);
    }
}

/// A sync leads to such an object alone, and each record goes by an id that we choose.
fn never_read(end: &End<'_>, mapping: &ObjectMapping, defaults: &Defaults<'_>, findings: &mut Findings) {
    let (node, name, other) = (end.node(), end.name, end.other());
    let says = format!("{} takes records of `{}` and gives none back", end.system, mapping.kind.of(end.side));
    let place = |key: &str| node.entry(key).map_or(end.entry.key_place, |entry| entry.key_place);
    let mut add = |place: Place, path: String, problem: String, hint: String| {
        // What the sync says for all its objects is refused once.
        if !findings.0.iter().any(|found| (found.code, found.place, &found.path) == (Code::WriteOnly, place, &path)) {
            findings.add(Code::WriteOnly, place, path, problem, hint);
        }
    };
    let one_way = format!("write `direction: {}` and `master: {other}`", leads_to(end.side));
    if defaults.flow != end.side.of(Flow::ToLeft, Flow::ToRight) {
        let own = node.get("direction").map(|direction| (direction.place, end.path));
        if let Some((place, path)) = own.or_else(|| defaults.direction_at.map(|place| (place, defaults.path.as_str()))) {
            let hint = format!("{one_way}; where only this object goes one way, write the direction at the object");
            add(place, below(path, "direction"), format!("{says}, and changes are to come from the {name}"), hint);
        }
        if let Some((_, place)) = defaults.master.filter(|(master, _)| *master == end.side && defaults.flow == Flow::Both) {
            let problem = format!("{says}, and is to be the master, whose values count");
            add(place, below(&defaults.path, "master"), problem, one_way);
        }
    }
    if mapping.link_field.of(end.side).is_none() {
        let problem = format!("{says}, so that a record there must go by the id of its counterpart, and no field is named for that");
        let hint = format!("write `link: {{ {name}: <its id field> }}`: the vendor's page names the field, mostly `id`");
        add(place("link"), below(end.path, "link"), problem, hint);
    }
    if !mapping.match_keys.is_empty() {
        let hint = "remove `match`: every record is made under its own id".to_owned();
        add(place("match"), below(end.path, "match"), format!("{says}, so that nobody can be looked for there"), hint);
    }
    if defaults.flow.reaches(end.side) && !mapping.create.of(end.side) {
        let problem = format!("{says}: where none is created either, no record ever gets there");
        add(place("create"), below(end.path, "create"), problem, "remove `create`".to_owned());
    }
}

/// What was edited over there can be written over only with what stands here, and that cannot be asked for.
fn told_by_a_feed(end: &End<'_>, mapping: &ObjectMapping, findings: &mut Findings) {
    let overwrites = mapping.fields.iter().find(|field| field.flow != Flow::Both && field.drift == Drift::Overwrite);
    if let Some(field) = overwrites {
        let place = end.node().get("drift").map_or(end.entry.key_place, |node| node.place);
        let problem = format!(
            "`drift: overwrite` of the field `{}` needs what stands in {}, which is told when it changes and cannot be asked for",
            field.name, end.object
        );
        findings.add(Code::AgainstDirection, place, below(end.path, "drift"), problem, "write `drift: leave` for this object");
    }
}

fn not_searched(end: &End<'_>, mapping: &ObjectMapping, findings: &mut Findings) {
    if !mapping.fields.iter().any(|field| field.flow.reaches(end.side)) {
        return;
    }
    let (key, named) = match (mapping.link_field.of(end.side), mapping.match_keys.first()) {
        (Some(field), _) => ("link", field),
        (None, Some(key)) => ("match", key.field.of(end.side)),
        (None, None) => return,
    };
    let place = end.node().get(key).map_or(end.entry.key_place, |node| node.place);
    let problem = format!("{} cannot be looked for by `{named}`: it is found by its own id alone", end.object);
    let hint = format!("join them by a link field on the {} alone", end.other());
    findings.add(Code::NotSearched, place, below(end.path, key), problem, hint);
}
