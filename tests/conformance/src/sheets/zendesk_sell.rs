//! Zendesk Sell's sheet.

use serde_json::json;
use syncline_simulator::Fields;

use crate::sheet::{Key, Means, ObjectSheet, Recorded, Sheet};

pub(crate) static SHEET: Sheet =
    Sheet { system: "zendesk_sell", objects: &[CONTACT, LEAD, DEAL, TASK, NOTE, APPOINTMENT], paged: None, recorded: RECORDED };

/// The organisation that a loaded simulator of the exam's seed has: deals and notes must belong to somebody.
const HOUSE: i64 = 2_097_281;

fn fields<const N: usize>(pairs: [(&str, serde_json::Value); N]) -> Fields {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

const CONTACT: ObjectSheet = ObjectSheet {
    kind: "contact",
    record: |number| {
        fields([
            ("is_organization", json!(true)),
            ("name", json!(format!("Company {number:06}"))),
            ("email", json!(format!("company{number}@exam.example"))),
            ("industry", json!(format!("Examined trade {number}"))),
        ])
    },
    name: "name",
    text: "industry",
    written: |number| {
        fields([("industry", json!(format!("Written trade {number}"))), ("address.city", json!(format!("Written city {number}")))])
    },
    typed: &["industry", "phone", "mobile", "description", "address.line1", "custom_fields.Remark"],
    link: None,
    keys: &[
        Key { field: "email", values: &["find.me@exam.example", "o'neill+a&b@exam.example"], folds_case: true },
        Key { field: "name", values: &["O'Neill-Şahin", "Back\\slash \"Straße\""], folds_case: true },
        Key { field: "custom_fields.External id", values: &["003Qy00000AbCdEIAX", "it's \"quoted\" ü"], folds_case: false },
    ],
    unsearchable: "description",
    refused: || ("email", json!("certainly no address")),
    absent: "899999999",
    compares_versions: false,
    lacks: &[],
    merges: true,
};

const LEAD: ObjectSheet = ObjectSheet {
    kind: "lead",
    record: |number| {
        fields([
            ("first_name", json!("Björn")),
            ("last_name", json!(format!("Prospect {number:06}"))),
            ("organization_name", json!(format!("Prospects {number} GmbH"))),
            ("email", json!(format!("lead{number}@exam.example"))),
            ("description", json!(format!("Examined lead {number}"))),
        ])
    },
    name: "last_name",
    text: "description",
    written: |number| fields([("description", json!(format!("Written lead {number}")))]),
    typed: &["first_name", "description", "phone", "address.city"],
    link: None,
    keys: &[
        Key { field: "email", values: &["find.me@exam.example", "o'neill+a&b@exam.example"], folds_case: true },
        Key { field: "organization_name", values: &["Müller & Söhne", "O'Neill \"Best\" Ltd"], folds_case: true },
    ],
    unsearchable: "title",
    refused: || ("email", json!("certainly no address")),
    absent: "899999999",
    compares_versions: false,
    lacks: &[],
    merges: false,
};

const DEAL: ObjectSheet = ObjectSheet {
    kind: "deal",
    record: |number| {
        fields([
            ("name", json!(format!("Deal {number:06}"))),
            ("contact_id", json!(HOUSE.to_string())),
            ("custom_fields.Remark", json!(format!("Examined deal {number}"))),
        ])
    },
    name: "name",
    text: "custom_fields.Remark",
    written: |number| fields([("custom_fields.Remark", json!(format!("Written deal {number}")))]),
    typed: &["custom_fields.Remark"],
    link: None,
    keys: &[
        Key { field: "name", values: &["O'Neill-Şahin's \"big\" one"], folds_case: true },
        Key { field: "custom_fields.External id", values: &["003Qy00000AbCdEIAX"], folds_case: false },
    ],
    unsearchable: "currency",
    refused: || ("stage_id", json!(987_654_321)),
    absent: "899999999",
    compares_versions: false,
    lacks: &[],
    merges: false,
};

const TASK: ObjectSheet = ObjectSheet {
    kind: "task",
    record: |number| fields([("content", json!(format!("Call number {number:06}")))]),
    name: "content",
    text: "content",
    written: |number| fields([("due_date", json!(format!("2026-12-{:02}T10:00:00Z", 1 + number % 28)))]),
    typed: &["content"],
    link: None,
    keys: &[],
    unsearchable: "due_date",
    refused: || ("resource_type", json!("certainly nothing")),
    absent: "899999999",
    compares_versions: false,
    lacks: &[],
    merges: false,
};

const NOTE: ObjectSheet = ObjectSheet {
    kind: "note",
    record: |number| {
        fields([("content", json!(format!("Note number {number:06}"))), ("resource_type", json!("contact")), ("resource_id", json!(HOUSE))])
    },
    name: "content",
    text: "content",
    written: |number| fields([("tags", json!([format!("written-{number}")]))]),
    typed: &["content"],
    link: None,
    keys: &[],
    unsearchable: "is_important",
    refused: || ("is_important", json!("certainly no flag")),
    absent: "899999999",
    compares_versions: false,
    lacks: &[],
    merges: false,
};

const APPOINTMENT: ObjectSheet = ObjectSheet {
    kind: "appointment",
    record: |number| {
        fields([
            ("name", json!(format!("Meeting number {number:06}"))),
            ("description", json!(format!("Examined agenda {number}"))),
            ("start_at", json!("2026-12-01T09:00:00Z")),
            ("contexts", json!([{"id": number, "contextable_id": HOUSE, "contextable_type": "contact"}])),
        ])
    },
    name: "name",
    text: "description",
    written: |number| fields([("location", json!(format!("Written room {number}")))]),
    typed: &["name", "description", "location"],
    link: None,
    keys: &[],
    unsearchable: "location",
    refused: || ("start_at", json!("certainly no moment")),
    absent: "899999999",
    compares_versions: false,
    lacks: &[],
    merges: false,
};

const fn rows(file: &'static str, kind: &'static str, good: usize) -> Recorded {
    Recorded { file, kind, means: Means::Rows { good, bad: 0 } }
}

const fn fault(file: &'static str, kind: &'static str, code: &'static str) -> Recorded {
    Recorded { file, kind, means: Means::Fault(code) }
}

const RECORDED: &[Recorded] = &[
    rows("accessToken.json", "contact", 0),
    fault("errorResponse.json", "contact", "rejected"),
    rows("multipleContacts.json", "contact", 2),
    rows("multipleLeads.json", "lead", 2),
    rows("multipleNotesResponse.json", "note", 2),
    rows("refreshToken.json", "contact", 0),
    fault("unprocessableContact.json", "contact", "rejected"),
    rows("usersResponse.json", "user", 1),
];
