//! `POST /panel/token`: the helpdesk's server, which knows the panel secret, gets a token for one requester.

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use syncline_engine::Engine;
use syncline_engine::ports::secrets::Bundle;
use syncline_model::{RecordId, SyncName};

use crate::answer::{self, Answer};
use crate::{Panel, PanelDesk, Request};

/// The header with the panel secret.
pub const KEY_HEADER: &str = "x-syncline-key";
/// The secret's names in the bundle of the helpdesk's connection: the present one, and the one before, during a rotation.
pub const PANEL_KEYS: [&str; 2] = ["panel_key", "panel_key_previous"];
/// A shorter secret can be guessed and is not accepted.
pub const PANEL_KEY_CHARACTERS_MIN: usize = 16;
const ID_CHARACTERS_MAX: usize = 64;

#[derive(Deserialize)]
struct Wish {
    requester_id: Id,
    /// For the log alone.
    #[serde(default)]
    ticket_id: Option<Id>,
    domain: String,
    /// Where several syncs share a helpdesk: which.
    #[serde(default)]
    sync: Option<SyncName>,
}

/// Helpdesks write ids as numbers, apps often as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Number(u64),
    Text(String),
}

impl Id {
    fn record_id(&self) -> Option<RecordId> {
        let text = match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.trim().to_owned(),
        };
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        (!text.is_empty() && text.len() <= ID_CHARACTERS_MAX && plain).then(|| RecordId::new(text))
    }
}

pub(crate) async fn mint(engine: &Engine, panel: &Panel, request: &Request) -> Answer {
    let key = request.headers().get(KEY_HEADER).and_then(|key| key.to_str().ok()).unwrap_or_default();
    if key.is_empty() {
        return refused();
    }
    let Ok(wish) = serde_json::from_slice::<Wish>(request.body()) else {
        return answer::problem(
            StatusCode::BAD_REQUEST,
            "bad_request",
            "The body must be JSON with requester_id and domain, and may have ticket_id and sync.",
        );
    };
    let Some(requester) = wish.requester_id.record_id() else {
        return answer::problem(StatusCode::BAD_REQUEST, "bad_request", "requester_id must be the requester's id at the helpdesk.");
    };
    // An unknown account and a wrong key are answered alike: who has no key learns nothing.
    let Some(desk) = desk(engine, panel, &wish) else { return refused() };
    match panel.secrets.load(&desk.secret).await {
        Ok(Some(bundle)) if is_key(&bundle, key) => {}
        Ok(_) => return refused(),
        Err(error) => {
            tracing::error!(sync = %desk.sync, "no panel token could be made: {error}");
            return answer::problem(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The panel's secret cannot be read just now.");
        }
    }
    let (text, token) = panel.signer.mint(&desk.sync, &requester, engine.now());
    let ticket = wish.ticket_id.as_ref().and_then(Id::record_id);
    tracing::info!(sync = %desk.sync, requester = %requester, ticket = ticket.as_ref().map(RecordId::as_str), "a panel token was made");
    let url = format!("{}/panel?token={text}", base(panel, request));
    answer::json(StatusCode::OK, &json!({ "token": text, "expires": token.expires.to_string(), "url": url }))
}

fn refused() -> Answer {
    answer::problem(StatusCode::UNAUTHORIZED, "refused", "The key does not belong to this helpdesk account.")
}

/// The desk whose helpdesk has this host.
fn desk<'a>(engine: &Engine, panel: &'a Panel, wish: &Wish) -> Option<&'a PanelDesk> {
    let wanted = host_of(&wish.domain)?;
    panel
        .desks
        .iter()
        .find(|desk| wish.sync.as_ref().is_none_or(|sync| *sync == desk.sync) && host(engine, desk).is_some_and(|host| host == wanted))
}

/// The host of the desk's helpdesk, as its connector's links have it.
fn host(engine: &Engine, desk: &PanelDesk) -> Option<String> {
    let sync = engine.sync(&desk.sync)?;
    let kind = sync.mapping(&desk.settings.person)?.kind.of(desk.settings.asks);
    host_of(&sync.ends.of(desk.settings.asks).connector.web_address(kind, &RecordId::new("1"))?)
}

/// The host in an address, or in a text that is only a host.
fn host_of(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let rest = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next()?.trim_end_matches('.');
    (!host.is_empty()).then(|| host.to_owned())
}

/// Compared as hashes, in constant time: neither length nor content shows in the time that it takes.
fn is_key(bundle: &Bundle, key: &str) -> bool {
    let given = Sha256::digest(key.as_bytes());
    let mut fits = subtle::Choice::from(0);
    for name in PANEL_KEYS {
        if let Some(known) = bundle.get(name).filter(|known| known.expose().len() >= PANEL_KEY_CHARACTERS_MIN) {
            fits |= given.as_slice().ct_eq(Sha256::digest(known.expose().as_bytes()).as_slice());
        }
    }
    fits.into()
}

/// Where the panel is reached: as configured, or else as this request came.
fn base(panel: &Panel, request: &Request) -> String {
    if let Some(url) = &panel.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let host = request.uri().authority().map(http::uri::Authority::as_str);
    let host = host.or_else(|| request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok())).unwrap_or_default();
    let scheme = request.uri().scheme_str().unwrap_or("https");
    let prefix = request.uri().path().trim_end_matches('/').strip_suffix("/panel/token").unwrap_or_default();
    format!("{scheme}://{host}{prefix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_compared_bare() {
        for text in
            ["acme.helpdesk.example", " ACME.helpdesk.example ", "https://acme.helpdesk.example/a/tickets/1", "acme.helpdesk.example."]
        {
            assert_eq!(host_of(text).as_deref(), Some("acme.helpdesk.example"), "{text}");
        }
        assert_eq!(host_of(" "), None);
    }

    #[test]
    fn ids_are_plain() {
        assert_eq!(Id::Number(43).record_id(), Some("43".into()));
        assert_eq!(Id::Text(" 43 ".into()).record_id(), Some("43".into()));
        for bad in ["", "4/3", "../1", "4 3", "é"] {
            assert_eq!(Id::Text(bad.into()).record_id(), None, "{bad}");
        }
    }
}
