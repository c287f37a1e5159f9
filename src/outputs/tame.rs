//! Text for logs, no line of which a CI system takes for a command.

use std::io::{self, Write};

/// Passes text on, with a colon spelled out where a line begins as the workflow commands of GitHub do: `::error::`.
///
/// Names from files begin lines, and lines that CI logs are read for commands. What stands within a line is tamed by
/// [`super::text::plain`]. The last line is passed on with [`Write::flush`].
pub struct Tame<W: Write> {
    to: W,
    line: Vec<u8>,
}

impl<W: Write> Tame<W> {
    /// Returns a writer that passes on to another.
    pub fn new(to: W) -> Self {
        Tame { to, line: Vec::new() }
    }

    fn pass(&mut self) -> io::Result<()> {
        let text = String::from_utf8_lossy(&self.line);
        let start = text.trim_start();
        // Three colons begin a place in a diagnostic, and no command.
        if start.starts_with("::") && !start.starts_with(":::") {
            let (blanks, command) = text.split_at(text.len() - start.len());
            write!(self.to, "{blanks}\\u{{3a}}{}", &command[1..])?;
        } else {
            self.to.write_all(&self.line)?;
        }
        self.line.clear();
        Ok(())
    }
}

impl<W: Write> Write for Tame<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.pass()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass()?;
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_begins_as_a_command() {
        for (text, expected) in [
            ("::error::x\n  \u{2003}::add-mask::y", "\\u{3a}:error::x\n  \u{2003}\\u{3a}:add-mask::y"),
            ("a ::error::x\n   ::: b:1:1\n:a\n", "a ::error::x\n   ::: b:1:1\n:a\n"),
        ] {
            for size in [1, 3, 100] {
                let mut tame = Tame::new(Vec::new());
                text.as_bytes().chunks(size).for_each(|part| tame.write_all(part).expect("a Vec takes all"));
                tame.flush().expect("a Vec takes all");
                assert_eq!(String::from_utf8_lossy(&tame.to), expected);
            }
        }
    }
}
