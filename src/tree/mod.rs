//! Where files come from, one file a kind; each lists and opens alike.

mod folder;
mod git;
pub mod image;
mod memory;

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};

pub use folder::{Folder, Single};
pub use git::Revision;
pub use image::Image;
pub use memory::Memory;

use crate::intern::Text;
use crate::model::{Component, Layer};
use crate::source::{self, MAX_FILE, Open};
use crate::suggest;
use image::{Looks, Wish};

/// Says by its path whether a folder is entered.
pub type Enter = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// The files of a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Their paths below the root with forward slashes, sorted.
    pub files: Vec<String>,
    /// What could not be listed (a folder without permission): its path, and what is wrong with it.
    pub unlisted: Vec<(String, String)>,
    /// Links that do not lead to a folder of the tree, where it knows of them.
    pub links: Vec<Link>,
    /// Submodules of git whose files are not in the tree: their paths, and why they are not.
    pub absent: Vec<(String, Text)>,
    /// Why git could not be asked which of the files that are ignored it tracks.
    pub untold: Option<String>,
}

/// A link in a tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Its own path.
    pub path: String,
    /// The path of the file that it leads to; none where that is no file of the tree.
    pub to: Option<String>,
}

/// The files by which a root file system or an installed environment is known.
const INSTALLED: &[&str] = &[
    "etc/os-release",
    "usr/lib/os-release",
    "var/lib/dpkg/status",
    "lib/apk/db/installed",
    "usr/lib/apk/db/installed",
    "var/lib/rpm/rpmdb.sqlite",
    "var/lib/rpm/Packages.db",
    "var/lib/rpm/Packages",
    "usr/lib/sysimage/rpm/rpmdb.sqlite",
    "usr/lib/sysimage/rpm/Packages.db",
    "usr/lib/sysimage/rpm/Packages",
    "pyvenv.cfg",
    "conda-meta/history",
];

/// A tree of files: a folder, a git revision, a container image.
pub trait Tree: Open {
    /// Lists the files; a folder that cannot be listed is told with them.
    ///
    /// `enter` says by its path whether a folder is entered; `hidden` also lists what is hidden or git-ignored. Without it,
    /// the hidden files that people write for a CI or a development container are listed all the same.
    ///
    /// # Errors
    /// Where the tree can't be listed at all.
    fn list(&self, enter: &Enter, hidden: bool) -> Result<Listing>;

    /// Returns how messages name the tree.
    fn label(&self) -> String;

    /// Returns what the tree is, where it is one thing that has a name of its own: a container image.
    fn about(&self) -> Option<Component> {
        None
    }

    /// Says whether the tree is a root file system or an environment that packages are installed into, and no project.
    fn is_installed(&self) -> bool {
        has_marker(self)
    }

    /// Returns which of the listed files are programs that carry what they were built from, sorted: nothing in a name tells.
    ///
    /// [`Open::open`] gives the programs themselves, or the text that [`crate::binary::program::carries`] made of them.
    fn programs(&self, _listed: &[String]) -> Vec<String> {
        Vec::new()
    }

    /// Returns the layer of an image that brought a file as it is now; none outside of images.
    fn layer(&self, _path: &str) -> Option<&'static Layer> {
        None
    }

    /// Returns what a file was in each layer of an image that wrote it, the lowest first, without the last; empty outside
    /// of images.
    fn earlier(&self, _path: &str) -> Vec<(&'static Layer, Vec<u8>)> {
        Vec::new()
    }
}

/// Says whether a tree has one of the files by which an environment is known.
fn has_marker(tree: &(impl Open + ?Sized)) -> bool {
    INSTALLED.iter().any(|marker| tree.has(marker))
}

/// What an argument names: a whole tree, or one file of one.
#[derive(Clone)]
pub struct Input {
    /// The tree.
    pub tree: Arc<dyn Tree>,
    /// The one file that is meant; none for the whole tree.
    pub file: Option<String>,
    /// The folder on disk, where the tree is one or the file stands in one.
    pub folder: Option<PathBuf>,
    /// The folder on disk whose policy and BOM count: that one; of a git revision, what stands there in the working tree.
    pub home: PathBuf,
}

impl Input {
    /// Returns a tree, or the file of one, in a folder on disk.
    fn on_disk(tree: Arc<dyn Tree>, file: Option<String>, folder: Option<&Path>) -> Self {
        let folder = folder.map(Path::to_owned);
        Input { tree, file, home: folder.clone().unwrap_or_default(), folder }
    }
}

/// Opens what an argument names: `-` (standard input), a folder, a file, a container image (a folder or an archive, with
/// `#NAME` where it holds several), a git revision (`REV` or `REV:PATH`).
///
/// `platform` says which one is meant of an image for several; `looks` what is looked at in an image.
///
/// # Errors
/// Where it is none of these.
pub fn open(argument: &str, platform: Option<&str>, looks: Looks<'_>) -> Result<Input> {
    if argument == "-" {
        let bytes = read(io::stdin().lock(), 0).context("reading standard input")?;
        let tree = Memory::new([("stdin".to_owned(), bytes)]);
        return Ok(Input::on_disk(Arc::new(tree), Some("stdin".to_owned()), None));
    }
    let path = Path::new(argument);
    let (whole, reference) = match argument.rsplit_once('#') {
        Some((file, reference)) if !path.exists() => (Path::new(file), Some(reference.to_owned())),
        _ => (path, None),
    };
    if whole.exists() {
        let wish = Wish { platform: platform.map(str::to_owned), reference };
        let image = Image::open(whole, &shown(whole), &wish, looks)?;
        match image {
            Some(image) => return Ok(Input::on_disk(Arc::new(image), None, whole.parent())),
            None if wish.reference.is_some() => bail!("{} is no container image", whole.display()),
            None => {}
        }
    }
    if path.is_dir() {
        return Ok(Input::on_disk(Arc::new(Folder::new(path)?), None, Some(path)));
    }
    if path.exists() {
        let tree = Single::new(path)?;
        let file = Some(tree.name().to_owned());
        return Ok(Input::on_disk(Arc::new(tree), file, path.parent()));
    }
    if argument.is_empty() {
        bail!("an empty argument names no file, folder or revision");
    }
    let tree = Revision::new(Path::new("."), argument).map_err(|error| match near(path) {
        Some(near) => anyhow!("{error:#}; did you mean \"{}\"?", near.escape_debug()),
        None => error,
    })?;
    let (file, home) = (tree.file().map(str::to_owned), tree.home().to_owned());
    Ok(Input { tree: Arc::new(tree), file, folder: None, home })
}

/// Returns both sides of a range of git's, `A..B` or `A...B`, of which a side that is left out is `HEAD`; none where a text is
/// none. Of three dots the old side is the commit at which the two parted.
///
/// # Errors
/// Where git knows no such commit.
pub fn both_sides(range: &str) -> Option<Result<[String; 2]>> {
    let (old, new, is_since) = match (range.split_once("..."), range.split_once("..")) {
        (Some((old, new)), _) => (old, new, true),
        (None, Some((old, new))) => (old, new, false),
        (None, None) => return None,
    };
    // A path that leads up is none, whether it is there or not.
    let leads_up = range.starts_with("../") || range.contains("/../") || range.ends_with("/..");
    if leads_up || Path::new(range).exists() || [old, new].iter().any(|side| side.starts_with(['/', '\\', '.'])) {
        return None;
    }
    let or_head = |side: &str| if side.is_empty() { "HEAD".to_owned() } else { side.to_owned() };
    let (old, new) = (or_head(old), or_head(new));
    let parted = if is_since { git::parted(&old, &new) } else { Ok(old) };
    Some(parted.map(|old| [old, new]))
}

/// Says that an argument names a file or folder that is there, and a branch or tag as well, and how to write either.
pub fn ambiguous(argument: &str) -> Option<String> {
    let path = Path::new(argument);
    let is_plain =
        !argument.starts_with(['.', '/', '-']) && !argument.ends_with('/') && !argument.contains([':', '\\']);
    if !is_plain || !path.exists() {
        return None;
    }
    let reference = git::reference(argument)?;
    let what = if path.is_dir() { "folder" } else { "file" };
    let argument = argument.escape_debug();
    Some(format!(
        "\"{argument}\" is a {what} here, and {reference} in git: ./{argument} is the {what}, {reference} the revision"
    ))
}

/// Returns the path of a file or folder that is there, beside a path that is not, and that was probably meant.
fn near(path: &Path) -> Option<String> {
    let (folder, name) = (path.parent()?, path.file_name()?.to_str()?);
    let there = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(there).ok()?;
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().to_str().map(str::to_owned)).take(MANY).collect();
    names.sort_unstable();
    let near = suggest::closest(name, names.iter().map(String::as_str))?;
    Some(folder.join(near).to_str()?.replace('\\', "/"))
}

/// How many names of a folder are compared with one that is not there.
const MANY: usize = 10_000;

/// Returns a path as reports show it: a relative one as it was given, of an absolute one its name alone.
fn shown(path: &Path) -> String {
    let spelled = path.to_str().filter(|_| path.is_relative()).map(|path| path.replace('\\', "/"));
    let name = || path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    spelled.map(|path| path.trim_start_matches("./").trim_end_matches('/').to_owned()).unwrap_or_else(name)
}

/// Reads to the end, up to the largest size that is read; `size` is what to expect.
fn read(from: impl Read, size: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(size + 1);
    from.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|error| anyhow!("cannot be read: {}", reason(&error)))?;
    if bytes.len() as u64 > MAX_FILE {
        bail!("is larger than {} MiB, which is the most that is read", MAX_FILE >> 20);
    }
    Ok(bytes)
}

/// Says why the system refused, without its number.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// Returns what of a tree that holds its paths in a sorted list is listed.
fn listed<'p>(paths: impl Iterator<Item = &'p String>, enter: &Enter, hidden: bool) -> Listing {
    let files = paths.filter(|path| is_listed(path, enter, hidden)).cloned().collect();
    Listing { files, ..Listing::default() }
}

/// The hidden files and folders of a project that are looked at all the same, at whatever depth; of a folder with more
/// than one part, nothing but that path is entered.
const SHOWN: &[&str] = &[
    ".circleci/config.yml",
    ".devcontainer",
    ".devcontainer.json",
    ".github/workflows",
    ".gitlab-ci.yml",
    ".pre-commit-config.yaml",
    ".pre-commit-config.yml",
    ".terraform.lock.hcl",
];

/// Says whether a path, a part of which may be hidden, is looked at: its last part, as those before it are.
fn is_shown(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    // From the last hidden part on, for what is below an open one is open.
    let Some(hidden) = parts.iter().rposition(|part| part.starts_with('.')) else { return true };
    let below = &parts[hidden..];
    SHOWN.iter().any(|shown| below.iter().zip(shown.split('/')).all(|(part, shown)| *part == shown))
}

/// Says whether a tree that holds its paths in a list lists a path: no hidden part, and each folder is entered.
fn is_listed(path: &str, enter: &Enter, hidden: bool) -> bool {
    is_entered(source::folder(path), enter, hidden) && (hidden || is_shown(path))
}

/// Says whether a tree that holds its paths in a list enters a folder, and those above it.
fn is_entered(folder: &str, enter: &Enter, hidden: bool) -> bool {
    let ends = folder.match_indices('/').map(|(at, _)| at).chain(Some(folder.len()).filter(|end| *end > 0));
    ends.map(|end| &folder[..end]).all(|folder| (hidden || is_shown(folder)) && enter(folder))
}
