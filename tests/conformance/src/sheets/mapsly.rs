//! Mapsly's sheet: records go in, and nothing comes out.

use serde_json::json;
use syncline_simulator::Fields;

use crate::sheet::{ObjectSheet, Sheet};

pub(crate) static SHEET: Sheet = Sheet { system: "mapsly", objects: &[CONTACTS], paged: None, recorded: &[] };

const CONTACTS: ObjectSheet = ObjectSheet {
    kind: "Contacts",
    record: |number| {
        Fields::from([
            ("name".to_owned(), json!(format!("Person {number:06} Müller"))),
            ("email".to_owned(), json!(format!("person{number}@exam.example"))),
            ("remark".to_owned(), json!(format!("Examined remark {number}"))),
        ])
    },
    name: "name",
    text: "remark",
    written: |number| {
        Fields::from([
            ("remark".to_owned(), json!(format!("Written remark {number}"))),
            ("city".to_owned(), json!(format!("City number {number}"))),
        ])
    },
    typed: &["remark", "phone", "address"],
    link: Some("id"),
    keys: &[],
    unsearchable: "name",
    refused: || ("latitude", json!(91_234_567)),
    absent: "nobody-has-this",
    compares_versions: false,
    lacks: &[],
    merges: false,
};
