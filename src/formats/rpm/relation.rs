//! What packages of RPM ask of each other: `openssl-libs >= 1:3.0`, `libc.so.6()(64bit)`, `(a or b)`.
//!
//! Specification: RPM's manual, "Dependencies" and "Boolean dependencies".

use std::cmp::Ordering;

use crate::versions;

/// What is asked for, or provided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Relation<'t> {
    /// The name: a package's, a path, or what packages agreed on.
    pub(super) name: &'t str,
    /// How the version is compared; empty where any will do.
    pub(super) operator: &'t str,
    /// The version that it is compared with.
    pub(super) version: &'t str,
}

impl<'t> Relation<'t> {
    /// Reads a relation.
    pub(super) fn read(text: &'t str) -> Self {
        let mut words = text.split_whitespace();
        let [name, operator, version] = [(); 3].map(|()| words.next().unwrap_or_default());
        Relation { name, operator, version }
    }

    /// Says whether what is provided is what is asked for: the ranges of versions have one in common. Where either has no
    /// version, it does not matter.
    pub(super) fn fits(&self, provided: &Relation<'_>) -> bool {
        if self.operator.is_empty() || provided.operator.is_empty() {
            return true;
        }
        let (mut own, mut other) = (self.version, provided.version);
        // A version without a release stands for all its releases.
        if !own.contains('-') || !other.contains('-') {
            own = own.split('-').next().unwrap_or_default();
            other = other.split('-').next().unwrap_or_default();
        }
        let both = |sign: char| self.operator.contains(sign) && provided.operator.contains(sign);
        match versions::scheme("rpm").order(other, own) {
            Some(Ordering::Less) => self.operator.contains('<') || provided.operator.contains('>'),
            Some(Ordering::Greater) => self.operator.contains('>') || provided.operator.contains('<'),
            Some(Ordering::Equal) => both('=') || both('<') || both('>'),
            None => own == other,
        }
    }

    /// Returns what is asked of the version, in one spelling.
    pub(super) fn constraint(&self) -> String {
        if self.operator.is_empty() { String::new() } else { format!("{} {}", self.operator, self.version) }
    }
}

/// What a package asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked<'t> {
    /// One thing.
    One(Relation<'t>),
    /// Any of these: the first that is there.
    Any(Vec<Relation<'t>>),
    /// All of these.
    All(Vec<Relation<'t>>),
    /// The first, where the second is there.
    If(Relation<'t>, Relation<'t>),
    /// More than one condition, or one inside of another.
    Else,
}

impl<'t> Asked<'t> {
    /// Reads what is asked for.
    pub(super) fn read(text: &'t str) -> Self {
        let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) else {
            return Asked::One(Relation::read(text));
        };
        let mut operator = "";
        let mut relations = Vec::new();
        let mut start = 0;
        for word in inner.split_whitespace() {
            let at = word.as_ptr() as usize - inner.as_ptr() as usize;
            if word.starts_with('(') {
                return Asked::Else;
            }
            if !["and", "or", "with", "without", "if", "unless", "else"].contains(&word) {
                continue;
            }
            if !operator.is_empty() && operator != word {
                return Asked::Else;
            }
            operator = word;
            relations.push(Relation::read(&inner[start..at]));
            start = at + word.len();
        }
        relations.push(Relation::read(&inner[start..]));
        if relations.iter().any(|relation| relation.name.is_empty()) {
            return Asked::Else;
        }
        match (operator, relations.as_slice()) {
            ("", [one]) => Asked::One(*one),
            ("or", _) => Asked::Any(relations),
            ("and" | "with", _) => Asked::All(relations),
            ("if", [one, condition]) => Asked::If(*one, *condition),
            _ => Asked::Else,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boolean_relations_are_read() {
        let one = |text| Relation::read(text);
        for (text, expected) in [
            ("libc.so.6(GLIBC_2.34)(64bit)", Asked::One(one("libc.so.6(GLIBC_2.34)(64bit)"))),
            ("a >= 1", Asked::One(one("a >= 1"))),
            ("(a >= 1)", Asked::One(one("a >= 1"))),
            ("(a >= 1 or b(x) or c)", Asked::Any(vec![one("a >= 1"), one("b(x)"), one("c")])),
            ("(a >= 1 with a < 2)", Asked::All(vec![one("a >= 1"), one("a < 2")])),
            ("(a if b)", Asked::If(one("a"), one("b"))),
            ("(a if b else c)", Asked::Else),
            ("(a or (b and c))", Asked::Else),
            ("(a unless b)", Asked::Else),
            ("(or)", Asked::Else),
            ("()", Asked::Else),
        ] {
            assert_eq!(Asked::read(text), expected, "{text}");
        }
    }

    #[test]
    fn ranges_overlap() {
        for (asked, provided, expected) in [
            ("a", "a", true),
            ("a >= 1", "a", true),
            ("a", "a = 1", true),
            ("a >= 1.2", "a = 1.2-3", true),
            ("a >= 1.2-4", "a = 1.2-3", false),
            ("a >= 1.2-4", "a = 1.2", true),
            ("a < 2", "a = 1:1-1", false),
            ("a >= 2", "a = 1:1-1", true),
            ("a > 2", "a >= 1", true),
            ("a < 1", "a > 1", false),
            ("a = 1~rc1", "a = 1", false),
            ("a <= 1", "a < 1", true),
        ] {
            assert_eq!(Relation::read(asked).fits(&Relation::read(provided)), expected, "{asked}, {provided}");
        }
    }
}
