//! The pinned bill of materials: CycloneDX JSON, written through cyclonedx-bom, read by [`crate::formats::cyclonedx`].
//!
//! A component stands once, however many subjects have it. What CycloneDX has no field for (which subject, in which
//! scope, under which condition) stands in properties under `driftgate:`; tools that do not know them read an ordinary BOM.

mod write;

pub use write::{Options, write};
