//! Whether a connection works. One that was refused sign-in stops, once, and says so; its messages are kept.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use syncline_model::{ConnectionName, Timestamp};

use crate::ports::store::{Expect, Item, Write};
use crate::{Engine, EngineError, keys};

/// A connection that is stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    pub since: Timestamp,
    /// What the vendor said, and what to do.
    pub hint: String,
    /// The account that the connection belonged to when it was last checked.
    #[serde(default)]
    pub account: Option<String>,
}

/// How long messages of a stopped connection rest before they look again.
pub const STOPPED_RETRY: SignedDuration = SignedDuration::from_mins(10);

/// `None`: it works, as far as is known.
pub async fn stopped(engine: &Engine, connection: &ConnectionName) -> Result<Option<Stopped>, EngineError> {
    let Some(item) = engine.store.get(&[keys::connection(connection)]).await?.pop().flatten() else { return Ok(None) };
    engine.counts.found_stopped(connection);
    serde_json::from_str(&item.body)
        .map_err(|error| EngineError::Unreadable { what: format!("the state of connection {connection}"), problem: error.to_string() })
}

/// Stops a connection. Answers whether it was running before: then, and only then, somebody is told.
pub async fn stop(engine: &Engine, connection: &ConnectionName, hint: &str) -> Result<bool, EngineError> {
    if stopped(engine, connection).await?.is_some() {
        return Ok(false);
    }
    let body = serde_json::to_string(&Stopped { since: engine.now(), hint: hint.to_owned(), account: None })
        .map_err(|error| EngineError::Unreadable { what: "a connection's state".into(), problem: error.to_string() })?;
    let item = Item { key: keys::connection(connection), body, version: 1, expires: None };
    engine.store.write(vec![Write::Put { item, expect: Expect::Any }]).await?;
    engine.counts.found_stopped(connection);
    tracing::error!(connection = %connection, hint, "the connection was refused sign-in and is stopped; run `syncline connect`");
    Ok(true)
}

/// Lets a connection rest that somebody disconnected: as a stop, but nobody needs to be told.
pub async fn rest(engine: &Engine, connection: &ConnectionName, hint: &str) -> Result<(), EngineError> {
    let stopped = Stopped { since: engine.now(), hint: hint.to_owned(), account: None };
    let body = serde_json::to_string(&stopped)
        .map_err(|error| EngineError::Unreadable { what: "a connection's state".into(), problem: error.to_string() })?;
    let item = Item { key: keys::connection(connection), body, version: 1, expires: None };
    engine.store.write(vec![Write::Put { item, expect: Expect::Any }]).await?;
    Ok(())
}

/// Starts a connection again.
pub async fn start(engine: &Engine, connection: &ConnectionName) -> Result<(), EngineError> {
    engine.store.write(vec![Write::Delete { key: keys::connection(connection), expect: Expect::Any }]).await?;
    Ok(())
}
