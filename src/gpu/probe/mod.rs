//! Targets as files and machines tell them: a list of Kubernetes nodes, what `nvidia-smi` prints, what the driver says of
//! itself under `/proc`.
//!
//! What a text is, is told by its content and never by its name. All here are functions from text to facts; [`host()`]
//! alone looks at the machine. What a text says of nothing stays unknown: `N/A`, `ERR!` and the like are no facts.

mod host;
mod machine;
mod nodes;
mod proc_version;
mod smi_csv;
mod smi_table;
mod smi_xml;

use anyhow::{Result, bail};

use super::target::Target;
use machine::Machine;

pub use host::{Host, host};

/// What there is to read, for who gave something else.
const KNOWN: &str = "there are node lists (`kubectl get nodes -o json`), the output of `nvidia-smi`, `nvidia-smi -q -x`, \
    `nvidia-smi --version` and `nvidia-smi --query-gpu=… --format=csv`, and /proc/driver/nvidia/version";

/// Reads the targets that a text tells of: a list of nodes has one for each pool, everything else is one machine, which is
/// called `name`. Several outputs of one machine may stand in one text, one after the other.
///
/// # Errors
/// Where the text is none of those that are known, or tells of no GPU and no driver.
pub fn read(name: &str, text: &str) -> Result<Vec<Target>> {
    let text = text.trim_start_matches('\u{feff}');
    match text.trim_start().chars().next() {
        None => bail!("the text is empty; {KNOWN}"),
        Some('{') => return nodes::read(text),
        Some(_) => {}
    }
    let machine = machine(text)?;
    if machine.is_empty() && !machine.mismatched {
        match machine.failure {
            Some(failure) => bail!("{failure}"),
            None if is_other_list(text) => {
                bail!("no node list that is read here: write it as JSON, with `kubectl get nodes -o json`")
            }
            None => {
                bail!("no node list, no output of nvidia-smi and no driver's version: nothing here is known; {KNOWN}")
            }
        }
    }
    Ok(vec![machine.target(name)])
}

/// Says whether a text is what `kubectl get` writes in another form: YAML, or a table.
fn is_other_list(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty() && *line != "---");
    let first = lines.next().unwrap_or_default();
    first.starts_with("apiVersion:")
        || first.starts_with("kind:")
        || (first.starts_with("NAME ") && first.contains("STATUS"))
}

/// Returns what a file is called without its folder and ending: `gpu-1` of `ops/gpu-1.txt`.
pub fn stem(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).trim_matches(['<', '>'])
}

/// Reads all that a text tells of one machine.
fn machine(text: &str) -> Result<Machine> {
    let mut machine = Machine::default();
    let mut lines = text;
    // What stands before and after a document of XML is read by lines.
    let mut first_line = 1;
    while let Some(range) = smi_xml::find(lines) {
        by_lines(&lines[..range.start], first_line, &mut machine)?;
        let line = first_line + lines[..range.start].matches('\n').count();
        smi_xml::read(&lines[range.clone()], line, &mut machine)?;
        first_line = line + lines[range.clone()].matches('\n').count();
        lines = &lines[range.end..];
    }
    by_lines(lines, first_line, &mut machine)?;
    Ok(machine)
}

/// Reads what is told line by line; `first` is the number of the first line in the whole text.
fn by_lines(text: &str, first: usize, machine: &mut Machine) -> Result<()> {
    let mut rest: Vec<(usize, &str)> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let number = first + at;
        let line = line.trim();
        if !(proc_version::line(line, number, machine)? || smi_table::line(line, number, machine)?) {
            rest.push((number, line));
        }
    }
    smi_csv::read(&rest, machine)
}
