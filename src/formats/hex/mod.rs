//! Elixir and Erlang: what Mix and rebar3 resolved.

pub mod mix_lock;
pub mod rebar_lock;
mod terms;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&mix_lock::MixLock, &rebar_lock::RebarLock];
