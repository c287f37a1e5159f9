//! What is asked for in vain is an error where Jinja's own strictness lets it through: in filters that take an attribute of each
//! item, and in lists and dictionaries.

use minijinja::value::{Kwargs, Rest, ValueIter, ValueKind, ValueOrKwargs, from_args};
use minijinja::{Environment, Error, ErrorKind, State, Value, escape_formatter, filters};

/// Has nothing that is printed hold what is not there.
pub fn set(environment: &mut Environment<'_>) {
    // With the place that the attribute has among the arguments, where it needs no name.
    for (name, place, filter) in [
        ("groupby", Some(0), Value::from_function(filters::groupby)),
        ("join", Some(1), Value::from_function(filters::join)),
        ("map", None, Value::from_function(filters::map)),
        ("max", None, Value::from_function(filters::max)),
        ("min", None, Value::from_function(filters::min)),
        ("rejectattr", Some(0), Value::from_function(filters::rejectattr)),
        ("selectattr", Some(0), Value::from_function(filters::selectattr)),
        ("sort", None, Value::from_function(filters::sort)),
        ("sum", Some(0), Value::from_function(filters::sum)),
        ("unique", None, Value::from_function(filters::unique)),
    ] {
        let (is_sort, is_join) = (name == "sort", name == "join");
        let asks = move |state: &mut State<'_, '_>, value: Value, arguments: Rest<ValueOrKwargs>| {
            let arguments = arguments.into_values();
            let (given, named): (&[Value], Kwargs) = from_args(&arguments)?;
            let by_place = place.and_then(|place: usize| given.get(place).cloned());
            let attribute = by_place.or_else(|| named.peek::<Value>("attribute").ok());
            // These ask whether there is one.
            let is_test =
                given.get(1).and_then(Value::as_str).is_some_and(|test| matches!(test, "defined" | "undefined"));
            let value = match attribute.as_ref().and_then(Value::as_str) {
                Some(attribute) if !is_test && !named.has("default") && !value.is_undefined() => {
                    // Several attributes sort one after the other.
                    let paths: Vec<&str> = attribute.split(if is_sort { ',' } else { '\0' }).map(str::trim).collect();
                    held(state, value, &paths)?
                }
                _ => value,
            };
            if is_join && !value.is_undefined() {
                whole(state, &value)?;
            }
            let arguments: Vec<Value> = [value].into_iter().chain(arguments.iter().cloned()).collect();
            filter.call(state, &arguments)
        };
        environment.add_filter(name, asks);
    }
    let filter = Value::from_function(filters::tojson);
    environment.add_filter("tojson", move |state: &mut State<'_, '_>, value: Value, arguments: Rest<ValueOrKwargs>| {
        whole(state, &value)?;
        let arguments: Vec<Value> = [value].into_iter().chain(arguments.into_values()).collect();
        filter.call(state, &arguments)
    });
    environment.set_formatter(|to, state, value| {
        // By itself what is not there never comes here, but what an `if` without `else` gives: nothing, in JSON too.
        if value.is_undefined() {
            return Ok(());
        }
        whole(state, value)?;
        escape_formatter(to, state, value)
    });
}

/// Makes sure that a value is there, and all that it holds.
fn whole(state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    let missing = || Error::new(ErrorKind::UndefinedError, "a part of it is not there");
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let mut open: Vec<(Option<Value>, ValueIter)> = below(value).into_iter().collect();
    while let Some((map, items)) = open.last_mut() {
        let Some(item) = items.next() else {
            open.pop();
            continue;
        };
        state.consume_fuel(1)?;
        // Of a dictionary the names come.
        let item = map.as_ref().map_or(Ok(item.clone()), |map| map.get_item(&item))?;
        if item.is_undefined() {
            return Err(missing());
        }
        open.extend(below(&item));
    }
    Ok(())
}

/// Returns what a list or a dictionary holds.
fn below(value: &Value) -> Option<(Option<Value>, ValueIter)> {
    match value.kind() {
        ValueKind::Seq => Some((None, value.try_iter().ok()?)),
        ValueKind::Map => Some((Some(value.clone()), value.try_iter().ok()?)),
        _ => None,
    }
}

/// Makes sure that each item has something at each path, and returns the items.
fn held(state: &State<'_, '_>, items: Value, paths: &[&str]) -> Result<Value, Error> {
    let Ok(iterator) = items.try_iter() else { return Ok(items) };
    let mut all = Vec::new();
    for item in iterator {
        state.consume_fuel(1)?;
        if let Some(path) = paths.iter().find(|path| !has(&item, path)) {
            let message = format!("item {} has no \"{path}\"", all.len() + 1);
            return Err(Error::new(ErrorKind::UndefinedError, message));
        }
        all.push(item);
    }
    Ok(Value::from(all))
}

/// Says whether there is something at a path: names and numbers between dots.
fn has(item: &Value, path: &str) -> bool {
    let mut at = item.clone();
    path.split('.').all(|part| {
        let below = match part.parse::<usize>() {
            Ok(number) => at.get_item(&Value::from(number)),
            Err(_) => at.get_attr(part),
        };
        at = below.unwrap_or_default();
        !at.is_undefined()
    })
}
