//! Rules on the policy itself: the waivers that let findings through.

mod waiver_expired;
mod waiver_expiring;
mod waiver_too_long;
mod waiver_unused;

use super::Rule;
use crate::policy::Waiver;
use crate::rules::phrase;

/// The rules of this folder.
pub const RULES: &[&dyn Rule] = &[
    &waiver_expired::WaiverExpired,
    &waiver_expiring::WaiverExpiring,
    &waiver_too_long::WaiverTooLong,
    &waiver_unused::WaiverUnused,
];

/// Returns what a waiver is for: `version-drift of pkg:pypi/torch in services/**`.
fn about(waiver: &Waiver) -> String {
    let mut about = phrase::list(waiver.rules.iter().map(|rule| phrase::safe(rule.value)));
    if let Some(package) = &waiver.package {
        about.push_str(&format!(" of {}", phrase::safe(&package.value.to_string())));
    }
    if !waiver.paths.is_empty() {
        about.push_str(&format!(
            " in {}",
            phrase::list(waiver.paths.texts().iter().map(|path| phrase::safe(path.value)))
        ));
    }
    for (word, version) in [("from", waiver.from), ("to", waiver.to)] {
        if let Some(version) = version {
            about.push_str(&format!(" {word} {}", phrase::safe(version.value)));
        }
    }
    about
}

/// Returns whom to ask about a waiver: ` (owner ml-platform)`; empty where it names nobody.
fn owner(waiver: &Waiver) -> String {
    if waiver.owner.is_empty() { String::new() } else { format!(" (owner {})", phrase::safe(waiver.owner)) }
}
