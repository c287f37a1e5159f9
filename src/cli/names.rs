//! The names that an argument is likely to be: completions know them, and what is no such name is taken all the same.

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::error::Error;
use clap::{Arg, Command, ValueEnum};

use super::printing;
use crate::entry::Entry;
use crate::{formats, gpu, intern, outputs, rules};

/// Names with a line on each, which may be empty.
type Listed = fn() -> Vec<(&'static str, &'static str)>;

/// Takes any text, and tells completions which names there are.
#[derive(Clone)]
pub struct Names(Listed);

impl Names {
    /// The outputs of a report.
    pub fn outputs() -> Self {
        Names(|| outputs::OUTPUTS.iter().map(|output| (output.id(), output.summary())).collect())
    }

    /// The ways in which a command prints that makes no report.
    pub fn of<F: ValueEnum + 'static>() -> Self {
        Names(|| printing::names::<F>().map(|name| (intern::text(&name), "")).collect())
    }

    /// Everything that `explain` speaks of.
    pub fn entries() -> Self {
        Names(|| entries().map(|(_, entry)| (entry.id(), entry.summary())).collect())
    }

    /// The GPUs that the tables know and that are one word to a shell.
    pub fn gpus() -> Self {
        Names(|| {
            let models = gpu::facts::gpus().models.iter().map(|model| model.name.as_str());
            models.filter(|name| !name.contains(' ')).map(|name| (name, "")).collect()
        })
    }

    /// The platforms that images are mostly built for.
    pub fn platforms() -> Self {
        Names(|| vec![("linux/amd64", ""), ("linux/arm64", "")])
    }
}

impl TypedValueParser for Names {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &std::ffi::OsStr) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let values = (self.0)().into_iter().map(|(name, line)| {
            let value = PossibleValue::new(name);
            if line.is_empty() { value } else { value.help(line) }
        });
        Some(Box::new(values))
    }
}

/// Returns all formats, rules and outputs, each with the name of its table.
pub fn entries() -> impl Iterator<Item = (&'static str, &'static dyn Entry)> {
    let formats = formats::all().map(|entry| ("format", entry as &dyn Entry));
    let rules = rules::all().map(|entry| ("rule", entry as &dyn Entry));
    formats.chain(rules).chain(outputs::OUTPUTS.iter().map(|entry| ("output", *entry as &dyn Entry)))
}
