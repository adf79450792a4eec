//! The HTTP adapter against sockets on this machine that behave badly.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test cannot set up fails the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use syncline_engine::ports::clock::Clock;
use syncline_engine::ports::http::{BODY_BYTES_MAX, Call, Http, NoAnswer};
use syncline_http::ReqwestHttp;
use syncline_model::{Deadline, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const NOW: &str = "2026-11-22T10:00:00Z";

struct Fixed(Timestamp);

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn adapter() -> ReqwestHttp {
    ReqwestHttp::new(Arc::new(Fixed(NOW.parse().unwrap())))
}

/// A deadline so many milliseconds from the fixed now.
fn within(ms: i64) -> Deadline {
    let now: Timestamp = NOW.parse().unwrap();
    Deadline(now + Duration::from_millis(u64::try_from(ms).unwrap()))
}

fn get(address: &str) -> Call {
    Call::new("test", http::Request::get(format!("{address}/contacts?token=s3cret")).body(Bytes::new()).unwrap())
}

/// Answers every connection with what the closure makes of the request's text, until dropped. Counts connections.
async fn server<F>(behave: F) -> (String, Arc<AtomicUsize>)
where
    F: Fn(String) -> Vec<u8> + Send + Sync + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    let behave = Arc::new(behave);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let behave = behave.clone();
            tokio::spawn(async move {
                while let Some(request) = read_request(&mut socket).await {
                    let answer = behave(request);
                    if answer.is_empty() || socket.write_all(&answer).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, connections)
}

async fn read_request(socket: &mut TcpStream) -> Option<String> {
    let mut text = Vec::new();
    let mut buffer = [0; 1024];
    while !text.windows(4).any(|four| four == b"\r\n\r\n") {
        match socket.read(&mut buffer).await {
            Ok(read) if read > 0 => text.extend_from_slice(&buffer[..read]),
            Ok(_) | Err(_) => return None,
        }
    }
    Some(String::from_utf8(text).unwrap())
}

fn assert_tells_no_secret(refused: &NoAnswer) {
    let shown = format!("{refused} {refused:?}");
    assert!(!shown.contains("s3cret") && !shown.contains("/contacts"), "{shown}");
}

#[tokio::test]
async fn an_answer_comes_back_whole_over_a_kept_connection() {
    let (address, connections) = server(|request| {
        assert!(request.starts_with("GET /contacts?token=s3cret HTTP/1.1\r\n"), "{request}");
        b"HTTP/1.1 201 Created\r\nx-ratelimit-remaining: 7\r\ncontent-length: 5\r\n\r\nhello".to_vec()
    })
    .await;
    let http = adapter();
    for _ in 0..3 {
        let answer = http.send(get(&address), within(5_000)).await.unwrap();
        assert_eq!(answer.status(), 201);
        assert_eq!(answer.headers()["x-ratelimit-remaining"], "7");
        assert_eq!(answer.body().as_ref(), b"hello");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_refused_connection_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let refused = adapter().send(get(&address), within(5_000)).await.unwrap_err();
    assert!(matches!(&refused, NoAnswer::NotSent(text) if text.contains("refused")), "{refused}");
    assert_tells_no_secret(&refused);
}

#[tokio::test]
async fn a_failed_tls_handshake_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            // Whatever this is, it is no TLS record.
            drop(socket.write_all(b"220 mail.example ESMTP\r\n").await);
        }
    });
    let refused = adapter().send(get(&format!("https://127.0.0.1:{port}")), within(5_000)).await.unwrap_err();
    assert!(matches!(refused, NoAnswer::NotSent(_)), "{refused}");
    assert_tells_no_secret(&refused);
}

#[tokio::test]
async fn a_connection_closed_before_the_answer_is_unanswered() {
    let (address, connections) = server(|_| Vec::new()).await;
    let refused = adapter().send(get(&address), within(5_000)).await.unwrap_err();
    assert!(matches!(refused, NoAnswer::Unanswered(_)), "{refused}");
    assert_tells_no_secret(&refused);
    assert_eq!(connections.load(Ordering::SeqCst), 1, "it is not sent again");
}

#[tokio::test]
async fn a_body_cut_short_is_unanswered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_request(&mut socket).await.unwrap();
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await.unwrap();
    });
    let refused = adapter().send(get(&address), within(5_000)).await.unwrap_err();
    assert!(matches!(refused, NoAnswer::Unanswered(_)), "{refused}");
    assert_tells_no_secret(&refused);
}

#[tokio::test]
async fn silence_past_the_deadline_is_unanswered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let held = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut rest = Vec::new();
        // Reads until the caller gives up.
        socket.read_to_end(&mut rest).await.map(|_| rest)
    });
    let refused = adapter().send(get(&address), within(200)).await.unwrap_err();
    assert!(matches!(&refused, NoAnswer::Unanswered(text) if text.contains("timed out")), "{refused}");
    assert!(!held.await.unwrap().unwrap().is_empty(), "the request had been sent");
}

#[tokio::test]
async fn nothing_is_sent_after_the_deadline() {
    let (address, connections) = server(|_| b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
    let refused = adapter().send(get(&address), within(0)).await.unwrap_err();
    assert_eq!(refused, NoAnswer::NotSent("127.0.0.1: the deadline has passed".into()));
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_body_announced_too_long_is_not_read() {
    let (address, _) = server(|_| format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\nx", BODY_BYTES_MAX + 1).into_bytes()).await;
    let refused = adapter().send(get(&address), within(5_000)).await.unwrap_err();
    assert_eq!(refused, NoAnswer::Unanswered(format!("127.0.0.1: the answer is longer than {BODY_BYTES_MAX} bytes")));
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let written = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_request(&mut socket).await.unwrap();
        socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let chunk = vec![b'x'; 1024 * 1024];
        let mut chunks = 0_usize;
        while socket.write_all(&chunk).await.is_ok() {
            chunks += 1;
        }
        chunks
    });
    let refused = adapter().send(get(&address), within(30_000)).await.unwrap_err();
    assert!(matches!(&refused, NoAnswer::Unanswered(text) if text.contains("longer")), "{refused}");
    assert!(written.await.unwrap() >= 63, "the connection ended after the bound, not before");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (elsewhere, visits) = server(|_| b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
    let location = elsewhere.clone();
    let (address, _) =
        server(move |_| format!("HTTP/1.1 302 Found\r\nlocation: {location}/login\r\ncontent-length: 0\r\n\r\n").into_bytes()).await;
    let answer = adapter().send(get(&address), within(5_000)).await.unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers()["location"], format!("{elsewhere}/login"));
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}
