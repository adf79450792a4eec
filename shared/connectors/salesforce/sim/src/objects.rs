//! The schema: objects and fields, read from a table, and custom fields that are added later.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// A field's type, as describe names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Id,
    String,
    TextArea,
    Boolean,
    Int,
    Double,
    Currency,
    Percent,
    Date,
    DateTime,
    Phone,
    Email,
    Url,
    Picklist,
    MultiPicklist,
    Reference,
    Address,
}

impl Kind {
    pub(crate) fn wire(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::String => "string",
            Self::TextArea => "textarea",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Double => "double",
            Self::Currency => "currency",
            Self::Percent => "percent",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Url => "url",
            Self::Picklist => "picklist",
            Self::MultiPicklist => "multipicklist",
            Self::Reference => "reference",
            Self::Address => "address",
        }
    }

    pub(crate) fn soap(self) -> &'static str {
        match self {
            Self::Id | Self::Reference => "tns:ID",
            Self::Boolean => "xsd:boolean",
            Self::Int => "xsd:int",
            Self::Double | Self::Currency | Self::Percent => "xsd:double",
            Self::Date => "xsd:date",
            Self::DateTime => "xsd:dateTime",
            Self::Address => "urn:address",
            Self::String | Self::TextArea | Self::Phone | Self::Email | Self::Url | Self::Picklist | Self::MultiPicklist => "xsd:string",
        }
    }

    pub(crate) fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Double | Self::Currency | Self::Percent)
    }

    /// Compared without regard to case, and written between quotes.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::String | Self::TextArea | Self::Phone | Self::Email | Self::Url | Self::Picklist | Self::MultiPicklist)
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "string" | "personname" => Self::String,
            "textarea" => Self::TextArea,
            "boolean" => Self::Boolean,
            "int" => Self::Int,
            "double" => Self::Double,
            "currency" => Self::Currency,
            "percent" => Self::Percent,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "phone" => Self::Phone,
            "email" => Self::Email,
            "url" => Self::Url,
            "picklist" => Self::Picklist,
            "multipicklist" => Self::MultiPicklist,
            "reference" => Self::Reference,
            _ => return None,
        })
    }
}

/// Where a field's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Stored,
    Id,
    IsDeleted,
    CreatedDate,
    CreatedById,
    LastModifiedDate,
    LastModifiedById,
    SystemModstamp,
    PersonName,
    /// The parts with this prefix.
    Address(String),
}

/// A field.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of the vendor's describe answer")]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) kind: Kind,
    pub(crate) source: Source,
    pub(crate) length: u32,
    pub(crate) precision: u32,
    pub(crate) scale: u32,
    pub(crate) required: bool,
    pub(crate) createable: bool,
    pub(crate) updateable: bool,
    pub(crate) defaulted: bool,
    pub(crate) default: Json,
    pub(crate) unique: bool,
    pub(crate) case_sensitive: bool,
    pub(crate) external_id: bool,
    pub(crate) id_lookup: bool,
    pub(crate) calculated: bool,
    pub(crate) auto_number: bool,
    pub(crate) custom: bool,
    pub(crate) restricted: bool,
    pub(crate) choices: Vec<String>,
    pub(crate) refers_to: Option<String>,
    pub(crate) relationship: Option<String>,
    pub(crate) children: Option<String>,
    pub(crate) cascade: bool,
    pub(crate) filterable: bool,
    pub(crate) indexed: bool,
    pub(crate) compound: Option<String>,
    /// Field-level security hides it from the integration user.
    pub(crate) hidden: bool,
}

impl Field {
    pub(crate) fn new(name: &str, kind: Kind, length: u32) -> Self {
        Self {
            name: name.to_owned(),
            label: label(name),
            kind,
            source: Source::Stored,
            length,
            precision: 0,
            scale: 0,
            required: false,
            createable: true,
            updateable: true,
            defaulted: kind == Kind::Boolean,
            default: Json::Null,
            unique: false,
            case_sensitive: false,
            external_id: false,
            id_lookup: false,
            calculated: false,
            auto_number: false,
            custom: name.ends_with("__c"),
            restricted: false,
            choices: Vec::new(),
            refers_to: None,
            relationship: None,
            children: None,
            cascade: false,
            filterable: true,
            indexed: kind == Kind::Reference,
            compound: None,
            hidden: false,
        }
    }

    fn system(name: &str, kind: Kind, source: Source) -> Self {
        let mut field = Self::new(name, kind, if kind == Kind::Id { 18 } else { 0 });
        field.source = source;
        field.createable = false;
        field.updateable = false;
        field.required = true;
        field.defaulted = true;
        field.indexed = false;
        field.id_lookup = kind == Kind::Id;
        field
    }

    fn reference_to_user(mut self, relationship: &str) -> Self {
        self.refers_to = Some("User".to_owned());
        self.relationship = Some(relationship.to_owned());
        self.length = 18;
        self
    }
}

/// An object.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) name: String,
    pub(crate) prefix: String,
    pub(crate) plural: String,
    /// Reached through the tooling API only.
    pub(crate) tooling: bool,
    pub(crate) fields: Vec<Field>,
    by_name: BTreeMap<String, usize>,
    /// When the schema last changed, in seconds.
    pub(crate) changed_at: i64,
}

impl Object {
    fn new(name: &str, prefix: &str, plural: &str, tooling: bool) -> Self {
        let mut object = Self {
            name: name.to_owned(),
            prefix: prefix.to_owned(),
            plural: plural.to_owned(),
            tooling,
            fields: Vec::new(),
            by_name: BTreeMap::new(),
            changed_at: 1_765_397_474,
        };
        object.add(Field::system("Id", Kind::Id, Source::Id));
        object.add(Field::system("IsDeleted", Kind::Boolean, Source::IsDeleted));
        object
    }

    fn add_audit_fields(&mut self) {
        let user = |name, source, relationship| Field::system(name, Kind::Reference, source).reference_to_user(relationship);
        self.add(Field::system("CreatedDate", Kind::DateTime, Source::CreatedDate));
        self.add(user("CreatedById", Source::CreatedById, "CreatedBy"));
        self.add(Field::system("LastModifiedDate", Kind::DateTime, Source::LastModifiedDate));
        self.add(user("LastModifiedById", Source::LastModifiedById, "LastModifiedBy"));
        self.add(Field::system("SystemModstamp", Kind::DateTime, Source::SystemModstamp));
    }

    pub(crate) fn add(&mut self, field: Field) -> usize {
        let index = self.fields.len();
        self.by_name.insert(field.name.to_ascii_lowercase(), index);
        self.fields.push(field);
        index
    }

    /// A field's place, by its name in any case.
    pub(crate) fn index_of(&self, name: &str) -> Option<usize> {
        if let Some(index) = self.by_name.get(name) {
            return Some(*index);
        }
        self.by_name.get(&name.to_ascii_lowercase()).copied()
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(self.index_of(name)?)
    }

    pub(crate) fn field_mut(&mut self, name: &str) -> Option<&mut Field> {
        let index = self.index_of(name)?;
        self.fields.get_mut(index)
    }

    /// The reference with this relationship name.
    pub(crate) fn relationship(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.relationship.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(name)))
    }

    /// Whether rows of this object can be merged, and so have `MasterRecordId` (fact sheet §3.2).
    pub(crate) fn is_mergeable(&self) -> bool {
        self.field("MasterRecordId").is_some()
    }
}

/// The standard objects, and the lines that could not be read.
pub(crate) fn standard() -> (Vec<Object>, Vec<String>) {
    let mut objects: Vec<Object> = Vec::new();
    let mut unread = Vec::new();
    for line in include_str!("objects.table").lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let words: Vec<&str> = line.split(' ').collect();
        let read = match (words.as_slice(), objects.last_mut()) {
            (["object", name, prefix, plural, flags @ ..], _) => {
                objects.push(Object::new(name, prefix, plural, flags.contains(&"tooling")));
                true
            }
            (["address", prefix], Some(object)) => {
                add_address(object, prefix);
                true
            }
            (["plainaddress"], Some(object)) => {
                add_address(object, "");
                true
            }
            ([name, kind, flags @ ..], Some(object)) => read_field(name, kind, flags).is_some_and(|field| {
                object.add(field);
                true
            }),
            _ => false,
        };
        if !read {
            unread.push(line.to_owned());
        }
    }
    for object in &mut objects {
        object.add_audit_fields();
    }
    (objects, unread)
}

fn read_field(name: &str, kind: &str, flags: &[&str]) -> Option<Field> {
    let (kind_name, length) = kind.split_once(':').unwrap_or((kind, "0"));
    let mut field = Field::new(name, Kind::named(kind_name)?, length.parse().ok()?);
    if kind_name == "personname" {
        field.source = Source::PersonName;
        field.indexed = false;
    }
    if field.kind == Kind::Reference {
        field.length = 18;
    }
    if field.kind.is_number() {
        (field.precision, field.length) = (field.length, 0);
    }
    for flag in flags {
        let (flag, value) = flag.split_once('=').unwrap_or((flag, ""));
        let text = || value.replace('_', " ");
        match flag {
            "required" => field.required = true,
            "ro" => (field.createable, field.updateable) = (false, false),
            "create" => field.updateable = false,
            "defaulted" => field.defaulted = true,
            "idlookup" => (field.id_lookup, field.indexed) = (true, true),
            "index" => field.indexed = true,
            "restricted" => field.restricted = true,
            "nofilter" => field.filterable = false,
            "cascade" => field.cascade = true,
            "auto" => field.auto_number = true,
            "to" => field.refers_to = Some(value.to_owned()),
            "rel" => field.relationship = Some(value.to_owned()),
            "children" => field.children = Some(value.to_owned()),
            "choices" => field.choices = text().split('|').map(str::to_owned).collect(),
            "default" => field.default = Json::String(text()),
            "scale" => field.scale = value.parse().ok()?,
            _ => return None,
        }
    }
    Some(field)
}

fn add_address(object: &mut Object, prefix: &str) {
    let compound = format!("{prefix}Address");
    let parts =
        [("Street", Kind::TextArea, 255), ("City", Kind::String, 40), ("State", Kind::String, 80), ("PostalCode", Kind::String, 20)];
    for (part, kind, length) in parts.into_iter().chain([("Country", Kind::String, 80)]) {
        let mut field = Field::new(&format!("{prefix}{part}"), kind, length);
        field.compound = Some(compound.clone());
        object.add(field);
    }
    for part in ["Latitude", "Longitude"] {
        let mut field = Field::new(&format!("{prefix}{part}"), Kind::Double, 0);
        (field.precision, field.scale, field.compound) = (18, 15, Some(compound.clone()));
        object.add(field);
    }
    let mut accuracy = Field::new(&format!("{prefix}GeocodeAccuracy"), Kind::Picklist, 40);
    accuracy.compound = Some(compound.clone());
    object.add(accuracy);
    let mut whole = Field::new(&compound, Kind::Address, 0);
    whole.source = Source::Address(prefix.to_owned());
    (whole.createable, whole.updateable, whole.indexed) = (false, false, false);
    object.add(whole);
}

/// A label from an API name: `FirstName` is `First Name`, `AccountId` is `Account ID`.
fn label(name: &str) -> String {
    let plain = name.trim_end_matches("__c").replace('_', " ");
    let mut label = String::new();
    let mut before_is_lower = false;
    for letter in plain.chars() {
        if letter.is_uppercase() && before_is_lower {
            label.push(' ');
        }
        before_is_lower = letter.is_lowercase();
        label.push(letter);
    }
    if let Some(stem) = label.strip_suffix(" Id") { format!("{stem} ID") } else { label }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        let (objects, unread) = standard();
        assert_eq!(unread, Vec::<String>::new());
        assert_eq!(objects.len(), 13);
    }

    #[test]
    fn references_point_to_objects_that_exist() {
        let (objects, _) = standard();
        for field in objects.iter().flat_map(|object| &object.fields) {
            let known = field.refers_to.as_ref().is_none_or(|target| objects.iter().any(|object| &object.name == target));
            assert!(known, "{}", field.name);
        }
    }

    #[test]
    fn labels_are_words() {
        assert_eq!(label("FirstName"), "First Name");
        assert_eq!(label("AccountId"), "Account ID");
        assert_eq!(label("Freshdesk_Id__c"), "Freshdesk ID");
    }
}
