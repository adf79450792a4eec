//! How far a listing has been read: versioned JSON text, opaque outside.

use serde::{Deserialize, Serialize};
use syncline_engine::ports::connector::Cursor;
use syncline_model::{Fault, ObjectKind, RecordId};

use crate::faults::drift;

const FORMAT: &str = "postgres/1";

/// A place among the changes of a table: right after this one. Transactions are numbered when they begin and seen when they end, so that a place is
/// only ever given for transactions before which none is still running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// The transaction's number (`xid8`).
    pub(crate) transaction: u64,
    /// The change within all changes; 0 is before the transaction's first.
    pub(crate) number: u64,
}

/// Where a listing goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// The changes after this.
    Changes(Position),
    /// A listing of changes that has lost its place reads every row after this one, then the changes from there.
    Anew { after: Option<RecordId>, then: Position },
    /// A scan, and the changes that its end answers.
    Scan { after: RecordId, then: Position },
}

#[derive(Serialize, Deserialize)]
struct Body {
    format: String,
    kind: ObjectKind,
    place: Place,
}

impl Place {
    /// # Errors
    /// `Fault::Drift` for another vendor's, format's or object's cursor: it is refused, not guessed.
    pub(crate) fn read(cursor: &Cursor, kind: &ObjectKind) -> Result<Self, Fault> {
        let refused = |found: &str| drift("cursor", FORMAT, found);
        let body: Body = serde_json::from_str(&cursor.0).map_err(|_| refused("another format"))?;
        if body.format != FORMAT {
            return Err(refused("another format"));
        }
        if body.kind != *kind {
            return Err(refused("a cursor of another table"));
        }
        Ok(body.place)
    }

    pub(crate) fn write(self, kind: &ObjectKind) -> Cursor {
        let body = Body { format: FORMAT.to_owned(), kind: kind.clone(), place: self };
        // A struct of texts and numbers always has a JSON form; an empty cursor would be refused when it is read.
        Cursor(serde_json::to_string(&body).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_storage_and_foreign_ones_are_refused() {
        let kind = ObjectKind::new("contacts");
        let position = Position { transaction: 812, number: 7 };
        for place in [
            Place::Changes(position.clone()),
            Place::Anew { after: None, then: position.clone() },
            Place::Scan { after: "x".into(), then: position.clone() },
        ] {
            let cursor = place.clone().write(&kind);
            assert_eq!(Place::read(&cursor, &kind).unwrap(), place);
            assert!(Place::read(&cursor, &"deals".into()).is_err());
            assert!(Place::read(&Cursor(cursor.0.replace("postgres/1", "postgres/2")), &kind).is_err());
        }
        assert!(matches!(Place::read(&Cursor("7".into()), &kind), Err(Fault::Drift { .. })));
    }
}
