//! Templates of one's own: any text, made of what [`super::json`] writes, in the language of Jinja.

mod python;
mod strict;

use std::io::{self, Write};

use anyhow::{Result, bail};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde_json::Value;

use super::json::Document;
use super::tame::Tame;
use super::text::{begins_command, plain};
use crate::report::Report;

/// How much a template may do, in instructions; each may also take some 64 bytes. Enough for a hundred thousand changes.
const FUEL: u64 = 10_000_000;

/// How deep its macros may call each other.
const DEEPEST: usize = 100;

/// A template that was read.
pub struct Template {
    name: String,
    environment: Environment<'static>,
}

impl Template {
    /// Reads a template. By its name, less `.j2`, it is known what is escaped: HTML and XML, JSON and YAML.
    ///
    /// # Errors
    /// Where it is none, with line and column.
    pub fn parse(name: &str, text: String) -> Result<Self> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // A line that holds a block alone leaves none behind, and the file ends as the template does.
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
        environment.set_syntax(syntax?);
        environment.set_recursion_limit(DEEPEST);
        environment.set_fuel(Some(FUEL));
        environment.set_debug(true);
        python::set(&mut environment);
        strict::set(&mut environment);
        let name = name.to_owned();
        if let Err(error) = environment.add_template_owned(name.clone(), text.clone()) {
            bail!("{}", told(&name, &text, &error));
        }
        Ok(Template { name, environment })
    }

    /// Writes a report. Its strings are as texts show them: with what hides something spelled out. No line is a command to a
    /// CI system, whatever stands in the template.
    ///
    /// # Errors
    /// Where the template asks for what is not there, or for too much, with line and column; where writing fails.
    pub fn write(&self, report: &Report, to: &mut dyn io::Write) -> Result<()> {
        let document = shown("", serde_json::to_value(Document::of(report))?);
        let template = self.environment.get_template(&self.name)?;
        let text = match template.render(Serde(&document)) {
            Ok(text) => text,
            Err(error) => bail!("{}", told(&self.name, template.source(), &error)),
        };
        let mut to = Tame::new(io::BufWriter::new(to));
        let mut written = 0;
        for (at, _) in text.match_indices('[').filter(|(at, _)| begins_command(&text[..*at])) {
            write!(to, "{}\\u{{5b}}", &text[written..at])?;
            written = at + 1;
        }
        write!(to, "{}", &text[written..])?;
        Ok(to.flush()?)
    }
}

/// Returns a value with its strings as texts show them. Help is of several lines.
fn shown(key: &str, value: Value) -> Value {
    match value {
        Value::String(text) if key == "help" => text.split('\n').map(plain).collect::<Vec<_>>().join("\n").into(),
        Value::String(text) => plain(&text).into(),
        Value::Array(items) => items.into_iter().map(|item| shown(key, item)).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key.clone(), shown(&key, value))).collect(),
        other => other,
    }
}

/// Says what is wrong with a template, and where.
fn told(name: &str, text: &str, error: &minijinja::Error) -> String {
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    let before = error.range().and_then(|range| text.get(..range.start));
    let column = before.map(|before| before.rsplit('\n').next().unwrap_or_default().chars().count() + 1);
    let at: Vec<String> = [error.line(), column].into_iter().flatten().map(|number| format!(":{number}")).collect();
    format!("{name}{}: {}{detail}", at.concat(), error.kind())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::outputs::{samples, text};

    fn filled(name: &str, text: &str, report: &Report) -> Result<String> {
        let mut bytes = Vec::new();
        Template::parse(name, text.to_owned())?.write(report, &mut bytes)?;
        Ok(String::from_utf8(bytes).expect("a template is text"))
    }

    #[test]
    fn templates_see_what_json_writes() {
        let report = samples::drift();
        let text = "{% for change in changes %}{{ change.kind }} {{ change.name }} {{ change.from }}→{{ change.to }}\n{% endfor %}";
        let expected: String = report
            .changes
            .iter()
            .map(|change| {
                let version = |version: Option<&str>| version.unwrap_or("None").to_owned();
                format!("{} {} {}→{}\n", change.kind, change.name, version(change.from), version(change.to))
            })
            .collect();
        assert_eq!(filled("a.txt", text, &report).expect("it is a template"), expected);
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let report = samples::drift();
        let mut wrong = Vec::new();
        for (text, expected) in [
            ("a\n é {{ nobody }}", "t.j2:2:7: undefined value"),
            ("{{ summary.eror }}", "t.j2:1:4: undefined value"),
            ("{{ changes | map(attribute='nope') | list }}", "t.j2:1:14: undefined value: item 1 has no \"nope\""),
            ("{{ changes | map(attribute='old.nope') }}", "t.j2:1:14: undefined value: item 1 has no \"old.nope\""),
            ("{{ changes | groupby('nope') }}", "t.j2:1:14: undefined value: item 1 has no \"nope\""),
            ("{{ changes | groupby(attribute='nope') }}", "t.j2:1:14: undefined value"),
            ("{{ changes | sort(attribute='name, nope') }}", "t.j2:1:14: undefined value: item 1 has no \"nope\""),
            ("{{ changes | unique(attribute='nope') }}", "t.j2:1:14: undefined value"),
            ("{{ changes | min(attribute='nope') }}", "t.j2:1:14: undefined value"),
            ("{{ changes | max(attribute='nope') }}", "t.j2:1:14: undefined value"),
            ("{{ changes | sum('nope') }}", "t.j2:1:14: undefined value"),
            ("{{ changes | join(', ', attribute='nope') }}", "t.j2:1:14: undefined value"),
            ("{{ changes | join(', ', 'nope') }}", "t.j2:1:14: undefined value"),
            ("{{ changes | selectattr('nope') | list }}", "t.j2:1:14: undefined value"),
            ("{{ changes | rejectattr('nope', 'equalto', 1) | list }}", "t.j2:1:14: undefined value"),
            ("{{ summary.nope.upper() }}", "t.j2:1:16: unknown method: undefined has no method"),
            ("{{ summary.nope | truncate(9) }}", "t.j2:1:19: undefined value"),
            ("{{ 'ab'.nope() }}", "t.j2:1:8: unknown method"),
            ("{{ [summary.nope] }}", "t.j2:1:4: undefined value: a part of it is not there"),
            ("{{ [summary.nope] | join }}", "t.j2:1:21: undefined value: a part of it is not there"),
            ("{{ {'a': {'b': [1, summary.nope]}} }}", "t.j2:1:4: undefined value: a part of it is not there"),
            ("{{ summary.nope | tojson }}", "t.j2:1:19: undefined value"),
            ("{{ {'a': summary.nope} | tojson }}", "t.j2:1:26: undefined value"),
            (
                "{% set ns = namespace(x=[1]) %}{% for a in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
                "t.j2:1:",
            ),
            ("a\n{% for x in %}", "t.j2:2:"),
            ("{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}", "t.j2:1:"),
            (
                "{% set ns = namespace(x='ab') %}{% for a in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
                "t.j2:1:",
            ),
            ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "t.j2:1:"),
            ("{% include 'other' %}", "t.j2:1:"),
            (&"(".repeat(100_000), "t.j2:1:"),
            (&format!("{{{{ {}1 }}}}", "(".repeat(100_000)), "t.j2:1:"),
        ] {
            match filled("t.j2", text, &report) {
                Ok(shown) if shown == text => {}
                Ok(shown) => wrong.push(format!("{text}: {shown}")),
                Err(error) if error.to_string().starts_with(expected) => {}
                Err(error) => wrong.push(format!("{text}: {error}")),
            }
        }
        assert_eq!(wrong, [""; 0]);
    }

    #[test]
    fn what_may_be_missing_can_be_asked_for() {
        let report = samples::drift();
        let count = report.changes.len();
        let mut wrong = Vec::new();
        let names: Vec<&str> = report.changes.iter().map(|change| change.name).collect();
        for (text, expected) in [
            ("{{ changes | map(attribute='name') | join(' ') }}", names.join(" ")),
            ("{{ changes | map(attribute='nope', default='-') | unique | join }}", "-".to_owned()),
            (
                "{% for key, all in changes | groupby('nope', default='-') %}{{ key }}{{ all | length }}{% endfor %}",
                format!("-{count}"),
            ),
            ("{{ changes | selectattr('nope', 'defined') | list | length }}", "0".to_owned()),
            ("{{ changes | rejectattr('nope', 'defined') | list | length }}", count.to_string()),
            ("{{ summary.nope is defined }} {{ summary.nope | default('-') }}", "False -".to_owned()),
            ("{{ changes | map('length') | list | length }}", count.to_string()),
            ("{{ '-' if false }}{{ [] }}{{ {'a': none} }}", "[]{'a': None}".to_owned()),
            (
                "{{ 'a b'.split() | join('-') }} {{ 'torch'.upper() }} {{ 'a'.startswith('b') }}",
                "a-b TORCH False".to_owned(),
            ),
            ("{% for key, value in {'a': 1}.items() %}{{ key }}{{ value }}{% endfor %}", "a1".to_owned()),
            (
                "{{ 'one two three four' | truncate(9) }} {{ 'abcdefghi' | truncate(length=5, killwords=true, leeway=0) }}",
                "one... ab...".to_owned(),
            ),
            (
                "{{ '%s-%03d' | format('a', 7) }} change{{ 2 | pluralize }} {{ 2048 | filesizeformat(true) }}",
                "a-007 changes 2.0 KiB".to_owned(),
            ),
            ("{{ [3, 1] | sort | join(' ') }} {{ [{'a': [5]}] | map(attribute='a.0') | sum }}", "1 3 5".to_owned()),
        ] {
            match filled("a.txt", text, &report) {
                Ok(shown) if shown == expected => {}
                other => wrong.push(format!("{text}: {}", other.unwrap_or_else(|error| error.to_string()))),
            }
        }
        assert_eq!(wrong, [""; 0]);
    }

    #[test]
    fn names_are_escaped_as_the_file_asks() {
        let mut report = samples::drift();
        report.headlines = vec!["<b> & \"x\"".to_owned()];
        let text = "{{ headlines[0] }}";
        for (name, expected) in [
            ("a.txt", "<b> & \"x\""),
            ("a.html", "&lt;b&gt; &amp; &quot;x&quot;"),
            ("a.xml.j2", "&lt;b&gt; &amp; &quot;x&quot;"),
            ("a.json.j2", r#""<b> & \"x\"""#),
        ] {
            assert_eq!(filled(name, text, &report).expect(name), expected);
        }
        // An `if` without `else` is nothing there too, and no null.
        let list = "[{% for a in [1, 2] %}{{ a }}{{ ',' | safe if not loop.last }}{% endfor %}]";
        assert_eq!(filled("a.json", list, &report).expect("a.json"), "[1,2]");
        assert_eq!(filled("a", "{{ headlines | tojson }}", &report).expect("a"), r#"["\u003cb\u003e \u0026 \"x\""]"#);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_name_hides_or_commands(texts in prop::collection::vec("[#:\\[\\]a\\n\\x1b\u{202e}]{0,9}", 12)) {
            for report in [samples::of(&texts, "", 0, 0), samples::changes_of(&texts)] {
                let text = "{% for finding in findings %}{{ finding.message }}\n{{ finding.help }}\n#{{ finding.message }}\n{% endfor %}\
                            {% for change in changes %}{{ change.name }}\n:{{ change.name }}[{{ change.purl }}\n{% endfor %}";
                let shown = filled("a.txt", text, &report).expect("it is a template");
                prop_assert!(!shown.contains(|c| c != '\n' && text::hides(c)), "{shown:?}");
                for line in shown.lines() {
                    let start = line.trim_start();
                    prop_assert!(!start.starts_with("::") || start.starts_with(":::"), "{shown:?}");
                    prop_assert!(!line.match_indices('[').any(|(at, _)| begins_command(&line[..at])), "{shown:?}");
                }
            }
        }
    }
}
