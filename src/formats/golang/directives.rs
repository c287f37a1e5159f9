//! The grammar that `go.mod` and `go.work` share: directives of one line, or of a block in brackets.

use crate::model::Inventory;
use crate::source::Source;

/// A directive, and the words behind it.
pub(super) struct Directive<'t> {
    pub verb: &'t str,
    pub words: Vec<&'t str>,
    comment: &'t str,
}

impl Directive<'_> {
    /// Says whether a requirement is there only for those of others.
    pub(super) fn is_indirect(&self) -> bool {
        let comment = self.comment.trim();
        comment == "indirect" || comment.starts_with("indirect;")
    }
}

/// Reads all directives.
pub(super) fn read<'t>(source: &Source<'t>, inventory: &mut Inventory) -> Vec<Directive<'t>> {
    let mut directives = Vec::new();
    let mut block: Option<&'t str> = None;
    for line in source.text.lines() {
        let (code, comment) = line.split_once("//").unwrap_or((line, ""));
        let mut words = words(code);
        match (block, words.as_slice()) {
            (_, []) => {}
            (Some(_), [")"]) => block = None,
            (Some(verb), _) => directives.push(Directive { verb, words, comment }),
            (None, [verb, "("]) => block = Some(verb),
            (None, [")"]) => inventory.fault(source.place(words[0]), "a bracket closes no block"),
            (None, [_, ..]) => {
                let verb = words.remove(0);
                directives.push(Directive { verb, words, comment });
            }
        }
    }
    if let Some(verb) = block {
        inventory.fault(source.place(verb), "its block is not closed; the file is cut off");
    }
    directives
}

/// Parts a line into words; a word may stand in quotation marks.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '"' | '`' => {
                let inner = &rest[1..];
                let end = inner.find(first).unwrap_or(inner.len());
                (&inner[..end], inner.get(end + 1..).unwrap_or_default())
            }
            '(' | ')' => rest.split_at(1),
            _ => {
                let end =
                    rest.find(|sign: char| sign.is_whitespace() || matches!(sign, '(' | ')')).unwrap_or(rest.len());
                rest.split_at(end)
            }
        };
        words.push(word);
        rest = after.trim_start();
    }
    words
}

/// What replaces a module: another one, or a folder.
#[derive(Clone, Copy)]
pub(super) struct Replace<'t> {
    pub old: &'t str,
    /// Empty for all versions.
    pub old_version: &'t str,
    pub new: &'t str,
    pub new_version: &'t str,
}

impl<'t> Replace<'t> {
    /// Reads a directive.
    pub(super) fn of(source: &Source<'t>, directive: &Directive<'t>, inventory: &mut Inventory) -> Option<Self> {
        let read = Self::from(&directive.words);
        if read.is_none() {
            let place = directive.words.first().map_or(source.place(directive.verb), |word| source.place(word));
            inventory.fault(place, "no replacement as Go has it: OLD [VERSION] => NEW [VERSION]");
        }
        read
    }

    /// Reads the text of a directive.
    pub(super) fn read(text: &'t str) -> Option<Self> {
        Self::from(&words(text))
    }

    fn from(words: &[&'t str]) -> Option<Self> {
        let arrow = words.iter().position(|word| *word == "=>")?;
        let (old, new) = (&words[..arrow], &words[arrow + 1..]);
        let version = |side: &[&'t str]| side.get(1).copied().unwrap_or_default();
        let is_whole = matches!(old.len(), 1 | 2) && matches!(new.len(), 1 | 2);
        is_whole.then(|| Replace { old: old[0], old_version: version(old), new: new[0], new_version: version(new) })
    }

    /// Says whether it replaces this version of a module.
    pub(super) fn is_of(&self, name: &str, version: &str) -> bool {
        self.old == name && (self.old_version.is_empty() || self.old_version == version)
    }

    /// Says whether a folder stands in the module's place.
    pub(super) fn is_folder(&self) -> bool {
        self.new_version.is_empty()
    }
}
