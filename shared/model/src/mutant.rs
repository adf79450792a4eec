//! Planted defects: what the simulation must notice. Each stands in the production code as a switch of a line or two.
//!
//! Without the feature `mutants`, `planted` is a constant `false`, and the compiler removes every switch: no binary that is shipped can contain one.
//! The feature is named by no crate but the simulation's, where it is off unless asked for, so a build of the workspace cannot turn it on.
//! With it, a thread has at most one mutant at work, for as long as `with` runs: seeds run on several threads at once.

macro_rules! mutants {
    ($($(#[doc = $says:literal])+ $mutant:ident = $name:literal breaks $promise:literal;)+) => {
        /// A planted defect.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Mutant {
            $($(#[doc = $says])+ $mutant,)+
        }

        impl Mutant {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$mutant,)+];

            /// A stable name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$mutant => $name,)+
                }
            }

            /// The promise that it breaks: `P-1` … `P-10`.
            pub const fn promise(self) -> &'static str {
                match self {
                    $(Self::$mutant => $promise,)+
                }
            }
        }
    };
}

mutants! {
    /// The pull saves its cursor before the queue has taken the page (`engine::pull`).
    CursorBeforeQueue = "cursor-before-queue" breaks "P-8";
    /// A feed's lease is not looked at, and its cursor is stored whatever its version (`engine::cursor`).
    LeaseIgnored = "lease-ignored" breaks "P-8";
    /// A change within a minute of the newest one that the link knows is taken for an echo, whatever its values (`engine::pull`).
    EchoByTime = "echo-by-time" breaks "P-1";
    /// A backfill's scan does not hand its cursor to the change feed, which began later than the scan (`engine::backfill`).
    HandoverSkipped = "handover-skipped" breaks "P-8";
    /// The next listing begins where this one began, without a look back for rows that become visible late.
    LookbackRemoved = "lookback-removed" breaks "P-8";
    /// A listing goes on behind the last row's stamp, and drops the rows that share it.
    TiesDropped = "ties-dropped" breaks "P-8";
    /// A part of a batch that broke off is not reported to the queue, which then deletes its messages (`engine::write`).
    FailuresUnreported = "failures-unreported" breaks "P-5";
    /// Of several changes of a record in a batch the first is kept, not the newest, and written as it was told, however long ago (`engine::write`).
    OldestKept = "oldest-kept" breaks "P-1";
    /// An observation that is older than what the link knows is written all the same (`engine::write`).
    SupersededWritten = "superseded-written" breaks "P-1";
    /// The counterpart is not read before it is written: it counts as unchanged (`engine::write`).
    CounterpartUnread = "counterpart-unread" breaks "P-1";
    /// A link is stored without a condition on its version (`engine::entry`).
    LinkUnconditional = "link-unconditional" breaks "P-1";
    /// A pair is claimed although an entry stands there already (`engine::entry`).
    ClaimUnchecked = "claim-unchecked" breaks "P-2";
    /// A counterpart is created without an intent stored before (`engine::write`).
    NoIntent = "no-intent" breaks "P-2";
    /// A create that may have happened is repeated without a look (`engine::write`).
    RetryWithoutLook = "retry-without-look" breaks "P-2";
    /// A record without a link gets a new counterpart: nobody looks for the same person there (`engine::write`).
    MatchSkipped = "match-skipped" breaks "P-2";
    /// Of several candidates the first is linked, where a person should decide (`mapping::choose`, `engine::backfill`).
    CandidateFirst = "candidate-first" breaks "P-2";
    /// A create that is refused because of its own earlier attempt does not look for what that made.
    CreateMetUnheeded = "create-met-unheeded" breaks "P-2";
    /// What was just written is looked for in the search alone, which does not show it yet.
    FindLagIgnored = "find-lag-ignored" breaks "P-2";
    /// The base is of what was sent, not of what the vendor stores (`mapping::reconcile`).
    BaseFromSent = "base-from-sent" breaks "P-3";
    /// After a write the link keeps its old base (`engine::write`).
    BaseNotStored = "base-not-stored" breaks "P-1";
    /// A buried link counts as none: a late message brings the record back (`engine::write`).
    BuriedForgotten = "buried-forgotten" breaks "P-2";
    /// A link whose other side was deleted counts as none: the deleted record is made anew (`engine::write`).
    SeveredForgotten = "severed-forgotten" breaks "P-2";
    /// What a create without an answer may have left is neither looked for nor recognised (`engine::write`).
    NamelessUnsought = "nameless-unsought" breaks "P-2";
    /// A database's changes are read past transactions that are still open (`connectors`).
    OpenPassed = "open-passed" breaks "P-8";
    /// A record that comes back from the bin is not carried over any more (`engine::write`).
    RestoreUnnoticed = "restore-unnoticed" breaks "P-4";
    /// A sweep's listing that broke off counts as complete, and what it did not show as deleted (`engine::sweep`).
    PartialListing = "partial-listing" breaks "P-7";
    /// A deletion is carried over without asking for the record (`engine::write`, `engine::sweep`).
    DeleteUnconfirmed = "delete-unconfirmed" breaks "P-7";
    /// A sweep deletes any number of records without asking a person (`engine::sweep`).
    MassDeleteUnasked = "mass-delete-unasked" breaks "P-7";
    /// Any trouble in reading a record by id counts as its absence.
    ErrorAsGone = "error-as-gone" breaks "P-7";
    /// A session that has ended counts as the absence of what was asked for.
    ExpiryAsGone = "expiry-as-gone" breaks "P-7";
    /// A deletion goes over to a record that was edited meanwhile, whoever is the master (`mapping::reconcile`).
    DeleteBeatsEdit = "delete-beats-edit" breaks "P-1";
    /// A record that was merged into another counts as deleted (`engine::write`).
    MergeAsDelete = "merge-as-delete" breaks "P-7";
    /// When a link moves to the survivor of a merge, the other side's pointer stays behind (`engine::write`).
    MergePointerLeft = "merge-pointer-left" breaks "P-1";
    /// At a first link an empty value of the master clears the other side's (`mapping::reconcile`).
    FirstLinkClears = "first-link-clears" breaks "P-1";
    /// A field that a user cleared is not cleared on the other side (`mapping::reconcile`).
    ClearsKept = "clears-kept" breaks "P-1";
    /// `fill_empty` writes over what is there (`mapping::reconcile`).
    PolicyIgnored = "policy-ignored" breaks "P-1";
    /// A reference to a record that is not linked yet is written as empty (`mapping::reconcile`).
    ParentNotAwaited = "parent-not-awaited" breaks "P-4";
    /// Records that wait for their parent are not released when it is linked (`engine::waiting`).
    ChildrenNotReleased = "children-not-released" breaks "P-4";
    /// Where both sides changed a record, the master's whole record wins, not its field (`mapping::reconcile`).
    ConflictPerRecord = "conflict-per-record" breaks "P-1";
    /// In a conflict the master loses (`mapping::reconcile`).
    MasterInverted = "master-inverted" breaks "P-1";
    /// What a user lost in a conflict does not stand in the history (`mapping::reconcile`).
    LossUnrecorded = "loss-unrecorded" breaks "P-1";
    /// A field that waits for a person gets a new base, as if it were decided (`mapping::reconcile`).
    HeldFieldSettled = "held-field-settled" breaks "P-4";
    /// Of a plan that writes both sides, the other side's part is not passed on (`engine::write`).
    OtherSideForgotten = "other-side-forgotten" breaks "P-1";
    /// The link field of a record is never written (`engine::write`).
    StampsForgotten = "stamps-forgotten" breaks "P-2";
    /// The budget is neither loaded from the store nor saved there (`engine::budget`).
    BudgetPerProcess = "budget-per-process" breaks "P-9";
    /// A vendor's refusal for its rate does not close the budget (`engine::budget`).
    RefusalUnheard = "refusal-unheard" breaks "P-9";
    /// Changes that meet a spent budget are dropped (`engine::write`).
    RateLimitedDropped = "rate-limited-dropped" breaks "P-5";
    /// One record's refusal is taken for that of the whole batch (`engine::write`).
    BatchSharesFailure = "batch-shares-failure" breaks "P-6";
    /// A record whose write failed is neither repeated nor held (`engine::write`).
    FailureSwallowed = "failure-swallowed" breaks "P-5";
    /// A record that needs a person is dropped without a hold (`engine::write`).
    HoldSwallowed = "hold-swallowed" breaks "P-5";
    /// A hold is deleted when it is released, and its record not looked at (`engine::hold`).
    ReleaseUnqueued = "release-unqueued" breaks "P-5";
    /// A change that comes without its values is not read, and ends there (`engine::write`).
    HintDropped = "hint-dropped" breaks "P-5";
    /// A change whose entry somebody else changed meanwhile is not decided again (`engine::write`).
    ConflictDropped = "conflict-dropped" breaks "P-5";
    /// When a transaction is refused because of one record, the others' writes are forgotten (`engine::entry`).
    WinnersForgotten = "winners-forgotten" breaks "P-6";
    /// Attempts are not counted: a record that always fails is tried for ever (`engine::write`).
    AttemptsUncounted = "attempts-uncounted" breaks "P-4";
    /// A worker writes to a connection that is stopped (`engine::write`).
    PauseIgnored = "pause-ignored" breaks "P-6";
    /// A sweep carries over records that are older than the sync, although nobody asked for a backfill (`engine::sweep`).
    SweepAdopts = "sweep-adopts" breaks "P-3";
    /// Phone numbers are compared letter by letter (`mapping::equality`).
    SpellingCounts = "spelling-counts" breaks "P-2";
    /// The link table keeps field values where it should keep fingerprints (`mapping::base`).
    ValuesInLinks = "values-in-links" breaks "P-10";
    /// A vendor's sentence is kept with the values that it quotes (both connectors).
    ValuesInErrors = "values-in-errors" breaks "P-10";
    /// The link keeps the old id of a record that a write of ours moved to another (`engine::write`).
    MoveLeftBehind = "move-left-behind" breaks "P-4";
    /// A record that a connector turned into another does not say where it went (the connector that moves records).
    MoveUnmarked = "move-unmarked" breaks "P-2";
    /// Where one side opted out and the other did not, the opt-out loses (`mapping::reconcile`).
    OptOutLoses = "opt-out-loses" breaks "P-1";
}

impl Mutant {
    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|mutant| mutant.name() == name)
    }
}

/// Whether this defect is at work here. Never, in a build without the feature.
#[cfg(not(feature = "mutants"))]
pub const fn planted(_mutant: Mutant) -> bool {
    false
}

#[cfg(feature = "mutants")]
pub use at_work::{planted, with};

#[cfg(feature = "mutants")]
mod at_work {
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeSet;

    use super::Mutant;

    thread_local! {
        static AT_WORK: Cell<Option<Mutant>> = const { Cell::new(None) };
        static ASKED: RefCell<BTreeSet<Mutant>> = const { RefCell::new(BTreeSet::new()) };
    }

    /// Whether this defect is at work in this thread.
    pub fn planted(mutant: Mutant) -> bool {
        ASKED.with_borrow_mut(|asked| asked.insert(mutant));
        AT_WORK.get() == Some(mutant)
    }

    /// Runs with this defect, or with none. Answers as well which switches were passed: one that was not could have changed nothing.
    pub fn with<T>(mutant: Option<Mutant>, run: impl FnOnce() -> T) -> (T, BTreeSet<Mutant>) {
        /// Ends the defect also where the run panics.
        struct End;
        impl Drop for End {
            fn drop(&mut self) {
                AT_WORK.set(None);
            }
        }
        ASKED.take();
        AT_WORK.set(mutant);
        let end = End;
        let done = run();
        drop(end);
        (done, ASKED.take())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = Mutant::ALL.iter().map(|mutant| mutant.name()).collect();
        assert_eq!(names.len(), Mutant::ALL.len());
        assert!(Mutant::ALL.iter().all(|mutant| Mutant::named(mutant.name()) == Some(*mutant)));
    }
}
