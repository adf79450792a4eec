use super::*;

const PLAIN: Manner = Manner { clearing: Clearing::Empty, double_opt_in: false };

fn fields(pairs: &[(&str, Value)]) -> BTreeMap<FieldName, Value> {
    pairs.iter().map(|(name, value)| (FieldName::from(*name), value.clone())).collect()
}

fn present() -> Json {
    json!({
        "id": "d51bd57f-f9ab-11e6-b840-0cc47a1254ce", "email": "Ida@a.example", "optedOut": false, "optedOutPhone": false,
        "address": {"streetAddress": "Street 1", "zipCode": null, "city": "Lyon", "country": null},
        "birthdayYear": null, "birthdayMonth": "8", "birthdayDay": "4",
        "contactTags": [{"tag": "OLD"}, {"tag": "KEPT"}]
    })
}

fn code(outcome: Result<Item, Fault>) -> String {
    match outcome {
        Err(Fault::Rejected { problems }) => problems[0].code.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_new_contact_goes_by_its_address_and_leaves_consent_alone() {
    let made = item(&fields(&[("email", Value::text("Ida@A.example")), ("name", Value::text("Ida")), ("phone", Value::Null)]), None, PLAIN)
        .unwrap();
    assert_eq!(made.body["contact"], json!({"email": "Ida@A.example", "name": "Ida"}));
    for flag in ["forceOptIn", "forceOptOut", "forcePhoneOptIn", "forcePhoneOptOut", "useApiDoubleOptIn"] {
        assert_eq!(made.body[flag], json!(false), "{flag}");
    }
    assert_eq!(made.email.as_deref(), Some("ida@a.example"));
    assert_eq!(code(item(&fields(&[("name", Value::text("Ida"))]), None, PLAIN)), "required");
}

#[test]
fn consent_is_pushed_one_way_and_not_twice() {
    let row = present();
    let out = item(&fields(&[("optedOut", Value::Bool(true)), ("optedOutPhone", Value::Bool(false))]), Some(&row), PLAIN).unwrap();
    assert_eq!((&out.body["forceOptOut"], &out.body["forceOptIn"]), (&json!(true), &json!(false)));
    assert_eq!((&out.body["forcePhoneOptOut"], &out.body["forcePhoneOptIn"]), (&json!(false), &json!(false)));
    let mut gone = row.clone();
    gone["optedOut"] = json!(true);
    let asked = Manner { double_opt_in: true, ..PLAIN };
    let back = item(&fields(&[("optedOut", Value::Bool(false))]), Some(&gone), asked).unwrap();
    assert_eq!((&back.body["forceOptIn"], &back.body["useApiDoubleOptIn"]), (&json!(true), &json!(true)));
    assert_eq!(code(item(&fields(&[("optedOut", Value::Null)]), Some(&row), PLAIN)), "wrong_type");
}

#[test]
fn an_address_is_sent_whole_and_a_new_e_mail_beside_the_old() {
    let row = present();
    let changed =
        item(&fields(&[("address.zipCode", Value::text("69002")), ("email", Value::text("new@a.example"))]), Some(&row), PLAIN).unwrap();
    assert_eq!(changed.body["contact"]["address"], json!({"streetAddress": "Street 1", "city": "Lyon", "zipCode": "69002"}));
    assert_eq!((&changed.body["newEmail"], &changed.body["contact"]["email"]), (&json!("new@a.example"), &json!("Ida@a.example")));
    assert_eq!((changed.email.as_deref(), changed.email_after.as_deref()), (Some("ida@a.example"), Some("new@a.example")));
    let same = item(&fields(&[("email", Value::text("IDA@a.example"))]), Some(&row), PLAIN).unwrap();
    assert!(same.body.get("newEmail").is_none());
    assert_eq!(code(item(&fields(&[("email", Value::Null)]), Some(&row), PLAIN)), "required");
}

#[test]
fn tags_are_added_and_taken_away() {
    let row = present();
    let changed = item(&fields(&[("tags", Value::set(["kept".to_owned(), "new  client".to_owned()]))]), Some(&row), PLAIN).unwrap();
    assert_eq!((&changed.body["tags"], &changed.body["removeTags"]), (&json!(["NEW_CLIENT"]), &json!(["OLD"])));
}

#[test]
fn a_birthday_is_a_day_and_one_without_a_year_is_completed_only() {
    let row = present();
    let born = |text: &str| fields(&[("birthday", Value::Date(text.parse().unwrap()))]);
    assert_eq!(item(&born("1984-08-04"), Some(&row), PLAIN).unwrap().body["birthday"], json!("19840804"));
    assert_eq!(code(item(&born("1984-08-05"), Some(&row), PLAIN)), "birthday_without_year");
    let cleared = item(&fields(&[("birthday", Value::Null)]), Some(&row), PLAIN).unwrap();
    assert!(cleared.body.get("birthday").is_none());
}

#[test]
fn clearing_is_refused_until_the_settings_say_how() {
    let row = present();
    let clear = fields(&[("phone", Value::Null)]);
    assert_eq!(code(item(&clear, Some(&row), Manner { clearing: Clearing::Off, ..PLAIN })), "clearing_is_off");
    assert_eq!(item(&clear, Some(&row), PLAIN).unwrap().body["contact"]["phone"], json!(""));
    assert_eq!(item(&clear, Some(&row), Manner { clearing: Clearing::Null, ..PLAIN }).unwrap().body["contact"]["phone"], json!(null));
}

#[test]
fn what_was_not_taken_is_seen() {
    let stored = |pairs: &[(&str, Value)]| {
        let empty = Record::new("contact".into(), "1".into());
        pairs.iter().fold(empty, |record, (name, value)| record.with_field(*name, value.clone()))
    };
    let check =
        |wanted: (&str, Value), now: Value| not_taken(&fields(std::slice::from_ref(&wanted)), &stored(&[(wanted.0, now)]), PLAIN).is_some();
    assert!(check(("phone", Value::Null), Value::text("1")));
    assert!(!check(("phone", Value::text("+1")), Value::text("1")), "a value in another spelling was taken");
    assert!(check(("optedOut", Value::Bool(true)), Value::Bool(false)));
    let user = |email: &str| Value::Reference(email.into());
    assert!(check(("mainContactOwner", user("a@b.example")), user("c@d.example")));
    assert!(!check(("mainContactOwner", user("A@b.example")), user("a@b.example")));
    let asked = Manner { double_opt_in: true, ..PLAIN };
    assert_eq!(not_taken(&fields(&[("optedOut", Value::Bool(false))]), &stored(&[("optedOut", Value::Bool(true))]), asked), None);
}
