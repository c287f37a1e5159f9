//! A git revision, read through git's objects: the work tree is neither read nor touched.
//!
//! `git` itself is asked (`ls-tree`, `cat-file --batch`), with everything off that could run a program or reach a
//! network: a library that reads packs would be ninety crates for the same two questions.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};

use super::{Enter, Listing, Tree};
use crate::binary::weights;
use crate::source::{MAX_FILE, Open};
use crate::suggest;

/// A folder of a git revision, of which one file may be meant.
pub struct Revision {
    spec: String,
    repository: PathBuf,
    /// Object ids by path below the folder.
    blobs: BTreeMap<String, String>,
    file: Option<String>,
    reader: Mutex<Option<Reader>>,
}

struct Reader {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Revision {
    /// Returns the tree of `REV` (the folder that `folder` is in that revision) or `REV:PATH`; for a file's path, that of
    /// the folder which the file stands in.
    ///
    /// # Errors
    /// Where `folder` is in no repository, or git knows no such revision or path.
    pub fn new(folder: &Path, spec: &str) -> Result<Self> {
        if spec.starts_with('-') {
            bail!("\"{spec}\" is no revision");
        }
        let (revision, path) = spec.split_once(':').map_or((spec, None), |(revision, path)| (revision, Some(path)));
        let object = match path {
            Some(path) => format!("{revision}:{}", path.trim_end_matches('/')),
            None => {
                let prefix = text(git(folder).args(["rev-parse", "--show-prefix"]))
                    .with_context(|| format!("\"{spec}\" is no file or folder here, nor is this a git repository"))?;
                format!("{revision}:{}", prefix.trim_end_matches('/'))
            }
        };
        let unknown = || {
            let hint = hint(folder, revision);
            format!("\"{}\" is no file or folder here, nor a revision that git knows{hint}", spec.escape_debug())
        };
        let object = text(git(folder).args(["rev-parse", "--verify", "--quiet", "--end-of-options", &object]))
            .with_context(unknown)?;
        let kind = text(git(folder).args(["cat-file", "-t", &object])).with_context(unknown)?;
        let mut blobs = BTreeMap::new();
        let mut file = None;
        if kind == "blob" {
            let path = path.unwrap_or(spec).trim_end_matches('/');
            let (above, name) = path.split_at(path.rfind('/').map_or(0, |at| at + 1));
            // What stands beside the file belongs to it; an object that is named by its id, or staged, stands alone.
            let beside = format!("{revision}:{above}");
            let beside = text(git(folder).args(["rev-parse", "--verify", "--quiet", "--end-of-options", &beside]));
            if let Some(beside) = beside.ok().filter(|_| !revision.is_empty()) {
                blobs = listed(folder, &beside)?;
            }
            blobs.insert(name.to_owned(), object);
            file = Some(name.to_owned());
        } else {
            blobs.extend(listed(folder, &object)?);
        }
        Ok(Revision { spec: spec.to_owned(), repository: folder.to_owned(), blobs, reader: Mutex::default(), file })
    }

    /// Returns the name of the one file that the revision names; none where it names a folder.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }
}

impl Open for Revision {
    fn open(&self, path: &str) -> Result<Vec<u8>> {
        self.ask(path, |blob, size| whole(blob, size, MAX_FILE))
    }

    fn weigh(&self, path: &str) -> Result<Option<String>> {
        self.ask(path, |blob, _| Ok(weights::weigh(blob)?))
    }

    fn has(&self, path: &str) -> bool {
        self.blobs.contains_key(path)
    }
}

impl Revision {
    /// Asks git for a file, and lets `take` read it, given its size, as far as it likes.
    fn ask<T>(&self, path: &str, take: impl FnOnce(&mut dyn Read, u64) -> Result<T>) -> Result<T> {
        let Some(id) = self.blobs.get(path) else { bail!("cannot be opened: there is no such file in {}", self.spec) };
        let mut held = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let reader = match &mut *held {
            Some(reader) => reader,
            none => none.insert(Reader::start(&self.repository)?),
        };
        let size = reader.ask(id)?;
        content(&mut reader.answers, size, take)
    }
}

impl Tree for Revision {
    fn list(&self, enter: &Enter, hidden: bool) -> Result<Listing> {
        Ok(super::listed(self.blobs.keys(), enter, hidden))
    }

    fn label(&self) -> String {
        self.spec.clone()
    }

    // What is committed is a project.
    fn is_installed(&self) -> bool {
        false
    }
}

impl Reader {
    fn start(repository: &Path) -> Result<Self> {
        let mut child = git(repository)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("running git")?;
        let answers = BufReader::new(child.stdout.take().context("git's answers")?);
        Ok(Reader { child, answers })
    }

    /// Asks for an object, which stands in the answers next, and returns its size.
    fn ask(&mut self, id: &str) -> Result<u64> {
        let questions = self.child.stdin.as_mut().context("git's questions")?;
        writeln!(questions, "{id}")?;
        questions.flush()?;
        let mut head = String::new();
        self.answers.read_line(&mut head)?;
        match head.trim_end().rsplit(' ').next().and_then(|size| size.parse().ok()) {
            Some(size) if head.contains(" blob ") => Ok(size),
            _ => bail!("cannot be read: git has no object {id} here"),
        }
    }
}

/// Lets `take` read a blob of `size` bytes, passes over what it leaves, and over the line break that follows.
fn content<T>(answers: &mut impl Read, size: u64, take: impl FnOnce(&mut dyn Read, u64) -> Result<T>) -> Result<T> {
    let mut blob = answers.by_ref().take(size);
    let taken = take(&mut blob, size);
    io::copy(&mut blob, &mut io::sink())?;
    answers.read_exact(&mut [0]).context("git's answer ends early")?;
    taken
}

/// Reads a blob whole; one past the limit is not read at all.
fn whole(blob: &mut dyn Read, size: u64, limit: u64) -> Result<Vec<u8>> {
    if size > limit {
        bail!("is {} MiB; files past {} MiB are not read", size >> 20, limit >> 20);
    }
    let mut bytes = Vec::new();
    blob.read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Drop for Reader {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Returns a git command that runs nothing of the repository's own, fetches nothing and locks nothing.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .args(["--no-pager", "--no-replace-objects", "-c", "core.fsmonitor=false", "-c", "protocol.allow=never"])
        .stdin(Stdio::null());
    command
}

/// Lists the files of a tree object: object ids by path.
fn listed(folder: &Path, tree: &str) -> Result<BTreeMap<String, String>> {
    let listed = output(git(folder).args(["ls-tree", "-r", "-z", "--full-tree", tree]))?;
    let mut blobs = BTreeMap::new();
    for entry in listed.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
        // `<mode> SP <type> SP <object> TAB <path>`; links (120000) and submodules (160000) are no files.
        let Some((head, path)) = std::str::from_utf8(entry).ok().and_then(|entry| entry.split_once('\t')) else {
            continue;
        };
        let mut head = head.split(' ');
        if let (Some("100644" | "100755" | "100664"), Some("blob"), Some(id)) = (head.next(), head.next(), head.next())
        {
            blobs.insert(path.to_owned(), id.to_owned());
        }
    }
    Ok(blobs)
}

/// Says which branch or tag was probably meant.
fn hint(folder: &Path, revision: &str) -> String {
    let names = text(git(folder).args(["for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags"]));
    let names = names.unwrap_or_default();
    let near = suggest::closest(revision, names.lines()).filter(|near| *near != revision);
    near.map(|near| format!(", did you mean \"{}\"?", near.escape_debug())).unwrap_or_default()
}

fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.output().context("git cannot be run; is it installed?")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("git: {}", said.lines().next().unwrap_or("no such object").trim().escape_debug());
    }
    Ok(output.stdout)
}

fn text(command: &mut Command) -> Result<String> {
    Ok(String::from_utf8_lossy(&output(command)?).trim_end_matches('\n').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_past_the_limit_is_passed_over() {
        let mut answers: &[u8] = b"12345\nabc\nde";
        let content = |answers: &mut &[u8], size, limit| content(answers, size, |blob, size| whole(blob, size, limit));
        let error = content(&mut answers, 5, 4).expect_err("too large");
        assert_eq!(error.to_string(), "is 0 MiB; files past 0 MiB are not read");
        assert_eq!(content(&mut answers, 3, 4).expect("the next one is whole"), b"abc");
        assert_eq!(content(&mut answers, 3, 4).expect_err("cut").to_string(), "git's answer ends early");
    }
}
