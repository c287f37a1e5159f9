//! The nouns: what a file says is resolved, and what asked for it.

mod address;
mod component;
mod ecosystem;
mod integrity;
mod inventory;
mod part;
mod pattern;
mod purl;
pub mod secret;
mod strict;

pub use address::{host, index, without_credentials};
pub use component::{Component, Kind, Origin};
pub use ecosystem::{Ecosystem, Fold, Namespace};
pub use integrity::{Algorithm, Digest};
pub use inventory::{
    Declared, Edge, Gap, Include, Inventory, Layer, Manifest, Node, NodeId, Requirement, SUBJECT, Says, Scope,
};
pub use part::{Fact, FactKind, Part, PartKind};
pub use pattern::Pattern;
pub use purl::{PROVENANCE, Purl};
