//! Finds the components that carry a GPU runtime, and what each carries.

use super::Stack;
use crate::model::Component;

/// Returns what these components, taken as one environment, carry.
pub fn stack(components: impl IntoIterator<Item = &'static Component>) -> Stack {
    let _ = components.into_iter();
    Stack::default()
}
