//! The drifted part of the graph as a Mermaid flowchart, which code hosts draw where they show Markdown.
//!
//! Specification: <https://mermaid.js.org/syntax/flowchart.html>.

use std::fmt::Write as _;
use std::io;

use anyhow::Result;

use super::picture::{Cluster, Limits, Look, Picture};
use super::{Output, Style};
use crate::entry;
use crate::report::Report;

entry! {
    /// A Mermaid flowchart: the drifted part of the graph, what changed and by which ways it gets in.
    ///
    /// # Use
    /// `driftgate check --format mermaid=drift.mmd`; in Markdown it stands between ```` ```mermaid ```` and ```` ``` ````, and
    /// GitHub and GitLab draw it.
    ///
    /// # What it shows
    /// A box a subject. Each changed component says in words what became of it, and shows it by shape and colour: added
    /// (doubled sides), removed (leaning, dashed), upgraded (wider at its foot), downgraded (wider at its head), changed (a
    /// hexagon). What is not changed but on a way to it is plain and rounded. A way leads from the project to the component;
    /// the three shortest are drawn, dashed where only what is gone is reached by it.
    ///
    /// # Limits
    /// 150 components, 400 requirements and 45,000 characters, for what Mermaid takes in most places (500 and 50,000): those
    /// nearest to their projects. A node says how many changes are left out; the `json` output has all.
    pub Mermaid = "mermaid"
}

const LIMITS: Limits = Limits { nodes: 150, edges: 400 };
/// How long it may become, in bytes.
const MOST: usize = 45_000;

impl Output for Mermaid {
    fn write(&self, report: &Report, _style: Style, to: &mut dyn io::Write) -> Result<()> {
        let mut limits = LIMITS;
        let mut text = draw(&Picture::of(report, limits));
        while text.len() > MOST && limits.nodes > 0 {
            limits.nodes = limits.nodes * 3 / 4;
            text = draw(&Picture::of(report, limits));
        }
        Ok(to.write_all(text.as_bytes())?)
    }
}

fn draw(picture: &Picture) -> String {
    let mut text = String::from("flowchart LR\n");
    let _ = writeln!(text, "  accTitle: driftgate, the drifted part of the graph");
    let _ = writeln!(text, "  accDescr: {}", picture.title);
    for (number, cluster) in picture.clusters.iter().enumerate() {
        draw_cluster(&mut text, number, cluster);
    }
    if picture.clusters.is_empty() && picture.notes.is_empty() {
        let _ = writeln!(text, "  none{}", label("(", std::slice::from_ref(&picture.title), ")"));
    }
    for (number, line) in picture.notes.iter().enumerate() {
        let _ = writeln!(text, "  note{number}{}", label("(", std::slice::from_ref(line), ")"));
    }
    for look in Look::ALL {
        let [fill, rim] = look.colours();
        let dash = if look == Look::Removed { ",stroke-dasharray:5 3" } else { "" };
        let _ = writeln!(text, "  classDef {} fill:{fill},stroke:{rim},color:#111111{dash}", look.name());
    }
    text
}

fn draw_cluster(text: &mut String, number: usize, cluster: &Cluster) {
    let title = label("[", std::slice::from_ref(&cluster.title), "]");
    // Without a direction of its own a box is laid out across the chart's, and gets too wide to read.
    let _ = writeln!(text, "  subgraph s{number}{title}\n    direction LR");
    for (at, node) in cluster.nodes.iter().enumerate() {
        let (open, close) = match node.look {
            Look::Plain => ("(", ")"),
            Look::Added => ("[[", "]]"),
            Look::Removed => ("[/", "/]"),
            Look::Upgraded => ("[/", "\\]"),
            Look::Downgraded => ("[\\", "/]"),
            Look::Changed => ("{{", "}}"),
        };
        let label = label(open, &node.lines, close);
        let _ = writeln!(text, "    n{}{label}:::{}", cluster.first + at, node.look.name());
    }
    if !cluster.note.is_empty() {
        let _ = writeln!(text, "    more{number}{}", label("(", std::slice::from_ref(&cluster.note), ")"));
    }
    for edge in &cluster.edges {
        let arrow = if edge.gone { "-.->" } else { "-->" };
        let _ = writeln!(text, "    n{} {arrow} n{}", cluster.first + edge.from, cluster.first + edge.to);
    }
    text.push_str("  end\n");
}

fn label(open: &str, lines: &[String], close: &str) -> String {
    let lines: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
    format!("{open}\"{}\"{close}", lines.join("<br/>"))
}

/// Returns a line in which nothing is markup: Mermaid reads labels as Markdown with HTML, and looks for icons (`fa:fa-x`)
/// and entities (`#quot;`) in them. Signs stand bare inside of words alone, where they mean nothing; the rest go by number.
fn escaped(line: &str) -> String {
    const INSIDE: &str = ".-_/@+,";
    let mut shown = String::with_capacity(line.len() + 16);
    let mut before = ' ';
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let mut is_inside = || {
            INSIDE.contains(c) && before.is_alphanumeric() && chars.peek().is_some_and(|after| after.is_alphanumeric())
        };
        if c.is_alphanumeric() || matches!(c, ' ' | '→' | '…') || is_inside() {
            shown.push(c);
        } else {
            let _ = write!(shown, "#{};", u32::from(c));
        }
        // What Mermaid looks for when the numbers are signs again: icons, line breaks, formulas.
        let rest: String = chars.clone().take(3).collect();
        if (c == ':' && rest == "fa-") || (c == '\\' && rest.starts_with('n')) || (c == '$' && rest.starts_with('$')) {
            shown.push(' ');
        }
        before = c;
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::intern::text as intern;
    use crate::outputs::samples::{self, check};
    use crate::report::ChangeLine;

    fn write(report: &Report) -> String {
        let mut bytes = Vec::new();
        Mermaid.write(report, Style::default(), &mut bytes).expect("a Vec takes all");
        String::from_utf8(bytes).expect("outputs are text")
    }

    /// Says what is wrong with a chart: a line that is no statement, a label that holds markup, an end that nobody drew.
    fn wrong(text: &str) -> Vec<String> {
        let mut wrong: Vec<String> = Vec::new();
        let mut drawn: Vec<&str> = Vec::new();
        let mut depth = 0;
        for line in text.lines().skip(1).map(str::trim) {
            let is_id = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let parts: Vec<&str> = line.split('"').collect();
            let is_right = match parts[..] {
                ["end"] => {
                    depth -= 1;
                    depth >= 0
                }
                [head, label, tail] => {
                    let label = label.replace("<br/>", "");
                    let (head, is_box) = head.strip_prefix("subgraph ").map_or((head, false), |head| (head, true));
                    let id = head.trim_end_matches(['[', '(', '{', '/', '\\']);
                    depth += i32::from(is_box);
                    drawn.push(id);
                    let tail = tail.split(":::").next().unwrap_or_default();
                    let is_entity = |part: &str| part.find(';').is_some_and(|end| part[..end].parse::<u32>().is_ok());
                    is_id(id)
                        && tail.chars().all(|c| "])}/\\".contains(c))
                        && !label.contains(['<', '>', '&', '`', '*', '\\', ':', '[', ']', '(', ')'])
                        && label.split('#').skip(1).all(is_entity)
                }
                ["direction LR"] => depth == 1,
                [line] if line.starts_with("acc") || line.starts_with("classDef ") => true,
                [edge] => {
                    let ends = edge.split_once(" --> ").or_else(|| edge.split_once(" -.-> "));
                    ends.is_some_and(|(from, to)| drawn.contains(&from) && drawn.contains(&to))
                }
                _ => false,
            };
            wrong.extend((!is_right).then(|| line.to_owned()));
        }
        wrong.extend((depth != 0).then(|| "a box without an end".to_owned()));
        wrong
    }

    #[test]
    fn charts_are_as_expected() {
        for (case, report) in samples::all() {
            let text = write(&report);
            assert_eq!(wrong(&text), [""; 0]);
            check("mermaid", case, text.as_bytes());
        }
    }

    #[test]
    fn what_is_no_chart_is_told() {
        for line in ["n1[\"a\"b\"]", "n1 --> n2", "n1[\"<b>\"]", "n1[\"#quot;\"]", "n1[\"a\"] click x", "end"] {
            assert_eq!(wrong(&format!("flowchart LR\n{line}\n"))[0], line);
        }
    }

    #[test]
    fn a_large_chart_is_held_to_what_mermaid_takes() {
        let mut report = samples::drift();
        let change = report.changes[0].clone();
        report.changes = (0..3_000)
            .map(|at| {
                let name = intern(&format!("{at}{}", "<*#\u{1f980}".repeat(20)));
                let way = |of: usize| vec!["app", intern(&format!("{}#", (at + of) % 97)), name];
                let introduced_by = (0..9).map(way).collect();
                ChangeLine { name, purl: name, introduced_by, ..change.clone() }
            })
            .collect();
        let text = write(&report);
        assert!(text.len() <= MOST && text.len() > MOST / 2, "{}", text.len());
        assert!(text.matches("->").count() <= LIMITS.edges);
        assert!(text.contains("more changes"), "{text}");
        assert_eq!(wrong(&text), [""; 0]);
    }

    #[test]
    fn nothing_in_a_line_is_markup() {
        for (line, expected) in [
            ("@scope/kit_2.0-rc", "#64;scope/kit_2.0-rc"),
            ("_a_ 1. b", "#95;a#95; 1#46; b"),
            ("fa:fa-user, fab: #1", "fa#58; fa-user#44; fab#58; #35;1"),
            ("<b> → 漢", "#60;b#62; → 漢"),
            (r"a\nb\t$$x", "a#92; nb#92;t#36; #36;x"),
        ] {
            assert_eq!(escaped(line), expected);
        }
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_label(texts in prop::collection::vec("[\"\\\\<>&;#\\]\\[{}|`*_a1. \\n-]{0,9}", 12)) {
            prop_assert_eq!(wrong(&write(&samples::changes_of(&texts))), [""; 0]);
        }
    }
}
