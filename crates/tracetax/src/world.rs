//! All that a run asks of the world: processes, clocks, counters, and the file of its blocks.
//!
//! It is the one seam of the lab. A run goes over it on this machine ([`Real`]) as in the simulation, where a script stands
//! in for the machine; the code of the run is the same. Nothing here decides anything.

mod real;

use std::{
    fmt::Debug,
    io,
    process::ExitStatus,
    sync::mpsc::RecvTimeoutError,
    time::{Duration, Instant, SystemTime},
};

use anyhow::Result;
use rustix::process::Signal;

use crate::{
    cgroup::Role,
    child::Launch,
    readings::{CpuReading, ProcessReading, Ticks},
};

pub use real::Real;

/// A line that a process has written, without its end; or what it has done instead of writing one.
pub type Line = Result<Vec<u8>, String>;

/// What a run stands on.
pub trait World {
    /// A process that it has started.
    type Process: Process;
    /// The file of blocks.
    type Disk: Disk;

    /// Starts a process in the group of its role.
    ///
    /// # Errors
    /// When it cannot be started.
    fn start(&self, launch: &Launch<'_>) -> Result<Self::Process>;

    /// Whether the binaries are what they were when the run began.
    ///
    /// # Errors
    /// Names the one that is not.
    fn ensure_unchanged(&self) -> Result<()>;

    /// Makes the group of a role anew, with counters that begin at 0.
    ///
    /// # Errors
    /// When a process stays inside.
    fn renew(&mut self, role: Role) -> Result<()>;

    /// Signals one process.
    ///
    /// # Errors
    /// When it is gone.
    fn signal(&self, pid: u32, signal: Signal) -> Result<()>;

    /// The monotonic clock.
    fn now(&self) -> Instant;

    /// The wall clock.
    fn wall_clock(&self) -> SystemTime;

    /// Waits.
    fn sleep(&self, duration: Duration);

    /// Reads the CPU counters of all roles.
    ///
    /// # Errors
    /// When one is not readable.
    fn cpu(&self) -> Result<CpuReading>;

    /// Reads what the kernel counts in ticks.
    ///
    /// # Errors
    /// When it is not readable.
    fn ticks(&self) -> Result<Ticks>;

    /// Reads of a process.
    ///
    /// # Errors
    /// When it is gone.
    fn process(&self, pid: u32) -> Result<ProcessReading>;

    /// Memory of the BPF maps that a process has open, in bytes, where it can be told.
    fn map_bytes(&self, pid: u32) -> Option<u64>;

    /// Memory of the group of a role now, in bytes, where the kernel tells it.
    fn memory_bytes(&self, role: Role) -> Option<u64>;

    /// The most that it ever was, in bytes, where the kernel tells it.
    fn memory_peak_bytes(&self, role: Role) -> Option<u64>;
}

/// A process that was started: its input, its output, its end.
pub trait Process: Debug {
    /// Its id.
    fn pid(&self) -> u32;

    /// Writes to its input.
    ///
    /// # Errors
    /// When nobody reads it any more.
    fn write(&mut self, line: &[u8]) -> io::Result<()>;

    /// Ends its input.
    fn close_input(&mut self);

    /// Waits at most `limit` for the next line of its output.
    ///
    /// # Errors
    /// When there is none in time, or its output has ended.
    fn next_line(&mut self, limit: Duration) -> Result<Line, RecvTimeoutError>;

    /// Waits at most `limit` for its end, collects it, and ends what it has left in its process group. `None` where it
    /// runs on.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    fn wait(&mut self, limit: Duration) -> Result<Option<ExitStatus>>;

    /// Signals all of its process group, unless it has ended.
    fn signal_group(&self, signal: Signal);

    /// The end of what it has logged, for the end of a message.
    fn log_tail(&self) -> String;
}

/// A file that only grows.
pub trait Disk {
    /// Writes after all that is there.
    ///
    /// # Errors
    /// When not all of it could be written; a part may be.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Returns when all that was written outlasts a power cut.
    ///
    /// # Errors
    /// When that cannot be said.
    fn sync(&mut self) -> io::Result<()>;
}
