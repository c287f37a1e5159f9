//! What a command installs: packages with their versions, and the files that it installs from.

use std::ops::Range;

use super::line::Word;
use super::options::Options;
use super::pip;
use super::programs;
use super::shell::Command;
use super::system;
use crate::formats::conda::address::plain;
use crate::model::{FactKind, without_credentials};

/// What a command installs, or installs from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// [`FactKind::Install`] or [`FactKind::InstallFile`].
    pub kind: FactKind,
    /// `pip:torch`, or the file.
    pub name: String,
    /// The version or range as written, or the tool.
    pub value: String,
    /// The index or channel.
    pub detail: String,
    /// What of the detail it is taken from, as far as the command says so.
    pub taken: Taken,
    /// The places that the command looks packages up at, the one of an index among them: indexes, pages of links, channels.
    pub places: Vec<String>,
    /// Where it stands in the file.
    pub range: Range<usize>,
}

/// Where a package is taken from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Taken {
    /// The command does not say, or names several places.
    #[default]
    Anywhere,
    /// The one index that stands for all, a registry or a channel.
    Index(String),
    /// The address or file that the command names.
    Address,
}

impl Found {
    /// Returns what stands at a word.
    pub fn new(kind: FactKind, name: &str, value: &str, detail: &str, word: &Word) -> Self {
        let (name, value, detail) = (name.to_owned(), value.to_owned(), detail.to_owned());
        Found { kind, name, value, detail, taken: Taken::Anywhere, places: Vec::new(), range: word.range.clone() }
    }

    /// Says that it is taken from the address in its detail, if there is one.
    pub fn addressed(mut self) -> Self {
        if !self.detail.is_empty() {
            self.taken = Taken::Address;
        }
        self
    }

    /// Says which index or channel it is taken from, if one is named.
    pub fn indexed(mut self, index: &str) -> Self {
        if !index.is_empty() {
            self.taken = Taken::Index(index.to_owned());
            self.places.push(index.to_owned());
        }
        self
    }

    /// Says which places the command looks packages up at.
    pub fn looked_up(mut self, places: &[String]) -> Self {
        self.places.extend(places.iter().filter(|place| !self.places.contains(place)).cloned().collect::<Vec<_>>());
        self
    }
}

/// Returns what a command installs; `get` knows the variables that hold where it runs.
pub(super) fn of(command: &Command, get: &dyn Fn(&str) -> Option<String>) -> Vec<Found> {
    let (tool, words) = module(&command.program, &command.words);
    let get = |name: &str| {
        let own = command.settings.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value.clone());
        own.or_else(|| get(name))
    };
    let versioned =
        |name: &str| tool.strip_prefix(name).is_some_and(|rest| rest.bytes().all(|b| b"0123456789.".contains(&b)));
    match tool {
        "uv" => uv(command, words, &get),
        "pip-sync" => {
            let options = Options::read(words, pip::VALUED);
            let files =
                options.words.iter().map(|word| Found::new(FactKind::InstallFile, &word.text, "pip-sync", "", word));
            let found: Vec<Found> = files.collect();
            if found.is_empty() { vec![unnamed(command, "requirements.txt", "pip-sync")] } else { found }
        }
        "poetry" => locked(command, words, "poetry", "poetry.lock"),
        "pdm" => locked(command, words, "pdm", "pdm.lock"),
        "pipenv" => locked(command, words, "pipenv", "Pipfile.lock"),
        "pixi" => locked(command, words, "pixi", "pixi.lock"),
        "conda" | "mamba" | "micromamba" => conda(command, words, tool),
        "conda-lock" => {
            let options = Options::read(words, &["-n", "--name", "-p", "--prefix", "--conda"]);
            match options.words.as_slice() {
                [verb] if verb.text == "install" => vec![unnamed(command, "conda-lock.yml", tool)],
                [verb, file, ..] if verb.text == "install" => {
                    vec![Found::new(FactKind::InstallFile, &file.text, tool, "", file)]
                }
                _ => Vec::new(),
            }
        }
        "bundle" | "bundler" => match words.first() {
            Some(verb) if verb.text == "install" => vec![unnamed(command, "Gemfile.lock", "bundle")],
            _ => Vec::new(),
        },
        "npm" => node(command, words, "npm", "package-lock.json", &["install", "i", "ci", "add"]),
        "yarn" => node(command, words, "yarn", "yarn.lock", &["install", "add"]),
        "pnpm" => node(command, words, "pnpm", "pnpm-lock.yaml", &["install", "i", "add"]),
        "bun" => node(command, words, "bun", "bun.lock", &["install", "i", "add", "a"]),
        "cargo" => programs::cargo(command, words),
        "go" => programs::go(words),
        "gem" => programs::gem(words),
        "pipx" => {
            let options = Options::read(words, pip::VALUED);
            let (verb, words) = options.verb();
            if verb == "install" { programs::python(words) } else { Vec::new() }
        }
        _ if versioned("pip") => {
            let options = Options::read(words, pip::VALUED);
            match options.words.split_first() {
                Some((verb, words)) if verb.text == "install" => pip::install("pip", words, &options, &get),
                _ => Vec::new(),
            }
        }
        _ => system::of(tool, words).unwrap_or_default(),
    }
}

/// Returns the tool and its words: `python -m pip` is pip.
fn module<'c>(program: &'c str, words: &'c [Word]) -> (&'c str, &'c [Word]) {
    let is_python = program
        .strip_prefix("python")
        .is_some_and(|version| version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'));
    if is_python {
        let options = words.iter().take_while(|word| word.text.starts_with('-'));
        // `-Im` is `-I -m`.
        if let Some(at) = options.clone().position(|word| word.text.ends_with('m') && !word.text.starts_with("--"))
            && let Some(name) = words.get(at + 1)
        {
            return (&name.text, &words[at + 2..]);
        }
    }
    (program, words)
}

/// Returns a file that a command installs from without naming it: all of the command is the place.
pub(super) fn unnamed(command: &Command, file: &str, tool: &str) -> Found {
    let word = Word { text: String::new(), range: command.range.clone() };
    Found::new(FactKind::InstallFile, file, tool, "", &word)
}

/// Says whether a word names no package: a group, what stands for several files.
pub(super) fn is_no_package(word: &str) -> bool {
    word.is_empty() || word.starts_with(['@', '<', '>', '*'])
}

/// Says whether a word is one that only the build knows: a variable, what another command prints.
pub(super) fn is_unknown(word: &str) -> bool {
    word.starts_with(['$', '`'])
}

fn uv(command: &Command, words: &[Word], get: &dyn Fn(&str) -> Option<String>) -> Vec<Found> {
    let options = Options::read(words, pip::VALUED);
    match options.verb() {
        ("pip", [verb, words @ ..]) if verb.text == "install" => pip::install("uv", words, &options, get),
        ("pip", [verb, files @ ..]) if verb.text == "sync" => {
            files.iter().map(|file| Found::new(FactKind::InstallFile, &file.text, "uv", "", file)).collect()
        }
        ("add", words) => pip::install("uv", words, &options, get),
        ("tool", [verb, words @ ..]) if verb.text == "install" => programs::python(words),
        ("sync", _) => vec![unnamed(command, &options.in_folder(&["--directory", "--project"], "uv.lock"), "uv")],
        _ => Vec::new(),
    }
}

/// Reads a tool that installs what its lockfile says.
fn locked(command: &Command, words: &[Word], tool: &str, file: &str) -> Vec<Found> {
    let options = Options::read(
        words,
        &[
            "-C",
            "--directory",
            "-P",
            "-p",
            "--project",
            "-E",
            "--extras",
            "-G",
            "--group",
            "--with",
            "--without",
            "--only",
            "--source",
            "--feature",
            "-f",
            "--platform",
            "--manifest-path",
            "--python",
            "--index",
        ],
    );
    let (verb, packages) = options.verb();
    if verb == "add" || (tool == "pipenv" && verb == "install" && !packages.is_empty()) {
        let is_conda = tool == "pixi" && !options.has(&["--pypi"]);
        return packages.iter().filter_map(|word| added(tool, is_conda, word)).collect();
    }
    let is_install = verb == "install" || (verb == "sync" && tool != "pixi");
    let folder = ["-C", "--directory", "-P", "-p", "--project"];
    let file = if is_install { options.in_folder(&folder, file) } else { String::new() };
    if is_install { vec![unnamed(command, &file, tool)] } else { Vec::new() }
}

/// Reads a package that is added to a project, as its tool spells it: `torch==2.5`, `torch@^2.5`.
fn added(tool: &str, is_conda: bool, word: &Word) -> Option<Found> {
    if is_conda {
        return conda_package(&word.text, "", word);
    }
    let named = word.text.split_once('@').filter(|(name, version)| {
        tool == "poetry" && !name.contains([':', '/', ' ']) && !version.contains([':', '/', ' '])
    });
    let (name, value, address) = match named {
        Some((name, "latest")) => (name.to_owned(), String::new(), String::new()),
        Some((name, version)) if version.starts_with(|first: char| first.is_ascii_digit()) => {
            (name.to_owned(), format!("=={version}"), String::new())
        }
        Some((name, version)) => (name.to_owned(), version.to_owned(), String::new()),
        None if is_unknown(&word.text) => (word.text.clone(), String::new(), String::new()),
        None => pip::requirement(&word.text)?,
    };
    Some(
        Found::new(FactKind::Install, &format!("pip:{name}"), &value, &without_credentials(&address), word).addressed(),
    )
}

fn conda(command: &Command, words: &[Word], tool: &str) -> Vec<Found> {
    let mut valued = vec![
        "-n",
        "--name",
        "-p",
        "--prefix",
        "-c",
        "--channel",
        "--file",
        "--solver",
        "--subdir",
        "--platform",
        "-r",
        "--root-prefix",
        "--repodata-fn",
        "--revision",
        "--rc-file",
        "--clone",
        "--experimental-solver",
    ];
    // To `conda install`, `-f` is `--force`.
    if tool != "conda" || words.iter().any(|word| word.text == "env") {
        valued.push("-f");
    }
    let options = Options::read(words, &valued);
    let (is_env, verb, packages) = match options.verb() {
        ("env", [verb, words @ ..]) => (true, verb.text.as_str(), words),
        (verb, words) => (false, verb, words),
    };
    if !matches!((is_env, verb), (_, "create") | (false, "install") | (true, "update")) {
        return Vec::new();
    }
    let files = options.all(&["-f", "--file"]);
    let mut found: Vec<Found> =
        files.map(|(file, word)| Found::new(FactKind::InstallFile, file, tool, "", word)).collect();
    if is_env {
        if found.is_empty() {
            found.push(unnamed(command, "environment.yml", tool));
        }
        return found;
    }
    let channels: Vec<String> =
        options.all(&["-c", "--channel"]).map(|(channel, _)| plain(channel).into_owned()).collect();
    let all = channels.join(",");
    let packages = packages.iter().filter_map(|word| conda_package(&word.text, &all, word));
    found.extend(packages.map(|package| package.looked_up(&channels)));
    found
}

/// Reads `channel::name=version=build`; none for an address or a file, which is explicit.
fn conda_package(text: &str, channels: &str, word: &Word) -> Option<Found> {
    if is_no_package(text) || text.contains("://") || text.ends_with(".conda") || text.ends_with(".tar.bz2") {
        return None;
    }
    let own = text.rsplit_once("::");
    let (channel, package) = own.unwrap_or((channels, text));
    let end = package.find(['=', '<', '>', '!', '~', ' ', '[']).filter(|_| !is_unknown(package));
    let (name, value) = package.split_at(end.unwrap_or(package.len()));
    let name = if is_unknown(name) { name.to_owned() } else { name.to_lowercase() };
    let found = Found::new(FactKind::Install, &format!("conda:{name}"), value.trim(), channel, word);
    Some(found.indexed(own.map_or("", |(channel, _)| channel)))
}

fn node(command: &Command, words: &[Word], tool: &str, lock: &str, verbs: &[&str]) -> Vec<Found> {
    const VALUED: &[&str] = &[
        "--prefix",
        "-C",
        "--cwd",
        "--dir",
        "--registry",
        "--cache",
        "-w",
        "--workspace",
        "--omit",
        "--include",
        "--loglevel",
        "--filter",
        "-F",
        "--network-timeout",
        "--store-dir",
        "--userconfig",
        "--tag",
        "--cache-folder",
        "--mutex",
        "--modules-folder",
        "--network-concurrency",
        "--fetch-timeout",
        "--fetch-retries",
    ];
    let options = Options::read(words, VALUED);
    let (verb, mut packages) = options.verb();
    let is_global = tool == "yarn" && verb == "global" && packages.first().is_some_and(|word| word.text == "add");
    // `yarn` alone installs; `yarn --version` does not.
    let is_bare = tool == "yarn" && verb.is_empty() && !options.has(&["--version", "-v", "--help", "-h"]);
    if is_global {
        packages = &packages[1..];
    } else if !is_bare && !verbs.contains(&verb) {
        return Vec::new();
    }
    if packages.is_empty() || verb == "ci" {
        let is_project = !is_global && verb != "add" && !options.has(&["-g", "--global"]);
        let folder = ["--prefix", "-C", "--cwd", "--dir"];
        return if is_project { vec![unnamed(command, &options.in_folder(&folder, lock), tool)] } else { Vec::new() };
    }
    let registry = without_credentials(options.one(&["--registry"]));
    let mut found = Vec::new();
    for word in packages {
        let text = word.text.as_str();
        let is_path = text.starts_with(['.', '/', '~']) || text.contains(':') || text.ends_with(".tgz");
        // A scope begins with the sign that versions begin with.
        let is_scoped = text.starts_with('@') && text.contains('/');
        if is_unknown(text) {
            found.push(Found::new(FactKind::Install, &format!("npm:{text}"), "", &registry, word));
            continue;
        }
        if is_path || is_no_package(text.strip_prefix('@').filter(|_| is_scoped).unwrap_or(text)) {
            continue;
        }
        let at = text.char_indices().skip(1).find(|(_, sign)| *sign == '@').map_or(text.len(), |(at, _)| at);
        let value = text[at..].trim_start_matches('@');
        let package = Found::new(FactKind::Install, &format!("npm:{}", &text[..at]), value, &registry, word);
        found.push(package.indexed(&registry));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each install as `name value (detail)`.
    fn installs(text: &str) -> String {
        let words: Vec<Word> =
            text.split_whitespace().map(|word| Word { text: word.to_owned(), range: 0..1 }).collect();
        let mut command = Command {
            program: words[0].text.clone(),
            words: words[1..].to_vec(),
            settings: Vec::new(),
            text: text.to_owned(),
            range: 0..1,
        };
        while let Some((name, value)) = command.program.clone().split_once('=') {
            command.settings.push((name.to_owned(), value.to_owned()));
            command.program = command.words.remove(0).text;
        }
        let get = |name: &str| (name == "PIP_FIND_LINKS").then(|| "/wheels".to_owned());
        let shown = of(&command, &get).into_iter().map(|found| {
            let kind = if found.kind == FactKind::InstallFile { "file " } else { "" };
            let detail = if found.detail.is_empty() { String::new() } else { format!(" ({})", found.detail) };
            let value = if found.value.is_empty() { String::new() } else { format!(" {}", found.value) };
            format!("{kind}{}{value}{detail}", found.name)
        });
        shown.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn python_installs_are_read() {
        for (text, expected) in [
            ("uv pip install torch==2.5.1 numpy", "pip:torch ==2.5.1; pip:numpy"),
            ("uv pip install --system --torch-backend=cu128 vllm", "pip:vllm (torch-backend=cu128)"),
            ("uv pip install --torch-backend cu128 vllm", "pip:vllm (torch-backend=cu128)"),
            ("UV_TORCH_BACKEND=cu126 uv pip install vllm", "pip:vllm (torch-backend=cu126)"),
            (
                "uv pip install torch -i https://me:pw@a.example/cu121 --extra-index-url=https://b.example",
                "pip:torch (https://a.example/cu121,https://b.example)",
            ),
            ("uv pip install --index torch=https://a.example/x torch", "pip:torch (https://a.example/x)"),
            ("pip3 install -q -U torch", "pip:torch (/wheels)"),
            ("python3.11 -m pip install --no-cache-dir -f https://l.example torch", "pip:torch (https://l.example)"),
            ("python -Im pip install -Ur requirements.txt -c constraints.txt", "file requirements.txt pip (/wheels)"),
            (
                "pip install -rrequirements/gpu.txt --requirement=b.txt",
                "file requirements/gpu.txt pip (/wheels); file b.txt pip (/wheels)",
            ),
            ("pip install -e . -e git+https://g.example/a/b.git#egg=b", "pip:b (git+https://g.example/a/b.git#egg=b)"),
            ("pip install --no-build-isolation --no-binary :all: apex-x", "pip:apex-x (/wheels)"),
            ("pip install -r -", ""),
            ("pip install . ./x", ""),
            ("pip download torch", ""),
            ("pip uninstall -y torch", ""),
            ("pip install $PACKAGES torch", "pip:$PACKAGES (/wheels); pip:torch (/wheels)"),
            ("pipx install torch==2.5", "pipx:torch ==2.5"),
            ("pipx run torch", ""),
            ("python3 -m pipx install $TOOL", "pipx:$TOOL"),
            ("uv sync --frozen --no-dev", "file uv.lock uv"),
            ("uv sync --project server", "file server/uv.lock uv"),
            ("uv pip sync requirements.txt", "file requirements.txt uv"),
            ("uv add torch==2.5.1", "pip:torch ==2.5.1"),
            ("uv tool install ruff@0.5 --with x", "pipx:ruff ==0.5"),
            ("uv tool run ruff", ""),
            (
                "poetry add torch@^2.5 numpy@latest rich==13.0 git+https://g.example/a/b.git -G dev",
                "pip:torch ^2.5; pip:numpy; pip:rich ==13.0; pip:b (git+https://g.example/a/b.git)",
            ),
            ("pdm add torch>=2", "pip:torch >=2"),
            ("pipenv install torch==2.5", "pip:torch ==2.5"),
            ("pixi add python=3.12 conda-forge::x", "conda:python =3.12; conda:x (conda-forge)"),
            ("pixi add --pypi torch==2.5", "pip:torch ==2.5"),
            ("poetry install --only main", "file poetry.lock poetry"),
            ("poetry -C x install", "file x/poetry.lock poetry"),
            ("poetry config a b", ""),
            ("pdm sync --prod", "file pdm.lock pdm"),
            ("pipenv install --deploy", "file Pipfile.lock pipenv"),
            ("pixi install --locked", "file pixi.lock pixi"),
            ("pip-sync", "file requirements.txt pip-sync"),
        ] {
            assert_eq!(installs(text), expected, "{text}");
        }
    }

    #[test]
    fn other_installs_are_read() {
        for (text, expected) in [
            (
                "apt-get install -y --no-install-recommends cuda-toolkit-12-4=12.4.1-1 libnccl2=2.21.5-1+cuda12.4 g++",
                "apt:cuda-toolkit-12-4 =12.4.1-1; apt:libnccl2 =2.21.5-1+cuda12.4; apt:g++",
            ),
            ("apt-get -qq -o Dpkg::Use-Pty=0 install -t stable git/stable", "apt:git (stable)"),
            ("apt install ./x.deb $PKGS y- cuda-nvcc-$V", "apt:$PKGS; apt:cuda-nvcc-$V"),
            ("apt-get -t stable install git", "apt:git (stable)"),
            (
                "apt install ./libcudnn9_9.1.0.70-1_amd64.deb",
                "apt:libcudnn9 =9.1.0.70-1 (./libcudnn9_9.1.0.70-1_amd64.deb)",
            ),
            (
                "dpkg -i /x/cuda-keyring_1.1-1_all.deb *.deb x.deb",
                "apt:cuda-keyring =1.1-1 (/x/cuda-keyring_1.1-1_all.deb)",
            ),
            ("dpkg -l x_1_y.deb", ""),
            (
                "rpm -Uvh https://me:pw@r.example/a-b-1.2-3.el9.x86_64.rpm",
                "rpm:a-b =1.2-3.el9 (https://r.example/a-b-1.2-3.el9.x86_64.rpm)",
            ),
            ("zypper -n in gcc=1.2 g++>=3 -t pattern", "rpm:gcc =1.2; rpm:g++ >=3"),
            ("yum localinstall -y x-1-2.noarch.rpm @group", "rpm:x =1-2 (x-1-2.noarch.rpm)"),
            ("apt-get update", ""),
            ("apk add --no-cache --virtual .deps gcc=1.2 py3~3.11 x@edge", "apk:gcc =1.2; apk:py3 ~3.11; apk:x (edge)"),
            ("dnf -y install --setopt=a=b cuda-toolkit-12-4 https://x.example/y.rpm", "rpm:cuda-toolkit-12-4"),
            ("conda install $PKG", "conda:$PKG"),
            (
                "conda install -yc nvidia --channel conda-forge cuda-version=12.4 pytorch::pytorch=2.4=py3.11_cuda12.4_0",
                "conda:cuda-version =12.4 (nvidia,conda-forge); conda:pytorch =2.4=py3.11_cuda12.4_0 (pytorch)",
            ),
            (
                "mamba create -n x python>=3.11 nvidia/label/cuda-12.4.1::cuda",
                "conda:python >=3.11; conda:cuda (nvidia/label/cuda-12.4.1)",
            ),
            ("micromamba install -y -n base -f /tmp/env.yaml", "file /tmp/env.yaml micromamba"),
            ("conda env create --file=environment.gpu.yml", "file environment.gpu.yml conda"),
            ("mamba env update -n base", "file environment.yml mamba"),
            ("conda clean -afy", ""),
            ("conda-lock install -n x conda-lock.gpu.yml", "file conda-lock.gpu.yml conda-lock"),
            ("npm ci --omit=dev", "file package-lock.json npm"),
            ("npm --prefix web install", "file web/package-lock.json npm"),
            (
                "npm i -g pnpm@9 @tensorflow/tfjs-node-gpu@4.22.0 ./x",
                "npm:pnpm 9; npm:@tensorflow/tfjs-node-gpu 4.22.0",
            ),
            ("npm run build", ""),
            ("yarn --frozen-lockfile", "file yarn.lock yarn"),
            ("yarn --version", ""),
            ("yarn global add x", "npm:x"),
            ("yarn build", ""),
            ("pnpm install --frozen-lockfile", "file pnpm-lock.yaml pnpm"),
            ("npm i $PKG", "npm:$PKG"),
            ("bun install --frozen-lockfile", "file bun.lock bun"),
            ("bun add x@1.2.3", "npm:x 1.2.3"),
            ("go install -tags netgo g.example/a/b/cmd/c@v1.2.3 ./cmd/d", "go:g.example/a/b/cmd/c v1.2.3"),
            ("go build ./...", ""),
            ("gem install rake bundler:2.5 -v 13.0 ./x.gem", "gem:rake 13.0; gem:bundler 2.5"),
            ("bundle install --jobs 4", "file Gemfile.lock bundle"),
            (
                "cargo install --git https://g.example/a/tool.git --tag v1 --locked",
                "cargo:tool (git+https://g.example/a/tool.git@v1)",
            ),
            ("cargo install --git https://g.example/a/tool b", "cargo:b (git+https://g.example/a/tool)"),
            ("cargo install --path .", ""),
            ("cargo binstall -y just@1.36.0", "cargo:just 1.36.0"),
            ("cargo +nightly build --release --locked", "file Cargo.lock cargo"),
            ("cargo build", ""),
            ("cargo install --path . --locked", "file Cargo.lock cargo"),
            ("cargo install --path router --locked", "file router/Cargo.lock cargo"),
            ("cargo install cargo-chef --version 0.1.67 sccache@0.8", "cargo:cargo-chef 0.1.67; cargo:sccache 0.8"),
        ] {
            assert_eq!(installs(text), expected, "{text}");
        }
    }
}
