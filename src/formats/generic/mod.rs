//! Weights and data by their paths and digests: files that no registry names.

mod dvc;
mod dvc_file;
mod dvc_lock;
mod weights;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&dvc_file::DvcFile, &dvc_lock::DvcLock, &weights::Weights];

/// Says by a file's ending whether it holds the weights of a model.
pub(crate) fn is_weights(path: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "bin",
        "ckpt",
        "engine",
        "gguf",
        "ggml",
        "h5",
        "joblib",
        "keras",
        "llamafile",
        "mlmodel",
        "nemo",
        "npz",
        "onnx",
        "pb",
        "pickle",
        "pkl",
        "plan",
        "pt",
        "pte",
        "pth",
        "safetensors",
        "tflite",
    ];
    let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, ending)| ending);
    ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending))
}
