//! XML as a tree of elements with places, without entities of its own.

use std::borrow::Cow;

use anyhow::Result;
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use crate::source::{Place, Source};

/// How deep elements may nest.
const MAX_DEPTH: usize = 100;

/// An element; its name is without a prefix.
#[derive(Debug, Default)]
pub(super) struct Element<'t> {
    pub(super) name: &'t str,
    pub(super) attributes: Vec<(&'t str, Cow<'t, str>)>,
    /// The text in it, without the blanks around it and that of inner elements.
    pub(super) text: Cow<'t, str>,
    pub(super) children: Vec<Element<'t>>,
    /// The range of its start tag, and of all that is in it.
    tag: (usize, usize),
    inner: (usize, usize),
}

impl<'t> Element<'t> {
    /// Returns the first child of a name.
    pub(super) fn get(&self, name: &str) -> Option<&Element<'t>> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Returns the element at a path of names.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Element<'t>> {
        path.iter().try_fold(self, |at, name| at.get(name))
    }

    /// Returns the children of a name.
    pub(super) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element<'t>> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Returns the text of the first child of a name; empty where there is none.
    pub(super) fn text_of(&self, name: &str) -> &str {
        self.get(name).map_or("", |child| &child.text)
    }

    /// Returns an attribute; empty where there is none.
    pub(super) fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }

    /// Returns the place of its text, as the file spells it.
    pub(super) fn place(&self, source: &Source<'_>) -> Place {
        let (start, end) = self.inner;
        let inner = source.text.get(start..end).unwrap_or_default();
        source.place(inner.trim())
    }

    /// Returns the place of its start tag.
    pub(super) fn tag(&self, source: &Source<'_>) -> Place {
        source.place_at(self.tag.0..self.tag.1)
    }
}

/// Reads a document; returns its root.
pub(super) fn read<'t>(source: &Source<'t>) -> Result<Element<'t>> {
    let mut reader = Reader::from_str(source.text);
    reader.config_mut().expand_empty_elements = true;
    let fault = |at: u64, message: &dyn std::fmt::Display| {
        let at = (at as usize).min(source.text.len());
        source.fault(source.place_at(at..at), message)
    };
    let mut open: Vec<Element<'t>> = Vec::new();
    loop {
        let before = reader.buffer_position();
        let event = reader.read_event().map_err(|error| fault(reader.error_position(), &error))?;
        let after = reader.buffer_position();
        let mut push = |part: Cow<'t, str>| {
            if let Some(element) = open.last_mut() {
                if element.text.is_empty() { element.text = part } else { element.text.to_mut().push_str(&part) }
            }
        };
        match event {
            Event::Start(start) => {
                if open.len() == MAX_DEPTH {
                    return Err(fault(before, &"elements nest too deep"));
                }
                let mut element = start_of(source, &start).map_err(|error| fault(before, &error))?;
                element.tag = (before as usize, after as usize);
                element.inner = (after as usize, after as usize);
                open.push(element);
            }
            Event::End(_) => {
                let Some(mut element) = open.pop() else {
                    return Err(fault(before, &"an element ends that never began"));
                };
                element.inner.1 = (before as usize).max(element.inner.0);
                element.text = match element.text {
                    Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
                    Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
                };
                match open.last_mut() {
                    Some(parent) => parent.children.push(element),
                    None => return Ok(element),
                }
            }
            Event::Text(part) => push(part.into_inner()),
            Event::CData(part) => push(part.into_inner()),
            Event::GeneralRef(entity) => {
                let character = entity.resolve_char_ref().map_err(|error| fault(before, &error))?;
                match (character, resolve_predefined_entity(&entity.clone().into_inner())) {
                    (Some(character), _) => push(Cow::Owned(character.to_string())),
                    (None, Some(resolved)) => push(Cow::Borrowed(resolved)),
                    (None, None) => return Err(fault(before, &"an entity that XML does not define by itself")),
                }
            }
            Event::Eof if open.is_empty() => return Err(source.fault(source.start(), "the file has no root element")),
            Event::Eof => return Err(fault(after, &"the file ends inside of an element")),
            _ => {}
        }
    }
}

/// Cuts a part of the reader's text out of the file once more, so that it lives as long.
fn cut<'t>(source: &Source<'t>, part: &str) -> Option<&'t str> {
    let at = (part.as_ptr() as usize).wrapping_sub(source.text.as_ptr() as usize);
    source.text.get(at..at.checked_add(part.len())?)
}

fn start_of<'t>(source: &Source<'t>, start: &BytesStart<'t>) -> Result<Element<'t>, String> {
    let local = |name: &str| cut(source, name.rsplit(':').next().unwrap_or(name)).unwrap_or_default();
    let mut element = Element { name: local(start.name().0), ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let raw: &str = &attribute.value;
        let value = match cut(source, raw).filter(|raw| !raw.contains(['&', '\t', '\n', '\r'])) {
            Some(raw) => Cow::Borrowed(raw),
            None => {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
                Cow::Owned(value.into_owned())
            }
        };
        element.attributes.push((local(attribute.key.0), value));
    }
    Ok(element)
}
