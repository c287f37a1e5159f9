//! What is compiled while an image is built, by which command of which stage, and what is known of its compiler.
//!
//! Only what is known to compile is here: a package whose installation builds CUDA code, and a command that says so. What a
//! script does, and what an application's own build does, is not seen.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use crate::gpu::facts::{self, Extension};
use crate::gpu::image::Known;
use crate::gpu::version::Dotted;
use crate::gpu::{Carrier, Environment, Evidence, Link, Package, Setting, Stack, Stage};
use crate::intern::Text;
use crate::source::Place;

/// Something that is compiled, or whose installation asks for the compiler.
pub(super) struct Compiled<'s> {
    /// What it is called: `flash-attn 2.8.2`.
    pub shown: String,
    /// What is known of it; none for an extension of the project's own.
    pub row: Option<&'static Extension>,
    /// The stage that it is compiled in.
    pub stage: &'s Stage,
    /// Where it is asked for.
    pub about: Evidence,
    /// The setting or command that makes it compile.
    pub forced: Option<Value>,
    /// Whether it is certain to be compiled; else the compiler is only asked for.
    pub is_certain: bool,
    /// Why it is built at all.
    pub because: String,
}

/// A value that something has in a stage, and where it is given.
#[derive(Clone)]
pub(super) struct Value {
    /// The name and the value, as they are set: `TORCH_CUDA_ARCH_LIST=8.0`.
    pub name: Text,
    /// The value.
    pub value: String,
    /// Where it is given.
    pub place: Place,
}

/// Returns the values that a variable has in a stage: by `ENV` and `ARG`, and in its commands.
pub(super) fn values(stage: &Stage, name: Text) -> Vec<Value> {
    let declared = stage.settings.iter().chain(&stage.arguments).filter(|setting| setting.name == name);
    let declared = declared.map(|setting| Value { name, value: setting.value.to_owned(), place: setting.place });
    let given = stage.commands.iter().flat_map(|command| {
        let found = assigned(command.value, name).into_iter();
        found.map(|value| Value { name, value, place: command.place })
    });
    declared.chain(given).collect()
}

/// Returns the values that a command's text gives a variable: `NAME=value`, `-DNAME=value`, with or without quotation
/// marks around it.
fn assigned(text: &str, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(name) {
        let before = &text[..at];
        let is_own = before.ends_with("-D") || !before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let Some(rest) = text[at + name.len()..].strip_prefix('=').filter(|_| is_own) else { continue };
        let (quote, rest) = match rest.strip_prefix(['"', '\'']) {
            Some(inner) => (rest.chars().next(), inner),
            None => (None, rest),
        };
        let is_end = |c: char| match quote {
            Some(quote) => c == quote,
            None => c.is_whitespace() || matches!(c, '"' | '\''),
        };
        let end = rest.find(is_end).unwrap_or(rest.len());
        found.push(rest[..end].trim_end_matches('\\').to_owned());
    }
    found
}

/// Returns where a stage sets one of these (`NAME=value`), in any writing of the value.
fn set(stage: &Stage, pairs: &[String]) -> Option<Value> {
    pairs.iter().find_map(|pair| {
        let (name, asked) = pair.split_once('=')?;
        let wanted = asked.to_ascii_lowercase();
        let found = values(stage, crate::intern::text(name)).into_iter().find(|value| {
            let value = value.value.to_ascii_lowercase();
            // Of a list of arguments it is one.
            value == wanted || (wanted.contains('=') && value.contains(&wanted))
        })?;
        if !wanted.contains('=') {
            return Some(found);
        }
        // The others of the list are not told: they may hold a token.
        let own = |word: &&str| word.to_ascii_lowercase().contains(&wanted);
        let value = found.value.split([' ', '\t', ';', ',']).find(own).unwrap_or(asked).to_owned();
        Some(Value { value, ..found })
    })
}

/// Returns the command that holds a place.
fn command_at(stage: &Stage, place: Place) -> Option<&Setting> {
    let holds = |command: &&Setting| {
        let end = |place: Place| place.start + place.len;
        command.place.file == place.file && command.place.start <= place.start && end(command.place) >= end(place)
    };
    stage.commands.iter().find(holds)
}

/// Returns where the commands stand that install packages by their names.
fn naming(stage: &Stage) -> BTreeSet<Place> {
    stage.installs.iter().filter_map(|install| command_at(stage, install.place)).map(|command| command.place).collect()
}

/// Returns what an environment's image compiles, each thing in the stage that does.
pub(super) fn compiled(environment: &Environment) -> Vec<Compiled<'_>> {
    let mut found: Vec<Compiled<'_>> = Vec::new();
    let mut seen: BTreeSet<(usize, Place)> = BTreeSet::new();
    for stage in &environment.stages {
        // What a stage takes over was compiled in the one before it.
        let mut is_new = |kind: usize, place: Place| seen.insert((kind, place));
        let naming = LazyCell::new(|| naming(stage));
        for install in stage.installs.iter().filter(|install| install.manager == "pip") {
            if is_new(0, install.place) {
                found.extend(installed(stage, install));
            }
        }
        for command in &stage.commands {
            if is_new(1, command.place) {
                found.extend(built(stage, command, &naming));
            }
        }
        let files: Vec<&Setting> = stage.files.iter().filter(|file| is_new(2, file.place)).collect();
        for package in environment.packages.iter().filter(|package| !package.installed) {
            let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
            if files.iter().any(|file| name(file.name) == name(package.subject)) {
                found.extend(locked(stage, package));
            }
        }
    }
    // The same package from several lines of a lock, or installed once more, is one.
    let mut once: Vec<Compiled<'_>> = Vec::new();
    for compiled in found {
        let is_it = |other: &Compiled<'_>| other.shown == compiled.shown && other.stage.name == compiled.stage.name;
        if !once.iter().any(is_it) {
            once.push(compiled);
        }
    }
    once
}

fn installed<'s>(stage: &'s Stage, install: &crate::gpu::Install) -> Option<Compiled<'s>> {
    let name = install.name.split('[').next().unwrap_or(install.name);
    let row = facts::extension(name)?;
    let command = command_at(stage, install.place);
    let text = command.map_or("", |command| command.value);
    let address = install.index;
    let is_source = address.starts_with("git+")
        || address.ends_with(".git")
        || [".tar.gz", ".zip"].iter().any(|end| address.ends_with(end));
    let named = |option: &str| {
        let mut words = text.split([' ', '=']).skip_while(|word| *word != option).skip(1);
        words.next().is_some_and(|list| list.split(',').any(|word| word == ":all:" || word.replace('_', "-") == name))
    };
    let is_plain = address.is_empty() && !install.constraint.contains('+');
    let because = if is_source {
        format!("{name} is installed from {address}")
    } else if named("--no-binary") {
        format!("{name} is built from its source, as --no-binary asks for")
    } else if is_plain && row.source_only {
        format!("PyPI has {name} as source alone, so that its installation builds it")
    } else {
        return None;
    };
    let shown = match install.constraint.strip_prefix("==") {
        Some(version) => format!("{name} {version}"),
        None => name.to_owned(),
    };
    let about = Evidence { component: None, subject: stage.subject, place: install.place };
    let is_from_source = is_source || named("--no-binary");
    finish(stage, row, (shown, about, because), text, is_from_source)
}

fn locked<'s>(stage: &'s Stage, package: &Package) -> Option<Compiled<'s>> {
    let row = facts::extension(package.name()).filter(|row| row.source_only)?;
    let is_wheel = package.component.origin.address().is_some_and(|address| address.ends_with(".whl"));
    if package.component.purl.ty() != "pypi" || package.local().is_some() || is_wheel {
        return None;
    }
    // `uv sync --no-install-package flash-attn` alone leaves it out.
    let without = format!("--no-install-package {}", package.name());
    let mut syncs = stage.commands.iter().filter(|command| command.value.contains("uv sync")).peekable();
    if syncs.peek().is_some() && syncs.all(|command| command.value.contains(&without)) {
        return None;
    }
    let because = format!("PyPI has {} as source alone, so that its installation builds it", package.shown());
    finish(stage, row, (package.shown(), package.into(), because), "", false)
}

fn finish<'s>(
    stage: &'s Stage,
    row: &'static Extension,
    (shown, about, because): (String, Evidence, String),
    text: &str,
    is_from_source: bool,
) -> Option<Compiled<'s>> {
    if set(stage, &row.skipped_by).is_some() {
        return None;
    }
    let forced = set(stage, &row.forced_by);
    let in_command = row.forced_in.iter().any(|word| text.contains(word.as_str()));
    let is_certain = forced.is_some() || in_command || (is_from_source && row.compiles);
    (is_certain || row.asks_compiler).then_some(Compiled {
        shown,
        row: Some(row),
        stage,
        about,
        forced,
        is_certain,
        because,
    })
}

/// What a command builds of a folder: apex with its kernels, an extension with `FORCE_CUDA=1` before it.
fn built<'s>(
    stage: &'s Stage,
    command: &Setting,
    naming: &LazyCell<BTreeSet<Place>, impl FnOnce() -> BTreeSet<Place>>,
) -> Option<Compiled<'s>> {
    let text = command.value;
    let is_build = ["setup.py install", "setup.py develop", "setup.py bdist_wheel", "pip install", "pip wheel"];
    if !is_build.iter().any(|words| text.contains(words))
        || !matches!(command.name, "python" | "python3" | "pip" | "pip3" | "uv")
    {
        return None;
    }
    let about = Evidence { component: None, subject: stage.subject, place: command.place };
    let is_named = naming.contains(&command.place);
    let apex = facts::extension("apex")?;
    let has = |word: &String| text.contains(word.as_str());
    if !is_named && (apex.forced_in.iter().any(has) || apex.forced_by.iter().any(has)) {
        let because = "the command asks for apex's CUDA code".to_owned();
        return finish(stage, apex, ("apex".to_owned(), about, because), text, true);
    }
    let folder = text.split(' ').find(|word| *word == "." || word.starts_with("./"));
    let what = folder.or_else(|| text.contains("setup.py").then_some("."))?;
    let is_forced = assigned(text, "FORCE_CUDA").iter().any(|value| value == "1");
    (is_forced && !is_named).then(|| Compiled {
        shown: format!("the extension in {what}"),
        row: None,
        stage,
        about,
        forced: Some(Value { name: "FORCE_CUDA", value: "1".to_owned(), place: command.place }),
        is_certain: true,
        because: "FORCE_CUDA=1 makes an extension of torch compile its CUDA code, without a GPU too".to_owned(),
    })
}

/// Returns the version of the compiler that a stage has, where it is known which of several it is.
pub(super) fn compiler(stage: &Stage) -> Option<Known<Dotted>> {
    let known = stage.compiler()?;
    let cuda = known.value?;
    // A path that names a version names the one that is used.
    let names = ["CUDA_HOME", "CUDA_PATH", "CUDACXX"];
    let named = names.iter().flat_map(|name| values(stage, name)).filter_map(|value| {
        let (_, rest) = value.value.split_once("cuda-")?;
        Dotted::parse(rest.split('/').next()?)
    });
    let is_other = |named: &Dotted| *named != cuda.first_parts(named.parts());
    if named.into_iter().any(|named| is_other(&named)) || stage.copied.iter().any(|from| from.contains("cuda")) {
        return None;
    }
    Some(Known { value: cuda, because: known.because, source: known.source, about: known.about })
}

/// What is known of the torch that something is built against.
pub(super) struct Torch {
    /// What it carries.
    pub carrier: Carrier,
    /// Where it is asked for.
    pub about: Evidence,
}

/// Returns the torch that a stage builds against: the one that it installs, else those that are locked. None where it is
/// not known which one is installed.
pub(super) fn torch(stack: &Stack, stage: &Stage) -> Vec<Torch> {
    let own: Vec<_> =
        stage.installs.iter().filter(|install| install.manager == "pip" && install.name == "torch").collect();
    if let Some(install) = own.last() {
        let Some(package) = install.package(stage.subject) else { return Vec::new() };
        let about = Evidence { component: None, subject: stage.subject, place: install.place };
        let carriers = Stack::of(Environment::of(stage.subject, [package.component])).carriers;
        return carriers.into_iter().map(|carrier| Torch { carrier, about }).collect();
    }
    let carriers = stack.carriers.iter().enumerate();
    let locked = carriers.filter(|(_, carrier)| carrier.component.purl.name() == "torch");
    locked.map(|(at, carrier)| Torch { carrier: carrier.clone(), about: stack.evidence(at) }).collect()
}

/// Returns a link for the reason that something is built.
pub(super) fn why(compiled: &Compiled<'_>) -> Link {
    let source = compiled.row.map_or("pytorch/pytorch torch/utils/cpp_extension.py", |row| row.source.as_str());
    let forced = compiled.forced.as_ref().filter(|_| compiled.row.is_some());
    let text = match forced {
        Some(value) => format!("{}, and {}={} makes it compile", compiled.because, value.name, value.value),
        None => compiled.because.clone(),
    };
    Link { text, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_list_of_arguments_the_one_that_counts_is_told() {
        let value = "-DGGML_CUDA=ON -DTOKEN=hunter2";
        let settings = vec![Setting { name: "CMAKE_ARGS", value, place: Place::default() }];
        let stage = Stage { settings, ..Stage::default() };
        let found = set(&stage, &["CMAKE_ARGS=GGML_CUDA=on".to_owned()]).map(|value| value.value);
        assert_eq!(found.as_deref(), Some("-DGGML_CUDA=ON"));
    }

    #[test]
    fn commands_give_variables_values() {
        for (text, name, expected) in [
            ("TORCH_CUDA_ARCH_LIST=\"8.0;9.0+PTX\" pip install .", "TORCH_CUDA_ARCH_LIST", &["8.0;9.0+PTX"][..]),
            ("export TORCH_CUDA_ARCH_LIST='8.0 9.0'", "TORCH_CUDA_ARCH_LIST", &["8.0 9.0"]),
            ("cmake -DCMAKE_CUDA_ARCHITECTURES=80;90 ..", "CMAKE_CUDA_ARCHITECTURES", &["80;90"]),
            ("CMAKE_ARGS=\"-DGGML_CUDA=on -DCMAKE_CUDA_ARCHITECTURES=86\" pip", "CMAKE_CUDA_ARCHITECTURES", &["86"]),
            ("CMAKE_ARGS=\"-DGGML_CUDA=on\" pip", "CMAKE_ARGS", &["-DGGML_CUDA=on"]),
            ("MY_FORCE_CUDA=1 pip install .", "FORCE_CUDA", &[]),
            ("echo FORCE_CUDA", "FORCE_CUDA", &[]),
            ("FORCE_CUDA=", "FORCE_CUDA", &[""]),
        ] {
            assert_eq!(assigned(text, name), expected, "{text}");
        }
    }
}
