//! The findings, those that stand for others in full: diagnostics with the lines they stand on.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level as Heading, Origin, Renderer, Snippet};
use anyhow::Result;

use super::Screen;
use crate::intern::Text;
use crate::outputs::alike::Told;
use crate::outputs::excerpt::{Excerpt, excerpt};
use crate::outputs::links::Links;
use crate::outputs::text::{self, clip, count, number};
use crate::report::{Finding, Level};
use crate::source::{Location, Place, Sources};

/// A rule that finds more than this in one subject is shown in part.
const MANY: usize = 10;
/// How many of many are shown in full.
const FIRST: usize = 3;
/// How many diagnostics are shown in full at all.
const FULL: usize = 50;
/// How many lines there are for the rest of a rule's findings in one subject.
const LINES: usize = 20;
/// How many ways in are named.
const WAYS: usize = 3;

impl<'s> Screen<'s> {
    /// Shows the findings, errors first, those of one rule in one subject together.
    pub(super) fn findings(&mut self) -> Result<()> {
        let mut full = if self.style.verbose { usize::MAX } else { FULL };
        for group in self.groups() {
            let wanted = if group.len() > MANY && !self.style.verbose { FIRST } else { group.len() };
            let (whole, rest) = group.split_at(wanted.min(full));
            full -= whole.len();
            for finding in whole {
                self.diagnostic(finding)?;
            }
            self.lines(rest, whole.is_empty())?;
        }
        Ok(())
    }

    fn diagnostic(&mut self, finding: &Finding) -> Result<()> {
        let width = if self.style.width == 0 { 140 } else { self.style.width.clamp(60, 280) };
        let mut origins = Vec::new();
        let level = if finding.level == Level::Deny { Heading::ERROR } else { Heading::WARNING };
        let title = level.primary_title(clip(&finding.message, 1_000)).id(clip(finding.rule, 100));
        let mut group = Group::with_title(title);
        let sources = &self.report.sources;
        let mut show = |group, place, note| show(group, sources, place, note, width, (&self.links, &mut origins));
        group = show(group, (finding.place, &finding.location), None);
        for related in finding.related.iter().take(5) {
            let place = (related.place, &related.location);
            group = show(group, place, Some(related.note));
        }
        for note in finding.notes.iter().take(8) {
            group = group.element(Heading::NOTE.message(clip(note, 1_000)));
        }
        if let Some(also) = self.alike.get(&std::ptr::from_ref(finding)).and_then(Told::also) {
            group = group.element(Heading::NOTE.message(also));
        }
        if let Some(ways) = ways(&finding.paths) {
            group = group.element(Heading::NOTE.message(ways));
        }
        if let Some(moves) = self.moves_with(finding) {
            group = group.element(Heading::NOTE.message(moves));
        }
        if !finding.help.trim().is_empty() {
            let lines: Vec<_> = finding.help.trim().lines().map(|line| clip(line, 1_000)).collect();
            group = group.element(Heading::HELP.message(lines.join("\n")));
        }
        let renderer = if self.style.color { Renderer::styled() } else { Renderer::plain() };
        let shown = renderer.term_width(width).render(&[group]);
        Ok(writeln!(self.to, "{}\n", name_origins(&shown, &origins))?)
    }

    /// Shows findings a line each, and how many more there are.
    fn lines(&mut self, findings: &[&Finding], alone: bool) -> Result<()> {
        let Some(first) = findings.first() else {
            return Ok(());
        };
        if !alone {
            let level = self.paint(first.level, &format!("{} more", number(findings.len())));
            writeln!(self.to, "{level} of {} in {}", clip(first.rule, 100), clip(first.listed_under(), 400))?;
        }
        let most = if findings.len() > LINES + 1 && !self.style.all { LINES } else { findings.len() };
        for finding in &findings[..most] {
            let level = self.paint(finding.level, &clip(finding.rule, 100));
            let place = self.links.at(finding.place, text::at(&finding.location));
            let alike = self.alike.get(&std::ptr::from_ref(*finding));
            let also = alike.map_or(String::new(), |told| format!(" (and in {} more)", number(told.others.len())));
            writeln!(self.to, "  {place} {level} {}{also}", clip(&finding.message, 400))?;
        }
        if most < findings.len() {
            writeln!(self.to, "  and {} more; --all shows each", number(findings.len() - most))?;
        }
        Ok(writeln!(self.to)?)
    }

    /// Returns the findings that count by level, subject and rule: errors first, else in the order of the report. What
    /// another finding brought about stands with that one, and so does what is the same elsewhere, unless all is shown.
    pub(super) fn groups(&self) -> Vec<Vec<&'s Finding>> {
        let mut places = BTreeMap::new();
        let mut groups: Vec<Vec<&Finding>> = Vec::new();
        let folded: HashSet<*const Finding> =
            self.alike.values().flat_map(|told| told.others.iter().map(|other| std::ptr::from_ref(*other))).collect();
        for finding in self.report.findings.iter().filter(|finding| finding.waived.is_none()) {
            let is_under = finding.cause.is_some_and(|cause| self.caused.contains_key(&(finding.subject, cause)));
            if is_under || folded.contains(&std::ptr::from_ref(finding)) {
                continue;
            }
            let place = *places.entry((finding.level, finding.listed_under(), finding.rule)).or_insert(groups.len());
            if place == groups.len() {
                groups.push(Vec::new());
            }
            groups[place].push(finding);
        }
        groups.sort_by_key(|group| std::cmp::Reverse(group.first().map(|finding| finding.level)));
        groups
    }

    /// Says what else was found because of a component's step, by rule.
    fn moves_with(&mut self, finding: &Finding) -> Option<String> {
        let key = (finding.subject, finding.purl?);
        let caused = self.caused.get(&key)?;
        if !self.told.insert(key) {
            return None;
        }
        let mut rules: BTreeMap<Text, Vec<&Finding>> = BTreeMap::new();
        caused.iter().for_each(|other| rules.entry(other.rule).or_default().push(other));
        let mut text = String::from("with it");
        for (rule, findings) in rules {
            let _ = write!(text, "\n  {} {}: ", number(findings.len()), clip(rule, 100));
            let names = findings.iter().take(WAYS + 1).filter_map(|finding| finding.purl);
            let names: Vec<String> = names.map(text::package).collect();
            text.push_str(&names.join(", "));
            if findings.len() > names.len() {
                let _ = write!(text, " and {} more", number(findings.len() - names.len()));
            }
        }
        text.push_str("\n--all shows each");
        Some(text)
    }
}

/// Returns the ways by which a component gets in.
fn ways(paths: &[Vec<Text>]) -> Option<String> {
    let mut ways = match paths {
        [] => return None,
        [only] => format!("brought in by {}", text::path(only)),
        _ => "brought in by".to_owned(),
    };
    if paths.len() > 1 {
        paths.iter().take(WAYS).for_each(|path| ways.extend(["\n  ", &text::path(path)]));
    }
    if paths.len() > WAYS {
        let _ = write!(ways, "\nand {} in", count(paths.len() - WAYS, "more way"));
    }
    Some(ways)
}

/// Marks, before and after a number, where [`name_origins`] puts a location: the renderer counts columns in what it is
/// given, and that is a part of the line with controls spelled out. [`text::plain`] lets no such character through.
const MARK: char = '\u{e000}';

/// Adds the lines at a place to a diagnostic; the place alone where its file can't be shown.
fn show<'g>(
    group: Group<'g>,
    sources: &Sources,
    (place, location): (Place, &Location),
    note: Option<Text>,
    width: usize,
    (links, origins): (&Links<'_>, &mut Vec<String>),
) -> Group<'g> {
    let label = note.map(|note| clip(note, 200).into_owned());
    let opened = if location.path.is_empty() || sources.path(place.file).is_empty() {
        None
    } else {
        sources.open(place.file).ok().filter(|opened| !opened.text.is_empty())
    };
    let Some(opened) = opened else {
        let mut shown = text::at(location);
        label.iter().for_each(|label| shown.extend([" ", label]));
        return group.element(Origin::path(shown));
    };
    let Excerpt { text, span } =
        excerpt(&opened.text, place.start as usize, place.len as usize, width.saturating_sub(20));
    let kind = if note.is_some() { AnnotationKind::Context } else { AnnotationKind::Primary };
    let path = format!("{MARK}{}{MARK}", origins.len());
    origins.push(links.at(place, text::at(location)));
    let snippet = Snippet::source(text).line_start(location.line.max(1) as usize).path(path);
    group.element(snippet.annotation(kind.span(span).label(label)))
}

/// Puts the locations in their marked places, instead of the line and column that the renderer counted.
fn name_origins(shown: &str, origins: &[String]) -> String {
    let mut named = String::with_capacity(shown.len() + 64);
    let mut parts = shown.split(MARK);
    named.extend(parts.next());
    while let (Some(number), Some(rest)) = (parts.next(), parts.next()) {
        let origin = number.parse().ok().and_then(|number: usize| origins.get(number));
        named.extend(origin.map(String::as_str));
        named.push_str(rest.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit()));
    }
    named
}
