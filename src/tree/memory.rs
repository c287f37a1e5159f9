//! Files that are held in memory: standard input, what a test makes up.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use super::{Enter, Listing, Tree};
use crate::binary::program;
use crate::source::Open;

/// Files held in memory, by path.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    files: BTreeMap<String, Vec<u8>>,
}

impl Memory {
    /// Returns a tree of these files.
    pub fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        Memory { files: files.into_iter().collect() }
    }
}

impl Open for Memory {
    fn open(&self, path: &str) -> Result<Vec<u8>> {
        let Some(bytes) = self.files.get(path) else { bail!("cannot be opened: there is no such file") };
        Ok(bytes.clone())
    }

    fn size(&self, path: &str) -> Option<u64> {
        self.files.get(path).map(|bytes| bytes.len() as u64)
    }

    fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }
}

impl Tree for Memory {
    fn list(&self, enter: &Enter, hidden: bool) -> Result<Listing> {
        Ok(super::listed(self.files.keys(), enter, hidden))
    }

    fn programs(&self, listed: &[String]) -> Vec<String> {
        let carries = |path: &&String| self.files.get(*path).is_some_and(|bytes| program::carries(bytes).is_some());
        listed.iter().filter(carries).cloned().collect()
    }

    fn label(&self) -> String {
        "memory".to_owned()
    }
}
