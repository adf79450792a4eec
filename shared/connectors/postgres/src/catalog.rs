//! A table's columns, as the server's catalogue has them.

use serde::Deserialize;
use syncline_engine::ports::sql::Statement;
use syncline_model::{Choice, Fault, FieldName, FieldSchema, FieldType, ObjectKind, ObjectSchema};

use crate::faults::drift;
use crate::names::{OWN_PREFIX, Table};

/// How a column's comment says that it refers to rows of other tables: `syncline: reference to contacts`.
pub(crate) const REFERENCE: &str = "syncline: reference to ";

/// The column with a record's id.
const ID: &str = "syncline_id";

/// One column, as the statement below tells it.
#[derive(Clone, Debug, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "each is an independent fact of the catalogue")]
struct Column {
    name: String,
    /// The type's name, or its base's where it is a domain; an array's begins with an underscore.
    base: String,
    /// The type as people write it.
    spelled: String,
    labels: Vec<String>,
    length: Option<u32>,
    required: bool,
    calculated: bool,
    insertable: bool,
    updatable: bool,
    comment: Option<String>,
    /// The unique indexes on this column alone.
    unique: Vec<String>,
}

/// The columns of a table that is there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog {
    columns: Vec<Column>,
}

/// Asks for a table's columns: one row with one list, empty where there is no such table.
pub(crate) fn statement(table: &Table) -> Statement {
    Statement::new(
        "SELECT coalesce(jsonb_agg(jsonb_build_object(
            'name', a.attname, 'base', coalesce(b.typname, t.typname), 'spelled', format_type(a.atttypid, a.atttypmod),
            'labels', coalesce((SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e
                WHERE e.enumtypid = coalesce(b.oid, t.oid)), '[]'),
            'length', CASE WHEN coalesce(b.typname, t.typname) IN ('varchar', 'bpchar') AND greatest(a.atttypmod, t.typtypmod) > 4
                THEN greatest(a.atttypmod, t.typtypmod) - 4 END,
            'required', (a.attnotnull OR t.typnotnull) AND NOT a.atthasdef AND a.attidentity = '',
            'calculated', a.attgenerated <> '' OR a.attidentity = 'a',
            'insertable', has_column_privilege(c.oid, a.attnum, 'INSERT'), 'updatable', has_column_privilege(c.oid, a.attnum, 'UPDATE'),
            'comment', col_description(c.oid, a.attnum),
            'unique', coalesce((SELECT jsonb_agg(i.relname) FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
                WHERE x.indrelid = c.oid AND x.indisunique AND x.indisvalid AND x.indnkeyatts = 1 AND x.indkey[0] = a.attnum
                AND x.indpred IS NULL AND x.indexprs IS NULL), '[]')
        ) ORDER BY a.attnum), '[]')::text
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype AND t.typbasetype <> 0
        WHERE n.nspname = $1::text AND c.relname = $2::text AND c.relkind IN ('r', 'p')",
    )
    .with(&table.schema)
    .with(&table.name)
}

impl Catalog {
    /// # Errors
    /// The answer is not the statement's.
    pub(crate) fn read(rows: &[Vec<Option<String>>]) -> Result<Self, Fault> {
        let odd = || drift("catalogue", "a list of columns", "something else");
        let text = rows.first().and_then(|row| row.first()).and_then(Option::as_deref).ok_or_else(odd)?;
        Ok(Self { columns: serde_json::from_str(text).map_err(|_| odd())? })
    }

    /// The column's type, in canonical terms; `None` where there is no such column, or it is ours.
    pub(crate) fn field_type(&self, name: &str) -> Option<FieldType> {
        self.columns.iter().find(|column| column.name == name && !column.is_ours()).map(Column::field_type)
    }

    /// Whether no two rows can share a value of the column.
    pub(crate) fn is_unique(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name && !column.unique.is_empty())
    }

    /// The one column of a unique index.
    pub(crate) fn unique_by(&self, index: &str) -> Option<FieldName> {
        let column = self.columns.iter().find(|column| column.unique.iter().any(|name| name == index))?;
        Some(FieldName::new(column.name.as_str()))
    }

    /// The customer's columns, in the table's order.
    pub(crate) fn schema(&self, kind: &ObjectKind) -> ObjectSchema {
        let fields = self.columns.iter().filter(|column| !column.is_ours()).map(Column::schema).collect();
        ObjectSchema { kind: kind.clone(), fields }
    }
}

impl Column {
    /// Ours, and not for mappings: all but the id, which says that the table has been provisioned.
    fn is_ours(&self) -> bool {
        self.name.starts_with(OWN_PREFIX) && self.name != ID
    }

    fn field_type(&self) -> FieldType {
        if self.name == ID {
            return FieldType::Id;
        }
        if let Some(kinds) = self.comment.as_deref().and_then(|comment| comment.strip_prefix(REFERENCE)) {
            return FieldType::Reference { to: kinds.split(',').map(|kind| kind.trim().into()).collect() };
        }
        if !self.labels.is_empty() {
            let choice = |label: &String| Choice { value: label.clone(), label: label.clone() };
            return FieldType::Choice { choices: self.labels.iter().map(choice).collect(), restricted: true };
        }
        match self.base.as_str() {
            "bool" => FieldType::Bool,
            "int2" | "int4" | "int8" => FieldType::Integer,
            "numeric" | "float4" | "float8" => FieldType::Decimal,
            "text" | "varchar" | "bpchar" | "citext" | "uuid" => FieldType::Text,
            "date" => FieldType::Date,
            "timestamptz" => FieldType::DateTime,
            "_text" | "_varchar" => FieldType::Set { choices: Vec::new() },
            _ => FieldType::Other(self.spelled.clone()),
        }
    }

    fn schema(&self) -> FieldSchema {
        let mut schema = FieldSchema::new(self.name.as_str(), self.name.as_str(), self.field_type());
        let carried = !matches!(schema.field_type, FieldType::Other(_) | FieldType::Id) && !self.calculated;
        schema.creatable = carried && self.insertable;
        schema.updatable = carried && self.updatable;
        schema.required = self.required && !self.calculated;
        schema.unique = !self.unique.is_empty();
        schema.upsert_key = schema.unique;
        schema.calculated = self.calculated || self.name == ID;
        schema.length = self.length;
        schema.custom = self.name != ID;
        schema
    }
}
