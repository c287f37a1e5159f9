//! Programs that carry what they were built from: Go's build information, and the list of crates of cargo-auditable.
//!
//! Specification: Go's `debug/buildinfo`, and cargo-auditable's `PARSING.md`. Programs of Linux (ELF), Windows (PE) and
//! macOS (Mach-O) are looked into; of Go's only those since 1.18, which hold the information as plain text.

use std::collections::BTreeSet;
use std::io::Read;

use super::numbers::{Order, slice};

/// The section that cargo-auditable adds.
const CRATES: &str = ".dep-v0";
/// The sections that Go's linker writes, for ELF and Mach-O.
const GO: &[&str] = &[".go.buildinfo", "__go_buildinfo"];
/// How Go's information begins; it stands at a multiple of 16 bytes.
const GO_MAGIC: &[u8] = b"\xff Go buildinf:";
/// How many sections are searched: a program has one of Go's, and a few that it may change.
const SEARCHED: usize = 8;
/// The most sections or segments of a program that are looked at.
const SECTIONS: usize = 4096;
/// The longest name of a section.
const NAME: usize = 64;
/// How far into data without a section of its own Go's information is looked for.
const REACH: usize = 1 << 20;
/// The largest list of crates that is read.
const MOST: u64 = 16 << 20;

/// Says whether a file is a program, or a library of programs, by its first bytes.
pub fn is_program(bytes: &[u8]) -> bool {
    const MAGIC: &[&[u8]] = &[b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe"];
    MAGIC.iter().any(|magic| bytes.starts_with(magic))
}

/// Returns what a program says that it was built from: crates as JSON, or modules as Go's `debug.BuildInfo` prints them.
/// None where it does not say, is damaged, or is no program.
///
/// It looks at the file's headers and at what it returns, and at little else.
pub fn carries(bytes: &[u8]) -> Option<String> {
    let sections = if bytes.starts_with(b"\x7fELF") {
        elf(bytes)?
    } else if bytes.starts_with(b"MZ") {
        pe(bytes)?
    } else if bytes.starts_with(b"\xcf\xfa\xed\xfe") {
        mach(bytes)?
    } else {
        return None;
    };
    let crates = sections.iter().find(|section| section.name == CRATES.as_bytes());
    if let Some(text) = crates.and_then(|section| unpacked(slice(bytes, section.start, section.len)?)) {
        return Some(text);
    }
    let named = sections.iter().filter(|section| GO.iter().any(|name| section.name == name.as_bytes()));
    let data = sections.iter().filter(|section| section.is_data);
    let mut seen = BTreeSet::new();
    let start = named.chain(data).filter(|section| seen.insert(section.start)).take(SEARCHED).find_map(|section| {
        let data = slice(bytes, section.start, section.len.min(REACH))?;
        (0..data.len()).step_by(16).find(|at| data[*at..].starts_with(GO_MAGIC)).map(|at| section.start + at)
    })?;
    go(&bytes[start..])
}

/// A part of a program's file.
struct Section<'b> {
    name: &'b [u8],
    start: usize,
    len: usize,
    /// Whether it is data that the program may change: Go's information stands at its beginning.
    is_data: bool,
}

fn unpacked(packed: &[u8]) -> Option<String> {
    let mut text = String::new();
    let read = flate2::read::ZlibDecoder::new(packed).take(MOST + 1).read_to_string(&mut text);
    let is_whole = read.is_ok_and(|len| len as u64 <= MOST);
    (is_whole && text.starts_with('{')).then_some(text)
}

/// Reads Go's information: the version of Go, and the modules between marks of 16 bytes.
fn go(data: &[u8]) -> Option<String> {
    const INLINE: u8 = 2;
    if data.get(15)? & INLINE == 0 {
        return None;
    }
    let mut rest = data.get(32..)?;
    let version = text(&mut rest)?;
    let modules = text(&mut rest)?;
    let is_marked = modules.len() >= 33 && modules[modules.len() - 17] == b'\n';
    let modules = if is_marked { &modules[16..modules.len() - 16] } else { &[] };
    let (version, modules) = (std::str::from_utf8(version).ok()?, std::str::from_utf8(modules).ok()?);
    let is_plain = |sign: char| !sign.is_control() || matches!(sign, '\t' | '\n');
    let is_version = version.starts_with("go") || version.starts_with("devel");
    if !is_version || version.contains(['\t', '\n']) || !version.chars().chain(modules.chars()).all(is_plain) {
        return None;
    }
    Some(format!("go\t{version}\n{modules}"))
}

/// Takes a text off, which has its length before it, seven bits a byte, the lowest first.
fn text<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let mut len = 0usize;
    for (at, byte) in rest.iter().take(5).enumerate() {
        len |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let text = slice(rest, at + 1, len)?;
            *rest = &rest[at + 1 + len..];
            return Some(text);
        }
    }
    None
}

/// Returns the sections of an ELF file; of one without, the parts that are loaded to be written to.
fn elf(bytes: &[u8]) -> Option<Vec<Section<'_>>> {
    let order = if *bytes.get(5)? == 2 { Order::Big } else { Order::Little };
    let is_wide = *bytes.get(4)? == 2;
    let word = |at: usize| if is_wide { order.wide(bytes, at) } else { order.size(bytes, at) };
    let half = |at: usize| order.u16(bytes, at).map(usize::from);
    let at = |wide: usize, narrow: usize| if is_wide { wide } else { narrow };
    let entry = |start: usize, index: usize, size: usize| index.checked_mul(size)?.checked_add(start);
    let mut sections = Vec::new();
    let (start, size, count) = (word(at(40, 32))?, half(at(58, 46))?, half(at(60, 48))?);
    if count > 0 && size < at(64, 40) {
        return None;
    }
    let names = half(at(62, 50)).and_then(|index| entry(start, index, size)).and_then(|header| {
        slice(bytes, word(header.checked_add(at(24, 16))?)?, word(header.checked_add(at(32, 20))?)?)
    });
    for index in 0..count.min(SECTIONS) {
        let Some(header) = entry(start, index, size) else { break };
        let section = || {
            let name = names?.get(order.size(bytes, header)?..)?;
            let name = &name[..name.iter().take(NAME).position(|byte| *byte == 0)?];
            let (start, len) = (word(header.checked_add(at(24, 16))?)?, word(header.checked_add(at(32, 20))?)?);
            Some(Section { name, start, len, is_data: false })
        };
        sections.extend(section());
    }
    let (start, size, count) = (word(at(32, 28))?, half(at(54, 42))?, half(at(56, 44))?);
    for index in 0..if size < at(56, 32) { 0 } else { count.min(SECTIONS) } {
        let Some(header) = entry(start, index, size) else { break };
        let segment = || {
            const LOAD: u32 = 1;
            const WRITE: u32 = 2;
            let flags = order.u32(bytes, header.checked_add(at(4, 24))?)?;
            let is_data = order.u32(bytes, header)? == LOAD && flags & WRITE != 0;
            let (start, len) = (word(header.checked_add(at(8, 4))?)?, word(header.checked_add(at(32, 16))?)?);
            is_data.then_some(Section { name: b"", start, len: len.min(bytes.len().saturating_sub(start)), is_data })
        };
        sections.extend(segment());
    }
    Some(sections)
}

/// Returns the sections of a PE file.
fn pe(bytes: &[u8]) -> Option<Vec<Section<'_>>> {
    let header = Order::Little.size(bytes, 0x3c)?;
    if slice(bytes, header, 4)? != b"PE\0\0" {
        return None;
    }
    let half = |at: usize| Order::Little.u16(bytes, at).map(usize::from);
    let table = header + 24 + half(header + 20)?;
    let section = |index: usize| {
        const WRITE: u32 = 0x8000_0000;
        let entry = slice(bytes, table + 40 * index, 40)?;
        let name = &entry[..8];
        let name = &name[..name.iter().position(|byte| *byte == 0).unwrap_or(8)];
        // On disk a section is filled up; what it holds in memory may be less.
        let [in_memory, on_disk, start] = [8, 16, 20].map(|at| Order::Little.size(entry, at).unwrap_or_default());
        let is_data = Order::Little.u32(entry, 36)? & WRITE != 0;
        Some(Section { name, start, len: on_disk.min(in_memory), is_data })
    };
    Some((0..half(header + 6)?.min(SECTIONS)).map_while(section).collect())
}

/// Returns the sections of a Mach-O file of 64 bits.
fn mach(bytes: &[u8]) -> Option<Vec<Section<'_>>> {
    let size = |at: usize| Order::Little.size(bytes, at);
    let mut sections = Vec::new();
    let mut command = 32usize;
    for _ in 0..size(16)?.min(SECTIONS) {
        const SEGMENT: usize = 0x19;
        let (Some(kind), Some(len)) = (size(command), size(command.checked_add(4)?)) else { break };
        if kind == SEGMENT {
            let count = size(command.checked_add(64)?)?;
            for index in 0..count.min(len / 80).min(SECTIONS - sections.len().min(SECTIONS)) {
                let entry = slice(bytes, command + 72 + 80 * index, 80)?;
                let name = &entry[..entry[..16].iter().position(|byte| *byte == 0).unwrap_or(16)];
                let len = Order::Little.wide(entry, 40)?;
                sections.push(Section { name, start: Order::Little.size(entry, 48)?, len, is_data: false });
            }
        }
        command = command.checked_add(len.max(8))?;
    }
    Some(sections)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_carry_nothing() {
        for bytes in [&b""[..], b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"#!/bin/sh", &[0x7f; 100]] {
            assert_eq!(carries(bytes), None, "{bytes:?}");
        }
        let mut loop_of_commands = b"\xcf\xfa\xed\xfe".to_vec();
        loop_of_commands.resize(64, 0xff);
        assert_eq!(carries(&loop_of_commands), None);
    }

    #[test]
    fn information_of_go_is_read() {
        let mut data = GO_MAGIC.to_vec();
        data.extend([8, 2]);
        data.resize(32, 0);
        data.extend([8]);
        data.extend(b"go1.22.1");
        data.extend([16 + 7 + 16]);
        data.extend([[1; 16].as_slice(), b"path\ta\n", &[2; 16]].concat());
        assert_eq!(go(&data).as_deref(), Some("go\tgo1.22.1\npath\ta\n"));
        // Before Go 1.18 there were pointers to follow.
        data[15] = 0;
        assert_eq!(go(&data), None);
        data[15] = 2;
        data.truncate(60);
        assert_eq!(go(&data), None);
    }
}
