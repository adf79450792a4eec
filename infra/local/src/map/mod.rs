//! A map of records by owner and stage, as the config's `map` names them: read when somebody looks, drawn as one page without script.
//!
//! The page shows customers' data, and the listener asks nobody who they are: the address that is printed carries a key of this run.

mod drawing;
mod gazetteer;
mod reading;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq as _;
use syncline_config::{Config, MapLayer};
use syncline_engine::Engine;
use syncline_engine::ports::clock::Dice;
use tokio::sync::Mutex;

use self::drawing::{Wanted, page};
use self::gazetteer::Gazetteer;
use self::reading::{Read, read};

/// Where the page is.
pub const MAP_PATH: &str = "/map";
/// How long records that were read are shown without being read again.
const KEPT: SignedDuration = SignedDuration::from_secs(60);
/// Nothing may be run, sent, framed or fetched; colours are in the page itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The map of one installation.
pub struct RecordMap {
    engine: Arc<Engine>,
    layers: Vec<MapLayer>,
    key: String,
    gazetteer: Gazetteer,
    kept: Mutex<Option<(Timestamp, Arc<Read>)>>,
}

impl RecordMap {
    /// `None` where the config names nothing to draw.
    pub fn new(config: &Config, engine: Arc<Engine>, dice: &dyn Dice) -> Option<Self> {
        if config.map.is_empty() {
            return None;
        }
        let key = format!("{:016x}{:016x}", dice.roll(), dice.roll());
        Some(Self { engine, layers: config.map.clone(), key, gazetteer: Gazetteer::bundled(), kept: Mutex::new(None) })
    }

    /// Path and query of the page, with the key that opens it.
    pub fn path(&self) -> String {
        format!("{MAP_PATH}?key={}", self.key)
    }

    /// The page, or 403 without the key.
    pub async fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let asked = Asked::of(request.uri().query().unwrap_or_default());
        if !bool::from(asked.key.as_bytes().ct_eq(self.key.as_bytes())) {
            let words = "This address lacks the key of the present run. `syncline local` prints the whole address when it starts.\n";
            return response(StatusCode::FORBIDDEN, "text/plain; charset=utf-8", words.to_owned());
        }
        match self.records().await {
            Ok(read) => response(StatusCode::OK, "text/html; charset=utf-8", page(&read.pins, &asked.wanted, &self.key, read.more)),
            Err(problem) => response(StatusCode::BAD_GATEWAY, "text/plain; charset=utf-8", format!("{problem}\n")),
        }
    }

    /// One reading at a time: who comes meanwhile waits for it.
    async fn records(&self) -> Result<Arc<Read>, String> {
        let mut kept = self.kept.lock().await;
        let now = self.engine.now();
        if let Some((until, read)) = kept.as_ref()
            && now < *until
        {
            return Ok(read.clone());
        }
        let read = Arc::new(read(&self.engine, &self.layers, &self.gazetteer).await?);
        *kept = now.checked_add(KEPT).ok().map(|until| (until, read.clone()));
        Ok(read)
    }
}

/// What a request asks for.
#[derive(Default)]
struct Asked {
    key: String,
    wanted: Wanted,
}

impl Asked {
    fn of(query: &str) -> Self {
        let mut asked = Self::default();
        for (name, value) in query.split('&').filter_map(|part| part.split_once('=')) {
            let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
            match name {
                "key" => asked.key = value,
                "owner" => asked.wanted.owner = Some(value),
                "stage" => asked.wanted.stage = Some(value),
                "world" => asked.wanted.whole_world = value == "1",
                _ => {}
            }
        }
        asked
    }
}

fn response(status: StatusCode, kind: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
