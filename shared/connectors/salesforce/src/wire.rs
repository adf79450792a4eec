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

impl Node {
    /// Reads a body.
    ///
    /// # Errors
    /// `Fault::Drift` where it is no JSON: empty, HTML, cut.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Fault> {
        let drift = |found: &str| Fault::Drift { path: "body".into(), expected: "JSON".into(), found: found.into() };
        let text = std::str::from_utf8(body).map_err(|_| drift("bytes that are no UTF-8"))?;
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Err(drift("an empty body"));
        }
        if text.starts_with('<') {
            return Err(drift("a page of HTML or XML"));
        }
        let raw: &RawValue = serde_json::from_str(text).map_err(|_| drift("cut or broken JSON"))?;
        Self::from_raw(raw, 0).ok_or_else(|| drift("broken or too deeply nested JSON"))
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

/// One page of a query (fact sheet §3.1: recorded).
#[derive(Clone, Debug)]
pub(crate) struct QueryAnswer<'a> {
    pub(crate) done: bool,
    pub(crate) next: Option<String>,
    pub(crate) records: &'a [Node],
}

impl<'a> QueryAnswer<'a> {
    /// # Errors
    /// `Fault::Drift` where there is no list of records, or no word on whether it ends here.
    pub(crate) fn read(node: &'a Node) -> Result<Self, Fault> {
        let drift = |path: &str, expected: &str, found: Option<&Node>| Fault::Drift {
            path: path.into(),
            expected: expected.into(),
            found: found.map_or("nothing", Node::type_name).into(),
        };
        let records = node.get("records");
        let records = records.and_then(Node::as_list).ok_or_else(|| drift("records", "list", records))?;
        let done = node.get("done");
        let done = done.and_then(Node::as_bool).ok_or_else(|| drift("done", "bool", done))?;
        Ok(Self { done, next: node.text_at("nextRecordsUrl").map(str::to_owned), records })
    }
}

/// One subrequest's answer (fact sheet §4.2: recorded).
#[derive(Clone, Debug)]
pub(crate) struct CompositePart<'a> {
    pub(crate) status: u16,
    pub(crate) reference: String,
    pub(crate) body: &'a Node,
}

impl<'a> CompositePart<'a> {
    /// # Errors
    /// `Fault::Drift` where the envelope is another.
    pub(crate) fn read_all(node: &'a Node) -> Result<Vec<Self>, Fault> {
        let parts = node.get("compositeResponse").and_then(Node::as_list).ok_or_else(|| Fault::Drift {
            path: "compositeResponse".into(),
            expected: "list".into(),
            found: node.type_name().into(),
        })?;
        Ok(parts.iter().map(Self::read).collect())
    }

    fn read(node: &'a Node) -> Self {
        Self {
            status: node.get("httpStatusCode").and_then(Node::as_integer).and_then(|status| u16::try_from(status).ok()).unwrap_or(0),
            reference: node.text_at("referenceId").unwrap_or_default().to_owned(),
            body: node.get("body").unwrap_or(&Node::Null),
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
