//! `nvidia-smi -q -x`: what the driver knows of its GPUs, as XML.
//!
//! Elements come and go between branches; what is not here is not known.

use std::ops::Range;

use anyhow::{Result, anyhow};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::machine::Machine;
use crate::gpu::facts;

const START: &str = "<nvidia_smi_log";
const END: &str = "</nvidia_smi_log>";

/// How deep elements may nest; the tool nests less than ten deep.
const MAX_DEPTH: usize = 60;

/// Returns the range of the first such document in a text, from its root element on; up to the text's end where it is cut.
pub(super) fn find(text: &str) -> Option<Range<usize>> {
    let start = text.match_indices(START).find(|(at, _)| {
        // Not `<!DOCTYPE nvidia_smi_log`, and not an element whose name only begins so.
        text[at + START.len()..].starts_with(['>', ' ', '\n', '\r', '\t', '/'])
    })?;
    let end = text[start.0..].find(END).map_or(text.len(), |at| start.0 + at + END.len());
    Some(start.0..end)
}

/// Reads a document; `line` is the number of its first line.
///
/// # Errors
/// Where it is no XML, or cut off.
pub(super) fn read(text: &str, line: usize, machine: &mut Machine) -> Result<()> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut path: Vec<String> = Vec::new();
    let mut value = String::new();
    let mut gpu = Gpu::default();
    let at = |reader: &Reader<&[u8]>| {
        let offset = (reader.buffer_position() as usize).min(text.len());
        line + text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count()
    };
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => return Err(anyhow!("line {}: {error}", at(&reader))),
        };
        match event {
            Event::Start(start) => {
                path.push(start.name().0.to_owned());
                value.clear();
                if path.len() > MAX_DEPTH {
                    return Err(anyhow!("line {}: elements nest more than {MAX_DEPTH} deep", at(&reader)));
                }
            }
            Event::Text(part) => value.push_str(&part.into_inner()),
            Event::End(_) => {
                let names: Vec<&str> = path.iter().map(String::as_str).collect();
                match names[..] {
                    ["nvidia_smi_log", "driver_version" | "kmd_version"] => machine.take_driver(&value, at(&reader))?,
                    ["nvidia_smi_log", "cuda_version" | "cuda_umd_version"] => machine.take_capability(&value),
                    ["nvidia_smi_log", "gpu", "product_name"] => gpu.name = value.trim().to_owned(),
                    ["nvidia_smi_log", "gpu", "product_brand"] => gpu.brand = value.trim().to_owned(),
                    ["nvidia_smi_log", "gpu", "compute_cap" | "cuda_compute_capability"] => {
                        gpu.compute = Some(value.trim().to_owned());
                    }
                    ["nvidia_smi_log", "gpu", "fabric", "state"] => {
                        // Boards that are not on NVSwitch say N/A, and so do all before Hopper.
                        gpu.fabric = ["Completed", "In Progress", "Not Started"].contains(&value.trim());
                    }
                    ["nvidia_smi_log", "gpu"] => std::mem::take(&mut gpu).tell(machine),
                    ["nvidia_smi_log"] => return Ok(()),
                    _ => {}
                }
                path.pop();
                value.clear();
            }
            Event::Eof => {
                return Err(anyhow!("line {}: the XML of nvidia-smi is cut off, write it anew", at(&reader)));
            }
            _ => {}
        }
    }
}

/// What one `<gpu>` tells.
#[derive(Default)]
struct Gpu {
    name: String,
    brand: String,
    compute: Option<String>,
    fabric: bool,
}

impl Gpu {
    fn tell(self, machine: &mut Machine) {
        machine.take_gpu(&self.name);
        machine.take_brand(&self.brand);
        machine.take_compute(self.compute.as_deref());
        machine.nvswitch |= self.fabric && facts::gpus().find(&self.name).is_some_and(|gpu| gpu.class == "datacenter");
    }
}
