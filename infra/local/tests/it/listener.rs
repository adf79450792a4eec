//! The listener in front of the handlers.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use syncline_local::{Listener, REQUEST_BYTES_MAX};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Says back what it was told.
async fn echo(request: Request<Bytes>) -> Response<Bytes> {
    let said = format!("{} {} {}", request.method(), request.uri(), request.headers()["x-said"].to_str().unwrap());
    let mut response = Response::new(Bytes::from([said.as_bytes(), b"|", request.body()].concat()));
    *response.status_mut() = http::StatusCode::ACCEPTED;
    response
}

fn start(listener: Listener) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    let address = listener.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(listener.serve(echo, async move { drop(stopped.await) }));
    (address, stop, serving)
}

async fn say(address: SocketAddr, text: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(20), socket.read_to_end(&mut answer)).await.unwrap().unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_request_reaches_the_handler_as_a_value_and_its_answer_the_client() {
    let (address, _stop, _serving) = start(Listener::on_loopback(0).await.unwrap());
    assert!(address.ip().is_loopback());
    let answer =
        say(address, "POST /hooks/acme?x=1 HTTP/1.1\r\nhost: a\r\nx-said: hi\r\nconnection: close\r\ncontent-length: 4\r\n\r\nbody").await;
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    assert!(answer.ends_with("POST /hooks/acme?x=1 hi|body"), "{answer}");
}

#[tokio::test]
async fn a_body_too_long_is_refused_announced_or_not() {
    let (address, _stop, _serving) = start(Listener::on_loopback(0).await.unwrap());
    let too_long = REQUEST_BYTES_MAX + 1;
    let announced = say(address, &format!("POST / HTTP/1.1\r\nhost: a\r\nx-said: hi\r\ncontent-length: {too_long}\r\n\r\n")).await;
    assert!(announced.starts_with("HTTP/1.1 413 "), "{announced}");
    let chunk = "x".repeat(too_long);
    let streamed =
        say(address, &format!("POST / HTTP/1.1\r\nhost: a\r\nx-said: hi\r\ntransfer-encoding: chunked\r\n\r\n{too_long:x}\r\n{chunk}"))
            .await;
    assert!(streamed.starts_with("HTTP/1.1 413 "), "{streamed}");
}

#[tokio::test]
async fn a_body_of_just_the_bound_is_taken() {
    let (address, _stop, _serving) = start(Listener::on_loopback(0).await.unwrap());
    let body = "x".repeat(REQUEST_BYTES_MAX);
    let request =
        format!("POST / HTTP/1.1\r\nhost: a\r\nx-said: hi\r\nconnection: close\r\ncontent-length: {REQUEST_BYTES_MAX}\r\n\r\n{body}");
    let answer = say(address, &request).await;
    assert!(answer.starts_with("HTTP/1.1 202 "), "{}", &answer[..40]);
    assert!(answer.len() > REQUEST_BYTES_MAX);
}

#[tokio::test]
async fn a_client_that_never_ends_its_head_is_let_go() {
    let listener = Listener::on_loopback(0).await.unwrap().with_head_read_max(Duration::from_millis(100));
    let (address, _stop, _serving) = start(listener);
    let answer = say(address, "GET / HTTP/1.1\r\nhost: ").await;
    assert!(!answer.contains("202"), "{answer}");
}

#[tokio::test]
async fn stopping_ends_idle_connections_and_frees_the_port() {
    let (address, stop, serving) = start(Listener::on_loopback(0).await.unwrap());
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nx-said: hi\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 202");
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(20), serving).await.unwrap().unwrap();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let first = Listener::on_loopback(0).await.unwrap();
    let refused = Listener::on_loopback(first.address().port()).await.unwrap_err();
    assert!(refused.to_string().starts_with(&format!("cannot listen on {}", first.address())), "{refused}");
}
