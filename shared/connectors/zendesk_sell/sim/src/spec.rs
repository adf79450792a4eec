//! Which resources there are, which attributes they have, and what may be asked of them (fact sheet §5, §8.2).

/// What kind of value an attribute has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    Text,
    Flag,
    Email,
    /// line1, city, `postal_code`, state, country.
    Address,
    /// Texts; new ones become tags of the account.
    Tags,
    /// By display name.
    Custom,
    /// Kept as a decimal, shown as the profile says.
    Money,
    Date,
    Moment,
    Choice(&'static [&'static str]),
    /// The id of a row of this resource.
    Reference(&'static str),
    /// The id of a row of what `resource_type` names.
    Related,
    Integers,
    /// Objects, as they come.
    Objects,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rights {
    Write,
    /// Settable at creation only.
    Create,
    Read,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) rights: Rights,
}

const fn rw(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, rights: Rights::Write }
}

const fn once(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, rights: Rights::Create }
}

const fn ro(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, rights: Rights::Read }
}

/// One resource. `id`, `created_at` and `updated_at` come with each and do not stand in the list of fields.
#[derive(Debug)]
pub(crate) struct Resource {
    /// As paths name it: `contacts`.
    pub(crate) path: &'static str,
    /// As `meta.type` and errors name it: `contact`.
    pub(crate) name: &'static str,
    pub(crate) fields: &'static [Field],
    /// `None`: not in Core.
    pub(crate) core: Option<Core>,
    /// Whether Firehose has a stream of it, and which name the path has there.
    pub(crate) streamed: bool,
    /// Whether the Sync API tells of it.
    pub(crate) synced: bool,
}

/// What Core offers of a resource.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) writes: bool,
    pub(crate) upserts: bool,
    /// The order of lists; `None`: lists take no `sort_by`, and come by id.
    pub(crate) sort: Option<&'static str>,
    /// Further query parameters of lists.
    pub(crate) filters: &'static [&'static str],
}

impl Resource {
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub(crate) fn has_custom_fields(&self) -> bool {
        self.fields.iter().any(|field| field.kind == Kind::Custom)
    }
}

const fn full(sort: &'static str, filters: &'static [&'static str]) -> Core {
    Core { writes: true, upserts: false, sort: Some(sort), filters }
}

const fn upsertable(sort: &'static str, filters: &'static [&'static str]) -> Core {
    Core { writes: true, upserts: true, sort: Some(sort), filters }
}

const fn readable(filters: &'static [&'static str]) -> Core {
    Core { writes: false, upserts: false, sort: Some("id"), filters }
}

const PLACES: [&str; 3] = ["address[city]", "address[postal_code]", "address[country]"];

pub(crate) static CONTACTS: Resource = Resource {
    path: "contacts",
    name: "contact",
    fields: &[
        ro("creator_id", Kind::Integer),
        rw("owner_id", Kind::Reference("users")),
        once("is_organization", Kind::Flag),
        rw("contact_id", Kind::Reference("contacts")),
        rw("parent_organization_id", Kind::Reference("contacts")),
        rw("name", Kind::Text),
        rw("first_name", Kind::Text),
        rw("last_name", Kind::Text),
        rw("customer_status", Kind::Choice(&["none", "current", "past"])),
        rw("prospect_status", Kind::Choice(&["none", "current", "lost"])),
        rw("title", Kind::Text),
        rw("description", Kind::Text),
        rw("industry", Kind::Text),
        rw("website", Kind::Text),
        rw("email", Kind::Email),
        rw("phone", Kind::Text),
        rw("mobile", Kind::Text),
        rw("fax", Kind::Text),
        rw("twitter", Kind::Text),
        rw("facebook", Kind::Text),
        rw("linkedin", Kind::Text),
        rw("skype", Kind::Text),
        rw("address", Kind::Address),
        rw("billing_address", Kind::Address),
        rw("shipping_address", Kind::Address),
        rw("tags", Kind::Tags),
        rw("custom_fields", Kind::Custom),
    ],
    core: Some(upsertable(
        "last_name",
        &["name", "first_name", "last_name", "email", "contact_id", "is_organization", PLACES[0], PLACES[1], PLACES[2]],
    )),
    streamed: true,
    synced: true,
};

pub(crate) static LEADS: Resource = Resource {
    path: "leads",
    name: "lead",
    fields: &[
        ro("creator_id", Kind::Integer),
        rw("owner_id", Kind::Reference("users")),
        rw("first_name", Kind::Text),
        rw("last_name", Kind::Text),
        rw("organization_name", Kind::Text),
        rw("status", Kind::Text),
        rw("source_id", Kind::Reference("lead_sources")),
        rw("title", Kind::Text),
        rw("description", Kind::Text),
        rw("industry", Kind::Text),
        rw("website", Kind::Text),
        rw("email", Kind::Email),
        rw("phone", Kind::Text),
        rw("mobile", Kind::Text),
        rw("fax", Kind::Text),
        rw("twitter", Kind::Text),
        rw("facebook", Kind::Text),
        rw("linkedin", Kind::Text),
        rw("skype", Kind::Text),
        rw("address", Kind::Address),
        rw("tags", Kind::Tags),
        rw("custom_fields", Kind::Custom),
        rw("unqualified_reason_id", Kind::Reference("lead_unqualified_reasons")),
    ],
    core: Some(upsertable(
        "updated_at",
        &[
            "creator_id",
            "owner_id",
            "source_id",
            "status",
            "first_name",
            "last_name",
            "organization_name",
            "email",
            PLACES[0],
            PLACES[1],
            PLACES[2],
        ],
    )),
    streamed: true,
    synced: true,
};

pub(crate) static DEALS: Resource = Resource {
    path: "deals",
    name: "deal",
    fields: &[
        ro("creator_id", Kind::Integer),
        rw("owner_id", Kind::Reference("users")),
        rw("name", Kind::Text),
        rw("value", Kind::Money),
        rw("currency", Kind::Text),
        rw("hot", Kind::Flag),
        rw("stage_id", Kind::Reference("stages")),
        rw("source_id", Kind::Reference("deal_sources")),
        rw("loss_reason_id", Kind::Reference("loss_reasons")),
        rw("unqualified_reason_id", Kind::Reference("deal_unqualified_reasons")),
        rw("contact_id", Kind::Reference("contacts")),
        ro("organization_id", Kind::Integer),
        rw("estimated_close_date", Kind::Date),
        rw("customized_win_likelihood", Kind::Integer),
        ro("dropbox_email", Kind::Text),
        rw("last_stage_change_at", Kind::Moment),
        ro("last_stage_change_by_id", Kind::Integer),
        ro("last_activity_at", Kind::Moment),
        rw("added_at", Kind::Moment),
        rw("tags", Kind::Tags),
        rw("custom_fields", Kind::Custom),
    ],
    core: Some(upsertable(
        "id",
        &[
            "name",
            "contact_id",
            "organization_id",
            "owner_id",
            "creator_id",
            "stage_id",
            "source_id",
            "hot",
            "estimated_close_date",
            "includes",
        ],
    )),
    streamed: true,
    synced: true,
};

const RELATED: Kind = Kind::Choice(&["lead", "contact", "deal"]);

pub(crate) static TASKS: Resource = Resource {
    path: "tasks",
    name: "task",
    fields: &[
        ro("creator_id", Kind::Integer),
        rw("owner_id", Kind::Reference("users")),
        rw("resource_type", RELATED),
        rw("resource_id", Kind::Related),
        rw("completed", Kind::Flag),
        ro("completed_at", Kind::Moment),
        rw("due_date", Kind::Moment),
        ro("overdue", Kind::Flag),
        rw("remind_at", Kind::Moment),
        rw("content", Kind::Text),
    ],
    core: Some(full(
        "updated_at",
        &["owner_id", "creator_id", "resource_type", "resource_id", "completed", "overdue", "remind", "type", "q"],
    )),
    streamed: true,
    synced: true,
};

pub(crate) static NOTES: Resource = Resource {
    path: "notes",
    name: "note",
    fields: &[
        ro("creator_id", Kind::Integer),
        rw("resource_type", RELATED),
        rw("resource_id", Kind::Related),
        rw("content", Kind::Text),
        rw("is_important", Kind::Flag),
        rw("tags", Kind::Tags),
        rw("type", Kind::Choice(&["regular", "restricted"])),
    ],
    core: Some(full("updated_at", &["creator_id", "resource_type", "resource_id", "q"])),
    streamed: true,
    synced: true,
};

pub(crate) static CALLS: Resource = Resource {
    path: "calls",
    name: "call",
    fields: &[
        rw("user_id", Kind::Reference("users")),
        rw("summary", Kind::Text),
        rw("recording_url", Kind::Text),
        rw("outcome_id", Kind::Integer),
        rw("duration", Kind::Integer),
        rw("phone_number", Kind::Text),
        rw("incoming", Kind::Flag),
        rw("missed", Kind::Flag),
        rw("external_id", Kind::Text),
        rw("resource_type", RELATED),
        rw("resource_id", Kind::Related),
        rw("associated_deal_ids", Kind::Integers),
        rw("made_at", Kind::Moment),
    ],
    core: Some(Core { writes: true, upserts: false, sort: None, filters: &["resource_type", "resource_id"] }),
    streamed: true,
    // Unknown to the vendor's own clients: met, and acknowledged (fact sheet §7).
    synced: true,
};

pub(crate) static APPOINTMENTS: Resource = Resource {
    path: "appointments",
    name: "appointment",
    fields: &[
        ro("creator_id", Kind::Integer),
        rw("user_id", Kind::Reference("users")),
        rw("name", Kind::Text),
        rw("all_day", Kind::Flag),
        rw("location", Kind::Text),
        rw("send_updates", Kind::Flag),
        rw("reminder_offset", Kind::Integer),
        rw("description", Kind::Text),
        rw("start_at", Kind::Moment),
        rw("end_at", Kind::Moment),
        rw("invitations", Kind::Objects),
        rw("contexts", Kind::Objects),
    ],
    core: None,
    streamed: true,
    synced: false,
};

pub(crate) static USERS: Resource = Resource {
    path: "users",
    name: "user",
    fields: &[
        ro("name", Kind::Text),
        ro("email", Kind::Email),
        ro("status", Kind::Text),
        ro("invited", Kind::Flag),
        ro("confirmed", Kind::Flag),
        ro("confirmation_token", Kind::Text),
        ro("phone_number", Kind::Text),
        ro("role", Kind::Text),
        ro("roles", Kind::Objects),
        ro("team_name", Kind::Text),
        ro("group", Kind::Objects),
        ro("reports_to", Kind::Integer),
        ro("timezone", Kind::Text),
        ro("deleted_at", Kind::Moment),
        ro("zendesk_user_id", Kind::Text),
        ro("identity_type", Kind::Text),
        ro("detached", Kind::Flag),
        ro("sell_login_disabled", Kind::Flag),
        ro("system_tags", Kind::Tags),
    ],
    core: Some(readable(&["email", "name", "role", "status", "confirmed", "zendesk_user_ids"])),
    streamed: true,
    synced: true,
};

pub(crate) static STAGES: Resource = Resource {
    path: "stages",
    name: "stage",
    fields: &[
        ro("name", Kind::Text),
        ro("category", Kind::Text),
        ro("position", Kind::Integer),
        ro("likelihood", Kind::Integer),
        ro("active", Kind::Flag),
        ro("pipeline_id", Kind::Integer),
    ],
    core: Some(readable(&["pipeline_id"])),
    streamed: true,
    synced: true,
};

pub(crate) static PIPELINES: Resource = Resource {
    path: "pipelines",
    name: "pipeline",
    fields: &[ro("name", Kind::Text), ro("disabled", Kind::Flag)],
    core: Some(readable(&[])),
    streamed: true,
    synced: true,
};

pub(crate) static TAGS: Resource = Resource {
    path: "tags",
    name: "tag",
    fields: &[
        ro("creator_id", Kind::Integer),
        rw("name", Kind::Text),
        rw("resource_type", Kind::Choice(&["lead", "contact", "deal", "note"])),
    ],
    core: Some(full("updated_at", &["name", "creator_id", "resource_type"])),
    streamed: true,
    synced: true,
};

pub(crate) static ASSOCIATED_CONTACTS: Resource = Resource {
    path: "associated_contacts",
    name: "associated_contact",
    fields: &[ro("deal_id", Kind::Integer), rw("contact_id", Kind::Reference("contacts")), rw("role", Kind::Text)],
    core: None,
    streamed: true,
    synced: true,
};

pub(crate) static LEAD_CONVERSIONS: Resource = Resource {
    path: "lead_conversions",
    name: "lead_conversion",
    fields: &[
        ro("creator_id", Kind::Integer),
        ro("lead_id", Kind::Integer),
        ro("individual_id", Kind::Integer),
        ro("organization_id", Kind::Integer),
        ro("deal_id", Kind::Integer),
    ],
    core: Some(readable(&["lead_id", "individual_id", "organization_id", "creator_id"])),
    streamed: true,
    synced: false,
};

macro_rules! named {
    ($constant:ident, $path:literal, $name:literal, $writes:literal, $synced:literal) => {
        pub(crate) static $constant: Resource = Resource {
            path: $path,
            name: $name,
            fields: &[ro("creator_id", Kind::Integer), rw("name", Kind::Text), rw("resource_type", Kind::Text)],
            core: Some(Core { writes: $writes, upserts: false, sort: Some("id"), filters: &["name"] }),
            streamed: true,
            synced: $synced,
        };
    };
}

named!(LEAD_SOURCES, "lead_sources", "lead_source", true, false);
named!(DEAL_SOURCES, "deal_sources", "deal_source", true, false);
named!(SOURCES, "sources", "source", true, true);
named!(LOSS_REASONS, "loss_reasons", "loss_reason", true, true);
named!(LEAD_UNQUALIFIED_REASONS, "lead_unqualified_reasons", "lead_unqualified_reason", false, false);
named!(DEAL_UNQUALIFIED_REASONS, "deal_unqualified_reasons", "deal_unqualified_reason", true, false);
named!(CALL_OUTCOMES, "call_outcomes", "call_outcome", false, false);

pub(crate) static ALL: [&Resource; 20] = [
    &USERS,
    &PIPELINES,
    &STAGES,
    &LEAD_SOURCES,
    &DEAL_SOURCES,
    &SOURCES,
    &LOSS_REASONS,
    &LEAD_UNQUALIFIED_REASONS,
    &DEAL_UNQUALIFIED_REASONS,
    &CALL_OUTCOMES,
    &TAGS,
    &CONTACTS,
    &LEADS,
    &DEALS,
    &ASSOCIATED_CONTACTS,
    &TASKS,
    &NOTES,
    &CALLS,
    &APPOINTMENTS,
    &LEAD_CONVERSIONS,
];

/// By the name in paths.
pub(crate) fn resource(path: &str) -> Option<&'static Resource> {
    ALL.into_iter().find(|resource| resource.path == path)
}

/// By the name in `resource_type` and `meta.type`.
pub(crate) fn resource_named(name: &str) -> Option<&'static Resource> {
    ALL.into_iter().find(|resource| resource.name == name)
}
