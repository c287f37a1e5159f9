//! Batch scripts of Slurm: the images that their steps run in.
//!
//! Specification: the README of NVIDIA's pyxis (`--container-image=[USER@][REGISTRY#]IMAGE[:TAG]|PATH`), enroot's `import`, and
//! `apptainer exec docker://…`.

use std::collections::BTreeMap;

use anyhow::Result;

use super::deployment::Deployment;
use super::models;
use super::pipeline::filled;
use crate::entry;
use crate::formats::{self, Format, Yield};
use crate::model::Inventory;
use crate::source::Source;

entry! {
    /// `*.sbatch`, `*.slurm` and shell scripts with `#SBATCH`, the images that steps of a batch job run in.
    ///
    /// Read are `--container-image=` of `#SBATCH` and `srun`, with the syntax of pyxis and enroot (`registry#team/app:1`), and
    /// `docker://…` of enroot, Apptainer and Singularity. Variables that the script sets once, to a literal, are filled in; an image
    /// that another variable names is reported as unpinned. An image that was unpacked to a file is none. Models that commands load by
    /// name (`vllm serve`, `hf download`, `ollama pull`) are read with their revisions.
    pub SlurmScript = "slurm-script"
}

impl Format for SlurmScript {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Sources]
    }

    fn files(&self) -> &'static [&'static str] {
        &["*.sbatch", "*.slurm", "*.sh"]
    }

    fn takes(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.files().iter().any(|glob| formats::matches(glob, name))
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        let has_image =
            || text.contains(OPTION) || text.contains(SCHEME) || PROGRAMS.iter().any(|program| text.contains(program));
        text.lines().take(200).any(|line| line.starts_with("#SBATCH")) && has_image()
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut deployment = Deployment::new(source, self);
        let variables = variables(source.text);
        for line in source.text.lines() {
            let is_option = line.starts_with("#SBATCH");
            if line.trim_start().starts_with('#') && !is_option {
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            for (number, word) in words.iter().enumerate() {
                let value = match word.strip_prefix(OPTION) {
                    Some("") => words.get(number + 1).copied(),
                    Some(value) => value.strip_prefix('='),
                    None => word.trim_start_matches(['"', '\'']).strip_prefix(SCHEME),
                };
                if let Some(value) = value {
                    read(value, &variables, &mut deployment);
                }
            }
        }
        models(source, &variables, &mut deployment);
        Ok(deployment.inventory)
    }

    fn parse_all(&self, source: &Source<'_>) -> Result<Vec<Inventory>> {
        let inventory = self.parse(source)?;
        let is_subject = super::pipeline::is_subject(&inventory);
        Ok(is_subject.then_some(inventory).into_iter().collect())
    }
}

/// The option that names a step's image, and how one begins that is pulled from a registry.
const OPTION: &str = "--container-image";
const SCHEME: &str = "docker://";

/// What stands in a script that loads a model.
const PROGRAMS: [&str; 10] = [
    "vllm serve",
    "vllm.entrypoints",
    "sglang",
    "hf download",
    "huggingface-cli download",
    "ollama pull",
    "ollama run",
    "llama-server",
    "trtllm-serve",
    "text-generation-launcher",
];

/// Adds the models that the commands of a script load.
fn models(source: &Source<'_>, variables: &BTreeMap<&str, &str>, deployment: &mut Deployment<'_, '_>) {
    let text = source.text;
    let mut start = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        if line.trim_end().ends_with('\\') && at < text.len() && !text[start..].trim_start().starts_with('#') {
            continue;
        }
        let (whole, place) = (&text[start..at], source.place_at(start..at));
        start = at;
        if whole.trim_start().starts_with('#') || !whole.contains(char::is_whitespace) {
            continue;
        }
        let word = |word: String| {
            let name = word.strip_prefix('$').map(|name| name.trim_start_matches('{').trim_end_matches('}'));
            let place = name.and_then(|name| variables.get(name)).map_or(place, |value| source.place(value));
            let text = filled(&word, variables).unwrap_or(word);
            models::Word { text, place }
        };
        let words: Vec<models::Word> = models::split(whole).into_iter().map(word).collect();
        models::add(source, &mut deployment.inventory, models::of_line(&words));
    }
}

/// Reads what names an image.
fn read(text: &str, variables: &BTreeMap<&str, &str>, deployment: &mut Deployment<'_, '_>) {
    let text = text.trim_matches(['"', '\'', ';', '\\', ')', '`']);
    let plain = text.strip_prefix(SCHEME).unwrap_or(text);
    // Where a variable is all of it, it is set to the image elsewhere.
    let name = plain.strip_prefix('$').map(|name| name.trim_start_matches('{').trim_end_matches('}'));
    let set = name.and_then(|name| variables.get(name)).filter(|value| !value.contains('$'));
    let place = deployment.source.place(set.copied().unwrap_or(plain));
    let Some(filled) = filled(plain, variables) else {
        deployment.unpinned(plain, place);
        deployment.container("step", None, true, Vec::new(), place);
        return;
    };
    let filled = filled.strip_prefix(SCHEME).unwrap_or(&filled);
    // A user's name stands before the registry, which a `#` ends.
    let reference = match filled.split_once('#') {
        Some((host, path)) => format!("{}/{path}", host.rsplit('@').next().unwrap_or(host)),
        None => filled.to_owned(),
    };
    let is_file = ["/", ".", "~"].iter().any(|begin| reference.starts_with(begin))
        || [".sqsh", ".squashfs", ".sif"].iter().any(|end| reference.ends_with(end));
    if !is_file && !reference.is_empty() {
        let node = deployment.image(&reference, place);
        deployment.container("step", node, true, Vec::new(), place);
    }
}

/// Returns the variables that a script sets once, to literals.
fn variables(text: &str) -> BTreeMap<&str, &str> {
    let mut variables: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for line in text.lines() {
        let line = line.trim_start();
        let line = ["export ", "readonly ", "local "].iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line);
        let Some((name, value)) = line.split_once('=') else { continue };
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name(name) {
            continue;
        }
        let inner =
            |quote: char| value.strip_prefix(quote).and_then(|rest| rest.split_once(quote)).map(|(inner, _)| inner);
        let value = inner('"').or_else(|| inner('\'')).unwrap_or_else(|| value.split_whitespace().next().unwrap_or(""));
        // What another program says is not known.
        let value = Some(value).filter(|value| !value.contains(['`', '(']));
        variables.entry(name).and_modify(|known| *known = None).or_insert(value);
    }
    let known = variables.into_iter().filter_map(|(name, value)| {
        // `${IMAGE:-default}` of itself is a default.
        let value = value?;
        let default = value.strip_prefix("${").and_then(|rest| rest.strip_prefix(name)?.strip_prefix(":-"));
        Some((name, default.and_then(|rest| rest.strip_suffix('}')).unwrap_or(value)))
    });
    known.collect()
}
