//! The help is a contract: a change of it shows in review.

use crate::{code, stderr, stdout, syncline};

fn help(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let mut all = arguments.to_vec();
    all.push("--help");
    let output = syncline(folder.path(), &all);
    assert_eq!(code(&output), 0);
    assert_eq!(stderr(&output), "");
    stdout(&output)
}

#[test]
fn the_whole_command() {
    insta::assert_snapshot!("syncline", help(&[]));
}

#[test]
fn each_command() {
    let commands = [
        "init",
        "validate",
        "connect",
        "preflight",
        "provision",
        "plan",
        "local",
        "backfill",
        "status",
        "explain",
        "history",
        "owners",
        "simulate",
        "export",
        "import",
        "cost",
        "decode",
    ];
    for command in commands {
        let help = help(&[command]);
        assert!(help.contains("Example"), "{command} shows no example");
        insta::assert_snapshot!(command, help);
    }
    insta::assert_snapshot!("holds_list", help(&["holds", "list"]));
    insta::assert_snapshot!("mapping_check", help(&["mapping", "check"]));
    insta::assert_snapshot!("holds_release", help(&["holds", "release"]));
}

#[test]
fn a_wrong_command_line_ends_with_2_and_says_what_was_meant() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in [&["validat"][..], &["decode", "freshdesk"], &["plan", "--backfil"], &["simulate"], &[]] {
        let output = syncline(folder.path(), arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert_eq!(stdout(&output), "", "{arguments:?}");
    }
    assert!(stderr(&syncline(folder.path(), &["validat"])).contains("validate"));
}
