//! A company's agents, on the phone at Aircall and at the desk of Zendesk Support, with the engine between them.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use syncline_aircall_sim::{API_ID, API_TOKEN, Aircall, Reason, Setting};
use syncline_config::Config;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{Call, Http, NoAnswer};
use syncline_engine::status::{Status, status};
use syncline_engine::write::Delivery;
use syncline_engine::{Engine, Sync, backfill, hold, preflight, pull};
use syncline_local::{EmbeddedQueue, EmbeddedStore};
use syncline_model::{Deadline, Side};
use syncline_registry::{Adapters, InstallationKey, assemble, system_facts};
use syncline_simulator::{Fields, InProcess, Shared, Simulator, Unkind, Users, lock, shared};
use syncline_webhook::{Doors, handle};
use syncline_zendesk_support_sim::{CLIENT_ID, CLIENT_SECRET, Limits, Profile, Support};

use crate::{CountingDice, Memory, TestClock};

/// How the two accounts are, and what the config says.
pub struct AgentsSetup {
    pub config: String,
    pub aircall: Aircall,
    pub zendesk: Support,
}

impl AgentsSetup {
    /// The shipped recipe in this direction (`both`, `left_to_right`, `right_to_left`), between two accounts without agents.
    pub fn new(direction: &str) -> Self {
        let master = if direction == "right_to_left" { "right" } else { "left" };
        let config = syncline_config::recipe("aircall-zendesk_support")
            .expect("the recipe is shipped")
            .replace("# direction: left_to_right", &format!("direction: {direction}"))
            .replace("master: left", &format!("master: {master}"))
            .replace("system: aircall", "system: aircall\n    calls_per_minute: \"100000\"")
            .replace("plan: professional", "calls_per_minute: \"100000\"\n    exports_per_minute: \"100000\"");
        let phones = syncline_aircall_sim::Profile { calls_per_minute: 100_000, ..Default::default() };
        let desk = Profile { limits: Limits::BOUNDLESS, ..Profile::default() };
        Self { config, aircall: Aircall::new(phones), zendesk: Support::new(desk) }
    }

    /// Replaces a part of the recipe; it must be there.
    #[must_use]
    pub fn with(mut self, from: &str, to: &str) -> Self {
        assert!(self.config.contains(from), "the recipe has no {from:?}");
        self.config = self.config.replace(from, to);
        self
    }
}

/// One way to both vendors, by the host that is asked.
struct ByHost {
    aircall: InProcess<Aircall>,
    zendesk: InProcess<Support>,
}

#[async_trait]
impl Http for ByHost {
    async fn send(&self, call: Call, by: Deadline) -> Result<http::Response<Bytes>, NoAnswer> {
        if call.request.uri().host().is_some_and(|host| host.ends_with("zendesk.com")) {
            self.zendesk.send(call, by).await
        } else {
            self.aircall.send(call, by).await
        }
    }
}

/// Everything that a test of agents needs.
pub struct Agents {
    pub clock: Arc<TestClock>,
    pub aircall: Shared<Unkind<Aircall>>,
    pub zendesk: Shared<Unkind<Support>>,
    pub engine: Engine,
    pub queue: EmbeddedQueue,
    pub config: Config,
    doors: Doors,
    _store: EmbeddedStore,
    _folder: tempfile::TempDir,
}

/// How long a run may take, in virtual time.
const RUN: SignedDuration = SignedDuration::from_mins(10);

const SIDES: [Side; 2] = [Side::Left, Side::Right];

impl Agents {
    /// The two accounts with these agents, by email at Aircall and at Zendesk, who are off at both; turned on.
    pub async fn new(direction: &str, phone: &[&str], desk: &[&str]) -> Self {
        Self::made(AgentsSetup::new(direction), phone, desk).await
    }

    pub async fn made(setup: AgentsSetup, phone: &[&str], desk: &[&str]) -> Self {
        let agents = Self::off(setup).await;
        for email in phone {
            agents.hire_at_aircall(email);
        }
        for email in desk {
            agents.hire_at_zendesk(email);
        }
        agents.turn_on().await;
        agents
    }

    /// The two accounts with both webhooks, before the sync is turned on.
    pub async fn off(setup: AgentsSetup) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(TestClock::default());
        let dice = Arc::new(CountingDice::default());
        let store = EmbeddedStore::start(folder.path(), clock.clone(), dice.clone()).await.expect("the embedded store");
        let queue = EmbeddedQueue::open(folder.path(), 5).await.expect("the embedded queue");
        let secrets = Arc::new(Memory::default());
        let (aircall, zendesk) = (shared(Unkind::new(setup.aircall)), shared(Unkind::new(setup.zendesk)));
        let token = hook_at_aircall(&mut lock(&aircall).simulator, clock.now());
        let events = ["agent.unified_state_changed", "agent.state_changed", "user.deleted"];
        let made = lock(&zendesk).simulator.add_webhook(clock.now(), "https://sync.example/webhooks/zendesk", &events);
        let (_, signed_with) = made.expect("a webhook at Zendesk");
        for (name, key, value) in [
            ("aircall", "api_id", API_ID),
            ("aircall", "api_token", API_TOKEN),
            ("aircall", "webhook_secret", "a-long-random-text"),
            ("aircall", "webhook_token", token.as_str()),
            ("zendesk", "client_id", CLIENT_ID),
            ("zendesk", "client_secret", CLIENT_SECRET),
            ("zendesk", "webhook_secret", signed_with.as_str()),
        ] {
            secrets.set(name, key, value);
        }
        let config = syncline_config::read(&setup.config, "syncline.yaml", &system_facts())
            .unwrap_or_else(|problems| panic!("the config: {problems:?}"));
        let http = ByHost {
            aircall: InProcess { simulator: aircall.clone(), clock: clock.clone() },
            zendesk: InProcess { simulator: zendesk.clone(), clock: clock.clone() },
        };
        let adapters = Adapters {
            store: Arc::new(store.store()),
            outbox: Arc::new(queue.clone()),
            clock: clock.clone(),
            dice,
            secrets: secrets.clone(),
            http: Arc::new(http),
        };
        let engine =
            assemble(&config, &adapters, &InstallationKey::new([7; 32])).unwrap_or_else(|problems| panic!("the engine: {problems:?}"));
        let doors = Doors::new(&config, secrets);
        Self { clock, aircall, zendesk, engine, queue, config, doors, _store: store, _folder: folder }
    }

    /// What turning the sync on does: the backfill where the config wants one, and the first runs of the schedule.
    pub async fn turn_on(&self) {
        if self.config.syncs[0].history == syncline_config::HistoryMode::Backfill {
            backfill::begin(&self.engine, self.sync(), false).await.expect("the backfill begins");
            for _ in 0..100 {
                let progress = backfill::step(&self.engine, self.sync(), self.by()).await.expect("a step of the backfill");
                self.drain().await;
                if progress.phase == backfill::Phase::Done {
                    break;
                }
            }
        }
        self.settle().await;
        self.clock.advance(SignedDuration::from_mins(1));
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn by(&self) -> Deadline {
        Deadline(self.now() + RUN)
    }

    pub fn sync(&self) -> &Sync {
        &self.engine.syncs[0]
    }

    /// A new agent at Aircall, unavailable; the id.
    pub fn hire_at_aircall(&self, email: &str) -> i64 {
        let fields = Fields::from([("name".to_owned(), json!("An Agent")), ("email".to_owned(), json!(email))]);
        let made = lock(&self.aircall).simulator.create(self.now(), "user", &fields).expect("an agent at Aircall");
        let id = made.parse().expect("an id");
        lock(&self.aircall).simulator.set_status(self.now(), id, Setting::UNAVAILABLE);
        id
    }

    /// A new agent at Zendesk, offline; the id.
    pub fn hire_at_zendesk(&self, email: &str) -> i64 {
        let fields = Fields::from([("name".to_owned(), json!("An Agent")), ("email".to_owned(), json!(email))]);
        lock(&self.zendesk).simulator.create(self.now(), "agent", &fields).expect("an agent at Zendesk").parse().expect("an id")
    }

    fn aircall_id(&self, email: &str) -> i64 {
        lock(&self.aircall).simulator.user_with_email(email).expect("somebody at Aircall")
    }

    fn zendesk_id(&self, email: &str) -> i64 {
        let live = lock(&self.zendesk).simulator.live("agent");
        let of = |fields: &Fields| fields.get("email").and_then(Json::as_str).is_some_and(|own| own.eq_ignore_ascii_case(email));
        live.iter().find(|(_, fields)| of(fields)).expect("somebody at Zendesk").0.parse().expect("an id")
    }

    /// The agent picks a status in Aircall's app.
    pub fn phone(&self, email: &str, setting: Setting) {
        self.clock.advance(SignedDuration::from_secs(2));
        let id = self.aircall_id(email);
        assert!(lock(&self.aircall).simulator.set_status(self.now(), id, setting));
    }

    /// The agent picks a reason in Aircall's app.
    pub fn pause(&self, email: &str, reason: Reason) {
        self.phone(email, Setting { reason: Some(reason), ..Setting::UNAVAILABLE });
    }

    /// The agent picks a status in Zendesk.
    pub fn desk(&self, email: &str, status: &str) {
        self.clock.advance(SignedDuration::from_secs(2));
        let id = self.zendesk_id(email);
        lock(&self.zendesk).simulator.choose_status(self.now(), id, status).expect("the account has that status");
    }

    /// A call comes in for the agent, and ends.
    pub fn call(&self, email: &str) {
        let id = self.aircall_id(email);
        assert!(lock(&self.aircall).simulator.start_call(self.now(), id).is_some(), "the agent takes the call");
        self.clock.advance(SignedDuration::from_secs(20));
        assert!(lock(&self.aircall).simulator.hang_up(self.now(), id));
        self.clock.advance(SignedDuration::from_secs(31));
    }

    /// What is set at Aircall, and at Zendesk.
    pub fn shown(&self, email: &str) -> (Setting, String) {
        let (at_aircall, at_zendesk) = (self.aircall_id(email), self.zendesk_id(email));
        let phone = lock(&self.aircall).simulator.setting(at_aircall).expect("a setting");
        let desk = lock(&self.zendesk).simulator.status_of(at_zendesk).0;
        (phone, desk)
    }

    /// The vendors post what is due, over and over, to our webhook function. Answers how many events were posted.
    pub async fn post(&self) -> usize {
        let mut posted = 0;
        for _ in 0..10 {
            self.clock.advance(SignedDuration::from_secs(1));
            let phones = lock(&self.aircall).simulator.deliveries(self.now());
            for event in &phones {
                let request = http::Request::builder().method(Method::POST).uri(&event.url).body(event.body.clone()).expect("a request");
                let answer = handle(&self.engine, &self.doors, request).await;
                lock(&self.aircall).simulator.delivered(self.now(), event.number, Some(answer.status().as_u16()));
                assert!(answer.status().is_success(), "Aircall's event was answered {}", answer.status());
            }
            let desk = lock(&self.zendesk).simulator.deliveries(self.now());
            for event in &desk {
                let answer = handle(&self.engine, &self.doors, event.request.clone()).await;
                lock(&self.zendesk).simulator.delivered(self.now(), event, Some(answer.status().as_u16()), None);
                assert!(answer.status().is_success(), "Zendesk's event was answered {}", answer.status());
            }
            posted += phones.len() + desk.len();
        }
        posted
    }

    /// The vendors' events get lost.
    pub fn lose_events(&self) {
        self.clock.advance(SignedDuration::from_secs(2));
        let phones = lock(&self.aircall).simulator.deliveries(self.now());
        for event in phones {
            lock(&self.aircall).simulator.delivered(self.now(), event.number, Some(200));
        }
        let desk = lock(&self.zendesk).simulator.deliveries(self.now());
        for event in desk {
            lock(&self.zendesk).simulator.delivered(self.now(), &event, Some(200), None);
        }
    }

    /// One scheduled pull of a side.
    pub async fn pull(&self, side: Side) -> pull::Pulled {
        pull::pull(&self.engine, self.sync(), side, self.by()).await.expect("a pull")
    }

    /// Works on what is due in the queue of a side's connection, once. Answers how many messages there were.
    pub async fn work(&self, side: Side) -> usize {
        let connection = &self.sync().ends.of(side).connection;
        let received = self.queue.receive(connection, 50, 900, self.now()).await.expect("the queue");
        let list: Vec<Delivery> =
            received.iter().map(|delivery| Delivery { id: delivery.receipt.clone(), body: delivery.body.clone() }).collect();
        if list.is_empty() {
            return 0;
        }
        let unfinished = Box::pin(syncline_engine::write::write(&self.engine, connection, &list, self.by())).await;
        let done: Vec<String> = list.iter().map(|delivery| delivery.id.clone()).filter(|id| !unfinished.contains(id)).collect();
        self.queue.delete(&done).await.expect("the queue");
        for id in &unfinished {
            self.queue.release(id, self.now() + SignedDuration::from_secs(1)).await.expect("the queue");
        }
        list.len()
    }

    /// Works on the queues until they are empty; time moves as far as that takes.
    pub async fn drain(&self) {
        for _ in 0..500 {
            if self.work(Side::Left).await + self.work(Side::Right).await > 0 {
                continue;
            }
            let mut next: Option<Timestamp> = None;
            for side in SIDES {
                let due = self.queue.next_due(&self.sync().ends.of(side).connection).await.expect("the queue");
                next = next.into_iter().chain(due).min();
            }
            match next {
                None => return,
                Some(due) => self.clock.advance_to(due),
            }
        }
        panic!("the queues did not become empty");
    }

    /// Posts, and works, until nothing is left to do. Nothing is pulled.
    pub async fn hear(&self) {
        for _ in 0..20 {
            let posted = self.post().await;
            self.drain().await;
            if posted == 0 {
                return;
            }
        }
        panic!("the vendors' events do not end");
    }

    /// Pulls and works until nothing is left to do. No event is posted.
    pub async fn settle(&self) {
        for _ in 0..50 {
            self.drain().await;
            let (left, right) = (self.pull(Side::Left).await, self.pull(Side::Right).await);
            if left.queued + right.queued == 0 {
                return;
            }
        }
        panic!("the world did not fall quiet");
    }

    /// Writing requests that reached the vendors since the last call of this, by path; without sign-in.
    pub fn writes(&self) -> Vec<String> {
        let mut seen = std::mem::take(&mut lock(&self.aircall).seen);
        seen.extend(std::mem::take(&mut lock(&self.zendesk).seen));
        seen.retain(|line| !line.starts_with("GET ") && !line.contains("/oauth/"));
        seen
    }

    pub async fn holds(&self) -> Vec<hold::Hold> {
        hold::list(&self.engine, &self.sync().name, 100).await.expect("the holds")
    }

    /// As `syncline status --count` shows it.
    pub async fn status(&self) -> Status {
        status(&self.engine, true).await.expect("the status")
    }

    pub async fn preflight(&self) -> preflight::Preflight {
        preflight::preflight(&self.engine, self.sync(), self.by()).await.expect("the preflight")
    }
}

/// A webhook on the events that the vendor's page names; its token.
fn hook_at_aircall(aircall: &mut Aircall, now: Timestamp) -> String {
    use base64::Engine as _;
    let key = base64::engine::general_purpose::STANDARD.encode(format!("{API_ID}:{API_TOKEN}"));
    let events = ["user.opened.v2", "user.closed.v2", "user.created.v2", "user.deleted.v2", "call.answered", "call.hungup", "call.ended"];
    let body = json!({"custom_name": "Syncline", "url": "https://sync.example/webhooks/aircall/a-long-random-text", "events": events});
    let request = http::Request::post("/v1/webhooks").header("authorization", format!("Basic {key}")).body(Bytes::from(body.to_string()));
    let answer = aircall.handle(now, &request.expect("a request"));
    let made: Json = serde_json::from_slice(answer.body()).expect("an answer");
    made["webhook"]["token"].as_str().expect("a token").to_owned()
}
