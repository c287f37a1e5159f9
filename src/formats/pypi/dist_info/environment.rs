//! What is known of the environment that packages are installed into: Linux, and the Python that its path names.

use std::collections::BTreeMap;

use crate::formats::pypi::marker::{Fate, fate};

/// How many markers are looked into; the packages of a large environment have a few hundred between them.
const MOST: usize = 4096;

/// An environment, with what was asked of it before.
pub(in crate::formats::pypi) struct Environment {
    /// What is known, each as a marker with the variables that it speaks of.
    known: Vec<(&'static [&'static str], String)>,
    asked: BTreeMap<String, Fate>,
}

impl Environment {
    /// Returns an environment of which every variable is known, by its name in markers.
    pub(in crate::formats::pypi) fn exact<'v>(variables: impl Iterator<Item = (&'v str, &'v str)>) -> Self {
        /// The variables, and what they are called beside.
        const VARIABLES: &[&[&str]] = &[
            &["implementation_name"],
            &["implementation_version"],
            &["os_name"],
            &["platform_machine"],
            &["platform_release"],
            &["platform_system"],
            &["platform_version"],
            &["python_full_version"],
            &["platform_python_implementation", "python_implementation"],
            &["python_version"],
            &["sys_platform"],
        ];
        let known = variables.filter_map(|(name, value)| {
            let names = VARIABLES.iter().copied().find(|names| names[0] == name)?;
            (!value.contains(['\'', '"'])).then(|| (names, format!("{name} == '{value}'")))
        });
        Environment { known: known.collect(), asked: BTreeMap::new() }
    }

    /// Returns the environment of the packages in a folder: `lib/python3.11/site-packages`, `lib/pypy3.10/site-packages`.
    pub(super) fn of(folder: &str) -> Self {
        let mut known = vec![
            (&["sys_platform"][..], "sys_platform == 'linux'".to_owned()),
            (&["os_name"], "os_name == 'posix'".to_owned()),
            (&["platform_system"], "platform_system == 'Linux'".to_owned()),
        ];
        let named = folder.split('/').rev().find_map(|part| {
            let (is_pypy, version) = match part.strip_prefix("python") {
                Some(version) => (false, version),
                None => (true, part.strip_prefix("pypy")?),
            };
            // A `t` after it is a Python without a global lock.
            let version = version.trim_end_matches('t');
            let (major, minor) = version.split_once('.').unwrap_or((version, ""));
            let is_number = |part: &str| matches!(part.len(), 1..=3) && part.bytes().all(|byte| byte.is_ascii_digit());
            (is_number(major) && (minor.is_empty() || is_number(minor))).then_some((is_pypy, major, minor))
        });
        let is_pypy = named.is_some_and(|(is_pypy, ..)| is_pypy);
        let (short, long) = if is_pypy { ("pypy", "PyPy") } else { ("cpython", "CPython") };
        known.push((&["implementation_name"], format!("implementation_name == '{short}'")));
        known.push((
            &["platform_python_implementation", "python_implementation"],
            format!("platform_python_implementation == '{long}'"),
        ));
        let python = match named {
            None => return Environment { known, asked: BTreeMap::new() },
            // Debian's `usr/lib/python3` is of any Python 3.
            Some((_, major, "")) => format!("python_version >= '{major}' and python_version < '{major}.999'"),
            Some((_, major, minor)) => format!("python_version == '{major}.{minor}'"),
        };
        known.push((&["python_version", "python_full_version"], python));
        Environment { known, asked: BTreeMap::new() }
    }

    /// Says whether a marker holds here.
    pub(super) fn fate(&mut self, marker: &str) -> Fate {
        if let Some(&fate) = self.asked.get(marker) {
            return fate;
        }
        if self.asked.len() >= MOST {
            return Fate::Unknown;
        }
        let about =
            self.known.iter().filter(|(variables, _)| variables.iter().any(|variable| marker.contains(variable)));
        let context = about.map(|(_, known)| known.as_str()).collect::<Vec<_>>().join(" and ");
        let context = if context.is_empty() { "os_name == 'posix'" } else { &context };
        let fate = fate(marker, context);
        self.asked.insert(marker.to_owned(), fate);
        fate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_names_the_python() {
        for (folder, marker, expected) in [
            ("lib/python3.11/site-packages", "python_version < '3.11'", Fate::Never),
            ("opt/x/lib/python3.13t/site-packages", "python_version >= '3.13'", Fate::Always),
            ("lib/pypy3.10/site-packages", "platform_python_implementation == 'CPython'", Fate::Never),
            ("usr/lib/python3/dist-packages", "python_version >= '3.8'", Fate::Unknown),
            ("usr/lib/python3/dist-packages", "python_version < '3'", Fate::Never),
            ("Lib/site-packages", "python_version < '3.11'", Fate::Unknown),
            ("usr/lib/python3/dist-packages", "sys_platform == 'win32'", Fate::Never),
            (".", "platform_machine == 'x86_64'", Fate::Unknown),
        ] {
            assert_eq!(Environment::of(folder).fate(marker), expected, "{folder} {marker}");
        }
    }
}
