//! The build information of a Go program, as `go version -m` prints it and [`crate::binary::program`] finds it.
//!
//! Specification: Go's `runtime/debug`, `BuildInfo.String`. Lines of words parted by tabs: `go`, `path`, `mod`, `dep`, `=>`
//! for what replaces the module before, and `build` for settings.

use anyhow::Result;

use super::module::{self, property, purl};
use crate::entry;
use crate::formats::{Format, Yield};
use crate::model::{Component, Inventory, NodeId, Origin, Requirement, Says};
use crate::source::Source;

entry! {
    /// The build information of a Go program: the modules that are linked into it, and the version of Go.
    ///
    /// A module that another one replaced is named as that one, and a folder's as the module that it stands for. Digests
    /// are those of `go.sum` (`h1:`), of the module's files. Go's own library is `pkg:golang/stdlib`. Who requires whom is
    /// not said. Programs of Go before 1.18 are not read.
    pub GoBuildInfo = "go-build-info"
}

/// The settings that make another program of the same modules.
const SETTINGS: &[&str] = &["-tags", "CGO_ENABLED", "GOARCH", "GOEXPERIMENT", "GOFIPS140", "GOOS"];

impl Format for GoBuildInfo {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Digests, Yield::Sources]
    }

    /// Nothing in a program's name tells what it carries.
    fn files(&self) -> &'static [&'static str] {
        &[]
    }

    fn is_installed(&self) -> bool {
        true
    }

    fn recognizes(&self, text: &str) -> bool {
        text.strip_prefix("go\t").is_some_and(|rest| rest.starts_with("go1") || rest.starts_with("devel"))
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        if !self.recognizes(source.text) {
            return Err(
                source.fault(source.start(), "this is no build information of Go: it begins with \"go\" and a tab")
            );
        }
        let mut inventory = Inventory::new(source, "go-build-info");
        inventory.says = Says { edges: false, scopes: false, origin: false, licence: false, ..Says::ALL };
        let mut said = Said::default();
        for line in source.text.lines() {
            let mut words = line.split('\t');
            let [kind, name, version, digest] = [(); 4].map(|()| words.next().unwrap_or_default());
            let module = Module { name, version, digest, replaced: None };
            match kind {
                "go" => said.go = name,
                "path" => said.path = name,
                "mod" => said.main = Some(module),
                "dep" => said.modules.push(module),
                // What replaces the program's own module cannot be.
                "=>" => match said.modules.last_mut() {
                    Some(last) => *last = Module { replaced: Some((last.name, last.version)), ..module },
                    None => inventory.fault(source.place(line), "it replaces no module"),
                },
                "build" => said.settings.extend(name.split_once('=')),
                "" => {}
                _ => inventory.fault(source.place(line), "this is no line of Go's build information"),
            }
        }
        said.add(&mut inventory, source);
        Ok(inventory)
    }
}

/// What the information says.
#[derive(Default)]
struct Said<'t> {
    go: &'t str,
    path: &'t str,
    main: Option<Module<'t>>,
    modules: Vec<Module<'t>>,
    settings: Vec<(&'t str, &'t str)>,
}

/// A module.
struct Module<'t> {
    name: &'t str,
    version: &'t str,
    digest: &'t str,
    /// Name and version of the module that it replaces.
    replaced: Option<(&'t str, &'t str)>,
}

impl<'t> Said<'t> {
    fn add(&self, inventory: &mut Inventory, source: &Source<'t>) {
        let name = self.main.as_ref().map_or(self.path, |main| main.name);
        let root = (!name.is_empty()).then(|| {
            let version = self.main.as_ref().map_or("", |main| main.version);
            let settings = self.settings.iter().filter(|(name, value)| SETTINGS.contains(name) && !value.is_empty());
            let properties = settings.map(|(name, value)| property(name, value)).collect();
            let root = Component { properties, ..Component::new(purl(name, version)) };
            inventory.add_root(root, source.place(name))
        });
        let root = root.unwrap_or_default();
        // Of "go1.22.1 X:nodwarf5" the second word is an experiment; a version under development is no release.
        let version =
            self.go.split_whitespace().next().and_then(|version| version.strip_prefix("go")).unwrap_or_default();
        add(inventory, root, Component::new(purl("stdlib", version)), source, self.go);
        for module in &self.modules {
            let (component, name) = module.component();
            if name.is_empty() {
                inventory.fault(source.place(name), "a module without a name");
                continue;
            }
            add(inventory, root, component, source, name);
        }
    }
}

fn add(inventory: &mut Inventory, root: NodeId, component: Component, source: &Source<'_>, name: &str) {
    let place = source.place(name);
    let node = inventory.add(component, place);
    inventory.edge(root, node, Requirement::default(), place);
}

impl<'t> Module<'t> {
    /// Returns the module that is linked in, and where its name stands.
    fn component(&self) -> (Component, &'t str) {
        let digests = module::digest(self.digest).into_iter().collect();
        match self.replaced {
            // A folder has no name of its own.
            Some((name, version)) if self.name.starts_with(['.', '/']) => {
                let origin = Origin::path(self.name);
                (Component { origin, digests, ..Component::new(purl(name, version)) }, name)
            }
            Some((name, version)) => {
                let properties = vec![property("replaces", &format!("{name}@{version}"))];
                (Component { properties, digests, ..Component::new(purl(self.name, self.version)) }, self.name)
            }
            None => (Component { digests, ..Component::new(purl(self.name, self.version)) }, self.name),
        }
    }
}
