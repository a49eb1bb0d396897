//! Starts a child: pipes, log, process group, processors, rights.

use std::{
    ffi::OsString,
    fs::File,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, atomic::AtomicBool, mpsc::sync_channel},
    thread,
};

use anyhow::Context as _;
use rustix::{
    process::{Pid, PidfdFlags, pidfd_open},
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
};
use serde::de::DeserializeOwned;

use super::{Child, Started, confined, lines::forward, log_tail::LogTail};
use crate::{cgroup::Role, dir::Dir};

/// Lines that may wait to be taken before the child has to wait as well.
const WAITING_LINES: usize = 8;

/// How to start a child.
#[derive(Debug)]
pub struct Launch<'a> {
    /// Who it works for.
    pub role: Role,
    /// Path of the binary.
    pub program: &'a Path,
    /// Its arguments, without its name.
    pub args: Vec<OsString>,
    /// Processors it may run on, by number; all that this thread may use where empty.
    pub cpus: &'a [usize],
    /// File that its standard error is appended to.
    pub log: &'a Path,
    /// Ends the waiting for replies when it is raised.
    pub interrupt: Arc<AtomicBool>,
}

impl Launch<'_> {
    /// Starts the child.
    ///
    /// # Errors
    /// Those of [`Launch::process`].
    pub fn start<R: DeserializeOwned>(&self) -> anyhow::Result<Child<R>> {
        Ok(Child::new(self.role, self.process()?, Arc::clone(&self.interrupt)))
    }

    /// Starts the process in a process group of its own, so that a Ctrl-C at the terminal reaches the lab
    /// alone, and with an empty environment, since its size moves the stack and with it what is measured
    /// (Mytkowicz et al., "Producing Wrong Data Without Doing Anything Obviously Wrong!", 2009).
    ///
    /// # Errors
    /// When the log cannot be opened, a processor does not exist or the binary cannot be started.
    pub fn process(&self) -> anyhow::Result<Started> {
        let (log, tail) = self.open_log()?;
        let mut command = Command::new(self.program);
        command.args(&self.args).env_clear().process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        if let Some(keeps) = confined::kept_by(self.role) {
            confined::confine(&mut command, self.role, keeps);
        }
        let mut process = self.spawn(&mut command)?;
        let pidfd = match pidfd_open(Pid::from_child(&process), PidfdFlags::empty()) {
            Ok(pidfd) => pidfd,
            Err(error) => return Err(error).context(give_up(process, self.role)),
        };
        let (sender, lines) = sync_channel(WAITING_LINES);
        if let Some(output) = process.stdout.take() {
            thread::spawn(move || forward(output, &sender));
        }
        Ok(Started { input: process.stdin.take(), process, pidfd, lines, log: tail, ended: None })
    }

    fn open_log(&self) -> anyhow::Result<(File, LogTail)> {
        let (folder, name) = (self.log.parent(), self.log.file_name().and_then(|name| name.to_str()));
        let (folder, name) = folder.zip(name).context("a log has a folder and a name")?;
        let log = Dir::open(folder)?.append(name)?;
        let tail = LogTail::new(self.log, log.metadata()?.len());
        Ok((log, tail))
    }

    /// A child inherits the processors of the thread that starts it (sched_setaffinity(2)).
    fn spawn(&self, command: &mut Command) -> anyhow::Result<std::process::Child> {
        let pinned =
            self.pin().with_context(|| format!("cannot pin the {} to {:?}", self.role, self.cpus))?;
        let started = command.spawn();
        drop(pinned);
        started.with_context(|| format!("cannot start the {}: {}", self.role, self.program.display()))
    }

    fn pin(&self) -> anyhow::Result<Option<Pinned>> {
        if self.cpus.is_empty() {
            return Ok(None);
        }
        let before = sched_getaffinity(None)?;
        let mut wanted = CpuSet::new();
        for cpu in self.cpus {
            anyhow::ensure!(*cpu < CpuSet::MAX_CPU, "there is no processor {cpu}");
            wanted.set(*cpu);
        }
        sched_setaffinity(None, &wanted)?;
        Ok(Some(Pinned { before }))
    }
}

/// This thread, pinned until dropped.
struct Pinned {
    before: CpuSet,
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // It was allowed a moment ago; where it no longer is, the kernel has chosen for us.
        let _ = sched_setaffinity(None, &self.before);
    }
}

/// Ends a child that cannot be watched.
fn give_up(mut process: std::process::Child, role: Role) -> String {
    let ended = process.kill().and_then(|()| process.wait());
    match ended {
        Ok(_) => format!("cannot watch the {role}"),
        Err(error) => format!("cannot watch the {role}, nor end it ({error}), process {}", process.id()),
    }
}
