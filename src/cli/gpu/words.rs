//! What the terminal's view says of a stack in a line, and which answers are the same on several targets.

use crate::gpu::summary::Reach;
use crate::gpu::{Answer, Cuda, Stack};
use crate::model::Component;

/// An answer on a target as it is shown, to be held against the same one on another target.
pub(super) struct Alike<'r> {
    pub answer: &'r Answer,
    pub lines: Vec<String>,
}

impl Alike<'_> {
    /// Says whether it is the same but for what is said of the target itself, and for what helps there.
    pub fn is(&self, other: &Self) -> bool {
        let (a, b) = (self.answer, other.answer);
        let argument = |answer: &Answer| -> Vec<String> {
            let links = answer.chain.iter().filter(|link| !is_of_target(&link.text));
            links.map(|link| link.text.clone()).collect()
        };
        (a.class, a.verdict, a.gravity, &a.message) == (b.class, b.verdict, b.gravity, &b.message)
            && self.lines.first() == other.lines.first()
            && a.error_text == b.error_text
            && argument(a) == argument(b)
    }

    /// Returns the lines that the other does not have; all that help, where others do.
    pub fn beyond<'s>(&'s self, other: &'s Self) -> impl Iterator<Item = &'s String> {
        let helps = |lines: &'s [String]| lines.iter().filter(|line| is_help(line));
        let other_helps = !helps(&self.lines).eq(helps(&other.lines));
        self.lines.iter().filter(move |line| if is_help(line) { other_helps } else { !other.lines.contains(line) })
    }
}

/// Says whether a step of an argument is about the target's own driver.
fn is_of_target(text: &str) -> bool {
    text.contains(" has driver ")
}

fn is_help(line: &str) -> bool {
    line.trim_start().starts_with("help: ")
}

/// Says why a stack has no driver floor.
pub(super) fn no_floor(stack: &Stack) -> String {
    let own = || stack.carriers.iter().filter(|carrier| !carrier.is_part());
    if let Some((carrier, missing)) = own().find_map(|carrier| match &carrier.cuda {
        Cuda::Unknown(missing) => Some((carrier, missing.clone())),
        Cuda::Version(_) | Cuda::Major(_) if carrier.driver_floor().is_none() => {
            Some((carrier, format!("the least driver for {}, which the tables do not have", carrier.cuda)))
        }
        _ => None,
    }) {
        let who = carrier.component;
        return format!("not known, because of {} {}: {missing}", who.name(), who.version());
    }
    if let Some(carrier) = own().find(|carrier| matches!(carrier.cuda, Cuda::Rocm(_))) {
        return format!("none of NVIDIA's needed (a build for {})", carrier.cuda);
    }
    if own().any(|carrier| carrier.cuda == Cuda::Cpu) {
        return "none needed (CPU build)".to_owned();
    }
    "not known, because nothing here is known to load CUDA".to_owned()
}

/// Says which GPUs a stack has kernels for.
pub(super) fn boards(stack: &Stack, reach: &Reach) -> Option<String> {
    let named = |component: &Component| format!("{} {}", component.name(), component.version()).trim_end().to_owned();
    let who = |at: usize| named(stack.carriers[at].component);
    let mut unknown: Vec<String> = reach.unknown.iter().map(|at| who(*at)).collect();
    unknown.dedup();
    let mut of_unknown = reach.unknown.iter().map(|at| &stack.carriers[*at]);
    let unlisted = format!("which of them {} has kernels for is not known", unknown.join(", "));
    let (least, by) = reach.least.as_ref()?;
    let greatest = reach.greatest.map(|(greatest, at)| format!(", up to {greatest}.x ({})", who(at)));
    let greatest = greatest.unwrap_or_default();
    Some(match (of_unknown.find(|carrier| std::ptr::eq(carrier.component, *by)), unknown.is_empty()) {
        (None, true) => format!("GPUs: from compute capability {least} on ({}){greatest}", named(by)),
        (None, false) => format!("GPUs: from compute capability {least} on ({}){greatest}; {unlisted}", named(by)),
        // No list of kernels says so, but what the toolkit can build for.
        (Some(carrier), _) => {
            format!("GPUs: {} builds for compute capability {least} and later{greatest}; {unlisted}", carrier.cuda)
        }
    })
}
