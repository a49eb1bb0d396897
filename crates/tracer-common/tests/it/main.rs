//! The parser, driven as the kernel side drives it: what processes read and write goes in, events come out.
#![allow(
    clippy::unwrap_used,
    reason = "clippy knows only #[test] functions as tests; this whole crate is one"
)]

mod broken;
mod check;
mod exchanges;
mod generated;
mod heads;
mod hyper;
mod invariants;
mod midway;
mod pipelines;
mod properties;
mod reference;
mod watch;
