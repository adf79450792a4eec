//! Rows as records.

use syncline_engine::ports::connector::{BadRecord, Selection};
use syncline_model::{Fault, FieldName, ObjectKind, Presence, Record, RecordId, Value, Version};

use crate::catalog::Catalog;
use crate::faults::drift;
use crate::names::OWN_PREFIX;
use crate::value::{self, Columns};

/// The id, the version, the mark and the columns, as every statement answers them.
pub(crate) const WIDTH: usize = 4;

/// A row by its id.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) id: RecordId,
    pub(crate) record: Result<Record, BadRecord>,
}

/// Reads [`WIDTH`] cells.
///
/// # Errors
/// `Fault::Drift`: these are not a row's cells.
pub(crate) fn read(cells: &[Option<String>], selection: &Selection, catalog: &Catalog) -> Result<Read, Fault> {
    let odd = || drift("row", "id, version, mark and columns", "something else");
    let [Some(id), version, Some(mark), columns] = cells else { return Err(odd()) };
    let id = RecordId::new(id.as_str());
    let columns: Columns = match columns {
        Some(text) => serde_json::from_str(text).map_err(|_| odd())?,
        None => Columns::new(),
    };
    let mut record = Record::new(selection.kind.clone(), id.clone());
    if let Some(moment) = version.as_deref().and_then(value::moment) {
        record = record.with_version(Version(moment));
    }
    if mark == "true" {
        record = record.with_presence(Presence::Deleted);
        return Ok(Read { id, record: Ok(record) });
    }
    for field in &selection.fields {
        let (Some(raw), Some(field_type)) = (columns.get(field.as_str()), catalog.field_type(field.as_str())) else { continue };
        match value::read(raw, &field_type) {
            Ok(value) => record = record.with_field(field.clone(), value),
            Err(expected) => {
                let fault = drift(field.as_str(), expected, "another value of the column's type");
                return Ok(Read { id: id.clone(), record: Err(BadRecord { id: Some(id), fault }) });
            }
        }
    }
    Ok(Read { id, record: Ok(record) })
}

/// A row as `to_jsonb` writes it, without a word of its columns' types.
pub(crate) fn whole(kind: &ObjectKind, columns: &Columns) -> Result<Record, BadRecord> {
    let text = |name: &str| columns.get(name).and_then(|raw| serde_json::from_str::<Option<String>>(raw.get()).ok().flatten());
    let Some(id) = text("syncline_id") else {
        return Err(BadRecord { id: None, fault: drift("syncline_id", "an id", "nothing") });
    };
    let mut record = Record::new(kind.clone(), RecordId::new(id));
    if let Some(moment) = text("syncline_changed_at").as_deref().and_then(value::moment) {
        record = record.with_version(Version(moment));
    }
    if text("syncline_deleted_at").is_some() {
        record = record.with_presence(Presence::Deleted);
    }
    let own = columns.iter().filter(|(name, _)| !name.starts_with(OWN_PREFIX));
    let fields: Vec<(FieldName, Value)> = own.map(|(name, raw)| (FieldName::new(name.as_str()), value::guessed(raw))).collect();
    record.fields.extend(fields);
    Ok(record)
}

/// Whether a text is an id in the one form in which we keep them: a UUID in lower case.
pub(crate) fn is_id(text: &str) -> bool {
    let part = |part: &str, length: usize| part.len() == length && part.bytes().all(|sign| matches!(sign, b'0'..=b'9' | b'a'..=b'f'));
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() == 5 && parts.iter().zip([8, 4, 4, 4, 12]).all(|(text, length)| part(text, length))
}

/// An id of 128 rolled bits, of which six say that they were rolled (RFC 9562, version 4).
pub(crate) fn rolled_id(high: u64, low: u64) -> String {
    let high = (high & !0xf000) | 0x4000;
    let low = (low & !(0b11 << 62)) | (0b10 << 62);
    format!("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff, high & 0xffff, low >> 48, low & 0xffff_ffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rolled_id_is_an_id_and_others_are_not() {
        assert_eq!(rolled_id(u64::MAX, u64::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert!(is_id(&rolled_id(0, 0)) && is_id(&rolled_id(0x1234_5678_9abc_def0, 7)));
        for odd in ["", "7", "FFFFFFFF-ffff-4fff-bfff-ffffffffffff", "../x'; --", "ffffffffffff4fffbfffffffffffffff"] {
            assert!(!is_id(odd), "{odd}");
        }
    }
}
