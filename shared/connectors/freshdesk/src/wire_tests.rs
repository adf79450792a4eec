//! What other accounts and other years answered, and what cannot be read.

use std::borrow::Borrow;

use super::*;

const CREATED: &[u8] = include_bytes!("../fixtures/create-contacts.json");
const EMPTY: &[u8] = include_bytes!("../fixtures/empty.json");
const TICKETS: &[u8] = include_bytes!("../fixtures/tickets.json");
const TICKET: &[u8] = include_bytes!("../fixtures/update-ticket.json");
const LISTED: &[u8] = include_bytes!("../fixtures/list-contacts.json");
const VIEWED: &[u8] = include_bytes!("../fixtures/view-contact.json");
const COMPANY: &[u8] = include_bytes!("../fixtures/view-company.json");
const FIELDS: &[u8] = include_bytes!("../fixtures/fields-contact.json");

fn good(kind: &str, body: &[u8]) -> Vec<Record> {
    decode(&kind.into(), body).unwrap().into_iter().map(Result::unwrap).collect()
}

fn one(kind: &str, body: &str) -> Record {
    good(kind, body.as_bytes()).pop().unwrap()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn absent(record: &Record, field: &str) {
    assert!(record.field(field).is_none(), "{field} is {:?}", record.field(field));
}

fn is(record: &Record, field: &str, value: impl Borrow<Value>) {
    assert!(record.field(field) == Some(value.borrow()), "{field} is {:?}", record.field(field));
}

#[test]
fn recordings_decode() {
    let created = good("contact", CREATED).pop().unwrap();
    assert_eq!((created.id.as_str(), created.presence.clone()), ("501002381517", Presence::Live));
    is(&created, "org_contact_id", text("1891443779623272448"));
    absent(&created, "phone");
    assert_eq!(created.version, Some(Version("2025-02-17T11:05:13Z".parse().unwrap())));
    assert!(good("contact", EMPTY).is_empty());
    let tickets = good("ticket", TICKETS);
    assert_eq!(tickets.iter().map(|ticket| ticket.id.as_str()).collect::<Vec<_>>(), ["18", "17"]);
    is(&tickets[0], "requester_id", Value::Reference("5".into()));
    is(&tickets[0], "custom_fields.category", text("Default"));
    is(&tickets[0], "due_by", Value::DateTime("2015-08-20T11:30:00Z".parse().unwrap()));
    is(&tickets[1], "type", Value::Null);
    is(&good("ticket", TICKET)[0], "form_id", Value::Reference("501000123310".into()));
    assert_eq!(good("contact_field", FIELDS).len(), 13);
}

#[test]
fn rows_are_thin_and_single_records_are_not() {
    let (row, view) = (good("contact", LISTED).pop().unwrap(), good("contact", VIEWED).pop().unwrap());
    for thin in Kind::Contact.thin_fields() {
        assert!(row.field(thin).is_none() && view.field(thin).is_some(), "{thin}");
    }
    is(&view, "tags", Value::set(["renewal".into()]));
    is(&view, "other_companies", Value::set(["82000114490".into()]));
    is(&view, "company_id", Value::Reference("82000114477".into()));
    is(&view, "custom_fields.vip", Value::Bool(false));
    is(&view, "phone", Value::Null);
    is(&view, "id", text("82001930215"));
    let company = good("company", COMPANY).pop().unwrap();
    is(&company, "renewal_date", Value::Date("2027-03-31".parse().unwrap()));
    is(&company, "domains", Value::set(["nordwerk.example".into()]));
}

#[test]
fn members_of_other_years_are_read() {
    let old = one(
        "contact",
        r#"{"total":1,"results":[{"id":"157000790462","name":"A","twitter_id":1234567,"view_all_tickets":null,"other_companies":[7,"8"],
        "custom_field":{"cf_department":"Ops","cf_size":12,"cf_rate":1.5},"updated_at":"2015-08-18T21:48:14+05:30","custom_fields":[],
        "twitter_followers_count":3,"avatar":{"content_type":"image/png","size":4},"devices":[{"x":1}],"deleted":true}]}"#,
    );
    assert_eq!((old.id.as_str(), &old.presence), ("157000790462", &Presence::Deleted));
    assert_eq!(old.version, Some(Version("2015-08-18T16:18:14Z".parse().unwrap())));
    is(&old, "twitter_id", text("1234567"));
    is(&old, "view_all_tickets", Value::Null);
    is(&old, "other_companies", Value::set(["7".into(), "8".into()]));
    is(&old, "custom_fields.department", text("Ops"));
    is(&old, "custom_fields.size", Value::Integer(12));
    is(&old, "custom_fields.rate", Value::Decimal("1.5".parse().unwrap()));
    is(&old, "avatar.content_type", text("image/png"));
    absent(&old, "devices");
    let company = one("company", r#"{"id":8,"renewal_date":"2026-12-31","domains":null,"org_company_id":18446744073709551615}"#);
    is(&company, "renewal_date", Value::Date("2026-12-31".parse().unwrap()));
    is(&company, "domains", Value::Null);
    is(&company, "org_company_id", text("18446744073709551615"));
    assert_eq!(moment("2014-01-08 06:38:11 +0530").unwrap().to_string(), "2014-01-08T01:08:11Z");
}

#[test]
fn a_bad_row_stops_only_itself_and_shows_no_value() {
    let rows = r#"[{"id":1,"name":"good"},{"name":"secret"},{"id":3,"company_id":"secret"},{"id":4.5},7,
        {"id":6,"updated_at":"secret"},{"id":7,"tags":"secret"},{"id":8,"custom_fields":"secret"},{"id":9,"name":{"secret":1}}]"#;
    let found = decode(&"contact".into(), rows.as_bytes()).unwrap();
    assert!(found[0].is_ok());
    let bad: Vec<(Option<&str>, String)> = found[1..]
        .iter()
        .map(|row| {
            let bad = row.as_ref().unwrap_err();
            let Fault::Drift { path, .. } = &bad.fault else { panic!("{:?}", bad.fault) };
            (bad.id.as_ref().map(RecordId::as_str), path.clone())
        })
        .collect();
    let expected = [
        (None, "id"),
        (Some("3"), "company_id"),
        (None, "id"),
        (None, "$"),
        (Some("6"), "updated_at"),
        (Some("7"), "tags"),
        (Some("8"), "custom_fields"),
        (Some("9"), "name"),
    ];
    assert_eq!(bad, expected.map(|(id, path)| (id, path.to_owned())));
    assert!(!format!("{found:?}").contains("secret"));
}

#[test]
fn days_and_what_is_none() {
    for (given, expected) in [
        ("2026-12-31", Some("2026-12-31")),
        ("2026-12-31T00:00:00Z", Some("2026-12-31")),
        ("2026-12-311", None),
        ("31.12.2026", None),
        ("", None),
    ] {
        assert_eq!(day(given), expected.map(|date| date.parse().unwrap()), "{given}");
    }
}

#[test]
fn moments_inside_other_objects_are_moments() {
    let agent = br#"[{"id":1,"contact":{"email":"a@b.example","created_at":"2024-10-21T09:30:07Z","last_login_at":null},"group_ids":[7,8],"created_at":"2024-10-21T09:30:07Z"}]"#;
    let rows = decode(&"agent".into(), agent).unwrap();
    let record = rows[0].as_ref().unwrap();
    let moment = Value::DateTime("2024-10-21T09:30:07Z".parse().unwrap());
    assert!(record.field("contact.created_at") == Some(&moment) && record.field("created_at") == Some(&moment));
    assert!(record.field("contact.last_login_at") == Some(&Value::Null));
    assert!(record.field("group_ids") == Some(&Value::set(["7".to_owned(), "8".to_owned()])));
}
