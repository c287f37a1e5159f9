//! The models that commands load from a hub: which program loads which, and at which revision.
//!
//! Sources: the documentation of vLLM (`vllm serve`, its OpenAI server's arguments), SGLang (`launch_server`), Text Generation
//! Inference and Text Embeddings Inference (their launchers), llama.cpp (`--hf-repo`), TensorRT-LLM (`trtllm-serve`), LMDeploy
//! (`serve api_server`), and the hub's command line (`hf download`).

use crate::intern;
use crate::model::{Component, Fact, FactKind, Gap, Inventory, Kind, Purl, Requirement, SUBJECT, Scope};
use crate::source::{Place, Source};

/// What a requirement of a model is marked with.
pub(crate) const MODEL: &str = "model";

/// What a requirement of one of Ollama's models is marked with: a tag is all that names its state.
pub(crate) const OLLAMA: &str = "model of ollama";

/// Says whether a requirement is one of a model, by its mark.
pub(crate) fn is_model(mark: &str) -> bool {
    matches!(mark, MODEL | OLLAMA)
}

/// A word of a command.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    /// What it says.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// A model that a command loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// `organisation/name`.
    name: String,
    /// A commit, a branch or a tag; empty where the command names none.
    revision: String,
    place: Place,
    /// What its requirement is marked with.
    mark: &'static str,
}

impl Named {
    /// Says whether another is the same model, at whatever revision.
    pub fn is_of(&self, other: &Named) -> bool {
        self.name == other.name
    }

    /// Returns where it is named.
    pub fn place(&self) -> Place {
        self.place
    }
}

/// How a program names what it loads.
struct Program {
    /// What images are called that run it by themselves.
    image: &'static str,
    /// The options whose value is a model.
    options: &'static [&'static str],
    /// Whether the word behind the program is a model as well.
    is_first: bool,
    /// The variables that say the same as the first option and as `--revision`, where its image reads them.
    variables: Option<(&'static str, &'static str)>,
}

const VLLM: Program = Program { image: "vllm", options: &["--model", "--tokenizer"], is_first: true, variables: None };
const SGLANG: Program =
    Program { image: "sglang", options: &["--model-path", "--model"], is_first: false, variables: None };
const TGI: Program = Program {
    image: "text-generation-inference",
    options: &["--model-id"],
    is_first: false,
    variables: Some(("MODEL_ID", "REVISION")),
};
const TEI: Program = Program {
    image: "text-embeddings-inference",
    options: &["--model-id"],
    is_first: false,
    variables: Some(("MODEL_ID", "REVISION")),
};
const LLAMA: Program =
    Program { image: "llama.cpp", options: &["-hf", "-hfr", "--hf-repo"], is_first: false, variables: None };
const SERVED: Program = Program { image: "", options: &[], is_first: true, variables: None };
const PULLED: Program = Program { image: "ollama", options: &[], is_first: false, variables: None };
const PROGRAMS: &[&Program] = &[&VLLM, &SGLANG, &TGI, &TEI, &LLAMA];

/// Returns the models that a container loads, by its image, its command with arguments, and its variables.
pub(crate) fn of(image: &str, words: &[Word], variables: &[(&str, &str, Place)]) -> Vec<Named> {
    let mut found = Vec::new();
    let words = flat(words);
    let path = image.split(['@', ':']).next().unwrap_or(image);
    let by_image = PROGRAMS.iter().copied().find(|program| path.contains(program.image));
    match program(&words) {
        Some((program, rest)) => found.extend(program.models(rest)),
        // Without a program of its own, a container gives arguments to its image's.
        None if words.first().is_none_or(|word| word.text.starts_with('-')) => {
            found.extend(by_image.into_iter().flat_map(|program| program.models(&words)));
        }
        None => {}
    }
    if let Some((model, revision)) = by_image.and_then(|program| program.variables) {
        let get = |wanted: &str| variables.iter().find(|(name, ..)| *name == wanted);
        if let Some((_, value, place)) = get(model).filter(|(_, value, _)| is_name(value)) {
            let revision = get(revision).map_or("", |(_, value, _)| value);
            found.push(Named { name: (*value).to_owned(), revision: revision.to_owned(), place: *place, mark: MODEL });
        }
    }
    for named in set(variables) {
        if !found.iter().any(|known| known.name == named.name) {
            found.push(named);
        }
    }
    found.retain(|named| is_known(&named.revision));
    found
}

/// The variables that name a model of the hub, whatever program reads them.
const HUB: [&str; 3] = ["HF_MODEL_ID", "HF_REPO_ID", "HUGGINGFACE_MODEL_ID"];

/// Returns the models that variables name by themselves: `MODEL_ID` with `MODEL_REVISION`, `EMBEDDER_MODEL` with
/// `EMBEDDER_MODEL_REVISION`. Without a revision beside it, such a name may be of any service's model, but for those that are
/// the hub's own.
fn set(variables: &[(&str, &str, Place)]) -> Vec<Named> {
    let get = |wanted: &str| variables.iter().rfind(|(name, ..)| *name == wanted).map(|(_, value, _)| *value);
    let mut found = Vec::new();
    for (name, value, place) in variables {
        let stem = ["_ID", "_NAME"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let is_hub = HUB.contains(name);
        if !(is_hub || stem == "MODEL" || stem.ends_with("_MODEL")) || !is_name(value) {
            continue;
        }
        let own = [format!("{stem}_REVISION"), format!("{name}_REVISION")];
        let others = if is_hub { ["HF_REVISION", "HF_MODEL_REVISION"] } else { [""; 2] };
        let names = own.iter().map(String::as_str).chain(others);
        let revision = names.filter_map(get).find(|revision| !revision.is_empty());
        if revision.is_some() || is_hub {
            let (name, revision) = ((*value).to_owned(), revision.unwrap_or_default().to_owned());
            found.push(Named { name, revision, place: *place, mark: MODEL });
        }
    }
    found
}

/// Returns a model that is named at a commit.
pub(crate) fn at_commit(name: &str, revision: &str, place: Place) -> Option<Named> {
    let named = || Named { name: name.to_owned(), revision: revision.to_owned(), place, mark: MODEL };
    (is_name(name) && is_commit(revision)).then(named)
}

/// Returns the variables among facts.
pub(crate) fn variables(facts: &[Fact]) -> Vec<(&str, &str, Place)> {
    let variables = facts.iter().filter(|fact| fact.kind == FactKind::Env);
    variables.map(|fact| (fact.name, fact.value, fact.place)).collect()
}

/// Adds models to what a subject requires: those at a commit as components, others as what is pinned to nothing.
pub(crate) fn add(source: &Source<'_>, inventory: &mut Inventory, models: Vec<Named>) {
    let narrowed = models.into_iter().map(|named| Named { place: narrow(source, named.place, &named.name), ..named });
    add_where_they_stand(inventory, narrowed);
}

/// Adds models as [`add`] does, at their places as they are.
pub(crate) fn add_where_they_stand(inventory: &mut Inventory, models: impl IntoIterator<Item = Named>) {
    for Named { name, revision, place, mark } in models {
        let requirement = Requirement { extra: mark, ..Requirement::of(Scope::Runtime) };
        if mark == OLLAMA || !is_commit(&revision) {
            let requirement = Requirement { constraint: intern::text(&revision), ..requirement };
            let is_there = inventory.declared.iter().any(|declared| {
                declared.name == name && *declared.requirement == requirement && declared.place == place
            });
            if !is_there {
                inventory.declare(SUBJECT, intern::text(&name), requirement, place, Gap::Unpinned);
            }
            continue;
        }
        let component = Component { kind: Kind::Model, ..Component::new(purl(&name, &revision)) };
        let node = inventory.add(component, place);
        inventory.edge(SUBJECT, node, requirement, place);
    }
}

/// Returns a model of the hub at a commit.
pub(crate) fn purl(name: &str, commit: &str) -> Purl {
    let (organisation, base) = name.split_once('/').unwrap_or(("", name));
    Purl::new("huggingface", organisation, base, &commit.to_ascii_lowercase())
}

/// Says whether a revision is a commit: it does not move.
pub(crate) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns the place of a name within another place.
fn narrow(source: &Source<'_>, place: Place, name: &str) -> Place {
    let (start, end) = (place.start as usize, (place.start + place.len) as usize);
    let text = source.text.get(start..end).unwrap_or_default();
    text.find(name).map_or(place, |at| source.place(&text[at..at + name.len()]))
}

/// Parts the words that are scripts of their own: what stands behind `sh -c`.
fn flat(words: &[Word]) -> Vec<Word> {
    let mut all = Vec::with_capacity(words.len());
    for word in words {
        if word.text.contains(char::is_whitespace) {
            all.extend(split(&word.text).into_iter().map(|text| Word { text, place: word.place }));
        } else {
            all.push(word.clone());
        }
    }
    all
}

/// Parts a line of shell into words: at blanks outside of quotation marks; what else a shell does is none of a model's name.
pub(crate) fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote, mut is_open) = (String::new(), None, false);
    let mut signs = line.chars().peekable();
    while let Some(sign) = signs.next() {
        match (quote, sign) {
            (Some(mark), _) if sign == mark => quote = None,
            (None, '"' | '\'') => (quote, is_open) = (Some(sign), true),
            (_, '\\') if quote != Some('\'') => match signs.next() {
                Some('\n') | None => {}
                Some(sign) => word.push(sign),
            },
            (None, _) if sign.is_whitespace() || matches!(sign, ';' | '&' | '|') => {
                if !word.is_empty() || is_open {
                    words.push(std::mem::take(&mut word));
                }
                is_open = false;
                if !sign.is_whitespace() && words.last().is_some_and(|last| last != ";") {
                    words.push(";".to_owned());
                }
            }
            _ => word.push(sign),
        }
    }
    if !word.is_empty() || is_open {
        words.push(word);
    }
    words
}

/// Finds the program among words that loads models, and returns it with the words behind it.
fn program(words: &[Word]) -> Option<(&'static Program, &[Word])> {
    for (at, word) in words.iter().enumerate() {
        let base = word.text.rsplit('/').next().unwrap_or_default();
        let next = |ahead: usize| words.get(at + ahead).map_or("", |word| word.text.as_str());
        let rest = |ahead: usize| words.get(at + ahead..).unwrap_or_default();
        match (base, next(1)) {
            ("vllm", "serve") => return Some((&VLLM, rest(2))),
            ("sglang", "serve") => return Some((&SGLANG, rest(2))),
            ("lmdeploy", "serve") if next(2) == "api_server" => return Some((&SERVED, rest(3))),
            ("trtllm-serve", "serve") => return Some((&SERVED, rest(2))),
            ("trtllm-serve", _) => return Some((&SERVED, rest(1))),
            ("hf" | "huggingface-cli", "download") => return Some((&SERVED, rest(2))),
            ("ollama", "pull" | "run") => return Some((&PULLED, rest(2))),
            ("text-generation-launcher", _) => return Some((&TGI, rest(1))),
            ("text-embeddings-router", _) => return Some((&TEI, rest(1))),
            ("llama-server" | "llama-cli", _) => return Some((&LLAMA, rest(1))),
            ("sglang.launch_server", _) => return Some((&SGLANG, rest(1))),
            (module, _) if module.starts_with("vllm.entrypoints.") => return Some((&VLLM, rest(1))),
            _ => {}
        }
    }
    None
}

impl Program {
    /// Returns the models among the words behind the program.
    fn models(&self, words: &[Word]) -> Vec<Named> {
        let end = words.iter().position(|word| word.text == ";").unwrap_or(words.len());
        let words = &words[..end];
        if std::ptr::eq(self, &PULLED) {
            let first = words.iter().find(|word| !word.text.starts_with('-'));
            return first.and_then(ollama).into_iter().collect();
        }
        let value = |names: &[&str]| -> Option<(String, Place)> {
            words.iter().enumerate().find_map(|(at, word)| {
                if names.contains(&word.text.as_str()) {
                    return words.get(at + 1).map(|next| (next.text.clone(), next.place));
                }
                let (name, value) = word.text.split_once('=')?;
                names.contains(&name).then(|| (value.to_owned(), word.place))
            })
        };
        let revision = value(&["--revision"]).map_or(String::new(), |(revision, _)| revision);
        let first = words.first().filter(|word| self.is_first && !word.text.starts_with('-'));
        let mut found: Vec<Named> = Vec::new();
        let mut add = |text: &str, revision: &str, place: Place| {
            // llama.cpp takes `organisation/name:quantisation`.
            let text = if self.options.contains(&"--hf-repo") { text.split(':').next().unwrap_or(text) } else { text };
            if is_name(text) && !found.iter().any(|known| known.name == text) {
                found.push(Named { name: text.to_owned(), revision: revision.to_owned(), place, mark: MODEL });
            }
        };
        if let Some(word) = first {
            add(&word.text, &revision, word.place);
        }
        for option in self.options {
            let Some((text, place)) = value(&[option]) else { continue };
            match *option {
                "--tokenizer" => {
                    let own = value(&["--tokenizer-revision"]).map_or(String::new(), |(revision, _)| revision);
                    add(&text, &own, place);
                }
                _ => add(&text, &revision, place),
            }
        }
        found
    }
}

/// Reads one of Ollama's models: `name:tag`, `user/name:tag`, `host/user/name:tag`.
fn ollama(word: &Word) -> Option<Named> {
    let (name, tag) = match word.text.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (word.text.as_str(), ""),
    };
    let is_it = name.split('/').count() <= 3 && name.split('/').all(is_base) && (tag.is_empty() || is_base(tag));
    let (name, revision) = (name.to_owned(), tag.to_owned());
    is_it.then_some(Named { name, revision, place: word.place, mark: OLLAMA })
}

/// Returns the models that a line of a script loads: each of its commands may load some.
pub(crate) fn of_line(words: &[Word]) -> Vec<Named> {
    words.split(|word| word.text == ";").flat_map(|command| of("", command, &[])).collect()
}

/// Says whether a text is a model's name on a hub, and no path: `organisation/name`.
pub(crate) fn is_name(text: &str) -> bool {
    let Some((organisation, name)) = text.split_once('/') else { return false };
    let is_file = [".gguf", ".safetensors", ".bin", ".pt", ".json"].iter().any(|suffix| name.ends_with(suffix));
    is_base(organisation) && is_base(name) && !is_file && !is_folder(organisation)
}

/// Says whether the first part of a path is a folder that models are kept in, and no organisation.
pub(crate) fn is_folder(first: &str) -> bool {
    const FOLDERS: &[&str] = &[
        "app",
        "cache",
        "checkpoints",
        "ckpt",
        "ckpts",
        "data",
        "llms",
        "mnt",
        "model",
        "models",
        "opt",
        "output",
        "outputs",
        "root",
        "tmp",
        "weights",
        "workspace",
    ];
    FOLDERS.contains(&first)
}

/// Says whether a text is one part of a name on a hub: one of its oldest models, `gpt2`, has no other.
pub(crate) fn is_base(part: &str) -> bool {
    part.starts_with(|first: char| first.is_ascii_alphanumeric())
        && part.len() <= 96
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Says whether a revision is known here, and not filled in elsewhere.
fn is_known(revision: &str) -> bool {
    !revision.contains(['$', '{', '<', '%', '`'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(image: &str, line: &str) -> Vec<String> {
        let words: Vec<Word> = split(line).into_iter().map(|text| Word { text, place: Place::default() }).collect();
        of(image, &words, &[]).into_iter().map(|named| format!("{} {}", named.name, named.revision)).collect()
    }

    #[test]
    fn variables_name_models_where_nothing_else_is_meant() {
        for (variables, expected) in [
            ("MODEL_ID=org/m MODEL_REVISION=main", vec!["org/m main"]),
            ("MODEL_NAME=org/m MODEL_REVISION=v1 MODEL_ID=org/n", vec!["org/m v1", "org/n v1"]),
            ("EMBED_MODEL=org/m EMBED_MODEL_REVISION=v1", vec!["org/m v1"]),
            ("HF_MODEL_ID=org/m", vec!["org/m "]),
            ("HF_MODEL_ID=org/m HF_REVISION=v1", vec!["org/m v1"]),
            // A router's name of a service's model, a path, a name of another kind, a revision of something else.
            ("MODEL_ID=openai/gpt-4o", vec![]),
            ("MODEL_ID=/models/m MODEL_REVISION=v1", vec![]),
            ("MODEL_ID=models/m MODEL_REVISION=v1", vec![]),
            ("MODEL_ID=m MODEL_REVISION=v1", vec![]),
            ("MODEL_ID=org/m REVISION=v1", vec![]),
            ("DATA_MODEL_VERSION=org/m DATA_MODEL_REVISION=v1", vec![]),
            ("MODEL_ID=org/m MODEL_REVISION=$REV", vec![]),
            ("MODEL_ID=org/m MODEL_REVISION=", vec![]),
        ] {
            let set: Vec<(&str, &str, Place)> = variables
                .split(' ')
                .filter_map(|pair| pair.split_once('='))
                .map(|(name, value)| (name, value, Place::default()))
                .collect();
            let told: Vec<String> =
                of("", &[], &set).into_iter().map(|named| format!("{} {}", named.name, named.revision)).collect();
            assert_eq!(told, expected, "{variables}");
        }
    }

    #[test]
    fn programs_name_their_models() {
        for (image, line, expected) in [
            (
                "",
                "vllm serve Qwen/Qwen2.5-7B-Instruct --revision a09a354 --port 8000",
                vec!["Qwen/Qwen2.5-7B-Instruct a09a354"],
            ),
            (
                "",
                "exec python3 -m vllm.entrypoints.openai.api_server --model=meta-llama/Llama-3.1-8B",
                vec!["meta-llama/Llama-3.1-8B "],
            ),
            (
                "vllm/vllm-openai:v0.9.0",
                "--model mistralai/Mistral-7B-v0.3 --tokenizer org/tok --tokenizer-revision v1",
                vec!["mistralai/Mistral-7B-v0.3 ", "org/tok v1"],
            ),
            ("vllm/vllm-openai:v0.9.0", "nginx -g x --model a/b", vec![]),
            ("nginx", "--model org/name", vec![]),
            ("", "python train.py --model org/name", vec![]),
            ("", "vllm serve /models/llama", vec![]),
            ("", "vllm serve models/llama", vec![]),
            ("", "vllm serve $MODEL", vec![]),
            ("", "vllm serve org/name --revision ${REV}", vec![]),
            ("", "bash -c 'hf download org/name --revision main && vllm serve ./x'", vec!["org/name main"]),
            ("ghcr.example/huggingface/text-generation-inference:3", "--model-id org/a --revision b", vec!["org/a b"]),
            ("", "llama-server -hf ggml-org/gemma-3-4b-it-GGUF:Q4_K_M", vec!["ggml-org/gemma-3-4b-it-GGUF "]),
            ("", "llama-server -m /models/a.gguf", vec![]),
            ("", "python -m sglang.launch_server --model-path org/a --host 0.0.0.0", vec!["org/a "]),
            ("", "echo vllm serves org/name", vec![]),
            ("", "ollama pull llama3.1:8b", vec!["llama3.1 8b"]),
            ("", "ollama run --verbose team/own 'hello there'", vec!["team/own "]),
            ("", "ollama pull hf.co/org/name-GGUF:Q4_K_M", vec!["hf.co/org/name-GGUF Q4_K_M"]),
            ("", "ollama pull $MODEL", vec![]),
            ("", "ollama run ./model", vec![]),
            ("", "ollama pull", vec![]),
            ("", "ollama create own -f Modelfile", vec![]),
            ("", "vllm serve ../org/name", vec![]),
        ] {
            assert_eq!(told(image, line), expected, "{image} {line}");
        }
    }

    #[test]
    fn lines_are_parted_as_a_shell_parts_them() {
        assert_eq!(split("a 'b c' \"d\\\"e\" f\\\n g;h && i"), ["a", "b c", "d\"e", "f", "g", ";", "h", ";", "i"]);
    }
}
