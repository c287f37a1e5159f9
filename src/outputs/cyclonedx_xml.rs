//! CycloneDX XML: the SBOM of what a tree resolves to, for tools that read XML.
//!
//! Specification: the CycloneDX standard, ECMA-424, its XML schemas 1.4 to 1.7; XML 1.0.

use std::fmt::Write as _;
use std::io;

use anyhow::Result;

use super::text::{begins_command, hides};
use super::{Output, Style};
use crate::bom::{self, Component, Document, Licence, Property, Tools, Version};
use crate::entry;
use crate::formats::cyclonedx::properties;
use crate::intern::Text;
use crate::report::Report;

entry! {
    /// CycloneDX XML, 1.4 to 1.7, the SBOM of what the tree resolves to.
    ///
    /// # Use
    /// `driftgate sbom . --format cyclonedx-xml -o sbom.cdx.xml`. It is 1.5; `cyclonedx-xml@1.6` is 1.6, and so on.
    ///
    /// # What it holds
    /// What `cyclonedx-json` holds, and it is read back as that is. What XML has no character for (most controls) is spelled
    /// `\u{1b}`.
    pub CyclonedxXml = "cyclonedx-xml"
}

impl Output for CyclonedxXml {
    fn write(&self, report: &Report, style: Style, to: &mut dyn io::Write) -> Result<()> {
        let options = super::bom_options(report);
        let document = bom::document(&report.resolved, &options, Version::named(style.version), is_plain)?;
        let mut xml = Xml { text: String::new(), depth: 0 };
        xml.document(&document);
        let mut bytes = xml.text.into_bytes();
        bom::number(&mut bytes)?;
        to.write_all(&bytes)?;
        Ok(())
    }

    fn is_document(&self) -> bool {
        true
    }

    fn versions(&self) -> &'static [Text] {
        Version::NAMES
    }
}

/// Says whether XML spells a text as it is.
fn is_plain(text: &str) -> bool {
    properties::is_plain(text) && text.chars().all(is_character)
}

/// Says whether XML 1.0 knows a character: not most controls, nor the two that are none in Unicode.
fn is_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// Attributes of an element.
type Attributes<'a> = [(&'a str, &'a str)];

/// A text of XML that grows.
struct Xml {
    text: String,
    depth: usize,
}

impl Xml {
    fn document(&mut self, document: &Document) {
        self.text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let namespace = format!("http://cyclonedx.org/schema/bom/{}", document.spec_version);
        let version = document.version.to_string();
        let attributes =
            [("xmlns", namespace.as_str()), ("serialNumber", document.serial_number), ("version", version.as_str())];
        self.element("bom", &attributes, |xml| {
            xml.element("metadata", &[], |xml| {
                xml.leaf("timestamp", &[], document.metadata.timestamp.as_deref());
                xml.tools(&document.metadata.tools);
                xml.component(&document.metadata.component);
                xml.properties(&document.metadata.properties);
            });
            xml.element("components", &[], |xml| document.components.iter().for_each(|one| xml.component(one)));
            xml.element("dependencies", &[], |xml| {
                for dependency in &document.dependencies {
                    let (from, required) = (reference(&dependency.from), &dependency.depends_on);
                    xml.list("dependency", &[("ref", &from)], required, |xml, to| {
                        xml.empty("dependency", &[("ref", &reference(to))]);
                    });
                }
            });
        });
    }

    fn tools(&mut self, tools: &Tools) {
        self.element("tools", &[], |xml| match tools {
            Tools::Listed(tools) => tools.iter().for_each(|tool| {
                xml.element("tool", &[], |xml| {
                    xml.leaf("name", &[], Some(&tool.name));
                    xml.leaf("version", &[], Some(&tool.version));
                });
            }),
            Tools::Components { components } => {
                xml.element("components", &[], |xml| components.iter().for_each(|one| xml.component(one)));
            }
        });
    }

    fn component(&mut self, component: &Component) {
        let bom_ref = component.bom_ref.as_deref().map(reference);
        let kind = ("type", component.kind.as_str());
        let attributes: Vec<(&str, &str)> =
            std::iter::once(kind).chain(bom_ref.as_deref().map(|bom_ref| ("bom-ref", bom_ref))).collect();
        self.element("component", &attributes, |xml| {
            xml.leaf("group", &[], component.group.as_deref());
            xml.leaf("name", &[], Some(&component.name));
            xml.leaf("version", &[], component.version.as_deref());
            xml.leaf("scope", &[], component.scope.as_deref());
            xml.some("hashes", &component.hashes, |xml, hash| {
                xml.leaf("hash", &[("alg", &hash.alg)], Some(&hash.content));
            });
            xml.some("licenses", &component.licenses, |xml, licence| match licence {
                Licence::Expression(expression) => xml.leaf("expression", &[], Some(expression)),
                Licence::License { name } => {
                    xml.element("license", &[], |xml| xml.leaf("name", &[], Some(name)));
                }
            });
            xml.leaf("purl", &[], component.purl.as_deref());
            xml.some("externalReferences", &component.external_references, |xml, reference| {
                xml.element("reference", &[("type", &reference.kind)], |xml| {
                    xml.leaf("url", &[], Some(&reference.url));
                });
            });
            xml.properties(&component.properties);
            xml.some("components", &component.components, |xml, component| xml.component(component));
        });
    }

    fn properties(&mut self, properties: &[Property]) {
        self.some("properties", properties, |xml, property| {
            xml.leaf("property", &[("name", &property.name)], Some(&property.value));
        });
    }

    /// Writes an element with its parts.
    fn element(&mut self, name: &str, attributes: &Attributes<'_>, parts: impl FnOnce(&mut Self)) {
        self.start(name, attributes);
        self.text.push_str(">\n");
        self.depth += 1;
        parts(self);
        self.depth -= 1;
        self.indent();
        let _ = writeln!(self.text, "</{name}>");
    }

    /// Writes an element without parts.
    fn empty(&mut self, name: &str, attributes: &Attributes<'_>) {
        self.start(name, attributes);
        self.text.push_str("/>\n");
    }

    /// Writes an element with a part each item, and no end of its own where there is none.
    fn list<T>(&mut self, name: &str, attributes: &Attributes<'_>, items: &[T], mut part: impl FnMut(&mut Self, &T)) {
        if items.is_empty() {
            self.empty(name, attributes);
        } else {
            self.element(name, attributes, |xml| items.iter().for_each(|item| part(xml, item)));
        }
    }

    /// Writes an element with a part each item, if there is one.
    fn some<T>(&mut self, name: &str, items: &[T], part: impl FnMut(&mut Self, &T)) {
        if !items.is_empty() {
            self.list(name, &[], items, part);
        }
    }

    /// Writes an element of text, if there is one.
    fn leaf(&mut self, name: &str, attributes: &Attributes<'_>, text: Option<&str>) {
        let Some(text) = text else { return };
        self.start(name, attributes);
        self.text.push('>');
        self.push(text);
        let _ = writeln!(self.text, "</{name}>");
    }

    fn start(&mut self, name: &str, attributes: &Attributes<'_>) {
        self.indent();
        let _ = write!(self.text, "<{name}");
        for (name, value) in attributes {
            let _ = write!(self.text, " {name}=\"");
            self.push(value);
            self.text.push('"');
        }
    }

    fn indent(&mut self) {
        (0..self.depth).for_each(|_| self.text.push_str("  "));
    }

    /// Adds text: nothing in it is markup, nothing hides, and nothing is a command to a CI system.
    fn push(&mut self, text: &str) {
        for (at, c) in text.char_indices() {
            match c {
                '[' if begins_command(&text[..at]) => self.text.push_str("&#x5b;"),
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                c if !is_character(c) => {
                    let _ = write!(self.text, "\\u{{{:x}}}", u32::from(c));
                }
                c if hides(c) => {
                    let _ = write!(self.text, "&#x{:x};", u32::from(c));
                }
                c => self.text.push(c),
            }
        }
    }
}

/// Returns a reference as no other one is spelled: what XML has no character for is told from the same letters.
fn reference(text: &str) -> String {
    text.replace('\\', "\\\\")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::samples::{self, check};

    #[test]
    fn documents_are_as_expected() {
        for version in Version::NAMES {
            let mut bytes = Vec::new();
            let style = Style { version, ..Style::default() };
            CyclonedxXml.write(&samples::resolved(), style, &mut bytes).expect("a Vec takes all");
            let shown = String::from_utf8(bytes).expect("outputs are text");
            // It is made of driftgate's version too.
            let serial = shown.split('"').find(|part| part.starts_with("urn:uuid:")).unwrap_or_default();
            check("cyclonedx-xml", version, shown.replace(serial, "urn:uuid:CONTENT").as_bytes());
        }
    }
}
