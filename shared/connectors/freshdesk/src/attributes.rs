//! The default attributes of a contact and a company: how each travels, and which ones we may send.
//!
//! Names, types and rights: fact sheet §2.1 and §2.2 (documented; `first_name`, `visitor_id`, `org_contact_id` and their like recorded).

use syncline_model::ObjectKind;

/// The two objects that can be synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Contact,
    Company,
}

impl Kind {
    pub(crate) fn of(kind: &ObjectKind) -> Option<Self> {
        match kind.as_str() {
            "contact" => Some(Self::Contact),
            "company" => Some(Self::Company),
            _ => None,
        }
    }

    pub(crate) fn object(self) -> ObjectKind {
        ObjectKind::new(self.name())
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Company => "company",
        }
    }

    /// The collection's name in paths, and in sentences.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Contact => "contacts",
            Self::Company => "companies",
        }
    }

    pub(crate) fn attributes(self) -> &'static [Attribute] {
        match self {
            Self::Contact => CONTACT,
            Self::Company => COMPANY,
        }
    }

    pub(crate) fn attribute(self, name: &str) -> Option<&'static Attribute> {
        self.attributes().iter().find(|attribute| attribute.name == name)
    }

    /// Members of the single-record answer that list rows leave out (fact sheet §3.2: documented and recorded).
    pub(crate) fn thin_fields(self) -> &'static [&'static str] {
        match self {
            Self::Contact => THIN_CONTACT,
            Self::Company => &[],
        }
    }
}

pub(crate) const THIN_CONTACT: &[&str] = &["tags", "other_emails", "view_all_tickets", "other_companies"];

/// The name under which a custom field stands in a record: `custom_fields.<name>`.
pub(crate) const CUSTOM: &str = "custom_fields";

/// The custom field's own name, if this is the name of one.
pub(crate) fn custom_name(field: &str) -> Option<&str> {
    field.strip_prefix("custom_fields.").map(without_prefix)
}

/// Tickets and the app platform write `cf_department` where contacts write `department` (fact sheet §2.4: documented, recorded).
pub(crate) fn without_prefix(name: &str) -> &str {
    name.strip_prefix("cf_").unwrap_or(name)
}

/// How an attribute travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Flag,
    /// A company's id, a number on the wire.
    Company,
    /// A list of texts whose order means nothing.
    Texts,
    /// Companies beside the primary one: a list of ids, or of objects with `company_id`.
    Companies,
    /// A day; it comes back as midnight UTC.
    Day,
    Moment,
}

#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    /// The vendor refuses a body with any other attribute (`invalid_field`), read-only ones included.
    pub(crate) writable: bool,
}

const fn writable(name: &'static str, form: Form) -> Attribute {
    Attribute { name, form, writable: true }
}

const fn read_only(name: &'static str, form: Form) -> Attribute {
    Attribute { name, form, writable: false }
}

const CONTACT: &[Attribute] = &[
    writable("name", Form::Text),
    writable("email", Form::Text),
    writable("other_emails", Form::Texts),
    writable("phone", Form::Text),
    writable("mobile", Form::Text),
    writable("twitter_id", Form::Text),
    writable("unique_external_id", Form::Text),
    writable("company_id", Form::Company),
    writable("view_all_tickets", Form::Flag),
    // Not written: an object without its `view_all_tickets` would reset that right.
    read_only("other_companies", Form::Companies),
    writable("job_title", Form::Text),
    writable("address", Form::Text),
    writable("description", Form::Text),
    writable("language", Form::Text),
    writable("time_zone", Form::Text),
    writable("tags", Form::Texts),
    read_only("active", Form::Flag),
    read_only("deleted", Form::Flag),
    read_only("contact_type", Form::Text),
    read_only("first_name", Form::Text),
    read_only("last_name", Form::Text),
    read_only("visitor_id", Form::Text),
    read_only("org_contact_id", Form::Text),
    read_only("facebook_id", Form::Text),
    read_only("preferred_source", Form::Text),
    read_only("created_at", Form::Moment),
    read_only("updated_at", Form::Moment),
];

const COMPANY: &[Attribute] = &[
    writable("name", Form::Text),
    writable("description", Form::Text),
    writable("note", Form::Text),
    writable("domains", Form::Texts),
    writable("health_score", Form::Text),
    writable("account_tier", Form::Text),
    writable("renewal_date", Form::Day),
    writable("industry", Form::Text),
    read_only("org_company_id", Form::Text),
    read_only("created_at", Form::Moment),
    read_only("updated_at", Form::Moment),
];
