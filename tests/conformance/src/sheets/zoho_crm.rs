//! Zoho CRM's sheet.

use serde_json::{Value as Json, json};
use syncline_simulator::Fields;

use crate::sheet::{Key, Means, ObjectSheet, Recorded, Sheet};

pub(crate) static SHEET: Sheet = Sheet { system: "zoho_crm", objects: &[ACCOUNT, CONTACT, LEAD, PERSON], paged: None, recorded: RECORDED };

const LINK: Option<&str> = Some("Syncline_Id");
const ABSENT: &str = "6493490000099999999";

fn fields<const N: usize>(fields: [(&str, Json); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

const LINK_KEY: Key = Key { field: "Syncline_Id", values: &["d51bd57f-f9ab-11e6-b840-0cc47a1254ce"], folds_case: true };
const EMAIL_KEY: Key =
    Key { field: "Email", values: &["find.me@exam.example", "o'neill+a&b@exam.example", "(odd)one@exam.example"], folds_case: true };
const NAME_KEY: Key = Key { field: "Last_Name", values: &["Zoë O'Neill-Şahin", "Said \"Hello\" (Straße), \\ Jr."], folds_case: true };

const ACCOUNT: ObjectSheet = ObjectSheet {
    kind: "Accounts",
    record: |number| {
        fields([
            ("Account_Name", json!(format!("Examined firm {number:06}"))),
            ("Account_Number", json!(format!("Number {number:06}"))),
            ("Billing_City", json!(format!("Kraków {number}"))),
        ])
    },
    name: "Account_Name",
    text: "Account_Number",
    written: |number| fields([("Website", json!(format!("https://written-{number}.example")))]),
    typed: &["Account_Number", "Billing_Street", "Billing_City"],
    link: LINK,
    keys: &[Key { field: "Account_Name", values: &["Zoë & Söhne (GmbH), Köln", "Said \"Hello\" Straße"], folds_case: true }, LINK_KEY],
    unsearchable: "Description",
    refused: || ("Phone", json!("certainly no telephone")),
    absent: ABSENT,
    compares_versions: false,
    lacks: &[],
    merges: false,
};

fn person(number: u32) -> Fields {
    fields([
        ("Last_Name", json!(format!("Examined {number:06} Müller"))),
        ("Email", json!(format!("person{number}@exam.example"))),
        ("Title", json!(format!("Examined role {number}"))),
    ])
}

const CONTACT: ObjectSheet = ObjectSheet {
    kind: "Contacts",
    record: person,
    name: "Last_Name",
    text: "Title",
    written: |number| fields([("Mailing_City", json!(format!("Town {number:04}")))]),
    typed: &["Title", "Mailing_Street", "Fax"],
    link: LINK,
    keys: &[EMAIL_KEY, NAME_KEY, LINK_KEY],
    unsearchable: "Description",
    refused: || ("Email", json!("certainly no address")),
    absent: ABSENT,
    compares_versions: false,
    lacks: &[],
    merges: false,
};

fn lead(number: u32) -> Fields {
    let mut fields = person(number);
    fields.insert("Company".to_owned(), json!(format!("Examined firm {number}")));
    fields
}

const LEAD: ObjectSheet = ObjectSheet {
    kind: "Leads",
    record: lead,
    name: "Last_Name",
    text: "Title",
    written: |number| fields([("City", json!(format!("Town {number:04}")))]),
    typed: &["Title", "Street", "Fax"],
    link: LINK,
    keys: &[EMAIL_KEY, NAME_KEY, LINK_KEY],
    unsearchable: "Description",
    refused: || ("Email", json!("certainly no address")),
    absent: ABSENT,
    compares_versions: false,
    lacks: &[],
    merges: false,
};

/// Without a module a person begins as a lead.
const PERSON: ObjectSheet = ObjectSheet { kind: "person", absent: "Contacts/6493490000099999999", lacks: OF_CONTACTS, ..LEAD };

/// What leads do not have under any name (the recorded metadata of both modules).
const OF_CONTACTS: &[&str] = &[
    "Account_Name",
    "Asst_Phone",
    "Date_of_Birth",
    "Department",
    "Home_Phone",
    "Other_City",
    "Other_Country",
    "Other_Phone",
    "Other_State",
    "Other_Street",
    "Other_Zip",
];

const RECORDED: &[Recorded] = &[
    Recorded { file: "contacts.json", kind: "Contacts", means: Means::Rows { good: 2, bad: 0 } },
    Recorded { file: "leads-write.json", kind: "Leads", means: Means::Rows { good: 1, bad: 0 } },
    Recorded { file: "unsupportedread.json", kind: "Leads", means: Means::Fault("unsupported") },
    Recorded { file: "updatecontact.json", kind: "Contacts", means: Means::Rows { good: 1, bad: 0 } },
];
