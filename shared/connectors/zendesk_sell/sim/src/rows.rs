//! Rows of all resources, and how they look in Core and in Firehose (fact sheet §5.1, §8.1: the shapes differ).

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Map, Value as Json, json};

use crate::Sell;
use crate::spec::{Kind, Resource, TAGS};
use crate::wire::stamp;

pub(crate) const ADDRESS_PARTS: [&str; 5] = ["line1", "city", "postal_code", "state", "country"];

/// One row: what is written in it, by attribute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) data: Map<String, Json>,
    /// By the id of the field: a name may change.
    pub(crate) custom: BTreeMap<i64, Json>,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    /// Grows with every change.
    pub(crate) revision: i64,
}

impl Row {
    pub(crate) fn new(id: i64, at: i64) -> Self {
        Self { id, data: Map::new(), custom: BTreeMap::new(), created: at, updated: at, revision: 0 }
    }

    pub(crate) fn set(&mut self, name: &str, value: Json) {
        self.data.insert(name.to_owned(), value);
    }

    pub(crate) fn get(&self, name: &str) -> &Json {
        self.data.get(name).unwrap_or(&Json::Null)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).as_str().filter(|text| !text.trim().is_empty())
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.get(name).as_i64()
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name).as_bool().unwrap_or(false)
    }

    pub(crate) fn tags(&self) -> Vec<String> {
        let tags = self.get("tags").as_array().into_iter().flatten();
        tags.filter_map(Json::as_str).map(str::to_owned).collect()
    }
}

/// All rows, by the resource's path.
#[derive(Default)]
pub(crate) struct Tables(BTreeMap<&'static str, BTreeMap<i64, Row>>);

impl Tables {
    pub(crate) fn of(&self, resource: &Resource) -> impl Iterator<Item = &Row> {
        self.0.get(resource.path).into_iter().flat_map(BTreeMap::values)
    }

    pub(crate) fn get(&self, resource: &Resource, id: i64) -> Option<&Row> {
        self.0.get(resource.path)?.get(&id)
    }

    pub(crate) fn put(&mut self, resource: &'static Resource, row: Row) -> Option<Row> {
        self.0.entry(resource.path).or_default().insert(row.id, row)
    }

    pub(crate) fn remove(&mut self, resource: &Resource, id: i64) -> Option<Row> {
        self.0.get_mut(resource.path)?.remove(&id)
    }
}

/// How amounts are written (fact sheet §5.1: integers in old data, texts since an announced change).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amounts {
    /// `1234`; a text where there are decimals.
    Integers,
    /// `"1234.50"`.
    Texts,
}

impl Sell {
    /// The row as Core answers it.
    pub(crate) fn core_shape(&self, now: i64, resource: &Resource, row: &Row) -> Json {
        let mut shape = Map::from_iter([("id".to_owned(), json!(row.id))]);
        for field in resource.fields {
            shape.insert(field.name.to_owned(), self.value(now, resource, row, field.name, field.kind));
        }
        shape.insert("created_at".to_owned(), json!(stamp(row.created)));
        if resource.core.is_some() {
            shape.insert("updated_at".to_owned(), json!(stamp(row.updated)));
        }
        Json::Object(shape)
    }

    /// The row in its envelope.
    pub(crate) fn enveloped(&self, now: i64, resource: &Resource, row: &Row) -> Json {
        let mut meta = json!({"type": resource.name});
        if resource.path == "deals" {
            meta["version"] = json!(row.revision);
        }
        json!({"data": self.core_shape(now, resource, row), "meta": meta})
    }

    fn value(&self, now: i64, resource: &Resource, row: &Row, name: &str, kind: Kind) -> Json {
        match kind {
            Kind::Address => {
                let address = row.get(name);
                Json::Object(ADDRESS_PARTS.iter().map(|part| ((*part).to_owned(), address[*part].clone())).collect())
            }
            Kind::Tags => json!(row.tags()),
            Kind::Custom => Json::Object(self.custom.named(resource, &row.custom)),
            Kind::Money => self.amount(row.get(name)),
            Kind::Flag if name == "overdue" => {
                let due = row.text("due_date").is_some_and(|due| due < stamp(now).as_str());
                json!(due && !row.flag("completed"))
            }
            Kind::Integer if name == "organization_id" && resource.path == "deals" => self.organization_of(row),
            Kind::Text if name == "zendesk_user_id" => {
                self.zendesk.as_ref().map_or(Json::Null, |_| json!((9_000_000_000 + row.id).to_string()))
            }
            Kind::Integers | Kind::Objects if row.get(name).is_null() && name != "group" => json!([]),
            Kind::Integer
            | Kind::Text
            | Kind::Flag
            | Kind::Email
            | Kind::Date
            | Kind::Moment
            | Kind::Choice(_)
            | Kind::Reference(_)
            | Kind::Related
            | Kind::Integers
            | Kind::Objects => row.get(name).clone(),
        }
    }

    fn amount(&self, stored: &Json) -> Json {
        let Some(amount) = stored.as_str().and_then(|text| text.parse::<Decimal>().ok()) else { return Json::Null };
        match self.profile.amounts {
            Amounts::Integers => {
                let whole: Option<i64> = amount.normalize().to_string().parse().ok();
                whole.map_or_else(|| json!(amount.to_string()), |whole| json!(whole))
            }
            Amounts::Texts => json!(amount.to_string()),
        }
    }

    /// The organisation of a deal's contact.
    fn organization_of(&self, deal: &Row) -> Json {
        let contact = deal.number("contact_id").and_then(|id| self.tables.get(&crate::spec::CONTACTS, id));
        match contact {
            Some(contact) if contact.flag("is_organization") => json!(contact.id),
            Some(contact) => contact.get("contact_id").clone(),
            None => Json::Null,
        }
    }

    /// The row as events of a stream carry it: tags and custom fields as objects, and fewer attributes.
    pub(crate) fn stream_shape(&self, now: i64, resource: &Resource, row: &Row) -> Json {
        let mut shape = self.core_shape(now, resource, row);
        let Some(members) = shape.as_object_mut() else { return shape };
        if members.remove("custom_fields").is_some() {
            members.insert("custom_field_values".to_owned(), self.custom.values(resource, &row.custom));
        }
        if members.contains_key("tags") {
            let tags = row.tags().into_iter().map(|name| {
                let id = self.tables.of(&TAGS).find(|tag| tag.text("name") == Some(name.as_str())).map(|tag| tag.id);
                json!({"data": {"id": id, "name": name, "resource_type": resource.name}, "meta": {"type": "tag"}})
            });
            members.insert("tags".to_owned(), tags.collect());
        }
        if matches!(resource.path, "contacts" | "leads") {
            members.remove("updated_at");
        }
        shape
    }
}
