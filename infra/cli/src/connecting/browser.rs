//! A sign-in with the browser: opens the vendor's page, waits for the return or for its pasted address, and exchanges the code.

use std::time::Duration;

use syncline_aws::{SystemClock, SystemDice};
use syncline_engine::ports::http::Http;
use syncline_engine::ports::secrets::Bundle;
use syncline_engine::ports::sign_in::{CodeGrant, Redirect};
use syncline_engine::ports::vendor::{Settings, Vendor};
use syncline_engine::sign_in::{Attempt, Exchange, NotSignedIn, exchange};
use syncline_model::{Deadline, Secret};
use tokio::net::TcpListener;

use super::redirect;
use crate::exit::{Exit, Failure};
use crate::printer::Printer;
use crate::terminal::Terminal;

/// How long a person may take at the vendor's page.
const PATIENCE: Duration = Duration::from_mins(15);

/// What the flags say of the browser.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ways {
    /// The person opens the address, maybe on another machine, and pastes where it led.
    pub(crate) no_browser: bool,
    /// Instead of the vendor's usual port.
    pub(crate) port: Option<u16>,
}

/// Who signs in to what.
#[derive(Clone, Copy)]
pub(crate) struct SignIn<'a> {
    pub(crate) vendor: &'static dyn Vendor,
    pub(crate) settings: &'a Settings,
    pub(crate) grant: &'a CodeGrant,
    pub(crate) client: &'a Bundle,
}

/// Signs in, and answers the whole bundle.
pub(crate) async fn sign_in(
    what: SignIn<'_>,
    ways: Ways,
    terminal: Option<&mut Terminal>,
    http: &dyn Http,
    by: Deadline,
) -> Result<Bundle, Failure> {
    let SignIn { vendor, settings, grant, client } = what;
    let port = ways.port.or(grant.redirect.port);
    let listener = if ways.no_browser { None } else { Some(redirect::listen(port.unwrap_or(0)).await?) };
    let port = match &listener {
        Some(listener) => listener.local_addr().map(|address| address.port()).map_err(|error| lost(&error))?,
        None => port.unwrap_or(Redirect::REGISTERED_PORT),
    };
    let attempt = Attempt::new(grant, grant.redirect.address(port), &SystemDice);
    let client_id = client.get("client_id").map(Secret::expose).unwrap_or_default();
    let address = attempt.address(grant, client_id.trim());
    let code = if let Some(listener) = listener {
        let opened = open(&address).await;
        let how = if opened { "The browser was opened at" } else { "Open this address in a browser on this machine:" };
        Printer::words(&format!("{how}\n  {address}\nWaiting for the sign-in there…"));
        wait(&listener, grant, &attempt, terminal).await?
    } else {
        let Some(terminal) = terminal else {
            let says = "`--no-browser` takes the redirect's address at a terminal, and there is none";
            return Err(Failure::usage(says, "leave it out, or run it at a terminal"));
        };
        Printer::words(&format!(
            "Open this address in any browser:\n  {address}\nIt leads to an address that begins with {} and may not open there: that is as it should be.",
            attempt.redirect_uri
        ));
        pasted(grant, &attempt, terminal).await?
    };
    let code = code.map_err(|why| not_signed_in(&why, grant))?;
    let what = Exchange { vendor, settings, grant, attempt: &attempt, client, code: &code };
    exchange(what, http, &SystemClock, by).await.map_err(Failure::from)
}

/// The browser's return, or its pasted address, whichever comes first.
async fn wait(
    listener: &TcpListener,
    grant: &CodeGrant,
    attempt: &Attempt,
    terminal: Option<&mut Terminal>,
) -> Result<Result<Secret, NotSignedIn>, Failure> {
    let returned = async { redirect::returned(listener, grant, attempt).await.map_err(|error| lost(&error)) };
    let either = async {
        match terminal {
            None => returned.await,
            Some(terminal) => tokio::select! {
                outcome = returned => outcome,
                outcome = pasted_line(grant, attempt, terminal) => outcome,
            },
        }
    };
    tokio::time::timeout(PATIENCE, either).await.unwrap_or_else(|_| {
        let says = "nobody signed in within fifteen minutes, and nothing was changed";
        Err(Failure::new(Exit::SignIn, says, "run it again; your answers are proposed"))
    })
}

async fn pasted(grant: &CodeGrant, attempt: &Attempt, terminal: &mut Terminal) -> Result<Result<Secret, NotSignedIn>, Failure> {
    Printer::words("Paste the whole address that the browser shows in the end:");
    pasted_line(grant, attempt, terminal).await
}

/// Lines until one is this attempt's redirect; what is foreign or half is asked for again.
async fn pasted_line(grant: &CodeGrant, attempt: &Attempt, terminal: &mut Terminal) -> Result<Result<Secret, NotSignedIn>, Failure> {
    loop {
        let line = terminal.line().await?;
        if line.is_empty() {
            continue;
        }
        let query = line.split_once('?').map_or(line.as_str(), |(_, query)| query);
        match attempt.read(grant, query.split('#').next().unwrap_or_default()) {
            Err(again @ (NotSignedIn::Foreign | NotSignedIn::Empty)) => Printer::words(&again.to_string()),
            outcome => return Ok(outcome),
        }
    }
}

fn not_signed_in(why: &NotSignedIn, grant: &CodeGrant) -> Failure {
    let hint = match why {
        NotSignedIn::Denied => "run it again, and choose to allow the access".to_owned(),
        NotSignedIn::Refused { .. } => grant.client_help.to_owned(),
        NotSignedIn::Foreign | NotSignedIn::Elsewhere { .. } | NotSignedIn::Empty => "run it again".to_owned(),
    };
    Failure::new(Exit::SignIn, why.to_string(), hint)
}

fn lost(error: &std::io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("the browser's return cannot be listened for: {error}"), "give `--no-browser`")
}

/// Whether a browser took it. On a thread of its own: a browser in a terminal returns when it is closed.
async fn open(address: &str) -> bool {
    let (sender, opened) = tokio::sync::oneshot::channel();
    let address = address.to_owned();
    std::thread::spawn(move || {
        // Whoever asked may have gone.
        sender.send(webbrowser::open(&address).is_ok()).ok();
    });
    opened.await.unwrap_or(false)
}
