//! One resolved package, image or runtime.

use std::fmt;
use std::sync::LazyLock;

use super::{Digest, Purl, without_credentials};
use crate::intern::{self, Table, Text};

/// What kind of thing a component is, as CycloneDX names them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A package: the usual case.
    #[default]
    Library,
    /// A project itself: the root of a lockfile, or a member of its workspace.
    Application,
    /// A container image.
    Container,
    /// An operating system.
    OperatingSystem,
    /// A framework, as some generators tell apart from libraries.
    Framework,
    /// A machine-learning model.
    Model,
    /// Data.
    Data,
    /// A file.
    File,
    /// Firmware, a device, a driver or a platform.
    Platform,
}

/// Where a component comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The file does not say.
    #[default]
    Unknown,
    /// A package registry or index, by its address as the file spells it.
    Registry(Text),
    /// A git repository at a commit.
    Git {
        /// The repository's address, without commit or query.
        url: Text,
        /// The full commit id; empty where the file names none.
        commit: Text,
        /// The branch or tag that was asked for; empty where none was.
        reference: Text,
    },
    /// An archive at an address.
    Url(Text),
    /// A folder or file of the tree or beside it, as the file spells it.
    Path(Text),
}

impl Origin {
    /// Returns a registry by its address, which is kept without credentials.
    pub fn registry(address: &str) -> Self {
        Origin::Registry(intern::text(&without_credentials(address)))
    }

    /// Returns an archive's address, which is kept without credentials.
    pub fn url(address: &str) -> Self {
        Origin::Url(intern::text(&without_credentials(address)))
    }

    /// Returns a repository by its address, which is kept without credentials, at a commit; a part not known is empty.
    pub fn git(url: &str, commit: &str, reference: &str) -> Self {
        let url = intern::text(&without_credentials(url));
        Origin::Git { url, commit: intern::text(commit), reference: intern::text(reference) }
    }

    /// Returns a folder or file.
    pub fn path(path: &str) -> Self {
        Origin::Path(intern::text(&without_credentials(path)))
    }

    /// Returns the address that an allow list is held against; none for what stands in folders, repositories too, and where
    /// nothing is known.
    pub fn address(&self) -> Option<Text> {
        match *self {
            Origin::Registry(url) | Origin::Git { url, .. } | Origin::Url(url) => {
                Some(url).filter(|url| !is_folder(url))
            }
            Origin::Path(_) | Origin::Unknown => None,
        }
    }
}

/// Says whether a text is a folder's path: `/srv/kit`, `../kit`, `C:\kit`.
fn is_folder(text: &str) -> bool {
    let is_drive = matches!(text.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic());
    is_drive || text.starts_with(['/', '.', '~', '\\'])
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Unknown => f.write_str("an unknown source"),
            Origin::Registry(url) => write!(f, "registry {url}"),
            Origin::Git { url, commit, reference } => {
                write!(f, "git {url}")?;
                if !reference.is_empty() {
                    write!(f, " ({reference})")?;
                }
                if commit.is_empty() { Ok(()) } else { write!(f, " at {commit}") }
            }
            Origin::Url(url) => write!(f, "{url}"),
            Origin::Path(path) => write!(f, "path {path}"),
        }
    }
}

/// One resolved package, image or runtime: identified by its purl, told apart by source and digests.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Component {
    /// The package URL.
    pub purl: Purl,
    /// What kind of thing it is.
    pub kind: Kind,
    /// Where it comes from.
    pub origin: Origin,
    /// The digests recorded for it, sorted, without doubles. Several files of one release give several.
    pub digests: Vec<Digest>,
    /// SPDX expression or what the file says of the licence; empty where it says nothing.
    pub licence: Text,
    /// Facts beside these, sorted: a variant, a build string, a size of a GPU stack. Kept in the BOM as properties.
    pub properties: Vec<(Text, Text)>,
}

impl Component {
    /// The property that names the tool which installed a component. Who installed it makes it no other component.
    pub const INSTALLER: Text = "installer";

    /// The property that names a host which has files of a component, and is neither its registry's own nor the one that
    /// has the others of the same lock. It says where the component comes from.
    pub const FILES: Text = "files-from";

    /// The properties that tell of a file's content, or of the mark that a store has put on it: of other content they are
    /// others, and its digest says so already.
    pub const CONTENT: [Text; 5] = ["checksum", "etag", "nfiles", "size", "version_id"];

    /// Returns a library with this purl, and nothing else known.
    pub fn new(purl: Purl) -> Self {
        Component { purl, ..Component::default() }
    }

    /// Keeps the component: equal ones are stored once, however many files name them.
    pub fn intern(mut self) -> &'static Component {
        static TABLE: LazyLock<Table<Component>> = LazyLock::new(Table::new);
        self.digests.sort_unstable();
        self.digests.dedup();
        self.properties.sort_unstable();
        TABLE.get(self, |component| Box::leak(Box::new(component)))
    }

    /// Returns the hosts that files of it come from though the others of their registry do not.
    pub fn odd_hosts(&self) -> impl Iterator<Item = Text> {
        self.properties.iter().filter(|(name, _)| *name == Component::FILES).map(|(_, host)| *host)
    }

    /// Returns the version, empty where there is none.
    pub fn version(&self) -> Text {
        self.purl.version()
    }

    /// Returns the name with its namespace, as the ecosystem writes it: `@scope/name`, `group:artifact`.
    pub fn name(&self) -> Text {
        self.purl.display_name()
    }
}
