//! The SDK's way to the network: over the connections of `shared/http`, and so with the TLS configuration that all calls of the process share.
//!
//! Why not the SDK's own client: it takes no TLS configuration from outside, and parses the trusted certificates again for each service
//! (decision 17). What it does beside that, and this does not: keeping a connection out of use after an answer that asks for a retry.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use bytes::Bytes;
use syncline_http::{Failure, Limits, Network};

/// To services in the same region: who does not take a connection within two seconds will not. One that rests is kept as long as the SDK's own
/// client keeps it; 32 rest, as many as the store has requests under way at once, with room.
const SERVICES: Limits = Limits { connect: Duration::from_secs(2), idle: Duration::from_secs(90), idle_per_host: 32 };

/// Times are bounded here (connecting) and by the SDK around each attempt; its own connector settings say nothing more.
#[derive(Clone)]
pub(crate) struct SharedNetwork(Arc<Network>);

impl SharedNetwork {
    pub(crate) fn to_services() -> Self {
        Self(Arc::new(Network::new(SERVICES)))
    }

    pub(crate) fn of_this_machine() -> Self {
        Self(Arc::new(Network::of_this_machine(SERVICES)))
    }
}

impl AsRef<Network> for SharedNetwork {
    fn as_ref(&self) -> &Network {
        &self.0
    }
}

impl fmt::Debug for SharedNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedNetwork")
    }
}

impl HttpClient for SharedNetwork {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for SharedNetwork {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let network = self.0.clone();
        HttpConnectorFuture::new(async move {
            let answer = network.exchange(whole(request)?, None).await.map_err(told)?;
            HttpResponse::try_from(answer.map(Into::into)).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// The request with its body in one piece, as all requests of the services here have it.
fn whole(request: HttpRequest) -> Result<http::Request<Bytes>, ConnectorError> {
    let (head, body) = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?.into_parts();
    let bytes = body.bytes().map(Bytes::copy_from_slice).ok_or_else(|| ConnectorError::user("a body that is a stream".into()))?;
    Ok(http::Request::from_parts(head, bytes))
}

/// As the SDK tells failures apart: after one of `io` or `timeout` it may try again.
fn told(failure: Failure) -> ConnectorError {
    match failure {
        Failure::Unsendable(_) => ConnectorError::user(failure.into()),
        Failure::NotConnected(_) | Failure::Broken(_) => ConnectorError::io(failure.into()),
        Failure::TimedOut => ConnectorError::timeout(failure.into()),
        Failure::TooLong => ConnectorError::other(failure.into(), None),
    }
}
