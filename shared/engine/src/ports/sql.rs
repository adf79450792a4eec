//! The way to a database: a transaction is one request of the port [`Http`](super::http::Http), and what came of it is the answer.
//!
//! Why not a port of its own: a transaction is as much one question with one answer as a call over https is, so that the gate, the budget, the
//! deadline and the difference between "not sent" and "unanswered" hold for it as they stand (decision 20). The request's address has the scheme
//! [`SCHEME`]; its body is a [`Transaction`] and its answer's an [`Answer`], as JSON. A transaction that was refused as a whole has another
//! status than 200, and a [`Refusal`] for its body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use syncline_model::Secret;

/// The scheme of a database's address.
pub const SCHEME: &str = "sql";
/// The certificate authority (PEM, as base64) that vouches for the server, where the machine does not trust it by itself.
pub const AUTHORITY: HeaderName = HeaderName::from_static("x-certificate-authority");

/// Statements that take effect all together, or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    pub statements: Vec<Statement>,
}

/// One statement. Parameters travel as text, and so do results: the text says what type each is (`$1::text::jsonb`, `total::text`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    pub text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Option<String>>,
    /// Whether its refusal undoes only itself; otherwise a refusal undoes the transaction.
    #[serde(default)]
    pub apart: bool,
}

impl Statement {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), parameters: Vec::new(), apart: false }
    }

    #[must_use]
    pub fn with(mut self, parameter: impl Into<String>) -> Self {
        self.parameters.push(Some(parameter.into()));
        self
    }

    /// A refusal of this one leaves the others standing.
    #[must_use]
    pub fn apart(mut self) -> Self {
        self.apart = true;
        self
    }
}

/// What came of a transaction that was committed: of each statement, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub results: Vec<Ended>,
}

/// How a statement ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    Rows(Vec<Vec<Option<String>>>),
    Refused(Refusal),
}

/// A database's no, without its sentence: that may quote what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The five characters of the standard, or of the product's own list.
    pub sqlstate: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
}

/// Who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    pub user: String,
    pub password: Secret,
    /// PEM.
    pub authority: Option<String>,
}

impl Transaction {
    /// The request that carries it out at this address. Credentials stand in headers that do not show themselves.
    ///
    /// # Errors
    /// The address is none, or the transaction has no JSON form.
    pub fn request(&self, address: &str, sign_in: &SignIn) -> Result<http::Request<Bytes>, String> {
        let body = serde_json::to_vec(self).map_err(|error| error.to_string())?;
        let pair = format!("{}:{}", sign_in.user, sign_in.password.expose());
        let mut request = http::Request::post(address).header(AUTHORIZATION, hidden(&format!("Basic {}", STANDARD.encode(pair)))?);
        if let Some(authority) = &sign_in.authority {
            request = request.header(AUTHORITY, hidden(&STANDARD.encode(authority))?);
        }
        request.body(body.into()).map_err(|error| error.to_string())
    }
}

impl SignIn {
    /// Reads it back from a request; `None` where it is not there.
    pub fn of(headers: &http::HeaderMap) -> Option<Self> {
        let text = |base64: &str| String::from_utf8(STANDARD.decode(base64).ok()?).ok();
        let pair = text(headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?)?;
        let (user, password) = pair.split_once(':')?;
        let authority = headers.get(AUTHORITY).and_then(|value| text(value.to_str().ok()?));
        Some(Self { user: user.to_owned(), password: Secret::new(password), authority })
    }
}

fn hidden(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text).map_err(|error| error.to_string())?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_signs_in_is_read_back_and_never_shown() {
        let sign_in = SignIn { user: "syncline".into(), password: Secret::new("a:secret"), authority: Some("-----BEGIN".into()) };
        let transaction = Transaction { statements: vec![Statement::new("SELECT $1::text").with("x").apart()] };
        let request = transaction.request("sql://db.example:5432/crm", &sign_in).unwrap();
        assert_eq!(SignIn::of(request.headers()), Some(sign_in));
        assert_eq!(serde_json::from_slice::<Transaction>(request.body()).unwrap(), transaction);
        let shown = format!("{:?}", request.headers());
        assert!(!shown.contains(&STANDARD.encode("syncline:a:secret")), "{shown}");
        assert_eq!(request.uri().scheme_str(), Some(SCHEME));
    }
}
