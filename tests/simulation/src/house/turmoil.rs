//! The time in which users act, webhooks tell of it or do not, and what befalls a whole installation: an outage, a revoked credential, a mass
//! deletion, a backfill that a later config asks for.

use syncline_engine::ports::webhook::Hint;
use syncline_model::Side;
use syncline_simulator::Strain;

use super::{Duty, House, Role};
use crate::kernel::{Event, Millis};
use crate::scenario::Emphasis;

const MINUTE: Millis = 60_000;

/// Something that befalls the installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Affair {
    OutageBegins(Side),
    OutageEnds(Side),
    Revoked(Side),
    GivenBack(Side),
    ConnectedAgain,
    MassDeletion(Side),
    NextConfig,
    Downgraded(Side),
    /// What a pressed world has of its vendors.
    Strained(Side, Strain),
}

/// Every affair, as it is counted.
pub const AFFAIRS: [&str; 7] = [
    "a vendor is out for an hour",
    "a credential is revoked",
    "a credential is given back",
    "the operator connects again",
    "most contacts are deleted at once",
    "a backfill begins in mid-flight",
    "a plan is downgraded in a backfill",
];

impl House {
    pub(super) fn begin_turmoil(&mut self) {
        let now = self.kernel.millis();
        for _ in 0..self.scenario.acts {
            let at = now + self.kernel.between(1_000, self.scenario.turmoil);
            self.kernel.plan(at, Event::Duty(Duty::User));
            if self.kernel.one_in(self.scenario.operator) {
                self.kernel.plan(self.kernel.between(now, at), Event::Duty(Duty::Operator));
            }
        }
        if self.scenario.sweeps {
            for _ in 0..3 {
                let at = now + self.kernel.between(1_000, self.scenario.turmoil);
                self.plan_sweeps(at);
            }
        }
        self.plan_affairs(now);
        self.calm_at = now + self.scenario.turmoil;
        self.kernel.plan(self.calm_at, Event::Duty(Duty::Calm));
    }

    fn plan_sweeps(&self, at: Millis) {
        for mapping in 0..self.mappings() {
            for side in [Side::Left, Side::Right] {
                self.kernel.plan(at, Event::Duty(Duty::Sweep(mapping, side)));
            }
        }
    }

    fn plan_affairs(&self, now: Millis) {
        self.kernel.happened(self.scenario.stress.words());
        for (after, side, strain) in self.scenario.stress.strains() {
            let at = now + after + self.kernel.between(0, MINUTE / 2);
            self.kernel.plan(at, Event::Duty(Duty::Affair(Affair::Strained(side, strain))));
        }
        let (affairs, turmoil) = (&self.scenario.affairs, self.scenario.turmoil);
        let early = || now + self.kernel.between(0, turmoil / 2);
        let plan = |at: Millis, affair| self.kernel.plan(at, Event::Duty(Duty::Affair(affair)));
        if let Some(side) = affairs.outage {
            let at = early();
            plan(at, Affair::OutageBegins(side));
            plan((at + 60 * MINUTE).min(now + turmoil), Affair::OutageEnds(side));
        }
        if let Some(side) = affairs.revoked {
            let at = early();
            let back = at + self.kernel.between(MINUTE, turmoil / 3);
            plan(at, Affair::Revoked(side));
            plan(back, Affair::GivenBack(side));
            plan(back + self.kernel.between(1_000, 10 * MINUTE), Affair::ConnectedAgain);
        }
        if let Some(side) = affairs.mass_deletion {
            plan(now + self.kernel.between(turmoil / 4, turmoil), Affair::MassDeletion(side));
        }
        if affairs.late_backfill && !self.scenario.backfill {
            plan(early(), Affair::NextConfig);
        }
        if let Some(side) = affairs.downgraded_in_backfill {
            plan(now + self.kernel.between(0, 2 * MINUTE), Affair::Downgraded(side));
        }
    }

    pub(super) fn befall(&mut self, affair: Affair) {
        if self.mood.is_calm() {
            return;
        }
        let now = self.kernel.millis();
        match affair {
            Affair::OutageBegins(side) => {
                self.kernel.happened("a vendor is out for an hour");
                self.kernel.note(|| format!("the vendor at {side} cannot be reached"));
                self.vendors.set_reachable(side, false);
            }
            Affair::OutageEnds(side) => {
                self.kernel.note(|| format!("the vendor at {side} can be reached again"));
                self.vendors.set_reachable(side, true);
            }
            Affair::Revoked(side) => {
                self.kernel.happened("a credential is revoked");
                self.kernel.note(|| format!("the credential at {side} is revoked"));
                self.vendors.set_revoked(side, true);
            }
            Affair::GivenBack(side) => {
                self.kernel.happened("a credential is given back");
                self.kernel.note(|| format!("the credential at {side} is given back"));
                self.vendors.set_revoked(side, false);
            }
            Affair::ConnectedAgain => {
                self.kernel.happened("the operator connects again");
                self.resume();
            }
            Affair::MassDeletion(side) => {
                self.kernel.happened("most contacts are deleted at once");
                if self.scenario.emphasis == Emphasis::Purges {
                    self.workload.purge_most(&self.kernel, &self.vendors, side);
                } else {
                    self.workload.delete_most(&self.kernel, &self.vendors, side);
                }
                self.plan_sweeps(now + self.kernel.between(0, 20 * MINUTE));
            }
            Affair::NextConfig => self.next_config(),
            Affair::Strained(side, strain) => self.strain(side, strain),
            Affair::Downgraded(side) => {
                if !self.backfilled && self.vendors.strain(side, self.kernel.timestamp(), Strain::PlanDowngraded) {
                    self.kernel.happened("a plan is downgraded in a backfill");
                    self.kernel.note(|| format!("the vendor at {side} allows less from now on"));
                    self.auditor.strained(side, Strain::PlanDowngraded);
                }
            }
        }
    }

    /// A schedule fires; now and then once more, at once or a little later.
    pub(super) fn pulls(&mut self, side: Side) {
        let now = self.kernel.millis();
        if self.scenario.doubled > 0 && !self.mood.is_calm() && self.kernel.one_in(self.scenario.doubled) {
            self.kernel.happened("a schedule fires twice");
            let later = if self.kernel.one_in(2) { 0 } else { self.kernel.between(1, 5_000) };
            self.kernel.plan(now + later, Event::Duty(Duty::PullAgain(side)));
        }
        self.invoke(Role::Pull(side));
    }

    /// A user acts; a webhook tells of it, late, twice, or never.
    pub(super) fn user_acts(&mut self) {
        if !self.backfilled {
            self.kernel.happened("a user acts during a backfill");
        }
        let hints = self.workload.act(&self.kernel, &self.vendors);
        self.plan_afterwards();
        self.told(hints);
    }

    /// What follows from an act comes in its time.
    pub(super) fn plan_afterwards(&mut self) {
        let now = self.kernel.millis();
        for (wait, number) in self.workload.take_later() {
            self.kernel.plan(now + wait, Event::Duty(Duty::Afterwards(number)));
        }
    }

    /// Somebody does what follows from an act, unless users have ended.
    pub(super) fn act_afterwards(&mut self, number: usize) {
        if !self.mood.is_calm() {
            let hints = self.workload.act_afterwards(&self.kernel, &self.vendors, number);
            self.told(hints);
        }
    }

    /// A webhook tells of what changed, or none does.
    fn told(&mut self, hints: Vec<(Side, Hint)>) {
        let now = self.kernel.millis();
        if hints.is_empty() || !self.kernel.one_in(self.scenario.webhooks) {
            self.kernel.happened("no webhook tells of an act");
            return;
        }
        for hint in hints {
            let number = self.workload.remember(hint);
            let at = now + self.kernel.between(100, 120_000);
            self.kernel.plan(at, Event::Duty(Duty::Webhook(number)));
            self.kernel.happened("a webhook tells of an act");
            if self.kernel.one_in(5) {
                self.kernel.happened("a webhook comes twice");
                self.kernel.plan(at + self.kernel.between(1, 900_000), Event::Duty(Duty::Webhook(number)));
            }
        }
    }

    /// Users and troubles end; what was taken from the installation is given back, and the operator starts what stands still.
    pub(super) fn become_calm(&mut self) {
        let now = self.kernel.millis();
        self.kernel.note(|| "calm: users and troubles end".to_owned());
        self.mood.calm();
        for side in [Side::Left, Side::Right] {
            self.vendors.set_reachable(side, true);
            self.vendors.set_revoked(side, false);
        }
        self.resume();
        // An answer from before may still stop a connection after this.
        self.kernel.plan(now + self.scenario.timeout + MINUTE, Event::Duty(Duty::Operator));
        self.stirred = now;
    }
}
