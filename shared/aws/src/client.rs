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

use syncline_http::Network;
use tokio::sync::OnceCell;

use crate::connector::SharedNetwork;

/// How often the SDK tries a request that may be repeated safely, the first time included.
const ATTEMPTS_MAX: u32 = 3;
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(1);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(6);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(15);

/// The AWS account and region, and one client a service. All of it is made when it is first used.
#[derive(Debug)]
pub struct Aws {
    network: SharedNetwork,
    config: OnceCell<SdkConfig>,
    dynamodb: OnceLock<aws_sdk_dynamodb::Client>,
    sqs: OnceLock<aws_sdk_sqs::Client>,
    secrets_manager: OnceLock<aws_sdk_secretsmanager::Client>,
}

impl Aws {
    /// From the environment and the profile files, as every AWS tool reads them, `AWS_ENDPOINT_URL` included, when the first client is
    /// asked for. Makes no call even then: the region is not asked of instance metadata, and credentials are resolved by the first request.
    pub fn from_environment() -> Arc<Self> {
        Self::over(SharedNetwork::to_services(), OnceCell::new())
    }

    /// A stand-in for AWS at this address (`http://127.0.0.1:8000`), with credentials that mean nothing there. Plain http: the
    /// address must be on this machine.
    pub fn at(endpoint_url: &str) -> Arc<Self> {
        let network = SharedNetwork::of_this_machine();
        let credentials = Credentials::new("local", "local", None, None, "syncline");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .endpoint_url(endpoint_url)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(network.clone())
            .retry_config(retries())
            .timeout_config(timeouts())
            .build();
        Self::over(network, OnceCell::new_with(Some(config)))
    }

    fn over(network: SharedNetwork, config: OnceCell<SdkConfig>) -> Arc<Self> {
        Arc::new(Self { network, config, dynamodb: OnceLock::new(), sqs: OnceLock::new(), secrets_manager: OnceLock::new() })
    }

    /// The region, where one is configured.
    pub async fn region(&self) -> Option<&str> {
        self.config().await.region().map(AsRef::as_ref)
    }

    /// Whether there is anybody to sign requests as. Looks in all the usual places, the network among them where a profile says so.
    pub async fn has_credentials(&self) -> bool {
        match self.config().await.credentials_provider() {
            Some(provider) => provider.provide_credentials().await.is_ok(),
            None => false,
        }
    }

    /// The SDK's own configuration, for services that Syncline's ports do not cover.
    pub async fn config(&self) -> &SdkConfig {
        // Boxed: it is large, and every request would carry room for it.
        self.config.get_or_init(|| Box::pin(of_environment(self.network.clone()))).await
    }

    /// The connections under all clients, for what none of them does.
    pub(crate) fn network(&self) -> &Network {
        self.network.as_ref()
    }

    pub async fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        let config = self.config().await;
        self.dynamodb.get_or_init(|| aws_sdk_dynamodb::Client::new(config))
    }

    pub async fn sqs(&self) -> &aws_sdk_sqs::Client {
        let config = self.config().await;
        self.sqs.get_or_init(|| aws_sdk_sqs::Client::new(config))
    }

    pub async fn secrets_manager(&self) -> &aws_sdk_secretsmanager::Client {
        let config = self.config().await;
        self.secrets_manager.get_or_init(|| aws_sdk_secretsmanager::Client::new(config))
    }
}

async fn of_environment(network: SharedNetwork) -> SdkConfig {
    let region =
        RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new()).or_else(ProfileFileRegionProvider::builder().build());
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(region)
        .http_client(network)
        .retry_config(retries())
        .timeout_config(timeouts())
        .load()
        .await
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX).with_initial_backoff(FIRST_BACKOFF).with_max_backoff(BACKOFF_MAX)
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).operation_timeout(OPERATION_TIMEOUT).build()
}
