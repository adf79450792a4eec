//! Values of every type survive the way in and out; what a row of the batch is refused for stops only that row.

use syncline_engine::ports::connector::{Outcome, WriteAction};
use syncline_model::{Fault, Value};

use crate::world::{World, contacts, fields};

#[tokio::test]
async fn every_type_reads_back_as_it_was_written() {
    let world = World::new();
    let written = fields(&[
        ("name", Value::text("back\\slash 'quote' \"double\" $1 日本 \u{1f469}\u{200d}\u{1f4bb}")),
        ("vip", Value::Bool(true)),
        ("score", Value::Decimal("12345678901234567890.125".parse().unwrap())),
        ("born", Value::Date("1990-02-28".parse().unwrap())),
        ("seen_at", Value::DateTime("2026-11-22T10:00:00.123456Z".parse().unwrap())),
        ("tags", Value::set(["a, b".into(), "{c}".into(), "\"".into(), "NULL".into()])),
        ("phone", Value::Null),
    ]);
    let names: Vec<&str> = written.keys().map(syncline_model::FieldName::as_str).collect();
    let selection = contacts(&names);
    let outcome = world.write(&selection, WriteAction::Create { fields: written.clone(), once: None }).await;
    let Outcome::Written { id, created: true, stored: Some(stored) } = outcome else { panic!("{outcome:?}") };
    assert!(stored.fields == written, "what is told as stored is another");
    assert!(world.get(&selection, &id).await.unwrap().fields == written, "what is read is another");
}

#[tokio::test]
async fn columns_of_other_types_are_carried_where_they_have_a_meaning_and_left_alone_where_not() {
    let world = World::new();
    world.database.administer(&["CREATE TYPE public.mood AS ENUM ('glad', 'sad')"]).unwrap();
    let columns = "ADD COLUMN small smallint, ADD COLUMN ratio double precision, ADD COLUMN mood public.mood, \
        ADD COLUMN badge uuid, ADD COLUMN naive timestamp, ADD COLUMN raw bytea";
    world.database.administer(&[&format!("ALTER TABLE contacts {columns}")]).unwrap();
    let id = world.contact("Ada");
    world.sql("UPDATE contacts SET small = 7, ratio = 0.1, mood = 'sad', badge = '00000000-0000-4000-8000-000000000007'");
    let selection = contacts(&["small", "ratio", "mood", "badge"]);
    let record = world.get(&selection, &id).await.unwrap();
    let wanted = fields(&[
        ("small", Value::Integer(7)),
        ("ratio", Value::Decimal("0.1".parse().unwrap())),
        ("mood", Value::text("sad")),
        ("badge", Value::text("00000000-0000-4000-8000-000000000007")),
    ]);
    assert!(record.fields == wanted);
    let described = world.connector.describe(&"contacts".into(), world.by()).await.unwrap();
    for left_alone in ["naive", "raw", "attributes"] {
        assert!(!described.field(left_alone).unwrap().updatable, "{left_alone}");
    }
    let bad = WriteAction::Update { id: id.clone(), fields: fields(&[("mood", Value::text("furious"))]), expected: None };
    assert!(matches!(world.write(&selection, bad).await, Outcome::Failed(Fault::Rejected { .. })));
    world.sql("UPDATE contacts SET born = 'infinity'");
    let page = world.connector.scan(&contacts(&["born"]), None, world.by()).await.unwrap();
    assert!(matches!(&page.records[0], Err(bad) if bad.id == Some(id)), "a value that cannot be carried stops only its row");
}

#[tokio::test]
async fn a_trigger_of_the_customers_refuses_one_row_and_changes_another() {
    let world = World::new();
    let guard = "CREATE FUNCTION public.guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        IF NEW.name = 'Nobody' THEN RAISE EXCEPTION 'not %', NEW.email; END IF; \
        IF NEW.name = 'Nothing' THEN RETURN NULL; END IF; \
        NEW.job_title := upper(NEW.job_title); RETURN NEW; END $$";
    let trigger = "CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON contacts FOR EACH ROW EXECUTE FUNCTION public.guard()";
    world.database.administer(&[guard, trigger]).unwrap();
    let create = |name: &str| WriteAction::Create {
        fields: fields(&[("name", Value::text(name)), ("job_title", Value::text("buyer")), ("email", Value::text("secret@acme.example"))]),
        once: None,
    };
    let actions = [create("Ada"), create("Nobody"), create("Nothing"), create("Ivo")];
    let outcomes = world.connector.write(&contacts(&["job_title"]), &actions, world.by()).await.unwrap();
    let stored = |outcome: &Outcome| matches!(outcome, Outcome::Written { stored: Some(record), .. } if record.field("job_title") == Some(&Value::text("BUYER")));
    assert!(stored(&outcomes[0]) && stored(&outcomes[3]), "what the trigger made of it is what is stored");
    for (refused, code) in [(&outcomes[1], "P0001"), (&outcomes[2], "no_row")] {
        let Outcome::Failed(Fault::Rejected { problems }) = refused else { panic!("{refused:?}") };
        assert_eq!(problems[0].code, code);
        assert!(!format!("{problems:?}").contains("secret@"), "the server's sentence is passed on");
    }
    assert_eq!(world.sql("SELECT count(*)::text FROM contacts"), ["2"]);
}

#[tokio::test]
async fn a_batch_of_many_shapes_keeps_what_each_does_not_name() {
    let world = World::new();
    let (one, other) = (world.contact("One"), world.contact("Other"));
    world.sql("UPDATE contacts SET phone = '1', mobile = '2'");
    let update = |id: &syncline_model::RecordId, field: &str| WriteAction::Update {
        id: id.clone(),
        fields: fields(&[(field, Value::Null)]),
        expected: None,
    };
    let actions = [update(&one, "phone"), update(&other, "mobile")];
    world.connector.write(&contacts(&["phone"]), &actions, world.by()).await.unwrap();
    let left = world.sql("SELECT coalesce(phone, '-') || coalesce(mobile, '-') FROM contacts ORDER BY name");
    assert_eq!(left, ["-2", "1-"]);
}
