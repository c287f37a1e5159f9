//! The drifted part of the graph for Graphviz, in the DOT language.
//!
//! Specification: <https://graphviz.org/doc/info/lang.html>.

use std::fmt::Write as _;
use std::io;

use anyhow::Result;

use super::picture::{Cluster, Limits, Look, Node, Picture};
use super::{Output, Style};
use crate::entry;
use crate::report::Report;

entry! {
    /// DOT for Graphviz: the drifted part of the graph, what changed and by which ways it gets in.
    ///
    /// # Use
    /// `driftgate diff main . --format dot | dot -Tsvg -o drift.svg`.
    ///
    /// # What it shows
    /// A cluster a subject. Each changed component says in words what became of it, and shows it by shape and colour: added
    /// (bold), removed (dashed), upgraded (a house), downgraded (upside down), changed (an octagon). What is not changed but
    /// on a way to it is plain. A way leads from the project to the component; the three shortest are drawn, dashed where
    /// only what is gone is reached by it.
    ///
    /// # Limits
    /// 400 components and 1,000 requirements: those nearest to their projects. A node says how many changes are left out; the
    /// `json` output has all.
    pub Dot = "dot"
}

const LIMITS: Limits = Limits { nodes: 400, edges: 1_000 };

impl Output for Dot {
    fn write(&self, report: &Report, _style: Style, to: &mut dyn io::Write) -> Result<()> {
        Ok(to.write_all(draw(&Picture::of(report, LIMITS)).as_bytes())?)
    }
}

const FONT: &str = "Helvetica,Arial,sans-serif";

fn draw(picture: &Picture) -> String {
    let mut text = String::from("digraph driftgate {\n");
    let title = quoted(&[format!("drift: {}", picture.title)]);
    let _ = writeln!(text, "  graph [label={title}, labelloc=t, rankdir=LR, fontname=\"{FONT}\"];");
    let [fill, rim] = Look::Plain.colours();
    let _ = writeln!(
        text,
        "  node [shape=box, style=\"filled\", fillcolor=\"{fill}\", color=\"{rim}\", fontcolor=\"#111111\", fontname=\"{FONT}\"];"
    );
    text.push_str("  edge [color=\"#555555\"];\n");
    for (number, cluster) in picture.clusters.iter().enumerate() {
        draw_cluster(&mut text, number, cluster);
    }
    for (number, line) in picture.notes.iter().enumerate() {
        let _ = writeln!(text, "  note{number} [label={}, shape=note];", quoted(std::slice::from_ref(line)));
    }
    text.push_str("}\n");
    text
}

fn draw_cluster(text: &mut String, number: usize, cluster: &Cluster) {
    let _ = writeln!(text, "  subgraph cluster_{number} {{");
    let title = quoted(std::slice::from_ref(&cluster.title));
    let _ = writeln!(text, "    label={title}; style=\"rounded\"; color=\"#999999\";");
    for (at, node) in cluster.nodes.iter().enumerate() {
        let _ = writeln!(text, "    n{} [label={}{}];", cluster.first + at, quoted(&node.lines), look(node));
    }
    if !cluster.note.is_empty() {
        let note = quoted(std::slice::from_ref(&cluster.note));
        let _ = writeln!(text, "    more{number} [label={note}, shape=note];");
    }
    for edge in &cluster.edges {
        let style = if edge.gone { " [style=\"dashed\"]" } else { "" };
        let _ = writeln!(text, "    n{} -> n{}{style};", cluster.first + edge.from, cluster.first + edge.to);
    }
    text.push_str("  }\n");
}

/// Returns the attributes that tell what became of a component.
fn look(node: &Node) -> String {
    let (shape, style) = match node.look {
        Look::Plain => return String::new(),
        Look::Added => ("box", "filled,bold"),
        Look::Removed => ("box", "filled,dashed"),
        Look::Upgraded => ("house", "filled"),
        Look::Downgraded => ("invhouse", "filled"),
        Look::Changed => ("octagon", "filled"),
    };
    let [fill, rim] = node.look.colours();
    let class = node.look.name();
    format!(", class=\"{class}\", shape={shape}, style=\"{style}\", fillcolor=\"{fill}\", color=\"{rim}\"")
}

/// Returns lines as one quoted string, in which nothing is an escape or an entity of Graphviz's.
fn quoted(lines: &[String]) -> String {
    let escaped = lines.iter().map(|line| line.replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\""));
    format!("\"{}\"", escaped.collect::<Vec<_>>().join("\\n"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::outputs::samples::{self, check};

    fn write(report: &Report) -> String {
        let mut bytes = Vec::new();
        Dot.write(report, Style::default(), &mut bytes).expect("a Vec takes all");
        String::from_utf8(bytes).expect("outputs are text")
    }

    /// Returns a graph less its quoted strings, each of which becomes `_`; none where one does not end.
    fn bones(text: &str) -> Option<String> {
        let mut bones = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c != '"' {
                bones.push(c);
                continue;
            }
            bones.push('_');
            loop {
                match chars.next()? {
                    '\\' => drop(chars.next()?),
                    '"' => break,
                    _ => {}
                }
            }
        }
        Some(bones)
    }

    fn is_graph(text: &str) -> bool {
        let Some(bones) = bones(text) else { return false };
        let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let is_attribute = |one: &str| one.split_once('=').is_some_and(|(name, value)| is_word(name) && is_word(value));
        let is_statement = |line: &str| {
            let line = line.trim();
            let Some(statement) = line.strip_suffix(';') else {
                return line == "}" || line.strip_suffix(" {").is_some_and(|head| head.split(' ').all(is_word));
            };
            let (ends, attributes) = statement.split_once(" [").unwrap_or((statement, ""));
            let attributes =
                attributes.strip_suffix(']').map_or(attributes.is_empty(), |list| list.split(", ").all(is_attribute));
            attributes && (ends.split(" -> ").all(is_word) || ends.split("; ").all(is_attribute))
        };
        bones.lines().all(is_statement) && bones.matches('{').count() == bones.matches('}').count()
    }

    #[test]
    fn graphs_are_as_expected() {
        for (case, report) in samples::all() {
            let text = write(&report);
            assert!(is_graph(&text), "{text}");
            check("dot", case, text.as_bytes());
        }
    }

    #[test]
    fn what_is_no_graph_is_told() {
        for text in ["a [label=\"x\" onclick=\"\"];", "a -> b; c\"", "n1 [label=x y];", "<b>"] {
            assert!(!is_graph(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_label(texts in prop::collection::vec("[\"\\\\<>&;#\\]\\[{}|`a\\n ]{0,9}", 12)) {
            let text = write(&samples::changes_of(&texts));
            prop_assert!(is_graph(&text), "{}", text);
        }
    }
}
