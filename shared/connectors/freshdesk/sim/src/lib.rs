//! Freshdesk's REST API v2 as a state machine: contacts, companies, their fields, searches and the tickets of a sidebar, with the limits,
//! the silences and the unkindness that the fact sheet tells of.
//!
//! Request and time in, answer out: no clock, no chance but the seed. Where the fact sheet is unsure, the profile has a switch or the
//! unkinder reading was built; the place says which.

mod account;
mod companies;
mod contacts;
mod fields;
mod ids;
mod load;
mod routes;
mod search;
mod table;
mod tickets;
mod users;
mod validation;
mod wire;

use serde_json::Value;

pub use account::{Limits, Role};

use account::{Agent, Agents, Meter};
use companies::Company;
use contacts::Contact;
use fields::{Fields, Object};
use ids::Ids;
use table::{Shelf, Table};
use tickets::Tickets;

/// The key of the integration's agent, an admin.
pub const INTEGRATION_KEY: &str = "integration-key";
/// The key of a person, an admin.
pub const HUMAN_KEY: &str = "human-key";
/// The key of an agent who may read and not write.
pub const LIMITED_KEY: &str = "limited-key";

/// How the filter for changed contacts is called; the other name answers 400 (fact sheet §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdatedSince {
    /// `updated_since`.
    Today,
    /// `_updated_since`, as before 2023.
    Underscored,
}

/// What kind of account this is.
#[allow(clippy::struct_excessive_bools, reason = "each flag is an independent fact about an account")]
#[derive(Clone, Debug)]
pub struct Profile {
    /// Decides the ids.
    pub seed: u64,
    /// The host in link and location headers: `acme.freshdesk.com`.
    pub domain: String,
    /// Of the whole account: all keys together.
    pub calls_per_minute: u32,
    /// GET /contacts alone.
    pub contacts_list_per_minute: u32,
    /// GET /tickets alone.
    pub tickets_list_per_minute: u32,
    pub updated_since: UpdatedSince,
    /// Whether the second that is named counts (unverified: inclusive).
    pub updated_since_is_inclusive: bool,
    /// An account from before June 2022: `field_type` and `required_for_agent` in the fields' metadata, and contacts without `contact_type`,
    /// `first_name`, `visitor_id` and the like.
    pub old_metadata: bool,
    /// How long searches do not see a write, in seconds.
    pub search_lag_s: u32,
    pub lower_case_emails: bool,
    pub trims_text: bool,
    pub mobile_unique: bool,
    /// `other_companies` may be written and is shown (Pro and up).
    pub multiple_companies: bool,
    /// `language` may be written.
    pub multi_language: bool,
    /// `time_zone` may be written.
    pub multi_time_zone: bool,
    /// `health_score`, `account_tier`, `industry` and `renewal_date` exist.
    pub company_plan_fields: bool,
    /// Whether a change of nothing but tags moves `updated_at` (unverified).
    pub tags_bump_updated_at: bool,
    /// Whether `GET /contacts?email=` also finds further addresses (unverified; off is the unkinder reading).
    pub email_filter_reads_other_emails: bool,
    /// Whether a contact that was merged into another keeps its addresses in the bin (unverified).
    pub merged_keep_email: bool,
}

impl Default for Profile {
    /// A Pro account of today.
    fn default() -> Self {
        Self {
            seed: 1,
            domain: "acme.freshdesk.com".to_owned(),
            calls_per_minute: Limits::PRO.calls_per_minute,
            contacts_list_per_minute: Limits::PRO.contacts_list_per_minute,
            tickets_list_per_minute: Limits::PRO.tickets_list_per_minute,
            updated_since: UpdatedSince::Today,
            updated_since_is_inclusive: true,
            old_metadata: false,
            search_lag_s: 180,
            lower_case_emails: true,
            trims_text: true,
            mobile_unique: false,
            multiple_companies: true,
            multi_language: true,
            multi_time_zone: true,
            company_plan_fields: true,
            tags_bump_updated_at: true,
            email_filter_reads_other_emails: false,
            merged_keep_email: false,
        }
    }
}

/// One Freshdesk account.
pub struct Freshdesk {
    profile: Profile,
    agents: Agents,
    /// The agent behind acts in the product's own screens.
    person: i64,
    meter: Meter,
    suspended: bool,
    contacts: Table<Contact>,
    companies: Table<Company>,
    contact_fields: Fields,
    company_fields: Fields,
    tickets: Tickets,
    ids: Ids,
    /// When the account began, in seconds since the epoch.
    opened_at: i64,
}

/// 2024-01-08T09:00:00Z: before everything that is loaded.
const OPENED_AT: i64 = 1_704_704_400;

impl Freshdesk {
    /// An account without contacts and companies, and with three agents: [`INTEGRATION_KEY`], [`HUMAN_KEY`], [`LIMITED_KEY`].
    pub fn new(profile: Profile) -> Self {
        let limits = Limits {
            calls_per_minute: profile.calls_per_minute,
            contacts_list_per_minute: profile.contacts_list_per_minute,
            tickets_list_per_minute: profile.tickets_list_per_minute,
        };
        let mut contact_fields = Fields::new(Object::Contact, profile.old_metadata, true, OPENED_AT);
        contact_fields.set_unique("mobile", profile.mobile_unique);
        let mut freshdesk = Self {
            agents: Agents::default(),
            person: 0,
            meter: Meter::new(limits),
            suspended: false,
            contacts: Table::new(profile.search_lag_s),
            companies: Table::new(profile.search_lag_s),
            contact_fields,
            company_fields: Fields::new(Object::Company, profile.old_metadata, profile.company_plan_fields, OPENED_AT),
            tickets: Tickets::default(),
            ids: Ids::new(profile.seed),
            opened_at: OPENED_AT,
            profile,
        };
        freshdesk.add_key(INTEGRATION_KEY, Role::Admin);
        freshdesk.person = freshdesk.add_key(HUMAN_KEY, Role::Admin);
        freshdesk.add_key(LIMITED_KEY, Role::ReadOnly);
        freshdesk
    }

    /// A new agent with this key; the agent's id.
    pub fn add_key(&mut self, key: &str, role: Role) -> i64 {
        let id = self.ids.agent();
        let agent = Agent {
            id,
            name: format!("Agent {id}"),
            email: format!("agent{id}@{}", self.profile.domain),
            phone: None,
            mobile: None,
            role,
            occasional: false,
            ticket_scope: 1,
            created_at: self.opened_at,
            updated_at: self.opened_at,
        };
        self.agents.add(agent);
        self.agents.add_key(key, id);
        id
    }

    /// The key works no more; whether it did.
    pub fn revoke_key(&mut self, key: &str) -> bool {
        self.agents.remove_key(key).is_some()
    }

    /// The agent's key is made anew, as in the profile settings: the old one works no more. Whether there was one.
    pub fn replace_key(&mut self, old: &str, new: &str) -> bool {
        let agent = self.agents.remove_key(old);
        if let Some(agent) = agent {
            self.agents.add_key(new, agent);
        }
        agent.is_some()
    }

    /// The account moves to another plan; the minute's count goes on.
    pub fn set_plan(&mut self, limits: Limits) {
        self.meter.limits = limits;
    }

    pub fn set_suspended(&mut self, suspended: bool) {
        self.suspended = suspended;
    }

    /// Turns a contact into an agent, as a person does on the contact's page; whether there was such a contact with an address.
    pub fn make_agent(&mut self, id: i64) -> bool {
        let now = self.contacts.get(id).map_or(self.opened_at, |contact| contact.updated_at);
        self.make_agent_of(now, id, &serde_json::Map::new()).is_ok()
    }

    /// Blocks a contact, as marking its tickets as spam does: it leaves the default list for `state=blocked`. Whether there was such a live one.
    pub fn block(&mut self, now: jiff::Timestamp, id: i64) -> bool {
        self.shelve(now.as_second(), id, Shelf::Live, Shelf::Blocked)
    }

    /// The reverse of [`Freshdesk::block`].
    pub fn unblock(&mut self, now: jiff::Timestamp, id: i64) -> bool {
        self.shelve(now.as_second(), id, Shelf::Blocked, Shelf::Live)
    }

    /// A visitor of a chat widget, without any address; its id.
    pub fn add_visitor(&mut self, now: jiff::Timestamp, name: &str) -> i64 {
        let mut contact = Contact::blank(self.ids.contact(), now.as_second());
        name.clone_into(&mut contact.name);
        contact.visitor = true;
        self.contacts.put(now.as_second(), contact).id
    }

    /// The contact as its view answers, whatever its state.
    pub fn contact(&self, id: i64) -> Option<Value> {
        self.contacts.get(id).map(|contact| self.contact_value(contact))
    }

    /// The company as its view answers.
    pub fn company(&self, id: i64) -> Option<Value> {
        self.companies.get(id).and_then(|company| serde_json::to_value(self.company_shape(company)).ok())
    }

    /// Contacts that are neither deleted nor blocked.
    pub fn contact_count(&self) -> usize {
        self.contacts.count(Shelf::Live)
    }

    /// Contacts that are soft-deleted.
    pub fn deleted_contact_count(&self) -> usize {
        self.contacts.count(Shelf::Deleted)
    }

    pub fn company_count(&self) -> usize {
        self.companies.count(Shelf::Live)
    }

    /// The ids of all contacts that are neither deleted nor blocked, ascending.
    pub fn contact_ids(&self) -> Vec<i64> {
        self.contacts.rows().filter(|contact| contact.shelf == Shelf::Live).map(|contact| contact.id).collect()
    }

    /// The ids of all companies, ascending.
    pub fn company_ids(&self) -> Vec<i64> {
        self.companies.rows().map(|company| company.id).collect()
    }

    /// Who holds the address, in any state, as primary or further one.
    pub fn contact_with_email(&self, email: &str) -> Option<i64> {
        self.contacts.holders("email", &email.to_lowercase()).next()
    }

    fn shelve(&mut self, now: i64, id: i64, from: Shelf, to: Shelf) -> bool {
        let Some(contact) = self.contacts.get(id).filter(|contact| contact.shelf == from) else { return false };
        let moved = Contact { shelf: to, updated_at: now, ..Contact::clone(contact) };
        self.contacts.put(now, moved);
        true
    }

    /// A custom field is gone, and what contacts or companies had in it; their stamps stay.
    fn forget_values(&mut self, of: Object, field: &str) {
        match of {
            Object::Contact => {
                let holders: Vec<_> = self.contacts.rows().filter(|row| row.custom_fields.contains_key(field)).cloned().collect();
                for row in holders {
                    let mut row = Contact::clone(&row);
                    row.custom_fields.remove(field);
                    self.contacts.load(row);
                }
            }
            Object::Company => {
                let holders: Vec<_> = self.companies.rows().filter(|row| row.custom_fields.contains_key(field)).cloned().collect();
                for row in holders {
                    let mut row = Company::clone(&row);
                    row.custom_fields.remove(field);
                    self.companies.load(row);
                }
            }
        }
    }

    fn address(&self, path: &str) -> String {
        format!("https://{}/api/v2/{path}", self.profile.domain)
    }

    fn contact_shape<'a>(&'a self, contact: &'a Contact, thin: bool) -> contacts::Shape<'a> {
        contacts::Shape {
            contact,
            fields: &self.contact_fields,
            old: self.profile.old_metadata,
            multiple_companies: self.profile.multiple_companies,
            thin,
        }
    }

    fn contact_value(&self, contact: &Contact) -> Value {
        serde_json::to_value(self.contact_shape(contact, false)).unwrap_or_default()
    }

    fn company_shape<'a>(&'a self, company: &'a Company) -> companies::Shape<'a> {
        companies::Shape { company, fields: &self.company_fields, plan_gated: self.profile.company_plan_fields }
    }
}
