//! The only place that prints: data to stdout, words to stderr.
//!
//! A reader that closes the pipe early (`| head`) is no failure, so errors of writing are let go.

use std::io::{IsTerminal as _, Write as _};

use miette::{GraphicalReportHandler, GraphicalTheme};
use serde::Serialize;
use serde_json::json;
use syncline_config::Problems;

use crate::exit::Failure;

/// How wide problems are drawn, in characters, where the terminal does not tell.
const WIDTH: usize = 110;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Printer {
    pub(crate) json: bool,
}

impl Printer {
    /// The command's result: as JSON where that was asked for, else as text.
    pub(crate) fn show<T: Serialize>(self, value: &T, text: impl FnOnce() -> String) {
        if self.json {
            Self::value(value);
        } else {
            Self::data(&text());
        }
    }

    /// JSON, whatever was asked for.
    pub(crate) fn value<T: Serialize>(value: &T) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => Self::data(&text),
            Err(error) => Self::words(&format!("error: the result cannot be written as JSON: {error}")),
        }
    }

    /// Data as it is.
    pub(crate) fn data(text: &str) {
        let mut out = std::io::stdout().lock();
        drop(writeln!(out, "{}", text.trim_end()));
        drop(out.flush());
    }

    /// Words for the person at the terminal.
    pub(crate) fn words(text: &str) {
        drop(writeln!(std::io::stderr().lock(), "{}", text.trim_end()));
    }

    pub(crate) fn failure(self, failure: &Failure) {
        if let Some(problems) = &failure.problems {
            self.problems(problems);
        } else if self.json {
            Self::value(&json!({ "error": failure.says, "hint": failure.hint, "exit": failure.exit.code() }));
        }
        Self::words(&format!("error: {}", failure.says));
        if !failure.hint.is_empty() {
            Self::words(&format!("hint: {}", failure.hint));
        }
    }

    /// All problems of a config: JSON as data, else drawn at their lines.
    pub(crate) fn problems(self, problems: &Problems) {
        if self.json {
            Self::value(&json!({ "valid": false, "problems": problems }));
            return;
        }
        let theme = if std::io::stderr().is_terminal() { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(WIDTH).with_links(false);
        for problem in &problems.0 {
            let mut drawn = String::new();
            if handler.render_report(&mut drawn, problem).is_ok() {
                Self::words(&drawn);
            }
        }
    }
}

/// Text that grows.
pub(crate) struct Text(String);

impl Text {
    pub(crate) fn add(&mut self, part: std::fmt::Arguments<'_>) {
        self.0 += &part.to_string();
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

/// Rows as aligned columns.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Seconds as people say them.
pub(crate) fn duration(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}
