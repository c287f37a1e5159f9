//! `Project.toml`: what a Julia project asks for.
//!
//! Specification: "Project.toml and Manifest.toml" in the documentation of Julia's package manager.

use anyhow::Result;

use crate::entry;
use crate::formats::pins::text;
use crate::formats::{Format, Role};
use crate::intern;
use crate::model::{Component, Gap, Inventory, Kind, Manifest, Node as Held, Purl, Requirement, SUBJECT, Scope};
use crate::source::Source;
use crate::syntax::toml;
use crate::syntax::yaml::Node;

entry! {
    /// `Project.toml`, what a Julia project asks for; read to be joined with its `Manifest.toml`.
    ///
    /// Read are name, UUID and version, `[deps]`, `[weakdeps]` (optional), what `[extras]` the `test` and other `[targets]` ask
    /// for (needed to develop), and the ranges of `[compat]`.
    pub JuliaProject = "julia-project"
}

impl Format for JuliaProject {
    fn files(&self) -> &'static [&'static str] {
        &["Project.toml", "JuliaProject.toml"]
    }

    fn role(&self) -> Role {
        Role::Manifest
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        text.is_empty() || text.contains("[deps]") || text.contains("uuid") || text.contains("[compat]")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let file = toml::tree(source)?;
        let mut inventory = Inventory::new(source, "julia-project");
        let (name, version) = (text(&file, "name"), text(&file, "version"));
        inventory.manifest =
            Some(Manifest { name: intern::text(name), version: intern::text(version), ..Manifest::default() });
        if let Some(at) = file.get("name").filter(|_| !name.is_empty()) {
            let purl = Purl::new("julia", "", name, version).with_qualifiers(&[("uuid", text(&file, "uuid"))]);
            let component = Component { kind: Kind::Application, ..Component::new(purl) };
            let held = Held { component: Some(component.intern()), place: at.place, root: true, ..Held::default() };
            inventory.add_node(held);
        }
        let table = |name: &str| file.get(name).map_or(&[][..], Node::entries);
        let range = |name: &str| file.at(&["compat", name]).and_then(Node::text).unwrap_or_default();
        let targets = || table("targets").iter().flat_map(|target| target.node.items());
        let is_targeted = |name: &str| targets().any(|item| item.text() == Some(name));
        let kinds = [("deps", Scope::Runtime), ("weakdeps", Scope::Optional), ("extras", Scope::Dev)];
        for (kind, scope) in kinds {
            for entry in table(kind) {
                // Packages were spelled as extras before there were weak ones.
                if kind == "extras" && !is_targeted(&entry.key) {
                    continue;
                }
                let constraint = intern::text(range(&entry.key));
                // The UUID is what tells packages apart: it stands in the place of an extra, until it is answered.
                let extra = intern::text(entry.node.text().unwrap_or_default());
                let requirement = Requirement { constraint, extra, ..Requirement::of(scope) };
                inventory.declare(SUBJECT, intern::text(&entry.key), requirement, entry.place, Gap::Open);
            }
        }
        Ok(inventory)
    }
}
