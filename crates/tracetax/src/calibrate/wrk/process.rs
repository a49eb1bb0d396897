//! Runs `wrk` where the load generator runs: on its processor, in its group, as such a user, without an environment.

use std::{
    ffi::OsStr,
    io::Read,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, pidfd_open},
    thread::{CapabilitySet, CpuSet, sched_getaffinity, sched_setaffinity},
};

use super::output;
use crate::{
    cgroup::Role,
    child::{Interrupted, confined::confine},
    rig::Stage,
};

/// How often a waiting lab looks whether it was interrupted: as it does for the load generator.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// For `wrk` to end; it is never told to take longer than a second.
const LIMIT: Duration = Duration::from_secs(20);

/// Where `wrk` is.
pub struct Program(PathBuf);

/// Looks for `wrk` in these folders.
pub fn find(path: Option<&OsStr>) -> Option<Program> {
    let candidates = std::env::split_paths(path?).map(|folder| folder.join("wrk"));
    candidates.into_iter().find(|candidate| candidate.is_file()).map(Program)
}

impl Program {
    /// Which version it is, in its own words.
    ///
    /// # Errors
    /// When it cannot be run, or is something else.
    pub fn version(&self, stage: &Stage<'_>) -> Result<String> {
        let told = self.run(stage, &["--version"])?;
        let version = output::version(&told).map(str::to_owned);
        version.with_context(|| format!("{} is not wrk: {told:?}", self.0.display()))
    }

    /// Runs it to its end, and gives what it printed.
    ///
    /// # Errors
    /// When it cannot be started, does not end, or a signal came.
    pub fn run(&self, stage: &Stage<'_>, args: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.0);
        command.args(args).env_clear().process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        confine(&mut command, Role::Load, CapabilitySet::empty());
        let started = stage.world.groups.within(Role::Load, || {
            pinned(&stage.cores.load, || Ok(Running(command.spawn().context("cannot start wrk")?)))
        });
        started?.output(stage)
    }
}

/// A child inherits the processors of the thread that starts it (sched_setaffinity(2)).
fn pinned<T>(cpus: &[usize], start: impl FnOnce() -> Result<T>) -> Result<T> {
    let before = sched_getaffinity(None)?;
    let mut wanted = CpuSet::new();
    cpus.iter().for_each(|cpu| wanted.set(*cpu));
    sched_setaffinity(None, &wanted).with_context(|| format!("cannot pin wrk to {cpus:?}"))?;
    let started = start();
    sched_setaffinity(None, &before)?;
    started
}

/// A process that does not outlive this.
struct Running(Child);

impl Running {
    /// Its output, once it has ended. What `wrk` prints fits a pipe, so it never waits for a reader.
    fn output(mut self, stage: &Stage<'_>) -> Result<String> {
        let pidfd = pidfd_open(Pid::from_child(&self.0), PidfdFlags::empty()).context("cannot watch wrk")?;
        let started = Instant::now();
        // A failed poll, an interrupted one above all, is one that shows nothing.
        while poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&LOOK)).unwrap_or(0) == 0 {
            if stage.interrupt.load(Ordering::Relaxed) {
                return Err(Interrupted.into());
            }
            if started.elapsed() > LIMIT {
                bail!("wrk has not ended within {LIMIT:?}");
            }
        }
        let mut text = String::new();
        if let Some(mut output) = self.0.stdout.take() {
            output.read_to_string(&mut text).context("cannot read what wrk printed")?;
        }
        Ok(text)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it is gone.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn wrk_is_looked_for_in_every_folder() {
        let (empty, full) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(full.path().join("wrk"), "").unwrap();
        let path = std::env::join_paths([empty.path(), full.path()]).unwrap();
        assert_eq!(find(Some(&path)).unwrap().0, full.path().join("wrk"));
        assert!(find(Some(empty.path().as_os_str())).is_none());
        assert!(find(None).is_none());
    }
}
