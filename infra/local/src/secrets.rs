//! Credentials in one file that only this account may read.
//!
//! The file names a bundle for each connection, as YAML, or as JSON where its name ends in `.json`:
//!
//! ```yaml
//! freshdesk:
//!   api_key: env:FRESHDESK_API_KEY   # taken from the environment
//! salesforce:
//!   refresh_token: "5Aep861..."
//! ```
//!
//! A save writes a new file beside the old one and renames it into place, so that a crash leaves one of the two, whole. What was taken
//! from the environment and has not changed stays a reference; comments are lost. Every load reads the file: an edit counts at once.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use saphyr::{ScalarStyle, Yaml, YamlLoader};
use syncline_engine::ports::secrets::{Bundle, Secrets, SecretsError};
use syncline_model::Secret;

use crate::store::{blocking, make_private_folder};

/// Begins a value that stands in the environment under the name that follows.
const REFERENCE: &str = "env:";

/// A mode that lets nobody but the owner in ends in this many zero bits: three for the group, three for others.
#[cfg(unix)]
const OWNER_ONLY_ZEROS: u32 = 6;
/// What the file should look like, for refusals.
const SHAPE: &str = "a mapping of connections to mappings of texts is expected, such as `freshdesk: {api_key: \"…\"}`";

/// Bundles as the file has them: references not followed.
type Texts = BTreeMap<String, BTreeMap<String, String>>;

/// The `Secrets` of one machine.
#[derive(Clone)]
pub struct FileSecrets {
    inner: Arc<Inner>,
}

struct Inner {
    file: PathBuf,
    environment: BTreeMap<String, Secret>,
}

impl FileSecrets {
    /// `environment` is what `env:` references may name; the caller reads it once, at its start. The file need not exist yet.
    pub fn new(file: impl Into<PathBuf>, environment: BTreeMap<String, Secret>) -> Self {
        Self { inner: Arc::new(Inner { file: file.into(), environment }) }
    }
}

#[async_trait]
impl Secrets for FileSecrets {
    async fn load(&self, name: &str) -> Result<Option<Bundle>, SecretsError> {
        let (inner, wanted) = (self.inner.clone(), name.to_owned());
        let loaded = blocking(move || {
            let Some(texts) = inner.read()?.remove(&wanted) else { return Ok(None) };
            inner.resolve(texts).map(Some)
        })
        .await;
        loaded.map_err(|problem| SecretsError { name: name.to_owned(), problem })
    }

    async fn save(&self, name: &str, bundle: &Bundle) -> Result<(), SecretsError> {
        let (inner, wanted, bundle) = (self.inner.clone(), name.to_owned(), bundle.clone());
        let saved = blocking(move || inner.replace(&wanted, &bundle)).await;
        saved.map_err(|problem| SecretsError { name: name.to_owned(), problem })
    }
}

impl Inner {
    fn at(&self, problem: &str) -> String {
        format!("{}: {problem}", self.file.display())
    }

    fn failed(&self, what: &str, error: &std::io::Error) -> String {
        self.at(&format!("{what}: {error}"))
    }

    /// Everything in the file; nothing where there is none.
    fn read(&self) -> Result<Texts, String> {
        let file = match File::open(&self.file) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Texts::new()),
            Err(error) => return Err(self.failed("cannot be opened", &error)),
        };
        // The mode of the file that is read, not of what stands at its path a moment later.
        let metadata = file.metadata().map_err(|error| self.failed("cannot be examined", &error))?;
        self.check_private(&metadata)?;
        let text = std::io::read_to_string(file).map_err(|error| self.failed("cannot be read", &error))?;
        if self.is_json() { self.parse_json(&text) } else { self.parse_yaml(&text) }
    }

    #[cfg(unix)]
    fn check_private(&self, metadata: &fs::Metadata) -> Result<(), String> {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = metadata.permissions().mode() & 0o777;
        if mode.trailing_zeros() >= OWNER_ONLY_ZEROS {
            return Ok(());
        }
        let file = self.file.display();
        Err(self.at(&format!("others may use this file (mode {mode:04o}); run `chmod 600 {file}`, and consider its secrets as seen")))
    }

    #[cfg(not(unix))]
    fn check_private(&self, _: &fs::Metadata) -> Result<(), String> {
        Ok(())
    }

    fn is_json(&self) -> bool {
        self.file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
    }

    fn parse_json(&self, text: &str) -> Result<Texts, String> {
        // The parser's own words would quote what it found.
        serde_json::from_str(text).map_err(|error| self.at(&format!("line {}: {}", error.line(), SHAPE)))
    }

    fn parse_yaml(&self, text: &str) -> Result<Texts, String> {
        let mut parser = saphyr_parser::Parser::new_from_str(text);
        let mut loader = YamlLoader::<Yaml>::default();
        // As written: a password of digits is a text.
        loader.early_parse(false);
        parser.load(&mut loader, true).map_err(|error| self.at(&format!("line {}: this is not YAML", error.marker().line())))?;
        if let Some(error) = loader.error() {
            return Err(self.at(&format!("line {}: this is not YAML", error.marker().line())));
        }
        let mut documents = loader.into_documents();
        let document = match (documents.pop(), documents.pop()) {
            (None, _) => return Ok(Texts::new()),
            (Some(document), None) => document,
            (Some(_), Some(_)) => return Err(self.at("holds several documents; one is expected")),
        };
        let mut texts = Texts::new();
        for (name, bundle) in mapping(&document).ok_or_else(|| self.at(SHAPE))? {
            let name = scalar(name).ok_or_else(|| self.at(SHAPE))?;
            let mut of_bundle = BTreeMap::new();
            for (key, value) in mapping(bundle).ok_or_else(|| self.at(&format!("{name}: {SHAPE}")))? {
                let key = scalar(key).ok_or_else(|| self.at(&format!("{name}: {SHAPE}")))?;
                let value = scalar(value).ok_or_else(|| self.at(&format!("{name}.{key}: a text is expected; put it in quotes")))?;
                of_bundle.insert(key, value);
            }
            texts.insert(name, of_bundle);
        }
        Ok(texts)
    }

    /// Follows the references.
    fn resolve(&self, texts: BTreeMap<String, String>) -> Result<Bundle, String> {
        let mut bundle = Bundle::default();
        for (key, text) in texts {
            let secret = match text.strip_prefix(REFERENCE) {
                Some(variable) => self.environment.get(variable).cloned().ok_or_else(|| {
                    self.at(&format!("{key} is taken from the environment variable {variable}, which is not set; set it and start again"))
                })?,
                None => Secret::new(text),
            };
            bundle.0.insert(key, secret);
        }
        Ok(bundle)
    }

    /// Writes the whole file anew with this bundle in it. One at a time, also over processes: each starts from what is there.
    fn replace(&self, name: &str, bundle: &Bundle) -> Result<(), String> {
        let folder = match self.file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            Some(_) | None => Path::new("."),
        };
        make_private_folder(folder).map_err(|error| self.failed("its folder cannot be made", &error))?;
        let lock = private_file(&self.beside("lock"), false).map_err(|error| self.failed("its lock cannot be made", &error))?;
        lock.lock().map_err(|error| self.failed("cannot be locked", &error))?;

        let mut texts = self.read()?;
        let before = texts.remove(name).unwrap_or_default();
        let mut after = BTreeMap::new();
        for (key, secret) in &bundle.0 {
            let unchanged = before.get(key).filter(|text| self.refers_to(text, secret));
            let text = match unchanged {
                Some(reference) => reference.clone(),
                None if secret.expose().starts_with(REFERENCE) => {
                    return Err(self.at(&format!("{key} begins with `{REFERENCE}` and could not be told from a reference")));
                }
                None => secret.expose().to_owned(),
            };
            after.insert(key.clone(), text);
        }
        texts.insert(name.to_owned(), after);

        let new = self.beside("new");
        let text = self.render(&texts)?;
        write_durably(&new, &text).map_err(|error| self.failed("the new file cannot be written", &error))?;
        fs::rename(&new, &self.file).map_err(|error| self.failed("cannot be replaced", &error))?;
        // The rename itself must be durable too, or a power cut brings the old file back.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| self.failed("its folder cannot be synced", &error))
    }

    fn refers_to(&self, text: &str, secret: &Secret) -> bool {
        text.strip_prefix(REFERENCE).and_then(|variable| self.environment.get(variable)) == Some(secret)
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.file.as_os_str().to_owned();
        path.push(".");
        path.push(suffix);
        PathBuf::from(path)
    }

    fn render(&self, texts: &Texts) -> Result<String, String> {
        let failed = |_| self.at("the new file could not be put together");
        if self.is_json() {
            return serde_json::to_string_pretty(texts).map(|text| text + "\n").map_err(failed);
        }
        let mut yaml = String::from("# Written by syncline. Keep it private: mode 0600.\n");
        for (name, bundle) in texts {
            yaml.push_str(&serde_json::to_string(name).map_err(failed)?);
            yaml.push_str(":\n");
            if bundle.is_empty() {
                yaml.push_str("  {}\n");
            }
            for (key, text) in bundle {
                // A JSON text is a YAML text in double quotes.
                for part in ["  ", &serde_json::to_string(key).map_err(failed)?, ": ", &serde_json::to_string(text).map_err(failed)?, "\n"]
                {
                    yaml.push_str(part);
                }
            }
        }
        Ok(yaml)
    }
}

/// The pairs of a mapping; an empty node counts as an empty mapping.
fn mapping<'a, 'input>(node: &'a Yaml<'input>) -> Option<Vec<(&'a Yaml<'input>, &'a Yaml<'input>)>> {
    match node.as_mapping() {
        Some(pairs) => Some(pairs.iter().collect()),
        None if is_empty(node) => Some(Vec::new()),
        None => None,
    }
}

fn is_empty(node: &Yaml<'_>) -> bool {
    matches!(node, Yaml::Representation(text, ScalarStyle::Plain, None) if text.is_empty() || text == "~" || text == "null")
}

/// A scalar as it was written; `None` for an empty one and for everything else.
fn scalar(node: &Yaml<'_>) -> Option<String> {
    let Yaml::Representation(text, _, _) = node else { return None };
    (!is_empty(node)).then(|| text.to_string())
}

/// Opens a file of this account alone for writing, creating it where it is absent.
fn private_file(path: &Path, empty: bool) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(empty);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn write_durably(path: &Path, text: &str) -> std::io::Result<()> {
    // One that a crash left behind may have another mode.
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut file = private_file(path, true)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
