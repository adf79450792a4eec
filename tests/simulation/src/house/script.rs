//! What a script needs of the house: ports of its own in front of the house's, and who had each effect.

use std::collections::BTreeMap;

use syncline_engine::ports::webhook::Hint;
use syncline_model::Side;
use syncline_registry::Adapters;

use super::{Duty, House, Role};
use crate::kernel::{Event, Millis, TaskId};

impl House {
    /// Puts other ports in front of those that functions reach the world through. Containers that serve already keep theirs.
    pub(crate) fn put_in_front(&mut self, put: impl FnOnce(&Adapters) -> Adapters) {
        self.adapters = put(&self.adapters);
    }

    /// The auditor hears what the script did at a vendor, and quiet counts from here.
    pub(crate) fn hear_of_it(&mut self) {
        self.listen();
    }

    /// A webhook tells of a record, now.
    pub(crate) fn tell_of(&mut self, side: Side, hint: Hint) {
        let number = self.workload.remember((side, hint));
        self.kernel.plan(self.kernel.millis(), Event::Duty(Duty::Webhook(number)));
    }

    /// Lets everything happen until the world is quiet, or this moment has come, with a look after every
    /// step in which something may have changed at a vendor. Answers whether it is quiet.
    pub(crate) fn watch_until_quiet(&mut self, end: Millis, watch: &mut Watch<'_>) -> bool {
        let mut seen = self.kernel.effects();
        loop {
            if self.is_quiet() {
                return true;
            }
            if self.kernel.next_at().is_none_or(|at| at > end) {
                return false;
            }
            self.step();
            watch.roles.extend(self.tasks.iter().map(|(id, task)| (*id, task.role)));
            let effects = self.kernel.effects();
            let role = self.kernel.last().and_then(|id| watch.roles.get(&id)).copied();
            watch.doers.extend((seen..effects).map(|_| role));
            seen = effects;
            if self.stirred == self.kernel.millis() {
                (watch.look)(self);
            }
        }
    }
}

/// What is seen of a world while it happens.
pub(crate) struct Watch<'a> {
    /// Who had each effect, in order.
    pub(crate) doers: Vec<Option<Role>>,
    roles: BTreeMap<TaskId, Role>,
    look: &'a mut dyn FnMut(&House),
}

impl<'a> Watch<'a> {
    pub(crate) fn new(look: &'a mut dyn FnMut(&House)) -> Self {
        Self { doers: Vec::new(), roles: BTreeMap::new(), look }
    }
}
