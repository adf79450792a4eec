//! Work that goes on over many runs: its state as one item under a lease, and sealed pages beside it.
//!
//! Two runs cannot harm each other: each save is conditional on the state's version, and each run writes its pages under a segment of its
//! own, which counts only once the state names it.

use jiff::SignedDuration;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use syncline_model::{CallError, ConnectionName, Fault, Timestamp};

use crate::budget::NoToken;
use crate::ports::store::{Expect, Item, Key, StoreError, Write};
use crate::{Engine, EngineError, state};

const FORMAT: u8 = 1;

/// A run gives its lease back this long before its deadline.
pub(crate) const MARGIN: SignedDuration = SignedDuration::from_secs(5);

/// How often a change of the state from outside is tried while a run is saving it too.
const TRIES_MAX: u32 = 5;

#[derive(Serialize, Deserialize)]
struct Stored<T> {
    v: u8,
    #[serde(default)]
    leased_until: Option<Timestamp>,
    state: T,
}

/// A state as it rests.
pub(crate) struct Resting<T> {
    version: u64,
    pub(crate) leased_until: Option<Timestamp>,
    pub(crate) state: T,
}

impl<T: Default> Resting<T> {
    /// There is none yet.
    pub(crate) fn absent() -> Self {
        Self { version: 0, leased_until: None, state: T::default() }
    }
}

/// A state that this run alone may save, until the lease ends.
pub(crate) struct Held<T> {
    key: Key,
    version: u64,
    /// Names this run's pages: the state's version at the moment of taking.
    pub(crate) segment: u64,
    until: Timestamp,
    pub(crate) state: T,
}

/// Reads a state without taking it; `None`: there is none yet.
pub(crate) async fn peek<T: DeserializeOwned>(engine: &Engine, key: &Key) -> Result<Option<Resting<T>>, EngineError> {
    let Some(item) = engine.store.get(std::slice::from_ref(key)).await?.pop().flatten() else { return Ok(None) };
    let broken = |problem: String| EngineError::Unreadable { what: format!("the state {}/{}", key.partition, key.sort), problem };
    let stored: Stored<T> = serde_json::from_str(&item.body).map_err(|error| broken(error.to_string()))?;
    if stored.v != FORMAT {
        return Err(broken(format!("its format is {}", stored.v)));
    }
    Ok(Some(Resting { version: item.version, leased_until: stored.leased_until, state: stored.state }))
}

/// Takes the lease on a state that was read; `None`: somebody else has it, or was faster.
pub(crate) async fn take<T: Serialize>(
    engine: &Engine,
    key: Key,
    resting: Resting<T>,
    until: Timestamp,
) -> Result<Option<Held<T>>, EngineError> {
    if resting.leased_until.is_some_and(|end| end > engine.now()) {
        return Ok(None);
    }
    let mut held = Held { key, version: resting.version, segment: resting.version + 1, until, state: resting.state };
    match held.save(engine).await {
        Ok(()) => Ok(Some(held)),
        Err(EngineError::Store(StoreError::Lost { .. })) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Changes a state from outside of a run; a run that is under way loses its lease and is repeated from what it saved last.
pub(crate) async fn change<T, R>(engine: &Engine, key: &Key, change: impl Fn(Option<T>) -> Option<(T, R)>) -> Result<Option<R>, EngineError>
where
    T: Serialize + DeserializeOwned,
{
    let mut tries = 0;
    loop {
        let resting = peek::<T>(engine, key).await?;
        let version = resting.as_ref().map_or(0, |resting| resting.version);
        let Some((state, answer)) = change(resting.map(|resting| resting.state)) else { return Ok(None) };
        match store(engine, key, version, None, &state).await {
            Ok(()) => return Ok(Some(answer)),
            Err(EngineError::Store(StoreError::Lost { .. })) if tries < TRIES_MAX => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

impl<T: Serialize> Held<T> {
    /// Saves the state. Only after the work that it covers is durable. Fails if the lease was lost meanwhile.
    pub(crate) async fn save(&mut self, engine: &Engine) -> Result<(), EngineError> {
        store(engine, &self.key, self.version, Some(self.until), &self.state).await?;
        self.version += 1;
        Ok(())
    }

    /// Saves the state and gives the lease back in one write.
    pub(crate) async fn give_back(self, engine: &Engine) -> Result<T, EngineError> {
        store(engine, &self.key, self.version, None, &self.state).await?;
        Ok(self.state)
    }
}

async fn store<T: Serialize>(
    engine: &Engine,
    key: &Key,
    version: u64,
    leased_until: Option<Timestamp>,
    state: &T,
) -> Result<(), EngineError> {
    let body = serde_json::to_string(&Stored { v: FORMAT, leased_until, state })
        .map_err(|error| EngineError::Unreadable { what: "a state".into(), problem: error.to_string() })?;
    let expect = if version == 0 { Expect::Absent } else { Expect::Version(version) };
    let item = Item { key: key.clone(), body, version: version + 1, expires: None };
    engine.store.write(vec![Write::Put { item, expect }]).await?;
    Ok(())
}

/// Pages that one run wrote, and that the state vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Segment {
    at: u64,
    items: u32,
}

/// Pages of a state, in the order in which they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Pages(Vec<Segment>);

/// Staged pages are forgotten after this time, finished or not.
const PAGES_KEPT: SignedDuration = SignedDuration::from_hours(14 * 24);

impl Pages {
    /// How many items of this run the state vouches for: the next one's number.
    fn written_by(&self, segment: u64) -> u32 {
        self.0.iter().find(|its| its.at == segment).map_or(0, |its| its.items)
    }

    /// Writes bodies as this run's next pages. They count once the state that `self` belongs to is saved.
    pub(crate) async fn append(&mut self, engine: &Engine, partition: &str, segment: u64, bodies: Vec<String>) -> Result<(), EngineError> {
        if bodies.is_empty() {
            return Ok(());
        }
        let expires = engine.now().checked_add(PAGES_KEPT).ok();
        let mut next = self.written_by(segment);
        let mut writes = Vec::new();
        for body in bodies {
            let item = Item { key: page_key(partition, segment, next), body, version: 1, expires };
            writes.push(Write::Put { item, expect: Expect::Any });
            next += 1;
        }
        engine.store.write_loose(writes).await?;
        match self.0.iter_mut().find(|its| its.at == segment) {
            Some(its) => its.items = next,
            None => self.0.push(Segment { at: segment, items: next }),
        }
        Ok(())
    }

    /// The keys of all pages, in order.
    pub(crate) fn keys(&self, partition: &str) -> Vec<Key> {
        self.0.iter().flat_map(|segment| (0..segment.items).map(|item| page_key(partition, segment.at, item))).collect()
    }

    /// Forgets the pages. What a crash leaves behind expires by itself.
    pub(crate) async fn forget(&self, engine: &Engine, partition: &str) -> Result<(), EngineError> {
        let deletes: Vec<Write> = self.keys(partition).into_iter().map(|key| Write::Delete { key, expect: Expect::Any }).collect();
        if !deletes.is_empty() {
            engine.store.write_loose(deletes).await?;
        }
        Ok(())
    }
}

fn page_key(partition: &str, segment: u64, item: u32) -> Key {
    Key { partition: partition.to_owned(), sort: format!("{segment:012}#{item:08}") }
}

/// Why a run stops before its work is done, and when it goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pause {
    pub(crate) again_at: Option<Timestamp>,
    pub(crate) says: Option<String>,
}

impl Pause {
    pub(crate) fn until(at: Timestamp, says: impl Into<String>) -> Self {
        Self { again_at: Some(at), says: Some(says.into()) }
    }
}

/// What a call that failed as a whole means for such a run.
pub(crate) async fn pause_for(engine: &Engine, connection: &ConnectionName, error: &CallError) -> Result<Pause, EngineError> {
    let again_at = match &error.fault {
        Fault::RateLimited { until } => {
            let rested = match engine.budgets.get(connection) {
                Some(budget) => budget.rested().await,
                None => Ok(()),
            };
            Some(match rested {
                Err(NoToken::Until(rested)) => rested.max(*until),
                Ok(()) | Err(NoToken::Unknown(_)) => *until,
            })
        }
        Fault::AuthRefused { hint } => {
            state::stop(engine, connection, hint).await?;
            None
        }
        Fault::Transient { .. } | Fault::Uncertain | Fault::AuthExpired | Fault::Conflict => {
            Some(engine.now() + SignedDuration::from_secs(30))
        }
        Fault::Rejected { .. } | Fault::Taken { .. } | Fault::Missing | Fault::Unsupported { .. } | Fault::Drift { .. } => None,
    };
    tracing::warn!(connection = %connection, fault = error.fault.code(), "a listing stopped: {error}");
    Ok(Pause { again_at, says: Some(error.to_string()) })
}

/// Whether a listing may make a call now: the connection works, and its budget has room beside live changes.
pub(crate) async fn may_call(engine: &Engine, connection: &ConnectionName) -> Result<Option<Pause>, EngineError> {
    if let Some(stopped) = state::stopped(engine, connection).await? {
        return Ok(Some(Pause { again_at: None, says: Some(format!("connection {connection} is stopped: {}", stopped.hint)) }));
    }
    let Some(budget) = engine.budgets.get(connection) else { return Ok(None) };
    Ok(match budget.room().await {
        Ok(()) => None,
        Err(NoToken::Until(until)) => {
            Some(Pause::until(until, format!("the call budget of {connection} is left to live changes until {until}")))
        }
        Err(NoToken::Unknown(problem)) => {
            let at = engine.now() + SignedDuration::from_secs(5);
            Some(Pause::until(at, format!("the call budget of {connection} could not be asked: {problem}")))
        }
    })
}
