//! Addresses as they may be kept: without what lets in whoever reads them.

use std::borrow::Cow;

/// Parameters of an address whose values let in, in lower case and without `-` and `_`.
const SECRETS: &[&str] = &[
    "accesstoken",
    "apikey",
    "apitoken",
    "auth",
    "authtoken",
    "jobtoken",
    "jwt",
    "oauthtoken",
    "passwd",
    "password",
    "privatetoken",
    "secret",
    "sig",
    "signature",
    "token",
    "xamzcredential",
    "xamzsecuritytoken",
    "xamzsignature",
];

/// Returns an address without user, password and tokens: what BOMs, policies and reports keep of it.
///
/// The user of an SSH address stays, for it is part of the address. A text that is no address is returned as it is, and so
/// is one that hides its host behind a backslash, which is read as one thing here and as another there.
pub fn without_credentials(address: &str) -> Cow<'_, str> {
    without_tokens(without_user(address))
}

fn without_user(address: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = address.split_once("://") else { return Cow::Borrowed(address) };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let Some(at) = rest[..end].rfind('@') else { return Cow::Borrowed(address) };
    let is_ssh = scheme.len() >= 3 && scheme.as_bytes()[scheme.len() - 3..].eq_ignore_ascii_case(b"ssh");
    let kept = if is_ssh { rest[..at].split(':').next().unwrap_or_default() } else { "" };
    if is_ssh && kept.len() == at {
        return Cow::Borrowed(address);
    }
    let sign = if kept.is_empty() { "" } else { "@" };
    Cow::Owned(format!("{scheme}://{kept}{sign}{}", &rest[at + 1..]))
}

fn without_tokens(address: Cow<'_, str>) -> Cow<'_, str> {
    let Some(query) = address.find(['?', '#']).filter(|_| address.contains("://")) else { return address };
    let is_secret = |pair: &str| {
        let Some((key, _)) = pair.split_once('=') else { return false };
        let key: String =
            key.chars().filter(|sign| !"-_".contains(*sign)).map(|sign| sign.to_ascii_lowercase()).collect();
        SECRETS.contains(&key.as_str())
    };
    let signs = ['?', '#', '&', ';'];
    if !address[query..].split(signs).any(is_secret) {
        return address;
    }
    // A part goes with the sign before it; what follows the first of a query takes over its `?`.
    let mut kept = address[..query].to_owned();
    let mut rest = &address[query..];
    let mut owed = None;
    while let Some(sign) = rest.chars().next() {
        let end = rest[1..].find(signs).map_or(rest.len(), |at| at + 1);
        let (part, after) = (&rest[1..end], &rest[end..]);
        rest = after;
        let sign = if matches!(sign, '?' | '#') { sign } else { owed.unwrap_or(sign) };
        if is_secret(part) {
            owed = Some(sign).filter(|sign| matches!(sign, '?' | '#'));
            continue;
        }
        owed = None;
        kept.push(sign);
        kept.push_str(part);
    }
    Cow::Owned(kept)
}

/// Returns an index's address without the slash that some tools write at its end: both are one place (PEP 503).
pub fn index(address: &str) -> &str {
    address.trim_end_matches('/')
}

/// Returns an address up to its path: `https://mirror.example` of `https://mirror.example/simple`.
pub fn host(address: &str) -> &str {
    let start = address.find("://").map_or(0, |at| at + 3);
    let end = address[start..].find('/').map_or(address.len(), |at| start + at);
    &address[..end]
}

#[cfg(test)]
mod tests {
    use super::{host, index, without_credentials};

    #[test]
    fn an_index_has_no_last_slash() {
        for (address, expected) in [
            ("https://packages.example/simple/", "https://packages.example/simple"),
            ("https://packages.example/simple", "https://packages.example/simple"),
            ("https://packages.example/", "https://packages.example"),
            ("conda-forge", "conda-forge"),
            ("", ""),
        ] {
            assert_eq!(index(address), expected);
        }
    }

    #[test]
    fn what_lets_in_is_left_out() {
        for (address, expected) in [
            ("https://mirror.example/simple", "https://mirror.example/simple"),
            ("https://user:s3cret@mirror.example/a@b", "https://mirror.example/a@b"),
            ("https://s3cret@mirror.example", "https://mirror.example"),
            ("git+https://t:s3cret@git.example/a", "git+https://git.example/a"),
            ("ssh://git@git.example/a.git", "ssh://git@git.example/a.git"),
            ("git+SSH://git:s3cret@git.example/a.git", "git+SSH://git@git.example/a.git"),
            ("git@git.example:team/a.git", "git@git.example:team/a.git"),
            ("https://mirror.example/a@2", "https://mirror.example/a@2"),
            ("https://u:s3cret@a@mirror.example/x", "https://mirror.example/x"),
            ("https://evil.example\\@mirror.example/a", "https://evil.example\\@mirror.example/a"),
            ("https://mirror.example/a?token=s3cret", "https://mirror.example/a"),
            ("https://mirror.example/a?Access_Token=s3cret&x=1#sha256=ab", "https://mirror.example/a?x=1#sha256=ab"),
            ("https://mirror.example/a?x=1&private-token=s3cret&y=2", "https://mirror.example/a?x=1&y=2"),
            ("https://mirror.example/a?x=1;token=s3cret#token=s3cret&y=2", "https://mirror.example/a?x=1#y=2"),
            ("https://mirror.example/a?tokens=1&é=2", "https://mirror.example/a?tokens=1&é=2"),
            ("a?token=1", "a?token=1"),
            ("docker.io", "docker.io"),
            ("", ""),
            ("://@", "://"),
        ] {
            let plain = without_credentials(address);
            assert_eq!(plain, expected, "{address}");
            assert_eq!(without_credentials(&plain), plain, "{address}");
        }
    }

    #[test]
    fn hosts_end_before_the_path() {
        for (url, expected) in [
            ("https://a.example/x/y", "https://a.example"),
            ("https://a.example", "https://a.example"),
            ("a.example/x", "a.example"),
            ("", ""),
        ] {
            assert_eq!(host(url), expected);
        }
    }
}
