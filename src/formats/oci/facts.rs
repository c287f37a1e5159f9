//! What the stages of a Dockerfile say: what they set, copy, run and install, in the order of the file.

use std::ops::Range;

use hashbrown::HashMap;

use super::arguments::Given;
use super::expand::Variable;
use super::installs::{self, Found, Taken};
use super::instructions::Instruction;
use super::line::{Line, Word, beginning};
use super::shell::{Command, Shell};
pub(super) use super::variables::Start;
use super::variables::Variables;
use super::wrappers::is_shell;
use crate::intern;
use crate::model::{Fact, FactKind, secret};
use crate::source::{Place, Source};

/// How many facts of a file are kept, and how many bytes they may have altogether.
const MAX_FACTS: usize = 20_000;
const MAX_KEPT: usize = 16 << 20;

/// How many bytes of a text are kept; the rest of a longer one is cut off.
const MAX_TEXT: usize = 4096;

/// The variables before the first stage, and where they stand.
type Globals = HashMap<String, (Variable, Range<usize>)>;

/// What the stages say so far.
pub(super) struct Facts<'s, 't> {
    source: &'s Source<'t>,
    escape: char,
    variables: Variables,
    stages: Vec<Stage>,
    kept: Kept,
    /// Where the file said more than is kept.
    pub full: Option<Place>,
    /// What containers of each stage run: the stage's number, and the words.
    pub started: Vec<(usize, Vec<Word>)>,
    /// What commands install, and where they say so.
    pub installed: Vec<(Found, Place)>,
    /// The arguments that it is built with.
    pub given: Given,
}

/// One stage.
struct Stage {
    facts: Vec<Fact>,
    /// Whether its commands are given to a shell whose language is read here.
    reads: bool,
}

/// How much is kept.
#[derive(Default)]
struct Kept {
    facts: usize,
    bytes: usize,
}

impl Kept {
    fn fact(&mut self, kind: FactKind, texts: [&str; 3], place: Place) -> Option<Fact> {
        let texts = texts.map(|text| beginning(text, MAX_TEXT));
        self.facts += 1;
        self.bytes += texts.iter().map(|text| text.len()).sum::<usize>();
        if self.facts > MAX_FACTS || self.bytes > MAX_KEPT {
            return None;
        }
        let [name, value, detail] = texts.map(intern::text);
        Some(Fact { kind, name, value, detail, place })
    }
}

impl<'s, 't> Facts<'s, 't> {
    /// Returns the facts of a file without stages.
    pub fn new(source: &'s Source<'t>, escape: char) -> Self {
        let (variables, stages) = (Variables::new(escape), Vec::new());
        let (kept, started, installed) = (Kept::default(), Vec::new(), Vec::new());
        let given = Given::new();
        Facts { source, escape, variables, stages, kept, full: None, started, installed, given }
    }

    /// Begins a stage.
    pub fn begin(&mut self) {
        self.variables.begin();
        // A file that escapes with "`" is one for Windows.
        self.stages.push(Stage { facts: Vec::new(), reads: self.escape == '\\' });
    }

    /// Says what the last stage starts from.
    pub fn start_from(&mut self, start: Start) {
        self.variables.start_from(start);
        if let Start::Stage(stage) = start {
            let reads = self.stages.get(stage).is_some_and(|stage| stage.reads);
            self.stages.last_mut().into_iter().for_each(|last| last.reads = reads);
        }
    }

    /// Adds a fact to the last stage.
    pub fn add(&mut self, kind: FactKind, name: &str, value: &str, detail: &str, range: Range<usize>) {
        let place = self.source.place_at(range);
        let Some(stage) = self.stages.last_mut().filter(|_| self.full.is_none()) else { return };
        match self.kept.fact(kind, [name, value, detail], place) {
            Some(fact) => stage.facts.push(fact),
            None => self.full = Some(place),
        }
    }

    /// Returns the facts of each stage.
    pub fn take(&mut self) -> Vec<Vec<Fact>> {
        std::mem::take(&mut self.stages).into_iter().map(|stage| stage.facts).collect()
    }

    /// Reads an instruction of the last stage.
    pub fn read(&mut self, instruction: &Instruction<'_>, globals: &Globals) {
        match instruction.keyword.as_str() {
            _ if self.full.is_some() => {}
            "ENV" => self.settings(instruction, FactKind::Env),
            "LABEL" => self.settings(instruction, FactKind::Label),
            "ARG" => self.arguments(instruction, globals),
            "ADD" | "COPY" => self.copies(instruction),
            "RUN" => self.runs(instruction),
            "CMD" | "ENTRYPOINT" => {
                let words = instruction.array().unwrap_or_else(|| vec![instruction.rest()]);
                let words = words.into_iter().map(|word| Word { text: self.variables.word(&word.text).0, ..word });
                self.started.push((self.stages.len().saturating_sub(1), words.collect()));
            }
            "SHELL" => {
                let reads = instruction.array().is_some_and(|words| words.iter().any(|word| is_shell(&word.text)));
                self.stages.last_mut().into_iter().for_each(|stage| stage.reads = reads);
            }
            _ => {}
        }
    }

    /// `ENV a=b "c"="d e"`, and the old form `ENV a b c`.
    fn settings(&mut self, instruction: &Instruction<'_>, kind: FactKind) {
        let words = instruction.quoted_words(self.escape);
        let Some(first) = words.first() else { return };
        let pairs: Vec<(String, Word)> = if first.text.contains('=') {
            let pairs = words.into_iter().filter_map(|word| {
                let (name, value) = word.text.split_once('=')?;
                Some((name.to_owned(), Word { text: value.to_owned(), range: word.range }))
            });
            pairs.collect()
        } else {
            let rest = instruction.rest();
            let Some((name, value)) = rest.text.split_once(|sign: char| sign.is_ascii_whitespace()) else { return };
            vec![(name.to_owned(), Word { text: value.trim_ascii().to_owned(), range: rest.range })]
        };
        // All of an instruction see what was set before it.
        let read = pairs.into_iter().map(|(name, value)| {
            let (text, known) = self.variables.word(&value.text);
            (self.variables.word(&name).0, text, known, value.range)
        });
        let read: Vec<(String, String, bool, Range<usize>)> = read.collect();
        for (name, value, known, range) in read {
            if name.is_empty() {
                continue;
            }
            let (shown, is_secret) = secret::value(&name, beginning(&value, MAX_TEXT));
            self.add(kind, &name, &shown, "", range);
            if kind == FactKind::Env {
                let is_known = known && !is_secret;
                self.variables.set(name, if is_known { Variable::Known(value) } else { Variable::Unknown });
            }
        }
    }

    /// `ARG a=b c`; one without a default takes that from before the first stage.
    fn arguments(&mut self, instruction: &Instruction<'_>, globals: &Globals) {
        for word in instruction.quoted_words(self.escape) {
            let name = word.text.split('=').next().unwrap_or_default();
            let given = self.given.get(name).and_then(|(value, _)| *value);
            let given = given.filter(|_| !super::stages::is_given(name));
            let (name, variable, value) = match word.text.split_once('=') {
                _ if given.is_some() => {
                    let value = given.unwrap_or_default().to_owned();
                    (name, Variable::Known(value.clone()), value)
                }
                Some((name, value)) => {
                    let (value, known) = self.variables.word(value);
                    let variable = if known { Variable::Known(value.clone()) } else { Variable::Unknown };
                    (name, variable, value)
                }
                None => match globals.get(&word.text) {
                    Some((Variable::Known(value), _)) => {
                        (word.text.as_str(), Variable::Known(value.clone()), value.clone())
                    }
                    Some((Variable::Unset, _)) if !super::stages::is_given(&word.text) => {
                        (word.text.as_str(), Variable::Unset, String::new())
                    }
                    Some(_) => (word.text.as_str(), Variable::Unknown, String::new()),
                    None if super::stages::is_given(&word.text) => {
                        (word.text.as_str(), Variable::Unknown, String::new())
                    }
                    None => (word.text.as_str(), Variable::Unset, String::new()),
                },
            };
            if !name.is_empty() {
                let (shown, is_secret) = secret::value(name, beginning(&value, MAX_TEXT));
                self.add(FactKind::Arg, name, &shown, "", word.range.clone());
                self.variables.argue(name.to_owned(), if is_secret { Variable::Unknown } else { variable });
            }
        }
    }

    /// What is copied of the build context, and of other stages and images.
    fn copies(&mut self, instruction: &Instruction<'_>) {
        let from = instruction.flags.iter().find_map(|flag| flag.flag("from"));
        let detail = match from {
            // `ADD` has no such flag.
            Some(_) if instruction.keyword == "ADD" => return,
            Some(from) => format!("from={}", from.text.to_lowercase()),
            None => String::new(),
        };
        let mut words = instruction.array().unwrap_or_else(|| instruction.words());
        let Some(target) = words.pop() else { return };
        let target = self.variables.word(&target.text).0;
        for word in words {
            // A heredoc is no file, and what `ADD` fetches is none of the context.
            if word.text.starts_with("<<") || word.text.contains("://") || word.text.starts_with("git@") {
                continue;
            }
            let source = self.variables.word(&word.text).0;
            self.add(FactKind::Copy, &source, &target, &detail, word.range);
        }
    }

    /// What a command mounts, runs and installs.
    fn runs(&mut self, instruction: &Instruction<'_>) {
        for mount in instruction.flags.iter().filter_map(|flag| flag.flag("mount")) {
            let field = |names: &[&str]| mount.field(names, self.source.text);
            let is_bind = field(&["type"]).is_none_or(|ty| ty.text == "bind");
            if !is_bind {
                continue;
            }
            let from = field(&["from"]);
            let (source, target) = (field(&["source", "src"]), field(&["target", "dst", "destination"]));
            let target = target.map(|target| self.variables.word(&target.text).0).unwrap_or_default();
            // Without a source, it is the whole context, or all of the stage.
            let (name, range) = match source {
                Some(source) => (self.variables.word(&source.text).0, source.range),
                None => (".".to_owned(), mount.range),
            };
            let detail = from.map(|from| format!("mount from={}", from.text.to_lowercase())).unwrap_or_default();
            self.add(FactKind::Copy, &name, &target, &detail, range);
        }
        match instruction.array() {
            Some(words) => self.shell(|shell, _| shell.words(words)),
            None => self.script(&instruction.script()),
        }
    }

    /// Reads a script that the last stage gives to its shell.
    pub fn script(&mut self, script: &Line<'_>) {
        self.shell(|shell, reads| {
            if reads {
                shell.script(script);
            }
        });
    }

    /// Hands the shell of the last stage over, and whether its language is read here.
    fn shell(&mut self, read: impl FnOnce(&mut Shell<'_>, bool)) {
        let Some(stage) = self.stages.last_mut() else { return };
        let (kept, full, source, installed) = (&mut self.kept, &mut self.full, self.source, &mut self.installed);
        let mut found = |get: &dyn Fn(&str) -> Variable, command: Command| {
            let texts = [command.program.as_str(), &secret::covered(&command.text), ""];
            let place = source.place_at(command.range.clone());
            let mut keep = |kind: FactKind, texts: [&str; 3], place: Place| {
                let fact = kept.fact(kind, texts, place);
                match fact {
                    Some(fact) => stage.facts.push(fact),
                    None => _ = full.get_or_insert(place),
                }
                fact.is_some()
            };
            if !keep(FactKind::Command, texts, place) {
                return false;
            }
            for found in installs_of(get, &command) {
                let place = source.place_at(found.range.clone());
                if !keep(found.kind, [&found.name, &found.value, &found.detail], place) {
                    return false;
                }
                installed.push((found, place));
            }
            true
        };
        let reads = stage.reads;
        read(&mut Shell::new(&self.variables, &mut found), reads);
    }
}

/// Returns what a command installs, without what looks like a secret.
fn installs_of(get: &dyn Fn(&str) -> Variable, command: &Command) -> Vec<Found> {
    let get = |name: &str| match get(name) {
        Variable::Known(value) => Some(value),
        _ => None,
    };
    let shown = |text: String| secret::covered(&text).into_owned();
    let mut found = installs::of(command, &get);
    for found in &mut found {
        found.name = shown(std::mem::take(&mut found.name));
        found.detail = shown(std::mem::take(&mut found.detail));
        if let Taken::Index(index) = &mut found.taken {
            *index = shown(std::mem::take(index));
        }
        found.places.iter_mut().for_each(|place| *place = shown(std::mem::take(place)));
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::formats::Format as _;
    use crate::formats::oci::dockerfile::Dockerfile;
    use crate::model::Inventory;
    use crate::source::FileId;

    fn read(text: &str) -> Inventory {
        Dockerfile.parse(&Source { file: FileId(0), path: "Dockerfile", text }).unwrap()
    }

    /// Each fact of the last stage as `Kind name=value (detail) @ place`.
    fn facts(text: &str) -> Vec<String> {
        let inventory = read(text);
        let cut = |place: Place| &text[place.start as usize..][..place.len as usize];
        let shown = |fact: &Fact| {
            let Fact { kind, name, value, detail, place } = fact;
            let detail = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
            format!("{kind:?} {name}={value}{detail} @ {}", cut(*place))
        };
        inventory.parts.last().unwrap().facts.iter().map(shown).collect()
    }

    #[test]
    fn settings_and_copies_are_read() {
        for (text, expected) in [
            ("ENV A=1 B=\"2 3\" \\\n  C=$X", vec!["Env A=1 @ A=1", "Env B=2 3 @ B=\"2 3\"", "Env C=$X @ C=$X"]),
            ("ENV A  b \"c\"", vec!["Env A=b c @ A  b \"c\""]),
            (
                "ENV A=1\nENV A=2 B=$A\nENV C=${A}${B}",
                vec!["Env A=1 @ A=1", "Env A=2 @ A=2", "Env B=1 @ B=$A", "Env C=21 @ C=${A}${B}"],
            ),
            ("ENV P=/x:$P", vec!["Env P=/x:$P @ P=/x:$P"]),
            ("ENV P=/y:${P:-} L='a $b'", vec!["Env P=/y:${P:-} @ P=/y:${P:-}", "Env L=a $b @ L='a $b'"]),
            ("LABEL \"a.b\"=c d=\"e\\\n f\"", vec!["Label a.b=c @ \"a.b\"=c", "Label d=e f @ d=\"e\\\n f\""]),
            (
                "ARG G\nARG H\nARG I=$G-${H:-x} N\nENV J=$I",
                vec!["Arg G=1 @ G", "Arg H= @ H", "Arg I=1-x @ I=$G-${H:-x}", "Arg N= @ N", "Env J=1-x @ J=$I"],
            ),
            ("ENV J=$G", vec!["Env J=$G @ J=$G"]),
            (
                "ARG TARGETARCH\nENV T=$TARGETARCH",
                vec!["Arg TARGETARCH= @ TARGETARCH", "Env T=$TARGETARCH @ T=$TARGETARCH"],
            ),
            ("ARG A=1\nENV A=2\nENV B=$A", vec!["Arg A=1 @ A=1", "Env A=2 @ A=2", "Env B=2 @ B=$A"]),
            ("ONBUILD ENV A=1\nONBUILD RUN pip install x", vec![]),
            (
                "ENV V=1\nCOPY --chown=a uv.lock x-$V \\\n ./",
                vec!["Env V=1 @ V=1", "Copy uv.lock=./ @ uv.lock", "Copy x-1=./ @ x-$V"],
            ),
            ("COPY [\"a b\", \"c\"]", vec!["Copy a b=c @ a b"]),
            ("COPY --from=0 a b\nCOPY <<E /x\na\nE\nADD https://x.example/y /z", vec!["Copy a=b (from=0) @ a"]),
            (
                "ENV V=/v\nCOPY --from=Build --chown=a $V /w /x/\nADD --from=q x y",
                vec!["Env V=/v @ V=/v", "Copy /v=/x/ (from=build) @ $V", "Copy /w=/x/ (from=build) @ /w"],
            ),
            ("ADD a.tar /", vec!["Copy a.tar=/ @ a.tar"]),
            (
                "RUN --mount=type=bind,source=uv.lock,target=uv.lock --mount=type=cache,target=/c --mount=type=bind,from=a,source=b,target=c \\\n uv sync",
                vec![
                    "Copy uv.lock=uv.lock @ uv.lock",
                    "Copy b=c (mount from=a) @ b",
                    "Command uv=uv sync @ uv sync",
                    "InstallFile uv.lock=uv @ uv sync",
                ],
            ),
            ("RUN --mount=target=. x", vec!["Copy .=. @ target=.", "Command x=x @ x"]),
        ] {
            let text = format!("ARG G=1\nARG H\nFROM a\n{text}");
            assert_eq!(facts(&text), expected, "{text}");
        }
    }

    #[test]
    fn commands_and_installs_are_read() {
        for (text, expected) in [
            (
                "ARG T=2.5.1\nRUN apt-get update \\\n # no\n && pip install \\\n  \"torch==${T}\" \\\n  -i https://w.example/cu121",
                vec![
                    "Arg T=2.5.1 @ T=2.5.1",
                    "Command apt-get=apt-get update @ apt-get update",
                    "Command pip=pip install \"torch==${T}\" -i https://w.example/cu121 @ pip install \\\n  \"torch==${T}\" \\\n  -i https://w.example/cu121",
                    "Install pip:torch===2.5.1 (https://w.example/cu121) @ \"torch==${T}\"",
                ],
            ),
            (
                "RUN [\"pip\", \"install\", \"x==1\"]",
                vec!["Command pip=pip install x==1 @ pip\", \"install\", \"x==1", "Install pip:x===1 @ x==1"],
            ),
            (
                "RUN [\"bash\", \"-c\", \"a && pip install x\"]",
                vec!["Command a=a @ a", "Command pip=pip install x @ pip install x", "Install pip:x= @ x"],
            ),
            (
                "RUN <<EOF\npip install x\n  y\nEOF\n",
                vec!["Command pip=pip install x @ pip install x", "Install pip:x= @ x", "Command y=y @ y"],
            ),
            ("RUN <<EOF python\npip install x\nEOF\n", vec!["Command python=<<EOF python @ <<EOF python"]),
            (
                "RUN cat <<EOF > /x && pip install y\npip install x\nEOF\n",
                vec![
                    "Command cat=cat <<EOF > /x @ cat <<EOF > /x",
                    "Command pip=pip install y @ pip install y",
                    "Install pip:y= @ y",
                ],
            ),
            (
                "SHELL [\"powershell\", \"-Command\"]\nRUN pip install x\nSHELL [\"/bin/bash\", \"-c\"]\nRUN b",
                vec!["Command b=b @ b"],
            ),
            ("SHELL [\"conda\", \"run\", \"-n\", \"x\", \"/bin/bash\", \"-c\"]\nRUN b", vec!["Command b=b @ b"]),
            (
                "ENV PIP_INDEX_URL=https://a.example\nRUN export PIP_INDEX_URL=https://b.example; pip install x -r y",
                vec![
                    "Env PIP_INDEX_URL=https://a.example @ PIP_INDEX_URL=https://a.example",
                    "Command export=export PIP_INDEX_URL=https://b.example @ export PIP_INDEX_URL=https://b.example",
                    "Command pip=pip install x -r y @ pip install x -r y",
                    "InstallFile y=pip (https://b.example) @ y",
                    "Install pip:x= (https://b.example) @ x",
                ],
            ),
            ("RUN export A=1; b", vec!["Command export=export A=1 @ export A=1", "Command b=b @ b"]),
            (
                "ENV P=\"a b==1\"\nRUN pip install $P",
                vec![
                    "Env P=a b==1 @ P=\"a b==1\"",
                    "Command pip=pip install $P @ pip install $P",
                    "Install pip:a= @ $P",
                    "Install pip:b===1 @ $P",
                ],
            ),
        ] {
            let text = format!("FROM a\n{text}");
            assert_eq!(facts(&text), expected, "{text}");
        }
    }

    #[test]
    fn stages_are_parts() {
        let text = "ARG T=x\nFROM --platform=linux/arm64 a:1 AS base\nENV A=1\nARG B=2\nFROM b:1\nFROM base AS last\nENV C=$A$B\nFROM last\nENV D=$C\n";
        let inventory = read(text);
        let shown: Vec<String> = inventory
            .parts
            .iter()
            .map(|part| {
                let image = part.image.map(|image| inventory.component(image).unwrap().purl.name());
                let place = &text[part.place.start as usize..][..part.place.len as usize];
                format!("{} {:?} {image:?} {} {place}", part.name, part.base, part.runs)
            })
            .collect();
        let expected = [
            "base None Some(\"a\") true a:1",
            "1 None Some(\"b\") false b:1",
            "last Some(0) None true base",
            "3 Some(2) None true last",
        ];
        assert_eq!(shown, expected);
        assert_eq!(facts(text), ["Env D=12 @ D=$C"]);
        assert_eq!(
            (inventory.parts[0].facts[0].kind, inventory.parts[0].facts[0].value),
            (FactKind::Platform, "linux/arm64")
        );
    }

    #[test]
    fn windows_files_are_not_read_as_shell() {
        assert_eq!(facts("# escape=`\nFROM a\nENV A=c:\\x\nRUN dir `\n c:\\").as_slice(), ["Env A=c:\\x @ A=c:\\x"]);
    }

    #[test]
    fn what_is_kept_has_an_end() {
        let many = format!("FROM a\nRUN {}\nENV A=1\n", "a;".repeat(100_000));
        let inventory = read(&many);
        assert_eq!((inventory.parts[0].facts.len(), inventory.faults.len()), (MAX_FACTS, 1));
        let long = format!("FROM a\nENV A={}\n{}", "é".repeat(MAX_TEXT), "ENV B=$A$A\n".repeat(10_000));
        let inventory = read(&long);
        assert!(inventory.parts[0].facts.iter().all(|fact| fact.value.len() <= MAX_TEXT));
        let held = format!("FROM a AS b\n{}{}", "ONBUILD RUN :\n".repeat(2000), "FROM b\n".repeat(2000));
        assert_eq!(read(&held).faults.len(), 1);
        let chain: String = (1..3000).map(|stage| format!("FROM s{} AS s{stage}\nENV A=$A$B\n", stage - 1)).collect();
        assert_eq!(read(&format!("FROM a AS s0\n{chain}")).parts.len(), 3000);
    }
}
