//! The objects and their attributes: how each travels, and which ones we may send (fact sheet §5.1: documented, the official SDKs, recorded).

use syncline_model::ObjectKind;

/// What can be read. Of these, users are decoded, not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Contact,
    Lead,
    Deal,
    Task,
    Note,
    User,
    Appointment,
}

impl Kind {
    pub(crate) fn of(kind: &ObjectKind) -> Option<Self> {
        [Self::Contact, Self::Lead, Self::Deal, Self::Task, Self::Note, Self::User, Self::Appointment]
            .into_iter()
            .find(|known| known.name() == kind.as_str())
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Lead => "lead",
            Self::Deal => "deal",
            Self::Task => "task",
            Self::Note => "note",
            Self::User => "user",
            Self::Appointment => "appointment",
        }
    }

    /// The collection's name in paths, and in sentences.
    pub(crate) const fn plural(self) -> &'static str {
        match self {
            Self::Contact => "contacts",
            Self::Lead => "leads",
            Self::Deal => "deals",
            Self::Task => "tasks",
            Self::Note => "notes",
            Self::User => "users",
            Self::Appointment => "appointments",
        }
    }

    pub(crate) fn object(self) -> ObjectKind {
        ObjectKind::new(self.name())
    }

    pub(crate) const fn attributes(self) -> &'static [Attribute] {
        match self {
            Self::Contact => CONTACT,
            Self::Lead => LEAD,
            Self::Deal => DEAL,
            Self::Task => TASK,
            Self::Note => NOTE,
            Self::User => USER,
            Self::Appointment => APPOINTMENT,
        }
    }

    pub(crate) fn attribute(self, name: &str) -> Option<&'static Attribute> {
        self.attributes().iter().find(|attribute| attribute.name == name)
    }

    /// Whether there is a list of it, and each can be asked for. Appointments are known to Firehose alone (fact sheet §8.3: documented).
    pub(crate) const fn is_listed(self) -> bool {
        !matches!(self, Self::Appointment)
    }

    /// Whether the customer can add fields to it.
    pub(crate) const fn has_custom_fields(self) -> bool {
        matches!(self, Self::Contact | Self::Lead | Self::Deal)
    }

    /// The fields by which its list can be filtered (fact sheet §5).
    pub(crate) const fn filters(self) -> &'static [&'static str] {
        match self {
            Self::Contact => &["email", "name", "first_name", "last_name", "contact_id"],
            Self::Lead => &["email", "first_name", "last_name", "organization_name"],
            Self::Deal => &["contact_id", "organization_id"],
            Self::Task | Self::Note | Self::User | Self::Appointment => &[],
        }
    }
}

/// The parts of an address. No coordinates come with it; the country is a free text.
pub(crate) const ADDRESS_PARTS: [&str; 5] = ["line1", "city", "postal_code", "state", "country"];
/// The name under which a custom field stands in a record: `custom_fields.<its display name>`, for the wire knows no other (fact sheet §5.2).
pub(crate) const CUSTOM: &str = "custom_fields";

/// The custom field's own name, if this is the name of one.
pub(crate) fn custom_name(field: &str) -> Option<&str> {
    field.strip_prefix("custom_fields.")
}

/// An address's attribute and part, if this is the name of one: `billing_address.city`.
pub(crate) fn address_part(kind: Kind, field: &str) -> Option<(&'static str, &'static str)> {
    let (address, part) = field.split_once('.')?;
    let attribute = kind.attribute(address).filter(|attribute| attribute.form == Form::Address)?;
    ADDRESS_PARTS.into_iter().find(|known| *known == part).map(|part| (attribute.name, part))
}

/// How an attribute travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Flag,
    /// A whole number; ids of what is not synced among them.
    Number,
    /// An amount: a number in old answers, a text in new ones.
    Amount,
    /// The id of a record of this kind, or of a user.
    Reference(Kind),
    Moment,
    Day,
    Tags,
    /// Objects that each name another record: by the member for its type, and that for its id. A text each: `deal:2502127`.
    Links(&'static str, &'static str),
    /// An object of parts, each a field of its own here.
    Address,
    /// One of these.
    OneOf(&'static [&'static str]),
}

/// When we may send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    /// Only when the record is made.
    Create,
    Read,
}

#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    pub(crate) access: Access,
}

const fn write(name: &'static str, form: Form) -> Attribute {
    Attribute { name, form, access: Access::Write }
}

const fn read(name: &'static str, form: Form) -> Attribute {
    Attribute { name, form, access: Access::Read }
}

const CONTACT: &[Attribute] = &[
    // A person's is made of the two others; an organisation has this one alone.
    write("name", Form::Text),
    write("first_name", Form::Text),
    write("last_name", Form::Text),
    Attribute { name: "is_organization", form: Form::Flag, access: Access::Create },
    write("contact_id", Form::Reference(Kind::Contact)),
    write("parent_organization_id", Form::Reference(Kind::Contact)),
    write("email", Form::Text),
    write("phone", Form::Text),
    write("mobile", Form::Text),
    write("fax", Form::Text),
    write("title", Form::Text),
    write("description", Form::Text),
    write("industry", Form::Text),
    write("website", Form::Text),
    write("twitter", Form::Text),
    write("facebook", Form::Text),
    write("linkedin", Form::Text),
    write("skype", Form::Text),
    write("customer_status", Form::OneOf(&["none", "current", "past"])),
    write("prospect_status", Form::OneOf(&["none", "current", "lost"])),
    write("address", Form::Address),
    write("billing_address", Form::Address),
    write("shipping_address", Form::Address),
    write("tags", Form::Tags),
    write("owner_id", Form::Reference(Kind::User)),
    read("creator_id", Form::Reference(Kind::User)),
    read("created_at", Form::Moment),
    read("updated_at", Form::Moment),
];

const LEAD: &[Attribute] = &[
    write("first_name", Form::Text),
    write("last_name", Form::Text),
    write("organization_name", Form::Text),
    // A free text of the account's own list.
    write("status", Form::Text),
    write("source_id", Form::Number),
    write("unqualified_reason_id", Form::Number),
    write("email", Form::Text),
    write("phone", Form::Text),
    write("mobile", Form::Text),
    write("fax", Form::Text),
    write("title", Form::Text),
    write("description", Form::Text),
    write("industry", Form::Text),
    write("website", Form::Text),
    write("twitter", Form::Text),
    write("facebook", Form::Text),
    write("linkedin", Form::Text),
    write("skype", Form::Text),
    write("address", Form::Address),
    write("tags", Form::Tags),
    write("owner_id", Form::Reference(Kind::User)),
    read("creator_id", Form::Reference(Kind::User)),
    read("created_at", Form::Moment),
    read("updated_at", Form::Moment),
];

const DEAL: &[Attribute] = &[
    write("name", Form::Text),
    write("value", Form::Amount),
    write("currency", Form::Text),
    write("hot", Form::Flag),
    write("contact_id", Form::Reference(Kind::Contact)),
    read("organization_id", Form::Reference(Kind::Contact)),
    write("stage_id", Form::Number),
    write("source_id", Form::Number),
    write("loss_reason_id", Form::Number),
    write("unqualified_reason_id", Form::Number),
    write("estimated_close_date", Form::Day),
    write("customized_win_likelihood", Form::Number),
    read("dropbox_email", Form::Text),
    write("last_stage_change_at", Form::Moment),
    read("last_stage_change_by_id", Form::Reference(Kind::User)),
    read("last_activity_at", Form::Moment),
    // The SDKs write `added_on`; which one an account takes is unverified, so it is not sent.
    read("added_at", Form::Moment),
    write("tags", Form::Tags),
    write("owner_id", Form::Reference(Kind::User)),
    read("creator_id", Form::Reference(Kind::User)),
    read("created_at", Form::Moment),
    read("updated_at", Form::Moment),
];

const TASK: &[Attribute] = &[
    write("content", Form::Text),
    write("completed", Form::Flag),
    read("completed_at", Form::Moment),
    write("due_date", Form::Moment),
    read("overdue", Form::Flag),
    write("remind_at", Form::Moment),
    write("resource_type", Form::OneOf(&["lead", "contact", "deal"])),
    write("resource_id", Form::Number),
    write("owner_id", Form::Reference(Kind::User)),
    read("creator_id", Form::Reference(Kind::User)),
    read("created_at", Form::Moment),
    read("updated_at", Form::Moment),
];

const NOTE: &[Attribute] = &[
    write("content", Form::Text),
    write("is_important", Form::Flag),
    // `sales_account` may stand here too (unverified): a text without a list of its own.
    write("resource_type", Form::Text),
    write("resource_id", Form::Number),
    write("tags", Form::Tags),
    read("type", Form::Text),
    read("creator_id", Form::Reference(Kind::User)),
    read("created_at", Form::Moment),
    read("updated_at", Form::Moment),
];

const USER: &[Attribute] = &[
    read("name", Form::Text),
    read("email", Form::Text),
    read("status", Form::Text),
    read("role", Form::Text),
    read("confirmed", Form::Flag),
    read("invited", Form::Flag),
    read("phone_number", Form::Text),
    read("timezone", Form::Text),
    read("team_name", Form::Text),
    read("reports_to", Form::Number),
    read("zendesk_user_id", Form::Text),
    read("deleted_at", Form::Moment),
    read("created_at", Form::Moment),
    read("updated_at", Form::Moment),
];

const APPOINTMENT: &[Attribute] = &[
    read("name", Form::Text),
    read("description", Form::Text),
    read("location", Form::Text),
    read("all_day", Form::Flag),
    read("start_at", Form::Moment),
    read("end_at", Form::Moment),
    read("reminder_offset", Form::Number),
    read("send_updates", Form::Flag),
    // What it is about, and who is invited.
    read("contexts", Form::Links("contextable_type", "contextable_id")),
    read("invitations", Form::Links("invitable_type", "invitable_id")),
    // Whose it is.
    read("user_id", Form::Reference(Kind::User)),
    read("creator_id", Form::Reference(Kind::User)),
    read("created_at", Form::Moment),
];
