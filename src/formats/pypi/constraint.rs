//! Version constraints of the Python world: PEP 440 specifiers (`>=1.0,<2`), and what Poetry adds to them (`^1.2`, `~1.2`,
//! `1.*`, `||`, a bare version).
//!
//! Specifications: the Python packaging specification "Version specifiers" (PEP 440); Poetry's "Dependency specification".

use std::str::FromStr;

use pep440_rs::Version;

/// A constraint that versions can be held against.
#[derive(Clone, Debug)]
pub struct Constraint(Vec<Vec<Clause>>);

#[derive(Clone, Debug)]
enum Clause {
    Exact(Version),
    Not(Version),
    Less(Version),
    AtMost(Version),
    More(Version),
    AtLeast(Version),
    Prefix(Version),
    NotPrefix(Version),
    Spelled(String),
}

impl Constraint {
    /// Reads a constraint; none where it is no constraint.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap_or(text);
        let mut choices = Vec::new();
        for choice in text.split('|').filter(|choice| !choice.trim().is_empty()) {
            choices.push(clauses(choice)?);
        }
        Some(Constraint(choices))
    }

    /// Says whether a version satisfies the constraint. Pre-releases are let in, but not those of an upper bound.
    pub fn allows(&self, version: &Version) -> bool {
        self.0.is_empty() || self.0.iter().any(|clauses| clauses.iter().all(|clause| clause.allows(version)))
    }

    /// Says whether a version satisfies the constraint, where one of the two may be of no known form: that is let pass.
    pub fn may_allow(constraint: Option<&Self>, version: Option<&Version>) -> bool {
        match (constraint, version) {
            (Some(constraint), Some(version)) => constraint.allows(version),
            _ => true,
        }
    }
}

/// Returns the version that specifiers pin (`==1.2`, `===1.2`); none where they leave a choice.
pub fn pinned(specifiers: &str) -> Option<&str> {
    let specifiers = specifiers.trim();
    let specifiers =
        specifiers.strip_prefix('(').and_then(|specifiers| specifiers.strip_suffix(')')).unwrap_or(specifiers);
    specifiers.split(',').find_map(|specifier| {
        let version = specifier.trim().strip_prefix("==")?;
        let version = version.strip_prefix('=').unwrap_or(version).trim();
        (!version.is_empty() && !version.contains('*')).then_some(version)
    })
}

fn clauses(text: &str) -> Option<Vec<Clause>> {
    let mut clauses = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        if rest.is_empty() {
            return Some(clauses);
        }
        let (operator, after) = rest.split_at(rest.find(|sign| !"<>=!~^".contains(sign))?);
        let after = after.trim_start();
        let (version, after) = after.split_at(after.find([',', ' ', '\t']).unwrap_or(after.len()));
        rest = after;
        clause(operator, version, &mut clauses)?;
    }
}

fn clause(operator: &str, spelled: &str, clauses: &mut Vec<Clause>) -> Option<()> {
    if operator == "===" {
        clauses.push(Clause::Spelled(spelled.to_owned()));
        return (!spelled.is_empty()).then_some(());
    }
    if matches!(spelled, "*" | "x" | "X") {
        return matches!(operator, "" | "=" | "==" | ">=" | "~" | "^").then_some(());
    }
    let prefix = [".*", ".x", ".X"].into_iter().find_map(|star| spelled.strip_suffix(star));
    if let Some(prefix) = prefix {
        let prefix = Version::from_str(prefix).ok()?;
        clauses.push(match operator {
            "" | "=" | "==" | "~" | "^" => Clause::Prefix(prefix),
            "!=" => Clause::NotPrefix(prefix),
            ">=" => Clause::AtLeast(prefix),
            "<" => Clause::Less(prefix),
            _ => return None,
        });
        return Some(());
    }
    let version = Version::from_str(spelled).ok()?;
    let release = version.release().to_vec();
    match operator {
        "" | "=" | "==" => clauses.push(Clause::Exact(version)),
        "!=" => clauses.push(Clause::Not(version)),
        "<" => clauses.push(Clause::Less(version)),
        "<=" => clauses.push(Clause::AtMost(version)),
        ">" => clauses.push(Clause::More(version)),
        ">=" => clauses.push(Clause::AtLeast(version)),
        "~=" => {
            let prefix = release.get(..release.len().checked_sub(1)?).filter(|prefix| !prefix.is_empty())?;
            clauses.push(Clause::Prefix(Version::new(prefix).with_epoch(version.epoch())));
            clauses.push(Clause::AtLeast(version));
        }
        "~" => {
            clauses.push(Clause::Less(above(&version, release.len().min(2) - 1)?));
            clauses.push(Clause::AtLeast(version));
        }
        "^" => {
            // The first number that is not zero stays; of zeros alone, the last one that is written.
            let kept = release.iter().position(|&number| number != 0).unwrap_or(release.len() - 1);
            clauses.push(Clause::Less(above(&version, kept)?));
            clauses.push(Clause::AtLeast(version));
        }
        _ => return None,
    }
    Some(())
}

/// Returns the first version past those that share the numbers up to `index`.
fn above(version: &Version, index: usize) -> Option<Version> {
    let mut release = version.release().get(..=index)?.to_vec();
    let last = release.last_mut()?;
    *last = last.checked_add(1)?;
    Some(Version::new(release).with_epoch(version.epoch()))
}

impl Clause {
    fn allows(&self, version: &Version) -> bool {
        // "Local version labels MUST be ignored entirely when checking", save where the constraint has one.
        let public = || version.clone().without_local();
        let same_release = |bound: &Version| version.only_release() == bound.only_release();
        match self {
            Clause::Exact(bound) if bound.is_local() => version == bound,
            Clause::Exact(bound) => public() == *bound,
            Clause::Not(bound) if bound.is_local() => version != bound,
            Clause::Not(bound) => public() != *bound,
            Clause::AtMost(bound) => public() <= *bound,
            Clause::AtLeast(bound) => public() >= *bound || version >= bound,
            Clause::Less(bound) => {
                public() < *bound && (bound.any_prerelease() || !version.any_prerelease() || !same_release(bound))
            }
            Clause::More(bound) => public() > *bound && (bound.is_post() || !version.is_post() || !same_release(bound)),
            Clause::Prefix(prefix) => begins(version, prefix),
            Clause::NotPrefix(prefix) => !begins(version, prefix),
            Clause::Spelled(spelled) => {
                version.to_string() == *spelled || Version::from_str(spelled).is_ok_and(|spelled| spelled == *version)
            }
        }
    }
}

fn begins(version: &Version, prefix: &Version) -> bool {
    let release = version.release();
    version.epoch() == prefix.epoch()
        && prefix
            .release()
            .iter()
            .enumerate()
            .all(|(index, number)| release.get(index).copied().unwrap_or_default() == *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_hold_versions() {
        for (constraint, yes, no) in [
            ("", "1 0.1 2!3", ""),
            ("*", "1 0.1", ""),
            ("1.2.3", "1.2.3 1.2.3+cu121", "1.2.4 1.2"),
            ("==1.0", "1 1.0.0", "1.0.post1 1.0.1"),
            ("==1.2.*", "1.2 1.2.9 1.2rc1", "1 1.3"),
            (">=1.0,<2.0", "1 1.9.9", "2 0.9 2.0rc1"),
            (">=1.0 <2.0", "1", "2"),
            ("(>=1.0,!=1.5.*,<2)", "1.4", "1.5.1"),
            ("^1.2.3", "1.2.3 1.9", "2.0 1.2.2 2.0a1"),
            ("^0.2.3", "0.2.9", "0.3"),
            ("^0.0.3", "0.0.3", "0.0.4"),
            ("^0.0", "0.0.9", "0.1"),
            ("^0", "0.9", "1.0"),
            ("~1.2.3", "1.2.9", "1.3"),
            ("~1.2", "1.2.9", "1.3"),
            ("~1", "1.9", "2"),
            ("~=1.4.2", "1.4.9", "1.5 1.4.1"),
            ("~=1.4", "1.9", "2.0"),
            (">=1.5.6,<1.5.7 || >1.5.7", "1.5.6 1.7.1", "1.5.7"),
            ("<=2.5", "2.5+cu121", "2.5.1"),
            (">1.0", "1.0.1", "1.0+local 1.0.post1 1.0"),
            ("===1.0", "1.0", "1.1"),
            (">=2.0.0rc1", "2.0.0rc2 2.0", "2.0.0b1"),
        ] {
            let read = Constraint::read(constraint).unwrap_or_else(|| panic!("{constraint}"));
            for (versions, expected) in [(yes, true), (no, false)] {
                for version in versions.split_whitespace() {
                    let parsed = Version::from_str(version).expect("a version");
                    assert_eq!(read.allows(&parsed), expected, "{constraint} {version}");
                }
            }
        }
        for wrong in ["foo", ">=", "~=1", "1.0 - 2.0", "<>1", "==", "^", "^^1", "~=1.*", ">=1,,x1", "é"] {
            assert!(Constraint::read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn pins_leave_no_choice() {
        for (specifiers, expected) in [
            ("==1.2", Some("1.2")),
            (" === 6.4", Some("6.4")),
            ("(==1.2)", Some("1.2")),
            (">=1,==1.2", Some("1.2")),
            ("==1.*", None),
            (">=1", None),
            ("", None),
            ("==", None),
        ] {
            assert_eq!(pinned(specifiers), expected, "{specifiers}");
        }
    }
}
