//! The tables, as typed rows.
