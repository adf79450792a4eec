//! A replica: people at Zendesk Sell, a PostgreSQL database whose tables `syncline provision` made, with the engine between them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use syncline_engine::ports::http::{Call, Http, NoAnswer};
use syncline_engine::ports::sql::SCHEME;
use syncline_engine::provision::{FieldState, provision};
use syncline_engine::sweep::{self, SweepProgress};
use syncline_model::{Deadline, Side};
use syncline_postgres_sim::{Database, PASSWORD};
use syncline_simulator::{Fields, InProcess, Shared, Simulator, Trouble, Unkind, Users, When, lock, shared};
use syncline_zendesk_sell_sim::{ACCESS_TOKEN, Limits, OWNER_EMAIL, Plan, Profile, Sell};

use crate::{Memory, Stage, TestClock};

/// How the account and the database are, and what the config says.
pub struct ReplicaSetup {
    pub config: String,
    pub sell: Sell,
    /// How many calls a minute the config grants once the tables are made; `None`: as the config says from the start.
    pub calls_per_minute: Option<u32>,
    pub database: Database,
}

/// What a config says where no limit is to be reached.
const MANY_CALLS: &str = "calls_per_minute: \"100000\"";

impl Default for ReplicaSetup {
    /// The shipped recipe between an account of the plan Growth and an empty database.
    fn default() -> Self {
        Self::of(Profile::default())
    }
}

impl ReplicaSetup {
    /// The same with the plan Team.
    pub fn team() -> Self {
        Self::of(Profile { plan: Plan::Team, ..Profile::default() })
    }

    /// The same with limits that nobody reaches, and events that come at once.
    pub fn of(profile: Profile) -> Self {
        Self::unhurried(Profile { firehose_lag_s: 0, firehose_empty_every: 0, ..profile })
    }

    /// The same with events as late, and pages as empty, as the profile has them.
    pub fn unhurried(profile: Profile) -> Self {
        let sell = Sell::new(Profile { limits: Limits::BOUNDLESS, ..profile });
        let setup = Self::with_account(sell);
        setup.with("system: zendesk_sell", &format!("system: zendesk_sell\n    {MANY_CALLS}"))
    }

    /// The recipe as it is shipped, with this account.
    pub fn with_account(sell: Sell) -> Self {
        let database = Database::new();
        // The tables are ours to make.
        database.administer(&["DROP TABLE contacts, companies"]).expect("an empty database");
        let settings = database.settings();
        let of = |key: &str| settings.get(key).expect("a setting of the database").clone();
        let config = syncline_config::recipe("zendesk_sell-postgres").expect("the recipe is shipped").to_owned();
        Self { config, sell, calls_per_minute: None, database }
            .with("host: db.acme.example", &format!("host: {}\n    port: \"{}\"\n    {MANY_CALLS}", of("host"), of("port")))
            .with("database: crm", &format!("database: {}", of("database")))
            .with("user: syncline", &format!("user: {}", of("user")))
            .with("sales@acme.example", OWNER_EMAIL)
    }

    /// Replaces a part of the recipe; it must be there.
    #[must_use]
    pub fn with(mut self, from: &str, to: &str) -> Self {
        assert!(self.config.contains(from), "the recipe has no {from:?}");
        self.config = self.config.replace(from, to);
        self
    }
}

/// What somebody does at Sell right after a request was answered.
type Act = Box<dyn FnOnce(&mut Sell, Timestamp) + Send>;

/// One way to both systems: statements go to the database, all else to Sell.
struct ByScheme {
    sell: InProcess<Sell>,
    database: InProcess<Database>,
    interjections: Arc<Mutex<VecDeque<(String, Act)>>>,
}

#[async_trait]
impl Http for ByScheme {
    async fn send(&self, call: Call, by: Deadline) -> Result<http::Response<Bytes>, NoAnswer> {
        if call.request.uri().scheme_str() == Some(SCHEME) {
            return self.database.send(call, by).await;
        }
        let path = call.request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
        let answer = self.sell.send(call, by).await;
        let mut waiting = lock(&self.interjections);
        if waiting.front().is_some_and(|(contains, _)| path.contains(contains.as_str()))
            && let Some((_, act)) = waiting.pop_front()
        {
            act(&mut lock(&self.sell.simulator).simulator, self.sell.clock.now());
        }
        answer
    }
}

/// Everything that a test of the replica needs.
pub struct Replica {
    pub stage: Stage,
    pub sell: Shared<Unkind<Sell>>,
    pub database: Shared<Unkind<Database>>,
    interjections: Arc<Mutex<VecDeque<(String, Act)>>>,
}

impl Replica {
    /// An empty account of the plan Growth, turned on.
    pub async fn new() -> Self {
        Self::made(ReplicaSetup::default()).await
    }

    /// Turned on.
    pub async fn made(setup: ReplicaSetup) -> Self {
        let replica = Self::off(setup).await;
        replica.stage.turn_on().await;
        replica
    }

    /// Before the sync is turned on, with the tables made.
    pub async fn off(setup: ReplicaSetup) -> Self {
        let (clock, secrets) = (Arc::new(TestClock::default()), Arc::new(Memory::default()));
        secrets.set("sell", "access_token", ACCESS_TOKEN);
        secrets.set("replica", "password", PASSWORD);
        let (sell, database) = (shared(Unkind::new(setup.sell)), shared(Unkind::new(setup.database)));
        let interjections = Arc::new(Mutex::new(VecDeque::new()));
        let http = ByScheme {
            sell: InProcess { simulator: sell.clone(), clock: clock.clone() },
            database: InProcess { simulator: database.clone(), clock: clock.clone() },
            interjections: interjections.clone(),
        };
        let http = Arc::new(http);
        let stage = Stage::new(&setup.config, clock.clone(), secrets.clone(), http.clone()).await;
        let mut replica = Self { stage, sell, database, interjections };
        replica.provision().await;
        // Whoever made the tables starts the program a minute later: its limits have room again.
        replica.stage.clock.advance(SignedDuration::from_mins(1));
        match setup.calls_per_minute {
            None => replica.stage.learn_required().await,
            Some(calls) => {
                // Sell's connection is the config's first.
                let config = setup.config.replacen(MANY_CALLS, &format!("calls_per_minute: \"{calls}\""), 1);
                replica.stage = Stage::new(&config, clock, secrets, http).await;
            }
        }
        replica
    }

    /// What `syncline provision` does; and the database's administrator lets people edit the tables.
    async fn provision(&self) {
        let made = provision(self.stage.sync(), false, self.stage.by()).await.expect("the tables are made");
        for field in &made {
            assert!(matches!(field.state, FieldState::Made | FieldState::There), "{field:?}");
        }
        let grants: Vec<String> = (self.stage.sync().mappings.iter())
            .map(|mapping| format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO people", mapping.kind.right))
            .collect();
        let grants: Vec<&str> = grants.iter().map(String::as_str).collect();
        lock(&self.database).simulator.administer(&grants).expect("people may edit the tables");
    }

    /// Somebody makes a record at Sell; the id.
    pub fn new_at_sell(&self, kind: &str, fields: &Json) -> String {
        self.stage.clock.advance(SignedDuration::from_secs(2));
        lock(&self.sell).simulator.create(self.stage.now(), kind, &of(fields)).expect("a record at Sell")
    }

    pub fn edit_at_sell(&self, kind: &str, id: &str, fields: &Json) {
        self.stage.clock.advance(SignedDuration::from_secs(2));
        lock(&self.sell).simulator.edit(self.stage.now(), kind, id, &of(fields)).expect("an edit at Sell");
    }

    pub fn delete_at_sell(&self, kind: &str, id: &str) {
        self.stage.clock.advance(SignedDuration::from_secs(2));
        lock(&self.sell).simulator.delete(self.stage.now(), kind, id).expect("a deletion at Sell");
    }

    /// So many organisations, made by hand one after the other; their ids.
    pub fn organizations(&self, count: u32) -> Vec<String> {
        let organization = |number: u32| serde_json::json!({"name": format!("Nordwerk {number:04}"), "is_organization": true});
        (0..count).map(|number| self.new_at_sell("contact", &organization(number))).collect()
    }

    /// What the account has of a record; `None`: it is gone.
    pub fn at_sell(&self, kind: &str, id: &str) -> Option<Json> {
        lock(&self.sell).simulator.view(self.stage.now(), kind, id.parse().expect("an id of Sell's"))
    }

    /// Lets somebody act at Sell right after the next request whose path contains this was answered. Several take their turns.
    pub fn interject(&self, contains: &str, act: impl FnOnce(&mut Sell, Timestamp) + Send + 'static) {
        lock(&self.interjections).push_back((contains.to_owned(), Box::new(act)));
    }

    /// Sell answers the next full listing of contacts with its first `count` only, as if they were all.
    pub fn list_wrongly(&self, count: usize) {
        let path = "/v2/contacts?sort_by=id&per_page=100&page=1";
        let request = http::Request::get(path).header("authorization", format!("Bearer {ACCESS_TOKEN}")).header("user-agent", "a person");
        let request = request.body(Bytes::new()).expect("a request");
        let mut account = lock(&self.sell);
        let answer = account.simulator.handle(self.stage.now(), &request);
        let mut body: Json = serde_json::from_slice(answer.body()).expect("a page of contacts");
        body["items"].as_array_mut().expect("a page of contacts").truncate(count);
        body["meta"]["links"].as_object_mut().expect("links to other pages").remove("next_page");
        account.script.add(When::next(http::Method::GET, path), Trouble::Instead(200, body.to_string()));
    }

    /// Requests that reached Sell since the last call of this, method and path each.
    pub fn calls_to_sell(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.sell).seen)
    }

    /// SQL of somebody who edits the tables; the cells that it answers, nulls left out.
    pub fn sql(&self, statement: &str) -> Vec<String> {
        self.stage.clock.advance(SignedDuration::from_secs(2));
        let rows = lock(&self.database).simulator.edit_with_sql(self.stage.now(), &[statement]);
        rows.unwrap_or_else(|problem| panic!("{statement}: {problem}")).into_iter().flatten().flatten().flatten().collect()
    }

    /// All rows of a table, marked ones too, in the order of Sell's ids.
    pub fn rows(&self, table: &str) -> Vec<Json> {
        let all = format!("SELECT to_jsonb(t)::text FROM {table} AS t ORDER BY length(sell_id), sell_id");
        let cells = lock(&self.database).simulator.administer(&[&all]).unwrap_or_else(|problem| panic!("{table}: {problem}"));
        cells.iter().flatten().flatten().flatten().map(|text| serde_json::from_str(text).expect("a row")).collect()
    }

    /// The row of a record of Sell's, marked or not.
    pub fn row(&self, table: &str, sell_id: &str) -> Option<Json> {
        let mut found = self.rows(table);
        found.retain(|row| row["sell_id"] == sell_id);
        assert!(found.len() <= 1, "{table} has {sell_id} {} times", found.len());
        found.pop()
    }

    /// Whether a record of Sell's has a row that is not marked as deleted.
    pub fn is_live(&self, table: &str, sell_id: &str) -> bool {
        self.row(table, sell_id).is_some_and(|row| row["syncline_deleted_at"].is_null())
    }

    /// How many rows are not marked as deleted.
    pub fn count_live(&self, table: &str) -> usize {
        self.rows(table).iter().filter(|row| row["syncline_deleted_at"].is_null()).count()
    }

    /// Sweeps what is due, as the schedule does where the config leaves it to us.
    pub async fn run_due_sweeps(&self) {
        for mapping in &self.stage.sync().mappings {
            for side in [Side::Left, Side::Right] {
                let auto = sweep::rhythm(&self.stage.engine, self.stage.sync(), mapping, side).await.expect("when it is due");
                if side == Side::Left && auto.is_some_and(|auto| auto.is_due(self.stage.now())) {
                    self.sweep(mapping.name.as_str()).await;
                }
            }
        }
    }

    /// One turn of a sweep over the records of an object at Sell.
    pub async fn sweep_turn(&self, mapping: &str) -> SweepProgress {
        let sync = self.stage.sync();
        let mapping = sync.mapping(&mapping.into()).expect("a mapping of the recipe");
        sweep::step(&self.stage.engine, sync, mapping, Side::Left, true, self.stage.by()).await.expect("a turn of a sweep")
    }

    /// A whole sweep of an object at Sell, and what it leads to.
    pub async fn sweep(&self, mapping: &str) -> SweepProgress {
        for _ in 0..100 {
            let progress = self.sweep_turn(mapping).await;
            if matches!(progress.phase, sweep::SweepPhase::Done | sweep::SweepPhase::Asked) {
                self.stage.drain().await;
                return progress;
            }
            let at = progress.again_at.unwrap_or_else(|| self.stage.now() + SignedDuration::from_secs(1));
            self.stage.clock.advance_to(at);
        }
        panic!("the sweep did not end");
    }
}

fn of(fields: &Json) -> Fields {
    fields.as_object().expect("fields").clone().into_iter().collect()
}
