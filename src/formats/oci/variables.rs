//! The variables of a build: what `ENV` and `ARG` make known in each stage.

use std::cell::Cell;

use hashbrown::HashMap;

use super::expand::{Variable, expand};
use super::lexer;

/// What a stage starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Start {
    /// An image, whose variables are not known here.
    #[default]
    Image,
    /// An earlier stage.
    Stage(usize),
    /// Nothing: `FROM scratch`.
    Nothing,
}

/// How many stages are gone back to for a variable.
const MAX_CHAIN: usize = 64;

/// How many bytes all expansions of a file may look up: a file of one long variable and many uses would grow without end.
const MAX_EXPANDED: usize = 8 << 20;

/// How long a value, and what matches a part of it, may be, and what such a match costs: patterns are slow.
const MAX_MATCHED: usize = 128;
const MATCH: usize = 8 << 10;

/// The variables of all stages so far.
pub(super) struct Variables {
    escape: char,
    stages: Vec<Own>,
    left: Cell<usize>,
}

/// What one stage sets.
#[derive(Default)]
struct Own {
    start: Start,
    values: HashMap<String, Variable>,
}

impl Variables {
    /// Returns the variables of a build without stages.
    pub fn new(escape: char) -> Self {
        Variables { escape, stages: Vec::new(), left: Cell::new(MAX_EXPANDED) }
    }

    /// Begins a stage.
    pub fn begin(&mut self) {
        self.stages.push(Own::default());
    }

    /// Says what the last stage starts from.
    pub fn start_from(&mut self, start: Start) {
        if let Some(own) = self.stages.last_mut() {
            own.start = start;
        }
    }

    /// Sets a variable in the last stage: what is set last counts, by `ENV` or by `ARG`.
    pub fn set(&mut self, name: String, value: Variable) {
        if let Some(own) = self.stages.last_mut() {
            own.values.insert(name, value);
        }
    }

    /// Declares a variable of the build; one without a value leaves what is set.
    pub fn argue(&mut self, name: String, value: Variable) {
        if value != Variable::Unset || self.find(&name).is_err() {
            self.set(name, value);
        }
    }

    /// Returns what is known of a variable in the last stage. An image may have set any that the file does not.
    pub fn get(&self, name: &str) -> Variable {
        self.find(name).unwrap_or_else(|unknown| unknown)
    }

    /// Finds a variable in the last stage or one that it starts from; else what it is then.
    fn find(&self, name: &str) -> Result<Variable, Variable> {
        let mut at = self.stages.len().saturating_sub(1);
        for _ in 0..MAX_CHAIN {
            let Some(own) = self.stages.get(at) else { return Err(Variable::Unset) };
            if let Some(variable) = own.values.get(name) {
                return Ok(variable.clone());
            }
            at = match own.start {
                Start::Stage(stage) => stage,
                Start::Image => return Err(Variable::Unknown),
                Start::Nothing => return Err(Variable::Unset),
            };
        }
        Err(Variable::Unknown)
    }

    /// Returns a word of an instruction expanded, and whether all of it is known: what is not is kept as written.
    pub fn word(&self, word: &str) -> (String, bool) {
        let known = self.expanded(word, self.escape, &|name| self.get(name));
        known.map_or_else(|| (self.partly(word), false), |known| (known, true))
    }

    fn partly(&self, word: &str) -> String {
        if self.escape != '\\' {
            return word.trim_matches('"').to_owned();
        }
        let expand = |part: &str| self.expanded(part, '\\', &|name| self.get(name));
        let mut fields = Vec::new();
        lexer::unquote(word, 0, &expand, &mut fields);
        // A value is one, blanks and all; the words of an instruction hold blanks in quotation marks only.
        fields.into_iter().map(|field| field.text).collect::<Vec<_>>().join(" ")
    }

    /// Expands a word; none where a part of it is not known, or where it would cost too much.
    pub fn expanded(&self, word: &str, escape: char, get: &dyn Fn(&str) -> Variable) -> Option<String> {
        let matches = word.contains('$') && word.contains(['#', '%', '/']) && word.contains("${");
        let spend = |cost: usize| {
            let left = self.left.get().checked_sub(cost);
            self.left.set(left.unwrap_or(0));
            left.is_some()
        };
        if self.left.get() == 0 || (matches && !spend(MATCH)) {
            return None;
        }
        let expansion = expand(word, escape, &|name| match get(name) {
            Variable::Known(value) if matches && value.len() > MAX_MATCHED => Variable::Unknown,
            Variable::Known(value) if !spend(value.len()) => Variable::Unknown,
            variable => variable,
        });
        expansion.ok().filter(|expansion| !expansion.missing).map(|expansion| expansion.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_take_over_what_those_before_set() {
        let known = |value: &str| Variable::Known(value.to_owned());
        let mut variables = Variables::new('\\');
        variables.begin();
        variables.set("A".to_owned(), known("1"));
        variables.argue("A".to_owned(), known("2"));
        variables.argue("B".to_owned(), known("3"));
        variables.argue("C".to_owned(), Variable::Unset);
        variables.begin();
        variables.start_from(Start::Stage(0));
        variables.set("L".to_owned(), known("v 1"));
        variables.argue("L".to_owned(), Variable::Unset);
        variables.argue("E".to_owned(), Variable::Unset);
        for (word, expected, whole) in [
            ("$A$B", "23", true),
            ("${C:-4}", "4", true),
            ("x$D", "x$D", false),
            ("${D:-4}", "${D:-4}", false),
            ("\"$A:${D}\"", "2:${D}", false),
            ("'$A'", "$A", true),
            ("$L:$D", "v 1:$D", false),
            ("\\$A", "$A", true),
            ("$L${E:-5}", "v 15", true),
            ("${B%", "${B%", false),
        ] {
            assert_eq!(variables.word(word), (expected.to_owned(), whole), "{word}");
        }
        variables.begin();
        variables.start_from(Start::Nothing);
        assert_eq!((variables.get("A"), variables.word("a${D:-4}")), (Variable::Unset, ("a4".to_owned(), true)));
        variables.begin();
        assert_eq!(variables.get("A"), Variable::Unknown);
    }

    #[test]
    fn expansions_end() {
        let mut variables = Variables::new('\\');
        variables.begin();
        variables.set("A".to_owned(), Variable::Known("a".repeat(4096)));
        assert_eq!(variables.word("${A%%a*}"), ("${A%%a*}".to_owned(), false));
        let uses = (0..10_000).filter(|_| variables.word("$A").1).count();
        assert!(uses > 1000 && uses < 3000, "{uses}");
    }
}
