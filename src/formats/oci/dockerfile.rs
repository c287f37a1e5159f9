//! A Dockerfile: the images that a build starts from, stage by stage, and what each stage sets, copies and installs.
//!
//! Specification: the Dockerfile reference; where it is silent, what BuildKit's `dockerfile2llb` does.

use anyhow::Result;

use super::arguments::{self, Given};
use super::contexts;
use super::instructions;
use super::stages::Build;
use crate::entry;
use crate::formats::{self, Format, Near, Yield};
use crate::model::{Inventory, Says};
use crate::source::Source;

entry! {
    /// `Dockerfile` and `Containerfile`, the images that a build starts from and copies from.
    ///
    /// The image that the last stage starts from, directly or through other stages, is required at run time; all others,
    /// and the frontend that `# syntax=` names, to build. `ARG`s are what those give who build it (`args` of a Compose service
    /// or a bake target, `build-args` of `docker/build-push-action`, `buildArgs` of Skaffold), else their defaults; an image
    /// named by a variable without either, or by an argument that only the builder's environment knows, is reported as
    /// unpinned. Where builds give different arguments, all that they hold is held, each with its arguments as a condition.
    /// `--build-arg` in scripts is not read.
    ///
    /// Of each stage it also reads what it sets (`ENV`, `LABEL`, `ARG`, `FROM --platform`), what it copies or mounts of
    /// the build context, what it copies out of other stages and images, which commands it runs, and what those install:
    /// packages of pip, uv, pipx, poetry, conda, npm and its kin, cargo, go, gem, apt, apk, dnf, zypper, dpkg and rpm with
    /// their versions and indexes, and the lockfiles and requirements files that they install from. What a command installs at an
    /// exact version, a commit, a tag or an address is a component (`torch==2.8.0`, `npm install -g pnpm@9.12.3`,
    /// `git+https://…@v1`): required at run time where its stage is in what runs, or an environment is copied out of it, else to
    /// build. What such a package brings along does not stand in the file. What `ONBUILD` holds
    /// back counts in the stages that start from its own. A name that a Compose file gives to a build context
    /// (`additional_contexts`) takes the place of a stage or an image of that name: what it is then is not known here.
    /// Values of variables and labels whose names are those of secrets are not kept.
    /// Commands are read as a POSIX shell reads them; under another `SHELL` or interpreter they are not read.
    pub Dockerfile = "dockerfile"
}

impl Format for Dockerfile {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Environments]
    }

    fn files(&self) -> &'static [&'static str] {
        &[
            "Dockerfile",
            "Containerfile",
            "Dockerfile.*",
            "Containerfile.*",
            "*.Dockerfile",
            "*.dockerfile",
            "*.Containerfile",
            "*.containerfile",
        ]
    }

    fn takes(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        let end = name.rsplit('.').next().unwrap_or_default();
        !OTHERS.contains(&end) && self.files().iter().any(|glob| formats::matches(glob, name))
    }

    fn is_of(&self, path: &str, text: &str) -> bool {
        let end = path.rsplit('.').next().unwrap_or_default();
        // What is filled in first is no Dockerfile yet.
        let is_filled_in = || ["{{", "{%", "<%"].iter().any(|mark| text.contains(mark));
        !TEMPLATES.contains(&end) || (!is_filled_in() && text.lines().any(|line| line.starts_with("FROM ")))
    }

    fn recognizes(&self, text: &str) -> bool {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.next().is_some_and(|line| line.starts_with("FROM ") || line.starts_with("ARG "))
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        read(source, &Given::new())
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        arguments::join(inventory, near);
        contexts::join(inventory, near);
    }
}

/// Reads a file as it is built with some arguments.
pub(super) fn read(source: &Source<'_>, given: &Given) -> Result<Inventory> {
    if source.text.trim().is_empty() {
        return Err(source.fault(source.start(), "the file is empty"));
    }
    let file = instructions::read(source.text);
    let mut inventory = Inventory::new(source, "dockerfile");
    inventory.says = Says { licence: false, ..Says::ALL };
    for (place, message) in file.faults {
        inventory.fault(source.place_at(place), message);
    }
    if !file.instructions.iter().any(|instruction| instruction.keyword == "FROM" && !instruction.onbuild) {
        return Err(source.fault(source.start(), "the file has no FROM instruction"));
    }
    let mut build = Build::new(source, file.escape, inventory, given);
    if let Some(syntax) = file.syntax {
        build.syntax(syntax);
    }
    for instruction in &file.instructions {
        build.read(instruction);
    }
    Ok(build.finish())
}

/// What the names of files end with that speak of Dockerfiles and are none: a list of what a build does not see, a page, a
/// syntax for an editor, a program.
const OTHERS: &[&str] =
    &["dockerignore", "go", "html", "js", "md", "nanorc", "py", "rst", "tmLanguage", "tmPreferences", "ts", "vim"];

/// What the names of templates of Dockerfiles end with.
const TEMPLATES: &[&str] =
    &["ejs", "erb", "gotmpl", "hbs", "in", "j2", "jinja", "jinja2", "m4", "mustache", "template", "tmpl", "tpl"];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::{Gap, Requirement};
    use crate::source::{FileId, Place};

    fn read(text: &str) -> Result<Inventory> {
        Dockerfile.parse(&Source { file: FileId(0), path: "Dockerfile", text })
    }

    /// Each requirement as `purl scope extra|environment|constraint @ place`, each gap and fault behind them.
    fn facts(text: &str) -> Vec<String> {
        let inventory = read(text).unwrap();
        let cut = |place: Place| &text[place.start as usize..][..place.len as usize];
        let requirement = |requirement: &Requirement| {
            let Requirement { scope, constraint, environment, extra } = requirement;
            format!("{} {extra}|{environment}|{constraint}", scope.name())
        };
        let mut facts = Vec::new();
        for edge in &inventory.edges {
            let component = inventory.component(edge.to).unwrap();
            let purl = component.purl.as_str().trim_start_matches("pkg:docker/");
            facts.push(format!("{purl} {} @ {}", requirement(edge.requirement), cut(edge.place)));
            let place = cut(inventory.nodes[edge.to as usize].place);
            assert!(place.contains(component.purl.name()), "{place} does not hold {purl}");
        }
        for declared in &inventory.declared {
            let gap = match &declared.gap {
                Gap::Ambiguous(nodes) => format!("{} candidates", nodes.len()),
                gap => format!("{gap:?}"),
            };
            facts.push(format!("{} {} {gap}", declared.name, requirement(declared.requirement)));
        }
        facts.extend(inventory.faults.iter().map(|fault| format!("fault {}: {}", cut(fault.place), fault.message)));
        facts
    }

    #[test]
    fn stages_say_what_ships() {
        for (text, expected) in [
            ("FROM python:3.12\nRUN x", vec!["python@3.12 runtime || @ python:3.12"]),
            (
                "FROM golang:1 AS Build\nFROM alpine:3\nCOPY --from=build /a /b\n",
                vec!["golang@1 build build|| @ golang:1", "alpine@3 runtime || @ alpine:3"],
            ),
            (
                "FROM a:1 AS base\nFROM base AS mid\nFROM b:1 AS other\nFROM MID AS last",
                vec!["a@1 runtime base|| @ a:1", "b@1 build other|| @ b:1"],
            ),
            (
                "FROM scratch\nCOPY --from=uv.example/uv:1 /uv /\n",
                vec!["uv@1?repository_url=uv.example build || @ uv.example/uv:1"],
            ),
            ("FROM alpine AS alpine\nFROM alpine\n", vec!["alpine runtime alpine|| @ alpine"]),
            (
                "FROM a\nFROM b\nCOPY --from=0 x y\nCOPY --from=7 x y",
                vec!["a build || @ a", "b runtime || @ b", "fault 7: there is no stage 7"],
            ),
            ("FROM a\nCOPY --from=late x y\nFROM b AS late\n", vec!["a build || @ a", "b runtime late|| @ b"]),
            (
                "FROM a\nRUN --mount=type=bind,from=cache:1,target=/x --mount=type=cache,target=/y x\nADD --from=q x y",
                vec!["a runtime || @ a", "cache@1 build || @ cache:1"],
            ),
            (
                "FROM a\nRUN \\\n --mount=\"from=c:1\",target=/x \\\n x",
                vec!["a runtime || @ a", "c@1 build || @ --mount=\"from=c:1\",target=/x"],
            ),
            ("FROM a\nFROM a AS b\n", vec!["a build || @ a", "a runtime b|| @ a"]),
            (
                "FROM a\nONBUILD COPY --from=x /y /z\nONBUILD COPY --from=x:1 /y /z",
                vec!["a runtime || @ a", "x@1 build || @ x:1"],
            ),
            (
                "# syntax=docker/dockerfile:1\nFROM a",
                vec!["docker/dockerfile@1 build syntax|| @ docker/dockerfile:1", "a runtime || @ a"],
            ),
            ("FROM --platform=linux/arm64 a", vec!["a runtime |linux/arm64| @ a"]),
            ("FROM --platform=$BUILDPLATFORM a", vec!["a runtime |$BUILDPLATFORM| @ a"]),
            ("FROM a\nRUN <<EOF\nFROM b\nEOF\n", vec!["a runtime || @ a"]),
        ] {
            assert_eq!(facts(text), expected, "{text}");
        }
    }

    #[test]
    fn variables_come_from_before_the_first_stage() {
        for (text, expected) in [
            (
                "ARG V=3.12\nFROM python:${V}-slim",
                vec!["python@3.12-slim runtime ||python:${V}-slim @ python:${V}-slim"],
            ),
            ("ARG B=\"python:3\"\nFROM $B", vec!["python@3 runtime ||$B @ $B"]),
            (
                "ARG V=1\nFROM a:$V AS x\nARG W=2\nFROM b:${W:-3}",
                vec!["a@1 build x||a:$V @ a:$V", "b@3 runtime ||b:${W:-3} @ b:${W:-3}"],
            ),
            ("ARG B\nFROM ${B}", vec!["${B} runtime ||${B} Unpinned"]),
            ("ARG B=\nFROM ${B}", vec!["${B} runtime ||${B} Unpinned"]),
            ("ARG T\nARG B=python:$T\nFROM $B AS s", vec!["$B runtime s||$B Unpinned"]),
            ("ARG P=linux/amd64\nFROM --platform=$P a", vec!["a runtime |linux/amd64| @ a"]),
            (
                "FROM a:1 AS b-amd64\nFROM a:2 AS b-arm64\nFROM b-${TARGETARCH}\n",
                vec![
                    "a@1 build b-amd64|| @ a:1",
                    "a@2 build b-arm64|| @ a:2",
                    "b-${TARGETARCH} runtime ||b-${TARGETARCH} 2 candidates",
                ],
            ),
            (
                "FROM a:1 AS b-amd64\nFROM b-amd64 AS b-arm64\nFROM b-${TARGETARCH}\n",
                vec!["a@1 build b-amd64|| @ a:1", "a@1 runtime ||b-${TARGETARCH} @ b-${TARGETARCH}"],
            ),
            (
                "FROM a\nCOPY --from=$X x y",
                vec![
                    "a runtime || @ a",
                    "fault $X: \"from\" takes no variables: name a stage that starts FROM the variable",
                ],
            ),
        ] {
            assert_eq!(facts(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_stepped_over() {
        for (text, expected) in [
            (
                "FROM Python:3\nFROM b",
                vec!["b runtime || @ b", "fault Python:3: the repository \"Python\" must be in lower case"],
            ),
            ("FROM a AS 1x", vec!["a runtime || @ a", "fault 1x: \"1x\" is no name for a stage"]),
            ("FROM a b", vec!["fault FROM: FROM takes an image, and maybe \"AS\" and a name"]),
            ("RUN x\nFROM a", vec!["a runtime || @ a", "fault RUN: RUN before the first FROM"]),
            ("FROM ${a^}", vec!["fault ${a^}: unsupported modifier (^) in substitution"]),
            ("FROM a\nONBUILD FROM b", vec!["a runtime || @ a", "fault FROM: ONBUILD may not hold FROM"]),
        ] {
            assert_eq!(facts(text), expected, "{text}");
        }
        for (text, expected) in [("", "the file is empty"), ("ARG X\nRUN y", "the file has no FROM instruction")] {
            assert_eq!(read(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn digests_are_kept_apart_from_tags() {
        let text = format!("FROM python:3.12@sha256:{}", "0a".repeat(32));
        let inventory = read(&text).unwrap();
        let component = inventory.component(1).unwrap();
        assert_eq!((component.version(), component.digests.len()), ("3.12", 1));
    }

    #[test]
    fn lists_of_ignored_files_are_left_out() {
        for (name, expected) in [
            ("Dockerfile", true),
            ("Dockerfile.gpu", true),
            ("api.Dockerfile", true),
            ("Containerfile", true),
            ("Dockerfile.dockerignore", false),
            ("api.Dockerfile.dockerignore", false),
            (".dockerignore", false),
            ("Dockerfiles", false),
            ("Dockerfile.5.md", false),
            ("Dockerfile.j2", true),
        ] {
            assert_eq!(Dockerfile.takes(name), expected, "{name}");
        }
    }

    #[test]
    fn templates_are_read_where_nothing_is_filled_in() {
        for (name, text, expected) in [
            ("Dockerfile", "", true),
            ("Dockerfile.in", "FROM a\n", true),
            ("Dockerfile.in", "#include \"x\"\n", false),
            ("Dockerfile.j2", "FROM {{ base }}\n", false),
            ("Dockerfile.template", "{% if x %}\nFROM a\n{% endif %}\n", false),
        ] {
            assert_eq!(Dockerfile.is_of(name, text), expected, "{name}: {text}");
        }
        assert_eq!(facts("FROM BASEIMAGE\nFROM a"), vec!["a runtime || @ a", "BASEIMAGE build || Unpinned"]);
    }

    /// Files cut anywhere, and with a part taken out, are no reason to panic; every place can be cut from the text.
    #[test]
    fn cut_files_do_not_panic() {
        const TEXT: &str = "# escape=\\\n# syntax=é/x:1\nARG A=\"é b\" B=${A:-é}\r\nFROM --platform=é \\\n é${B%%*é}:1 AS é\n\
            FROM a:${X}\\\n# é\n AS b\nRUN --mount=\"from=é\",x <<-\"É\" <<'B' \\é\n\té\n\tÉ\nB\nONBUILD COPY --from=\\éb:1 x é\nFROM b";
        let boundaries: Vec<usize> = (0..=TEXT.len()).filter(|end| TEXT.is_char_boundary(*end)).collect();
        for (index, end) in boundaries.iter().enumerate() {
            for skip in [1, 3, 9, boundaries.len()] {
                let rest = boundaries.get(index + skip).map_or("", |from| &TEXT[*from..]);
                let text = format!("{}{rest}", &TEXT[..*end]);
                let Ok(inventory) = read(&text) else { continue };
                let faults = inventory.faults.iter().map(|fault| fault.place);
                for place in inventory.edges.iter().map(|edge| edge.place).chain(faults) {
                    assert!(text.get(place.start as usize..(place.start + place.len) as usize).is_some(), "{text}");
                }
            }
        }
        let many: String = (0..3000).map(|stage| format!("FROM s$X AS s{stage}\n")).collect();
        assert_eq!(read(&format!("FROM a AS s\n{many}")).unwrap().nodes.len(), 2);
    }
}
