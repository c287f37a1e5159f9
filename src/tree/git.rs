//! A git revision, read through git's objects: the work tree is neither read nor touched.
//!
//! `git` itself is asked (`ls-tree`, `cat-file --batch`), with everything off that could run a program or reach a
//! network: a library that reads packs would be ninety crates for the same two questions.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};

use super::{Enter, Link, Listing, Tree};
use crate::binary::weights;
use crate::intern::Text;
use crate::source::{MAX_FILE, Open};
use crate::suggest;

/// A folder of a git revision, of which one file may be meant.
pub struct Revision {
    spec: String,
    repository: PathBuf,
    entries: Entries,
    /// What each link says, by path.
    links: BTreeMap<String, String>,
    file: Option<String>,
    home: PathBuf,
    reader: Mutex<Option<Reader>>,
}

/// What a tree object holds, by path below it.
#[derive(Default)]
struct Entries {
    /// The ids of files.
    blobs: BTreeMap<String, String>,
    /// The ids of links.
    links: BTreeMap<String, String>,
    /// Submodules.
    modules: BTreeSet<String>,
}

/// Why the files of a submodule are not in a commit.
const ELSEWHERE: Text = "a submodule, whose files are in no commit of this repository; a folder in which it is checked out is \
                         read with it";

/// The longest text of a link, and how many links lead from one to the next.
const LINK: u64 = 4096;
const LINKS: usize = 40;

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
            // Git knows `./` and not `.`.
            Some(path) if path.ends_with("./") => spec.to_owned(),
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
        let mut entries = Entries::default();
        let mut file = None;
        if kind == "blob" {
            let path = path.unwrap_or(spec).trim_end_matches('/');
            let (above, name) = path.split_at(path.rfind('/').map_or(0, |at| at + 1));
            // What stands beside the file belongs to it; an object that is named by its id, or staged, stands alone.
            let beside = format!("{revision}:{above}");
            let beside = text(git(folder).args(["rev-parse", "--verify", "--quiet", "--end-of-options", &beside]));
            if let Some(beside) = beside.ok().filter(|_| !revision.is_empty()) {
                entries = listed(folder, &beside)?;
            }
            entries.blobs.insert(name.to_owned(), object);
            file = Some(name.to_owned());
        } else {
            entries = listed(folder, &object)?;
        }
        let mut links = BTreeMap::new();
        let mut reader = None;
        if !entries.links.is_empty() {
            let reader = reader.insert(Reader::start(folder)?);
            for (path, id) in &entries.links {
                let text = reader
                    .ask(id)
                    .and_then(|size| content(&mut reader.answers, size, |blob, size| whole(blob, size, LINK)));
                let text = text.ok().and_then(|text| String::from_utf8(text).ok());
                // One that is no text, or not in this clone, leads nowhere.
                links.insert(path.clone(), text.unwrap_or_default());
            }
        }
        let home = path.map(|path| home(folder, path, file.is_some())).unwrap_or_default();
        let reader = Mutex::new(reader);
        Ok(Revision { spec: spec.to_owned(), repository: folder.to_owned(), entries, links, reader, file, home })
    }

    /// Returns the name of the one file that the revision names; none where it names a folder.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// Returns where the folder stands in the working tree, seen from the one that git was asked in.
    pub fn home(&self) -> &Path {
        &self.home
    }
}

/// Returns where the folder of `REV:PATH` stands in the working tree: `PATH` is seen from its root, or from here where it
/// begins with a dot.
fn home(folder: &Path, path: &str, is_file: bool) -> PathBuf {
    let is_from_here = path.split('/').next().is_some_and(|first| matches!(first, "." | ".."));
    let root = || text(git(folder).args(["rev-parse", "--show-cdup"])).unwrap_or_default();
    let mut home = if is_from_here { PathBuf::new() } else { PathBuf::from(root()) };
    home.extend(path.split('/').filter(|part| !matches!(*part, "" | ".")));
    if is_file {
        home.pop();
    }
    home
}

impl Open for Revision {
    fn open(&self, path: &str) -> Result<Vec<u8>> {
        self.ask(path, |blob, size| whole(blob, size, MAX_FILE))
    }

    fn weigh(&self, path: &str) -> Result<Option<String>> {
        self.ask(path, |blob, _| Ok(weights::weigh(blob)?))
    }

    fn has(&self, path: &str) -> bool {
        self.blob(path).is_some()
    }
}

impl Revision {
    /// Returns the id of a file, or of the one that a link leads to.
    fn blob(&self, path: &str) -> Option<&String> {
        self.entries.blobs.get(path).or_else(|| self.entries.blobs.get(&self.follow(path)?))
    }

    /// Follows links, those of folders on the way too; none where they lead out of the tree, or in a circle.
    fn follow(&self, path: &str) -> Option<String> {
        let mut open: Vec<&str> = path.split('/').rev().collect();
        let mut at = String::new();
        let mut left = LINKS;
        while let Some(part) = open.pop() {
            match part {
                "" | "." => continue,
                ".." if at.is_empty() => return None,
                ".." => {
                    at.truncate(at.rfind('/').unwrap_or(0));
                    continue;
                }
                _ => {}
            }
            let next = if at.is_empty() { part.to_owned() } else { format!("{at}/{part}") };
            match self.links.get(&next) {
                Some(target) if target.is_empty() || target.starts_with('/') => return None,
                Some(target) => {
                    left = left.checked_sub(1)?;
                    open.extend(target.split('/').rev());
                }
                None => at = next,
            }
        }
        Some(at)
    }

    /// Returns where a link leads; none where that is a folder.
    fn link(&self, path: &str) -> Option<Link> {
        let to = self.follow(path);
        let is_folder = |to: &String| {
            let folder = if to.is_empty() { String::new() } else { format!("{to}/") };
            self.entries.blobs.range(folder.clone()..).next().is_some_and(|(path, _)| path.starts_with(&folder))
        };
        if to.as_ref().is_some_and(is_folder) {
            return None;
        }
        Some(Link { path: path.to_owned(), to: to.filter(|to| self.entries.blobs.contains_key(to)) })
    }

    /// Asks git for a file, and lets `take` read it, given its size, as far as it likes.
    fn ask<T>(&self, path: &str, take: impl FnOnce(&mut dyn Read, u64) -> Result<T>) -> Result<T> {
        let id = match self.blob(path) {
            Some(id) => id,
            None if self.links.contains_key(path) => bail!("is a link that leads to no file of {}", self.spec),
            None => bail!("cannot be opened: there is no such file in {}", self.spec),
        };
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
        let mut listing = super::listed(self.entries.blobs.keys(), enter, hidden);
        let links = self.links.keys().filter(|path| super::is_listed(path, enter, hidden));
        listing.links.extend(links.filter_map(|path| self.link(path)));
        let modules = self.entries.modules.iter().filter(|path| super::is_entered(path, enter, hidden));
        listing.absent.extend(modules.map(|path| (path.clone(), ELSEWHERE)));
        Ok(listing)
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
        .env("LC_ALL", "C")
        .args(["--no-pager", "--no-replace-objects", "-c", "core.fsmonitor=false", "-c", "protocol.allow=never"])
        .stdin(Stdio::null());
    command
}

/// Returns the files below a folder that git tracks, those of the submodules that are checked out too.
///
/// # Errors
/// Says why git can't be asked, without the path of a machine.
pub(super) fn tracked(folder: &Path) -> Result<Vec<String>> {
    let ask = |more: &[&str]| {
        let mut command = git(folder);
        // The folder says which repository, not the hook that this may run in.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
            command.env_remove(name);
        }
        command.args(["ls-files", "-z", "--cached"]).args(more).output()
    };
    let mut output = ask(&["--recurse-submodules"]);
    // One submodule that is damaged keeps git from the rest.
    if output.as_ref().is_ok_and(|output| !output.status.success()) {
        output = ask(&[]);
    }
    let Ok(output) = output else { bail!("git cannot be run; is it installed?") };
    if output.status.success() {
        let paths = output.stdout.split(|byte| *byte == 0).filter_map(|path| std::str::from_utf8(path).ok());
        return Ok(paths.filter(|path| !path.is_empty()).map(str::to_owned).collect());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("not a git repository (or any") {
        return Ok(Vec::new());
    }
    if said.contains("dubious ownership") {
        bail!("the folder is another user's; `git config --global --add safe.directory FOLDER` lets git look");
    }
    bail!("`git ls-files` fails here");
}

/// Lists what a tree object holds.
fn listed(folder: &Path, tree: &str) -> Result<Entries> {
    let listed = output(git(folder).args(["ls-tree", "-r", "-z", "--full-tree", tree]))?;
    let mut entries = Entries::default();
    for entry in listed.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
        // `<mode> SP <type> SP <object> TAB <path>`.
        let Some((head, path)) = std::str::from_utf8(entry).ok().and_then(|entry| entry.split_once('\t')) else {
            continue;
        };
        let mut head = head.split(' ');
        let (mode, kind, Some(id)) = (head.next(), head.next(), head.next()) else { continue };
        match (mode, kind) {
            (Some("100644" | "100755" | "100664"), Some("blob")) => {
                entries.blobs.insert(path.to_owned(), id.to_owned());
            }
            (Some("120000"), _) => {
                entries.links.insert(path.to_owned(), id.to_owned());
            }
            (Some("160000"), _) => {
                entries.modules.insert(path.to_owned());
            }
            _ => {}
        }
    }
    Ok(entries)
}

/// Returns the whole name of the branch or tag that git knows by a shorter one.
pub(super) fn reference(name: &str) -> Option<String> {
    let folder = Path::new(".");
    let options = ["rev-parse", "--symbolic-full-name", "--verify", "--quiet", "--end-of-options", name];
    // Of a commit that is named by its digits, nothing is said.
    text(git(folder).args(options)).ok().filter(|found| found.starts_with("refs/"))
}

/// Returns the commit at which two revisions parted, with the path of the first where it has one (`REV:PATH`).
///
/// # Errors
/// Where git knows one of them not, or none that both come from.
pub(super) fn parted(one: &str, other: &str) -> Result<String> {
    let folder = Path::new(".");
    // A file of it stays that file.
    let (one, path) = one.split_at(one.find(':').unwrap_or(one.len()));
    let other = other.split(':').next().unwrap_or(other);
    let commit = |revision: &str| {
        let wanted = format!("{revision}^{{commit}}");
        text(git(folder).args(["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])).map_err(|_| {
            let hint = hint(folder, revision);
            anyhow::anyhow!("\"{}\" is no revision that git knows here{hint}", revision.escape_debug())
        })
    };
    let (one_commit, other_commit) = (commit(one)?, commit(other)?);
    let parted = text(git(folder).args(["merge-base", &one_commit, &other_commit])).map_err(|_| {
        let hint = hint(folder, one);
        let (one, other) = (one.escape_debug(), other.escape_debug());
        anyhow::anyhow!("\"{one}\" and \"{other}\" have no commit that both come from{hint}")
    })?;
    Ok(parted + path)
}

/// Says which branch or tag was probably meant; in a clone that lacks what came before, that it does.
fn hint(folder: &Path, revision: &str) -> String {
    if text(git(folder).args(["rev-parse", "--is-shallow-repository"])).is_ok_and(|said| said == "true") {
        return "; this clone is shallow and lacks older commits and other branches: fetch them (`git fetch --unshallow`, \
                `fetch-depth: 0` of actions/checkout)"
            .to_owned();
    }
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
