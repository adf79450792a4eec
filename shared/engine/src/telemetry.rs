//! The events that are logged: one for each decision about a record, with the trace id that joins it to the others. `EVENTS` is the list of
//! them; what is logged under other words is a sentence for people, and nobody should count on it.
//!
//! No field value is ever among them. What a quiet installation would repeat by the thousand (an echo, a wait for the budget) is told at the
//! level `debug` only.

use syncline_model::{FieldName, MappingName, RecordId, Side, SyncName};

use crate::counts::End;
use crate::history::Act;
use crate::message::{Cause, Change, Stamp};
use crate::trace::TraceId;

/// An event as its readers know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// What stands in `message`.
    pub name: &'static str,
    pub levels: &'static str,
    /// The functions that log it.
    pub by: &'static [&'static str],
    pub means: &'static str,
    /// The names of its fields, each one of `FIELDS`.
    pub fields: &'static [&'static str],
}

/// What each field of an event holds.
pub const FIELDS: &[(&str, &str)] = &[
    ("sync", "the sync's name in the config"),
    ("mapping", "the object mapping's name"),
    ("side", "`left` or `right`: where the record is"),
    ("record", "the record's id at its vendor"),
    ("trace", "the trace id: the same in every event that speaks of this change, and in the history"),
    ("cause", "where the change came from: `pull`, `webhook`, `backfill`, `sweep`, `counterpart`, `parent`, `child` or `release`"),
    (
        "disposition",
        "how it ended: `created`, `updated`, `deleted`, `linked`, `unchanged`, `superseded`, `skipped`, `held`; or `waits`: it comes again",
    ),
    ("reason", "why it was skipped or held, or what it waits for; absent otherwise"),
    ("other", "the id of its counterpart, where it is known"),
    ("act", "what was written: `created`, `updated`, `deleted` or `restored`"),
    ("fields", "names of fields, parted by blanks; never their values"),
];

/// Every event.
pub const EVENTS: &[Event] = &[
    Event {
        name: "queued",
        levels: "info; debug where a backfill, a sweep or another record's change is the cause",
        by: &["pull", "webhook", "write"],
        means: "a change of a record was seen and is durable in the queue of the connection that may have to be written",
        fields: &["sync", "mapping", "side", "record", "cause", "trace"],
    },
    Event {
        name: "decided",
        levels: "info; warn where a record is held; debug for `unchanged`, `superseded` and `waits`",
        by: &["pull", "write"],
        means: "what became of a change. `created`, `updated` and `deleted` are told once the vendor has confirmed the write and the new base is stored",
        fields: &["sync", "mapping", "side", "record", "disposition", "reason", "other", "trace"],
    },
    Event {
        name: "overruled",
        levels: "info",
        by: &["write"],
        means: "both sides had changed the same fields, and this record lost: what stood in them is in the history",
        fields: &["sync", "mapping", "side", "record", "fields", "trace"],
    },
    Event {
        name: "written",
        levels: "debug",
        by: &["write"],
        means: "a vendor confirmed a write; its base is stored next, and the decision told then",
        fields: &["sync", "mapping", "side", "record", "act", "trace"],
    },
    Event {
        name: "stamped",
        levels: "debug",
        by: &["write"],
        means: "a vendor confirmed that a record carries its counterpart's id in the link field",
        fields: &["sync", "mapping", "side", "record", "trace"],
    },
];

/// Where a change belongs.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) sync: &'a SyncName,
    pub(crate) mapping: &'a MappingName,
    pub(crate) side: Side,
}

/// Changes are durable in a queue.
pub(crate) fn queued(at: Subject<'_>, changes: &[Change]) {
    let Subject { sync, mapping, side } = at;
    for change in changes {
        let (record, trace, cause) = (&change.id, Traced(at, change), change.cause.name());
        match change.cause {
            Cause::Pull | Cause::Webhook | Cause::Release => {
                tracing::info!(%sync, %mapping, %side, %record, cause, %trace, "queued");
            }
            Cause::Listed | Cause::Backfill | Cause::Sweep | Cause::Counterpart | Cause::Parent | Cause::Child => {
                tracing::debug!(%sync, %mapping, %side, %record, cause, %trace, "queued");
            }
        }
    }
}

/// What became of a change.
pub(crate) fn decided(at: Subject<'_>, change: &Change, other: Option<&RecordId>, end: &End) {
    let Subject { sync, mapping, side } = at;
    let (record, trace, disposition) = (&change.id, Traced(at, change), end.name());
    let (reason, other) = (end.reason(), other.map(tracing::field::display));
    match end {
        End::Held(_) => tracing::warn!(%sync, %mapping, %side, %record, disposition, reason, other, %trace, "decided"),
        End::Created | End::Updated | End::Deleted | End::Linked | End::Skipped(_) => {
            tracing::info!(%sync, %mapping, %side, %record, disposition, reason, other, %trace, "decided");
        }
        End::Unchanged | End::Superseded | End::Later(_) => {
            tracing::debug!(%sync, %mapping, %side, %record, disposition, reason, other, %trace, "decided");
        }
    }
}

/// A record's edits lost a conflict.
pub(crate) fn overruled<'a>(at: Subject<'_>, record: &RecordId, fields: impl Iterator<Item = &'a FieldName>, trace: &TraceId) {
    let Subject { sync, mapping, side } = at;
    let fields = fields.map(FieldName::as_str).collect::<Vec<_>>().join(" ");
    tracing::info!(%sync, %mapping, %side, %record, fields, %trace, "overruled");
}

/// A vendor confirmed a write.
pub(crate) fn written(at: Subject<'_>, record: &RecordId, act: Act, trace: &TraceId) {
    let Subject { sync, mapping, side } = at;
    tracing::debug!(%sync, %mapping, %side, %record, act = act.name(), %trace, "written");
}

/// A vendor confirmed a link field.
pub(crate) fn stamped(at: Subject<'_>, stamp: &Stamp) {
    let Subject { sync, mapping, side } = at;
    let (record, trace) = (&stamp.id, stamp.trace.as_ref().map(tracing::field::display));
    tracing::debug!(%sync, %mapping, %side, %record, trace, "stamped");
}

/// A change's trace id, made only where somebody reads the line.
struct Traced<'a>(Subject<'a>, &'a Change);

impl std::fmt::Display for Traced<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.1.trace(self.0).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Every event as it is logged, at every level.
    fn logged() -> Vec<serde_json::Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let (sync, mapping) = (SyncName::new("customers"), MappingName::new("contacts"));
            let at = Subject { sync: &sync, mapping: &mapping, side: Side::Left };
            let change = Change::hint("7".into(), syncline_model::Timestamp::UNIX_EPOCH, Cause::Webhook);
            let trace = change.trace(at);
            queued(at, std::slice::from_ref(&change));
            for end in [End::Created, End::Unchanged, End::Held("refused"), End::Later("waiting")] {
                decided(at, &change, Some(&"c-7".into()), &end);
            }
            overruled(at, &change.id, [FieldName::new("email"), FieldName::new("phone")].iter(), &trace);
            written(at, &change.id, Act::Created, &trace);
            stamped(at, &Stamp::new("7".into(), "c-7".into(), syncline_model::Timestamp::UNIX_EPOCH, Some(trace.clone())));
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn what_is_logged_is_what_the_list_says() {
        let mut seen = BTreeSet::new();
        for line in logged() {
            let name = line["message"].as_str().unwrap().to_owned();
            let event = EVENTS.iter().find(|event| event.name == name).unwrap_or_else(|| panic!("{name} is not on the list"));
            let own = ["timestamp", "level", "target", "message"];
            let fields: BTreeSet<&str> = line.as_object().unwrap().keys().map(String::as_str).filter(|name| !own.contains(name)).collect();
            let listed: BTreeSet<&str> = event.fields.iter().copied().collect();
            assert!(fields.is_subset(&listed), "{name}: {fields:?}");
            seen.extend(fields.iter().map(|field| (event.name, (*field).to_owned())));
            let level = line["level"].as_str().unwrap().to_lowercase();
            assert!(event.levels.contains(&level), "{name} at {level}");
        }
        let listed: BTreeSet<(&str, String)> =
            EVENTS.iter().flat_map(|event| event.fields.iter().map(|field| (event.name, (*field).to_owned()))).collect();
        assert_eq!(seen, listed, "every listed field is logged by its event");
    }

    #[test]
    fn each_field_is_explained_once_and_used() {
        let explained: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
        let used: BTreeSet<&str> = EVENTS.iter().flat_map(|event| event.fields.iter().copied()).collect();
        assert_eq!(explained.iter().copied().collect::<BTreeSet<_>>(), used);
        assert_eq!(explained.len(), used.len());
    }

    #[test]
    fn one_change_has_one_trace_in_all_of_its_events() {
        let traces: BTreeSet<String> = logged().iter().map(|line| line["trace"].as_str().unwrap().to_owned()).collect();
        assert_eq!(traces.len(), 1);
    }
}
