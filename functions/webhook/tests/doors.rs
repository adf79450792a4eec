//! What a vendor, and what a stranger, is answered at the door.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up fails the test")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::json;
use syncline_config::Config;
use syncline_engine::Engine;
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::http::{Call, Http, NoAnswer};
use syncline_engine::ports::outbox::{Message, Outbox, OutboxError};
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_engine::ports::store::{Item, Key, Store, StoreError, Write};
use syncline_model::{Deadline, Secret, Timestamp};
use syncline_registry::{Adapters, InstallationKey, assemble};
use syncline_webhook::{BODY_BYTES_MAX, Doors, handle};

/// All ports at once. A webhook touches neither the store nor a vendor: those that are, fail.
#[derive(Default)]
struct World {
    sent: Mutex<Vec<Message>>,
    outbox_is_out: bool,
    secrets_are_out: bool,
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }
}

impl Dice for World {
    fn roll(&self) -> u64 {
        4
    }
}

#[async_trait]
impl Http for World {
    async fn send(&self, _: Call, _: Deadline) -> Result<Response<Bytes>, NoAnswer> {
        Err(NoAnswer::NotSent("a webhook calls nobody".into()))
    }
}

#[async_trait]
impl Store for World {
    async fn get(&self, _: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        Err(StoreError::Unavailable("not here".into()))
    }
    async fn write(&self, _: Vec<Write>) -> Result<(), StoreError> {
        Err(StoreError::Unavailable("not here".into()))
    }
    async fn write_loose(&self, _: Vec<Write>) -> Result<(), StoreError> {
        Err(StoreError::Unavailable("not here".into()))
    }
    async fn list(&self, _: &str, _: Option<&str>, _: u32) -> Result<Vec<Item>, StoreError> {
        Err(StoreError::Unavailable("not here".into()))
    }
}

#[async_trait]
impl Outbox for World {
    async fn send(&self, messages: Vec<Message>) -> Result<(), OutboxError> {
        if self.outbox_is_out {
            return Err(OutboxError::Unavailable("out of reach".into()));
        }
        self.sent.lock().unwrap().extend(messages);
        Ok(())
    }
}

#[async_trait]
impl Secrets for World {
    async fn load(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
        if self.secrets_are_out {
            return Err(SecretsError { name: name.into(), problem: "out of reach".into() });
        }
        Ok(Some(Bundle([("webhook_secret".to_owned(), Secret::new("open sesame"))].into())))
    }
    async fn save(&self, _: &str, _: &Bundle) -> Result<(), SecretsError> {
        Ok(())
    }
}

fn config() -> Config {
    let text = syncline_config::recipe("freshdesk-salesforce").unwrap();
    syncline_config::read(text, "syncline.yaml", &syncline_registry::system_facts()).unwrap()
}

fn open(world: World) -> (Arc<World>, Engine, Doors) {
    let world = Arc::new(world);
    let adapters = Adapters {
        store: world.clone(),
        outbox: world.clone(),
        clock: world.clone(),
        dice: world.clone(),
        secrets: world.clone(),
        http: world.clone(),
    };
    let engine = assemble(&config(), &adapters, &InstallationKey::new([7; 32])).unwrap();
    let doors = Doors::new(&config(), world.clone());
    (world, engine, doors)
}

fn hook(path: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    Request::post(path).header("x-syncline-secret", "open sesame").body(body.into()).unwrap()
}

fn event() -> String {
    json!({"contact_id": 82_001_930_215_i64, "contact": {"name": "Ida"}}).to_string()
}

async fn status(world: World, request: Request<Bytes>) -> (u16, usize) {
    let (world, engine, doors) = open(world);
    let answer = handle(&engine, &doors, request).await;
    let queued = world.sent.lock().unwrap().len();
    (answer.status().as_u16(), queued)
}

#[tokio::test]
async fn a_signed_event_is_durable_before_it_is_answered() {
    let (world, engine, doors) = open(World::default());
    let answer = handle(&engine, &doors, hook("/webhooks/freshdesk", event())).await;
    assert_eq!(answer.status(), 200);
    let sent = world.sent.lock().unwrap();
    assert_eq!(sent.iter().map(|message| message.queue.as_str()).collect::<Vec<_>>(), ["salesforce"]);
    assert!(!sent[0].body.contains("Ida") && !sent[0].body.contains("82001930215"), "nothing of the event is readable in the queue");
}

#[tokio::test]
async fn who_is_refused_learns_nothing_but_the_status() {
    let none = World::default;
    let forged = Request::post("/webhooks/freshdesk").header("x-syncline-secret", "open barley").body(Bytes::from(event())).unwrap();
    assert_eq!(status(none(), forged).await, (401, 0));
    assert_eq!(status(none(), Request::post("/webhooks/freshdesk/nothing").body(Bytes::from(event())).unwrap()).await, (401, 0));
    let elsewhere = json!({"contact_id": 1, "domain": "other.freshdesk.com"}).to_string();
    assert_eq!(status(none(), hook("/webhooks/freshdesk", elsewhere)).await, (401, 0));
    let old = json!({"contact_id": 1, "timestamp": "2026-11-22T09:00:00Z"}).to_string();
    assert_eq!(status(none(), hook("/webhooks/freshdesk", old)).await, (410, 0));
    assert_eq!(status(none(), hook("/webhooks/freshdesk", "{")).await, (400, 0));
    assert_eq!(status(none(), hook("/webhooks/freshdesk", vec![b'x'; BODY_BYTES_MAX + 1])).await, (413, 0));
    assert_eq!(status(none(), hook("/webhooks/zendesk", event())).await, (404, 0));
    assert_eq!(status(none(), hook("/elsewhere", event())).await, (404, 0));
    assert_eq!(status(none(), Request::get("/webhooks/freshdesk").body(Bytes::new()).unwrap()).await, (405, 0));
}

#[tokio::test]
async fn what_we_could_not_keep_is_sent_again_by_the_vendor() {
    let queue_out = World { outbox_is_out: true, ..World::default() };
    assert_eq!(status(queue_out, hook("/webhooks/freshdesk", event())).await, (503, 0));
    let secrets_out = World { secrets_are_out: true, ..World::default() };
    assert_eq!(status(secrets_out, hook("/webhooks/freshdesk", event())).await, (503, 0));
}
