//! A database's refusals as faults: by SQLSTATE alone (PostgreSQL's Appendix A), for its sentences may quote what was sent.

use jiff::{SignedDuration, Timestamp};
use syncline_engine::ports::sql::Refusal;
use syncline_model::{Fault, Problem};

use crate::catalog::Catalog;
use crate::names::Table;

/// After this many seconds a server that had no connection left is asked again: those of others end within seconds or not for hours.
const CROWDED_S: i64 = 60;

pub(crate) const CROWDED: &str = "53300";

pub(crate) fn drift(path: &str, expected: &str, found: &str) -> Fault {
    Fault::Drift { path: path.to_owned(), expected: expected.to_owned(), found: found.to_owned() }
}

pub(crate) fn unsupported(capability: impl Into<String>) -> Fault {
    Fault::Unsupported { capability: capability.into() }
}

pub(crate) fn crowded_until(now: Timestamp) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(CROWDED_S)).unwrap_or(now)
}

/// Whether the refusal is about one row: its data, a constraint, or what a trigger of the customer's says.
pub(crate) fn concerns_a_row(refusal: &Refusal) -> bool {
    ["21", "22", "23", "2F", "38", "39", "44", "P0"].iter().any(|class| refusal.sqlstate.starts_with(class))
}

/// What the refusal means. `table` is what the call was about; with the catalogue, a unique index is told as its column.
pub(crate) fn fault(refusal: &Refusal, table: Option<&Table>, catalog: Option<&Catalog>, now: Timestamp) -> Fault {
    let state = refusal.sqlstate.as_str();
    let named = table.map_or_else(|| "the database".to_owned(), |table| format!("the table {}", table.kind));
    let constraint = refusal.constraint.as_deref();
    match state {
        "23505" => Fault::Taken { field: constraint.and_then(|name| catalog?.unique_by(name)), holders: Vec::new() },
        "42P01" | "42703" | "42P10" | "3F000" | "42883" => {
            unsupported(format!("{named} as it stands, without the columns that a sync needs; run `syncline provision`"))
        }
        "28000" | "28P01" => {
            refused("PostgreSQL refused the role or its password; check `user` and the secret's `password`, and pg_hba.conf")
        }
        "3D000" => refused("there is no such database on this server; check `host` and `database`"),
        "42501" => refused(&format!(
            "the role may not do this with {named}; let it own the table, and give it CREATE on the database to provision"
        )),
        CROWDED => Fault::RateLimited { until: crowded_until(now) },
        _ if concerns_a_row(refusal) => Fault::Rejected { problems: vec![problem(refusal)] },
        _ => match state.get(..2).unwrap_or_default() {
            "08" | "25" | "40" | "53" | "55" | "57" | "58" | "XX" => Fault::Transient { detail: format!("PostgreSQL answered {state}") },
            _ => drift("answer", "rows", &format!("SQLSTATE {state}")),
        },
    }
}

fn refused(hint: &str) -> Fault {
    Fault::AuthRefused { hint: hint.to_owned() }
}

fn problem(refusal: &Refusal) -> Problem {
    let words = match refusal.sqlstate.as_str() {
        "22001" => "a text is longer than its column",
        "22003" => "a number is larger than its column",
        "22007" | "22008" => "a date or time is none, or out of range",
        "22021" | "22P05" => "a text has a character that PostgreSQL does not store",
        "22P02" => "a value has not the form of its column's type",
        "23502" => "the column must not be empty",
        "23503" => "the row that a foreign key names is not there, or is still named by others",
        "23514" => "a check of the table refuses it",
        "23P01" => "an exclusion constraint of the table refuses it",
        "P0001" => "a trigger of the database refuses it",
        _ => "the database refuses the row",
    };
    let words = match &refusal.constraint {
        Some(constraint) => format!("{words} (constraint {constraint})"),
        None => words.to_owned(),
    };
    Problem { field: refusal.column.as_deref().map(Into::into), code: refusal.sqlstate.clone(), words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_has_its_next_action() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let code = |state: &str| {
            let refusal = Refusal { sqlstate: state.into(), column: Some("email".into()), constraint: Some("known".into()) };
            fault(&refusal, None, None, now).code()
        };
        for (state, wanted) in [
            ("23505", "taken"),
            ("23502", "rejected"),
            ("22001", "rejected"),
            ("P0001", "rejected"),
            ("28P01", "auth_refused"),
            ("42501", "auth_refused"),
            ("3D000", "auth_refused"),
            ("42P01", "unsupported"),
            ("42703", "unsupported"),
            ("53300", "rate_limited"),
            ("53100", "transient"),
            ("40P01", "transient"),
            ("57014", "transient"),
            ("25006", "transient"),
            ("42601", "drift"),
            ("", "drift"),
        ] {
            assert_eq!(code(state), wanted, "{state}");
        }
    }
}
