//! How much a finding weighs.

use std::fmt;

/// A rule's level: what becomes of its findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// They are not reported.
    Allow,
    /// They are reported.
    Warn,
    /// They fail the gate.
    #[default]
    Deny,
}

impl Level {
    /// All levels, heaviest first.
    pub const ALL: [Level; 3] = [Level::Deny, Level::Warn, Level::Allow];

    /// Returns the name in policies and reports.
    pub fn name(self) -> &'static str {
        match self {
            Level::Allow => "allow",
            Level::Warn => "warn",
            Level::Deny => "deny",
        }
    }

    /// Finds a level by its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    /// Returns the level that other tools call by this name.
    pub(super) fn meant(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "error" | "fail" | "block" | "forbid" | "critical" => Some(Level::Deny),
            "warning" | "note" => Some(Level::Warn),
            "off" | "ignore" | "none" | "skip" | "pass" => Some(Level::Allow),
            _ => None,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
