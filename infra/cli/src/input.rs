//! What comes in: files or stdin, a confirmation.

use std::io::{IsTerminal as _, Read as _};
use std::path::Path;

use console::Term;

use crate::exit::{Exit, Failure};

/// The largest file that is read, in bytes: the largest answer that a vendor's call takes.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A whole file; `-` is stdin.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let limit = FILE_BYTES_MAX + 1;
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    match read {
        Ok(_) if bytes.len() as u64 > FILE_BYTES_MAX => {
            Err(Failure::usage(format!("{} is larger than {FILE_BYTES_MAX} bytes", path.display()), "give one recorded answer at a time"))
        }
        Ok(_) => Ok(bytes),
        Err(error) => {
            Err(Failure::usage(format!("{} cannot be read: {error}", path.display()), "name a file that is there, or `-` for stdin"))
        }
    }
}

/// A whole file of text.
pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read(path)?).map_err(|_| Failure::usage(format!("{} is no UTF-8 text", path.display()), "give the key as PEM text"))
}

/// Whether there is somebody to ask.
pub(crate) fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks yes or no; no is what an empty answer means.
pub(crate) fn confirm(question: &str) -> Result<bool, Failure> {
    if !is_interactive() {
        return Err(Failure::usage(format!("{question} — there is no terminal to ask"), "give `--yes`"));
    }
    let term = Term::stderr();
    let answer = term.write_str(&format!("{question} [y/N] ")).and_then(|()| term.read_line()).map_err(|error| terminal(&error))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn terminal(error: &std::io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("the terminal did not answer: {error}"), "give the values as flags, and `--yes`")
}
