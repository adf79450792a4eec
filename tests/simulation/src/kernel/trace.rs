//! The story of a run: a digest always, lines where somebody wants to read them.

use std::collections::BTreeMap;

use syncline_model::Timestamp;

use super::{Millis, TaskId};

/// What happened, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Changes with every byte of every line (FNV-1a, 64 bits), with its moment and its task.
    pub digest: u64,
    pub count: u64,
    /// Empty unless the story is told.
    pub lines: Vec<String>,
    told: bool,
    names: BTreeMap<TaskId, &'static str>,
}

impl Trace {
    pub(super) fn new(told: bool) -> Self {
        Self { digest: 0xcbf2_9ce4_8422_2325, count: 0, lines: Vec::new(), told, names: BTreeMap::new() }
    }

    /// What a task is called in the lines.
    pub(super) fn call(&mut self, id: TaskId, name: &'static str) {
        if self.told {
            self.names.insert(id, name);
        }
    }

    pub(super) fn note(&mut self, now: Millis, who: Option<TaskId>, line: impl FnOnce() -> String) {
        let line = line();
        self.count += 1;
        let number = who.map_or(u64::MAX, |TaskId(number)| number);
        for byte in now.to_le_bytes().iter().chain(&number.to_le_bytes()).chain(line.as_bytes()) {
            self.digest = (self.digest ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        if self.told {
            let at = Timestamp::from_millisecond(now).unwrap_or(Timestamp::UNIX_EPOCH);
            let who = who.map_or_else(String::new, |id| format!("#{} {}", id.0, self.names.get(&id).copied().unwrap_or_default()));
            self.lines.push(format!("{at:.3} {who:<19} {line}"));
        }
    }
}
