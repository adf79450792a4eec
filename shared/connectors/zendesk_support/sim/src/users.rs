//! Users: agents, administrators and end users; how they are listed, looked for, made and changed (fact sheet §2).

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use syncline_simulator::Response;

use crate::events::Happening;
use crate::paging::{Part, cut, key_of};
use crate::routes::Ask;
use crate::wire::{Answer, Invalid, Query, Refusal, encode, stamp, wrapped};
use crate::{Profile, Support};

/// The most ids of one question.
const IDS_MAX: usize = 100;

/// What an account's team member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    EndUser,
    /// With a seat.
    Agent,
    /// Reads and comments without a seat, and has no unified status.
    LightAgent,
    /// What users of other products become here.
    Contributor,
    Admin,
}

impl Role {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::EndUser => "end-user",
            Self::Agent | Self::LightAgent | Self::Contributor => "agent",
            Self::Admin => "admin",
        }
    }

    fn type_number(self) -> Json {
        match self {
            Self::EndUser => Json::Null,
            Self::Agent => json!(0),
            Self::LightAgent => json!(1),
            Self::Contributor => json!(3),
            Self::Admin => json!(4),
        }
    }

    /// Whether it is one of the team.
    pub(crate) fn is_team(self) -> bool {
        self != Self::EndUser
    }
}

/// One user, with the members that the API answers.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) role: Role,
    pub(crate) updated_at: i64,
    pub(crate) active: bool,
    /// What can be written and is not kept apart here.
    members: Map<String, Json>,
}

/// Members that a write may carry; others are ignored.
const WRITABLE: &[&str] = &[
    "name",
    "email",
    "phone",
    "tags",
    "external_id",
    "organization_id",
    "time_zone",
    "locale",
    "notes",
    "details",
    "alias",
    "signature",
    "user_fields",
    "suspended",
    "verified",
    "moderator",
    "default_group_id",
    "ticket_restriction",
    "only_private_comments",
    "shared_phone_number",
];

/// Members whose empty text is stored as null.
const TEXTS: &[&str] = &["email", "phone", "external_id", "notes", "details", "alias", "signature"];

impl User {
    pub(crate) fn blank(id: i64, role: Role, at: i64) -> Self {
        let members = json!({
            "name": "", "email": null, "created_at": stamp(at), "time_zone": "Berlin", "iana_time_zone": "Europe/Berlin", "phone": null,
            "shared_phone_number": null, "photo": null, "locale_id": 1, "locale": "en-US", "organization_id": null, "verified": false,
            "external_id": null, "tags": [], "alias": null, "shared": false, "shared_agent": false, "last_login_at": null,
            "two_factor_auth_enabled": null, "signature": null, "details": null, "notes": null, "custom_role_id": null, "moderator": false,
            "ticket_restriction": null, "only_private_comments": false, "restricted_agent": role == Role::EndUser, "suspended": false,
            "default_group_id": null, "report_csv": role == Role::Admin, "user_fields": {}
        });
        let members = members.as_object().cloned().unwrap_or_default();
        Self { id, role, updated_at: at, active: true, members }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name).and_then(Json::as_str)
    }

    pub(crate) fn set(&mut self, name: &str, value: Json) {
        self.members.insert(name.to_owned(), value);
    }

    pub(crate) fn is_suspended(&self) -> bool {
        self.members.get("suspended").and_then(Json::as_bool) == Some(true)
    }

    /// As the API answers it.
    pub(crate) fn shape(&self, base: &str) -> Json {
        let mut members = self.members.clone();
        for (name, value) in [
            ("id", json!(self.id)),
            ("url", json!(format!("{base}/api/v2/users/{}.json", self.id))),
            ("updated_at", json!(stamp(self.updated_at))),
            ("role", json!(self.role.word())),
            ("role_type", self.role.type_number()),
            ("active", json!(self.active)),
        ] {
            members.insert(name.to_owned(), value);
        }
        Json::Object(members)
    }

    /// A user as events carry it: ids are texts, and nobody's group is `0` (fact sheet §7.4).
    pub(crate) fn detail(&self) -> Json {
        let id_text = |name: &str| self.members.get(name).and_then(Json::as_i64).map_or_else(|| "0".to_owned(), |id| id.to_string());
        json!({
            "created_at": self.members.get("created_at"), "default_group_id": id_text("default_group_id"),
            "email": self.text("email").unwrap_or_default(), "external_id": self.text("external_id").unwrap_or_default(),
            "id": self.id.to_string(), "organization_id": id_text("organization_id"), "role": self.role.word(),
            "updated_at": stamp(self.updated_at)
        })
    }
}

/// Everyone whom the account knows.
#[derive(Default)]
pub(crate) struct Users {
    by_id: BTreeMap<i64, User>,
}

impl Users {
    pub(crate) fn get(&self, id: i64) -> Option<&User> {
        self.by_id.get(&id)
    }

    pub(crate) fn put(&mut self, user: User) {
        self.by_id.insert(user.id, user);
    }

    pub(crate) fn remove(&mut self, id: i64) -> Option<User> {
        self.by_id.remove(&id)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &User> {
        self.by_id.values()
    }

    pub(crate) fn active(&self) -> impl Iterator<Item = &User> {
        self.by_id.values().filter(|user| user.active)
    }

    /// Who has this address, in any case.
    pub(crate) fn with_email(&self, email: &str) -> Option<&User> {
        let email = email.to_lowercase();
        self.active().find(|user| user.text("email").is_some_and(|own| own.to_lowercase() == email))
    }

    /// Takes what a write carries into a user; what is wrong with it otherwise.
    fn change(&self, profile: &Profile, user: &mut User, members: &Map<String, Json>) -> Result<(), Refusal> {
        let mut problems = Vec::new();
        for (name, value) in members.iter().filter(|(name, _)| WRITABLE.contains(&name.as_str())) {
            let value = match value.as_str().map(str::trim) {
                Some("") if TEXTS.contains(&name.as_str()) => Json::Null,
                Some(text) if name == "email" && profile.lower_case_emails => json!(text.to_lowercase()),
                Some(text) if name == "name" || name == "email" => json!(text),
                Some(_) | None => value.clone(),
            };
            user.set(name, value);
        }
        if let Some(role) = members.get("role").and_then(Json::as_str) {
            match role {
                "end-user" => user.role = Role::EndUser,
                "admin" => user.role = Role::Admin,
                "agent" if user.role.word() == "agent" => {}
                "agent" => user.role = Role::Agent,
                _ => problems.push(Invalid::new("role", "InvalidValue", "Role: is invalid")),
            }
        }
        if user.text("name").is_none_or(str::is_empty) {
            problems.push(Invalid::new("name", "BlankValue", "Name: cannot be blank"));
        }
        match user.text("email") {
            Some(email) if !is_address(email) => {
                problems.push(Invalid::new("email", "InvalidFormat", format!("Email: {email} is not properly formatted")));
            }
            Some(email) if self.with_email(email).is_some_and(|holder| holder.id != user.id) => {
                problems.push(Invalid::new("email", "DuplicateValue", format!("Email: {email} is already being used by another user")));
            }
            None if user.role.is_team() => problems.push(Invalid::new("email", "BlankValue", "Email: cannot be blank")),
            Some(_) | None => {}
        }
        if problems.is_empty() { Ok(()) } else { Err(Refusal::RecordInvalid(problems)) }
    }
}

fn is_address(email: &str) -> bool {
    let plain = !email.contains(char::is_whitespace);
    plain && email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.ends_with('.'))
}

impl Support {
    /// `/api/v2/users/…` and `/api/v2/deleted_users/…`.
    pub(crate) fn users_route(&mut self, rest: &[&str], ask: &Ask<'_>) -> Answer {
        match (ask.method.as_str(), rest) {
            ("GET", ["me"]) => Ok(self.me(ask)),
            ("GET", []) => self.list_users(ask),
            ("GET", ["search"]) => self.search_users(ask),
            ("GET", ["show_many"]) => self.show_many(ask),
            ("GET", ["count"]) => {
                let count = self.matching(&ask.query).count();
                Ok(encode(200, &json!({"count": {"value": count, "refreshed_at": stamp(ask.now)}})))
            }
            ("POST", []) => self.create_user(ask),
            ("POST", ["create_or_update"]) => self.create_or_update(ask),
            ("GET", [id]) => Ok(self.wrap(200, self.user(id)?)),
            ("PUT", [id]) => self.update_user(ask, id),
            ("DELETE", [id]) => self.delete_user(ask, id),
            ("GET", [id, "identities"]) => self.identities(id),
            _ => Err(Refusal::InvalidEndpoint),
        }
    }

    /// Deleted users stay here until somebody removes them for good.
    pub(crate) fn deleted_users_route(&mut self, rest: &[&str], ask: &Ask<'_>) -> Answer {
        self.only_admins(ask)?;
        let deleted = |user: &&User| !user.active;
        match (ask.method.as_str(), rest) {
            ("GET", []) => {
                let rows: Vec<&User> = self.users.all().filter(deleted).collect();
                self.page_of("deleted_users", &rows, ask, "deleted_users")
            }
            ("GET", [id]) => {
                let user = self.user(id).ok().filter(deleted).ok_or(Refusal::RecordNotFound)?;
                Ok(encode(200, &json!({"deleted_user": user.shape(&self.profile.base_url)})))
            }
            ("DELETE", [id]) => {
                let user = self.user(id).ok().filter(deleted).ok_or(Refusal::RecordNotFound)?;
                let (id, shape) = (user.id, user.shape(&self.profile.base_url));
                self.users.remove(id);
                Ok(encode(200, &json!({"deleted_user": shape})))
            }
            _ => Err(Refusal::InvalidEndpoint),
        }
    }

    /// Allowed without credentials: then the answer is about nobody (fact sheet §0.7).
    fn me(&self, ask: &Ask<'_>) -> Response {
        let user = ask.session.as_ref().and_then(|session| self.users.get(session.user));
        let mut shape = if let Some(user) = user {
            user.shape(&self.profile.base_url)
        } else {
            let mut nobody = User::blank(0, Role::EndUser, 0).shape(&self.profile.base_url);
            for (name, value) in [("id", Json::Null), ("name", json!("Anonymous user")), ("email", json!("invalid@example.com"))] {
                nobody[name] = value;
            }
            nobody
        };
        shape["authenticity_token"] = json!("simulated-authenticity-token");
        encode(200, &json!({ "user": shape }))
    }

    pub(crate) fn user(&self, id: &str) -> Result<&User, Refusal> {
        id.parse().ok().and_then(|id| self.users.get(id)).ok_or(Refusal::RecordNotFound)
    }

    fn wrap(&self, status: u16, user: &User) -> Response {
        encode(status, &json!({"user": user.shape(&self.profile.base_url)}))
    }

    fn matching<'a>(&'a self, query: &'a Query) -> impl Iterator<Item = &'a User> {
        let roles = query.all("role");
        self.users.active().filter(move |user| roles.is_empty() || roles.contains(&user.role.word()))
    }

    fn list_users(&self, ask: &Ask<'_>) -> Answer {
        self.only_team(ask)?;
        let rows: Vec<&User> = self.matching(&ask.query).collect();
        self.page_of("users", &rows, ask, "users")
    }

    fn page_of(&self, name: &str, rows: &[&User], ask: &Ask<'_>, path: &str) -> Answer {
        let keys: Vec<String> = rows.iter().map(|user| key_of(user.id)).collect();
        let part = Part::read(&ask.query)?;
        let cut = cut(&part, &keys, &self.link(path), &ask.query);
        let shapes: Vec<Json> = rows.iter().take(cut.to).skip(cut.from).map(|user| user.shape(&self.profile.base_url)).collect();
        let mut body = cut.around;
        body.insert(name.to_owned(), json!(shapes));
        Ok(encode(200, &Json::Object(body)))
    }

    /// `query=email:x`, `query="x"`, `query=name`, or `external_id=`.
    fn search_users(&self, ask: &Ask<'_>) -> Answer {
        self.only_team(ask)?;
        let wanted: Box<dyn Fn(&User) -> bool> = match (ask.query.get("query"), ask.query.get("external_id")) {
            (Some(query), None) => Box::new(query_of(query)),
            (None, Some(id)) => {
                let id = id.to_owned();
                Box::new(move |user: &User| user.text("external_id") == Some(id.as_str()))
            }
            (None, None) | (Some(_), Some(_)) => {
                return Err(Refusal::plain(400, "ParameterMissing", "Parameter query is required"));
            }
        };
        let rows: Vec<&User> = self.users.active().filter(|user| wanted(user)).collect();
        self.page_of("users", &rows, ask, "users/search.json")
    }

    fn show_many(&self, ask: &Ask<'_>) -> Answer {
        self.only_team(ask)?;
        let ids = ask.query.ids("ids");
        if ids.len() > IDS_MAX {
            return Err(Refusal::plain(400, "TooManyValues", format!("Maximum {IDS_MAX} users may be requested per call")));
        }
        let found: Vec<&User> = ids.iter().filter_map(|id| self.users.get(*id)).collect();
        let shapes: Vec<Json> = found.iter().map(|user| user.shape(&self.profile.base_url)).collect();
        Ok(encode(200, &json!({"users": shapes, "count": found.len(), "next_page": null, "previous_page": null})))
    }

    fn create_user(&mut self, ask: &Ask<'_>) -> Answer {
        self.only_team(ask)?;
        let members = wrapped(ask.body, "user")?;
        let mut user = User::blank(self.next_id(), Role::EndUser, ask.now);
        self.users.change(&self.profile, &mut user, &members)?;
        self.may_give(ask, user.role)?;
        let response = self.wrap(201, &user);
        self.happened(ask.now, &Happening::UserCreated { user: user.detail() });
        self.users.put(user);
        Ok(response)
    }

    /// By external id, else by e-mail.
    fn create_or_update(&mut self, ask: &Ask<'_>) -> Answer {
        let members = wrapped(ask.body, "user")?;
        let text = |name: &str| members.get(name).and_then(Json::as_str);
        let by_external = text("external_id").and_then(|id| self.users.active().find(|user| user.text("external_id") == Some(id)));
        let known = by_external.or_else(|| text("email").and_then(|email| self.users.with_email(email))).map(|user| user.id);
        match known {
            Some(id) => self.update_user(ask, &id.to_string()),
            None => self.create_user(ask),
        }
    }

    fn update_user(&mut self, ask: &Ask<'_>, id: &str) -> Answer {
        self.only_team(ask)?;
        let members = wrapped(ask.body, "user")?;
        let before = self.user(id)?.clone();
        let mut user = before.clone();
        self.users.change(&self.profile, &mut user, &members)?;
        if user.role != before.role {
            self.may_give(ask, user.role)?;
        }
        if before.id == self.owner && user.role != Role::Admin {
            return Err(Refusal::from(Invalid::new("role", "InvalidValue", "Role: the account owner must be an administrator")));
        }
        if user.members != before.members || user.role != before.role {
            user.updated_at = ask.now;
            self.tell_changes(ask.now, &before, &user);
        }
        let response = self.wrap(200, &user);
        self.users.put(user);
        Ok(response)
    }

    /// The user is inactive afterwards, and still readable.
    fn delete_user(&mut self, ask: &Ask<'_>, id: &str) -> Answer {
        self.only_admins(ask)?;
        let mut user = self.user(id)?.clone();
        if !user.active {
            return Err(Refusal::RecordNotFound);
        }
        if user.id == self.owner {
            return Err(Refusal::plain(422, "RecordInvalid", "The account owner cannot be deleted"));
        }
        user.active = false;
        user.updated_at = ask.now;
        let response = self.wrap(200, &user);
        self.happened(ask.now, &Happening::UserDeleted { user: user.detail() });
        self.users.put(user);
        Ok(response)
    }

    fn identities(&self, id: &str) -> Answer {
        let user = self.user(id)?;
        let identities: Vec<Json> = user
            .text("email")
            .map(|email| {
                json!({"id": user.id + 1, "user_id": user.id, "type": "email", "value": email, "verified": true, "primary": true,
                    "created_at": user.members.get("created_at"), "updated_at": stamp(user.updated_at)})
            })
            .into_iter()
            .collect();
        Ok(encode(200, &json!({"identities": identities, "count": identities.len(), "next_page": null, "previous_page": null})))
    }

    fn tell_changes(&mut self, now: i64, before: &User, after: &User) {
        let text = |user: &User, name: &str| user.text(name).unwrap_or_default().to_owned();
        if text(before, "name") != text(after, "name") {
            let (current, previous) = (text(after, "name"), text(before, "name"));
            self.happened(now, &Happening::UserChanged { what: "name_changed", user: after.detail(), current, previous });
        }
        if text(before, "email") != text(after, "email") {
            let (current, previous) = (text(after, "email"), text(before, "email"));
            self.happened(now, &Happening::UserChanged { what: "identity_changed", user: after.detail(), current, previous });
        }
        if before.role != after.role {
            let (current, previous) = (after.role.word().to_owned(), before.role.word().to_owned());
            self.happened(now, &Happening::UserChanged { what: "role_changed", user: after.detail(), current, previous });
        }
        if before.is_suspended() != after.is_suspended() {
            let (current, previous) = (after.is_suspended().to_string(), before.is_suspended().to_string());
            self.happened(now, &Happening::UserChanged { what: "suspended_changed", user: after.detail(), current, previous });
        }
    }

    /// Only administrators give the team's roles away.
    fn may_give(&self, ask: &Ask<'_>, role: Role) -> Result<(), Refusal> {
        if role.is_team() { self.only_admins(ask) } else { Ok(()) }
    }
}

/// The users whom a query means: each word must hold; words may be `email:`, `name:`, `role:` or `type:`, and may be quoted.
fn query_of(query: &str) -> impl Fn(&User) -> bool + use<> {
    let words = words_of(query);
    move |user| {
        let has = |name: &str, value: &str| user.text(name).is_some_and(|own| own.to_lowercase() == value);
        words.iter().all(|(key, value)| match key.as_str() {
            "email" => has("email", value),
            "name" => user.text("name").is_some_and(|own| own.to_lowercase().contains(value.as_str())),
            "role" => user.role.word() == value,
            "type" => value == "user",
            "external_id" => has("external_id", value),
            _ => ["name", "email"].iter().any(|name| user.text(name).is_some_and(|own| own.to_lowercase().contains(value.as_str()))),
        })
    }
}

/// Key and value of each word, in lower case; words without a key have an empty one.
fn words_of(query: &str) -> Vec<(String, String)> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for sign in query.chars().chain([' ']) {
        match sign {
            '"' => quoted = !quoted,
            ' ' if !quoted => {
                if !word.is_empty() {
                    let known = ["email", "name", "role", "type", "external_id"];
                    let split = word.split_once(':').filter(|(key, _)| known.contains(key));
                    let (key, value) = split.unwrap_or(("", word.as_str()));
                    words.push((key.to_owned(), value.to_lowercase()));
                }
                word.clear();
            }
            _ => word.push(sign),
        }
    }
    words
}
