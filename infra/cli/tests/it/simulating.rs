//! `simulate`: it says where it is and answers there; and `connect` against it.

use std::io::{BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde::Deserialize as _;
use serde_json::Value as Json;

use crate::{BINARY, code, json, stderr, syncline};

/// A running simulator; dropping it ends it.
pub(crate) struct Simulator {
    child: Child,
    /// What it printed.
    pub(crate) shown: Json,
}

impl Simulator {
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(BINARY)
            .arg("simulate")
            .args(arguments)
            .arg("--json")
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        // Stdout stays open while it serves: one JSON value is read from it.
        let mut reader = serde_json::Deserializer::from_reader(BufReader::new(child.stdout.take().expect("stdout")));
        let shown = Json::deserialize(&mut reader).expect("what it shows is JSON");
        Self { child, shown }
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.shown[name].as_str().expect("a text")
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn get(base_url: &str, path: &str, authorization: &str) -> String {
    let address = base_url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: {authorization}\r\nconnection: close\r\n\r\n")
        .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

#[test]
fn a_simulator_answers_with_the_records_it_was_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let simulator = Simulator::start(folder.path(), &["freshdesk", "--records", "20", "--seed", "7"]);
    assert_eq!((simulator.shown["people"].as_u64(), simulator.shown["companies"].as_u64()), (Some(20), Some(2)));
    // `integration-key:x`
    let answer = get(simulator.text("base_url"), "/api/v2/contacts?per_page=100", "Basic aW50ZWdyYXRpb24ta2V5Ong=");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(answer.matches("\"email\":\"person").count(), 20);
    let refused = get(simulator.text("base_url"), "/api/v2/contacts", "Basic bm9ib2R5Ong=");
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
}

#[test]
fn credentials_are_stored_only_after_the_vendor_has_taken_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let simulator = Simulator::start(at, &["freshdesk", "--records", "1"]);
    syncline(at, &["init", "freshdesk-salesforce"]);
    let file = at.join("syncline.yaml");
    let text = std::fs::read_to_string(&file).expect("the file");
    let pointed = text.replace("system: freshdesk\n", &format!("system: freshdesk\n    base_url: {}\n", simulator.text("base_url")));
    std::fs::write(&file, pointed).expect("a file");

    let wrong = syncline(at, &["connect", "freshdesk", "--secret", "api_key=wrong-key", "--yes"]);
    assert_eq!(code(&wrong), 4, "{}", stderr(&wrong));
    assert!(stderr(&wrong).contains("nothing was stored") && !stderr(&wrong).contains("wrong-key"), "{}", stderr(&wrong));
    let stored = std::fs::read_to_string(at.join(".syncline/secrets.json")).unwrap_or_default();
    assert!(!stored.contains("wrong-key"));

    let right = syncline(at, &["connect", "freshdesk", "--secret", "api_key=integration-key", "--yes", "--json"]);
    assert_eq!(code(&right), 0, "{}", stderr(&right));
    assert_eq!(json(&right)["stored"], true);
    assert!(!String::from_utf8_lossy(&right.stdout).contains("integration-key"));
    let stored = std::fs::read_to_string(at.join(".syncline/secrets.json")).expect("the secrets");
    assert!(stored.contains("integration-key"));
}

#[test]
fn an_unknown_system_has_no_simulator() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = syncline(folder.path(), &["simulate", "salesfroce"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("did you mean `salesforce`?"));
}
