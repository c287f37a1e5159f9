//! Ollama's `Modelfile`.
//!
//! Specification: Ollama's "Modelfile reference". An instruction a line, in any case; what follows may be a text of several
//! lines between `"""`. `FROM` names a model or a file, `ADAPTER` a file.

use anyhow::Result;

use crate::entry;
use crate::formats::Format;
use crate::formats::Yield::{self, Digests, Sources};
use crate::formats::oci::{MODEL, models};
use crate::intern;
use crate::model::{Algorithm, Component, Digest, Gap, Inventory, Kind, Origin, Purl, Requirement, SUBJECT, Says};
use crate::source::{self, Place, Source};

entry! {
    /// Ollama's `Modelfile`: the model that another is made from, and its adapters.
    ///
    /// A file is a component with its path, and with its digest where the path is that of a blob (`sha256-…`). A model by
    /// name, of Ollama's library or of the hub (`hf.co/…`), is asked for without an exact answer: its tag may move, and the
    /// file has no way to name a commit. To pin one, fetch it at a commit and name the file. Parameters, templates and
    /// messages are not compared.
    pub Modelfile = "modelfile"
}

/// The instructions; a line that begins otherwise is none.
const INSTRUCTIONS: [&str; 10] =
    ["FROM", "ADAPTER", "PARAMETER", "TEMPLATE", "SYSTEM", "LICENSE", "MESSAGE", "RENDERER", "PARSER", "REQUIRES"];

impl Format for Modelfile {
    fn files(&self) -> &'static [&'static str] {
        &["Modelfile", "Modelfile.*", "*.Modelfile", "*.modelfile"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Digests, Sources]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        Self::read(source, &|_| None)
    }

    fn parse_with(&self, source: &Source<'_>, open: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Inventory>> {
        Ok(vec![Self::read(source, open)?])
    }
}

impl Modelfile {
    fn read(source: &Source<'_>, open: &dyn Fn(&str) -> Option<String>) -> Result<Inventory> {
        // A folder of weights has such a file.
        let is_folder = |value: &str| {
            let path = source::join(source.folder(), &format!("{value}/config.json"));
            path.is_some_and(|path| open(&path).is_some())
        };
        let mut inventory = Inventory::new(source, "modelfile");
        inventory.says = Says { edges: false, scopes: false, integrity: false, licence: false, ..Says::ALL };
        let mut has_model = false;
        // The mark that ends the text of several lines that is being read.
        let mut inside = None;
        for line in source.text.lines() {
            if let Some(mark) = inside {
                if line.trim_end().ends_with(mark) {
                    inside = None;
                }
                continue;
            }
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (word, value) = line.split_once(|sign: char| sign.is_ascii_whitespace()).unwrap_or((line, ""));
            let value = value.trim();
            inside = opened(value);
            let value = unquoted(value);
            let Some(instruction) = INSTRUCTIONS.iter().find(|known| known.eq_ignore_ascii_case(word)) else {
                inventory
                    .fault(source.place(line), "no instruction of a Modelfile; write `FROM`, `PARAMETER` or another");
                continue;
            };
            match *instruction {
                "FROM" | "ADAPTER" if value.is_empty() => {
                    inventory.fault(source.place(line), format!("`{instruction}` names nothing"));
                }
                "FROM" => {
                    has_model = true;
                    match is_file(value) || is_folder(value) {
                        true => file(&mut inventory, value, source.place(value)),
                        false => model(&mut inventory, value, source.place(value)),
                    }
                }
                "ADAPTER" => file(&mut inventory, value, source.place(value)),
                _ => {}
            }
        }
        if !has_model && inventory.faults.is_empty() {
            return Err(source.fault(source.start(), "no `FROM` in it; is it a Modelfile of Ollama's?"));
        }
        Ok(inventory)
    }
}

/// Returns the mark that a text opens and does not close.
fn opened(value: &str) -> Option<&'static str> {
    let mark = ["\"\"\"", "\""].into_iter().find(|mark| value.starts_with(mark))?;
    let rest = &value[mark.len()..];
    (!rest.ends_with(mark)).then_some(mark)
}

/// Takes a pair of quotes off.
fn unquoted(value: &str) -> &str {
    let inner = ["\"\"\"", "\""].iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    inner.unwrap_or(value).trim()
}

/// Says whether a value is a path, by its looks: a name of a model has no such beginning or ending.
fn is_file(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    value.starts_with(['.', '/', '~', '\\'])
        || value.contains('\\')
        || value.split_once('/').is_some_and(|(first, _)| models::is_folder(first))
        || [".gguf", ".bin", ".safetensors"].iter().any(|ending| lower.ends_with(ending))
}

fn file(inventory: &mut Inventory, path: &str, place: Place) {
    let name = path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(path);
    if name.is_empty() || matches!(name, "." | ".." | "~") {
        // The folder of the file itself: nothing that has a name.
        return;
    }
    let mut component = Component::new(Purl::new("generic", "", name, ""));
    component.kind = Kind::Model;
    component.origin = Origin::path(path);
    let hex = name.strip_prefix("sha256-").or_else(|| name.strip_prefix("sha256:"));
    component.digests.extend(hex.and_then(|hex| Digest::hex(Algorithm::Sha256, hex)));
    let node = inventory.add(component, place);
    inventory.edge(SUBJECT, node, Requirement::default(), place);
}

fn model(inventory: &mut Inventory, value: &str, place: Place) {
    let name = value.split_once("://").map_or(value, |(_, rest)| rest);
    let (name, tag) = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (name, ""),
    };
    let requirement = Requirement { constraint: intern::text(tag), extra: MODEL, ..Requirement::default() };
    inventory.declare(SUBJECT, intern::text(name), requirement, place, Gap::Unpinned);
}
