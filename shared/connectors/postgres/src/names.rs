//! Tables and columns, and how they are spelled in a statement.

use syncline_model::ObjectKind;

/// The most bytes of a name: PostgreSQL cuts longer ones, and then two are one.
pub(crate) const NAME_BYTES_MAX: usize = 63;
/// What our own columns begin with; no field of a mapping has such a name.
pub(crate) const OWN_PREFIX: &str = "syncline_";

/// A table of the customer's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Table {
    pub(crate) kind: ObjectKind,
    pub(crate) schema: String,
    pub(crate) name: String,
}

impl Table {
    /// `contacts`, or `sales.contacts` where it is not in the connection's schema; `None` for what cannot be a table's name.
    pub(crate) fn read(text: &str, schema: &str) -> Option<Self> {
        let (schema, name) = text.split_once('.').unwrap_or((schema, text));
        let good = is_name(schema) && is_name(name) && !name.contains('.') && schema != OWN_SCHEMA;
        good.then(|| Self { kind: ObjectKind::new(text), schema: schema.to_owned(), name: name.to_owned() })
    }

    /// As a statement names it.
    pub(crate) fn quoted(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }

    /// As our own tables name it.
    pub(crate) fn relation(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }
}

/// Where our own tables and functions are, apart from the customer's.
pub(crate) const OWN_SCHEMA: &str = "syncline";

/// Whether a table or column can have this name.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= NAME_BYTES_MAX && !text.contains('\0')
}

/// A name as a statement spells it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a statement spells it, for the few places that take no parameter.
pub(crate) fn literal(text: &str) -> String {
    // With the escape form a backslash means itself, whatever the server's settings.
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_named_with_or_without_its_schema() {
        let table = Table::read("contacts", "public").unwrap();
        assert_eq!((table.quoted().as_str(), table.relation().as_str()), ("\"public\".\"contacts\"", "public.contacts"));
        assert_eq!(Table::read("sales.deals", "public").unwrap().quoted(), "\"sales\".\"deals\"");
        for bad in ["", "a.b.c", ".a", "a.", "syncline.changes", &"x".repeat(64)] {
            assert_eq!(Table::read(bad, "public"), None, "{bad}");
        }
    }

    #[test]
    fn no_name_and_no_text_leaves_its_quotes() {
        assert_eq!(quoted("a\"; DROP TABLE b; --"), "\"a\"\"; DROP TABLE b; --\"");
        assert_eq!(literal("it's \\' all"), "E'it''s \\\\'' all'");
    }
}
