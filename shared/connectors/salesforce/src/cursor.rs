//! How far a listing has been read: versioned JSON text, opaque outside.

use serde::{Deserialize, Serialize};
use syncline_engine::ports::connector::Cursor;
use syncline_model::{Fault, ObjectKind, Timestamp};

const FORMAT: &str = "salesforce/1";

/// Which listing a cursor belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Listing {
    Changes,
    Scan,
}

/// The last row that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    pub(crate) stamp: Timestamp,
    pub(crate) id: String,
}

/// A cursor's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Body {
    format: String,
    pub(crate) kind: ObjectKind,
    pub(crate) listing: Listing,
    /// Where the window begins; a scan has no beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<Timestamp>,
    /// Where the window ends, exclusively; only with `window_delay_s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Timestamp>,
    /// The vendor's clock when the listing began: the next one starts from here, less the lookback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) began: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<Position>,
    /// The vendor's own locator of the next page; it dies after a while, then `after` serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
    /// The query that the locator belongs to, as a checksum: another selection needs another query.
    #[serde(default)]
    pub(crate) shape: u64,
}

impl Body {
    pub(crate) fn new(kind: &ObjectKind, listing: Listing, from: Option<Timestamp>) -> Self {
        Self { format: FORMAT.into(), kind: kind.clone(), listing, from, until: None, began: None, after: None, next: None, shape: 0 }
    }

    /// # Errors
    /// `Fault::Drift` for another vendor's, format's, object's or listing's cursor: it is refused, not guessed.
    pub(crate) fn read(cursor: &Cursor, kind: &ObjectKind, listing: Listing) -> Result<Self, Fault> {
        let refused = |expected: String, found: &str| Fault::Drift { path: "cursor".into(), expected, found: found.into() };
        let body: Self = serde_json::from_str(&cursor.0).map_err(|_| refused(FORMAT.into(), "another format"))?;
        if body.format != FORMAT {
            return Err(refused(FORMAT.into(), "another format"));
        }
        if body.kind != *kind || body.listing != listing {
            return Err(refused(format!("a cursor of this listing of {kind}"), "a cursor of another listing"));
        }
        Ok(body)
    }

    pub(crate) fn write(&self) -> Cursor {
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }
}

/// A checksum (FNV-1a) of a query's field list.
pub(crate) fn shape(select: &str) -> u64 {
    select.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_being_text_and_foreign_ones_are_refused() {
        let mut body = Body::new(&"Contact".into(), Listing::Changes, Some("2026-11-20T10:00:00Z".parse().unwrap()));
        body.after = Some(Position { stamp: "2026-11-20T10:41:57Z".parse().unwrap(), id: "003ak00000luKU1AAM".into() });
        let cursor = body.write();
        assert_eq!(Body::read(&cursor, &"Contact".into(), Listing::Changes).unwrap(), body);
        for foreign in [
            Body::read(&cursor, &"Account".into(), Listing::Changes),
            Body::read(&cursor, &"Contact".into(), Listing::Scan),
            Body::read(&Cursor(cursor.0.replace("salesforce/1", "salesforce/2")), &"Contact".into(), Listing::Changes),
            Body::read(&Cursor("17".into()), &"Contact".into(), Listing::Changes),
            Body::read(&Cursor(String::new()), &"Contact".into(), Listing::Changes),
        ] {
            assert!(matches!(foreign, Err(Fault::Drift { .. })));
        }
    }
}
