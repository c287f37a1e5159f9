//! Settings beside a Compose file: `.env`. It holds secrets more often than not: only what is asked for by its name is looked
//! up, nothing of it is listed, and no message shows a line of it.
//!
//! Specification: "Set environment variables" of the Compose documentation, "Syntax for environment files".

use hashbrown::HashMap;

/// The lines of such a file by the names that they set, to be looked up; the last one of a name counts.
#[derive(Default)]
pub(super) struct Settings<'e> {
    lines: HashMap<&'e str, &'e str>,
}

impl<'e> Settings<'e> {
    /// Reads the names of a file.
    pub fn of(text: &'e str) -> Self {
        Settings { lines: text.lines().filter_map(parted).collect() }
    }

    /// Returns the value of one variable; none where the file does not set it, or to what other variables are.
    pub fn get(&self, name: &str) -> Option<String> {
        value(self.lines.get(name)?)
    }
}

/// Parts a line into a name and what it is set to.
fn parted(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, text) = line.split_once(['=', ':'])?;
    Some((name.trim(), text.trim()))
}

/// Returns what a text means; none where that is not known.
fn value(text: &str) -> Option<String> {
    let quoted = |quote: char| {
        let inner = text.strip_prefix(quote)?;
        Some(inner.find(quote).map(|end| inner[..end].to_owned()))
    };
    if let Some(single) = quoted('\'') {
        return single;
    }
    let value = match quoted('"') {
        Some(double) => double,
        None if text.starts_with('#') => Some(String::new()),
        None => Some(text.split_once(" #").map_or(text, |(text, _)| text).trim_end().to_owned()),
    };
    // One that names others, or is escaped, may be anything.
    value.filter(|value| !value.contains(['$', '\\']))
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn one_variable_is_looked_up() {
        let text = "# A=0\nA=1\nexport B = two # why\nC='a # b' # c\nD=\"x\"\nE=\nF=$A\nA=3\nG: 7\nH=\"open\nAB=9\n";
        for (name, expected) in [
            ("A", Some("3")),
            ("B", Some("two")),
            ("C", Some("a # b")),
            ("D", Some("x")),
            ("E", Some("")),
            ("F", None),
            ("G", Some("7")),
            ("H", None),
            ("I", None),
        ] {
            assert_eq!(Settings::of(text).get(name).as_deref(), expected, "{name}");
        }
    }
}
