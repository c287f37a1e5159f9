//! One copy of each string and of each fact: a thousand lockfiles repeat the same few thousand packages.
//!
//! Interned values live as long as the process, which is one run of the gate. What is kept grows with the number of
//! *distinct* names, versions and digests, not with the number of files.

use std::hash::{BuildHasher, Hash};
use std::sync::{LazyLock, Mutex, PoisonError};

use hashbrown::{DefaultHashBuilder, HashTable};

/// An interned string: cheap to copy, to compare and to keep.
pub type Text = &'static str;

/// Returns the one copy of `text`.
pub fn text(text: &str) -> Text {
    static TABLE: LazyLock<Table<str>> = LazyLock::new(Table::new);
    if text.is_empty() {
        return "";
    }
    TABLE.get(text, |text| Box::leak(text.to_owned().into_boxed_str()))
}

/// A set of values that are kept for the rest of the run, split so that threads rarely wait for each other.
pub struct Table<T: ?Sized + 'static> {
    hasher: DefaultHashBuilder,
    shards: [Mutex<HashTable<&'static T>>; SHARDS],
}

const SHARDS: usize = 32;

impl<T: ?Sized + Hash + Eq + Sync + 'static> Table<T> {
    /// Returns an empty table.
    pub fn new() -> Self {
        Table { hasher: DefaultHashBuilder::default(), shards: std::array::from_fn(|_| Mutex::new(HashTable::new())) }
    }

    /// Returns the kept value that is found by `key`; none if there is none yet.
    pub fn find<K: ?Sized + Hash + Eq>(&self, key: &K) -> Option<&'static T>
    where
        T: std::borrow::Borrow<K>,
    {
        let hash = self.hasher.hash_one(key);
        let shard = &self.shards[(hash >> 32) as usize % SHARDS];
        let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        shard.find(hash, |kept| (*kept).borrow() == key).copied()
    }

    /// Returns the kept value that equals `value`, keeping what `keep` makes of it if there is none yet.
    pub fn get<V>(&self, value: V, keep: impl FnOnce(V) -> &'static T) -> &'static T
    where
        V: std::borrow::Borrow<T>,
    {
        let hash = self.hasher.hash_one(value.borrow());
        // The table's own tags are the top seven bits, its buckets the lowest: the middle is free.
        let shard = &self.shards[(hash >> 32) as usize % SHARDS];
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = shard.find(hash, |kept| *kept == value.borrow()) {
            return kept;
        }
        let kept = keep(value);
        shard.insert_unique(hash, kept, |kept| self.hasher.hash_one(*kept));
        kept
    }
}

impl<T: ?Sized + Hash + Eq + Sync + 'static> Default for Table<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_one() {
        assert!(std::ptr::eq(text("torch"), text(&String::from("torch"))));
        assert_eq!(text(""), "");
    }
}
