//! Salesforce's sheet.

use serde_json::json;
use syncline_salesforce_sim::{Profile, Salesforce};
use syncline_simulator::{Fields, Users};

use crate::sheet::{Key, Means, ObjectSheet, Recorded, Sheet};

pub(crate) static SHEET: Sheet = Sheet { system: "salesforce", objects: &[CONTACT, ACCOUNT], paged: Some(paged), recorded: RECORDED };

fn paged(base_url: &str, page_records: u32) -> Box<dyn Users> {
    Box::new(Salesforce::new(Profile { instance_url: base_url.to_owned(), page_records, ..Profile::default() }))
}

const CONTACT: ObjectSheet = ObjectSheet {
    kind: "Contact",
    record: |number| {
        Fields::from([
            ("FirstName".to_owned(), json!("Amélie")),
            ("LastName".to_owned(), json!(format!("Person {number:06}"))),
            ("Email".to_owned(), json!(format!("person{number}@exam.example"))),
            ("Title".to_owned(), json!(format!("Examined role {number}"))),
        ])
    },
    name: "LastName",
    text: "Title",
    written: |number| Fields::from([("Title".to_owned(), json!(format!("Written role {number}")))]),
    typed: &["FirstName", "Title", "Department", "Phone", "MobilePhone", "Description", "MailingStreet"],
    link: Some("FDCONTACTID__c"),
    keys: &[
        Key { field: "Email", values: &["find.me@exam.example", "o'neill+a&b@exam.example"], folds_case: true },
        Key { field: "MobilePhone", values: &["+49 171 555 0101", "0171/555-0102"], folds_case: false },
        Key { field: "LastName", values: &["O'Neill-Şahin", "Back\\slash \"Straße\""], folds_case: true },
        Key { field: "FDCONTACTID__c", values: &["82000114477", "it's \"quoted\" ü"], folds_case: false },
    ],
    unsearchable: "Description",
    refused: || ("Email", json!("certainly no address")),
    absent: "003ak00000luKU1AAM",
    compares_versions: false,
    lacks: &[],
    merges: true,
};

const ACCOUNT: ObjectSheet = ObjectSheet {
    kind: "Account",
    record: |number| {
        Fields::from([
            ("Name".to_owned(), json!(format!("Company {number:06} GmbH"))),
            ("Phone".to_owned(), json!(format!("+49 221 {number:06}"))),
            ("Site".to_owned(), json!(format!("Examined site {number}"))),
        ])
    },
    name: "Name",
    text: "Site",
    written: |number| Fields::from([("Site".to_owned(), json!(format!("Written site {number}")))]),
    typed: &["Site", "Phone", "Website", "Description", "BillingStreet", "BillingCity"],
    link: Some("FDACCOUNTID__c"),
    keys: &[
        Key { field: "Name", values: &["Müller & Söhne", "O'Neill \"Best\" Ltd"], folds_case: true },
        Key { field: "Phone", values: &["+49 30 555 0103"], folds_case: false },
        Key { field: "Website", values: &["find-me.example"], folds_case: true },
        Key { field: "FDACCOUNTID__c", values: &["82000114478", "it's \"quoted\" ü"], folds_case: false },
    ],
    unsearchable: "Description",
    refused: || ("Name", json!("much too long ".repeat(40))),
    absent: "001ak00000OQTieAAH",
    compares_versions: false,
    lacks: &[],
    merges: true,
};

const fn rows(file: &'static str, kind: &'static str, good: usize) -> Recorded {
    Recorded { file, kind, means: Means::Rows { good, bad: 0 } }
}

const fn bad_rows(file: &'static str, kind: &'static str, bad: usize) -> Recorded {
    Recorded { file, kind, means: Means::Rows { good: 0, bad } }
}

const fn fault(file: &'static str, kind: &'static str, code: &'static str) -> Recorded {
    Recorded { file, kind, means: Means::Fault(code) }
}

const RECORDED: &[Recorded] = &[
    fault("batch-create-contacts-err-bad-request.json", "Contact", "rejected"),
    bad_rows("batch-create-contacts-partial-but-allOrNone.json", "Contact", 2),
    rows("batch-create-contacts-success.json", "Contact", 2),
    bad_rows("batch-update-contacts-err-each-no-ids.json", "Contact", 2),
    rows("batch-update-contacts-success.json", "Contact", 2),
    rows("bulk-info-success.json", "Account", 0),
    rows("create-ok.json", "Account", 1),
    fault("crm-delete-not-found.json", "Account", "missing"),
    fault("invalid-field-upsert.json", "Account", "rejected"),
    rows("metadata-read-accounts-sampled.json", "Account", 0),
    rows("metadata-write-user-info.json", "User", 0),
    fault("pardot-delete-err-not-found.json", "Prospect", "rejected"),
    rows("pardot-read-prospects.json", "Prospect", 3),
    rows("read-list-contacts.json", "Contact", 20),
    rows("read-list-leads.json", "Lead", 8),
    rows("read-opportunity-with-account.json", "Opportunity", 2),
    rows("read-opportunity-with-contacts.json", "Opportunity", 1),
    fault("restforce-auth_error_response.json", "Whizbang", "auth_refused"),
    rows("restforce-auth_success_response.json", "Whizbang", 0),
    fault("restforce-delete_error_response.json", "Whizbang", "rejected"),
    fault("restforce-expired_session_response.json", "Whizbang", "auth_expired"),
    rows("restforce-get_deleted_success_response.json", "Whizbang", 1),
    rows("restforce-get_updated_success_response.json", "Whizbang", 7),
    rows("restforce-list_view_results_success_response.json", "Whizbang", 1),
    bad_rows("restforce-query_aggregate_success_response.json", "Whizbang", 3),
    fault("restforce-query_error_response.json", "Whizbang", "rejected"),
    rows("restforce-query_paginated_first_page_response.json", "Whizbang", 1),
    rows("restforce-query_paginated_last_page_response.json", "Whizbang", 1),
    rows("restforce-query_success_response.json", "Whizbang", 1),
    rows("restforce-reauth_success_response.json", "Whizbang", 0),
    fault("restforce-refresh_error_response.json", "Whizbang", "auth_refused"),
    rows("restforce-refresh_success_response.json", "Whizbang", 0),
    rows("restforce-services_data_success_response.json", "Whizbang", 0),
    fault("restforce-upsert_multiple_error_response.json", "Whizbang", "taken"),
    fault("restforce-write_error_response.json", "Whizbang", "rejected"),
    rows("subscription-new_account.json", "Account", 1),
    rows("subscription-update_contact.json", "Contact", 1),
    rows("subscription-update_contact_compound_address.json", "Contact", 1),
    rows("subscription-update_user.json", "User", 1),
    bad_rows("success-with-errors.json", "Account", 1),
    fault("unknown-field.json", "Account", "rejected"),
    fault("unknown-object.json", "Account", "rejected"),
];
