//! What a helpdesk shows beside a ticket: the requester's CRM records, as a small page or as JSON. Read only.
//!
//! Two requests. `POST /panel/token`, from the helpdesk's server with the panel secret, gives a token for one requester; `GET /panel?token=…`,
//! from the agent's browser, shows that requester's records and no other's.

mod answer;
mod document;
mod mint;
mod page;
mod text;
mod token;

use std::sync::Arc;

use bytes::Bytes;
use http::header::ACCEPT;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use percent_encoding::percent_decode_str;
use syncline_config::Config;
use syncline_engine::panel::{PanelSettings, PanelView, State, panel};
use syncline_engine::ports::secrets::Secrets;
use syncline_engine::{Engine, EngineError};
use syncline_model::{Deadline, SyncName};

use answer::{Answer, Keep};
use document::Document;

pub use mint::{KEY_HEADER, PANEL_KEY_CHARACTERS_MIN, PANEL_KEYS};
pub use token::{PanelToken, Signer, SignerProblem, TOKEN_VALID, TokenRefused};

type Request = http::Request<Bytes>;

/// How long filling a panel may take: a person is waiting, and helpdesks give up soon after.
pub const ANSWER_WITHIN: SignedDuration = SignedDuration::from_secs(5);

/// The pages that may frame the panel unless others are configured: an origin a line.
pub const FRAME_ANCESTORS: &str = include_str!("../frames.txt");

/// The panel of one sync.
#[derive(Clone, Debug)]
pub struct PanelDesk {
    pub sync: SyncName,
    pub settings: PanelSettings,
    /// The name of the helpdesk connection's bundle, which holds the panel secret.
    pub secret: String,
}

/// Everything that the panel stands on besides the engine.
pub struct Panel {
    pub desks: Vec<PanelDesk>,
    pub secrets: Arc<dyn Secrets>,
    pub signer: Signer,
    /// Origins as a Content-Security-Policy writes them.
    pub frame_ancestors: Vec<String>,
    /// Where the panel is reached from outside; `None`: as each request came.
    pub public_url: Option<String>,
}

/// The blocks that are shown where the config says nothing else: those of `panel.json`.
pub fn default_settings() -> Result<PanelSettings, String> {
    settings(include_str!("../panel.json"))
}

/// Panel settings from their JSON. A problem names the place, never more.
pub fn settings(text: &str) -> Result<PanelSettings, String> {
    serde_json::from_str(text).map_err(|error| format!("the panel's settings cannot be read: {error}"))
}

impl Panel {
    /// A desk for every sync to which the settings fit; and what keeps them from the others, a sentence each.
    pub fn new(
        config: &Config,
        engine: &Engine,
        settings: &PanelSettings,
        secrets: Arc<dyn Secrets>,
        signer: Signer,
    ) -> (Self, Vec<String>) {
        let (mut desks, mut problems) = (Vec::new(), Vec::new());
        for sync in &engine.syncs {
            let found = settings.problems(sync);
            let connection = config.connections.get(&sync.ends.of(settings.asks).connection);
            if let (true, Some(connection)) = (found.is_empty(), connection) {
                desks.push(PanelDesk { sync: sync.name.clone(), settings: settings.clone(), secret: connection.secret.clone() });
            }
            problems.extend(found);
        }
        (Self { desks, secrets, signer, frame_ancestors: known_frames(), public_url: None }, problems)
    }

    /// Lets more pages frame the panel: origins, parted by blanks. Answers those that are no origins and were left out.
    pub fn allow_frames(&mut self, origins: &str) -> Vec<String> {
        let is_origin = |text: &str| text.starts_with("https://") && !text.contains([';', ',', '"', '\'']) && text.is_ascii();
        let (good, bad): (Vec<&str>, Vec<&str>) = origins.split_whitespace().partition(|origin| is_origin(origin));
        self.frame_ancestors.extend(good.into_iter().map(str::to_owned));
        bad.into_iter().map(str::to_owned).collect()
    }
}

/// The answer to a request that no panel can want: told by its path, its method and that it has no token, so that a stranger costs no call.
pub fn turn_away(request: &Request) -> Option<http::Response<Bytes>> {
    let method = match Wanted::of(request) {
        None => return Some(answer::problem(StatusCode::NOT_FOUND, "not_found", "There is GET /panel and POST /panel/token.")),
        Some(Wanted::Token) => Method::POST,
        Some(Wanted::Page) => Method::GET,
    };
    if request.method() != method {
        return Some(not_allowed(method.as_str()));
    }
    let lacks_token = method == Method::GET && query(request, "token").is_none_or(|token| token.is_empty());
    lacks_token.then(|| refused(&known_frames(), request, "refused", "This link is not valid. Open the ticket again."))
}

/// The origins that may frame the panel wherever it runs.
fn known_frames() -> Vec<String> {
    FRAME_ANCESTORS.lines().map(str::to_owned).collect()
}

fn refused(frames: &[String], request: &Request, state: &'static str, message: &str) -> Answer {
    render(frames, request, StatusCode::UNAUTHORIZED, &Document::notice(state, message), Keep::Not)
}

/// The answer to an event that is no request.
pub fn unreadable() -> http::Response<Bytes> {
    answer::problem(StatusCode::BAD_REQUEST, "bad_request", "The request cannot be read.")
}

/// What a path stands for.
enum Wanted {
    Token,
    Page,
}

impl Wanted {
    fn of(request: &Request) -> Option<Self> {
        let path = request.uri().path().trim_end_matches('/');
        match (path.ends_with("/panel/token"), path.ends_with("/panel")) {
            (true, _) => Some(Self::Token),
            (false, true) => Some(Self::Page),
            (false, false) => None,
        }
    }
}

/// Answers one request. Never fails: what goes wrong is a page that says so.
pub async fn handle(engine: &Engine, panel: &Panel, request: Request) -> http::Response<Bytes> {
    match (turn_away(&request), Wanted::of(&request)) {
        (Some(answer), _) => answer,
        (None, Some(Wanted::Token)) => mint::mint(engine, panel, &request).await,
        (None, Some(Wanted::Page) | None) => show(engine, panel, &request).await,
    }
}

fn not_allowed(method: &str) -> Answer {
    let mut answer = answer::problem(StatusCode::METHOD_NOT_ALLOWED, "not_allowed", "This path takes another method.");
    if let Ok(method) = http::HeaderValue::from_str(method) {
        answer.headers_mut().insert(http::header::ALLOW, method);
    }
    answer
}

async fn show(engine: &Engine, hall: &Panel, request: &Request) -> Answer {
    let refused = |state, message| refused(&hall.frame_ancestors, request, state, message);
    let text = query(request, "token").unwrap_or_default();
    let token = match hall.signer.check(&text, engine.now()) {
        Ok(token) => token,
        Err(TokenRefused::Expired) => return refused("token_expired", "This view has expired. Open the ticket again."),
        Err(TokenRefused::Forged) => return refused("refused", "This link is not valid. Open the ticket again."),
    };
    // A link that says whom it is for must say the same as its token.
    if query(request, "requester_id").is_some_and(|requester| requester != token.requester.as_str()) {
        return refused("refused", "This link belongs to another requester. Open the ticket again.");
    }
    match view(engine, hall, &token).await {
        Ok(view) => {
            let keep = if matches!(view.state, State::Unavailable { .. }) { Keep::Not } else { Keep::AMinute };
            render(&hall.frame_ancestors, request, StatusCode::OK, &Document::of(&view), keep)
        }
        Err(error) => {
            tracing::error!(sync = %token.sync, requester = %token.requester, "the panel could not be read: {error}");
            let notice = Document::notice("unavailable", "The panel cannot be read just now. Try again in a minute.");
            render(&hall.frame_ancestors, request, StatusCode::SERVICE_UNAVAILABLE, &notice, Keep::Not)
        }
    }
}

async fn view(engine: &Engine, hall: &Panel, token: &PanelToken) -> Result<PanelView, EngineError> {
    let unknown = || EngineError::Unknown { what: format!("panel for sync {}", token.sync) };
    let desk = hall.desks.iter().find(|desk| desk.sync == token.sync).ok_or_else(unknown)?;
    let sync = engine.sync(&token.sync).ok_or_else(unknown)?;
    panel(engine, sync, &desk.settings, &token.requester, Deadline(engine.now() + ANSWER_WITHIN)).await
}

fn render(frames: &[String], request: &Request, status: StatusCode, document: &Document, keep: Keep) -> Answer {
    if wants_json(request) {
        let body = serde_json::to_value(document).unwrap_or_default();
        return answer::json_kept(status, &body, keep);
    }
    answer::html(status, page::page(document), keep, &page::policy(frames))
}

fn wants_json(request: &Request) -> bool {
    let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    query(request, "format").as_deref() == Some("json") || (accept.contains("application/json") && !accept.contains("text/html"))
}

/// A parameter of the query, decoded; the first of its name.
fn query(request: &Request, name: &str) -> Option<String> {
    let pairs = request.uri().query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| percent_decode_str(value).decode_utf8_lossy().into_owned()).next()
}
