//! Freshdesk's sheet.

use serde_json::json;
use syncline_simulator::Fields;

use crate::sheet::{Key, Means, ObjectSheet, Recorded, Sheet};

pub(crate) static SHEET: Sheet = Sheet { system: "freshdesk", objects: &[CONTACT, COMPANY], paged: None, recorded: RECORDED };

const CONTACT: ObjectSheet = ObjectSheet {
    kind: "contact",
    record: |number| {
        Fields::from([
            ("name".to_owned(), json!(format!("Person {number:06} Müller"))),
            ("email".to_owned(), json!(format!("person{number}@exam.example"))),
            ("job_title".to_owned(), json!(format!("Examined role {number}"))),
        ])
    },
    name: "name",
    text: "job_title",
    written: |number| Fields::from([("job_title".to_owned(), json!(format!("Written role {number}")))]),
    typed: &["job_title", "phone", "mobile", "address", "description"],
    link: Some("custom_fields.sfcontactid"),
    keys: &[
        Key { field: "email", values: &["find.me@exam.example", "o'neill+a&b@exam.example"], folds_case: true },
        Key { field: "mobile", values: &["+49 171 555 0101", "0171/555-0102"], folds_case: false },
        Key { field: "phone", values: &["+49 30 555 0103"], folds_case: false },
        Key { field: "name", values: &["Zoë O'Neill-Şahin", "Said \"Hello\" Straße"], folds_case: true },
        Key { field: "custom_fields.sfcontactid", values: &["003Qy00000AbCdEIAX", "it's \"quoted\" ü"], folds_case: false },
    ],
    unsearchable: "job_title",
    refused: || ("email", json!("certainly no address")),
    absent: "82099999999",
    compares_versions: false,
    lacks: &[],
    merges: true,
};

const COMPANY: ObjectSheet = ObjectSheet {
    kind: "company",
    record: |number| {
        Fields::from([
            ("name".to_owned(), json!(format!("Company {number:06} GmbH"))),
            ("domains".to_owned(), json!([format!("company-{number}.example")])),
            ("description".to_owned(), json!(format!("Examined company {number}"))),
        ])
    },
    name: "name",
    text: "description",
    written: |number| Fields::from([("description".to_owned(), json!(format!("Written company {number}")))]),
    typed: &["description", "note"],
    link: Some("custom_fields.sfaccountid"),
    keys: &[
        Key { field: "name", values: &["Müller & Söhne", "O'Neill \"Best\" Ltd"], folds_case: true },
        Key { field: "domains", values: &["find-me.example"], folds_case: true },
        Key { field: "custom_fields.sfaccountid", values: &["001Qy00000FgHiJIAV", "it's \"quoted\" ü"], folds_case: false },
    ],
    unsearchable: "description",
    refused: || ("domains", json!(["certainly no domain"])),
    absent: "82099999998",
    compares_versions: false,
    lacks: &[],
    merges: false,
};

const fn rows(file: &'static str, kind: &'static str, good: usize) -> Recorded {
    Recorded { file, kind, means: Means::Rows { good, bad: 0 } }
}

const RECORDED: &[Recorded] = &[
    rows("create-contacts.json", "contact", 1),
    rows("empty.json", "contact", 0),
    rows("fields-contact.json", "contact_field", 13),
    rows("list-contacts.json", "contact", 1),
    rows("tickets.json", "ticket", 2),
    rows("update-ticket.json", "ticket", 1),
    rows("view-company.json", "company", 1),
    rows("view-contact.json", "contact", 1),
];
