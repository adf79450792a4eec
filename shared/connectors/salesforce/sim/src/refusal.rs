//! What Salesforce says no with: the same refusal in the form of a whole request and in the form of one row (fact sheet §4.2, §4.6).

use serde_json::{Value as Json, json};

/// A refusal, before it is known whether it answers a request or a row of one.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// `None` leaves the member out of a request-level error; a row always has it.
    pub(crate) fields: Option<Vec<String>>,
    /// `duplicateResult`, on a request-level error only.
    pub(crate) duplicates: Option<Json>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), fields: None, duplicates: None }
    }

    /// A 400 that names fields.
    pub(crate) fn of_fields(code: &'static str, message: impl Into<String>, fields: &[&str]) -> Self {
        let fields = Some(fields.iter().map(|&field| field.to_owned()).collect());
        Self { status: 400, code, message: message.into(), fields, duplicates: None }
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404, "NOT_FOUND", "The requested resource does not exist")
    }

    pub(crate) fn deleted() -> Self {
        Self { status: 404, ..Self::of_fields("ENTITY_IS_DELETED", "entity is deleted", &[]) }
    }

    pub(crate) fn cross_reference(status: u16) -> Self {
        Self { status, ..Self::of_fields("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", &[]) }
    }

    pub(crate) fn no_column(field: &str, object: &str) -> Self {
        Self::new(400, "INVALID_FIELD", format!("No such column '{field}' on sobject of type {object}"))
    }

    pub(crate) fn json(message: impl Into<String>) -> Self {
        Self::new(400, "JSON_PARSER_ERROR", message)
    }

    /// The body of a refused request: a bare array, `errorCode`.
    pub(crate) fn body(&self) -> Json {
        let mut error = json!({ "message": self.message, "errorCode": self.code });
        if let (Some(members), Some(fields)) = (error.as_object_mut(), &self.fields) {
            members.insert("fields".to_owned(), json!(fields));
        }
        if let (Some(members), Some(duplicates)) = (error.as_object_mut(), &self.duplicates) {
            members.insert("duplicateResult".to_owned(), duplicates.clone());
            members.remove("fields");
        }
        json!([error])
    }

    /// A refused row: `statusCode`, and `fields` always.
    pub(crate) fn row(&self) -> Json {
        json!({ "statusCode": self.code, "message": self.message, "fields": self.fields.clone().unwrap_or_default() })
    }

    /// The row's whole answer. Failed updates repeat the id they were given (fact sheet §4.2: recorded), so only `success` tells.
    pub(crate) fn row_answer(&self, id: Option<&str>) -> Json {
        let mut answer = json!({ "success": false, "errors": [self.row()] });
        if let (Some(members), Some(id)) = (answer.as_object_mut(), id) {
            members.insert("id".to_owned(), json!(id));
        }
        answer
    }
}
