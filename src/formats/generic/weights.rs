//! The weights of models by digest and size: the files themselves, or the pointers that Git LFS keeps in their place.
//!
//! Specification: "Git LFS Specification", the pointer. What is made of the files themselves is in [`crate::binary::weights`].

use anyhow::Result;

use super::is_weights;
use crate::entry;
use crate::formats::Format;
use crate::formats::Yield::{self, Digests};
use crate::intern;
use crate::model::{Algorithm, Component, Digest, Inventory, Kind, Purl, Requirement, SUBJECT, Says};
use crate::source::{self, Source};

entry! {
    /// Weights of models: `*.gguf` and `*.safetensors`, and Git LFS pointers to those, `*.bin`, `*.onnx`, `*.pt` and others.
    ///
    /// Each file is a component with its name, its SHA-256 digest, and its size as a property; the weights in one folder are one
    /// subject, which is called by the folder: `models/llama/`, and `./` at the root.
    ///
    /// # What is read
    /// A repository of a model holds, in the place of each large file, a text with digest and size: a pointer of Git LFS. It is
    /// told by its text. GGUF and safetensors files are told by their ending and their first bytes, in a folder, in a commit
    /// and in an image, and their digest is taken of all their bytes, so that a clone with its weights and one without say
    /// the same; weights that git ignores are not looked at. Of other kinds of weights, which are told by no ending that is
    /// theirs alone, only pointers are read.
    ///
    /// All bytes have to be read, as fast as the disk gives them: `[scan] exclude` leaves a folder of weights out.
    pub Weights = "weights"
}

/// How the first line of a pointer begins, and how it did before the program had its name.
const SPECS: [&str; 2] = ["version https://git-lfs.github.com/spec/", "version https://hawser.github.com/spec/"];

impl Format for Weights {
    fn files(&self) -> &'static [&'static str] {
        &[
            "*.bin",
            "*.ckpt",
            "*.engine",
            "*.gguf",
            "*.ggml",
            "*.h5",
            "*.joblib",
            "*.keras",
            "*.llamafile",
            "*.nemo",
            "*.npz",
            "*.onnx",
            "*.pb",
            "*.pickle",
            "*.pkl",
            "*.plan",
            "*.pt",
            "*.pte",
            "*.pth",
            "*.safetensors",
            "*.tflite",
        ]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Digests]
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        SPECS.iter().any(|spec| text.starts_with(spec))
    }

    // "Pointer files must be less than 1024 bytes in size"; here with a line end more than that.
    fn most(&self) -> u64 {
        2048
    }

    fn weighs(&self, path: &str) -> bool {
        [".gguf", ".safetensors"].iter().any(|ending| path.ends_with(ending))
    }

    fn gathers(&self, path: &str) -> Option<String> {
        let folder = source::folder(path);
        Some(format!("{}/", if folder.is_empty() { "." } else { folder }))
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let pairs = || source.text.lines().filter_map(|line| line.trim_end().split_once(' '));
        let value = |key: &str| pairs().find(|(known, _)| *known == key).map(|(_, value)| value);
        let version = value("version").unwrap_or_default();
        if !version.ends_with("/v1") {
            let shown: String = version.chars().take(60).flat_map(char::escape_debug).collect();
            return Err(source.fault(source.place(version), format!("{shown} is not known; a pointer of v1 is read")));
        }
        let Some(oid) = value("oid") else {
            return Err(source.fault(source.start(), "a pointer without `oid`; check the file out again"));
        };
        let hex = oid.strip_prefix("sha256:").unwrap_or_default();
        let Some(digest) = Digest::hex(Algorithm::Sha256, hex) else {
            return Err(
                source.fault(source.place(oid), "no SHA-256 digest: `sha256:` and 64 hexadecimal digits are expected")
            );
        };
        let mut inventory = Inventory::new(source, "weights");
        inventory.says = Says { edges: false, scopes: false, origin: false, licence: false, ..Says::ALL };
        let name = source.path.rsplit('/').next().unwrap_or(source.path);
        let mut component = Component::new(Purl::new("generic", "", name, ""));
        component.kind = if is_weights(name) { Kind::Model } else { Kind::Data };
        component.digests.push(digest);
        match value("size").filter(|size| !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_digit())) {
            Some(size) => component.properties.push(("size", intern::text(size))),
            None => inventory.fault(source.start(), "a pointer without `size`; check the file out again"),
        }
        let place = source.place(oid);
        let node = inventory.add(component, place);
        inventory.edge(SUBJECT, node, Requirement::default(), place);
        Ok(inventory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn pointers_are_told_from_weights_and_read() {
        let hex = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
        let first = "version https://git-lfs.github.com/spec/v1\n";
        for (text, expected) in [
            (format!("{first}oid sha256:{hex}\nsize 12345\n"), "1 and 0"),
            (format!("version https://hawser.github.com/spec/v1\noid sha256:{hex}\r\nsize 1\r\n"), "1 and 0"),
            (format!("{first}ext-0-foo sha256:{hex}\noid sha256:{hex}\nsize x\n"), "1 and 1"),
            (format!("{first}size 1\n"), "a pointer without `oid`; check the file out again"),
            (
                first.to_owned() + "oid sha256:00\n",
                "no SHA-256 digest: `sha256:` and 64 hexadecimal digits are expected",
            ),
            (
                "version https://git-lfs.github.com/spec/v9\n".to_owned(),
                "https://git-lfs.github.com/spec/v9 is not known; a pointer of v1 is read",
            ),
        ] {
            assert!(Weights.is_of("a.gguf", &text), "{text}");
            let told = match Weights.parse(&Source { file: FileId(0), path: "m/a.gguf", text: &text }) {
                Ok(inventory) => format!("{} and {}", inventory.nodes.len() - 1, inventory.faults.len()),
                Err(error) => error.to_string(),
            };
            assert_eq!(told, expected, "{text}");
        }
        for other in ["", "GGUF", "version 1\n", "x\nversion https://git-lfs.github.com/spec/v1\n"] {
            assert!(!Weights.is_of("a.gguf", other), "{other}");
        }
    }
}
