//! Which stages of an image's build are in what runs, where the file leaves open what one starts from.

use crate::formats;
use crate::formats::oci::shipped;
pub(super) use crate::formats::oci::shipped::{Share, copied_from};
use crate::graph::Subject;
use crate::model::Part;

/// Returns how much of each part of an image's build is in what runs when this one does.
pub(super) fn shares(image: &Subject, runs: usize) -> Vec<Share> {
    shipped::shares(&image.parts, runs, &|number| candidates(image, number).collect())
}

/// Returns the stages that one may start from where the file leaves that open: `FROM base-${TARGETARCH}`.
fn candidates(image: &Subject, number: usize) -> impl Iterator<Item = usize> {
    let part = &image.parts[number];
    let links = image.requires().map(|link| (link.requirement, link.place));
    let declared = image.declared.iter().map(|declared| (declared.requirement, declared.place));
    let mut written = links.chain(declared).filter(|(_, place)| part.image.is_none() && *place == part.place);
    let written = written.find_map(|(requirement, _)| pattern(requirement.constraint));
    let is_meant = move |other: &&Part| {
        written.as_ref().is_some_and(|pattern| formats::matches(pattern, &other.name.to_lowercase()))
    };
    let earlier = image.parts[..number].iter().enumerate();
    earlier.filter(move |(_, other)| is_meant(other)).map(|(number, _)| number)
}

/// Returns a name as a pattern, each variable a `*`; none where it is nothing but variables, or has none.
fn pattern(written: &str) -> Option<String> {
    let mut pattern = String::new();
    let mut rest = written;
    while let Some((before, name)) = rest.split_once('$') {
        pattern += before;
        pattern.push('*');
        let end = match name.strip_prefix('{') {
            Some(_) => name.find('}').map(|end| end + 1),
            None => name.find(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_'),
        };
        rest = &name[end.unwrap_or(name.len())..];
    }
    pattern += rest;
    (pattern != written && pattern.contains(|sign| sign != '*')).then(|| pattern.to_lowercase())
}

/// Returns the parts that one starts from, itself first.
pub(super) fn chain(parts: &[Part], last: usize) -> impl Iterator<Item = &Part> {
    std::iter::successors(parts.get(last), |part| part.base.and_then(|base| parts.get(base)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_any_text() {
        for (written, expected) in [
            ("base-${TARGETARCH}", Some("base-*")),
            ("$A-Base", Some("*-base")),
            ("${A:-x}-b-$C", Some("*-b-*")),
            ("$A", None),
            ("base", None),
            ("", None),
            ("a${", Some("a*")),
        ] {
            assert_eq!(pattern(written).as_deref(), expected, "{written}");
        }
    }
}
