//! `gradle/verification-metadata.xml`: the digests that Gradle holds downloads to.
//!
//! Specification: Gradle's user manual, "Verifying Dependencies", and its schema, dependency-verification 1.0 to 1.4.

use anyhow::Result;

use super::coordinates::Coordinates;
use super::xml;
use crate::entry;
use crate::formats::{Format, Role};
use crate::model::{Algorithm, Component, Digest, Inventory};
use crate::source::Source;

entry! {
    /// `gradle/verification-metadata.xml`, the digests that Gradle holds downloads to; read to be joined with `gradle.lockfile`.
    ///
    /// Of a module's files those count that run (`.jar`, `.aar`, …); its `.pom` and `.module` only where it has no others.
    /// `also-trust` is read too; keys and signatures are not. The file holds more versions than are resolved: what only
    /// stands in it is no component.
    pub GradleVerification = "gradle-verification"
}

/// The newest version of the schema that is read.
const NEWEST: u32 = 4;

impl Format for GradleVerification {
    fn files(&self) -> &'static [&'static str] {
        &["verification-metadata.xml"]
    }

    fn role(&self) -> Role {
        Role::Manifest
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let root = xml::read(source)?;
        if root.name != "verification-metadata" {
            let message = "the root element is no <verification-metadata>";
            return Err(source.fault(root.tag(source), message));
        }
        let schema = root.attribute("schemaLocation").rsplit('/').next().unwrap_or_default();
        let schema = schema.trim_start_matches(|it: char| !it.is_ascii_digit());
        let schema = schema.trim_end_matches(".xsd");
        let minor = schema.strip_prefix("1.").and_then(|minor| minor.parse().ok());
        if !schema.is_empty() && minor.is_none_or(|minor: u32| minor > NEWEST) {
            let message =
                format!("its schema {} is newer than driftgate reads (1.0 to 1.{NEWEST})", schema.escape_debug());
            return Err(source.fault(root.tag(source), message));
        }
        let mut inventory = Inventory::new(source, "gradle-verification");
        for component in root.get("components").into_iter().flat_map(|components| components.all("component")) {
            let [group, artifact, version] = ["group", "name", "version"].map(|name| component.attribute(name));
            let place = component.tag(source);
            if group.is_empty() || artifact.is_empty() || version.is_empty() {
                inventory.fault(place, "a component without a group, name or version");
                continue;
            }
            let mut digests = [Vec::new(), Vec::new()];
            for file in component.all("artifact") {
                let is_description = [".pom", ".module"].iter().any(|end| file.attribute("name").ends_with(end));
                for sum in &file.children {
                    let Some(algorithm) = Algorithm::named(sum.name) else { continue };
                    let values = std::iter::once(sum).chain(sum.all("also-trust")).map(|sum| sum.attribute("value"));
                    for value in values {
                        match Digest::hex(algorithm, value) {
                            Some(digest) => digests[usize::from(is_description)].push(digest),
                            None => inventory.fault(sum.tag(source), format!("this is no {}", algorithm.name())),
                        }
                    }
                }
            }
            let [files, descriptions] = digests;
            let digests = if files.is_empty() { descriptions } else { files };
            let purl = Coordinates { group, artifact, version, ..Coordinates::default() }.purl();
            inventory.add(Component { digests, ..Component::new(purl) }, place);
        }
        Ok(inventory)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::FileId;

    #[test]
    fn schemas_that_are_not_known_are_told() {
        let parse = |schema: &str| {
            let text = format!("<verification-metadata schemaLocation=\"a b/dependency-verification-{schema}.xsd\"/>");
            let source = Source { file: FileId(0), path: "gradle/verification-metadata.xml", text: &text };
            GradleVerification.parse(&source).map(|_| ()).map_err(|error| error.to_string())
        };
        assert_eq!(parse("1.4"), Ok(()));
        for schema in ["1.9", "2.0"] {
            let message = format!("its schema {schema} is newer than driftgate reads (1.0 to 1.4)");
            assert_eq!(parse(schema), Err(message));
        }
    }
}
