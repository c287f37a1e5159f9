//! What machines are made of: the GPUs of clouds' machines, the labels of nodes, the boards that sit on NVSwitch.

use serde::Deserialize;

use super::Gpus;
use super::names::words;

/// A type of machine that a cloud lends, with its GPU.
#[derive(Debug, Deserialize)]
pub struct Cloud {
    /// The cloud: `aws`, `gcp`, `azure`.
    pub provider: String,
    /// How the type's name begins; Azure's less the number of processors, `Standard_NCads_A100_v4`.
    pub instance_prefix: String,
    /// The GPU, as the models are called.
    pub gpu: String,
    /// Where the row comes from.
    pub source: String,
}

/// A label of a node that tells its GPU.
#[derive(Debug, Deserialize)]
pub struct NodeLabel {
    /// The label.
    pub key: String,
    /// Another label with the same values.
    pub also: Option<String>,
    /// Its value.
    pub value: String,
    /// The GPU, as the models are called.
    pub gpu: String,
    /// Where the row comes from.
    pub source: String,
}

/// A label of a node that names its pool.
#[derive(Debug, Deserialize)]
pub struct PoolLabel {
    /// The label.
    pub key: String,
    /// Where the row comes from.
    pub source: String,
}

/// A model of which some boards sit on NVSwitch.
#[derive(Debug, Deserialize)]
pub struct NvSwitch {
    /// The model.
    pub gpu: String,
    /// The words of a board's name that say that it does.
    pub joined: Vec<String>,
    /// The words of a board's name that say that it does not.
    pub alone: Vec<String>,
    /// Where the row comes from.
    pub source: String,
}

impl NodeLabel {
    /// Returns the labels that may have its value.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.key.as_str()).chain(self.also.as_deref())
    }
}

impl Gpus {
    /// Returns what a type of machine has: `p4d.24xlarge`, `a2-highgpu-1g`, `Standard_NC24ads_A100_v4`.
    pub fn machine(&'static self, name: &str) -> Option<&'static Cloud> {
        let fits = |row: &&Cloud| {
            let prefix = row.instance_prefix.as_str();
            match row.provider.as_str() {
                "aws" => name.split_once('.').is_some_and(|(family, _)| family == prefix),
                "gcp" => name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('-')),
                _ => series(name) == series(prefix),
            }
        };
        self.cloud.iter().find(fits)
    }

    /// Returns what is known of a board's model and NVSwitch; none for models that never sit on it.
    pub fn nvswitch_of(&'static self, name: &str) -> Option<&'static NvSwitch> {
        // `H100 NVL` is a row of the models of its own.
        let model = words(&self.find(name)?.name);
        self.nvswitch.iter().find(|row| words(&row.gpu) == model)
    }

    /// Says whether a board sits on NVSwitch, by its name; none where the name leaves it open, as `A100` does.
    pub fn on_nvswitch(&'static self, name: &str) -> Option<bool> {
        self.find(name)?;
        let words = words(name);
        let has = |among: &[String]| words.iter().any(|word| among.iter().any(|one| one.eq_ignore_ascii_case(word)));
        let Some(row) = self.nvswitch_of(name) else { return Some(false) };
        match () {
            () if has(&row.alone) => Some(false),
            () if has(&row.joined) => Some(true),
            () => None,
        }
    }
}

/// Returns the series of a type of Azure's, which is its name less the number of processors.
fn series(name: &str) -> String {
    let mut parts = name.split('_');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let second: String = second.chars().filter(|c| !c.is_ascii_digit()).collect();
    [first, &second].into_iter().chain(parts).collect::<Vec<_>>().join("_").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::super::gpus;

    #[test]
    fn the_gpus_that_rows_name_are_in_the_table() {
        let gpus = gpus();
        let named = (gpus.cloud.iter().map(|row| &row.gpu))
            .chain(gpus.node_label.iter().map(|row| &row.gpu))
            .chain(gpus.nvswitch.iter().map(|row| &row.gpu));
        for name in named.filter(|name| !name.starts_with("AMD ")) {
            assert!(gpus.find(name).is_some(), "{name}");
        }
        // As GPU feature discovery names them, the same model is found.
        for row in gpus.node_label.iter().filter(|row| row.key == "nvidia.com/gpu.product") {
            assert_eq!(gpus.find(&row.value).map(|gpu| gpu.name.as_str()), Some(row.gpu.as_str()), "{}", row.value);
        }
    }

    #[test]
    fn rows_have_sources_and_no_two_are_of_one_name() {
        let gpus = gpus();
        let rows = (gpus.cloud.iter().map(|row| (row.instance_prefix.clone(), &row.source)))
            .chain(gpus.node_label.iter().map(|row| (format!("{}={}", row.key, row.value), &row.source)))
            .chain(gpus.pool_label.iter().map(|row| (row.key.clone(), &row.source)))
            .chain(gpus.nvswitch.iter().map(|row| (format!("nvswitch {}", row.gpu), &row.source)));
        let mut names = std::collections::BTreeSet::new();
        for (name, source) in rows {
            assert!(!source.is_empty(), "{name}");
            assert!(names.insert(name.clone()), "{name} twice");
        }
    }

    #[test]
    fn types_of_machines_are_told_apart() {
        for (name, gpu) in [
            ("p4d.24xlarge", Some("A100")),
            ("g6.xlarge", Some("L4")),
            ("g6e.xlarge", Some("L40S")),
            ("p6-b200.48xlarge", Some("B200")),
            ("p4", None),
            ("a2-highgpu-1g", Some("A100")),
            ("a3-ultragpu-8g", Some("H200")),
            ("a3-ultragpux", None),
            ("Standard_NC24ads_A100_v4", Some("A100")),
            ("Standard_ND96asr_v4", Some("A100")),
            ("Standard_ND96isr_H100_v5", Some("H100")),
            ("standard_nc8as_t4_v3", Some("T4")),
            ("Standard_NC24rs_v3", Some("V100")),
            ("Standard_D8s_v5", None),
            ("", None),
        ] {
            assert_eq!(gpus().machine(name).map(|row| row.gpu.as_str()), gpu, "{name}");
        }
    }

    #[test]
    fn boards_on_nvswitch_are_told_by_their_names() {
        for (name, is) in [
            ("NVIDIA A100-SXM4-80GB", Some(true)),
            ("NVIDIA H100 80GB HBM3", Some(true)),
            ("NVIDIA B200", Some(true)),
            ("NVIDIA A100 80GB PCIe", Some(false)),
            ("NVIDIA A100-PCIE-40GB", Some(false)),
            ("NVIDIA H100 NVL", Some(false)),
            ("NVIDIA H100 PCIe", Some(false)),
            ("NVIDIA H200 NVL", Some(false)),
            ("Tesla V100-SXM2-16GB", Some(false)),
            ("Tesla V100-SXM3-32GB", Some(true)),
            ("NVIDIA L40S", Some(false)),
            ("GeForce RTX 4090", Some(false)),
            ("A100", None),
            ("H200", None),
            ("XYZ 9000", None),
        ] {
            assert_eq!(gpus().on_nvswitch(name), is, "{name}");
        }
    }
}
