//! SPDX, another standard for bills of materials: versions 2.1 to 2.3 and 3.0.

mod document;
pub mod json;
pub mod own;
pub mod tag_value;
mod third;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&json::SpdxJson, &tag_value::SpdxTagValue];
