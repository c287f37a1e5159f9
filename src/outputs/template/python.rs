//! What templates that were written for Jinja in Python use of its texts and dictionaries: `name.upper()`, `summary.items()`,
//! `name | truncate(9)`.

use minijinja::value::{Kwargs, Rest, ValueOrKwargs, from_args};
use minijinja::{Environment, Error, ErrorKind, State, Value};
use minijinja_contrib::{filters, pycompat};

/// Adds it.
pub fn set(environment: &mut Environment<'_>) {
    environment.set_unknown_method_callback(pycompat::unknown_method_callback);
    environment.add_filter("filesizeformat", filters::filesizeformat);
    environment.add_filter("pluralize", filters::pluralize);
    environment.add_filter("striptags", filters::striptags);
    environment.add_filter("truncate", truncate);
}

/// Takes arguments by their places too, as Jinja's filter does, and nothing that is not there.
fn truncate(state: &mut State<'_, '_>, value: &Value, arguments: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    const PLACES: [&str; 4] = ["length", "killwords", "end", "leeway"];
    let arguments = arguments.into_values();
    let (given, named): (&[Value], Kwargs) = from_args(&arguments)?;
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    if given.len() > PLACES.len() {
        return Err(Error::from(ErrorKind::TooManyArguments));
    }
    let by_place = PLACES.into_iter().zip(given.iter().cloned());
    let by_name = named.args().filter_map(|name| Some((name, named.peek::<Value>(name).ok()?)));
    filters::truncate(state, value, by_place.chain(by_name).collect())
}
