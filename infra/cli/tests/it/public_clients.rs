//! Clients that other people wrote, unchanged, against the simulators over https.

use std::path::PathBuf;
use std::process::Command;

use crate::simulating::Simulator;

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Names of vendors' own, on which clients insist.
const VENDORS_NAMES: [&str; 3] = ["acme.freshdesk.com", "acme.salesmanago.com", "acme.zendesk.com"];

/// Runs a script with the prepared Python.
fn run(system: &str, script: &str) {
    let python = root().join("target/python/bin/python");
    assert!(python.exists(), "the Python clients are not installed: run `make python`");
    let folder = tempfile::tempdir().expect("a folder");
    let certificate = folder.path().join("certificate.pem");
    let certificate = certificate.to_str().expect("a path");
    let mut arguments = vec![system, "--records", "250", "--tls", "--certificate", certificate, "--provisioned"];
    arguments.extend(VENDORS_NAMES.iter().flat_map(|name| ["--name", name]));
    let simulator = Simulator::start(folder.path(), &arguments);
    let output = Command::new(python)
        .arg(root().join("tests/python").join(script))
        .env("REQUESTS_CA_BUNDLE", certificate)
        .env("SIMULATOR", simulator.shown.to_string())
        .env("NO_PROXY", format!("localhost,127.0.0.1,{}", VENDORS_NAMES.join(",")))
        .env_remove("HTTPS_PROXY")
        .env_remove("https_proxy")
        .output()
        .expect("Python runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.trim_end().ends_with("all done"), "{said}");
}

#[test]
fn simple_salesforce_works_unchanged() {
    run("salesforce", "simple_salesforce_client.py");
}

#[test]
fn python_freshdesk_works_unchanged() {
    run("freshdesk", "freshdesk_client.py");
}

#[test]
fn aircall_api_works_unchanged() {
    run("aircall", "aircall_client.py");
}

#[test]
fn zenpy_works_unchanged() {
    run("zendesk_support", "zenpy_client.py");
}

#[test]
fn basecrm_works_unchanged() {
    run("zendesk_sell", "basecrm_client.py");
}

#[test]
fn salesmanago_python_api_works_unchanged() {
    run("salesmanago", "salesmanago_client.py");
}

#[test]
fn zohos_own_client_works_unchanged() {
    run("zoho_crm", "zoho_crm_client.py");
}
