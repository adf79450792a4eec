//! HTTP from outside, as values: webhooks and the panel come in here and meet the same handlers as behind API Gateway.
//!
//! Bounds: a body of `REQUEST_BYTES_MAX`, a head within `HEAD_READ_MAX`, a body within `BODY_READ_MAX`, `CONNECTIONS_MAX` connections.
//! Nobody is authenticated here; a handler that needs it does it. On loopback unless another address is given: a webhook from a vendor
//! reaches this port through a tunnel or a proxy that ends TLS.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The largest body that is read. API Gateway takes 10 MB; no vendor's webhook comes near either.
pub const REQUEST_BYTES_MAX: usize = 1024 * 1024;
/// How long a client may take to send a request's head, also the time that an idle connection is kept.
const HEAD_READ_MAX: Duration = Duration::from_secs(15);
const BODY_READ_MAX: Duration = Duration::from_secs(15);
/// How long no connection is taken after one could not be.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// More wait in the system's backlog.
const CONNECTIONS_MAX: usize = 256;
/// How long requests may go on after the listener has been told to stop.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// The listener could not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerError {
    pub address: SocketAddr,
    pub problem: String,
}

impl std::fmt::Display for ListenerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot listen on {}: {}; is another syncline running, or the port taken?", self.address, self.problem)
    }
}

impl std::error::Error for ListenerError {}

/// An open port that is not answered yet.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    head_read_max: Duration,
}

impl Listener {
    /// Opens a loopback port; 0 lets the system choose one.
    pub async fn on_loopback(port: u16) -> Result<Self, ListenerError> {
        Self::on(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await
    }

    /// Opens a port that others may reach, as an operator wishes.
    pub async fn on(address: SocketAddr) -> Result<Self, ListenerError> {
        let fail = |error: std::io::Error| ListenerError { address, problem: error.to_string() };
        let socket = TcpListener::bind(address).await.map_err(fail)?;
        let address = socket.local_addr().map_err(fail)?;
        Ok(Self { socket, address, head_read_max: HEAD_READ_MAX })
    }

    /// Another time for a request's head.
    #[must_use]
    pub fn with_head_read_max(mut self, head_read_max: Duration) -> Self {
        self.head_read_max = head_read_max;
        self
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives every whole request to the handler and its answer back, until `stop` resolves; then running requests are given some time
    /// to finish.
    pub async fn serve<H, F>(self, handler: H, stop: impl Future<Output = ()> + Send)
    where
        H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
        F: Future<Output = Response<Bytes>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let (stopping, _) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut stop = pin!(stop);
        loop {
            // Finished connections are taken off the list as new ones come.
            while connections.try_join_next().is_some() {}
            let next = async {
                let place = places.clone().acquire_owned().await;
                (place, self.socket.accept().await)
            };
            let (place, accepted) = tokio::select! {
                () = &mut stop => break,
                next = next => next,
            };
            let (Ok(place), Ok((socket, _))) = (place, accepted) else {
                // The connection ended before it was taken, or there is no file handle left: the next one may do, after a pause.
                if timeout(ACCEPT_PAUSE, &mut stop).await.is_ok() {
                    break;
                }
                continue;
            };
            let serving = connection(socket, handler.clone(), self.head_read_max, stopping.subscribe());
            connections.spawn(async move {
                serving.await;
                drop(place);
            });
        }
        drop(self.socket);
        stopping.send_replace(true);
        let finished = async { while connections.join_next().await.is_some() {} };
        if timeout(STOP_GRACE, finished).await.is_err() {
            tracing::warn!(seconds = STOP_GRACE.as_secs(), "requests were still running when the listener stopped; they are cut off");
        }
    }
}

async fn connection<H, F>(socket: TcpStream, handler: Arc<H>, head_read_max: Duration, mut stopping: watch::Receiver<bool>)
where
    H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Bytes>> + Send + 'static,
{
    let service = service_fn(move |request| {
        let handler = handler.clone();
        async move { Ok::<_, Infallible>(exchange(request, handler.as_ref()).await.map(Body::from)) }
    });
    let mut connection = pin!(
        http1::Builder::new().timer(TokioTimer::new()).header_read_timeout(head_read_max).serve_connection(TokioIo::new(socket), service)
    );
    // A connection that breaks concerns its client alone, which hears of it by itself.
    let told_to_stop = async { drop(stopping.wait_for(|stopping| *stopping).await) };
    tokio::select! {
        ended = connection.as_mut() => return drop(ended),
        () = told_to_stop => connection.as_mut().graceful_shutdown(),
    }
    drop(connection.await);
}

async fn exchange<H, F>(request: Request<Incoming>, handler: &H) -> Response<Bytes>
where
    H: Fn(Request<Bytes>) -> F,
    F: Future<Output = Response<Bytes>>,
{
    let (head, body) = request.into_parts();
    let announced = head.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|announced| announced > REQUEST_BYTES_MAX) {
        return refused(StatusCode::PAYLOAD_TOO_LARGE);
    }
    match timeout(BODY_READ_MAX, to_bytes(Body::new(body), REQUEST_BYTES_MAX)).await {
        Ok(Ok(body)) => handler(Request::from_parts(head, body)).await,
        // Past the bound, or the client went away and hears nothing.
        Ok(Err(_)) => refused(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => refused(StatusCode::REQUEST_TIMEOUT),
    }
}

/// The rest of the body is not read, so the connection ends with the answer.
fn refused(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
