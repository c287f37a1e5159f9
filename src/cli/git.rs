//! `driftgate diff --git`: what git runs to show how a lockfile changed.
//!
//! Git's two ways are told apart by what it sets: an external diff (`diff.NAME.command`) is given the path and both sides,
//! and a count in `GIT_DIFF_PATH_COUNTER`; a text conversion (`diff.NAME.textconv`) is given one file. Git gives up on the
//! whole diff where either fails, so what can't be read is shown as git would show it; and so is what changed of no package,
//! for who looks at a diff of git relies on it for all of a change.

mod conflict;
mod external;
mod textconv;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Result, bail};

use super::Outcome;
use super::options::Outputs;
use crate::outputs::text::plain;
use crate::source::MAX_FILE;
use external::{NOTHING, Pair};

/// What git set for an external diff alone.
const COUNTER: &str = "GIT_DIFF_PATH_COUNTER";

/// Shows what git asks for.
///
/// # Errors
/// Where these are no arguments of git, and where a file can't be read at all.
pub fn run(arguments: &[OsString], outputs: &Outputs) -> Result<Outcome> {
    match arguments {
        [path] if std::env::var_os(COUNTER).is_some() => {
            super::print(format!("* Unmerged path {}\n", shown(path)).as_bytes())?;
        }
        [file] => textconv::convert(Path::new(file))?,
        // A renamed file has its new path and a text about that besides.
        [path, old, _, old_mode, new, _, new_mode, rest @ ..] if matches!(rest.len(), 0 | 2) => {
            let to = rest.first().unwrap_or(path);
            let modes = [old_mode, new_mode].map(|mode| shown(mode));
            let moved = rest.get(1).map(|text| text.to_string_lossy());
            let moved = moved.as_deref().unwrap_or_default();
            let (from, to, old, new) = (shown(path), shown(to), Path::new(old), Path::new(new));
            Pair { from, to, old, new, modes, moved }.show(outputs)?;
        }
        _ => bail!("--git is for git: it gives one file, or a path with both sides; see `driftgate diff --help`"),
    }
    Ok(Outcome::Clean)
}

/// Returns a path for people.
fn shown(path: &OsStr) -> String {
    plain(&path.to_string_lossy()).into_owned()
}

/// Reads a file that is not too large; nothing of a side that is not there.
fn bytes(file: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == Path::new(NOTHING) {
        return Ok(bytes);
    }
    fs::File::open(file)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        bail!("the file is too large");
    }
    Ok(bytes)
}
