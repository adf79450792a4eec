//! Where AWS is and who we are there, decided once.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, ProvideCredentials as _, Region, SharedCredentialsProvider};
use aws_smithy_http_client::{Builder, tls};

/// How often the SDK tries a request that may be repeated safely, the first time included.
const ATTEMPTS_MAX: u32 = 3;
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(1);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(6);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(15);

/// The AWS account and region, and one client a service, built when it is first used.
#[derive(Debug)]
pub struct Aws {
    config: SdkConfig,
    dynamodb: OnceLock<aws_sdk_dynamodb::Client>,
    sqs: OnceLock<aws_sdk_sqs::Client>,
    secrets_manager: OnceLock<aws_sdk_secretsmanager::Client>,
}

impl Aws {
    /// From the environment and the profile files, as every AWS tool reads them, `AWS_ENDPOINT_URL` included. Makes no call:
    /// the region is not asked of instance metadata, and credentials are resolved on first use.
    pub async fn from_environment() -> Arc<Self> {
        let region =
            RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new()).or_else(ProfileFileRegionProvider::builder().build());
        let http_client = Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc)).build_https();
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .region(region)
            .http_client(http_client)
            .retry_config(retries())
            .timeout_config(timeouts())
            .load()
            .await;
        Self::new(config)
    }

    /// A stand-in for AWS at this address (`http://127.0.0.1:8000`), with credentials that mean nothing there. Plain http: the
    /// address must be on this machine.
    pub fn at(endpoint_url: &str) -> Arc<Self> {
        let credentials = Credentials::new("local", "local", None, None, "syncline");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .endpoint_url(endpoint_url)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(Builder::new().build_http())
            .retry_config(retries())
            .timeout_config(timeouts())
            .build();
        Self::new(config)
    }

    /// From a configuration made elsewhere.
    pub fn new(config: SdkConfig) -> Arc<Self> {
        Arc::new(Self { config, dynamodb: OnceLock::new(), sqs: OnceLock::new(), secrets_manager: OnceLock::new() })
    }

    /// The region, where one is configured.
    pub fn region(&self) -> Option<&str> {
        self.config.region().map(AsRef::as_ref)
    }

    /// Whether there is anybody to sign requests as. Looks in all the usual places, the network among them where a profile says so.
    pub async fn has_credentials(&self) -> bool {
        match self.config.credentials_provider() {
            Some(provider) => provider.provide_credentials().await.is_ok(),
            None => false,
        }
    }

    /// The SDK's own configuration, for services that Syncline's ports do not cover.
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    pub fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        self.dynamodb.get_or_init(|| aws_sdk_dynamodb::Client::new(&self.config))
    }

    pub fn sqs(&self) -> &aws_sdk_sqs::Client {
        self.sqs.get_or_init(|| aws_sdk_sqs::Client::new(&self.config))
    }

    pub fn secrets_manager(&self) -> &aws_sdk_secretsmanager::Client {
        self.secrets_manager.get_or_init(|| aws_sdk_secretsmanager::Client::new(&self.config))
    }
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX).with_initial_backoff(FIRST_BACKOFF).with_max_backoff(BACKOFF_MAX)
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build()
}
