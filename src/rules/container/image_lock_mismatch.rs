//! The image is not what the lockfile says.

use anyhow::Result;

use super::is_compared;
use crate::entry;
use crate::graph::{Resolved, Subject};
use crate::images::{self, Meaning};
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// An image holds another version of a package than its lockfile locks, or the same version from elsewhere.
    ///
    /// # Why
    /// The lockfile was reviewed; the image is what runs. A `RUN pip install` after the lock pulls in another torch, an
    /// image is built before the lock moved, a base image brings its own copy: each passes every check of the lockfile.
    /// Only images that are given with `--image` can be looked into.
    ///
    /// Versions are held to each other as the ecosystem spells them; in a requirements file `==2.5.1` is any build of it
    /// (`2.5.1+cu124`), as to pip. Sources and digests are compared where both sides tell them.
    ///
    /// Where the BOM pins the image too, with that very package, it only warns.
    ///
    /// An image that holds less than half of its lockfile is told of once: it is another project's, or its build installs
    /// nothing.
    ///
    /// # Mend
    /// Where the image is behind, build it again. Where something was installed over the lock, take that command out of
    /// the build, or lock what it installs.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// image-lock-mismatch = "warn"
    /// ```
    pub ImageLockMismatch = "image-lock-mismatch"
}

impl Rule for ImageLockMismatch {
    fn looks_at(&self, case: &Case<'_>, subject: &Subject) -> bool {
        let is_stranger = |(_, lock): &(_, &Subject)| lock.path == subject.path;
        is_compared(case, subject) || case.images().strangers.iter().any(is_stranger)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for (image, lock) in &case.images().strangers {
            let (name, path) = (phrase::safe(image), phrase::safe(lock.path));
            let message = format!("nothing that is installed in the image {name} holds half of what {path} locks");
            let draft = findings.at(self, lock.path, lock.place, message);
            draft.name(image).help(format!(
                "give the image that is built from {path}; if it is, see why its build installs so little of it"
            ));
            if images::names(case.pinned).contains(image) {
                draft.level(Level::Warn);
            }
        }
        for comparison in &case.images().comparisons {
            let (image, lock) = (phrase::safe(comparison.image), phrase::safe(comparison.lock.path));
            for row in &comparison.rows {
                let (Some(installed), Some(locked)) = (row.installed.first(), row.locked.first()) else { continue };
                let name = phrase::name(installed.component);
                let (is, should) = (versions(&row.installed), versions(&row.locked));
                let (message, help) = match row.meaning {
                    Meaning::Content => (
                        format!(
                            "{name} {is} in the image {image} is not the one that {lock} locks: it is from elsewhere"
                        ),
                        "build the image from the lockfile alone; or lock what the build installs".to_owned(),
                    ),
                    Meaning::Behind => (
                        format!("{name} is {is} in the image {image}, as approved; {lock} has moved on to {should}"),
                        "build the image again; its lockfile moved after it was built".to_owned(),
                    ),
                    Meaning::Stale => (
                        format!("{name} is {is} in the image {image}; {lock} locks {should}"),
                        "build the image again: it was built from another state of its lockfile".to_owned(),
                    ),
                    Meaning::Replaced => (
                        format!("{name} is {is} in the image {image}; {lock} locks {should}"),
                        format!(
                            "take out of the build what installs {name} beside the lockfile, and build again; or lock {is}"
                        ),
                    ),
                    // What is locked and installed alike is the lockfile's drift, and told there.
                    Meaning::Unapproved | Meaning::Missing | Meaning::Extra | Meaning::Unasked => continue,
                };
                let draft = findings.add(self, *installed, message);
                draft.help(help).related(locked.place(), "locked here").without_paths();
                draft.from = locked.component.version();
                // Who pins the image as it is has seen that.
                let pinned = case.pinned_at(comparison.installed.path);
                if pinned.is_some_and(|pinned| pinned.components().any(|node| node.component == installed.component)) {
                    draft.level(Level::Warn);
                }
                if let Some(approved) = row.approved.first() {
                    draft.related(approved.place(), "approved here");
                }
            }
        }
        Ok(())
    }
}

/// Returns the versions of one name, as a list.
fn versions(nodes: &[Resolved<'_>]) -> String {
    let mut versions: Vec<_> = nodes.iter().map(|node| phrase::version(node.component)).collect();
    versions.sort();
    versions.dedup();
    phrase::list(versions)
}
