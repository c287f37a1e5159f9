//! What a misspelled name was probably meant to be.

/// Names longer than this are not compared: a distance costs the product of both lengths.
const LONGEST: usize = 64;

/// Returns the candidate that `wrong` was probably meant to be; none where nothing is near.
///
/// Case and `_` for `-` cost nothing, and one edit in three letters is near. Of equals, the first wins.
pub fn closest<'c>(wrong: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let wrong = plain(wrong)?;
    let limit = (wrong.len() / 3).max(1);
    let distances = candidates.into_iter().filter_map(|candidate| {
        let letters = plain(candidate)?;
        let distance = distance(&wrong, &letters);
        // Of a name of two letters, one edit leaves nothing to know it by.
        (distance <= limit && distance < letters.len().min(wrong.len())).then_some((distance, candidate))
    });
    distances.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
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

fn plain(name: &str) -> Option<Vec<char>> {
    let letters = |character: char| if character == '_' { '-' } else { character.to_ascii_lowercase() };
    (name.len() <= LONGEST).then(|| name.chars().map(letters).collect())
}

/// Counts insertions, deletions, replacements and swaps of neighbours that make `b` of `a`.
///
/// This is the Damerau-Levenshtein distance in its restricted form: no letter is edited twice.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("deny", "deny", 0),
            ("dney", "deny", 1),
            ("den", "deny", 1),
            ("denny", "deny", 1),
            ("kitten", "sitting", 3),
            ("ca", "abc", 3),
        ] {
            let letters = |text: &str| text.chars().collect::<Vec<char>>();
            assert_eq!(distance(&letters(a), &letters(b)), expected, "{a} {b}");
            assert_eq!(distance(&letters(b), &letters(a)), expected, "{b} {a}");
        }
    }

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
