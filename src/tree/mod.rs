//! Where files come from, one file a kind; each lists and opens alike.

mod folder;
mod git;

use std::sync::Arc;

use anyhow::Result;

pub use folder::{Folder, Single};
pub use git::Revision;

use crate::source::Open;

/// Says by its path whether a folder is entered.
pub type Enter = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// A tree of files: a folder, a git revision.
pub trait Tree: Open {
    /// Lists the files, as sorted paths below the root with forward slashes.
    ///
    /// `enter` says by its path whether a folder is entered; `hidden` also lists what is hidden or git-ignored.
    ///
    /// # Errors
    /// Where the tree can't be listed.
    fn list(&self, enter: &Enter, hidden: bool) -> Result<Vec<String>>;

    /// Returns how messages name the tree.
    fn label(&self) -> String;
}
