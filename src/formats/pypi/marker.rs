//! Environment markers, `python_version < "3.12" and sys_platform == "linux"`: can two of them hold at once?
//!
//! Specification: the Python packaging specification "Dependency specifiers" (PEP 508).

use std::collections::BTreeMap;
use std::str::FromStr;

use pep440_rs::Version;

use super::constraint::Constraint;

/// Whether several markers can hold at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// In no environment.
    Never,
    /// In some.
    Possible,
    /// The markers are malformed, or too many to say.
    Unknown,
}

/// Says whether there is an environment in which all of `markers` hold. Empty markers always hold.
pub fn overlap(markers: &[&str]) -> Overlap {
    let mut parsed = Vec::new();
    for marker in markers.iter().filter(|marker| !marker.trim().is_empty()) {
        match Marker::read(marker) {
            Some(marker) => parsed.push(marker),
            None => return Overlap::Unknown,
        }
    }
    Worlds::of(&parsed).map_or(Overlap::Unknown, |worlds| worlds.any_holds(&Marker::All(parsed)))
}

/// Whether a marker holds in an environment of which not all is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It holds, whatever is not known.
    Always,
    /// It does not hold, whatever is not known.
    Never,
    /// Not enough is known to say.
    Unknown,
}

/// Says whether a marker holds where `context`, a marker that tells what is known of the environment, does.
pub fn fate(marker: &str, context: &str) -> Fate {
    if marker.trim().is_empty() {
        return Fate::Always;
    }
    let (Some(known), Some(marker)) = (Marker::read(context), Marker::read(marker)) else { return Fate::Unknown };
    let holds = Marker::All(vec![known.clone(), marker.clone()]);
    let fails = Marker::All(vec![known, Marker::Not(Box::new(marker))]);
    let Some(worlds) = Worlds::of(std::slice::from_ref(&holds)) else { return Fate::Unknown };
    match (worlds.any_holds(&holds), worlds.any_holds(&fails)) {
        (Overlap::Never, _) => Fate::Never,
        (_, Overlap::Never) => Fate::Always,
        _ => Fate::Unknown,
    }
}

/// Says whether two markers hold in the same environments. What is no marker, or too much to say, is not the same.
pub fn is_same(one: &str, other: &str) -> bool {
    let (Some(one), Some(other)) = (Marker::read(one), Marker::read(other)) else { return false };
    let not = [&one, &other].map(|marker| Marker::Not(Box::new(marker.clone())));
    let [not_one, not_other] = not;
    let alone = Marker::Any(vec![Marker::All(vec![one, not_other]), Marker::All(vec![not_one, other])]);
    Worlds::of(std::slice::from_ref(&alone)).is_some_and(|worlds| worlds.any_holds(&alone) == Overlap::Never)
}

/// Says whether a text is a marker, or empty.
pub fn is_marker(text: &str) -> bool {
    text.is_empty() || Marker::read(text).is_some()
}

/// Takes the extras out of a dependency's marker: returns those that ask for it, and the marker without them.
///
/// `extra == "socks" and python_version < "3.9"` gives `["socks"]` and `python_version < "3.9"`. A marker that mixes the
/// two in another way is returned whole.
pub fn without_extras(marker: &str) -> (Vec<&str>, String) {
    if !marker.contains("extra") {
        return (Vec::new(), marker.to_owned());
    }
    let mut extras = Vec::new();
    let mut kept = Vec::new();
    for part in conjuncts(marker) {
        match only_extras(part) {
            Some(names) => extras.extend(names),
            None => kept.push(part.trim()),
        }
    }
    if extras.is_empty() {
        let all = names_of_extras(marker);
        return (all, marker.to_owned());
    }
    (extras, kept.join(" and "))
}

/// Joins two markers so that both must hold.
pub fn both(one: &str, other: &str) -> String {
    if one.is_empty() || one == other {
        return other.to_owned();
    }
    if other.is_empty() {
        return one.to_owned();
    }
    let wrap = |marker: &str| {
        if alternatives(marker) > 1 { format!("({marker})") } else { marker.to_owned() }
    };
    format!("{} and {}", wrap(one), wrap(other))
}

/// Returns the names in a marker that asks for nothing but extras: `extra == "a" or extra == "b"`.
fn only_extras(marker: &str) -> Option<Vec<&str>> {
    let words = tokens(marker)?;
    let mut names = Vec::new();
    let mut words = words.into_iter().filter(|word| !matches!(word, Token::Open | Token::Close)).peekable();
    while words.peek().is_some() {
        let (Token::Word("extra"), Token::Operator("=="), Token::Text(name)) =
            (words.next()?, words.next()?, words.next()?)
        else {
            return None;
        };
        names.push(name);
        match words.next() {
            None => break,
            Some(Token::Word("or")) => {}
            Some(_) => return None,
        }
    }
    (!names.is_empty()).then_some(names)
}

fn names_of_extras(marker: &str) -> Vec<&str> {
    let words = tokens(marker).unwrap_or_default();
    words
        .windows(3)
        .filter_map(|words| match words {
            [Token::Word("extra"), Token::Operator("=="), Token::Text(name)] => Some(*name),
            _ => None,
        })
        .collect()
}

/// Parts a marker at the `and`s outside of parentheses; a marker with an `or` there is one part.
fn conjuncts(marker: &str) -> Vec<&str> {
    if alternatives(marker) > 1 { vec![marker] } else { split(marker, "and") }
}

fn alternatives(marker: &str) -> usize {
    split(marker, "or").len()
}

fn split<'t>(marker: &'t str, at: &str) -> Vec<&'t str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0usize);
    for token in tokens(marker).unwrap_or_default() {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth = depth.saturating_sub(1),
            Token::Word(word) if word == at && depth == 0 => {
                let offset = word.as_ptr() as usize - marker.as_ptr() as usize;
                parts.push(&marker[start..offset]);
                start = offset + word.len();
            }
            _ => {}
        }
    }
    parts.push(&marker[start..]);
    parts
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'t> {
    Open,
    Close,
    Word(&'t str),
    Operator(&'t str),
    Text(&'t str),
}

fn tokens(marker: &str) -> Option<Vec<Token<'_>>> {
    let mut found = Vec::new();
    let mut rest = marker.trim_start();
    while let Some(first) = rest.chars().next() {
        let len = match first {
            '(' | ')' => {
                found.push(if first == '(' { Token::Open } else { Token::Close });
                1
            }
            '"' | '\'' => {
                let end = rest[1..].find(first)?;
                found.push(Token::Text(&rest[1..1 + end]));
                end + 2
            }
            '<' | '>' | '=' | '!' | '~' => {
                let end = rest.find(|sign| !"<>=!~".contains(sign)).unwrap_or(rest.len());
                found.push(Token::Operator(&rest[..end]));
                end
            }
            _ if first.is_ascii_alphabetic() => {
                let end =
                    rest.find(|sign: char| !sign.is_ascii_alphanumeric() && !"_.".contains(sign)).unwrap_or(rest.len());
                found.push(Token::Word(&rest[..end]));
                end
            }
            _ => return None,
        };
        rest = rest[len..].trim_start();
    }
    Some(found)
}

/// How deep parentheses may nest.
const DEEPEST: usize = 40;

#[derive(Clone, Debug)]
enum Marker<'t> {
    All(Vec<Marker<'t>>),
    Any(Vec<Marker<'t>>),
    Not(Box<Marker<'t>>),
    /// Holds for the interpreter's version, or for its first two numbers.
    Python {
        full: bool,
        versions: Constraint,
        bounds: Version,
    },
    /// Holds where the variable has the value.
    Is {
        variable: &'t str,
        value: &'t str,
        negated: bool,
    },
    /// Nothing is known of when it holds; the same text holds alike.
    Some {
        variable: &'t str,
        operator: &'t str,
        value: &'t str,
    },
}

impl<'t> Marker<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let tokens = tokens(text)?;
        let mut rest = tokens.as_slice();
        let marker = Self::any(&mut rest, 0)?;
        rest.is_empty().then_some(marker)
    }

    fn any(rest: &mut &[Token<'t>], depth: usize) -> Option<Self> {
        let mut choices = vec![Self::all(rest, depth)?];
        while let [Token::Word("or"), after @ ..] = *rest {
            *rest = after;
            choices.push(Self::all(rest, depth)?);
        }
        Some(if choices.len() == 1 { choices.pop()? } else { Marker::Any(choices) })
    }

    fn all(rest: &mut &[Token<'t>], depth: usize) -> Option<Self> {
        let mut parts = vec![Self::one(rest, depth)?];
        while let [Token::Word("and"), after @ ..] = *rest {
            *rest = after;
            parts.push(Self::one(rest, depth)?);
        }
        Some(if parts.len() == 1 { parts.pop()? } else { Marker::All(parts) })
    }

    fn one(rest: &mut &[Token<'t>], depth: usize) -> Option<Self> {
        if let [Token::Open, after @ ..] = *rest {
            *rest = after;
            let marker = (depth < DEEPEST).then(|| Self::any(rest, depth + 1)).flatten()?;
            let [Token::Close, after @ ..] = *rest else { return None };
            *rest = after;
            return Some(marker);
        }
        let (left, operator, right, after) = match *rest {
            [left, Token::Operator(operator), right, after @ ..] => (left, *operator, right, after),
            [left, Token::Word("in"), right, after @ ..] => (left, "in", right, after),
            [left, Token::Word("not"), Token::Word("in"), right, after @ ..] => (left, "not in", right, after),
            _ => return None,
        };
        *rest = after;
        match (*left, *right) {
            (Token::Word(variable), Token::Text(value)) => Some(Self::compare(variable, operator, value)),
            (Token::Text(value), Token::Word(variable)) => {
                let turned = match operator {
                    "<" => ">",
                    "<=" => ">=",
                    ">" => "<",
                    ">=" => "<=",
                    "in" => "has",
                    "not in" => "has not",
                    same => same,
                };
                Some(Self::compare(variable, turned, value))
            }
            (Token::Word(left), Token::Word(right)) | (Token::Text(left), Token::Text(right)) => {
                Some(Marker::Some { variable: left, operator, value: right })
            }
            _ => None,
        }
    }

    fn compare(variable: &'t str, operator: &'t str, value: &'t str) -> Self {
        if matches!(variable, "python_version" | "python_full_version") {
            let bounds = Version::from_str(value.trim_end_matches(".*"));
            if let (Some(versions), Ok(bounds)) = (Constraint::read(&format!("{operator}{value}")), bounds) {
                return Marker::Python { full: variable == "python_full_version", versions, bounds };
            }
        } else if matches!(operator, "==" | "!=") {
            return Marker::Is { variable, value, negated: operator == "!=" };
        }
        Marker::Some { variable, operator, value }
    }
}

/// What matters of an environment to some markers, as axes with the values that tell one from another.
#[derive(Default)]
struct Worlds<'t> {
    pythons: Vec<(Version, Version)>,
    values: BTreeMap<&'t str, Vec<&'t str>>,
    facts: Vec<(&'t str, &'t str, &'t str)>,
}

/// How many environments are tried.
const MOST: usize = 20_000;

impl<'t> Worlds<'t> {
    fn of(markers: &[Marker<'t>]) -> Option<Self> {
        let mut worlds = Worlds::default();
        worlds.add_python(&[3, 8, 0]);
        for marker in markers {
            worlds.add(marker);
        }
        worlds.pythons.sort();
        worlds.pythons.dedup();
        for values in worlds.values.values_mut() {
            values.push("\0");
            values.sort_unstable();
            values.dedup();
        }
        worlds.facts.sort_unstable();
        worlds.facts.dedup();
        let facts = 1usize.checked_shl(u32::try_from(worlds.facts.len()).ok()?).filter(|facts| *facts <= MOST)?;
        let count = worlds.values.values().try_fold(worlds.pythons.len().checked_mul(facts)?, |count, values| {
            count.checked_mul(values.len()).filter(|count| *count <= MOST)
        })?;
        (count <= MOST).then_some(worlds)
    }

    fn add(&mut self, marker: &Marker<'t>) {
        match marker {
            Marker::All(parts) | Marker::Any(parts) => parts.iter().for_each(|part| self.add(part)),
            Marker::Not(part) => self.add(part),
            Marker::Python { bounds, .. } => {
                let at = |index: usize| bounds.release().get(index).copied().unwrap_or_default();
                let (major, minor, patch) = (at(0), at(1), at(2));
                self.add_python(&[major, minor, patch]);
                self.add_python(&[major, minor, 0]);
                self.add_python(&[major, minor, patch.saturating_add(1)]);
                self.add_python(&[major, minor, patch.saturating_sub(1)]);
                self.add_python(&[major, minor.saturating_add(1), 0]);
                if minor > 0 {
                    self.add_python(&[major, minor - 1, 99]);
                }
                self.add_python(&[major.saturating_add(1), 0, 0]);
                if major > 0 {
                    self.add_python(&[major - 1, 99, 0]);
                }
            }
            // Several extras can be asked for at once.
            Marker::Is { variable: "extra", value, .. } => self.facts.push(("extra", "==", value)),
            Marker::Is { variable, value, .. } => self.values.entry(variable).or_default().push(value),
            Marker::Some { variable, operator, value } => self.facts.push((variable, operator, value)),
        }
    }

    fn add_python(&mut self, release: &[u64; 3]) {
        self.pythons.push((Version::new(release), Version::new(&release[..2])));
    }

    fn any_holds(&self, marker: &Marker<'_>) -> Overlap {
        let values: Vec<(&str, &[&str])> =
            self.values.iter().map(|(name, values)| (*name, values.as_slice())).collect();
        let mut chosen = vec![0usize; values.len()];
        loop {
            for facts in 0..1usize << self.facts.len() {
                for python in &self.pythons {
                    let world = World { python, values: &values, chosen: &chosen, known: &self.facts, facts };
                    if world.holds(marker) {
                        return Overlap::Possible;
                    }
                }
            }
            let Some(axis) = (0..chosen.len()).find(|&axis| chosen[axis] + 1 < values[axis].1.len()) else {
                return Overlap::Never;
            };
            chosen[axis] += 1;
            chosen[..axis].fill(0);
        }
    }
}

struct World<'w> {
    python: &'w (Version, Version),
    values: &'w [(&'w str, &'w [&'w str])],
    chosen: &'w [usize],
    known: &'w [(&'w str, &'w str, &'w str)],
    facts: usize,
}

impl World<'_> {
    fn holds(&self, marker: &Marker<'_>) -> bool {
        match marker {
            Marker::All(parts) => parts.iter().all(|part| self.holds(part)),
            Marker::Any(parts) => parts.iter().any(|part| self.holds(part)),
            Marker::Not(part) => !self.holds(part),
            Marker::Python { full, versions, .. } => {
                versions.allows(if *full { &self.python.0 } else { &self.python.1 })
            }
            Marker::Is { variable: "extra", value, negated } => self.fact("extra", "==", value) != *negated,
            Marker::Is { variable, value, negated } => {
                let axis = self.values.iter().position(|(name, _)| name == variable);
                axis.is_some_and(|axis| (self.values[axis].1[self.chosen[axis]] == *value) != *negated)
            }
            Marker::Some { variable, operator, value } => self.fact(variable, operator, value),
        }
    }

    fn fact(&self, variable: &str, operator: &str, value: &str) -> bool {
        let index = self.known.iter().position(|known| *known == (variable, operator, value));
        index.is_some_and(|index| self.facts >> index & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_overlap_or_not() {
        use Overlap::{Never, Possible, Unknown};
        for (one, other, expected) in [
            ("", "", Possible),
            ("python_version < '3.12'", "python_version >= \"3.12\"", Never),
            ("python_version < '3.12'", "python_full_version >= '3.12'", Never),
            ("python_full_version < '3.11.3'", "python_version >= '3.11'", Possible),
            ("python_version == '3.10'", "python_version >= '3.12'", Never),
            ("python_version < '3.12'", "python_version >= '3.11'", Possible),
            ("'3.12' > python_version", "python_version >= '3.12'", Never),
            ("sys_platform == 'win32'", "sys_platform != 'win32'", Never),
            ("sys_platform == 'win32'", "sys_platform == 'linux'", Never),
            ("sys_platform == 'win32'", "python_version < '3.9'", Possible),
            ("sys_platform == 'win32' or extra == 'a'", "sys_platform == 'linux'", Possible),
            ("extra == 'a'", "extra == 'b'", Possible),
            ("extra == 'a'", "extra != 'a'", Never),
            (
                "(extra == 'a' or extra == 'b') and python_version < '3.12'",
                "(extra == 'a' or extra == 'b') and python_version >= '3.12'",
                Never,
            ),
            ("platform_machine in 'x86_64 amd64'", "platform_machine == 'arm64'", Possible),
            ("python_version <", "", Unknown),
            ("what is this", "", Unknown),
        ] {
            assert_eq!(overlap(&[one, other]), expected, "{one} | {other}");
            assert_eq!(overlap(&[other, one]), expected, "{other} | {one}");
        }
        assert_eq!(overlap(&[&"(".repeat(100_000)]), Unknown);
        let many: String = (0..100).map(|n| format!("extra == 'e{n}' or ")).collect::<String>() + "extra == 'x'";
        assert_eq!(overlap(&[&many]), Unknown);
    }

    #[test]
    fn markers_are_the_same_by_their_truth() {
        for (one, other, expected) in [
            (
                "sys_platform != 'linux'",
                "python_full_version >= '3.12' and sys_platform != 'linux' or python_full_version < '3.12' and sys_platform != 'linux'",
                true,
            ),
            ("python_version < '3.12'", "python_full_version < '3.12'", true),
            ("sys_platform == 'linux'", "'linux' == sys_platform", true),
            ("sys_platform == 'linux' or sys_platform != 'linux'", "os_name == 'nt' or os_name != 'nt'", true),
            ("sys_platform == 'linux'", "sys_platform != 'win32'", false),
            ("python_version < '3.12'", "python_full_version < '3.12.1'", false),
            ("python_version >= '3.9'", "python_version >= '3.11'", false),
            ("extra == 'a'", "extra == 'b'", false),
            ("python >=3.9", "python >=3.11", false),
            (
                "(sys_platform == 'linux') or (sys_platform == 'darwin')",
                "sys_platform == 'darwin' or sys_platform == 'linux'",
                true,
            ),
        ] {
            assert_eq!(is_same(one, other), expected, "{one} | {other}");
            assert_eq!(is_same(other, one), expected, "{other} | {one}");
        }
    }

    #[test]
    fn markers_are_judged_by_what_is_known() {
        let context = "sys_platform == 'linux' and os_name == 'posix' and python_version == '3.11'";
        for (marker, expected) in [
            ("", Fate::Always),
            ("python_version >= '3.8'", Fate::Always),
            ("python_version < '3.11'", Fate::Never),
            ("python_full_version < '3.11.3'", Fate::Unknown),
            ("python_full_version < '3.12.1'", Fate::Always),
            ("sys_platform == 'win32'", Fate::Never),
            ("sys_platform != 'win32' and python_version == '3.11'", Fate::Always),
            ("platform_machine == 'x86_64'", Fate::Unknown),
            ("platform_machine == 'x86_64' and os_name == 'nt'", Fate::Never),
            ("platform_machine == 'x86_64' or os_name == 'posix'", Fate::Always),
            ("no marker at all", Fate::Unknown),
        ] {
            assert_eq!(fate(marker, context), expected, "{marker}");
        }
    }

    #[test]
    fn extras_come_out_of_markers() {
        for (marker, extras, rest) in [
            ("extra == \"socks\"", vec!["socks"], ""),
            ("extra == \"a\" or extra == \"b\"", vec!["a", "b"], ""),
            ("python_version < \"3.9\" and extra == 'a'", vec!["a"], "python_version < \"3.9\""),
            ("(extra == 'a' or extra == 'b') and os_name == 'nt'", vec!["a", "b"], "os_name == 'nt'"),
            ("os_name == 'nt' or extra == 'b'", vec!["b"], "os_name == 'nt' or extra == 'b'"),
            ("python_version < '3.9'", vec![], "python_version < '3.9'"),
        ] {
            assert_eq!(without_extras(marker), (extras, rest.to_owned()), "{marker}");
        }
        assert_eq!(both("a == '1' or a == '2'", "b == '1'"), "(a == '1' or a == '2') and b == '1'");
    }
}
