//! The connector against the simulated company: what it sends is let in, and what it tells is read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use syncline_aircall_sim::{API_ID, API_TOKEN, Aircall, Profile, Setting, Spelling};
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::connector::{Connector, Outcome, WriteAction};
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_engine::ports::vendor::{Parts, Settings, Vendor};
use syncline_engine::ports::webhook::{RawWebhook, admit};
use syncline_model::{Deadline, RecordId, Secret, Timestamp, Value};
use syncline_simulator::{Fields, InProcess, Shared, Simulator, Unkind, Users, lock, shared};

use crate::scripted::selecting;

const ADDRESS: &str = "a-long-random-address";

struct Hands(Mutex<Timestamp>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl Dice for Hands {
    fn roll(&self) -> u64 {
        4
    }
}

struct Keys(Bundle);

#[async_trait]
impl Secrets for Keys {
    async fn load(&self, _name: &str) -> Result<Option<Bundle>, SecretsError> {
        Ok(Some(self.0.clone()))
    }

    async fn save(&self, name: &str, _bundle: &Bundle) -> Result<(), SecretsError> {
        Err(SecretsError { name: name.to_owned(), problem: "these are fixed".to_owned() })
    }
}

/// A company with a webhook of ours, and a connector that holds its token.
struct Scene {
    company: Shared<Unkind<Aircall>>,
    clock: Arc<Hands>,
    connector: Arc<dyn Connector>,
    secrets: Bundle,
}

impl Scene {
    fn new(profile: Profile) -> Self {
        let clock = Arc::new(Hands(Mutex::new("2026-11-22T10:00:00Z".parse().unwrap())));
        let company = shared(Unkind::new(Aircall::new(profile)));
        let made = ask(
            &company,
            clock.now(),
            "POST",
            "/v1/webhooks",
            &json!({
                "url": format!("https://syncline.example/webhooks/aircall/{ADDRESS}"),
                "events": ["user.opened.v2", "user.closed.v2", "call.answered", "call.ended"]
            }),
        );
        let token = made["webhook"]["token"].as_str().unwrap().to_owned();
        let texts = [("api_id", API_ID), ("api_token", API_TOKEN), ("webhook_secret", ADDRESS), ("webhook_token", token.as_str())];
        let secrets = Bundle(texts.map(|(name, text)| (name.to_owned(), Secret::new(text))).into());
        let parts = Parts {
            connection: "company".to_owned(),
            settings: Settings::default(),
            secrets: Arc::new(Keys(secrets.clone())),
            http: Arc::new(InProcess { simulator: company.clone(), clock: clock.clone() }),
            clock: clock.clone(),
            dice: clock.clone(),
        };
        let connector = syncline_aircall::VENDOR.connect(parts).unwrap();
        Self { company, clock, connector, secrets }
    }

    fn by(&self) -> Deadline {
        Deadline(self.clock.now() + SignedDuration::from_mins(1))
    }

    fn pass(&self, seconds: i64) {
        *self.clock.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }

    fn agent(&self, number: u32) -> i64 {
        let fields = Fields::from([
            ("name".to_owned(), json!(format!("Agent Number {number}"))),
            ("email".to_owned(), json!(format!("agent{number}@acme.example"))),
        ]);
        lock(&self.company).simulator.create(self.clock.now(), "user", &fields).unwrap().parse().unwrap()
    }

    fn set(&self, agent: i64, setting: Setting) {
        assert!(lock(&self.company).simulator.set_status(self.clock.now(), agent, setting));
    }

    /// The agents of whom the events due now tell; each event is answered with this status.
    fn heard(&self, status: u16) -> Vec<RecordId> {
        let now = self.clock.now();
        let due = lock(&self.company).simulator.deliveries(now);
        let hooks = self.connector.webhooks().unwrap();
        let mut heard = Vec::new();
        for delivery in due {
            let path_rest = delivery.url.rsplit('/').next().unwrap().to_owned();
            let raw = RawWebhook { headers: http::HeaderMap::new(), path_rest, body: delivery.body.clone() };
            let hook = admit(hooks, &raw, &self.secrets, now).unwrap();
            heard.extend(hooks.parse(&hook).unwrap().hints.into_iter().map(|hint| hint.id));
            lock(&self.company).simulator.delivered(now, delivery.number, Some(status));
        }
        heard
    }

    async fn status(&self, agent: i64) -> String {
        let found = self.connector.get(&selecting(&["status"]), &[agent.to_string().into()], self.by()).await.unwrap();
        found[0].as_ref().unwrap().field("status").unwrap().as_text().unwrap().unwrap().to_owned()
    }

    async fn write(&self, agent: i64, status: &str) -> Outcome {
        let fields = BTreeMap::from([("status".into(), Value::text(status))]);
        let action = WriteAction::Update { id: agent.to_string().into(), fields, expected: None };
        self.connector.write(&selecting(&["status"]), &[action], self.by()).await.unwrap().remove(0)
    }
}

fn ask(company: &Shared<Unkind<Aircall>>, now: Timestamp, method: &str, path: &str, body: &Json) -> Json {
    let request = http::Request::builder().method(method).uri(path).header("content-type", "application/json");
    let request = request.header("authorization", format!("Basic {}", STANDARD.encode(format!("{API_ID}:{API_TOKEN}"))));
    let answer = lock(company).simulator.handle(now, &request.body(body.to_string().into()).unwrap());
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    serde_json::from_slice(answer.body()).unwrap_or_default()
}

#[tokio::test]
async fn a_change_by_hand_and_a_call_are_heard_and_the_agent_is_read() {
    for spelling in [Spelling::Snake, Spelling::Display] {
        let scene = Scene::new(Profile { spelling, ..Profile::default() });
        let agent = scene.agent(1);
        scene.set(agent, Setting::UNAVAILABLE);
        let heard = scene.heard(200);
        assert!(!heard.is_empty() && heard.iter().all(|id| id.as_str() == agent.to_string()), "{heard:?}");
        assert_eq!(scene.status(agent).await, "unavailable");
        let lunch = json!({"availability_status": "unavailable", "substatus": "out_for_lunch"});
        ask(&scene.company, scene.clock.now(), "PUT", &format!("/v2/users/{agent}"), &lunch);
        assert_eq!(scene.status(agent).await, "out_for_lunch");
        scene.set(agent, Setting::AVAILABLE);
        scene.heard(200);
        lock(&scene.company).simulator.log_in(scene.clock.now(), agent);
        assert!(lock(&scene.company).simulator.start_call(scene.clock.now(), agent).is_some());
        assert!(lock(&scene.company).simulator.hang_up(scene.clock.now(), agent));
        scene.pass(60);
        assert!(scene.heard(200).iter().any(|id| id.as_str() == agent.to_string()), "a call tells of its agent");
    }
}

#[tokio::test]
async fn an_own_write_comes_back_and_finds_nothing_to_do() {
    let scene = Scene::new(Profile::default());
    let agent = scene.agent(1);
    scene.set(agent, Setting::AVAILABLE);
    scene.heard(200);
    assert!(matches!(scene.write(agent, "on_a_break").await, Outcome::Written { stored: Some(_), .. }));
    assert_eq!(scene.heard(200).len(), 2, "once for the status, once for the reason");
    let before = lock(&scene.company).seen.len();
    scene.write(agent, "on_a_break").await;
    let asked = lock(&scene.company).seen.split_off(before);
    assert!(asked.iter().all(|line| line.starts_with("GET")), "{asked:?}");
    assert!(scene.heard(200).is_empty());
}

#[tokio::test]
async fn an_automatic_schedule_is_left_alone() {
    let scene = Scene::new(Profile::default());
    let agent = scene.agent(1);
    scene.set(agent, Setting::CUSTOM);
    assert_eq!(scene.status(agent).await, "custom");
    assert!(matches!(scene.write(agent, "available").await, Outcome::Failed(syncline_model::Fault::Rejected { .. })));
    assert_eq!(scene.status(agent).await, "custom");
}

#[tokio::test]
async fn a_webhook_that_failed_too_often_is_told_of() {
    let scene = Scene::new(Profile::default());
    assert_eq!(scene.connector.account(scene.by()).await.unwrap().problems.len(), 0);
    let agent = scene.agent(1);
    for setting in [Setting::UNAVAILABLE, Setting::AVAILABLE].into_iter().cycle().take(60) {
        scene.set(agent, setting);
        scene.heard(500);
    }
    let account = scene.connector.account(scene.by()).await.unwrap();
    assert_eq!(account.problems.len(), 1, "{account:?}");
    scene.set(agent, Setting::UNAVAILABLE);
    assert_eq!(scene.status(agent).await, "unavailable", "the schedule finds it all the same");
}
