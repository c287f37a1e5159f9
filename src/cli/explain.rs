//! `driftgate explain`: what a rule, a format or an output means.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use clap::Args;

use super::names::{Names, entries};
use super::{Outcome, print};
use crate::entry::Entry;
use crate::{formats, rules, suggest};

/// Say what a rule, format or output means, and how to mend a finding
#[derive(Args)]
pub struct Explain {
    /// The rule's (or format's, or output's) name; or the text of an error that a program printed, whole or in part.
    #[arg(value_parser = Names::entries(), hide_possible_values = true)]
    name: String,
}

impl Explain {
    /// Runs the command.
    ///
    /// # Errors
    /// Where nothing has that name.
    pub fn run(self) -> Result<Outcome> {
        let class = rules::gpu::rule_of(&self.name);
        let named = entries().find(|(_, entry)| entry.id() == self.name || Some(entry.id()) == class);
        let said: Vec<&dyn Entry> = match named {
            Some(_) => Vec::new(),
            None => {
                rules::all().map(|rule| rule as &dyn Entry).filter(|rule| speaks_of(rule.docs(), &self.name)).collect()
            }
        };
        if let [_, _, ..] = said[..] {
            let mut text = String::from("several rules speak of that:\n");
            for entry in said {
                let _ = writeln!(text, "  {:width$}  {}", entry.id(), entry.summary(), width = 24);
            }
            print(text.as_bytes())?;
            return Ok(Outcome::Clean);
        }
        let Some((table, entry)) = named.or(said.first().map(|entry| ("rule", *entry))) else {
            let near = suggest::closest(&self.name, entries().map(|(_, entry)| entry.id()));
            let hint = near.map_or(";".to_owned(), |near| format!(", did you mean \"{near}\"?"));
            let name = self.name.escape_debug();
            bail!("no format, rule or output is called \"{name}\"{hint} `driftgate list` names them all");
        };
        let mut text = format!("{} ({table})\n\n", entry.id());
        for line in entry.docs().lines() {
            text.push_str(line.strip_prefix(' ').unwrap_or(line));
            text.push('\n');
        }
        if let Some(rule) = rules::named(entry.id()) {
            let _ = write!(text, "\n# Level\n`{}` where the policy says nothing.\n", rule.level());
        }
        if let Some(format) = formats::named(entry.id()) {
            let _ = write!(text, "\n# Files\n{}\n", format.files().join(", "));
            let yields: Vec<&str> = format.yields().iter().map(|held| held.name()).collect();
            if format.role() == formats::Role::Subject {
                let yields = if yields.is_empty() { "names and versions alone".to_owned() } else { yields.join(", ") };
                let _ = write!(text, "\n# Holds\n{yields}\n");
            }
        }
        print(text.as_bytes())?;
        Ok(Outcome::Clean)
    }
}

/// Says whether a rule's docs quote a text, or the text holds what they quote: an error as a program prints it, with numbers
/// of its own. What many errors say says nothing.
fn speaks_of(docs: &str, text: &str) -> bool {
    const COMMON: &[&str] =
        &["cannot open shared object file", "no such file or directory", "importerror", "runtimeerror", "cuda error"];
    /// How many words in a row are enough.
    const ENOUGH: usize = 4;
    let words = |text: &str| -> Vec<String> {
        let mut text = text.to_lowercase();
        COMMON.iter().for_each(|common| text = text.replace(common, " "));
        let parts = text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | '"' | '\'' | '…'));
        let plain = parts.map(|word| word.trim_matches(['.', ':', ';']));
        // A number by itself is the program's own; within a name it is any number.
        let named = plain.filter(|word| word.contains(|c: char| c.is_alphabetic()));
        let folded = named.map(|word| {
            let mut folded = String::new();
            for c in word.chars() {
                match c.is_ascii_digit() {
                    true if folded.ends_with('#') => {}
                    true => folded.push('#'),
                    false => folded.push(c),
                }
            }
            folded
        });
        folded.collect()
    };
    // Of a symbol or file the docs may quote the beginning.
    let is_it = |asked: &String, quoted: &String| {
        asked == quoted || (quoted.len() >= 6 && quoted.contains(['#', '_']) && asked.contains(quoted.as_str()))
    };
    let holds = |long: &[String], short: &[String]| {
        long.windows(short.len()).any(|window| window.iter().zip(short).all(|(asked, quoted)| is_it(asked, quoted)))
    };
    let is_name = |word: &str| {
        word.len() >= 16 || (word.len() >= 6 && (word.contains(['.', '_', '#', '/']) || word.contains("::")))
    };
    let asked = words(text);
    docs.split('`').skip(1).step_by(2).any(|quoted| {
        let quoted = words(quoted);
        let size = ENOUGH.min(quoted.len()).min(asked.len());
        let is_enough = size == ENOUGH || (size > 0 && size == quoted.len().min(asked.len()));
        let has_name = |words: &[String]| words.iter().any(|word| is_name(word));
        is_enough && quoted.windows(size).any(|window| (size >= 3 || has_name(window)) && holds(&asked, window))
    })
}
