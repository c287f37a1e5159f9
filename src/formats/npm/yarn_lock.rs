//! `yarn.lock`, of yarn 1 and of what is called berry, yarn 2 and later: two formats under one name.

use anyhow::Result;

use super::{resolutions, yarn_berry, yarn_classic};
use crate::entry;
use crate::formats::{Format, Near, Yield};
use crate::model::Inventory;
use crate::source::{self, Source};

entry! {
    /// `yarn.lock`, every package that yarn resolved for a project or a workspace: yarn 1, and 2 and later (berry).
    ///
    /// # What it reads
    /// Of yarn 1: what is asked for, and how, stands in the `package.json`s beside the lock; without them, the packages that
    /// no other requires count as direct. Of berry, all versions of the metadata that it has written, 4 to 10: the projects
    /// of the workspace and their requirements stand in the lock, and whether one is there to develop in the
    /// `package.json`s.
    ///
    /// Berry resolves a package with peers anew for each who requires it with others (its virtual packages). The lock does
    /// not write them down; they follow from it, and each is a component of its own, which requires differently. A patched
    /// package requires the package that the patch is laid over.
    ///
    /// # What the file does not say
    /// Berry's checksums are of yarn's own archives and not of what a registry serves: they are kept as a property
    /// named after the cache key (`yarn:10c0`), and compared with checksums of that key alone. From which registry a package
    /// comes, berry does not say either.
    pub YarnLock = "yarn-lock"
}

impl Format for YarnLock {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Environments]
    }

    fn files(&self) -> &'static [&'static str] {
        &["yarn.lock"]
    }

    fn recognizes(&self, text: &str) -> bool {
        let head: String = text.chars().take(400).collect();
        head.contains("# yarn lockfile v1") || head.contains("\n__metadata:") && head.contains("yarn install")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        if source.text.trim().is_empty() {
            return Err(source.fault(source.start(), "the file is empty"));
        }
        if source.text.lines().any(|line| line.trim_end() == "__metadata:") {
            yarn_berry::read(source, Vec::new())
        } else {
            yarn_classic::read(source)
        }
    }

    /// Which version answers a range that `resolutions` replace, the manifest alone says.
    fn parse_with(&self, source: &Source<'_>, open: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Inventory>> {
        if !source.text.lines().any(|line| line.trim_end() == "__metadata:") {
            return self.parse_all(source);
        }
        let manifest = source::join(source.folder(), "package.json").and_then(|path| open(&path));
        Ok(vec![yarn_berry::read(source, manifest.map_or_else(Vec::new, |text| resolutions::of(&text)))?])
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        match inventory.manifest.take() {
            Some(descriptors) => yarn_classic::join(inventory, near, &descriptors.facts),
            None => yarn_berry::join(inventory, near),
        }
    }
}
