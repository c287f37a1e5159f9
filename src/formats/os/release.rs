//! `os-release`: which operating system a root file system is.
//!
//! Specification: os-release(5).

use anyhow::Result;

use crate::entry;
use crate::formats::{Format, Near, Role};
use crate::intern::{self, Text};
use crate::model::{Component, Inventory, Manifest, Purl};
use crate::source::Source;

entry! {
    /// `os-release`, which operating system a root file system is; read to be joined with its package database.
    ///
    /// Packages are named by it: `pkg:deb/ubuntu/…?distro=ubuntu-24.04`.
    pub OsRelease = "os-release"
}

/// The paths of the file, the one that counts first.
const FILES: &[&str] = &["etc/os-release", "usr/lib/os-release"];

impl Format for OsRelease {
    fn files(&self) -> &'static [&'static str] {
        &[]
    }

    fn takes(&self, path: &str) -> bool {
        super::is_below_root(path, FILES)
    }

    fn is_installed(&self) -> bool {
        true
    }

    fn role(&self) -> Role {
        Role::Manifest
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "os-release");
        let mut facts = Vec::new();
        for line in source.text.lines().map(str::trim) {
            let Some((name, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else { continue };
            if ["ID", "VERSION_ID", "VERSION_CODENAME"].contains(&name) {
                facts.push((intern::text(name), intern::text(&unquoted(value))));
            }
        }
        facts.sort_unstable();
        inventory.manifest = Some(Manifest { facts, ..Manifest::default() });
        Ok(inventory)
    }
}

/// Returns a value as a shell would read it.
fn unquoted(value: &str) -> String {
    let mut plain = String::new();
    let mut signs = value.trim().chars();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => plain.extend(signs.next()),
            '"' | '\'' => {}
            sign => plain.push(sign),
        }
    }
    plain
}

/// Names the packages of a database after the operating system below `root`; where nothing says which that is, they are
/// `vendor`'s.
pub(crate) fn name(inventory: &mut Inventory, near: &Near<'_>, root: &str, vendor: &str) {
    let release = FILES.iter().find_map(|file| near.get(&format!("{root}{file}"))?.manifest.as_ref());
    let fact = |name: &str| {
        let facts = release.map(|release| release.facts.as_slice()).unwrap_or_default();
        facts.iter().find(|(fact, _)| *fact == name).map_or("", |(_, value)| *value)
    };
    let id = fact("ID");
    let version = [fact("VERSION_ID"), fact("VERSION_CODENAME")].into_iter().find(|version| !version.is_empty());
    let distribution = version.map_or_else(|| id.to_owned(), |version| format!("{id}-{version}"));
    let distribution = if id.is_empty() { "" } else { distribution.as_str() };
    let namespace = if id.is_empty() { vendor } else { vendor_of(id) };
    for node in &mut inventory.nodes {
        node.component = node.component.map(|component| named(component, namespace, distribution));
    }
}

fn named(component: &'static Component, namespace: &str, distribution: &str) -> &'static Component {
    let purl = component.purl;
    let qualifiers = purl.qualifiers();
    let mut qualifiers: Vec<(&str, &str)> =
        qualifiers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    qualifiers.push(("distro", distribution));
    let purl = Purl::build(purl.ty(), namespace, purl.name(), purl.version(), &qualifiers, purl.subpath());
    Component { purl, ..component.clone() }.intern()
}

/// Returns the vendor that purls name for an operating system: mostly its own name.
fn vendor_of(id: Text) -> Text {
    match id {
        "rhel" => "redhat",
        "opensuse-leap" | "opensuse-tumbleweed" | "opensuse-microos" => "opensuse",
        id => id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_a_shell_does() {
        for (value, expected) in
            [("debian", "debian"), ("\"12\"", "12"), ("'a b'", "a b"), ("\"a\\\"b\\$\"", "a\"b$"), ("", ""), ("\\", "")]
        {
            assert_eq!(unquoted(value), expected, "{value}");
        }
    }
}
