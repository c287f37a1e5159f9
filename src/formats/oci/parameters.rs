//! Parameters of workflows: what the object itself says that they are.
//!
//! Specifications: Tekton's "Variable Substitutions" (`$(params.NAME)`) and Argo Workflows' "Workflow Variables"
//! (`{{workflow.parameters.NAME}}`, `{{inputs.parameters.NAME}}`).

use std::collections::BTreeMap;

use crate::source::Place;
use crate::syntax::yaml::Node;

/// What parameters are, by their names; none where the object says several things of one.
pub(super) type Values<'n, 't> = BTreeMap<&'n str, Option<&'n Node<'t>>>;

/// How a parameter is asked for.
const MARKS: [(&str, &str); 3] = [("$(params.", ")"), ("{{workflow.parameters.", "}}"), ("{{inputs.parameters.", "}}")];

/// How long a text may grow.
const MAX_LEN: usize = 4096;

/// Says whether a text asks for parameters.
pub(super) fn has_marks(text: &str) -> bool {
    MARKS.iter().any(|(open, _)| text.contains(open))
}

/// Returns the values and defaults of all parameters below a node.
pub(super) fn of<'n, 't>(node: &'n Node<'t>) -> Values<'n, 't> {
    let mut values = Values::new();
    collect(node, &mut values);
    values
}

fn collect<'n, 't>(node: &'n Node<'t>, values: &mut Values<'n, 't>) {
    for entry in node.entries() {
        let is_list = matches!(entry.key.as_str(), "params" | "parameters");
        for parameter in entry.node.items().iter().filter(|_| is_list) {
            let value = parameter.get("value").or(parameter.get("default")).filter(|value| value.text().is_some());
            if let (Some(name), Some(value)) = (parameter.get("name").and_then(Node::text), value) {
                let known = values.entry(name).or_insert(Some(value));
                if known.is_some_and(|known| known.text() != value.text()) {
                    *known = None;
                }
            }
        }
        collect(&entry.node, values);
    }
    node.items().iter().for_each(|item| collect(item, values));
}

/// Fills in parameters, once: a value that asks for another is left as it is. The place is that of a value which is all of
/// the text. None where one is not known.
pub(super) fn fill(text: &str, values: &Values<'_, '_>) -> Option<(String, Option<Place>)> {
    let (mut filled, mut rest, mut whole) = (String::new(), text, None);
    loop {
        let next = MARKS.iter().filter_map(|(open, close)| Some((rest.find(open)?, *open, *close))).min();
        let Some((at, open, close)) = next else { break };
        filled.push_str(&rest[..at]);
        let (name, after) = rest[at + open.len()..].split_once(close)?;
        let value = (*values.get(name)?)?;
        filled.push_str(value.text()?);
        whole = (rest.len() == text.len() && at == 0 && after.is_empty()).then_some(value.place);
        rest = after;
        if filled.len() > MAX_LEN {
            return None;
        }
    }
    filled.push_str(rest);
    Some((filled, whole))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::Source;
    use crate::syntax::yaml;

    #[test]
    fn parameters_are_filled_in_where_one_value_is_said() {
        let text = "params: [{name: a, default: 'x:1'}, {name: b, default: v}, {name: c}]\n\
                    arguments: {parameters: [{name: d, value: 1}, {name: e, value: '$(params.a)'}]}\n\
                    more: [{params: [{name: d, value: 2}]}]\n";
        let trees = yaml::trees(&Source { file: Default::default(), path: "x.yaml", text }).unwrap();
        let values = of(&trees[0]);
        for (text, expected) in [
            ("$(params.a)", Some("x:1 whole")),
            ("r/{{inputs.parameters.b}}:$(params.b)", Some("r/v:v")),
            ("$(params.c)", None),
            ("$(params.d)", None),
            ("{{workflow.parameters.e}}", Some("$(params.a) whole")),
            ("$(params.a", None),
            ("plain", Some("plain")),
        ] {
            let filled = fill(text, &values).map(|(text, whole)| text + if whole.is_some() { " whole" } else { "" });
            assert_eq!(filled.as_deref(), expected, "{text}");
        }
    }
}
