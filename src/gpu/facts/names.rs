//! Names of GPUs, as people and tools write them.

use super::{Gpu, Gpus, gpus, rocm};

/// Says whether a name is that of a GPU of the tables, whoever makes it.
pub fn is_gpu(name: &str) -> bool {
    gpus().find(name).is_some() || rocm().find(name).is_some()
}

/// Says which GPU was probably meant: `, did you mean "GeForce RTX 4090"?`; nothing where no name is near.
pub fn gpu_hint(name: &str) -> String {
    let joined = |name: &str| words(name).join(" ");
    let asked = joined(name);
    let names: Vec<(String, &str)> = gpus().models.iter().map(|gpu| (joined(&gpu.name), gpu.name.as_str())).collect();
    let near = crate::suggest::closest(&asked, names.iter().map(|(joined, _)| joined.as_str()));
    let full = near.and_then(|near| names.iter().find(|(joined, _)| joined == near));
    full.map_or_else(String::new, |(_, name)| format!(", did you mean \"{name}\"?"))
}

impl Gpus {
    /// Finds a model by a name as people or tools write it: `A100`, `NVIDIA-A100-SXM4-40GB-MIG-1g.5gb`, `Tesla T4`.
    ///
    /// The longest name that the text begins with wins, word by word, so that `L40S` is no `L40`. A text that is the
    /// beginning of several names is one of them only where all are of one architecture: `RTX 6000` may be two.
    pub fn find(&'static self, name: &str) -> Option<&'static Gpu> {
        let asked = words(name);
        if asked.is_empty() {
            return None;
        }
        let begins = self.models.iter().filter(|gpu| asked.starts_with(&words(&gpu.name)));
        if let Some(gpu) = begins.max_by_key(|gpu| words(&gpu.name).len()) {
            return Some(gpu);
        }
        let mut longer = self.models.iter().filter(|gpu| {
            let words = words(&gpu.name);
            words.strip_prefix(&["quadro".to_owned()][..]).unwrap_or(&words).starts_with(&asked)
        });
        let first = longer.next()?;
        longer.all(|gpu| gpu.sm == first.sm).then_some(first)
    }
}

/// Returns the words of a GPU's name, less its makers' names.
pub(super) fn words(name: &str) -> Vec<String> {
    let name = name.to_ascii_lowercase();
    let words = name.split(|c: char| c.is_whitespace() || matches!(c, '-' | '_')).filter(|word| !word.is_empty());
    let words = words.flat_map(parts).skip_while(|word| matches!(*word, "nvidia" | "tesla" | "geforce"));
    words.map(str::to_owned).collect()
}

/// Parts a word of a name that was written without its spaces: `rtx4070ti` is `rtx`, `4070`, `ti`.
fn parts(word: &str) -> Vec<&str> {
    const BEFORE: &[&str] = &["nvidia", "geforce", "tesla", "quadro", "rtx", "gtx", "pro"];
    const BEHIND: &[&str] = &["super", "ti"];
    let before = BEFORE.iter().find_map(|part| {
        let rest = word.strip_prefix(part)?;
        // `pro` and what is sold by number stand before that number; the makers' names before anything.
        let is_part = rest.starts_with(|c: char| c.is_ascii_digit())
            || (!rest.is_empty() && matches!(*part, "nvidia" | "geforce" | "tesla" | "quadro"))
            || (*part == "rtx" && rest.starts_with("pro"));
        is_part.then(|| (&word[..part.len()], rest))
    });
    if let Some((part, rest)) = before {
        return std::iter::once(part).chain(parts(rest)).collect();
    }
    let behind = BEHIND.iter().find_map(|part| {
        let rest = word.strip_suffix(part)?;
        let is_part = rest.ends_with(|c: char| c.is_ascii_digit()) || (rest.ends_with("ti") && rest.len() > 2);
        is_part.then(|| (rest, &word[rest.len()..]))
    });
    match behind {
        Some((rest, part)) => parts(rest).into_iter().chain([part]).collect(),
        None => vec![word],
    }
}
