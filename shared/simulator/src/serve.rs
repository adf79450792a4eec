//! A simulator on a port, for other people's clients.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::IntoResponse;
use syncline_engine::ports::clock::Clock;

use crate::{Shared, Simulator, lock};

/// The largest request that a simulator reads, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

struct Server<S> {
    simulator: Shared<S>,
    clock: Arc<dyn Clock>,
}

/// Answers on the listener until the future is dropped.
pub async fn serve<S: Simulator + 'static>(
    listener: tokio::net::TcpListener,
    simulator: Shared<S>,
    clock: Arc<dyn Clock>,
) -> std::io::Result<()> {
    let server = Arc::new(Server { simulator, clock });
    axum::serve(listener, axum::Router::new().fallback(handle::<S>).with_state(server)).await
}

async fn handle<S: Simulator + 'static>(State(server): State<Arc<Server<S>>>, request: axum::extract::Request) -> axum::response::Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return axum::http::StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let request = http::Request::from_parts(head, body);
    let response = lock(&server.simulator).handle(server.clock.now(), &request);
    response.map(Body::from)
}
