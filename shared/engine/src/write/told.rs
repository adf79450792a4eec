//! Records that a feed alone tells of: what it said cannot be asked for again, so it travels sealed with the change, and rests with who waits or is held.

use syncline_mapping::{HoldReason, SkipReason};
use syncline_model::Record;

use super::job::{Job, Place};
use super::run::ended;
use crate::EngineError;
use crate::counts::End;
use crate::entry::Standing;
use crate::hold::Hold;
use crate::message::{Cause, Change};

/// How a change of such a record ends that brings nothing of it: there is nothing to be decided until the feed tells of it again.
const NOT_TOLD: &str = "not_told_again";

/// Ends a change without an observation. Who released it by hand reads why in its hold.
pub(super) async fn nothing(place: Place<'_>, change: &Change) -> Result<(), EngineError> {
    if change.cause != Cause::Release {
        ended(place, change, &End::Skipped(NOT_TOLD));
        return Ok(());
    }
    let hold = Hold::new(&place.mapping.name, place.source, change.id.as_str(), place.now(), HoldReason::NotToldAgain);
    place.engine.store.write(vec![hold.write(&place.sync.name)?]).await?;
    ended(place, change, &End::Held(hold.name()));
    Ok(())
}

/// What was told of a record, sealed, for who must come back to it; `None` where it can be read again.
pub(super) fn kept(place: Place<'_>, job: &Job) -> Result<Option<String>, EngineError> {
    let seal = |record: &Record| place.engine.sealer.seal(place.engine.dice.as_ref(), record);
    place.is_told_only().then(|| seal(&job.record)).transpose()
}

/// Whether a record that has no counterpart was told as deleted: a live telling of it is an older one that came late, for ids are not given again.
pub(super) fn was_deleted(place: Place<'_>, standing: &Standing) -> bool {
    let told = || {
        let reason = standing.note()?.end.strip_prefix("skipped:")?;
        serde_json::from_str::<SkipReason>(reason).ok()
    };
    place.is_told_only() && standing.link.is_none() && matches!(told(), Some(SkipReason::DeletedBeforeLink))
}
