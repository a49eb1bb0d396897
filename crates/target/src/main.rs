//! The HTTP service that is watched: hyper on one thread, with a few fixed handlers of known work.
//!
//! It must not know who watches it or who loads it, and it must do nothing while no request comes: no timer runs
//! and commands are read by a thread of their own, so that a wake-up of the event loop is always a request's.

mod burn;
mod commands;
mod content;
mod flood;
mod handlers;
mod mark;
mod marked;
mod markers;
mod serve;
mod work;

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use clap::Parser;
use record::target::TargetReply;
use rustix::process::{Signal, set_parent_process_death_signal};
use tokio::net::TcpListener;

use crate::work::Work;

/// The HTTP service that is watched.
///
/// Says `ready` with its address on standard output, then obeys one JSON command a line on standard input, and ends
/// when that input ends, or its parent does.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    // A parent that died before this has closed the input, which ends it as well.
    set_parent_process_death_signal(Some(Signal::KILL)).context("cannot be tied to the parent")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(run(args.listen))
}

/// Serves until standard input ends.
async fn run(listen: SocketAddr) -> anyhow::Result<()> {
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    let work = Arc::new(Work::default());

    commands::say(&TargetReply::Ready { pid: std::process::id(), address })?;
    let input_ended = commands::obey(Arc::clone(&work));
    tokio::select! {
        () = serve::accept_forever(&listener, &work) => Ok(()),
        _ = input_ended => Ok(()),
    }
}
