//! Elixir, Erlang and Gleam: what Mix, rebar3 and Gleam resolved.

mod gleam;
pub mod mix_lock;
pub mod rebar_lock;
mod terms;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&gleam::GleamManifest, &mix_lock::MixLock, &rebar_lock::RebarLock];
