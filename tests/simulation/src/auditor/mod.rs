//! The auditor: judges from the outside. It sees what users did, every change at the vendors and who made it, every request that reached them,
//! every write to the store and every message; it knows the promises, and none of the engine's code.
//!
//! What it calls a value's meaning, a link or a reason is its own idea of these things (`spelling`, `book`): where it and the engine disagree,
//! one of them is wrong.

mod book;
mod choice;
mod choices;
mod conduct;
mod consents;
mod echo;
mod endings;
mod moves;
mod reasons;
mod rest;
mod spelling;
mod steps;
mod updates;

use std::collections::{BTreeMap, BTreeSet};

use syncline_engine::ports::outbox::Message;
use syncline_engine::ports::store::Write;
use syncline_engine::sweep::SweepProgress;
use syncline_model::Side;
use syncline_simulator::Strain;

use crate::house::Turns;
use crate::kernel::{Millis, TaskId};
use crate::ports::store::SimulatedStore;
use crate::scenario::{Field, Object, Scenario, Sort};
use crate::vendors::{Author, Change, Merged, News, Vendors};

pub use conduct::Share;
pub use moves::MOVERS;

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// `P-1` … `P-10`.
    pub promise: &'static str,
    pub says: String,
}

/// What a run cost, and what happened in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Records that users changed, and that the integration did.
    pub user_changes: u64,
    pub integration_changes: u64,
    /// Requests that reached a vendor, and those of them that may write.
    pub calls: u64,
    pub writes: u64,
    /// Requests that might have written, and changed nothing: our own field again, a repetition after an answer that never came.
    pub idle_writes: u64,
    /// Edits that were overwritten between our read and our write: no vendor here lets us say "only if unchanged".
    pub unseen_overwrites: u64,
    /// What lost a conflict and stands in the history.
    pub losses: u64,
    /// Records that are held at the end, and that are skipped with a reason.
    pub held: u64,
    pub skipped: u64,
    /// Pairs that were compared at rest.
    pub pairs: u64,
}

pub struct Auditor {
    sync: &'static str,
    objects: Vec<Object>,
    scenario: Scenario,
    pub breaches: Vec<Breach>,
    pub figures: Figures,
    /// Everything that ever happened to each record, in order.
    changes: Vec<Change>,
    /// What users merged, each with the number of changes before it.
    merges: Vec<(usize, Merged)>,
    /// Who was removed for good: no feed tells of them.
    purged: BTreeSet<(Side, String, String)>,
    moves: moves::Moves,
    /// By mapping and side: how many of these took their counterparts along since the last sweep ended.
    unasked: BTreeMap<(String, Side), u64>,
    /// How often a person released what was held.
    releases: u32,
    /// While set, no vendor may be written to.
    quiet: bool,
    strained: BTreeSet<Side>,
    /// How many changes had happened when the sync was turned on.
    on: usize,
    /// When each task began.
    begun: BTreeMap<TaskId, Millis>,
    /// What a task has read in listings and not yet queued: texts of users.
    listed: BTreeMap<TaskId, BTreeSet<String>>,
    /// Where each change feed stood last, and when the task began that moved it there.
    cursors: BTreeMap<String, (String, Millis)>,
    /// Fields that the config in force leaves out.
    unmapped: BTreeSet<&'static str>,
    ever_unmapped: BTreeSet<&'static str>,
    /// Listings of the final round that were empty: no deletion is inferred from one.
    swept_empty: BTreeSet<(usize, Side)>,
    /// A hold was set or lifted in the final round: the pair differs, and was seen.
    holds_move: bool,
    sweeping: bool,
    /// By mapping and left id: the right id, and how many changes had happened when the two were linked first.
    linked_at: BTreeMap<(String, String), (String, usize)>,
    /// Every pair that was ever linked, by mapping, left and right id: how many changes had happened then.
    stood: BTreeMap<(String, String, String), usize>,
    /// By mapping and left id: the task that linked it first.
    linked_by: BTreeMap<(String, String), Option<TaskId>>,
    conduct: conduct::Conduct,
    /// Records that were left out by a rule once.
    left_out: BTreeSet<(String, Side, String)>,
    /// The tasks that ended and met no trouble.
    ended: BTreeMap<TaskId, echo::Ended>,
}

impl Auditor {
    pub fn new(scenario: &Scenario, sync: &'static str, objects: Vec<Object>) -> Self {
        Self {
            sync,
            objects,
            scenario: scenario.clone(),
            breaches: Vec::new(),
            figures: Figures::default(),
            changes: Vec::new(),
            merges: Vec::new(),
            purged: BTreeSet::new(),
            moves: moves::Moves::default(),
            unasked: BTreeMap::new(),
            releases: 0,
            quiet: false,
            strained: BTreeSet::new(),
            on: 0,
            begun: BTreeMap::new(),
            listed: BTreeMap::new(),
            cursors: BTreeMap::new(),
            unmapped: BTreeSet::new(),
            ever_unmapped: BTreeSet::new(),
            swept_empty: BTreeSet::new(),
            holds_move: false,
            sweeping: false,
            linked_at: BTreeMap::new(),
            stood: BTreeMap::new(),
            linked_by: BTreeMap::new(),
            conduct: conduct::Conduct::default(),
            left_out: BTreeSet::new(),
            ended: BTreeMap::new(),
        }
    }

    /// From here on the sync runs.
    pub fn turned_on(&mut self) {
        self.on = self.changes.len();
    }

    /// From here on what was there before is to be synced too.
    pub fn backfill_asked(&mut self) {
        self.scenario.backfill = true;
    }

    /// From here on nothing more may be written.
    pub fn quiet(&mut self) {
        self.quiet = true;
    }

    /// From here on everything is compared.
    pub fn sweeping(&mut self) {
        self.sweeping = true;
    }

    pub fn began(&mut self, task: TaskId, at: Millis) {
        self.begun.insert(task, at);
    }

    /// Another config holds: it leaves these fields out.
    pub fn configured(&mut self, unmapped: &[&'static str]) {
        self.unmapped = unmapped.iter().copied().collect();
        self.ever_unmapped.extend(unmapped);
    }

    /// A person releases what is held, and answers sweeps that ask.
    pub fn released(&mut self) {
        self.releases += 1;
        self.unasked.clear();
    }

    pub fn strained(&mut self, side: Side, _strain: Strain) {
        self.strained.insert(side);
    }

    /// A sweep ended. Each one alone is bound to ask.
    pub fn sweep_ended(&mut self, mapping: usize, side: Side) {
        if let Some(object) = self.objects.get(mapping) {
            self.unasked.remove(&(object.mapping.to_owned(), side));
        }
    }

    /// A sweep of the final round ended. What it found of edits and new records, the feeds had missed.
    pub fn swept(&mut self, mapping: usize, side: Side, progress: &SweepProgress) {
        let missed = &progress.missed;
        if progress.read == 0 {
            self.swept_empty.insert((mapping, side));
        }
        // A parent that goes takes the references to it along, and moves no child's stamp: no feed tells.
        let cascaded = self.changes.iter().any(|change| {
            change.after.is_none() && self.objects.iter().any(|object| object.kind(change.side) == change.kind && self.is_parent(object))
        });
        // Nor does one when another config maps more, or less.
        if !cascaded && !self.holds_move && self.ever_unmapped.is_empty() && (missed.edited > 0 || missed.created > 0) {
            let name = self.objects.get(mapping).map_or("", |object| object.mapping);
            self.breach("P-8", format!("the feed of {name} at {side} missed {} edits and {} new records", missed.edited, missed.created));
        }
    }

    fn is_parent(&self, object: &Object) -> bool {
        let refers = |field: &Field| field.sort == Sort::Reference { parent: object.mapping };
        self.objects.iter().flat_map(|object| &object.fields).any(refers)
    }

    /// A sentence of the engine's for people.
    pub fn said(&mut self, sentence: &str) {
        if crate::workload::is_token(sentence) {
            self.breach("P-10", format!("a sentence of {} letters shows a user's value", sentence.len()));
        }
    }

    fn breach(&mut self, promise: &'static str, says: String) {
        let breach = Breach { promise, says };
        if !self.breaches.contains(&breach) {
            self.breaches.push(breach);
        }
    }

    /// What happened in one step.
    pub fn hear(
        &mut self,
        turns: &Turns,
        vendors: &Vendors,
        store: &SimulatedStore,
        news: &[News],
        written: &[(Option<TaskId>, Write)],
        sent: &[(Option<TaskId>, Message)],
    ) {
        for news in news {
            match news {
                News::Changed(change) => {
                    match change.author {
                        Author::User => self.figures.user_changes += 1,
                        Author::Integration(task) => {
                            self.figures.integration_changes += 1;
                            self.judge_change(vendors, store, change, task);
                            if let Some(object) = self.object(change.side, &change.kind) {
                                self.judge_spelling(store, &object, change, task);
                            }
                        }
                    }
                    self.changes.push(change.clone());
                }
                News::Merged(merged) => self.merges.push((self.changes.len(), merged.clone())),
                News::Moved(moved) => {
                    turns.happened(MOVERS[usize::from(moved.author != Author::User)]);
                    self.follow(moved, turns.millis());
                }
                News::Purged(side, kind, id) => {
                    self.purged.insert((*side, kind.clone(), id.clone()));
                }
                News::Arrived(arrived) => {
                    self.judge_stop(arrived);
                    self.arrived(arrived);
                }
                News::Sent(side) => self.judge_call(turns.millis(), *side),
                News::ShutOut(told) => self.shut_out(turns.millis(), *told),
            }
        }
        for (task, message) in sent {
            self.judge_sent(*task, message);
            // What was listed is queued.
            if let Some(task) = task {
                self.listed.remove(task);
            }
        }
        for (task, write) in written {
            self.holds_move |= self.sweeping && write.key().partition.starts_with("h#");
            // What a backfill or a sweep has read rests in the store.
            if let (Some(task), true) = (task, matches!(write.key().partition.get(..2), Some("s#" | "q#"))) {
                self.listed.remove(task);
            }
            self.judge_conduct(turns.millis(), *task, write);
            self.judge_write(turns, vendors, store, *task, write);
        }
    }
}
