//! What is known of the organisation: its modules, their fields, its users, itself (fact sheet §2, §3).

use serde_json::{Map, Value as Json, json};
use syncline_simulator::Response;

use crate::fields::{DataType, Field};
use crate::people::User;
use crate::wire::{Answer, Query, Refusal, empty, encode, object, rows, stamp};
use crate::{ACCOUNTS, CONTACTS, LEADS, ZohoCrm};

/// Fields of one request that makes some.
const FIELDS_PER_REQUEST: usize = 5;

fn module_shape(place: u64, name: &str) -> Json {
    let singular = name.trim_end_matches('s');
    json!({
        "id": (6_493_490_000_000_002_000 + place).to_string(), "api_name": name, "module_name": name, "singular_label": singular,
        "plural_label": name, "actual_singular_label": singular, "actual_plural_label": name, "generated_type": "default",
        "api_supported": true, "creatable": true, "editable": true, "deletable": true, "viewable": true, "convertable": name == LEADS,
        "quick_create": true, "visibility": 1, "visible": true, "status": "visible", "sequence_number": place, "profiles": [],
        "modified_time": null, "modified_by": null, "web_link": null, "parent_module": {}, "business_card_field_limit": 5,
        "global_search_supported": true, "isBlueprintSupported": true
    })
}

impl ZohoCrm {
    pub(crate) fn settings_route(&mut self, now: i64, method: &str, rest: &[&str], query: &Query, body: &[u8]) -> Answer {
        match (method, rest) {
            ("GET", ["modules"]) => {
                let modules: Vec<Json> = (1..).zip([LEADS, CONTACTS, ACCOUNTS]).map(|(place, name)| module_shape(place, name)).collect();
                Ok(encode(200, &json!({"modules": modules})))
            }
            ("GET", ["modules", name]) => match [LEADS, CONTACTS, ACCOUNTS].into_iter().find(|known| known == name) {
                Some(name) => Ok(encode(200, &json!({"modules": [module_shape(1, name)]}))),
                None => Err(Refusal::invalid_module()),
            },
            ("GET", ["fields"]) => {
                let module = self.module_of(query)?;
                let fields = self.table(module).map(|table| table.fields.as_slice()).unwrap_or_default();
                let shapes: Vec<Json> =
                    (0..).zip(fields).map(|(place, field)| field.shape(6_493_490_000_000_003_000 + place * 100)).collect();
                Ok(encode(200, &json!({"fields": shapes})))
            }
            ("POST", ["fields"]) => {
                let module = self.module_of(query)?;
                let wishes = rows(&object(body)?, "fields", FIELDS_PER_REQUEST)?;
                let results: Vec<Result<Json, Refusal>> = wishes.iter().map(|wish| self.make_field(module, wish)).collect();
                let status = if results.iter().all(Result::is_ok) { 201 } else { self.profile.failed_status };
                let rows: Vec<Json> = results.into_iter().map(|result| result.unwrap_or_else(|refusal| refusal.body())).collect();
                Ok(encode(status, &json!({"fields": rows})))
            }
            ("GET", ["layouts"]) => {
                let module = self.module_of(query)?;
                let id = 6_493_490_000_000_004_000_u64;
                Ok(encode(
                    200,
                    &json!({"layouts": [{
                        "id": id.to_string(), "name": "Standard", "api_name": format!("Standard_{module}"), "status": "active", "visible": true,
                        "created_time": stamp(now, self.profile.offset_s), "sections": []
                    }]}),
                ))
            }
            (_, ["modules" | "fields" | "layouts", ..]) => Err(Refusal::wrong_method()),
            _ => Err(Refusal::no_such_path()),
        }
    }

    fn module_of(&self, query: &Query) -> Result<&'static str, Refusal> {
        let name = query.get("module");
        let Some(name) = name else {
            return Err(Refusal::parameter("REQUIRED_PARAM_MISSING", "module", "One of the expected parameter is missing"));
        };
        self.tables.iter().map(|table| table.name).find(|known| *known == name).ok_or_else(Refusal::invalid_module)
    }

    /// `POST /settings/fields`: the endpoint and its members are the public client's (`create_field`); the answer is unverified.
    fn make_field(&mut self, module: &'static str, wish: &Map<String, Json>) -> Result<Json, Refusal> {
        let missing = |name: &str| Refusal::new(400, "MANDATORY_NOT_FOUND", "required field not found", json!({"api_name": name}));
        let label = wish.get("field_label").and_then(Json::as_str).ok_or_else(|| missing("field_label"))?;
        let data_type = match wish.get("data_type").and_then(Json::as_str).ok_or_else(|| missing("data_type"))? {
            "text" => DataType::Text,
            "textarea" => DataType::TextArea,
            "email" => DataType::Email,
            "phone" => DataType::Phone,
            "boolean" => DataType::Boolean,
            "date" => DataType::Date,
            "datetime" => DataType::DateTime,
            "integer" => DataType::Integer,
            _ => return Err(Refusal::new(400, "INVALID_DATA", "invalid data", json!({"api_name": "data_type"}))),
        };
        let length = wish.get("length").and_then(Json::as_u64).and_then(|length| usize::try_from(length).ok()).unwrap_or(255);
        let unique = wish.get("unique").is_some_and(|unique| unique.as_object().is_some_and(|unique| !unique.is_empty()));
        let api_name: String = label.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        if !self.add_field(module, Field::new(&api_name, data_type, length).custom(unique)) {
            return Err(Refusal::new(400, "DUPLICATE_DATA", "duplicate data", json!({"api_name": "field_label"})));
        }
        let id = self.ids.next();
        Ok(json!({"code": "SUCCESS", "details": {"id": id.to_string()}, "message": "custom field created", "status": "success"}))
    }

    /// The administrator makes a field; `false` where the module has one of this name, or there is no such module.
    pub fn add_field(&mut self, module: &str, field: Field) -> bool {
        let Some(table) = self.table_mut(module) else { return false };
        let is_new = table.field(&field.api_name).is_none();
        if is_new {
            table.fields.push(field);
        }
        is_new
    }

    /// `GET /users`.
    pub(crate) fn users_listed(&self, caller: u64, query: &Query) -> Answer {
        let page = query.count("page", 1, usize::MAX)?;
        let per_page = query.count("per_page", 200, 200)?;
        let wanted = |user: &&User| match query.get("type") {
            Some("CurrentUser") => user.id == caller,
            Some("ActiveUsers" | "ActiveConfirmedUsers") => user.active,
            Some("DeactiveUsers") => !user.active,
            Some("AdminUsers") => user.admin,
            Some("ActiveConfirmedAdmins") => user.admin && user.active,
            Some(_) | None => true,
        };
        let users: Vec<&User> = self.users.iter().filter(wanted).collect();
        let skipped = (page - 1).saturating_mul(per_page);
        let shown: Vec<Json> = users.iter().skip(skipped).take(per_page).map(|user| self.user_shape(user)).collect();
        if shown.is_empty() {
            return Ok(empty(204));
        }
        let more = skipped + shown.len() < users.len();
        let info = json!({"per_page": per_page, "count": shown.len(), "page": page, "more_records": more});
        Ok(encode(200, &json!({"users": shown, "info": info})))
    }

    pub(crate) fn user_read(&self, id: &str) -> Answer {
        match id.parse().ok().and_then(|id| self.user(id)) {
            Some(user) => Ok(encode(200, &json!({"users": [self.user_shape(user)]}))),
            None => Err(Refusal::invalid_id(id)),
        }
    }

    fn user_shape(&self, user: &User) -> Json {
        let role = if user.admin { "CEO" } else { "Manager" };
        let profile = if user.admin { "Administrator" } else { "Standard" };
        json!({
            "id": user.id.to_string(), "email": user.email, "full_name": user.full_name(), "first_name": user.first_name,
            "last_name": user.last_name, "status": if user.active { "active" } else { "inactive" }, "confirm": true,
            "role": {"name": role, "id": "6493490000000026005"}, "profile": {"name": profile, "id": "6493490000000026011"},
            "zuid": (user.id % 1_000_000_000).to_string(), "time_zone": "Europe/Athens", "locale": "en_US", "language": "en_US",
            "country": "us", "Isonline": false, "Modified_Time": stamp(user.since, self.profile.offset_s),
            "created_time": stamp(user.since, self.profile.offset_s),
        })
    }

    /// `GET /org`.
    pub(crate) fn organisation(&self) -> Response {
        encode(
            200,
            &json!({"org": [{
                "id": "6493490000000000001", "zgid": "649349000", "company_name": "Simulated Trading", "primary_email": "integration@simulator.example",
                "time_zone": "Europe/Athens", "currency": "Euro - EUR", "iso_code": "EUR", "country_code": "GR", "domain_name": "org649349000",
                "license_details": {"paid": true, "paid_type": self.profile.edition, "users_license_purchased": 5, "trial_type": null}
            }]}),
        )
    }
}
