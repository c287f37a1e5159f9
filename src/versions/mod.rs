//! stub
use std::cmp::Ordering;
/// s
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// n
    None,
    /// l
    Local,
    /// p
    Patch,
    /// m
    Minor,
    /// M
    Major,
    /// u
    Unknown,
}
/// s
pub trait Scheme: Sync {
    /// o
    fn order(&self, a: &str, b: &str) -> Option<Ordering>;
    /// s
    fn same(&self, a: &str, b: &str) -> bool;
    /// s
    fn step(&self, a: &str, b: &str) -> Step;
}
struct O;
impl Scheme for O {
    fn order(&self, a: &str, b: &str) -> Option<Ordering> {
        Some(a.cmp(b))
    }
    fn same(&self, a: &str, b: &str) -> bool {
        a == b
    }
    fn step(&self, _: &str, _: &str) -> Step {
        Step::Major
    }
}
/// s
pub fn scheme(_ty: &str) -> &'static dyn Scheme {
    &O
}
