//! What a misspelled name was probably meant to be.

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

/// Says which package was probably meant by a name or a purl: `, did you mean "torch"?`; nothing where none is near.
pub fn package<'c>(wrong: &str, names: impl IntoIterator<Item = &'c str>) -> String {
    let bare = wrong.rsplit('/').next().unwrap_or(wrong);
    let bare = bare.split(['@', '?', '#']).next().unwrap_or(bare);
    let near = closest(bare, names).filter(|near| *near != bare);
    near.map(|near| format!(", did you mean \"{}\"?", near.escape_debug())).unwrap_or_default()
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
    fn hints_read_well() {
        assert_eq!(hint("dney", ["deny", "warn"]), ", did you mean \"deny\"?");
        assert_eq!(hint("banana", ["deny", "warn", "allow"]), ", expected \"deny\", \"warn\" or \"allow\"");
        assert_eq!(hint("banana", []), "");
    }
}
