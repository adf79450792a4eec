//! One trouble at one counted point: ports that stand in front of the house's, and otherwise only pass on.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use syncline_engine::ports::http::{Call, Http, NoAnswer};
use syncline_engine::ports::outbox::{Message, Outbox, OutboxError};
use syncline_engine::ports::store::{Item, Key, Store, StoreError, Write};
use syncline_model::Deadline;
use syncline_registry::Adapters;
use syncline_simulator::answer;

use crate::house::Turns;
use crate::kernel::Millis;

/// What goes wrong. Every number counts from 0, from the moment of the act.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trouble {
    #[default]
    None,
    /// Whoever begins one of these effects dies instead: before what the effect does, or on its way back.
    Kill(Vec<u64>),
    /// Something happens to this call.
    Call(u64, Loss),
    /// This reading of the store is refused.
    ReadRefused(u64),
    /// This write of the store is refused.
    WriteRefused(u64),
    /// This write of the store succeeds, and its answer is lost.
    WriteAnswerLost(u64),
    /// This send breaks off after half of its messages.
    SendBrokeOff(u64),
    /// This send succeeds, and its answer is lost.
    SendAnswerLost(u64),
}

/// What happens to a call to a vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It certainly did not leave us.
    NeverSent,
    /// It left us and did not arrive.
    Swallowed,
    /// The vendor acted; its answer did not arrive.
    AnswerLost,
    /// The vendor acted; a proxy answers that it is out of order.
    HtmlAfterCommit,
    /// The vendor acted; half of its answer arrives.
    CutBody,
}

impl Loss {
    pub const ALL: [Self; 5] = [Self::NeverSent, Self::Swallowed, Self::AnswerLost, Self::HtmlAfterCommit, Self::CutBody];

    fn name(self) -> &'static str {
        match self {
            Self::NeverSent => "never-sent",
            Self::Swallowed => "swallowed",
            Self::AnswerLost => "answer-lost",
            Self::HtmlAfterCommit => "html-after-commit",
            Self::CutBody => "cut-body",
        }
    }
}

/// As the `scene` example reads it.
impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => write!(f, "none"),
            Self::Kill(effects) => {
                write!(f, "kill")?;
                effects.iter().try_for_each(|effect| write!(f, ":{effect}"))
            }
            Self::Call(number, loss) => write!(f, "{}:{number}", loss.name()),
            Self::ReadRefused(number) => write!(f, "read-refused:{number}"),
            Self::WriteRefused(number) => write!(f, "write-refused:{number}"),
            Self::WriteAnswerLost(number) => write!(f, "write-answer-lost:{number}"),
            Self::SendBrokeOff(number) => write!(f, "send-broke-off:{number}"),
            Self::SendAnswerLost(number) => write!(f, "send-answer-lost:{number}"),
        }
    }
}

impl std::str::FromStr for Trouble {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        let numbers = parts.map(|part| part.parse::<u64>().map_err(|error| format!("{part}: {error}"))).collect::<Result<Vec<_>, _>>()?;
        let first = || numbers.first().copied().ok_or_else(|| format!("{name} needs a number: {name}:0"));
        if let Some(loss) = Loss::ALL.into_iter().find(|loss| loss.name() == name) {
            return Ok(Self::Call(first()?, loss));
        }
        match name {
            "none" => Ok(Self::None),
            "kill" => first().map(|_| Self::Kill(numbers)),
            "read-refused" => first().map(Self::ReadRefused),
            "write-refused" => first().map(Self::WriteRefused),
            "write-answer-lost" => first().map(Self::WriteAnswerLost),
            "send-broke-off" => first().map(Self::SendBrokeOff),
            "send-answer-lost" => first().map(Self::SendAnswerLost),
            other => Err(format!("there is no trouble `{other}`")),
        }
    }
}

/// How many of each happened since the act.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Points {
    pub effects: u64,
    pub calls: u64,
    pub reads: u64,
    pub writes: u64,
    pub sends: u64,
}

#[derive(Default)]
struct Armed {
    trouble: Trouble,
    points: Points,
    counts: bool,
}

/// Counts what passes, and lets the trouble happen at its number.
pub(super) struct Tripwire {
    kernel: Turns,
    armed: Mutex<Armed>,
    store: Arc<dyn Store>,
    outbox: Arc<dyn Outbox>,
    http: Arc<dyn Http>,
}

/// After so long without an answer an adapter gives up.
const TIMEOUT: Millis = 30_000;

impl Tripwire {
    /// Stands in front of these ports; nothing counts yet.
    pub(super) fn new(kernel: Turns, behind: &Adapters) -> Self {
        Self { kernel, armed: Mutex::default(), store: behind.store.clone(), outbox: behind.outbox.clone(), http: behind.http.clone() }
    }

    fn armed(&self) -> MutexGuard<'_, Armed> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on everything counts.
    pub(super) fn arm(&self, trouble: &Trouble) {
        let begun = self.kernel.effects();
        if let Trouble::Kill(effects) = trouble {
            for effect in effects {
                self.kernel.doom(begun + effect);
            }
        }
        let points = Points { effects: begun, ..Points::default() };
        *self.armed() = Armed { trouble: trouble.clone(), points, counts: true };
    }

    /// What was counted so far.
    pub(super) fn points(&self) -> Points {
        let points = self.armed().points;
        Points { effects: self.kernel.effects() - points.effects, ..points }
    }

    /// The number of this one, where it counts: somebody who looks in from outside does not.
    fn count(&self, of: impl FnOnce(&mut Points) -> &mut u64) -> Option<(u64, Trouble)> {
        let mut armed = self.armed();
        if !armed.counts || self.kernel.running().is_none() {
            return None;
        }
        let count = of(&mut armed.points);
        *count += 1;
        Some((*count - 1, armed.trouble.clone()))
    }

    fn refuses_reading(&self) -> Result<(), StoreError> {
        match self.count(|points| &mut points.reads) {
            Some((number, Trouble::ReadRefused(at))) if at == number => Err(self.refused("the reading is refused")),
            _ => Ok(()),
        }
    }

    fn refused(&self, what: &str) -> StoreError {
        self.kernel.note(|| format!("trouble: {what}"));
        StoreError::Unavailable(what.to_owned())
    }

    async fn write_with(&self, written: impl AsyncFnOnce() -> Result<(), StoreError>) -> Result<(), StoreError> {
        match self.count(|points| &mut points.writes) {
            Some((number, Trouble::WriteRefused(at))) if at == number => Err(self.refused("the write is refused")),
            Some((number, Trouble::WriteAnswerLost(at))) if at == number => {
                written().await?;
                Err(self.refused("it was written, and the answer is lost"))
            }
            _ => written().await,
        }
    }
}

#[async_trait]
impl Store for Tripwire {
    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        self.refuses_reading()?;
        self.store.get(keys).await
    }

    async fn write(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.write_with(async || self.store.write(writes).await).await
    }

    async fn write_loose(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.write_with(async || self.store.write_loose(writes).await).await
    }

    async fn list(&self, partition: &str, after: Option<&str>, limit: u32) -> Result<Vec<Item>, StoreError> {
        self.refuses_reading()?;
        self.store.list(partition, after, limit).await
    }
}

#[async_trait]
impl Outbox for Tripwire {
    async fn send(&self, messages: Vec<Message>) -> Result<(), OutboxError> {
        match self.count(|points| &mut points.sends) {
            Some((number, Trouble::SendBrokeOff(at))) if at == number => {
                let half = messages.len() / 2;
                self.kernel.note(|| format!("trouble: the send breaks off after {half} of {} messages", messages.len()));
                self.outbox.send(messages.into_iter().take(half).collect()).await?;
                Err(OutboxError::Unavailable("it broke off".into()))
            }
            Some((number, Trouble::SendAnswerLost(at))) if at == number => {
                self.outbox.send(messages).await?;
                self.kernel.note(|| "trouble: it was sent, and the answer is lost".to_owned());
                Err(OutboxError::Unavailable("no answer came".into()))
            }
            _ => self.outbox.send(messages).await,
        }
    }
}

#[async_trait]
impl Http for Tripwire {
    async fn send(&self, call: Call, by: Deadline) -> Result<http::Response<Bytes>, NoAnswer> {
        let loss = match self.count(|points| &mut points.calls) {
            Some((number, Trouble::Call(at, loss))) if at == number => loss,
            _ => return self.http.send(call, by).await,
        };
        let path = call.request.uri().path().to_owned();
        self.kernel.note(|| format!("trouble: {} {path}: {loss:?}", call.request.method()));
        match loss {
            Loss::NeverSent => Err(NoAnswer::NotSent("connection refused".into())),
            Loss::Swallowed => {
                self.kernel.rest(TIMEOUT).await;
                Err(NoAnswer::Unanswered("timed out".into()))
            }
            Loss::AnswerLost => {
                drop(self.http.send(call, by).await?);
                self.kernel.rest(TIMEOUT).await;
                Err(NoAnswer::Unanswered("timed out".into()))
            }
            Loss::HtmlAfterCommit => {
                drop(self.http.send(call, by).await?);
                Ok(answer(502, "text/html", "<html><body><h1>Bad gateway</h1></body></html>"))
            }
            Loss::CutBody => {
                let mut response = self.http.send(call, by).await?;
                let half = response.body().len() / 2;
                let cut = response.body().slice(..half);
                *response.body_mut() = cut;
                Ok(response)
            }
        }
    }
}
