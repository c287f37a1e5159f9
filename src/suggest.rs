//! What a misspelled name was probably meant to be.

use std::collections::{BTreeMap, BTreeSet};

/// Names longer than this are not compared: a distance costs the product of both lengths.
const LONGEST: usize = 64;

/// Returns the candidate that `wrong` was probably meant to be; none where nothing is near.
///
/// Case and `_` for `-` cost nothing, and one edit in three letters is near. Of equals, the first wins.
pub fn closest<'c>(wrong: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let wrong = plain(wrong)?;
    let long = wrong.chars().count();
    let limit = (long / 3).max(1);
    let distances = candidates.into_iter().filter_map(|candidate| {
        let letters = plain(candidate)?;
        // Insertions, deletions, replacements and swaps of neighbours.
        let distance = strsim::osa_distance(&wrong, &letters);
        // Of a name of two letters, one edit leaves nothing to know it by.
        (distance <= limit && distance < letters.chars().count().min(long)).then_some((distance, candidate))
    });
    distances.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// Says which package was probably meant by a name or a purl: `, did you mean "torch"?`; nothing where none is near. What ends
/// in the name is nearest: `vllm/vllm-openai` for `vllm-openai`.
pub fn package<'c>(wrong: &str, names: impl IntoIterator<Item = &'c str>) -> String {
    let bare = wrong.rsplit('/').next().unwrap_or(wrong);
    let bare = bare.split(['@', '?', '#']).next().unwrap_or(bare);
    let names: BTreeSet<&str> = names.into_iter().collect();
    let ends: Vec<&str> = names.iter().copied().filter(|name| is_last_part(bare, name)).take(MOST).collect();
    if !ends.is_empty() {
        let ends: Vec<String> = ends.into_iter().map(|name| name.escape_debug().to_string()).collect();
        let ends: Vec<&str> = ends.iter().map(String::as_str).collect();
        return format!(", did you mean {}?", either(&ends));
    }
    let near = closest(bare, names.iter().copied()).filter(|near| *near != bare).or_else(|| {
        // A misspelled name without its namespace.
        let lasts = names.iter().filter_map(|name| Some((last_part(name)?, *name)));
        let lasts: BTreeMap<&str, &str> = lasts.collect();
        closest(bare, lasts.keys().copied()).map(|last| lasts[last])
    });
    near.map(|near| format!(", did you mean \"{}\"?", near.escape_debug())).unwrap_or_default()
}

/// How many packages of one last name are offered.
const MOST: usize = 3;

/// Says whether a name is the last part of a package's, less what stands before it: a namespace, an organisation. Case counts
/// for nothing.
pub fn is_last_part(name: &str, whole: &str) -> bool {
    last_part(whole).is_some_and(|last| last.eq_ignore_ascii_case(name))
}

/// Returns the last part of a name that has several.
fn last_part(whole: &str) -> Option<&str> {
    let (_, last) = whole.rsplit_once(['/', ':'])?;
    (!last.is_empty()).then_some(last)
}

/// Says what names there are: `, did you mean "deny"?` where one is near, else `, expected "deny" or "warn"` where they
/// are few, else nothing.
pub fn hint<'c>(wrong: &str, candidates: impl IntoIterator<Item = &'c str>) -> String {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    if let Some(near) = closest(wrong, candidates.iter().copied()) {
        return format!(", did you mean \"{near}\"?");
    }
    if candidates.is_empty() || candidates.len() > 12 {
        return String::new();
    }
    format!(", expected {}", either(&candidates))
}

/// Lists names as a choice: `"deny", "warn" or "allow"`.
pub fn either(names: &[&str]) -> String {
    let mut text = String::new();
    for (index, name) in names.iter().enumerate() {
        text.push_str(match index {
            0 => "",
            _ if index + 1 == names.len() => " or ",
            _ => ", ",
        });
        text.push_str(&format!("\"{name}\""));
    }
    text
}

fn plain(name: &str) -> Option<String> {
    let letters = |character: char| if character == '_' { '-' } else { character.to_ascii_lowercase() };
    (name.len() <= LONGEST).then(|| name.chars().map(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found() {
        let rules = ["version-drift", "floating-tag", "integrity-drift", "added"];
        for (wrong, expected) in [
            ("version_drift", Some("version-drift")),
            ("Version-Drift", Some("version-drift")),
            ("versoin-drift", Some("version-drift")),
            ("version-drfit", Some("version-drift")),
            ("floatingtag", Some("floating-tag")),
            ("adde", Some("added")),
            ("unpinned", None),
            ("", None),
        ] {
            assert_eq!(closest(wrong, rules), expected, "{wrong}");
        }
        assert_eq!(closest(&"x".repeat(100_000), rules), None);
        assert_eq!(closest("ab", ["cd"]), None);
    }

    #[test]
    fn packages_are_known_by_their_last_part() {
        let names = ["torch", "vllm/vllm-openai", "nvidia/cuda", "team/cuda", "org.example:lib", "@scope/name"];
        for (wrong, expected) in [
            ("vllm-openai", ", did you mean \"vllm/vllm-openai\"?"),
            ("VLLM-OpenAI", ", did you mean \"vllm/vllm-openai\"?"),
            ("vllm-opena", ", did you mean \"vllm/vllm-openai\"?"),
            ("cuda", ", did you mean \"nvidia/cuda\" or \"team/cuda\"?"),
            ("lib", ", did you mean \"org.example:lib\"?"),
            ("pkg:npm/name@1", ", did you mean \"@scope/name\"?"),
            ("trch", ", did you mean \"torch\"?"),
            ("numpy", ""),
        ] {
            assert_eq!(package(wrong, names), expected, "{wrong}");
        }
        assert!(is_last_part("cuda", "nvidia/cuda") && !is_last_part("cuda", "cuda") && !is_last_part("", "a/"));
    }

    #[test]
    fn hints_read_well() {
        assert_eq!(hint("dney", ["deny", "warn"]), ", did you mean \"deny\"?");
        assert_eq!(hint("banana", ["deny", "warn", "allow"]), ", expected \"deny\", \"warn\" or \"allow\"");
        assert_eq!(hint("banana", []), "");
    }
}
