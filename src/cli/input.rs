//! What commands work on: the tree, the policy, the pinned BOM.

use std::collections::BTreeSet;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueHint};

use super::names::Names;
use super::options::{located, within};
use super::repository;
use crate::Side;
use crate::discover::{self, Read, Scan};
use crate::formats::{self, cargo};
use crate::gpu::{probe, tables};
use crate::graph::Graph;
use crate::images;
use crate::intern;
use crate::policy::{self, Policy};
use crate::rules;
use crate::source::{self, FileId, Source, Sources};
use crate::stacks;
use crate::suggest;
use crate::tree::{self, Folder, Input, Memory, Single, Tree};

/// What to read, and by which policy.
#[derive(Args, Clone)]
pub struct Files {
    /// The policy; `driftgate.toml` in PATH if it is there.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// A folder of facts of your own about toolkits, drivers, GPUs, frameworks and images, laid over driftgate's: files
    /// named and written as `driftgate gpu facts` shows them, `drivers.toml` and so on.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub facts: Option<PathBuf>,
    /// Run `cargo metadata` for licences, features and target-specific kinds. It runs cargo on the tree, whose settings
    /// can name programs to run: only for trees you trust.
    #[arg(long)]
    pub cargo_metadata: bool,
    /// Which image is meant of one for several platforms: `linux/arm64`.
    #[arg(long, value_name = "OS/ARCH", value_parser = Names::platforms(), hide_possible_values = true)]
    pub platform: Option<String>,
}

/// The images that go with a tree.
#[derive(Args, Clone, Default)]
pub struct Images {
    /// A built image, as an archive or an OCI layout, that goes with what the tree has at NAME: a folder, a Dockerfile or a
    /// lockfile (`services/api=api.tar`). What is installed in it is held to what is locked there; repeatable.
    #[arg(long, value_name = "NAME=FILE")]
    pub image: Vec<String>,
}

impl Images {
    /// Reads the images, and adds what they hold to a side. With the BOM's graph, each name must be known to it or to the
    /// tree.
    ///
    /// # Errors
    /// Where one can't be read, or a name is given twice or means nothing.
    pub fn add_to(&self, side: &mut Side, pinned: Option<&Graph>, work: &Work<'_>, files: &Files) -> Result<()> {
        let mut seen = BTreeSet::new();
        let mut graph = Vec::new();
        for argument in &self.image {
            let Some((name, file)) = argument.split_once('=') else {
                bail!("--image {}: it takes NAME=FILE, as in services/api=api.tar", argument.escape_debug());
            };
            let named = source::join("", name).filter(|name| !name.contains(images::MARK));
            let Some(name) = named else { bail!("--image {}: a name is a path in the tree", argument.escape_debug()) };
            // An empty name would be the tree's own.
            let name = if name.is_empty() { ".".to_owned() } else { name };
            if !seen.insert(name.clone()) {
                bail!("--image {name} is given twice");
            }
            let is_known = stacks::is_named(&side.graph, &name)
                || pinned.is_some_and(|pinned| images::names(pinned).contains(name.as_str()));
            if pinned.is_some() && !is_known {
                let subjects = side.graph.subjects().iter().map(|subject| subject.path);
                let paths = subjects.flat_map(|path| [source::folder(path), path]);
                let names: BTreeSet<&str> = paths.chain(pinned.into_iter().flat_map(images::names)).collect();
                let hint = suggest::hint(&name, names.into_iter().filter(|name| !name.is_empty()));
                bail!("--image {name}: the tree has nothing there, and the BOM pins no image of that name{hint}");
            }
            if file.contains("://") {
                bail!(
                    "--image {name}={file}: driftgate fetches nothing; `skopeo copy {file} oci-archive:image.tar` does"
                );
            }
            let input = tree::open(file, files.platform.as_deref(), &discover::look)?;
            if input.file.is_some() || !input.tree.is_installed() {
                bail!("--image {}: this is no container image", argument.escape_debug());
            }
            let prefix = format!("{name}{}", images::MARK);
            let scan = Scan { tells: work.tells, ..Scan::default() };
            let mut read = discover::read_below(work.sources, &input.tree, &scan, &prefix)?;
            let exclude = &work.policy.exclude;
            read.inventories.retain(|inventory| !exclude.matches(inventory.subject));
            let read = read.side();
            side.problems.extend(read.problems);
            side.unread.extend(read.unread);
            side.notes.extend(read.notes);
            side.told.extend(read.told);
            graph.push(read.graph);
        }
        graph.into_iter().for_each(|graph| side.graph.replace(graph));
        Ok(())
    }
}

/// The policy's name where none is given.
pub const POLICY: &str = "driftgate.toml";

/// A tree that is being worked on.
pub struct Work<'s> {
    /// What the argument named.
    pub input: Input,
    /// The policy.
    pub policy: Policy,
    /// Where the pinned BOM stands.
    pub bom: PathBuf,
    /// The files that have been opened.
    pub sources: &'s Sources,
    /// Whether it is told what became of each file.
    pub tells: bool,
}

impl<'s> Work<'s> {
    /// Opens a tree and its policy.
    ///
    /// # Errors
    /// Where either can't be read.
    pub fn open(path: &str, files: &Files, bom: Option<&Path>, sources: &'s Sources) -> Result<Self> {
        if let Some(facts) = &files.facts {
            lay_over(facts, sources)?;
        }
        let input = tree::open(path, files.platform.as_deref(), &discover::look)?;
        let folder = input.home.clone();
        let beside = within(&folder, POLICY);
        // Whatever bears the policy's name is the policy: what is no file there must not pass for none.
        let config = files.config.clone().or_else(|| beside.symlink_metadata().is_ok().then_some(beside));
        let base = config.as_deref().and_then(Path::parent).unwrap_or(&folder);
        let policy = match &config {
            None => Policy::default(),
            Some(config) => {
                let known: Vec<&str> = rules::all().map(|rule| rule.id()).collect();
                let (file, text) = open_file(sources, &folder, config)
                    .with_context(|| format!("reading the policy {}", config.display()))?;
                let source = Source { file, path: sources.path(file), text: &text };
                let mut policy = Policy::parse(&source, &known)
                    .map_err(|error| located(error, sources))
                    .context("reading the policy")?;
                policy
                    .read_targets(|path| read_below(sources, base, path))
                    .map_err(|error| located(error, sources))
                    .context("reading the policy's targets")?;
                policy.of_part = input.file.is_some() || input.tree.is_installed() || !is_same_folder(base, &folder);
                policy
            }
        };
        let bom = match bom {
            Some(bom) => bom.to_owned(),
            // A policy comes with the tree: it must not choose a file elsewhere to be read or written over.
            None => match source::join("", policy.bom()) {
                Some(inside) if !inside.is_empty() => within(base, inside),
                _ => bail!("the policy's bom = \"{}\" leads out of its folder; --bom may", policy.bom().escape_debug()),
            },
        };
        Ok(Work { input, policy, bom, sources, tells: false })
    }

    /// Tells what became of each file, where `tells` says so.
    pub fn telling(self, tells: bool) -> Self {
        Work { tells, ..self }
    }

    /// Opens a tree under the default policy, whatever stands in it.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn without_policy(path: &str, sources: &'s Sources) -> Result<Self> {
        let input = tree::open(path, None, &discover::look)?;
        let bom = within(&input.home, policy::BOM);
        Ok(Work { input, policy: Policy::default(), bom, sources, tells: false })
    }

    /// Returns where the tree stands in its repository, as [`Report::root`](crate::report::Report::root) has it; `argument`
    /// is what named it.
    pub fn root(&self, argument: &str) -> String {
        match (&self.input.folder, argument.split_once(':')) {
            (Some(folder), _) if self.input.tree.about().is_none() => repository::below(folder),
            (None, Some((_, path))) if !self.is_file() => source::join("", path).unwrap_or_default(),
            _ => String::new(),
        }
    }

    /// Says whether one file is meant, and not a whole tree.
    pub fn is_file(&self) -> bool {
        self.input.file.is_some()
    }

    /// Returns the name under which the pinned BOM would have the one file that is meant: its path from the BOM's folder.
    fn pinned_name(&self) -> Option<String> {
        below(self.bom.parent()?, &self.input.home.join(self.input.file.as_ref()?))
    }

    /// Reads the tree, or the one file.
    ///
    /// # Errors
    /// Where the tree can't be listed, or no format knows the file.
    pub fn read(&self, files: &Files) -> Result<Side> {
        let (include, exclude) = (self.policy.include.set().clone(), self.policy.exclude.set().clone());
        let mut scan = Scan { include, exclude, tells: self.tells, ..Scan::default() };
        scan.skip.extend(below(&self.input.home, &self.bom));
        let name = self.pinned_name();
        read(self.sources, &self.input, &scan, files.cargo_metadata, name.as_deref())
    }

    /// Reads the pinned BOM.
    ///
    /// # Errors
    /// Where it is not there, or can't be read whole: nothing can be held to half a BOM.
    pub fn pinned(&self) -> Result<Side> {
        if !self.bom.exists() {
            bail!(
                "there is no pinned BOM at {}; write the first one with `driftgate init`, or `driftgate pin` under a policy",
                self.bom.display()
            );
        }
        read_bom(self.sources, &self.input.home, &self.bom)
    }
}

/// Says whether two paths lead to one folder; an empty one is the folder that the program runs in.
fn is_same_folder(a: &Path, b: &Path) -> bool {
    let whole = |path: &Path| {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        path.canonicalize().ok()
    };
    whole(a).is_some_and(|a| Some(a) == whole(b))
}

/// Reads a BOM by its file.
///
/// # Errors
/// Where it can't be read whole.
fn read_bom(sources: &Sources, root: &Path, bom: &Path) -> Result<Side> {
    let single = Single::new(bom)?.shown_as(below(root, bom));
    let name = single.shown().to_owned();
    let tree: Arc<dyn Tree> = Arc::new(single);
    let read = discover::read_file(sources, &tree, &name).context("reading the pinned BOM")?;
    if let Some(problem) = read.problems.first() {
        bail!("reading the pinned BOM: {problem}");
    }
    Ok(read.side())
}

/// Reads what an argument names.
///
/// # Errors
/// As [`Work::read`].
fn read(sources: &Sources, input: &Input, scan: &Scan, cargo_metadata: bool, name: Option<&str>) -> Result<Side> {
    let mut read = match &input.file {
        Some(file) => discover::read_one(sources, &input.tree, file, scan.tells)?,
        None => discover::read(sources, &input.tree, scan)?,
    };
    if cargo_metadata {
        enrich(&mut read, input)?;
    }
    if let (Some(file), Some(name)) = (&input.file, name) {
        let name = intern::text(name);
        for inventory in read.inventories.iter_mut().filter(|inventory| inventory.subject == file) {
            inventory.subject = name;
        }
        if read.unread.remove(file.as_str()) {
            read.unread.insert(name);
        }
    }
    Ok(read.side())
}

/// Reads a document from its bytes, as it would be read from a file.
///
/// # Errors
/// Where it can't be read.
pub fn read_bytes(sources: &Sources, name: &str, bytes: Vec<u8>) -> Result<Side> {
    let tree: Arc<dyn Tree> = Arc::new(Memory::new([(name.to_owned(), bytes)]));
    let read = discover::read_file(sources, &tree, name)?;
    Ok(read.side())
}

fn enrich(read: &mut Read, input: &Input) -> Result<()> {
    let Some(folder) = &input.folder else { bail!("--cargo-metadata works on a folder on disk") };
    let id = "cargo-lock";
    for inventory in read.inventories.iter_mut().filter(|inventory| inventory.format == id) {
        let at = folder.join(crate::source::folder(inventory.subject));
        cargo::metadata::enrich(inventory, &at)
            .with_context(|| format!("running cargo metadata for {}", inventory.subject))?;
    }
    debug_assert!(formats::named(id).is_some());
    Ok(())
}

/// Lays the facts of a folder over the tables.
///
/// # Errors
/// Where it can't be listed or holds no facts, and all that is wrong with them.
pub fn lay_over(folder: &Path, sources: &Sources) -> Result<()> {
    let reading = || format!("reading the facts {}", folder.display());
    let entries = std::fs::read_dir(folder).with_context(reading)?;
    let paths =
        entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<PathBuf>>>().with_context(reading)?;
    let mut paths: Vec<PathBuf> =
        paths.into_iter().filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    paths.sort();
    if paths.is_empty() {
        bail!("{}: no .toml file there; `driftgate gpu facts` names the files there may be", reading());
    }
    let mut read = Vec::new();
    for path in &paths {
        let (file, text) = open_file(sources, Path::new(""), path).with_context(reading)?;
        read.push((file, text));
    }
    let files: Vec<Source<'_>> =
        read.iter().map(|(file, text)| Source { file: *file, path: sources.path(*file), text }).collect();
    tables::lay_over(&files).map_err(|error| located(error, sources)).with_context(reading)
}

/// Reads a file below a folder; what leads out of it is not opened.
fn read_below(sources: &Sources, folder: &Path, path: &str) -> Result<String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let tree = sources.add_tree(Arc::new(Folder::new(folder)?));
    sources.read(sources.add_file(tree, path))
}

/// Reads the targets that files tell of, as `--nodes` names them; `-` is standard input.
///
/// # Errors
/// Where one can't be read, or tells of no target.
pub fn read_nodes(sources: &Sources, files: &[PathBuf]) -> Result<Vec<policy::Target>> {
    let mut targets = Vec::new();
    for path in files {
        let read = || {
            let (file, text) = if path == Path::new("-") {
                let name = "<stdin>";
                let mut bytes = Vec::new();
                io::stdin().lock().take(source::MAX_FILE).read_to_end(&mut bytes)?;
                let tree = sources.add_tree(Arc::new(Memory::new([(name.to_owned(), bytes)])));
                let file = sources.add_file(tree, name);
                (file, sources.read(file)?)
            } else {
                open_file(sources, Path::new(""), path)?
            };
            let place = Source { file, path: sources.path(file), text: &text }.start();
            let found = probe::read(probe::stem(sources.path(file)), &text)?;
            anyhow::Ok(found.into_iter().map(move |target| policy::Target::of(target, place)))
        };
        targets.extend(read().with_context(|| format!("reading --nodes {}", path.display()))?);
    }
    Ok(targets)
}

fn open_file(sources: &Sources, root: &Path, path: &Path) -> Result<(FileId, String)> {
    let single = Single::new(path)?.shown_as(below(root, path));
    let name = single.shown().to_owned();
    let tree = sources.add_tree(Arc::new(single));
    let file = sources.add_file(tree, &name);
    let text = sources.read(file)?;
    Ok((file, text))
}

/// Returns a file's path below a folder, with forward slashes; none where it stands elsewhere.
pub fn below(folder: &Path, file: &Path) -> Option<String> {
    let whole = |path: &Path| {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        std::fs::canonicalize(path).ok()
    };
    let (folder, parent) = (whole(folder)?, whole(file.parent()?)?);
    let file = parent.join(file.file_name()?);
    Some(file.strip_prefix(folder).ok()?.to_str()?.replace('\\', "/"))
}
