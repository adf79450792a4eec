//! Aircall's sheet.

use serde_json::json;
use syncline_simulator::Fields;

use crate::sheet::{Key, Means, ObjectSheet, Recorded, Sheet};

pub(crate) static SHEET: Sheet = Sheet { system: "aircall", objects: &[USER], paged: None, recorded: RECORDED };

const USER: ObjectSheet = ObjectSheet {
    kind: "user",
    record: |number| {
        Fields::from([
            ("name".to_owned(), json!(format!("Agent {number:06}"))),
            ("email".to_owned(), json!(format!("agent{number}@exam.example"))),
            ("availability_status".to_owned(), json!("available")),
        ])
    },
    name: "name",
    // Nothing else that people type is carried by a row, and it cannot be cleared.
    text: "name",
    written: |number| {
        let word = ["unavailable", "out_for_lunch", "doing_back_office"][usize::try_from(number % 3).unwrap_or(0)];
        Fields::from([("status".to_owned(), json!(word))])
    },
    typed: &["name"],
    link: None,
    keys: &[
        Key { field: "email", values: &["find.me@exam.example", "o'neill+a&b@exam.example"], folds_case: true },
        Key { field: "name", values: &["O'Neill-Şahin", "Back\\slash \"Straße\""], folds_case: true },
    ],
    unsearchable: "time_zone",
    refused: || ("status", json!("certainly no status")),
    absent: "99999999998",
    compares_versions: false,
    lacks: &[],
    merges: false,
};

const fn rows(file: &'static str, kind: &'static str, good: usize, bad: usize) -> Recorded {
    Recorded { file, kind, means: Means::Rows { good, bad } }
}

const RECORDED: &[Recorded] = &[
    rows("closed-user-event.json", "user", 1, 0),
    Recorded { file: "forbidden.json", kind: "user", means: Means::Fault("drift") },
    rows("list-users-reasons.json", "user", 4, 1),
    rows("read-contacts-response.json", "contact", 1, 0),
    rows("read-teams-response.json", "team", 1, 0),
    rows("read-users-paginated-response.json", "user", 2, 0),
    rows("read-users-response.json", "user", 1, 0),
    rows("view-user.json", "user", 1, 0),
];
