//! What a change comes to, told from what is stored of its record: before anything is read of its counterpart.

use syncline_mapping::{SkipReason, has_changed};
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{Presence, RecordId, Side};

use super::job::{Observed, Place};
use super::read::was_told_long_ago;
use super::told;
use crate::counts::{End, skip_name};
use crate::entry::{self, LinkState, Standing};
use crate::message::Cause;
use crate::pull;

/// Where a change goes on.
pub(super) enum Triage {
    Ends(End),
    Linked,
    Unlinked,
    /// Its counterpart was deleted, and it was edited since.
    Severed(Side),
    Merged(RecordId),
    /// It was merged, and its link is the survivor's.
    Moved(RecordId),
    /// Nobody was made of it, and a feed that is all there is says that it is gone: that must be remembered.
    DeletedUnlinked,
    /// It seems to have come back after its end; but a message may tell of a moment before that: it is read.
    LooksBack,
}

pub(super) fn triage(place: Place<'_>, observed: &Observed, standing: &Standing) -> Triage {
    let Observed { change, told, record } = observed;
    // What cannot be read is as it was told, and the versions say in which order.
    let (told, source) = (*told && !place.is_told_only(), place.source);
    let insisted = change.resend || matches!(change.cause, Cause::Release | Cause::Counterpart | Cause::Child);
    if !insisted
        && let Some(note) = standing.note().filter(|note| note.is_final())
        && note.remembers(&entry::print(&place.engine.marker, place.mapping, source, record))
    {
        // Who moved the link may have died before the survivor was asked for.
        return note.successor().map_or(Triage::Ends(End::Unchanged), Triage::Moved);
    }
    if let (Some(moved_to), Presence::Live) = (pull::left_behind_by(standing), &record.presence)
        && change.cause != Cause::Release
    {
        return Triage::Ends(End::Skipped(skip_name(&SkipReason::LeftBehind { moved_to })));
    }
    let Some(link) = standing.link() else {
        return match record.presence {
            // Its link moved when it was merged away: a message may tell of a moment before that.
            Presence::Live if told && standing.note().is_some_and(|note| note.successor().is_some()) => Triage::LooksBack,
            Presence::Live if told::was_deleted(place, standing) => Triage::Ends(End::Superseded),
            Presence::Live => Triage::Unlinked,
            Presence::Deleted if place.is_told_only() => Triage::DeletedUnlinked,
            Presence::Deleted | Presence::MergedInto(_) => Triage::Ends(End::Skipped(skip_name(&SkipReason::DeletedBeforeLink))),
        };
    };
    // What was read now is the newest there is; what a message brought, however urgent, may have been overtaken.
    let older = (told || !insisted || place.is_told_only()) && record.version < *link.seen.of(source) && record.version.is_some();
    match (&link.state, &record.presence) {
        (_, Presence::Live) if older && !planted(Mutant::SupersededWritten) => Triage::Ends(End::Superseded),
        // Linked since, and known better.
        (LinkState::Active, Presence::Live) if told && change.cause == Cause::Listed => Triage::LooksBack,
        (LinkState::Active, Presence::Live) => {
            let differs = || has_changed(place.mapping, &place.engine.marker, &link.base, source, record);
            // Where nothing can be read, what was told last must be remembered also where it says nothing new: an older telling may come late.
            let is_later = place.is_told_only() && record.version > *link.seen.of(source);
            if !(is_later || insisted || pull::is_unsettled(link, record) || differs()) {
                Triage::Ends(End::Unchanged)
            } else if told && change.cause == Cause::Backfill && was_told_long_ago(place, change) {
                // It may have been taken back since: as the base has it, no feed tells of it.
                Triage::LooksBack
            } else {
                Triage::Linked
            }
        }
        (LinkState::Active, Presence::Deleted) => Triage::Linked,
        (LinkState::Active, Presence::MergedInto(_)) if planted(Mutant::MergeAsDelete) => Triage::Linked,
        (LinkState::Active, Presence::MergedInto(survivor)) => Triage::Merged(survivor.clone()),
        (LinkState::Severed { gone }, Presence::Live) if *gone == source && planted(Mutant::RestoreUnnoticed) => {
            Triage::Ends(End::Unchanged)
        }
        (LinkState::Severed { gone }, Presence::Live) if *gone == source && told => Triage::LooksBack,
        (LinkState::Severed { gone }, Presence::Live) if *gone == source => Triage::Linked,
        (LinkState::Severed { .. }, Presence::Live) if planted(Mutant::SeveredForgotten) => Triage::Unlinked,
        (LinkState::Severed { gone }, Presence::Live) => Triage::Severed(*gone),
        (LinkState::Severed { gone }, Presence::Deleted | Presence::MergedInto(_)) if *gone != source => Triage::Linked,
        // A late message does not bring the record back: only one that is younger than its end does.
        (LinkState::Buried, Presence::Live) if planted(Mutant::BuriedForgotten) => Triage::Unlinked,
        (LinkState::Buried, Presence::Live) if insisted || pull::is_newer(link, source, record) => {
            if told {
                Triage::LooksBack
            } else {
                Triage::Unlinked
            }
        }
        (LinkState::Buried, Presence::Live) => Triage::Ends(End::Superseded),
        (LinkState::Severed { .. } | LinkState::Buried, Presence::Deleted | Presence::MergedInto(_)) => Triage::Ends(End::Unchanged),
    }
}
