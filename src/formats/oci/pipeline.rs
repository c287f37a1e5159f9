//! What pipelines of a CI have in common: jobs that run in images, and variables that name those.

use std::collections::BTreeMap;

use super::deployment::Deployment;
use crate::model::Inventory;
use crate::source::Place;
use crate::syntax::yaml::Node;

/// Adds a job that runs in an image. It is none that a cluster runs.
pub(super) fn runs_in(name: &str, image: &str, place: Place, deployment: &mut Deployment<'_, '_>) {
    let node = deployment.image(image, place);
    deployment.container(name, node, false, Vec::new(), place);
}

/// Says whether anything in a pipeline runs in an image.
pub(super) fn is_subject(inventory: &Inventory) -> bool {
    inventory.nodes.len() > 1 || !inventory.declared.is_empty() || !inventory.faults.is_empty()
}

/// Returns the defaults of variables, from the blocks of HCL that declare them.
pub(super) fn defaults<'n>(blocks: impl Iterator<Item = &'n Node<'n>>) -> BTreeMap<&'n str, &'n str> {
    let declared = blocks.flat_map(|block| block.entries());
    declared.filter_map(|entry| Some((entry.key.as_str(), entry.node.get("default")?.text()?))).collect()
}

/// How deep variables may name others, and how long what they stand for may grow.
const MAX_DEPTH: usize = 8;
const MAX_LEN: usize = 4096;

/// Returns a text with its `$NAME` and `${NAME}` filled in; none where one is not known.
pub(super) fn filled(text: &str, variables: &BTreeMap<&str, &str>) -> Option<String> {
    let mut text = text.to_owned();
    for _ in 0..MAX_DEPTH {
        if !text.contains('$') {
            return Some(text);
        }
        text = once(&text, variables)?;
    }
    None
}

fn once(text: &str, variables: &BTreeMap<&str, &str>) -> Option<String> {
    let (mut filled, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('$') {
        filled.push_str(before);
        let (name, after) = match after.strip_prefix('{') {
            Some(inner) => inner.split_once('}')?,
            None => {
                let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
                after.split_at(after.find(|letter| !is_name(letter)).unwrap_or(after.len()))
            }
        };
        filled.push_str(variables.get(name)?);
        rest = after;
        if filled.len() > MAX_LEN {
            return None;
        }
    }
    filled.push_str(rest);
    Some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_name_others_and_end() {
        let long = "$B".repeat(64);
        let variables = BTreeMap::from([("A", "x"), ("B", "${A}y"), ("C", "$C"), ("D", "$U"), ("L", long.as_str())]);
        for (text, expected) in [
            ("a:1", Some("a:1")),
            ("$A/b:$B", Some("x/b:xy")),
            ("${A}b", Some("xb")),
            ("$Ab", None),
            ("$C", None),
            ("$D", None),
            ("${A", None),
            ("$", None),
        ] {
            assert_eq!(filled(text, &variables).as_deref(), expected, "{text}");
        }
        assert_eq!(filled("$L", &variables).map(|text| text.len()), Some(128));
    }
}
