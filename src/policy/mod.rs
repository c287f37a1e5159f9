//! stub
use crate::model::{Purl, Scope};
use crate::source::Place;
use anyhow::Result;
use serde::de::DeserializeOwned;
pub use time::Date;
/// level
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// a
    Allow,
    /// w
    Warn,
    #[default]
    /// d
    Deny,
}
/// state
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// a
    Active,
    /// s
    Soon {
        /// d
        days: i64,
    },
    /// e
    Expired,
}
/// o
pub struct Options;
impl Options {
    /// r
    /// # Errors
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        anyhow::bail!("stub")
    }
}
/// w
pub struct Waiver {
    /// p
    pub place: Place,
    /// r
    pub reason: Option<String>,
    /// o
    pub owner: Option<String>,
    /// u
    pub until: Option<Date>,
}
impl Waiver {
    /// m
    pub fn matches(&self, _r: &str, _p: Option<&Purl>, _s: &str, _f: &str, _t: &str) -> bool {
        false
    }
    /// s
    pub fn state(&self, _today: Date, _policy: &Policy) -> State {
        State::Active
    }
}
/// p
#[derive(Default)]
pub struct Policy {
    /// w
    pub waivers: Vec<Waiver>,
}
impl Policy {
    /// l
    pub fn level(
        &self,
        _rule: &str,
        default: Level,
        _path: &str,
        _purl: Option<&Purl>,
        _scope: Option<Scope>,
    ) -> Level {
        default
    }
    /// Says whether a rule can find nothing that counts.
    pub fn is_off(&self, _rule: &str, default: Level) -> bool {
        default == Level::Allow
    }
    /// s
    pub fn lists_sources(&self) -> bool {
        false
    }
    /// s
    pub fn allows_source(&self, _origin: &crate::model::Origin) -> bool {
        true
    }
    /// o
    pub fn options(&self, _rule: &str) -> Option<&Options> {
        None
    }
}
