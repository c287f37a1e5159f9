//! Text to values with places, one file a syntax.

pub mod deb822;
pub mod hcl;
pub mod json;
pub mod toml;
pub mod yaml;
