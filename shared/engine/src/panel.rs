//! The requester's records of the other side, for a view beside a ticket.
//!
//! Why: who answers a ticket wants to know whom they talk to, without an account at the CRM.
//! How: the requester's link names the person, the person names the account, and everything else is asked for by one of these two ids.
//! Bounds: two calls at the CRM for a requester that is linked, in a vendor that answers several questions in one; nothing is written.
//! Not here: who may ask (the function that serves the panel), and how it looks.
//! Tested by: the tests `fs_18_…`.

mod person;
mod settings;

use serde::Serialize;
use syncline_model::{Deadline, Fault, FieldName, Record, RecordId, Side, Timestamp, Value};

pub use settings::{BLOCK_RECORDS_MAX, Block, Matching, PanelSettings, ShownField};

use crate::ports::connector::{FindKey, RelatedQuery};
use crate::{Engine, EngineError, Sync, state};
use person::{Found, Stopped};

/// What is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanelView {
    /// The name for people of the system that the records are from.
    pub system: &'static str,
    pub state: State,
    /// Empty unless somebody was found.
    pub blocks: Vec<BlockView>,
}

/// How the requester stands on the other side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// Linked by the sync.
    Linked,
    /// Not linked, and found by email.
    ByEmail,
    /// There is nobody to show.
    NotLinked { reason: NotLinked },
    /// Several have the email, and nothing says which: none is shown.
    Ambiguous {
        /// The heading of the block whose records they would be.
        block: String,
        records: usize,
    },
    /// A vendor could not be asked. `system` is its name for people.
    Unavailable { system: &'static str, reason: Unavailable },
}

/// Why there is nobody to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotLinked {
    /// The requester is no contact of the helpdesk's (an agent, or deleted).
    NoContact,
    NoEmail,
    NobodyWithTheEmail,
}

/// Why a vendor could not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unavailable {
    NoAnswer,
    /// The calls that it allows are used up until then.
    UsedUp {
        until: Timestamp,
    },
    SignInRefused,
    /// It answered something that cannot be shown.
    Misunderstood,
}

/// One block as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockView {
    pub name: String,
    pub title: String,
    /// What stands there when there are no records.
    pub empty: String,
    pub records: Vec<RecordView>,
}

/// One record as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordView {
    pub id: RecordId,
    /// The record at its vendor, for people.
    pub web_address: Option<String>,
    /// In the order of the settings; a field that the vendor does not let us see is left out.
    pub fields: Vec<FieldView>,
}

/// One field as it is shown. `Debug` shows the value's type alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldView {
    pub name: FieldName,
    pub label: String,
    pub value: Value,
}

impl State {
    /// What it means and what to do, for who reads the panel; `None` where the records speak for themselves.
    pub fn sentence(&self, system: &str) -> Option<String> {
        match self {
            Self::Linked => None,
            Self::ByEmail => Some("Found by email: not linked yet.".to_owned()),
            Self::NotLinked { reason } => Some(match reason {
                NotLinked::NoContact => format!("The requester is no contact of the helpdesk, so nobody in {system} belongs to them."),
                NotLinked::NoEmail => format!("The requester is not linked with {system} and has no email to look for."),
                NotLinked::NobodyWithTheEmail => format!("The requester is not linked with {system}, and nobody there has their email."),
            }),
            Self::Ambiguous { block, records } => Some(format!(
                "{records} records in {system} ({block}) have the requester's email and do not belong together, so none is shown. Give all but one another email, or link the right one."
            )),
            Self::Unavailable { system, reason } => Some(match reason {
                Unavailable::NoAnswer => format!("{system} does not answer just now. Try again in a minute."),
                Unavailable::UsedUp { until } => {
                    format!("The calls that {system} allows are used up. It goes on at {} UTC.", until.strftime("%H:%M"))
                }
                Unavailable::SignInRefused => format!("{system} refuses the sign-in. An administrator has to run `syncline connect`."),
                Unavailable::Misunderstood => {
                    format!("{system} did not answer as expected. An administrator finds the reason in the panel's log.")
                }
            }),
        }
    }
}

/// Reads what the panel of a requester shows. A vendor's trouble is a state of the view; `Err` is the store's, or the configuration's.
pub async fn panel(
    engine: &Engine,
    sync: &Sync,
    settings: &PanelSettings,
    requester: &RecordId,
    by: Deadline,
) -> Result<PanelView, EngineError> {
    let desk = Desk { engine, sync, settings, by };
    let system = sync.ends.of(settings.asks.other()).connector.descriptor().title;
    let view = |state, blocks| PanelView { system, state, blocks };
    let shown = async {
        Ok::<_, Stopped>(match person::find(&desk, requester).await? {
            Found::Person { record, account, state } => view(state, desk.of_person(record, account).await?),
            Found::Prospect { record, block } => view(State::ByEmail, desk.of_prospect(&record, &block)),
            Found::Nobody(state) => view(state, Vec::new()),
        })
    };
    match shown.await {
        Ok(shown) => Ok(shown),
        Err(Stopped::Engine(error)) => Err(error),
        Err(Stopped::Vendor(side, error)) => {
            let end = sync.ends.of(side);
            tracing::warn!(sync = %sync.name, connection = %end.connection, fault = error.fault.code(), "the panel could not be filled: {error}");
            let state = State::Unavailable { system: end.connector.descriptor().title, reason: unavailable(&error.fault) };
            Ok(view(state, Vec::new()))
        }
    }
}

fn unavailable(fault: &Fault) -> Unavailable {
    match fault {
        Fault::Transient { .. } | Fault::Uncertain | Fault::Conflict | Fault::Missing => Unavailable::NoAnswer,
        Fault::RateLimited { until } => Unavailable::UsedUp { until: *until },
        Fault::AuthExpired | Fault::AuthRefused { .. } => Unavailable::SignInRefused,
        Fault::Rejected { .. } | Fault::Taken { .. } | Fault::Unsupported { .. } | Fault::Drift { .. } => Unavailable::Misunderstood,
    }
}

/// One filling of the panel.
struct Desk<'a> {
    engine: &'a Engine,
    sync: &'a Sync,
    settings: &'a PanelSettings,
    by: Deadline,
}

impl Desk<'_> {
    /// Goes on unless the connection of this side is stopped: then no call is made.
    async fn awake(&self, side: Side) -> Result<(), Stopped> {
        let end = self.sync.ends.of(side);
        match state::stopped(self.engine, &end.connection).await? {
            None => Ok(()),
            Some(stopped) => {
                let fault = Fault::AuthRefused { hint: stopped.hint };
                Err(Stopped::Vendor(side, syncline_model::CallError::new(end.connector.descriptor().system, "fill the panel", fault)))
            }
        }
    }

    /// The question for a block's records: with the field that proves whose they are.
    fn question(
        &self,
        block: &Block,
        field: &FieldName,
        value: Value,
        also: Option<&FieldName>,
        records_max: u32,
        newest_by: &[FieldName],
    ) -> RelatedQuery {
        let mut fields: Vec<FieldName> = Vec::new();
        for name in block.fields.iter().map(|shown| &shown.field).chain([field]).chain(also) {
            if *name != self.settings.id && !fields.contains(name) {
                fields.push(name.clone());
            }
        }
        let matching = FindKey { field: field.clone(), value };
        RelatedQuery { kind: block.kind.clone(), fields, matching, newest_by: newest_by.to_vec(), records_max }
    }

    /// Asks the other side, and lets only through what was asked for.
    async fn ask(&self, questions: Vec<RelatedQuery>) -> Result<Vec<Vec<Record>>, Stopped> {
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        let side = self.settings.asks.other();
        let connector = &self.sync.ends.of(side).connector;
        let mut answers = connector.related(&questions, self.by).await.map_err(|error| Stopped::Vendor(side, error))?;
        answers.resize(questions.len(), Vec::new());
        for (question, records) in questions.iter().zip(&mut answers) {
            let before = records.len();
            records.retain(|record| person::is_asked_for(question, &self.settings.id, record));
            if records.len() < before {
                tracing::warn!(sync = %self.sync.name, kind = %question.kind, dropped = before - records.len(), "records that were not asked for are not shown");
            }
            records.truncate(usize::try_from(question.records_max).unwrap_or(usize::MAX));
        }
        Ok(answers)
    }

    /// The blocks of a person and their account.
    async fn of_person(&self, person: Record, account: Option<RecordId>) -> Result<Vec<BlockView>, Stopped> {
        let mut shown = Vec::new();
        let mut asked = Vec::new();
        let mut questions = Vec::new();
        for block in self.settings.blocks.iter().filter(|block| block.on) {
            let (field, id) = match &block.matching {
                Matching::Prospect { .. } => continue,
                Matching::Person { .. } => {
                    shown.push(self.block(block, std::slice::from_ref(&person)));
                    continue;
                }
                Matching::Account => (&self.settings.id, account.clone()),
                Matching::OfPerson(field) => (field, Some(person.id.clone())),
                Matching::OfAccount(field) => (field, account.clone()),
            };
            if let Some(id) = id {
                questions.push(self.question(block, field, Value::Reference(id), None, block.records_max, &block.newest_by));
                asked.push((shown.len(), block));
            }
            shown.push(self.block(block, &[]));
        }
        for ((place, block), records) in asked.into_iter().zip(self.ask(questions).await?) {
            if let Some(view) = shown.get_mut(place) {
                *view = self.block(block, &records);
            }
        }
        Ok(shown)
    }

    fn of_prospect(&self, prospect: &Record, block: &str) -> Vec<BlockView> {
        let block = self.settings.blocks.iter().find(|known| known.name == block);
        block.map(|block| self.block(block, std::slice::from_ref(prospect))).into_iter().collect()
    }

    fn block(&self, block: &Block, records: &[Record]) -> BlockView {
        let connector = &self.sync.ends.of(self.settings.asks.other()).connector;
        let record = |record: &Record| RecordView {
            id: record.id.clone(),
            web_address: connector.web_address(&record.kind, &record.id),
            fields: block.fields.iter().filter_map(|shown| field(shown, record, &self.settings.id)).collect(),
        };
        BlockView {
            name: block.name.clone(),
            title: block.title.clone(),
            empty: block.empty.clone(),
            records: records.iter().map(record).collect(),
        }
    }
}

fn field(shown: &ShownField, record: &Record, id_field: &FieldName) -> Option<FieldView> {
    let value = if shown.field == *id_field { Value::text(record.id.as_str()) } else { record.field(shown.field.as_str())?.clone() };
    Some(FieldView { name: shown.field.clone(), label: shown.label.clone(), value })
}
