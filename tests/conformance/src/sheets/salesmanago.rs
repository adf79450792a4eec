//! SALESmanago's sheet.

use serde_json::json;
use syncline_simulator::Fields;

use crate::sheet::{Key, ObjectSheet, Sheet};

pub(crate) static SHEET: Sheet = Sheet { system: "salesmanago", objects: &[CONTACT], paged: None, recorded: &[] };

const CONTACT: ObjectSheet = ObjectSheet {
    kind: "contact",
    record: |number| {
        Fields::from([
            ("name".to_owned(), json!(format!("Person {number:06} Müller"))),
            ("email".to_owned(), json!(format!("person{number}@exam.example"))),
            ("company".to_owned(), json!(format!("Examined company {number}"))),
        ])
    },
    name: "name",
    text: "company",
    written: |number| {
        Fields::from([
            ("company".to_owned(), json!(format!("Written company {number}"))),
            ("address.city".to_owned(), json!(format!("City number {number}"))),
            ("birthday".to_owned(), json!(format!("1984-08-{:02}", 1 + number % 28))),
            ("optedOut".to_owned(), json!(number.is_multiple_of(2))),
        ])
    },
    typed: &["company", "phone", "fax", "externalId", "address.streetAddress", "province", "properties.nickname"],
    // The vendor looks by e-mail address alone, and a detail needs no making.
    link: None,
    keys: &[Key { field: "email", values: &["find.me@exam.example", "o'neill+a&b@exam.example"], folds_case: true }],
    unsearchable: "company",
    refused: || ("email", json!("certainly no address")),
    absent: "00000000-0000-4000-8000-000000000000",
    compares_versions: false,
    lacks: &[],
    merges: false,
};
