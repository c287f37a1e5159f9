//! Says whether a range lets a version through, as the tool of an ecosystem reads it.
//!
//! Specifications: the Cargo Book, "Specifying Dependencies"; npm's `semver`, "Ranges"; the Python packaging specification
//! "Version specifiers".

use std::str::FromStr;

use pep440_rs::VersionSpecifiers;
use semver::{Version, VersionReq};

/// Says whether a range of a purl type lets a version through; none where no rule is known, or either is not understood.
pub fn fits(purl_type: &str, range: &str, version: &str) -> Option<bool> {
    match purl_type {
        "cargo" => Some(VersionReq::parse(range).ok()?.matches(&Version::parse(version).ok()?)),
        "npm" => npm(range, &Version::parse(version).ok()?),
        "pypi" => pypi(range, version),
        _ => None,
    }
}

fn pypi(range: &str, version: &str) -> Option<bool> {
    let version = pep440_rs::Version::from_str(version).ok()?;
    // As poetry writes it.
    if range.trim() == "*" {
        return Some(true);
    }
    Some(VersionSpecifiers::from_str(range).ok()?.contains(&version))
}

/// Reads a range of npm's: sets of comparators, of which one must fit.
fn npm(range: &str, version: &Version) -> Option<bool> {
    // An alias: `npm:other@^1`.
    let range = match range.strip_prefix("npm:") {
        Some(alias) => alias.rsplit_once('@').map_or("", |(_, range)| range),
        None => range,
    };
    if range.contains([':', '/']) {
        return None;
    }
    let fits: Vec<Option<bool>> = range.split("||").map(|set| Some(set_of(set)?.matches(version))).collect();
    if fits.contains(&Some(true)) {
        return Some(true);
    }
    fits.iter().all(Option::is_some).then_some(false)
}

/// Reads a set of comparators, all of which must fit.
fn set_of(set: &str) -> Option<VersionReq> {
    if let Some((from, to)) = set.split_once(" - ") {
        return VersionReq::parse(&format!(">={}, <={}", bare(from.trim()), bare(to.trim()))).ok();
    }
    let mut comparators: Vec<String> = Vec::new();
    let mut operator = String::new();
    for part in set.split_whitespace() {
        let at = part.find(|sign: char| !"<>=~^".contains(sign)).unwrap_or(part.len());
        operator.push_str(&part[..at]);
        let version = bare(&part[at..]);
        if version.is_empty() {
            // `>= 1.2`: the operator stands apart.
            continue;
        }
        let is_any = matches!(version, "*" | "x" | "X");
        comparators.push(match (operator.as_str(), version.matches('.').count()) {
            _ if is_any => "*".to_owned(),
            ("" | "=", 2..) if !version.ends_with(['x', 'X', '*']) => format!("={version}"),
            ("" | "=", 2..) => version.to_owned(),
            ("" | "=", _) if version.ends_with(['x', 'X', '*']) => version.to_owned(),
            ("" | "=", _) => format!("{version}.*"),
            ("~>", _) => format!("~{version}"),
            (operator, _) => format!("{operator}{version}"),
        });
        operator.clear();
    }
    match comparators.as_slice() {
        [] => Some(VersionReq::STAR),
        comparators => VersionReq::parse(&comparators.join(", ")).ok(),
    }
}

fn bare(version: &str) -> &str {
    version.strip_prefix('v').unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn ranges_are_read_as_their_tools_read_them() {
        for (ty, range, version, expected) in [
            ("cargo", "1.2", "1.9.0", Some(true)),
            ("cargo", "=1.2.0", "1.2.1", Some(false)),
            ("cargo", "0.3.1", "0.4.0", Some(false)),
            // From the README of npm's semver.
            ("npm", "^1.2.3", "1.9.0", Some(true)),
            ("npm", "^0.2.3", "0.3.0", Some(false)),
            ("npm", "~1.2.3", "1.3.0", Some(false)),
            ("npm", ">=1.2.7 <1.3.0", "1.2.8", Some(true)),
            ("npm", ">=1.2.7 <1.3.0", "1.3.0", Some(false)),
            ("npm", ">= 1.2.7 < 1.3.0", "1.2.8", Some(true)),
            ("npm", "1.2.7 || >=1.2.9 <2.0.0", "1.2.7", Some(true)),
            ("npm", "1.2.7 || >=1.2.9 <2.0.0", "1.2.8", Some(false)),
            ("npm", "1.2.3 - 2.3.4", "2.3.4", Some(true)),
            ("npm", "1.2.3 - 2.3", "2.3.9", Some(true)),
            ("npm", "1.2.3 - 2.3", "2.4.0", Some(false)),
            ("npm", "1.x", "1.9.0", Some(true)),
            ("npm", "1.2.x", "1.3.0", Some(false)),
            ("npm", "1", "2.0.0", Some(false)),
            ("npm", "1.2.3", "1.2.4", Some(false)),
            ("npm", "v1.2.3", "1.2.3", Some(true)),
            ("npm", "", "1.2.3", Some(true)),
            ("npm", "*", "1.2.3", Some(true)),
            ("npm", "npm:other@^2.0.0", "2.1.0", Some(true)),
            ("npm", "workspace:*", "2.1.0", None),
            ("npm", "github:a/b", "2.1.0", None),
            ("npm", "latest", "2.1.0", None),
            ("npm", "latest || ^2", "2.1.0", Some(true)),
            ("pypi", ">=1.21.1,<3", "2.5.0", Some(true)),
            ("pypi", ">=1.21.1,<3", "3.0", Some(false)),
            ("pypi", "==2.5.0", "2.5.0+cu121", Some(true)),
            ("pypi", "*", "1", Some(true)),
            ("pypi", "^1.2", "1.3", None),
            ("gem", "~> 1.2", "1.3", None),
        ] {
            assert_eq!(fits(ty, range, version), expected, "{ty} {range} {version}");
        }
    }
}
