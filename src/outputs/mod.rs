//! A file an output: each renders a report, and never asks which rule made a finding.

mod alike;
mod caused;
pub(crate) mod columns;
mod csv;
mod cyclonedx_json;
mod cyclonedx_xml;
mod dot;
mod excerpt;
pub(crate) mod families;
mod github;
mod gitlab;
mod html;
pub(crate) mod json;
mod junit;
pub(crate) mod links;
pub(crate) mod markdown;
mod mermaid;
mod picture;
mod sarif;
mod spdx_json;
mod tally;
pub(crate) mod tame;
pub(crate) mod template;
mod terminal;
pub mod text;

#[cfg(test)]
mod samples;

use std::io;

use anyhow::{Result, bail};

use crate::bom;
use crate::entry::Entry;
use crate::intern::Text;
use crate::report::Report;
use crate::suggest;

/// One output of findings and changes.
pub trait Output: Entry {
    /// Writes the report.
    ///
    /// # Errors
    /// Where writing fails.
    fn write(&self, report: &Report, style: Style, to: &mut dyn io::Write) -> Result<()>;

    /// Says whether a code host reads it, which knows files by their paths in the repository.
    fn is_for_code_host(&self) -> bool {
        false
    }

    /// Says whether it is an SBOM of what is there, rather than a report on what was found.
    fn is_document(&self) -> bool {
        false
    }

    /// Returns the versions of its standard that it is written in, the usual one first; empty where there is no choice.
    fn versions(&self) -> &'static [Text] {
        &[]
    }
}

/// How an output is to look; machine-read ones need none of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Whether colours are written.
    pub color: bool,
    /// How wide lines may be, in columns; 0 for no limit.
    pub width: usize,
    /// Whether details are left out.
    pub quiet: bool,
    /// Whether all details are shown.
    pub verbose: bool,
    /// Whether each change is shown by itself, though several have one cause.
    pub all: bool,
    /// What the machine is called in links to its files, which may be empty; none where no links are written: anywhere but
    /// on a terminal that has them.
    pub host: Option<Text>,
    /// The version of its standard, one of [`Output::versions`]; empty for the usual one.
    pub version: Text,
}

/// Returns what an SBOM of a report is written with.
fn bom_options(report: &Report) -> bom::Options {
    bom::Options { timestamp: report.timestamp.clone(), about: report.about.clone(), validate: false }
}

/// All outputs of a report.
pub const OUTPUTS: &[&dyn Output] = &[
    &terminal::Terminal,
    &json::Json,
    &sarif::Sarif,
    &markdown::Markdown,
    &junit::Junit,
    &github::Github,
    &gitlab::Gitlab,
    &html::Html,
    &csv::Csv,
    &cyclonedx_json::CyclonedxJson,
    &cyclonedx_xml::CyclonedxXml,
    &spdx_json::SpdxJson,
    &dot::Dot,
    &mermaid::Mermaid,
];

/// Finds an output by its id.
pub fn named(id: &str) -> Option<&'static dyn Output> {
    OUTPUTS.iter().copied().find(|output| output.id() == id)
}

/// Finds an output by what the command line calls it, its id or `id@version`; and the version, empty without one.
///
/// # Errors
/// Names what there is.
pub fn asked(name: &str) -> Result<(&'static dyn Output, Text)> {
    let (id, version) = name.split_once('@').map_or((name, None), |(id, version)| (id, Some(version)));
    let Some(output) = named(id) else {
        let known: Vec<&str> = OUTPUTS.iter().map(|output| output.id()).collect();
        let near = suggest::closest(id, known.iter().copied());
        let hint = near.map(|near| format!(", did you mean \"{near}\"?")).unwrap_or_default();
        bail!("there is no output \"{}\"{hint}; there are {}", id.escape_debug(), known.join(", "));
    };
    let Some(version) = version else { return Ok((output, "")) };
    match output.versions().iter().find(|known| **known == version) {
        Some(known) => Ok((output, known)),
        None if output.versions().is_empty() => bail!("{id} has no versions to choose from; ask for --format {id}"),
        None => {
            let mut known = output.versions().to_vec();
            known.sort_unstable();
            bail!("{id} is not written in version \"{}\"; it is in {}", version.escape_debug(), known.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Text with what outputs must not let through, and what they could trip over.
    fn odd() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<String>(),
            "[a-z@./-]{1,8}",
            Just("|".to_owned()),
            Just("\\|".to_owned()),
            Just("`".to_owned()),
            Just("``` ".to_owned()),
            Just("<b>".to_owned()),
            Just("\n\n# x".to_owned()),
            Just("\u{1b}[31m".to_owned()),
            Just("\u{9b}\u{202e}\u{e000}1\u{e000}".to_owned()),
            Just("{0}".to_owned()),
            Just("##[error]".to_owned()),
            Just("##".to_owned()),
            Just("vso[".to_owned()),
            Just("\n::error::".to_owned()),
            Just("::add-mask::".to_owned()),
        ];
        prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
    }

    fn write(output: &dyn Output, report: &Report, verbose: bool) -> String {
        write_as(output, report, verbose, "")
    }

    fn write_as(output: &dyn Output, report: &Report, verbose: bool, version: Text) -> String {
        let mut bytes = Vec::new();
        output.write(report, Style { verbose, version, ..Style::default() }, &mut bytes).expect("a Vec takes all");
        String::from_utf8(bytes).expect("outputs are text")
    }

    /// Says whether a CI system obeys a line of a log. GitHub reads `::` at the start of a line and `##[` anywhere, Azure
    /// and TeamCity `##vso[` and `##teamcity[`.
    fn is_command(line: &str) -> bool {
        let begins = line.match_indices('[').any(|(at, _)| text::begins_command(&line[..at]));
        let start = line.trim_start();
        begins || (start.starts_with("::") && !start.starts_with(":::"))
    }

    /// Counts the cells of a table's row as GitHub splits it: at each bar that no backslash escapes.
    fn cells(row: &str) -> usize {
        row.replace("\\|", "").matches('|').count() - 1
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_output_lets_a_control_through(
            texts in prop::collection::vec(odd(), 12), source in odd(), start in 0u32..60, len in 0u32..60, verbose: bool,
        ) {
            let report = samples::of(&texts, &source, start, len);
            for output in OUTPUTS {
                for version in output.versions().iter().chain(output.versions().is_empty().then_some(&"")) {
                    let mut shown = write_as(*output, &report, verbose, version);
                    if output.id() == "csv" {
                        shown = shown.replace("\r\n", "\n");
                    }
                    prop_assert!(!shown.contains(|c| c != '\n' && text::hides(c)), "{}: {shown:?}", output.id());
                }
            }
        }

        #[test]
        fn no_line_is_a_command_to_a_ci_system(
            texts in prop::collection::vec(odd(), 12), source in odd(), start in 0u32..60, len in 0u32..60, verbose: bool,
        ) {
            for report in [samples::of(&texts, &source, start, len), samples::changes_of(&texts)] {
                for output in OUTPUTS {
                    let shown = write(*output, &report, verbose);
                    let mut commands = shown.lines().filter(|line| is_command(line));
                    if output.id() == "github" {
                        // One of ours each finding, problem and headline that counts, and nothing else.
                        let ours = report.problems.len() + report.findings.len().min(1) + report.headlines.len();
                        prop_assert_eq!((shown.lines().count(), commands.count()), (ours, ours), "{}", shown);
                    } else {
                        prop_assert_eq!(commands.next(), None, "{}", output.id());
                    }
                }
            }
        }

        #[test]
        fn tables_have_as_many_cells_in_each_row(texts in prop::collection::vec(odd(), 12)) {
            for report in [samples::of(&texts, "", 0, 0), samples::changes_of(&texts)] {
                let page = write(&markdown::Markdown, &report, false);
                for row in page.lines().filter(|line| line.starts_with("| ")) {
                    prop_assert_eq!(cells(row), 5, "{}", row);
                }
            }
        }

        #[test]
        fn json_keeps_every_character(texts in prop::collection::vec(odd(), 12)) {
            let report = samples::of(&texts, "", 0, 0);
            let value: serde_json::Value = serde_json::from_str(&write(&json::Json, &report, false))?;
            prop_assert_eq!(&value["findings"][0]["message"], &texts[0]);
            prop_assert_eq!(&value["changes"][0]["name"], &texts[4]);
        }
    }

    #[test]
    fn every_output_is_found_by_its_name() {
        for name in ["cyclonedx-json@1.6", "cyclonedx-xml@1.4", "spdx-json@2.3", "json"] {
            let (output, version) = asked(name).expect(name);
            assert_eq!([output.id(), version].join("@").trim_end_matches('@'), name);
        }
        for (name, expected) in [
            ("cyclonedx-json@2.0", "cyclonedx-json is not written in version \"2.0\"; it is in 1.4, 1.5, 1.6, 1.7"),
            ("json@1", "json has no versions to choose from; ask for --format json"),
            ("\u{1b}@1", "there is no output \"\\u{1b}\"; there are terminal, json"),
        ] {
            let error = asked(name).map(|_| ()).expect_err(name).to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        for output in OUTPUTS {
            assert!(named(output.id()).is_some_and(|found| found.docs() == output.docs()));
            assert!(!output.summary().is_empty());
        }
    }
}
