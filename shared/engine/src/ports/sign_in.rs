//! How a person signs a connection in, as plain data: keys to paste, or a code that a browser brings back.
//!
//! A vendor tells its ways. Who asks the person, opens the browser and listens for its return stands outside the engine; what goes over the
//! wire is the same for all vendors and lies in [`crate::sign_in`].

use syncline_model::{Fault, Timestamp};

use super::http::Call;

/// A way to sign in that fits a connection's settings.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    /// Credentials that a person makes at the vendor and gives us.
    Keys(Keys),
    /// OAuth 2 with an authorization code (RFC 6749 §4.1).
    Code(Box<CodeGrant>),
}

impl Way {
    /// Its name in flags: `keys`, `browser`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Keys(_) => "keys",
            Self::Code(_) => "browser",
        }
    }

    /// What it is, for a person who chooses.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Keys(keys) => keys.label,
            Self::Code(grant) => grant.label,
        }
    }
}

/// Which of the vendor's secret keys sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys {
    /// What they are, in a few words: `an API key`.
    pub label: &'static str,
    /// The names of those that must be given, in the order in which a person is asked. Others of the vendor's stay optional.
    pub names: &'static [&'static str],
}

/// Where and how an authorization code is asked for and exchanged.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeGrant {
    pub label: &'static str,
    /// Where the browser goes; without a query.
    pub authorize_url: String,
    /// Where the code is exchanged.
    pub token_url: String,
    /// As the vendor writes scopes; empty: none is asked for.
    pub scope: String,
    /// Whether the vendor understands a proof key (RFC 7636), always S256.
    pub has_pkce: bool,
    /// Further parameters of the authorize address.
    pub authorize_parameters: Vec<(&'static str, String)>,
    /// Further members of the exchange.
    pub token_parameters: Vec<(&'static str, serde_json::Value)>,
    pub client: ClientProof,
    /// Whether a client without a secret (a public one, with a proof key) may sign in.
    pub secret_is_optional: bool,
    pub body: TokenBody,
    pub redirect: Redirect,
    /// The names of the secret keys that the exchange gives: `refresh_token`.
    pub yields: &'static [&'static str],
    /// How long the code can be exchanged, in seconds, for the sentence that tells it.
    pub code_s: u32,
    /// What the redirect must carry, where it carries it: the data centre that we mean, and the like.
    pub expected: Vec<Expected>,
    /// Where the OAuth client is made and the redirect address is registered, a sentence for a person.
    pub client_help: &'static str,
}

/// How the client shows the token endpoint who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientProof {
    /// `client_id` and `client_secret` in the body.
    Body,
    /// HTTP Basic (RFC 6749 §2.3.1).
    Basic,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenBody {
    Form,
    Json,
}

/// Where the browser returns: this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// `127.0.0.1`, or `localhost` where the vendor takes plain http under that name only.
    pub host: &'static str,
    /// `None`: any free port (RFC 8252 §7.3). A number: the vendor compares the whole address with what is registered, so one port is agreed on.
    pub port: Option<u16>,
}

impl Redirect {
    /// The port of redirect addresses that must be registered; another may be chosen and registered instead.
    pub const REGISTERED_PORT: u16 = 17_580;
    pub const PATH: &'static str = "/signed-in";

    /// As it is registered, and sent.
    pub fn address(&self, port: u16) -> String {
        format!("http://{}:{port}{}", self.host, Self::PATH)
    }
}

/// A parameter of the redirect that tells which account's door it came through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    pub parameter: &'static str,
    pub value: String,
    /// What to do where it is another.
    pub hint: String,
}

/// A question, asked without credentials, by which one sees whether the account that the settings name exists.
#[derive(Clone, Debug)]
pub struct ExistenceCheck {
    /// As people write it: `acme.zendesk.com`.
    pub account: String,
    pub call: Call,
    pub read: fn(&http::Response<bytes::Bytes>, Timestamp) -> Result<Existence, Fault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existence {
    Exists,
    /// Nobody has this name.
    Missing,
}

/// What became of credentials that are given up.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Revoked {
    /// The vendor takes them no more.
    Done,
    /// The vendor has no call for it: what a person does there, a sentence.
    ByHand { how: String },
}
