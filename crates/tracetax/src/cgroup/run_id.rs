//! The id of a run: the lab's process, told apart from every other process since boot.

use std::fmt;

use anyhow::Context as _;
use procfs::process::Process;

/// The marker that begins the name of every group of ours.
const MARKER: &str = "tracetax-";

/// Which lab a run belongs to: its process id and its start, in clock ticks since boot (proc_pid_stat(5),
/// `starttime`). Ids of processes are used again, but not with the same start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunId {
    pid: i32,
    start_ticks: u64,
}

impl RunId {
    /// The id of runs of this process.
    ///
    /// # Errors
    /// When `/proc` is not readable.
    pub fn own() -> anyhow::Result<Self> {
        let pid = i32::try_from(std::process::id()).context("own process id")?;
        Self::of(pid)
    }

    /// The id of runs of the process `pid`.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn of(pid: i32) -> anyhow::Result<Self> {
        let start_ticks = start_ticks(pid).with_context(|| format!("there is no process {pid}"))?;
        Ok(Self { pid, start_ticks })
    }

    /// Whether the lab still runs, as seen from this PID namespace.
    #[must_use]
    pub fn is_alive(self) -> bool {
        start_ticks(self.pid) == Some(self.start_ticks)
    }

    /// Whether `pid` started when the lab did: it is the lab, also where another PID namespace counts
    /// otherwise.
    pub(super) fn started_with(self, pid: i32) -> bool {
        start_ticks(pid) == Some(self.start_ticks)
    }

    /// The name of the run's group.
    pub(super) fn group_name(self) -> String {
        format!("{MARKER}{self}")
    }

    /// The run that a group of this name belongs to; `None` for a name that is not exactly one of ours.
    pub(super) fn from_group_name(name: &str) -> Option<Self> {
        let (pid, start_ticks) = name.strip_prefix(MARKER)?.split_once('-')?;
        let id = Self { pid: pid.parse().ok()?, start_ticks: start_ticks.parse().ok()? };
        (id.pid > 0 && id.group_name() == name).then_some(id)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.pid, self.start_ticks)
    }
}

/// Start of a process that is neither gone nor a zombie.
fn start_ticks(pid: i32) -> Option<u64> {
    let stat = Process::new(pid).ok()?.stat().ok()?;
    (!matches!(stat.state, 'Z' | 'X')).then_some(stat.starttime)
}

#[cfg(test)]
mod tests {
    use super::RunId;

    #[test]
    fn a_name_tells_its_run() {
        let id = RunId { pid: 12, start_ticks: 345 };
        assert_eq!(id.group_name(), "tracetax-12-345");
        assert_eq!(RunId::from_group_name("tracetax-12-345"), Some(id));
    }

    #[test]
    fn other_names_are_not_ours() {
        for name in [
            "tracetax",
            "tracetax-",
            "tracetax-12",
            "tracetax-12-",
            "tracetax-0-1",
            "tracetax--1-1",
            "tracetax-+1-1",
            "tracetax-012-345",
            "tracetax-12-345-6",
            "tracetax-12-345.slice",
            "my-tracetax-12-345",
        ] {
            assert_eq!(RunId::from_group_name(name), None, "{name}");
        }
    }

    #[test]
    fn this_process_lives_and_a_reused_id_does_not_count() {
        let own = RunId::own().unwrap();
        assert!(own.is_alive());
        assert!(!RunId { start_ticks: own.start_ticks + 1, ..own }.is_alive());
    }
}
