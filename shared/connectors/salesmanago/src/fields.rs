//! Which fields a contact has, under which names configs map them, and where the wire has them (fact sheet §3, §4).

use std::collections::BTreeSet;

use syncline_model::{Choice, FieldSchema, FieldType, ObjectKind, ObjectSchema};

pub(crate) const CONTACT: &str = "contact";
/// Who can own a contact; no object that is synced.
const USER: &str = "user";
/// Before the name of one of the account's own contact details.
pub(crate) const PROPERTIES: &str = "properties.";

pub(crate) const EMAIL: &str = "email";
pub(crate) const STATE: &str = "state";
pub(crate) const BIRTHDAY: &str = "birthday";
pub(crate) const BIRTHDAY_WITHOUT_YEAR: &str = "birthdayWithoutYear";
pub(crate) const OPTED_OUT: &str = "optedOut";
pub(crate) const OPTED_OUT_PHONE: &str = "optedOutPhone";
pub(crate) const TAGS: &str = "tags";
pub(crate) const OWNER: &str = "mainContactOwner";
pub(crate) const PROVINCE: &str = "province";
pub(crate) const MODIFIED: &str = "modifiedOn";
pub(crate) const CREATED: &str = "createdOn";

/// The states, as the vendor spells them.
const STATES: [(&str, &str); 5] =
    [("CUSTOMER", "Client"), ("PROSPECT", "Prospect"), ("PARTNER", "Partner"), ("OTHER", "Other"), ("UNKNOWN", "Unknown")];

/// How the wire has a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A text inside `contact`, under its own name.
    Contact,
    /// A text inside `contact.address`.
    Address(&'static str),
    /// A text beside `contact` when written, inside it when read.
    Beside,
    Birthday,
    /// Read as a state, written as a push (fact sheet §4).
    OptOut,
    Tags,
    Owner,
    /// Only read.
    Computed,
}

pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    label: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Email,
    Phone,
    Date,
    Moment,
    Flag,
    Number,
    State,
    Set,
    /// By their e-mail address in lower case.
    User,
}

const fn of(name: &'static str, label: &'static str, kind: Kind, place: Place) -> Attribute {
    Attribute { name, place, label, kind }
}

/// In a stable order.
pub(crate) const ATTRIBUTES: &[Attribute] = &[
    of("name", "Name", Kind::Text, Place::Contact),
    of(EMAIL, "E-mail", Kind::Email, Place::Contact),
    of("phone", "Phone", Kind::Phone, Place::Contact),
    of("fax", "Fax", Kind::Phone, Place::Contact),
    of("company", "Company", Kind::Text, Place::Contact),
    of("externalId", "External id", Kind::Text, Place::Contact),
    of(STATE, "State", Kind::State, Place::Contact),
    of("address.streetAddress", "Street", Kind::Text, Place::Address("streetAddress")),
    of("address.zipCode", "Postcode", Kind::Text, Place::Address("zipCode")),
    of("address.city", "City", Kind::Text, Place::Address("city")),
    of("address.country", "Country", Kind::Text, Place::Address("country")),
    of(PROVINCE, "Province", Kind::Text, Place::Beside),
    of(BIRTHDAY, "Date of birth", Kind::Date, Place::Birthday),
    of(BIRTHDAY_WITHOUT_YEAR, "Birthday without a year", Kind::Text, Place::Computed),
    of(OPTED_OUT, "Opted out of e-mail", Kind::Flag, Place::OptOut),
    of(OPTED_OUT_PHONE, "Opted out of mobile", Kind::Flag, Place::OptOut),
    of(TAGS, "Tags", Kind::Set, Place::Tags),
    of(OWNER, "Owner", Kind::User, Place::Owner),
    of("score", "Score", Kind::Number, Place::Computed),
    of("invalid", "Invalid address", Kind::Flag, Place::Computed),
    of(CREATED, "Created", Kind::Moment, Place::Computed),
    of(MODIFIED, "Modified", Kind::Moment, Place::Computed),
];

pub(crate) fn attribute(name: &str) -> Option<&'static Attribute> {
    ATTRIBUTES.iter().find(|attribute| attribute.name == name)
}

/// The name of an own detail, from a field's.
pub(crate) fn property(field: &str) -> Option<&str> {
    field.strip_prefix(PROPERTIES).filter(|name| !name.is_empty())
}

/// The vendor has no metadata: the fixed fields, and the details that the settings name.
pub(crate) fn schema(properties: &[String]) -> ObjectSchema {
    let mut fields: Vec<FieldSchema> = ATTRIBUTES.iter().map(described).collect();
    let named: BTreeSet<&String> = properties.iter().collect();
    fields.extend(named.into_iter().map(|name| {
        let mut field = FieldSchema::new(format!("{PROPERTIES}{name}"), name.as_str(), FieldType::Text);
        field.custom = true;
        field
    }));
    ObjectSchema { kind: ObjectKind::new(CONTACT), fields }
}

fn described(attribute: &Attribute) -> FieldSchema {
    let field_type = match attribute.kind {
        Kind::Text => FieldType::Text,
        Kind::Email => FieldType::Email,
        Kind::Phone => FieldType::Phone,
        Kind::Date => FieldType::Date,
        Kind::Moment => FieldType::DateTime,
        Kind::Flag => FieldType::Bool,
        Kind::Number => FieldType::Integer,
        Kind::State => {
            let choices = STATES.map(|(value, label)| Choice { value: value.to_owned(), label: label.to_owned() });
            FieldType::Choice { choices: choices.into(), restricted: true }
        }
        Kind::Set => FieldType::Set { choices: Vec::new() },
        Kind::User => FieldType::Reference { to: vec![ObjectKind::new(USER)] },
    };
    let mut field = FieldSchema::new(attribute.name, attribute.label, field_type);
    let writable = attribute.place != Place::Computed;
    (field.creatable, field.updatable, field.calculated) = (writable, writable, !writable);
    // The key of every contact that the API makes (fact sheet §4).
    (field.required, field.unique, field.upsert_key) = (attribute.name == EMAIL, attribute.name == EMAIL, attribute.name == EMAIL);
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_details_stand_in_the_schema_where_the_settings_name_them() {
        let schema = schema(&["zoho_id".to_owned(), "custom.nickname".to_owned(), "zoho_id".to_owned()]);
        let own: Vec<&str> = schema.fields.iter().filter(|field| field.custom).map(|field| field.name.as_str()).collect();
        assert_eq!(own, ["properties.custom.nickname", "properties.zoho_id"]);
        let states = &schema.field("state").unwrap().field_type;
        assert!(matches!(states, FieldType::Choice { choices, restricted: true } if choices[0].value == "CUSTOMER"));
        assert!(!schema.field("birthdayWithoutYear").unwrap().updatable && schema.field("email").unwrap().unique);
    }
}
