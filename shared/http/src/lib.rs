//! The way to a vendor over the network: one request, one answer, bounded in time and size.
//!
//! Why its errors are of two kinds: after "not sent" a write may simply be made again; after "unanswered" it must be looked up first.
//! Only a failure to build the request or to connect (name, socket, TLS) counts as not sent; everything later is unanswered.
//! Not here: repeating, budgets, counting. No redirect is followed, because a redirect would carry credentials to a host that nobody
//! configured. No proxy is read from the environment.

use std::error::Error as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{BODY_BYTES_MAX, Call, Http, NoAnswer};
use syncline_model::Deadline;

/// How long connecting may take, TLS included: less than any deadline that leaves time for an answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept for the next call. Below the minute after which common load balancers drop it, so that a call
/// rarely meets a connection that has just been closed.
const IDLE_KEPT: Duration = Duration::from_secs(50);
const IDLE_PER_HOST_MAX: usize = 8;
/// An answer's buffer grows to what the vendor announces, but not past this at once: an announcement is not yet a body.
const FIRST_BUFFER_BYTES_MAX: u64 = 1024 * 1024;

/// The production `Http`. One client, built at the first call: its connections and its TLS state are shared by all vendors.
pub struct ReqwestHttp {
    clock: Arc<dyn Clock>,
    client: OnceLock<Result<reqwest::Client, String>>,
}

impl ReqwestHttp {
    /// Makes no call and builds nothing yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, client: OnceLock::new() }
    }

    fn client(&self) -> Result<&reqwest::Client, NoAnswer> {
        let client = self.client.get_or_init(|| {
            reqwest::Client::builder()
                .user_agent(concat!("syncline/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .no_proxy()
                .connect_timeout(CONNECT_TIMEOUT)
                .pool_idle_timeout(IDLE_KEPT)
                .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
                .tcp_keepalive(None)
                .build()
                .map_err(|error| innermost(&error))
        });
        client.as_ref().map_err(|problem| NoAnswer::NotSent(format!("the HTTP client could not be built: {problem}")))
    }
}

#[async_trait]
impl Http for ReqwestHttp {
    async fn send(&self, call: Call, by: Deadline) -> Result<http::Response<Bytes>, NoAnswer> {
        let host = allowed_host(call.request.uri())?;
        let left_ms = by.0.as_millisecond().saturating_sub(self.clock.now().as_millisecond());
        let left = match u64::try_from(left_ms) {
            Ok(left_ms) if left_ms > 0 => Duration::from_millis(left_ms),
            Ok(_) | Err(_) => return Err(NoAnswer::NotSent(format!("{host}: the deadline has passed"))),
        };
        let client = self.client()?;
        let mut request =
            reqwest::Request::try_from(call.request).map_err(|error| NoAnswer::NotSent(format!("{host}: {}", innermost(&error))))?;
        *request.timeout_mut() = Some(left);
        let answer = client.execute(request).await.map_err(|error| no_answer(&host, &error))?;
        whole(&host, answer).await
    }
}

/// The host that the request goes to, if it may: anything over https, and this machine over plain http.
fn allowed_host(uri: &http::Uri) -> Result<String, NoAnswer> {
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| NoAnswer::NotSent("the address has no host".to_owned()))?;
    match uri.scheme_str() {
        Some("https") => Ok(host.to_owned()),
        Some("http") if is_loopback(host) => Ok(host.to_owned()),
        Some("http") => Err(NoAnswer::NotSent(format!("{host}: plain http is used on this machine only; give an https address"))),
        Some(_) | None => Err(NoAnswer::NotSent(format!("{host}: the address must begin with https://"))),
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Reads the body while it stays within bounds, then drops the connection of one that does not.
async fn whole(host: &str, mut answer: reqwest::Response) -> Result<http::Response<Bytes>, NoAnswer> {
    let too_long = || NoAnswer::Unanswered(format!("{host}: the answer is longer than {BODY_BYTES_MAX} bytes"));
    let announced = answer.content_length().unwrap_or_default();
    if usize::try_from(announced).map_or(true, |announced| announced > BODY_BYTES_MAX) {
        return Err(too_long());
    }
    let mut body = BytesMut::with_capacity(usize::try_from(announced.min(FIRST_BUFFER_BYTES_MAX)).unwrap_or_default());
    while let Some(chunk) = answer.chunk().await.map_err(|error| no_answer(host, &error))? {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(too_long());
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = http::Response::new(body.freeze());
    *response.status_mut() = answer.status();
    *response.version_mut() = answer.version();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}

fn no_answer(host: &str, error: &reqwest::Error) -> NoAnswer {
    if error.is_builder() || error.is_connect() {
        return NoAnswer::NotSent(format!("{host}: {}", innermost(error)));
    }
    if error.is_timeout() {
        return NoAnswer::Unanswered(format!("{host}: timed out"));
    }
    NoAnswer::Unanswered(format!("{host}: {}", innermost(error)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        let verdict = |uri: &str| allowed_host(&uri.parse().unwrap()).map_err(|refused| refused.to_string());
        for uri in ["https://acme.freshdesk.com/x", "http://localhost:1/x", "http://127.0.0.9/x", "http://[::1]:7/x"] {
            assert!(verdict(uri).is_ok(), "{uri}");
        }
        assert_eq!(
            verdict("http://acme.freshdesk.com/x?key=s3cret").unwrap_err(),
            "not sent: acme.freshdesk.com: plain http is used on this machine only; give an https address"
        );
        for uri in ["http://localhost.evil.example/", "http://127.0.0.1.evil.example/", "http://10.0.0.1/", "ftp://a.example/", "/path"] {
            assert!(verdict(uri).is_err(), "{uri}");
        }
    }
}
