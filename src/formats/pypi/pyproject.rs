//! `pyproject.toml`: what a Python project asks for, by the standards' tables and by those of Poetry, PDM and uv.
//!
//! Specifications: the Python packaging specifications "pyproject.toml" (PEP 621) and "Dependency Groups" (PEP 735);
//! Poetry's "The pyproject.toml file"; PDM's "Build Configuration" (`dev-dependencies`); uv's "Settings" (`dev-dependencies`).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use hashbrown::HashSet;
use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use super::answers::bare;
use super::pep508::{self, normal, shown, with_extras};
use super::poetry::Asked;
use crate::entry;
use crate::formats::{Format, Role};
use crate::intern::{self, Text};
use crate::model::{Component, Gap, Inventory, Manifest, Purl, Requirement, SUBJECT, Says, Scope};
use crate::source::{Place, Source};
use crate::syntax::json::Map;
use crate::syntax::toml::read;

entry! {
    /// `pyproject.toml`, what a Python project asks for: joined with the lockfile beside it.
    ///
    /// Read are `[project]`, `[dependency-groups]`, `[tool.poetry]` with its groups and extras, and the `dev-dependencies` of
    /// `[tool.pdm]` and `[tool.uv]`. A file that holds settings of tools only asks for nothing.
    pub Pyproject = "pyproject"
}

impl Format for Pyproject {
    fn files(&self) -> &'static [&'static str] {
        &["pyproject.toml"]
    }

    fn role(&self) -> Role {
        Role::Manifest
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let document: Document = read(source)?;
        let mut inventory = Inventory::new(source, "pyproject");
        inventory.says = Says { integrity: false, licence: false, ..Says::ALL };
        let mut reader = Reader { source, inventory, name: String::new() };
        reader.document(document);
        Ok(reader.inventory)
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Document {
    project: Option<Project>,
    dependency_groups: Map<Spanned<String>, Vec<Spanned<GroupEntry>>>,
    tool: Tool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Project {
    name: Option<Spanned<String>>,
    version: Option<String>,
    dependencies: Option<Vec<Spanned<String>>>,
    optional_dependencies: Map<Spanned<String>, Vec<Spanned<String>>>,
    dynamic: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum GroupEntry {
    Asked(String),
    Include {
        #[serde(rename = "include-group")]
        group: String,
    },
    Other(#[allow(dead_code, reason = "kept so that an unknown table is a fault at its place")] IgnoredAny),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tool {
    poetry: Option<Poetry>,
    pdm: Pdm,
    uv: Uv,
}

/// What PDM asks for to develop, by group.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, expecting = "a table")]
struct Pdm {
    dev_dependencies: Map<Spanned<String>, Vec<Spanned<GroupEntry>>>,
}

/// What uv asks for to develop; it counts as of the group `dev`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, expecting = "a table")]
struct Uv {
    dev_dependencies: Vec<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Poetry {
    name: Option<Spanned<String>>,
    version: Option<String>,
    package_mode: Option<bool>,
    dependencies: Map<Spanned<String>, Asked>,
    dev_dependencies: Map<Spanned<String>, Asked>,
    extras: BTreeMap<String, Vec<String>>,
    group: Map<Spanned<String>, Group>,
    source: Vec<PackageSource>,
}

/// A place that Poetry looks packages up at; one that it knows by name has no address.
#[derive(Deserialize)]
struct PackageSource {
    url: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Group {
    dependencies: Map<Spanned<String>, Asked>,
    include_groups: Vec<String>,
}

/// How PDM writes the folder of the project in addresses.
const PROJECT_ROOT: &str = "file:///${PROJECT_ROOT}";

struct Reader<'r, 't> {
    source: &'r Source<'t>,
    inventory: Inventory,
    name: String,
}

impl Reader<'_, '_> {
    fn document(&mut self, document: Document) {
        let project = document.project.unwrap_or_default();
        let Tool { poetry, pdm, uv } = document.tool;
        let poetry = poetry.unwrap_or_default();
        self.identity(&project, &poetry);
        for url in poetry.source.iter().filter_map(|from| from.url.as_ref()) {
            self.inventory.look_up(url.as_ref(), bare(self.source, self.source.place_at(url.span())));
        }

        let mut asked: HashSet<String> = HashSet::new();
        for entry in project.dependencies.iter().flatten() {
            asked.extend(self.string(entry.as_ref(), entry.span(), Scope::Runtime, ""));
        }
        for (extra, entries) in &project.optional_dependencies.0 {
            for entry in entries {
                asked.extend(self.string(entry.as_ref(), entry.span(), Scope::Optional, extra.as_ref()));
            }
        }

        // With `dependencies` in `[project]`, Poetry's table only says more of them; it adds where they are "dynamic".
        let is_dynamic = project.dynamic.iter().any(|field| field == "dependencies");
        let only_enriches = project.dependencies.is_some() && !is_dynamic;
        for (name, value) in &poetry.dependencies.0 {
            if !only_enriches && !asked.contains(&normal(name.as_ref())) {
                self.poetry(name, value, Scope::Runtime, "", &poetry.extras);
            }
        }

        let groups = Groups::of([&document.dependency_groups, &pdm.dev_dependencies]);
        let own = &document.dependency_groups.0;
        let of_pdm = pdm.dev_dependencies.0.iter();
        let of_pdm =
            of_pdm.filter(|(group, _)| own.iter().all(|(own, _)| normal(own.as_ref()) != normal(group.as_ref())));
        for (group, _) in own.iter().chain(of_pdm) {
            self.group(&groups, group.as_ref());
        }
        for (name, value) in &poetry.dev_dependencies.0 {
            self.poetry(name, value, Scope::Dev, "dev", &BTreeMap::new());
        }
        for entry in &uv.dev_dependencies {
            self.string(entry.as_ref(), entry.span(), Scope::Dev, "dev");
        }
        self.poetry_groups(&groups, &poetry);
    }

    fn identity(&mut self, project: &Project, poetry: &Poetry) {
        let name = project.name.as_ref().or(poetry.name.as_ref());
        let version = project.version.as_deref().or(poetry.version.as_deref()).unwrap_or_default();
        let is_package = poetry.package_mode.unwrap_or(true);
        let mut manifest = Manifest { version: intern::text(version), ..Manifest::default() };
        if let Some(name) = name.filter(|name| !name.as_ref().is_empty()) {
            self.name = normal(name.as_ref());
            manifest.name = intern::text(name.as_ref());
            if is_package {
                let component = Component::new(Purl::new("pypi", "", name.as_ref(), version));
                let place = bare(self.source, self.source.place_at(name.span()));
                self.inventory.add_root(component, place);
            }
        }
        if !is_package {
            manifest.facts.push(("package-mode", "false"));
        }
        self.inventory.manifest = Some(manifest);
    }

    /// Declares a requirement string; returns its name in normal form.
    fn string(&mut self, text: &str, span: std::ops::Range<usize>, scope: Scope, extra: &str) -> Option<String> {
        let whole = self.source.place_at(span.clone());
        let requirement = match pep508::Requirement::read(text) {
            Ok(requirement) => requirement,
            Err(message) => {
                self.inventory.fault(whole, message);
                return None;
            }
        };
        let name = normal(requirement.name);
        // An extra of the project itself, `app[pg]`, asks for what stands there already.
        if name == self.name {
            return Some(name);
        }
        let written = self.source.text.get(span.clone()).unwrap_or_default();
        let place = written
            .find(requirement.name)
            .map_or(whole, |at| self.source.place_at(span.start + at..span.start + at + requirement.name.len()));
        let asks = Requirement {
            scope,
            constraint: requirement.constraint(),
            environment: intern::text(requirement.marker),
            extra: intern::text(extra),
        };
        self.declare(requirement.with_extras(), asks, place);
        Some(name)
    }

    /// Declares what a group asks for: a requirement, or as PDM takes it too `-e REQUIREMENT` or `-e ADDRESS#egg=NAME`.
    fn entry(&mut self, text: &str, span: std::ops::Range<usize>, group: &str) {
        let asked = text.strip_prefix("-e ").map_or(text, str::trim);
        let is_address = asked.len() < text.len() || asked.contains("://");
        if !is_address || pep508::Requirement::read(asked).is_ok() {
            self.string(asked, span, Scope::Dev, group);
            return;
        }
        let (asked, marker) = asked.split_once(" ;").unwrap_or((asked, ""));
        let (address, fragment) = asked.split_once('#').unwrap_or((asked, ""));
        // Without a name it is called as what stands there is.
        let Some(name) = fragment.split('&').find_map(|part| part.strip_prefix("egg=")) else { return };
        let name = name.split('[').next().unwrap_or(name).trim();
        let place = self.source.place_at(span);
        if !pep508::is_name(name) {
            self.inventory.fault(place, format!("\"{}\" is no package's name", shown(name)));
            return;
        }
        let address = address.strip_prefix(PROJECT_ROOT).map_or(address, |rest| rest.trim_start_matches('/'));
        let (constraint, environment) = (pep508::constraint_of(address.trim()), intern::text(marker.trim()));
        let asks = Requirement { scope: Scope::Dev, constraint, environment, extra: intern::text(group) };
        self.declare(intern::text(name), asks, bare(self.source, place));
    }

    /// Declares a requirement as Poetry writes it.
    fn poetry(
        &mut self,
        name: &Spanned<String>,
        value: &Asked,
        scope: Scope,
        group: &str,
        extras: &BTreeMap<String, Vec<String>>,
    ) {
        let place = bare(self.source, self.source.place_at(name.span()));
        let key = normal(name.as_ref());
        if key == "python" {
            return;
        }
        if !pep508::is_name(name.as_ref()) {
            self.inventory.fault(place, format!("\"{}\" is no package's name", shown(name.as_ref())));
            return;
        }
        let named = |entry: &String| {
            let end = entry.find(['[', ' ', '(', '<', '>', '=', '!', '~', ';']).unwrap_or(entry.len());
            normal(&entry[..end]) == key
        };
        let of_extras: Vec<&str> =
            extras.iter().filter(|(_, entries)| entries.iter().any(named)).map(|(extra, _)| extra.as_str()).collect();
        for ask in value.each() {
            let asked = with_extras(name.as_ref(), ask.extras.iter().map(String::as_str));
            let scope = if ask.optional && scope == Scope::Runtime { Scope::Optional } else { scope };
            let from: &[&str] = if scope == Scope::Optional && !of_extras.is_empty() { &of_extras } else { &[group] };
            for extra in from {
                let environment = intern::text(&ask.marker);
                let asks = Requirement { scope, constraint: ask.constraint, environment, extra: intern::text(extra) };
                self.declare(asked, asks, place);
            }
        }
    }

    fn declare(&mut self, name: Text, requirement: Requirement, place: Place) {
        self.inventory.declare(SUBJECT, name, requirement, place, Gap::Open);
    }

    /// Declares what a group of `[dependency-groups]` asks for, with the groups it includes.
    fn group(&mut self, groups: &Groups<'_>, group: &str) {
        let mut seen = BTreeSet::from([normal(group)]);
        let mut waiting = vec![normal(group)];
        while let Some(name) = waiting.pop() {
            for entry in groups.0.get(&name).into_iter().flatten() {
                match entry.as_ref() {
                    GroupEntry::Asked(text) => self.entry(text, entry.span(), group),
                    GroupEntry::Include { group: included } => {
                        let included = normal(included);
                        if !groups.0.contains_key(&included) {
                            let place = self.source.place_at(entry.span());
                            let message = format!("the included group \"{}\" is not there", shown(&included));
                            self.inventory.fault(place, message);
                        } else if seen.insert(included.clone()) {
                            waiting.push(included);
                        }
                    }
                    GroupEntry::Other(_) => {
                        let place = self.source.place_at(entry.span());
                        self.inventory.fault(place, "neither a requirement nor an included group");
                    }
                }
            }
        }
    }

    /// Declares what Poetry's groups ask for. Where a group of `[dependency-groups]` has the name, it only says more.
    fn poetry_groups(&mut self, groups: &Groups<'_>, poetry: &Poetry) {
        let by_name: BTreeMap<String, &Group> =
            poetry.group.0.iter().map(|(name, group)| (normal(name.as_ref()), group)).collect();
        for (name, _) in &poetry.group.0 {
            let own = normal(name.as_ref());
            let mut seen = BTreeSet::from([own.clone()]);
            let mut waiting = vec![own.clone()];
            while let Some(current) = waiting.pop() {
                if groups.0.contains_key(&current) {
                    if current != own {
                        self.group(groups, name.as_ref());
                    }
                    continue;
                }
                let Some(group) = by_name.get(&current) else { continue };
                for (asked, value) in &group.dependencies.0 {
                    let (scope, extra) =
                        if own == "main" { (Scope::Runtime, "") } else { (Scope::Dev, name.as_ref().as_str()) };
                    self.poetry(asked, value, scope, extra, &poetry.extras);
                }
                for included in group.include_groups.iter().map(|included| normal(included)) {
                    if seen.insert(included.clone()) {
                        waiting.push(included);
                    }
                }
            }
        }
    }
}

/// The groups of `[dependency-groups]`, and PDM's, by their names in normal form.
struct Groups<'d>(BTreeMap<String, Vec<&'d Spanned<GroupEntry>>>);

impl<'d> Groups<'d> {
    fn of(tables: [&'d Map<Spanned<String>, Vec<Spanned<GroupEntry>>>; 2]) -> Self {
        let mut groups: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for (name, entries) in tables.iter().flat_map(|table| &table.0) {
            groups.entry(normal(name.as_ref())).or_default().extend(entries);
        }
        Groups(groups)
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{survives, told};

    fn asked(text: &str) -> Vec<String> {
        told(&[("pyproject.toml", text)], "pyproject.toml")
    }

    #[test]
    fn every_table_is_read() {
        for (text, expected) in [
            ("[tool.ruff]\nline-length = 100\n", vec![]),
            (
                "[project]\nname = \"A_b\"\ndependencies = [\"X.y[z] >=1 ; os_name == 'nt'\", \"a-b[e]\", '''q @ https://u:p@x.example/q.whl#sha256=0''']\n[project.optional-dependencies]\ne = [\"w\"]\n",
                vec![
                    "· > a-b",
                    "· > X.y[z] ? >=1 ; os_name == 'nt': open",
                    "· > q ? @ https://x.example/q.whl: open",
                    "· > w ? optional +e: open",
                ],
            ),
            (
                "[dependency-groups]\ncov = [\"c\"]\ntest = [\"t>1\", {include-group = \"Cov\"}]\nbad = [{include-group = \"none\"}, {x = 1}, \"=\"]\n",
                vec![
                    "· > c ? dev +cov: open",
                    "· > t ? dev >1 +test: open",
                    "· > c ? dev +test: open",
                    "{include-group = \"none\"}: the included group \"none\" is not there",
                    "{x = 1}: neither a requirement nor an included group",
                    "\"=\": \"=\" is no requirement: it does not begin with a name",
                ],
            ),
            (
                "[tool.poetry]\nname = \"p\"\nversion = \"1\"\n[tool.poetry.dependencies]\npython = \"^3.9\"\na = \"^1\"\nb = {version = \"*\", optional = true, extras = [\"q\"], python = \"<3.10\"}\nc = [{version = \"1\", platform = \"linux\"}, {git = \"https://git.example/c\", branch = \"main\"}]\n[tool.poetry.extras]\nx = [\"B\"]\ny = [\"b\"]\n[tool.poetry.dev-dependencies]\nd = \"*\"\n[tool.poetry.group.docs.dependencies]\ns = {path = \"../s\", develop = true}\n",
                vec![
                    "· > p@1",
                    "· > a ? ^1: open",
                    "· > b[q] ? optional * ; python_version < \"3.10\" +x: open",
                    "· > b[q] ? optional * ; python_version < \"3.10\" +y: open",
                    "· > c ? 1 ; sys_platform == \"linux\": open",
                    "· > c ? @ git+https://git.example/c@main: open",
                    "· > d ? dev * +dev: open",
                    "· > s ? dev @ ../s +docs: open",
                ],
            ),
            (
                "[project]\nname = \"p\"\ndependencies = [\"torch>=2\"]\n[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\ntorch = {source = \"gpu\"}\nother = \"*\"\n",
                vec!["· > torch ? >=2: open"],
            ),
            (
                "[tool.pdm.dev-dependencies]\ntest = [\"t[x]>1\", \"-e file:///${PROJECT_ROOT}/sub#egg=Sub\", \"-e git+https://git.example/g@v1#subdirectory=x&egg=g ; os_name == 'nt'\", \"git+https://git.example/h#egg=h\", \"-e file:///${PROJECT_ROOT}/x\", \"-e i @ https://files.example/i.whl\", {include-group = \"more\"}, \"-e ./x\"]\n[dependency-groups]\nmore = [\"m\"]\n[tool.uv]\ndev-dependencies = [\"u\"]\n",
                vec![
                    "· > m ? dev +more: open",
                    "· > t[x] ? dev >1 +test: open",
                    "· > Sub ? dev @ sub +test: open",
                    "· > g ? dev @ git+https://git.example/g@v1 ; os_name == 'nt' +test: open",
                    "· > h ? dev @ git+https://git.example/h +test: open",
                    "· > i ? dev @ https://files.example/i.whl +test: open",
                    "· > m ? dev +test: open",
                    "· > u ? dev +dev: open",
                ],
            ),
        ] {
            assert_eq!(asked(text), expected, "{text}");
        }
    }

    #[test]
    fn malformed_manifests_are_survived() {
        survives(
            "pyproject.toml",
            "[project]\nname = \"é\"\ndependencies = [\"a[b]>=1 ; x == 'y'\"]\n[dependency-groups]\na = [{include-group = \"a\"}]\n[tool.poetry.dependencies]\nz = [{git = \"x\"}]\n",
        );
    }
}
