//! What of an instruction's form the builder refuses: it is named, with its line, and the rest of the file is read.

use std::ops::Range;

use super::instructions::{Instruction, shortened};

/// What is wrong, with its place.
type Fault = (Range<usize>, String);

/// Returns what is wrong with an instruction's form.
pub(super) fn faults(instruction: &Instruction<'_>, escape: char) -> Vec<Fault> {
    match instruction.keyword.as_str() {
        "ENV" | "LABEL" => pairs(instruction, escape),
        "ADD" | "COPY" => [array(instruction), copies(instruction)].into_iter().flatten().collect(),
        "CMD" | "ENTRYPOINT" | "RUN" | "SHELL" | "VOLUME" => array(instruction).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// `NAME=value`, each with both; or one name and its value, the old form.
fn pairs(instruction: &Instruction<'_>, escape: char) -> Vec<Fault> {
    let keyword = &instruction.keyword;
    let words = instruction.quoted_words(escape);
    let Some(first) = words.first() else {
        return vec![(instruction.place.clone(), format!("{keyword} sets nothing: write NAME=value"))];
    };
    if !first.text.contains('=') {
        let is_whole = words.len() > 1;
        let message = || format!("\"{}\" has no value: write NAME=value", shortened(&first.text).escape_debug());
        return if is_whole { Vec::new() } else { vec![(first.range.clone(), message())] };
    }
    // The first is enough: what follows is mostly a comment that is none. What it says may be a part of a secret.
    let wrong = words.into_iter().find_map(|word| match word.text.split_once('=') {
        None => {
            Some((word.range, "this has no \"=\": write NAME=value, a value with blanks in quotation marks".to_owned()))
        }
        Some(("", _)) => Some((word.range, "this has no name: write NAME=value".to_owned())),
        Some(_) => None,
    });
    wrong.into_iter().collect()
}

/// An array that holds something other than strings: a text that is no array at all is a shell's.
fn array(instruction: &Instruction<'_>) -> Option<Fault> {
    let rest = instruction.rest();
    if !rest.text.starts_with('[') {
        return None;
    }
    let values: Vec<serde_json::Value> = serde_json::from_str(&rest.text).ok()?;
    let is_wrong = values.iter().any(|value| !value.is_string());
    is_wrong.then(|| (rest.range, format!("an array of {} holds strings only", instruction.keyword)))
}

/// Sources and a destination.
fn copies(instruction: &Instruction<'_>) -> Option<Fault> {
    let words = instruction.array().unwrap_or_else(|| instruction.words());
    let message = || format!("{} takes sources and a destination", instruction.keyword);
    (words.len() < 2).then(|| (instruction.place.clone(), message()))
}
