//! The nodes of a Kubernetes cluster: `kubectl get nodes -o json`.
//!
//! What nodes have is told by their labels: those of GPU feature discovery, new and deprecated, and those of clouds.
//! `nvidia.com/cuda.runtime-version` is what the driver implements and no toolkit. Source: NVIDIA/k8s-device-plugin
//! docs/gpu-feature-discovery; the labels of clouds stand in `data/gpus.toml`, each with its own.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, anyhow, bail};
use serde::Deserialize;
use serde_json::Value;

use super::machine::version;
use crate::gpu::facts;
use crate::gpu::target::{Node, Platform, Target};
use crate::gpu::version::Dotted;

/// A list of nodes; one node has no items.
#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    items: Option<Vec<Item>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    #[serde(default, rename = "kind")]
    kind_of_item: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
    #[serde(default)]
    spec: Option<Spec>,
    #[serde(default)]
    status: Option<Status>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    labels: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    creation_timestamp: Option<String>,
}

#[derive(Default, Deserialize)]
struct Spec {
    #[serde(default)]
    taints: Option<Vec<Taint>>,
}

#[derive(Deserialize)]
struct Taint {
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    effect: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default)]
    capacity: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    node_info: Option<NodeInfo>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeInfo {
    #[serde(default)]
    kernel_version: Option<String>,
    #[serde(default)]
    operating_system: Option<String>,
}

/// Reads the pools of a list of nodes, sorted by name.
pub(super) fn read(text: &str) -> Result<Vec<Target>> {
    let document: Document = json(text)?;
    let is_node = |kind: &str| kind.is_empty() || kind == "Node";
    let items: Vec<Item> = match document.items {
        Some(items) => items,
        None if document.kind == "Node" => vec![json(text)?],
        None => bail!("no node list: the JSON is {}; `kubectl get nodes -o json` writes one", called(&document.kind)),
    };
    let nodes: Vec<&Item> =
        items.iter().filter(|item| is_node(item.kind_of_item.as_deref().unwrap_or_default())).collect();
    if nodes.is_empty() {
        bail!("the list holds no node; `kubectl get nodes -o json` writes one");
    }
    let mut pools: BTreeMap<String, Vec<(Node, Platform)>> = BTreeMap::new();
    for item in &nodes {
        if let Some((pool, node)) = node(item) {
            pools.entry(pool).or_default().push((node, platform(item)));
        }
    }
    if pools.is_empty() {
        let one = if nodes.len() == 1 { "the one node has no GPU" } else { "no node has a GPU" };
        bail!(
            "{one} that its labels or its capacity tell of ({} read); GPU feature discovery or the cloud labels nodes",
            nodes.len()
        );
    }
    Ok(pools.into_iter().map(|(name, nodes)| target(name, nodes)).collect())
}

fn json<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        let cut = if error.is_eof() { "; the file is cut off, write it anew" } else { "" };
        anyhow!("line {}: {message}{cut}", error.line())
    })
}

fn called(kind: &str) -> String {
    if kind.is_empty() { "of no kind".to_owned() } else { format!("a {}", kind.escape_debug()) }
}

/// Returns a node with the name of its pool; none where it has no GPU.
fn node(item: &Item) -> Option<(String, Node)> {
    let metadata = item.metadata.as_ref()?;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let labels: BTreeMap<String, String> =
        metadata.labels.iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect();
    let label = |key: &str| labels.get(key).map(String::as_str).filter(|value| !value.is_empty());
    let model = model(&labels);
    let counted = item.status.as_ref().and_then(|status| status.capacity.as_ref()).is_some_and(|capacity| {
        // Fractions of GPUs are resources of their own: `nvidia.com/mig-1g.5gb`, `nvidia.com/gpu.shared`.
        let is_gpu = |key: &str| key.starts_with("nvidia.com/gpu") || key.starts_with("nvidia.com/mig-");
        capacity.iter().any(|(key, value)| is_gpu(key) && text(value) != "0")
    });
    let none_counted = label("nvidia.com/gpu.count") == Some("0") && !counted;
    let says_none = label("nvidia.com/gpu.present") == Some("false") || none_counted;
    if says_none || !(counted || model.is_some() || label("nvidia.com/gpu.present").is_some()) {
        return None;
    }
    let numbers = |keys: [&str; 3]| {
        let parts: Vec<&str> = keys.iter().map_while(|key| label(key)).collect();
        (parts.len() >= 2).then(|| parts.join("."))
    };
    let new = ["major", "minor", "revision"].map(|part| format!("nvidia.com/cuda.driver-version.{part}"));
    let old = ["major", "minor", "rev"].map(|part| format!("nvidia.com/cuda.driver.{part}"));
    let driver = label("nvidia.com/cuda.driver-version.full")
        .map(str::to_owned)
        .or_else(|| numbers([&new[0], &new[1], &new[2]]))
        .or_else(|| numbers([&old[0], &old[1], &old[2]]));
    let pair = |prefix: &str| {
        let number = |part: &str| label(&format!("{prefix}.{part}")).and_then(|number| number.parse::<u32>().ok());
        Some(Dotted::of(number("major")?, number("minor")?))
    };
    let capability = label("nvidia.com/cuda.runtime-version.full")
        .and_then(Dotted::parse)
        .or_else(|| pair("nvidia.com/cuda.runtime-version"))
        .or_else(|| pair("nvidia.com/cuda.runtime"));
    let name = metadata.name.clone().unwrap_or_default();
    let pool = facts::gpus()
        .pool_label
        .iter()
        .find_map(|row| label(&row.key))
        .or(model.as_deref())
        .unwrap_or("nodes with a GPU")
        .to_owned();
    let keeps_away = |taint: &&Taint| matches!(taint.effect.as_deref(), Some("NoSchedule" | "NoExecute"));
    let taints = item.spec.iter().flat_map(|spec| spec.taints.iter().flatten()).filter(keeps_away);
    let taints = taints.map(|taint| (taint.key.clone().unwrap_or_default(), taint.value.clone().unwrap_or_default()));
    let node = Node {
        name,
        driver: driver.as_deref().and_then(version),
        capability,
        gpus: model.into_iter().collect(),
        compute: pair("nvidia.com/gpu.compute"),
        taints: taints.collect(),
        created: metadata.creation_timestamp.clone().unwrap_or_default(),
        labels,
    };
    Some((pool, node))
}

/// Returns the model of a node's GPUs: as GPU feature discovery names it, else as the cloud's labels or the type of the
/// machine tell.
fn model(labels: &BTreeMap<String, String>) -> Option<String> {
    if let Some(product) = labels.get("nvidia.com/gpu.product").filter(|product| !product.is_empty()) {
        return Some(whole_board(product).to_owned());
    }
    let gpus = facts::gpus();
    let by_label = gpus.node_label.iter().find(|row| row.keys().any(|key| labels.get(key) == Some(&row.value)));
    if let Some(row) = by_label {
        return Some(row.gpu.clone());
    }
    let machine = ["node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type"];
    let machine = machine.iter().find_map(|key| labels.get(*key))?;
    gpus.machine(machine).map(|row| row.gpu.clone())
}

/// Returns the name of the board that a part of one is a part of, or that is shared.
fn whole_board(product: &str) -> &str {
    let product = product.split_once("-MIG-").map_or(product, |(board, _)| board);
    product.strip_suffix("-SHARED").unwrap_or(product)
}

fn platform(item: &Item) -> Platform {
    let info = item.status.as_ref().and_then(|status| status.node_info.as_ref());
    let Some(info) = info else { return Platform::Linux };
    let kernel = info.kernel_version.as_deref().unwrap_or_default().to_ascii_lowercase();
    match info.operating_system.as_deref() {
        Some("windows") => Platform::Windows,
        _ if kernel.contains("microsoft") => Platform::Wsl,
        _ if kernel.contains("tegra") => Platform::Jetson,
        _ => Platform::Linux,
    }
}

fn target(name: String, nodes: Vec<(Node, Platform)>) -> Target {
    let platform = nodes.first().map_or(Platform::Linux, |(_, platform)| *platform);
    let mut nodes: Vec<Node> = nodes.into_iter().map(|(node, _)| node).collect();
    nodes.sort_by(|a, b| a.name.cmp(&b.name));
    let gpus: BTreeSet<&String> = nodes.iter().flat_map(|node| &node.gpus).collect();
    let compute = nodes.first().and_then(|node| node.compute.clone());
    let agree = nodes.iter().all(|node| node.compute == compute);
    Target {
        name,
        platform,
        driver: nodes.iter().filter_map(|node| node.driver.clone()).min(),
        gpus: gpus.into_iter().cloned().collect(),
        capability: nodes.iter().filter_map(|node| node.capability.clone()).min(),
        compute: compute.filter(|_| agree),
        nodes,
        ..Target::default()
    }
}
