//! A folder a purl type, a file a format: each reads one file and says what that file says.

pub mod apk;
pub mod bazel;
pub mod cargo;
pub mod cocoapods;
pub mod composer;
pub mod conan;
pub mod conda;
pub mod cran;
pub mod cyclonedx;
pub mod deb;
pub mod gem;
pub mod generic;
pub mod github;
pub mod golang;
pub mod hackage;
mod hang;
pub mod helm;
pub mod hex;
pub mod huggingface;
pub mod julia;
pub mod maven;
pub mod mlflow;
pub mod nix;
pub mod npm;
pub mod nuget;
pub mod oci;
pub mod os;
pub(crate) mod pins;
pub mod r#pub;
pub mod pypi;
pub mod rpm;
pub mod spdx;
pub mod swift;
pub mod terraform;
pub mod vcpkg;

use anyhow::Result;

use crate::entry::Entry;
use crate::intern::Text;
use crate::model::Inventory;
use crate::source::{MAX_FILE, Source, Sources};

/// What a file of a format is to the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It says what is resolved: a lockfile, a container manifest, a BOM. It is a subject of its own.
    Subject,
    /// It says what was asked for: read to be joined with the lockfile that answers it.
    Manifest,
}

/// What the files of a format hold beyond the names and versions of packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Yield {
    /// Who requires whom, by exact versions.
    Edges,
    /// What is needed to run, to build, to develop, or optional.
    Scopes,
    /// Digests of the packages' files.
    Digests,
    /// Where packages come from.
    Sources,
    /// The conditions under which a part applies: platforms, markers, named environments.
    Environments,
    /// Licences.
    Licences,
}

impl Yield {
    /// All of them, in the order that tables list them in.
    pub const ALL: [Yield; 6] =
        [Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Environments, Yield::Licences];

    /// Returns the name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Yield::Edges => "edges",
            Yield::Scopes => "scopes",
            Yield::Digests => "digests",
            Yield::Sources => "sources",
            Yield::Environments => "environments",
            Yield::Licences => "licences",
        }
    }
}

/// One file format.
pub trait Format: Entry {
    /// Returns the file names it is found under, as globs on the file's name: `Cargo.lock`, `requirements*.txt`.
    fn files(&self) -> &'static [&'static str];

    /// Returns what its files hold beyond names and versions, by themselves or with the manifest beside them, in the order
    /// of [`Yield::ALL`]. Held to the fixtures: what none shows is not claimed, and what one shows is.
    fn yields(&self) -> &'static [Yield] {
        &[]
    }

    /// Says whether a file is of the format by its path.
    fn takes(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.files().iter().any(|glob| matches(glob, name))
    }

    /// Says whether its files tell what is installed: a package manager's own records.
    ///
    /// They are looked at where a tree is a root file system or an installed environment, in folders that are hidden or
    /// hold other people's projects too; and nowhere else.
    fn is_installed(&self) -> bool {
        false
    }

    /// Returns the subject that a file is a part of, where many files are one subject: the environment that a package is
    /// installed into. None where the file is a subject itself.
    fn gathers(&self, _path: &str) -> Option<String> {
        None
    }

    /// Makes one inventory of the files of one subject, which come sorted by path. `subject` is what [`Format::gathers`]
    /// says of each of them; there is at least one.
    fn gather(&self, subject: Text, mut files: Vec<Inventory>) -> Inventory {
        let mut whole = files.remove(0);
        whole.subject = subject;
        files.into_iter().for_each(|file| whole.absorb(file));
        whole
    }

    /// Returns the files that are looked at beside one of this format though they stand in folders that are not walked, by
    /// their paths from its folder: `vendor/modules.txt`.
    fn leads_to(&self) -> &'static [&'static str] {
        &[]
    }

    /// Returns the files that [`Format::join`] looks at though a walk may have left them out, or one that was named may stand
    /// far from them: by their paths below the tree's root. Of those that are there and were not found, what they say is
    /// joined, and they are no subjects.
    fn looks_at(&self, _inventory: &Inventory) -> Vec<String> {
        Vec::new()
    }

    /// Returns what such a file is to the gate.
    fn role(&self) -> Role {
        Role::Subject
    }

    /// Says whether a file of such a name is of the format, by its text: names as `deploy.yaml` are others' too.
    ///
    /// It is asked of many files, and must be fast. In a walk, a file that no format says is its own is no subject. A
    /// format that does not even take an empty file may find nothing in one that it takes, and that is no subject either.
    fn is_of(&self, _path: &str, _text: &str) -> bool {
        true
    }

    /// Returns how large a file of it can be, in bytes: in a walk, a larger one is another kind of file, and is not opened.
    fn most(&self) -> u64 {
        MAX_FILE
    }

    /// Says whether a file of such a name may hold what is weighed and not read: the weights of a model. Where it is no text,
    /// the format is given the pointer that Git LFS would keep in its place.
    fn weighs(&self, _path: &str) -> bool {
        false
    }

    /// Says whether a text under another name is likely of this format.
    fn recognizes(&self, _text: &str) -> bool {
        false
    }

    /// Reads one file; opens nothing else.
    ///
    /// # Errors
    /// Where the file cannot be read at all, with its place. What can be stepped over goes to [`Inventory::fault`].
    fn parse(&self, source: &Source<'_>) -> Result<Inventory>;

    /// Reads a file that may hold several subjects.
    ///
    /// # Errors
    /// As [`Format::parse`].
    fn parse_all(&self, source: &Source<'_>) -> Result<Vec<Inventory>> {
        Ok(vec![self.parse(source)?])
    }

    /// Reads a file for which settings beside it may fill in variables: `open` returns the text of a file that is there.
    ///
    /// Such a file (`.env`) is no subject and often holds secrets: of it, no more is kept than what the file asks for.
    ///
    /// # Errors
    /// As [`Format::parse`].
    fn parse_with(&self, source: &Source<'_>, _open: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Inventory>> {
        self.parse_all(source)
    }

    /// Says whether joins of other files look at what one of this format said before it was joined itself.
    fn is_joined_by_others(&self) -> bool {
        false
    }

    /// Says whether what was read of a file, and joined, is a subject: it may say nothing that its neighbours do not.
    fn is_subject(&self, _inventory: &Inventory) -> bool {
        true
    }

    /// Says whether the files around one of this format add to what it says.
    fn joins(&self) -> bool {
        false
    }

    /// Adds to an inventory what the files around it say: manifests, included files.
    ///
    /// Only called where [`Format::joins`]. The files around are seen as they were read, before any of them is joined;
    /// the inventory itself may be among them without what it says.
    fn join(&self, _inventory: &mut Inventory, _near: &Near<'_>) {}
}

/// The files around a lockfile.
pub struct Near<'n> {
    /// All inventories of the tree, sorted by path.
    pub inventories: &'n [Inventory],
    /// The files themselves, for what others make it read again.
    pub sources: Option<&'n Sources>,
}

impl<'n> Near<'n> {
    /// Returns the text of the file that an inventory was read from.
    pub fn text(&self, inventory: &Inventory) -> Option<String> {
        self.sources?.read(inventory.nodes.first()?.place.file).ok()
    }

    /// Returns the inventory of the file at `path`.
    pub fn get(&self, path: &str) -> Option<&'n Inventory> {
        let found = self.inventories.binary_search_by(|inventory| inventory.subject.cmp(path)).ok()?;
        Some(&self.inventories[found])
    }

    /// Returns the inventories of one format in `folder` and below it.
    pub fn below(&self, folder: &str, format: &'static str) -> impl Iterator<Item = &'n Inventory> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let from = self.inventories.partition_point(|inventory| inventory.subject < prefix.as_str());
        self.inventories[from..]
            .iter()
            .take_while(move |inventory| inventory.subject.starts_with(&prefix))
            .filter(move |inventory| inventory.format == format)
    }
}

/// All formats, each folder behind the purl type of what its files mostly name; empty where they name what they like.
pub const FORMATS: &[(Text, &[&dyn Format])] = &[
    ("apk", apk::FORMATS),
    ("bazel", bazel::FORMATS),
    ("cargo", cargo::FORMATS),
    ("cocoapods", cocoapods::FORMATS),
    ("composer", composer::FORMATS),
    ("conan", conan::FORMATS),
    ("conda", conda::FORMATS),
    ("cran", cran::FORMATS),
    ("deb", deb::FORMATS),
    ("gem", gem::FORMATS),
    ("generic", generic::FORMATS),
    ("github", github::FORMATS),
    ("golang", golang::FORMATS),
    ("hackage", hackage::FORMATS),
    ("helm", helm::FORMATS),
    ("hex", hex::FORMATS),
    ("huggingface", huggingface::FORMATS),
    ("julia", julia::FORMATS),
    ("maven", maven::FORMATS),
    ("mlflow", mlflow::FORMATS),
    ("nix", nix::FORMATS),
    ("npm", npm::FORMATS),
    ("nuget", nuget::FORMATS),
    ("docker", oci::FORMATS),
    ("", os::FORMATS),
    ("pub", r#pub::FORMATS),
    ("pypi", pypi::FORMATS),
    ("rpm", rpm::FORMATS),
    ("swift", swift::FORMATS),
    ("terraform", terraform::FORMATS),
    ("vcpkg", vcpkg::FORMATS),
    ("", cyclonedx::FORMATS),
    ("", spdx::FORMATS),
];

/// Returns every format.
pub fn all() -> impl Iterator<Item = &'static dyn Format> {
    FORMATS.iter().flat_map(|(_, folder)| folder.iter().copied())
}

/// Finds a format by its id.
pub fn named(id: &str) -> Option<&'static dyn Format> {
    all().find(|format| format.id() == id)
}

/// Returns the purl type of what files of a format mostly name, by the format's id; empty where it is none, or not known.
pub fn ecosystem(id: &str) -> Text {
    let holds = |folder: &[&dyn Format]| folder.iter().any(|format| format.id() == id);
    FORMATS.iter().find(|(_, folder)| holds(folder)).map_or("", |(ty, _)| *ty)
}

/// Finds the format of a file of an installed environment by its path.
pub fn of_installed(path: &str) -> Option<&'static dyn Format> {
    all().find(|format| format.is_installed() && format.takes(path))
}

/// Finds the format of a file by its name: one that the name is enough for, rather than one that shares it.
pub fn of_file(path: &str) -> Option<&'static dyn Format> {
    taking(path).min_by_key(|format| !format.is_of(path, ""))
}

/// Finds the format of a file by its name, and by its text where several kinds of files bear that name.
pub fn of_text_under(path: &str, text: &str) -> Option<&'static dyn Format> {
    let named = of_file(path)?;
    let is_other = |format: &&dyn Format| format.id() != named.id();
    let mut formats = std::iter::once(named).chain(taking(path).filter(is_other));
    formats.find(|format| format.is_of(path, text))
}

/// Returns the formats that take a file's name.
fn taking(path: &str) -> impl Iterator<Item = &'static dyn Format> {
    all().filter(move |format| !format.is_installed() && format.takes(path))
}

/// Finds the format of a text whose file's name says nothing.
pub fn of_text(text: &str) -> Option<&'static dyn Format> {
    all().find(|format| format.recognizes(text))
}

/// Says whether a name matches a glob whose one wildcard is `*`.
pub fn matches(glob: &str, name: &str) -> bool {
    let mut parts = glob.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(middle) = last.replace(part) {
            let middle: &str = middle;
            let Some(at) = rest.find(middle) else { return false };
            rest = &rest[at + middle.len()..];
        }
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn names_match_globs() {
        for (glob, name, expected) in [
            ("Cargo.lock", "Cargo.lock", true),
            ("Cargo.lock", "Cargo.lock2", false),
            ("requirements*.txt", "requirements.txt", true),
            ("requirements*.txt", "requirements-dev.txt", true),
            ("requirements*.txt", "requirements.in", false),
            ("*.Dockerfile", "api.Dockerfile", true),
            ("*-req*.txt", "a-req-b.txt", true),
            ("*-req*.txt", "areq.txt", false),
        ] {
            assert_eq!(matches(glob, name), expected, "{glob} {name}");
        }
    }
}
