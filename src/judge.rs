//! Runs the rules, applies levels and waivers, sorts.

use anyhow::Result;
use hashbrown::{HashMap, HashSet};

use crate::graph::{Subject, Ways};
use crate::images;
use crate::intern::Text;
use crate::model::{Component, Purl};
use crate::policy::{Level, State, Waiver};
use crate::report::{Finding, Looked, Related, Waived};
use crate::rules::{self, Case, Draft, Findings, Review, Rule, Used, phrase};
use crate::source::Place;

/// Judges a case: what every rule found, less what the policy allows, with what it waives marked so.
///
/// # Errors
/// Where the policy gives a rule options that it does not know.
pub fn judge(case: &Case<'_>) -> Result<Vec<Finding>> {
    let mut found = Findings::default();
    for rule in rules::all() {
        rule.check(case, &mut found)?;
    }
    let mut used = vec![Used::default(); case.policy.waivers.len()];
    let mut findings = apply(case, found, &mut used);
    let mut reviewed = Findings::default();
    for rule in rules::all() {
        rule.review(case, &Review { findings: &findings, used: &used }, &mut reviewed)?;
    }
    findings.extend(apply(case, reviewed, &mut used));
    causes(case, &mut findings);
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| (finding.location.path, finding.place.start, finding.rule);
        key(a).cmp(&key(b)).then_with(|| a.identity.cmp(&b.identity)).then_with(|| a.message.cmp(&b.message))
    });
    Ok(findings)
}

/// Returns which rules looked at what: of each subject those that the policy does not allow there, and that had something
/// to look at.
pub fn looked(case: &Case<'_>) -> Vec<Looked> {
    let is_on = |rule: &dyn Rule, path| case.policy.level(rule.id(), rule.level(), path, None, None) > Level::Allow;
    let of = |subject: &Subject| Looked {
        subject: subject.path,
        rules: rules::looking_at(case, subject)
            .filter(|rule| is_on(*rule, subject.path))
            .map(|rule| rule.id())
            .collect(),
    };
    let mut looked: Vec<Looked> = case.resolved.subjects().iter().map(of).collect();
    let of_policy = rules::policy::RULES.iter().filter(|rule| is_on(**rule, ""));
    let of_policy: Vec<(Text, Place)> =
        of_policy.filter_map(|rule| Some((rule.id(), rules::policy::looked_at(rule.id(), case.policy)?))).collect();
    if let Some((_, place)) = of_policy.first() {
        let rules = of_policy.iter().map(|(rule, _)| *rule).collect();
        looked.push(Looked { subject: case.sources.path(place.file), rules });
    }
    looked.sort_by_key(|looked| looked.subject);
    looked
}

fn apply(case: &Case<'_>, found: Findings<'_>, used: &mut [Used]) -> Vec<Finding> {
    let mut drafts = found.drafts;
    // What is gone from a subject that moved is told where that is now.
    for draft in drafts.iter_mut().filter(|draft| draft.about.is_some()) {
        draft.subject = case.moved().get(draft.subject).copied().unwrap_or(draft.subject);
    }
    // By file, so that each file is opened once for its lines.
    drafts.sort_by_key(|draft| draft.place);
    let mut ways = HashMap::new();
    // What holds for a component holds for each of its copies, and is told once.
    let mut told: HashSet<(Text, Text, *const Component, String)> = HashSet::new();
    drafts.retain(|draft| {
        let copy = draft.about.filter(|about| !about.copy().is_empty());
        copy.is_none_or(|copy| told.insert((draft.rule, draft.subject, copy.identity().0, draft.message.clone())))
    });
    drafts.into_iter().filter_map(|draft| finish(case, draft, used, &mut ways)).collect()
}

/// Makes a finding of a draft; none where the policy allows it.
fn finish<'g>(
    case: &Case<'_>,
    draft: Draft<'g>,
    used: &mut [Used],
    ways: &mut HashMap<*const Subject, Ways<'g>>,
) -> Option<Finding> {
    let purl = draft.about.map(|about| &about.component.purl);
    let own = || rules::named(draft.rule).map_or(Level::Deny, rules::Rule::level);
    let default = draft.level.unwrap_or_else(own);
    // By what waivers and overrides may mean it; the finding itself names a package only where it knows the version.
    let meant: Vec<Option<&Purl>> = match purl {
        None if !draft.packages.is_empty() => draft.packages.iter().map(Some).collect(),
        purl => vec![purl],
    };
    let is_other = |purl: &Option<&Purl>| {
        case.policy.overrides.iter().any(|other| other.matches(draft.subject, *purl, draft.scope))
    };
    let of_level = meant.iter().copied().find(is_other).flatten();
    let level = case.policy.level(draft.rule, default, draft.subject, of_level.or(purl), draft.scope);
    if level == Level::Allow {
        return None;
    }
    let mut related = draft.related;
    let mut waived = None;
    let mut ended = Vec::new();
    // What is of no subject, as what a target says of its nodes, is of the file that it stands in.
    let path = if draft.subject.is_empty() { case.sources.path(draft.place.file) } else { draft.subject };
    for (number, waiver) in case.policy.waivers.iter().enumerate() {
        let (from, to) = (known(draft.from), known(draft.to));
        if !meant.iter().any(|purl| waiver.matches(draft.rule, *purl, path, from, to)) {
            continue;
        }
        used[number].matched += 1;
        let state = waiver.state(case.today, &case.policy.demands);
        if !state.holds() {
            ended.push(number);
        }
        match state {
            State::Expired { .. } => related.push((waiver.place, "the waiver for this has ended")),
            State::TooLong { .. } => related.push((waiver.place, "the waiver for this runs too long to hold")),
            State::Active | State::Soon { .. } if waived.is_none() => waived = Some(because(case, waiver)),
            State::Active | State::Soon { .. } => {}
        }
    }
    if waived.is_some() {
        ended.into_iter().for_each(|number| used[number].covered += 1);
    }
    let name = purl.map_or(draft.name, |purl| purl.key());
    let mut notes = draft.notes;
    notes.extend(draft.about.and_then(|about| about.layer()).map(phrase::layer));
    Some(Finding {
        rule: draft.rule,
        level,
        identity: [draft.rule, draft.subject, name, draft.name, draft.to].join("\u{1f}"),
        message: draft.message,
        notes,
        // What is in an image is accepted with the image at hand.
        help: match images::image_of(draft.subject) {
            Some(image) => draft.help.replace("`driftgate pin", &format!("`driftgate pin --image {image}=FILE")),
            None => draft.help,
        },
        place: draft.place,
        location: case.sources.locate(draft.place),
        related: related
            .into_iter()
            .map(|(place, note)| Related { place, location: case.sources.locate(place), note })
            .collect(),
        paths: draft
            .about
            .filter(|_| draft.paths)
            .map(|about| ways_of(ways, about.subject).to(about))
            .unwrap_or_default(),
        cause: None,
        purl: purl.map(|purl| purl.as_str()),
        subject: draft.subject,
        waived,
    })
}

/// Returns a version for waivers that ask for one; none where the finding has none.
fn known(version: &str) -> Option<&str> {
    (!version.is_empty()).then_some(version)
}

/// Returns a subject's ways in, which are made once.
fn ways_of<'w, 'g>(ways: &'w mut HashMap<*const Subject, Ways<'g>>, subject: &'g Subject) -> &'w mut Ways<'g> {
    ways.entry(std::ptr::from_ref(subject)).or_insert_with(|| Ways::new(subject))
}

fn because(case: &Case<'_>, waiver: &Waiver) -> Waived {
    Waived {
        reason: waiver.reason.to_owned(),
        owner: waiver.owner.to_owned(),
        until: waiver.ends.map(|day| day.value.to_string()).unwrap_or_default(),
        location: case.sources.locate(waiver.place),
    }
}

/// Finds for each finding the component whose own change brought about, or asks for, that of the component which it is
/// about, as the report of changes has it.
fn causes(case: &Case<'_>, findings: &mut [Finding]) {
    // None where the changes of one purl came with different ones.
    let mut leads: HashMap<(Text, Text), Option<Text>> = HashMap::new();
    for (pair, causes) in case.drift.subjects.iter().zip(case.causes()) {
        let path = pair.path();
        for cause in causes {
            let lead = cause.lead.map(|lead| lead.component.purl.as_str());
            for change in cause.changes.iter().chain(&cause.perhaps).map(|at| &pair.changes[*at]) {
                let sides = [change.old, change.new].map(|side| side.map(|side| side.component.purl.as_str()));
                // The lead's own step is of its new purl.
                let own = sides.contains(&lead);
                for purl in sides.into_iter().flatten() {
                    let lead = lead.filter(|_| !own);
                    leads
                        .entry((path, purl))
                        .and_modify(|other| *other = other.filter(|it| Some(*it) == lead))
                        .or_insert(lead);
                }
            }
        }
    }
    for finding in findings {
        finding.cause = finding.purl.and_then(|purl| leads.get(&(finding.subject, purl)).copied().flatten());
    }
}
