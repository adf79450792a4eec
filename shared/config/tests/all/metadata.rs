use std::collections::BTreeMap;

use syncline_config::{FieldIssue, Schemas, Severity, apply_schemas, check_fields};
use syncline_model::{Choice, FieldName, FieldSchema, FieldType, ObjectSchema};

use crate::world::{GOOD, config, with};

fn text(name: &str) -> FieldSchema {
    FieldSchema::new(name, name, FieldType::Text)
}

fn typed(name: &str, field_type: FieldType) -> FieldSchema {
    FieldSchema::new(name, name, field_type)
}

fn choice(name: &str, options: &[&str]) -> FieldSchema {
    typed(name, FieldType::Choice { choices: choices(options), restricted: true })
}

fn choices(options: &[&str]) -> Vec<Choice> {
    options.iter().map(|option| Choice { value: (*option).to_owned(), label: (*option).to_owned() }).collect()
}

fn lookup(name: &str, to: &str) -> FieldSchema {
    typed(name, FieldType::Reference { to: vec![to.into()] })
}

/// Metadata that fits the good config.
fn schemas() -> Schemas {
    let object = |connection: &str, kind: &str, fields: Vec<FieldSchema>| {
        ((connection.into(), kind.into()), ObjectSchema { kind: kind.into(), fields })
    };
    let mut last = text("LastName");
    last.required = true;
    BTreeMap::from([
        object("freshdesk", "company", vec![text("name"), text("custom_fields.sfaccountid")]),
        object("salesforce", "Account", vec![text("Name"), text("FDACCOUNTID__c")]),
        object(
            "freshdesk",
            "contact",
            vec![typed("email", FieldType::Email), text("job_title"), lookup("company_id", "company"), text("custom_fields.sfcontactid")],
        ),
        object(
            "salesforce",
            "Contact",
            vec![
                typed("Email", FieldType::Email),
                text("Title"),
                lookup("AccountId", "Account"),
                text("FDCONTACTID__c"),
                text("FirstName"),
                last,
            ],
        ),
    ])
}

fn set(schemas: &mut Schemas, connection: &str, kind: &str, field: FieldSchema) {
    let object = schemas.get_mut(&(connection.into(), kind.into())).unwrap();
    object.fields.retain(|known| known.name != field.name);
    object.fields.push(field);
}

fn issues(config_text: &str, schemas: &Schemas) -> Vec<FieldIssue> {
    let config = config(config_text);
    check_fields(&config, &config.syncs[0], schemas)
}

fn shown(issues: &[FieldIssue]) -> Vec<String> {
    issues
        .iter()
        .map(|issue| {
            let field = issue.field.as_ref().map_or("-", |field| field.as_str());
            format!("{:?} {}.{} {field}: {} ({})", issue.severity, issue.mapping, issue.side, issue.problem, issue.hint)
        })
        .collect()
}

/// The issues of the contacts' `title`, mapped between these two fields with this much more said; the warning of `LastName` aside.
fn of_title(left: FieldSchema, right: FieldSchema, more: &str) -> Vec<FieldIssue> {
    let mut schemas = schemas();
    let names = (left.name.clone(), right.name.clone());
    set(&mut schemas, "freshdesk", "contact", left);
    set(&mut schemas, "salesforce", "Contact", right);
    let mapped = if let Some(raw) = more.strip_prefix("RAW") {
        raw.to_owned()
    } else {
        format!("{{ left: {}, right: {}{more} }}", names.0, names.1)
    };
    let text = with("title: { left: job_title, right: Title }", &format!("title: {mapped}"));
    issues(&text, &schemas).into_iter().filter(|issue| issue.field.as_ref().is_none_or(|field| field.as_str() != "LastName")).collect()
}

/// One issue of this severity that says this; `None`: no issue.
fn check(left: FieldSchema, right: FieldSchema, more: &str, expected: Option<(Severity, &str, &str)>) {
    let case = format!("{:?} to {:?} {more}", left.field_type, right.field_type);
    let found = of_title(left, right, more);
    match expected {
        None => assert!(found.is_empty(), "{case}: {:?}", shown(&found)),
        Some((severity, field, said)) => {
            let all = shown(&found);
            assert!(
                found.iter().any(|issue| issue.severity == severity
                    && issue.field.as_ref().is_some_and(|name| name.as_str() == field)
                    && format!("{} {}", issue.problem, issue.hint).contains(said)),
                "{case}: {said:?} is not in {all:?}"
            );
        }
    }
}

/// What is changed in a fitting link field, and what is then said.
type Case = (fn(&mut FieldSchema), Severity, &'static str);

#[test]
fn fs_9_link_fields_are_there_of_the_right_type_long_enough_and_hidden() {
    let named = |change: fn(&mut FieldSchema)| {
        let mut schemas = schemas();
        let mut field = text("FDCONTACTID__c");
        field.length = Some(40);
        field.visible = Some(false);
        change(&mut field);
        set(&mut schemas, "salesforce", "Contact", field);
        issues(GOOD, &schemas)
            .into_iter()
            .filter(|issue| issue.field.as_ref().is_some_and(|field| field.as_str() != "LastName"))
            .collect::<Vec<_>>()
    };
    assert!(named(|_| {}).is_empty());
    let cases: [Case; 5] = [
        (|field| field.name = "Elsewhere".into(), Severity::Error, "has no link field"),
        (|field| field.field_type = FieldType::Integer, Severity::Error, "is a whole number, and must be plain text"),
        (|field| field.length = Some(18), Severity::Error, "takes 18 characters, and needs 40"),
        (|field| field.updatable = false, Severity::Error, "cannot be written"),
        (|field| field.visible = Some(true), Severity::Warning, "visible to agents"),
    ];
    for (change, severity, said) in cases {
        // The field of that name from the fitting metadata is taken away where the case renames it.
        let mut found = named(change);
        if said.contains("no link field") {
            let mut schemas = schemas();
            let object = schemas.get_mut(&("salesforce".into(), "Contact".into())).unwrap();
            object.fields.retain(|field| field.name.as_str() != "FDCONTACTID__c");
            found = issues(GOOD, &schemas).into_iter().filter(|issue| issue.severity == Severity::Error).collect();
        }
        assert_eq!(found.len(), 1, "{:?}", shown(&found));
        assert_eq!(found[0].severity, severity);
        assert!(found[0].problem.contains(said), "{:?}", shown(&found));
    }
}

#[test]
fn fs_14_a_required_field_that_nothing_fills_is_a_warning_and_is_handed_to_the_mapping() {
    let found = issues(GOOD, &schemas());
    assert_eq!(found.len(), 1, "{:?}", shown(&found));
    assert_eq!(found[0].severity, Severity::Warning);
    assert!(found[0].problem.contains("needs `LastName`"));
    let filled =
        with("title: { left: job_title, right: Title }", "title: { left: job_title, right: { first: FirstName, last: LastName } }");
    assert!(issues(&filled, &schemas()).is_empty());
    let not_created = with("        match: [ { left: email", "        create: { right: false }\n        match: [ { left: email");
    assert!(issues(&not_created, &schemas()).is_empty());

    let mut schemas = schemas();
    let mut link = text("FDCONTACTID__c");
    link.required = true;
    set(&mut schemas, "salesforce", "Contact", link);
    let mut number = text("Number");
    (number.required, number.calculated) = (true, true);
    set(&mut schemas, "salesforce", "Contact", number);
    let mut config = config(GOOD);
    apply_schemas(&mut config.syncs[0], &schemas);
    let contacts = config.syncs[0].mapping("contacts").unwrap();
    assert_eq!(contacts.required.right.iter().map(FieldName::as_str).collect::<Vec<_>>(), ["LastName"]);
    assert!(contacts.required.left.is_empty());
}

#[test]
fn fs_15_options_that_stand_on_one_side_only_are_listed() {
    let tier = |options: &[&str]| choice("tier", options);
    let tier_c = |options: &[&str]| choice("Tier__c", options);
    check(tier(&["Gold", "Silver"]), tier_c(&["Silver", "Gold"]), "", None);
    let found = of_title(tier(&["Gold", "Silver", "Lead"]), tier_c(&["Gold", "Bronze"]), "");
    assert_eq!(found.len(), 2, "{:?}", shown(&found));
    assert!(found[0].problem.ends_with("does not have: `Silver`, `Lead`"), "{}", found[0].problem);
    assert!(found[1].problem.ends_with("does not have: `Bronze`"), "{}", found[1].problem);
    assert!(found.iter().all(|issue| issue.severity == Severity::Warning));
    // One way, only the source's options matter.
    check(tier(&["Gold"]), tier_c(&["Gold", "Bronze"]), ", direction: left_to_right", None);
    // An explicit table.
    check(tier(&["Gold", "Silver"]), tier_c(&["gold", "silver"]), ", values: { Gold: gold, Silver: silver }", None);
    check(tier(&["Gold", "Silver"]), tier_c(&["gold"]), ", values: { Gold: gold }", Some((Severity::Warning, "tier", "`Silver`")));
    check(tier(&["Gold"]), tier_c(&["gold"]), ", values: { Gold: gold, Glod: gold }", Some((Severity::Error, "tier", "no option `Glod`")));
    check(tier(&["Gold", "Same"]), tier_c(&["gold", "Same"]), ", values: { Gold: gold }, others: pass", None);
    // What is left on purpose needs no word.
    check(tier(&["Gold", "Own"]), tier_c(&["gold", "Theirs"]), ", values: { Gold: gold }, others: leave", None);
    let multi = |name: &str, options: &[&str]| typed(name, FieldType::Set { choices: choices(options) });
    check(multi("langs", &["de", "en"]), multi("Langs__c", &["de"]), "", Some((Severity::Warning, "langs", "`en`")));
}

#[test]
fn fs_17_what_cannot_be_a_target_and_what_does_not_fit_is_refused() {
    use Severity::{Error, Warning};
    let multi = |name: &str| typed(name, FieldType::Set { choices: choices(&["de", "en"]) });
    let tags = |name: &str| typed(name, FieldType::Set { choices: vec![] });
    let date_time = |name: &str| typed(name, FieldType::DateTime);
    let date = |name: &str| typed(name, FieldType::Date);
    let number = |name: &str| typed(name, FieldType::Integer);
    let formula = {
        let mut field = text("Score__c");
        (field.calculated, field.updatable, field.creatable) = (true, false, false);
        field
    };
    let fixed = {
        let mut field = text("Fixed__c");
        field.updatable = false;
        field
    };
    let once = {
        let mut field = text("Later__c");
        field.creatable = false;
        field
    };
    let short = |name: &str, length: u32| {
        let mut field = text(name);
        field.length = Some(length);
        field
    };
    let comma = "RAW{ left: tags, right: { field: Tags__c, as: comma_text } }";
    let cases = [
        (text("owner"), lookup("OwnerId", "User"), "", Some((Error, "OwnerId", "lookup"))),
        (text("score"), formula.clone(), "", Some((Error, "Score__c", "formula"))),
        (text("score"), formula, ", direction: right_to_left", None),
        (text("own"), typed("Id", FieldType::Id), "", Some((Error, "Id", "own id"))),
        (text("own"), typed("Id", FieldType::Id), ", direction: right_to_left", None),
        (text("fixed"), fixed, "", Some((Error, "Fixed__c", "cannot be changed"))),
        (text("later"), once, "", Some((Error, "Later__c", "when a record is created"))),
        (text("place"), typed("Place__c", FieldType::Other("location".to_owned())), "", Some((Error, "Place__c", "`location`"))),
        (multi("langs"), text("Langs__c"), "", Some((Error, "Langs__c", "multi-select cannot be mapped to text"))),
        (multi("langs"), multi("Langs__c"), "", None),
        (multi("tags"), text("Tags__c"), comma, Some((Error, "Tags__c", "multi-select cannot be mapped to text"))),
        (tags("tags"), text("Tags__c"), comma, None),
        (tags("tags"), text("Tags__c"), "", Some((Error, "Tags__c", "as: comma_text"))),
        (date_time("seen"), text("Seen__c"), "", Some((Error, "Seen__c", "date-time cannot be mapped to text"))),
        (date_time("seen"), date("Seen__c"), "", Some((Error, "Seen__c", "no time zone"))),
        (date_time("seen"), date_time("Seen__c"), "", None),
        (date("born"), date("Birthdate"), "", None),
        (number("size"), text("Size__c"), "", Some((Error, "Size__c", "does not fit"))),
        (number("size"), typed("Size__c", FieldType::Decimal), "", Some((Warning, "size", "fraction"))),
        (lookup("agent_id", "agent"), text("Agent__c"), ", direction: left_to_right", Some((Error, "Agent__c", "own system"))),
        (short("note", 255), short("Note__c", 80), "", Some((Warning, "Note__c", "takes 80 characters"))),
        (short("note", 80), short("Note__c", 80), "", None),
        (
            number("size"),
            text("Title"),
            "RAW{ left: size, right: { first: Title, last: LastName } }",
            Some((Error, "Title", "does not fit")),
        )
            .clone(),
        (text("off"), typed("Off__c", FieldType::Bool), ", conflict: opt_out_wins", Some((Error, "off", "true or false"))),
        (typed("off", FieldType::Bool), typed("Off__c", FieldType::Bool), ", conflict: opt_out_wins", None),
    ];
    for (left, right, more, expected) in cases {
        // A name of two fields is written to the last: the one that the vendor requires.
        let expected = expected.map(|(severity, field, said)| (severity, if more.contains("LastName") { "LastName" } else { field }, said));
        if more.contains("LastName") {
            let mut schemas = schemas();
            set(&mut schemas, "freshdesk", "contact", left);
            let found = issues(&with("title: { left: job_title, right: Title }", &format!("title: {}", &more[3..])), &schemas);
            assert!(shown(&found).iter().any(|line| line.contains("does not fit")), "{:?}", shown(&found));
            continue;
        }
        check(left, right, more, expected);
    }
}

fn dropdown(name: &str, options: &[&str]) -> FieldSchema {
    let choices = options.iter().map(|value| Choice { value: (*value).to_owned(), label: value.to_uppercase() }).collect();
    FieldSchema::new(name, name, FieldType::Choice { choices, restricted: true })
}

/// Every option that can be read or written and has no counterpart is named, on the side where it stands.
#[test]
fn a_table_of_values_is_held_against_both_vendors_options() {
    let table = |more: &str| format!("tier: {{ left: tier, right: Tier__c, values: {{ Gold: gold, Silver: silver }}{more} }}");
    let many: Vec<String> = (0..40).map(|number| format!("option{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let said = |left: FieldSchema, right: FieldSchema, more: &str| {
        let mut schemas = schemas();
        set(&mut schemas, "freshdesk", "contact", left);
        set(&mut schemas, "salesforce", "Contact", right);
        let found = issues(&with("title: { left: job_title, right: Title }", &table(more)), &schemas);
        shown(&found).into_iter().filter(|line| line.contains("tier") || line.contains("Tier")).collect::<Vec<_>>()
    };
    let both = said(dropdown("tier", &["Gold", "Silver", "Tin"]), dropdown("Tier__c", &["gold", "silver", "bronze"]), "");
    assert_eq!(both.len(), 2, "{both:?}");
    assert!(both[0].contains("Tin") && both[1].contains("bronze"), "{both:?}");
    assert!(said(dropdown("tier", &["Gold", "Silver"]), dropdown("Tier__c", &["gold", "silver"]), "").is_empty());
    let one_way =
        said(dropdown("tier", &["Gold", "Silver", "Tin"]), dropdown("Tier__c", &["gold", "silver", "x"]), ", direction: right_to_left");
    assert!(one_way.len() == 1 && one_way[0].contains('x') && !one_way[0].contains("Tin"), "{one_way:?}");
    let named = said(dropdown("tier", &many), text("Tier__c"), "").join(" ");
    assert!(many.iter().all(|option| named.contains(option)), "every one of them: {named}");
    assert!(!said(dropdown("tier", &["Gold", "Tin"]), text("Tier__c"), ", others: pass").join(" ").contains("Tin"));
    let unread = said(text("tier"), dropdown("Tier__c", &["gold"]), "").join(" ");
    assert!(unread.contains("silver"), "the table gives what nobody takes: {unread}");
}

#[test]
fn unknown_fields_name_the_nearest_and_references_fit_their_mapping() {
    let found = issues(&with("left: job_title", "left: job_titel"), &schemas());
    assert!(shown(&found)[0].contains("did you mean `job_title`?"), "{:?}", shown(&found));
    let found = issues(&with("{ left: email, right: Email, unique: true }", "{ left: email, right: Mail, unique: true }"), &schemas());
    assert!(shown(&found)[0].contains("no field `Mail`"), "{:?}", shown(&found));

    let mut wrong = schemas();
    set(&mut wrong, "salesforce", "Contact", lookup("AccountId", "Opportunity"));
    let found = issues(GOOD, &wrong);
    assert!(shown(&found)[0].contains("points to `Opportunity`, and the mapping `companies` links Account"), "{:?}", shown(&found));
    let mut wrong = schemas();
    set(&mut wrong, "salesforce", "Contact", text("AccountId"));
    let found = issues(GOOD, &wrong);
    assert!(shown(&found)[0].contains("reads the id of another record"), "{:?}", shown(&found));
}

#[test]
fn an_object_without_metadata_is_said_once() {
    let mut partial = schemas();
    partial.remove(&("salesforce".into(), "Contact".into()));
    let found = issues(GOOD, &partial);
    assert_eq!(found.len(), 1, "{:?}", shown(&found));
    assert!(found[0].field.is_none() && found[0].problem.contains("Contact (salesforce)"), "{:?}", shown(&found));
}
