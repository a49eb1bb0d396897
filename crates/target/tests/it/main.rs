//! The real binary, over real sockets and pipes.
#![allow(
    clippy::unwrap_used,
    reason = "clippy knows only #[test] functions as tests; this whole crate is one"
)]

mod hostile;
mod http;
mod markers;
mod protocol;
mod server;
