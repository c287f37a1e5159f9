//! What findings brought about.

use std::collections::BTreeMap;

use crate::intern::Text;
use crate::report::{Finding, Level, Report};

/// Returns what findings brought about, by subject and purl of the finding that did.
pub fn caused(report: &Report) -> BTreeMap<(Text, Text), Vec<&Finding>> {
    let counting = || report.findings.iter().filter(|finding| finding.waived.is_none());
    let mut own: BTreeMap<(Text, Text), Level> = BTreeMap::new();
    for finding in counting().filter(|finding| finding.cause.is_none()) {
        if let Some(purl) = finding.purl {
            let level = own.entry((finding.subject, purl)).or_insert(finding.level);
            *level = finding.level.max(*level);
        }
    }
    let mut caused: BTreeMap<(Text, Text), Vec<&Finding>> = BTreeMap::new();
    for finding in counting() {
        let cause = finding.cause.map(|cause| (finding.subject, cause));
        // An error never stands under a warning.
        if let Some(cause) = cause.filter(|cause| own.get(cause).is_some_and(|level| *level >= finding.level)) {
            caused.entry(cause).or_default().push(finding);
        }
    }
    caused
}
