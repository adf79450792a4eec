//! One object mapping of a sync.

use syncline_mapping::{Flow, MatchKey, ObjectMapping, Pair};
use syncline_model::{FieldName, MappingName, ObjectKind, Side};

use crate::config::{ObjectFacts, SystemFacts};
use crate::document::{Entry, Node};
use crate::field::{compare, default_equality, read_field};
use crate::findings::{Findings, below, listed, suggestion};
use crate::one_sided;
use crate::problem::Code;
use crate::sync::{Defaults, SIDES, deletes, drift, flow};

/// Reads one mapping; `None` where too much is missing to make one, which is then among the findings.
pub(crate) fn read_object(entry: &Entry, defaults: &Defaults<'_>, findings: &mut Findings) -> Option<ObjectMapping> {
    let node = &entry.value;
    let path = format!("{}.objects.{}", defaults.path, entry.key);
    let defaults = &own_defaults(node, defaults, &path, findings);
    for (side, name) in SIDES {
        unknown_object(node, side, name, defaults, &path, findings);
    }
    let kinds = Pair::new(node.text_at("left"), node.text_at("right"));
    same_object(entry, kinds, defaults, &path, findings);
    let link = |side: &str| node.get("link").and_then(|link| link.text_at(side)).map(FieldName::from);
    let link_field = Pair::new(link("left"), link("right"));
    let match_keys = match_keys(node, &link_field, defaults, &path, findings);
    if node.is_map()
        && !one_sided::is_blind(node, defaults)
        && match_keys.is_empty()
        && link_field.left.is_none()
        && link_field.right.is_none()
    {
        let hint =
            "add `match`, the fields by which the same record is known on both sides, or `link`, the fields that carry the other side's id";
        findings.add(Code::NoMatch, entry.key_place, path.as_str(), "nothing says which records are the same", hint);
    }
    let field_nodes = node.get("fields").map(Node::entries).unwrap_or_default();
    let fields: Vec<_> = field_nodes.iter().map(|field| read_field(field, &path, defaults, findings)).collect();
    refuse_conflicting_fields(field_nodes, &fields, &link_field, &path, findings);
    let mapping = ObjectMapping {
        name: MappingName::new(entry.key.as_str()),
        kind: Pair::new(ObjectKind::new(kinds.left?), ObjectKind::new(kinds.right?)),
        fields: fields.into_iter().collect::<Option<Vec<_>>>()?,
        match_keys,
        link_field,
        create: create(node, defaults, &path, findings),
        deletes: deletes(node, defaults.deletes),
        need_one_of: Pair::new(needed(node, "left"), needed(node, "right")),
        required: Pair::default(),
    };
    one_sided::refuse(entry, &mapping, defaults, &path, findings);
    Some(mapping)
}

/// What the sync says, with what the object says otherwise.
fn own_defaults<'a>(node: &Node, defaults: &Defaults<'a>, path: &str, findings: &mut Findings) -> Defaults<'a> {
    let own = flow(node).unwrap_or(defaults.flow);
    if let Some(place) = node.get("direction")
        && !flow_fits(defaults.flow, own)
    {
        let hint = "remove the direction here, or write `direction: both` for the sync and name the direction of each object";
        let problem = "this object goes another way than the sync, which is one-way";
        findings.add(Code::AgainstDirection, place.place, below(path, "direction"), problem, hint);
    }
    Defaults { flow: own, drift: drift(node).unwrap_or(defaults.drift), ..defaults.clone() }
}

/// The facts of an object: its own, or those of any.
pub(crate) fn object_of<'a>(facts: &'a SystemFacts, kind: &str) -> Option<&'a ObjectFacts> {
    let named = |name: &str| facts.objects.iter().find(|object| object.kind.as_str() == name);
    named(kind).or_else(|| named("*"))
}

fn unknown_object(node: &Node, side: Side, name: &str, defaults: &Defaults<'_>, path: &str, findings: &mut Findings) {
    let (Some(place), Some(facts)) = (node.get(name), defaults.systems.of(side)) else { return };
    let Some(kind) = place.text() else { return };
    // A system whose objects the customer names has facts for any.
    if object_of(facts, kind).is_some() {
        return;
    }
    let hint = suggestion(kind, facts.objects.iter().map(|object| object.kind.as_str()), "objects that can be synced");
    findings.add(Code::UnknownObject, place.place, below(path, name), format!("{} has no object `{kind}`", facts.title), hint);
}

fn same_object(entry: &Entry, kinds: Pair<Option<&str>>, defaults: &Defaults<'_>, path: &str, findings: &mut Findings) {
    let same_connection = defaults.connections.left.is_some() && defaults.connections.left == defaults.connections.right;
    if same_connection && kinds.left.is_some() && kinds.left == kinds.right {
        let hint = "name two connections, or two different objects of one";
        findings.add(Code::SameObject, entry.key_place, path, "both sides are the same object of the same connection", hint);
    }
}

/// Two mappings of one sync over the same objects would each undo the other's work.
pub(crate) fn refuse_same_objects(objects: &[Entry], defaults: &Defaults<'_>, findings: &mut Findings) {
    for (index, object) in objects.iter().enumerate() {
        let kinds =
            |object: &Entry| object.value.text_at("left").zip(object.value.text_at("right")).map(|(a, b)| (a.to_owned(), b.to_owned()));
        let Some(own) = kinds(object) else { continue };
        if let Some(first) = objects.iter().take(index).find(|other| kinds(other).as_ref() == Some(&own)) {
            let path = format!("{}.objects.{}", defaults.path, object.key);
            let problem = format!("{} maps the same two objects already", listed([first.key.as_str()]));
            findings.add(Code::SameObject, object.key_place, path, problem, "put all fields of two objects into one mapping");
        }
    }
}

fn match_keys(
    node: &Node,
    link_field: &Pair<Option<FieldName>>,
    defaults: &Defaults<'_>,
    path: &str,
    findings: &mut Findings,
) -> Vec<MatchKey> {
    let mut keys: Vec<MatchKey> = Vec::new();
    for (index, item) in node.get("match").map(Node::items).unwrap_or_default().iter().enumerate() {
        let path = format!("{path}.match[{index}]");
        let equality = compare(item, defaults.region.as_deref(), &path, findings);
        let (Some(left), Some(right)) = (item.text_at("left"), item.text_at("right")) else { continue };
        for (side, name) in SIDES {
            let field = side.of(left, right);
            if link_field.of(side).as_ref().is_some_and(|link| link.as_str() == field) {
                let hint = "remove this entry: the linked id always comes first by itself";
                findings.add(Code::LinkFieldMapped, item.place, below(&path, name), format!("`{field}` is the link field"), hint);
            }
        }
        let field = Pair::new(FieldName::from(left), FieldName::from(right));
        if keys.iter().any(|key| key.field == field) {
            findings.add(Code::DuplicateKey, item.place, path.as_str(), "these two fields are matched twice", "keep the first");
        }
        keys.push(MatchKey {
            equality: equality.unwrap_or_else(|| default_equality(&[left, right], defaults.region.as_deref())),
            field,
            unique: item.get("unique").and_then(Node::flag).unwrap_or(false),
        });
    }
    keys
}

fn create(node: &Node, defaults: &Defaults<'_>, path: &str, findings: &mut Findings) -> Pair<bool> {
    if node.text_at("create") == Some("never") {
        return Pair::new(false, false);
    }
    let mut create = Pair::new(defaults.flow.reaches(Side::Left), defaults.flow.reaches(Side::Right));
    for (side, name) in SIDES {
        let Some(place) = node.get("create").and_then(|create| create.get(name)) else { continue };
        let Some(wish) = place.flag() else { continue };
        if wish && !defaults.flow.reaches(side) {
            let problem = format!("records are to be created on the {name}, and this sync writes nothing there");
            let hint = format!("remove it, or set the sync's `direction`: `{}` leads there", leads_to(side));
            findings.add(Code::AgainstDirection, place.place, format!("{path}.create.{name}"), problem, hint);
        }
        *create.of_mut(side) = wish;
    }
    create
}

pub(crate) fn leads_to(side: Side) -> &'static str {
    side.of("right_to_left", "left_to_right")
}

fn needed(node: &Node, side: &str) -> Vec<FieldName> {
    let list = node.get("need_one_of").and_then(|need| need.get(side)).map(Node::items).unwrap_or_default();
    list.iter().filter_map(Node::text).map(FieldName::from).collect()
}

/// Two mapped fields that write the same field, and link fields that are mapped like others.
fn refuse_conflicting_fields(
    entries: &[Entry],
    fields: &[Option<syncline_mapping::FieldMapping>],
    link_field: &Pair<Option<FieldName>>,
    path: &str,
    findings: &mut Findings,
) {
    let read: Vec<_> = entries.iter().zip(fields).filter_map(|(entry, field)| field.as_ref().map(|field| (entry, field))).collect();
    for (index, (entry, field)) in read.iter().enumerate() {
        for (side, name) in SIDES {
            let place = entry.value.get(name).map_or(entry.key_place, |node| node.place);
            let path = format!("{path}.fields.{}.{name}", entry.key);
            for raw in field.lens.of(side).fields() {
                if link_field.of(side).as_ref() == Some(raw) {
                    let problem = format!("`{raw}` is the link field: it carries the other side's id, and nothing else may write it");
                    findings.add(Code::LinkFieldMapped, place, path.as_str(), problem, "remove this field; the link is kept by itself");
                }
                let writes =
                    |other: &syncline_mapping::FieldMapping| other.flow.reaches(side) && other.lens.of(side).fields().contains(&raw);
                let first = read.iter().take(index).find(|(_, other)| writes(other));
                if let Some((first, _)) = first
                    && field.flow.reaches(side)
                {
                    let problem = format!("`{raw}` is written by {} already", listed([first.key.as_str()]));
                    let hint = format!("map it once, or let one of the two only read it: `direction: {}`", leads_to(side.other()));
                    findings.add(Code::DuplicateTarget, place, path.as_str(), problem, hint);
                }
            }
        }
    }
}

/// Whether a field may flow as it says inside of this sync.
pub(crate) fn flow_fits(sync: Flow, field: Flow) -> bool {
    match sync {
        Flow::Both => true,
        Flow::ToLeft | Flow::ToRight => sync == field,
    }
}
