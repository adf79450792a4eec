//! What fields contacts and companies have: GET, POST, PUT and DELETE of `/contact_fields` and `/company_fields` (fact sheet §2.5).

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use syncline_simulator::Response;

use crate::search::KeyType;
use crate::validation::Body;
use crate::wire::{Problem, Refusal, encode, no_content, stamp, with_header};

/// Languages that a contact may have: a part of the vendor's list.
pub(crate) const LANGUAGES: [(&str, &str); 8] = [
    ("English", "en"),
    ("German", "de"),
    ("French", "fr"),
    ("Spanish", "es"),
    ("Italian", "it"),
    ("Polish", "pl"),
    ("Portuguese (BR)", "pt-BR"),
    ("Swedish", "sv-SE"),
];

/// Time zones that a contact may have, in Rails' names: a part of the vendor's list.
pub(crate) const TIME_ZONES: [&str; 8] =
    ["Eastern Time (US & Canada)", "Pacific Time (US & Canada)", "London", "Berlin", "Paris", "Warsaw", "UTC", "Chennai"];

const CONTACT_DEFAULTS: [(&str, &str); 15] = [
    ("name", "Full name"),
    ("job_title", "Title"),
    ("email", "Email"),
    ("phone", "Work phone"),
    ("mobile", "Mobile phone"),
    ("twitter_id", "Twitter"),
    ("company_name", "Company"),
    ("address", "Address"),
    ("time_zone", "Time zone"),
    ("language", "Language"),
    ("tag_names", "Tags"),
    ("description", "About"),
    ("unique_external_id", "Unique external ID"),
    ("twitter_profile_status", "Twitter verified profile"),
    ("twitter_followers_count", "Twitter follower count"),
];

const COMPANY_DEFAULTS: [(&str, &str); 8] = [
    ("name", "Company name"),
    ("description", "Description"),
    ("note", "Notes"),
    ("domains", "Domains for this company"),
    ("health_score", "Health score"),
    ("account_tier", "Account tier"),
    ("renewal_date", "Renewal date"),
    ("industry", "Industry"),
];

/// The company fields that low plans lack (fact sheet §2.2).
pub(crate) const PLAN_GATED: [&str; 4] = ["health_score", "account_tier", "renewal_date", "industry"];

const HEALTH_SCORES: [&str; 3] = ["Happy", "Doing okay", "At risk"];
const ACCOUNT_TIERS: [&str; 3] = ["Basic", "Premium", "Enterprise"];
const INDUSTRIES: [&str; 6] = ["Automotive", "Consumer Goods", "Logistics", "Media", "Professional Services", "Technology"];

/// Which object the fields belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    Contact,
    Company,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Paragraph,
    Checkbox,
    Number,
    Dropdown,
    PhoneNumber,
    Url,
    Date,
    /// One that every account has.
    Default(&'static str),
}

const KINDS: [(&str, Kind); 8] = [
    ("custom_text", Kind::Text),
    ("custom_paragraph", Kind::Paragraph),
    ("custom_checkbox", Kind::Checkbox),
    ("custom_number", Kind::Number),
    ("custom_dropdown", Kind::Dropdown),
    ("custom_phone_number", Kind::PhoneNumber),
    ("custom_url", Kind::Url),
    ("custom_date", Kind::Date),
];

impl Kind {
    fn word(self) -> String {
        match self {
            Self::Default(name) => format!("default_{name}"),
            Self::Text | Self::Paragraph | Self::Checkbox | Self::Number | Self::Dropdown | Self::PhoneNumber | Self::Url | Self::Date => {
                KINDS.iter().find(|(_, kind)| *kind == self).map(|(word, _)| (*word).to_owned()).unwrap_or_default()
            }
        }
    }
}

#[derive(Clone, Debug)]
struct Choice {
    id: i64,
    value: String,
    position: i64,
}

#[allow(clippy::struct_excessive_bools, reason = "each flag is one of the vendor's own attributes")]
#[derive(Clone, Debug)]
pub(crate) struct Field {
    id: i64,
    pub(crate) name: String,
    label: String,
    label_for_customers: String,
    position: i64,
    pub(crate) kind: Kind,
    pub(crate) required_for_agents: bool,
    pub(crate) unique: bool,
    customers_can_edit: bool,
    required_for_customers: bool,
    displayed_for_customers: bool,
    choices: Vec<Choice>,
    created_at: i64,
    updated_at: i64,
}

impl Field {
    pub(crate) fn has_choice(&self, label: &str) -> bool {
        self.choices.iter().any(|choice| choice.value == label)
    }

    pub(crate) fn choice_labels(&self) -> Vec<&str> {
        self.choices.iter().map(|choice| choice.value.as_str()).collect()
    }

    pub(crate) fn is_custom(&self) -> bool {
        !matches!(self.kind, Kind::Default(_))
    }

    /// Under which name the table finds rows by this field's value.
    pub(crate) fn exact_key(&self) -> String {
        exact_key(&self.name)
    }

    /// How searches take the field; none where they do not know it (fact sheet §3.3: custom text, number, checkbox, dropdown).
    pub(crate) fn search_type(&self) -> Option<KeyType> {
        match self.kind {
            Kind::Text | Kind::Dropdown => Some(KeyType::Text),
            Kind::Number => Some(KeyType::Integer),
            Kind::Checkbox => Some(KeyType::Boolean),
            Kind::Paragraph | Kind::PhoneNumber | Kind::Url | Kind::Date | Kind::Default(_) => None,
        }
    }

    fn can_be_unique(&self, object: Object) -> bool {
        match self.kind {
            Kind::Text => true,
            Kind::Default(name) => object == Object::Contact && matches!(name, "mobile" | "phone"),
            Kind::Paragraph | Kind::Checkbox | Kind::Number | Kind::Dropdown | Kind::PhoneNumber | Kind::Url | Kind::Date => false,
        }
    }

    /// `choices` differ by field: a list of objects, a map, or a list of texts; clients must read them leniently.
    fn choices_shape(&self, object: Object) -> Option<Value> {
        let listed = || {
            let one = |choice: &Choice| json!({"id": choice.id, "label": choice.value, "value": choice.value, "position": choice.position});
            Value::Array(self.choices.iter().map(one).collect())
        };
        match self.kind {
            Kind::Dropdown => Some(listed()),
            Kind::Default("language") => Some(LANGUAGES.iter().map(|(label, code)| ((*label).to_owned(), json!(code))).collect()),
            Kind::Default("time_zone") => Some(TIME_ZONES.iter().map(|zone| ((*zone).to_owned(), json!(zone))).collect()),
            Kind::Default("health_score" | "account_tier" | "industry") if object == Object::Company => Some(listed()),
            Kind::Default(_)
            | Kind::Text
            | Kind::Paragraph
            | Kind::Checkbox
            | Kind::Number
            | Kind::PhoneNumber
            | Kind::Url
            | Kind::Date => None,
        }
    }
}

/// All fields of one object.
pub(crate) struct Fields {
    object: Object,
    list: Vec<Field>,
    last_id: i64,
    /// `field_type` and `required_for_agent`, as old accounts answer.
    old_metadata: bool,
}

impl Fields {
    pub(crate) fn new(object: Object, old_metadata: bool, plan_gated: bool, at: i64) -> Self {
        let (defaults, last_id): (&[(&'static str, &str)], i64) = match object {
            Object::Contact => (&CONTACT_DEFAULTS, 82_000_550_000),
            Object::Company => (&COMPANY_DEFAULTS, 82_000_660_000),
        };
        let mut fields = Self { object, list: Vec::new(), last_id, old_metadata };
        for (name, label) in defaults.iter().filter(|(name, _)| object == Object::Contact || plan_gated || !PLAN_GATED.contains(name)) {
            let mut field = fields.blank(label, Kind::Default(name), at);
            (*name).clone_into(&mut field.name);
            field.required_for_agents = *name == "name";
            let choices: &[&str] = match *name {
                "health_score" => &HEALTH_SCORES,
                "account_tier" => &ACCOUNT_TIERS,
                "industry" => &INDUSTRIES,
                _ => &[],
            };
            field.choices = choices.iter().map(|value| fields.choice(value, None)).collect();
            for (place, choice) in (1..).zip(&mut field.choices) {
                choice.position = place;
            }
            fields.list.push(field);
        }
        fields
    }

    pub(crate) fn custom(&self, name: &str) -> Option<&Field> {
        self.customs().find(|field| field.name == name)
    }

    pub(crate) fn customs(&self) -> impl Iterator<Item = &Field> {
        self.list.iter().filter(|field| field.is_custom())
    }

    /// A default field, if this account has it.
    pub(crate) fn default(&self, name: &str) -> Option<&Field> {
        self.list.iter().find(|field| !field.is_custom() && field.name == name)
    }

    pub(crate) fn is_unique(&self, name: &str) -> bool {
        self.list.iter().any(|field| field.name == name && field.unique)
    }

    pub(crate) fn set_unique(&mut self, name: &str, unique: bool) {
        if let Some(field) = self.list.iter_mut().find(|field| field.name == name) {
            field.unique = unique;
        }
    }

    pub(crate) fn all(&self) -> Response {
        let mut fields: Vec<&Field> = self.list.iter().collect();
        fields.sort_by_key(|field| (field.position, field.id));
        encode(200, &fields.into_iter().map(|field| self.shape(field)).collect::<Vec<_>>())
    }

    pub(crate) fn view(&self, id: i64) -> Result<Response, Refusal> {
        let field = self.list.iter().find(|field| field.id == id).ok_or(Refusal::Missing)?;
        Ok(encode(200, &self.shape(field)))
    }

    pub(crate) fn create(&mut self, now: i64, map: &Map<String, Value>, address: &str) -> Result<Response, Refusal> {
        let mut body = Body::new(map, &self.attributes(), true);
        for (key, kind) in [("label", "String"), ("type", "String")] {
            body.require(key, kind);
        }
        if self.object == Object::Contact {
            body.require("label_for_customers", "String");
        }
        let label = body.mandatory_text("label");
        let words: Vec<&str> = KINDS.iter().map(|(word, _)| *word).collect();
        let kind = body.mandatory_text("type").and_then(|word| {
            let kind = KINDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind);
            if kind.is_none() {
                body.note(Problem::not_a_choice("type", &words));
            }
            kind
        });
        let mut field = self.blank(label.as_deref().unwrap_or_default(), kind.unwrap_or(Kind::Text), now);
        self.read(&mut field, &mut body);
        if kind == Some(Kind::Dropdown) && field.choices.is_empty() {
            body.note(Problem::new("choices", "missing_field", "It should be a/an Array"));
        }
        body.finish()?;
        if self.list.iter().any(|other| other.name == field.name || other.label.eq_ignore_ascii_case(&field.label)) {
            return Err(Refusal::Duplicate(vec![Problem::duplicate("label", None)]));
        }
        self.list.push(field.clone());
        let location = format!("{address}/{}", field.id);
        Ok(with_header(encode(201, &self.shape(&field)), http::header::LOCATION, &location))
    }

    pub(crate) fn update(&mut self, now: i64, id: i64, map: &Map<String, Value>) -> Result<Response, Refusal> {
        let place = self.list.iter().position(|field| field.id == id).ok_or(Refusal::Missing)?;
        let mut field = self.list[place].clone();
        let mut body = Body::new(map, &self.attributes(), true);
        if body.has("type") {
            body.note(Problem::unexpected("type"));
        }
        if let Some(label) = body.mandatory_text("label") {
            field.label = label;
        }
        self.read(&mut field, &mut body);
        body.finish()?;
        field.updated_at = now;
        self.list[place] = field;
        Ok(encode(200, &self.shape(&self.list[place])))
    }

    /// Removes a custom field; the caller forgets its values.
    pub(crate) fn delete(&mut self, id: i64) -> Result<(String, Response), Refusal> {
        let place = self.list.iter().position(|field| field.id == id).ok_or(Refusal::Missing)?;
        if !self.list[place].is_custom() {
            return Err(Problem::new("id", "incompatible_field", "Default fields cannot be deleted").into());
        }
        Ok((self.list.remove(place).name, no_content()))
    }

    fn attributes(&self) -> Vec<&'static str> {
        let mut known = vec!["label", "type", "position", "required_for_agents", "unique", "choices"];
        if self.object == Object::Contact {
            known.extend(["label_for_customers", "customers_can_edit", "required_for_customers", "displayed_for_customers"]);
        }
        known
    }

    /// Reads what creation and update share.
    fn read(&mut self, field: &mut Field, body: &mut Body<'_>) {
        if let Some(Some(position)) = body.integer("position") {
            field.position = position;
        }
        for (key, flag) in [
            ("required_for_agents", &mut field.required_for_agents),
            ("customers_can_edit", &mut field.customers_can_edit),
            ("required_for_customers", &mut field.required_for_customers),
            ("displayed_for_customers", &mut field.displayed_for_customers),
        ] {
            if let Some(Some(given)) = body.boolean(key) {
                *flag = given;
            }
        }
        if let Some(Some(unique)) = body.boolean("unique") {
            if unique && !field.can_be_unique(self.object) {
                body.note(Problem::new("unique", "incompatible_field", "Only custom_text, mobile and work phone fields can be unique"));
            }
            field.unique = unique;
        }
        if let Some(label) = body.mandatory_text("label_for_customers") {
            field.label_for_customers = label;
        }
        for item in body.array("choices").unwrap_or_default() {
            self.read_choice(field, item, body);
        }
    }

    /// One of `choices`: a known id changes or removes that choice, else the value is a new one.
    fn read_choice(&mut self, field: &mut Field, item: &Value, body: &mut Body<'_>) {
        let value = item.get("value").and_then(Value::as_str);
        let position = item.get("position").and_then(Value::as_i64);
        match (item.get("id").and_then(Value::as_i64), value) {
            (Some(id), _) if item.get("deleted") == Some(&Value::Bool(true)) => field.choices.retain(|choice| choice.id != id),
            (Some(id), value) => match field.choices.iter_mut().find(|choice| choice.id == id) {
                Some(choice) => {
                    choice.value = value.unwrap_or(&choice.value).to_owned();
                    choice.position = position.unwrap_or(choice.position);
                }
                None => body.note(Problem::new("choices", "invalid_value", "There is no choice with the given id")),
            },
            (None, Some(value)) if !field.has_choice(value) => {
                let place = i64::try_from(field.choices.len()).unwrap_or(0) + 1;
                let choice = self.choice(value, position.or(Some(place)));
                field.choices.push(choice);
            }
            (None, Some(_)) => body.note(Problem::new("choices", "duplicate_value", "It should contain unique values")),
            (None, None) => body.note(Problem::new("choices", "missing_field", "Each choice needs a value")),
        }
    }

    fn choice(&mut self, value: &str, position: Option<i64>) -> Choice {
        self.last_id += 1;
        Choice { id: self.last_id, value: value.to_owned(), position: position.unwrap_or(1) }
    }

    fn blank(&mut self, label: &str, kind: Kind, at: i64) -> Field {
        self.last_id += 1;
        Field {
            id: self.last_id,
            name: name_of(label),
            label: label.to_owned(),
            label_for_customers: label.to_owned(),
            position: i64::try_from(self.list.len()).unwrap_or(0) + 1,
            kind,
            required_for_agents: false,
            unique: false,
            customers_can_edit: false,
            required_for_customers: false,
            displayed_for_customers: false,
            choices: Vec::new(),
            created_at: at,
            updated_at: at,
        }
    }

    fn shape(&self, field: &Field) -> Value {
        let mut shape = Map::new();
        let mut put = |key: &str, value: Value| {
            shape.insert(key.to_owned(), value);
        };
        put("id", json!(field.id));
        put("name", json!(field.name));
        put("label", json!(field.label));
        put("position", json!(field.position));
        put("default", json!(!field.is_custom()));
        put("created_at", json!(stamp(field.created_at)));
        put("updated_at", json!(stamp(field.updated_at)));
        if let Some(choices) = field.choices_shape(self.object) {
            put("choices", choices);
        }
        if self.old_metadata {
            put("field_type", json!(field.kind.word()));
            put("required_for_agent", json!(field.required_for_agents));
        } else {
            put("type", json!(field.kind.word()));
            put("required_for_agents", json!(field.required_for_agents));
            put("agents_can_edit", json!(true));
            put("displayed_for_agents", json!(true));
            put("quick_add_for_agent", json!(field.name == "name"));
            put("unique", json!(field.unique));
        }
        if self.object == Object::Contact {
            put("label_for_customers", json!(field.label_for_customers));
            put("customers_can_edit", json!(field.customers_can_edit));
            put("required_for_customers", json!(field.required_for_customers));
            put("displayed_for_customers", json!(field.displayed_for_customers));
            put("editable_in_signup", json!(field.name == "name" || field.name == "email"));
        }
        Value::Object(shape)
    }
}

/// Keeps a custom field's values apart from the attributes of the same name.
pub(crate) fn exact_key(name: &str) -> String {
    format!("custom_fields.{name}")
}

/// A field's name from its label, once and for all (fact sheet §2.4: unverified).
fn name_of(label: &str) -> String {
    let mut name: String = label.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    while name.contains("__") {
        name = name.replace("__", "_");
    }
    name.trim_matches('_').to_owned()
}

/// A record's custom fields on the wire: every defined field, null where it has no value (fact sheet §2.4: documented).
pub(crate) struct CustomFields<'a> {
    pub(crate) fields: &'a Fields,
    pub(crate) values: &'a BTreeMap<String, Value>,
}

impl Serialize for CustomFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.fields.customs().map(|field| (&field.name, self.values.get(&field.name))))
    }
}
