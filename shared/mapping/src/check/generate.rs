//! Values to try a field on, from a seed: the same seed gives the same values. No chance is taken, and no library of tests is linked in.

use syncline_model::{Choice, Date, FieldType, Side, Timestamp, Value};

use crate::Equality;
use crate::lens::{Lens, Others, ValueMap};
use crate::spec::FieldMapping;

/// `SplitMix64`: small, and good enough to spread a seed over choices.
struct Sequence(u64);

impl Sequence {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from.get(self.below(from.len())).copied().unwrap_or_default()
    }
}

const WORDS: &[&str] = &["Ida", "Ünï", "O'Neill", "van der Berg", "de la Cruz", "Kowalski", "李", "Anne-Marie", "", "ß", "İpek"];
const BLANKS: &[&str] = &[" ", "  ", " ", "\t"];
const TAGS: &[&str] = &["vip", "renewal", "a b", "Ünï", "x", "gold"];
const EMAILS: &[&str] = &["ida@nordwerk.example", "Ida@Nordwerk.EXAMPLE ", "o'neill+a@exam.example", "ÜNÏ@exam.example", ""];
const PHONES: &[&str] = &["+49 171 5550143", "0171 / 555 0143", "(030) 1234567", "030 1234567 ext. 5", "+1 202-555-0143", "112", ""];
const TEXTS: &[&str] = &["A", " A", "a\r\nb", "one, two", "x;y", "  ", "Ünï  code", "İ", "", "0", "true", "2026-03-29"];
/// The days on which clocks change, and the ends of years and Februaries.
const DAYS: &[(i16, i8, i8)] = &[(2026, 3, 29), (2026, 10, 25), (2026, 12, 31), (2027, 1, 1), (2028, 2, 29), (1969, 12, 31)];

/// So many raw values of a side's fields, from a seed. `schema`: the vendor's type of the field, where it is known.
pub fn values(field: &FieldMapping, side: Side, schema: Option<&FieldType>, seed: u64, count: usize) -> Vec<Vec<Value>> {
    let mut sequence = Sequence(seed);
    (0..count).map(|_| raw(field, side, schema, &mut sequence)).collect()
}

fn raw(field: &FieldMapping, side: Side, schema: Option<&FieldType>, sequence: &mut Sequence) -> Vec<Value> {
    match field.lens.of(side) {
        Lens::FullName { .. } => vec![Value::text(sequence.pick(WORDS)), Value::text(sequence.pick(WORDS))],
        Lens::CommaText(_) => {
            let signs = [",", ", ", " ,", ",,"];
            let items: Vec<String> = (0..sequence.below(4)).map(|_| format!("{}{}", sequence.pick(TAGS), sequence.pick(&signs))).collect();
            vec![Value::text(items.concat())]
        }
        Lens::Not(_) => vec![flag(sequence)],
        Lens::Mapped { map, .. } => vec![of_table(map, schema, sequence)],
        // Nothing is known of these without the other system.
        Lens::Owner { .. } | Lens::Reference { .. } => vec![Value::Null],
        Lens::Field(_) => vec![match schema {
            Some(schema) => of_type(schema, &field.equality, sequence),
            None => unknown(field, side, sequence),
        }],
    }
}

/// A field whose type nobody told: what the other side's lens can take.
fn unknown(field: &FieldMapping, side: Side, sequence: &mut Sequence) -> Value {
    match field.lens.of(side.other()) {
        Lens::CommaText(_) => set(TAGS, sequence),
        Lens::Not(_) => flag(sequence),
        Lens::Mapped { map, .. } => {
            let views: Vec<&str> = map.pairs.iter().map(|(_, view)| view.as_str()).collect();
            Value::text(sequence.pick(&views))
        }
        Lens::FullName { .. } => Value::text(format!("{}{}{}", sequence.pick(WORDS), sequence.pick(BLANKS), sequence.pick(WORDS))),
        Lens::Field(_) | Lens::Owner { .. } | Lens::Reference { .. } => text(&field.equality, sequence),
    }
}

fn flag(sequence: &mut Sequence) -> Value {
    match sequence.below(5) {
        0 => Value::Null,
        even if even % 2 == 0 => Value::Bool(true),
        _ => Value::Bool(false),
    }
}

fn set(items: &[&str], sequence: &mut Sequence) -> Value {
    Value::set((0..sequence.below(4)).map(|_| sequence.pick(items).to_owned()).filter(|item| !item.is_empty()))
}

fn text(equality: &Equality, sequence: &mut Sequence) -> Value {
    Value::text(match equality {
        Equality::CaseInsensitive => sequence.pick(EMAILS),
        Equality::Phone { .. } => sequence.pick(PHONES),
        Equality::Words => sequence.pick(WORDS),
        Equality::Exact => sequence.pick(TEXTS),
    })
}

/// The table's own values, the vendor's options, and where others pass one that neither names.
fn of_table(map: &ValueMap, schema: Option<&FieldType>, sequence: &mut Sequence) -> Value {
    let mut values: Vec<&str> = map.pairs.iter().map(|(raw, _)| raw.as_str()).collect();
    values.extend(options(schema).iter().map(|choice| choice.value.as_str()));
    if map.others == Others::Pass {
        values.push("Some other option");
    }
    values.push("");
    Value::text(sequence.pick(&values))
}

fn options(schema: Option<&FieldType>) -> &[Choice] {
    match schema {
        Some(FieldType::Choice { choices, .. } | FieldType::Set { choices }) => choices,
        Some(
            FieldType::Bool
            | FieldType::Integer
            | FieldType::Decimal
            | FieldType::Text
            | FieldType::Email
            | FieldType::Phone
            | FieldType::Date
            | FieldType::DateTime
            | FieldType::Reference { .. }
            | FieldType::Id
            | FieldType::Other(_),
        )
        | None => &[],
    }
}

fn of_type(schema: &FieldType, equality: &Equality, sequence: &mut Sequence) -> Value {
    let number = |sequence: &mut Sequence| i64::try_from(sequence.next() % 20_001).unwrap_or(0) - 10_000;
    match schema {
        FieldType::Bool => flag(sequence),
        FieldType::Integer => Value::Integer(number(sequence)),
        FieldType::Decimal => Value::Decimal(syncline_model::Decimal::new(number(sequence), u32::try_from(sequence.below(4)).unwrap_or(0))),
        FieldType::Date => day(sequence).map_or(Value::Null, Value::Date),
        FieldType::DateTime => Timestamp::from_second(1_774_746_000 + number(sequence) * 3_600).map_or(Value::Null, Value::DateTime),
        FieldType::Choice { choices, .. } if !choices.is_empty() => {
            let values: Vec<&str> = choices.iter().map(|choice| choice.value.as_str()).chain([""]).collect();
            Value::text(sequence.pick(&values))
        }
        FieldType::Set { choices } => {
            let values: Vec<&str> = choices.iter().map(|choice| choice.value.as_str()).collect();
            set(if values.is_empty() { TAGS } else { &values }, sequence)
        }
        FieldType::Email => Value::text(sequence.pick(EMAILS)),
        FieldType::Phone => Value::text(sequence.pick(PHONES)),
        FieldType::Text | FieldType::Choice { .. } | FieldType::Reference { .. } | FieldType::Id | FieldType::Other(_) => {
            text(equality, sequence)
        }
    }
}

fn day(sequence: &mut Sequence) -> Option<Date> {
    let (year, month, day) = DAYS.get(sequence.below(DAYS.len())).copied()?;
    Date::new(year, month, day).ok()
}
