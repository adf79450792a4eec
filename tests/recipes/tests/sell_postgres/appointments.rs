//! Appointments: Sell's Firehose alone tells of them, where the plan has it, and Sell takes none.

use std::ops::Deref;

use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use syncline_engine::explain::{Place, explain};
use syncline_engine::status::MappingStatus;
use syncline_engine::write::{Delivery, write};
use syncline_model::Side;
use syncline_recipe_tests::{Replica, ReplicaSetup};
use syncline_simulator::lock;
use syncline_zendesk_sell_sim::{Plan, Profile};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A replica, seen by its appointments.
struct Meetings(Replica);

impl Deref for Meetings {
    type Target = Replica;

    fn deref(&self) -> &Replica {
        &self.0
    }
}

impl Meetings {
    /// Before it is turned on.
    async fn off(plan: Plan) -> Self {
        Self(Replica::off(ReplicaSetup::unhurried(Profile { plan, ..Profile::default() })).await)
    }

    async fn on(plan: Plan) -> Self {
        let world = Self::off(plan).await;
        world.turn_on().await;
        world
    }

    async fn turn_on(&self) {
        Box::pin(self.stage.turn_on()).await;
    }

    fn meeting(&self, name: &str) -> String {
        let about = json!([{"id": 1, "contextable_id": 2_502_127, "contextable_type": "deal"}]);
        self.new_at_sell(
            "appointment",
            &json!({"name": name, "location": "Room 1", "start_at": "2026-12-01T09:00:00Z", "end_at": "2026-12-01T10:00:00Z", "contexts": about}),
        )
    }

    fn change(&self, id: &str, fields: &Json) {
        self.edit_at_sell("appointment", id, fields);
    }

    fn call_off(&self, id: &str) {
        self.delete_at_sell("appointment", id);
    }

    /// Runs of the schedule until all that happened must be over there.
    async fn later(&self) {
        Box::pin(self.stage.after(HOUR)).await;
    }

    /// Columns of the replica's rows, in order of the first; without those that are marked as deleted.
    fn cells(&self, table: &str, columns: &str) -> Vec<Vec<String>> {
        let select = format!("SELECT {columns} FROM {table} WHERE syncline_deleted_at IS NULL ORDER BY 1");
        let answer = lock(&self.database).simulator.administer(&[&select]).unwrap().remove(0);
        answer.into_iter().map(|row| row.into_iter().map(Option::unwrap_or_default).collect()).collect()
    }

    /// The names of the appointments that the replica shows.
    fn names(&self) -> Vec<String> {
        self.cells("appointments", "name").into_iter().flatten().collect()
    }

    async fn status(&self) -> MappingStatus {
        let status = self.stage.status().await;
        status.syncs[0].mappings.iter().find(|mapping| mapping.mapping.as_str() == "appointments").unwrap().clone()
    }

    /// How many requests that write reached Sell.
    fn writes_at_sell(&self) -> usize {
        lock(&self.sell).seen.iter().filter(|request| !request.starts_with("GET ")).count()
    }

    async fn is_quiet(&self) {
        assert_eq!(self.stage.holds().await, Vec::new());
        let status = self.stage.status().await;
        assert!(status.syncs[0].ends.left.stopped.is_none() && status.syncs[0].ends.right.stopped.is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zs_02_appointments_come_change_and_go_as_firehose_tells() {
    let world = Meetings::off(Plan::Growth).await;
    world.meeting("Long ago");
    world.stage.clock.advance(SignedDuration::from_hours(73));
    let early = world.meeting("Kick-off");
    world.stage.clock.advance(HOUR);
    world.turn_on().await;
    // What Firehose still tells when it is first read comes, and nothing older.
    assert_eq!(world.names(), ["Kick-off"]);
    let late = world.meeting("Review");
    world.later().await;
    let seen = world.cells("appointments", "sell_id, name, location, (starts_at AT TIME ZONE 'UTC')::text, about::text");
    let row = |id: &str, name: &str| [id, name, "Room 1", "2026-12-01 09:00:00", "{deal:2502127}"].map(str::to_owned).to_vec();
    assert_eq!(seen, [row(&early, "Kick-off"), row(&late, "Review")]);
    world.change(&early, &json!({"location": "Room 2"}));
    world.call_off(&late);
    let brief = world.meeting("Called off at once");
    world.call_off(&brief);
    world.later().await;
    assert_eq!(world.cells("appointments", "name, location"), [["Kick-off", "Room 2"]]);
    // Days without an event change nothing: no listing is asked, and nobody is missed in one.
    for _ in 0..4 {
        world.stage.clock.advance(SignedDuration::from_hours(30));
        world.later().await;
    }
    world.change(&early, &json!({"name": "Kick-off, at last"}));
    world.later().await;
    assert_eq!(world.names(), ["Kick-off, at last"]);
    assert_eq!(world.writes_at_sell(), 0);
    world.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zs_02_an_edit_of_a_replicated_appointment_stays_where_it_is() {
    let world = Meetings::on(Plan::Growth).await;
    let (edited, removed) = (world.meeting("Kick-off"), world.meeting("Review"));
    world.later().await;
    world.sql(&format!("UPDATE appointments SET name = 'Ours' WHERE sell_id = '{edited}'"));
    world.sql(&format!("DELETE FROM appointments WHERE sell_id = '{removed}'"));
    world.sql("INSERT INTO appointments (name) VALUES ('Nobody knows it at Sell')");
    world.later().await;
    assert_eq!(world.names(), ["Nobody knows it at Sell", "Ours"]);
    // Sell's next word about it counts, field by field; who was removed here stays away.
    world.change(&edited, &json!({"location": "Room 3"}));
    world.change(&removed, &json!({"location": "Room 3"}));
    world.later().await;
    assert_eq!(world.cells("appointments", "name, location"), [["Nobody knows it at Sell", ""], ["Ours", "Room 3"]]);
    world.change(&edited, &json!({"name": "Kick-off, moved"}));
    world.later().await;
    assert_eq!(world.names(), ["Kick-off, moved", "Nobody knows it at Sell"]);
    assert_eq!(world.writes_at_sell(), 0);
    world.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zs_02_what_the_replica_refused_is_decided_anew_when_it_is_released() {
    let world = Meetings::on(Plan::Growth).await;
    lock(&world.database).simulator.administer(&["ALTER TABLE appointments ADD CONSTRAINT short CHECK (length(name) < 10)"]).unwrap();
    let id = world.meeting("A name that is too long");
    world.later().await;
    let holds = world.stage.holds().await;
    assert_eq!(holds.iter().map(|hold| (hold.side, hold.id.as_str())).collect::<Vec<_>>(), [(Side::Left, id.as_str())]);
    assert!(!serde_json::to_string(&holds).unwrap().contains("too long"), "a hold shows no value");
    lock(&world.database).simulator.administer(&["ALTER TABLE appointments DROP CONSTRAINT short"]).unwrap();
    let (engine, sync) = (&world.stage.engine, &world.stage.sync().name);
    assert!(syncline_engine::hold::release(engine, sync, &"appointments".into(), Side::Left, &id).await.unwrap());
    world.later().await;
    assert_eq!(world.names(), ["A name that is too long"]);
    world.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zs_04_without_firehose_the_rest_is_synced_and_status_and_preflight_say_what_it_takes() {
    let world = Meetings::on(Plan::Team).await;
    world.meeting("Kick-off");
    let person = world.new_at_sell("contact", &json!({"last_name": "Nowak"}));
    world.later().await;
    assert_eq!(world.names(), Vec::<String>::new());
    assert_eq!(world.cells("contacts", "sell_id, last_name"), [[person.as_str(), "Nowak"]]);
    let pulled = world.stage.pull(Side::Left).await;
    assert!(pulled.caught_up && pulled.stopped.is_none(), "what an account does not have is no trouble: {pulled:?}");
    let closed = world.status().await.cursors.left.closed.expect("the status says that there is no feed");
    assert!(closed.says.contains("plan Growth or higher"), "{}", closed.says);
    let preflight = world.stage.preflight().await;
    let account = preflight.ends.left.account.as_ref().unwrap();
    assert!(account.notes.iter().any(|note| note.contains("appointments") && note.contains("plan Growth")), "{:?}", account.notes);
    let object = preflight.ends.left.objects.iter().find(|object| object.kind.as_str() == "appointment").unwrap();
    assert!(object.note.as_ref().is_some_and(|note| note.contains("no list")) && preflight.is_clean(), "{object:?}");
    world.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zs_05_after_an_upgrade_they_come_and_after_a_downgrade_nothing_is_deleted() {
    let world = Meetings::on(Plan::Team).await;
    world.later().await;
    lock(&world.sell).simulator.upgrade();
    // Between the upgrade and the next run.
    let first = world.meeting("Kick-off");
    world.later().await;
    assert_eq!(world.names(), ["Kick-off"]);
    assert_eq!(world.status().await.cursors.left.closed, None);
    lock(&world.sell).simulator.downgrade();
    world.change(&first, &json!({"name": "Nobody tells of this"}));
    for _ in 0..3 {
        world.stage.clock.advance(SignedDuration::from_hours(30));
        world.later().await;
    }
    assert_eq!(world.names(), ["Kick-off"]);
    assert!(world.status().await.cursors.left.closed.is_some());
    lock(&world.sell).simulator.upgrade();
    world.change(&first, &json!({"name": "Kick-off, again"}));
    let second = world.meeting("Review");
    world.later().await;
    assert_eq!(world.names(), ["Kick-off, again", "Review"]);
    world.call_off(&second);
    world.later().await;
    assert_eq!(world.names(), ["Kick-off, again"]);
    world.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zs_05_what_firehose_forgot_before_it_was_read_stands_in_the_status() {
    let world = Meetings::on(Plan::Growth).await;
    let forgotten = world.meeting("Kick-off");
    world.later().await;
    // Days without an event: the place is forgotten, and nothing happened since.
    world.stage.clock.advance(SignedDuration::from_hours(50));
    world.later().await;
    world.stage.clock.advance(SignedDuration::from_hours(50));
    world.later().await;
    assert_eq!(world.status().await.cursors.left.gap, None);
    let until = world.stage.now();
    world.stage.clock.advance(HOUR);
    world.change(&forgotten, &json!({"name": "Nobody tells of this"}));
    world.stage.clock.advance(SignedDuration::from_hours(80));
    world.meeting("Review");
    world.later().await;
    assert_eq!(world.names(), ["Kick-off", "Review"]);
    let gap = world.status().await.cursors.left.gap.expect("the status says what was not told");
    assert!(gap.since <= until && until < gap.met && gap.met <= world.stage.now(), "{gap:?}");
    world.later().await;
    assert_eq!(world.status().await.cursors.left.gap, Some(gap), "it stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn zs_02_its_story_says_that_sell_cannot_be_asked() {
    let world = Meetings::on(Plan::Growth).await;
    let id = world.meeting("Kick-off");
    world.later().await;
    let place = Place { sync: world.stage.sync().name.clone(), mapping: "appointments".into(), side: Side::Left };
    let story = explain(&world.stage.engine, &place, &id.as_str().into(), false, world.stage.by()).await.unwrap();
    assert_eq!((story.standing.state, story.seen.left.presence, story.seen.right.presence), ("linked", "not_read", "live"));
    assert!(story.now.says.contains("cannot be asked"), "{}", story.now.says);
}

impl Meetings {
    /// Each of these happens and is pulled by itself; then the queue hands all of it out, the last first.
    async fn told_backwards(&self, acts: &[&dyn Fn()]) {
        let stage = &self.stage;
        for act in acts {
            act();
            stage.clock.advance(SignedDuration::from_secs(10));
            assert_eq!(stage.pull(Side::Left).await.queued, 1);
        }
        let connection = &stage.sync().ends.right.connection;
        let received = stage.queue.receive(connection, 50, 900, stage.now()).await.unwrap();
        assert_eq!(received.len(), acts.len(), "each is a message of its own");
        for message in received.iter().rev() {
            let delivery = Delivery { id: message.receipt.clone(), body: message.body.clone() };
            let unfinished = Box::pin(write(&stage.engine, connection, &[delivery], stage.by())).await;
            assert_eq!(unfinished, Vec::<String>::new());
            stage.queue.delete(std::slice::from_ref(&message.receipt)).await.unwrap();
        }
        Box::pin(stage.settle()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zs_02_an_older_word_that_comes_late_changes_nothing() {
    let world = Meetings::on(Plan::Growth).await;
    let id = world.meeting("Kick-off");
    world.later().await;
    let there = || world.change(&id, &json!({"name": "Moved"}));
    let back = || world.change(&id, &json!({"name": "Kick-off"}));
    world.told_backwards(&[&there, &back]).await;
    assert_eq!(world.names(), ["Kick-off"]);
    world.told_backwards(&[&there, &|| world.call_off(&id)]).await;
    assert_eq!(world.names(), Vec::<String>::new());
    // Made and called off before anything of it was carried over.
    let made = std::cell::RefCell::new(String::new());
    let hold_meeting = || *made.borrow_mut() = world.meeting("Brief");
    world.told_backwards(&[&hold_meeting, &|| world.call_off(&made.borrow())]).await;
    assert_eq!(world.names(), Vec::<String>::new());
    world.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_whose_counterpart_cannot_be_looked_for_is_held_and_the_others_go_on() {
    let deals = "        left: deal\n";
    let match_keys = format!("{deals}        match: [ {{ left: currency, right: currency }} ]\n");
    let world = Meetings(Replica::made(ReplicaSetup::default().with(deals, &match_keys)).await);
    let person = world.new_at_sell("contact", &json!({"last_name": "Nowak"}));
    world.later().await;
    // Without a value there is nothing to look for.
    world.sql(&format!(
        "INSERT INTO deals (name, currency, contact_id) SELECT made.name, made.currency, syncline_id FROM contacts, \
         (VALUES ('Looked for', 'EUR'), ('Made', NULL)) AS made (name, currency) WHERE sell_id = '{person}'"
    ));
    world.later().await;
    let holds = world.stage.holds().await;
    assert_eq!(holds.iter().map(syncline_engine::hold::Hold::name).collect::<Vec<_>>(), ["not_searched"]);
    assert!(holds[0].says.contains("search of deals by currency"), "{}", holds[0].says);
    assert_eq!(world.cells("deals", "name, (sell_id IS NOT NULL)::text"), [["Looked for", "false"], ["Made", "true"]]);
}
