//! Who the requester is on the other side: the linked person, or else exactly one with the same email, or else a prospect with it.

use std::collections::BTreeSet;

use syncline_mapping::Equality;
use syncline_model::{CallError, FieldName, Record, RecordId, Side, Value};

use super::settings::Block;
use super::{Desk, NotLinked, State};
use crate::EngineError;
use crate::entry::{self, LinkState};
use crate::ports::connector::{FindKey, RelatedQuery, Selection};

/// How many with one email are looked at. Where there are more, nobody can say that they belong together.
const SAME_EMAIL_MAX: u32 = 10;

/// What the search came to.
pub(super) enum Found {
    /// A person, and how they were found.
    Person { record: Record, account: Option<RecordId>, state: State },
    /// A prospect of the block.
    Prospect { record: Record, block: String },
    /// Nobody that may be shown.
    Nobody(State),
}

/// Why the search ended early.
pub(super) enum Stopped {
    /// A vendor's call failed; the side that it was made to.
    Vendor(Side, CallError),
    Engine(EngineError),
}

impl From<EngineError> for Stopped {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

pub(super) async fn find(desk: &Desk<'_>, requester: &RecordId) -> Result<Found, Stopped> {
    let Some((block, email_field, account_field)) = desk.settings.person_block() else {
        return Err(EngineError::Unknown { what: "panel block for the person".into() }.into());
    };
    if let Some(linked) = linked(desk, requester).await? {
        desk.awake(desk.settings.asks.other()).await?;
        let question = desk.question(block, &desk.settings.id, Value::Reference(linked), account_field, 1, &[]);
        if let Some(record) = desk.ask(vec![question]).await?.into_iter().flatten().next() {
            let account = account_of(&record, account_field);
            return Ok(Found::Person { record, account, state: State::Linked });
        }
        // The linked record is gone or merged, and the next sync will say so; until then the email decides.
    }
    by_email(desk, requester, block, email_field, account_field).await
}

/// The person that the requester is linked with, while the link lives.
async fn linked(desk: &Desk<'_>, requester: &RecordId) -> Result<Option<RecordId>, EngineError> {
    let (asks, person) = (desk.settings.asks, &desk.settings.person);
    let standings = entry::standings(desk.engine.store.as_ref(), &desk.sync.name, person, asks, std::slice::from_ref(requester)).await?;
    let standing = standings.get(requester).filter(|standing| standing.link().is_some_and(|link| link.state == LinkState::Active));
    Ok(standing.and_then(|standing| standing.counterpart(asks)))
}

async fn by_email(
    desk: &Desk<'_>,
    requester: &RecordId,
    block: &Block,
    email_field: &FieldName,
    account_field: Option<&FieldName>,
) -> Result<Found, Stopped> {
    let email = match email_of(desk, requester).await? {
        Ok(email) => email,
        Err(reason) => return Ok(Found::Nobody(State::NotLinked { reason })),
    };
    desk.awake(desk.settings.asks.other()).await?;
    let newest = &desk.settings.newest_person_by;
    let mut questions = vec![desk.question(block, email_field, email.clone(), account_field, SAME_EMAIL_MAX, newest)];
    let prospects = desk.settings.prospect_block();
    if let Some((block, field, unless)) = prospects {
        questions.push(desk.question(block, field, email, unless, SAME_EMAIL_MAX, &block.newest_by));
    }
    let mut answers = desk.ask(questions).await?.into_iter();
    let people = answers.next().unwrap_or_default();
    let all_seen = people.len() < usize::try_from(SAME_EMAIL_MAX).unwrap_or(usize::MAX);
    let people = not_of_others(desk, requester, people).await?;
    let accounts: BTreeSet<Option<RecordId>> = people.iter().map(|record| account_of(record, account_field)).collect();
    // Several in one account are one person entered twice: the newest stands for them. Without an account nothing says so.
    let together = all_seen && (people.len() == 1 || (accounts.len() == 1 && !accounts.contains(&None)));
    if !people.is_empty() && !together {
        return Ok(Found::Nobody(State::Ambiguous { block: block.title.clone(), records: people.len() }));
    }
    if let Some(record) = people.into_iter().next() {
        let account = account_of(&record, account_field);
        return Ok(Found::Person { record, account, state: State::ByEmail });
    }
    let Some((block, _, unless)) = prospects else {
        return Ok(Found::Nobody(State::NotLinked { reason: NotLinked::NobodyWithTheEmail }));
    };
    let past = |record: &Record| unless.and_then(|field| record.field(field.as_str())) == Some(&Value::Bool(true));
    let mut open = answers.next().unwrap_or_default().into_iter().filter(|record| !past(record)).collect::<Vec<_>>();
    if open.len() > 1 {
        return Ok(Found::Nobody(State::Ambiguous { block: block.title.clone(), records: open.len() }));
    }
    Ok(match open.pop() {
        Some(record) => Found::Prospect { record, block: block.name.clone() },
        None => Found::Nobody(State::NotLinked { reason: NotLinked::NobodyWithTheEmail }),
    })
}

/// The requester's email as the helpdesk has it, or why there is none.
async fn email_of(desk: &Desk<'_>, requester: &RecordId) -> Result<Result<Value, NotLinked>, Stopped> {
    let asks = desk.settings.asks;
    let name = &desk.settings.person;
    let Some(mapping) = desk.sync.mapping(name) else {
        return Err(EngineError::Unknown { what: format!("object mapping {name} in sync {}", desk.sync.name) }.into());
    };
    desk.awake(asks).await?;
    let selection = Selection { kind: mapping.kind.of(asks).clone(), fields: vec![desk.settings.email.clone()] };
    let helpdesk = &desk.sync.ends.of(asks).connector;
    let mut found =
        helpdesk.get(&selection, std::slice::from_ref(requester), desk.by).await.map_err(|error| Stopped::Vendor(asks, error))?;
    let Some(record) = found.pop().flatten().filter(Record::is_live) else { return Ok(Err(NotLinked::NoContact)) };
    let email = record.field(desk.settings.email.as_str()).map(|value| Equality::Exact.normal(value));
    Ok(match email {
        Some(Value::Text(email)) => Ok(Value::Text(email)),
        Some(_) | None => Err(NotLinked::NoEmail),
    })
}

/// Without those that are linked with another requester: they are somebody else.
async fn not_of_others(desk: &Desk<'_>, requester: &RecordId, records: Vec<Record>) -> Result<Vec<Record>, EngineError> {
    if records.is_empty() {
        return Ok(records);
    }
    let (store, side) = (desk.engine.store.as_ref(), desk.settings.asks.other());
    let ids: Vec<RecordId> = records.iter().map(|record| record.id.clone()).collect();
    let standings = entry::standings(store, &desk.sync.name, &desk.settings.person, side, &ids).await?;
    let is_of_another = |record: &Record| {
        let standing = standings.get(&record.id).filter(|standing| standing.link().is_some_and(|link| link.state == LinkState::Active));
        standing.and_then(|standing| standing.counterpart(side)).is_some_and(|holder| holder != *requester)
    };
    Ok(records.into_iter().filter(|record| !is_of_another(record)).collect())
}

pub(super) fn account_of(record: &Record, field: Option<&FieldName>) -> Option<RecordId> {
    field.and_then(|field| record.field(field.as_str())).and_then(reference).map(RecordId::new)
}

/// The id in a field that refers to a record: a view of objects that are not synced may read it as plain text.
fn reference(value: &Value) -> Option<&str> {
    match value {
        Value::Reference(id) => Some(id.as_str()),
        Value::Text(text) => Some(text),
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Decimal(_) | Value::Date(_) | Value::DateTime(_) | Value::Set(_) => None,
    }
}

/// Whether an answered record is what was asked for. The vendor was asked for nothing else; a mistake there must not show another's record.
pub(super) fn is_asked_for(query: &RelatedQuery, id_field: &FieldName, record: &Record) -> bool {
    if !record.is_live() || record.kind != query.kind {
        return false;
    }
    let FindKey { field, value } = &query.matching;
    match value {
        Value::Reference(wanted) if field == id_field => record.id == *wanted,
        Value::Reference(wanted) => record.field(field.as_str()).and_then(reference) == Some(wanted.as_str()),
        Value::Text(_) => record.field(field.as_str()).is_some_and(|found| Equality::CaseInsensitive.same(found, value)),
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Decimal(_) | Value::Date(_) | Value::DateTime(_) | Value::Set(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(field: &str, value: Value) -> RelatedQuery {
        let matching = FindKey { field: field.into(), value };
        RelatedQuery { kind: "Order".into(), fields: vec![], matching, newest_by: vec![], records_max: 5 }
    }

    fn order(id: &str) -> Record {
        Record::new("Order".into(), id.into())
    }

    #[test]
    fn only_what_carries_the_asked_id_passes() {
        let of_account = query("AccountId", Value::Reference("001A".into()));
        let id: FieldName = "Id".into();
        let passes = |record: &Record| is_asked_for(&of_account, &id, record);
        assert!(passes(&order("1").with_field("AccountId", Value::Reference("001A".into()))));
        assert!(passes(&order("1").with_field("AccountId", Value::text("001A"))));
        for other in [
            order("1"),
            order("1").with_field("AccountId", Value::Null),
            order("1").with_field("AccountId", Value::text("001a")),
            order("1").with_field("AccountId", Value::Reference("001B".into())),
            Record::new("Quote".into(), "1".into()).with_field("AccountId", Value::text("001A")),
            order("1").with_field("AccountId", Value::text("001A")).with_presence(syncline_model::Presence::Deleted),
        ] {
            assert!(!passes(&other), "{other:?}");
        }
        let itself = query("Id", Value::Reference("801A".into()));
        assert!(is_asked_for(&itself, &id, &order("801A")) && !is_asked_for(&itself, &id, &order("801B")));
    }

    #[test]
    fn emails_are_compared_without_case_and_whole() {
        let asked = query("Email", Value::text("Ida@Nordwerk.example"));
        let with = |email: &str| order("1").with_field("Email", Value::text(email));
        assert!(is_asked_for(&asked, &"Id".into(), &with("ida@nordwerk.example")));
        assert!(!is_asked_for(&asked, &"Id".into(), &with("ida@nordwerk.example.org")));
        assert!(!is_asked_for(&asked, &"Id".into(), &order("1")));
    }
}
