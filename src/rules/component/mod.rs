//! Rules on the other facts of a component: its licence, its build, the environment it is locked for.

mod environment_drift;
mod licence_drift;
mod variant_drift;

use super::Rule;

/// The rules of this folder.
pub const RULES: &[&dyn Rule] =
    &[&environment_drift::EnvironmentDrift, &licence_drift::LicenceDrift, &variant_drift::VariantDrift];
