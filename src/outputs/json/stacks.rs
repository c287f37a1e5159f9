//! What becomes of GPU stacks on the targets that they are meant for.

use serde::Serialize;

use super::level;
use crate::intern::Text;
use crate::report::{Report, StackCell, StackLine};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Stack<'r> {
    /// The path of its lockfile, or of the image that it is installed into.
    name: Text,
    /// The least driver that it starts on; null where it needs none, or that is not known.
    driver: Option<&'r str>,
    /// Who asks for that driver, and by which rule.
    because: &'r str,
    /// The targets that it is meant for.
    targets: Vec<Cell<'r>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Cell<'r> {
    /// What it is called.
    name: &'r str,
    /// Its driver; null where that is not known.
    driver: Option<&'r str>,
    /// Its GPUs, as people or tools name them.
    gpus: &'r [String],
    /// What becomes of the stack there: `runs`, `fails at start`.
    verdict: &'static str,
    /// How grave that is: `allow` where it runs.
    level: &'static str,
    /// Why; empty where it runs.
    because: &'r [String],
}

impl<'r> Stack<'r> {
    pub(super) fn of(stack: &'r StackLine, report: &'r Report) -> Self {
        let cell = |cell: &'r StackCell| {
            let target = report.targets.get(cell.target)?;
            Some(Cell {
                name: &target.name,
                driver: target.driver.as_deref(),
                gpus: &target.gpus,
                verdict: cell.words,
                level: level(cell.level),
                because: &cell.because,
            })
        };
        Stack {
            name: stack.name,
            driver: stack.floor.as_deref(),
            because: &stack.because,
            targets: stack.cells.iter().filter_map(cell).collect(),
        }
    }
}
