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

use std::{
    fmt,
    io::Write as _,
    os::fd::OwnedFd,
    process::{ChildStdin, ExitStatus},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, TryRecvError},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow, bail};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    process::{Pid, Signal, kill_process_group},
};
use serde::Serialize;

pub use launch::Launch;
pub use lines::wrong_with;
use log_tail::LogTail;

use crate::cgroup::Role;

/// How often a waiting lab looks whether it was interrupted.
const LOOK: Duration = Duration::from_millis(200);
/// How long a child may take to end after each of the steps of [`Child::finish`] that follow the first, and
/// how long one whose output has ended may take to be dead.
const GRACE: Duration = Duration::from_secs(1);

/// A running child whose replies are of type `R`.
#[derive(Debug)]
pub struct Child<R> {
    role: Role,
    process: std::process::Child,
    /// Becomes readable when the process ends (pidfd_open(2)).
    pidfd: OwnedFd,
    input: Option<ChildStdin>,
    replies: Receiver<Result<R, String>>,
    log: LogTail,
    interrupt: Arc<AtomicBool>,
    ended: Option<ExitStatus>,
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

impl<R> Child<R> {
    /// The child's process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
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
        Ok(self.wait(Duration::ZERO)?.is_none())
    }

    /// For a process that cannot be read any more: the kernel takes its memory away some time before it tells of its end,
    /// so that is waited for, a second at most.
    ///
    /// # Errors
    /// When it has ended, with its exit status and the end of its log.
    pub fn ensure_alive(&mut self) -> anyhow::Result<()> {
        if self.wait(GRACE)?.is_none() { Ok(()) } else { Err(self.death()) }
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
        match self.replies.try_recv() {
            Ok(Ok(_)) => bail!("the {} has answered what nobody asked", self.role),
            Ok(Err(wrong)) => bail!("the {} {wrong}", self.role),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return Err(self.death()),
        }
        let mut line = serde_json::to_vec(command).context("a command cannot be written as JSON")?;
        line.push(b'\n');
        let written = self.input.as_mut().map(|input| input.write_all(&line));
        match written {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => Err(self.death()),
        }
    }

    /// Waits at most `limit` for the next reply; the ready line is one.
    ///
    /// # Errors
    /// [`Interrupted`] at most 0.2 s after the flag is raised. Else the error names the role and what went
    /// wrong: no reply in time, a line that is no reply (with its beginning), or death (with exit status and
    /// the end of the log).
    pub fn receive(&mut self, limit: Duration) -> anyhow::Result<R> {
        let reply = self.receive_if_any(limit)?;
        reply.ok_or_else(|| anyhow!("the {} has not answered within {limit:?}{}", self.role, self.log.told()))
    }

    /// Waits at most `limit` for the next reply; `None` where there is none in time.
    ///
    /// # Errors
    /// Those of [`Child::receive`] but for that.
    pub fn receive_if_any(&mut self, limit: Duration) -> anyhow::Result<Option<R>> {
        let end = Instant::now() + limit;
        loop {
            if self.interrupt.load(Ordering::Relaxed) {
                return Err(Interrupted.into());
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.replies.recv_timeout(left.min(LOOK)) {
                Ok(Ok(reply)) => return Ok(Some(reply)),
                Ok(Err(wrong)) => bail!("the {} {wrong}", self.role),
                Err(RecvTimeoutError::Disconnected) => return Err(self.death()),
                Err(RecvTimeoutError::Timeout) if left.is_zero() => return Ok(None),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Closes the child's input, which asks it to finish, and waits at most `limit`; then sends TERM, then
    /// KILL, to its process group, with a second after each.
    ///
    /// # Errors
    /// When it cannot be waited for, or survives KILL (blocked in the kernel).
    pub fn finish(mut self, limit: Duration) -> anyhow::Result<End> {
        self.input = None;
        if let Some(status) = self.wait(limit)? {
            return Ok(End::ByItself(status));
        }
        for (signal, end) in [(Signal::TERM, End::Terminated), (Signal::KILL, End::Killed)] {
            self.signal_group(signal);
            if self.wait(GRACE)?.is_some() {
                return Ok(end);
            }
        }
        bail!("the {} (process {}) does not end, not even by KILL", self.role, self.pid())
    }

    /// Waits at most `limit` for the end of the process, and collects it.
    fn wait(&mut self, limit: Duration) -> anyhow::Result<Option<ExitStatus>> {
        if self.ended.is_none() && is_readable(&self.pidfd, limit)? {
            // Not collected yet, so its id cannot be another group's: the moment to end what it left behind.
            self.signal_group(Signal::KILL);
            self.ended = Some(self.process.wait().context("cannot collect a child")?);
        }
        Ok(self.ended)
    }

    /// Signals the whole process group, unless its leader was collected: then the id may be another's.
    fn signal_group(&self, signal: Signal) {
        if self.ended.is_none() {
            // Fails only when nobody is left to signal.
            let _ = kill_process_group(Pid::from_child(&self.process), signal);
        }
    }

    /// The error for a child that does not talk any more.
    fn death(&mut self) -> anyhow::Error {
        let what = match self.wait(GRACE) {
            Ok(Some(status)) => format!("has ended ({status})"),
            Ok(None) => "has closed its output, but runs on".to_owned(),
            Err(error) => format!("does not talk: {error:#}"),
        };
        anyhow!("the {} {what}{}", self.role, self.log.told())
    }
}

impl<R> Drop for Child<R> {
    fn drop(&mut self) {
        self.signal_group(Signal::KILL);
        // A drop cannot fail; the run's group, removed later, names what is left.
        let _ = self.wait(GRACE);
    }
}

/// Waits at most `limit` until `fd` is readable.
fn is_readable(fd: &OwnedFd, limit: Duration) -> anyhow::Result<bool> {
    let end = Instant::now() + limit;
    loop {
        let left = Timespec::try_from(end.saturating_duration_since(Instant::now()))?;
        match poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&left)) {
            Err(Errno::INTR) => {}
            other => return Ok(other.context("cannot wait for a child")? > 0),
        }
    }
}

#[cfg(test)]
mod tests;
