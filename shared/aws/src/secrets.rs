//! Credentials in Secrets Manager: one secret a connection, a JSON object of texts.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};

use crate::client::Aws;
use crate::kept::{self, Kept};
use crate::trouble::sentence;

/// The production `Secrets`.
pub struct SecretsManagerSecrets {
    aws: Arc<Aws>,
    prefix: String,
    kept: Kept,
}

impl SecretsManagerSecrets {
    /// The secret of connection `name` is called `{prefix}{name}`. The deployment makes it. Makes no call.
    pub fn new(aws: Arc<Aws>, prefix: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        Self { aws, prefix: prefix.into(), kept: Kept::new(clock) }
    }
}

#[async_trait]
impl Secrets for SecretsManagerSecrets {
    async fn load(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
        if let Some(bundle) = self.kept.get(name) {
            return Ok(Some(bundle));
        }
        let id = format!("{}{name}", self.prefix);
        let fail = |problem: String| SecretsError { name: id.clone(), problem };
        let answer = match self.aws.secrets_manager().await.get_secret_value().secret_id(&id).send().await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("ResourceNotFoundException") => return Ok(None),
            Err(error) => return Err(fail(sentence("GetSecretValue", &error))),
        };
        let text = answer.secret_string().ok_or_else(|| fail("is binary; a JSON object of texts is expected".to_owned()))?;
        let Some(bundle) = kept::read(text).map_err(fail)? else { return Ok(None) };
        self.kept.remember(name, &bundle);
        Ok(Some(bundle))
    }

    async fn load_anew(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
        self.kept.forget(name);
        self.load(name).await
    }

    async fn save(&self, name: &str, bundle: &Bundle) -> Result<(), SecretsError> {
        let id = format!("{}{name}", self.prefix);
        let fail = |problem: String| SecretsError { name: id.clone(), problem };
        let text = kept::written(bundle).map_err(fail)?;
        // Whatever the answer, what was kept may no longer be what is stored.
        self.kept.forget(name);
        match self.aws.secrets_manager().await.put_secret_value().secret_id(&id).secret_string(text).send().await {
            Ok(_) => {
                self.kept.remember(name, bundle);
                Ok(())
            }
            Err(error) if error.code() == Some("ResourceNotFoundException") => {
                Err(fail("does not exist; the deployment makes one for each connection of the config: deploy first".to_owned()))
            }
            Err(error) => Err(fail(sentence("PutSecretValue", &error))),
        }
    }
}
