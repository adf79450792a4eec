//! The statements that read and write rows. Each takes its rows as one JSON list, so that its text is the same for any number of them, and lets the
//! table's own row type say what each value is.

use syncline_engine::ports::sql::Statement;
use syncline_model::mutant::{Mutant, planted};

use crate::cursor::Position;
use crate::names::{Table, literal, quoted};
use crate::settings::Deletes;

/// What our triggers look at to tell our writes from the customer's.
pub(crate) fn writing() -> Statement {
    Statement::new("SELECT set_config('syncline.writer', 'on', true)")
}

/// What is read of a row: its id, its version, whether it is marked as deleted, and the columns that parameter `$fields` (a list of names) selects.
fn row(alias: &str, fields: &str) -> String {
    format!(
        "{alias}.syncline_id::text, to_jsonb({alias}.syncline_changed_at) #>> '{{}}', ({alias}.syncline_deleted_at IS NOT NULL)::text, \
         (SELECT jsonb_object_agg(c.key, c.value) FROM jsonb_each(to_jsonb({alias})) AS c \
         WHERE c.key = ANY(ARRAY(SELECT jsonb_array_elements_text({fields}::text::jsonb))))::text"
    )
}

/// The ids of parameter `$1`.
const IDS: &str = "ARRAY(SELECT jsonb_array_elements_text($1::text::jsonb)::uuid)";
/// A transaction before which none is still running: what it wrote is seen, and what later ones write is not listed yet.
const SETTLED: &str = "pg_snapshot_xmin(pg_current_snapshot())";

/// `$1` ids, `$2` fields.
pub(crate) fn get(table: &Table) -> String {
    format!("SELECT {} FROM {} AS t WHERE t.syncline_id = ANY({IDS})", row("t", "$2"), table.quoted())
}

/// Which of the ids of `$1` were rows once; `$2` is the table.
pub(crate) const GONE: &str = "SELECT c.id::text FROM syncline.changes AS c \
    WHERE c.relation = $2::text AND c.deleted AND c.id = ANY(ARRAY(SELECT jsonb_array_elements_text($1::text::jsonb)::uuid))";

/// `$1` the id after which to go on, `$2` fields, `$3` how many.
pub(crate) fn scan(table: &Table) -> String {
    format!(
        "SELECT {} FROM {} AS t WHERE t.syncline_deleted_at IS NULL AND ($1::text IS NULL OR t.syncline_id > $1::text::uuid) \
         ORDER BY t.syncline_id LIMIT $3::text::bigint",
        row("t", "$2"),
        table.quoted()
    )
}

/// Where the changes of a table stand: the settled transaction, and the place up to which changes have been pruned. `$1` is the table.
pub(crate) const STANDING: &str = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text, h.transaction::text, h.number::text \
    FROM (VALUES ($1::text)) AS asked(relation) LEFT JOIN syncline.horizon AS h ON h.relation = asked.relation";

/// The settled place before the first change since `$2`, and whether changes since then have been pruned; `$1` is the table.
///
/// Whoever is still writing will have a higher number than all that is settled, so that nothing since then is before this place.
pub(crate) const SINCE: &str = "SELECT coalesce(min(c.transaction), pg_snapshot_xmin(pg_current_snapshot()))::text, \
    EXISTS (SELECT FROM syncline.horizon AS h WHERE h.relation = $1::text AND h.at >= $2::text::timestamptz)::text \
    FROM syncline.changes AS c WHERE c.relation = $1::text AND c.at >= $2::text::timestamptz AND c.transaction IS NOT NULL";

/// `$1` the table, `$2` and `$3` the place, `$4` fields, `$5` how many.
pub(crate) fn changes(table: &Table) -> String {
    let until = if planted(Mutant::OpenPassed) { String::new() } else { format!("AND c.transaction < {SETTLED} ") };
    format!(
        "SELECT c.transaction::text, c.number::text, c.id::text, {} FROM syncline.changes AS c \
         LEFT JOIN {} AS t ON t.syncline_id = c.id \
         WHERE c.relation = $1::text AND (c.transaction, c.number) > ($2::text::xid8, $3::text::bigint) {until}\
         ORDER BY c.transaction, c.number LIMIT $5::text::bigint",
        row("t", "$4"),
        table.quoted()
    )
}

/// Forgets the changes of `$1` that are older than `$4` and lie before a place that somebody has passed (`$2`, `$3`), and remembers how far. One that a
/// transaction is about to renew is left alone.
pub(crate) fn prune(relation: &str, passed: &Position, older_than: String) -> Statement {
    Statement::new(
        "WITH old AS (SELECT c.id FROM syncline.changes AS c WHERE c.relation = $1::text AND c.at < $4::text::timestamptz \
            AND (c.transaction IS NULL OR (c.transaction, c.number) <= ($2::text::xid8, $3::text::bigint)) FOR UPDATE SKIP LOCKED), \
         gone AS (DELETE FROM syncline.changes AS c USING old WHERE c.relation = $1::text AND c.id = old.id RETURNING c.transaction, c.number) \
         INSERT INTO syncline.horizon AS h (relation, transaction, number, at) \
         SELECT $1::text, gone.transaction, gone.number, $4::text::timestamptz FROM gone WHERE gone.transaction IS NOT NULL \
         ORDER BY gone.transaction DESC, gone.number DESC LIMIT 1 \
         ON CONFLICT (relation) DO UPDATE SET at = greatest(h.at, excluded.at), \
         transaction = greatest(h.transaction, excluded.transaction), \
         number = CASE WHEN excluded.transaction > h.transaction THEN excluded.number WHEN excluded.transaction < h.transaction THEN h.number \
            ELSE greatest(h.number, excluded.number) END",
    )
    .with(relation)
    .with(passed.transaction.to_string())
    .with(passed.number.to_string())
    .with(older_than)
}

/// How values of a column are compared in a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// Texts without regard to case, as people spell addresses.
    Folded,
    /// By the column's own type; the index of a unique column serves it.
    Exact,
    /// One of the texts of a set.
    Member,
}

/// The live rows that carry a value; `$1` is a list of `{"place", "value"}`, `$2` fields.
pub(crate) fn find(table: &Table, column: &str, comparison: Comparison) -> String {
    let (name, own) = (quoted(column), table.quoted());
    let equal = match comparison {
        Comparison::Folded => format!("lower(t.{name}::text) = lower(k.key ->> 'value')"),
        Comparison::Exact => {
            let typed = format!("jsonb_populate_record(NULL::{own}, jsonb_build_object({}, k.key -> 'value'))", literal(column));
            format!("t.{name} = ({typed}).{name}")
        }
        Comparison::Member => format!("k.key ->> 'value' = ANY(t.{name})"),
    };
    format!(
        "SELECT k.key ->> 'place', {} FROM jsonb_array_elements($1::text::jsonb) AS k(key) JOIN {own} AS t ON {equal} \
         WHERE t.syncline_deleted_at IS NULL ORDER BY t.syncline_id",
        row("t", "$2")
    )
}

/// Changes rows; `$1` is a list of `{"id", "expected", "fields"}`, `$2` fields. A column that a row's `fields` do not name stays as it is.
pub(crate) fn update(table: &Table, columns: &[&str]) -> String {
    let own = table.quoted();
    let set = |column: &&str| {
        let name = quoted(column);
        format!("{name} = CASE WHEN g.fields ? {} THEN (g.given).{name} ELSE t.{name} END", literal(column))
    };
    let sets = match columns {
        [] => "syncline_id = t.syncline_id".to_owned(),
        columns => columns.iter().map(set).collect::<Vec<_>>().join(", "),
    };
    // `OFFSET 0` keeps the record from being made once more for each column.
    format!(
        "UPDATE {own} AS t SET {sets} FROM (SELECT (e.row ->> 'id')::uuid AS id, (e.row ->> 'expected')::timestamptz AS expected, \
         e.row -> 'fields' AS fields, jsonb_populate_record(NULL::{own}, e.row -> 'fields') AS given \
         FROM jsonb_array_elements($1::text::jsonb) AS e(row) OFFSET 0) AS g \
         WHERE t.syncline_id = g.id AND t.syncline_deleted_at IS NULL AND (g.expected IS NULL OR g.expected = t.syncline_changed_at) \
         RETURNING {}",
        row("t", "$2")
    )
}

/// Makes rows, all with these columns; `$1` is a list of `{"id", "fields"}`, `$2` fields. With `once`, a row that has this column's value already is
/// the one that is meant: it takes the values, and comes back if it was marked as deleted. Answers also the value of `once`.
pub(crate) fn create(table: &Table, columns: &[&str], once: Option<&str>) -> String {
    let own = table.quoted();
    let names: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    let list = |prefix: &str| names.iter().flat_map(|name| [", ", prefix, name.as_str()]).collect::<String>();
    let (conflict, key) = match once {
        None => (String::new(), "NULL::text".to_owned()),
        Some(once) => {
            let sets: String = names.iter().flat_map(|name| [", ", name, " = excluded.", name]).collect();
            let once = quoted(once);
            (format!("ON CONFLICT ({once}) DO UPDATE SET syncline_deleted_at = NULL{sets} "), format!("t.{once}::text"))
        }
    };
    format!(
        "INSERT INTO {own} AS t (syncline_id{}) SELECT (e.row ->> 'id')::uuid{} FROM jsonb_array_elements($1::text::jsonb) AS e(row) \
         CROSS JOIN LATERAL jsonb_populate_record(NULL::{own}, e.row -> 'fields') AS p {conflict}RETURNING {key}, {}",
        list(""),
        list("p."),
        row("t", "$2")
    )
}

/// Removes or marks the rows of `$1`; answers those that it found.
pub(crate) fn delete(table: &Table, deletes: Deletes) -> String {
    let own = table.quoted();
    let live = format!("WHERE t.syncline_id = ANY({IDS}) AND t.syncline_deleted_at IS NULL RETURNING t.syncline_id::text");
    match deletes {
        Deletes::Soft => format!("UPDATE {own} AS t SET syncline_deleted_at = clock_timestamp() {live}"),
        Deletes::Hard => format!("DELETE FROM {own} AS t {live}"),
    }
}

/// Takes the mark from the rows of `$1`; `$2` fields.
pub(crate) fn restore(table: &Table) -> String {
    format!(
        "UPDATE {} AS t SET syncline_deleted_at = NULL WHERE t.syncline_id = ANY({IDS}) AND t.syncline_deleted_at IS NOT NULL RETURNING {}",
        table.quoted(),
        row("t", "$2")
    )
}

/// Which of the rows of `$1` are there and not marked as deleted.
pub(crate) fn standing(table: &Table) -> String {
    format!("SELECT t.syncline_id::text FROM {} AS t WHERE t.syncline_id = ANY({IDS}) AND t.syncline_deleted_at IS NULL", table.quoted())
}
