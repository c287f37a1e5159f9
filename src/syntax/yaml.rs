//! YAML, with places.
//!
//! What is read into a `String` keeps its spelling: an unquoted `1.10` stays "1.10". [`Node`] is for files whose shape is
//! open, and keeps the spelling of all scalars. Merge keys and aliases are resolved; a place is where a value is defined.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::ops::Range;
use std::thread;

use anyhow::Result;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::options::NonFiniteFloatPolicy;
use serde_saphyr::{Error, Location, Options};

pub use serde_saphyr::Spanned;

use crate::source::{Place, Source};

/// How deep collections may nest: as deep as in JSON.
const MAX_DEPTH: usize = 128;

/// The stack that such a depth takes.
const STACK: usize = 32 << 20;

/// The most scalars and collections that one file may hold. A lockfile of the largest size that is read holds about five
/// million.
const MAX_NODES: usize = 8_000_000;

/// The most nodes that aliases may add.
const MAX_REPLAYED: usize = 1_000_000;

/// Reads a file that is one document.
///
/// # Errors
/// Names the place of what is malformed, past a limit or of another type than expected.
pub fn read<'t, T: Deserialize<'t> + Send>(source: &Source<'t>) -> Result<T> {
    not_empty(source)?;
    deep(|| serde_saphyr::from_str_with_options(source.text, options()).map_err(|error| fault(source, &error)))
}

/// Reads all documents of a file; those that say nothing are left out.
///
/// # Errors
/// As [`read`].
pub fn read_all<'t, T: Deserialize<'t> + Send>(source: &Source<'t>) -> Result<Vec<T>> {
    not_empty(source)?;
    deep(|| serde_saphyr::from_multiple_with_options(source.text, options()).map_err(|error| fault(source, &error)))
}

/// Reads all documents of a file as trees.
///
/// # Errors
/// As [`read`].
pub fn trees<'t>(source: &Source<'t>) -> Result<Vec<Node<'t>>> {
    not_empty(source)?;
    deep(|| {
        let documents: Vec<Spanned<Raw<'t>>> =
            serde_saphyr::from_multiple_with_options(source.text, options()).map_err(|error| fault(source, &error))?;
        Ok(documents.into_iter().map(|document| Node::of(source, document)).collect())
    })
}

thread_local! {
    /// Whether a thread has [`STACK`].
    static IS_DEEP: Cell<bool> = const { Cell::new(false) };
}

/// Runs on a pool of threads whose stacks are deep enough for any file: what reads elsewhere starts a thread for each one,
/// which takes longer than to read a small one. Where there is no memory for such stacks, runs on the thread that asks.
pub fn on_deep_threads<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    let threads = rayon::ThreadPoolBuilder::new().stack_size(STACK).start_handler(|_| IS_DEEP.set(true));
    match threads.build() {
        Ok(pool) => pool.install(run),
        Err(_) => run(),
    }
}

/// Reads on a deep stack: a level takes tens of kilobytes where nothing is optimised, and what is not asked for is walked
/// through as well. Threads have too little for [`MAX_DEPTH`] if nobody cares for it.
fn deep<R: Send>(read: impl FnOnce() -> Result<R> + Send) -> Result<R> {
    if IS_DEEP.get() {
        return read();
    }
    thread::scope(|scope| {
        let reader = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, read)?;
        reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Returns the place of a value, of a quoted one without its quotation marks; of a list or a table, where it begins.
pub fn place<T>(source: &Source<'_>, value: &Spanned<T>) -> Place {
    let range = range(source, value.defined);
    let text = source.text.get(range.clone()).unwrap_or_default();
    // The parser counts to the begin of what comes next.
    let text = text.trim_end();
    let is_quoted = |quote: char| {
        let inner = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
        inner.is_some_and(|inner| !inner.contains(quote))
    };
    let quoted = usize::from(is_quoted('"') || is_quoted('\''));
    source.place_at(range.start + quoted..range.start + text.len() - quoted)
}

/// A value of a file whose shape is open.
#[derive(Clone, Debug)]
pub struct Node<'t> {
    /// What it says.
    pub value: Value<'t>,
    /// Where it stands: a scalar, or the begin of a list or a map.
    pub place: Place,
}

/// What a [`Node`] says.
#[derive(Clone, Debug)]
pub enum Value<'t> {
    /// Nothing.
    Null,
    /// A scalar, as it is spelled: less quotation marks and escapes.
    Scalar(Cow<'t, str>),
    /// A list.
    List(Vec<Node<'t>>),
    /// A map, in the order of the text: each key with its place.
    Map(Vec<Entry<'t>>),
}

/// One entry of a map.
#[derive(Clone, Debug)]
pub struct Entry<'t> {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// What stands under it.
    pub node: Node<'t>,
}

impl<'t> Node<'t> {
    /// Gives a value its place, and its spelling.
    fn of(source: &Source<'t>, raw: Spanned<Raw<'t>>) -> Self {
        let place = place(source, &raw);
        let value = match raw.value {
            Raw::Null => Value::Null,
            Raw::Text(text) => Value::Scalar(text),
            Raw::Typed => {
                let range = place.start as usize..(place.start + place.len) as usize;
                Value::Scalar(Cow::Borrowed(source.text.get(range).unwrap_or_default()))
            }
            Raw::List(list) => Value::List(list.into_iter().map(|raw| Node::of(source, raw)).collect()),
            Raw::Map(map) => {
                let entry = |(key, raw): (Spanned<String>, Spanned<Raw<'t>>)| Entry {
                    place: self::place(source, &key),
                    key: key.value,
                    node: Node::of(source, raw),
                };
                Value::Map(map.into_iter().map(entry).collect())
            }
        };
        Node { value, place }
    }

    /// Returns what stands under a key; none where this is no map, or it says nothing there.
    pub fn get(&self, key: &str) -> Option<&Node<'t>> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.node).filter(|node| !node.is_null())
    }

    /// Returns what stands under a path of keys: `["spec", "template"]`.
    pub fn at(&self, path: &[&str]) -> Option<&Node<'t>> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Returns the text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the items of a list; none where this is no list.
    pub fn items(&self) -> &[Node<'t>] {
        match &self.value {
            Value::List(list) => list,
            _ => &[],
        }
    }

    /// Returns the entries of a map; none where this is no map.
    pub fn entries(&self) -> &[Entry<'t>] {
        match &self.value {
            Value::Map(map) => map,
            _ => &[],
        }
    }

    /// Says whether it says nothing.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }
}

/// A value before its place is known.
enum Raw<'t> {
    Null,
    Text(Cow<'t, str>),
    /// A number or a truth value, whose spelling the parser does not give.
    Typed,
    List(Vec<Spanned<Raw<'t>>>),
    Map(Vec<(Spanned<String>, Spanned<Raw<'t>>)>),
}

impl<'de: 't, 't> Deserialize<'de> for Raw<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        macro_rules! typed {
            ($($name:ident: $type:ty),+) => {
                $(fn $name<E>(self, _: $type) -> Result<Self::Value, E> {
                    Ok(Raw::Typed)
                })+
            };
        }
        impl<'de> Visitor<'de> for Any {
            type Value = Raw<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            typed!(visit_bool: bool, visit_i64: i64, visit_i128: i128, visit_u64: u64, visit_u128: u128, visit_f64: f64);
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Raw::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Raw::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
                Ok(Raw::Text(Cow::Owned(text)))
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Raw::Null)
            }
            fn visit_none<E>(self) -> Result<Self::Value, E> {
                Ok(Raw::Null)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Raw::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Raw::Map(entries))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

fn options() -> Options {
    let mut limits = serde_saphyr::options::AliasLimits::default();
    limits.max_total_replayed_events = MAX_REPLAYED;
    serde_saphyr::options! {
        with_snippet: false,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        alias_limits: limits,
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 2 * MAX_NODES,
            max_documents: 100_000,
            // The replayed nodes are counted; how many aliases there are to an anchor says nothing.
            enforce_alias_anchor_ratio: false,
        },
    }
}

fn not_empty(source: &Source<'_>) -> Result<()> {
    let says_nothing = |line: &str| line.is_empty() || line.starts_with('#') || line == "---";
    match source.text.lines().map(str::trim).all(says_nothing) {
        true => Err(source.fault(source.start(), "the file is empty")),
        false => Ok(()),
    }
}

/// Returns the range of bytes that a location means.
fn range(source: &Source<'_>, location: Location) -> Range<usize> {
    let end = source.text.len();
    let span = location.span();
    if let (Some(start), Some(len)) = (span.byte_offset(), span.byte_len()) {
        let start = end.min(start as usize);
        return start..end.min(start.saturating_add(len as usize));
    }
    // What the scanner itself refuses has a line and a column alone, which is counted in characters.
    let lines = source.text.split_inclusive('\n');
    let start: usize = lines.take((location.line() as usize).saturating_sub(1)).map(str::len).sum();
    let line = source.text[start..].lines().next().unwrap_or_default();
    let column = (location.column() as usize).saturating_sub(1);
    let within = line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
    start + within..start + within
}

fn fault(source: &Source<'_>, error: &Error) -> anyhow::Error {
    let place = error.location().map_or(source.start(), |location| source.place_at(range(source, location)));
    if is_template(source.text) {
        return source.fault(place, "a Helm template is no YAML; render it with `helm template` first");
    }
    match error {
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            source.fault(place, format_args!("the key \"{}\" stands twice in one map", key.escape_debug()))
        }
        Error::DuplicateMappingKey { .. } => source.fault(place, "a key stands twice in one map"),
        Error::MultipleDocuments { .. } => source.fault(place, "a second document begins, where one is expected"),
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => source.fault(place, too_deep()),
        error => {
            let message = error.to_string();
            // The scanner has a limit of its own for what stands in brackets.
            if message.starts_with("recursion limit") {
                return source.fault(place, too_deep());
            }
            if LIMITS.iter().any(|limit| message.starts_with(limit)) {
                return source.fault(place, "the file holds more than is read, its aliases and merges counted in");
            }
            // The place says already where.
            let end = [" at line ", " (defined at line "].iter().filter_map(|end| message.find(end)).min();
            source.fault(place, &message[..end.unwrap_or(message.len())])
        }
    }
}

/// How the messages begin that say that a limit is passed.
const LIMITS: [&str; 2] = ["budget breached", "alias replay limit"];

fn too_deep() -> String {
    format!("lists and maps nest deeper than {MAX_DEPTH} levels")
}

/// Says whether a text holds the marks of a template that is not rendered yet.
pub fn is_template(text: &str) -> bool {
    text.contains("{{")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use serde::de::IgnoredAny;

    use super::*;

    fn source(text: &str) -> Source<'_> {
        Source { file: Default::default(), path: "x.yaml", text }
    }

    fn cut(text: &str, place: Place) -> &str {
        &text[place.start as usize..(place.start + place.len) as usize]
    }

    /// Each scalar as `text@what stands at its place`.
    fn told(text: &str) -> String {
        fn tell(node: &Node<'_>, text: &str, told: &mut String) {
            match &node.value {
                Value::Null => told.push('~'),
                Value::Scalar(scalar) => *told += &format!("{scalar}@{}", cut(text, node.place)),
                Value::List(list) => {
                    told.push('[');
                    for node in list {
                        tell(node, text, told);
                        told.push(' ');
                    }
                    told.push(']');
                }
                Value::Map(map) => {
                    told.push('{');
                    for Entry { key, place, node } in map {
                        *told += &format!("{key}@{}:", cut(text, *place));
                        tell(node, text, told);
                        told.push(' ');
                    }
                    told.push('}');
                }
            }
        }
        let mut told = String::new();
        match trees(&source(text)) {
            Ok(trees) => trees.iter().for_each(|tree| tell(tree, text, &mut told)),
            Err(error) => {
                let place = error.downcast_ref::<crate::source::Fault>().unwrap().place;
                told = format!("{}: {error}", place.start);
            }
        }
        told
    }

    #[test]
    fn values_keep_their_spelling_and_know_their_place() {
        for (text, expected) in [
            ("a: 1.10\n", "{a@a:1.10@1.10 }"),
            ("é: \"ü x\" # y\n", "{é@é:ü x@ü x }"),
            (
                "ü: 'q'  \nb: [1_000, true, .inf, 1e999, ~, '']\n",
                "{ü@ü:q@q b@b:[1_000@1_000 true@true .inf@.inf 1e999@1e999 ~ @ ] }",
            ),
            (
                "a: 0x1F\nb: 010\nc: 2024-01-01\nd: NULL\ne: 12:30\n",
                "{a@a:0x1F@0x1F b@b:010@010 c@c:2024-01-01@2024-01-01 d@d:~ e@e:12:30@12:30 }",
            ),
            ("a: plain\n  continues\nb: c\n", "{a@a:plain continues@plain\n  continues b@b:c@c }"),
            ("a: >-\n  two\n  lines\nb: c\n", "{a@a:two lines@two\n  lines b@b:c@c }"),
            ("a: \"x\\ny\"\n", "{a@a:x\ny@x\\ny }"),
            ("a: 'it''s'\n", "{a@a:it's@'it''s' }"),
            ("é: &x r/n:1\nb: *x\nc: !!str 5\nd: !foo bar\n", "{é@é:r/n:1@r/n:1 b@b:r/n:1@r/n:1 c@c:5@5 d@d:bar@bar }"),
            ("x: &a {k: é, l: m}\ny:\n  <<: *a\n  l: n\n", "{x@x:{k@k:é@é l@l:m@m } y@y:{l@l:n@n k@k:é@é } }"),
            ("{\"a\": {\"b\": [1, \"x\"]}}", "{a@a:{b@b:[1@1 x@x ] } }"),
            ("---\n---\na: 1\n...\n---\n# nothing\n---\nb: 2\n", "{a@a:1@1 }{b@b:2@2 }"),
            ("1: 2\ntrue: x\n", "{1@1:2@2 true@true:x@x }"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn faults_name_their_place() {
        for (text, expected) in [
            ("", "0: the file is empty"),
            ("# only\n---\n", "0: the file is empty"),
            ("a: [b\n", "3: unclosed bracket '['"),
            ("é: é\n ü: [\n", "10: mapping values are not allowed in this context"),
            ("a: 1\na: 2\n", "5: the key \"a\" stands twice in one map"),
            ("? [a, b]\n: c\n", "2: expected string scalar"),
            ("a: *nope\n", "3: alias references unknown anchor"),
            ("a: {{ .Values.x }}\n", "4: a Helm template is no YAML; render it with `helm template` first"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
        let read = |text| read::<BTreeMap<String, Spanned<u8>>>(&source(text)).unwrap_err().to_string();
        assert_eq!(read("a: 1\n---\nb: 2\n"), "a second document begins, where one is expected");
        assert_eq!(read("a: x\n"), "invalid u8");
    }

    #[test]
    fn typed_values_know_their_place() {
        let text = "é: 1.10\nb: 'ü'\n";
        let values: BTreeMap<String, Spanned<String>> = read(&source(text)).unwrap();
        let told: Vec<_> =
            values.values().map(|value| (&*value.value, cut(text, place(&source(text), value)))).collect();
        assert_eq!(told, [("ü", "ü"), ("1.10", "1.10")]);
    }

    #[test]
    fn nests_and_bombs_are_refused() {
        let deep = "lists and maps nest deeper than 128 levels";
        for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", "")] {
            for (levels, is_read) in [(127, true), (129, false), (100_000, false)] {
                let text = format!("{}x{}", open.repeat(levels), close.repeat(levels));
                // As small a stack as the threads of a pool have.
                let told = thread::scope(|scope| {
                    let read = || [trees(&source(&text)).err(), read::<IgnoredAny>(&source(&text)).err()];
                    thread::Builder::new().stack_size(1 << 20).spawn_scoped(scope, read).unwrap().join().unwrap()
                });
                let told = told.map(|error| error.map_or(String::new(), |error| error.to_string()));
                let expected = if is_read { "" } else { deep };
                assert_eq!(told, [expected, expected], "{open} {levels}");
            }
        }
        let grown =
            |first: &str, grow: &dyn Fn(usize) -> String| first.to_owned() + &(1..40).map(grow).collect::<String>();
        for bomb in [
            grown("a0: &a0 [x]\n", &|i| format!("a{i}: &a{i} [*a{0}, *a{0}]\n", i - 1)),
            grown("a0: &a0 {k0: x}\n", &|i| format!("a{i}: &a{i} {{<<: [*a{0}, *a{0}], k{i}: x}}\n", i - 1)),
            format!("a: &a [{}]\nb: [{}]\n", "x,".repeat(10_000), "*a,".repeat(10_000)),
        ] {
            let message = trees(&source(&bomb)).unwrap_err().to_string();
            assert_eq!(message, "the file holds more than is read, its aliases and merges counted in");
        }
    }
}
