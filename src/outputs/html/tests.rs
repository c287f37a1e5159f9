//! What holds for every page: well-formed, nothing in it but ours, and as expected.

use std::collections::BTreeSet;

use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::*;
use crate::outputs::samples::{self, check};

fn write(report: &Report) -> String {
    let mut bytes = Vec::new();
    Html.write(report, Style::default(), &mut bytes).expect("a Vec takes all");
    String::from_utf8(bytes).expect("outputs are text")
}

/// Returns a page less its style and script, which are the same in all.
fn without_ours(page: &str) -> String {
    let page = page.replace(STYLE, "STYLE").replace(SCRIPT, "SCRIPT");
    page.replace(&digest(STYLE), "sha256-STYLE").replace(&digest(SCRIPT), "sha256-SCRIPT")
}

#[test]
fn pages_are_as_expected() {
    for (case, report) in samples::all() {
        check("html", case, without_ours(&write(&report)).as_bytes());
    }
}

/// The elements of a page and their attributes.
const OURS: &[(&str, &str)] = &[
    ("a", "class href"),
    ("b", ""),
    ("body", ""),
    ("button", "aria-expanded class data-do data-graph type"),
    ("caption", ""),
    ("code", "class"),
    ("dd", ""),
    ("details", "class data-ecosystem data-kind data-level data-scope data-subject open"),
    ("div", "aria-label class hidden id role tabindex"),
    ("dl", ""),
    ("dt", ""),
    ("figcaption", "id"),
    ("figure", "class"),
    ("footer", ""),
    ("g", "aria-label aria-level class data-at data-under role transform"),
    ("h1", ""),
    ("h2", "id"),
    ("h3", ""),
    ("head", ""),
    ("header", "class"),
    ("html", "lang xmlns"),
    ("input", "autocomplete data-by id type"),
    ("label", "class"),
    ("li", "class"),
    ("main", "id tabindex"),
    ("mark", ""),
    ("meta", "charset content http-equiv name"),
    ("nav", "aria-label"),
    ("ol", "class"),
    ("option", "value"),
    ("p", "aria-live class id role"),
    ("path", "class d data-from data-to"),
    ("pre", "tabindex"),
    ("rect", "height rx width"),
    ("script", ""),
    ("section", "aria-labelledby class data-amount data-subject id"),
    ("select", "data-by"),
    ("span", "class title"),
    ("style", ""),
    ("summary", ""),
    ("svg", "aria-labelledby class height role viewBox width"),
    ("table", "class"),
    ("tbody", "class"),
    ("td", "class data-head"),
    ("text", "class x y"),
    ("th", "colspan scope"),
    ("thead", ""),
    ("title", ""),
    ("tr", "class data-ecosystem data-kind data-scope"),
    ("ul", "class"),
    ("wbr", ""),
];

/// Says what in a page is not ours or not well-formed, and counts the elements by name.
fn wrong(page: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut ids = BTreeSet::new();
    let mut reader = Reader::from_str(page);
    reader.config_mut().check_end_names = true;
    let mut look = |tag: &BytesStart<'_>| {
        let name = tag.name().as_ref().to_owned();
        let allowed = OURS.iter().find(|(ours, _)| *ours == name).map(|(_, allowed)| *allowed);
        if allowed.is_none() {
            wrong.push(format!("element {name}"));
        }
        for attribute in tag.attributes() {
            let Ok(attribute) = attribute else {
                wrong.push(format!("an attribute of {name}"));
                continue;
            };
            let key = attribute.key.as_ref().to_owned();
            if !allowed.unwrap_or_default().split(' ').any(|allowed| allowed == key) {
                wrong.push(format!("attribute {name} {key}"));
            }
            let value = attribute.value.clone().into_owned();
            if key == "id" && !ids.insert(value.clone()) {
                wrong.push(format!("two of {value}"));
            }
            let is_ours = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic());
            if matches!(&*key, "href" | "id") && !is_ours(value.trim_start_matches('#')) {
                wrong.push(format!("{key} {value}"));
            }
        }
        name
    };
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(Event::Start(tag)) => open.push(look(&tag)),
            Ok(Event::Empty(tag)) => drop(look(&tag)),
            Ok(Event::End(tag)) => {
                let name = tag.name().as_ref().to_owned();
                if open.pop() != Some(name.clone()) {
                    panic!("{name} ends and was not open");
                }
            }
            Ok(Event::Comment(_) | Event::PI(_)) => panic!("a comment or an instruction"),
            Ok(_) => {}
            Err(error) => panic!("{error} at {}", reader.error_position()),
        }
    }
    wrong.extend(open.into_iter().map(|name| format!("{name} does not end")));
    wrong
}

#[test]
fn pages_are_well_formed_and_hold_nothing_but_ours() {
    for (case, report) in samples::all() {
        assert_eq!(wrong(&write(&report)), [""; 0], "{case}");
    }
}

#[test]
fn what_is_not_ours_is_told() {
    let page = write(&samples::drift());
    for (with, expected) in [
        ("<img src=\"x\"/>", "element img"),
        ("<p onclick=\"x\"/>", "attribute p onclick"),
        ("<p id=\"main\"/>", "two of main"),
        ("<a href=\"javascript:x y\"/>", "href javascript:x y"),
    ] {
        let page = page.replace("</main>", &format!("{with}</main>"));
        let told = wrong(&page);
        assert!(told.contains(&expected.to_owned()), "{told:?}");
    }
}

#[test]
fn headings_are_in_order_and_controls_have_names() {
    for (case, report) in samples::all() {
        let page = write(&report);
        let levels: Vec<usize> =
            page.match_indices("<h").filter_map(|(at, _)| page[at + 2..at + 3].parse().ok()).collect();
        assert_eq!(levels[0], 1, "{case}");
        assert!(levels.windows(2).all(|two| two[1] <= two[0] + 1 && two[1] > 1), "{case}: {levels:?}");
        assert_eq!(page.matches("<table").count(), page.matches("<caption").count(), "{case}");
        let controls = page.matches("<select").count() + page.matches("<input").count();
        assert_eq!(page.matches("<label").count(), controls, "{case}");
    }
}

#[test]
fn nothing_is_loaded_and_nothing_else_runs() {
    let page = write(&samples::drift());
    assert!(page.contains("content=\"default-src &#39;none&#39;; style-src &#39;sha256-"), "{page}");
    for part in ["http://", "https://", "url(", "@import", "src=", "import("] {
        let ours = [STYLE, SCRIPT].concat().replace("http://www.w3.org/2000/svg", "");
        assert!(!ours.contains(part), "{part}");
    }
    // As the tools of Subresource Integrity print it.
    assert_eq!(digest("alert('Hello, world.');"), "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=");
}

#[test]
fn every_finding_and_every_change_is_there() {
    let report = samples::drift();
    let page = write(&report);
    let class = |class: &str| page.matches(&format!("class=\"{class}\"")).count();
    assert_eq!((class("finding"), class("finding is-waived"), class("change")), (3, 1, 3));
    let page = write(&samples::flood(3_000));
    assert_eq!(page.matches("class=\"finding\"").count(), 3_000);
    assert_eq!(page.matches("class=\"excerpt\"").count(), 1_000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_name_is_markup(
        texts in prop::collection::vec("(<script>|</|\"'><img onerror=x>|]]>|<!--|&amp;|\\PC){0,6}", 12),
        source in "(<b>|\\t|\\n|::|\"|\\PC){0,9}", start in 0u32..9, len in 0u32..9,
    ) {
        for report in [samples::of(&texts, &source, start, len), samples::changes_of(&texts)] {
            prop_assert_eq!(wrong(&write(&report)), [""; 0]);
        }
    }
}
