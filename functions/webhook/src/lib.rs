//! The webhook function: verify over the raw body, turn into hints, queue, answer. Milliseconds, and no call to a vendor.
//!
//! Nothing of a webhook's content reaches a log: only the connection, how many hints there were, and why one was refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use syncline_config::Config;
use syncline_engine::ports::connector::Connector;
use syncline_engine::ports::secrets::Secrets;
use syncline_engine::ports::webhook::{RawWebhook, Refused, admit};
use syncline_engine::{Engine, hint};
use syncline_model::{ConnectionName, Side};

/// The largest body that is read: API Gateway takes 10 MB, no vendor's webhook comes near it.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

const ROOT: &str = "/webhooks/";

/// The connections that may be called, each with the name of the bundle that its webhooks are checked against.
#[derive(Clone)]
pub struct Doors {
    secrets: Arc<dyn Secrets>,
    bundles: BTreeMap<ConnectionName, String>,
}

impl Doors {
    pub fn new(config: &Config, secrets: Arc<dyn Secrets>) -> Self {
        let bundles = config.connections.iter().map(|(name, connection)| (name.clone(), connection.secret.clone())).collect();
        Self { secrets, bundles }
    }

    /// The answer to a request that no connection can want: told by the config alone, so that a stranger costs no call.
    pub fn turn_away(&self, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        let known = place(request.uri().path()).is_some_and(|(connection, _)| self.bundles.contains_key(&connection));
        match (known, request.body().len() > BODY_BYTES_MAX) {
            (false, _) => Some(bare(StatusCode::NOT_FOUND)),
            (true, true) => Some(bare(StatusCode::PAYLOAD_TOO_LARGE)),
            (true, false) => None,
        }
    }
}

/// The connection that a path names, and what stands behind it.
fn place(path: &str) -> Option<(ConnectionName, &str)> {
    let rest = path.strip_prefix(ROOT)?;
    let (name, rest) = rest.split_once('/').unwrap_or((rest, ""));
    Some((ConnectionName::new(name), rest))
}

/// Answers one request to `/webhooks/{connection}[/{rest}]`:
/// 200 (or what the vendor wants to hear) when its hints are durable, 401 unless it is signed as configured, 400 for what cannot be read,
/// 410 for what is too old, 404 for a connection that is not configured or takes no webhooks, 405 for anything but POST, 413 for a body
/// too large, 503 where our store or queue is out of reach, so that the vendor sends it again.
pub async fn handle(engine: &Engine, doors: &Doors, request: Request<Bytes>) -> Response<Bytes> {
    if let Some(answer) = doors.turn_away(&request) {
        return answer;
    }
    let (head, body) = request.into_parts();
    let Some((connection, rest)) = place(head.uri.path()) else { return bare(StatusCode::NOT_FOUND) };
    let (Some(connector), Some(bundle)) = (connector(engine, &connection), doors.bundles.get(&connection)) else {
        return bare(StatusCode::NOT_FOUND);
    };
    let Some(hooks) = connector.webhooks() else { return bare(StatusCode::NOT_FOUND) };
    if head.method != Method::POST {
        return bare(StatusCode::METHOD_NOT_ALLOWED);
    }
    let secrets = match doors.secrets.load(bundle).await {
        Ok(secrets) => secrets.unwrap_or_default(),
        Err(error) => {
            tracing::error!(connection = %connection, "a webhook could not be checked: {error}");
            return bare(StatusCode::SERVICE_UNAVAILABLE);
        }
    };
    let raw = RawWebhook { headers: head.headers, path_rest: rest.to_owned(), body };
    let hook = match admit(hooks, &raw, &secrets, engine.now()) {
        Ok(hook) => hook,
        Err(refused) => {
            tracing::warn!(connection = %connection, "a webhook was refused: {refused}");
            return bare(match refused {
                Refused::Forged | Refused::OtherAccount => StatusCode::UNAUTHORIZED,
                Refused::TooOld => StatusCode::GONE,
                Refused::Unreadable(_) => StatusCode::BAD_REQUEST,
            });
        }
    };
    let said = match hooks.parse(&hook) {
        Ok(said) => said,
        Err(error) => {
            tracing::warn!(connection = %connection, fault = error.fault.code(), "a webhook cannot be read");
            return bare(StatusCode::BAD_REQUEST);
        }
    };
    match hint::queue(engine, &connection, &said.hints).await {
        Ok(queued) => {
            tracing::debug!(connection = %connection, hints = said.hints.len(), queued, "a webhook was heard");
            answer(said.answer)
        }
        Err(error) => {
            tracing::error!(connection = %connection, "a webhook's hints were not queued: {error}");
            bare(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

fn connector<'a>(engine: &'a Engine, connection: &ConnectionName) -> Option<&'a Arc<dyn Connector>> {
    let ends = engine.syncs.iter().flat_map(|sync| [Side::Left, Side::Right].map(|side| sync.ends.of(side)));
    ends.into_iter().find(|end| end.connection == *connection).map(|end| &end.connector)
}

fn answer((content_type, body): (&'static str, String)) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    if !content_type.is_empty() {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    response
}

/// An answer that tells a stranger nothing but its status.
pub fn bare(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
