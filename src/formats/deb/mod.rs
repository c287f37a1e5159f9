//! Debian and what derives from it: what dpkg has installed, and what apt and the packages themselves say of it.

pub mod copyright;
pub mod dpkg_status;
pub mod extended_states;
mod relation;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] =
    &[&dpkg_status::DpkgStatus, &extended_states::ExtendedStates, &copyright::DebCopyright];
