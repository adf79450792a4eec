//! A conversation at a terminal: one question after another.
//!
//! A thread of its own reads the lines, so that an answer may also be something else: a browser that came back, or Ctrl-C. What is secret is
//! typed without echo, and the terminal gets its echo back however the question ends.

use std::io::{BufRead as _, Write as _};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::exit::{Exit, Failure};
use crate::input;
use crate::printer::Printer;

/// What somebody typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Without blanks around it; empty where only Enter was pressed.
    Line(String),
    /// To the question before.
    Back,
}

pub(crate) struct Terminal {
    lines: UnboundedReceiver<String>,
}

impl Terminal {
    /// Where there is somebody to ask.
    pub(crate) fn open() -> Option<Self> {
        if !input::is_interactive() {
            return None;
        }
        let (sender, lines) = unbounded_channel();
        // It may still wait for a line when everything else is done, and then ends with the process.
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Some(Self { lines })
    }

    /// The next line, to no question: something else may come first.
    pub(crate) async fn line(&mut self) -> Result<String, Failure> {
        let line = self.lines.recv().await;
        line.map(|line| line.trim().to_owned()).ok_or_else(|| {
            Failure::new(Exit::Failed, "the terminal was closed, and nothing was stored", "run it again; your answers are proposed")
        })
    }

    pub(crate) async fn ask(&mut self, question: &str) -> Result<Reply, Failure> {
        prompt(question);
        self.line().await.map(|line| if line.eq_ignore_ascii_case("back") { Reply::Back } else { Reply::Line(line) })
    }

    /// The same, without echo.
    pub(crate) async fn ask_secret(&mut self, question: &str) -> Result<Reply, Failure> {
        let _silent = Silent::begin();
        self.ask(question).await
    }

    /// Yes, no, or back; no is what an empty answer means.
    pub(crate) async fn confirm(&mut self, question: &str) -> Result<Option<bool>, Failure> {
        loop {
            match self.ask(&format!("{question} [y/N/back] ")).await? {
                Reply::Back => return Ok(None),
                Reply::Line(line) => match line.to_lowercase().as_str() {
                    "y" | "yes" => return Ok(Some(true)),
                    "" | "n" | "no" => return Ok(Some(false)),
                    _ => Printer::words("answer y, n, or back"),
                },
            }
        }
    }
}

fn prompt(question: &str) {
    let mut out = std::io::stderr().lock();
    drop(write!(out, "{question}"));
    drop(out.flush());
}

/// As long as it lives, what is typed is not shown.
struct Silent(Option<Termios>);

impl Silent {
    fn begin() -> Self {
        let Ok(before) = tcgetattr(std::io::stdin()) else { return Self(None) };
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        // The end of the line is still seen.
        silent.local_modes.insert(LocalModes::ECHONL);
        let is_set = tcsetattr(std::io::stdin(), OptionalActions::Now, &silent).is_ok();
        Self(is_set.then_some(before))
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // A terminal that is gone needs no echo.
            tcsetattr(std::io::stdin(), OptionalActions::Now, before).ok();
        }
    }
}
