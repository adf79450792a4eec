//! Objects that take records and give none back: a sync leads to them alone, and each record goes by an id that we choose.

use syncline_mapping::Flow;
use syncline_model::Side;

use crate::config::Reading;
use crate::document::{Entry, Node};
use crate::findings::{Findings, Place, below};
use crate::object::{leads_to, object_of};
use crate::problem::Code;
use crate::sync::{Defaults, SIDES};

/// Refuses what would have to read such an object. Answers whether the mapping has one.
pub(crate) fn refuse_reading(entry: &Entry, defaults: &Defaults<'_>, path: &str, findings: &mut Findings) -> bool {
    let mut found = false;
    for (side, name) in SIDES {
        let (Some(facts), Some(kind)) = (defaults.systems.of(side), entry.value.text_at(name)) else { continue };
        if object_of(facts, kind).is_some_and(|object| object.reading == Reading::Never) {
            found = true;
            let says = format!("{} takes records of `{kind}` and gives none back", facts.title);
            refuse_side(entry, side, &says, defaults, path, findings);
        }
    }
    found
}

fn refuse_side(entry: &Entry, side: Side, says: &str, defaults: &Defaults<'_>, path: &str, findings: &mut Findings) {
    let (node, other, name) = (&entry.value, side.other(), side.of("left", "right"));
    let mut add = |place: Place, path: String, problem: String, hint: String| {
        // What the sync says for all its objects is refused once.
        if !findings.0.iter().any(|found| (found.code, found.place, &found.path) == (Code::WriteOnly, place, &path)) {
            findings.add(Code::WriteOnly, place, path, problem, hint);
        }
    };
    let towards = side.of(Flow::ToLeft, Flow::ToRight);
    let one_way = format!("write `direction: {}` and `master: {other}`", leads_to(side));
    if defaults.flow != towards {
        let own = node.get("direction").map(|direction| (direction.place, path));
        let said = own.or_else(|| defaults.direction_at.map(|place| (place, defaults.path.as_str())));
        if let Some((place, path)) = said {
            let problem = format!("{says}, and changes are to come from the {name}");
            add(
                place,
                below(path, "direction"),
                problem,
                format!("{one_way}; where only this object goes one way, write the direction at the object"),
            );
        }
        if let Some((_, place)) = defaults.master.filter(|(master, _)| *master == side && defaults.flow == Flow::Both) {
            let problem = format!("{says}, and is to be the master, whose values count");
            add(place, below(&defaults.path, "master"), problem, one_way);
        }
    }
    if node.is_map() && node.get("link").and_then(|link| link.text_at(name)).is_none() {
        let place = node.entry("link").map_or(entry.key_place, |link| link.key_place);
        let problem = format!("{says}, so that a record there must go by the id of its counterpart, and no field is named for that");
        let hint = format!("write `link: {{ {name}: <its id field> }}`: the vendor's page names the field, mostly `id`");
        add(place, below(path, "link"), problem, hint);
    }
    if let Some(keys) = node.entry("match").filter(|keys| !keys.value.items().is_empty()) {
        let problem = format!("{says}, so that nobody can be looked for there");
        add(keys.key_place, below(path, "match"), problem, "remove `match`: every record is made under its own id".to_owned());
    }
    if !creates(node, name) {
        let place = node.entry("create").map_or(entry.key_place, |create| create.key_place);
        let problem = format!("{says}: where none is created either, no record ever gets there");
        add(place, below(path, "create"), problem, "remove `create`".to_owned());
    }
}

fn creates(node: &Node, name: &str) -> bool {
    node.text_at("create") != Some("never") && node.get("create").and_then(|create| create.get(name)).and_then(Node::flag) != Some(false)
}
