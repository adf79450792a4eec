//! Who is linked with whom: where two could be it, a person decides.

use syncline_model::Side;
use syncline_simulator::Fields;

use super::Auditor;
use super::spelling::{linked, meaning};
use crate::kernel::TaskId;
use crate::ports::store::SimulatedStore;
use crate::scenario::{Field, Object, Sort};
use crate::vendors::{Author, Vendors};

impl Auditor {
    /// P-2: two records are linked for the first time. One of them was not touched since the sync was turned on, and a worker of the other one's
    /// side decided (what is touched may be told of before it can be seen): then nobody else there may be as good, by the address or, where that
    /// finds none, by the mobile.
    pub(super) fn judge_choice(
        &mut self,
        vendors: &Vendors,
        store: &SimulatedStore,
        task: Option<TaskId>,
        mapping: &str,
        (left, right): (&str, &str),
    ) {
        let Some(object) = self.objects.iter().find(|object| object.mapping == mapping && !object.need_one_of[0].is_empty()).cloned()
        else {
            return;
        };
        // Who is released, or takes over from a merged one, is decided with a person's word.
        let merged = self.merges.iter().any(|(_, its)| its.kind == object.kind(its.side));
        // A backfill carries over both sides' records, touched or not.
        if self.releases > 0 || merged || self.scenario.backfill {
            return;
        }
        let book = self.book(store);
        let decided = task.and_then(|task| self.decides_for(task));
        for side in [Side::Left, Side::Right].into_iter().filter(|side| decided.is_none_or(|decided| decided == *side)) {
            let (id, other) = (side.of(left, right), side.of(right, left));
            let live = vendors.live(side.other(), object.kind(side.other()));
            let own = vendors.live(side, object.kind(side));
            let (Some(record), Some(chosen)) = (own.get(id), live.get(other)) else { continue };
            if !self.is_as_made(&object, side, id) || !self.is_untouched(&object, side.other(), other) {
                continue;
            }
            let free = |candidate: &str, its: &Fields| {
                self.is_untouched(&object, side.other(), candidate)
                    && linked(its, object.link(side.other())).is_none()
                    && book.link(mapping, side.other(), candidate).is_none()
            };
            let shares = |field: &Field| -> Vec<&String> {
                let wanted = meaning(field, side, record);
                let same = |its: &Fields| !wanted.is_empty() && meaning(field, side.other(), its) == wanted;
                live.iter()
                    .filter(|(candidate, its)| candidate.as_str() == other || same(its) && free(candidate, its))
                    .filter(|(_, its)| same(its))
                    .map(|(candidate, _)| candidate)
                    .collect()
            };
            let by = |sort: Sort| object.fields.iter().find(|field| field.sort == sort).map(&shares).unwrap_or_default();
            let hits = Some(by(Sort::Email)).filter(|hits| !hits.is_empty()).unwrap_or_else(|| by(Sort::Phone));
            // Vendors look for a number letter by letter.
            let spelled = |its: &Fields| {
                object
                    .fields
                    .iter()
                    .filter(|field| field.sort == Sort::Phone)
                    .map(|field| field.parts(side.other()).iter().map(|part| its.get(*part).cloned()).collect::<Vec<_>>())
                    .collect::<Vec<_>>()
            };
            let alike = hits.iter().filter(|candidate| live.get(**candidate).is_some_and(|its| spelled(its) == spelled(chosen))).count();
            if alike > 1 && hits.iter().any(|hit| hit.as_str() == other) {
                let says = format!("{} {id} of {side} was linked to {other}, where {hits:?} are as good", object.kind(side));
                self.breach("P-2", says);
                return;
            }
        }
    }

    /// A user made it before the sync was turned on, and nobody changed it since.
    fn is_untouched(&self, object: &Object, side: Side, id: &str) -> bool {
        self.life_places(object, side, id).all(|(place, change)| place < self.on && change.author == Author::User)
    }

    /// A user made it, and nobody changed it since.
    fn is_as_made(&self, object: &Object, side: Side, id: &str) -> bool {
        let mut life = self.life_places(object, side, id);
        life.next().is_some_and(|(_, change)| change.before.is_none() && change.author == Author::User) && life.next().is_none()
    }
}
