//! A person at a terminal: the built binary in a pseudo-terminal, what it shows, and what is typed.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};

use crate::BINARY;

/// A machine with two cores and other work may take this long for a step; it is a bound, not a wait.
const PATIENCE: Duration = Duration::from_mins(2);
/// Ctrl-C, as a keyboard sends it.
const INTERRUPT: &[u8] = b"\x03";

pub(crate) struct Terminal {
    pty: Arc<Pty>,
    child: Child,
    output: Receiver<Vec<u8>>,
    shown: String,
    /// How much of what is shown has been expected.
    read: usize,
}

impl Terminal {
    /// Runs a command line in a folder. A browser that is "opened" does nothing: the test is the browser.
    pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Self {
        let (pty, pts) = open().expect("a pseudo-terminal");
        pty.resize(Size::new(50, 400)).expect("a size");
        let mut command = Command::new(BINARY).args(arguments).current_dir(folder).env("BROWSER", "true").env("TERM", "xterm");
        for name in ["SYNCLINE_LOG", "SYNCLINE_STACK", "SYNCLINE_TABLE", "SYNCLINE_SECRETS_PREFIX"] {
            command = command.env_remove(name);
        }
        let child = command.spawn(pts).expect("the binary runs");
        let pty = Arc::new(pty);
        let (sender, output) = channel();
        let reader = pty.clone();
        std::thread::spawn(move || {
            let mut part = [0; 4096];
            // Reading fails when the other end is closed.
            while let Ok(count) = (&*reader).read(&mut part) {
                if count == 0 || sender.send(part[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { pty, child, output, shown: String::new(), read: 0 }
    }

    /// Waits until this is shown, after what was expected before; answers what stood before it.
    pub(crate) fn expect(&mut self, words: &str) -> String {
        loop {
            if let Some(at) = self.shown[self.read..].find(words) {
                let before = self.shown[self.read..self.read + at].to_owned();
                self.read += at + words.len();
                return before;
            }
            match self.output.recv_timeout(PATIENCE) {
                Ok(part) => self.shown += &String::from_utf8_lossy(&part),
                Err(error) => panic!("{words:?} was not shown ({error}):\n{}", self.shown),
            }
        }
    }

    /// The rest of the line.
    pub(crate) fn line(&mut self) -> String {
        self.expect("\n").trim().to_owned()
    }

    pub(crate) fn type_line(&mut self, line: &str) {
        (&*self.pty).write_all(format!("{line}\n").as_bytes()).expect("somebody reads");
    }

    pub(crate) fn interrupt(&mut self) {
        (&*self.pty).write_all(INTERRUPT).expect("somebody reads");
    }

    /// Waits for the end: the exit code, and all that was ever shown.
    pub(crate) fn end(mut self) -> (i32, String) {
        while let Ok(part) = self.output.recv_timeout(PATIENCE) {
            self.shown += &String::from_utf8_lossy(&part);
        }
        let status = self.child.wait().expect("an end");
        (status.code().expect("an exit code"), self.shown)
    }
}
