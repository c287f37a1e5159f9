//! driftgate, the drift guard: lockfiles and container manifests held to a pinned bill of materials.
//!
//! The data goes one way: a [`tree`] is [`discover`]ed, its files are read by [`formats`] into inventories, joined into a
//! [`graph`], [`compare`]d with the pinned BOM, judged by [`rules`] under a [`policy`], and rendered by [`outputs`].

pub mod compare;
pub mod discover;
pub mod entry;
pub mod formats;
pub mod graph;
pub mod intern;
pub mod judge;
pub mod model;
pub mod outputs;
pub mod policy;
pub mod report;
pub mod rules;
pub mod source;
pub mod suggest;
pub mod syntax;
pub mod tree;
pub mod versions;
