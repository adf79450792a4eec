//! Zendesk Support's sheet.

use serde_json::json;
use syncline_simulator::Fields;

use crate::sheet::{Key, Means, ObjectSheet, Recorded, Sheet};

pub(crate) static SHEET: Sheet = Sheet { system: "zendesk_support", objects: &[AGENT], paged: None, recorded: RECORDED };

const AGENT: ObjectSheet = ObjectSheet {
    kind: "agent",
    record: |number| {
        Fields::from([
            ("name".to_owned(), json!(format!("Agent {number:06} Müller"))),
            ("email".to_owned(), json!(format!("agent{number}@exam.example"))),
            ("notes".to_owned(), json!(format!("Examined agent {number}"))),
        ])
    },
    name: "name",
    text: "notes",
    written: |number| {
        let word = ["away", "online", "transfers_only"][usize::try_from(number % 3).unwrap_or(0)];
        Fields::from([("status".to_owned(), json!(word))])
    },
    typed: &["notes", "details", "alias"],
    link: None,
    keys: &[
        Key { field: "email", values: &["find.me@exam.example", "o'neill+a&b@exam.example"], folds_case: true },
        Key { field: "name", values: &["Zoë O'Neill-Şahin", "Said \"Hello\" Straße"], folds_case: true },
        Key { field: "external_id", values: &["003Qy00000AbCdEIAX"], folds_case: false },
    ],
    unsearchable: "notes",
    refused: || ("email", json!("certainly no address")),
    absent: "89999999999999",
    compares_versions: false,
    lacks: &[],
    merges: false,
};

const fn rows(file: &'static str, good: usize) -> Recorded {
    Recorded { file, kind: "user", means: Means::Rows { good, bad: 0 } }
}

const fn fault(file: &'static str, code: &'static str) -> Recorded {
    Recorded { file, kind: "user", means: Means::Fault(code) }
}

const RECORDED: &[Recorded] = &[
    fault("duplicate-error.json", "taken"),
    fault("forbidden.json", "auth_refused"),
    fault("missing-parameter.json", "rejected"),
    rows("read-incremental-users-1-first-page.json", 1),
    rows("read-incremental-users-2-last-page.json", 1),
    fault("record-validation.json", "rejected"),
    fault("resource-not-found.json", "unsupported"),
    fault("server-error.json", "transient"),
];
