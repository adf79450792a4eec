//! Whether two records look like the same one, where neither says which the other is.

use syncline_model::{Record, Side, Value};

use super::raw_of;
use crate::lens::Lens;
use crate::spec::ObjectMapping;

/// Whether a record shows more than half of what the one that it may have been made from, on the side `from`, would have been made with: of all mapped
/// fields that lead over there and are filled. Ids differ between the sides and tell nothing; what a vendor fills in by itself says nothing either.
///
/// No match: records that people typed on both sides are joined by keys alone. It tells what one of our own writes made, within the minutes after it, when
/// a field or two may have been edited since.
pub fn is_made_from(mapping: &ObjectMapping, from: Side, origin: &Record, made: &Record) -> bool {
    let (mut filled, mut shown) = (0_usize, 0_usize);
    for field in mapping.fields.iter().filter(|field| field.flow.reaches(from.other())) {
        if matches!(field.lens.of(from), Lens::Reference { .. } | Lens::Owner { .. }) {
            continue;
        }
        let view = |side: Side, record: &Record| {
            let raw = raw_of(field, side, record)?;
            field.lens.of(side).get(&raw).ok()
        };
        let Some(one) = view(from, origin).filter(|view| !is_empty(&field.equality.normal(view))) else { continue };
        filled += 1;
        shown += usize::from(view(from.other(), made).is_some_and(|two| field.equality.same(&one, &two)));
    }
    2 * shown > filled
}

/// A switch that is off is what every record begins with.
fn is_empty(value: &Value) -> bool {
    value.is_null() || *value == Value::Bool(false)
}
