//! The shape of `syncline.yaml`, once: the reader checks by these tables, and the published JSON Schema is made from them.

/// One key that may stand in a map.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) shape: Shape,
    /// One sentence for a person; the default where there is one.
    pub(crate) help: &'static str,
    /// What to write, as a hint where the key is missing or wrong.
    pub(crate) example: &'static str,
}

const fn key(name: &'static str, shape: Shape, help: &'static str, example: &'static str) -> Key {
    Key { name, required: false, shape, help, example }
}

const fn required(name: &'static str, shape: Shape, help: &'static str, example: &'static str) -> Key {
    Key { name, required: true, shape, help, example }
}

/// What may stand under a key.
pub(crate) enum Shape {
    /// Text that is not empty.
    Text,
    /// The one master: text, and neither a list nor a map.
    Master,
    /// Text, a number or a truth value.
    Scalar,
    Flag,
    /// A whole number, both bounds included.
    Whole(i64, i64),
    /// From 0 to 100, fractions allowed.
    Percent,
    Words(&'static [&'static str]),
    /// A schedule in words.
    Schedule,
    Keys(&'static [Key]),
    /// These keys, and others whose names only a system knows.
    Connection(&'static [Key]),
    /// Names that the user chooses, each with this under it.
    Named(&'static str, &'static Shape),
    /// Values of one side, each with the value of the other.
    Table,
    List(&'static Shape),
    /// A scalar, or in its place keys with more detail.
    Either(&'static Shape, &'static Shape),
}

pub(crate) const DIRECTIONS: &[&str] = &["both", "left_to_right", "right_to_left"];
const WRITES: &[&str] = &["always", "fill_empty", "never_clear", "unless_taken"];
const CONFLICTS: &[&str] = &["master", "latest", "hold", "opt_out_wins"];
const DRIFTS: &[&str] = &["overwrite", "leave"];
const DELETES: &[&str] = &["ignore", "propagate"];
const OTHERS: &[&str] = &["pass", "refuse", "leave"];
const OTHERS_HELP: &str =
    "Values that the table does not name: an error of that record (default), passed as they are, or left: not synced, and no error.";
pub(crate) const COMPARES: &[&str] = &["exact", "words", "ignore_case", "phone"];

pub(crate) const ROOT: Shape = Shape::Keys(&[
    required("version", Shape::Whole(1, 1), "The version of this file's shape.", "version: 1"),
    key(
        "retain",
        Shape::Words(&["fingerprints", "values"]),
        "What the link table keeps of a field's value: keyed hashes (default) or the value itself.",
        "retain: fingerprints",
    ),
    key(
        "history",
        Shape::Keys(&[
            key(
                "days",
                Shape::Whole(0, 3650),
                "How long each write can be looked up and undone; 0 keeps no history. Default: 30.",
                "days: 30",
            ),
            key(
                "values",
                Shape::Flag,
                "Whether the history holds the values before and after, which undo needs. Default: true.",
                "values: true",
            ),
        ]),
        "The record of what was written, for `history` and `undo`.",
        "history: { days: 30 }",
    ),
    required(
        "connections",
        Shape::Named("connection", &CONNECTION),
        "The accounts, by a name of your choice.",
        "connections: { freshdesk: { system: freshdesk, domain: acme } }",
    ),
    required("syncs", Shape::Named("sync", &SYNC), "What is kept in step, by a name of your choice.", "syncs: { customers: { … } }"),
    key(
        "map",
        Shape::Named("map layer", &LAYER),
        "The records that `syncline local` draws on a map, by owner and stage.",
        "map: { contacts: { connection: replica, object: contacts, name: name, town: city } }",
    ),
]);

const LAYER: Shape = Shape::Keys(&[
    required("connection", Shape::Text, "Whose records they are; each look at the map reads them.", "connection: replica"),
    required("object", Shape::Text, "The object, in its system's word.", "object: contacts"),
    required("name", Shape::Text, "The field with the record's name.", "name: name"),
    key("town", Shape::Text, "The field with the address's town.", "town: city"),
    key("country", Shape::Text, "The field with the address's country.", "country: country"),
    key(
        "address_of",
        Shape::Keys(&[
            required("field", Shape::Text, "The field that names another record.", "field: contact_id"),
            required("layer", Shape::Text, "The layer where that record's address is.", "layer: contacts"),
        ]),
        "For records without an address of their own: whose address counts.",
        "address_of: { field: contact_id, layer: contacts }",
    ),
    key("owner", Shape::Text, "The field that says whose record it is.", "owner: owner"),
    key("stage", Shape::Text, "The field that says how far it is.", "stage: stage"),
]);

const CONNECTION: Shape = Shape::Connection(&[
    required("system", Shape::Text, "The system: `freshdesk`, `salesforce`, …", "system: freshdesk"),
    key(
        "secret",
        Shape::Text,
        "The name of the bundle that holds the credentials, never a credential itself. Default: the connection's name.",
        "secret: freshdesk",
    ),
]);

const ONE_SCHEDULE: Shape = Shape::Either(
    &Shape::Schedule,
    &Shape::Keys(&[
        key("cron", Shape::Text, "Five fields: minute, hour, day of the month, month, day of the week.", "cron: \"0 */6 * * *\""),
        key("time_zone", Shape::Text, "The zone of the clock that the expression means.", "time_zone: Europe/Berlin"),
    ]),
);

const SIDE_WORDS_WRITE: Shape = Shape::Keys(&[
    key("left", Shape::Words(WRITES), "When the left record is written.", "left: fill_empty"),
    key("right", Shape::Words(WRITES), "When the right record is written.", "right: always"),
]);

const COMPARE: Shape = Shape::Either(
    &Shape::Words(COMPARES),
    &Shape::Keys(&[required("phone", Shape::Text, "The region whose national numbers are meant: two letters.", "phone: DE")]),
);

const SYNC: Shape = Shape::Keys(&[
    required("left", Shape::Text, "The connection on the left.", "left: freshdesk"),
    required("right", Shape::Text, "The connection on the right.", "right: salesforce"),
    required(
        "direction",
        Shape::Words(DIRECTIONS),
        "Which way changes go: `both`, `left_to_right` or `right_to_left`. It has no default: which side may be written to is yours to say.",
        "direction: both",
    ),
    required("master", Shape::Master, "The side that wins: `left`, `right`, or the connection's name.", "master: right"),
    key(
        "history",
        Shape::Words(&["none", "backfill"]),
        "Records that exist already: `none` waits until each is changed (default), `backfill` brings them over.",
        "history: backfill",
    ),
    key(
        "schedule",
        Shape::Either(
            &Shape::Schedule,
            &Shape::Keys(&[
                key("left", ONE_SCHEDULE, "When the left side is asked for changes.", "left: every 10 minutes"),
                key("right", ONE_SCHEDULE, "When the right side is asked for changes.", "right: every hour"),
                key("cron", Shape::Text, "Five fields: minute, hour, day of the month, month, day of the week.", "cron: \"0 */6 * * *\""),
                key("time_zone", Shape::Text, "The zone of the clock that the expression means.", "time_zone: Europe/Berlin"),
            ]),
        ),
        "When both sides are asked for changes. Default: every 30 minutes.",
        "schedule: every 30 minutes",
    ),
    key("time_zone", Shape::Text, "The zone of this sync's clock times. Default: UTC.", "time_zone: Europe/Berlin"),
    key("region", Shape::Text, "Where national phone numbers without a country code belong: two letters.", "region: DE"),
    key(
        "deletes",
        Shape::Keys(&[
            key("left", Shape::Words(DELETES), "What a deletion on the left does to the right. Default: ignore.", "left: ignore"),
            key("right", Shape::Words(DELETES), "What a deletion on the right does to the left. Default: ignore.", "right: propagate"),
            key(
                "max_share",
                Shape::Percent,
                "The most records, in per cent, that one run deletes before it stops and asks. Default: 5.",
                "max_share: 5",
            ),
        ]),
        "What deletions do, by the side on which they happen.",
        "deletes: { left: ignore, right: propagate, max_share: 5 }",
    ),
    key(
        "sweep",
        ONE_SCHEDULE,
        "When everything is compared, to find what no change feed tells: `auto` (default, from the record count and the budget), `never`, or a schedule.",
        "sweep: auto",
    ),
    key("drift", Shape::Words(DRIFTS), "One-way fields whose target was changed: overwrite it (default) or leave it.", "drift: overwrite"),
    key("conflict", Shape::Words(CONFLICTS), "Who wins where both sides changed a field. Default: master.", "conflict: master"),
    key(
        "debounce_s",
        Shape::Whole(0, 86_400),
        "Seconds that a record must have been still before it is synced. Default: 0.",
        "debounce_s: 60",
    ),
    required(
        "objects",
        Shape::Named("object mapping", &OBJECT),
        "The pairs of objects, by a name of your choice.",
        "objects: { contacts: { … } }",
    ),
]);

const OBJECT: Shape = Shape::Keys(&[
    required("left", Shape::Text, "The object on the left, in its system's word.", "left: contact"),
    required("right", Shape::Text, "The object on the right, in its system's word.", "right: Contact"),
    key(
        "link",
        Shape::Keys(&[
            key("left", Shape::Text, "The field on the left that carries the right record's id.", "left: custom_fields.sfcontactid"),
            key("right", Shape::Text, "The field on the right that carries the left record's id.", "right: FDCONTACTID__c"),
        ]),
        "The text fields in which each side carries the other's id.",
        "link: { left: custom_fields.sfcontactid, right: FDCONTACTID__c }",
    ),
    key(
        "match",
        Shape::List(&Shape::Keys(&[
            required("left", Shape::Text, "The field on the left.", "left: email"),
            required("right", Shape::Text, "The field on the right.", "right: Email"),
            key("compare", COMPARE, "How values are compared; by default as the field's name suggests.", "compare: ignore_case"),
            key("unique", Shape::Flag, "The value belongs to one record a side. Default: false.", "unique: true"),
        ])),
        "What makes a left and a right record the same, tried in this order; the linked id always comes first by itself.",
        "match: [ { left: email, right: Email, unique: true } ]",
    ),
    key(
        "create",
        Shape::Either(
            &Shape::Words(&["never"]),
            &Shape::Keys(&[
                key("left", Shape::Flag, "Whether records are created on the left.", "left: true"),
                key("right", Shape::Flag, "Whether records are created on the right.", "right: true"),
            ]),
        ),
        "Whether records are created: `never`, or by side; by default wherever the direction leads.",
        "create: { left: true, right: true }",
    ),
    key(
        "deletes",
        Shape::Keys(&[
            key("left", Shape::Words(DELETES), "What a deletion on the left does to the right.", "left: ignore"),
            key("right", Shape::Words(DELETES), "What a deletion on the right does to the left.", "right: propagate"),
        ]),
        "What deletions of this object do; by default as the sync says.",
        "deletes: { left: ignore, right: propagate }",
    ),
    key(
        "need_one_of",
        Shape::Keys(&[
            key("left", Shape::List(&Shape::Text), "Fields of the left record.", "left: [email, mobile, phone]"),
            key("right", Shape::List(&Shape::Text), "Fields of the right record.", "right: [Email, Phone]"),
        ]),
        "To be created on that side, a record needs a value in at least one of these of its fields.",
        "need_one_of: { left: [email, mobile, phone] }",
    ),
    key(
        "direction",
        Shape::Words(DIRECTIONS),
        "Which way changes of this object go; by default as the sync says.",
        "direction: left_to_right",
    ),
    key("drift", Shape::Words(DRIFTS), "What a changed target of a one-way field means; by default as the sync says.", "drift: leave"),
    key("debounce_s", Shape::Whole(0, 86_400), "Seconds that a record must have been still before it is synced.", "debounce_s: 60"),
    required(
        "fields",
        Shape::Named("field", &FIELD),
        "What is kept in step, by a name of your choice.",
        "fields: { name: { left: name, right: Name } }",
    ),
]);

const SIDE: Shape = Shape::Either(
    &Shape::Text,
    &Shape::Keys(&[
        key("first", Shape::Text, "The field with the first name, where a full name is in two fields.", "first: FirstName"),
        key("last", Shape::Text, "The field with the last name.", "last: LastName"),
        key("field", Shape::Text, "The field, where more is said about it.", "field: Tags__c"),
        key(
            "as",
            Shape::Words(&["comma_text", "not"]),
            "`comma_text`: a set, kept in a text field with commas between; `not`: true for the other side's false.",
            "as: comma_text",
        ),
        key("values", Shape::Table, "This side's values, each with the value that both sides share.", "values: { Gold: gold }"),
        key("others", Shape::Words(OTHERS), OTHERS_HELP, "others: pass"),
    ]),
);

const FIELD: Shape = Shape::Keys(&[
    required("left", SIDE, "The field on the left.", "left: name"),
    required("right", SIDE, "The field on the right.", "right: Name"),
    key(
        "as",
        Shape::Words(&["owner"]),
        "`owner`: the user to whom the record belongs, who is on the other side the user with the same email.",
        "as: owner",
    ),
    key(
        "fallback",
        Shape::Keys(&[
            key("left", Shape::Text, "The user on the left, by email or id.", "left: sales@acme.example"),
            key("right", Shape::Text, "The user on the right, by email or id.", "right: sales@acme.example"),
        ]),
        "Who gets, on that side, what belongs to somebody unknown there.",
        "fallback: { left: sales@acme.example, right: sales@acme.example }",
    ),
    key("reference", Shape::Text, "The field points to another record: the object mapping that links it.", "reference: companies"),
    key("values", Shape::Table, "Values of the left, each with its value of the right.", "values: { Gold: gold, Silver: silver }"),
    key("others", Shape::Words(OTHERS), OTHERS_HELP, "others: refuse"),
    key("compare", COMPARE, "How values are compared; by default as the field's name suggests.", "compare: ignore_case"),
    key("direction", Shape::Words(DIRECTIONS), "Which way changes go; by default as the sync says.", "direction: left_to_right"),
    key(
        "conflict",
        Shape::Words(CONFLICTS),
        "Who wins where both sides changed it; by default as the sync says, and of sets the changes of both are kept.",
        "conflict: latest",
    ),
    key("drift", Shape::Words(DRIFTS), "What a changed target of a one-way field means; by default as the sync says.", "drift: leave"),
    key(
        "write",
        Shape::Either(&Shape::Words(WRITES), &SIDE_WORDS_WRITE),
        "When the field of an existing record is written. Default: always.",
        "write: fill_empty",
    ),
]);

impl Shape {
    /// What should stand here, for a person.
    pub(crate) fn expected(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Master => "`left`, `right` or a connection's name".to_owned(),
            Self::Scalar => "text, a number, true or false".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Whole(least, most) if least == most => format!("the number {least}"),
            Self::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Self::Percent => "a number from 0 to 100".to_owned(),
            Self::Words(words) => crate::findings::listed(words.iter().copied()),
            Self::Schedule => "a schedule in words".to_owned(),
            Self::Keys(_) | Self::Connection(_) => "keys with values".to_owned(),
            Self::Named(what, _) => format!("names, each with a {what} under it"),
            Self::Table => "values, each with its counterpart".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Either(simple, detailed) => format!("{}, or {}", simple.expected(), detailed.expected()),
        }
    }
}
