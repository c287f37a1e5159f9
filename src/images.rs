//! Holds what is installed in an image to what its lockfile locks, and both to what the BOM approves.
//!
//! The lockfile is a promise; the image is what runs. A subject of an image is named by the image and its path in it:
//! `services/api!/opt/venv/lib/python3.12/site-packages`.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{Graph, Resolved, Subject};
use crate::intern::Text;
use crate::model::{Component, Layer, Origin, Scope};
use crate::policy::Policy;
use crate::stacks::{self, Expected};
use crate::versions;

/// What stands between an image's name and a path in it.
pub const MARK: &str = "!/";

/// Returns the name of the image that a subject is in; none for what is in none.
pub fn image_of(path: &str) -> Option<&str> {
    path.split_once(MARK).map(|(name, _)| name)
}

/// Returns the names of the images that a graph has, sorted.
pub fn names(graph: &Graph) -> BTreeSet<&str> {
    graph.subjects().iter().filter_map(|subject| image_of(subject.path)).collect()
}

/// One lockfile, and the environment of an image that it is installed into.
pub struct Comparison<'g> {
    /// The image's name.
    pub image: &'g str,
    /// What is locked.
    pub lock: &'g Subject,
    /// What is installed.
    pub installed: &'g Subject,
    /// What the BOM pins of the lockfile; none where it does not.
    pub approved: Option<&'g Subject>,
    /// The packages that differ, sorted by purl.
    pub rows: Vec<Row<'g>>,
    /// How many packages are the same wherever they are known.
    pub same: usize,
    /// The number of the layer that most of what is locked came with; none where that is not known.
    pub layer: Option<u32>,
}

/// A package that is not the same wherever it is known.
#[derive(Clone)]
pub struct Row<'g> {
    /// What the BOM pins.
    pub approved: Vec<Resolved<'g>>,
    /// What is locked.
    pub locked: Vec<Resolved<'g>>,
    /// What is installed.
    pub installed: Vec<Resolved<'g>>,
    /// What that means.
    pub meaning: Meaning,
}

/// What it means that a package is not the same in the BOM, in the lockfile and in the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meaning {
    /// A layer after the one that the lockfile was installed in has another version: something installed over it.
    Replaced,
    /// The image has what is approved, and the lockfile moved on: the image is from before.
    Behind,
    /// The image has what is locked, which is not what is approved.
    Unapproved,
    /// The image has another version, and came to it as to the rest: it was built from another state of the lockfile.
    Stale,
    /// The version is what is locked, and comes from elsewhere or has other content.
    Content,
    /// It is locked and not in the image.
    Missing,
    /// It is in the image and not locked.
    Extra,
    /// It is in the image and locked, and not what the build asks for of the lockfile: a tool of development.
    Unasked,
}

impl Meaning {
    /// Returns the name in reports.
    pub fn name(self) -> Text {
        match self {
            Meaning::Replaced => "replaced",
            Meaning::Behind => "behind",
            Meaning::Unapproved => "unapproved",
            Meaning::Stale => "stale",
            Meaning::Content => "content",
            Meaning::Missing => "missing",
            Meaning::Extra => "extra",
            Meaning::Unasked => "unasked",
        }
    }

    /// Returns what it means in words.
    pub fn words(self) -> &'static str {
        match self {
            Meaning::Replaced => "replaced in the image, after the lockfile was installed",
            Meaning::Behind => "the image is behind: it has what is approved, the lockfile moved on",
            Meaning::Unapproved => "locked and installed before it was approved",
            Meaning::Stale => "the image was built from another state of the lockfile",
            Meaning::Content => "the version is the locked one, the content is not",
            Meaning::Missing => "locked, and not in the image",
            Meaning::Extra => "in the image, and not locked",
            Meaning::Unasked => "in the image, and not asked for of the lockfile",
        }
    }
}

impl Row<'_> {
    /// Returns what the row is about: the installed package, or the locked one.
    pub fn about(&self) -> Component {
        let one = self.installed.first().or(self.locked.first()).or(self.approved.first());
        one.map(|one| one.component.clone()).unwrap_or_default()
    }

    /// Returns the layer that brought the installed package.
    pub fn layer(&self) -> Option<&'static Layer> {
        self.installed.iter().find_map(Resolved::layer)
    }
}

/// What the images of a graph say of its lockfiles.
#[derive(Default)]
pub struct Held<'g> {
    /// The lockfiles that an environment of their image holds, sorted by image and lockfile.
    pub comparisons: Vec<Comparison<'g>>,
    /// The lockfiles, with the image's name, that no environment of their image holds.
    pub strangers: Vec<(&'g str, &'g Subject)>,
    /// The packages that commands of the build installed beside those environments, with the image's name.
    pub beside: Vec<(&'g str, Resolved<'g>)>,
}

/// Compares every image of a graph with the lockfiles that it is built from; `pinned` returns what the BOM pins of a lockfile.
pub fn compare<'g>(resolved: &'g Graph, pinned: &dyn Fn(Text) -> Option<&'g Subject>, policy: &Policy) -> Held<'g> {
    let mut held = Held::default();
    for image in names(resolved) {
        let environments: Vec<&Subject> =
            resolved.subjects().iter().filter(|subject| image_of(subject.path) == Some(image)).collect();
        let first = held.comparisons.len();
        let mut strangers = Vec::new();
        let all = stacks::expected(resolved, policy, image);
        let locked: BTreeSet<Text> =
            all.iter().flat_map(|expected| expected.lock.components()).map(|node| node.component.purl.key()).collect();
        for expected in all {
            let homes = homes(&expected, &environments);
            if homes.is_empty() && is_installed_whole(&expected) {
                strangers.push((expected.is_installed, expected.lock));
            }
            let approved = pinned(expected.lock.path);
            held.comparisons
                .extend(homes.into_iter().map(|installed| one(image, &expected, installed, approved, &locked)));
        }
        let own = &held.comparisons[first..];
        // Of lockfiles that merely stand beside an image, one that it holds is enough.
        strangers.retain(|(is_installed, _)| *is_installed || own.is_empty());
        held.beside.extend(beside(own, &environments).into_iter().map(|node| (image, node)));
        held.strangers.extend(strangers.into_iter().map(|(_, lock)| (image, lock)));
    }
    held
}

/// Says whether what a lockfile locks is found in an environment package by package: of what is compiled into a program, only
/// some tell. A file of ranges locks nothing.
fn is_installed_whole(expected: &Expected<'_>) -> bool {
    expected.nodes.iter().any(|node| {
        let component = node.component;
        !node.is_root() && matches!(component.purl.ty(), "conda" | "npm" | "pypi") && !component.version().is_empty()
    })
}

/// Returns what was installed beside the environments that hold lockfiles, after those were: into the system's own, say.
/// What a distribution packs is its own matter.
fn beside<'g>(comparisons: &[Comparison<'g>], environments: &[&'g Subject]) -> Vec<Resolved<'g>> {
    let Some(at) = comparisons.iter().filter_map(|comparison| comparison.layer).max() else { return Vec::new() };
    let is_home = |subject: &Subject| comparisons.iter().any(|comparison| std::ptr::eq(comparison.installed, subject));
    let formats: BTreeSet<Text> = comparisons.iter().map(|comparison| comparison.installed.format).collect();
    let others = environments.iter().filter(|subject| {
        formats.contains(subject.format) && !is_home(subject) && !subject.path.ends_with("/dist-packages")
    });
    let is_later = |node: &Resolved<'g>| {
        let name = node.component.purl.name();
        node.layer().is_some_and(|layer| layer.number > at) && !INSTALLERS.contains(&name) && !is_bundled(node)
    };
    others.flat_map(|subject| subject.components()).filter(is_later).collect()
}

/// Returns a note on each image that is held to no lockfile.
pub fn unmatched(held: &Held<'_>, resolved: &Graph) -> Vec<String> {
    let is_held = |image: &str| {
        held.comparisons.iter().any(|comparison| comparison.image == image)
            || held.strangers.iter().any(|(name, _)| *name == image)
    };
    let others = names(resolved).into_iter().filter(|image| !is_held(image));
    others
        .map(|image| {
            format!("nothing that is installed in the image {image} is locked at {image}: it is held to no lockfile")
        })
        .collect()
}

/// The formats of what lockfiles are installed into.
const ENVIRONMENTS: &[&str] = &["cargo-auditable", "conda-meta", "dist-info", "node-modules"];

/// Finds the environments that a lockfile is installed into: those that hold half of it.
fn homes<'g>(expected: &Expected<'g>, environments: &[&'g Subject]) -> Vec<&'g Subject> {
    let keys: BTreeSet<Text> = expected.nodes.iter().map(|node| node.component.purl.key()).collect();
    let holds = |subject: &&&'g Subject| {
        let is_environment = ENVIRONMENTS.contains(&subject.format);
        let held: BTreeSet<Text> = subject.components().map(|node| node.component.purl.key()).collect();
        let count = held.intersection(&keys).count();
        // A few names in common are chance.
        is_environment && count * 2 >= keys.len() && count > 0
    };
    environments.iter().filter(holds).copied().collect()
}

/// The packages that bring packages, and are in environments beside what is locked.
const INSTALLERS: &[&str] = &["pip", "setuptools", "wheel", "uv", "npm", "corepack", "pkg-resources"];

fn one<'g>(
    image: &'g str,
    expected: &Expected<'g>,
    installed: &'g Subject,
    approved: Option<&'g Subject>,
    all_locked: &BTreeSet<Text>,
) -> Comparison<'g> {
    let lock = expected.lock;
    let wanted: BTreeSet<Text> = expected.nodes.iter().map(|node| node.component.purl.key()).collect();
    let group = |subject: Option<&'g Subject>| subject.map(Subject::by_key).unwrap_or_default();
    let (by_approval, by_lock, by_image) = (group(approved), group(Some(lock)), group(Some(installed)));
    // To pip, `==2.5.1` is any build of it; another lockfile names the one that it locked.
    let is_range = lock.format == "requirements-txt";
    let types: BTreeSet<&str> = installed.components().map(|node| node.component.purl.ty()).collect();
    // What the lockfile was installed by, most of it has in common; what came before is of the base image.
    let mut layers: BTreeMap<u32, usize> = BTreeMap::new();
    let held = by_image.iter().filter(|(key, _)| wanted.contains(*key)).flat_map(|(_, nodes)| nodes);
    held.filter_map(Resolved::layer).for_each(|layer| *layers.entry(layer.number).or_default() += 1);
    let at =
        layers.iter().max_by_key(|(number, count)| (**count, std::cmp::Reverse(**number))).map(|(number, _)| *number);
    let is_later = |nodes: &[Resolved<'_>]| {
        nodes.iter().any(|node| node.layer().zip(at).is_some_and(|(layer, at)| layer.number > at))
    };
    let keys: BTreeSet<Text> = by_lock.keys().chain(by_image.keys()).copied().collect();
    let mut rows = Vec::new();
    let mut same = 0;
    for key in keys {
        let of = |groups: &BTreeMap<Text, Vec<Resolved<'g>>>| groups.get(key).cloned().unwrap_or_default();
        let (approved_nodes, locked, inside) = (of(&by_approval), of(&by_lock), of(&by_image));
        // What is locked and was installed from a folder is no project of the team's.
        let is_own = locked.is_empty() && inside.iter().any(|node| is_folder(node.component));
        let is_project = locked.iter().any(Resolved::is_root) || is_own;
        let is_of_type = locked.first().is_none_or(|node| types.contains(node.component.purl.ty()));
        if is_project || !is_of_type || locked.iter().any(|node| node.component.version().is_empty()) {
            continue;
        }
        let meaning = match (locked.is_empty(), inside.is_empty()) {
            (false, true) => {
                let is_needed = wanted.contains(key) && locked.iter().any(is_certain);
                if !is_needed || expected.lock.format == "cargo-lock" {
                    continue;
                }
                Meaning::Missing
            }
            (true, _) => {
                let early = |node: &Resolved<'_>| node.layer().zip(at).is_some_and(|(layer, at)| layer.number < at);
                let name = inside.first().map_or("", |node| node.component.purl.name());
                let is_bundled = inside.iter().all(is_bundled);
                if INSTALLERS.contains(&name)
                    || all_locked.contains(key)
                    || is_bundled
                    || inside.iter().all(early)
                    || lock.format == "cargo-lock"
                {
                    continue;
                }
                // What is approved and no longer locked came with the lockfile of before.
                let has = |version: Text| approved_nodes.iter().any(|node| node.component.version() == version);
                let is_approved = inside.iter().all(|node| has(node.component.version()));
                if is_approved { Meaning::Behind } else { Meaning::Extra }
            }
            (false, false) => match differs(&approved_nodes, &locked, &inside, (is_range, is_later(&inside))) {
                Some(meaning) => meaning,
                // What a later command brought is told with what that installed.
                None if expected.is_asked
                    && !wanted.contains(key)
                    && !inside.iter().all(is_bundled)
                    && !is_later(&inside) =>
                {
                    Meaning::Unasked
                }
                None => {
                    same += 1;
                    continue;
                }
            },
        };
        rows.push(Row { approved: approved_nodes, locked, installed: inside, meaning });
    }
    Comparison { image, lock, installed, approved, rows, same, layer: at }
}

/// Says whether a package is locked without a condition that may not hold in the image.
fn is_certain(node: &Resolved<'_>) -> bool {
    let mut asked = node.required_by();
    // A link leads to the project's own folder.
    !matches!(node.component.origin, Origin::Path(_))
        && matches!(node.scope(), Some(Scope::Runtime))
        && node.environment().is_empty()
        && asked.any(|link| link.requirement.environment.is_empty())
}

/// Says whether a package was installed from a folder, as the project itself is; a wheel that lay in one is as any other.
fn is_folder(component: &Component) -> bool {
    let is_folder = |path: Text| component.digests.is_empty() && !path.ends_with(".whl") && !path.ends_with(".gz");
    component.purl.ty() == "pypi" && matches!(component.origin, Origin::Path(path) if is_folder(path))
}

/// Says whether a package is a copy that another one brings within itself.
fn is_bundled(node: &Resolved<'_>) -> bool {
    node.component.properties.contains(&("bundled", "true"))
}

/// Says what it means where a package that is locked and installed is not the same wherever it is known.
fn differs(
    approved: &[Resolved<'_>],
    locked: &[Resolved<'_>],
    installed: &[Resolved<'_>],
    (is_range, is_later): (bool, bool),
) -> Option<Meaning> {
    let is_version = |one: &Component, other: &Component| is_version(one, other, is_range);
    let all_in = |some: &[Resolved<'_>], others: &[Resolved<'_>]| {
        some.iter().all(|one| others.iter().any(|other| is_version(one.component, other.component)))
    };
    if all_in(installed, locked) {
        let elsewhere = |one: &Resolved<'_>| {
            let mut same = locked.iter().filter(|other| is_version(one.component, other.component)).peekable();
            same.peek().is_some() && same.all(|other| is_other_content(one.component, other.component))
        };
        if installed.iter().any(elsewhere) {
            return Some(Meaning::Content);
        }
        let is_new = !approved.is_empty() && !all_in(installed, approved);
        return is_new.then_some(Meaning::Unapproved);
    }
    Some(match () {
        () if is_later => Meaning::Replaced,
        () if !approved.is_empty() && all_in(installed, approved) => Meaning::Behind,
        () => Meaning::Stale,
    })
}

/// Says whether an installed version is a locked one; of a range that names no build, any: `2.5.1+cu124` is in `==2.5.1`.
fn is_version(installed: &Component, locked: &Component, is_range: bool) -> bool {
    let scheme = versions::scheme(locked.purl.ty());
    let (is, should) = (installed.version(), locked.version());
    let public = is.split_once('+').map_or(is, |(public, _)| public);
    scheme.same(is, should) || (is_range && !should.contains('+') && scheme.same(public, should))
}

/// Says whether a package of the locked version is none that the lockfile names: as far as both sides tell.
fn is_other_content(installed: &Component, locked: &Component) -> bool {
    let shared = |algorithm| locked.digests.iter().any(|digest| digest.algorithm == algorithm);
    // A wheel that the build made itself is none that the lockfile knows.
    if matches!(installed.origin, Origin::Path(_)) {
        return is_folder(installed) && locked.origin.address().is_some();
    }
    let comparable: Vec<_> = installed.digests.iter().filter(|digest| shared(digest.algorithm)).collect();
    if !comparable.is_empty() {
        return comparable.iter().all(|digest| !locked.digests.contains(digest));
    }
    match (&installed.origin, &locked.origin) {
        (Origin::Git { commit, .. }, Origin::Git { commit: other, .. }) => {
            !commit.is_empty() && !other.is_empty() && commit != other
        }
        (Origin::Git { .. }, Origin::Registry(_) | Origin::Url(_)) => true,
        (Origin::Url(_), Origin::Registry(_)) => locked.purl.ty() == "pypi",
        _ => false,
    }
}
