//! A file an output: each renders a report, and never asks which rule made a finding.

mod cyclonedx_json;
mod excerpt;
mod json;
pub(crate) mod markdown;
mod sarif;
mod spdx_json;
mod tally;
mod terminal;
pub mod text;

#[cfg(test)]
mod samples;

use std::io;

use anyhow::Result;

use crate::entry::Entry;
use crate::report::Report;

/// One output of findings and changes.
pub trait Output: Entry {
    /// Writes the report.
    ///
    /// # Errors
    /// Where writing fails.
    fn write(&self, report: &Report, style: Style, to: &mut dyn io::Write) -> Result<()>;

    /// Says whether it is an SBOM of what is there, rather than a report on what was found.
    fn is_document(&self) -> bool {
        false
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
}

/// All outputs of a report.
pub const OUTPUTS: &[&dyn Output] = &[
    &terminal::Terminal,
    &json::Json,
    &sarif::Sarif,
    &markdown::Markdown,
    &cyclonedx_json::CyclonedxJson,
    &spdx_json::SpdxJson,
];

/// Finds an output by its id.
pub fn named(id: &str) -> Option<&'static dyn Output> {
    OUTPUTS.iter().copied().find(|output| output.id() == id)
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
        ];
        prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
    }

    fn write(output: &dyn Output, report: &Report, verbose: bool) -> String {
        let mut bytes = Vec::new();
        output.write(report, Style { verbose, ..Style::default() }, &mut bytes).expect("a Vec takes all");
        String::from_utf8(bytes).expect("outputs are text")
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
                let shown = write(*output, &report, verbose);
                prop_assert!(!shown.contains(|c| c != '\n' && text::hides(c)), "{}: {shown:?}", output.id());
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
        for output in OUTPUTS {
            assert!(named(output.id()).is_some_and(|found| found.docs() == output.docs()));
            assert!(!output.summary().is_empty());
        }
    }
}
