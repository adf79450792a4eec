//! The connector against a whole simulated account, in the process, with a clock that the test moves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use serde_json::json;
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::connector::{Connector, Cursor, From, Outcome, Resume, Selection, WriteAction};
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::vendor::{Parts, Settings, Vendor};
use syncline_engine::ports::webhook::{RawWebhook, Refused, admit};
use syncline_model::{Deadline, Fault, Presence, Record, RecordId, Secret, Timestamp, Value};
use syncline_simulator::{Fields, InProcess, Shared, Strain, Unkind, Users, lock};
use syncline_zendesk_support_sim::{CLIENT_ID, CLIENT_SECRET, Limits, Profile, REFRESH_TOKEN, Role, Support};

use crate::scripted::{NOW, Safe, agents, at};

struct Moved(Mutex<Timestamp>);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl Dice for Moved {
    fn roll(&self) -> u64 {
        7
    }
}

struct World {
    account: Shared<Unkind<Support>>,
    clock: Arc<Moved>,
    safe: Arc<Safe>,
}

impl World {
    fn new() -> Self {
        let profile = Profile { limits: Limits::BOUNDLESS, ..Profile::default() };
        let secrets = [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET), ("refresh_token", REFRESH_TOKEN)];
        Self {
            account: Arc::new(Mutex::new(Unkind::new(Support::new(profile)))),
            clock: Arc::new(Moved(Mutex::new(at(NOW)))),
            safe: Arc::new(Safe(Mutex::new(secrets.map(|(name, text)| (name.to_owned(), Secret::new(text))).into()))),
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn by(&self) -> Deadline {
        Deadline(self.now() + SignedDuration::from_mins(5))
    }

    fn pass(&self, seconds: i64) {
        *self.clock.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }

    fn connector(&self, auth: &str) -> Arc<dyn Connector> {
        let settings = [("subdomain", "acme"), ("auth", auth)].map(|(name, text)| (name.to_owned(), text.to_owned()));
        let parts = Parts {
            connection: "desk".to_owned(),
            settings: Settings(settings.into()),
            secrets: self.safe.clone(),
            http: Arc::new(InProcess { simulator: self.account.clone(), clock: self.clock.clone() }),
            clock: self.clock.clone(),
            dice: self.clock.clone(),
        };
        syncline_zendesk_support::VENDOR.connect(parts).unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    fn act<T>(&self, act: impl FnOnce(&mut Support, Timestamp) -> T) -> T {
        let now = self.now();
        act(&mut lock(&self.account).simulator, now)
    }

    /// An agent; the id.
    fn agent(&self, name: &str) -> RecordId {
        let fields = Fields::from([("name".to_owned(), json!(name)), ("email".to_owned(), json!(format!("{name}@acme.example")))]);
        RecordId::new(self.act(|support, now| support.create(now, "agent", &fields)).unwrap())
    }

    fn status(&self, id: &RecordId) -> String {
        self.act(|support, _| support.status_of(number(id)).0)
    }
}

fn number(id: &RecordId) -> i64 {
    id.as_str().parse().unwrap()
}

fn selection() -> Selection {
    agents(&["email", "status", "status_is_custom"])
}

/// What is told from here, and where it goes on.
async fn changes(world: &World, connector: &Arc<dyn Connector>, from: From<'_>) -> (BTreeMap<RecordId, Record>, Cursor) {
    let mut told = BTreeMap::new();
    let mut page = connector.list_changes(&selection(), &from, world.by()).await.unwrap();
    loop {
        told.extend(page.records.into_iter().map(|record| record.unwrap()).map(|record| (record.id.clone(), record)));
        match page.resume {
            Resume::CaughtUp(cursor) => return (told, cursor),
            Resume::More(cursor) => page = connector.list_changes(&selection(), &From::Cursor(&cursor), world.by()).await.unwrap(),
        }
    }
}

async fn set(world: &World, connector: &Arc<dyn Connector>, id: &RecordId, status: &str) -> Outcome {
    let fields = BTreeMap::from([("status".into(), Value::text(status))]);
    let update = WriteAction::Update { id: id.clone(), fields, expected: None };
    connector.write(&selection(), &[update], world.by()).await.unwrap().remove(0)
}

#[tokio::test]
async fn az_05_an_own_status_is_told_by_its_name_and_can_be_set_by_it() {
    let world = World::new();
    let (ida, bo) = (world.agent("ida"), world.agent("bo"));
    world.act(|support, now| support.add_custom_status(now, "In a meeting", ["away", "online", "offline"]));
    let connector = world.connector("client_credentials");
    world.pass(3600);
    let (told, cursor) = changes(&world, &connector, From::Since(world.now())).await;
    assert!(told.is_empty(), "nothing happened");
    world.pass(60);
    world.act(|support, now| support.choose_status(now, number(&ida), "In a meeting")).unwrap();
    let (told, _) = changes(&world, &connector, From::Cursor(&cursor)).await;
    assert_eq!(told.keys().collect::<Vec<_>>(), [&ida]);
    assert!(
        told[&ida].field("status") == Some(&Value::text("In a meeting"))
            && told[&ida].field("status_is_custom") == Some(&Value::Bool(true))
    );
    // One that is made after the connector read the account's list is known all the same.
    world.act(|support, now| support.add_custom_status(now, "Away", ["away", "away", "away"]));
    assert!(matches!(set(&world, &connector, &bo, "custom: Away").await, Outcome::Written { .. }));
    assert_eq!(world.status(&bo), "Away");
    assert!(matches!(set(&world, &connector, &bo, "transfers_only").await, Outcome::Written { .. }));
    assert_eq!(world.status(&bo).replace(' ', "_"), "transfers_only");
}

#[tokio::test]
async fn who_leaves_the_team_is_told_as_gone_once_the_export_shows_it() {
    let world = World::new();
    let (deleted, demoted, stays) = (world.agent("deleted"), world.agent("demoted"), world.agent("stays"));
    let connector = world.connector("client_credentials");
    world.pass(3600);
    let (_, cursor) = changes(&world, &connector, From::Since(world.now())).await;
    world.pass(300);
    world.act(|support, now| support.delete(now, "agent", deleted.as_str())).unwrap();
    world.act(|support, now| support.give_role(now, number(&demoted), Role::EndUser));
    world.pass(90);
    let (told, _) = changes(&world, &connector, From::Cursor(&cursor)).await;
    assert!([&deleted, &demoted].iter().all(|id| told[*id].presence == Presence::Deleted) && !told.contains_key(&stays));
    let found = connector.get(&selection(), &[deleted, demoted, stays], world.by()).await.unwrap();
    let live: Vec<bool> = found.iter().map(|record| record.as_ref().is_some_and(Record::is_live)).collect();
    assert_eq!(live, [false, false, true]);
}

#[tokio::test]
async fn routing_may_be_switched_while_the_connector_lives() {
    let world = World::new();
    let ida = world.agent("ida");
    let connector = world.connector("client_credentials");
    world.pass(3600);
    let (_, cursor) = changes(&world, &connector, From::Since(world.now())).await;
    world.act(|support, _| support.set_omnichannel(false));
    world.pass(60);
    let (told, cursor) = changes(&world, &connector, From::Cursor(&cursor)).await;
    assert!(told[&ida].version.is_none() && told[&ida].field("status_is_custom") == Some(&Value::Bool(false)), "Talk has no stamps");
    assert!(matches!(set(&world, &connector, &ida, "online").await, Outcome::Written { .. }));
    world.act(|support, _| support.set_omnichannel(true));
    assert!(matches!(set(&world, &connector, &ida, "away").await, Outcome::Written { .. }));
    assert_eq!(world.status(&ida), "away");
    let got = connector.get(&selection(), std::slice::from_ref(&ida), world.by()).await.unwrap().remove(0).unwrap();
    assert!(got.field("status") == Some(&Value::text("away")) && got.version.is_some());
    changes(&world, &connector, From::Cursor(&cursor)).await;
}

#[tokio::test]
async fn az_09_an_agent_without_a_licence_is_held_with_the_reason() {
    let world = World::new();
    let ida = world.agent("ida");
    world.act(|support, _| support.license(number(&ida), false));
    let Outcome::Failed(Fault::Rejected { problems }) = set(&world, &world.connector("client_credentials"), &ida, "online").await else {
        panic!("an agent without a licence was set")
    };
    assert!(problems.iter().any(|problem| problem.code == "status_refused" && problem.words.contains("Talk Partner Edition")));
}

#[tokio::test]
async fn two_functions_share_one_pair_of_tokens_through_ended_sessions() {
    let world = World::new();
    let ida = world.agent("ida");
    let (one, other) = (world.connector("refresh_token"), world.connector("refresh_token"));
    let reads = async |connector: &Arc<dyn Connector>| {
        connector.get(&selection(), std::slice::from_ref(&ida), world.by()).await.unwrap().iter().flatten().count()
    };
    for _ in 0..3 {
        assert_eq!((reads(&one).await, reads(&other).await), (1, 1));
        assert!(world.act(|support, now| support.strain(now, Strain::SessionsEnd)));
    }
    assert_eq!((reads(&other).await, reads(&one).await), (1, 1));
}

#[tokio::test]
async fn az_08_an_event_is_signed_as_the_connector_expects_and_names_its_agent() {
    let world = World::new();
    let ida = world.agent("ida");
    let made = world.act(|support, now| support.add_webhook(now, "https://hooks.example/desk", &["agent.unified_state_changed"]));
    let secrets = Bundle([("webhook_secret".to_owned(), Secret::new(made.unwrap().1))].into());
    world.act(|support, now| support.choose_status(now, number(&ida), "online")).unwrap();
    world.pass(2);
    let connector = world.connector("client_credentials");
    let hooks = connector.webhooks().unwrap();
    let deliveries = world.act(Support::deliveries);
    assert!(!deliveries.is_empty());
    for delivery in deliveries {
        let (head, body) = delivery.request.into_parts();
        let raw = RawWebhook { headers: head.headers, path_rest: String::new(), body };
        let parsed = hooks.parse(&admit(hooks, &raw, &secrets, world.now()).unwrap()).unwrap();
        assert_eq!(parsed.hints.iter().map(|hint| (hint.kind.as_str(), &hint.id)).collect::<Vec<_>>(), [("agent", &ida)]);
        assert_eq!(hooks.check(&raw, &secrets, world.now() + SignedDuration::from_mins(6)), Err(Refused::TooOld));
    }
}
