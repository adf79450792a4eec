//! Recorded answers are read.

use std::path::Path;

use syncline_engine::ports::vendor::Vendor;
use syncline_model::{Fault, Record, Value};
use syncline_zendesk_sell::VENDOR;

fn read(kind: &str, file: &str) -> Result<Vec<Record>, Fault> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(file);
    let rows = VENDOR.decode(&kind.into(), &std::fs::read(path).unwrap())?;
    Ok(rows.into_iter().map(|row| row.unwrap_or_else(|bad| panic!("{bad:?}"))).collect())
}

#[test]
fn records_have_their_values() {
    let contacts = read("contact", "multipleContacts.json").unwrap();
    assert!(
        contacts[0].field("tags") == Some(&Value::set(["tag1".into(), "tag2".into()])) && contacts[1].field("tags") == Some(&Value::Null)
    );
    assert_eq!(contacts[0].version.unwrap().0.to_string(), "2019-09-04T08:28:59Z");
    let leads = read("lead", "multipleLeads.json").unwrap();
    assert!(leads[1].field("custom_fields.Custom Field 1") == Some(&Value::text("Value 222")));
    let notes = read("note", "multipleNotesResponse.json").unwrap();
    assert!(notes.len() == 2 && notes[0].field("resource_id") == Some(&Value::Integer(159_833_586)));
    let users = read("user", "usersResponse.json").unwrap();
    assert!(users[0].field("status") == Some(&Value::text("inactive")));
}

#[test]
fn amounts_and_odd_stamps_are_read_in_every_form() {
    let one = |row: &str| VENDOR.decode(&"deal".into(), row.as_bytes()).unwrap().remove(0);
    for (json, amount) in [("1200", "1200"), ("\"1234.50\"", "1234.50"), ("12.5", "12.5"), ("1e3", "1000")] {
        let deal = one(&format!(r#"{{"data":{{"id":1,"value":{json}}}}}"#)).unwrap();
        assert!(deal.field("value") == Some(&Value::Decimal(amount.parse().unwrap())), "{json}");
    }
    assert!(one(r#"{"data":{"id":1,"value":null}}"#).unwrap().field("value") == Some(&Value::Null));
    let odd = one(r#"{"data":{"id":1,"updated_at":"2026-11-22T10:00:00+02:00","last_activity_at":"2026-11-22T10:00:00"}}"#).unwrap();
    assert_eq!(odd.version.unwrap().0.to_string(), "2026-11-22T08:00:00Z");
    assert!(odd.field("last_activity_at") == Some(&Value::DateTime("2026-11-22T10:00:00Z".parse().unwrap())));
    assert!(one(r#"{"data":{"id":1,"hot":"maybe"}}"#).is_err());
}

#[test]
fn refusals_are_faults() {
    let Fault::Rejected { problems } = read("contact", "unprocessableContact.json").unwrap_err() else { panic!() };
    assert_eq!((problems[0].field.as_ref().unwrap().as_str(), problems[0].code.as_str()), ("invalid_field", "unknown"));
    assert!(matches!(read("contact", "errorResponse.json"), Err(Fault::Rejected { .. })));
    assert!(read("contact", "accessToken.json").unwrap().is_empty() && read("contact", "refreshToken.json").unwrap().is_empty());
}
