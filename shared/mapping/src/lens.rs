//! Lenses: how a side's raw fields become the view that both sides share, and how a changed view goes back into raw fields.
//!
//! Laws, shown as properties for every lens: what was put is what is got (up to the field's equality); putting back what was got changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use syncline_model::{FieldName, MappingName, RecordId, Side, Value};

use crate::Equality;

/// A table of values: this side's value to the view's. Many of this side's may share one view; the first of them is written for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueMap {
    /// (raw, view), in order.
    pub pairs: Vec<(String, String)>,
    pub others: Others,
}

/// What becomes of a value that a table does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Others {
    /// It is an error of that record.
    #[default]
    Refuse,
    /// It passes as it is.
    Pass,
    /// It is not synced: while one side shows such a value, neither is written, and nothing is wrong.
    Leave,
}

/// The view of every value that a table leaves alone. No table makes it of a value that it names: those are texts.
const NOT_SYNCED: Value = Value::Bool(true);

/// One side's part of a mapped field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lens {
    /// One field, as it is.
    Field(FieldName),
    /// A full name in two fields.
    FullName { first: FieldName, last: FieldName },
    /// A set, kept in a text field as comma-separated values.
    CommaText(FieldName),
    /// One field, through a table.
    Mapped { field: FieldName, map: ValueMap },
    /// A field that is true or false, turned round: one side says who may be written to, and the other who may not.
    Not(FieldName),
    /// The user to whom the record belongs; the view is the user of the other side with the same email, as `Refs` knows them.
    Owner {
        field: FieldName,
        /// This side's user, by email or id, who gets what belongs to somebody unknown here.
        fallback: Option<String>,
    },
    /// Another record of the same side; the view is its counterpart's identity, as `mapping` links it.
    Reference { field: FieldName, parent: MappingName },
}

/// Why one field of one record cannot cross. Names the field and the rule, never the value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct FieldProblem {
    pub field: FieldName,
    pub problem: String,
}

/// Where a referenced record stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefState {
    /// Its counterpart on the other side.
    Linked(RecordId),
    /// It has none yet.
    NotYet,
    /// It will have none (deleted, or left out by a rule): the reference is empty over there.
    Never,
    /// It has none yet, and waits itself for the record that refers to it: that one goes first, without the reference, which follows.
    Later,
}

/// What is known of referenced records, looked up beforehand.
#[derive(Clone, Debug, Default)]
pub struct Refs {
    records: BTreeMap<(MappingName, Side, RecordId), RefState>,
    /// Users of a side, and who they are on the other.
    users: BTreeMap<(Side, RecordId), RecordId>,
    /// Users of a side by how a config names them.
    named_users: BTreeMap<(Side, String), RecordId>,
}

impl Refs {
    pub fn insert(&mut self, parent: MappingName, side: Side, id: RecordId, state: RefState) {
        self.records.insert((parent, side, id), state);
    }

    /// Adds what another look-up found; the later one counts.
    pub fn extend(&mut self, other: Self) {
        self.records.extend(other.records);
        self.users.extend(other.users);
        self.named_users.extend(other.named_users);
    }

    /// One that was not looked up counts as not linked yet.
    pub fn state(&self, parent: &MappingName, side: Side, id: &RecordId) -> RefState {
        self.records.get(&(parent.clone(), side, id.clone())).cloned().unwrap_or(RefState::NotYet)
    }

    /// That a user of a side is this user of the other.
    pub fn insert_user(&mut self, side: Side, id: RecordId, other: RecordId) {
        self.users.insert((side, id), other);
    }

    /// That a config's name of a side's user means this one.
    pub fn insert_named_user(&mut self, side: Side, name: String, id: RecordId) {
        self.named_users.insert((side, name), id);
    }

    /// Who a user of a side is on the other; `None`: nobody that is known and active.
    pub fn user(&self, side: Side, id: &RecordId) -> Option<&RecordId> {
        self.users.get(&(side, id.clone()))
    }

    pub fn named_user(&self, side: Side, name: &str) -> Option<&RecordId> {
        self.named_users.get(&(side, name.to_owned()))
    }
}

impl Lens {
    /// The raw fields, in the order in which `get` and `put` take them.
    pub fn fields(&self) -> Vec<&FieldName> {
        match self {
            Self::Field(field)
            | Self::CommaText(field)
            | Self::Not(field)
            | Self::Mapped { field, .. }
            | Self::Owner { field, .. }
            | Self::Reference { field, .. } => vec![field],
            Self::FullName { first, last } => vec![first, last],
        }
    }

    pub fn parent(&self) -> Option<&MappingName> {
        match self {
            Self::Reference { parent, .. } => Some(parent),
            Self::Field(_) | Self::FullName { .. } | Self::CommaText(_) | Self::Not(_) | Self::Mapped { .. } | Self::Owner { .. } => None,
        }
    }

    /// Who on this side gets what belongs to somebody unknown here.
    pub fn fallback(&self) -> Option<&str> {
        match self {
            Self::Owner { fallback, .. } => fallback.as_deref(),
            Self::Field(_) | Self::FullName { .. } | Self::CommaText(_) | Self::Not(_) | Self::Mapped { .. } | Self::Reference { .. } => {
                None
            }
        }
    }

    /// Whether a value stands here that the table leaves alone.
    pub fn leaves(&self, raw: &[Value]) -> Result<bool, FieldProblem> {
        if self.leaves_others() { Ok(self.get(raw)? == NOT_SYNCED) } else { Ok(false) }
    }

    /// Whether the table leaves alone what it does not name.
    pub fn leaves_others(&self) -> bool {
        matches!(self, Self::Mapped { map, .. } if map.others == Others::Leave)
    }

    /// Whether the table has a value for this view, or is none that leaves others alone.
    pub fn takes(&self, view: &Value) -> bool {
        match self {
            Self::Mapped { map, .. } if map.others == Others::Leave => match view.as_text() {
                Ok(Some(text)) => map.pairs.iter().any(|(_, shared)| shared == text),
                Ok(None) => true,
                Err(_) => false,
            },
            Self::Field(_)
            | Self::FullName { .. }
            | Self::CommaText(_)
            | Self::Not(_)
            | Self::Mapped { .. }
            | Self::Owner { .. }
            | Self::Reference { .. } => true,
        }
    }

    /// Whether `put` must see the present raw values to keep what the view cannot express.
    pub fn needs_current(&self) -> bool {
        match self {
            Self::Field(_) | Self::Not(_) | Self::Owner { .. } | Self::Reference { .. } => false,
            Self::FullName { .. } | Self::CommaText(_) | Self::Mapped { .. } => true,
        }
    }

    /// The view of raw values. For a reference and an owner: this side's own id.
    pub fn get(&self, raw: &[Value]) -> Result<Value, FieldProblem> {
        let one = raw.first().unwrap_or(&Value::Null);
        match self {
            Self::Field(_) => Ok(one.clone()),
            Self::Reference { field, .. } => match one.as_reference() {
                Ok(_) => Ok(one.clone()),
                Err(wrong) => Err(problem(field, wrong.to_string())),
            },
            Self::FullName { first, last } => {
                let first = text(first, one)?;
                let last = text(last, raw.get(1).unwrap_or(&Value::Null))?;
                Ok(Value::text(words(&format!("{first} {last}"))))
            }
            Self::CommaText(field) => Ok(split_commas(text(field, one)?)),
            Self::Not(field) => turned(field, one),
            // Some vendors write an owner's email into a text.
            Self::Owner { field, .. } => match one {
                Value::Null | Value::Reference(_) => Ok(one.clone()),
                Value::Text(id) => Ok(Value::Reference(RecordId::new(id.trim()))),
                Value::Bool(_) | Value::Integer(_) | Value::Decimal(_) | Value::Date(_) | Value::DateTime(_) | Value::Set(_) => {
                    Err(problem(field, format!("expected a user, found {}", one.type_name())))
                }
            },
            Self::Mapped { field, map } => {
                let raw = text(field, one)?;
                if raw.is_empty() {
                    return Ok(Value::Null);
                }
                match map.pairs.iter().find(|(from, _)| from == raw) {
                    Some((_, view)) => Ok(Value::text(view.clone())),
                    None => match map.others {
                        Others::Pass => Ok(Value::text(raw)),
                        Others::Leave => Ok(NOT_SYNCED),
                        Others::Refuse => Err(problem(field, "the value has no counterpart in the value map; add it to `values`")),
                    },
                }
            }
        }
    }

    /// Raw values whose view is this one, as near to the present ones as that allows. A reference's and an owner's view is the id to write.
    pub fn put(&self, view: &Value, current: Option<&[Value]>) -> Result<Vec<Value>, FieldProblem> {
        // What already shows this view stays to the letter: the view cannot express all that the raw values do.
        if let Some(current) = current
            && self.get(current).is_ok_and(|now| now == *view)
        {
            return Ok(current.to_vec());
        }
        match self {
            Self::Field(_) | Self::Owner { .. } | Self::Reference { .. } => Ok(vec![view.clone()]),
            Self::Not(field) => turned(field, view).map(|value| vec![value]),
            Self::FullName { first, .. } => {
                let full = words(text(first, view)?);
                let (first, last) = split_name(&full, current);
                Ok(vec![Value::text(first), Value::text(last)])
            }
            Self::CommaText(field) => match view {
                Value::Null => Ok(vec![Value::Null]),
                Value::Set(items) => {
                    if items.iter().any(|item| item.contains(',')) {
                        return Err(problem(field, "a tag contains a comma, which a comma-separated field cannot carry; rename the tag"));
                    }
                    Ok(vec![Value::text(items.iter().cloned().collect::<Vec<_>>().join(","))])
                }
                Value::Bool(_)
                | Value::Integer(_)
                | Value::Decimal(_)
                | Value::Text(_)
                | Value::Date(_)
                | Value::DateTime(_)
                | Value::Reference(_) => Err(problem(field, format!("expected a set, found {}", view.type_name()))),
            },
            Self::Mapped { field, map } => {
                let view = text(field, view)?;
                if view.is_empty() {
                    return Ok(vec![Value::Null]);
                }
                match map.pairs.iter().find(|(_, to)| to == view) {
                    Some((raw, _)) => Ok(vec![Value::text(raw.clone())]),
                    None if map.others == Others::Pass && !map.pairs.iter().any(|(from, _)| from == view) => Ok(vec![Value::text(view)]),
                    None => Err(problem(field, "the value has no counterpart in the value map; add it to `values`")),
                }
            }
        }
    }

    /// The form in which a side's value is compared with its own base: the view in normal form; for a reference and an owner its own id.
    pub fn canonical(&self, equality: &Equality, raw: &[Value]) -> Result<Value, FieldProblem> {
        match self {
            // The view is the value: no copy of it is made first.
            Self::Field(_) => Ok(equality.normal(raw.first().unwrap_or(&Value::Null))),
            Self::FullName { .. }
            | Self::CommaText(_)
            | Self::Not(_)
            | Self::Mapped { .. }
            | Self::Owner { .. }
            | Self::Reference { .. } => self.get(raw).map(|view| equality.normal(&view)),
        }
    }
}

fn problem(field: &FieldName, problem: impl Into<String>) -> FieldProblem {
    FieldProblem { field: field.clone(), problem: problem.into() }
}

fn text<'a>(field: &FieldName, value: &'a Value) -> Result<&'a str, FieldProblem> {
    match value.as_text() {
        Ok(text) => Ok(text.unwrap_or_default()),
        Err(wrong) => Err(problem(field, wrong.to_string())),
    }
}

/// True for false and false for true; what says neither says neither.
fn turned(field: &FieldName, value: &Value) -> Result<Value, FieldProblem> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::Bool(flag) => Ok(Value::Bool(!flag)),
        Value::Integer(_)
        | Value::Decimal(_)
        | Value::Text(_)
        | Value::Date(_)
        | Value::DateTime(_)
        | Value::Set(_)
        | Value::Reference(_) => Err(problem(field, format!("expected true or false, found {}", value.type_name()))),
    }
}

/// Words with single blanks between.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Order and repetition make no difference, nor do blanks around the commas.
fn split_commas(text: &str) -> Value {
    let items: BTreeSet<String> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect();
    Value::set(items)
}

/// Splits a full name. A present first or last name that still stands in it is kept ("van der Berg" stays whole); otherwise the last
/// word is the last name. The last name is never empty unless the whole is: a CRM requires it.
fn split_name(full: &str, current: Option<&[Value]>) -> (String, String) {
    let part = |index: usize| {
        current.and_then(|values| values.get(index)).and_then(|value| value.as_text().ok().flatten()).map(words).unwrap_or_default()
    };
    let (first, last) = (part(0), part(1));
    if !last.is_empty() {
        if full == last {
            return (String::new(), last);
        }
        if let Some(rest) = full.strip_suffix(&last)
            && rest.ends_with(' ')
        {
            return (rest.trim_end().to_owned(), last);
        }
    }
    if !first.is_empty()
        && let Some(rest) = full.strip_prefix(&first)
        && rest.starts_with(' ')
    {
        return (first, rest.trim_start().to_owned());
    }
    match full.rsplit_once(' ') {
        Some((first, last)) => (first.to_owned(), last.to_owned()),
        None => (String::new(), full.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn full_name() -> Lens {
        Lens::FullName { first: "FirstName".into(), last: "LastName".into() }
    }

    fn name(first: &str, last: &str) -> Vec<Value> {
        vec![Value::text(first), Value::text(last)]
    }

    #[test]
    fn a_name_is_split_as_it_stood() {
        let cases = [
            ("Ida Kowalski", None, ("Ida", "Kowalski")),
            ("Ida van der Berg", Some(("Ida", "van der Berg")), ("Ida", "van der Berg")),
            ("Ada van der Berg", Some(("Ida", "van der Berg")), ("Ada", "van der Berg")),
            ("Ida de la Cruz", Some(("Ida", "van der Berg")), ("Ida", "de la Cruz")),
            ("Madonna", None, ("", "Madonna")),
            ("Kowalski", Some(("Ida", "Kowalski")), ("", "Kowalski")),
            ("  Ida   Kowalski ", None, ("Ida", "Kowalski")),
        ];
        for (full, current, expected) in cases {
            let current = current.map(|(first, last)| name(first, last));
            let put = full_name().put(&Value::text(full), current.as_deref()).unwrap();
            assert!(put == name(expected.0, expected.1), "{full:?}");
        }
    }

    #[test]
    fn tags_compare_as_sets_and_refuse_commas() {
        let lens = Lens::CommaText("Tags__c".into());
        let one = lens.get(&[Value::text("b, a,,a")]).unwrap();
        assert!(one == Value::set(["a".to_owned(), "b".to_owned()]));
        let kept = lens.put(&one, Some(&[Value::text("b, a,,a")])).unwrap();
        assert!(kept == vec![Value::text("b, a,,a")]);
        assert!(lens.put(&Value::set(["x,y".to_owned()]), None).is_err());
    }

    #[test]
    fn a_value_map_keeps_what_it_cannot_express() {
        let map = ValueMap {
            pairs: [("offline", "away"), ("lunch", "away"), ("online", "here")].map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec(),
            others: Others::Refuse,
        };
        let lens = Lens::Mapped { field: "status".into(), map };
        assert!(lens.put(&Value::text("away"), Some(&[Value::text("lunch")])).unwrap() == vec![Value::text("lunch")]);
        assert!(lens.put(&Value::text("away"), Some(&[Value::text("online")])).unwrap() == vec![Value::text("offline")]);
        assert!(lens.put(&Value::text("elsewhere"), None).is_err());
        assert!(lens.get(&[Value::text("unknown")]).is_err());
    }

    #[test]
    fn what_a_table_leaves_alone_is_no_error_and_all_alike() {
        let map = ValueMap { pairs: vec![("online".to_owned(), "here".to_owned())], others: Others::Leave };
        let lens = Lens::Mapped { field: "status".into(), map };
        let custom = |text: &str| vec![Value::text(text)];
        assert!(lens.leaves(&custom("gardening")).unwrap() && !lens.leaves(&custom("online")).unwrap());
        assert!(!lens.leaves(&custom("")).unwrap(), "an empty field is empty");
        assert!(lens.leaves(&[Value::Integer(3)]).is_err(), "a table reads text");
        assert!(lens.takes(&Value::text("here")) && lens.takes(&Value::Null) && !lens.takes(&Value::text("away")));
        let mark = |text: &str| lens.canonical(&Equality::Exact, &custom(text)).unwrap();
        assert!(mark("gardening") == mark("fishing") && mark("gardening") != mark("online"));
        let named = Lens::Mapped { field: "status".into(), map: ValueMap { pairs: Vec::new(), others: Others::Pass } };
        assert!(!named.leaves(&custom("true")).unwrap());
    }

    fn any_word() -> impl Strategy<Value = String> {
        "[A-Za-zÀ-ÿ'-]{1,8}( [A-Za-z]{1,5}){0,2}"
    }

    fn any_raw(lens: &Lens) -> BoxedStrategy<Vec<Value>> {
        match lens {
            Lens::FullName { .. } => (prop_oneof![Just(String::new()), any_word()], prop_oneof![Just(String::new()), any_word()])
                .prop_map(|(first, last)| name(&first, &last))
                .boxed(),
            Lens::CommaText(_) => "[a-c ,]{0,12}".prop_map(|text| vec![Value::text(text.trim())]).boxed(),
            Lens::Mapped { .. } => {
                prop_oneof![Just(""), Just("offline"), Just("lunch"), Just("online")].prop_map(|text| vec![Value::text(text)]).boxed()
            }
            Lens::Not(_) => prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::Bool)].prop_map(|value| vec![value]).boxed(),
            Lens::Owner { .. } => "[a-z]{1,6}".prop_map(|id| vec![Value::Reference(id.as_str().into())]).boxed(),
            Lens::Field(_) | Lens::Reference { .. } => "[a-z]{0,6}".prop_map(|text| vec![Value::text(text)]).boxed(),
        }
    }

    fn lenses() -> Vec<Lens> {
        let map = ValueMap {
            pairs: [("offline", "away"), ("lunch", "away"), ("online", "here")].map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec(),
            others: Others::Refuse,
        };
        let owner = Lens::Owner { field: "OwnerId".into(), fallback: None };
        let plain = [Lens::Field("Email".into()), Lens::CommaText("Tags__c".into()), Lens::Not("optedIn".into())];
        plain.into_iter().chain([full_name(), owner, Lens::Mapped { field: "status".into(), map }]).collect()
    }

    fn any_lens_and_two_raws() -> impl Strategy<Value = (Lens, Vec<Value>, Vec<Value>)> {
        prop::sample::select(lenses()).prop_flat_map(|lens| {
            let raws = (any_raw(&lens), any_raw(&lens));
            raws.prop_map(move |(one, two)| (lens.clone(), one, two))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]
        /// Put then get gives the value put; the view comes from another record of the same shape.
        #[test]
        fn put_get((lens, source, current) in any_lens_and_two_raws()) {
            let view = lens.get(&source).unwrap();
            let after = lens.put(&view, Some(&current)).unwrap();
            prop_assert!(lens.get(&after).unwrap() == view);
            let created = lens.put(&view, None).unwrap();
            prop_assert!(lens.get(&created).unwrap() == view);
        }

        /// Get then put changes nothing.
        #[test]
        fn get_put((lens, source, _) in any_lens_and_two_raws()) {
            let view = lens.get(&source).unwrap();
            prop_assert!(lens.put(&view, Some(&source)).unwrap() == source);
        }
    }
}
