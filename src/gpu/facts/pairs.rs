//! Rows on which releases belong together: what wheels pin, and what they were built beside.

use std::collections::BTreeMap;

use pep440_rs::Version;
use serde::Deserialize;

use super::super::python::{self, Asked};
use super::{Frameworks, toolkits};

/// What one release of torch pins, as its PyPI wheel for Linux says.
#[derive(Debug, Deserialize)]
pub struct TorchPins {
    /// The full version.
    pub version: super::Dotted,
    /// The packages that it asks for, each at one version.
    pub pins: BTreeMap<String, Asked>,
    /// What it asks for within a range.
    #[serde(default)]
    ranges: BTreeMap<String, String>,
    /// Where the row comes from.
    pub source: String,
}

/// Releases that belong together.
#[derive(Debug, Deserialize)]
pub struct TorchPair {
    /// The release of torch.
    #[serde(deserialize_with = "python::of_table")]
    pub torch: Version,
    /// The release of torchvision that is built for it.
    #[serde(deserialize_with = "python::of_table")]
    pub torchvision: Version,
    /// The release of torchaudio for it.
    #[serde(deserialize_with = "python::of_table")]
    pub torchaudio: Version,
    /// Where the row comes from.
    pub source: String,
}

/// A release of torchvision that takes more than one torch.
#[derive(Debug, Deserialize)]
pub struct TorchvisionRange {
    /// The release of torchvision.
    #[serde(deserialize_with = "python::of_table")]
    pub version: Version,
    /// What it asks of torch.
    pub torch: Asked,
    /// Where the row comes from.
    pub source: String,
}

/// What holds of a family of packages, in words, with its source.
#[derive(Debug, Deserialize)]
pub struct Note {
    /// Where it comes from.
    pub source: String,
}

/// Which triton a torch takes.
#[derive(Debug, Deserialize)]
pub struct TritonPair {
    /// The release of torch, or the first two numbers of it where that is enough.
    pub torch: super::Dotted,
    /// What it asks of triton.
    pub triton: Asked,
    /// Where the row comes from.
    pub source: String,
}

/// A release of xformers.
#[derive(Debug, Deserialize)]
pub struct Xformers {
    /// The full version.
    #[serde(deserialize_with = "python::of_table")]
    pub version: Version,
    /// What its wheel asks of torch.
    pub torch: Asked,
    /// What it runs with, where that is more than the wheel asks for.
    pub runs_with: Option<Asked>,
    /// Where the row comes from.
    pub source: String,
}

/// What a release of vLLM pins.
#[derive(Debug, Deserialize)]
pub struct VllmPins {
    /// The full version.
    #[serde(deserialize_with = "python::of_table")]
    pub version: Version,
    /// The packages that it asks for, each at one version.
    pub pins: BTreeMap<String, Asked>,
    /// Where the row comes from.
    pub source: String,
}

/// What a release of TensorFlow asks for with its extra for CUDA.
#[derive(Debug, Deserialize)]
pub struct TensorFlowPins {
    /// The full version.
    #[serde(deserialize_with = "python::of_table")]
    pub version: Version,
    /// The packages at one version each.
    #[serde(default)]
    pub pins: BTreeMap<String, Asked>,
    /// The packages within a range.
    #[serde(default)]
    pub ranges: BTreeMap<String, Asked>,
    /// Where the row comes from.
    pub source: String,
}

/// What a release of one of JAX's plugins asks for.
#[derive(Debug, Deserialize)]
pub struct JaxPlugin {
    /// The plugin.
    pub package: String,
    /// The full version.
    #[serde(deserialize_with = "python::of_table")]
    pub version: Version,
    /// What it asks for.
    pub requires: BTreeMap<String, Asked>,
    /// Where the row comes from.
    pub source: String,
}

/// A package that an extra of `cuda-toolkit` brings.
#[derive(Debug, Deserialize)]
pub struct ToolkitExtra {
    /// The extra.
    pub extra: String,
    /// The package.
    pub package: String,
    /// Where the row comes from.
    pub source: String,
}

/// What a release of torch asks of a package, and who asks.
#[derive(Clone, Debug)]
pub struct Pin {
    /// What is asked.
    pub asked: Asked,
    /// The release of `cuda-toolkit` that asks, where torch only asks for that.
    pub toolkit: Option<&'static str>,
    /// Where that comes from.
    pub source: &'static str,
}

impl Frameworks {
    /// Returns what a release of torch pins: its build on PyPI for Linux.
    pub fn pins_of(&'static self, torch: &Version) -> Option<&'static TorchPins> {
        self.torch_pins.iter().find(|row| python::version(&row.version.to_string()).as_ref() == Some(torch))
    }

    /// Returns the releases that belong to a release of torch.
    pub fn pair_of(&'static self, torch: &Version) -> Option<&'static TorchPair> {
        self.torch_pair.iter().find(|row| row.torch == *torch)
    }

    /// Returns what a release of vLLM pins, and where that comes from.
    pub fn vllm_pins_of(&'static self, vllm: &Version) -> Option<(&'static BTreeMap<String, Asked>, &'static str)> {
        let of_release =
            self.vllm.iter().filter(|row| python::version(&row.version.to_string()).as_ref() == Some(vllm));
        let rows = of_release.map(|row| (&row.pins, row.source.as_str()));
        let others = self.vllm_pins.iter().filter(|row| row.version == *vllm);
        rows.chain(others.map(|row| (&row.pins, row.source.as_str()))).next()
    }
}

impl TorchPins {
    /// Returns what it asks of each package, by name: its own pins and ranges, and what the extras of `cuda-toolkit` that
    /// it names pin in turn.
    pub fn asks(&'static self) -> BTreeMap<&'static str, Pin> {
        let own = |asked: Asked| Pin { asked, toolkit: None, source: &self.source };
        let mut asks: BTreeMap<&'static str, Pin> =
            self.pins.iter().map(|(name, asked)| (name.as_str(), own(asked.clone()))).collect();
        let ranges = self.ranges.iter().filter(|(name, _)| *name != EXTRAS);
        asks.extend(ranges.filter_map(|(name, range)| Some((name.as_str(), own(Asked::parse(range)?)))));
        let toolkit = self.pins.get("cuda-toolkit").map(Asked::to_string);
        let wheels = toolkit.and_then(|version| wheels(&version, self.extras()));
        for (name, pin) in wheels.into_iter().flatten() {
            asks.entry(name).or_insert(pin);
        }
        asks
    }

    /// Returns the extras of `cuda-toolkit` that it asks for.
    pub fn extras(&self) -> impl Iterator<Item = &str> {
        self.ranges.get(EXTRAS).into_iter().flat_map(|extras| extras.split(','))
    }
}

/// The key of a table's ranges that names extras of `cuda-toolkit`.
const EXTRAS: &str = "cuda-toolkit-extras";

/// Returns what these extras of a release of `cuda-toolkit` pin; none where the tables have no such release.
pub fn wheels<'e>(version: &str, extras: impl Iterator<Item = &'e str>) -> Option<Vec<(&'static str, Pin)>> {
    let version = python::version(version)?;
    let toolkit = toolkits().releases.iter().find(|row| python::version(&row.version).as_ref() == Some(&version))?;
    let table = &super::frameworks().toolkit_extra;
    let packages = extras.filter_map(|extra| table.iter().find(|row| row.extra == extra));
    let pins = packages.filter_map(|row| {
        let (name, asked) = toolkit.wheels.get_key_value(&row.package)?;
        let source = if toolkit.wheels_source.is_empty() { &toolkit.source } else { &toolkit.wheels_source };
        Some((name.as_str(), Pin { asked: Asked::parse(asked)?, toolkit: Some(&toolkit.version), source }))
    });
    Some(pins.collect())
}

#[cfg(test)]
mod tests {
    use super::super::frameworks;

    /// The tables that say one thing twice agree.
    #[test]
    fn pins_and_pairs_agree() {
        let tables = frameworks();
        for row in &tables.torch_pins {
            let asks = row.asks();
            for extra in row.extras() {
                let package = tables.toolkit_extra.iter().find(|row| row.extra == extra).expect("an extra");
                assert!(asks.contains_key(package.package.as_str()), "torch {} [{extra}]", row.version);
            }
            for pair in
                tables.triton_pair.iter().filter(|pair| row.version.first_parts(pair.torch.parts()) == pair.torch)
            {
                assert_eq!(asks["triton"].asked.to_string(), pair.triton.to_string(), "torch {}", row.version);
            }
        }
        for row in &tables.xformers {
            let is_lower =
                row.runs_with.as_ref().is_none_or(|runs| row.torch.exact().is_some_and(|torch| runs.allows(torch)));
            assert!(is_lower, "xformers {} runs with what it asks for", row.version);
        }
        for row in &tables.torchvision_range {
            assert!(tables.torch_pair.iter().any(|pair| row.torch.allows(&pair.torch)), "torchvision {}", row.version);
        }
    }
}
