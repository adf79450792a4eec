//! What the vendors' users do: every value they write is new, so that the auditor can tell where each one came from.

mod acts;
mod afterwards;
mod pressed;
mod rarities;
mod scenes;
mod values;

use serde_json::Value as Json;
use syncline_engine::ports::webhook::Hint;
use syncline_model::{Side, Timestamp};
use syncline_simulator::Fields;

use crate::house::Turns;
use crate::kernel::Millis;
use crate::scenario::{Emphasis, Field, Keeps, Object, RecipeName, Scenario, Sort};
use crate::vendors::Vendors;

use afterwards::Afterwards;

pub use acts::Act;
pub use afterwards::AFTERWARDS;
pub use values::{Value, is_token, tokens};

pub struct Workload {
    objects: Vec<Object>,
    acts: &'static [(Act, u64)],
    people: [u32; 2],
    shared: u32,
    companies: u32,
    serial: u32,
    /// Who went to the bin, and may come back.
    binned: Vec<Touched>,
    hints: Vec<(Side, Hint)>,
    emphasis: Emphasis,
    /// Whether every other act is about a parent.
    parents_often: bool,
    /// Mobile numbers that several contacts of a side share: the side, and the digits.
    shared_mobiles: Vec<(Side, String)>,
    /// What is to follow, and in how long.
    later: Vec<(Millis, Afterwards)>,
    planned: Vec<Afterwards>,
    favoured: Option<Act>,
    /// What was edited again, and in which field.
    again: Option<(Touched, Field)>,
}

/// A record that somebody changed: its side, its object, its id.
type Touched = (Side, usize, String);

const SIDES: [Side; 2] = [Side::Left, Side::Right];

impl Workload {
    pub fn new(scenario: &Scenario, objects: Vec<Object>, acts: &'static [(Act, u64)]) -> Self {
        Self {
            objects,
            acts,
            people: scenario.people,
            shared: scenario.shared,
            companies: scenario.companies,
            serial: 0,
            binned: Vec::new(),
            hints: Vec::new(),
            emphasis: scenario.emphasis,
            parents_often: scenario.emphasis == Emphasis::Newborns || scenario.recipe == RecipeName::ZendeskSellPostgres,
            shared_mobiles: Vec::new(),
            later: Vec::new(),
            planned: Vec::new(),
            favoured: scenario.stress.favours(),
            again: None,
        }
    }

    /// The accounts as they are before the sync is turned on.
    pub fn populate(&mut self, turns: &Turns, vendors: &Vendors) {
        if self.emphasis == Emphasis::Lookalikes {
            self.populate_lookalikes(turns, vendors);
        }
        for number in 0..self.companies {
            let fields = self.fresh(turns, 0);
            // Who is the same is told by what is unique.
            let both = turns.one_in(2) && !self.objects[0].unique.is_empty();
            let side = SIDES[usize::try_from(number % 2).unwrap_or(0)];
            self.create(turns, vendors, side, 0, &fields);
            if both {
                self.create(turns, vendors, side.other(), 0, &fields);
            }
            vendors.settle_all(turns.timestamp());
        }
        for number in 0..self.people[0].max(self.people[1]) {
            let persons = self.persons();
            let fields = self.fresh(turns, persons);
            for side in SIDES {
                let has = number < self.people[usize::from(side == Side::Right)];
                let fields = if number < self.shared { fields.clone() } else { self.fresh(turns, persons) };
                if has {
                    self.create(turns, vendors, side, persons, &fields);
                }
            }
            vendors.settle_all(turns.timestamp());
        }
    }

    /// One act of a user, somewhere. Answers hints on the records that it changed.
    pub fn act(&mut self, turns: &Turns, vendors: &Vendors) -> Vec<(Side, Hint)> {
        let side = if turns.one_in(2) { Side::Left } else { Side::Right };
        let object = usize::from(!turns.one_in(if self.parents_often { 2 } else { 5 }));
        let object = object.min(self.persons());
        let act = Act::pick(turns, self.acts, self.emphasis, self.favoured);
        let touched = match act {
            Act::Create => {
                let fields = self.fresh(turns, object);
                self.create(turns, vendors, side, object, &fields).into_iter().map(|id| (side, object, id)).collect()
            }
            Act::CreateOnBoth => self.create_on_both(turns, vendors, object),
            Act::CreateWithCompany => self.create_with_company(turns, vendors, side),
            Act::Edit => self.edit(turns, vendors, side, object, false),
            Act::EditAgain => self.edit_again(turns, vendors, side, object).into_iter().collect(),
            Act::EditBoth => self.edit_both(turns, vendors, side, object),
            Act::EditBothWide => self.edit_both_wide(turns, vendors, side, object),
            Act::Import => self.import(turns, vendors, side),
            Act::Clear => self.edit(turns, vendors, side, object, true),
            Act::Delete => self.delete(turns, vendors, side, object),
            Act::DeleteCompany => self.delete_company(turns, vendors, side),
            Act::Restore => self.restore(turns, vendors),
            Act::RestoreAfterEdit => self.restore_after_edit(turns, vendors),
            Act::Merge => self.merge(turns, vendors, side, object),
            Act::MergeAndEdit => self.merge_and_edit(turns, vendors, side),
            Act::Spoil => self.spoil(turns, vendors, side),
            Act::MoveToCompany => self.move_to_company(turns, vendors, side),
            Act::CreateLookalike => self.create_lookalike(turns, vendors),
            Act::Purge => self.purge(turns, vendors),
            Act::Succeed => self.succeed(turns, vendors),
        };
        let meets = matches!(
            act,
            Act::CreateOnBoth
                | Act::EditBoth
                | Act::EditBothWide
                | Act::Import
                | Act::CreateWithCompany
                | Act::MergeAndEdit
                | Act::DeleteCompany
        );
        // Two at once are counted where both could be done.
        if touched.len() > usize::from(meets) {
            turns.happened(act.words());
        }
        self.hints_of(touched)
    }

    /// People are the last of the objects: what they refer to comes before them.
    fn persons(&self) -> usize {
        self.objects.len().saturating_sub(1)
    }

    fn hints_of(&self, touched: Vec<Touched>) -> Vec<(Side, Hint)> {
        let hint = |(side, object, id): Touched| (side, Hint { kind: self.objects[object].kind(side).into(), id: id.as_str().into() });
        touched.into_iter().map(hint).collect()
    }

    pub fn remember(&mut self, hint: (Side, Hint)) -> usize {
        self.hints.push(hint);
        self.hints.len() - 1
    }

    pub fn remembered(&self, number: usize) -> Option<(Side, Hint)> {
        self.hints.get(number).cloned()
    }

    fn next(&mut self) -> u32 {
        self.serial += 1;
        self.serial
    }

    fn value(&mut self, turns: &Turns, field: &Field) -> Option<Value> {
        let serial = self.next();
        Value::fresh(turns, field.sort, serial)
    }

    /// A new record's values; some are left empty.
    fn fresh(&mut self, turns: &Turns, object: usize) -> Vec<(Field, Value)> {
        let fields = self.objects[object].fields.clone();
        let mut values = Vec::new();
        for field in fields {
            let needed =
                matches!(field.sort, Sort::PersonName) || !field.clears && field.sort != Sort::Email || field.keeps == Keeps::Apart;
            if (needed || !turns.one_in(3))
                && let Some(value) = self.value(turns, &field)
            {
                values.push((field, value));
            }
        }
        values
    }

    fn create(&mut self, turns: &Turns, vendors: &Vendors, side: Side, object: usize, values: &[(Field, Value)]) -> Option<String> {
        // Some belong to a company from the start.
        let parents: Vec<String> = vendors.live(side, self.objects[0].kind(side)).into_keys().collect();
        let is_needed = self.reference(object).is_some_and(|field| !field.clears);
        let belongs = object > 0 && !parents.is_empty() && (is_needed || turns.one_in(2));
        let parent = if belongs { pick(turns, &parents) } else { None };
        self.create_in(turns, vendors, side, object, values, parent.as_deref())
    }

    fn create_in(
        &mut self,
        turns: &Turns,
        vendors: &Vendors,
        side: Side,
        object: usize,
        values: &[(Field, Value)],
        parent: Option<&str>,
    ) -> Option<String> {
        let mut fields = Self::spelled(turns, side, values);
        if let (Some(parent), Some(reference)) = (parent, self.reference(object)) {
            fields.insert((*reference.parts(side).first()?).to_owned(), parent_json(parent));
        }
        self.create_spelled(turns, vendors, side, object, &fields, turns.timestamp())
    }

    fn spelled(turns: &Turns, side: Side, values: &[(Field, Value)]) -> Fields {
        let mut fields = Fields::new();
        for (field, value) in values {
            value.put(turns, side, field, &mut fields);
        }
        fields
    }

    fn create_spelled(
        &self,
        turns: &Turns,
        vendors: &Vendors,
        side: Side,
        object: usize,
        fields: &Fields,
        at: Timestamp,
    ) -> Option<String> {
        let kind = self.objects[object].kind(side);
        let made = vendors.act(side, at, |users, at| users.create(at, kind, fields));
        turns.note(|| format!("user at {side}: creates {kind} {} -> {made:?}", typed(fields)));
        made.ok()
    }

    fn any(&self, turns: &Turns, vendors: &Vendors, side: Side, object: usize) -> Option<String> {
        let live = vendors.live(side, self.objects[object].kind(side)).into_iter();
        let ids: Vec<String> = live.filter(|(_, record)| !self.is_staff(object, side, record)).map(|(id, _)| id).collect();
        pick(turns, &ids)
    }

    /// Who was there from the start: the account's owner, and who we sign in as. Nobody removes them.
    fn is_staff(&self, object: usize, side: Side, record: &Fields) -> bool {
        let apart: Vec<&Field> = self.objects[object].fields.iter().filter(|field| field.keeps == Keeps::Apart).collect();
        let texts = apart.iter().flat_map(|field| field.parts(side)).filter_map(|part| record.get(*part)?.as_str());
        !apart.is_empty() && !texts.into_iter().any(is_token)
    }

    fn reference(&self, object: usize) -> Option<Field> {
        self.objects[object].fields.iter().find(|field| matches!(field.sort, Sort::Reference { .. })).cloned()
    }

    fn edit(&mut self, turns: &Turns, vendors: &Vendors, side: Side, object: usize, clear: bool) -> Vec<Touched> {
        let Some(id) = self.any(turns, vendors, side, object) else { return Vec::new() };
        let fields = self.editable(object, clear);
        let Some(field) = pick(turns, &fields) else { return Vec::new() };
        self.set(turns, vendors, side, object, &id, &field, clear).then_some((side, object, id)).into_iter().collect()
    }

    fn editable(&self, object: usize, clear: bool) -> Vec<Field> {
        let fields = self.objects[object].fields.iter();
        let is_edited = |field: &&Field| !matches!(field.sort, Sort::Reference { .. }) && field.keeps != Keeps::Apart;
        fields.filter(is_edited).filter(|field| !clear || field.clears).cloned().collect()
    }

    #[expect(clippy::too_many_arguments, reason = "who, where, what: each is needed once")]
    fn set(&mut self, turns: &Turns, vendors: &Vendors, side: Side, object: usize, id: &str, field: &Field, clear: bool) -> bool {
        if !clear {
            return self.set_all(turns, vendors, (side, object, id), &[field]);
        }
        let empty = field.parts(side).iter().map(|part| ((*part).to_owned(), Json::Null)).collect();
        self.save(turns, vendors, (side, object, id), &empty)
    }

    /// Somebody types into several fields, and saves them together.
    fn set_all(&mut self, turns: &Turns, vendors: &Vendors, (side, object, id): (Side, usize, &str), fields: &[&Field]) -> bool {
        let mut typed = Fields::new();
        for field in fields {
            if let Some(value) = self.value(turns, field) {
                value.put(turns, side, field, &mut typed);
            }
        }
        self.save(turns, vendors, (side, object, id), &typed)
    }

    fn save(&self, turns: &Turns, vendors: &Vendors, (side, object, id): (Side, usize, &str), fields: &Fields) -> bool {
        let kind = self.objects[object].kind(side);
        let done = vendors.act(side, turns.timestamp(), |users, at| users.edit(at, kind, id, fields));
        turns.note(|| format!("user at {side}: edits {kind} {id} {} -> {done:?}", typed(fields)));
        done.is_ok()
    }

    /// The same pair on both sides at once: often the same field, often to different values.
    fn edit_both(&mut self, turns: &Turns, vendors: &Vendors, side: Side, object: usize) -> Vec<Touched> {
        let Some(id) = self.any(turns, vendors, side, object) else { return Vec::new() };
        let other = self.counterpart(vendors, side, object, &id);
        let fields = self.editable(object, false);
        let Some(field) = pick(turns, &fields) else { return Vec::new() };
        let other_field = if turns.one_in(3) { pick(turns, &fields) } else { Some(field.clone()) };
        let mut touched = Vec::new();
        if self.set(turns, vendors, side, object, &id, &field, false) {
            touched.push((side, object, id));
        }
        if let (Some(other), Some(field)) = (other, other_field)
            && self.set(turns, vendors, side.other(), object, &other, &field, false)
        {
            touched.push((side.other(), object, other));
        }
        touched
    }

    fn delete(&mut self, turns: &Turns, vendors: &Vendors, side: Side, object: usize) -> Vec<Touched> {
        let id = self.any(turns, vendors, side, object);
        id.and_then(|id| self.delete_this(turns, vendors, side, object, &id)).into_iter().collect()
    }

    fn delete_this(&mut self, turns: &Turns, vendors: &Vendors, side: Side, object: usize, id: &str) -> Option<Touched> {
        let kind = self.objects[object].kind(side);
        let done = vendors.act(side, turns.timestamp(), |users, at| users.delete(at, kind, id));
        turns.note(|| format!("user at {side}: deletes {kind} {id} -> {done:?}"));
        done.ok()?;
        self.binned.push((side, object, id.to_owned()));
        Some((side, object, id.to_owned()))
    }

    fn take_binned(&mut self, turns: &Turns) -> Option<Touched> {
        if self.binned.is_empty() {
            return None;
        }
        let place = usize::try_from(turns.below(self.binned.len() as u64)).ok()?;
        Some(self.binned.swap_remove(place))
    }

    fn restore(&mut self, turns: &Turns, vendors: &Vendors) -> Vec<Touched> {
        let binned = self.take_binned(turns);
        binned.and_then(|(side, object, id)| self.restore_this(turns, vendors, side, object, &id)).into_iter().collect()
    }

    fn restore_this(&mut self, turns: &Turns, vendors: &Vendors, side: Side, object: usize, id: &str) -> Option<Touched> {
        let kind = self.objects[object].kind(side);
        let done = vendors.act(side, turns.timestamp(), |users, at| users.restore(at, kind, id));
        turns.note(|| format!("user at {side}: restores {kind} {id} -> {done:?}"));
        done.is_ok().then(|| (side, object, id.to_owned()))
    }

    fn merge(&mut self, turns: &Turns, vendors: &Vendors, side: Side, object: usize) -> Vec<Touched> {
        let (Some(survivor), Some(loser)) = (self.any(turns, vendors, side, object), self.any(turns, vendors, side, object)) else {
            return Vec::new();
        };
        if survivor == loser { Vec::new() } else { self.merge_these(turns, vendors, side, object, &survivor, &loser) }
    }

    fn merge_these(&mut self, turns: &Turns, vendors: &Vendors, side: Side, object: usize, survivor: &str, loser: &str) -> Vec<Touched> {
        let kind = self.objects[object].kind(side);
        let done = vendors.merge(side, turns.timestamp(), kind, survivor, loser);
        turns.note(|| format!("user at {side}: merges {kind} {loser} into {survivor} -> {done:?}"));
        if done.is_ok() { vec![(side, object, survivor.to_owned()), (side, object, loser.to_owned())] } else { Vec::new() }
    }

    /// A record that does not fit the other side.
    fn spoil(&mut self, turns: &Turns, vendors: &Vendors, side: Side) -> Vec<Touched> {
        let mut fields = self.fresh(turns, 1);
        for (field, value) in &mut fields {
            if field.sort == Sort::PersonName {
                value.lengthen();
            }
        }
        self.create(turns, vendors, side, 1, &fields).into_iter().map(|id| (side, 1, id)).collect()
    }
}

/// One of them; `None` where there is none.
fn pick<T: Clone>(turns: &Turns, all: &[T]) -> Option<T> {
    all.get(usize::try_from(turns.below(all.len() as u64)).ok()?).cloned()
}

fn parent_json(id: &str) -> Json {
    Json::String(id.to_owned())
}

/// What a user typed, for the story.
fn typed(fields: &Fields) -> String {
    let typed: Vec<String> = fields.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    typed.join(", ")
}
