//! Files that stand inside of others, as the text of a value: where their parts stand in the whole.

use anyhow::Result;
use serde_json::value::RawValue;

use crate::source::{Place, Source};
use crate::syntax::yaml::{self, Node, Value};

/// Reads YAML that is the text of a value; places are those in the whole file.
pub(crate) fn trees<'t>(source: &Source<'_>, block: Place, text: &'t str) -> Result<Vec<Node<'t>>> {
    let inner = Source { text, ..*source };
    let mut trees = yaml::trees(&inner)?;
    let lines = Lines::new(source, block, text);
    trees.iter_mut().for_each(|tree| moved(tree, &|place| lines.place(place)));
    Ok(trees)
}

/// Reads JSON documents that stand one after another, which YAML parts by marks; none where there are not several.
pub(crate) fn json_documents<'t>(source: &Source<'t>) -> Option<Vec<Node<'t>>> {
    if !source.text.trim_start().starts_with('{') {
        return None;
    }
    let documents = serde_json::Deserializer::from_str(source.text).into_iter::<&'t RawValue>();
    let documents: Vec<&'t str> =
        documents.map(|document| document.map(RawValue::get)).collect::<Result<_, _>>().ok()?;
    let read = |text: &'t str| {
        let place = source.place(text);
        let mut trees = yaml::trees(&Source { text, ..*source }).ok()?;
        trees.iter_mut().for_each(|tree| moved(tree, &|inner| Place { start: place.start + inner.start, ..inner }));
        trees.pop()
    };
    if documents.len() > 1 { documents.into_iter().map(read).collect() } else { None }
}

/// Gives all of a tree other places.
fn moved(node: &mut Node<'_>, to: &dyn Fn(Place) -> Place) {
    node.place = to(node.place);
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| moved(item, to)),
        Value::Map(entries) => {
            for entry in entries {
                entry.place = to(entry.place);
                moved(&mut entry.node, to);
            }
        }
        _ => {}
    }
}

/// Where the lines of the text of a value stand.
struct Lines {
    /// Of each line: where it begins in the text, how far it is indented there, and where what follows that stands.
    starts: Vec<(usize, usize, Option<usize>)>,
    block: Place,
}

impl Lines {
    fn new(source: &Source<'_>, block: Place, text: &str) -> Self {
        let mut at = block.start as usize;
        let mut start = 0;
        let mut starts = Vec::new();
        let end = source.text.len().min(at.saturating_add(block.len as usize).saturating_add(1));
        for line in text.split_inclusive('\n') {
            let said = line.trim();
            // A line of a block stands as it is; one of another kind of value may not, and then the value is its place.
            let found = source.text.get(at..end).and_then(|rest| rest.find(said)).filter(|_| !said.is_empty());
            let found = found.map(|within| at + within);
            if let Some(found) = found {
                at = found + said.len();
            }
            starts.push((start, line.len() - line.trim_start().len(), found));
            start += line.len();
        }
        Lines { starts, block }
    }

    fn place(&self, place: Place) -> Place {
        let offset = place.start as usize;
        let line = self.starts.partition_point(|(start, ..)| *start <= offset).saturating_sub(1);
        let Some((start, indent, Some(outer))) = self.starts.get(line) else { return self.block };
        match offset.checked_sub(start + indent) {
            Some(within) => Place { start: (outer + within) as u32, ..place },
            None => self.block,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn json_documents_follow_each_other() {
        let text = "{\"a\": \"é\"}\n{\"a\": 2}";
        let source = Source { file: Default::default(), path: "x.json", text };
        let documents = json_documents(&source).unwrap();
        let cut = |node: &Node<'_>| {
            let place = node.get("a").unwrap().place;
            text[place.start as usize..(place.start + place.len) as usize].to_owned()
        };
        assert_eq!(documents.iter().map(cut).collect::<Vec<_>>(), ["é", "2"]);
        for text in ["{\"a\": 1}", "a: 1\n", "{\"a\": 1} {", "{a: 1}\n---\n{a: 2}"] {
            assert!(json_documents(&Source { text, ..source }).is_none(), "{text}");
        }
    }

    #[test]
    fn what_stands_inside_has_its_place_in_the_whole() {
        for (text, expected) in [
            ("a: |\n  x: 1\n  image:\n    tag: é2\n", "é2@é2"),
            ("a: |-\n    image: {tag: '3'}\n", "3@3"),
            ("a: \"image: {tag: 4}\"\n", "4@4"),
            ("a: \"image:\\n  tag: 5\\n\"\n", "5@5"),
        ] {
            let source = Source { file: Default::default(), path: "x.yaml", text };
            let outer = yaml::trees(&source).unwrap();
            let value = outer[0].get("a").unwrap();
            let inner = trees(&source, value.place, value.text().unwrap()).unwrap();
            let tag = inner[0].at(&["image", "tag"]).unwrap();
            let cut = &text[tag.place.start as usize..(tag.place.start + tag.place.len) as usize];
            assert_eq!(format!("{}@{cut}", tag.text().unwrap()), expected, "{text}");
        }
    }
}
