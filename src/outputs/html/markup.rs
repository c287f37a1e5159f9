//! Markup that is well-formed by the way it is made: tags close where they were opened, and text is never a tag.

use std::fmt::Write as _;

use crate::outputs::text::{self, plain};

/// A page while it is written. It is HTML and XML alike, so that any reader of XML can check it.
#[derive(Default)]
pub struct Markup {
    text: String,
}

/// The attributes of a tag: names are ours, values may come from files.
pub type Attributes<'a> = &'a [(&'static str, &'a str)];

/// Tags that begin a line, so that the page can be compared. What comes from files never does: a line that begins as a
/// command would be obeyed by a CI system that prints it.
const BLOCKS: &[&str] = &[
    "a",
    "article",
    "body",
    "caption",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "g",
    "h1",
    "h2",
    "h3",
    "head",
    "header",
    "label",
    "li",
    "main",
    "meta",
    "nav",
    "ol",
    "option",
    "p",
    "path",
    "pre",
    "script",
    "section",
    "style",
    "svg",
    "table",
    "tbody",
    "thead",
    "title",
    "tr",
    "ul",
];

impl Markup {
    /// Returns the page.
    pub fn finish(self) -> String {
        self.text
    }

    /// Adds an element with what is within.
    pub fn tag(&mut self, name: &'static str, attributes: Attributes<'_>, within: impl FnOnce(&mut Self)) {
        self.open(name, attributes);
        self.text.push('>');
        within(self);
        let _ = write!(self.text, "</{name}>");
    }

    /// Adds an element that holds a text.
    pub fn put(&mut self, name: &'static str, attributes: Attributes<'_>, text: &str) {
        self.tag(name, attributes, |markup| markup.text(text));
    }

    /// Adds an element that holds nothing.
    pub fn void(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.open(name, attributes);
        self.text.push_str("/>");
    }

    fn open(&mut self, name: &'static str, attributes: Attributes<'_>) {
        if BLOCKS.contains(&name) {
            self.text.push('\n');
        }
        self.text.push('<');
        self.text.push_str(name);
        for (attribute, value) in attributes {
            let _ = write!(self.text, " {attribute}=\"");
            self.text(value);
            self.text.push('"');
        }
    }

    /// Adds a text, with what hides or commands in it spelled out.
    pub fn text(&mut self, text: &str) {
        if text::is_seen(text) && !text.contains(['<', '>', '&', '"', '\'', '[']) {
            self.text.push_str(text);
            return;
        }
        for c in text.chars() {
            match c {
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '&' => self.text.push_str("&amp;"),
                '"' => self.text.push_str("&quot;"),
                '\'' => self.text.push_str("&#39;"),
                c => text::push_plain(&mut self.text, c),
            }
        }
    }

    /// Adds words, with what stands in backticks as code.
    pub fn prose(&mut self, text: &str) {
        let text = plain(text);
        let parts: Vec<&str> = text.split('`').collect();
        let paired = parts.len() % 2 == 1 && parts.iter().skip(1).step_by(2).all(|part| !part.trim().is_empty());
        if !paired {
            return self.text(&text);
        }
        for (at, part) in parts.iter().enumerate() {
            match at % 2 {
                1 => self.put("code", &[], part),
                _ => self.text(part),
            }
        }
    }

    /// Adds text of ours as it is: a style, a script.
    pub fn ours(&mut self, text: &'static str) {
        self.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup() {
        let mut markup = Markup::default();
        markup.tag("p", &[("title", "\"'><img src=x onerror=alert(1)>")], |markup| {
            markup.text("</p><script>&amp;\u{202e}\n::error::##");
            markup.text("[add-mask]");
            markup.prose("run `<b>`, or `not");
            markup.prose(" run `<b>` now");
        });
        assert_eq!(
            markup.finish(),
            "\n<p title=\"&quot;&#39;&gt;&lt;img src=x onerror=alert(1)&gt;\">&lt;/p&gt;&lt;script&gt;&amp;amp;\\u{202e}\\n\
             ::error::##\\u{5b}add-mask]run `&lt;b&gt;`, or `not run <code>&lt;b&gt;</code> now</p>"
        );
    }
}
