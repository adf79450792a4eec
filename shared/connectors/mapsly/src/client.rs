//! The way to the account: adds the key, sends, and sorts answers from refusals.
//!
//! Where the key goes is told in three ways (fact sheet §2.2): unless the settings say, each is tried, and the first that is taken is remembered.
//! A refused call wrote nothing, so that trying is harmless. With the key in the query the address is a secret: it is never shown.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{Call, EndpointClass, Http, NoAnswer};
use syncline_engine::ports::secrets::Secrets;
use syncline_model::{CallError, Deadline, Fault, Secret, Timestamp};

pub(crate) const SYSTEM: &str = "mapsly";
const RECORDS: EndpointClass = "records";

/// Where the key stands in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    Bearer,
    Header,
    Query,
}

impl Placement {
    const ALL: [Self; 3] = [Self::Bearer, Self::Header, Self::Query];

    pub(crate) fn read(text: &str) -> Option<Self> {
        match text {
            "bearer" => Some(Self::Bearer),
            "header" => Some(Self::Header),
            "query" => Some(Self::Query),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Header => "header",
            Self::Query => "query",
        }
    }
}

/// One call: records into one object, or out of it.
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) entity: String,
    /// Carries values; it is never logged.
    pub(crate) body: String,
}

/// An answer, whatever its status; 401 and 403 only where no place for the key was taken.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why there is none.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) fault: Fault,
    /// The vendor certainly heard nothing.
    pub(crate) unheard: bool,
}

pub(crate) struct Client {
    http: Arc<dyn Http>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    /// The name of the connection's secret.
    connection: String,
    base: String,
    chosen: Option<Placement>,
    taken: Mutex<Option<Placement>>,
}

impl Client {
    pub(crate) fn new(
        http: Arc<dyn Http>,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
        connection: String,
        base: String,
        chosen: Option<Placement>,
    ) -> Self {
        Self { http, secrets, clock, connection, base, chosen, taken: Mutex::new(chosen) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Where the key was taken last, or is to stand.
    pub(crate) fn placement(&self) -> Option<Placement> {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn send(&self, ask: &Ask, by: Deadline) -> Result<Answer, Trouble> {
        let key = self.key().await.map_err(|fault| Trouble { fault, unheard: true })?;
        let first = self.placement().unwrap_or(Placement::Bearer);
        let others = Placement::ALL.into_iter().filter(|placement| *placement != first && self.chosen.is_none());
        let mut last = self.once(ask, &key, first, by).await?;
        for placement in std::iter::once(first).chain(others) {
            if placement != first {
                last = self.once(ask, &key, placement, by).await?;
            }
            if last.status != StatusCode::UNAUTHORIZED && last.status != StatusCode::FORBIDDEN {
                if last.status.is_success() {
                    *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = Some(placement);
                }
                return Ok(last);
            }
        }
        Ok(last)
    }

    async fn once(&self, ask: &Ask, key: &Secret, placement: Placement, by: Deadline) -> Result<Answer, Trouble> {
        let call = self.call(ask, key, placement).ok_or_else(|| Trouble {
            fault: Fault::Unsupported { capability: "address made of base_url and this object".to_owned() },
            unheard: true,
        })?;
        match self.http.send(call, by).await {
            Ok(response) => {
                let (head, body) = response.into_parts();
                Ok(Answer { status: head.status, headers: head.headers, body })
            }
            Err(NoAnswer::NotSent(detail)) => Err(Trouble { fault: Fault::Transient { detail }, unheard: true }),
            Err(NoAnswer::Budget { until }) => Err(Trouble { fault: Fault::RateLimited { until }, unheard: true }),
            Err(NoAnswer::Unanswered(_)) => Err(Trouble { fault: Fault::Uncertain, unheard: false }),
        }
    }

    fn call(&self, ask: &Ask, key: &Secret, placement: Placement) -> Option<Call> {
        let text = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let mut address = format!("{}/v1/record?entity={}&async=false", self.base, text(&ask.entity));
        if placement == Placement::Query {
            address.push_str("&apikey=");
            address.push_str(&text(key.expose().trim()));
        }
        let mut request = http::Request::builder()
            .method(ask.method.clone())
            .uri(address)
            .header(http::header::ACCEPT, "application/json")
            .header(http::header::CONTENT_TYPE, "application/json")
            .header(http::header::USER_AGENT, "Syncline");
        let secret = |text: String| {
            let mut value = http::HeaderValue::try_from(text).ok()?;
            value.set_sensitive(true);
            Some(value)
        };
        match placement {
            Placement::Bearer => request = request.header(http::header::AUTHORIZATION, secret(format!("Bearer {}", key.expose().trim()))?),
            Placement::Header => request = request.header("x-api-key", secret(key.expose().trim().to_owned())?),
            Placement::Query => {}
        }
        request.body(Bytes::from(ask.body.clone())).ok().map(|request| Call::new(RECORDS, request))
    }

    async fn key(&self) -> Result<Secret, Fault> {
        let bundle = self.secrets.load(&self.connection).await.map_err(|error| Fault::Transient { detail: error.to_string() })?;
        let bundle = bundle.ok_or_else(|| Fault::AuthRefused { hint: format!("there is no secret named {}", self.connection) })?;
        let key = bundle.get("api_key").filter(|key| !key.expose().trim().is_empty()).cloned();
        key.ok_or_else(|| Fault::AuthRefused { hint: "the stored secret has no api_key".to_owned() })
    }
}

pub(crate) fn error(operation: &str, fault: Fault) -> CallError {
    CallError::new(SYSTEM, operation, fault)
}
