//! The file that an installation travels in: lines of JSON, a header first, then an item each, then the end.
//!
//! The header says what is in it and carries a value that only the same installation key makes of the same words; the key itself is not in
//! the file. The end carries the checksum of every line before it, and that checksum under the key, so that nobody without the key can
//! change the file unnoticed. Values in it are what the store holds: keyed hashes, and what is sealed stays sealed.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use syncline_engine::ports::store::{Item, Key};
use syncline_mapping::Marker;
use syncline_model::{Timestamp, Value};

use super::kind::Counts;
use crate::exit::{Exit, Failure};

/// The format of this version. Another one is refused, not guessed.
const FORMAT: u32 = 1;

/// The longest line, in bytes: an item of the store is at most 400 KB, and JSON within JSON escapes some of it.
const LINE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) syncline_export: u32,
    /// The version of Syncline that wrote it.
    pub(crate) tool: String,
    pub(crate) at: Timestamp,
    /// The syncs of the configuration that it was written with.
    pub(crate) syncs: Vec<String>,
    /// Tells whether two keys are the same, and nothing of either.
    pub(crate) key_check: String,
    pub(crate) items: u64,
    pub(crate) counts: Counts,
}

impl Header {
    pub(crate) fn new(at: Timestamp, syncs: Vec<String>, key_check: String, counts: Counts) -> Self {
        let tool = env!("CARGO_PKG_VERSION").to_owned();
        Self { syncline_export: FORMAT, tool, at, syncs, key_check, items: counts.values().sum(), counts }
    }
}

/// An item's line: its place, version, end of life in epoch seconds, and body.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    p: String,
    s: String,
    v: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    e: Option<i64>,
    b: String,
}

/// The last line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    /// How many items came before it.
    #[serde(rename = "end")]
    items: u64,
    sha256: String,
    keyed: String,
}

/// What the key makes of fixed words. The name has a sign that no field's name has, so that it is no mark of any value.
pub(crate) fn key_check(marker: &Marker) -> String {
    marker.print("export#key", &Value::text("the key that this installation's fingerprints are made with"))
}

fn keyed(marker: &Marker, checksum: &str) -> String {
    marker.print("export#checksum", &Value::text(checksum))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

/// A file that is being written: items first, beside it, because the header counts them.
pub(crate) struct Draft {
    file: PathBuf,
    items: BufWriter<File>,
}

impl Draft {
    pub(crate) fn begin(file: &Path) -> Result<Self, Failure> {
        let items = private(&beside(file, "items")).map_err(|error| unwritten(file, &error))?;
        Ok(Self { file: file.to_owned(), items: BufWriter::new(items) })
    }

    pub(crate) fn add(&mut self, item: &Item) -> Result<(), Failure> {
        let Item { key: Key { partition, sort }, body, version, expires } = item;
        let line = Line { p: partition.clone(), s: sort.clone(), v: *version, e: expires.map(Timestamp::as_second), b: body.clone() };
        let text = serde_json::to_string(&line).map_err(std::io::Error::from);
        text.and_then(|text| writeln!(self.items, "{text}")).map_err(|error| unwritten(&self.file, &error))
    }

    /// Puts header, items and end together under the file's own name. Until then nothing has that name.
    pub(crate) fn finish(mut self, header: &Header, marker: &Marker) -> Result<(), Failure> {
        let whole = beside(&self.file, "part");
        let written = self.items.flush().and_then(|()| assemble(&beside(&self.file, "items"), &whole, header, marker));
        written.and_then(|()| std::fs::rename(&whole, &self.file)).map_err(|error| unwritten(&self.file, &error))
    }
}

impl Drop for Draft {
    /// What was begun and not finished is of no use to anybody.
    fn drop(&mut self) {
        for name in ["items", "part"] {
            drop(std::fs::remove_file(beside(&self.file, name)));
        }
    }
}

fn assemble(items: &Path, whole: &Path, header: &Header, marker: &Marker) -> std::io::Result<()> {
    let mut out = Hashing { to: BufWriter::new(private(whole)?), hash: Sha256::new() };
    writeln!(out, "{}", serde_json::to_string(header)?)?;
    std::io::copy(&mut File::open(items)?, &mut out)?;
    let sha256 = hex(&out.hash.finalize());
    let end = End { items: header.items, keyed: keyed(marker, &sha256), sha256 };
    writeln!(out.to, "{}", serde_json::to_string(&end)?)?;
    out.to.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()
}

struct Hashing {
    to: BufWriter<File>,
    hash: Sha256,
}

impl std::io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = self.to.write(bytes)?;
        self.hash.update(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(".");
    path.push(suffix);
    PathBuf::from(path)
}

/// A file that this account alone may read: ids of customers' records stand in it.
fn private(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn unwritten(file: &Path, error: &std::io::Error) -> Failure {
    let hint = "name a file in a folder that you may write to, with room for the installation";
    Failure::new(Exit::Failed, format!("{} cannot be written: {error}", file.display()), hint)
}

/// A file to read, by its header.
pub(crate) struct Export {
    path: PathBuf,
    file: File,
    pub(crate) header: Header,
}

impl Export {
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let file = File::open(path).map_err(|error| unread(path, &error))?;
        let mut export =
            Self { path: path.to_owned(), file, header: Header::new(Timestamp::UNIX_EPOCH, Vec::new(), String::new(), Counts::new()) };
        let mut lines = export.lines()?;
        let line = lines.next_line()?.unwrap_or_default();
        let head: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        match head.get("syncline_export").and_then(serde_json::Value::as_u64) {
            Some(format) if format == u64::from(FORMAT) => {}
            Some(format) => {
                let says = format!("{}: its format is {format}, and this version reads format {FORMAT}", path.display());
                return Err(Failure::new(
                    Exit::Failed,
                    says,
                    "import it with the version of Syncline that its header names, or a newer one",
                ));
            }
            None => {
                return Err(Failure::usage(format!("{} is no export of Syncline", path.display()), "make one with `syncline export FILE`"));
            }
        }
        export.header = serde_json::from_value(head).map_err(|_| export.broken("line 1", "the header is not whole"))?;
        Ok(export)
    }

    fn lines(&self) -> Result<Lines<'_>, Failure> {
        let mut file = &self.file;
        file.rewind().map_err(|error| unread(&self.path, &error))?;
        Ok(Lines { export: self, from: BufReader::new(file), number: 0, hash: Sha256::new() })
    }

    fn broken(&self, place: &str, problem: &str) -> Failure {
        let says = format!("{}: {place}: {problem}", self.path.display());
        Failure::new(Exit::Failed, says, "nothing more was written; copy the file again, or export again")
    }

    /// Reads the file to its end and hands out each item. Fails where the file is cut or changed, or was made with another key; then what was
    /// handed out counts for nothing.
    pub(crate) fn each(&self, marker: &Marker, mut act: impl FnMut(Item) -> Result<(), Failure>) -> Result<(), Failure> {
        let mut items = self.items(marker)?;
        while let Some(item) = items.next_item()? {
            act(item)?;
        }
        Ok(())
    }

    /// The items, one by one.
    pub(crate) fn items<'a>(&'a self, marker: &'a Marker) -> Result<Items<'a>, Failure> {
        let mut lines = self.lines()?;
        lines.next_line()?;
        Ok(Items { lines, marker, read: 0 })
    }
}

struct Lines<'a> {
    export: &'a Export,
    from: BufReader<&'a File>,
    number: u64,
    /// Of every line so far.
    hash: Sha256,
}

impl Lines<'_> {
    fn place(&self) -> String {
        format!("line {}", self.number)
    }

    /// The next line without its end; `None` where the file ends.
    fn next_line(&mut self) -> Result<Option<String>, Failure> {
        let mut bytes = Vec::new();
        self.number += 1;
        let read = (&mut self.from).take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes);
        match read {
            Err(error) => return Err(unread(&self.export.path, &error)),
            Ok(0) => return Ok(None),
            Ok(_) => {}
        }
        if bytes.last() != Some(&b'\n') {
            return Err(self.export.broken(&self.place(), "the line is cut, or longer than any that is written"));
        }
        self.hash.update(&bytes);
        bytes.pop();
        String::from_utf8(bytes).map(Some).map_err(|_| self.export.broken(&self.place(), "this is no UTF-8 text"))
    }
}

/// The items of a file; after the last one, the checks.
pub(crate) struct Items<'a> {
    lines: Lines<'a>,
    marker: &'a Marker,
    read: u64,
}

impl Items<'_> {
    /// The next item; `None`: the file is whole, and that was all.
    pub(crate) fn next_item(&mut self) -> Result<Option<Item>, Failure> {
        let export = self.lines.export;
        let before = self.lines.hash.clone();
        let Some(text) = self.lines.next_line()? else {
            return Err(export.broken(&self.lines.place(), "the file ends before its end"));
        };
        if let Ok(end) = serde_json::from_str::<End>(&text) {
            return self.check(&end, &hex(&before.finalize())).map(|()| None);
        }
        let line: Line = serde_json::from_str(&text).map_err(|_| export.broken(&self.lines.place(), "this is no item"))?;
        self.read += 1;
        let expires = line.e.map(Timestamp::from_second).transpose();
        let expires = expires.map_err(|_| export.broken(&self.lines.place(), "an item ends at a time that does not exist"))?;
        Ok(Some(Item { key: Key { partition: line.p, sort: line.s }, body: line.b, version: line.v, expires }))
    }

    fn check(&mut self, end: &End, sha256: &str) -> Result<(), Failure> {
        let export = self.lines.export;
        let place = self.lines.place();
        if end.sha256 != sha256 {
            return Err(export.broken(&place, "the checksum is another: the file was changed or damaged on its way"));
        }
        if end.keyed != keyed(self.marker, sha256) {
            return Err(export.broken(&place, "the checksum was not made with the installation's key: somebody else wrote this file"));
        }
        if self.read != end.items || self.read != export.header.items {
            return Err(export.broken(&place, "the header counts other items"));
        }
        match self.lines.next_line()? {
            None => Ok(()),
            Some(_) => Err(export.broken(&self.lines.place(), "there is more after the end")),
        }
    }
}

fn unread(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("{} cannot be read: {error}", path.display()), "name a file that `syncline export` wrote")
}

#[cfg(test)]
mod tests {
    use syncline_mapping::Retain;

    use super::*;
    use crate::moving::kind::Kind;

    fn marker(key: u8) -> Marker {
        Marker::new([key; 32], Retain::Fingerprints)
    }

    fn item(sort: &str) -> Item {
        let expires = Some("2030-01-01T00:00:00Z".parse().unwrap());
        Item { key: Key { partition: "e#s".into(), sort: sort.into() }, body: "{\"a\":\"\u{e4}\\n\"}".into(), version: 4, expires }
    }

    fn written(folder: &Path) -> PathBuf {
        let file = folder.join("moving.jsonl");
        let mut draft = Draft::begin(&file).unwrap();
        draft.add(&item("1")).unwrap();
        draft.add(&item("2")).unwrap();
        let header =
            Header::new("2026-11-22T10:00:00Z".parse().unwrap(), vec!["s".into()], key_check(&marker(1)), [(Kind::Links, 2)].into());
        draft.finish(&header, &marker(1)).unwrap();
        file
    }

    fn read(file: &Path, key: u8) -> Result<Vec<Item>, String> {
        let mut found = Vec::new();
        let export = Export::open(file).map_err(|failure| failure.says)?;
        let mut keep = |item| {
            found.push(item);
            Ok(())
        };
        export.each(&marker(key), &mut keep).map_err(|failure| failure.says)?;
        Ok(found)
    }

    #[test]
    fn what_is_written_is_read_and_only_this_account_may() {
        let folder = tempfile::tempdir().unwrap();
        let file = written(folder.path());
        assert_eq!(read(&file, 1).unwrap(), [item("1"), item("2")]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_that_is_cut_changed_or_of_another_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = written(folder.path());
        let text = std::fs::read_to_string(&file).unwrap();
        let refused = |changed: &str| {
            let path = folder.path().join("changed.jsonl");
            std::fs::write(&path, changed).unwrap();
            read(&path, 1).unwrap_err()
        };
        assert!(refused(&text.replace("\"v\":4", "\"v\":5")).contains("line 4: the checksum is another"));
        assert!(refused(&(text.lines().take(3).collect::<Vec<_>>().join("\n") + "\n")).contains("ends before its end"));
        assert!(refused(text.trim_end()).contains("line 4: the line is cut"));
        assert!(refused(&format!("{text}{{}}\n")).contains("line 5: there is more"));
        assert!(refused(&text.replace("\"s\":\"2\"", "\"z\":\"2\"")).contains("line 3: this is no item"));
        assert!(refused(&text.replace("\"syncline_export\":1", "\"syncline_export\":2")).contains("its format is 2"));
        assert!(refused("{}").contains("line 1"), "no line's end");
        assert!(refused("{}\n").contains("is no export"));
        assert!(read(&file, 2).unwrap_err().contains("was not made with the installation's key"));
        assert_ne!(key_check(&marker(1)), key_check(&marker(2)));
    }

    #[test]
    fn a_draft_that_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut draft = Draft::begin(&folder.path().join("moving.jsonl")).unwrap();
        draft.add(&item("1")).unwrap();
        drop(draft);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
