//! The agent's two lives: obeying a parent, or streaming on its own.

use std::{
    io::Write,
    os::{fd::OwnedFd, unix::net::UnixStream},
    time::Instant,
};

use anyhow::{Context, Result};
use record::{
    agent::{AgentCommand, AgentReply, AgentStats},
    wakeup::Wakeup,
};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::{drain::Drain, planted::Leak, programs::Programs, rights::Rights, stdin::Stdin, wait::Wait};

/// All that one life works with.
struct Agent {
    programs: Programs,
    drain: Drain,
    wait: Wait,
}

/// Obeys commands on standard input until it ends, with no more rights than that takes. `leak` is what was planted in it.
///
/// # Errors
/// When rights cannot be given up, standard input or output breaks, or records cannot be written.
pub fn obey(programs: Programs, drain: Drain, wakeup: Wakeup, mut leak: Leak) -> Result<()> {
    let mut agent = Agent::new(programs, drain, wakeup)?;
    agent.wait.also_for(std::io::stdin())?;
    agent.programs.rights().keep_only_these()?;
    say(&agent.ready())?;
    let mut stdin = Stdin::default();
    loop {
        let woken = agent.wait.wait()?;
        if woken.drain {
            agent.drain.wake()?;
            leak.grow();
        }
        if woken.other {
            if !stdin.read()? {
                return agent.end();
            }
            while let Some(line) = stdin.line() {
                let reply = agent.answer(&line);
                say(&reply.unwrap_or_else(|error| AgentReply::Error { message: format!("{error:#}") }))?;
            }
        }
    }
}

fn say(reply: &AgentReply) -> Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, reply)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

/// Writes records until a signal comes or the watched process is gone, then says the ledger on standard error. It attaches
/// once, and keeps no right that it had.
///
/// # Errors
/// When the programs cannot be attached, rights not be given up, or records not be written.
pub fn stream(programs: Programs, drain: Drain, wakeup: Wakeup, pid: u32) -> Result<()> {
    let mut agent = Agent::new(programs, drain, wakeup)?;
    // Both must stay open: a descriptor that is closed is no longer waited for.
    let (signals, watched) = (signals()?, process(pid)?);
    agent.wait.also_for(&signals)?;
    agent.wait.also_for(&watched)?;
    agent.attach()?;
    Rights::none().keep_only_these()?;
    loop {
        let woken = agent.wait.wait()?;
        if woken.drain {
            agent.drain.wake()?;
        }
        if woken.other {
            break;
        }
    }
    agent.programs.detach();
    agent.drain.drain()?;
    eprintln!("{}", serde_json::to_string(&agent.stats()?)?);
    Ok(())
}

/// Can be read once a signal has asked this process to end.
fn signals() -> Result<UnixStream> {
    let (signals, sender) = UnixStream::pair()?;
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::low_level::pipe::register(signal, sender.try_clone()?)?;
    }
    Ok(signals)
}

/// Can be read once the process has ended (pidfd_open(2)).
fn process(pid: u32) -> Result<OwnedFd> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).context("no process has this id")?;
    pidfd_open(pid, PidfdFlags::empty()).with_context(|| format!("cannot watch process {pid}"))
}

impl Agent {
    fn new(programs: Programs, drain: Drain, wakeup: Wakeup) -> Result<Self> {
        let wait = Wait::new(wakeup, drain.events())?;
        Ok(Self { programs, drain, wait })
    }

    fn ready(&self) -> AgentReply {
        AgentReply::Ready {
            pid: std::process::id(),
            load_ns: self.programs.load_ns,
            programs: self.programs.loaded.clone(),
            maps: self.programs.maps.clone(),
        }
    }

    fn answer(&mut self, line: &[u8]) -> Result<AgentReply> {
        let command = serde_json::from_slice(line)
            .context("not a command: send \"attach\", \"detach\" or \"stats\"")?;
        let started = Instant::now();
        let took_ns = || started.elapsed().as_nanos() as u64;
        Ok(match command {
            AgentCommand::Attach => {
                self.attach()?;
                AgentReply::Attached { took_ns: took_ns() }
            }
            AgentCommand::Detach => {
                self.detach()?;
                AgentReply::Detached { took_ns: took_ns() }
            }
            AgentCommand::Stats => {
                self.drain.drain()?;
                AgentReply::Stats(self.stats()?)
            }
        })
    }

    fn attach(&mut self) -> Result<()> {
        if !self.programs.is_attached() {
            self.programs.attach()?;
            self.wait.start();
        }
        Ok(())
    }

    /// While nothing is attached nothing can come, so the agent sleeps.
    fn detach(&mut self) -> Result<()> {
        self.programs.detach();
        self.wait.stop();
        Ok(())
    }

    fn stats(&self) -> Result<AgentStats> {
        let (program_runs, program_run_ns) = self.programs.runs()?;
        let stats = self.drain.stats(&self.programs.counters()?);
        Ok(AgentStats { program_runs, program_run_ns, ..stats })
    }

    /// Takes what is left, and ends.
    fn end(mut self) -> Result<()> {
        self.detach()?;
        self.drain.drain()
    }
}
