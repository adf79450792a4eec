//! Requests over the network: connections are opened when they are needed, kept for the next call, and never more trusted than TLS makes them.
//!
//! No redirect is followed, because a redirect would carry credentials to a host that nobody configured. No proxy is read from the
//! environment. Nothing is repeated.

use std::error::Error as _;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use syncline_engine::ports::http::BODY_BYTES_MAX;

use crate::tls;

/// An answer's buffer grows to what the server announces, but not past this at once: an announcement is not yet a body.
const FIRST_BUFFER_BYTES_MAX: u64 = 1024 * 1024;

/// How long connections may take and rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For opening one, TLS included.
    pub connect: Duration,
    /// How long one that rests is kept for the next call.
    pub idle: Duration,
    /// So many that rest, to each host.
    pub idle_per_host: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Everywhere,
    ThisMachine,
}

/// A pool of connections. Building it builds nothing yet: the first call does, once.
#[derive(Debug)]
pub struct Network {
    reach: Reach,
    limits: Limits,
    client: OnceLock<Result<reqwest::Client, String>>,
}

/// Why there is no answer. Neither the address nor anything that was sent stands in the sentences: a query may carry a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The request is none that could be sent, or no client could be built.
    #[error("{0}")]
    Unsendable(String),
    /// No connection: certainly nobody received anything.
    #[error("{0}")]
    NotConnected(String),
    #[error("timed out")]
    TimedOut,
    /// The connection broke before the answer was whole.
    #[error("{0}")]
    Broken(String),
    #[error("the answer is longer than {BODY_BYTES_MAX} bytes")]
    TooLong,
}

impl Network {
    /// To any host.
    pub const fn new(limits: Limits) -> Self {
        Self { reach: Reach::Everywhere, limits, client: OnceLock::new() }
    }

    /// To what this machine serves over plain http: no certificate is ever read, and no https works.
    pub const fn of_this_machine(limits: Limits) -> Self {
        Self { reach: Reach::ThisMachine, limits, client: OnceLock::new() }
    }

    /// Builds now what the first call would build: for who starts long before there is anything to do, or measures.
    ///
    /// # Errors
    /// The client cannot be built, and no call will work.
    pub fn prepare(&self) -> Result<(), Failure> {
        self.client().map(drop)
    }

    /// One request, one whole answer of at most `BODY_BYTES_MAX`, within so much time where a time is given.
    pub async fn exchange(&self, request: http::Request<Bytes>, within: Option<Duration>) -> Result<http::Response<Bytes>, Failure> {
        let client = self.client()?;
        let mut request = reqwest::Request::try_from(request).map_err(|error| Failure::Unsendable(innermost(&error)))?;
        *request.timeout_mut() = within;
        whole(client.execute(request).await.map_err(|error| failure(&error))?).await
    }

    fn client(&self) -> Result<&reqwest::Client, Failure> {
        let client = self.client.get_or_init(|| {
            let tls = match self.reach {
                Reach::Everywhere => tls::trusting(),
                Reach::ThisMachine => tls::trusting_nobody(),
            }?;
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls)
                .user_agent(concat!("syncline/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .no_proxy()
                .connect_timeout(self.limits.connect)
                .pool_idle_timeout(self.limits.idle)
                .pool_max_idle_per_host(self.limits.idle_per_host)
                .tcp_keepalive(None)
                .build()
                .map_err(|error| innermost(&error))
        });
        client.as_ref().map_err(|problem| Failure::Unsendable(format!("the HTTP client could not be built: {problem}")))
    }
}

/// Reads the body while it stays within bounds, then drops the connection of one that does not.
async fn whole(mut answer: reqwest::Response) -> Result<http::Response<Bytes>, Failure> {
    let announced = answer.content_length().unwrap_or_default();
    if usize::try_from(announced).map_or(true, |announced| announced > BODY_BYTES_MAX) {
        return Err(Failure::TooLong);
    }
    let mut body = BytesMut::with_capacity(usize::try_from(announced.min(FIRST_BUFFER_BYTES_MAX)).unwrap_or_default());
    while let Some(chunk) = answer.chunk().await.map_err(|error| failure(&error))? {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(Failure::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = http::Response::new(body.freeze());
    *response.status_mut() = answer.status();
    *response.version_mut() = answer.version();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}

fn failure(error: &reqwest::Error) -> Failure {
    if error.is_builder() {
        return Failure::Unsendable(innermost(error));
    }
    if error.is_connect() {
        return Failure::NotConnected(innermost(error));
    }
    if error.is_timeout() {
        return Failure::TimedOut;
    }
    Failure::Broken(innermost(error))
}

/// The last cause alone: the outer ones name the whole address, whose query may carry a token.
fn innermost(error: &reqwest::Error) -> String {
    let Some(mut cause) = error.source() else {
        return if error.is_builder() { "the request could not be built".to_owned() } else { "the request failed".to_owned() };
    };
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
