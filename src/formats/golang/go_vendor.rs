//! `vendor/modules.txt`: the modules whose packages were copied into the project.
//!
//! Specification: the Go Modules Reference, "Vendoring", and Go's `cmd/go/internal/modcmd/vendor.go`. `# module version`, notes
//! on it after `##`, and the packages that were copied of it, one a line.

use std::collections::BTreeSet;

use anyhow::Result;

use super::module::{self, Replace, is_version, stand_in};
use crate::entry;
use crate::formats::{Format, Near, Yield};
use crate::intern;
use crate::model::{Inventory, Manifest, Requirement, SUBJECT, Says};
use crate::source::{self, Source};

entry! {
    /// `vendor/modules.txt`, the modules whose packages `go mod vendor` copied into the project: what it is built of.
    ///
    /// Modules are named as in `go.mod`: one that another replaces as that one, and a folder as the module that it stands
    /// for. A module of which no package was copied is none. The `go.mod` beside the folder says which are direct, its
    /// `go.sum` has the digests; what `go work vendor` copied the members of the `go.work` there tell of. Without them, what is
    /// not marked `explicit` is transitive, and all else counts as direct.
    ///
    /// Who requires whom it does not say.
    pub GoVendor = "go-vendor"
}

impl Format for GoVendor {
    fn files(&self) -> &'static [&'static str] {
        &["modules.txt"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Digests, Yield::Sources]
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        self.recognizes(text)
    }

    fn recognizes(&self, text: &str) -> bool {
        let mut lines = text.lines().filter(|line| *line != WORKSPACE);
        let mut words = lines.next().unwrap_or_default().split(' ');
        words.next() == Some("#") && words.nth(1).is_some_and(|word| word == "=>" || is_version(word))
    }

    fn looks_at(&self, inventory: &Inventory) -> Vec<String> {
        module::beside(source::folder(source::folder(inventory.subject)), BESIDE)
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "go-vendor");
        inventory.says = Says { origin: true, ..Says::NOTHING };
        let mut open: Option<Vendored<'_>> = None;
        let mut is_read = false;
        for line in source.text.lines().filter(|line| !line.trim().is_empty()) {
            match (line.strip_prefix("## "), line.strip_prefix("# "), &mut open) {
                (Some(notes), _, Some(open)) => open.is_explicit |= notes.split("; ").any(|note| note == "explicit"),
                (Some("workspace"), _, None) => {
                    is_read = true;
                    inventory.manifest = Some(Manifest { facts: vec![("workspace", "")], ..Manifest::default() });
                }
                (None, Some(module), _) => {
                    is_read = true;
                    open.take().into_iter().for_each(|it| it.add(source, &mut inventory));
                    open = Vendored::read(module);
                    if open.is_none() {
                        inventory.fault(source.place(line), "a module and its version are expected; run go mod vendor");
                    }
                }
                (None, None, Some(open)) => open.has_packages = true,
                // The packages of what could not be read.
                _ => {}
            }
        }
        open.into_iter().for_each(|it| it.add(source, &mut inventory));
        // A module that is required and of which nothing is imported is listed without packages.
        if !is_read {
            return Err(source.fault(source.start(), "no module in it; is it of go mod vendor?"));
        }
        Ok(inventory)
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        let folder = source::folder(source::folder(inventory.subject));
        let [own, sum, work, work_sum] = [0, 1, 2, 3].map(|at| module::beside(folder, &BESIDE[at..=at]).remove(0));
        let work = inventory.manifest.is_some().then(|| near.get(&work)).flatten();
        let (mut files, mut sums) = (vec![own], vec![sum, work_sum]);
        if let Some(work) = work {
            let members = || work.declared.iter().filter_map(|used| source::join(folder, used.name));
            files = members().flat_map(|member| module::beside(&member, &["go.mod"])).collect();
            sums.extend(members().flat_map(|member| module::beside(&member, &["go.sum"])));
        }
        inventory.says.integrity = module::add_digests(inventory, near, &sums);
        let files: Vec<&Inventory> = files.iter().filter_map(|file| near.get(file)).collect();
        if files.is_empty() {
            return;
        }
        let mut direct = BTreeSet::new();
        for file in files {
            for edge in file.edges.iter().filter(|edge| edge.requirement.extra.is_empty()) {
                direct.extend(file.component(edge.to).map(module::asked_for));
            }
        }
        module::mark_indirect(inventory, |component| !direct.contains(&module::asked_for(component)), &[SUBJECT]);
    }
}

/// What stands at the top of what `go work vendor` writes.
const WORKSPACE: &str = "## workspace";

/// The files beside the folder that say more.
const BESIDE: &[&str] = &["go.mod", "go.sum", "go.work", "go.work.sum"];

/// A module of the file.
struct Vendored<'t> {
    module: &'t str,
    version: &'t str,
    replace: Option<Replace<'t>>,
    is_explicit: bool,
    has_packages: bool,
}

impl<'t> Vendored<'t> {
    fn read(line: &'t str) -> Option<Self> {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        // A folder with blanks in its name is not quoted here.
        if let Some((left, right)) = line.split_once(" => ").filter(|(_, right)| right.starts_with(['.', '/'])) {
            words = left.split_whitespace().chain(["=>", right.trim()]).collect();
        }
        let replace = Replace::read(&words);
        let (module, version) = match words[..] {
            [module, version] => (module, version),
            // A replacement without a version on its left stands at the end and replaces nothing that is vendored.
            [module, version, "=>", ..] if replace.is_some() => (module, version),
            [module, "=>", ..] if replace.is_some() => (module, ""),
            _ => return None,
        };
        Some(Vendored { module, version, replace, is_explicit: false, has_packages: false })
    }

    fn add(&self, source: &Source<'t>, inventory: &mut Inventory) {
        if !self.has_packages {
            return;
        }
        let component = stand_in(self.module, self.version, self.replace.as_ref());
        let place = self.replace.filter(|it| !it.is_folder()).map_or(self.module, |replace| replace.new);
        let node = inventory.add(component, source.place(place));
        let extra = if self.is_explicit { "" } else { Requirement::INDIRECT };
        let requirement = Requirement { extra, constraint: intern::text(self.version), ..Requirement::default() };
        inventory.edge(SUBJECT, node, requirement, source.place(place));
    }
}
