//! What the org says about itself: objects, fields, limits; and custom fields with the permissions that show them (fact sheet §2.8, §2.9).

use serde_json::{Value as Json, json};

use crate::Salesforce;
use crate::call::{Call, Reply};
use crate::moments;
use crate::objects::{Field, Kind, Object};
use crate::refusal::Refusal;
use crate::save::Body;

impl Salesforce {
    pub(crate) fn limits(&mut self, call: &Call) -> Reply {
        let max = self.profile.daily_calls;
        let remaining = max.saturating_sub(self.quota.used(call.now));
        let full = |max: u32| json!({ "Max": max, "Remaining": max });
        Reply::json(
            200,
            &json!({
                "DailyApiRequests": { "Max": max, "Remaining": remaining },
                "DailyBulkApiBatches": full(15_000),
                "DailyBulkV2QueryJobs": full(10_000),
                "HourlyPublishedPlatformEvents": full(50_000),
            }),
        )
    }

    /// `GET /sobjects`.
    pub(crate) fn global(&self, call: &Call) -> Reply {
        let objects = self.store.tables().iter().map(|table| &table.object).filter(|object| !object.tooling);
        let described: Vec<Json> = objects.map(|object| summary(object, &call.version)).collect();
        Reply::json(200, &json!({ "encoding": "UTF-8", "maxBatchSize": 200, "sobjects": described }))
    }

    /// `GET /sobjects/X`.
    pub(crate) fn basic(&self, call: &Call, table: usize) -> Result<Reply, Refusal> {
        let table = self.table(table)?;
        Ok(Reply::json(200, &json!({ "objectDescribe": summary(&table.object, &call.version), "recentItems": [] })))
    }

    pub(crate) fn describe(&self, call: &Call, table: usize) -> Result<Reply, Refusal> {
        if call.method != "GET" {
            return Err(call.not_allowed("GET,HEAD"));
        }
        let object = &self.table(table)?.object;
        let tag = format!("\"{:x}-{}\"", object.changed_at, u8::from(call.sees_all()));
        let since = call.header("if-modified-since").and_then(moments::parse_http);
        if since.is_some_and(|since| object.changed_at <= since) || call.header("if-none-match").is_some_and(|given| given.contains(&tag)) {
            return Ok(Reply::empty(304).with("etag", tag));
        }
        let mut described = summary(object, &call.version);
        let fields: Vec<Json> = object.fields.iter().filter(|field| call.sees_all() || !field.hidden).map(describe_field).collect();
        let mut children = Vec::new();
        for table in self.store.tables() {
            for field in table.object.fields.iter().filter(|field| field.refers_to.as_deref() == Some(&object.name)) {
                children.push(json!({
                    "cascadeDelete": field.cascade, "childSObject": table.object.name, "deprecatedAndHidden": false, "field": field.name,
                    "junctionIdListNames": [], "junctionReferenceTo": [], "relationshipName": field.children, "restrictedDelete": false,
                }));
            }
        }
        if let Some(members) = described.as_object_mut() {
            members.insert("fields".to_owned(), json!(fields));
            members.insert("childRelationships".to_owned(), json!(children));
            let more = json!({
                "actionOverrides": [], "compactLayoutable": true, "defaultImplementation": null, "extendedBy": null, "extendsInterfaces": null,
                "implementedBy": null, "implementsInterfaces": null, "listviewable": null, "lookupLayoutable": null, "namedLayoutInfos": [],
                "networkScopeFieldName": null, "recordTypeInfos": [], "searchLayoutable": true, "sobjectDescribeOption": "FULL", "supportedScopes": [],
            });
            for (name, value) in more.as_object().into_iter().flatten() {
                members.insert(name.clone(), value.clone());
            }
        }
        Ok(Reply::json(200, &described).with("etag", tag).with("last-modified", moments::http(object.changed_at)))
    }

    /// `POST /tooling/sobjects/CustomField`: the field exists at once, and nobody sees it before permissions are given.
    pub(crate) fn create_custom_field(&mut self, call: &Call) -> Result<Reply, Refusal> {
        if call.method != "POST" {
            return Err(call.not_allowed("POST"));
        }
        let body = call.json()?;
        let full_name = body.get("FullName").and_then(Json::as_str).unwrap_or_default();
        let wrong = |message: String| Refusal::of_fields("FIELD_INTEGRITY_EXCEPTION", message, &["FullName"]);
        let Some((object, name)) = full_name.split_once('.').filter(|(_, name)| name.ends_with("__c")) else {
            return Err(wrong(format!("Custom field name must be Object.Name__c: {full_name}")));
        };
        let table = self.object(object)?;
        let mut field = custom_field(name, body.get("Metadata").unwrap_or(&Json::Null))?;
        if self.table(table)?.object.index_of(name).is_some() {
            let message = format!("There is already a field named {} on {object}.", name.trim_end_matches("__c"));
            return Err(Refusal::of_fields("DUPLICATE_DEVELOPER_NAME", message, &["DeveloperName"]));
        }
        field.hidden = !field.required;
        if let Some(target) = self.store.table_mut(table) {
            target.object.changed_at = call.now;
            target.add_field(field);
        }
        let row: Body = [("DeveloperName", name.trim_end_matches("__c")), ("TableEnumOrId", object), ("FullName", full_name)]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Json::from(value)))
            .collect();
        let known = self.store.table_index("CustomField").ok_or_else(Refusal::not_found)?;
        let id = self.create(known, &row, &call.actor(0))?;
        self.show_permitted();
        Ok(Reply::json(201, &json!({ "id": id, "success": true, "errors": [], "warnings": [], "infos": [] })))
    }

    /// Adds a custom field as an administrator would, visible to all.
    pub(crate) fn add_field(&mut self, object: &str, field: Field, now: i64) -> bool {
        let Some(table) = self.store.table_index(object) else { return false };
        let Some(target) = self.store.table_mut(table) else { return false };
        target.object.changed_at = target.object.changed_at.max(now);
        target.add_field(field);
        true
    }

    /// Shows each field that a permission set of the integration user makes readable.
    pub(crate) fn show_permitted(&mut self) {
        let user = self.auth.integration_user();
        let (Some(assigned), Some(granted)) = (self.store.named("PermissionSetAssignment"), self.store.named("FieldPermissions")) else {
            return;
        };
        let column = |table: &crate::rows::Table, name: &str| table.object.index_of(name).unwrap_or(usize::MAX);
        let live = |row: &&crate::rows::Row| row.deleted_at.is_none();
        let sets: Vec<String> = (assigned.slots().filter_map(|slot| assigned.row(slot)).filter(live))
            .filter(|row| row.text(column(assigned, "AssigneeId")) == Some(&user))
            .filter_map(|row| row.text(column(assigned, "PermissionSetId")).map(str::to_owned))
            .collect();
        let fields: Vec<(String, bool)> = (granted.slots().filter_map(|slot| granted.row(slot)).filter(live))
            .filter(|row| row.cell(column(granted, "PermissionsRead")) == &Json::Bool(true))
            .filter(|row| row.text(column(granted, "ParentId")).is_some_and(|set| sets.iter().any(|known| known == set)))
            .filter_map(|row| {
                let edits = row.cell(column(granted, "PermissionsEdit")) == &Json::Bool(true);
                row.text(column(granted, "Field")).map(|field| (field.to_owned(), edits))
            })
            .collect();
        for (field, edits) in fields {
            let Some((object, name)) = field.split_once('.') else { continue };
            let Some(table) = self.store.table_index(object).and_then(|table| self.store.table_mut(table)) else { continue };
            if let Some(field) = table.object.field_mut(name).filter(|field| field.hidden) {
                field.hidden = false;
                if !field.calculated {
                    (field.createable, field.updateable) = (edits, edits);
                }
                table.object.changed_at += 1;
            }
        }
    }

    pub(crate) fn hide_fields(&mut self) {
        for name in self.profile.hidden_fields.clone() {
            self.set_hidden(&name, true);
        }
    }

    pub(crate) fn set_hidden(&mut self, name: &str, hidden: bool) -> bool {
        let Some((object, field)) = name.split_once('.') else { return false };
        let table = self.store.table_index(object).and_then(|table| self.store.table_mut(table));
        let Some(table) = table else { return false };
        table.object.changed_at += 1;
        table.object.field_mut(field).map(|field| field.hidden = hidden).is_some()
    }
}

/// A custom field from the metadata of a tooling request.
pub(crate) fn custom_field(name: &str, metadata: &Json) -> Result<Field, Refusal> {
    let text = |member: &str| metadata.get(member).and_then(Json::as_str);
    let flag = |member: &str| metadata.get(member).and_then(Json::as_bool).unwrap_or(false);
    let number = |member: &str| metadata.get(member).and_then(Json::as_u64).and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
    let kind = match text("type").unwrap_or_default() {
        "Text" => Kind::String,
        "TextArea" | "LongTextArea" => Kind::TextArea,
        "Checkbox" => Kind::Boolean,
        "Number" => Kind::Double,
        "Currency" => Kind::Currency,
        "Percent" => Kind::Percent,
        "Date" => Kind::Date,
        "DateTime" => Kind::DateTime,
        "Phone" => Kind::Phone,
        "Email" => Kind::Email,
        "Url" => Kind::Url,
        "Picklist" => Kind::Picklist,
        "MultiselectPicklist" => Kind::MultiPicklist,
        "Lookup" => Kind::Reference,
        other => return Err(Refusal::of_fields("INVALID_TYPE", format!("Unknown field type: {other}"), &["Metadata"])),
    };
    let mut refused = None;
    if kind == Kind::Boolean && metadata.get("required").is_some() {
        refused = Some("Can not specify 'required' for a CustomField of type Checkbox".to_owned());
    }
    if kind == Kind::String && !(1..=255).contains(&number("length")) {
        refused = Some(format!("Text field length must be between 1 and 255: {}", number("length")));
    }
    if let Some(message) = refused {
        return Err(Refusal::of_fields("FIELD_INTEGRITY_EXCEPTION", message, &["Metadata"]));
    }
    let length = match kind {
        Kind::String | Kind::TextArea => number("length").max(255),
        Kind::Phone => 40,
        Kind::Email => 80,
        Kind::Url | Kind::Picklist => 255,
        Kind::MultiPicklist => 4_099,
        Kind::Reference => 18,
        Kind::Id
        | Kind::Boolean
        | Kind::Int
        | Kind::Double
        | Kind::Currency
        | Kind::Percent
        | Kind::Date
        | Kind::DateTime
        | Kind::Address => 0,
    };
    let mut field = Field::new(name, kind, if kind == Kind::String { number("length") } else { length });
    if let Some(label) = text("label") {
        label.clone_into(&mut field.label);
    }
    field.precision = number("precision");
    field.scale = number("scale");
    field.external_id = flag("externalId");
    field.unique = flag("unique");
    field.case_sensitive = flag("caseSensitive");
    field.id_lookup = field.external_id;
    field.indexed = field.indexed || field.external_id || field.unique;
    field.required = flag("required") || kind == Kind::Boolean;
    field.filterable = !(kind == Kind::TextArea && length > 255);
    field.calculated = metadata.get("formula").is_some();
    if field.calculated {
        (field.createable, field.updateable) = (false, false);
    }
    if kind == Kind::Reference {
        field.refers_to = text("referenceTo").map(str::to_owned);
        field.relationship = Some(name.replace("__c", "__r"));
        field.children = text("relationshipName").map(|name| format!("{name}__r"));
    }
    let values = metadata.get("valueSet");
    let listed =
        values.and_then(|values| values.get("valueSetDefinition")).and_then(|definition| definition.get("value")).and_then(Json::as_array);
    let names = |value: &Json| {
        ["fullName", "valueName", "label"].iter().find_map(|member| value.get(member)).and_then(Json::as_str).map(str::to_owned)
    };
    field.choices = listed.into_iter().flatten().filter_map(names).collect();
    field.restricted = values.and_then(|values| values.get("restricted")).and_then(Json::as_bool).unwrap_or(false);
    Ok(field)
}

fn summary(object: &Object, version: &str) -> Json {
    let base = format!("/services/data/v{version}/sobjects/{}", object.name);
    json!({
        "activateable": false, "associateEntityType": null, "associateParentEntity": null, "createable": true, "custom": false,
        "customSetting": false, "deepCloneable": false, "deletable": true, "deprecatedAndHidden": false, "feedEnabled": true,
        "hasSubtypes": false, "isInterface": false, "isSubtype": false, "keyPrefix": object.prefix, "label": object.name,
        "labelPlural": object.plural, "layoutable": true, "mergeable": object.is_mergeable(), "mruEnabled": true, "name": object.name,
        "queryable": true, "replicateable": true, "retrieveable": true, "searchable": true, "triggerable": true, "undeletable": true,
        "updateable": true,
        "urls": { "sobject": base, "describe": format!("{base}/describe"), "rowTemplate": format!("{base}/{{ID}}") },
    })
}

/// A field as describe tells it; the members are those of the recorded answer (fixtures: metadata-read-accounts-sampled.json).
fn describe_field(field: &Field) -> Json {
    let is_text = field.kind.is_text();
    let choices: Vec<Json> = field.choices.iter().map(|choice| json!({ "active": true, "defaultValue": field.default == json!(choice), "label": choice, "validFor": null, "value": choice })).collect();
    let default = if field.kind == Kind::Boolean { json!(false) } else { field.default.clone() };
    let mut described = json!({
        "aggregatable": field.filterable, "aiPredictionField": false, "autoNumber": field.auto_number,
        "byteLength": if is_text { field.length * 3 } else { field.length }, "calculated": field.calculated, "calculatedFormula": null,
        "cascadeDelete": field.cascade, "caseSensitive": field.case_sensitive, "compoundFieldName": field.compound, "controllerName": null,
        "createable": field.createable, "custom": field.custom, "defaultValue": default, "defaultValueFormula": null,
        "defaultedOnCreate": field.defaulted, "dependentPicklist": false, "deprecatedAndHidden": false,
        "digits": if field.kind == Kind::Int { field.precision } else { 0 }, "displayLocationInDecimal": false, "encrypted": false,
        "externalId": field.external_id, "extraTypeInfo": null, "filterable": field.filterable && field.kind != Kind::Address,
        "filteredLookupInfo": null, "formulaTreatNullNumberAsZero": false, "groupable": field.filterable, "highScaleNumber": false,
        "htmlFormatted": false, "idLookup": field.id_lookup, "inlineHelpText": null, "label": field.label, "length": field.length,
    });
    let name_field = field.name == "Name" || field.name.ends_with("Number") && field.auto_number;
    let rest = json!({
        "mask": null, "maskType": null, "name": field.name, "nameField": name_field, "namePointing": false, "nillable": !field.required,
        "permissionable": field.createable && !field.required, "picklistValues": choices, "polymorphicForeignKey": false,
        "precision": if field.kind == Kind::Int { 0 } else { field.precision }, "queryByDistance": field.kind == Kind::Address,
        "referenceTargetField": null, "referenceTo": field.refers_to.iter().collect::<Vec<_>>(), "relationshipName": field.relationship,
        "relationshipOrder": null, "restrictedDelete": false, "restrictedPicklist": field.restricted, "scale": field.scale,
        "searchPrefilterable": false, "soapType": field.kind.soap(), "sortable": field.filterable && field.kind != Kind::Address,
        "type": field.kind.wire(), "unique": field.unique, "updateable": field.updateable, "writeRequiresMasterRead": false,
    });
    if let (Some(members), Some(rest)) = (described.as_object_mut(), rest.as_object()) {
        members.extend(rest.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    described
}
