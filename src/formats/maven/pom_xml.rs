//! `pom.xml`: what a Maven project asks for, as far as it stands in the file itself.
//!
//! Specification: Maven's POM reference, "Dependencies", "Inheritance", "Dependency Management", and "Dependency Version
//! Requirement Specification".

use std::collections::BTreeMap;

use anyhow::Result;

use super::coordinates::{self, Coordinates};
use super::xml::{self, Element};
use crate::entry;
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Component, Gap, Inventory, NodeId, Origin, Requirement, Says, Scope};
use crate::source::Source;

entry! {
    /// `pom.xml`, what a Maven project asks for: dependencies, its parent, imported BOMs, and plugins with a version.
    ///
    /// What stands in the file itself is read: its properties are put in, and its `dependencyManagement` gives versions and
    /// scopes. A version that comes from a parent or an imported BOM is not guessed: the requirement is reported as unpinned, as
    /// is a range. What a profile adds has the profile as its environment. `provided` is expected to be there beside the project,
    /// `test` is for development, `optional` as it says; parent, BOMs and plugins are for the build. A plugin without a version
    /// is left out.
    ///
    /// It holds direct requirements only: `mvn dependency:tree` tells the others. Exclusions are not read. A project that
    /// asks for nothing is no subject.
    pub PomXml = "pom-xml"
}

/// How often properties may name properties, and how long what comes of it may get.
const MAX_ROUNDS: usize = 16;
const MAX_LEN: usize = 4096;

impl Format for PomXml {
    fn files(&self) -> &'static [&'static str] {
        &["pom.xml"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Scopes, Yield::Sources, Yield::Environments]
    }

    fn recognizes(&self, text: &str) -> bool {
        text.trim_start().starts_with('<') && text.contains("maven.apache.org/POM/") && text.contains("<project")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let project = xml::read(source)?;
        if project.name != "project" {
            return Err(source.fault(project.tag(source), "the root element is no <project>; is it a pom.xml?"));
        }
        if let Some(version) = project.get("modelVersion").filter(|it| !matches!(&*it.text, "4.0.0" | "4.1.0")) {
            let message =
                format!("modelVersion {} is not known; 4.0.0 and 4.1.0 are read", version.text.escape_debug());
            return Err(source.fault(version.tag(source), message));
        }
        let mut inventory = Inventory::new(source, "pom-xml");
        inventory.says = Says { edges: false, integrity: false, licence: false, ..Says::ALL };
        let mut pom = Pom::new(source, &project);
        let root = pom.root(&mut inventory);
        pom.parent(root, &mut inventory);
        pom.section(&project, "", root, &mut inventory);
        for profile in project.get("profiles").into_iter().flat_map(|profiles| profiles.all("profile")) {
            let outer = (pom.properties.clone(), pom.managed.clone());
            pom.section(profile, profile.text_of("id"), root, &mut inventory);
            (pom.properties, pom.managed) = outer;
        }
        Ok(inventory)
    }

    fn is_subject(&self, inventory: &Inventory) -> bool {
        inventory.nodes.len() > 2 || !inventory.declared.is_empty() || !inventory.faults.is_empty()
    }
}

/// Which of the managed dependencies one is: group, artifact, kind, classifier.
type Key = (String, String, String, String);

#[derive(Clone, Default)]
struct Managed {
    version: String,
    scope: String,
}

struct Pom<'s, 'e, 't> {
    source: &'s Source<'t>,
    project: &'e Element<'t>,
    properties: BTreeMap<String, String>,
    managed: BTreeMap<Key, Managed>,
}

impl<'s, 'e, 't> Pom<'s, 'e, 't> {
    fn new(source: &'s Source<'t>, project: &'e Element<'t>) -> Self {
        let mut pom = Pom { source, project, properties: BTreeMap::new(), managed: BTreeMap::new() };
        for (path, name) in [
            (&["parent", "groupId"][..], "parent.groupId"),
            (&["parent", "artifactId"], "parent.artifactId"),
            (&["parent", "version"], "parent.version"),
            (&["parent", "groupId"], "groupId"),
            (&["parent", "version"], "version"),
            (&["groupId"], "groupId"),
            (&["artifactId"], "artifactId"),
            (&["version"], "version"),
        ] {
            if let Some(element) = project.at(path) {
                for prefix in ["project.", "pom."] {
                    pom.properties.insert(format!("{prefix}{name}"), element.text.to_string());
                }
            }
        }
        // The project's own version may be one of them: `${revision}`.
        pom.define(project);
        pom
    }

    /// Takes the properties of the project or of a profile.
    fn define(&mut self, section: &Element<'_>) {
        for property in section.get("properties").into_iter().flat_map(|properties| &properties.children) {
            self.properties.insert(property.name.to_owned(), property.text.to_string());
        }
    }

    /// Puts properties in; what the file does not define is left as it is.
    fn fill(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for _ in 0..MAX_ROUNDS {
            let mut filled = String::new();
            let (mut rest, mut is_done) = (text.as_str(), true);
            while let Some((before, after)) = rest.split_once("${") {
                filled.push_str(before);
                let value = after.split_once('}').and_then(|(name, after)| Some((self.properties.get(name)?, after)));
                match value {
                    Some((value, after)) => {
                        filled.push_str(value);
                        rest = after;
                        is_done = false;
                    }
                    None => {
                        filled.push_str("${");
                        rest = after;
                    }
                }
            }
            filled.push_str(rest);
            if is_done || filled.len() > MAX_LEN {
                break;
            }
            text = filled;
        }
        text
    }

    fn root(&self, inventory: &mut Inventory) -> NodeId {
        let [group, artifact, version] =
            ["groupId", "artifactId", "version"].map(|name| self.fill(&format!("${{project.{name}}}")));
        let known = |text: &str| if text.contains("${") { String::new() } else { text.to_owned() };
        let Some(named) = self.project.get("artifactId").filter(|it| !it.text.is_empty() && !artifact.contains("${"))
        else {
            inventory.fault(self.project.tag(self.source), "the project has no artifactId");
            return crate::model::SUBJECT;
        };
        // A parent's version may be a range, which says not yet which version the project inherits.
        let (group, version) = (known(&group), exact(&version).unwrap_or_default());
        let coordinates = Coordinates { group: &group, artifact: &artifact, version, ..Coordinates::default() };
        inventory.add_root(Component::new(coordinates.purl()), named.place(self.source))
    }

    fn parent(&self, root: NodeId, inventory: &mut Inventory) {
        let Some(parent) = self.project.get("parent") else { return };
        self.add(parent, Asked { kind: "pom", scope: Some(Scope::Build), environment: "" }, root, inventory);
    }

    /// Reads what a project and each of its profiles may hold.
    fn section(&mut self, section: &Element<'t>, profile: &str, root: NodeId, inventory: &mut Inventory) {
        let environment = if profile.is_empty() { String::new() } else { format!("profile {profile}") };
        self.define(section);
        let dependencies = |path: &[&str]| section.at(path).into_iter().flat_map(|it| &it.children);
        let mut boms = Vec::new();
        for managed in dependencies(&["dependencyManagement", "dependencies"]).filter(|it| it.name == "dependency") {
            if managed.text_of("scope") == "import" {
                boms.push(managed);
                continue;
            }
            let of =
                Managed { version: self.fill(managed.text_of("version")), scope: self.fill(managed.text_of("scope")) };
            self.managed.insert(self.key(managed), of);
        }
        let asked = Asked { kind: "jar", scope: None, environment: &environment };
        for bom in boms {
            self.add(bom, Asked { kind: "pom", scope: Some(Scope::Build), ..asked }, root, inventory);
        }
        for dependency in dependencies(&["dependencies"]).filter(|it| it.name == "dependency") {
            self.add(dependency, asked, root, inventory);
        }
        let build = Asked { scope: Some(Scope::Build), ..asked };
        let plugins = dependencies(&["build", "plugins"])
            .chain(dependencies(&["build", "pluginManagement", "plugins"]))
            .chain(dependencies(&["reporting", "plugins"]));
        for plugin in plugins.filter(|it| it.name == "plugin") {
            if !plugin.text_of("version").is_empty() {
                self.add(plugin, Asked { kind: "maven-plugin", ..build }, root, inventory);
            }
            let own = plugin.get("dependencies").into_iter().flat_map(|it| &it.children);
            for dependency in own.filter(|it| it.name == "dependency") {
                self.add(dependency, build, root, inventory);
            }
        }
        for extension in dependencies(&["build", "extensions"]).filter(|it| it.name == "extension") {
            self.add(extension, build, root, inventory);
        }
    }

    fn key(&self, element: &Element<'_>) -> Key {
        let kind = self.fill(element.text_of("type"));
        let kind = if kind.is_empty() { "jar".to_owned() } else { kind };
        let [group, artifact, classifier] =
            ["groupId", "artifactId", "classifier"].map(|name| self.fill(element.text_of(name)));
        (group, artifact, kind, classifier)
    }

    /// Adds one thing that is asked for.
    fn add(&self, element: &Element<'t>, asked: Asked<'_>, root: NodeId, inventory: &mut Inventory) {
        let place = element.get("artifactId").map_or(element.tag(self.source), |it| it.place(self.source));
        let (mut group, artifact, kind, classifier) = self.key(element);
        if asked.kind == "maven-plugin" && group.is_empty() {
            group = "org.apache.maven.plugins".to_owned();
        }
        if group.is_empty() || artifact.is_empty() {
            inventory.fault(place, format!("a {} without a groupId or an artifactId", element.name));
            return;
        }
        let managed = self.managed.get(&(group.clone(), artifact.clone(), kind.clone(), classifier.clone()));
        let own = self.fill(element.text_of("version"));
        let version = if own.is_empty() { managed.map(|it| it.version.clone()).unwrap_or_default() } else { own };
        let own = self.fill(element.text_of("scope"));
        let scope_name = if own.is_empty() { managed.map(|it| it.scope.clone()).unwrap_or_default() } else { own };
        let scope = asked.scope.or_else(|| coordinates::scope(&scope_name)).unwrap_or_else(|| {
            inventory.fault(place, format!("{} is none of Maven's scopes", scope_name.escape_debug()));
            Scope::Runtime
        });
        let is_optional = scope < Scope::Optional && self.fill(element.text_of("optional")) == "true";
        let scope = if is_optional { Scope::Optional } else { scope };
        let requirement = Requirement {
            scope,
            constraint: intern::text(&version),
            environment: intern::text(asked.environment),
            extra: "",
        };
        let Some(exact) = exact(&version) else {
            let name = intern::text(&format!("{group}:{artifact}"));
            inventory.declare(root, name, requirement, place, Gap::Unpinned);
            return;
        };
        let kind = if asked.scope.is_some() { asked.kind } else { &kind };
        // A plugin's own file is a jar like any other.
        let kind = if kind == "maven-plugin" { "" } else { kind };
        let classifier = if classifier.is_empty() { implied(kind) } else { &classifier };
        let coordinates = Coordinates { group: &group, artifact: &artifact, kind, classifier, version: exact };
        let mut component = Component::new(coordinates.purl());
        if scope_name == "system" {
            component.origin = Origin::path(element.text_of("systemPath"));
        }
        let node = inventory.add(component, place);
        inventory.edge(root, node, requirement, place);
    }
}

/// Returns the classifier that a type brings along.
///
/// Source: Maven's "Default Artifact Handlers Reference".
fn implied(kind: &str) -> &'static str {
    match kind {
        "test-jar" => "tests",
        "java-source" => "sources",
        "javadoc" => "javadoc",
        "ejb-client" => "client",
        _ => "",
    }
}

/// How something is asked for, by where it stands.
#[derive(Clone, Copy)]
struct Asked<'a> {
    kind: &'a str,
    /// None where the element says.
    scope: Option<Scope>,
    environment: &'a str,
}

/// Returns the one version that a text asks for; none for ranges, words for the newest, and properties that are not known.
fn exact(version: &str) -> Option<&str> {
    // `[1,1]` is a range with one version in it.
    let one = |range: &'_ str| range.split_once(',').is_none_or(|(from, to)| from.trim() == to.trim());
    let range = version.strip_prefix('[').and_then(|it| it.strip_suffix(']')).filter(|range| one(range));
    let version = range.map_or(version, |range| range.split(',').next().unwrap_or(range)).trim();
    let is_open =
        version.is_empty() || version.contains(['[', ']', '(', ')', ',', '$']) || version.contains(char::is_whitespace);
    (!is_open && !matches!(version, "LATEST" | "RELEASE")).then_some(version)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn versions_are_exact_or_none() {
        for (version, expected) in [
            ("1.0", Some("1.0")),
            ("[1.0]", Some("1.0")),
            ("[1.0, 1.0]", Some("1.0")),
            ("[1.0,2.0]", None),
            ("1.0-SNAPSHOT", Some("1.0-SNAPSHOT")),
            ("[1.0,2.0)", None),
            ("(,1.0],[1.2,)", None),
            ("LATEST", None),
            ("${unknown}", None),
            ("", None),
        ] {
            assert_eq!(exact(version), expected, "{version}");
        }
    }

    #[test]
    fn models_that_are_not_known_are_told() {
        let text = "<project><modelVersion>5.0.0</modelVersion></project>";
        let source = Source { file: crate::source::FileId(0), path: "pom.xml", text };
        let message = "modelVersion 5.0.0 is not known; 4.0.0 and 4.1.0 are read";
        assert_eq!(PomXml.parse(&source).unwrap_err().to_string(), message);
    }

    #[test]
    fn properties_that_grow_end() {
        let mut text = "<project><artifactId>a</artifactId><version>${p9}</version><properties><p0>x</p0>".to_owned();
        for n in 1..10 {
            let inner = format!("${{p{}}}", n - 1).repeat(50);
            text.push_str(&format!("<p{n}>{inner}</p{n}>"));
        }
        text.push_str("</properties></project>");
        let source = Source { file: crate::source::FileId(0), path: "pom.xml", text: &text };
        assert_eq!(PomXml.parse(&source).unwrap().nodes.len(), 2);
    }
}
