//! The headers of `METADATA` and `PKG-INFO`, which are those of an e-mail.
//!
//! Specification: "Core metadata" of the Python packaging user guide. What follows the blank line is a description.

use super::records::Record;
use super::requires_txt::require;
use crate::formats::pypi::pep508::{is_name, shown};
use crate::intern::{self, Text};
use crate::model::{Component, Inventory, Purl};
use crate::source::Source;

/// Reads the headers of one package.
pub(super) fn read(source: &Source<'_>, record: &Record<'_>, inventory: &mut Inventory) {
    let headers = Headers::of(source.text);
    let name = headers.first("Name").unwrap_or_default();
    if !is_name(name) {
        let message =
            if name.is_empty() { "no Name in it".to_owned() } else { format!("\"{}\" is no name", shown(name)) };
        inventory.fault(source.start(), format!("{message}; install the package again"));
        return;
    }
    let version = headers.first("Version").unwrap_or_else(|| record.named().1);
    let mut component = Component::new(Purl::new("pypi", "", name, version));
    component.licence = licence(&headers);
    let node = inventory.add(component, source.place(name));
    for text in headers.all("Requires-Dist") {
        require(source, inventory, node, text, "");
    }
}

/// The headers of a text, each with its value on one line or several.
struct Headers<'t>(Vec<(&'t str, &'t str)>);

impl<'t> Headers<'t> {
    fn of(text: &'t str) -> Self {
        let mut headers: Vec<(&str, &str)> = Vec::new();
        let mut at = 0;
        // Where the value of the last header begins.
        let mut begin = 0;
        for line in text.split_inclusive('\n') {
            let end = at + line.len();
            let plain = line.trim_end_matches(['\n', '\r']);
            if plain.is_empty() {
                break;
            }
            if plain.starts_with([' ', '\t']) {
                if let Some((_, value)) = headers.last_mut() {
                    *value = text[begin..at + plain.len()].trim();
                }
            } else if let Some((name, value)) = plain.split_once(':') {
                begin = at + name.len() + 1;
                headers.push((name, value.trim()));
            }
            at = end;
        }
        Headers(headers)
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &'t str> {
        self.0.iter().filter(move |(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    fn first(&self, name: &str) -> Option<&'t str> {
        self.all(name).find(|value| !value.is_empty())
    }
}

/// The longest text that is taken for the name of a licence, and not for the licence itself.
const LONGEST: usize = 120;

fn licence(headers: &Headers<'_>) -> Text {
    licence_of(headers.first("License-Expression"), headers.first("License"), headers.all("Classifier"))
}

/// Returns the licence: the expression, or the name that was written freely, or what the classifiers say.
pub(in crate::formats::pypi) fn licence_of<'t>(
    expression: Option<&str>,
    free: Option<&str>,
    classifiers: impl Iterator<Item = &'t str>,
) -> Text {
    if let Some(expression) = expression {
        return intern::text(&expression.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    let free = free.filter(|free| !free.contains('\n') && free.len() <= LONGEST);
    if let Some(free) = free.filter(|free| !free.eq_ignore_ascii_case("unknown")) {
        return intern::text(free);
    }
    let classifiers = classifiers.filter(|classifier| classifier.starts_with("License ::"));
    let mut names: Vec<&str> =
        classifiers.filter_map(|classifier| classifier.rsplit("::").next()).map(str::trim).collect();
    names.retain(|name| *name != "OSI Approved");
    names.sort_unstable();
    names.dedup();
    intern::text(&names.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_end_at_the_blank_line() {
        let text = "Name: a\r\nLicense: MIT\r\n        and more\r\nversion:1.0\r\nno header\r\n\r\nName: b\r\n";
        let headers = Headers::of(text);
        assert_eq!(headers.0, [("Name", "a"), ("License", "MIT\r\n        and more"), ("version", "1.0")]);
    }

    #[test]
    fn licences_are_named() {
        for (text, expected) in [
            ("License-Expression: MIT OR\r\n  Apache-2.0\nLicense: x", "MIT OR Apache-2.0"),
            ("License: BSD", "BSD"),
            ("License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License", "MIT License"),
            ("License: Long\n text\nClassifier: License :: B\nClassifier: License :: A", "A; B"),
            ("Classifier: License :: OSI Approved", ""),
        ] {
            assert_eq!(licence(&Headers::of(text)), expected, "{text}");
        }
    }
}
