//! A folder on disk, walked as git would see it.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ignore::{DirEntry, WalkBuilder};

use super::{Enter, Tree};
use crate::source::{MAX_FILE, Open};

/// A folder on disk.
pub struct Folder {
    root: PathBuf,
    /// The root with all links followed.
    whole: PathBuf,
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
        let whole = root.canonicalize().with_context(|| format!("opening {}", root.display()))?;
        Ok(Folder { root: root.to_owned(), whole })
    }
}

impl Open for Folder {
    fn open(&self, path: &str) -> Result<Vec<u8>> {
        let file = self.root.join(path);
        // A link may lead elsewhere in the tree, not out of it: a file that names another to include could show any
        // file of the machine in its messages.
        if file.canonicalize().is_ok_and(|file| !file.starts_with(&self.whole)) {
            bail!("is a link that leads out of the folder; such files are not read");
        }
        read(&file)
    }
}

impl Tree for Folder {
    fn list(&self, enter: &Enter, hidden: bool) -> Result<Vec<String>> {
        let (root, enter) = (self.root.clone(), enter.clone());
        let enters = move |entry: &DirEntry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            !is_folder
                || below(&root, entry)
                    .is_none_or(|path| path.is_empty() || (entry.file_name() != ".git" && enter(&path)))
        };
        let walk = WalkBuilder::new(&self.root)
            .standard_filters(!hidden)
            .require_git(false)
            .git_global(false)
            .follow_links(false)
            .filter_entry(enters)
            .build();
        let mut files = Vec::new();
        for entry in walk {
            let entry = entry.context("walking the folder")?;
            if entry.file_type().is_some_and(|kind| kind.is_file()) {
                files.extend(below(&self.root, &entry));
            }
        }
        files.sort_unstable();
        Ok(files)
    }

    fn label(&self) -> String {
        self.root.display().to_string()
    }
}

/// One file on disk, with the files beside it to be joined.
pub struct Single {
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
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        // A relative path is shown as it was given; an absolute one is the machine's, and its name is enough.
        let spelled = file.to_str().filter(|_| file.is_relative()).map(|path| path.replace('\\', "/"));
        let shown = spelled.map(|path| path.trim_start_matches("./").to_owned()).unwrap_or_else(|| name.to_owned());
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
}

impl Open for Single {
    fn open(&self, path: &str) -> Result<Vec<u8>> {
        read(&self.folder.join(if path == self.shown { &self.name } else { path }))
    }
}

impl Tree for Single {
    fn list(&self, _enter: &Enter, _hidden: bool) -> Result<Vec<String>> {
        Ok(vec![self.name.clone()])
    }

    fn label(&self) -> String {
        self.name.clone()
    }
}

/// Returns an entry's path below the root; none where it is no text, so that no format can know it.
fn below(root: &Path, entry: &DirEntry) -> Option<String> {
    entry.path().strip_prefix(root).ok()?.to_str().map(|path| path.replace('\\', "/"))
}

/// Reads a file whole, up to the largest size that is read.
fn read(path: &Path) -> Result<Vec<u8>> {
    let metadata = fs::metadata(path).map_err(|error| anyhow::anyhow!("cannot be opened: {}", reason(&error)))?;
    // Opening a pipe waits for its other end, and a device may never end.
    if !metadata.is_file() {
        bail!("is no regular file; what comes through a pipe is read as `-`");
    }
    let file = File::open(path).map_err(|error| anyhow::anyhow!("cannot be opened: {}", reason(&error)))?;
    let size = metadata.len();
    if size > MAX_FILE {
        bail!("is {} MiB; files past {} MiB are not read", size >> 20, MAX_FILE >> 20);
    }
    let mut bytes = Vec::with_capacity(size as usize + 1);
    let mut limited = file.take(MAX_FILE + 1);
    limited.read_to_end(&mut bytes).map_err(|error| anyhow::anyhow!("cannot be read: {}", reason(&error)))?;
    if bytes.len() as u64 > MAX_FILE {
        bail!("is larger than {} MiB, which is the most that is read", MAX_FILE >> 20);
    }
    Ok(bytes)
}

/// Says why the system refused, without its number.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
