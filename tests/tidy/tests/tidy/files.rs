use syncline_tidy::tree::File;

use crate::{none, tree_files};

const LINES_AIM: usize = 500;
const LINES_MAX: usize = 600;

/// This file names what it looks for.
const OWN: &str = "tests/tidy/tests/tidy/files.rs";

#[test]
fn no_rust_file_is_too_long_for_one_reading() {
    let mut offences = Vec::new();
    for file in tree_files().iter().filter(|file| file.is("rs")) {
        let lines = file.text().lines().count();
        if lines > LINES_MAX {
            offences.push(format!("{}: {lines} lines", file.path));
        } else if lines > LINES_AIM {
            println!("{}: {lines} lines, and {LINES_AIM} is the aim", file.path);
        }
    }
    none(&offences);
}

#[test]
fn nothing_is_named_after_having_no_name() {
    const EMPTY_WORDS: &[&str] = &["common", "helper", "helpers", "manager", "misc", "util", "utils"];
    let nameless = |file: &File| file.path.split('/').any(|part| EMPTY_WORDS.contains(&part.split('.').next().unwrap_or_default()));
    let offences: Vec<String> = tree_files().iter().filter(|file| nameless(file)).map(|file| file.path.clone()).collect();
    none(&offences);
}

/// The lines of a file in which a word stands, but not as the tail of another: `/work/` is none in `example.com/work/`.
fn lines_with(file: &File, word: &str) -> Vec<String> {
    let found = |line: &str| {
        line.match_indices(word)
            .any(|(at, _)| !line.split_at(at).0.chars().next_back().is_some_and(|sign| sign.is_alphanumeric() || sign == '.'))
    };
    let lines = file.text().lines().enumerate().filter(|(_, line)| found(line));
    lines.map(|(number, _)| format!("{}:{}: {word}", file.path, number + 1)).collect()
}

#[test]
fn nothing_is_left_undone_in_the_code() {
    const UNDONE: &[&str] = &["todo!(", "unimplemented!(", "dbg!(", "#[ignore", "FIXME", "XXX:", "(to be written)"];
    let files = tree_files();
    let rust = files.iter().filter(|file| file.is("rs") && file.path != OWN);
    none(&rust.flat_map(|file| UNDONE.iter().flat_map(|word| lines_with(file, word))).collect::<Vec<_>>());
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    let files = tree_files();
    let mut offences = Vec::new();
    for file in files.iter().filter(|file| file.path != OWN) {
        for path in ["/work/", "/root/", "/home/"] {
            offences.extend(lines_with(file, path));
        }
        if !file.is_test() {
            offences.extend(lines_with(file, "/tmp/"));
        }
    }
    none(&offences);
}

/// Where packages come from is the reader's choice; lock files name the public places and are exempt.
#[test]
fn no_file_names_a_package_registry() {
    const PLACES: &[&str] =
        &["index.crates.io", "static.crates.io", "pypi.org", "files.pythonhosted.org", "registry.npmjs.org", "--index-url", "--registry"];
    let files = tree_files();
    let ours = files.iter().filter(|file| file.path != OWN && !file.is("lock") && !file.path.ends_with("package-lock.json"));
    none(&ours.flat_map(|file| PLACES.iter().flat_map(|word| lines_with(file, word))).collect::<Vec<_>>());
}

/// A reader years from now has the tree, and nothing of how it came to be.
#[test]
fn the_project_speaks_of_itself_alone() {
    let mut offences = Vec::new();
    for file in tree_files()
        .iter()
        .filter(|file| file.path != OWN && ["rs", "md", "toml", "yaml", "yml", "ts", "py"].iter().any(|end| file.is(end)))
    {
        for (number, line) in file.text().lines().enumerate() {
            let low = line.to_lowercase();
            let counted = low.split("session ").skip(1).any(|rest| rest.starts_with(|sign: char| sign.is_ascii_digit()));
            let speaks =
                ["issue #", "this issue", "the brief ", "another engineer", "co-authored-by"].iter().any(|word| low.contains(word));
            if counted || speaks {
                offences.push(format!("{}:{}: {}", file.path, number + 1, line.trim()));
            }
        }
    }
    none(&offences);
}

#[test]
fn the_top_level_holds_the_four_folders_and_files() {
    const FOLDERS: &[&str] = &[".ci", ".config", ".github", "functions", "infra", "shared", "tests"];
    let files = tree_files();
    let strangers =
        files.iter().filter_map(|file| file.path.split_once('/')).map(|(folder, _)| folder).filter(|name| !FOLDERS.contains(name));
    none(
        &strangers
            .map(|name| format!("{name}/ is no folder of the plan"))
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>(),
    );
    for wanted in ["ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "Makefile", ".ci/run"] {
        assert!(files.iter().any(|file| file.path == wanted), "{wanted} is missing");
    }
}

/// Data that was copied says where from, in its folder or one above.
#[test]
fn copied_fixtures_name_their_source_and_licence() {
    let files = tree_files();
    let mut offences = Vec::new();
    for file in files.iter().filter(|file| file.is("json") && file.path.contains("/fixtures/")) {
        let (head, _) = file.path.split_once("/fixtures/").unwrap();
        let inside = format!("{head}/fixtures/");
        let sources = files.iter().filter(|other| other.path.starts_with(&inside) && other.path.ends_with("SOURCES.md"));
        if !sources.map(File::text).any(|text| ["licence", "license"].iter().any(|word| text.to_lowercase().contains(word))) {
            offences.push(format!("{}: no SOURCES.md beside it names source and licence", file.path));
        }
    }
    none(&offences);
}

#[test]
fn a_planted_path_is_caught_and_an_address_is_not() {
    let file = |text: &str| File { path: "a.rs".to_owned(), text: Some(text.to_owned()) };
    assert_eq!(lines_with(&file("let path = \"/work/main\";"), "/work/"), ["a.rs:1: /work/"]);
    assert!(lines_with(&file("https://example.com/work/"), "/work/").is_empty());
}
