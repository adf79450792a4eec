//! Answers of a connection that was begun and not ended, so that the next run proposes them. Nothing that is secret is among them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long they are proposed: a day (fact sheet of Zendesk Support, §9.3).
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Keys of bundles that are names, not secrets: a person may see what was typed, and it may rest in a file.
const NAMES: [&str; 4] = ["client_id", "username", "email", "api_id"];

/// Whether what is typed for this key must not be seen or kept.
pub(crate) fn is_secret(key: &str) -> bool {
    !NAMES.contains(&key)
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    at: Timestamp,
    answers: BTreeMap<String, String>,
}

/// The answers of one connection, and the file that keeps them.
#[derive(Debug)]
pub(crate) struct Answers {
    file: PathBuf,
    texts: BTreeMap<String, String>,
    /// Whether they are of an earlier run.
    pub(crate) are_resumed: bool,
}

impl Answers {
    /// What an earlier run kept; what is old or cannot be read counts as nothing.
    pub(crate) fn open(folder: &Path, connection: &str, now: Timestamp) -> Self {
        let file = folder.join(format!("connect-{connection}.json"));
        let kept = std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        let texts = kept.filter(|kept| now.duration_since(kept.at) < KEPT).map(|kept| kept.answers).unwrap_or_default();
        Self { file, are_resumed: !texts.is_empty(), texts }
    }

    pub(crate) fn get(&self, question: &str) -> Option<&str> {
        self.texts.get(question).map(String::as_str)
    }

    /// Keeps an answer. That it cannot be kept is no reason to stop: it is asked again, that is all.
    pub(crate) fn keep(&mut self, question: &str, answer: &str, now: Timestamp) {
        self.texts.insert(question.to_owned(), answer.to_owned());
        let kept = Kept { at: now, answers: self.texts.clone() };
        let written = serde_json::to_vec(&kept).map_err(std::io::Error::other).and_then(|bytes| std::fs::write(&self.file, bytes));
        if let Err(error) = written {
            tracing::debug!("answers are not kept: {error}");
        }
    }

    /// They have done what they were for.
    pub(crate) fn forget(self) {
        drop(std::fs::remove_file(&self.file));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_proposed_for_a_day_and_then_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let begun: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let after = |hours| begun + SignedDuration::from_hours(hours);
        let mut answers = Answers::open(folder.path(), "zendesk", begun);
        assert!(!answers.are_resumed);
        answers.keep("way", "browser", begun);
        let resumed = Answers::open(folder.path(), "zendesk", after(23));
        assert_eq!((resumed.are_resumed, resumed.get("way")), (true, Some("browser")));
        assert!(!Answers::open(folder.path(), "salesforce", after(1)).are_resumed);
        assert!(!Answers::open(folder.path(), "zendesk", after(24)).are_resumed);
        resumed.forget();
        assert!(!Answers::open(folder.path(), "zendesk", after(1)).are_resumed);
    }
}
