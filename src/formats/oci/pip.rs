//! The packages that a `pip install` or `uv pip install` names: requirements, wheels, addresses.
//!
//! Specification: "Dependency specifiers" and "Binary distribution format" of the Python packaging specifications.

use super::installs::{Found, is_unknown};
use super::line::Word;
use super::options::Options;
use crate::formats::pypi;
use crate::model::{FactKind, without_credentials};

/// The options of pip and of uv's `pip`, `add` and `sync` that take a value.
pub(super) const VALUED: &[&str] = &[
    "-r",
    "--requirement",
    "--requirements",
    "-c",
    "--constraint",
    "--constraints",
    "-e",
    "--editable",
    "-t",
    "--target",
    "-i",
    "--index-url",
    "--pypi-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "--prefix",
    "--root",
    "--src",
    "--platform",
    "--python-version",
    "--python-platform",
    "--python",
    "-p",
    "--implementation",
    "--abi",
    "--upgrade-strategy",
    "--config-settings",
    "--config-setting",
    "-C",
    "--global-option",
    "--install-option",
    "--build-option",
    "--no-binary",
    "--only-binary",
    "--no-binary-package",
    "--no-build-package",
    "--progress-bar",
    "--cache-dir",
    "--log",
    "--proxy",
    "--retries",
    "--timeout",
    "--exists-action",
    "--trusted-host",
    "--cert",
    "--client-cert",
    "--use-feature",
    "--use-deprecated",
    "--report",
    "--root-user-action",
    "--group",
    "--override",
    "--overrides",
    "--build-constraint",
    "--build-constraints",
    "-b",
    "--index",
    "--default-index",
    "--index-strategy",
    "--keyring-provider",
    "--resolution",
    "--prerelease",
    "--link-mode",
    "--exclude-newer",
    "--torch-backend",
    "--extra",
    "--reinstall-package",
    "--upgrade-package",
    "-P",
    "--refresh-package",
    "--no-build-isolation-package",
    "--config-file",
    "--directory",
    "--project",
    "--color",
    "--fork-strategy",
    "--allow-insecure-host",
    "--package",
    "--no-group",
    "--only-group",
    "--no-extra",
    "--no-install-package",
    "--branch",
    "--tag",
    "--rev",
    "--optional",
    "--marker",
    "--bounds",
    "--with",
    "--with-requirements",
    "--with-editable",
    "--from",
    "--pip-args",
    "--suffix",
];

/// Where a command looks packages up: the kind, the options that say so, and the variables that do.
const INDEXES: &[(&[&str], &[&str], &[&str])] = &[
    (
        &["-i", "--index-url", "--pypi-url", "--default-index"],
        &["PIP_INDEX_URL"],
        &["UV_DEFAULT_INDEX", "UV_INDEX_URL"],
    ),
    (&["--extra-index-url", "--index"], &["PIP_EXTRA_INDEX_URL"], &["UV_INDEX", "UV_EXTRA_INDEX_URL"]),
    (&["-f", "--find-links"], &["PIP_FIND_LINKS"], &["UV_FIND_LINKS"]),
    (&["--torch-backend"], &[], &["UV_TORCH_BACKEND"]),
];

/// Returns what a command's words install, and from which files.
pub(super) fn install(
    tool: &str,
    words: &[&Word],
    options: &Options<'_>,
    get: &dyn Fn(&str) -> Option<String>,
) -> Vec<Found> {
    let Indexes { all: index, main, places } = indexes(tool, options, get);
    let files = options.all(&["-r", "--requirement", "--requirements"]);
    let files = files.filter(|(file, _)| !matches!(*file, "" | "-" | "/dev/stdin"));
    let mut found: Vec<Found> = files
        .map(|(file, word)| Found::new(FactKind::InstallFile, file, tool, &index, word).looked_up(&places))
        .collect();
    let editable = options.all(&["-e", "--editable"]);
    for (text, word) in words.iter().map(|word| (word.text.as_str(), *word)).chain(editable) {
        if let Some((name, value, address)) = requirement(text) {
            let detail = if address.is_empty() { index.clone() } else { without_credentials(&address).into_owned() };
            let package = Found::new(FactKind::Install, &format!("pip:{name}"), &value, &detail, word);
            let package = if address.is_empty() { package.indexed(&main) } else { package.addressed() };
            found.push(package.looked_up(&places));
        } else if is_unknown(text) {
            found.push(Found::new(FactKind::Install, &format!("pip:{text}"), "", &index, word).looked_up(&places));
        }
    }
    found
}

/// Where packages are looked up.
struct Indexes {
    /// All places, parted by commas, with uv's choice of one for PyTorch.
    all: String,
    /// The main index, which stands for all: which of several a package comes from, the command does not say.
    main: String,
    /// All addresses.
    places: Vec<String>,
}

/// Returns where packages are looked up.
fn indexes(tool: &str, options: &Options<'_>, get: &dyn Fn(&str) -> Option<String>) -> Indexes {
    let mut all: Vec<String> = Vec::new();
    let (mut main, mut places) = (String::new(), Vec::new());
    for (names, pip, uv) in INDEXES {
        let mut addresses: Vec<String> = options.all(names).map(|(value, _)| value.to_owned()).collect();
        if addresses.is_empty() {
            let variables = if tool == "uv" { uv } else { pip };
            addresses.extend(variables.iter().find_map(|name| get(name)).filter(|value| !value.is_empty()));
        }
        for address in addresses.iter().flat_map(|address| address.split_whitespace()) {
            if names[0] == "--torch-backend" {
                all.push(format!("torch-backend={address}"));
                continue;
            }
            let plain = plain_index(address);
            if names[0] == "-i" {
                main.clone_from(&plain);
            }
            places.push(plain.clone());
            all.push(plain);
        }
    }
    Indexes { all: all.join(","), main, places }
}

/// Returns an index's address without credentials, and without the name that uv gives it: `torch=https://…`.
fn plain_index(address: &str) -> String {
    let address = match address.split_once('=') {
        Some((name, rest)) if !name.contains([':', '/']) => rest,
        _ => address,
    };
    without_credentials(address).into_owned()
}

/// Reads a requirement as a command names it: its name with extras, what it asks for, and the address it is taken from.
pub(super) fn requirement(text: &str) -> Option<(String, String, String)> {
    let text = text.trim();
    let (text, marker) = text.split_once(';').map_or((text, ""), |(text, marker)| (text.trim(), marker.trim()));
    if !pypi::can_hold_on_linux(marker) {
        return None;
    }
    let end = text.find(|sign: char| !sign.is_ascii_alphanumeric() && !"._-".contains(sign)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if is_address(text, rest) {
        let (name, value) = of_address(text)?;
        return Some((name, value, text.to_owned()));
    }
    if !name.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return None;
    }
    let rest = rest.trim_start();
    let (extras, rest) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((extras, rest)) => (extras.split(',').map(str::trim).collect::<Vec<_>>().join(","), rest.trim_start()),
        None => (String::new(), rest),
    };
    let name = pypi::normal(name);
    let name = if extras.is_empty() { name } else { format!("{name}[{extras}]") };
    if let Some(address) = rest.strip_prefix('@').map(str::trim) {
        // `torch@2.5` of `uv add` is no address.
        let value = if is_address(address, "") || address.contains("://") {
            of_address(address).map(|(_, value)| value).unwrap_or_default()
        } else {
            format!("=={address}")
        };
        let address = if value.ends_with(address) { String::new() } else { address.to_owned() };
        return Some((name, value, address));
    }
    Some((name, rest.to_owned(), String::new()))
}

/// Says whether a word is an address or a path, and no name.
fn is_address(text: &str, behind_name: &str) -> bool {
    text.starts_with(['.', '/', '~'])
        || behind_name.starts_with(['/', '\\', ':', '+'])
        || text.contains("://") && !text.contains('@')
        || text.ends_with(".whl") && !text.contains('@')
}

/// Returns the name and version that an address gives.
fn of_address(address: &str) -> Option<(String, String)> {
    let (plain, fragment) = address.split_once('#').unwrap_or((address, ""));
    let plain = plain.split('?').next().unwrap_or(plain);
    let named = fragment.split('&').find_map(|pair| pair.strip_prefix("egg="));
    let named = named.map(|name| name.split(['[', '@', ' ']).next().unwrap_or(name)).filter(|name| !name.is_empty());
    let scheme = plain.split("://").next().filter(|scheme| scheme.len() < plain.len()).unwrap_or_default();
    let path = plain.get(scheme.len()..).unwrap_or_default().trim_start_matches("://");
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or(path);
    if scheme.contains('+') || scheme == "git" {
        // `git+https://host/team/name.git@ref`; the part before the host may hold a name, `git@host`.
        let repository = last.split('@').next().unwrap_or(last);
        let name = named.unwrap_or_else(|| repository.strip_suffix(".git").unwrap_or(repository));
        return is_name(name).then(|| (pypi::normal(name), String::new()));
    }
    if let Some(wheel) = last.strip_suffix(".whl") {
        let (name, rest) = wheel.split_once('-').unwrap_or((wheel, ""));
        let version = rest.split('-').next().unwrap_or_default().replace("%2B", "+").replace("%2b", "+");
        let is_known = !version.is_empty() && !version.contains(['*', '?', '[']);
        let value = if is_known { format!("=={version}") } else { String::new() };
        return is_name(name).then(|| (pypi::normal(name), value));
    }
    if let Some(name) = named {
        return is_name(name).then(|| (pypi::normal(name), String::new()));
    }
    let archive = [".tar.gz", ".tar.bz2", ".zip"].iter().find_map(|end| last.strip_suffix(end))?;
    let (name, version) = archive.rsplit_once('-')?;
    let is_version = version.starts_with(|first: char| first.is_ascii_digit());
    (is_name(name) && is_version).then(|| (pypi::normal(name), format!("=={version}")))
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_have_name_version_and_address() {
        for (text, expected) in [
            ("torch", "torch||"),
            ("torch==2.5.1", "torch|==2.5.1|"),
            ("torch>=2.1, <2.6", "torch|>=2.1, <2.6|"),
            ("torch==2.5.1+cu121", "torch|==2.5.1+cu121|"),
            ("torch==${TORCH}", "torch|==${TORCH}|"),
            ("Flash_Attn", "flash-attn||"),
            ("onnxruntime-gpu[cuda, cudnn]==1.26.0", "onnxruntime-gpu[cuda,cudnn]|==1.26.0|"),
            ("vllm [audio] >= 0.6", "vllm[audio]|>= 0.6|"),
            ("torch; sys_platform == 'linux'", "torch||"),
            ("torch; sys_platform == 'win32'", "-"),
            (
                "https://w.example/v2.8.2/flash_attn-2.8.2%2Bcu12torch2.6cxx11abiFALSE-cp311-cp311-linux_x86_64.whl",
                "flash-attn|==2.8.2+cu12torch2.6cxx11abiFALSE|https://w.example/v2.8.2/flash_attn-2.8.2%2Bcu12torch2.6cxx11abiFALSE-cp311-cp311-linux_x86_64.whl",
            ),
            (
                "/wheels/vllm-0.6.3-cp310-abi3-linux_x86_64.whl",
                "vllm|==0.6.3|/wheels/vllm-0.6.3-cp310-abi3-linux_x86_64.whl",
            ),
            ("dist/vllm-*.whl", "vllm||dist/vllm-*.whl"),
            ("/dist/*.whl", "-"),
            (
                "git+https://git.example/a/transformers.git@v4.41.0",
                "transformers||git+https://git.example/a/transformers.git@v4.41.0",
            ),
            (
                "git+https://me:secret@git.example/a/b#egg=c_d[x]",
                "c-d||git+https://me:secret@git.example/a/b#egg=c_d[x]",
            ),
            ("xformers @ git+https://git.example/x", "xformers||git+https://git.example/x"),
            (
                "xformers[a]@https://w.example/xformers-0.0.28-py3-none-any.whl",
                "xformers[a]|==0.0.28|https://w.example/xformers-0.0.28-py3-none-any.whl",
            ),
            ("https://s.example/apex-0.1.tar.gz", "apex|==0.1|https://s.example/apex-0.1.tar.gz"),
            ("https://git.example/a/archive/main.zip", "-"),
            ("torch@2.5", "torch|==2.5|"),
            (".", "-"),
            (".[gpu]", "-"),
            ("./server", "-"),
            ("server/", "-"),
            ("$PACKAGES", "-"),
            ("", "-"),
            ("\"", "-"),
        ] {
            let read = requirement(text).map(|(name, value, address)| format!("{name}|{value}|{address}"));
            assert_eq!(read.as_deref().unwrap_or("-"), expected, "{text}");
        }
    }
}
