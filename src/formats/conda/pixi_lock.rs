//! `pixi.lock`, versions 4 to 7.
//!
//! Specification: rattler's `crates/rattler_lock`. For each environment and platform the file lists addresses; what these
//! are stands once below, under `packages`. Up to version 5 all that an address says is spelled out beside it.

mod entries;
mod package;
mod raw;

use anyhow::Result;
use hashbrown::HashMap;

use entries::{Entries, lock_builds};
use raw::{Lock, Platform};

use super::address::plain;
use super::solved::{self, Package, Solution};
use crate::entry;
use crate::formats::pypi::pep508::{normal, shown};
use crate::formats::{Format, Yield};
use crate::intern::{self, Text};
use crate::model::{Inventory, SUBJECT};
use crate::source::Source;
use crate::syntax::yaml;

entry! {
    /// `pixi.lock`, every package that pixi resolved for each environment and platform, of conda and of Python's index.
    ///
    /// Versions 4 to 7. A package that several environments share is one component, and says which lock it. What the
    /// project itself asks for stands in its `pixi.toml`; here the packages that no other requires count as direct. What an
    /// extra requires counts where a package of the lock asks for it, in whichever environment; the project's own extras
    /// are not known. What a package asks of the machine (`__cuda`, `__glibc`) is kept as its property; what a platform of
    /// version 7 says that the machine has is the condition of the whole lock.
    ///
    /// A package that is built of its source requires, to build it, what version 7 locks for that (`build_packages`,
    /// `host_packages`).
    pub PixiLock = "pixi-lock"
}

impl Format for PixiLock {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Environments, Yield::Licences]
    }

    fn files(&self) -> &'static [&'static str] {
        &["pixi.lock"]
    }

    fn recognizes(&self, text: &str) -> bool {
        let has = |word| text.contains(word);
        has("\nenvironments:")
            && has("\npackages:")
            && ["- conda: ", "- pypi: ", "- conda_source: "].into_iter().any(has)
            && has("version: ")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let lock: Lock<'_> = yaml::read(source)?;
        check(source, &lock)?;
        let mut inventory = Inventory::new(source, "pixi-lock");
        let mut solutions = Vec::new();
        let mut locked: HashMap<usize, Vec<u32>> = HashMap::new();
        let entries = Entries::of(&lock);
        let mut extras: HashMap<usize, Vec<String>> = HashMap::new();
        let platforms: HashMap<&str, Text> =
            lock.platforms.iter().map(|platform| (&*platform.name, platform.spelled())).collect();
        inventory.nodes[SUBJECT as usize].environment = machines(&lock.platforms);
        for (name, environment) in &lock.environments {
            for address in environment.channels.iter().map(|channel| &channel.url).chain(&environment.indexes) {
                let address: &str = address;
                if address.contains("://") {
                    inventory.look_up(&plain(address), source.place(address));
                }
            }
            for (platform, references) in environment.packages.iter().flatten() {
                let number = solutions.len() as u32;
                let own = &**platform;
                let platform = platforms.get(own).copied().unwrap_or_else(|| intern::text(platform));
                solutions.push(Solution { environment: intern::text(name), platform, is_build: false });
                for (found, reference) in entries.all_of(references.iter().flatten(), own, source, &mut inventory) {
                    locked.entry(found).or_default().push(number);
                    if let Some(asked) = &reference.extras {
                        extras.entry(found).or_default().extend(asked.iter().map(|extra| normal(extra)));
                    }
                }
            }
        }
        let builds = lock_builds(&entries, source, &mut inventory, &mut solutions, &mut locked);
        let mut packages = Vec::with_capacity(locked.len());
        for (number, entry) in lock.packages.iter().enumerate() {
            let Some(solutions) = locked.remove(&number) else { continue };
            match entry.package(source, solutions) {
                Ok(package) => packages.push(Package {
                    builds: builds.get(&number).cloned().unwrap_or_default(),
                    extras: extras.remove(&number).unwrap_or_default(),
                    ..package
                }),
                Err(message) => inventory.fault(source.place(entry.location()), message),
            }
        }
        solved::add(&mut inventory, &solutions, packages);
        Ok(inventory)
    }
}

/// Returns what machines must have, by platform: `linux-64/gpu with __cuda=12.9, __glibc=2.28`.
fn machines(platforms: &[Platform<'_>]) -> Text {
    let asking = platforms.iter().filter(|platform| !platform.virtual_packages.is_empty());
    let mut asking: Vec<String> = asking
        .map(|platform| {
            let mut asked: Vec<&str> = platform.virtual_packages.iter().map(|asked| &**asked).collect();
            asked.sort_unstable();
            format!("{} with {}", platform.spelled(), asked.join(", "))
        })
        .collect();
    asking.sort_unstable();
    intern::text(&asking.join("; "))
}

/// Looks whether this is a lock that can be read.
fn check(source: &Source<'_>, lock: &Lock<'_>) -> Result<()> {
    match lock.version.as_deref() {
        Some("4" | "5" | "6" | "7") => {}
        Some(version) => {
            let old = matches!(version, "1" | "2" | "3");
            let then = if old { "; write it anew with `pixi lock`" } else { "" };
            let message = format!("version {} of pixi.lock is not known; 4 to 7 are read{then}", shown(version));
            return Err(source.fault(source.place(version), message));
        }
        None => return Err(source.fault(source.start(), "no version in it; is it a lock of pixi's?")),
    }
    if lock.environments.is_empty() {
        return Err(source.fault(source.start(), "the lock has no environments; run `pixi lock`"));
    }
    Ok(())
}
