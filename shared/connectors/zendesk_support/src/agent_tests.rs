//! Users and statuses as records.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;

fn kind() -> ObjectKind {
    KIND.into()
}

fn user() -> Json {
    json!({"id": 22_265_520_718_493_i64, "name": "Ida", "email": "ida@acme.example", "role": "agent", "role_type": 3, "active": true,
        "tags": ["b", "a"], "updated_at": "2026-11-22T10:00:00Z", "custom_role_id": 26_363_596_353_427_i64, "suspended": false, "notes": ""})
}

fn status(name: &str, since: Option<&str>) -> Status {
    Status { id: Some(3), name: name.to_owned(), updated_at: since.map(|text| text.parse().unwrap()) }
}

#[test]
fn an_agent_is_a_user_with_a_status() {
    let mut record = read(&kind(), &user()).unwrap();
    assert!(record.field("custom_role_id") == Some(&Value::text("26363596353427")) && record.field("notes") == Some(&Value::Null));
    assert_eq!((record.id.as_str(), record.is_live()), ("22265520718493", true));
    add_status(&mut record, Some(&status("Transfers only", Some("2026-11-22T10:00:07.5Z"))), &Catalogue::default());
    assert!(record.field(STATUS) == Some(&Value::text("transfers_only")) && record.field(STATUS_IS_CUSTOM) == Some(&Value::Bool(false)));
    assert_eq!(record.version, Some(Version("2026-11-22T10:00:07.5Z".parse().unwrap())));
    let mut older = read(&kind(), &user()).unwrap();
    add_status(&mut older, Some(&status("online", Some("2026-11-20T10:00:00Z"))), &Catalogue::default());
    assert_eq!(older.version, Some(Version("2026-11-22T10:00:00Z".parse().unwrap())));
}

#[test]
fn a_status_without_a_stamp_leaves_the_record_without_one() {
    let mut record = read(&kind(), &user()).unwrap();
    add_status(&mut record, Some(&status("online", None)), &Catalogue::default());
    assert_eq!(record.version, None);
    let mut light = read(&kind(), &user()).unwrap();
    add_status(&mut light, None, &Catalogue::default());
    assert!(light.version.is_some() && light.field(STATUS) == Some(&Value::Null));
}

#[test]
fn who_is_no_agent_any_more_is_gone_and_a_bad_row_shows_no_value() {
    let with = |name: &str, value: Json| {
        let mut user = user();
        user[name] = value;
        read(&kind(), &user)
    };
    assert!(!with("role", json!("end-user")).unwrap().is_live());
    assert!(!with("active", json!(false)).unwrap().is_live());
    assert!(with("suspended", json!(true)).unwrap().is_live());
    let bad = with("updated_at", json!("secret")).unwrap_err();
    assert_eq!(bad.id.as_ref().unwrap().as_str(), "22265520718493");
    assert!(matches!(&bad.fault, Fault::Drift { path, .. } if path == "updated_at") && !format!("{bad:?}").contains("secret"));
    assert!(with("id", json!("x")).unwrap_err().id.is_none());
}

#[test]
fn a_wish_names_what_cannot_be_sent_without_its_value() {
    let fields =
        |pairs: Vec<(&str, Value)>| pairs.into_iter().map(|(name, value)| (FieldName::new(name), value)).collect::<BTreeMap<_, _>>();
    let good = Wish::of(&fields(vec![(STATUS, Value::text("online")), ("alias", Value::Null), ("notes", Value::text("x"))])).unwrap();
    assert_eq!((good.status.as_deref(), Json::Object(good.members)), (Some("online"), json!({"alias": null, "notes": "x"})));
    let wrong = fields(vec![
        (STATUS, Value::Null),
        ("email", Value::text("secret@acme.example")),
        ("notes", Value::Bool(true)),
        ("shoe_size", Value::Integer(4711)),
        (STATUS_ID, Value::text("secret")),
    ]);
    let Err(problems) = Wish::of(&wrong) else { panic!() };
    let found: Vec<(&str, &str)> = problems.iter().map(|p| (p.field.as_ref().unwrap().as_str(), p.code.as_str())).collect();
    let expected = [
        ("email", "readonly_field"),
        ("notes", "datatype_mismatch"),
        ("shoe_size", "readonly_field"),
        ("status", "no_status"),
        ("status_id", "readonly_field"),
    ];
    assert_eq!(found, expected);
    assert!(!format!("{problems:?}").contains("secret") && !format!("{problems:?}").contains("4711"));
}

#[test]
fn the_schema_says_what_can_be_written() {
    let schema = schema(&kind(), talk_statuses());
    let updatable: Vec<&str> = schema.fields.iter().filter(|field| field.updatable).map(|field| field.name.as_str()).collect();
    assert_eq!(updatable, ["name", "alias", "phone", "external_id", "details", "notes", "signature", "status"]);
    assert!(schema.fields.iter().all(|field| !field.creatable));
}
