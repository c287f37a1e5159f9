//! Which package a reference of an environment means, and what packages are built with.

use hashbrown::HashMap;

use super::raw::{Entry, Lock, Reference};
use crate::formats::conda::address::plain;
use crate::formats::conda::solved::Solution;
use crate::formats::conda::text::Scalar;
use crate::formats::pypi::pep508::shown;
use crate::intern;
use crate::model::Inventory;
use crate::source::Source;

/// The packages by their addresses.
pub(super) struct Entries<'l, 't> {
    all: &'l [Entry<'t>],
    by_location: HashMap<(bool, &'l str), Vec<usize>>,
    /// Whether one address may stand there several times, for each platform with what was known of it then.
    is_old: bool,
}

/// How many packages of one address are told apart; real locks have one for each platform.
const MOST: usize = 256;

impl<'l, 't> Entries<'l, 't> {
    pub(super) fn of(lock: &'l Lock<'t>) -> Self {
        let all = &lock.packages[..];
        let mut by_location: HashMap<(bool, &str), Vec<usize>> = HashMap::with_capacity(all.len());
        for (number, entry) in all.iter().enumerate() {
            by_location.entry((entry.is_project(), entry.location())).or_default().push(number);
        }
        Entries { all, by_location, is_old: matches!(lock.version.as_deref(), Some("4" | "5")) }
    }

    /// Returns what some references on a platform mean, and tells of those that mean nothing.
    pub(super) fn all_of<'r>(
        &self,
        references: impl IntoIterator<Item = &'r Reference<'t>>,
        platform: &str,
        source: &Source<'t>,
        inventory: &mut Inventory,
    ) -> Vec<(usize, &'r Reference<'t>)>
    where
        't: 'r,
    {
        let mut all = Vec::new();
        for reference in references {
            match self.find(reference, platform) {
                Some(found) => all.push((found, reference)),
                None => {
                    let location = reference.location();
                    let message = format!("\"{}\" is not among the packages of the lock", shown(&plain(location)));
                    inventory.fault(source.place(location), message);
                }
            }
        }
        all
    }

    /// Finds what a reference means: where several packages have one address, by whatever else it says.
    fn find(&self, reference: &Reference<'_>, platform: &str) -> Option<usize> {
        let found = self.by_location.get(&(reference.pypi.is_some(), reference.location()))?;
        let is_one = |asked: &Option<Scalar<'_>>, own: &Option<Scalar<'_>>| match (asked, own) {
            (Some(asked), Some(own)) => **asked == **own,
            _ => true,
        };
        let mut fit = found.iter().copied().take(MOST).filter(|&number| {
            let entry = &self.all[number];
            is_one(&reference.name, &entry.name)
                && is_one(&reference.version, &entry.version)
                && is_one(&reference.build, &entry.build)
                && is_one(&reference.subdir, &entry.subdir)
        });
        let first = fit.clone().next();
        let is_here = |number: &usize| self.all[*number].subdir.as_deref() == Some(platform);
        fit.find(is_here).filter(|_| self.is_old).or(first)
    }
}

/// Locks what packages that are built of their source are built with, and what that is built with in turn. Returns the
/// numbers of these solutions, by the package.
pub(super) fn lock_builds<'t>(
    entries: &Entries<'_, 't>,
    source: &Source<'t>,
    inventory: &mut Inventory,
    solutions: &mut Vec<Solution>,
    locked: &mut HashMap<usize, Vec<u32>>,
) -> HashMap<usize, Vec<u32>> {
    let mut builds: HashMap<usize, Vec<u32>> = HashMap::new();
    let mut open: Vec<usize> = locked.keys().copied().collect();
    open.sort_unstable();
    while let Some(number) = open.pop() {
        let entry = &entries.all[number];
        for (references, platform) in [(&entry.build_packages, "build"), (&entry.host_packages, "host")] {
            let Some(references) = references else { continue };
            let solution = solutions.len() as u32;
            let environment = intern::text(entry.named());
            solutions.push(Solution { environment, platform, is_build: true });
            builds.entry(number).or_default().push(solution);
            for (found, _) in entries.all_of(references, "", source, inventory) {
                if !locked.contains_key(&found) {
                    open.push(found);
                }
                locked.entry(found).or_default().push(solution);
            }
        }
    }
    builds
}
