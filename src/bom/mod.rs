//! Bills of materials. The pinned one is CycloneDX JSON, written through cyclonedx-bom, read by [`crate::formats::cyclonedx`].
//!
//! A component stands once, however many subjects have it. What CycloneDX has no field for (which subject, in which
//! scope, under which condition) stands in properties under `driftgate:`; tools that do not know them read an ordinary BOM.
//! Beside it, [`document()`] makes what other versions of CycloneDX and its XML are written of, and [`spdx`] an SPDX document.

mod document;
mod serial;
pub mod spdx;
mod write;

pub use document::{Component, Document, Licence, Property, Tools, Version, document};
pub use serial::number;
pub use write::{Options, write};
