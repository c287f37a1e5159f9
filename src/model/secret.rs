//! What looks like a secret, by the name that it goes by: no report, BOM or message holds it.

use std::borrow::Cow;
use std::ops::Range;

/// Words of a name that make it a secret's: those that BuildKit's own check of build arguments knows, and a few more.
const WORDS: &[&str] = &[
    "apikey",
    "auth",
    "credential",
    "credentials",
    "jwt",
    "key",
    "passphrase",
    "passwd",
    "password",
    "pword",
    "secret",
    "token",
];

/// What stands for a secret.
pub const COVER: &str = "***";

/// Says whether a variable, label or option of this name holds a secret, by the words of its name.
pub fn is_secret(name: &str) -> bool {
    let has = |wanted: &[&str]| {
        let mut words = name.split(['_', '-', '.']);
        words.any(|word| wanted.iter().any(|secret| word.eq_ignore_ascii_case(secret)))
    };
    has(WORDS) && !has(&["public", "pub"])
}

/// Returns what may be shown of a variable's or a label's value, and whether it is a secret.
pub fn value<'v>(name: &str, value: &'v str) -> (Cow<'v, str>, bool) {
    // What another variable gives is not known here.
    if value.is_empty() || value.starts_with('$') || !is_secret(name) {
        return (covered(value), false);
    }
    (Cow::Borrowed(COVER), true)
}

/// Returns a text without the secrets in it: each is covered by three stars.
pub fn covered(text: &str) -> Cow<'_, str> {
    let secrets = secrets(text);
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for secret in secrets {
        shown.push_str(&text[at..secret.start]);
        shown.push_str(COVER);
        at = secret.end;
    }
    shown.push_str(&text[at..]);
    Cow::Owned(shown)
}

/// Returns where secrets stand in a text, in order: what is set under a secret's name, what an option of such a name
/// takes, what lets in at an address.
pub fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    users(text, &mut found);
    set(text, &mut found);
    taken(text, &mut found);
    found.retain(|range: &Range<usize>| !range.is_empty() && !text[range.clone()].starts_with(['$', '*']));
    found.sort_unstable_by_key(|range| (range.start, range.end));
    let mut apart: Vec<Range<usize>> = Vec::with_capacity(found.len());
    for range in found {
        match apart.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    apart
}

/// The user before the host of an address, with a password or as a token; in an address with escapes too, as a purl holds one.
fn users(text: &str, found: &mut Vec<Range<usize>>) {
    for (slashes, is_escaped) in [("//", false), ("%2F%2F", true), ("%2f%2f", true)] {
        for (at, _) in text.match_indices(slashes) {
            let Some(scheme) = [":", "%3A", "%3a"].iter().find_map(|colon| text[..at].strip_suffix(colon)) else {
                continue;
            };
            let start = at + slashes.len();
            let rest = &text[start..];
            let ends = |(at, sign): &(usize, char)| {
                let escape = rest.get(at + 1..at + 3).filter(|_| is_escaped && *sign == '%');
                sign.is_whitespace()
                    || "/?#\"'\\`<>|;,".contains(*sign)
                    || is_escaped && *sign == '&'
                    || escape.is_some_and(|escape| ["2F", "2f", "3F", "3f", "23"].contains(&escape))
            };
            let user = &rest[..rest.char_indices().find(ends).map_or(rest.len(), |(at, _)| at)];
            let Some(len) = ["@", "%40"].iter().filter_map(|sign| user.rfind(sign)).max() else { continue };
            // `ssh://git@host` names no secret.
            let has_password = [":", "%3A", "%3a"].iter().any(|colon| user[..len].contains(colon));
            if has_password || !scheme.ends_with("ssh") {
                found.push(start..start + len);
            }
        }
    }
}

/// `TOKEN=…`, `--token=…`, `?token=…`.
fn set(text: &str, found: &mut Vec<Range<usize>>) {
    let is_of_name = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '_' | '-' | '.');
    let mut end = 0;
    for (at, _) in text.match_indices('=') {
        // What is covered is not looked into: a long chain of names would cost its square.
        if at < end {
            continue;
        }
        let before = text[..at].char_indices().rev().find(|(_, sign)| !is_of_name(*sign));
        let name = &text[before.map_or(0, |(at, sign)| at + sign.len_utf8())..at];
        // `google-auth=2.0` is a package with its version.
        let is_name = name.starts_with("--") || !name.contains(['-', '.']);
        if is_name && is_secret(name) && !text[at + 1..].starts_with('=') {
            let range = behind(text, at + 1);
            end = range.end;
            found.push(range);
        }
    }
}

/// `--password …`, `-u user:…`, `Bearer …`.
fn taken(text: &str, found: &mut Vec<Range<usize>>) {
    let mut words = text.split_ascii_whitespace().peekable();
    while let Some(word) = words.next() {
        let Some(next) = words.peek() else { break };
        let start = next.as_ptr() as usize - text.as_ptr() as usize;
        let name = word.trim_start_matches(['"', '\'', '[', ',']);
        let is_option = name.starts_with("--") && !name.contains('=') && is_secret(&name[2..]);
        if (is_option && !next.starts_with('-')) || matches!(name, "Bearer" | "bearer") {
            found.push(behind(text, start));
        } else if matches!(name, "-u" | "--user")
            && let Some(colon) = next.find(':')
        {
            found.push(behind(text, start + colon + 1));
        }
    }
}

/// Returns the value that begins at `at`, less its quotation marks.
fn behind(text: &str, at: usize) -> Range<usize> {
    let rest = &text[at..];
    if let Some(quote) = rest.chars().next().filter(|first| matches!(first, '"' | '\'')) {
        let end = rest[1..].find(quote).unwrap_or(rest.len() - 1);
        return at + 1..at + 1 + end;
    }
    let end = rest.find(|sign: char| sign.is_whitespace() || "\"';&|)".contains(sign)).unwrap_or(rest.len());
    at..at + end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_secrets() {
        for (name, expected) in [
            ("TOKEN", true),
            ("HF_TOKEN", true),
            ("npm_config__authToken", false),
            ("API_KEY", true),
            ("APIKEY", true),
            ("DB_PASSWORD", true),
            ("aws-secret-access-key", true),
            ("TOKENIZERS_PARALLELISM", false),
            ("MONKEY", false),
            ("PUBLIC_KEY", false),
            ("PATH", false),
            ("", false),
        ] {
            assert_eq!(is_secret(name), expected, "{name}");
        }
    }

    #[test]
    fn long_texts_end() {
        for part in
            ["token=", "--token ", "--token '", "x://@", "token='", "Bearer ", "=", "é=", ":%2F%2F", "%2f%2f@", "//"]
        {
            covered(&part.repeat(200_000));
        }
    }

    #[test]
    fn secrets_are_covered() {
        for (text, expected) in [
            ("pip install torch==2.5.1", "pip install torch==2.5.1"),
            ("pip install google-auth==2.0 pyjwt[token]==1", "pip install google-auth==2.0 pyjwt[token]==1"),
            ("apt-get install python3-google-auth=2.3", "apt-get install python3-google-auth=2.3"),
            ("TOKEN=a b", "TOKEN=*** b"),
            ("export SECRET='a b' && x", "export SECRET='***' && x"),
            ("x --password a --token=b --token $T", "x --password *** --token=*** --token $T"),
            ("x --auth --y", "x --auth --y"),
            ("curl -u me:pw -H \"Authorization: Bearer abc\" y", "curl -u me:*** -H \"Authorization: Bearer ***\" y"),
            ("-i https://me:pw@h.example/a?token=b&c=d", "-i https://***@h.example/a?token=***&c=d"),
            ("https://$TOKEN@h.example ssh://git@h.example/x", "https://$TOKEN@h.example ssh://git@h.example/x"),
            ("x?a=git%2Bhttps%3A%2F%2Fme%3Apw%40h.example%2Fa%40b", "x?a=git%2Bhttps%3A%2F%2F***%40h.example%2Fa%40b"),
            ("x?a=git+https://me:pw%40h.example/a%40b", "x?a=git+https://***%40h.example/a%40b"),
            ("x?a=https:%2f%2fme:p%2523w@h.example&b=c@d", "x?a=https:%2f%2f***@h.example&b=c@d"),
            ("git%2Bssh:%2F%2Fgit%40h.example%2Fa", "git%2Bssh:%2F%2Fgit%40h.example%2Fa"),
            ("// a@b.example", "// a@b.example"),
            ("TOKEN=$OTHER TOKEN= x", "TOKEN=$OTHER TOKEN= x"),
            ("éTOKEN=é", "éTOKEN=***"),
            ("TOKEN=\"", "TOKEN=\""),
            ("TOKEN=", "TOKEN="),
            ("--token", "--token"),
            ("TOKEN=a=TOKEN=b PASSWORD=c", "TOKEN=*** PASSWORD=***"),
        ] {
            assert_eq!(covered(text), expected, "{text}");
            assert_eq!(covered(&covered(text)), expected, "{text}");
        }
    }
}
