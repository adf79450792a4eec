//! Sweeps of the final round, which compare everything, and what comes of each.

use std::collections::BTreeSet;

use syncline_engine::sweep::{SweepPhase, SweepProgress};
use syncline_model::Side;

use super::{Duty, House, Role};
use crate::kernel::Event;

impl House {
    /// Begins the final round of sweeps.
    pub fn sweep_all(&mut self) {
        self.auditor.sweeping();
        let now = self.kernel.millis();
        self.stirred = now;
        let mut open = BTreeSet::new();
        for mapping in 0..self.mappings() {
            for side in [Side::Left, Side::Right] {
                open.insert((mapping, side));
                self.kernel.plan(now, Event::Duty(Duty::Sweep(mapping, side)));
            }
        }
        self.sweeps_open = Some(open);
    }

    /// Goes on with a sweep. The final round makes each one once: what was planned before it, and finds that one made, would ask again after quiet.
    pub(super) fn sweep(&mut self, mapping: usize, side: Side) {
        if self.sweeps_open.as_ref().is_some_and(|open| !open.contains(&(mapping, side))) {
            return;
        }
        if !self.mood.is_calm() {
            self.kernel.happened("a sweep runs while users act");
        }
        self.invoke(Role::Sweep(mapping, side));
    }

    pub(super) fn swept(&mut self, mapping: usize, side: Side, progress: &SweepProgress) {
        let now = self.kernel.millis();
        self.kernel.note(|| {
            let stopped = progress.stopped.as_deref().unwrap_or("as planned");
            format!("sweep {mapping} {side}: {:?}, the feeds had missed {:?}; {stopped}", progress.phase, progress.missed)
        });
        if progress.phase == SweepPhase::Done {
            self.auditor.sweep_ended(mapping, side);
        }
        match progress.phase {
            SweepPhase::Asked if self.mood.is_calm() => {
                self.kernel.happened("a sweep asks");
                // Somebody answers, and it is made again.
                self.release_all();
                self.kernel.plan(now + 60_000, Event::Duty(Duty::Sweep(mapping, side)));
            }
            SweepPhase::Done | SweepPhase::Asked => {
                if progress.phase == SweepPhase::Asked {
                    self.kernel.happened("a sweep asks");
                }
                if self.sweeps_open.as_mut().is_some_and(|open| open.remove(&(mapping, side))) {
                    self.auditor.swept(mapping, side, progress);
                }
            }
            SweepPhase::NotBegun | SweepPhase::Listing | SweepPhase::Comparing | SweepPhase::Sending => {
                let again = self.again(progress.again_at, progress.stopped.is_some());
                self.kernel.plan(again, Event::Duty(Duty::Sweep(mapping, side)));
            }
        }
    }
}
