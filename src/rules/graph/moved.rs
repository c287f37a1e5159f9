//! Lockfiles and manifests that stand at another path than the BOM says: no rule of its own, for to the policy one is gone
//! and one is new.

use super::{subject_added::SubjectAdded, subject_removed::SubjectRemoved};
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

/// Tells those that are for a rule to tell: the one of both that the policy takes more gravely.
pub(super) fn tell<'g>(rule: &dyn Rule, case: &Case<'g>, findings: &mut Findings<'g>) {
    for (old, new) in case.drift.subjects.iter().filter_map(|pair| pair.moved()) {
        let level = |rule: &dyn Rule| -> Level { case.policy.level(rule.id(), rule.level(), new.path, None, None) };
        let teller: &dyn Rule =
            if level(&SubjectAdded) > level(&SubjectRemoved) { &SubjectAdded } else { &SubjectRemoved };
        if teller.id() != rule.id() {
            continue;
        }
        let (was, is) = (phrase::safe(old.path), phrase::safe(new.path));
        let message = format!("{was} is in the BOM and no longer in the tree: by what it holds, it is {is} now");
        findings.at(rule, new.path, new.place, message).name(old.path).related(old.place, "pinned here").help(
            "what drifted in it is told by itself; once that is settled, `driftgate pin` takes the new path into the BOM; and \
             look for the old one in the policy",
        );
    }
}
