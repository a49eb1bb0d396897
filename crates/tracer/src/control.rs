//! The agent's two lives: obeying a parent, or streaming on its own. Both drain on a timer while attached.

use std::{
    io::Write,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use record::agent::{AgentCommand, AgentReply};

use crate::{
    drain::Drain,
    programs::Programs,
    stdin::{Heard, Stdin},
};

/// Obeys commands on standard input until it ends.
///
/// # Errors
/// When standard input or output breaks, or records cannot be written.
pub fn obey(mut programs: Programs, mut drain: Drain, interval: Duration) -> Result<()> {
    say(&AgentReply::Ready { pid: std::process::id(), load_ns: programs.load_ns })?;
    let mut stdin = Stdin::default();
    loop {
        // While nothing is attached nothing can come, so the agent sleeps.
        let limit = programs.is_attached().then_some(interval);
        match stdin.wait(limit)? {
            Heard::Line(line) => {
                let reply = answer(&line, &mut programs, &mut drain);
                say(&reply.unwrap_or_else(|error| AgentReply::Error { message: format!("{error:#}") }))?;
            }
            Heard::Nothing => drain.drain()?,
            Heard::End => {
                programs.detach()?;
                return drain.drain();
            }
        }
    }
}

fn answer(line: &[u8], programs: &mut Programs, drain: &mut Drain) -> Result<AgentReply> {
    let command =
        serde_json::from_slice(line).context("not a command: send \"attach\", \"detach\" or \"stats\"")?;
    let started = Instant::now();
    let took_ns = |started: Instant| started.elapsed().as_nanos() as u64;
    match command {
        AgentCommand::Attach => {
            programs.attach()?;
            Ok(AgentReply::Attached { took_ns: took_ns(started) })
        }
        AgentCommand::Detach => {
            programs.detach()?;
            Ok(AgentReply::Detached { took_ns: took_ns(started) })
        }
        AgentCommand::Stats => {
            drain.drain()?;
            Ok(AgentReply::Stats(drain.stats(&programs.counters()?)))
        }
    }
}

fn say(reply: &AgentReply) -> Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, reply)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

/// Writes records until a signal comes or the watched process is gone, then says the ledger on standard error.
///
/// # Errors
/// When the programs cannot be attached, or records cannot be written.
pub fn stream(mut programs: Programs, mut drain: Drain, interval: Duration, pid: u32) -> Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    programs.attach()?;
    let watched = format!("/proc/{pid}");
    while !stop.load(Ordering::Relaxed) && Path::new(&watched).exists() {
        std::thread::sleep(interval);
        drain.drain()?;
    }
    programs.detach()?;
    drain.drain()?;
    let stats = drain.stats(&programs.counters()?);
    eprintln!("{}", serde_json::to_string(&stats)?);
    Ok(())
}
