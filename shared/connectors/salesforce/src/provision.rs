//! Making a field, and the rights to use it (fact sheet §2.9: documented; seen in clients).
//!
//! Repeatable: each step looks, or takes "it is there already" for done.

use syncline_engine::ports::connector::FieldWish;
use syncline_model::{Deadline, Fault, FieldType, Problem};

use crate::calls;
use crate::client::{Client, Failure};
use crate::schema::Field;
use crate::soql;
use crate::wire::{Node, Object, SaveRow};

/// The permission set that carries the rights.
const PERMISSION_SET: &str = "Syncline";
/// The length of a text field where the wish names none.
const TEXT_LENGTH: u32 = 40;

pub(crate) async fn provision(client: &Client, wish: &FieldWish, by: Deadline) -> Result<(), Fault> {
    let kind = wish.kind.as_str();
    let name = wish.schema.name.as_str();
    let metadata = metadata(wish)?;
    let described = client.describe_anew(kind, by).await?;
    if let Some(field) = described.fields.get(name) {
        agree(wish, field)?;
        if field.schema.updatable {
            return Ok(());
        }
    } else {
        let body = Node::object_of([("FullName", Node::text_of(format!("{kind}.{name}"))), ("Metadata", metadata)]);
        make(client, &client.calls.tooling_field_path(), &body, by).await?;
    }
    grant(client, &format!("{kind}.{name}"), kind, by).await?;
    let described = client.describe_anew(kind, by).await?;
    match described.fields.get(name) {
        Some(field) => agree(wish, field),
        None => Err(Fault::Drift {
            path: format!("{kind}.{name}"),
            expected: "a field that our user sees, after it was made and granted".into(),
            found: "none of this name".into(),
        }),
    }
}

fn problem(wish: &FieldWish, code: &str, words: &str) -> Fault {
    Fault::Rejected { problems: vec![Problem { field: Some(wish.schema.name.clone()), code: code.into(), words: words.into() }] }
}

fn agree(wish: &FieldWish, field: &Field) -> Result<(), Fault> {
    if std::mem::discriminant(&field.schema.field_type) != std::mem::discriminant(&wish.schema.field_type) {
        return Err(problem(wish, "FIELD_TYPE", "a field of this name exists with another type: rename one, or map another field"));
    }
    if wish.schema.upsert_key && !field.schema.upsert_key {
        return Err(problem(wish, "FIELD_NOT_EXTERNAL_ID", "the field exists, but is no external id: tick External ID in Setup"));
    }
    if wish.schema.unique && !field.schema.unique {
        return Err(problem(wish, "FIELD_NOT_UNIQUE", "the field exists, but is not unique: tick Unique in Setup"));
    }
    Ok(())
}

fn metadata(wish: &FieldWish) -> Result<Node, Fault> {
    let schema = &wish.schema;
    if !schema.name.as_str().ends_with("__c") || !soql::is_name(schema.name.as_str()) || schema.name.as_str().contains('.') {
        return Err(problem(wish, "FIELD_NAME", "a field made at Salesforce has a name that ends with __c"));
    }
    let mut metadata = Object::from([("label".to_owned(), Node::text_of(schema.label.as_str()))]);
    let mut put = |key: &str, node: Node| metadata.insert(key.to_owned(), node);
    match &schema.field_type {
        FieldType::Text => {
            put("type", Node::text_of("Text"));
            put("length", Node::Number(schema.length.unwrap_or(TEXT_LENGTH).clamp(1, 255).to_string()));
            put("externalId", Node::Bool(schema.upsert_key));
            put("unique", Node::Bool(schema.unique));
            if schema.unique {
                put("caseSensitive", Node::Bool(false));
            }
            put("required", Node::Bool(false));
        }
        FieldType::Bool => {
            put("type", Node::text_of("Checkbox"));
            put("defaultValue", Node::text_of("false"));
        }
        FieldType::Date => {
            put("type", Node::text_of("Date"));
        }
        FieldType::DateTime => {
            put("type", Node::text_of("DateTime"));
        }
        FieldType::Integer
        | FieldType::Decimal
        | FieldType::Email
        | FieldType::Phone
        | FieldType::Choice { .. }
        | FieldType::Set { .. }
        | FieldType::Reference { .. }
        | FieldType::Id
        | FieldType::Other(_) => return Err(Fault::Unsupported { capability: "making fields other than text, checkbox and date".into() }),
    }
    Ok(Node::Object(metadata))
}

async fn grant(client: &Client, field: &str, kind: &str, by: Deadline) -> Result<(), Fault> {
    let named = format!("Name = {}", soql::quote(PERMISSION_SET));
    let mut set = find(client, "PermissionSet", &named, by).await?;
    if set.is_none() {
        let body = Node::object_of([("Name", Node::text_of(PERMISSION_SET)), ("Label", Node::text_of(PERMISSION_SET))]);
        set = make(client, &client.calls.create_path("PermissionSet"), &body, by).await?;
    }
    if set.is_none() {
        // Another process made it between the two calls.
        set = find(client, "PermissionSet", &named, by).await?;
    }
    let set = set.ok_or_else(lost_set)?;
    let set_literal = soql::quote(&set);
    let filter = format!("ParentId = {set_literal} AND SobjectType = {} AND Field = {}", soql::quote(kind), soql::quote(field));
    if find(client, "FieldPermissions", &filter, by).await?.is_none() {
        let body = Node::object_of([
            ("ParentId", Node::text_of(set.as_str())),
            ("SobjectType", Node::text_of(kind)),
            ("Field", Node::text_of(field)),
            ("PermissionsRead", Node::Bool(true)),
            ("PermissionsEdit", Node::Bool(true)),
        ]);
        make(client, &client.calls.create_path("FieldPermissions"), &body, by).await?;
    }
    let user = user(client, by).await?;
    let filter = format!("AssigneeId = {} AND PermissionSetId = {set_literal}", soql::quote(&user));
    if find(client, "PermissionSetAssignment", &filter, by).await?.is_none() {
        let body = Node::object_of([("AssigneeId", Node::text_of(user)), ("PermissionSetId", Node::text_of(set.as_str()))]);
        make(client, &client.calls.create_path("PermissionSetAssignment"), &body, by).await?;
    }
    Ok(())
}

fn lost_set() -> Fault {
    Fault::Drift { path: "PermissionSet".into(), expected: format!("one named {PERMISSION_SET}"), found: "none that our user sees".into() }
}

async fn user(client: &Client, by: Deadline) -> Result<String, Fault> {
    if let Some(identity) = client.auth.identity(by).await? {
        return Ok(identity.user);
    }
    let node = client.ask(calls::ACCOUNT, &client.calls.userinfo()?, &[], by).await.map_err(Failure::fault)?;
    node.text_at("user_id").and_then(crate::id::canonical).ok_or_else(|| Fault::Drift {
        path: "user_id".into(),
        expected: "id".into(),
        found: node.get("user_id").map_or("nothing", Node::type_name).into(),
    })
}

/// The id of the first row, where there is one.
async fn find(client: &Client, kind: &str, filter: &str, by: Deadline) -> Result<Option<String>, Fault> {
    let query = format!("SELECT Id FROM {kind} WHERE {filter} LIMIT 1");
    let request = client.calls.get(&client.calls.query_path(&query, false))?;
    let (body, _) = client.body(calls::PROVISION, &request, &[], by).await.map_err(Failure::fault)?;
    let first = crate::wire::QueryAnswer::read(crate::wire::raw(&body)?)?.rows().next().transpose()?;
    Ok(first.as_ref().and_then(crate::schema::row_id))
}

/// Makes a row; `None` where it is there already.
async fn make(client: &Client, path: &str, body: &Node, by: Deadline) -> Result<Option<String>, Fault> {
    let request = client.calls.post(path, body)?;
    match client.ask(calls::PROVISION, &request, &[], by).await.map_err(Failure::fault) {
        Ok(node) => match SaveRow::read(&node) {
            Some(save) if save.success => Ok(save.id),
            Some(save) => {
                let fault = crate::faults::of_rows(200, &save.errors, crate::faults::About::NewRow, &[], client.now());
                if is_there(&fault) { Ok(None) } else { Err(fault) }
            }
            None => Err(Fault::Drift { path: "success".into(), expected: "bool".into(), found: "nothing".into() }),
        },
        Err(fault) if is_there(&fault) => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn is_there(fault: &Fault) -> bool {
    matches!(fault, Fault::Taken { .. })
        || matches!(fault, Fault::Rejected { problems } if problems.iter().any(|problem| problem.code == "DUPLICATE_DEVELOPER_NAME"))
}

/// The field as a wish: a text that holds the other system's id, unique, usable for upserts.
#[cfg(test)]
pub(crate) fn link_field(kind: &str, name: &str) -> FieldWish {
    let mut schema = syncline_model::FieldSchema::new(name, name, FieldType::Text);
    schema.unique = true;
    schema.upsert_key = true;
    FieldWish { kind: kind.into(), schema }
}
