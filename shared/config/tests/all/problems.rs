use std::fmt::Write as _;

use miette::{GraphicalReportHandler, GraphicalTheme};
use syncline_config::{Problems, TEXT_BYTES_MAX};

use crate::world::{GOOD, try_read, with};

fn rendered(problems: &Problems) -> String {
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(120).with_links(false);
    handler.render_report(&mut text, problems).unwrap();
    text
}

/// What differs from (line, code, a part of the problem or its hint): all of them and nothing else.
fn difference(text: &str, expected: &[(usize, &str, &str)]) -> Option<String> {
    let Err(problems) = try_read(text) else { return Some(format!("read without a problem, expected {expected:?}")) };
    let found: Vec<(usize, &str)> = problems.0.iter().map(|problem| (problem.line, problem.code.as_str())).collect();
    let wanted: Vec<(usize, &str)> = expected.iter().map(|(line, code, _)| (*line, *code)).collect();
    if found != wanted {
        return Some(format!("expected {wanted:?}, found {found:?}\n{}", rendered(&problems)));
    }
    problems.0.iter().zip(expected).find_map(|(problem, (_, _, said))| {
        let all = format!("{} | {} | {}", problem.path, problem.problem, problem.hint);
        (!all.contains(said)).then(|| format!("{said:?} is not in {all:?}"))
    })
}

fn check(text: &str, expected: &[(usize, &str, &str)]) {
    if let Some(difference) = difference(text, expected) {
        panic!("{difference}");
    }
}

type Case = (&'static str, &'static str, &'static [(usize, &'static str, &'static str)]);

/// Each: what is replaced in the good config, by what, and what is then said. `email` stands on line 26, `title` on 27.
const CASES: &[Case] = &[
    // Keys.
    ("    master: right", "    mastr: right", &[(6, "missing_key", "`master`"), (10, "unknown_key", "did you mean `master`?")]),
    ("    direction: both", "    direction: both\n    colour: red", &[(10, "unknown_key", "keys that may stand here: `left`")]),
    ("    direction: both", "    direction: both\n    direction: both", &[(10, "duplicate_key", "the first is on line 9")]),
    ("        left: contact\n", "", &[(20, "missing_key", "add `left: contact`")]),
    ("version: 1", "retain: values", &[(1, "missing_key", "`version`")]),
    ("version: 1", "version: 2", &[(1, "out_of_range", "2 is not the number 1")]),
    ("      contacts:", "      kon takte:", &[(20, "bad_name", "letters a to z")]),
    // Types.
    ("every 30 minutes", "30", &[(11, "wrong_type", "expected a schedule in words")]),
    ("every 30 minutes", "[]", &[(11, "wrong_type", "found a list")]),
    ("direction: both", "direction: true", &[(9, "wrong_type", "found true or false")]),
    ("direction: both", "direction: bth", &[(9, "unknown_word", "did you mean `both`?")]),
    ("title: { left: job_title, right: Title }", "title: Title", &[(27, "wrong_type", "found text")]),
    ("title: { left: job_title, right: Title }", "title: { left: 5, right: Title }", &[(27, "wrong_type", "found a number")]),
    ("[ { left: name, right: Name } ]", "{ left: name, right: Name }", &[(17, "wrong_type", "expected a list, found keys with values")]),
    ("unique: true", "unique: maybe", &[(24, "wrong_type", "expected true or false, found text")]),
    ("{ system: freshdesk, domain: acme }", "freshdesk", &[(3, "wrong_type", "found text")]),
    (
        "syncs:\n  customers:",
        "syncs:\n  empty: {}\n  customers:",
        &[
            (6, "missing_key", "`left`"),
            (6, "missing_key", "`right`"),
            (6, "missing_key", "`direction`"),
            (6, "missing_key", "`master`"),
            (6, "missing_key", "`objects`"),
        ],
    ),
    // Owners and flags.
    (
        "title: { left: job_title, right: Title }",
        "owner: { left: owner_id, right: OwnerId, as: owner, fallback: { left: a@acme.example } }",
        &[(27, "bad_owner", "nobody stands in on the right")],
    ),
    (
        "title: { left: job_title, right: Title }",
        "owner: { left: { field: owner_id }, right: OwnerId, as: owner, fallback: { left: a@a.example, right: b@a.example }, values: { a: b } }",
        &[(27, "bad_owner", "one field on each side"), (27, "bad_owner", "an owner has no `values`")],
    ),
    (
        "title: { left: job_title, right: Title }",
        "title: { left: job_title, right: Title, fallback: { left: a@acme.example } }",
        &[(27, "bad_owner", "add `as: owner`")],
    ),
    (
        "title: { left: job_title, right: Title }",
        "consent: { left: { field: opted_in, as: not }, right: { field: Tags__c, as: comma_text } }",
        &[(27, "bad_lens", "the same kind of value")],
    ),
    // Numbers.
    ("schedule: every 30 minutes", "deletes: { max_share: 101 }", &[(11, "out_of_range", "from 0 to 100")]),
    ("schedule: every 30 minutes", "deletes: { max_share: -1 }", &[(11, "out_of_range", "from 0 to 100")]),
    ("schedule: every 30 minutes", "deletes: { max_share: 5% }", &[(11, "wrong_type", "expected a number from 0 to 100, found text")]),
    ("version: 1", "version: 1\nhistory: { days: 4000 }", &[(2, "out_of_range", "from 0 to 3650")]),
    ("schedule: every 30 minutes", "debounce_s: 1.5", &[(11, "out_of_range", "a whole number")]),
    // Connections and objects.
    ("system: freshdesk, domain: acme", "system: freshdsk, domain: acme", &[(3, "unknown_system", "did you mean `freshdesk`?")]),
    ("system: freshdesk, domain: acme", "system: freshdesk", &[(3, "missing_key", "Freshdesk needs it")]),
    ("system: freshdesk, domain: acme", "system: freshdesk, domain: acme, domian: x", &[(3, "unknown_key", "did you mean `domain`?")]),
    ("system: freshdesk, domain: acme", "domain: acme", &[(3, "missing_key", "`system`")]),
    ("left: freshdesk", "left: freshdek", &[(7, "unknown_connection", "did you mean `freshdesk`?")]),
    ("right: Contact\n", "right: Contct\n", &[(22, "unknown_object", "did you mean `Contact`?")]),
    ("left: contact\n", "left: ticket\n", &[(21, "unknown_object", "`company` or `contact`")]),
    (
        "        left: contact\n        right: Contact\n",
        "        left: company\n        right: Account\n",
        &[(20, "same_object", "`companies` maps the same")],
    ),
    // The master.
    ("master: right", "masters: [left, right]", &[(10, "two_masters", "exactly one")]),
    ("master: right", "master: [left, right]", &[(10, "two_masters", "exactly one")]),
    ("master: right", "master: both", &[(10, "two_masters", "exactly one")]),
    ("master: right", "master: rihgt", &[(10, "unknown_word", "did you mean `right`?")]),
    ("direction: both", "direction: left_to_right", &[(10, "against_master", "the master is right")]),
    // Directions.
    ("    direction: both\n", "", &[(6, "missing_key", "It has no default")]),
    (
        "title: { left: job_title, right: Title }",
        "title: { left: job_title, right: Title, direction: sideways }",
        &[(27, "unknown_word", "`left_to_right`")],
    ),
    // References.
    ("reference: companies", "reference: company", &[(28, "unknown_mapping", "did you mean `companies`?")]),
    (
        "          name: { left: name, right: Name }",
        "          name: { left: name, right: Name }\n          boss: { left: boss, right: Boss__c, reference: contacts }",
        &[(29, "reference_cycle", "companies → contacts → companies")],
    ),
    ("left: company_id,", "left: { field: company_id },", &[(28, "bad_reference", "one field on each side")]),
    // Fields.
    (
        "title: { left: job_title, right: Title }",
        "title: { left: email, right: Title }",
        &[(27, "duplicate_target", "written by `email` already")],
    ),
    (
        "title: { left: job_title, right: Title }",
        "title: { left: custom_fields.sfcontactid, right: Title }",
        &[(27, "link_field_mapped", "`custom_fields.sfcontactid`")],
    ),
    (
        "match: [ { left: email, right: Email, unique: true } ]",
        "match: [ { left: email, right: FDCONTACTID__c } ]",
        &[(24, "link_field_mapped", "comes first by itself")],
    ),
    (
        "        link: { left: custom_fields.sfaccountid, right: FDACCOUNTID__c }\n        match: [ { left: name, right: Name } ]\n",
        "",
        &[(13, "no_match", "which records are the same")],
    ),
    ("        fields:\n          name: { left: name, right: Name }", "        fields: {}", &[(18, "empty", "no field stands here")]),
    ("        fields:\n          name: { left: name, right: Name }", "        fields:", &[(18, "wrong_type", "found nothing")]),
    // Lenses.
    ("right: Title }", "right: { first: Title } }", &[(27, "bad_lens", "names both")]),
    ("right: Title }", "right: { as: comma_text } }", &[(27, "bad_lens", "names no field")]),
    ("right: Title }", "right: { field: T, as: comma_text, values: { a: b } } }", &[(27, "bad_lens", "cannot stand together")]),
    (
        "left: job_title, right: Title }",
        "left: { first: a, last: b }, right: { field: T, as: comma_text } }",
        &[(27, "bad_lens", "same kind of value")],
    ),
    ("right: Title }", "right: Title, values: { a: '' } }", &[(27, "bad_value_map", "an empty value")]),
    ("right: Title }", "right: Title, values: { a: b, a: c } }", &[(27, "duplicate_key", "second time")]),
    ("right: Title }", "right: Title, others: pass }", &[(27, "bad_value_map", "without a table")]),
    (
        "left: job_title, right: Title }",
        "left: { field: j, values: { a: x, b: y } }, right: { field: T, values: { c: x } } }",
        &[(27, "one_way_lens", "entry 2 of the left table")],
    ),
    ("right: Title }", "right: Title, compare: { phone: Germany } }", &[(27, "bad_region", "two letters")]),
    ("schedule: every 30 minutes", "region: 'D1'", &[(11, "bad_region", "two letters")]),
    // Secrets.
    ("domain: acme", "domain: acme, api_key: hunter2", &[(3, "secret_in_config", "syncline connect")]),
    ("domain: acme", "domain: acme, client_secret: { a: hunter2 }", &[(3, "secret_in_config", "`client_secret`")]),
    ("domain: acme", "domain: acme, secret: 'hunter2 hunter2'", &[(3, "bad_name", "the name of a bundle")]),
    (
        "\"https://acme.my.salesforce.com\"",
        "\"https://me:hunter2@acme.my.salesforce.com\"",
        &[(4, "secret_in_config", "carries a credential")],
    ),
    ("schedule: every 30 minutes", "password: hunter2", &[(11, "secret_in_config", "`password`")]),
    // YAML.
    ("    direction: both", "\tdirection: both", &[(9, "invalid_yaml", "tab")]),
    ("[ { left: name, right: Name } ]", "[ { left: name, right: Name }", &[(18, "invalid_yaml", "not valid YAML")]),
    ("version: 1", "version: !!int 1", &[(1, "invalid_yaml", "tags")]),
    ("syncs:\n", "---\nsyncs:\n", &[(5, "invalid_yaml", "second document")]),
    ("direction: both", "direction: *all", &[(9, "invalid_yaml", "not valid YAML")]),
];

#[test]
fn each_problem_is_found_at_its_line() {
    let differences: Vec<String> = CASES.iter().filter_map(|(old, new, expected)| difference(&with(old, new), expected)).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_secret_key_is_refused_and_none_is_shown() {
    for key in ["api_key", "client_secret", "refresh_token", "private_key", "password", "webhook_secret", "token"] {
        let text = with("domain: acme }", &format!("domain: acme, {key}: hunter2 }}"));
        check(&text, &[(3, "secret_in_config", key)]);
    }
    for (old, new, _) in CASES.iter().filter(|(_, new, _)| new.contains("hunter2") && !new.contains("secret: 'hunter2")) {
        let problems = try_read(&with(old, new)).unwrap_err();
        let shown = format!("{} {} {problems:?}", rendered(&problems), serde_json::to_string(&problems).unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn one_connection_on_both_sides_needs_two_objects_and_a_side_as_master() {
    let text =
        with("right: salesforce\n", "right: freshdesk\n").replace("Account\n", "company\n").replace("right: Contact\n", "right: contact\n");
    check(&text, &[(13, "same_object", "same connection"), (20, "same_object", "same connection")]);
    let text = text.replace("master: right", "master: freshdesk");
    check(&text, &[(10, "two_masters", "`left` or `right`"), (13, "same_object", "same"), (20, "same_object", "same")]);
}

#[test]
fn a_one_way_sync_has_no_field_and_no_create_against_it() {
    let text = with("direction: both", "direction: right_to_left")
        .replace("right: Title }", "right: Title, direction: both }")
        .replace("        match: [ { left: name", "        create: { right: true }\n        match: [ { left: name");
    check(&text, &[(17, "against_direction", "`left_to_right` leads there"), (28, "against_direction", "one-way")]);
}

#[test]
fn two_syncs_do_not_share_a_pair_of_objects() {
    let (_, sync) = GOOD.split_once("  customers:\n").unwrap();
    let text = format!("{GOOD}  again:\n{sync}");
    check(&text, &[(36, "same_object", "`customers`"), (43, "same_object", "`customers`")]);
}

#[test]
fn what_is_too_large_too_deep_or_empty_is_refused() {
    let long = format!("{GOOD}# {}\n", "x".repeat(TEXT_BYTES_MAX));
    check(&long, &[(1, "too_large", "1 MiB")]);
    check("", &[(1, "empty", "the file is empty")]);
    check("# nothing\n", &[(1, "empty", "the file is empty")]);
    check("just text", &[(1, "wrong_type", "found text")]);
    check(&format!("version: {}", "[".repeat(40)), &[(1, "too_large", "too deep")]);
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let before = format!("*a{}", level - 1);
        writeln!(bomb, "a{level}: &a{level} [{}]", vec![before; 10].join(", ")).unwrap();
    }
    let problems = try_read(&bomb).unwrap_err();
    assert!(problems.0.iter().any(|problem| problem.problem.contains("aliases")), "{problems:?}");
}

#[test]
fn columns_count_characters() {
    let text = with("domain: acme }", "domain: \"añ💡\", domian: x }");
    let problems = try_read(&text).unwrap_err();
    assert_eq!((problems.0[0].line, problems.0[0].column), (3, 50));
}

#[test]
fn a_problem_serves_scripts() {
    let problems = try_read(&with("master: right", "master: rihgt")).unwrap_err();
    let json = serde_json::to_value(&problems).unwrap();
    assert_eq!(
        json,
        serde_json::json!([{
            "code": "unknown_word",
            "file": "syncline.yaml",
            "line": 10,
            "column": 13,
            "path": "syncs.customers.master",
            "problem": "`rihgt` is not a side of this sync",
            "hint": "did you mean `right`?",
        }])
    );
    assert_eq!(problems.to_string(), "syncline.yaml: one problem");
}

#[test]
fn ten_problems_are_shown_at_once() {
    let text = GOOD
        .replace("version: 1", "version: 3")
        .replace("domain: acme", "domian: acme, api_key: hunter2")
        .replace("master: right", "masters: [left, right]")
        .replace("every 30 minutes", "every 5 seconds")
        .replace("right: Account\n", "right: Acount\n")
        .replace("unique: true", "unique: yes")
        .replace("left: job_title", "left: email")
        .replace(
            "name: { left: name, right: Name }",
            "name: { left: name, right: Name }\n          boss: { left: boss, right: Boss__c, reference: contacts }",
        );
    let problems = try_read(&text).unwrap_err();
    assert_eq!(problems.0.len(), 10);
    insta::assert_snapshot!(rendered(&problems));
}
