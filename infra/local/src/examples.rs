//! Commands to try once a simulation is quiet: an edit on each side, and where to see it arrive.

use serde::Serialize;
use syncline_engine::{EngineError, Sync, entry};
use syncline_mapping::ObjectMapping;
use syncline_model::{RecordId, Side};

use crate::installation::Installation;
use crate::simulation::Running;

/// Two commands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Edits a contact as a person would.
    pub edit: String,
    /// Shows its counterpart, where the edit arrives.
    pub see: String,
    /// What tells the story of the pair.
    pub history: String,
}

/// An edit at each side of the first sync, on a pair that is linked. Empty without simulators in this process, or before there is a link.
pub async fn examples(installation: &Installation) -> Result<Vec<Example>, EngineError> {
    let (Some(simulation), Some(sync)) = (&installation.simulation, installation.engine.syncs.first()) else { return Ok(Vec::new()) };
    let (left, right) = (&sync.ends.left.connection, &sync.ends.right.connection);
    let (Some(at_left), Some(at_right)) = (simulation.running().get(left), simulation.running().get(right)) else { return Ok(Vec::new()) };
    let Some(id) = simulation.any_contact(left).map(RecordId::new) else { return Ok(Vec::new()) };
    let store = installation.engine.store.as_ref();
    // In which of the mappings contacts are, the link tells.
    for mapping in sync.mappings.iter().rev() {
        let standings = entry::standings(store, &sync.name, &mapping.name, Side::Left, std::slice::from_ref(&id)).await?;
        if let Some(other) = standings.get(&id).and_then(|standing| standing.counterpart(Side::Left)) {
            return Ok(both_ways(sync, mapping, (at_left, &id), (at_right, &other)));
        }
    }
    Ok(Vec::new())
}

fn both_ways(
    sync: &Sync,
    mapping: &ObjectMapping,
    (at_left, id): (&Running, &RecordId),
    (at_right, other): (&Running, &RecordId),
) -> Vec<Example> {
    let history = format!("syncline history {} {} {id}", sync.name, mapping.name);
    let ends =
        [(Side::Left, at_left, id.as_str(), at_right, other.as_str()), (Side::Right, at_right, other.as_str(), at_left, id.as_str())];
    ends.into_iter()
        // What is edited where nothing can be read arrives nowhere.
        .filter(|(side, ..)| !sync.is_write_only(mapping, *side))
        .map(|(_, here, id, there, other)| Example {
            edit: here.simulated.edit_command(&here.base_url, id),
            see: there.simulated.show_command(&there.base_url, other),
            history: history.clone(),
        })
        .collect()
}
