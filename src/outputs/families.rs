//! Packages that move together by their names: `nvidia-*-cu12`, `@babel/*`, `tokio-*`.

use std::collections::BTreeMap;

use crate::report::ChangeLine;

/// Changes that are told as one, or one that is told by itself.
pub struct Family<'r> {
    /// What all names have in common, with `*` for the rest; the name itself of a single one.
    pub pattern: String,
    /// The changes, in their order; those of a family are of one kind.
    pub changes: Vec<&'r ChangeLine>,
}

/// From how many changes on names make a family.
const MANY: usize = 3;

/// From how many changes on one beginning is enough.
const CERTAIN: usize = 5;

/// Groups changes of one kind whose names are of one family, in the order of the first of each.
///
/// Names are of one family where they share a namespace (`@babel/`), or what stands before the first mark in them and one
/// thing more: the version, their number, what stands after the last mark, or that one of them is called so by itself (`tokio`).
pub fn families<'r>(changes: &[&'r ChangeLine]) -> Vec<Family<'r>> {
    let mut groups: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (at, change) in changes.iter().enumerate() {
        groups.entry((change.kind, head(change.name))).or_default().push(at);
    }
    let mut told: BTreeMap<usize, Family<'r>> = BTreeMap::new();
    for (_, members) in groups {
        let of = |members: &[usize]| members.iter().map(|at| changes[*at]).collect::<Vec<_>>();
        // Those that end alike are a family of their own: of `nvidia-*`, the `-cu12`. A namespace is a family already.
        let mut by_end: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for at in members {
            let name = changes[at].name;
            by_end.entry(if name.starts_with('@') { "" } else { tail(name) }).or_default().push(at);
        }
        let mut rest = Vec::new();
        for (end, alike) in by_end {
            if !end.is_empty() && alike.len() >= MANY {
                told.insert(alike[0], Family { pattern: pattern(&of(&alike)), changes: of(&alike) });
            } else {
                rest.extend(alike);
            }
        }
        rest.sort_unstable();
        if is_family(&of(&rest)) {
            told.insert(rest[0], Family { pattern: pattern(&of(&rest)), changes: of(&rest) });
        } else {
            let alone = rest
                .into_iter()
                .map(|at| (at, Family { pattern: changes[at].name.to_owned(), changes: vec![changes[at]] }));
            told.extend(alone);
        }
    }
    told.into_values().collect()
}

/// Returns what all of some changes have from and to, if it is one step.
pub fn step<'r>(changes: &[&'r ChangeLine]) -> Option<&'r ChangeLine> {
    let (first, rest) = changes.split_first()?;
    rest.iter().all(|other| (other.from, other.to) == (first.from, first.to)).then_some(*first)
}

fn is_family(changes: &[&ChangeLine]) -> bool {
    let Some(first) = changes.first().filter(|_| changes.len() >= MANY) else { return false };
    let head = head(first.name);
    head.ends_with('/')
        || changes.len() >= CERTAIN
        || step(changes).is_some()
        || changes.iter().any(|change| change.name == head)
}

/// Returns what stands before the first mark in a name, or its namespace with the mark.
fn head(name: &str) -> &str {
    if name.starts_with('@')
        && let Some(at) = name.find('/')
    {
        return &name[..=at];
    }
    name.find(is_mark).map_or(name, |at| &name[..at])
}

/// Returns what stands after the last mark in a name that has two; empty in others.
fn tail(name: &str) -> &str {
    match (name.find(is_mark), name.rfind(is_mark)) {
        (Some(first), Some(last)) if first < last => &name[last + 1..],
        _ => "",
    }
}

fn is_mark(sign: char) -> bool {
    matches!(sign, '-' | '_' | '.' | '/' | ':')
}

/// Returns what all names begin and end with, up to a mark, with `*` between.
fn pattern(changes: &[&ChangeLine]) -> String {
    let first = changes[0].name;
    let alike =
        |a: &str, b: &str| a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let start = changes.iter().map(|change| alike(first, change.name)).min().unwrap_or(0);
    // `tokio` is one of `tokio*`.
    let is_whole = changes.iter().any(|change| change.name.len() == start);
    let start = if is_whole { start } else { first[..start].rfind(is_mark).map_or(0, |at| at + 1) };
    let shortest = changes.iter().map(|change| change.name.len()).min().unwrap_or(0);
    let back = |name: &str| -> usize {
        let pairs = first.chars().rev().zip(name.chars().rev());
        pairs.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
    };
    let end = changes.iter().map(|change| back(change.name)).min().unwrap_or(0).min(shortest.saturating_sub(start));
    let end = first[first.len() - end..].find(is_mark).map_or("", |at| &first[first.len() - end + at..]);
    format!("{}*{end}", &first[..start])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intern::text;

    fn told(names: &[(&str, &str)]) -> Vec<String> {
        let change = |(name, to): &(&str, &str)| ChangeLine {
            kind: "upgraded",
            purl: "",
            name: text(name),
            ecosystem: "npm",
            subject: "",
            from: Some("1"),
            to: Some(text(to)),
            direct: false,
            scope: None,
            what: Vec::new(),
            differences: Vec::new(),
            introduced_by: Vec::new(),
            old: None,
            new: None,
        };
        let changes: Vec<ChangeLine> = names.iter().map(change).collect();
        let changes: Vec<&ChangeLine> = changes.iter().collect();
        families(&changes).iter().map(|family| format!("{} {}", family.pattern, family.changes.len())).collect()
    }

    #[test]
    fn names_make_families() {
        for (names, expected) in [
            (&[("@babel/core", "2"), ("@babel/types", "3"), ("@babel/x-y", "4")][..], vec!["@babel/* 3"]),
            (
                &[
                    ("nvidia-cublas-cu12", "2"),
                    ("nvidia-nvtx-cu12", "3"),
                    ("nvidia-nccl-cu12", "4"),
                    ("nvidia-ml-py", "5"),
                ],
                vec!["nvidia-*-cu12 3", "nvidia-ml-py 1"],
            ),
            (&[("tokio", "2"), ("tokio-macros", "3"), ("tokio-util", "4")], vec!["tokio* 3"]),
            (
                &[("python-a", "2"), ("python-b", "3"), ("python-c", "4")],
                vec!["python-a 1", "python-b 1", "python-c 1"],
            ),
            (
                &[("opentelemetry-api", "2"), ("opentelemetry-sdk", "2"), ("opentelemetry-proto", "2")],
                vec!["opentelemetry-* 3"],
            ),
            (&[("é-ü-a", "2"), ("é-ö-a", "2"), ("é-x-a", "2")], vec!["é-*-a 3"]),
            (&[("a", "1"), ("a", "1"), ("a", "1")], vec!["a* 3"]),
            (&[("is-a", "1"), ("is-b", "2")], vec!["is-a 1", "is-b 1"]),
        ] {
            assert_eq!(told(names), expected);
        }
    }
}
