//! Where the browser returns (RFC 8252 §7.3): a listener on this machine's own address, for one sign-in, that ends with it.
//!
//! What does not carry this attempt's state is answered and forgotten: another page on this machine can neither end the attempt nor put its own
//! code in. The pages load nothing from anywhere.

use std::time::Duration;

use syncline_engine::ports::sign_in::{CodeGrant, Redirect};
use syncline_engine::sign_in::{Attempt, NotSignedIn};
use syncline_model::Secret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::exit::{Exit, Failure};

/// How much of a request is read, in bytes: a browser's head with cookies of everything else on this address.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// How long one connection may take.
const PATIENCE: Duration = Duration::from_secs(10);
const HEADERS_MAX: usize = 128;

/// Listens on this port; 0: any free one.
pub(crate) async fn listen(port: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
        let hint = "end what uses the port; or choose another with `--redirect-port` and register its address at the vendor; or give `--no-browser`";
        Failure::new(Exit::Failed, format!("port {port} cannot be opened for the browser's return: {error}"), hint)
    })
}

/// Waits for the browser of this attempt.
pub(crate) async fn returned(listener: &TcpListener, grant: &CodeGrant, attempt: &Attempt) -> std::io::Result<Result<Secret, NotSignedIn>> {
    loop {
        let (stream, _) = listener.accept().await?;
        // A connection that says nothing, which browsers open in advance, holds up nobody for long.
        if let Ok(Ok(Some(outcome))) = tokio::time::timeout(PATIENCE, answer(stream, grant, attempt)).await {
            return Ok(outcome);
        }
    }
}

/// Answers one request; `None` where it does not end the attempt.
async fn answer(mut stream: TcpStream, grant: &CodeGrant, attempt: &Attempt) -> std::io::Result<Option<Result<Secret, NotSignedIn>>> {
    let Some(target) = target(&mut stream).await? else {
        send(&mut stream, "400 Bad Request", "Not understood", "This address is for the return from a sign-in only.").await?;
        return Ok(None);
    };
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    if path != Redirect::PATH {
        send(&mut stream, "404 Not Found", "Nothing here", "This address is for the return from a sign-in only.").await?;
        return Ok(None);
    }
    let outcome = attempt.read(grant, query);
    match &outcome {
        Ok(_) => send(&mut stream, "200 OK", "Signed in", "You can close this page and go back to the terminal.").await?,
        Err(error @ NotSignedIn::Foreign) => {
            send(&mut stream, "400 Bad Request", "Not this sign-in", &error.to_string()).await?;
            return Ok(None);
        }
        Err(error) => send(&mut stream, "200 OK", "Not signed in", &error.to_string()).await?,
    }
    Ok(Some(outcome))
}

/// Path and query of a GET; `None` where it is something else.
async fn target(stream: &mut TcpStream) -> std::io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut part = [0; 4096];
    while head.len() < HEAD_BYTES_MAX {
        let read = stream.read(&mut part).await?;
        if read == 0 {
            return Ok(None);
        }
        head.extend(part.iter().take(read));
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&head) {
            Ok(httparse::Status::Complete(_)) => {
                return Ok(request.path.filter(|_| request.method == Some("GET")).map(str::to_owned));
            }
            Ok(httparse::Status::Partial) => {}
            Err(_) => return Ok(None),
        }
    }
    Ok(None)
}

async fn send(stream: &mut TcpStream, status: &str, title: &str, words: &str) -> std::io::Result<()> {
    let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Syncline: {title}</title>\
         <style>body{{font:1.1rem/1.5 system-ui,sans-serif;margin:15vh auto;max-width:32rem;padding:0 1rem}}</style>\
         <h1>{title}</h1><p>{words}</p></html>"
    );
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\ncache-control: no-store\r\n\
         content-security-policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\nreferrer-policy: no-referrer\r\n\
         x-content-type-options: nosniff\r\n\r\n",
        page.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(page.as_bytes()).await?;
    stream.shutdown().await
}
