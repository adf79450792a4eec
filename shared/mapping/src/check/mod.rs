//! Whether a field's lenses keep their laws: tried on values, of which one that breaks a law shows it.
//!
//! - *Put, then get*: what a side's value is over there, written into any record of the other side, reads there as that.
//! - *Get, then put*: a side's value that is read and written back stays to the letter.
//! - *There and back*: what the other side then shows, brought back, changes nothing here: nothing bounces.
//!
//! Vendors may normalise what they store; the base bears that, and it is no part of this.

mod generate;

pub use generate::values;
use serde::Serialize;
use syncline_model::{FieldType, Side, Value};

use crate::lens::{FieldProblem, Lens};
use crate::spec::{FieldMapping, Flow, Pair};

/// A law of lenses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Law {
    PutGet,
    GetPut,
    ThereAndBack,
}

impl std::fmt::Display for Law {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::PutGet => "what is written over there reads there as another value",
            Self::GetPut => "what is read and written back does not stay as it is",
            Self::ThereAndBack => "what goes there and back is changed here",
        })
    }
}

/// How one value fared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    /// Every law holds.
    Holds,
    /// It cannot cross, and such a record is held: no law is broken.
    DoesNotFit(FieldProblem),
    Breaks(Law),
}

/// What came of trying a field on many values.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub tried: u64,
    /// Values that cannot cross: such a record would be held.
    pub does_not_fit: u64,
    /// The first that broke a law, of each law and side.
    pub broken: Vec<Broken>,
}

/// A value that breaks a law.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub law: Law,
    pub side: Side,
    pub raw: Vec<Value>,
    /// What stood on the other side.
    pub over_there: Option<Vec<Value>>,
}

impl Report {
    /// Tries one value, and keeps what came of it. Answers why it cannot cross, where it cannot.
    pub fn take(&mut self, field: &FieldMapping, side: Side, raw: &[Value], over_there: Option<&[Value]>) -> Option<FieldProblem> {
        self.tried += 1;
        match try_value(field, side, raw, over_there) {
            Tried::Holds => None,
            Tried::DoesNotFit(problem) => {
                self.does_not_fit += 1;
                Some(problem)
            }
            Tried::Breaks(law) => {
                if !self.broken.iter().any(|known| (known.law, known.side) == (law, side)) {
                    self.broken.push(Broken { law, side, raw: raw.to_vec(), over_there: over_there.map(<[Value]>::to_vec) });
                }
                None
            }
        }
    }
}

/// Tries a field on so many generated values of each side, with what the vendors say of its type where that is known: each value where a record
/// is made, and beside another of the other side.
pub fn generated(field: &FieldMapping, schemas: Pair<Option<&FieldType>>, seed: u64, count: usize) -> Report {
    let mut report = Report::default();
    let of = |side: Side, seed: u64| values(field, side, *schemas.of(side), seed, count);
    for side in [Side::Left, Side::Right] {
        let (own, other) = (of(side, seed), of(side.other(), seed.wrapping_add(1)));
        for (raw, over_there) in own.iter().zip(&other) {
            report.take(field, side, raw, None);
            report.take(field, side, raw, Some(over_there));
        }
    }
    report
}

/// Whether the laws can be tried on a field: it goes both ways, and its values mean the same whoever looks. Who an owner is and which record a
/// reference means, only the two systems tell.
pub fn is_checked(field: &FieldMapping) -> bool {
    let told_elsewhere = |lens: &Lens| matches!(lens, Lens::Owner { .. } | Lens::Reference { .. });
    field.flow == Flow::Both && !told_elsewhere(&field.lens.left) && !told_elsewhere(&field.lens.right)
}

/// Tries the laws on one side's raw values; `over_there`: the other side's raw values at that time, or none where a record is made.
pub fn try_value(field: &FieldMapping, side: Side, raw: &[Value], over_there: Option<&[Value]>) -> Tried {
    match broken(field, side, raw, over_there) {
        Ok(None) => Tried::Holds,
        Ok(Some(law)) => Tried::Breaks(law),
        Err(problem) => Tried::DoesNotFit(problem),
    }
}

fn broken(field: &FieldMapping, side: Side, raw: &[Value], over_there: Option<&[Value]>) -> Result<Option<Law>, FieldProblem> {
    let (own, other) = (field.lens.of(side), field.lens.of(side.other()));
    let view = own.get(raw)?;
    // What a table leaves alone is not carried, so no law speaks of it.
    let is_left_alone = own.leaves(raw)? || !other.takes(&view) || over_there.map_or(Ok(false), |there| other.leaves(there))?;
    if is_left_alone {
        return Ok(None);
    }
    if own.put(&view, Some(raw))? != raw {
        return Ok(Some(Law::GetPut));
    }
    let written = other.put(&view, over_there)?;
    let shown = other.get(&written)?;
    if !field.equality.same(&shown, &view) {
        return Ok(Some(Law::PutGet));
    }
    // As the decision does: what counts as the same is not written, so that spelling stays with who typed it.
    let comes_back = if field.equality.same(&own.get(raw)?, &shown) { raw.to_vec() } else { own.put(&shown, Some(raw))? };
    Ok((comes_back != raw).then_some(Law::ThereAndBack))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lens::Others;
    use crate::spec::{Conflict, Drift, WritePolicy};
    use crate::{Equality, ValueMap};

    fn field(left: Lens, right: Lens, equality: Equality) -> FieldMapping {
        FieldMapping {
            name: "f".into(),
            lens: Pair::new(left, right),
            flow: Flow::Both,
            equality,
            conflict: Conflict::Master,
            whole_sets: false,
            write: Pair::new(WritePolicy::Always, WritePolicy::Always),
            drift: Drift::Overwrite,
        }
    }

    fn one(name: &str) -> Lens {
        Lens::Field(name.into())
    }

    fn two_names() -> Lens {
        Lens::FullName { first: "First".into(), last: "Last".into() }
    }

    fn table(pairs: &[(&str, &str)]) -> Lens {
        let pairs = pairs.iter().map(|(raw, view)| ((*raw).to_owned(), (*view).to_owned())).collect();
        Lens::Mapped { field: "tier".into(), map: ValueMap { pairs, others: Others::Refuse } }
    }

    /// Every way in which a field's generated values fare, on both sides, each beside each.
    fn tried(field: &FieldMapping) -> Vec<Tried> {
        let mut all = Vec::new();
        for side in [Side::Left, Side::Right] {
            let (own, other) = (values(field, side, None, 7, 60), values(field, side.other(), None, 8, 60));
            assert_eq!(own, values(field, side, None, 7, 60), "the same seed gives the same values");
            for (place, raw) in own.iter().enumerate() {
                all.push(try_value(field, side, raw, None));
                all.push(try_value(field, side, raw, other.get(place).map(Vec::as_slice)));
            }
        }
        all
    }

    #[test]
    fn sound_fields_hold_and_an_unsound_one_is_shown() {
        let sound = [
            field(one("name"), two_names(), Equality::Words),
            field(one("email"), one("Email"), Equality::CaseInsensitive),
            field(one("phone"), one("Phone"), Equality::Phone { region: Some("DE".into()) }),
            field(Lens::Not("opted_in".into()), one("OptedOut"), Equality::Exact),
            field(
                table(&[("offline", "away"), ("lunch", "away"), ("online", "here")]),
                table(&[("Away", "away"), ("On", "here")]),
                Equality::Exact,
            ),
        ];
        for field in &sound {
            let broken: Vec<Tried> = tried(field).into_iter().filter(|tried| matches!(tried, Tried::Breaks(_))).collect();
            assert!(broken.is_empty(), "{:?}: {broken:?}", field.lens);
            assert!(tried(field).contains(&Tried::Holds), "{:?}", field.lens);
        }
        // Two fields keep no double blank, and an exact comparison counts it.
        let exact = field(one("name"), two_names(), Equality::Exact);
        assert!(tried(&exact).contains(&Tried::Breaks(Law::PutGet)));
        assert!(!is_checked(&FieldMapping { flow: Flow::ToLeft, ..exact.clone() }) && is_checked(&exact));
    }

    #[test]
    fn what_cannot_cross_is_no_broken_law() {
        let one_sided = field(table(&[("gold", "g"), ("tin", "t")]), table(&[("Gold", "g")]), Equality::Exact);
        let all = tried(&one_sided);
        assert!(all.iter().any(|tried| matches!(tried, Tried::DoesNotFit(_))));
        assert!(!all.iter().any(|tried| matches!(tried, Tried::Breaks(_))));
    }
}
