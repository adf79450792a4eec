//! A system that takes records and gives none back.

use syncline_config::Problems;

use crate::world::{config, try_read};

/// Lines are counted: 1 is `version`.
const GOOD: &str = "\
version: 1
connections:
  sell: { system: zendesk_sell }
  map: { system: mapsly }
syncs:
  map:
    left: sell
    right: map
    direction: left_to_right
    master: left
    objects:
      people:
        left: contact
        right: Contacts
        link: { right: id }
        fields:
          name: { left: name, right: name }
      deals:
        left: deal
        right: Deals
        link: { right: id }
        fields:
          name: { left: name, right: name }
";

fn with(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(GOOD.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old:?} must stand there");
        text.replacen(old, new, 1)
    })
}

fn lines(problems: &Problems) -> Vec<(usize, &str)> {
    problems.0.iter().map(|problem| (problem.line, problem.code.as_str())).collect()
}

#[test]
fn a_sync_that_leads_there_is_good_from_either_side() {
    assert_eq!(config(GOOD).syncs[0].mappings.len(), 2);
    let turned = [
        ("left: sell", "left: map"),
        ("right: map", "right: sell"),
        ("direction: left_to_right", "direction: right_to_left"),
        ("master: left", "master: right"),
        ("left: contact", "left: Contacts"),
        ("right: Contacts\n        link: { right: id }", "right: contact\n        link: { left: id }"),
        ("left: deal", "left: Deals"),
        ("right: Deals\n        link: { right: id }", "right: deal\n        link: { left: id }"),
    ];
    assert_eq!(config(&with(&turned)).syncs[0].mappings.len(), 2);
}

#[test]
fn what_would_have_to_read_there_is_refused_with_the_way_out() {
    type Case = (&'static [(&'static str, &'static str)], &'static [(usize, &'static str, &'static str)]);
    let cases: &[Case] = &[
        // Once, however many objects there are.
        (
            &[("direction: left_to_right", "direction: both")],
            &[(9, "gives none back, and changes are to come from the right", "`direction: left_to_right` and `master: left`")],
        ),
        (
            &[("direction: left_to_right", "direction: right_to_left"), ("master: left", "master: right")],
            &[(9, "changes are to come from the right", "`direction: left_to_right` and `master: left`")],
        ),
        (
            &[("direction: left_to_right", "direction: both"), ("master: left", "master: right")],
            &[(9, "changes are to come from the right", "left_to_right"), (10, "is to be the master", "`master: left`")],
        ),
        (&[("        link: { right: id }\n", "")], &[(12, "must go by the id of its counterpart", "`link: { right:")]),
        (
            &[("link: { right: id }", "link: { left: custom_fields.map }")],
            &[(15, "must go by the id of its counterpart", "`link: { right:")],
        ),
        (
            &[("        link: { right: id }\n", "        match: [ { left: email, right: email } ]\n")],
            &[(12, "must go by the id", "link"), (15, "nobody can be looked for", "remove `match`")],
        ),
        (&[("link: { right: id }", "link: { right: id }\n        create: never")], &[(16, "no record ever gets there", "remove `create`")]),
        (
            &[("link: { right: id }", "link: { right: id }\n        create: { right: false }")],
            &[(16, "no record ever gets there", "remove `create`")],
        ),
    ];
    for (changes, wanted) in cases {
        let problems = try_read(&with(changes)).expect_err("a problem");
        let places: Vec<(usize, &str)> = wanted.iter().map(|(line, ..)| (*line, "write_only")).collect();
        assert_eq!(lines(&problems), places, "{changes:?}: {problems:?}");
        for (problem, (_, said, way_out)) in problems.0.iter().zip(*wanted) {
            assert!(problem.problem.starts_with("Mapsly takes records of `"), "{problem:?}");
            assert!(problem.problem.contains(said) && problem.hint.contains(way_out), "{changes:?}: {problem:?}");
        }
    }
}

#[test]
fn its_records_are_not_drawn() {
    let problems =
        try_read(&format!("{GOOD}map:\n  people: {{ connection: map, object: Contacts, name: name, town: city }}\n")).unwrap_err();
    assert_eq!(lines(&problems), [(GOOD.lines().count() + 2, "write_only")]);
    assert!(problems.0[0].problem.contains("nothing to draw"), "{problems:?}");
}
