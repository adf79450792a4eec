//! Which object mapping goes before which: a record's parents are linked first.

use std::collections::BTreeSet;

use syncline_mapping::ObjectMapping;

use crate::document::{Entry, Node};
use crate::findings::Findings;
use crate::problem::Code;

/// The fields of a mapping that refer to another: the field's entry, and the mapping's name. Of records that refer to others of their own mapping
/// the worker finds the order, record by record.
fn references(object: &Entry) -> impl Iterator<Item = (&Entry, &str)> {
    let fields = object.value.get("fields").map(Node::entries).unwrap_or_default();
    let named = fields.iter().filter_map(|field| field.value.text_at("reference").map(|parent| (field, parent)));
    named.filter(|(_, parent)| *parent != object.key)
}

/// The mappings with parents first and otherwise in the order of the file. A cycle, which has no such order, is among the findings.
pub(crate) fn parents_first(
    objects: &[Entry],
    path: &str,
    read: Vec<Option<ObjectMapping>>,
    findings: &mut Findings,
) -> Option<Vec<ObjectMapping>> {
    let known: BTreeSet<&str> = objects.iter().map(|object| object.key.as_str()).collect();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut order: Vec<&str> = Vec::new();
    while order.len() < objects.len() {
        let waits =
            |object: &Entry, done: &BTreeSet<&str>| references(object).any(|(_, parent)| known.contains(parent) && !done.contains(parent));
        let open: Vec<&Entry> = objects.iter().filter(|object| !done.contains(object.key.as_str())).collect();
        let next = match open.iter().find(|object| !waits(object, &done)) {
            Some(next) => vec![next.key.as_str()],
            None => cycle(&open, path, findings),
        };
        if next.is_empty() {
            break;
        }
        done.extend(&next);
        order.extend(&next);
    }
    let mut read: Vec<ObjectMapping> = read.into_iter().collect::<Option<_>>()?;
    read.sort_by_key(|mapping| order.iter().position(|name| *name == mapping.name.as_str()));
    Some(read)
}

/// Reports one cycle among mappings that all wait, and names its members.
fn cycle<'a>(open: &[&'a Entry], path: &str, findings: &mut Findings) -> Vec<&'a str> {
    let mut walked: Vec<&Entry> = Vec::new();
    let Some(mut at) = open.first().copied() else { return Vec::new() };
    loop {
        if let Some(first) = walked.iter().position(|object| object.key == at.key) {
            let members = walked.split_off(first);
            let names: Vec<&str> = members.iter().map(|object| object.key.as_str()).collect();
            report(&members, &names, path, findings);
            return names;
        }
        walked.push(at);
        let parent = references(at).find_map(|(_, parent)| open.iter().find(|object| object.key == parent));
        let Some(parent) = parent else { return walked.iter().map(|object| object.key.as_str()).collect() };
        at = parent;
    }
}

fn report(members: &[&Entry], names: &[&str], path: &str, findings: &mut Findings) {
    let (Some(first), Some(last)) = (names.first(), members.last()) else { return };
    let Some((field, _)) = references(last).find(|(_, parent)| parent == first) else { return };
    let place = field.value.entry("reference").map_or(field.key_place, |entry| entry.value.place);
    let problem = format!("references go in a circle: {} → {first}", names.join(" → "));
    let hint = "a parent is linked before its children, so one of these fields must go";
    findings.add(Code::ReferenceCycle, place, format!("{path}.objects.{}.fields.{}.reference", last.key, field.key), problem, hint);
}
