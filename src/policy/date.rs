//! Days, as policies and the command line write them: `2026-12-31`.

use anyhow::{Result, bail};
use time::{Date, Month};

/// Reads a day.
///
/// # Errors
/// Where it is not of this form, or the calendar has no such day.
pub fn parse(text: &str) -> Result<Date> {
    let number = |part: Option<&str>| part.filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok();
    let form = text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
    let parts = (number(text.get(..4)), number(text.get(5..7)), number(text.get(8..)));
    let (true, (Some(year), Some(month), Some(day))) = (form, parts) else {
        bail!("\"{}\" is no day, write it as in 2026-12-31", text.escape_debug());
    };
    match build(year, month, day) {
        Some(date) => Ok(date),
        None => bail!("the calendar has no day {text}"),
    }
}

fn build(year: u16, month: u16, day: u16) -> Option<Date> {
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    Date::from_calendar_date(i32::from(year), month, u8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read() {
        for (text, expected) in [
            ("2026-12-31", "2026-12-31"),
            ("2028-02-29", "2028-02-29"),
            ("2026-02-29", "the calendar has no day 2026-02-29"),
            ("2026-13-01", "the calendar has no day 2026-13-01"),
            ("2026-00-00", "the calendar has no day 2026-00-00"),
            ("2026-1-1", "\"2026-1-1\" is no day, write it as in 2026-12-31"),
            ("31.12.2026", "\"31.12.2026\" is no day, write it as in 2026-12-31"),
            ("+026-12-31", "\"+026-12-31\" is no day, write it as in 2026-12-31"),
            ("2026-12-3é", "\"2026-12-3é\" is no day, write it as in 2026-12-31"),
            ("éé26-12-31", "\"éé26-12-31\" is no day, write it as in 2026-12-31"),
            ("", "\"\" is no day, write it as in 2026-12-31"),
        ] {
            let read = parse(text).map_or_else(|error| error.to_string(), |date| date.to_string());
            assert_eq!(read, expected);
        }
    }
}
