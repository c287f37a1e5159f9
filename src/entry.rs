//! What every format, rule and output has: a name, and a text that `driftgate explain` prints.

/// A named, documented member of one of the three tables (formats, rules, outputs).
pub trait Entry: Sync {
    /// Returns the name, in kebab-case, after the file that the entry lives in.
    fn id(&self) -> &'static str;
    /// Returns the doc comment, one line a line, each with its leading blank.
    fn docs(&self) -> &'static str;

    /// Returns the first sentence of the docs.
    fn summary(&self) -> &'static str {
        self.docs().lines().next().unwrap_or_default().trim()
    }
}

/// Declares an entry: its doc comment is what `explain` prints.
#[macro_export]
macro_rules! entry {
    ($(#[doc = $line:literal])+ $vis:vis $name:ident = $id:literal) => {
        $(#[doc = $line])+
        $vis struct $name;
        impl $crate::entry::Entry for $name {
            fn id(&self) -> &'static str { $id }
            fn docs(&self) -> &'static str { concat!($($line, "\n"),+) }
        }
    };
}
