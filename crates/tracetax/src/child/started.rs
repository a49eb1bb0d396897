//! A process that was started: its pipes, its end, its group.

use std::{
    io::{self, ErrorKind, Write as _},
    os::fd::OwnedFd,
    process::{ChildStdin, ExitStatus},
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    process::{Pid, Signal, kill_process_group},
};

use super::log_tail::LogTail;
use crate::world::{Line, Process};

/// The process.
#[derive(Debug)]
pub struct Started {
    pub(super) process: std::process::Child,
    /// Becomes readable when the process ends (pidfd_open(2)).
    pub(super) pidfd: OwnedFd,
    pub(super) input: Option<ChildStdin>,
    pub(super) lines: Receiver<Line>,
    pub(super) log: LogTail,
    pub(super) ended: Option<ExitStatus>,
}

impl Process for Started {
    fn pid(&self) -> u32 {
        self.process.id()
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.input.as_mut().ok_or(ErrorKind::BrokenPipe)?.write_all(line)
    }

    fn close_input(&mut self) {
        self.input = None;
    }

    fn next_line(&mut self, limit: Duration) -> Result<Line, RecvTimeoutError> {
        self.lines.recv_timeout(limit)
    }

    fn wait(&mut self, limit: Duration) -> anyhow::Result<Option<ExitStatus>> {
        if self.ended.is_none() && is_readable(&self.pidfd, limit)? {
            // Not collected yet, so its id cannot be another group's: the moment to end what it left behind.
            self.signal_group(Signal::KILL);
            self.ended = Some(self.process.wait().context("cannot collect a child")?);
        }
        Ok(self.ended)
    }

    fn signal_group(&self, signal: Signal) {
        // Once its leader is collected the id may be another's.
        if self.ended.is_none() {
            // Fails only when nobody is left to signal.
            let _ = kill_process_group(Pid::from_child(&self.process), signal);
        }
    }

    fn log_tail(&self) -> String {
        self.log.told()
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
