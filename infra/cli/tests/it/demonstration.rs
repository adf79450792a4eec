//! A demonstration in a fresh folder: until quiet, then what the other commands say of it.
//!
//! One test, because each step stands on the one before it.

use crate::{code, json, stderr, syncline};

#[test]
fn from_a_fresh_folder_to_quiet_and_then_every_question() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let run = syncline(at, &["local", "--until-quiet", "--json"]);
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    let report = json(&run);
    assert_eq!(report["ended"], "quiet");
    assert_eq!(report["dead_letters"], 0);
    assert_eq!(report["writes_after_quiet"], 0);
    let created: u64 = report["sides"].as_array().expect("a list").iter().filter_map(|side| side["created"].as_u64()).sum();
    assert!(created > 0, "{report}");

    let status = syncline(at, &["status", "--count", "--json"]);
    let counted = json(&status);
    assert!(counted["syncs"][0]["mappings"][0]["entries"]["linked"].as_u64() > Some(0), "{counted}");
    assert_eq!(counted["syncs"][0]["backfill"]["phase"], "done");

    let plan = syncline(at, &["plan", "--json"]);
    assert_eq!(code(&plan), 0, "{}", stderr(&plan));
    let acts: Vec<String> = json(&plan)[0]["mappings"]
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|mapping| mapping["acts"].as_object().expect("counts").keys().cloned().collect::<Vec<_>>())
        .collect();
    assert!(!acts.iter().any(|act| act == "create" || act == "update" || act == "delete"), "a quiet sync plans no write: {acts:?}");

    // The example's edit names a contact that is linked.
    let example = report["examples"][0]["edit"].as_str().expect("an example");
    let id = example.rsplit('/').next().expect("an id");
    let story = syncline(at, &["explain", id, "--json"]);
    assert_eq!(code(&story), 0, "{}", stderr(&story));
    let told = json(&story);
    assert_eq!(told["standing"]["state"], "linked");
    assert_eq!(told["now"]["act"], "nothing");
    assert!(told["fields"].as_array().expect("fields").iter().all(|field| field["sides"]["left"].get("values").is_none()));

    let words = syncline(at, &["history", &format!("customers/contacts/left/{id}")]);
    assert_eq!(code(&words), 0, "{}", stderr(&words));

    let provision = syncline(at, &["provision", "--dry-run", "--json"]);
    assert_eq!(code(&provision), 0, "{}", stderr(&provision));
    assert!(json(&provision).as_array().expect("fields").iter().all(|field| field["state"] == "there"));

    let preflight = syncline(at, &["preflight", "--json"]);
    let ends = &json(&preflight)[0]["ends"];
    assert!(ends["left"]["account"]["id"].is_string() && ends["right"]["account"]["id"].is_string(), "{}", stderr(&preflight));
}

#[test]
fn each_recipe_has_a_demonstration_and_a_folder_keeps_to_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let run = syncline(at, &["local", "--demo", "aircall-zendesk_support", "--until-quiet", "--json"]);
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    let report = json(&run);
    assert_eq!((&report["ended"], report["writes_after_quiet"].as_u64()), (&"quiet".into(), Some(0)));
    let edits: Vec<&str> = report["examples"].as_array().expect("examples").iter().filter_map(|example| example["edit"].as_str()).collect();
    assert_eq!(edits.len(), 2);
    assert!(edits[0].contains("availability_status") && edits[1].contains("agent_statuses"), "{edits:?}");

    // The other commands know which one it is.
    let status = json(&syncline(at, &["status", "--count", "--json"]));
    assert_eq!(status["syncs"][0]["sync"], "agent_status");
    let alone = &status["syncs"][0]["mappings"][0]["entries"]["alone"];
    assert!(alone["left"]["count"].as_u64() > Some(0) && alone["right"]["count"].as_u64() > Some(0), "{alone}");

    let other = syncline(at, &["local", "--demo", "freshdesk-salesforce"]);
    assert_ne!(code(&other), 0);
    assert!(stderr(&other).contains("demonstrates aircall-zendesk_support") && stderr(&other).contains("--data"), "{}", stderr(&other));
    let unknown = syncline(at, &["local", "--demo", "aircall"]);
    assert!(stderr(&unknown).contains("no demonstration of `aircall`"), "{}", stderr(&unknown));
}

#[test]
fn records_go_to_a_system_that_gives_none_back_and_every_question_is_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let run = syncline(at, &["local", "--demo", "zendesk_sell-mapsly", "--until-quiet", "--json"]);
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    let report = json(&run);
    assert_eq!((&report["ended"], report["dead_letters"].as_u64()), (&"quiet".into(), Some(0)), "{report}");
    assert_eq!(report["writes_after_quiet"], 0, "{report}");
    // One edit to try: what is edited on the map arrives nowhere.
    let examples = report["examples"].as_array().expect("examples");
    assert_eq!(examples.len(), 1, "{examples:?}");
    let id = examples[0]["edit"].as_str().and_then(|edit| edit.rsplit('/').next()).expect("an id");

    let status = syncline(at, &["status", "--count"]);
    assert_eq!(code(&status), 0, "{}", stderr(&status));
    let words = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(words.contains("takes records and gives none back: never read"), "{words}");
    assert_eq!(words.matches("asked every").count(), 1, "{words}");

    // The two records have one id, and the id alone means the one that can be read.
    for name in [format!("map/contacts/left/{id}"), format!("map/contacts/right/{id}"), id.to_owned()] {
        let story = syncline(at, &["explain", &name, "--json"]);
        assert_eq!(code(&story), 0, "{}", stderr(&story));
        assert_eq!((&json(&story)["standing"]["state"], &json(&story)["now"]["act"]), (&"linked".into(), &"nothing".into()));
    }
    let nobody = syncline(at, &["explain", "map/contacts/right/nobody"]);
    assert_ne!(code(&nobody), 0);
    assert!(stderr(&nobody).contains("hint: name the record of the left side: map/contacts/left/<id>"), "{}", stderr(&nobody));

    for arguments in [
        &["plan", "--json"][..],
        &["plan", "--backfill", "--json"],
        &["preflight", "--json"],
        &["provision", "--dry-run", "--json"],
        &["mapping", "check", "--sample", "5", "--json"],
        &["history", &format!("map/contacts/left/{id}")],
    ] {
        let answer = syncline(at, arguments);
        assert_eq!(code(&answer), 0, "{arguments:?}: {}", stderr(&answer));
    }
    let again = syncline(at, &["backfill", "--resend", "--yes", "--json"]);
    assert_eq!(code(&again), 0, "{}", stderr(&again));
    assert_eq!(json(&again)[0]["phase"], "scan_left");
}

/// The one demonstration beside which a real server runs: what it keeps is there in the next run.
#[test]
fn a_replica_is_demonstrated_on_a_server_whose_data_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let local = || {
        let run = syncline(at, &["local", "--demo", "zendesk_sell-postgres", "--until-quiet", "--json"]);
        assert_eq!(code(&run), 0, "{}", stderr(&run));
        let said = stderr(&run);
        assert!(said.contains("replica: a server of postgres") && said.contains("map: http://"), "{said}");
        json(&run)
    };
    let sum = |report: &serde_json::Value, of: &str| -> u64 {
        report["sides"].as_array().expect("a list").iter().filter_map(|side| side[of].as_u64()).sum()
    };
    let held = |report: &serde_json::Value| {
        let sides = report["sides"].as_array().expect("a list");
        sides.iter().filter(|side| side["held"].as_object().is_none_or(|held| !held.is_empty())).count()
    };
    let first = local();
    assert_eq!(
        (&first["ended"], first["writes_after_quiet"].as_u64(), first["dead_letters"].as_u64()),
        (&"quiet".into(), Some(0), Some(0))
    );
    // 600 people, 60 organisations, and a deal for every twentieth person.
    assert_eq!((sum(&first, "created"), held(&first)), (690, 0), "{first}");
    let edits: Vec<&str> = first["examples"].as_array().expect("examples").iter().filter_map(|example| example["edit"].as_str()).collect();
    assert!(edits.len() == 2 && edits[0].contains("/v2/contacts/") && edits[1].contains("UPDATE contacts SET"), "{edits:?}");

    let second = local();
    assert_eq!((sum(&second, "created"), sum(&second, "updated"), held(&second)), (0, 0, 0), "{second}");
    let status = json(&syncline(at, &["status", "--count", "--json"]));
    let linked: u64 = status["syncs"][0]["mappings"]
        .as_array()
        .expect("mappings")
        .iter()
        .filter_map(|mapping| mapping["entries"]["linked"].as_u64())
        .sum();
    assert_eq!(linked, 690, "{status}");
}
