//! Findings let through: by whom, why, and until when.

use time::Date;
use toml::de::DeValue;

use super::cursor::{Placed, Table};
use super::globs::Globs;
use super::{Rules, date};
use crate::intern::Text;
use crate::model::{Pattern, Purl};
use crate::source::Place;
use crate::suggest;
use crate::versions;

/// What a waiver must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demands {
    /// The keys that each waiver must have.
    pub require: Vec<Text>,
    /// The most days from the day of the check to a waiver's last day.
    pub longest: Option<Placed<u32>>,
    /// How many days before its last day a waiver is spoken of.
    pub warn_before: u32,
}

impl Default for Demands {
    fn default() -> Self {
        Demands { require: vec!["reason", "until"], longest: None, warn_before: 14 }
    }
}

pub(super) type Has = fn(&Waiver) -> bool;

/// The keys that a policy can require of a waiver, with whether one has it.
pub(super) const REQUIRABLE: &[(&str, Has)] = &[
    ("reason", |waiver| !waiver.reason.is_empty()),
    ("owner", |waiver| !waiver.owner.is_empty()),
    ("until", |waiver| waiver.ends.is_some()),
    ("package", |waiver| waiver.package.is_some()),
    ("path", |waiver| !waiver.paths.is_empty()),
    ("from", |waiver| waiver.from.is_some()),
    ("to", |waiver| waiver.to.is_some()),
];

impl Demands {
    /// Reads `[waivers]`.
    pub(super) fn read(document: &Table<'_, '_>) -> Self {
        let mut demands = Demands::default();
        if let Some(value) = document.value("waivers")
            && value.get_ref().is_array()
        {
            document.fault(document.place_of(value), "what waivers must have is [waivers]; a waiver is [[waiver]]");
            return demands;
        }
        let Some(table) = document.table("waivers", "[waivers]") else { return demands };
        if let Some(value) = table.value("require") {
            // An empty list is a policy of its own: nothing is required.
            let nothing = value.get_ref().as_array().is_some_and(|items| items.is_empty());
            demands.require = if nothing { Vec::new() } else { required(&table) };
        }
        demands.longest = table.days("longest");
        demands.warn_before = table.days("warn-before").map_or(demands.warn_before, |days| days.value);
        table.close(|key| {
            let of_one = REQUIRABLE.iter().any(|(name, _)| *name == key) || key == "rule";
            of_one.then(|| ", it belongs to a waiver, [[waiver]]".to_owned())
        });
        demands
    }
}

fn required(table: &Table<'_, '_>) -> Vec<Text> {
    let names = || REQUIRABLE.iter().map(|(name, _)| *name);
    let known = |wanted: Placed<Text>| {
        let name = wanted.value;
        if !names().any(|known| known == name) {
            let hint = suggest::hint(name, names());
            table.fault(wanted.place, format_args!("a waiver has no \"{}\"{hint}", name.escape_debug()));
        }
        name
    };
    table.texts("require").into_iter().map(known).collect()
}

/// A finding let through.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// The rules whose findings it lets through.
    pub rules: Vec<Placed<Text>>,
    /// The packages it is for; none for any.
    pub package: Option<Placed<Pattern>>,
    /// The lockfiles and manifests it is for; empty for any.
    pub paths: Globs,
    /// The pinned version it is for; none for any.
    pub from: Option<Placed<Text>>,
    /// The resolved version it is for; none for any.
    pub to: Option<Placed<Text>>,
    /// Why; empty where the policy does not ask and nobody says.
    pub reason: Text,
    /// Who answers for it; empty where the policy does not ask and nobody says.
    pub owner: Text,
    /// The last day on which it holds.
    pub ends: Option<Placed<Date>>,
    /// Where it begins.
    pub place: Place,
}

/// How a waiver stands on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It holds.
    Active,
    /// It holds, and ends soon.
    Soon {
        /// The days left after today.
        days: u32,
    },
    /// It has ended.
    Expired {
        /// The days since its last day.
        days: u32,
    },
    /// Its last day is further off than the policy lets a waiver reach: it does not hold.
    TooLong {
        /// The days from today to its last day.
        days: u32,
    },
}

impl State {
    /// Says whether findings are let through.
    pub fn holds(self) -> bool {
        matches!(self, State::Active | State::Soon { .. })
    }
}

impl Waiver {
    /// Reads one `[[waiver]]` and holds it against what it must have.
    pub(super) fn read(table: Table<'_, '_>, rules: &Rules<'_>, demands: &Demands) -> Self {
        let text = |key| table.text(key).map_or("", |text: Placed<Text>| text.value);
        let waiver = Waiver {
            rules: table.texts("rule"),
            package: table.read("package", Pattern::parse),
            paths: Globs::read(&table, "path"),
            from: table.text("from"),
            to: table.text("to"),
            reason: text("reason"),
            owner: text("owner"),
            ends: last_day(&table, "until"),
            place: table.place,
        };
        for rule in &waiver.rules {
            if rule.value == "*" {
                table
                    .fault(rule.place, "a waiver names its rules; to let a part of the tree be, write an [[override]]");
            } else {
                rules.check(&table, *rule);
            }
        }
        waiver.check(&table, demands);
        table.close(|_| None);
        waiver
    }

    /// Records what is missing. A key that is there but wrong has been spoken of already.
    fn check(&self, table: &Table<'_, '_>, demands: &Demands) {
        if table.value("rule").is_none() {
            table.fault(self.place, "the waiver has no \"rule\"");
        }
        if table.value("package").is_none() && table.value("path").is_none() {
            table.fault(
                self.place,
                "the waiver would let all that its rule finds through; give it a \"package\" or a \"path\"",
            );
        }
        for (key, has) in REQUIRABLE {
            if demands.require.contains(key) && !has(self) && table.value(key).is_none() {
                table.fault(self.place, format_args!("the waiver has no \"{key}\", which this policy requires"));
            }
        }
        let endless = table.value("until").is_none() && !demands.require.contains(&"until");
        if let (Some(longest), true) = (demands.longest, endless) {
            let days = longest.value;
            table.fault(
                self.place,
                format_args!("the waiver has no \"until\", and none may last longer than {days} days"),
            );
        }
    }

    /// Says whether it is for this finding. `path` is the lockfile or manifest, `from` the pinned version, `to` the
    /// resolved one. What the waiver asks for and the finding does not have is no match.
    pub fn matches(&self, rule: &str, purl: Option<&Purl>, path: &str, from: Option<&str>, to: Option<&str>) -> bool {
        let scheme = versions::scheme(purl.map_or("", |purl| purl.ty()));
        let same = |wanted: &Option<Placed<Text>>, had: Option<&str>| {
            wanted.is_none_or(|wanted| had.is_some_and(|had| scheme.same(wanted.value, had)))
        };
        self.rules.iter().any(|wanted| wanted.value == rule)
            && self.package.as_ref().is_none_or(|wanted| purl.is_some_and(|purl| wanted.value.matches(purl)))
            && (self.paths.is_empty() || self.paths.matches(path))
            && same(&self.from, from)
            && same(&self.to, to)
    }

    /// Returns how it stands on a day.
    pub fn state(&self, today: Date, demands: &Demands) -> State {
        let Some(ends) = self.ends else { return State::Active };
        let days = (ends.value - today).whole_days();
        let count = u32::try_from(days.unsigned_abs()).unwrap_or(u32::MAX);
        match demands.longest {
            _ if days < 0 => State::Expired { days: count },
            Some(longest) if count > longest.value => State::TooLong { days: count },
            _ if count <= demands.warn_before => State::Soon { days: count },
            _ => State::Active,
        }
    }
}

/// Reads a day, as TOML writes one or as a text.
fn last_day(table: &Table<'_, '_>, key: &'static str) -> Option<Placed<Date>> {
    let value = table.value(key)?;
    let place = table.place_of(value);
    let text = match value.get_ref() {
        DeValue::String(text) => text.to_string(),
        DeValue::Datetime(day) if day.time.is_none() => day.date?.to_string(),
        DeValue::Datetime(_) => {
            table.fault(place, format_args!("\"{key}\" takes a day without a time, as in 2026-12-31"));
            return None;
        }
        _ => {
            table.fault_kind(key, "a day, as in 2026-12-31", value);
            return None;
        }
    };
    match date::parse(&text) {
        Ok(value) => Some(Placed { value, place }),
        Err(error) => {
            table.fault(place, error);
            None
        }
    }
}
