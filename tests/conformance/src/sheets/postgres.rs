//! PostgreSQL's sheet: two tables of the company whose database is the exam's.

use serde_json::json;
use syncline_simulator::Fields;

use crate::sheet::{Key, Means, ObjectSheet, Recorded, Sheet};

pub(crate) static SHEET: Sheet = Sheet { system: "postgres", objects: &[CONTACTS, COMPANIES], paged: None, recorded: RECORDED };

const CONTACTS: ObjectSheet = ObjectSheet {
    kind: "contacts",
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
    typed: &["job_title", "phone", "mobile", "notes"],
    link: Some("crm_id"),
    keys: &[
        Key { field: "email", values: &["find.me@exam.example", "o'neill+a&b@exam.example"], folds_case: true },
        Key { field: "mobile", values: &["+49 171 555 0101", "0171/555-0102"], folds_case: false },
        Key { field: "name", values: &["Zoë O'Neill-Şahin", "Said \"Hello\" Straße", "Back\\slash %_"], folds_case: true },
        Key { field: "tags", values: &["find-me", "it's \"quoted\" ü"], folds_case: false },
        Key { field: "crm_id", values: &["003Qy00000AbCdEIAX", "it's \"quoted\" ü"], folds_case: false },
    ],
    unsearchable: "attributes",
    refused: || ("postcode", json!("certainly much too long for a postcode")),
    absent: "00000000-0000-4000-8000-000000000000",
    compares_versions: true,
    lacks: &[],
    merges: false,
};

const COMPANIES: ObjectSheet = ObjectSheet {
    kind: "companies",
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
    typed: &["description", "phone"],
    link: Some("crm_id"),
    keys: &[
        Key { field: "name", values: &["Müller & Söhne", "O'Neill \"Best\" Ltd"], folds_case: true },
        Key { field: "domains", values: &["find-me.example"], folds_case: false },
        Key { field: "crm_id", values: &["001Qy00000FgHiJIAV", "it's \"quoted\" ü"], folds_case: false },
    ],
    unsearchable: "attributes",
    refused: || ("employees", json!(-250_000)),
    absent: "00000000-0000-4000-8000-000000000001",
    compares_versions: true,
    lacks: &[],
    merges: false,
};

const fn rows(file: &'static str, kind: &'static str, good: usize, bad: usize) -> Recorded {
    Recorded { file, kind, means: Means::Rows { good, bad } }
}

const fn fault(file: &'static str, code: &'static str) -> Recorded {
    Recorded { file, kind: "contacts", means: Means::Fault(code) }
}

const RECORDED: &[Recorded] = &[
    rows("marked.json", "contacts", 1, 0),
    fault("refused-empty.json", "rejected"),
    fault("refused-long.json", "rejected"),
    fault("refused-no-table.json", "unsupported"),
    fault("refused-password.json", "auth_refused"),
    fault("refused-taken.json", "taken"),
    rows("row.json", "contacts", 1, 0),
    rows("rows.json", "contacts", 2, 0),
    rows("unprovisioned.json", "contacts", 0, 1),
];
