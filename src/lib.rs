//! driftgate: the drift guard.
pub mod entry;
pub mod formats;
pub mod intern;
pub mod model;
pub mod policy;
pub mod source;
pub mod suggest;
pub mod syntax;
pub mod versions;
