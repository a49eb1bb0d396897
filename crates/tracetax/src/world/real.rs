//! This machine.

use std::{
    fs::File,
    io::{self, Write as _},
    thread,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::{Disk, World};
use crate::{
    cgroup::{Groups, Role},
    child::{Launch, Started},
    readings::{self, CpuReading, MachineCpu, ProcessReading, Ticks},
    rig::Binaries,
};

/// What a run has of this machine.
#[derive(Debug)]
pub struct Real {
    /// Groups of the run.
    pub groups: Groups,
    /// CPU of all tasks.
    pub machine: MachineCpu,
    /// What the folders of the binaries held when the run began.
    pub binaries: Binaries,
}

impl World for Real {
    type Process = Started;
    type Disk = File;

    fn start(&self, launch: &Launch<'_>) -> Result<Started> {
        let program = launch.program;
        ensure!(program.is_file(), "{} is not built: run `cargo xtask build`", program.display());
        self.groups.within(launch.role, || launch.process())
    }

    fn ensure_unchanged(&self) -> Result<()> {
        self.binaries.ensure_unchanged()
    }

    fn renew(&mut self, role: Role) -> Result<()> {
        self.groups.renew(role)
    }

    fn signal(&self, pid: u32, signal: Signal) -> Result<()> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).context("no such process id")?;
        Ok(kill_process(pid, signal)?)
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, duration: Duration) {
        thread::sleep(duration);
    }

    fn cpu(&self) -> Result<CpuReading> {
        CpuReading::take(&self.groups, &self.machine)
    }

    fn ticks(&self) -> Result<Ticks> {
        Ticks::take()
    }

    fn process(&self, pid: u32) -> Result<ProcessReading> {
        ProcessReading::take(pid)
    }

    fn map_bytes(&self, pid: u32) -> Option<u64> {
        readings::map_bytes(pid)
    }

    fn memory_bytes(&self, role: Role) -> Option<u64> {
        self.groups.memory_bytes(role)
    }

    fn memory_peak_bytes(&self, role: Role) -> Option<u64> {
        self.groups.memory_peak_bytes(role)
    }
}

impl Disk for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}
