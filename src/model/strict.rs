//! What the definitions of single types ask of a purl, beyond what one needs to be read at all.
//!
//! Source: the type definitions beside the purl standard (ECMA-427), and the conformance suite that comes with them.

use anyhow::{Result, bail};

use super::Purl;

/// Holds a purl, built of these qualifiers, to the standard and to the definition of its type.
///
/// # Errors
/// Says what is malformed, or missing.
pub(super) fn check(purl: &Purl, qualifiers: &[(&str, &str)]) -> Result<()> {
    // The suite refuses capital letters here in two types' purls, and reads them in those of Maven.
    let has_capitals = |key: &str| purl.ty() != "maven" && key.bytes().any(|byte| byte.is_ascii_uppercase());
    if let Some((key, _)) = qualifiers.iter().find(|(key, _)| has_capitals(key)) {
        bail!("the qualifier \"{key}\" has capital letters");
    }
    let (name, version) = (purl.name(), purl.version());
    match purl.ty() {
        "chrome-extension" => {
            if name.len() != 32 || !name.bytes().all(|byte| (b'a'..=b'p').contains(&byte)) {
                bail!("the name of an extension is 32 letters from a to p");
            }
            if !version.is_empty() && !is_numbers(version) {
                bail!("the version of an extension is one to four numbers");
            }
        }
        "cpan" if name.contains("::") => bail!("\"{name}\" names a module, and a distribution is asked for"),
        "git" if purl.namespace().is_empty() => bail!("the type git always has a namespace, the host"),
        "julia" if !qualifiers.iter().any(|(key, value)| *key == "uuid" && !value.is_empty()) => {
            bail!("the type julia always has the qualifier \"uuid\"")
        }
        "mlflow" if !purl.namespace().is_empty() => bail!("the type mlflow has no namespace"),
        _ => {}
    }
    Ok(())
}

/// Says whether a version is one to four numbers, parted by points.
fn is_numbers(version: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    version.split('.').count() <= 4 && version.split('.').all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_type_refuses_is_read_but_not_strictly() {
        for (text, expected) in [
            ("pkg:gem/jruby-launcher@1.1.2?Platform=java", "the qualifier \"Platform\" has capital letters"),
            ("pkg:chrome-extension/dogs", "the name of an extension is 32 letters from a to p"),
            (
                "pkg:chrome-extension/dlpngalgnefjeiefhmpklpfiohadpglk@1.2.3-beta",
                "the version of an extension is one to four numbers",
            ),
            ("pkg:cpan/GDT/URI::PackageURL", "\"URI::PackageURL\" names a module, and a distribution is asked for"),
            ("pkg:git/forgejo@1", "the type git always has a namespace, the host"),
            ("pkg:julia/Dates", "the type julia always has the qualifier \"uuid\""),
            ("pkg:mlflow/a/b", "the type mlflow has no namespace"),
        ] {
            assert!(Purl::parse(text).is_ok(), "{text}");
            let error = Purl::strict(text).expect_err(text);
            assert_eq!(format!("{error:#}"), format!("\"{text}\" is no package URL: {expected}"));
        }
    }

    #[test]
    fn case_hangs_on_the_host_for_two_types() {
        for (text, expected) in [
            ("pkg:git/github.com/Package-url/purl-Spec@1", "pkg:git/github.com/package-url/purl-spec@1"),
            ("pkg:git/gitlab.gnome.org/GNOME/adwaita-fonts", "pkg:git/gitlab.gnome.org/GNOME/adwaita-fonts"),
            (
                "pkg:mlflow/A@3?repository_url=https://x.0.azuredatabricks.net/api",
                "pkg:mlflow/a@3?repository_url=https:%2F%2Fx.0.azuredatabricks.net%2Fapi",
            ),
            (
                "pkg:mlflow/A@3?repository_url=https://ml.example/azuredatabricks.net",
                "pkg:mlflow/A@3?repository_url=https:%2F%2Fml.example%2Fazuredatabricks.net",
            ),
        ] {
            let purl = Purl::strict(text).expect(text);
            assert_eq!(purl.as_str(), expected);
            assert_eq!(Purl::parse(expected).expect(expected), purl);
        }
    }

    #[test]
    fn the_path_of_a_repository_is_its_name() {
        let purl = Purl::parse("pkg:git/host.example/a/b%2Fc/d@1").expect("a purl");
        assert_eq!(
            (purl.namespace(), purl.name(), purl.as_str()),
            ("host.example", "a/b/c/d", "pkg:git/host.example/a/b/c/d@1")
        );
        assert_eq!(Purl::new("git", "host.example/a", "b", "1"), Purl::new("git", "host.example", "a/b", "1"));
        for text in ["pkg:git/%2F", "pkg:git/%2F@1"] {
            assert!(Purl::parse(text).is_err(), "{text}");
        }
    }
}
