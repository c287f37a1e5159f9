//! Parts that torch pins, locked at other versions.

use anyhow::Result;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::tell_where;
use crate::entry;
use crate::model::Pattern;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// A CUDA part is locked at another version than the locked torch pins.
    ///
    /// # Why
    /// torch pins the `nvidia-*` wheels that it was built and tested with, each to one version, and from 2.11 on one
    /// `cuda-toolkit`. Overrides move them apart: mostly it runs, untested, while torch still reports the versions it was
    /// built with. A cuDNN of another major version fails at import (`libcudnn.so.9: cannot open shared object file`), and
    /// so does an older NCCL (`undefined symbol: ncclCommRegister`): these deny, the others warn.
    ///
    /// Silent for a torch that names its build (`+cu126`): its pins are others than those of the wheel on PyPI; and for what
    /// torch does not pin. triton is told by triton-pin.
    ///
    /// # Mend
    /// Leave these packages to torch. Where an override is meant, say so here.
    ///
    /// # Options
    /// `allow`: the packages that are moved on purpose, names or patterns.
    ///
    /// ```toml
    /// [rules]
    /// torch-pin-drift = { allow = ["nvidia-nccl-cu12"] }
    /// ```
    pub TorchPinDrift = "torch-pin-drift"
}

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct Options {
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    allow: Vec<Allowed>,
}

/// A package that an option names.
struct Allowed(Pattern);

impl<'de> Deserialize<'de> for Allowed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Pattern::parse(&text).map(Allowed).map_err(|error| D::Error::custom(format!("{error:#}")))
    }
}

impl Rule for TorchPinDrift {
    fn level(&self) -> Level {
        Level::Warn
    }

    #[cfg(test)]
    fn options(&self, schemas: &mut schemars::SchemaGenerator) -> schemars::Schema {
        <Options as schemars::JsonSchema>::json_schema(schemas)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        let options: Options = case.options(self)?;
        tell_where(self, "PIN-DRIFT", case, findings, |answer| {
            let is_allowed = |purl| options.allow.iter().any(|Allowed(pattern)| pattern.matches(purl));
            !answer.about.component.is_some_and(|component| is_allowed(&component.purl))
        });
        Ok(())
    }
}
