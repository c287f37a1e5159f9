//! A folder on disk, walked as git would see it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use hashbrown::HashSet;
use ignore::{DirEntry, WalkBuilder};
use rayon::prelude::*;

use super::{Enter, Link, Listing, Tree, git, is_shown, reason};
use crate::binary::{program, weights};
use crate::intern::Text;
use crate::progress::LISTED;
use crate::source::{self, MAX_FILE, Open};

/// A folder on disk. Nothing outside of it is opened, whatever a link in it says.
///
/// What git ignores is not listed; for that the `.gitignore` files above count too, up to the root of the repository that
/// the folder is in, but neither the user's nor the clone's own settings. What git tracks it does not ignore, whatever
/// pattern matches it.
pub struct Folder {
    root: PathBuf,
    /// The root less its links.
    real: PathBuf,
    /// The one folder in it that is meant, where that is one that packages are installed into: its name is a part of all
    /// paths, for what is installed is known by it.
    within: Option<String>,
}

impl Folder {
    /// Returns the tree below `root`.
    ///
    /// # Errors
    /// Where `root` is no folder.
    pub fn new(root: &Path) -> Result<Self> {
        if !root.is_dir() {
            bail!("{} is no folder", root.display());
        }
        let (real, within) = meant(real(root)?);
        Ok(Folder { root: root.to_owned(), real, within })
    }
}

impl Open for Folder {
    fn open(&self, path: &str) -> Result<Vec<u8>> {
        read(&inside(&self.real, path)?)
    }

    fn weigh(&self, path: &str) -> Result<Option<String>> {
        weigh(&inside(&self.real, path)?)
    }

    fn size(&self, path: &str) -> Option<u64> {
        fs::metadata(inside(&self.real, path).ok()?).ok().map(|metadata| metadata.len())
    }

    fn has(&self, path: &str) -> bool {
        inside(&self.real, path).is_ok_and(|file| file.is_file())
    }

    fn on_disk(&self, path: &str) -> Option<PathBuf> {
        Some(self.real.join(path))
    }
}

/// The names of folders that packages are installed into, and nothing else stands in.
const PACKAGES: &[&str] = &["site-packages", "dist-packages", "node_modules", "conda-meta"];

/// Returns the folder to which paths are relative, and what in it is meant; none where that is all of it.
fn meant(folder: PathBuf) -> (PathBuf, Option<String>) {
    let name = |folder: &Path| folder.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let Some(mut within) = name(&folder).filter(|name| PACKAGES.contains(&name.as_str())) else {
        return (folder, None);
    };
    let Some(mut above) = folder.parent() else { return (folder, None) };
    // `python3.11/site-packages`: which Python it is says what a requirement means.
    if within.ends_with("-packages")
        && let (Some(of), Some(next)) = (name(above), above.parent())
        && (of.starts_with("python") || of.starts_with("pypy"))
    {
        within = format!("{of}/{within}");
        above = next;
    }
    (above.to_owned(), Some(within))
}

/// What only stands at the root of a project.
const PROJECT: &[&str] = &[".git", "driftgate.toml", "bom.cdx.json"];

impl Tree for Folder {
    fn is_installed(&self) -> bool {
        // A project that holds an environment, or the records of one, is a project still.
        let is_project = || PROJECT.iter().any(|name| self.real.join(name).symlink_metadata().is_ok());
        self.within.is_some() || (super::has_marker(self) && !is_project())
    }

    fn list(&self, enter: &Enter, hidden: bool) -> Result<Listing> {
        let (root, enters) = (self.real.clone(), enter.clone());
        let enters = move |entry: &DirEntry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            let Some(path) = below(&root, entry).filter(|_| entry.depth() > 0) else { return true };
            (hidden || is_shown(&path)) && (!is_folder || (entry.file_name() != ".git" && enters(&path)))
        };
        let top = self.within.as_ref().map_or_else(|| self.real.clone(), |within| self.real.join(within));
        let mut walk = WalkBuilder::new(top);
        // Which hidden files are listed is not the walker's to say.
        walk.standard_filters(!hidden)
            .hidden(false)
            // Other programs' lists of what is not to be searched: git tracks such files.
            .ignore(false)
            .require_git(false)
            .parents(false)
            .git_exclude(false)
            .git_global(false)
            .follow_links(false)
            .filter_entry(enters);
        if !hidden {
            for folder in above(&self.real) {
                // What is no pattern in the file is passed over, as git does.
                let _ = walk.current_dir(folder).add_ignore(folder.join(".gitignore"));
            }
        }
        let repository = repository(&self.real);
        let asks = !hidden && repository.is_some();
        let (listing, tracked) =
            rayon::join(|| self.walked(&walk), || if asks { git::tracked(&self.real) } else { Ok(Vec::new()) });
        let mut listing = listing?;
        match tracked {
            Ok(tracked) => {
                let walked: HashSet<String> = listing.files.iter().cloned().collect();
                let passed = tracked.into_iter().filter(|path| !walked.contains(path));
                let passed = passed.filter(|path| super::is_listed(path, enter, hidden));
                passed.for_each(|path| self.add_tracked(path, &mut listing));
            }
            Err(error) => listing.untold = Some(error.to_string()),
        }
        let modules = submodules(repository.unwrap_or(&self.real), 0);
        let absent = modules.iter().filter_map(|module| module.strip_prefix(&self.real).ok()?.to_str());
        let absent = absent.map(|path| path.replace('\\', "/")).filter(|path| !path.is_empty());
        let absent = absent.filter(|path| super::is_entered(path, enter, hidden));
        listing.absent.extend(absent.map(|path| (path, NOT_CHECKED_OUT)));
        // The project that a `node_modules` belongs to says what of it is direct.
        if self.within.as_deref() == Some("node_modules") && self.real.join("package.json").is_file() {
            listing.files.push("package.json".to_owned());
        }
        listing.files.sort_unstable();
        listing.files.dedup();
        listing.unlisted.sort_unstable();
        listing.links.sort_unstable();
        listing.links.dedup();
        Ok(listing)
    }

    fn label(&self) -> String {
        self.root.display().to_string()
    }

    fn programs(&self, listed: &[String]) -> Vec<String> {
        let carries = |path: &str| carries(&self.real.join(path)).unwrap_or(false);
        listed.par_iter().filter(|path| carries(path)).cloned().collect()
    }
}

impl Folder {
    /// Lists what a walk finds.
    fn walked(&self, walk: &WalkBuilder) -> Result<Listing> {
        let mut listing = Listing::default();
        for entry in walk.build() {
            LISTED.add(1);
            match entry {
                Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                    listing.files.extend(below(&self.real, &entry));
                }
                Ok(entry) if entry.path_is_symlink() => {
                    listing.links.extend(below(&self.real, &entry).and_then(|path| self.link(path)));
                }
                Ok(_) => {}
                Err(error) => {
                    let (path, message) = told(&error, &self.real);
                    if path.is_empty() || Some(&path) == self.within.as_ref() {
                        bail!("{} {message}", self.root.display());
                    }
                    listing.unlisted.push((path, message));
                }
            }
        }
        Ok(listing)
    }

    /// Adds a file or a link of git's index, where it still stands there.
    fn add_tracked(&self, path: String, listing: &mut Listing) {
        let file = self.real.join(&path);
        // What a folder on the way leads to as a link is listed where it stands.
        let Some(folder) = file.parent().filter(|folder| folder.canonicalize().is_ok_and(|real| real == **folder))
        else {
            return;
        };
        debug_assert!(folder.starts_with(&self.real));
        match file.symlink_metadata() {
            Ok(metadata) if metadata.is_file() => listing.files.push(path),
            Ok(metadata) if metadata.is_symlink() => listing.links.extend(self.link(path)),
            _ => {}
        }
    }

    /// Returns where a link leads; none where that is a folder of the tree.
    fn link(&self, path: String) -> Option<Link> {
        let to = inside(&self.real, &path).ok();
        if to.as_ref().is_some_and(|to| to.is_dir()) {
            return None;
        }
        let to = to.and_then(|to| Some(to.strip_prefix(&self.real).ok()?.to_str()?.replace('\\', "/")));
        Some(Link { path, to })
    }
}

/// Why the files of a submodule are not in a folder.
const NOT_CHECKED_OUT: Text = "a submodule that is not checked out; `git submodule update --init --recursive` does so";

/// How many submodules are within each other.
const DEEP: usize = 8;

/// Returns the folders of the submodules below a folder that hold nothing.
fn submodules(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let file = folder.join(".gitmodules");
    // Git follows no link there either.
    let text = if file.is_symlink() { None } else { read(&file).ok().and_then(|bytes| String::from_utf8(bytes).ok()) };
    let Some(text) = text else { return Vec::new() };
    let mut absent = Vec::new();
    for line in text.lines() {
        // `path = third/party`, quoted where it must be.
        let value = line.trim().strip_prefix("path").and_then(|rest| rest.trim_start().strip_prefix('='));
        let Some(path) = value.and_then(|path| source::join("", path.trim().trim_matches('"'))) else { continue };
        let module = folder.join(path);
        let is_folder = module.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
        let Ok(mut entries) = fs::read_dir(&module) else { continue };
        match entries.next() {
            _ if !is_folder || module == folder => {}
            None => absent.push(module),
            Some(_) if depth < DEEP => absent.extend(submodules(&module, depth + 1)),
            Some(_) => {}
        }
    }
    absent
}

/// Says whether a file is a program that carries what it was built from. What is too large to be read is none.
fn carries(path: &Path) -> io::Result<bool> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() || !is_executable(&metadata) || metadata.len() > MAX_FILE {
        return Ok(false);
    }
    let mut file = File::open(path)?;
    let mut bytes = vec![0; 4.min(metadata.len() as usize)];
    file.read_exact(&mut bytes)?;
    if !program::is_program(&bytes) {
        return Ok(false);
    }
    file.take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(program::carries(&bytes).is_some())
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(metadata) & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_metadata: &fs::Metadata) -> bool {
    true
}

/// One file on disk, with the files beside and below it to be joined.
pub struct Single {
    /// The folder that the file stands in, less its links.
    folder: PathBuf,
    name: String,
    shown: String,
}

impl Single {
    /// Returns the tree that lists just this file; files beside it can be opened.
    ///
    /// # Errors
    /// Where there is no such file, or its name is no text.
    pub fn new(file: &Path) -> Result<Self> {
        let name = file.file_name().and_then(|name| name.to_str());
        let Some(name) = name.filter(|_| file.exists()) else { bail!("there is no file {}", file.display()) };
        let folder = real(file.parent().unwrap_or(Path::new("")))?;
        let shown = super::shown(file);
        Ok(Single { folder, name: name.to_owned(), shown })
    }

    /// Returns the same file, shown under another path where there is one: as a part of the tree it belongs to.
    #[must_use]
    pub fn shown_as(mut self, shown: Option<String>) -> Self {
        self.shown = shown.unwrap_or(self.shown);
        self
    }

    /// Returns the file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the path by which reports name the file; it can be opened by it.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    fn is_itself(&self, path: &str) -> bool {
        path == self.shown || path == self.name
    }
}

impl Open for Single {
    fn open(&self, path: &str) -> Result<Vec<u8>> {
        // The file itself was named by hand, and may be a link.
        if self.is_itself(path) { read(&self.folder.join(&self.name)) } else { read(&inside(&self.folder, path)?) }
    }

    fn weigh(&self, path: &str) -> Result<Option<String>> {
        if self.is_itself(path) { weigh(&self.folder.join(&self.name)) } else { weigh(&inside(&self.folder, path)?) }
    }

    fn has(&self, path: &str) -> bool {
        self.is_itself(path) || inside(&self.folder, path).is_ok_and(|file| file.is_file())
    }

    fn on_disk(&self, path: &str) -> Option<PathBuf> {
        Some(self.folder.join(if self.is_itself(path) { &self.name } else { path }))
    }
}

impl Tree for Single {
    fn list(&self, _enter: &Enter, _hidden: bool) -> Result<Listing> {
        Ok(Listing { files: vec![self.name.clone()], ..Listing::default() })
    }

    fn label(&self) -> String {
        self.name.clone()
    }
}

/// Returns an entry's path below the root; none where it is no text, so that no format can know it.
fn below(root: &Path, entry: &DirEntry) -> Option<String> {
    entry.path().strip_prefix(root).ok()?.to_str().map(|path| path.replace('\\', "/"))
}

/// Returns the root of the git repository that a folder is in.
fn repository(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|folder| folder.join(".git").exists())
}

/// Returns the folders above that belong to the same git repository, its root first; none outside of one.
fn above(folder: &Path) -> Vec<&Path> {
    let Some(root) = repository(folder) else { return Vec::new() };
    let above = folder.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
    let mut folders: Vec<&Path> = above.filter(|folder| folder.join(".gitignore").is_file()).collect();
    folders.reverse();
    folders
}

/// Returns the path that an error of the walk speaks of, below the root, and what it says.
fn told(error: &ignore::Error, root: &Path) -> (String, String) {
    match error {
        ignore::Error::WithPath { path, err } => {
            let path = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
            (path, told(err, root).1)
        }
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => told(err, root),
        ignore::Error::Io(error) => (String::new(), format!("cannot be listed: {}", reason(error))),
        error => (String::new(), format!("cannot be listed: {error}")),
    }
}

/// Returns a folder's path less its links.
fn real(folder: &Path) -> Result<PathBuf> {
    let named = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    named.canonicalize().map_err(|error| anyhow!("{} cannot be opened: {}", named.display(), reason(&error)))
}

/// Returns a file's path less its links, where it stands below `root`.
pub(super) fn inside(root: &Path, path: &str) -> Result<PathBuf> {
    let file = root.join(path);
    let found = file.canonicalize().map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => anyhow!("cannot be opened: {}", reason(&error)),
        _ if file.is_symlink() => anyhow!("is a link that leads to no file"),
        _ => anyhow!("cannot be opened: {}", reason(&error)),
    })?;
    // A link may lead elsewhere in the tree, not out of it: a file that names another to include could show any file of
    // the machine in its messages.
    if !found.starts_with(root) {
        bail!("is a link that leads out of the folder; such files are not read");
    }
    Ok(found)
}

/// Weighs a file that holds the weights of a model.
fn weigh(path: &Path) -> Result<Option<String>> {
    let (file, _) = regular(path)?;
    weights::weigh(file).map_err(|error| anyhow!("cannot be read: {}", reason(&error)))
}

/// Opens a file, and says how large it is.
fn regular(path: &Path) -> Result<(File, u64)> {
    let metadata = fs::metadata(path).map_err(|error| anyhow!("cannot be opened: {}", reason(&error)))?;
    // Opening a pipe waits for its other end, and a device may never end.
    if !metadata.is_file() {
        bail!("is no regular file; what comes through a pipe is read as `-`");
    }
    let file = File::open(path).map_err(|error| anyhow!("cannot be opened: {}", reason(&error)))?;
    Ok((file, metadata.len()))
}

/// Reads a file whole, up to the largest size that is read.
fn read(path: &Path) -> Result<Vec<u8>> {
    let (file, size) = regular(path)?;
    if size > MAX_FILE {
        bail!("is {} MiB; files past {} MiB are not read", size >> 20, MAX_FILE >> 20);
    }
    super::read(file, size as usize)
}
