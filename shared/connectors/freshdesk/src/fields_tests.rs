//! Metadata as accounts answer it, and fields as they are wished for.

use super::*;

fn contact_schema() -> ObjectSchema {
    let rows: Vec<Json> = serde_json::from_slice(include_bytes!("../fixtures/fields-contact.json")).unwrap();
    schema(Kind::Contact, &rows).unwrap()
}

#[test]
fn default_fields_have_the_names_and_types_of_records() {
    let schema = contact_schema();
    let types = [
        ("name", FieldType::Text),
        ("email", FieldType::Email),
        ("mobile", FieldType::Phone),
        ("company_id", FieldType::Reference { to: vec!["company".into()] }),
        ("tags", FieldType::Set { choices: vec![] }),
        ("other_emails", FieldType::Set { choices: vec![] }),
        ("twitter_followers_count", FieldType::Integer),
        ("custom_fields.first_order_on", FieldType::Date),
        ("custom_fields.sfcontactid", FieldType::Text),
        ("custom_fields.orders", FieldType::Integer),
        ("custom_fields.house", FieldType::Other("custom_lookup".into())),
        ("id", FieldType::Id),
        ("updated_at", FieldType::DateTime),
    ];
    for (name, expected) in types {
        assert_eq!(schema.field(name).map(|field| &field.field_type), Some(&expected), "{name}");
    }
    let FieldType::Choice { choices, restricted: true } = &schema.field("language").unwrap().field_type else { panic!() };
    assert_eq!(choices[0], Choice { value: "de".into(), label: "German".into() });
}

#[test]
fn rights_are_the_vendors() {
    let schema = contact_schema();
    let facts = |name: &str| {
        let field = schema.field(name).unwrap();
        (field.required, field.unique, field.updatable, field.visible, field.custom)
    };
    assert_eq!(facts("name"), (true, false, true, Some(true), false));
    assert_eq!(facts("email"), (false, true, true, None, false));
    assert_eq!(facts("mobile"), (false, true, true, None, false));
    assert_eq!(facts("custom_fields.customer_segment"), (true, false, true, Some(true), true));
    assert_eq!(facts("custom_fields.first_order_on"), (false, false, true, Some(false), true));
    assert_eq!(facts("custom_fields.sfcontactid"), (false, true, true, None, true));
    for name in ["id", "created_at", "other_companies", "twitter_followers_count"] {
        assert!(!facts(name).2 && !schema.field(name).unwrap().creatable, "{name}");
    }
}

#[test]
fn choices_come_in_four_forms() {
    let values =
        |name: &str, choices: Json| read_choices(name, &choices).into_iter().map(|choice| (choice.value, choice.label)).collect::<Vec<_>>();
    let pair = |value: &str, label: &str| vec![(value.to_owned(), label.to_owned())];
    assert_eq!(values("x", json!([{"id": 1, "label": "Gold", "value": "gold"}])), pair("gold", "Gold"));
    assert_eq!(values("x", json!([{"id": 1, "label": "Gold"}])), pair("Gold", "Gold"));
    assert_eq!(values("x", json!(["Gold"])), pair("Gold", "Gold"));
    assert_eq!(values("x", json!([["Gold", "gold"]])), pair("gold", "Gold"));
    assert_eq!(values("time_zone", json!({"Berlin": "(GMT+01:00) Berlin"})), pair("Berlin", "(GMT+01:00) Berlin"));
    assert_eq!(values("language", json!({"German": "de"})), pair("de", "German"));
    assert!(values("x", json!(null)).is_empty());
}

#[test]
fn a_row_without_a_name_is_drift() {
    assert_eq!(schema(Kind::Company, &[json!({"label": "x"})]).unwrap_err().code(), "drift");
    assert_eq!(schema(Kind::Company, &[json!("x")]).unwrap_err().code(), "drift");
}

fn wish(name: &str, label: &str, field_type: FieldType, unique: bool) -> FieldSchema {
    let mut wish = FieldSchema::new(name, label, field_type);
    wish.unique = unique;
    wish
}

#[test]
fn wishes_become_the_vendors_words() {
    let body = creation(Kind::Contact, &wish("custom_fields.sfcontactid", "SFCONTACTID", FieldType::Text, true)).unwrap();
    let expected = json!({"label": "SFCONTACTID", "label_for_customers": "SFCONTACTID", "type": "custom_text", "unique": true,
        "required_for_agents": false, "customers_can_edit": false, "displayed_for_customers": false});
    assert_eq!(body, expected);
    let date = creation(Kind::Company, &wish("custom_fields.signed_on", "Signed, when?", FieldType::Date, true)).unwrap();
    assert_eq!(date, json!({"label": "signed_on", "type": "custom_date", "required_for_agents": false}));
    let choices = vec![Choice { value: "A".into(), label: "A".into() }];
    let choice = creation(Kind::Company, &wish("tier", "Tier", FieldType::Choice { choices, restricted: true }, false)).unwrap();
    assert_eq!(choice["choices"], json!([{"value": "A", "position": 1}]));
    let refused = creation(Kind::Contact, &wish("x", "x", FieldType::DateTime, false));
    assert_eq!(refused.unwrap_err().code(), "unsupported");
    assert!(plain_creation(&body).get("customers_can_edit").is_none());
}

#[test]
fn a_standing_field_serves_if_its_type_agrees() {
    let schema = contact_schema();
    let link = wish("custom_fields.SFCONTACTID", "SFCONTACTID", FieldType::Text, true);
    assert_eq!(standing(&schema, &link).map(|field| agrees(field, &link)), Some(Ok(())));
    let by_label = wish("custom_fields.other", "sfcontactid", FieldType::Text, true);
    assert!(standing(&schema, &by_label).is_some());
    let wrong = wish("custom_fields.orders", "Orders", FieldType::Text, false);
    assert_eq!(agrees(standing(&schema, &wrong).unwrap(), &wrong).unwrap_err().code(), "rejected");
    assert!(standing(&schema, &wish("custom_fields.new", "New", FieldType::Text, false)).is_none());
}
