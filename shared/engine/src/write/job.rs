//! One change on its way through the worker.

use std::collections::{BTreeMap, BTreeSet};

use syncline_mapping::{Base, Known, ObjectMapping, Occasion, Pair, Plan, Refs, Sight, reconcile};
use syncline_model::mutant::{Mutant, planted};
use syncline_model::{Presence, Record, RecordId, Side, Timestamp};

use super::blind;
use crate::entry::{self, Entry, LinkState, Placed, Standing};
use crate::message::{self, Cause, Change, Stamp};
use crate::telemetry::{self, Subject};
use crate::trace::TraceId;
use crate::{Engine, EngineError, Sync};

/// Where a group of changes belongs: the same for all jobs of a run.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) engine: &'a Engine,
    pub(super) sync: &'a Sync,
    pub(super) mapping: &'a ObjectMapping,
    /// Where the changed records are.
    pub(super) source: Side,
    pub(super) by: syncline_model::Deadline,
}

impl Place<'_> {
    /// The side that this worker writes.
    pub(super) fn target(&self) -> Side {
        self.source.other()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.engine.now()
    }

    /// Whether nothing can be read of the side that this worker writes: the base stands for what is there.
    pub(super) fn is_blind(&self) -> bool {
        !self.sync.is_readable(self.mapping, self.target())
    }

    /// Whether the changed records are known by what a feed told of them, and cannot be read.
    pub(super) fn is_told_only(&self) -> bool {
        self.sync.is_feed_only(self.mapping, self.source)
    }

    /// Whether records of some mapping refer to records of this one.
    pub(super) fn is_parent(&self) -> bool {
        self.sync.mappings.iter().any(|other| other.parents().any(|parent| *parent == self.mapping.name))
    }

    /// Where the changed records belong, for who tells of them.
    pub(super) fn subject(&self) -> Subject<'_> {
        Subject { sync: &self.sync.name, mapping: &self.mapping.name, side: self.source }
    }
}

/// What is known of the counterpart.
#[derive(Clone, Debug)]
pub(super) enum Other {
    Unread,
    Seen(Record),
    Gone,
    /// It goes on as another record, which its own side's worker has not been told yet.
    Merged,
    Nothing,
}

impl Other {
    /// The counterpart as it was read, if it was and is there.
    pub(super) fn record(&self) -> Option<&Record> {
        match self {
            Self::Seen(record) => Some(record),
            Self::Unread | Self::Gone | Self::Merged | Self::Nothing => None,
        }
    }
}

/// A change and its record: as the message told, or as it was read.
pub(super) struct Observed {
    /// Without its observation, which is the record where the message told.
    pub(super) change: Change,
    pub(super) told: bool,
    pub(super) record: Record,
}

/// One change, with all that was read for it.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// As in `Observed`: to come again it takes its record back.
    pub(super) change: Change,
    pub(super) told: bool,
    /// The changed record.
    pub(super) record: Record,
    pub(super) standing: Standing,
    /// A hold stood for it when it was taken up.
    pub(super) held: bool,
    pub(super) other_id: Option<RecordId>,
    pub(super) other: Other,
    /// The entry under the counterpart's own key, where a link is to be claimed, or comes back.
    pub(super) other_own: Option<Placed>,
}

impl Job {
    pub(super) fn new(observed: Observed, mut standing: Standing) -> Self {
        let Observed { change, told, record } = observed;
        let held = standing.is_held();
        // A link stands in its entry too, and for a left record in the record's own: of what is read for hundreds of records, one base is kept.
        if let Some((at, _)) = &mut standing.link {
            if let Entry::Link(stored) = &mut at.entry {
                stored.base = Base::default();
            }
            if let Entry::Link(own) = &mut standing.own.entry {
                own.base = Base::default();
            }
        }
        Self { change, told, record, standing, held, other_id: None, other: Other::Unread, other_own: None }
    }

    /// The change as it came: what the message told need not be read again when it comes again.
    pub(super) fn into_change(self) -> Change {
        if self.told { Change { seen: Some(self.record), ..self.change } } else { self.change }
    }

    pub(super) fn base(&self) -> Option<&Base> {
        self.standing.link().map(|link| &link.base)
    }

    /// Whether its link was severed, and comes back with it.
    pub(super) fn comes_back(&self) -> bool {
        let stored = |at: &Placed| match &at.entry {
            Entry::Link(stored) => Some(stored.state),
            Entry::Pointer(_) | Entry::Intent { .. } | Entry::Unlinked { .. } => None,
        };
        self.standing.link.as_ref().is_some_and(|(at, link)| link.state == LinkState::Active && stored(at) != Some(LinkState::Active))
    }

    /// Everything that the decision depends on, as the mapping wants it.
    pub(super) fn known<'a>(&'a self, place: Place<'a>, refs: &'a Refs) -> Known<'a> {
        let own = if self.record.presence == Presence::Live { Sight::Seen(&self.record) } else { Sight::Gone };
        let other = match &self.other {
            Other::Unread if place.is_blind() || planted(Mutant::CounterpartUnread) => Sight::Unchanged,
            Other::Unread => Sight::Unread,
            Other::Seen(record) => Sight::Seen(record),
            Other::Gone | Other::Merged => Sight::Gone,
            Other::Nothing => Sight::Nothing,
        };
        let (own_id, other_id) = (Some(&self.record.id), self.other_id.as_ref());
        Known {
            mapping: place.mapping,
            rules: place.sync.rules,
            marker: &place.engine.marker,
            base: self.base(),
            ids: place.source.of(Pair::new(own_id, other_id), Pair::new(other_id, own_id)),
            sight: place.source.of(Pair::new(own, other), Pair::new(other, own)),
            refs,
            occasion: self.occasion(place),
            leave_out: &self.change.leave_out,
        }
    }

    fn occasion(&self, place: Place<'_>) -> Occasion {
        match self.change.cause {
            Cause::Backfill => Occasion::Joined,
            // The counterpart was edited after the listing.
            Cause::Listed if self.other.record().and_then(|other| other.version).is_some_and(|version| version.0 > self.change.since) => {
                Occasion::Edited(place.target())
            }
            Cause::Listed => Occasion::Listed,
            Cause::Pull | Cause::Webhook | Cause::Sweep | Cause::Counterpart | Cause::Parent | Cause::Child | Cause::Release => {
                if self.counterpart_was_edited(place) { Occasion::BothEdited } else { Occasion::Edited(place.source) }
            }
        }
    }

    /// Whether a counterpart that is met for the first time has changed since a note was made of it.
    fn counterpart_was_edited(&self, place: Place<'_>) -> bool {
        let print = |other: &Record| entry::print(&place.engine.marker, place.mapping, place.target(), other);
        let note = self.other_own.as_ref().and_then(Placed::note);
        note.zip(self.other.record()).is_some_and(|(note, other)| !note.remembers(&print(other)))
    }

    /// What joins all that is said of this change.
    pub(super) fn trace(&self, place: Place<'_>) -> TraceId {
        self.change.trace(place.subject())
    }

    pub(super) fn plan(&self, place: Place<'_>, refs: &Refs) -> Plan {
        let known = self.known(place, refs);
        if place.sync.is_write_only(place.mapping, place.target()) {
            blind::decide(&known, place.target(), self.change.resend)
        } else {
            reconcile(&known)
        }
    }

    /// The left and right ids of the pair, where both are known.
    pub(super) fn pair(&self, source: Side) -> Option<(RecordId, RecordId)> {
        let other = self.other_id.clone()?;
        let own = self.record.id.clone();
        Some(source.of((own.clone(), other.clone()), (other, own)))
    }
}

/// Keeps one change a record: the newest observation. A hint (no observation) is newer than all: it will be read. Beside them, without what they
/// observed, those that were superseded.
pub(super) fn newest(changes: Vec<Change>) -> (Vec<Change>, Vec<Change>) {
    let mut kept: BTreeMap<RecordId, Change> = BTreeMap::new();
    let mut superseded = Vec::new();
    for change in changes {
        match kept.get_mut(&change.id) {
            None => {
                kept.insert(change.id.clone(), change);
            }
            Some(held) => {
                let newer = match (&held.seen, &change.seen) {
                    (None, _) => false,
                    (Some(_), None) => true,
                    (Some(old), Some(new)) => match (old.version, new.version) {
                        (Some(old), Some(new)) if old != new => new > old,
                        (_, _) => change.since >= held.since,
                    },
                };
                let leave_out: BTreeSet<String> = held.leave_out.union(&change.leave_out).cloned().collect();
                let resend = held.resend || change.resend;
                let passed = if newer && !planted(Mutant::OldestKept) { std::mem::replace(held, change) } else { change };
                // A sweep leaves to the other side's sweep what a feed may not: an edit that a feed told of too is no sweep's any more.
                if held.cause == Cause::Sweep && matches!(passed.cause, Cause::Pull | Cause::Webhook) {
                    held.cause = passed.cause;
                }
                superseded.push(Change { seen: None, ..passed });
                held.leave_out = leave_out;
                held.resend = resend;
            }
        }
    }
    (kept.into_values().collect(), superseded)
}

/// Messages to be sent, gathered over a run.
#[derive(Default)]
pub(super) struct Outgoing {
    /// Changes that come again, by when.
    pub(super) again: BTreeMap<Timestamp, Vec<Change>>,
    /// Changes for the other side's worker.
    pub(super) forward: Vec<Change>,
    /// Link fields to be written on the source side.
    pub(super) stamps: Vec<Stamp>,
}

impl Outgoing {
    pub(super) fn again(&mut self, at: Timestamp, mut change: Change, counts: bool) {
        if counts && !planted(Mutant::AttemptsUncounted) {
            change.attempt += 1;
        }
        self.again.entry(at).or_default().push(change);
    }

    /// What the other side's worker shall look at: a record of the target side.
    /// `follows`: the trace of the change that calls for it.
    pub(super) fn forward(&mut self, id: RecordId, seen: Option<Record>, now: Timestamp, follows: TraceId) {
        let change = Change::hint(id, now, Cause::Counterpart);
        self.forward.push(Change { seen, follows: Some(follows), ..change });
    }

    /// Sends the stamps. Before the links are stored: a stamp is our own field and may be written twice, but once the link stands nobody
    /// would miss a forgotten one.
    pub(super) async fn send_stamps(&mut self, place: Place<'_>) -> Result<(), EngineError> {
        let mut stamps = std::mem::take(&mut self.stamps);
        stamps.retain(|_| !planted(Mutant::StampsForgotten));
        let due = message::stamps_due(place.sync, &place.mapping.name, place.source, place.now());
        let messages = message::stamps(place.sync, &place.mapping.name, place.source, due, &stamps)?;
        if !messages.is_empty() {
            place.engine.outbox.send(messages).await?;
        }
        Ok(())
    }

    /// Sends the rest. After the links are stored: what is sent again because of a crash is decided again.
    pub(super) async fn send(self, place: Place<'_>) -> Result<(), EngineError> {
        let Self { again, forward, stamps: _ } = self;
        let (engine, sync, mapping) = (place.engine, place.sync, &place.mapping.name);
        let mut messages = Vec::new();
        for (at, changes) in again {
            messages.extend(message::changes(engine, sync, mapping, place.source, at, &changes)?);
        }
        messages.extend(message::changes(engine, sync, mapping, place.target(), place.now(), &forward)?);
        if !messages.is_empty() {
            engine.outbox.send(messages).await?;
            telemetry::queued(Subject { side: place.target(), ..place.subject() }, &forward);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// That a record was seen at that second.
    fn told(cause: Cause, at: i64) -> Change {
        let seen_at = Timestamp::from_second(at).unwrap();
        let mut record = Record::new("contact".into(), "7".into());
        record.version = Some(syncline_model::Version(seen_at));
        Change::seen(record, seen_at, cause)
    }

    #[test]
    fn what_a_feed_told_of_too_is_no_sweeps_any_more() {
        let of_all = |changes: &[Change]| {
            let (kept, _) = newest(changes.to_vec());
            assert_eq!(kept.len(), 1);
            kept[0].cause
        };
        let (sweep, pull) = (told(Cause::Sweep, 10), told(Cause::Pull, 5));
        assert_eq!(of_all(&[pull.clone(), sweep.clone()]), Cause::Pull);
        assert_eq!(of_all(&[sweep.clone(), pull]), Cause::Pull);
        assert_eq!(of_all(&[sweep.clone(), told(Cause::Sweep, 11)]), Cause::Sweep);
        assert_eq!(of_all(&[sweep, told(Cause::Release, 5)]), Cause::Sweep, "nobody told of an edit");
    }
}
