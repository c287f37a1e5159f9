//! CycloneDX XML, read in one pass without a tree and without entities of its own.
//!
//! Specification: the CycloneDX standard, ECMA-424, its XML schemas 1.2 to 1.7. The namespace's tail is the version.

use std::borrow::Cow;
use std::ops::Range;

use anyhow::Result;
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use super::document::{
    Component, Dependency, Document, ExternalReference, Hash, Licence, LicenceChoice, Metadata, Property, Service,
};
use super::inventory;
use crate::entry;
use crate::formats::{Format, Yield};
use crate::model::Inventory;
use crate::source::Source;
use crate::syntax::json::Str;

entry! {
    /// CycloneDX XML, 1.2 to 1.7: a bill of materials, driftgate's own or another tool's.
    ///
    /// Read as CycloneDX JSON is. Entities other than XML's own five are refused, and so is what nests too deep.
    pub CycloneDxXml = "cyclonedx-xml"
}

/// The namespaces of all versions begin so.
const NAMESPACE: &str = "http://cyclonedx.org/schema/bom/";

/// How deep components may nest, as in JSON.
const MAX_DEPTH: usize = 60;

impl Format for CycloneDxXml {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Digests, Yield::Licences]
    }

    fn files(&self) -> &'static [&'static str] {
        &["*.cdx.xml", "bom.xml"]
    }

    fn recognizes(&self, text: &str) -> bool {
        text.trim_start().starts_with('<') && text.contains(NAMESPACE)
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        inventory::first(source, self.parse_all(source)?)
    }

    fn parse_all(&self, source: &Source<'_>) -> Result<Vec<Inventory>> {
        inventory::all(source, "cyclonedx-xml", &read(source)?)
    }
}

fn read<'t>(source: &Source<'t>) -> Result<Document<'t>> {
    let mut reader = Reader::from_str(source.text);
    reader.config_mut().expand_empty_elements = true;
    let mut xml = Xml { source: *source, reader, prefix: "", depth: 0 };
    loop {
        match xml.next()? {
            Event::Start(start) => return xml.document(&start),
            Event::Eof => return Err(source.fault(source.start(), "the file has no root element")),
            _ => {}
        }
    }
}

struct Xml<'t> {
    source: Source<'t>,
    reader: Reader<&'t [u8]>,
    /// The prefix of CycloneDX's own elements, with its colon; empty where its namespace is the default one.
    prefix: &'t str,
    depth: usize,
}

impl<'t> Xml<'t> {
    fn next(&mut self) -> Result<Event<'t>> {
        self.reader.read_event().map_err(|error| {
            let at = (self.reader.error_position() as usize).min(self.source.text.len());
            self.source.fault(self.source.place_at(at..at), error)
        })
    }

    fn fault(&self, message: &str) -> anyhow::Error {
        let at = (self.reader.buffer_position() as usize).min(self.source.text.len());
        self.source.fault(self.source.place_at(at..at), message)
    }

    /// Reads the children of an element whose start was read, up to its end. What `read` does not take, is skipped.
    fn children(&mut self, mut read: impl FnMut(&mut Self, &str, &BytesStart<'t>) -> Result<bool>) -> Result<()> {
        loop {
            match self.next()? {
                Event::Start(start) => {
                    let name = start.name();
                    // Elements of other namespaces are extensions.
                    let local = name.0.strip_prefix(self.prefix).filter(|local| !local.contains(':'));
                    if !read(self, local.unwrap_or_default(), &start)? {
                        self.skip(&start)?;
                    }
                }
                Event::End(_) => return Ok(()),
                Event::Eof => return Err(self.fault("the file ends inside of an element")),
                _ => {}
            }
        }
    }

    fn skip(&mut self, start: &BytesStart<'t>) -> Result<()> {
        if let Err(error) = self.reader.read_to_end(start.name()) {
            return Err(self.fault(&error.to_string()));
        }
        Ok(())
    }

    /// Reads the text of an element whose start was read, up to its end, and where it stands.
    fn raw_text(&mut self) -> Result<(Str<'t>, Range<usize>)> {
        let start = self.reader.buffer_position() as usize;
        let mut end = start;
        let mut text = Cow::Borrowed("");
        let mut push = |part: Cow<'t, str>| {
            if text.is_empty() { text = part } else { text.to_mut().push_str(&part) }
        };
        loop {
            match self.next()? {
                Event::Text(part) => push(part.into_inner()),
                Event::CData(part) => push(part.into_inner()),
                Event::GeneralRef(entity) => {
                    let character = entity.resolve_char_ref().map_err(|error| self.fault(&error.to_string()))?;
                    match (character, resolve_predefined_entity(&entity.clone().into_inner())) {
                        (Some(character), _) => push(Cow::Owned(character.to_string())),
                        (None, Some(resolved)) => push(Cow::Borrowed(resolved)),
                        (None, None) => return Err(self.fault("an entity that XML does not define by itself")),
                    }
                }
                Event::Start(inner) => self.skip(&inner)?,
                Event::End(_) => return Ok((Str(text), start..end)),
                Event::Eof => return Err(self.fault("the file ends inside of an element")),
                _ => {}
            }
            end = self.reader.buffer_position() as usize;
        }
    }

    /// As [`Xml::raw_text`], without the blanks around it.
    fn text(&mut self) -> Result<Option<Str<'t>>> {
        Ok(Some(Str(match self.raw_text()?.0.0 {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        })))
    }

    fn attribute(&self, start: &BytesStart<'t>, name: &str) -> Result<Option<Str<'t>>> {
        let attribute = start.try_get_attribute(name).map_err(|error| self.fault(&error.to_string()))?;
        let Some(attribute) = attribute else { return Ok(None) };
        let raw: &str = &attribute.value;
        if !raw.contains(['&', '\t', '\n', '\r']) {
            // Cut from the file once more, so that it lives as long and knows its place.
            let at = (raw.as_ptr() as usize).wrapping_sub(self.source.text.as_ptr() as usize);
            let part = at.checked_add(raw.len()).and_then(|end| self.source.text.get(at..end));
            return Ok(Some(Str(part.map_or_else(|| Cow::Owned(raw.to_owned()), Cow::Borrowed))));
        }
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        let value = value.map_err(|error| self.fault(&error.to_string()))?;
        Ok(Some(Str(Cow::Owned(value.into_owned()))))
    }

    fn document(&mut self, root: &BytesStart<'t>) -> Result<Document<'t>> {
        let mut document = Document::default();
        let name = root.name();
        let (prefix, local) = name.0.split_once(':').map_or(("", name.0), |(prefix, local)| (prefix, local));
        let binding = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
        let namespace = self.attribute(root, &binding)?;
        let version = namespace.as_ref().and_then(|namespace| namespace.strip_prefix(NAMESPACE));
        let (Some(version), "bom") = (version, local) else {
            return Err(self.fault("the root element is no <bom> of CycloneDX"));
        };
        document.spec_version = Some(Str(Cow::Owned(version.to_owned())));
        if !prefix.is_empty() {
            let at = name.0.as_ptr() as usize - self.source.text.as_ptr() as usize;
            self.prefix = self.source.text.get(at..at + prefix.len() + 1).unwrap_or_default();
        }
        self.children(|xml, name, _| {
            match name {
                "metadata" => document.metadata = Some(xml.metadata()?),
                "components" => document.components.get_or_insert_default().extend(xml.components()?),
                "services" => document.services.get_or_insert_default().extend(xml.services()?),
                "dependencies" => document.dependencies.get_or_insert_default().extend(xml.dependencies()?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        loop {
            match self.next()? {
                Event::Eof => return Ok(document),
                Event::Start(_) => return Err(self.fault("a second root element")),
                _ => {}
            }
        }
    }

    fn metadata(&mut self) -> Result<Metadata<'t>> {
        let mut metadata = Metadata::default();
        self.children(|xml, name, start| {
            match name {
                "component" => metadata.component = Some(xml.component(start)?),
                "properties" => metadata.properties = Some(xml.properties()?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(metadata)
    }

    fn components(&mut self) -> Result<Vec<Component<'t>>> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.fault("components nest too deep"));
        }
        let mut components = Vec::new();
        self.children(|xml, name, start| {
            if name == "component" {
                components.push(xml.component(start)?);
            }
            Ok(name == "component")
        })?;
        self.depth -= 1;
        Ok(components)
    }

    fn component(&mut self, start: &BytesStart<'t>) -> Result<Component<'t>> {
        let mut component = Component {
            kind: self.attribute(start, "type")?,
            bom_ref: self.attribute(start, "bom-ref")?,
            ..Component::default()
        };
        self.children(|xml, name, _| {
            match name {
                "name" => {
                    let (text, range) = xml.raw_text()?;
                    component.name_at = Some(range);
                    component.name = Some(text);
                }
                "group" => component.group = xml.text()?,
                "version" => component.version = xml.text()?,
                "purl" => component.purl = xml.text()?,
                "scope" => component.scope = xml.text()?,
                "hashes" => component.hashes = Some(xml.hashes()?),
                "licenses" => component.licenses = Some(xml.licences()?),
                "externalReferences" => component.external_references = Some(xml.references()?),
                "properties" => component.properties = Some(xml.properties()?),
                "components" => component.components = Some(xml.components()?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(component)
    }

    fn hashes(&mut self) -> Result<Vec<Hash<'t>>> {
        let mut hashes = Vec::new();
        self.children(|xml, name, start| {
            if name == "hash" {
                hashes.push(Hash { alg: xml.attribute(start, "alg")?, content: xml.text()? });
            }
            Ok(name == "hash")
        })?;
        Ok(hashes)
    }

    fn licences(&mut self) -> Result<Vec<LicenceChoice<'t>>> {
        let mut licences = Vec::new();
        self.children(|xml, name, _| {
            match name {
                "expression" => licences.push(LicenceChoice { expression: xml.text()?, license: None }),
                "license" => {
                    let mut licence = Licence::default();
                    xml.children(|xml, name, _| {
                        match name {
                            "id" => licence.id = xml.text()?,
                            "name" => licence.name = xml.text()?,
                            _ => return Ok(false),
                        }
                        Ok(true)
                    })?;
                    licences.push(LicenceChoice { expression: None, license: Some(licence) });
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(licences)
    }

    fn references(&mut self) -> Result<Vec<ExternalReference<'t>>> {
        let mut references = Vec::new();
        self.children(|xml, name, start| {
            if name != "reference" {
                return Ok(false);
            }
            let mut reference = ExternalReference { kind: xml.attribute(start, "type")?, url: None };
            xml.children(|xml, name, _| {
                if name == "url" {
                    reference.url = xml.text()?;
                }
                Ok(name == "url")
            })?;
            references.push(reference);
            Ok(true)
        })?;
        Ok(references)
    }

    fn properties(&mut self) -> Result<Vec<Property<'t>>> {
        let mut properties = Vec::new();
        self.children(|xml, name, start| {
            if name == "property" {
                properties.push(Property { name: xml.attribute(start, "name")?, value: Some(xml.raw_text()?.0) });
            }
            Ok(name == "property")
        })?;
        Ok(properties)
    }

    /// Reads the references of services, however deep they nest: as one flat list.
    fn services(&mut self) -> Result<Vec<Service<'t>>> {
        let mut services = Vec::new();
        let mut depth = 0usize;
        loop {
            match self.next()? {
                Event::Start(start) => {
                    depth += 1;
                    if start.local_name().as_ref() == "service" {
                        services.push(Service { bom_ref: self.attribute(&start, "bom-ref")?, services: None });
                    }
                }
                Event::End(_) if depth == 0 => return Ok(services),
                Event::End(_) => depth -= 1,
                Event::Eof => return Err(self.fault("the file ends inside of an element")),
                _ => {}
            }
        }
    }

    /// Reads `<dependency ref="a"><dependency ref="b"/></dependency>`, however deep: the inner is what the outer requires.
    fn dependencies(&mut self) -> Result<Vec<Dependency<'t>>> {
        let mut dependencies: Vec<Dependency<'t>> = Vec::new();
        // The open elements: the number of the dependency, none for other elements.
        let mut open: Vec<Option<usize>> = Vec::new();
        loop {
            match self.next()? {
                Event::Start(start) if start.local_name().as_ref() == "dependency" => {
                    let from = self.attribute(&start, "ref")?;
                    if let Some(Some(outer)) = open.last() {
                        dependencies[*outer].depends_on.get_or_insert_default().extend(from.clone());
                    }
                    open.push(Some(dependencies.len()));
                    let is_inner = open.len() > 1;
                    dependencies.push(Dependency { from, depends_on: (!is_inner).then(Vec::new) });
                }
                Event::Start(_) => open.push(None),
                Event::End(_) if open.is_empty() => {
                    // An inner one without own requirements is only a mention.
                    dependencies.retain(|dependency| dependency.depends_on.is_some());
                    return Ok(dependencies);
                }
                Event::End(_) => drop(open.pop()),
                Event::Eof => return Err(self.fault("the file ends inside of an element")),
                _ => {}
            }
        }
    }
}
