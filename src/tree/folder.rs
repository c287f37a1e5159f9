//! A folder on disk, walked as git would see it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use ignore::{DirEntry, WalkBuilder};
use rayon::prelude::*;

use super::{Enter, Listing, Tree, is_shown, reason};
use crate::binary::{program, weights};
use crate::progress::LISTED;
use crate::source::{MAX_FILE, Open};

/// A folder on disk. Nothing outside of it is opened, whatever a link in it says.
///
/// What git ignores is not listed; for that the `.gitignore` files above count too, up to the root of the repository that
/// the folder is in, but neither the user's nor the clone's own settings.
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
        let (root, enter) = (self.real.clone(), enter.clone());
        let enters = move |entry: &DirEntry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            let Some(path) = below(&root, entry).filter(|_| entry.depth() > 0) else { return true };
            (hidden || is_shown(&path)) && (!is_folder || (entry.file_name() != ".git" && enter(&path)))
        };
        let top = self.within.as_ref().map_or_else(|| self.real.clone(), |within| self.real.join(within));
        let mut walk = WalkBuilder::new(top);
        // Which hidden files are listed is not the walker's to say.
        walk.standard_filters(!hidden)
            .hidden(false)
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
        let mut listing = Listing::default();
        for entry in walk.build() {
            LISTED.add(1);
            match entry {
                Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                    listing.files.extend(below(&self.real, &entry));
                }
                Ok(entry) if entry.path_is_symlink() => listing.links.extend(below(&self.real, &entry)),
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
        // The project that a `node_modules` belongs to says what of it is direct.
        if self.within.as_deref() == Some("node_modules") && self.real.join("package.json").is_file() {
            listing.files.push("package.json".to_owned());
        }
        listing.files.sort_unstable();
        listing.unlisted.sort_unstable();
        listing.links.sort_unstable();
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

/// Returns the folders above that belong to the same git repository, its root first; none outside of one.
fn above(folder: &Path) -> Vec<&Path> {
    let mut folders: Vec<&Path> = Vec::new();
    for folder in folder.ancestors() {
        folders.push(folder);
        if folder.join(".git").exists() {
            folders.reverse();
            folders.pop();
            folders.retain(|folder| folder.join(".gitignore").is_file());
            return folders;
        }
    }
    Vec::new()
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
    let found = root.join(path).canonicalize().map_err(|error| anyhow!("cannot be opened: {}", reason(&error)))?;
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
