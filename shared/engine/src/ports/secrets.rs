//! Where credentials rest: one named bundle a connection.

use std::collections::BTreeMap;

use async_trait::async_trait;
use syncline_model::Secret;

/// A connection's credentials, by the vendor's name for each: `api_key`, `client_secret`, `refresh_token`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle(pub BTreeMap<String, Secret>);

impl Bundle {
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }
}

/// The secret store said no. The sentence names the secret, never its content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("secret {name}: {problem}")]
pub struct SecretsError {
    pub name: String,
    pub problem: String,
}

#[async_trait]
pub trait Secrets: Send + Sync {
    /// `None` where no such bundle has been stored.
    async fn load(&self, name: &str) -> Result<Option<Bundle>, SecretsError>;

    /// The same, past whatever is remembered: for who has just been refused, and asks whether somebody has put a newer credential there. An
    /// adapter that remembers nothing needs no other way.
    async fn load_anew(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
        self.load(name).await
    }

    /// Replaces the bundle; durable when it returns. A rotated refresh token is saved through this before it is used.
    async fn save(&self, name: &str, bundle: &Bundle) -> Result<(), SecretsError>;
}
