//! A command's words, parted into options and others as `getopt` does.

use super::line::Word;
use crate::model::secret;

/// A command's words and options.
pub(super) struct Options<'c> {
    /// The words that are no options.
    pub words: Vec<&'c Word>,
    options: Vec<(String, &'c str, &'c Word)>,
}

impl<'c> Options<'c> {
    /// Parts words from options, of which `valued` take a value.
    pub fn read(words: &'c [Word], valued: &[&str]) -> Self {
        let mut read = Options { words: Vec::new(), options: Vec::new() };
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let text = word.text.as_str();
            if text == "--" {
                read.words.extend(rest);
                break;
            }
            let (name, value) = if text.starts_with("--") {
                match text.split_once('=') {
                    Some((name, value)) => (name.to_owned(), Some(value)),
                    None => {
                        // A password is no package, whatever program's option takes it.
                        let takes = secret::is_secret(text) && !text.starts_with("--no-");
                        (text.to_owned(), Some("").filter(|_| !takes && !valued.contains(&text)))
                    }
                }
            } else if text.starts_with('-') && text.len() > 1 {
                // `-yqc nvidia`, `-rfile`: the first that takes a value takes the rest, or the next word.
                let takes = |sign: char| valued.iter().any(|name| name.len() == 2 && name.ends_with(sign));
                match text.char_indices().skip(1).find(|(_, sign)| takes(*sign)) {
                    Some((at, sign)) => {
                        let value = text[at + sign.len_utf8()..].trim_start_matches('=');
                        (format!("-{sign}"), Some(value).filter(|value| !value.is_empty()))
                    }
                    None => (text.to_owned(), Some("")),
                }
            } else {
                read.words.push(word);
                continue;
            };
            match value {
                Some(value) => read.options.push((name, value, word)),
                None => {
                    let Some(next) = rest.next() else { break };
                    read.options.push((name, &next.text, next));
                }
            }
        }
        read
    }

    /// Returns the values of an option, by any of its names, in order.
    pub fn all<'o>(&'o self, names: &'o [&str]) -> impl Iterator<Item = (&'c str, &'c Word)> + 'o {
        let found = self.options.iter().filter(|(own, _, _)| names.contains(&own.as_str()));
        found.map(|(_, value, word)| (*value, *word))
    }

    /// Says whether an option stands, by any of its names.
    pub fn has(&self, names: &[&str]) -> bool {
        self.all(names).next().is_some()
    }

    /// Returns the last value of an option, by any of its names; empty where there is none.
    pub fn one(&self, names: &[&str]) -> &'c str {
        self.all(names).last().map_or("", |(value, _)| value)
    }

    /// Returns the word that says what to do, and those behind it.
    pub fn verb(&self) -> (&'c str, &[&'c Word]) {
        self.words.split_first().map_or(("", &[]), |(verb, words)| (verb.text.as_str(), words))
    }

    /// Returns a file of the project that the command is told to work in.
    pub fn in_folder(&self, names: &[&str], file: &str) -> String {
        match self.one(names).trim_end_matches('/') {
            "" => file.to_owned(),
            folder => format!("{folder}/{file}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_take_their_values() {
        for (text, words, options) in [
            ("install -y x", "install x", "-y="),
            ("-c a install -cb --channel c --channel=d x", "install x", "-c=a -c=b --channel=c --channel=d"),
            ("-yqc a x", "x", "-c=a"),
            ("x -- -c a", "x -c a", ""),
            ("x -", "x -", ""),
            ("x --channel", "x", ""),
            ("x --token a --no-auth y", "x y", "--token=a --no-auth="),
            ("-é -yéc", "", "-é="),
        ] {
            let all: Vec<Word> = text.split(' ').map(|word| Word { text: word.to_owned(), range: 0..0 }).collect();
            let read = Options::read(&all, &["-c", "--channel"]);
            let found: Vec<&str> = read.words.iter().map(|word| word.text.as_str()).collect();
            let pairs: Vec<String> = read.options.iter().map(|(name, value, _)| format!("{name}={value}")).collect();
            assert_eq!((found.join(" ").as_str(), pairs.join(" ").as_str()), (words, options), "{text}");
        }
    }
}
