//! The tables as they are written: files of rows, each row with its source. [`super::facts`] reads them as typed rows; here
//! they can be looked into by name, and rows of a team's own are laid over them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use ::toml::de::{DeTable, DeValue};
use ::toml::{Spanned, Table, Value};
use anyhow::Result;
use serde::de::DeserializeOwned;

use super::facts;
use super::version::Dotted;
use crate::source::{Fault, Faults, Source};
use crate::suggest;

/// A file of tables.
pub struct File {
    /// Its name without folder: `drivers.toml`.
    pub name: &'static str,
    text: &'static str,
}

/// The files, by name.
pub const FILES: &[File] = &[
    File { name: "drivers.toml", text: include_str!("data/drivers.toml") },
    File { name: "extensions.toml", text: include_str!("data/extensions.toml") },
    File { name: "frameworks.toml", text: include_str!("data/frameworks.toml") },
    File { name: "gpus.toml", text: include_str!("data/gpus.toml") },
    File { name: "images.toml", text: include_str!("data/images.toml") },
    File { name: "rocm.toml", text: include_str!("data/rocm.toml") },
    File { name: "toolkits.toml", text: include_str!("data/toolkits.toml") },
];

/// The key of each table's rows: no two rows of a table have the same.
const KEYS: &[(&str, &str, &[&str])] = &[
    ("drivers.toml", "branch", &["branch"]),
    ("drivers.toml", "gpu_support", &["architecture"]),
    ("extensions.toml", "extension", &["name"]),
    ("frameworks.toml", "bitsandbytes", &["cuda"]),
    ("frameworks.toml", "bitsandbytes_without", &["cuda"]),
    ("frameworks.toml", "cuda_python", &["package"]),
    ("frameworks.toml", "cudnn", &["range"]),
    ("frameworks.toml", "cupy", &["package"]),
    ("frameworks.toml", "jax", &["versions", "cuda"]),
    ("frameworks.toml", "jax_plugin", &["package", "version"]),
    ("frameworks.toml", "kernels", &["package", "version", "library"]),
    ("frameworks.toml", "ngc", &["month"]),
    ("frameworks.toml", "npm", &["package", "versions"]),
    ("frameworks.toml", "onnxruntime_gpu", &["versions"]),
    ("frameworks.toml", "rapids", &["versions", "cuda"]),
    ("frameworks.toml", "rust_candle", &["candle"]),
    ("frameworks.toml", "rust_cudarc", &["version"]),
    ("frameworks.toml", "rust_ort", &["ort"]),
    ("frameworks.toml", "rust_tch", &["tch"]),
    ("frameworks.toml", "tensorflow", &["version"]),
    ("frameworks.toml", "tensorflow_pins", &["version", "extra"]),
    ("frameworks.toml", "tensorrt", &["version"]),
    ("frameworks.toml", "toolkit_extra", &["extra"]),
    ("frameworks.toml", "torch_arch", &["torch", "variant", "platform"]),
    ("frameworks.toml", "torch_local", &["local"]),
    ("frameworks.toml", "torch_pair", &["torch"]),
    ("frameworks.toml", "torch_pins", &["version"]),
    ("frameworks.toml", "torch_release", &["version"]),
    ("frameworks.toml", "torch_variant", &["torch", "variant"]),
    ("frameworks.toml", "torchvision_range", &["version"]),
    ("frameworks.toml", "triton_note", &["note"]),
    ("frameworks.toml", "triton_pair", &["torch"]),
    ("frameworks.toml", "tritonserver_trtllm", &["month"]),
    ("frameworks.toml", "tritonserver_vllm", &["month"]),
    ("frameworks.toml", "vllm", &["version"]),
    ("frameworks.toml", "vllm_pins", &["version"]),
    ("frameworks.toml", "wheel_move", &["package", "cuda_major"]),
    ("frameworks.toml", "xformers", &["version"]),
    ("gpus.toml", "cloud", &["provider", "instance_prefix"]),
    ("gpus.toml", "gpu", &["name"]),
    ("gpus.toml", "node_label", &["key", "value"]),
    ("gpus.toml", "nvswitch", &["gpu"]),
    ("gpus.toml", "pool_label", &["key"]),
    ("images.toml", "cuda_system", &["system"]),
    ("images.toml", "image", &["path"]),
    ("rocm.toml", "amdgpu", &["driver"]),
    ("rocm.toml", "detect", &["surface"]),
    ("rocm.toml", "gpu", &["name"]),
    ("rocm.toml", "kfd", &["kernel"]),
    ("rocm.toml", "release", &["rocm"]),
    ("rocm.toml", "torch_rocm", &["torch", "rocm"]),
    ("toolkits.toml", "arch_support", &["architecture", "sm"]),
    ("toolkits.toml", "forward_compat_hosts", &["image_cuda"]),
    ("toolkits.toml", "mvc_floor", &["major"]),
    ("toolkits.toml", "phantom_release", &["version"]),
    ("toolkits.toml", "ptx_isa", &["ptx"]),
    ("toolkits.toml", "toolkit", &["version"]),
    ("toolkits.toml", "wheel_naming", &["pattern"]),
    ("toolkits.toml", "wheel_set", &["toolkit"]),
];

/// The rows that were laid over the tables of this run, by file.
static LAID: OnceLock<BTreeMap<&'static str, Table>> = OnceLock::new();

/// Lays a team's own rows over the tables, for all of this run: a row replaces the one of its key, or is added. To be called
/// before anything is looked up.
///
/// # Errors
/// All that is wrong with the files, each with its place: an unknown file, table or field, a row without key or source, a
/// value of another type.
pub fn lay_over(sources: &[Source<'_>]) -> Result<()> {
    let mut laid = BTreeMap::new();
    for source in sources {
        let name = source.path.rsplit('/').next().unwrap_or(source.path);
        let Some(file) = FILES.iter().find(|file| file.name == name) else {
            let names = FILES.iter().map(|file| file.name);
            let hint = suggest::hint(name, names);
            return Err(source.fault(source.start(), format!("\"{name}\" is no file of facts{hint}")));
        };
        laid.insert(file.name, check(file, source)?);
    }
    let is_first = LAID.set(laid).is_ok();
    debug_assert!(is_first, "rows are laid over once a run");
    Ok(())
}

/// Returns a file's tables as typed rows, with what was laid over them.
pub(super) fn typed<T: DeserializeOwned>(name: &str) -> T {
    let file = FILES.iter().find(|file| file.name == name).expect("the name is one of the list's");
    match LAID.get().and_then(|laid| laid.get(name)) {
        // What is laid over was read as typed rows before it was taken.
        Some(table) => table.clone().try_into().expect("what is laid over was checked"),
        None => embedded(file),
    }
}

/// Reads a file of the program's own, which a test does too.
fn embedded<T: DeserializeOwned>(file: &File) -> T {
    ::toml::from_str(file.text).unwrap_or_else(|error| panic!("{}: {}", file.name, error.message()))
}

fn raw(file: &File) -> Table {
    if let Some(table) = LAID.get().and_then(|laid| laid.get(file.name)) {
        return table.clone();
    }
    embedded(file)
}

fn keys(file: &str, table: &str) -> Option<&'static [&'static str]> {
    KEYS.iter().find(|(of, name, _)| *of == file && *name == table).map(|(.., keys)| *keys)
}

/// Reads a file that is laid over the tables, and returns both together.
fn check(file: &File, source: &Source<'_>) -> Result<Table> {
    let (document, errors) = DeTable::parse_recoverable(source.text);
    let faults = errors.into_iter().map(|error| Fault {
        place: source.place_at(error.span().unwrap_or(0..0)),
        message: error.message().trim().to_owned(),
    });
    let mut faults: Vec<Fault> = faults.collect();
    let mut whole: Table = ::toml::from_str(file.text)?;
    if faults.is_empty() {
        merge(file, source, document.get_ref(), &mut whole, &mut faults);
    }
    if !faults.is_empty() {
        faults.sort_by_key(|fault| fault.place);
        return Err(Faults(faults).into());
    }
    Ok(whole)
}

fn merge(file: &File, source: &Source<'_>, document: &DeTable<'_>, whole: &mut Table, faults: &mut Vec<Fault>) {
    let mut fault = |span: std::ops::Range<usize>, message: String| {
        faults.push(Fault { place: source.place_at(span), message });
    };
    for (name, value) in document {
        let key: &str = name.get_ref();
        match (key, value.get_ref()) {
            ("schema", _) if value.get_ref().as_integer().is_some_and(|number| number.as_str() == "1") => {}
            ("schema", _) => fault(value.span(), "\"schema\" is 1, the only form that this driftgate reads".to_owned()),
            ("data_date", DeValue::String(date)) if crate::policy::date::parse(date).is_ok() => {
                whole.insert(key.to_owned(), Value::String(date.to_string()));
            }
            ("data_date", _) => fault(value.span(), "\"data_date\" is a day, as in \"2026-11-22\"".to_owned()),
            (key, DeValue::Array(rows)) if keys(file.name, key).is_some() => {
                for row in rows {
                    if let Err((span, message)) = lay_row(file, key, row, whole) {
                        fault(span, message);
                    }
                }
            }
            _ => {
                let tables = KEYS.iter().filter(|(of, ..)| *of == file.name).map(|(_, name, _)| *name);
                let hint = suggest::hint(key, tables);
                fault(name.span(), format!("\"{}\" is no table of rows in {}{hint}", key.escape_debug(), file.name));
            }
        }
    }
}

/// Lays one row over its table.
fn lay_row(
    file: &File,
    table: &str,
    row: &Spanned<DeValue<'_>>,
    whole: &mut Table,
) -> Result<(), (std::ops::Range<usize>, String)> {
    let at = row.span();
    let Some(fields) = row.get_ref().as_table() else { return Err((at, format!("a row of \"{table}\" is a table"))) };
    let rows = whole.get(table).and_then(Value::as_array).cloned().unwrap_or_default();
    for (name, value) in fields {
        let key: &str = name.get_ref();
        let example = rows.iter().find_map(|row| row.get(key));
        let Some(example) = example else {
            let known = rows.iter().filter_map(Value::as_table).flat_map(|row| row.keys().map(String::as_str));
            return Err((
                name.span(),
                format!("unknown field \"{}\"{}", key.escape_debug(), suggest::hint(key, known)),
            ));
        };
        if let Some(kind) = other_kind(example, value.get_ref()) {
            return Err((value.span(), format!("\"{key}\" is {kind}")));
        }
    }
    let keys = keys(file.name, table).unwrap_or_default();
    if let Some(missing) = keys.iter().chain(&["source"]).find(|key| !fields.contains_key(**key)) {
        return Err((at, format!("a row of \"{table}\" has no \"{missing}\"")));
    }
    let plain = plain(row.get_ref());
    let is_it = |other: &Value| keys.iter().all(|key| other.get(key) == plain.get(key));
    let mut rows = rows;
    match rows.iter_mut().find(|other| is_it(other)) {
        Some(other) => *other = plain,
        None => rows.push(plain),
    }
    let mut after = whole.clone();
    after.insert(table.to_owned(), Value::Array(rows));
    // A row that the typed reading refuses is refused here, where it is known which it is.
    facts::check(file.name, after.clone()).map_err(|error| (at, error))?;
    *whole = after;
    Ok(())
}

/// Returns what a value should have been, where it is of another kind than the rows have.
fn other_kind(example: &Value, value: &DeValue<'_>) -> Option<&'static str> {
    match (example, value) {
        (Value::String(_), DeValue::String(_))
        | (Value::Integer(_), DeValue::Integer(_))
        | (Value::Boolean(_), DeValue::Boolean(_))
        | (Value::Array(_), DeValue::Array(_))
        | (Value::Table(_), DeValue::Table(_)) => None,
        (Value::String(_), _) => Some("a text"),
        (Value::Integer(_), _) => Some("a whole number"),
        (Value::Boolean(_), _) => Some("true or false"),
        (Value::Array(_), _) => Some("a list"),
        (Value::Table(_), _) => Some("a table"),
        _ => Some("something else"),
    }
}

/// Returns a value without its places.
fn plain(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => {
            number.as_str().parse().map_or_else(|_| Value::String(number.as_str().to_owned()), Value::Integer)
        }
        DeValue::Float(number) => {
            number.as_str().parse().map_or_else(|_| Value::String(number.as_str().to_owned()), Value::Float)
        }
        DeValue::Boolean(is) => Value::Boolean(*is),
        DeValue::Datetime(time) => Value::Datetime(*time),
        DeValue::Array(items) => Value::Array(items.iter().map(|item| plain(item.get_ref())).collect()),
        DeValue::Table(table) => {
            Value::Table(table.iter().map(|(key, value)| (key.get_ref().to_string(), plain(value.get_ref()))).collect())
        }
    }
}

/// A row, as it is written.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its file: `drivers.toml`.
    pub file: &'static str,
    /// Its table: `branch`.
    pub table: String,
    /// Its fields, as they are written; the source among them.
    pub fields: Table,
}

/// A table: its file, its name, how many rows it has.
#[derive(Clone, Debug)]
pub struct Contents {
    /// Its file.
    pub file: &'static str,
    /// The day the file was last looked through.
    pub date: String,
    /// Its name.
    pub table: String,
    /// How many rows it has.
    pub rows: usize,
}

/// Returns what tables there are.
pub fn contents() -> Vec<Contents> {
    let mut contents = Vec::new();
    for file in FILES {
        let table = raw(file);
        let date = table.get("data_date").and_then(Value::as_str).unwrap_or_default().to_owned();
        for (name, value) in &table {
            if let Some(rows) = value.as_array() {
                contents.push(Contents { file: file.name, date: date.clone(), table: name.clone(), rows: rows.len() });
            }
        }
    }
    contents
}

/// Returns the day of the newest table.
pub fn newest() -> String {
    contents().into_iter().map(|table| table.date).max().unwrap_or_default()
}

/// Returns names that rows are found by: of GPUs, frameworks, packages and images.
pub fn names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in FILES {
        for (table, value) in raw(file) {
            let key = match file.name {
                "gpus.toml" | "extensions.toml" => "name",
                "images.toml" => "path",
                "frameworks.toml" => "package",
                _ => continue,
            };
            if file.name == "frameworks.toml" {
                names.extend(table.split('_').next().map(str::to_owned));
            }
            let rows = value.as_array().into_iter().flatten().filter_map(Value::as_table);
            names.extend(rows.filter_map(|fields| fields.get(key)?.as_str().map(str::to_owned)));
        }
    }
    names
}

/// Returns the rows on a name: a toolkit (`12.4`, `12.4.1`), a driver or its branch (`R535`, `550.54.15`), a GPU (`A100`), a
/// package or framework (`torch`, `torch 2.11`), an image's path; nothing where none is known.
pub fn about(name: &str) -> Vec<Row> {
    let name = bare(name);
    let (first, version) = match name.split_once([' ', '@', ':']) {
        Some((first, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => (first, Some(version.trim())),
        _ => (name, None),
    };
    let mut rows = Vec::new();
    if first.is_empty() {
        return rows;
    }
    let gpu = facts::gpus().find(name).map(|gpu| gpu.name.as_str());
    let branch = Dotted::parse(first.trim_start_matches(['R', 'r'])).filter(|driver| driver.major() >= 300);
    let release = Dotted::parse(first).filter(|version| version.major() < 100);
    for file in FILES {
        for (table, value) in raw(file) {
            for fields in value.as_array().into_iter().flatten().filter_map(Value::as_table) {
                let text = |key: &str| fields.get(key).map(shown).unwrap_or_default();
                let is_it = match (file.name, table.as_str()) {
                    ("gpus.toml", "gpu") => gpu.is_some_and(|gpu| gpu == text("name")),
                    ("gpus.toml", _) => gpu.is_some_and(|gpu| gpu == text("gpu")),
                    ("drivers.toml", "branch") => {
                        branch.as_ref().is_some_and(|branch| branch.major().to_string() == text("branch"))
                    }
                    ("drivers.toml", _) => gpu.is_some_and(|_| {
                        facts::gpus().find(name).is_some_and(|gpu| gpu.architecture == text("architecture"))
                    }),
                    ("toolkits.toml", "toolkit" | "phantom_release") => is_of(release.as_ref(), &text("version")),
                    ("toolkits.toml", "mvc_floor") => {
                        release.as_ref().is_some_and(|release| release.major().to_string() == text("major"))
                    }
                    ("toolkits.toml", "forward_compat_hosts") => {
                        is_of(release.as_ref(), text("image_cuda").trim_end_matches(".x"))
                    }
                    ("toolkits.toml", "ptx_isa") => is_of(release.as_ref(), &text("first_cuda")),
                    ("frameworks.toml", table) => is_framework(first, table, fields) && of_version(version, fields),
                    ("extensions.toml", _) => text("name") == first,
                    ("images.toml", "image") => {
                        let path = text("path");
                        let is_end = path.rsplit('/').next() == Some(name) || path.ends_with(&format!("/{first}"));
                        path == first || (is_end && (first.contains('/') || version.is_none()))
                    }
                    ("images.toml", "cuda_system") => text("system") == first,
                    ("rocm.toml", _) => {
                        first.eq_ignore_ascii_case("rocm") && of_version(version, fields)
                            || text("gfx") == first
                            || (table == "gpu"
                                && text("name").to_lowercase().contains(&name.to_lowercase())
                                && name.len() > 3)
                    }
                    _ => false,
                };
                if is_it {
                    rows.push(Row { file: file.name, table: table.clone(), fields: fields.clone() });
                }
            }
        }
    }
    // What the name itself is, before what speaks of it.
    let is_itself = |row: &Row| matches!(row.table.as_str(), "gpu" | "branch" | "toolkit" | "image" | "torch_release");
    rows.sort_by_key(|row| !is_itself(row));
    rows
}

/// Returns a name without the word for what it is: `12.8` of `CUDA 12.8` and `toolkit 12.8`, `580.82.07` of `driver 580.82.07`.
fn bare(name: &str) -> &str {
    let name = name.trim();
    let word = name.find(|c: char| c.is_ascii_digit()).map_or("", |at| &name[..at]);
    let kind = word.trim_end_matches([' ', '-', ':']).to_ascii_lowercase();
    match kind.as_str() {
        "cuda" | "toolkit" | "cuda toolkit" | "driver" | "nvidia driver" | "branch" => &name[word.len()..],
        "driver r" | "branch r" => &name[word.len()..],
        _ => name,
    }
}

/// Says whether a version is one of a release's: `12.4.1` is of `12.4` and of itself.
fn is_of(release: Option<&Dotted>, version: &str) -> bool {
    let Some(release) = release else { return false };
    Dotted::parse(version).is_some_and(|version| version.first_parts(release.parts()) == *release)
}

/// Says whether a row of a framework's table is about a name: by the table's own name, or by the package that the row names.
fn is_framework(name: &str, table: &str, fields: &Table) -> bool {
    let folded = name.to_ascii_lowercase().replace('-', "_");
    let package = fields.get("package").and_then(Value::as_str);
    let is_table =
        |table: &str| table == folded || table.strip_prefix(folded.as_str()).is_some_and(|rest| rest.starts_with('_'));
    package.is_some_and(|package| package.eq_ignore_ascii_case(name))
        || is_table(table)
        || table.strip_prefix("rust_").is_some_and(is_table)
}

fn of_version(version: Option<&str>, fields: &Table) -> bool {
    let Some(version) = version else { return true };
    // A local version names the build: rows on other builds are not of it.
    let (public, build) = version.split_once('+').map_or((version, None), |(public, build)| (public, Some(build)));
    let other_build = |key: &&str| fields.get(*key).and_then(Value::as_str).is_some_and(|row| build != Some(row));
    if build.is_some() && ["variant", "local"].iter().any(other_build) {
        return false;
    }
    if build.is_some() && fields.contains_key("local") {
        return true;
    }
    let asked = Dotted::parse(public);
    ["version", "versions", "torch", "candle", "tch", "ort", "rocm", "month"]
        .iter()
        .filter_map(|key| fields.get(*key))
        .any(|value| {
            let written = shown(value);
            written == public
                || asked.as_ref().zip(Dotted::parse(&written)).is_some_and(|(asked, row)| {
                    let parts = asked.parts().min(row.parts());
                    asked.first_parts(parts) == row.first_parts(parts)
                })
        })
}

/// Returns a value as people read it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Table(table) => {
            table.iter().map(|(key, value)| format!("{key} {}", shown(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

impl Row {
    /// Returns what the row is called: its table with its key, `branch 535`.
    pub fn title(&self) -> String {
        let keys = keys(self.file, &self.table).unwrap_or_default();
        let values = keys.iter().filter_map(|key| self.fields.get(*key)).map(shown);
        std::iter::once(self.table.replace('_', " ")).chain(values).collect::<Vec<_>>().join(" ")
    }

    /// Returns the fields beside the key, with the source last.
    pub fn lines(&self) -> Vec<(&str, String)> {
        let keys = keys(self.file, &self.table).unwrap_or_default();
        let rest = self.fields.iter().filter(|(name, _)| !keys.contains(&name.as_str()) && *name != "source");
        let source = self.fields.get("source").map(|source| ("source", shown(source)));
        rest.map(|(name, value)| (name.as_str(), shown(value))).chain(source).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::*;
    use crate::source::FileId;

    #[test]
    fn every_row_has_a_key_of_its_own_and_a_source() {
        let mut wrong = Vec::new();
        for file in FILES {
            let table = raw(file);
            assert_eq!(table.get("schema").and_then(Value::as_integer), Some(1), "{}", file.name);
            for (name, value) in &table {
                let Some(rows) = value.as_array() else {
                    let is_rule = value.as_table().is_none_or(|rule| {
                        rule.contains_key("source")
                            || rule.values().all(|rule| rule.as_table().is_none_or(|rule| rule.contains_key("source")))
                            || rule.is_empty()
                    });
                    if !is_rule {
                        wrong.push(format!("{} [{name}] has no source", file.name));
                    }
                    continue;
                };
                let Some(keys) = keys(file.name, name) else {
                    wrong.push(format!("{} [[{name}]] has no key in KEYS", file.name));
                    continue;
                };
                let mut seen = BTreeSet::new();
                for row in rows {
                    let key: Vec<String> = keys.iter().map(|key| row.get(key).map(shown).unwrap_or_default()).collect();
                    if key.iter().any(String::is_empty) {
                        wrong.push(format!("{} [[{name}]] {key:?} lacks a part of its key", file.name));
                    }
                    if row.get("source").and_then(Value::as_str).is_none_or(|source| source.trim().is_empty()) {
                        wrong.push(format!("{} [[{name}]] {key:?} has no source", file.name));
                    }
                    if !seen.insert(key.clone()) {
                        wrong.push(format!("{} [[{name}]] {key:?} stands twice", file.name));
                    }
                }
            }
        }
        for (file, table, _) in KEYS {
            let file = FILES.iter().find(|other| other.name == *file).unwrap();
            if raw(file).get(*table).is_none() {
                wrong.push(format!("{} has no [[{table}]]", file.name));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    fn laid(path: &'static str, text: &str) -> Result<Table, Vec<String>> {
        let source = Source { file: FileId(0), path, text };
        let file = FILES.iter().find(|file| file.name == path).unwrap();
        check(file, &source).map_err(|error| {
            let faults = error.downcast_ref::<Faults>().map(|faults| faults.0.clone()).unwrap_or_default();
            faults
                .iter()
                .map(|fault| {
                    format!("{}: {}", &text[fault.place.start as usize..][..fault.place.len as usize], fault.message)
                })
                .collect()
        })
    }

    #[test]
    fn own_rows_replace_and_add() {
        let text = "data_date = \"2027-01-05\"\n[[branch]]\nbranch = 535\nmax_cuda = \"12.2\"\nfirst_toolkit_driver_linux = \"535.54.03\"\neol = \"2027-06-30\"\nsource = \"our vendor's contract\"\n[[branch]]\nbranch = 620\nmax_cuda = \"13.5\"\nfirst_toolkit_driver_linux = \"620.10\"\nsource = \"release notes\"\n";
        let table = laid("drivers.toml", text).unwrap();
        let rows = table["branch"].as_array().unwrap();
        let of =
            |number: i64| rows.iter().filter(move |row| row["branch"].as_integer() == Some(number)).collect::<Vec<_>>();
        assert_eq!(of(535).len(), 1);
        assert_eq!(of(535)[0]["eol"].as_str(), Some("2027-06-30"));
        assert_eq!(of(620).len(), 1);
        assert_eq!(table["data_date"].as_str(), Some("2027-01-05"));
    }

    #[test]
    fn what_is_wrong_with_own_rows_is_named() {
        for (text, expected) in [
            (
                "[[brunch]]\nbranch = 1",
                "brunch: \"brunch\" is no table of rows in drivers.toml, did you mean \"branch\"?",
            ),
            ("[[branch]]\nbrunch = 1", "brunch: unknown field \"brunch\", did you mean \"branch\"?"),
            ("[[branch]]\nbranch = \"535\"", "\"535\": \"branch\" is a whole number"),
            ("[[branch]]\nbranch = 700\nmax_cuda = \"14.0\"", "has no \"source\""),
            (
                "[[branch]]\nbranch = 700\nmax_cuda = \"14.x\"\nfirst_toolkit_driver_linux = \"700.1\"\nsource = \"x\"",
                "is no version of numbers between dots",
            ),
            ("data_date = \"soon\"", "\"data_date\" is a day"),
            ("schema = 2", "\"schema\" is 1"),
            ("[[branch]", "unclosed"),
        ] {
            let faults = laid("drivers.toml", text).unwrap_err();
            assert!(faults.len() == 1 && faults[0].contains(expected), "{text:?} {faults:?}");
        }
    }

    #[test]
    fn names_find_their_rows() {
        for (name, expected) in [
            ("12.4.1", "toolkit 12.4.1"),
            ("12.4", "toolkit 12.4.0"),
            ("R535", "branch 535"),
            ("550.54.15", "branch 550"),
            ("A100", "gpu A100"),
            ("NVIDIA H100 80GB HBM3", "gpu H100"),
            ("torch 2.11", "torch release 2.11"),
            ("torch", "torch pins 2.11.0"),
            ("onnxruntime-gpu", "onnxruntime gpu 1.19 .. 1.26"),
            ("cupy-cuda12x", "cupy cupy-cuda12x"),
            ("candle", "rust candle 0.9.1"),
            ("nvidia/cuda", "image nvidia/cuda"),
            ("gfx942", "gpu Instinct MI300X"),
            ("flash-attn", "extension flash-attn"),
            ("CUDA 12.8", "toolkit 12.8.0"),
            ("cuda 12.8", "toolkit 12.8.0"),
            ("CUDA12.8", "toolkit 12.8.0"),
            ("toolkit 12.8", "toolkit 12.8.0"),
            ("driver 580.82.07", "branch 580"),
            ("R580", "branch 580"),
            ("driver R580", "branch 580"),
            ("torch 2.7.0+cu128", "torch arch 2.7 cu128 linux x86_64"),
            ("torch 2.7.0+cu128", "torch release 2.7"),
            ("torch 2.7.0+cu128", "torch local cu128"),
            ("RTX4090", "gpu GeForce RTX 4090"),
            ("vllm-openai", "image vllm/vllm-openai"),
        ] {
            let titles: Vec<String> = about(name).iter().map(Row::title).collect();
            assert!(titles.iter().any(|title| title == expected), "{name}: {titles:?}");
        }
        for name in ["", "no such thing", "99.9", "R2"] {
            assert!(about(name).is_empty(), "{name}");
        }
        for (name, table) in [("cuda 12.8", "image"), ("12.8", "image"), ("torch 2.7.0", "torch_local")] {
            assert!(about(name).iter().all(|row| row.table != table), "{name}");
        }
        let builds = about("torch 2.7.0+cu128");
        assert!(builds.iter().all(|row| row.fields.get("variant").is_none_or(|build| build.as_str() == Some("cu128"))));
    }
}
