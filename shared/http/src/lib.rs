//! The way to the network: one request, one answer, bounded in time and size, over one TLS configuration for the whole process.
//!
//! [`ReqwestHttp`] is the port `Http`, to vendors; [`Network`] is what it stands on, and what the adapters of AWS stand on too.
//! Why the port's errors are of two kinds: after "not sent" a write may simply be made again; after "unanswered" it must be looked up first.
//! Only a failure to build the request or to connect (name, socket, TLS) counts as not sent; everything later is unanswered.
//! Not here: repeating, budgets, counting.

mod network;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{Call, Http, NoAnswer};
use syncline_model::Deadline;

pub use network::{Failure, Limits, Network};
pub use tls::client_tls;

/// To vendors. Connecting takes less than any deadline that leaves time for an answer; what rests is dropped before the minute after which
/// common load balancers drop it, so that a call rarely meets a connection that has just been closed.
const VENDORS: Limits = Limits { connect: Duration::from_secs(10), idle: Duration::from_secs(50), idle_per_host: 8 };

/// The production `Http`. Its connections are shared by all vendors.
pub struct ReqwestHttp {
    clock: Arc<dyn Clock>,
    network: Network,
}

impl ReqwestHttp {
    /// Makes no call and builds nothing yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, network: Network::new(VENDORS) }
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
        self.network.exchange(call.request, Some(left)).await.map_err(|failure| no_answer(&host, &failure))
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

fn no_answer(host: &str, failure: &Failure) -> NoAnswer {
    match failure {
        Failure::Unsendable(_) | Failure::NotConnected(_) => NoAnswer::NotSent(format!("{host}: {failure}")),
        Failure::TimedOut | Failure::Broken(_) | Failure::TooLong => NoAnswer::Unanswered(format!("{host}: {failure}")),
    }
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
