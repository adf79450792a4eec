//! Objects with which a side cannot do everything: that are never written, that a feed alone tells of, or that cannot be searched.

use syncline_mapping::{DeletePolicy, Drift, Flow, ObjectMapping};
use syncline_model::Side;

use crate::config::Reading;
use crate::document::{Entry, Node};
use crate::findings::{Findings, below};
use crate::object::object_of;
use crate::problem::Code;
use crate::sync::{Defaults, SIDES};

/// One side of a mapping, in words.
struct End<'a> {
    side: Side,
    /// The side's name in the file.
    name: &'static str,
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

/// Refuses what a mapping asks of an object that cannot do it.
pub(crate) fn refuse(entry: &Entry, mapping: &ObjectMapping, defaults: &Defaults<'_>, path: &str, findings: &mut Findings) {
    for (side, name) in SIDES {
        let Some(system) = defaults.systems.of(side) else { continue };
        let kind = mapping.kind.of(side).as_str();
        let Some(facts) = object_of(system, kind) else { continue };
        let end = End { side, name, object: format!("{kind} of {}", system.title), entry, path };
        if !facts.written {
            never_written(&end, mapping, findings);
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
