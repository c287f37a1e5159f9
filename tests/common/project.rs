//! A project in a folder of its own, and driftgate run in it as scripts run it.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub const CARGO: &str = r#"version = 4

[[package]]
name = "app"
version = "0.1.0"
dependencies = [
 "itoa",
 "serde",
]

[[package]]
name = "itoa"
version = "1.0.14"
source = "registry+https://index.example/crates"
checksum = "d75a2a4b1b190afb6f5425f10f6a8f959d2ea0b9c2b1d79553551850539e4674"

[[package]]
name = "serde"
version = "1.0.219"
source = "registry+https://index.example/crates"
checksum = "5f0e2c6ed6606019b4e29e69dbaba95b11854410e5347d525002456dbbb786b6"
dependencies = [
 "itoa",
]
"#;

pub const REQUIREMENTS: &str =
    "urllib3==2.2.0 --hash=sha256:051d961ad0c62a94e50ecf1af379c3aba230c66c710493493560c0c223c49f20\n";

/// A folder with two subjects, and driftgate run in it.
pub struct Project {
    pub folder: TempDir,
}

impl Project {
    pub fn empty() -> Self {
        Project { folder: tempfile::tempdir().unwrap() }
    }

    pub fn new() -> Self {
        let project = Project::empty();
        project.put("Cargo.lock", CARGO);
        project.put("api/requirements.txt", REQUIREMENTS);
        project
    }

    /// A project whose BOM is pinned.
    pub fn pinned() -> Self {
        let project = Project::new();
        assert_eq!(project.run(&["init"]).code, 0);
        project
    }

    /// A project in a git repository of two commits: itoa goes from 1.0.14 to 1.0.15.
    pub fn repository() -> Self {
        let project = Project::new();
        project.git(&["init", "--quiet", "--initial-branch=main"]);
        project.git(&["add", "."]);
        project.git(&["commit", "--quiet", "-m", "one"]);
        project.bump();
        project.git(&["commit", "--quiet", "-am", "two"]);
        project
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub fn put(&self, file: &str, text: &str) {
        let file = self.path(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub fn get(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    /// Locks a later itoa.
    pub fn bump(&self) {
        self.put("Cargo.lock", &CARGO.replace("1.0.14", "1.0.15").replace("d75a", "d75b"));
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_in("", arguments)
    }

    pub fn run_in(&self, folder: &str, arguments: &[&str]) -> Ran {
        Ran::of(driftgate(&self.path(folder)).args(arguments).output().unwrap())
    }

    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(arguments).out).unwrap()
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        let output = scrubbed(Command::new("git"), self.folder.path())
            .args(["-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// How a run ended.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Says that it ended so, and that standard error names all of `words`.
    #[track_caller]
    pub fn ends(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        for word in words {
            assert!(self.err.contains(word), "no {word:?} in:\n{}", self.err);
        }
        self
    }

    #[track_caller]
    pub fn prints(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.out.contains(word), "no {word:?} in:\n{}", self.out);
        }
        self
    }
}

pub fn scrubbed(mut command: Command, folder: &Path) -> Command {
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command.env("PATH", std::env::var_os("PATH").unwrap()).env("GIT_CONFIG_NOSYSTEM", "1");
    command
}

pub fn driftgate(folder: &Path) -> Command {
    scrubbed(Command::new(assert_cmd::cargo::cargo_bin!("driftgate")), folder)
}
