//! The repository's files.

use std::path::{Path, PathBuf};

/// What tools and runs leave behind; none of it is committed.
const NOT_OURS: &[&str] = &[".git", ".syncline", ".venv", "__pycache__", ".pytest_cache", "cdk.out", "node_modules", "target"];

/// One file.
#[derive(Clone, Debug)]
pub struct File {
    /// From the root, with slashes: `shared/model/src/lib.rs`.
    pub path: String,
    /// `None` where it is not UTF-8.
    pub text: Option<String>,
}

impl File {
    /// Whether the name ends so: `rs`, `md`, `toml`.
    pub fn is(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|its| its == extension)
    }

    /// The text, or nothing.
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// Whether it is a test, or a part of one.
    pub fn is_test(&self) -> bool {
        self.path.starts_with("tests/") || self.path.split('/').any(|part| part == "tests")
    }
}

/// The repository's root folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).to_path_buf()
}

/// All files, in order of their paths.
///
/// # Errors
/// A folder or file that cannot be read, by its path.
pub fn files(root: &Path) -> Result<Vec<File>, String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let trouble = |error: std::io::Error| format!("{} cannot be read: {error}", folder.display());
        for entry in std::fs::read_dir(&folder).map_err(trouble)? {
            let entry = entry.map_err(trouble)?;
            let kind = entry.file_type().map_err(trouble)?;
            let name = entry.file_name();
            let ours = !NOT_OURS.iter().any(|other| name == *other);
            if kind.is_dir() && ours {
                folders.push(entry.path());
            } else if kind.is_file() && ours {
                let path = entry.path();
                // A file that an editor or a test removes meanwhile is no file of ours.
                let Ok(bytes) = std::fs::read(&path) else { continue };
                let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                found.push(File { path: relative, text: String::from_utf8(bytes).ok() });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

/// Reads one file of the repository.
///
/// # Errors
/// The file's path and what the system said.
pub fn read(root: &Path, path: &str) -> Result<String, String> {
    std::fs::read_to_string(root.join(path)).map_err(|error| format!("{path} cannot be read: {error}"))
}

/// The vendors: the folders under `shared/connectors`, but for the registry, in order of name.
///
/// # Errors
/// The folder cannot be read.
pub fn vendors(root: &Path) -> Result<Vec<String>, String> {
    let folder = root.join("shared/connectors");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("shared/connectors cannot be read: {error}"))?;
    let mut vendors: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name != "registry")
        .collect();
    vendors.sort();
    Ok(vendors)
}
