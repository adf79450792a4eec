//! What a table needs to be synced: our columns beside the customer's, a table of changes apart from theirs, and the triggers that fill both.
//!
//! Nothing is ever dropped or narrowed, and no right is given to anybody. The role must own the table, and may create a schema in the database the
//! first time. The triggers' functions act with the owner's rights, so that whoever edits a table needs none on ours.

use syncline_engine::ports::sql::Statement;
use syncline_model::{Fault, FieldSchema, FieldType};

use crate::catalog::REFERENCE;
use crate::faults::unsupported;
use crate::names::{OWN_PREFIX, Table, is_name, literal, quoted};

/// Waits this long for users' transactions that hold a table, then says so and is tried again.
const LOCK_S: u32 = 5;

/// The type of a column that is made for a field. Texts have no length: what a source may lengthen at any time is not to be cut here.
fn column_type(field_type: &FieldType) -> Result<&'static str, Fault> {
    Ok(match field_type {
        FieldType::Bool => "boolean",
        FieldType::Integer => "bigint",
        FieldType::Decimal => "numeric",
        FieldType::Text | FieldType::Email | FieldType::Phone | FieldType::Choice { .. } | FieldType::Id => "text",
        FieldType::Date => "date",
        FieldType::DateTime => "timestamptz",
        FieldType::Set { .. } => "text[]",
        FieldType::Reference { .. } => "uuid",
        FieldType::Other(name) => return Err(unsupported(format!("column for the type {name}"))),
    })
}

/// All statements that make the table, what surrounds it, and the field's column; each does nothing where its work is done.
///
/// # Errors
/// `Fault::Unsupported`: no column can have this name or type.
pub(crate) fn statements(table: &Table, field: &FieldSchema) -> Result<Vec<Statement>, Fault> {
    let name = field.name.as_str();
    if !is_name(name) || name.starts_with(OWN_PREFIX) {
        return Err(unsupported(format!("column of the name {name}: at most 63 characters, and not beginning with {OWN_PREFIX}")));
    }
    let column_type = column_type(&field.field_type)?;
    let mut all = around(table);
    let (own, column) = (table.quoted(), quoted(name));
    all.push(format!("ALTER TABLE {own} ADD COLUMN IF NOT EXISTS {column} {column_type}"));
    if field.unique {
        all.push(unique_index(table, name));
    }
    if let FieldType::Reference { to } = &field.field_type {
        let kinds: Vec<&str> = to.iter().map(syncline_model::ObjectKind::as_str).collect();
        all.push(format!("COMMENT ON COLUMN {own}.{column} IS {}", literal(&format!("{REFERENCE}{}", kinds.join(", ")))));
    }
    Ok(all.into_iter().map(Statement::new).collect())
}

/// A unique index of our own name, where no other makes the column unique already. A null is no value: rows without one do not collide.
fn unique_index(table: &Table, column: &str) -> String {
    let index = format!("{OWN_PREFIX}{:016x}", fingerprint(&format!("{} {column}", table.relation())));
    format!("CREATE UNIQUE INDEX IF NOT EXISTS {} ON {} ({})", quoted(&index), table.quoted(), quoted(column))
}

/// A short name that a table and a column always get (FNV-1a): their own names may be too long for an index's.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn around(table: &Table) -> Vec<String> {
    let own = table.quoted();
    // Two provisions at once would trip over each other's half of the catalogue.
    let mut all = vec![
        "SELECT pg_advisory_xact_lock(7303014914121367919)::text".to_owned(),
        format!("SET LOCAL lock_timeout = '{LOCK_S}s'"),
        // Asking for a schema that is there takes a right that is only needed to make one.
        made_if_absent("to_regnamespace('syncline')", "CREATE SCHEMA syncline"),
        made_if_absent(
            &format!("to_regnamespace({})", literal(&quoted(&table.schema))),
            &format!("CREATE SCHEMA {}", quoted(&table.schema)),
        ),
    ];
    all.extend(OWN_TABLES.iter().chain(FUNCTIONS).map(|text| (*text).to_owned()));
    let relation = literal(&table.relation());
    all.extend([
        format!("CREATE TABLE IF NOT EXISTS {own} (syncline_id uuid PRIMARY KEY DEFAULT gen_random_uuid())"),
        format!(
            "ALTER TABLE {own} ADD COLUMN IF NOT EXISTS syncline_id uuid NOT NULL DEFAULT gen_random_uuid(), \
             ADD COLUMN IF NOT EXISTS syncline_changed_at timestamptz NOT NULL DEFAULT clock_timestamp(), \
             ADD COLUMN IF NOT EXISTS syncline_deleted_at timestamptz"
        ),
        unique_index(table, "syncline_id"),
        // Triggers fire in the order of their names: after those of the customer's that fill columns in.
        format!("DROP TRIGGER IF EXISTS zz_syncline_stamp ON {own}"),
        format!("CREATE TRIGGER zz_syncline_stamp BEFORE INSERT OR UPDATE ON {own} FOR EACH ROW EXECUTE FUNCTION syncline.stamp()"),
        format!("DROP TRIGGER IF EXISTS zz_syncline_capture ON {own}"),
        format!(
            "CREATE TRIGGER zz_syncline_capture AFTER INSERT OR UPDATE OR DELETE ON {own} FOR EACH ROW EXECUTE FUNCTION syncline.capture({relation})"
        ),
    ]);
    all
}

fn made_if_absent(found: &str, statement: &str) -> String {
    format!("DO $do$ BEGIN IF {found} IS NULL THEN EXECUTE {}; END IF; END $do$", literal(statement))
}

const OWN_TABLES: &[&str] = &[
    // One row for each row that ever changed, not one for each change: as large as the table, however busy it is.
    "CREATE TABLE IF NOT EXISTS syncline.changes (relation text NOT NULL, id uuid NOT NULL, transaction xid8, number bigint NOT NULL, \
        deleted boolean NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (relation, id))",
    "CREATE INDEX IF NOT EXISTS changes_in_order ON syncline.changes (relation, transaction, number)",
    "CREATE INDEX IF NOT EXISTS changes_by_age ON syncline.changes (relation, at)",
    "CREATE SEQUENCE IF NOT EXISTS syncline.change_number",
    // How far changes have been pruned: a reader that is behind it has lost its place.
    "CREATE TABLE IF NOT EXISTS syncline.horizon (relation text PRIMARY KEY, transaction xid8 NOT NULL, number bigint NOT NULL, \
        at timestamptz NOT NULL)",
];

const FUNCTIONS: &[&str] = &[
    // A row's version: two states of a row never share one. `*<>` compares what is stored, also of types without equality.
    "CREATE OR REPLACE FUNCTION syncline.stamp() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $stamp$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.syncline_changed_at := clock_timestamp();
    ELSIF NEW *<> OLD THEN
        NEW.syncline_changed_at := greatest(clock_timestamp(), OLD.syncline_changed_at + interval '1 microsecond');
    END IF;
    RETURN NEW;
END $stamp$",
    // Our own writes are no changes; what we delete is remembered, without a place among the changes.
    "CREATE OR REPLACE FUNCTION syncline.capture() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $capture$
DECLARE
    ours boolean := coalesce(current_setting('syncline.writer', true), '') = 'on';
    gone boolean := TG_OP = 'DELETE';
    changed uuid;
BEGIN
    IF TG_OP = 'DELETE' THEN
        changed := OLD.syncline_id;
    ELSIF ours OR (TG_OP = 'UPDATE' AND NEW *= OLD) THEN
        RETURN NULL;
    ELSE
        changed := NEW.syncline_id;
        gone := NEW.syncline_deleted_at IS NOT NULL;
    END IF;
    INSERT INTO syncline.changes AS c (relation, id, transaction, number, deleted, at)
    VALUES (TG_ARGV[0], changed, CASE WHEN NOT ours THEN pg_current_xact_id() END, nextval('syncline.change_number'), gone, clock_timestamp())
    ON CONFLICT (relation, id) DO UPDATE SET deleted = excluded.deleted, at = excluded.at,
        transaction = coalesce(excluded.transaction, c.transaction),
        number = CASE WHEN excluded.transaction IS NULL THEN c.number ELSE excluded.number END;
    RETURN NULL;
END $capture$",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_column_is_made_in_our_own_names_or_of_an_unknown_type() {
        let table = Table::read("contacts", "public").unwrap();
        let refused = |name: &str, field_type| statements(&table, &FieldSchema::new(name, "x", field_type)).is_err();
        assert!(refused("syncline_deleted_at", FieldType::Text));
        assert!(refused(&"x".repeat(64), FieldType::Text));
        assert!(refused("photo", FieldType::Other("blob".into())));
        assert!(!refused("sell_id", FieldType::Text));
    }

    #[test]
    fn nothing_is_dropped_but_our_own_triggers() {
        let table = Table::read("contacts", "public").unwrap();
        let all = statements(&table, &FieldSchema::new("owner", "Owner", FieldType::Reference { to: vec!["users".into()] })).unwrap();
        let drops: Vec<&str> = all.iter().map(|statement| statement.text.as_str()).filter(|text| text.contains("DROP")).collect();
        assert!(drops.len() == 2 && drops.iter().all(|text| text.starts_with("DROP TRIGGER IF EXISTS zz_syncline_")), "{drops:?}");
    }
}
