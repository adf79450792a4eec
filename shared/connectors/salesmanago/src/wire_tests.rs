use serde_json::json;

use super::*;

/// The members of both shapes as they were recorded (a client's test of 2017, and one of 2022), with other values.
fn full() -> Json {
    json!({
        "id": "d51bd57f-f9ab-11e6-b840-0cc47a1254ce", "name": "Example contact", "email": "ida@mail.example", "phone": null, "fax": null, "score": 0,
        "state": "PROSPECT", "optedOut": false, "optedOutPhone": true, "deleted": false, "invalid": false, "company": null, "externalId": null,
        "address": {"streetAddress": null, "zipCode": null, "city": "New York", "country": null},
        "birthdayYear": null, "birthdayMonth": null, "birthdayDay": null, "province": null, "mainContactOwner": "Owner@mail.example",
        "contactTags": [{"tag": "IGEN", "tagName": "IGEN", "score": 1, "createdOn": 1_487_842_731_000_i64, "tagWithScore": "IGEN (1)"}],
        "properties": [{"name": "Regisztráció dátuma", "value": "10/21/2015 10:06:56"}],
        "modifiedOn": 1_487_842_709_000_i64, "createdOn": 1_487_842_709_000_i64
    })
}

fn basic() -> Json {
    json!({
        "name": "Konrad", "email": "konrad@mail.example", "phone": "+48123321123", "fax": "", "score": 3, "state": "CUSTOMER", "optedOut": true,
        "optedOutPhone": false, "deleted": false, "invalid": false, "company": "X", "externalId": "U1", "address": null,
        "contactId": "ded47013-f9ab-11e6-b840-0cc47a1254ce", "birthdayYear": "1984", "birthdayMonth": "8", "birthdayDay": "4",
        "modifiedOn": 1_487_842_709_000_i64, "createdOn": 1_487_842_709_000_i64, "lastVisit": null
    })
}

fn field(record: &Record, name: &str) -> Json {
    record.field(name).unwrap_or_else(|| panic!("{name} was not read")).to_plain()
}

#[test]
fn both_shapes_are_read() {
    let record = record(&full()).unwrap();
    assert_eq!(record.id.as_str(), "d51bd57f-f9ab-11e6-b840-0cc47a1254ce");
    for (name, expected) in [
        ("state", json!("PROSPECT")),
        ("optedOut", json!(false)),
        ("optedOutPhone", json!(true)),
        ("address.city", json!("New York")),
        ("address.zipCode", json!(null)),
        ("birthday", json!(null)),
        ("tags", json!(["IGEN"])),
        ("mainContactOwner", json!("owner@mail.example")),
        ("properties.Regisztráció dátuma", json!("10/21/2015 10:06:56")),
        ("createdOn", json!("2017-02-23T09:38:29Z")),
    ] {
        assert_eq!(field(&record, name), expected, "{name}");
    }
    let thin = super::record(&basic()).unwrap();
    assert_eq!(
        (field(&thin, "birthday"), field(&thin, "address.city"), field(&thin, "fax")),
        (json!("1984-08-04"), json!(null), json!(null))
    );
    assert!(thin.field("province").is_none() && thin.field("mainContactOwner").is_none());
}

#[test]
fn a_birthday_without_a_year_is_no_date_and_is_not_lost() {
    let mut row = full();
    (row["birthdayMonth"], row["birthdayDay"]) = (json!("2"), json!("29"));
    let read = record(&row).unwrap();
    assert_eq!((field(&read, "birthday"), field(&read, "birthdayWithoutYear")), (json!(null), json!("02-29")));
    row["birthdayYear"] = json!("2023");
    let impossible = record(&row).unwrap();
    assert_eq!(field(&impossible, "birthday"), json!(null), "no such day");
}

#[test]
fn a_day_is_written_as_a_day() {
    for text in ["1984-08-04", "2000-01-01", "1999-12-31"] {
        let date: Date = text.parse().unwrap();
        assert_eq!(written_day(date), text.replace('-', ""));
    }
}

#[test]
fn a_row_that_cannot_be_read_says_where() {
    let path = |row: &Json| {
        let Fault::Drift { path, .. } = record(row).unwrap_err().fault else { panic!("not read, and no drift") };
        path
    };
    assert_eq!(path(&json!([])), "contact");
    assert_eq!(path(&json!({"email": "a@b.example"})), "contact.id");
    let with = |name: &str, value: Json| {
        let mut row = full();
        row[name] = value;
        row
    };
    assert_eq!(path(&with("optedOut", json!("no"))), "optedOut");
    assert_eq!(path(&with("contactTags", json!(7))), "contactTags");
    assert_eq!(path(&with("address", json!("a"))), "address");
}

#[test]
fn what_is_not_told_of_consent_is_not_guessed() {
    let mut row = full();
    row.as_object_mut().unwrap().remove("optedOut");
    let selection =
        |fields: &[&str]| Selection { kind: CONTACT.into(), fields: fields.iter().map(|name| FieldName::from(*name)).collect() };
    let read = record(&row).unwrap();
    assert!(selected(&selection(&["name", "optedOut"]), read.clone()).is_err());
    let named = selected(&selection(&["name", "properties.none"]), read).unwrap();
    assert_eq!(named.fields.len(), 2);
    assert_eq!(field(&named, "properties.none"), json!(null));
}

#[test]
fn bodies_of_every_form_decode() {
    let kind = ObjectKind::new(CONTACT);
    let count = |body: Json| decode(&kind, body.to_string().as_bytes()).map(|rows| rows.len());
    assert_eq!(count(json!({"success": true, "message": [], "contacts": [full(), basic()]})), Ok(2));
    assert_eq!(count(full()), Ok(1));
    assert!(count(json!({"success": false, "message": ["User not authenticated"]})).is_err());
    assert!(decode(&kind, b"<html>").is_err());
}

#[test]
fn only_a_contacts_id_is_asked_for() {
    assert!(is_id("d51bd57f-f9ab-11e6-b840-0cc47a1254ce"));
    assert!(!is_id("no-id-of-this-vendor") && !is_id("../x'; --") && !is_id(""));
}
