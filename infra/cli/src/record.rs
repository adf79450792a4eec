//! How a record is named on the command line: `[sync/]mapping/side/id`, or just its id.

use syncline_engine::Engine;
use syncline_engine::explain::{self, Place};
use syncline_model::{MappingName, RecordId, Side};

use crate::context::by;
use crate::exit::{Exit, Failure};

const FORM: &str = "write [SYNC/]MAPPING/SIDE/ID, such as customers/contacts/left/82000000012, or the id alone";

/// A record's whole name, as commands take it.
pub(crate) fn name(place: &Place, id: &str) -> String {
    format!("{}/{}/{}/{id}", place.sync, place.mapping, place.side)
}

/// Reads a record's name; an id alone is looked for on both sides of all mappings.
pub(crate) async fn find(engine: &Engine, text: &str) -> Result<(Place, RecordId), Failure> {
    let parts: Vec<&str> = text.split('/').collect();
    if let [sync, mapping, id] = parts.as_slice()
        && engine.syncs.iter().any(|known| known.name.as_str() == *sync && known.mapping(&MappingName::from(*mapping)).is_some())
    {
        // SYNC/MAPPING/ID: the side is found out.
        let id = RecordId::new(*id);
        let mut places = explain::locate(engine, &id, by(engine)).await?;
        places.retain(|place| place.sync.as_str() == *sync && place.mapping.as_str() == *mapping);
        return one(text, &places, id);
    }
    let (places, id) = match parts.as_slice() {
        [id] if !id.is_empty() => {
            let id = RecordId::new(*id);
            let places = explain::locate(engine, &id, by(engine)).await?;
            if places.is_empty() {
                let says = format!("no mapping knows a record {id}, and neither do the vendors");
                return Err(Failure::new(Exit::Failed, says, FORM));
            }
            (places, id)
        }
        [mapping, side, id] => (named(engine, None, mapping, side), RecordId::new(*id)),
        [sync, mapping, side, id] => (named(engine, Some(sync), mapping, side), RecordId::new(*id)),
        _ => return Err(Failure::usage(format!("`{text}` names no record"), FORM)),
    };
    one(text, &places, id)
}

fn one(text: &str, places: &[Place], id: RecordId) -> Result<(Place, RecordId), Failure> {
    match places {
        [place] => Ok((place.clone(), id)),
        [] => Err(Failure::usage(format!("`{text}` names no mapping and side of the configuration"), FORM)),
        several => {
            let names: Vec<String> = several.iter().map(|place| name(place, id.as_str())).collect();
            Err(Failure::usage(format!("`{text}` could be several records"), format!("name one of them: {}", names.join(", "))))
        }
    }
}

/// Each sync and side that these words name. A side is left, right, or a connection's name.
fn named(engine: &Engine, sync: Option<&str>, mapping: &str, side: &str) -> Vec<Place> {
    let mut places = Vec::new();
    for known in engine.syncs.iter().filter(|known| sync.is_none_or(|name| known.name.as_str() == name)) {
        for known_mapping in known.mappings.iter().filter(|known| known.name.as_str() == mapping) {
            for known_side in [Side::Left, Side::Right] {
                if known_side.to_string() == side || known.ends.of(known_side).connection.as_str() == side {
                    places.push(Place { sync: known.name.clone(), mapping: known_mapping.name.clone(), side: known_side });
                }
            }
        }
    }
    places
}
