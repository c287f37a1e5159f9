//! What packages of Debian ask of each other: `libc6 (>= 2.36) | musl:any, awk`.
//!
//! Specification: the Debian Policy Manual, chapter 7 "Declaring relationships between packages".

use std::cmp::Ordering;

use crate::versions;

/// One of the packages that a relation leaves to choose from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Choice<'t> {
    /// The package's name, or a virtual one's.
    pub(super) name: &'t str,
    /// The architecture asked for: `any`, `amd64`; empty where it is the package's own.
    pub(super) architecture: &'t str,
    /// How the version is compared; empty where any will do.
    pub(super) operator: &'t str,
    /// The version that it is compared with.
    pub(super) version: &'t str,
}

impl<'t> Choice<'t> {
    /// Reads a choice; what only sources have (`[amd64]`, `<!nocheck>`) is left out.
    fn read(text: &'t str) -> Self {
        let text = text.trim();
        let end = text.find(|sign: char| sign.is_whitespace() || "([<:".contains(sign)).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let architecture = rest.strip_prefix(':').map_or("", |rest| {
            let end = rest.find(|sign: char| !sign.is_ascii_alphanumeric() && sign != '-').unwrap_or(rest.len());
            &rest[..end]
        });
        let inside =
            rest.split_once('(').and_then(|(_, inside)| inside.split_once(')')).map_or("", |(inside, _)| inside);
        let inside = inside.trim();
        let end = inside.find(|sign: char| !"<>=".contains(sign)).unwrap_or(inside.len());
        Choice { name, architecture, operator: &inside[..end], version: inside[end..].trim() }
    }

    /// Says whether a version is one that is asked for; an empty one, as a provided name without a version has it, only
    /// where any will do.
    pub(super) fn fits(&self, version: &str) -> bool {
        if self.operator.is_empty() {
            return true;
        }
        let Some(order) = versions::scheme("deb").order(version, self.version) else { return version == self.version };
        match self.operator {
            "<<" => order == Ordering::Less,
            // As dpkg does, one sign alone is read as if it were the loose one.
            "<=" | "<" => order != Ordering::Greater,
            ">=" | ">" => order != Ordering::Less,
            ">>" => order == Ordering::Greater,
            _ => order == Ordering::Equal,
        }
    }

    /// Returns what is asked of the version, in one spelling.
    pub(super) fn constraint(&self) -> String {
        if self.operator.is_empty() { String::new() } else { format!("{} {}", self.operator, self.version) }
    }
}

/// Returns the relations of a field, each as it stands.
pub(super) fn relations(field: &str) -> impl Iterator<Item = &str> {
    field.split(',').map(str::trim).filter(|relation| !relation.is_empty())
}

/// Returns what a relation leaves to choose from.
pub(super) fn choices(relation: &str) -> impl Iterator<Item = Choice<'_>> {
    relation.split('|').map(Choice::read).filter(|choice| !choice.name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_are_read() {
        let text = "libc6 (>= 2.36)|musl:any ( << 2 ) , awk,, x[amd64] <!nocheck>, y(=1:2-3)";
        let all: Vec<Vec<Choice<'_>>> = relations(text).map(|relation| choices(relation).collect()).collect();
        let choice = |name, architecture, operator, version| Choice { name, architecture, operator, version };
        assert_eq!(
            all,
            [
                vec![choice("libc6", "", ">=", "2.36"), choice("musl", "any", "<<", "2")],
                vec![choice("awk", "", "", "")],
                vec![choice("x", "", "", "")],
                vec![choice("y", "", "=", "1:2-3")],
            ]
        );
    }

    #[test]
    fn versions_fit() {
        for (asked, version, expected) in [
            ("a", "", true),
            ("a (>= 1)", "", false),
            ("a (>= 1.2~)", "1.2~rc1", true),
            ("a (>= 1.2)", "1.2~rc1", false),
            ("a (<< 2)", "2", false),
            ("a (>> 2)", "2-1", true),
            ("a (= 0:2)", "2", true),
            ("a (< 2)", "2", true),
            ("a (= odd version)", "odd version", true),
        ] {
            assert_eq!(choices(asked).next().is_some_and(|choice| choice.fits(version)), expected, "{asked} {version}");
        }
    }
}
