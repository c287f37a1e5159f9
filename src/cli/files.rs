//! Files that are written: each whole, and no other one touched.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// What writes a result.
pub type Writer<'w> = &'w mut dyn FnMut(&mut dyn io::Write) -> Result<()>;

/// How standard output is called where a file is asked for.
const STDOUT: &[&str] = &["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/// Returns the file that an argument names; none for standard output.
///
/// # Errors
/// Where it names nothing, a folder, or a file in a folder that is not there: what can't be written is said before the work.
pub fn named(file: &Path) -> Result<Option<PathBuf>> {
    if file.as_os_str().is_empty() {
        bail!("a file's name is empty; `-` is standard output");
    }
    if STDOUT.iter().any(|name| file.as_os_str() == *name) {
        return Ok(None);
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        bail!("writing {}: there is no folder {}", file.display(), folder.display());
    }
    if file.is_dir() {
        bail!("writing {}: it is a folder", file.display());
    }
    Ok(Some(file.to_owned()))
}

/// Writes a file whole.
///
/// # Errors
/// Where that fails, with the file's name.
pub fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    write_with(file, &mut |to| Ok(to.write_all(bytes)?))
}

/// Writes a file whole: it is never seen half written, keeps its mode, and a link is replaced and not followed. What is no
/// plain file (a pipe, a device) is written to as it is.
///
/// # Errors
/// Where that fails, with the file's name; then it is as it was.
pub fn write_with(file: &Path, writer: Writer<'_>) -> Result<()> {
    let written: Result<()> = (|| {
        if is_special(file) {
            return through(OpenOptions::new().append(true).open(file)?, writer);
        }
        let (beside, to) = Beside::create(file)?;
        through(to, writer)?;
        if let Some(there) = fs::symlink_metadata(file).ok().filter(fs::Metadata::is_file) {
            fs::set_permissions(&beside.0, there.permissions())?;
        }
        Ok(fs::rename(&beside.0, file)?)
    })();
    written.with_context(|| format!("writing {}", file.display()))
}

fn through(to: File, writer: Writer<'_>) -> Result<()> {
    let mut to = io::BufWriter::new(to);
    writer(&mut to)?;
    to.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(())
}

/// Says whether a file is none that could be replaced, or one that the system names for what a program has open.
fn is_special(file: &Path) -> bool {
    let is_link = fs::symlink_metadata(file).is_ok_and(|it| it.is_symlink());
    fs::metadata(file).is_ok_and(|it| !it.is_file())
        || (is_link && ["/dev", "/proc"].iter().any(|folder| file.starts_with(folder)))
}

/// A file of a name that nothing had, beside the one that it is to become; it is gone where it does not.
struct Beside(PathBuf);

impl Beside {
    fn create(file: &Path) -> io::Result<(Self, File)> {
        let mut number = 0_u32;
        loop {
            let path = file.with_file_name(format!(".driftgate-{}-{number}.tmp", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                opened => return opened.map(|opened| (Beside(path), opened)),
            }
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
