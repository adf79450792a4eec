//! Credentials in Systems Manager's Parameter Store: one encrypted parameter a connection, a JSON object of texts. A standard parameter costs
//! nothing to keep, where a secret of Secrets Manager costs 40 cents a month; what is given up for that stands in decision 18.
//!
//! Why no SDK crate: of its 150 operations two are needed, and it would be the largest crate of the build. The requests are signed by
//! the SDK's own signer, `aws-sigv4`, and go the SDK's way to the network. Nothing is repeated: who asks takes a failure for a passing one.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_sdk_dynamodb::config::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use bytes::Bytes;
use serde_json::{Value as Json, json};
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};

use crate::client::Aws;
use crate::kept::{self, Kept};
use crate::secrets::SecretsManagerSecrets;
use crate::trouble;

const SERVICE: &str = "ssm";
const VERSION: &str = "AmazonSSM";
const MEDIA_TYPE: &str = "application/x-amz-json-1.1";
/// As long as the SDK gives an attempt.
const WITHIN: Duration = Duration::from_secs(6);
/// What a standard parameter holds (documented by AWS, read 2026-11-22).
const VALUE_BYTES_MAX: usize = 4096;

/// Where the credentials of connections rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecretsPlace {
    #[default]
    SecretsManager,
    ParameterStore,
}

/// The bundles of an installation, wherever they rest. The one named `installation`, its key, always rests in Secrets Manager: it is made inside
/// AWS, it is the one that cannot be issued again, and Secrets Manager gives back what was deleted by mistake.
pub fn secrets(aws: &Arc<Aws>, prefix: &str, place: SecretsPlace, installation: &'static str, clock: &Arc<dyn Clock>) -> Arc<dyn Secrets> {
    let managed = SecretsManagerSecrets::new(aws.clone(), prefix, clock.clone());
    match place {
        SecretsPlace::SecretsManager => Arc::new(managed),
        SecretsPlace::ParameterStore => {
            Arc::new(KeyApart { installation, managed, parameters: ParameterStoreSecrets::new(aws.clone(), prefix, clock.clone()) })
        }
    }
}

struct KeyApart {
    installation: &'static str,
    managed: SecretsManagerSecrets,
    parameters: ParameterStoreSecrets,
}

impl KeyApart {
    fn of(&self, name: &str) -> &dyn Secrets {
        if name == self.installation { &self.managed } else { &self.parameters }
    }
}

#[async_trait]
impl Secrets for KeyApart {
    async fn load(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
        self.of(name).load(name).await
    }

    async fn load_anew(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
        self.of(name).load_anew(name).await
    }

    async fn save(&self, name: &str, bundle: &Bundle) -> Result<(), SecretsError> {
        self.of(name).save(name, bundle).await
    }
}

/// `Secrets` on encrypted parameters.
pub struct ParameterStoreSecrets {
    aws: Arc<Aws>,
    prefix: String,
    clock: Arc<dyn Clock>,
    kept: Kept,
}

/// What came of a request.
enum Refused {
    /// With the service's code.
    By(String, Option<String>),
    /// It never got there, or no answer came back.
    Otherwise(String),
}

impl ParameterStoreSecrets {
    /// The parameter of connection `name` is called `/{prefix}{name}`. Saving makes it where it is missing. Makes no call.
    pub fn new(aws: Arc<Aws>, prefix: &str, clock: Arc<dyn Clock>) -> Self {
        Self { aws, prefix: format!("/{}", prefix.trim_start_matches('/')), kept: Kept::new(clock.clone()), clock }
    }

    async fn call(&self, operation: &str, members: &Json) -> Result<Json, Refused> {
        let request = self.signed(operation, members).await.map_err(Refused::Otherwise)?;
        let answer = self.aws.network().exchange(request, Some(WITHIN)).await;
        let answer = answer.map_err(|failure| Refused::Otherwise(failure.to_string()))?;
        let told: Json = serde_json::from_slice(answer.body()).unwrap_or_default();
        if answer.status().is_success() {
            return Ok(told);
        }
        let text = |name: &str| told[name].as_str().map(str::to_owned);
        // The code may stand behind the name of its shape's home, parted by `#`.
        let code = text("__type").and_then(|code| code.rsplit('#').next().map(str::to_owned));
        Err(Refused::By(
            code.unwrap_or_else(|| format!("status {}", answer.status().as_u16())),
            text("message").or_else(|| text("Message")),
        ))
    }

    async fn signed(&self, operation: &str, members: &Json) -> Result<http::Request<Bytes>, String> {
        let region = self.aws.region().await.ok_or("no region is configured")?;
        let config = self.aws.config().await;
        let address = config.endpoint_url().map_or_else(|| address(region), str::to_owned);
        let provider = config.credentials_provider().ok_or("there are no AWS credentials")?;
        // The error's own words may quote a profile; what to do is the same for all.
        let credentials = provider.provide_credentials().await.map_err(|_| "there are no AWS credentials that work")?;
        let identity: Identity = credentials.into();
        let body = members.to_string();
        let headers = [("content-type", MEDIA_TYPE.to_owned()), ("x-amz-target", format!("{VERSION}.{operation}"))];
        let now = Duration::from_millis(u64::try_from(self.clock.now().as_millisecond()).unwrap_or_default());
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(SERVICE)
            .time(SystemTime::UNIX_EPOCH + now)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| error.to_string())?
            .into();
        let named = headers.iter().map(|(name, value)| (*name, value.as_str()));
        let signable =
            SignableRequest::new("POST", &address, named, SignableBody::Bytes(body.as_bytes())).map_err(|error| error.to_string())?;
        let (instructions, _) = sign(signable, &parameters).map_err(|error| error.to_string())?.into_parts();
        let mut request = http::Request::post(&address);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut request = request.body(Bytes::from(body)).map_err(|error| error.to_string())?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }

    fn fail(id: &str, operation: &str, refused: Refused) -> SecretsError {
        let problem = match refused {
            Refused::By(code, message) => trouble::told(operation, &code, message.as_deref()),
            Refused::Otherwise(problem) => format!("{operation}: {problem}"),
        };
        SecretsError { name: id.to_owned(), problem }
    }
}

/// Where the service is in a region: <https://docs.aws.amazon.com/general/latest/gr/ssm.html>.
fn address(region: &str) -> String {
    let tail = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://{SERVICE}.{region}.{tail}/")
}

#[async_trait]
impl Secrets for ParameterStoreSecrets {
    async fn load(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
        if let Some(bundle) = self.kept.get(name) {
            return Ok(Some(bundle));
        }
        let id = format!("{}{name}", self.prefix);
        let answer = match self.call("GetParameter", &json!({ "Name": id, "WithDecryption": true })).await {
            Ok(answer) => answer,
            Err(Refused::By(code, _)) if code == "ParameterNotFound" => return Ok(None),
            Err(refused) => return Err(Self::fail(&id, "GetParameter", refused)),
        };
        let fail = |problem: String| SecretsError { name: id.clone(), problem };
        let text = answer["Parameter"]["Value"].as_str().ok_or_else(|| fail("GetParameter: the answer has no value".to_owned()))?;
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
        if text.len() > VALUE_BYTES_MAX {
            let problem =
                format!("is longer than the {VALUE_BYTES_MAX} bytes that a standard parameter holds; deploy with SECRETS=secrets-manager");
            return Err(fail(problem));
        }
        // Whatever the answer, what was kept may no longer be what is stored.
        self.kept.forget(name);
        let members = json!({ "Name": id, "Value": text, "Type": "SecureString", "Overwrite": true });
        self.call("PutParameter", &members).await.map_err(|refused| Self::fail(&id, "PutParameter", refused))?;
        self.kept.remember(name, bundle);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn china_has_addresses_of_its_own() {
        assert_eq!(address("eu-central-1"), "https://ssm.eu-central-1.amazonaws.com/");
        assert_eq!(address("cn-north-1"), "https://ssm.cn-north-1.amazonaws.com.cn/");
    }
}
