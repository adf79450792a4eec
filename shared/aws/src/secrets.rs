//! Credentials in Secrets Manager: one secret a connection, a JSON object of texts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_model::{Secret, Timestamp};

use crate::client::Aws;
use crate::trouble::sentence;

/// How long a bundle is believed without asking again, in seconds. Short, because another function may have rotated a token in it;
/// long enough that a warm function asks once a batch, not once a call.
pub const CACHE_S_MAX: i64 = 60;

/// The production `Secrets`.
pub struct SecretsManagerSecrets {
    aws: Arc<Aws>,
    prefix: String,
    clock: Arc<dyn Clock>,
    cache: Mutex<BTreeMap<String, Cached>>,
}

struct Cached {
    bundle: Bundle,
    until: Timestamp,
}

impl SecretsManagerSecrets {
    /// The secret of connection `name` is called `{prefix}{name}`. The deployment makes it. Makes no call.
    pub fn new(aws: Arc<Aws>, prefix: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        Self { aws, prefix: prefix.into(), clock, cache: Mutex::default() }
    }

    fn cached(&self, name: &str) -> Option<Bundle> {
        let now = self.clock.now();
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(name).filter(|cached| now < cached.until).map(|cached| cached.bundle.clone())
    }

    fn remember(&self, name: &str, bundle: &Bundle) {
        // A time that cannot be told is no reason to fail: the bundle is then asked for again.
        let Ok(until) = self.clock.now().checked_add(jiff::SignedDuration::from_secs(CACHE_S_MAX)) else { return };
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.insert(name.to_owned(), Cached { bundle: bundle.clone(), until });
    }

    fn forget(&self, name: &str) {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

#[async_trait]
impl Secrets for SecretsManagerSecrets {
    async fn load(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
        if let Some(bundle) = self.cached(name) {
            return Ok(Some(bundle));
        }
        let id = format!("{}{name}", self.prefix);
        let fail = |problem: String| SecretsError { name: id.clone(), problem };
        let answer = match self.aws.secrets_manager().get_secret_value().secret_id(&id).send().await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("ResourceNotFoundException") => return Ok(None),
            Err(error) => return Err(fail(sentence("GetSecretValue", &error))),
        };
        let text = answer.secret_string().ok_or_else(|| fail("is binary; a JSON object of texts is expected".to_owned()))?;
        // A deployment makes each secret before anybody writes into it.
        if text.trim().is_empty() {
            return Ok(None);
        }
        // The parser's own words would quote what it found.
        let texts: BTreeMap<String, Secret> = serde_json::from_str(text)
            .map_err(|_| fail("is not a JSON object of texts; run `syncline connect` to write it anew".to_owned()))?;
        let bundle = Bundle(texts);
        self.remember(name, &bundle);
        Ok(Some(bundle))
    }

    async fn load_anew(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
        self.forget(name);
        self.load(name).await
    }

    async fn save(&self, name: &str, bundle: &Bundle) -> Result<(), SecretsError> {
        let id = format!("{}{name}", self.prefix);
        let fail = |problem: String| SecretsError { name: id.clone(), problem };
        let texts: BTreeMap<&str, &str> = bundle.0.iter().map(|(key, secret)| (key.as_str(), secret.expose())).collect();
        let text = serde_json::to_string(&texts).map_err(|_| fail("could not be written as JSON".to_owned()))?;
        // Whatever the answer, what was cached may no longer be what is stored.
        self.forget(name);
        match self.aws.secrets_manager().put_secret_value().secret_id(&id).secret_string(text).send().await {
            Ok(_) => {
                self.remember(name, bundle);
                Ok(())
            }
            Err(error) if error.code() == Some("ResourceNotFoundException") => {
                Err(fail("does not exist; the deployment makes one for each connection of the config: deploy first".to_owned()))
            }
            Err(error) => Err(fail(sentence("PutSecretValue", &error))),
        }
    }
}
