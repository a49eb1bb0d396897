//! The generator against servers that behave in every way, and the real binary over its pipes.
#![allow(
    clippy::unwrap_used,
    reason = "clippy knows only #[test] functions as tests; this whole crate is one"
)]

mod allocations;
mod failures;
mod fake;
mod good;
mod protocol;
