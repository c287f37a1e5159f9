//! The nouns: what a file says is resolved, and what asked for it.

mod component;
mod integrity;
mod inventory;
mod purl;

pub use component::{Component, Kind, Origin};
pub use integrity::{Algorithm, Digest};
pub use inventory::{
    Declared, Edge, Gap, Include, Inventory, Manifest, Node, NodeId, Requirement, SUBJECT, Says, Scope,
};
pub use purl::Purl;
