//! How Poetry writes a requirement, in `pyproject.toml` and in `poetry.lock` alike: a version, a table, or several tables.
//!
//! Specification: Poetry's "Dependency specification".

use serde::Deserialize;

use super::marker::both;
use crate::intern::{self, Text};
use crate::model::without_credentials;

/// The value of a dependency: `"^1.0"`, `{version = "^1.0", optional = true}`, or an array of such.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Asked {
    /// One of them.
    One(One),
    /// Several, for several environments.
    Several(Vec<One>),
}

/// A version, or a table.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum One {
    /// A version constraint.
    Version(String),
    /// A table.
    Table(Box<Table>),
}

/// A dependency's table.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Table {
    version: Option<String>,
    optional: bool,
    markers: Option<String>,
    python: Option<String>,
    platform: Option<String>,
    extras: Vec<String>,
    git: Option<String>,
    branch: Option<String>,
    tag: Option<String>,
    rev: Option<String>,
    path: Option<String>,
    file: Option<String>,
    url: Option<String>,
}

/// One requirement, whatever way it was written.
#[derive(Clone, Debug, Default)]
pub struct Ask<'t> {
    /// Versions, or `@` and an address.
    pub constraint: Text,
    /// When it applies.
    pub marker: String,
    /// Whether only an extra brings it in.
    pub optional: bool,
    /// The extras that are asked for.
    pub extras: &'t [String],
}

impl Asked {
    /// Returns each requirement.
    pub fn each(&self) -> impl Iterator<Item = Ask<'_>> {
        let asked = match self {
            Asked::One(one) => std::slice::from_ref(one),
            Asked::Several(several) => several.as_slice(),
        };
        asked.iter().map(|one| match one {
            One::Version(version) => Ask { constraint: intern::text(version.trim()), ..Ask::default() },
            One::Table(table) => table.ask(),
        })
    }
}

impl Table {
    fn ask(&self) -> Ask<'_> {
        let mut marker = self.markers.clone().unwrap_or_default();
        if let Some(python) = self.python.as_deref().filter(|python| *python != "*") {
            marker = both(&marker, &python_marker(python));
        }
        if let Some(platform) = &self.platform {
            marker = both(&marker, &format!("sys_platform == \"{platform}\""));
        }
        Ask { constraint: self.constraint(), marker, optional: self.optional, extras: &self.extras }
    }

    fn constraint(&self) -> Text {
        let address = if let Some(git) = &self.git {
            let reference = self.rev.as_ref().or(self.tag.as_ref()).or(self.branch.as_ref());
            let address = format!("git+{}", without_credentials(git));
            Some(reference.map_or(address.clone(), |reference| format!("{address}@{reference}")))
        } else {
            let address = self.url.as_ref().or(self.path.as_ref()).or(self.file.as_ref());
            address.map(|address| without_credentials(address).into_owned())
        };
        match address {
            Some(address) => intern::text(&format!("@ {address}")),
            None => intern::text(self.version.as_deref().unwrap_or_default().trim()),
        }
    }
}

/// Makes a marker of a constraint on Python; one that markers can't say is kept in its own words.
fn python_marker(constraint: &str) -> String {
    let mut parts = Vec::new();
    for part in constraint.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let digits = part.find(|sign: char| sign.is_ascii_digit()).unwrap_or(part.len());
        let (operator, version) = part.split_at(digits);
        let operator = match operator.trim() {
            "" | "=" => "==",
            operator @ ("<" | "<=" | ">" | ">=" | "==" | "!=") => operator,
            _ => return format!("python {constraint}"),
        };
        if !version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".*".contains(&byte)) {
            return format!("python {constraint}");
        }
        let variable = if version.matches('.').count() > 1 { "python_full_version" } else { "python_version" };
        parts.push(format!("{variable} {operator} \"{version}\""));
    }
    parts.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_constraints_become_markers() {
        for (constraint, expected) in [
            ("<3.10", "python_version < \"3.10\""),
            (">=3.8,<3.10.2", "python_version >= \"3.8\" and python_full_version < \"3.10.2\""),
            ("^3.8", "python ^3.8"),
            ("3.8 || 3.9", "python 3.8 || 3.9"),
        ] {
            assert_eq!(python_marker(constraint), expected, "{constraint}");
        }
    }
}
