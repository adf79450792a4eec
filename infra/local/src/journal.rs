//! A simulator that survives the end of its process: each request that may have changed it is written down, and made again at the start.
//!
//! Why replaying and not saving its state: simulators are deterministic, request and time in, answer out; their state has no form of its own.
//! A request is written before its answer leaves, so that what somebody was told is there after `kill -9`; a torn last line belongs to an
//! answer that nobody got. The people in it never were, and its keys open nothing but a simulator.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use syncline_model::Timestamp;
use syncline_registry_sim::{Load, Simulated};
use syncline_simulator::{Request, Response, Simulator, answer};

/// The journal could not be opened, or does not lead to the state that was told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalError {
    pub file: PathBuf,
    pub problem: String,
}

impl std::fmt::Display for JournalError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "journal {}: {}; remove the data folder to begin a new simulation", self.file.display(), self.problem)
    }
}

impl std::error::Error for JournalError {}

/// The first line: what the simulator was made of.
#[derive(Serialize, Deserialize)]
struct Opening {
    v: u8,
    system: String,
    load: Load,
}

const FORMAT: u8 = 1;

/// One request, as far as a simulator looks at it.
#[derive(Serialize, Deserialize)]
struct Entry {
    at: Timestamp,
    method: String,
    uri: String,
    headers: BTreeMap<String, String>,
    /// Base64.
    body: String,
    status: u16,
}

impl Entry {
    fn of(at: Timestamp, request: &Request, response: &Response) -> Self {
        let text = |value: &http::HeaderValue| value.to_str().map(str::to_owned).ok();
        Self {
            at,
            method: request.method().to_string(),
            uri: request.uri().path_and_query().map_or_else(String::new, ToString::to_string),
            headers: request.headers().iter().filter_map(|(name, value)| Some((name.to_string(), text(value)?))).collect(),
            body: STANDARD.encode(request.body()),
            status: response.status().as_u16(),
        }
    }

    fn request(&self) -> Option<Request> {
        let mut builder = http::Request::builder().method(self.method.as_str()).uri(self.uri.as_str());
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        builder.body(Bytes::from(STANDARD.decode(&self.body).ok()?)).ok()
    }
}

/// A simulator with its journal.
pub struct Journaled {
    simulated: &'static Simulated,
    inner: Box<dyn Simulator>,
    load: Load,
    path: PathBuf,
    file: File,
    replayed: usize,
}

impl Journaled {
    /// Opens the journal, or begins one. An existing one says what the simulator is loaded with, whatever `load` says now.
    pub fn open(path: &Path, simulated: &'static Simulated, load: &Load, base_url: &str) -> Result<Self, JournalError> {
        let fail = |problem: String| JournalError { file: path.to_owned(), problem };
        let said = |error: std::io::Error| fail(error.to_string());
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(said)?;
        let text = std::io::read_to_string(&mut file).map_err(said)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let kept = text.get(..whole).unwrap_or_default();
        let length = u64::try_from(whole).map_err(|_| fail("it is too long".to_owned()))?;
        file.set_len(length).map_err(said)?;

        let mut lines = kept.lines();
        let Some(first) = lines.next() else {
            let opening = Opening { v: FORMAT, system: simulated.system.to_owned(), load: load.clone() };
            let line = serde_json::to_string(&opening).map_err(|error| fail(error.to_string()))?;
            file.write_all(format!("{line}\n").as_bytes()).map_err(said)?;
            let inner = simulated.make(load, base_url);
            return Ok(Self { simulated, inner, load: load.clone(), path: path.to_owned(), file, replayed: 0 });
        };
        let opening: Opening = serde_json::from_str(first).map_err(|_| fail("its first line cannot be read".to_owned()))?;
        if opening.v != FORMAT || opening.system != simulated.system {
            return Err(fail(format!("it belongs to another version or to another system than {}", simulated.system)));
        }
        let mut inner = simulated.make(&opening.load, base_url);
        let mut replayed = 0;
        for (index, line) in lines.enumerate() {
            let unreadable = || fail(format!("line {} cannot be read", index + 2));
            let entry: Entry = serde_json::from_str(line).map_err(|_| unreadable())?;
            let request = entry.request().ok_or_else(unreadable)?;
            let status = inner.handle(entry.at, &request).status().as_u16();
            if status != entry.status {
                return Err(fail(format!("line {} was answered {} and is answered {status} now", index + 2, entry.status)));
            }
            replayed += 1;
        }
        Ok(Self { simulated, inner, load: opening.load, path: path.to_owned(), file, replayed })
    }

    /// What the simulator is loaded with.
    pub fn load(&self) -> &Load {
        &self.load
    }

    /// How many requests were made again.
    pub fn replayed(&self) -> usize {
        self.replayed
    }
}

impl Simulator for Journaled {
    fn handle(&mut self, now: Timestamp, request: &Request) -> Response {
        if !self.simulated.may_change(request) {
            return self.inner.handle(now, request);
        }
        let response = self.inner.handle(now, request);
        // A refusal changed nothing, and is not repeated: it may have been for the rate.
        if !response.status().is_success() {
            return response;
        }
        let written = serde_json::to_string(&Entry::of(now, request, &response))
            .map_err(|error| error.to_string())
            .and_then(|line| self.file.write_all(format!("{line}\n").as_bytes()).map_err(|error| error.to_string()));
        match written {
            Ok(()) => response,
            Err(problem) => {
                tracing::error!(journal = %self.path.display(), "a simulator's journal cannot be written: {problem}");
                answer(500, "text/plain", "the simulator's journal cannot be written")
            }
        }
    }
}
