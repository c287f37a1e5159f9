//! Terraform and OpenTofu: the providers that a configuration is locked to.

mod lock;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&lock::TerraformLock];
