//! Stanzas of fields, as the control files of Debian and much that copies them are written.
//!
//! Specification: deb822(5), and the Debian Policy Manual, section 5.1 "Syntax of control files".

/// A stanza: fields without a blank line between them.
#[derive(Clone, Debug, Default)]
pub struct Stanza<'t> {
    /// Its fields in the order of the file: the name, and the value without blanks around it. The lines that a value goes
    /// on in are part of it, as they stand.
    pub fields: Vec<(&'t str, &'t str)>,
    /// The lines that are no field and belong to none.
    pub strays: Vec<&'t str>,
}

impl<'t> Stanza<'t> {
    /// Returns the value of a field, by its name in any case.
    pub fn get(&self, name: &str) -> Option<&'t str> {
        self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    /// Adds a field whose value has ended.
    fn close(&mut self, text: &'t str, open: Option<(&'t str, usize, usize)>) {
        self.fields.extend(open.map(|(name, start, end)| (name, text[start..end].trim())));
    }
}

/// Returns the stanzas of a text that are not empty.
pub fn stanzas(text: &str) -> impl Iterator<Item = Stanza<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let mut stanza = Stanza::default();
        // The last field's name, and where its value begins and, for now, ends.
        let mut open: Option<(&str, usize, usize)> = None;
        while at < text.len() {
            let start = at;
            at = text[start..].find('\n').map_or(text.len(), |end| start + end + 1);
            let line = text[start..at].trim_end();
            match line.split_once(':') {
                _ if line.is_empty() => {
                    stanza.close(text, open.take());
                    if stanza.fields.is_empty() && stanza.strays.is_empty() {
                        continue;
                    }
                    return Some(stanza);
                }
                _ if line.starts_with('#') => {}
                _ if line.starts_with([' ', '\t']) => match &mut open {
                    Some((_, _, end)) => *end = at,
                    None => stanza.strays.push(line),
                },
                Some((name, _)) if !name.is_empty() => {
                    stanza.close(text, open.replace((name.trim_end(), start + name.len() + 1, at)));
                }
                _ => {
                    stanza.close(text, open.take());
                    stanza.strays.push(line);
                }
            }
        }
        stanza.close(text, open);
        (!stanza.fields.is_empty() || !stanza.strays.is_empty()).then_some(stanza)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stanzas_have_fields() {
        let text = "\n\nA: 1\nB:2\n two\n .\nC:\r\n\n \nstray\nD: x: y\n# no field\n: none\nE: e";
        let all: Vec<Stanza<'_>> = stanzas(text).collect();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].fields, [("A", "1"), ("B", "2\n two\n ."), ("C", "")]);
        assert_eq!(all[0].get("b"), Some("2\n two\n ."));
        assert_eq!(all[1].fields, [("D", "x: y"), ("E", "e")]);
        assert_eq!(all[1].strays, ["stray", ": none"]);
        assert_eq!(stanzas("").count(), 0);
        assert_eq!(stanzas(" \n\n").count(), 0);
    }
}
