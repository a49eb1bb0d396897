//! A child process of ours: one command a line down its input, one reply a line up its output.
//!
//! Knows nothing of what commands and replies mean. A child never outlives its [`Child`]; whatever it started
//! in its process group is ended with it.

pub(crate) mod confined;
#[cfg(test)]
mod hostile;
mod launch;
mod lines;
mod log_tail;
mod started;

use std::{
    fmt,
    marker::PhantomData,
    process::ExitStatus,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::RecvTimeoutError,
    },
    time::Duration,
};

use anyhow::{Context as _, anyhow, bail};
use rustix::process::Signal;
use serde::{Serialize, de::DeserializeOwned};

pub use launch::Launch;
pub use lines::wrong_with;
pub use started::Started;

use crate::{cgroup::Role, world::Process};

/// How often a waiting lab looks whether it was interrupted.
const LOOK: Duration = Duration::from_millis(200);
/// How long a child may take to end after each of the steps of [`Child::finish`] that follow the first, and
/// how long one whose output has ended may take to be dead.
const GRACE: Duration = Duration::from_secs(1);

/// A running child whose replies are of type `R`.
#[derive(Debug)]
pub struct Child<R, P: Process = Started> {
    role: Role,
    process: P,
    interrupt: Arc<AtomicBool>,
    replies: PhantomData<fn() -> R>,
}

/// The lab was asked to stop while it waited for a child. Told apart by `error.is::<Interrupted>()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself, when its input was closed or before.
    ByItself(ExitStatus),
    /// It had to be asked with TERM.
    Terminated,
    /// It did not heed TERM and was killed.
    Killed,
}

impl<R: DeserializeOwned, P: Process> Child<R, P> {
    /// The child that this process is; the raised flag ends the waiting for replies.
    pub fn new(role: Role, process: P, interrupt: Arc<AtomicBool>) -> Self {
        Self { role, process, interrupt, replies: PhantomData }
    }

    /// The child's process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Who it works for.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Whether the process still runs.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn is_alive(&mut self) -> anyhow::Result<bool> {
        Ok(self.process.wait(Duration::ZERO)?.is_none())
    }

    /// Whether the process still runs, as an error that says how it ended.
    ///
    /// # Errors
    /// When it has ended, with its exit status and the end of its log.
    pub fn ensure_alive(&mut self) -> anyhow::Result<()> {
        if self.is_alive()? { Ok(()) } else { Err(self.death()) }
    }

    /// The same of a process that cannot be read any more: the kernel takes its memory away some time before it tells of
    /// its end, so that is waited for, a second at most.
    ///
    /// # Errors
    /// Those of [`Child::ensure_alive`].
    pub fn ensure_not_dying(&mut self) -> anyhow::Result<()> {
        self.process.wait(GRACE)?;
        self.ensure_alive()
    }

    /// Sends one command and waits at most `limit` for its reply.
    ///
    /// # Errors
    /// Those of [`Child::send`] and [`Child::receive`].
    pub fn ask<C: Serialize>(&mut self, command: &C, limit: Duration) -> anyhow::Result<R> {
        self.send(command)?;
        self.receive(limit)
    }

    /// Sends one command.
    ///
    /// # Errors
    /// When the child is dead, with its exit status and the end of its log; or when it has said something
    /// that nobody asked for, since that would be taken for the reply.
    pub fn send<C: Serialize>(&mut self, command: &C) -> anyhow::Result<()> {
        match self.process.next_line(Duration::ZERO) {
            Ok(Ok(line)) => match self.reply(&line) {
                Ok(_) => bail!("the {} has answered what nobody asked", self.role),
                Err(wrong) => return Err(wrong),
            },
            Ok(Err(wrong)) => bail!("the {} {wrong}", self.role),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(self.death()),
        }
        let mut line = serde_json::to_vec(command).context("a command cannot be written as JSON")?;
        line.push(b'\n');
        self.process.write(&line).map_err(|_| self.death())
    }

    /// Waits at most `limit` for the next reply; the ready line is one.
    ///
    /// # Errors
    /// [`Interrupted`] at most 0.2 s after the flag is raised. Else the error names the role and what went
    /// wrong: no reply in time, a line that is no reply (with its beginning), or death (with exit status and
    /// the end of the log).
    pub fn receive(&mut self, limit: Duration) -> anyhow::Result<R> {
        let reply = self.receive_if_any(limit)?;
        reply.ok_or_else(|| {
            anyhow!("the {} has not answered within {limit:?}{}", self.role, self.process.log_tail())
        })
    }

    /// Waits at most `limit` for the next reply; `None` where there is none in time.
    ///
    /// # Errors
    /// Those of [`Child::receive`] but for that.
    pub fn receive_if_any(&mut self, limit: Duration) -> anyhow::Result<Option<R>> {
        let mut left = limit;
        loop {
            if self.interrupt.load(Ordering::Relaxed) {
                return Err(Interrupted.into());
            }
            let turn = left.min(LOOK);
            match self.process.next_line(turn) {
                Ok(Ok(line)) => return self.reply(&line).map(Some),
                Ok(Err(wrong)) => bail!("the {} {wrong}", self.role),
                Err(RecvTimeoutError::Disconnected) => return Err(self.death()),
                Err(RecvTimeoutError::Timeout) if turn == left => return Ok(None),
                Err(RecvTimeoutError::Timeout) => left -= turn,
            }
        }
    }

    fn reply(&self, line: &[u8]) -> anyhow::Result<R> {
        lines::parse(line).map_err(|wrong| anyhow!("the {} {wrong}", self.role))
    }

    /// Closes the child's input, which asks it to finish, and waits at most `limit`; then sends TERM, then
    /// KILL, to its process group, with a second after each.
    ///
    /// # Errors
    /// When it cannot be waited for, or survives KILL (blocked in the kernel).
    pub fn finish(mut self, limit: Duration) -> anyhow::Result<End> {
        self.process.close_input();
        if let Some(status) = self.process.wait(limit)? {
            return Ok(End::ByItself(status));
        }
        for (signal, end) in [(Signal::TERM, End::Terminated), (Signal::KILL, End::Killed)] {
            self.process.signal_group(signal);
            if self.process.wait(GRACE)?.is_some() {
                return Ok(end);
            }
        }
        bail!("the {} (process {}) does not end, not even by KILL", self.role, self.pid())
    }

    /// The error for a child that does not talk any more.
    fn death(&mut self) -> anyhow::Error {
        let what = match self.process.wait(GRACE) {
            Ok(Some(status)) => format!("has ended ({status})"),
            Ok(None) => "has closed its output, but runs on".to_owned(),
            Err(error) => format!("does not talk: {error:#}"),
        };
        anyhow!("the {} {what}{}", self.role, self.process.log_tail())
    }
}

impl<R, P: Process> Drop for Child<R, P> {
    fn drop(&mut self) {
        self.process.signal_group(Signal::KILL);
        // A drop cannot fail; the run's group, removed later, names what is left.
        let _ = self.process.wait(GRACE);
    }
}

#[cfg(test)]
mod tests;
