//! A subset of SOQL: text to tree (`parse`), tree to plan over the schema (`plan`), plan to rows (`run`), rows to JSON (`render`).

mod lex;
mod parse;
mod plan;
mod render;
mod run;

pub(crate) use parse::parse;
pub(crate) use plan::{Plan, Scope, plan};
pub(crate) use render::{Page, csv, record};
pub(crate) use run::run;

use crate::refusal::Refusal;

/// A refusal that shows the place in the query: rows of the text, a caret, and the position (fixtures: unknown-object.json).
pub(crate) fn at(text: &str, position: usize, code: &'static str, message: &str) -> Refusal {
    const BEFORE: usize = 32;
    const AFTER: usize = 42;
    let letters: Vec<char> = text.chars().collect();
    let position = text.get(..position).map_or(letters.len(), |before| before.chars().count()).min(letters.len());
    let from = position.saturating_sub(BEFORE);
    let excerpt: String =
        letters.iter().skip(from).take(position - from + AFTER).map(|&letter| if letter == '\n' { ' ' } else { letter }).collect();
    let caret = " ".repeat(position - from);
    Refusal::new(400, code, format!("\n{excerpt}\n{caret}^\nERROR at Row:1:Column:{}\n{message}", position + 1))
}
