//! Where a folder stands in its repository: code hosts know files by their paths from there.

use std::env;
use std::path::{Path, PathBuf};

/// The variables by which CI systems name the folder that they cloned into: GitHub Actions', GitLab's.
const CLONES: &[&str] = &["GITHUB_WORKSPACE", "CI_PROJECT_DIR"];

/// Returns the path of a folder from the root of its repository, `services/api`; empty at the root, and where there is none.
///
/// The root is the folder that the CI system cloned into, if it is around; else the nearest with a `.git`.
pub fn below(folder: &Path) -> String {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(folder) = folder.canonicalize() else { return String::new() };
    let cloned = CLONES.iter().filter_map(env::var_os).filter(|clone| !clone.is_empty());
    let cloned = cloned.filter_map(|clone| PathBuf::from(clone).canonicalize().ok());
    let around = cloned.chain(folder.ancestors().find(|around| around.join(".git").exists()).map(Path::to_owned));
    let parts = around.filter_map(|root| Some(folder.strip_prefix(root).ok()?.to_owned())).next();
    let parts = parts.unwrap_or_default();
    parts.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}
