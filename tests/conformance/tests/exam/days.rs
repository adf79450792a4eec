//! Days: they have no time and no zone, so they stay the same day wherever they go, and no moment is made a day on the way.

use syncline_conformance::Lab;
use syncline_engine::ports::connector::{Outcome, WriteAction};
use syncline_model::{Fault, FieldSchema, FieldType, Value};

use crate::examine;

/// The days on which clocks change, the ends of years and of Februaries.
const DAYS: [&str; 6] = ["2026-03-29", "2026-10-25", "2026-12-31", "2027-01-01", "2028-02-29", "1969-12-31"];

#[test]
fn a_day_is_stored_and_read_as_the_same_day_and_a_moment_is_no_day() {
    examine(async |candidate| {
        let lacks = candidate.object.lacks;
        let lab = Lab::new(candidate);
        if !lab.writes() {
            return;
        }
        let id = lab.plant(0..1).remove(0);
        let is_day = |field: &&FieldSchema| field.field_type == FieldType::Date && field.updatable && !field.calculated;
        for field in lab.schema().await.fields.iter().filter(is_day) {
            let selection = lab.selecting([field.name.clone()]);
            let write = async |value: Value| {
                lab.pass(5);
                let action = WriteAction::Update { id: id.clone(), fields: [(field.name.clone(), value)].into(), expected: None };
                lab.connector().write(&selection, &[action], lab.by()).await.unwrap().remove(0)
            };
            for day in DAYS {
                let day = Value::Date(day.parse().unwrap());
                let outcome = write(day.clone()).await;
                assert!(matches!(outcome, Outcome::Written { .. }), "{}: {outcome:?}", field.name);
                let found = lab.connector().get(&selection, std::slice::from_ref(&id), lab.by()).await.unwrap().remove(0).unwrap();
                let expected = (!lacks.contains(&field.name.as_str())).then_some(&day);
                assert!(found.field(field.name.as_str()) == expected, "{} is another day", field.name);
            }
            if lacks.contains(&field.name.as_str()) {
                continue;
            }
            let moment = Value::DateTime("2027-03-28T23:30:00Z".parse().unwrap());
            let outcome = write(moment).await;
            assert!(
                matches!(&outcome, Outcome::Failed(Fault::Rejected { problems }) if !problems.is_empty()),
                "{}: {outcome:?}",
                field.name
            );
        }
    });
}
