//! What packages of RPM ask of each other: `openssl-libs >= 1:3.0`, `libc.so.6()(64bit)`, `(a or b)`.
//!
//! Specification: RPM's manual, "Dependencies" and "Boolean dependencies".

use std::cmp::Ordering;

use crate::model::NodeId;
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

/// What a package asks for: one thing, or several under conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked<'t> {
    /// One thing.
    One(Relation<'t>),
    /// All of these.
    And(Vec<Asked<'t>>),
    /// Any of these: the first that is there.
    Or(Vec<Asked<'t>>),
    /// One package that is all of these.
    With(Vec<Asked<'t>>),
    /// The first, of a package that is not the second.
    Without(Box<[Asked<'t>; 2]>),
    /// The second where the first is there, else the third; a part that is left out asks for nothing.
    If(Box<(Asked<'t>, Option<Asked<'t>>, Option<Asked<'t>>)>),
}

/// How deep conditions may stand in each other.
const MOST_LEVELS: usize = 16;

/// How many things one package may have to be.
const MOST_WITH: usize = 16;

/// An answer: what was asked for, and the packages that answer, sorted.
pub(super) type Answers<'t> = Vec<(Relation<'t>, Vec<NodeId>)>;

impl<'t> Asked<'t> {
    /// Reads what is asked for; none where it is malformed.
    pub(super) fn read(text: &'t str) -> Option<Self> {
        Self::nested(text.trim(), 0)
    }

    fn nested(text: &'t str, level: usize) -> Option<Self> {
        let Some(inner) = text.strip_prefix('(') else {
            return Some(Asked::One(Relation::read(text))).filter(|_| !text.is_empty());
        };
        let (mut parts, operators) = split(inner.strip_suffix(')')?)?;
        if level == MOST_LEVELS {
            return None;
        }
        let mut parts = parts.drain(..).map(|part| Self::nested(part, level + 1));
        let mut next = || parts.next().flatten();
        let (first, second) = (operators.first().copied(), operators.get(1).copied());
        match (first, second, operators.len()) {
            (None, ..) => next(),
            (Some("without"), None, _) => Some(Asked::Without(Box::new([next()?, next()?]))),
            (Some(condition @ ("if" | "unless")), None | Some("else"), 1 | 2) => {
                let (asked, is_there) = (Some(next()?), next()?);
                let other = if second.is_some() { Some(next()?) } else { None };
                let (yes, no) = if condition == "if" { (asked, other) } else { (other, asked) };
                Some(Asked::If(Box::new((is_there, yes, no))))
            }
            (Some(operator), ..) if operators.iter().all(|other| *other == operator) => {
                let all = parts.collect::<Option<Vec<_>>>()?;
                match operator {
                    "and" => Some(Asked::And(all)),
                    "or" => Some(Asked::Or(all)),
                    "with" if all.len() <= MOST_WITH => Some(Asked::With(all)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Returns what answers, by what answers to one thing; none where something is missing.
    pub(super) fn answers(&self, to: &dyn Fn(&Relation<'t>) -> Vec<NodeId>) -> Option<Answers<'t>> {
        match self {
            Asked::One(one) => Some(vec![(*one, to(one))]).filter(|answers| !answers[0].1.is_empty()),
            Asked::And(all) => {
                let answers: Option<Vec<_>> = all.iter().map(|asked| asked.answers(to)).collect();
                answers.map(|answers| answers.into_iter().flatten().collect())
            }
            Asked::Or(any) => any.iter().find_map(|asked| asked.answers(to)),
            Asked::With(all) => {
                let answers: Vec<Answers<'t>> = all.iter().map(|asked| asked.answers(to)).collect::<Option<_>>()?;
                let is_all = |node: &NodeId| answers.iter().all(|answer| has(answer, *node));
                Some(kept(answers.iter().flatten(), is_all)).filter(|answers| !answers.is_empty())
            }
            Asked::Without(both) => {
                let [asked, other] = &**both;
                let (answers, not) = (asked.answers(to)?, other.answers(to).unwrap_or_default());
                Some(kept(answers.iter(), |node| !has(&not, *node))).filter(|answers| !answers.is_empty())
            }
            Asked::If(parts) => {
                let (is_there, yes, no) = &**parts;
                let asked = if is_there.answers(to).is_some() { yes } else { no };
                asked.as_ref().map_or(Some(Vec::new()), |asked| asked.answers(to))
            }
        }
    }
}

fn has(answers: &Answers<'_>, node: NodeId) -> bool {
    answers.iter().any(|(_, nodes)| nodes.binary_search(&node).is_ok())
}

/// Returns answers with only those packages that are wanted.
fn kept<'a, 't: 'a>(
    answers: impl Iterator<Item = &'a (Relation<'t>, Vec<NodeId>)>,
    is_wanted: impl Fn(&NodeId) -> bool,
) -> Answers<'t> {
    let kept = answers.map(|(asked, nodes)| (*asked, nodes.iter().copied().filter(&is_wanted).collect::<Vec<_>>()));
    kept.filter(|(_, nodes)| !nodes.is_empty()).collect()
}

/// Parts a condition at its operators; what stands in brackets is one word. None where brackets do not close.
fn split(text: &str) -> Option<(Vec<&str>, Vec<&str>)> {
    let (mut parts, mut operators) = (Vec::new(), Vec::new());
    let (mut start, mut word, mut depth) = (0, 0, 0usize);
    for (at, sign) in text.char_indices().chain([(text.len(), ' ')]) {
        match sign {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            sign if sign.is_whitespace() && depth == 0 => {
                if ["and", "or", "with", "without", "if", "unless", "else"].contains(&&text[word..at]) {
                    operators.push(&text[word..at]);
                    parts.push(text[start..word].trim());
                    start = at;
                }
                word = at + sign.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    (depth == 0).then_some((parts, operators))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boolean_relations_are_answered() {
        // 1 is a = 1, 2 is b = 2 and provides x(64), 3 is c = 3.
        let to = |asked: &Relation<'_>| -> Vec<NodeId> {
            let provided = [("a = 1", 1), ("b = 2", 2), ("x(64)", 2), ("c = 3", 3), ("both = 1", 1), ("both = 2", 2)];
            let fits = |text: &str| Relation::read(text).name == asked.name && asked.fits(&Relation::read(text));
            provided.iter().filter(|(text, _)| fits(text)).map(|(_, node)| *node).collect()
        };
        for (text, expected) in [
            ("a", Some(vec![1])),
            ("x(64)", Some(vec![2])),
            ("gone", None),
            ("(a >= 1)", Some(vec![1])),
            ("(gone or a >= 2 or x(64) or c)", Some(vec![2])),
            ("(a and b)", Some(vec![1, 2])),
            ("(a and gone)", None),
            ("(both >= 1 with both < 2)", Some(vec![1])),
            ("(a with b)", None),
            ("(both without b)", Some(vec![1])),
            ("(a without a)", None),
            ("(a if b)", Some(vec![1])),
            ("(gone if b)", None),
            ("(gone if gone)", Some(vec![])),
            ("(gone if gone else c)", Some(vec![3])),
            ("(a unless gone)", Some(vec![1])),
            ("(gone unless b)", Some(vec![])),
            ("(gone unless b else c)", Some(vec![3])),
            ("((a or b) and (gone or (c if a)))", Some(vec![1, 3])),
        ] {
            let answers = Asked::read(text).expect(text).answers(&to);
            let mut nodes: Option<Vec<NodeId>> =
                answers.map(|answers| answers.into_iter().flat_map(|(_, nodes)| nodes).collect());
            nodes.iter_mut().for_each(|nodes| nodes.dedup());
            assert_eq!(nodes, expected, "{text}");
        }
    }

    #[test]
    fn malformed_conditions_are_none() {
        let deep = [&"(".repeat(100_000), "a", &")".repeat(100_000)].concat();
        let texts =
            ["", "(", "()", "(or)", "(a or)", "(a or b and c)", "(a else b)", "(a if b if c)", "(a (b)", "(a or b"];
        for text in texts.into_iter().chain([deep.as_str()]) {
            assert_eq!(Asked::read(text), None, "{}", &text[..text.len().min(20)]);
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
