//! Salesforce's JSON as it comes: a tree whose numbers keep their text, and the envelopes around records. Absent and extra members are borne.

use indexmap::IndexMap;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;
use syncline_model::{Fault, Secret};

/// Members in the vendor's order: `attributes` must stay first in a row that is written (fact sheet §4.2: recorded).
pub(crate) type Object = IndexMap<String, Node>;

/// A JSON value. Numbers are kept as text, so that no amount passes through a float.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Node>),
    Object(Object),
}

/// Deeper nesting than this is no answer of Salesforce's: parents go five levels up, sub-selects and describes add a few.
const DEPTH_MAX: u32 = 48;

fn no_json(found: &str) -> Fault {
    Fault::Drift { path: "body".into(), expected: "JSON".into(), found: found.into() }
}

/// A body as JSON that is not taken apart yet: of a large answer one row at a time becomes a tree.
///
/// # Errors
/// `Fault::Drift` where it is no JSON: empty, HTML, cut.
pub(crate) fn raw(body: &[u8]) -> Result<&RawValue, Fault> {
    let text = std::str::from_utf8(body).map_err(|_| no_json("bytes that are no UTF-8"))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(no_json("an empty body"));
    }
    if text.starts_with('<') {
        return Err(no_json("a page of HTML or XML"));
    }
    serde_json::from_str(text).map_err(|_| no_json("cut or broken JSON"))
}

/// The members of an object, not taken apart; `None`: it is none.
fn members(raw: &RawValue) -> Option<IndexMap<String, &RawValue>> {
    if raw.get().starts_with('{') { serde_json::from_str(raw.get()).ok() } else { None }
}

/// The items of a list, not taken apart; `None`: it is none.
pub(crate) fn items(raw: &RawValue) -> Option<Vec<&RawValue>> {
    if raw.get().starts_with('[') { serde_json::from_str(raw.get()).ok() } else { None }
}

/// The JSON type, for `Fault::Drift`.
pub(crate) fn type_name(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'{') => "object",
        Some(b'[') => "list",
        Some(b'"') => "string",
        Some(b't' | b'f') => "bool",
        Some(b'n') => "null",
        Some(_) | None => "number",
    }
}

impl Node {
    /// Reads a body.
    ///
    /// # Errors
    /// `Fault::Drift` where it is no JSON: empty, HTML, cut.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Fault> {
        Self::of_raw(raw(body)?)
    }

    /// Reads a part of a body.
    ///
    /// # Errors
    /// `Fault::Drift` where it is too deeply nested.
    pub(crate) fn of_raw(raw: &RawValue) -> Result<Self, Fault> {
        Self::from_raw(raw, 0).ok_or_else(|| no_json("broken or too deeply nested JSON"))
    }

    fn from_raw(raw: &RawValue, depth: u32) -> Option<Self> {
        if depth > DEPTH_MAX {
            return None;
        }
        let text = raw.get();
        match text.as_bytes().first()? {
            b'{' => {
                let members: IndexMap<String, &RawValue> = serde_json::from_str(text).ok()?;
                members.into_iter().map(|(key, raw)| Some((key, Self::from_raw(raw, depth + 1)?))).collect::<Option<_>>().map(Self::Object)
            }
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                items.into_iter().map(|raw| Self::from_raw(raw, depth + 1)).collect::<Option<_>>().map(Self::List)
            }
            b'"' => serde_json::from_str(text).ok().map(Self::Text),
            b't' => Some(Self::Bool(true)),
            b'f' => Some(Self::Bool(false)),
            b'n' => Some(Self::Null),
            _ => Some(Self::Number(text.to_owned())),
        }
    }

    pub(crate) fn text_of(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// An object of these members, in this order.
    pub(crate) fn object_of<const N: usize>(members: [(&str, Node); N]) -> Self {
        Self::Object(members.into_iter().map(|(key, node)| (key.to_owned(), node)).collect())
    }

    pub(crate) fn as_object(&self) -> Option<&Object> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    pub(crate) fn as_list(&self) -> Option<&[Node]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    pub(crate) fn as_integer(&self) -> Option<i64> {
        if let Self::Number(text) = self { text.parse().ok() } else { None }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.as_object()?.get(key)
    }

    pub(crate) fn text_at(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_text()
    }

    pub(crate) fn flag(&self, key: &str) -> bool {
        self.get(key).and_then(Node::as_bool).unwrap_or(false)
    }

    /// The node's JSON type, for `Fault::Drift`.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "list",
            Self::Object(_) => "object",
        }
    }

    /// The node as it goes over the wire.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Shows the type, never the value.
impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{}>", self.type_name())
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(text) => RawValue::from_string(text.clone()).map_err(serde::ser::Error::custom)?.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, node) in members {
                    map.serialize_entry(key, node)?;
                }
                map.end()
            }
        }
    }
}

/// One error, of a whole request (`errorCode`) or of a row (`statusCode`) (fact sheet §4.2, §4.6: recorded).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ErrorRow {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) fields: Vec<String>,
    /// The ids that a duplicate rule found (fact sheet §4.5: documented, in two spellings).
    pub(crate) matches: Vec<String>,
}

impl ErrorRow {
    /// `None` where the node is no error.
    pub(crate) fn read(node: &Node) -> Option<Self> {
        let code = ["errorCode", "statusCode", "exceptionCode", "error"].iter().find_map(|key| node.text_at(key))?;
        let message =
            ["message", "exceptionMessage", "error_description"].iter().find_map(|key| node.text_at(key)).unwrap_or_default().to_owned();
        let fields = node.get("fields").and_then(Node::as_list).unwrap_or_default();
        let fields = fields.iter().filter_map(Node::as_text).map(str::to_owned).collect();
        let mut matches = Vec::new();
        for key in ["duplicateResult", "duplicateResut"] {
            if let Some(found) = node.get(key) {
                match_ids(found, &mut matches);
            }
        }
        Some(Self { code: code.to_owned(), message, fields, matches })
    }

    /// The errors of an answer that is nothing but errors: a bare list, or one object.
    pub(crate) fn read_all(node: &Node) -> Option<Vec<Self>> {
        match node {
            Node::List(items) if !items.is_empty() => items.iter().map(Self::read).collect(),
            Node::Object(members) if !members.contains_key("success") => Self::read(node).map(|row| vec![row]),
            Node::Object(_) | Node::List(_) | Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => None,
        }
    }
}

fn match_ids(node: &Node, ids: &mut Vec<String>) {
    let results = node.get("matchResults").and_then(Node::as_list).unwrap_or_default();
    for record in results.iter().flat_map(|result| result.get("matchRecords").and_then(Node::as_list).unwrap_or_default()) {
        let record = record.get("record");
        if let Some(id) = record.and_then(|record| record.text_at("Id").or_else(|| record.text_at("id"))) {
            ids.push(id.to_owned());
        }
    }
}

/// What became of one row of a collection, or of a single create (fact sheet §4.1, §4.2: recorded). Only `success` is trusted:
/// a row that was rolled back may still show its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SaveRow {
    pub(crate) id: Option<String>,
    pub(crate) success: bool,
    pub(crate) created: Option<bool>,
    pub(crate) errors: Vec<ErrorRow>,
}

impl SaveRow {
    /// `None` where the node is no such row.
    pub(crate) fn read(node: &Node) -> Option<Self> {
        let success = node.get("success")?.as_bool()?;
        let errors = node.get("errors").and_then(Node::as_list).unwrap_or_default();
        Some(Self {
            id: node.text_at("id").or_else(|| node.text_at("Id")).map(str::to_owned),
            success,
            created: node.get("created").and_then(Node::as_bool),
            errors: errors.iter().filter_map(ErrorRow::read).collect(),
        })
    }
}

/// One page of a query (fact sheet §3.1: recorded). Its rows are not taken apart yet.
#[derive(Clone, Debug)]
pub(crate) struct QueryAnswer<'a> {
    pub(crate) done: bool,
    pub(crate) next: Option<String>,
    records: Vec<&'a RawValue>,
}

impl<'a> QueryAnswer<'a> {
    /// # Errors
    /// `Fault::Drift` where there is no list of records, or no word on whether it ends here.
    pub(crate) fn read(raw: &'a RawValue) -> Result<Self, Fault> {
        let drift = |path: &str, expected: &str, found: Option<&RawValue>| Fault::Drift {
            path: path.into(),
            expected: expected.into(),
            found: found.map_or("nothing", type_name).into(),
        };
        let members = members(raw).unwrap_or_default();
        let records = members.get("records").copied();
        let records = records.and_then(items).ok_or_else(|| drift("records", "list", records))?;
        let done = members.get("done").copied();
        let done = done.and_then(|done| serde_json::from_str(done.get()).ok()).ok_or_else(|| drift("done", "bool", done))?;
        let next = members.get("nextRecordsUrl").and_then(|next| serde_json::from_str(next.get()).ok());
        Ok(Self { done, next, records })
    }

    /// The rows, each taken apart when its turn comes.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Result<Node, Fault>> + use<'_, 'a> {
        self.records.iter().map(|raw| Node::of_raw(raw))
    }
}

/// One subrequest's answer (fact sheet §4.2: recorded).
#[derive(Clone, Debug)]
pub(crate) struct CompositePart<'a> {
    pub(crate) status: u16,
    pub(crate) reference: String,
    pub(crate) body: &'a RawValue,
}

impl<'a> CompositePart<'a> {
    /// # Errors
    /// `Fault::Drift` where the envelope is another.
    pub(crate) fn read_all(raw: &'a RawValue) -> Result<Vec<Self>, Fault> {
        let parts = members(raw).and_then(|members| items(members.get("compositeResponse").copied()?)).ok_or_else(|| Fault::Drift {
            path: "compositeResponse".into(),
            expected: "list".into(),
            found: type_name(raw).into(),
        })?;
        Ok(parts.into_iter().map(Self::read).collect())
    }

    fn read(raw: &'a RawValue) -> Self {
        let members = members(raw).unwrap_or_default();
        let text = |name: &str| members.get(name).map(|raw| raw.get());
        Self {
            status: text("httpStatusCode").and_then(|text| text.parse().ok()).unwrap_or(0),
            reference: text("referenceId").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default(),
            body: members.get("body").copied().unwrap_or(RawValue::NULL),
        }
    }
}

/// The answer of the token endpoint (fact sheet §1.2: recorded). There is no `expires_in`.
#[derive(Clone, Debug)]
pub(crate) struct TokenAnswer {
    pub(crate) access_token: Secret,
    /// Set where the app rotates refresh tokens.
    pub(crate) refresh_token: Option<Secret>,
    /// `https://login.salesforce.com/id/<organisation>/<user>`.
    pub(crate) identity_url: Option<String>,
}

impl TokenAnswer {
    /// `None` where the node is no such answer.
    pub(crate) fn read(node: &Node) -> Option<Self> {
        Some(Self {
            access_token: Secret::new(node.text_at("access_token").filter(|token| !token.is_empty())?),
            refresh_token: node.text_at("refresh_token").filter(|token| !token.is_empty()).map(Secret::new),
            identity_url: node.text_at("id").map(str::to_owned),
        })
    }
}
