//! What is drawn on the map.

use std::collections::BTreeMap;

use syncline_model::{ConnectionName, FieldName, ObjectKind};

use crate::config::SystemFacts;
use crate::document::{Entry, Node};
use crate::findings::{Findings, below, suggestion};
use crate::problem::Code;

/// The connections of the config, each with its system where that is known.
type Known<'a> = BTreeMap<ConnectionName, Option<&'a SystemFacts>>;

/// Records of one object on the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapLayer {
    pub name: String,
    pub connection: ConnectionName,
    pub kind: ObjectKind,
    /// The field with a record's name.
    pub title: FieldName,
    pub address: Address,
    pub owner: Option<FieldName>,
    pub stage: Option<FieldName>,
}

/// Where a record's address is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    Own {
        town: FieldName,
        country: Option<FieldName>,
    },
    /// That of the record that this field names, which another layer draws.
    Of {
        field: FieldName,
        layer: String,
    },
}

/// Reads all layers; those that lack too much are among the findings.
pub(crate) fn read_layers(root: &Node, known: &Known<'_>, findings: &mut Findings) -> Vec<MapLayer> {
    let entries = root.get("map").map(Node::entries).unwrap_or_default();
    let layers: Vec<MapLayer> = entries.iter().filter_map(|entry| read_layer(entry, known, findings)).collect();
    for (entry, layer) in entries.iter().filter_map(|entry| Some((entry, layers.iter().find(|layer| layer.name == entry.key)?))) {
        let Address::Of { layer: of, .. } = &layer.address else { continue };
        let has_own = |other: &&MapLayer| matches!(other.address, Address::Own { .. }) && other.connection == layer.connection;
        if !layers.iter().filter(has_own).any(|other| other.name == *of) {
            let place = entry.value.get("address_of").map_or(entry.key_place, |node| node.place);
            let names = layers.iter().filter(has_own).map(|other| other.name.as_str());
            let hint = suggestion(of, names, "layers of this connection with a `town`");
            let path = format!("map.{}.address_of.layer", entry.key);
            findings.add(Code::UnknownMapping, place, path, format!("no layer `{of}` of this connection has an address"), hint);
        }
    }
    layers
}

fn read_layer(entry: &Entry, known: &Known<'_>, findings: &mut Findings) -> Option<MapLayer> {
    let (node, path) = (&entry.value, format!("map.{}", entry.key));
    let connection = node.text_at("connection")?;
    let place = node.get("connection")?.place;
    match known.get(&ConnectionName::new(connection)) {
        None => {
            let problem = format!("there is no connection `{connection}`");
            findings.add(Code::UnknownConnection, place, below(&path, "connection"), problem, "name one of `connections`");
        }
        Some(Some(facts)) => unknown_object(node, facts, &path, findings),
        // Its system is not known, which is said where the connection stands.
        Some(None) => {}
    }
    let field = |key: &str| node.text_at(key).map(FieldName::from);
    let of = node.get("address_of");
    let address = match (field("town"), of) {
        (Some(town), None) => Address::Own { town, country: field("country") },
        (None, Some(of)) => Address::Of { field: FieldName::from(of.text_at("field")?), layer: of.text_at("layer")?.to_owned() },
        (Some(_), Some(_)) | (None, None) => {
            let hint = "name the field with the town, or `address_of` for records that have none of their own";
            let problem = "a layer says where its addresses are in one way: `town` or `address_of`";
            findings.add(Code::MissingKey, entry.key_place, path, problem, hint);
            return None;
        }
    };
    Some(MapLayer {
        name: entry.key.clone(),
        connection: ConnectionName::new(connection),
        kind: ObjectKind::new(node.text_at("object")?),
        title: field("name")?,
        address,
        owner: field("owner"),
        stage: field("stage"),
    })
}

fn unknown_object(node: &Node, facts: &SystemFacts, path: &str, findings: &mut Findings) {
    let Some((place, kind)) = node.get("object").and_then(|place| Some((place.place, place.text()?))) else { return };
    // A system whose objects the customer names has facts for any.
    if facts.objects.iter().any(|object| [kind, "*"].contains(&object.as_str())) {
        return;
    }
    let hint = suggestion(kind, facts.objects.iter().map(ObjectKind::as_str), "objects");
    findings.add(Code::UnknownObject, place, below(path, "object"), format!("{} has no object `{kind}`", facts.title), hint);
}
