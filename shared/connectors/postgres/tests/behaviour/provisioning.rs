//! Tables and columns are made and extended; what is there stays.

use syncline_engine::ports::connector::FieldWish;
use syncline_model::{Fault, FieldSchema, FieldType};
use syncline_postgres_sim::Database;

use crate::world::{World, contacts};

#[tokio::test]
async fn a_table_that_is_not_there_is_made_with_a_column_of_each_type() {
    let world = World::with(Database::new(), &[("tables", "deals, archive.notes"), ("schema", "sales")]);
    let set = FieldType::Set { choices: Vec::new() };
    let types = [
        ("won", FieldType::Bool, "boolean"),
        ("stage_number", FieldType::Integer, "bigint"),
        ("amount", FieldType::Decimal, "numeric"),
        ("title", FieldType::Text, "text"),
        ("email", FieldType::Email, "text"),
        ("closes", FieldType::Date, "date"),
        ("seen", FieldType::DateTime, "timestamp with time zone"),
        ("tags", set.clone(), "text[]"),
        ("note", FieldType::Reference { to: vec!["archive.notes".into()] }, "uuid"),
    ];
    assert_eq!(world.connector.describe(&"deals".into(), world.by()).await.unwrap().fields, []);
    for (name, field_type, _) in &types {
        world.make("deals", name, field_type.clone()).await.unwrap();
    }
    let spelled = "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute \
        WHERE attrelid = 'sales.deals'::regclass AND attnum > 0 AND attname NOT LIKE 'syncline%' ORDER BY attnum";
    let rows = world.database.administer(&[spelled]).unwrap().remove(0);
    let made: Vec<(String, String)> = rows.into_iter().map(|mut row| (row.remove(0).unwrap(), row.remove(0).unwrap())).collect();
    assert_eq!(made, types.each_ref().map(|(name, _, spelled)| ((*name).to_owned(), (*spelled).to_owned())));
    let described = world.connector.describe(&"deals".into(), world.by()).await.unwrap();
    assert_eq!(described.field("note").unwrap().field_type, types[8].1);
    assert_eq!(described.field("tags").unwrap().field_type, set);
    assert!(described.fields.iter().skip(1).all(|field| field.creatable && field.updatable && !field.required));
    assert_eq!(described.fields[0].field_type, FieldType::Id, "a table of a sync has an identity");
    world.make("archive.notes", "text", FieldType::Text).await.unwrap();
    assert_eq!(world.connector.describe(&"archive.notes".into(), world.by()).await.unwrap().fields.len(), 2);
}

#[tokio::test]
async fn a_table_with_rows_is_extended_and_its_rows_get_ids() {
    let world = World::with(Database::new(), &[]);
    world.sql("INSERT INTO contacts (name) VALUES ('Ada'), ('Ivo')");
    let before = world.connector.describe(&"contacts".into(), world.by()).await.unwrap();
    assert!(before.fields.iter().all(|field| field.field_type != FieldType::Id), "nobody has provisioned it");
    for _ in 0..2 {
        world.make("contacts", "crm_id", FieldType::Text).await.unwrap();
    }
    assert_eq!(world.sql("SELECT count(DISTINCT syncline_id)::text FROM contacts"), ["2"]);
    let page = world.connector.scan(&contacts(&["name"]), None, world.by()).await.unwrap();
    assert_eq!(page.records.len(), 2);
    let described = world.connector.describe(&"contacts".into(), world.by()).await.unwrap();
    let own = described.field("id").unwrap();
    assert!(own.calculated && !own.creatable, "a key of the customer's own is left to the database");
    assert!(described.field("name").unwrap().required && described.field("syncline_deleted_at").is_none());
    assert_eq!(described.field("postcode").unwrap().length, Some(12));
}

#[tokio::test]
async fn a_table_that_was_not_provisioned_says_what_to_run() {
    let world = World::with(Database::new(), &[]);
    let refused = world.connector.scan(&contacts(&["name"]), None, world.by()).await.unwrap_err();
    assert!(matches!(&refused.fault, Fault::Unsupported { .. }) && refused.to_string().contains("syncline provision"), "{refused}");
}

#[tokio::test]
async fn a_table_of_another_role_is_told_before_anything_is_tried() {
    let world = World::with(Database::new(), &[]);
    world.database.administer(&["ALTER TABLE contacts OWNER TO postgres"]).unwrap();
    let account = world.connector.account(world.by()).await.unwrap();
    assert!(
        account.problems.len() == 1 && account.problems[0].contains("ALTER TABLE contacts OWNER TO syncline"),
        "{:?}",
        account.problems
    );
    let wish = FieldWish { kind: "contacts".into(), schema: FieldSchema::new("crm_id", "crm_id", FieldType::Text) };
    let refused = world.connector.provision(&wish, world.by()).await.unwrap_err();
    assert!(matches!(refused.fault, Fault::AuthRefused { .. }), "{refused}");
}
