//! `cost`: what it says, and that the README says the same.

use syncline_cost::{Assumptions, README_COST, README_RECIPES, estimate, figures, prices, recipe_names, recipes_markdown, with_block};

use crate::{code, json, stderr, stdout, syncline};

#[test]
fn the_readme_shows_what_the_command_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = syncline(folder.path(), &["cost", "--markdown"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).expect("the README");
    let lines: Vec<String> = stdout(&output).lines().map(str::to_owned).collect();
    let wanted = with_block(&readme, README_COST, &lines).expect("the README's markers");
    assert!(readme == wanted, "put what `syncline cost --markdown` prints between the lines of {README_COST:?}");
}

#[test]
fn the_readme_shows_what_every_recipe_costs() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).expect("the README");
    let prices = prices().expect("the prices");
    let of = |name| figures(name).expect("figures").expect("well-formed ones");
    let all: Vec<_> =
        recipe_names().map(of).map(|figures| (figures.clone(), estimate(&prices, &figures, &Assumptions::default()))).collect();
    let lines = recipes_markdown(&all);
    let wanted = with_block(&readme, README_RECIPES, &lines).expect("the README's markers");
    assert!(
        readme == wanted,
        "`make bench ARGS=--record` writes it; these lines belong between those of {README_RECIPES:?}:\n{}",
        lines.join("\n")
    );
}

#[test]
fn a_bill_adds_up_and_says_what_is_assumed_and_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = syncline(folder.path(), &["cost", "--json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let told = json(&output);
    let months = told["estimate"]["months"].as_object().expect("bills");
    assert_eq!(months.keys().map(String::as_str).collect::<Vec<_>>(), ["0", "10000", "1000000", "100000000"]);
    assert_eq!(told["estimate"]["assumptions"]["vendor_ms"], 300);
    assert_eq!(told["prices"]["prices"]["schedule"]["free"]["certainty"], "unverified");
    let words = stdout(&syncline(folder.path(), &["cost"]));
    for part in [
        "assumed: a vendor takes 300 ms",
        "left out: what AWS grants new accounts",
        "not verified: what is free of schedules",
        "aim: under 5.00",
        "measured (",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
}

#[test]
fn slower_vendors_cost_more_and_nonsense_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let total = |arguments: &[&str]| {
        let told = json(&syncline(folder.path(), arguments));
        told["estimate"]["months"]["0"]["total"].as_str().expect("dollars").parse::<f64>().expect("a number")
    };
    assert!(total(&["cost", "--vendor-ms", "3000", "--json"]) > total(&["cost", "--json"]));
    assert!(total(&["cost", "--parameters", "--json"]) < total(&["cost", "--json"]));
    for wrong in [&["cost", "--poll-minutes", "0"][..], &["cost", "--pull-mb", "64"], &["cost", "freshdesk"], &["cost", "--vendor-ms", "x"]]
    {
        assert_eq!(code(&syncline(folder.path(), wrong)), 2, "{wrong:?}");
    }
    assert!(stderr(&syncline(folder.path(), &["cost", "freshdesk-salesforc"])).contains("did you mean `freshdesk-salesforce`?"));
}
