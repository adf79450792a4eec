//! Names that cannot be swapped: each is its own type.

use serde::{Deserialize, Serialize};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// A vendor's product, in lower case, as the registry of vendors spells it.
    SystemName
);
name!(
    /// One account at a system, as the config names it.
    ConnectionName
);
name!(
    /// Two connections kept in step, as the config names them.
    SyncName
);
name!(
    /// One pair of objects inside a sync, as the config names it: `contacts`.
    MappingName
);
name!(
    /// A type of record, in the vendor's own word: `contact`, `Account`.
    ObjectKind
);
name!(
    /// A record's identity at its vendor, in the one form in which it is compared and stored.
    RecordId
);
name!(
    /// A field's name at its vendor; a nested one is written with dots: `custom_fields.sfcontactid`.
    FieldName
);

/// The two ends of a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Left,
    Right,
}

impl Side {
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }

    /// Picks the side's part of a pair.
    pub fn of<T>(self, left: T, right: T) -> T {
        match self {
            Self::Left => left,
            Self::Right => right,
        }
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.of("left", "right"))
    }
}
