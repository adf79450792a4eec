//! The connector against a whole simulated account, in the process, with a clock that the test moves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use http::Method;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use syncline_engine::ports::clock::{Clock, Dice};
use syncline_engine::ports::connector::{Connector, Cursor, FieldWish, FindKey, From, Outcome, Resume, Selection, WriteAction};
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::vendor::{Parts, Settings, Vendor};
use syncline_freshdesk_sim::{Freshdesk, INTEGRATION_KEY, Profile, UpdatedSince};
use syncline_model::{Fault, FieldName, FieldSchema, FieldType, Presence, Record, RecordId, Secret, Timestamp, Value};
use syncline_simulator::{InProcess, Population, Shared, Trouble, Unkind, When, lock};

use crate::scripted::{Keys, at, companies, contacts};

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
    account: Shared<Unkind<Freshdesk>>,
    clock: Arc<Moved>,
}

impl World {
    fn new(profile: Profile) -> Self {
        Self {
            account: Arc::new(Mutex::new(Unkind::new(Freshdesk::new(profile)))),
            clock: Arc::new(Moved(Mutex::new(at("2026-11-22T10:00:00Z")))),
        }
    }

    /// With so many people, ten to a company.
    fn peopled(profile: Profile, people: u32) -> Self {
        let world = Self::new(profile);
        lock(&world.account).simulator.load(&Population::new(1), 0..people, 0..people.div_ceil(10), world.clock.now());
        world
    }

    /// A connector that remembers nothing of the ones before.
    fn connector(&self) -> Arc<dyn Connector> {
        let key = Bundle([("api_key".to_owned(), Secret::new(INTEGRATION_KEY))].into());
        let parts = Parts {
            connection: "desk".to_owned(),
            settings: Settings([("domain".to_owned(), "acme".to_owned())].into()),
            secrets: Arc::new(Keys { remembered: [("desk".to_owned(), key)].into(), rotated: BTreeMap::new() }),
            http: Arc::new(InProcess { simulator: self.account.clone(), clock: self.clock.clone() }),
            clock: self.clock.clone(),
            dice: self.clock.clone(),
        };
        syncline_freshdesk::VENDOR.connect(parts).unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    fn by(&self) -> syncline_model::Deadline {
        syncline_model::Deadline(self.clock.now() + SignedDuration::from_mins(5))
    }

    fn pass(&self, seconds: i64) {
        let mut now = self.clock.0.lock().unwrap();
        *now += SignedDuration::from_secs(seconds);
    }

    /// What a person does on the screen.
    fn person(&self, method: &Method, path: &str, body: &Json) -> Json {
        let now = self.clock.now();
        let answer = lock(&self.account).simulator.as_person(now, method, path, body);
        assert!(answer.status().is_success(), "{method} {path}: {}", answer.status());
        serde_json::from_slice(answer.body()).unwrap_or(Json::Null)
    }

    fn trouble(&self, method: Method, path: &str, trouble: Trouble) {
        lock(&self.account).script.add(When::next(method, path), trouble);
    }

    fn contact_ids(&self) -> BTreeSet<String> {
        lock(&self.account).simulator.contact_ids().iter().map(ToString::to_string).collect()
    }

    /// A whole scan, each page by a fresh connector; a refused call waits as long as the vendor says.
    async fn scan(&self, selection: &Selection) -> (Vec<Record>, Cursor) {
        let mut records = Vec::new();
        let mut from: Option<Cursor> = None;
        for _ in 0..1000 {
            let page = match self.connector().scan(selection, from.as_ref(), self.by()).await {
                Ok(page) => page,
                Err(failed) => {
                    self.wait(&failed.fault);
                    continue;
                }
            };
            records.extend(page.records.into_iter().map(Result::unwrap));
            match page.resume {
                Resume::More(cursor) => from = Some(cursor),
                Resume::CaughtUp(cursor) => return (records, cursor),
            }
        }
        panic!("the scan did not end");
    }

    /// All changes from this cursor on, each page by a fresh connector.
    async fn changes(&self, selection: &Selection, cursor: &Cursor) -> (Vec<Record>, Cursor) {
        let mut records = Vec::new();
        let mut from = cursor.clone();
        for _ in 0..1000 {
            let page = match self.connector().list_changes(selection, &From::Cursor(&from), self.by()).await {
                Ok(page) => page,
                Err(failed) => {
                    self.wait(&failed.fault);
                    continue;
                }
            };
            records.extend(page.records.into_iter().map(Result::unwrap));
            match page.resume {
                Resume::More(cursor) => from = cursor,
                Resume::CaughtUp(cursor) => return (records, cursor),
            }
        }
        panic!("the changes did not end");
    }

    fn wait(&self, fault: &Fault) {
        let Fault::RateLimited { until } = fault else { panic!("{fault:?}") };
        assert!(*until > self.clock.now());
        *self.clock.0.lock().unwrap() = *until;
    }

    async fn write(&self, selection: &Selection, action: WriteAction) -> Outcome {
        self.connector().write(selection, &[action], self.by()).await.unwrap().remove(0)
    }

    async fn get(&self, selection: &Selection, id: &RecordId) -> Option<Record> {
        self.connector().get(selection, std::slice::from_ref(id), self.by()).await.unwrap().remove(0)
    }

    async fn find(&self, selection: &Selection, field: &str, value: Value) -> Vec<String> {
        let key = FindKey { field: field.into(), value };
        let found = self.connector().find(selection, &[key], self.by()).await.unwrap().remove(0);
        found.into_iter().map(|record| record.id.to_string()).collect()
    }

    async fn provision(&self, kind: &str, name: &str, field_type: FieldType, unique: bool) {
        let mut schema = FieldSchema::new(format!("custom_fields.{name}"), name.to_uppercase(), field_type);
        schema.unique = unique;
        let wish = FieldWish { kind: kind.into(), schema };
        self.connector().provision(&wish, self.by()).await.unwrap();
        self.connector().provision(&wish, self.by()).await.unwrap();
    }
}

fn fields(pairs: Vec<(&str, Value)>) -> BTreeMap<FieldName, Value> {
    pairs.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

fn created(outcome: &Outcome) -> (RecordId, bool) {
    match outcome {
        Outcome::Written { id, created, .. } => (id.clone(), *created),
        Outcome::Failed(fault) => panic!("{fault:?}"),
    }
}

fn slow() -> Profile {
    Profile { calls_per_minute: 40, contacts_list_per_minute: 2, ..Profile::default() }
}

#[tokio::test]
async fn a_scan_sees_everyone_whatever_the_limits() {
    for (profile, selection) in [
        (Profile::default(), contacts(&["name", "email"])),
        (slow(), contacts(&["name"])),
        (slow(), contacts(&["name", "tags", "other_emails"])),
        (Profile { old_metadata: true, updated_since: UpdatedSince::Underscored, ..Profile::default() }, contacts(&["name"])),
    ] {
        let world = World::peopled(profile, 230);
        let blocked = lock(&world.account).simulator.contact_ids()[3];
        assert!(lock(&world.account).simulator.block(world.clock.now(), blocked));
        let mut expected = world.contact_ids();
        expected.insert(blocked.to_string());
        let (records, _) = world.scan(&selection).await;
        let seen: BTreeSet<String> = records.iter().map(|record| record.id.to_string()).collect();
        assert_eq!((seen, records.len()), (expected, 231 - 1));
        assert!(
            records.iter().all(|record| record.is_live() && selection.fields.iter().all(|field| record.field(field.as_str()).is_some()))
        );
    }
}

#[tokio::test]
async fn changes_made_while_a_scan_runs_and_after_it_are_told() {
    for updated_since in [UpdatedSince::Today, UpdatedSince::Underscored] {
        let world = World::peopled(Profile { updated_since, ..slow() }, 150);
        let selection = contacts(&["name", "phone"]);
        let first = world.connector().scan(&selection, None, world.by()).await.unwrap();
        world.pass(5);
        let ids = lock(&world.account).simulator.contact_ids();
        world.person(&Method::PUT, &format!("contacts/{}", ids[10]), &json!({"phone": "+1"}));
        let mut from = first.resume.cursor().clone();
        let cursor = loop {
            match world.connector().scan(&selection, Some(&from), world.by()).await {
                Ok(page) => match page.resume {
                    Resume::More(cursor) => from = cursor,
                    Resume::CaughtUp(cursor) => break cursor,
                },
                Err(failed) => world.wait(&failed.fault),
            }
        };
        world.pass(300);
        world.person(&Method::DELETE, &format!("contacts/{}", ids[20]), &Json::Null);
        let made = world.person(&Method::POST, "contacts", &json!({"name": "Neu", "email": "neu@x.example"}));
        let (records, cursor) = world.changes(&selection, &cursor).await;
        let told: BTreeMap<String, Presence> = records.iter().map(|record| (record.id.to_string(), record.presence.clone())).collect();
        let expected =
            [(ids[10].to_string(), Presence::Live), (ids[20].to_string(), Presence::Deleted), (made["id"].to_string(), Presence::Live)];
        assert_eq!(told, expected.into());
        // The next window reaches back over the end of this one; then it is quiet.
        world.pass(300);
        let (_, cursor) = world.changes(&selection, &cursor).await;
        world.pass(300);
        assert!(world.changes(&selection, &cursor).await.0.is_empty());
    }
}

#[tokio::test]
async fn a_record_goes_through_its_life() {
    let world = World::new(Profile::default());
    world.provision("contact", "sfcontactid", FieldType::Text, true).await;
    world.provision("contact", "signed_on", FieldType::Date, false).await;
    let schema = world.connector().describe(&"contact".into(), world.by()).await.unwrap();
    assert!(schema.field("custom_fields.sfcontactid").is_some_and(|field| field.unique && field.custom && field.updatable));
    let selection = contacts(&["name", "email", "tags", "phone", "custom_fields.sfcontactid", "custom_fields.signed_on"]);
    let signed = Value::Date("2026-02-11".parse().unwrap());
    let create = WriteAction::Create {
        fields: fields(vec![
            ("name", Value::text("Ida Kowalski")),
            ("email", Value::text("Ida@Nordwerk.example")),
            ("tags", Value::set(["renewal".into(), "a".into()])),
            ("phone", Value::Null),
            ("custom_fields.sfcontactid", Value::text("003A")),
            ("custom_fields.signed_on", signed.clone()),
        ]),
        once: Some("custom_fields.sfcontactid".into()),
    };
    let Outcome::Written { id, created: true, stored: Some(stored) } = world.write(&selection, create.clone()).await else { panic!() };
    assert!(stored.field("email") == Some(&Value::text("ida@nordwerk.example")), "what is stored is answered, not what was sent");
    assert!(stored.field("custom_fields.signed_on") == Some(&signed) && stored.field("phone") == Some(&Value::Null));
    assert!(world.get(&selection, &id).await.unwrap() == stored);
    // The same create again makes no second one, before the search sees the first and after.
    assert_eq!(created(&world.write(&selection, create.clone()).await), (id.clone(), false));
    assert_eq!(lock(&world.account).simulator.contact_count(), 1);
    world.pass(600);
    assert_eq!(world.find(&selection, "custom_fields.sfcontactid", Value::text("003A")).await, [id.to_string()]);
    assert_eq!(world.find(&selection, "email", Value::text("IDA@nordwerk.example")).await, [id.to_string()]);
    assert!(world.find(&selection, "email", Value::text("i+da@nordwerk.example")).await.is_empty());
    let clear = WriteAction::Update {
        id: id.clone(),
        fields: fields(vec![("tags", Value::Null), ("custom_fields.signed_on", Value::Null), ("phone", Value::text("+49 1"))]),
        expected: None,
    };
    let Outcome::Written { stored: Some(stored), .. } = world.write(&selection, clear).await else { panic!() };
    assert!(stored.field("tags") == Some(&Value::Null) && stored.field("phone") == Some(&Value::text("+49 1")));
    assert!(stored.field("custom_fields.signed_on") == Some(&Value::Null));
    created(&world.write(&selection, WriteAction::Delete { id: id.clone() }).await);
    assert_eq!(world.get(&selection, &id).await.unwrap().presence, Presence::Deleted);
    let update = WriteAction::Update { id: id.clone(), fields: fields(vec![("phone", Value::text("2"))]), expected: None };
    assert_eq!(world.write(&selection, update).await, Outcome::Failed(Fault::Conflict));
    assert!(matches!(world.write(&selection, create).await, Outcome::Failed(Fault::Taken { holders, .. }) if holders == [id.clone()]));
    created(&world.write(&selection, WriteAction::Restore { id: id.clone() }).await);
    assert!(world.get(&selection, &id).await.unwrap().is_live());
    assert_eq!(world.get(&selection, &"999999999".into()).await, None);
}

#[tokio::test]
async fn a_company_goes_through_its_life() {
    let world = World::new(Profile::default());
    world.provision("company", "sfaccountid", FieldType::Text, true).await;
    let selection = companies(&["name", "domains", "renewal_date", "custom_fields.sfaccountid"]);
    let make = |name: &str, domain: &str, sf: &str| WriteAction::Create {
        fields: fields(vec![
            ("name", Value::text(name)),
            ("domains", Value::set([domain.to_owned()])),
            ("renewal_date", Value::Date("2027-03-31".parse().unwrap())),
            ("custom_fields.sfaccountid", Value::text(sf)),
        ]),
        once: Some("custom_fields.sfaccountid".into()),
    };
    let Outcome::Written { id, created: true, stored: Some(stored) } = world.write(&selection, make("Nordwerk", "n.example", "001A")).await
    else {
        panic!()
    };
    assert!(stored.field("renewal_date") == Some(&Value::Date("2027-03-31".parse().unwrap())));
    assert_eq!(created(&world.write(&selection, make("Nordwerk", "n.example", "001A")).await), (id.clone(), false));
    let taken = world.write(&selection, make("NORDWERK", "other.example", "001B")).await;
    assert!(matches!(taken, Outcome::Failed(Fault::Taken { ref holders, .. }) if *holders == [id.clone()]), "{taken:?}");
    assert_eq!(world.find(&selection, "name", Value::text("nordwerk")).await, [id.to_string()]);
    world.pass(600);
    assert_eq!(world.find(&selection, "custom_fields.sfaccountid", Value::text("001A")).await, [id.to_string()]);
    assert_eq!(world.find(&selection, "domains", Value::set(["n.example".into()])).await, [id.to_string()]);
    assert!(world.find(&selection, "custom_fields.sfaccountid", Value::text("O'001")).await.is_empty());
    let (_, cursor) = world.scan(&selection).await;
    world.pass(120);
    world.person(&Method::PUT, &format!("companies/{id}"), &json!({"note": "x"}));
    assert_eq!(world.changes(&selection, &cursor).await.0.len(), 1);
    created(&world.write(&selection, WriteAction::Delete { id: id.clone() }).await);
    assert_eq!(world.get(&selection, &id).await, None);
    assert_eq!(world.write(&selection, WriteAction::Delete { id }).await, Outcome::Failed(Fault::Missing));
}

#[tokio::test]
async fn a_lost_answer_is_uncertain_and_the_repeated_create_finds_the_record() {
    for trouble in [Trouble::AnswerLost, Trouble::HtmlErrorAfterCommit] {
        let world = World::new(Profile::default());
        world.provision("contact", "sfcontactid", FieldType::Text, true).await;
        let selection = contacts(&["name"]);
        let pairs =
            vec![("name", Value::text("Ida")), ("email", Value::text("a@x.example")), ("custom_fields.sfcontactid", Value::text("003A"))];
        let create = WriteAction::Create { fields: fields(pairs), once: Some("custom_fields.sfcontactid".into()) };
        world.trouble(Method::POST, "/contacts", trouble);
        assert_eq!(world.write(&selection, create.clone()).await, Outcome::Failed(Fault::Uncertain));
        assert!(!created(&world.write(&selection, create).await).1);
        assert_eq!(lock(&world.account).simulator.contact_count(), 1);
    }
}

#[tokio::test]
async fn an_unkind_listing_never_looks_empty() {
    let world = World::peopled(Profile::default(), 20);
    for trouble in
        [Trouble::HtmlInsteadOfJson, Trouble::EmptyBody, Trouble::CutBody, Trouble::HtmlError, Trouble::AnswerLost, Trouble::NeverSent]
    {
        world.trouble(Method::GET, "/contacts", trouble.clone());
        assert!(world.connector().scan(&contacts(&["name"]), None, world.by()).await.is_err(), "{trouble:?}");
    }
    assert_eq!(world.scan(&contacts(&["name"])).await.0.len(), 20);
}

#[tokio::test]
async fn a_merge_that_leaves_the_loser_without_an_email_looks_like_a_deletion() {
    let world = World::new(Profile::default());
    let winner = world.person(&Method::POST, "contacts", &json!({"name": "A", "email": "a@x.example"}));
    let loser = world.person(&Method::POST, "contacts", &json!({"name": "B", "email": "b@x.example"}));
    let merge = json!({"primary_contact_id": winner["id"], "secondary_contact_ids": [loser["id"]],
        "contact": {"email": "a@x.example", "other_emails": ["b@x.example"]}});
    world.person(&Method::POST, "contacts/merge", &merge);
    let found = world.get(&contacts(&["name"]), &RecordId::new(loser["id"].to_string())).await.unwrap();
    assert_eq!(found.presence, Presence::Deleted);
}

#[tokio::test]
async fn the_account_is_who_the_key_belongs_to() {
    let world = World::new(Profile::default());
    let account = world.connector().account(world.by()).await.unwrap();
    assert_eq!(account.id, "acme.freshdesk.com");
    assert!(account.user.contains('@') && account.problems.is_empty(), "{account:?}");
    assert!(lock(&world.account).simulator.revoke_key(INTEGRATION_KEY));
    assert_eq!(world.connector().account(world.by()).await.unwrap_err().fault.code(), "auth_refused");
}
