//! One transaction on one connection.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::{Object, Transaction as Open};
use syncline_engine::ports::sql::{Answer, Ended, Refusal, Statement, Transaction};
use tokio_postgres::types::ToSql;

/// Why a transaction was not committed, or not known to be.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The server said no, and undid what it had done.
    Refused(Refusal),
    /// The connection broke. Whether the server had been asked to commit by then, the caller's flag says.
    Broken(String),
}

impl From<tokio_postgres::Error> for Stopped {
    fn from(error: tokio_postgres::Error) -> Self {
        refusal(&error).map_or_else(|| Self::Broken(error.to_string()), Self::Refused)
    }
}

/// The server's no, without its words.
pub(crate) fn refusal(error: &tokio_postgres::Error) -> Option<Refusal> {
    let said = error.as_db_error()?;
    Some(Refusal {
        sqlstate: said.code().code().to_owned(),
        column: said.column().map(str::to_owned),
        constraint: said.constraint().map(str::to_owned),
    })
}

/// Carries it out. `committing` is set right before the server is asked to commit: until then a broken connection means that nothing happened.
///
/// What the connection's user has configured for sessions is set aside for the transaction, so that dates, sets and times read the same from every
/// server, and that no notice of a trigger's, which may quote values, is sent; `left` is the server's time limit for each statement.
pub(crate) async fn run(client: &mut Object, asked: &Transaction, left: Duration, committing: &AtomicBool) -> Result<Answer, Stopped> {
    let mut open = client.transaction().await?;
    let limit = format!("{}ms", left.as_millis().max(1));
    let settle = "SELECT set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO, YMD', true), \
                  set_config('extra_float_digits', '1', true), \
                  set_config('client_min_messages', 'error', true), set_config('statement_timeout', $1::text, true)";
    rows(&open, &Statement::new(settle).with(limit)).await?;
    let mut results = Vec::with_capacity(asked.statements.len());
    for statement in &asked.statements {
        results.push(if statement.apart { apart(&mut open, statement).await? } else { Ended::Rows(rows(&open, statement).await?) });
    }
    committing.store(true, Ordering::Release);
    open.commit().await?;
    Ok(Answer { results })
}

async fn apart(open: &mut Open<'_>, statement: &Statement) -> Result<Ended, Stopped> {
    let inner = open.savepoint("apart").await?;
    match rows(&inner, statement).await.map_err(Stopped::from) {
        Ok(rows) => {
            inner.commit().await?;
            Ok(Ended::Rows(rows))
        }
        Err(Stopped::Refused(refusal)) if concerns_one(&refusal) => {
            inner.rollback().await?;
            Ok(Ended::Refused(refusal))
        }
        Err(stopped) => Err(stopped),
    }
}

/// Whether a refusal is about what the statement said and not about the server or the transaction: data, constraints, names, rights, and what
/// functions of the customer's raise.
fn concerns_one(refusal: &Refusal) -> bool {
    ["21", "22", "23", "2F", "38", "39", "42", "44", "P0"].iter().any(|class| refusal.sqlstate.starts_with(class))
}

async fn rows(open: &Open<'_>, statement: &Statement) -> Result<Vec<Vec<Option<String>>>, tokio_postgres::Error> {
    let found = if statement.parameters.is_empty() {
        // Definitions, mostly: asked once, not worth keeping prepared.
        open.query(statement.text.as_str(), &[]).await?
    } else {
        let prepared = open.prepare_cached(&statement.text).await?;
        let parameters: Vec<&(dyn ToSql + Sync)> =
            statement.parameters.iter().map(|parameter| -> &(dyn ToSql + Sync) { parameter }).collect();
        open.query(&prepared, &parameters).await?
    };
    found.iter().map(|row| (0..row.len()).map(|column| row.try_get(column)).collect()).collect()
}
