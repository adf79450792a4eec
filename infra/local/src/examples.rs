//! Commands to try once a simulation is quiet: an edit on each side, and where to see it arrive.

use serde::Serialize;
use syncline_engine::{EngineError, Sync, entry};
use syncline_model::{MappingName, RecordId, Side};

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
            let shown = both_ways(sync, &mapping.name, (at_left, &id), (at_right, &other));
            // What is edited where nothing can be read arrives nowhere.
            let arrives = |side: &Side| !sync.is_write_only(mapping, *side);
            return Ok(shown.into_iter().filter(|(side, _)| arrives(side)).map(|(_, example)| example).collect());
        }
    }
    Ok(Vec::new())
}

fn both_ways(
    sync: &Sync,
    mapping: &MappingName,
    (at_left, id): (&Running, &RecordId),
    (at_right, other): (&Running, &RecordId),
) -> [(Side, Example); 2] {
    let history = format!("syncline history {} {} {id}", sync.name, mapping);
    let ends = [(Side::Left, (at_left, id), (at_right, other)), (Side::Right, (at_right, other), (at_left, id))];
    ends.map(|(side, (here, id), (there, other))| {
        let edit = here.simulated.edit_command(&here.base_url, id.as_str());
        let see = there.simulated.show_command(&there.base_url, other.as_str());
        (side, Example { edit, see, history: history.clone() })
    })
}
