//! Two places for an installation: data folders, each of which can also be reached as a table on AWS would be. The vendors behind both are the
//! same simulators, which move along in the folder because that is where their state is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use jiff::SignedDuration;
use serde_json::{Value, json};
use syncline_aws::{DynamoStore, SystemClock, SystemDice};
use syncline_engine::ports::http::{Call, Http as _};
use syncline_engine::ports::store::{Item, Key};
use syncline_http::ReqwestHttp;
use syncline_local::{Amount, EmbeddedStore, Ended, Installation, Options, Pace, Report, Setup, SimulateOptions, run};
use syncline_model::Deadline;

use crate::{command, syncline};

/// A working folder with a configuration, and two data folders in it.
pub(crate) struct Places {
    folder: tempfile::TempDir,
}

impl Places {
    /// The shipped recipe, and at the first place 30 people a side that are in step.
    pub(crate) async fn in_step() -> Self {
        let places = Self { folder: tempfile::tempdir().expect("a folder") };
        syncline(places.at(), &["init", "freshdesk-salesforce"]);
        let report = places.run("one").await;
        assert_eq!((&report.ended, report.dead_letters), (&Ended::Quiet, 0));
        assert!(writes(&report) > 0);
        places
    }

    pub(crate) fn at(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self, place: &str) -> PathBuf {
        self.at().join(place)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Output {
        syncline(self.at(), arguments)
    }

    pub(crate) async fn open(&self, place: &str) -> Arc<Installation> {
        let text = fs::read_to_string(self.at().join("syncline.yaml")).expect("the configuration");
        let config = syncline_config::read(&text, "syncline.yaml", &syncline_registry::system_facts()).expect("a good configuration");
        let left = Amount { people: 0..30, companies: 0..5, calls: None };
        let right = Amount { people: 15..45, companies: 3..8, calls: None };
        let simulate = Some(SimulateOptions { seed: 7, left, right, provision: true });
        let setup = Setup { folder: self.data(place), simulate, ask_vendors: true, ..Setup::new(config) };
        Arc::new(Installation::open(setup).await.expect("an installation"))
    }

    /// Runs a place until it is quiet.
    pub(crate) async fn run(&self, place: &str) -> Report {
        let installation = self.open(place).await;
        let turns = Pace { turn: SignedDuration::from_secs(6), ..Pace::default() };
        let options = Options { until_quiet: true, pace: turns, ..Options::default() };
        run(installation, options).await.expect("a run")
    }

    /// A user renames a contact of Freshdesk. Answers the counterpart's id.
    pub(crate) async fn rename(&self, place: &str, name: &str) -> String {
        let installation = self.open(place).await;
        let simulation = installation.simulation.as_ref().expect("a simulation");
        let freshdesk = &simulation.running()["freshdesk"].base_url;
        let http = ReqwestHttp::new(Arc::new(SystemClock));
        let by = Deadline(installation.engine.now() + SignedDuration::from_secs(30));
        let send = async |request: http::request::Builder, body: String| {
            let request = request.header("authorization", "Basic aHVtYW4ta2V5Ong=").header("content-type", "application/json");
            let answer = http.send(Call::new("test", request.body(Bytes::from(body)).expect("a request")), by).await.expect("an answer");
            assert_eq!(answer.status(), 200);
            serde_json::from_slice::<Value>(answer.body()).expect("JSON")
        };
        let contacts = send(http::Request::get(format!("{freshdesk}/api/v2/contacts")), String::new()).await;
        let id = contacts[0]["id"].as_u64().expect("an id");
        let renamed = send(http::Request::put(format!("{freshdesk}/api/v2/contacts/{id}")), json!({ "name": name }).to_string()).await;
        renamed["custom_fields"]["sfcontactid"].as_str().expect("a linked contact").to_owned()
    }

    /// Requests that may have changed something at a vendor, as the simulators wrote them down; signing in changes nothing.
    pub(crate) fn changes(&self, place: &str) -> usize {
        let journals = ["freshdesk.jsonl", "salesforce.jsonl"].map(|name| self.data(place).join("simulators").join(name));
        let lines = journals.map(|journal| fs::read_to_string(journal).expect("a journal"));
        lines.iter().flat_map(|text| text.lines()).filter(|line| !line.contains("/oauth2/token")).count()
    }

    /// The vendors, with all that they know, from one place to the other. A person takes the place's secrets along, its key among them.
    pub(crate) fn take_along(&self, from: &str, to: &str) {
        for name in ["simulators", "."] {
            let (from, to) = (self.data(from).join(name), self.data(to).join(name));
            fs::create_dir_all(&to).expect("a folder");
            for entry in fs::read_dir(from).expect("a folder").map(|entry| entry.expect("a file").path()) {
                let kind = entry.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
                if entry.is_file() && ["json", "jsonl"].contains(&kind) {
                    fs::copy(&entry, to.join(entry.file_name().expect("a name"))).expect("a copy");
                }
            }
        }
    }

    /// The place's table, reached as AWS is.
    pub(crate) async fn table(&self, place: &str) -> Table {
        let store = EmbeddedStore::start(&self.data(place), Arc::new(SystemClock), Arc::new(SystemDice)).await.expect("a store");
        let secrets = fs::read_to_string(self.data("one").join("secrets.json")).expect("secrets");
        let secrets: BTreeMap<String, Value> = serde_json::from_str(&secrets).expect("JSON");
        let mut table = Table { at: self.at().to_owned(), store, secrets_endpoint: String::new() };
        table.keep_key(&secrets["installation"]).await;
        table
    }
}

/// All writes of a run, stamps included.
pub(crate) fn writes(report: &Report) -> u64 {
    report.sides.iter().map(|side| side.counts.created + side.counts.updated + side.counts.deleted + side.counts.stamped).sum()
}

/// A table with a Secrets Manager beside it that holds one secret, the installation's key.
pub(crate) struct Table {
    at: PathBuf,
    store: EmbeddedStore,
    secrets_endpoint: String,
}

impl Table {
    /// Puts another bundle into the secret.
    pub(crate) async fn keep_key(&mut self, bundle: &Value) {
        let bundle = bundle.to_string();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        self.secrets_endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let answer = move |request: String| {
            let bundle = bundle.clone();
            async move {
                assert_eq!(request, r#"{"SecretId":"syncline/installation"}"#);
                json!({ "Name": "syncline/installation", "SecretString": bundle }).to_string()
            }
        };
        let router = Router::new().route("/", post(answer));
        tokio::spawn(async move { axum::serve(listener, router).await.expect("a server") });
    }

    /// Runs a command line with `--table` and AWS's own variables. Not on this thread: the table is served by it.
    pub(crate) async fn command(&self, arguments: &[&str]) -> Output {
        let mut command = command(&self.at);
        command.args(arguments).args(["--table", "syncline"]);
        for (name, value) in [
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.store.endpoint()),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", self.secrets_endpoint.as_str()),
        ] {
            command.env(name, value);
        }
        tokio::task::spawn_blocking(move || command.output().expect("the binary runs")).await.expect("a thread")
    }

    pub(crate) fn store(&self) -> DynamoStore {
        self.store.store()
    }

    /// Everything that moves, by its place.
    pub(crate) async fn items(&self) -> BTreeMap<Key, Item> {
        let (store, mut found, mut from) = (self.store(), BTreeMap::new(), None);
        loop {
            let page = store.scan(from.as_ref()).await.expect("a page");
            let moving =
                page.items.into_iter().filter(|item| !["b#", "d#", "q#", "s#"].iter().any(|kind| item.key.partition.starts_with(kind)));
            found.extend(moving.map(|item| (item.key.clone(), item)));
            match page.next {
                Some(next) => from = Some(next),
                None => return found,
            }
        }
    }

    pub(crate) async fn stop(self) {
        self.store.stop().await.expect("an orderly end");
    }
}
