//! A transaction that stays open until it is told otherwise: as long as nobody ends it, what it wrote is seen by nobody.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::server::{PASSWORD, PEOPLE};

/// Held by the server's own client, signed in as one of the people. Dropped without a commit, it is undone.
pub struct OpenTransaction {
    client: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl OpenTransaction {
    pub(crate) fn begin(port: u16, database: &str, statement: &str) -> Result<Self, String> {
        let address = format!("postgresql://{PEOPLE}:{PASSWORD}@127.0.0.1:{port}/{database}");
        let spawned = Command::new("psql")
            .args([&address, "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut client = spawned.map_err(|error| format!("psql: {error}; hint: apt-get install postgresql"))?;
        let (Some(input), Some(output)) = (client.stdin.take(), client.stdout.take()) else { return Err("psql has no pipes".to_owned()) };
        let mut open = Self { client, input, output: BufReader::new(output) };
        open.tell(&format!("BEGIN;\n{statement};"))?;
        Ok(open)
    }

    /// Makes it visible.
    ///
    /// # Panics
    /// Where the server refuses.
    pub fn commit(mut self) {
        self.tell("COMMIT;").unwrap_or_else(|problem| panic!("the transaction could not be committed: {problem}"));
    }

    /// Waits until it is done.
    fn tell(&mut self, statement: &str) -> Result<(), String> {
        let trouble = |error: std::io::Error| error.to_string();
        writeln!(self.input, "{statement}\n\\echo done").map_err(trouble)?;
        self.input.flush().map_err(trouble)?;
        let mut line = String::new();
        while line.trim() != "done" {
            line.clear();
            if self.output.read_line(&mut line).map_err(trouble)? == 0 {
                return Err("the server refused it".to_owned());
            }
        }
        Ok(())
    }
}

impl Drop for OpenTransaction {
    fn drop(&mut self) {
        // Without its input the client ends; killed, its session does.
        drop(self.client.kill());
        drop(self.client.wait());
    }
}
