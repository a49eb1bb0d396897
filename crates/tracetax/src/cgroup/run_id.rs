//! The id of a run: its keeper's process, told apart from every other process since boot.

use std::{fmt, path::Path};

use anyhow::Context as _;
use procfs::{process::Process, sys::kernel::random::boot_id};

use super::Role;

/// What the name of every group of ours begins with.
const PREFIX: &str = "tracetax-";
/// Digits of the boot's id that such a name ends with.
const BOOT_DIGITS: usize = 8;

/// Which keeper a run belongs to: its process id and its start, in clock ticks since boot (proc_pid_stat(5),
/// `starttime`). Ids of processes are used again, but not with the same start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunId {
    pid: i32,
    start_ticks: u64,
}

impl RunId {
    /// The id of a run that this process keeps.
    ///
    /// # Errors
    /// When `/proc` is not readable.
    pub fn own() -> anyhow::Result<Self> {
        let pid = i32::try_from(std::process::id()).context("own process id")?;
        Self::of(pid)
    }

    /// The id of a run that the process `pid` keeps.
    ///
    /// # Errors
    /// When there is no such process, or `/proc` is not readable.
    pub fn of(pid: i32) -> anyhow::Result<Self> {
        let stat = Process::new(pid).and_then(|process| process.stat());
        let stat = stat.with_context(|| format!("cannot read of process {pid}"))?;
        Ok(Self { pid, start_ticks: stat.starttime })
    }

    /// Whether the keeper still runs, as seen from this PID namespace.
    #[must_use]
    pub fn is_alive(self) -> bool {
        start_ticks(self.pid) == Some(self.start_ticks)
    }

    /// One that nobody keeps: the largest id that Linux can be told to use is 4194304 (proc_sys_kernel(5), `pid_max`).
    #[cfg(test)]
    pub(crate) fn of_nobody(start_ticks: u64) -> Self {
        Self { pid: 4_194_305, start_ticks }
    }

    /// The keeper's process id.
    #[must_use]
    pub fn pid(self) -> i32 {
        self.pid
    }

    /// Whether `pid` started when the keeper did: it is the keeper, also where another PID namespace counts
    /// otherwise.
    pub(super) fn started_with(self, pid: i32) -> bool {
        start_ticks(pid) == Some(self.start_ticks)
    }

    /// The name of the run's group. It ends with a marker, the beginning of the boot's id: no other group has that by
    /// chance, it is there on every layout, and a group does not outlive the boot either.
    pub(crate) fn group_name(self) -> String {
        format!("{PREFIX}{self}-{}", boot_digits())
    }

    /// The run whose lab stands in the group `folder`.
    pub(super) fn of_lab_group(folder: &Path) -> Option<Self> {
        let inside = folder.file_name()? == Role::Lab.name();
        let run = Self::from_group_name(folder.parent()?.file_name()?.to_str()?)?;
        inside.then_some(run)
    }

    /// The run that a group of this name belongs to; `None` for a name that is not exactly one of ours.
    pub(crate) fn from_group_name(name: &str) -> Option<Self> {
        let (pid, rest) = name.strip_prefix(PREFIX)?.split_once('-')?;
        let (start_ticks, _) = rest.split_once('-')?;
        let id = Self { pid: pid.parse().ok()?, start_ticks: start_ticks.parse().ok()? };
        (id.pid > 0 && id.group_name() == name).then_some(id)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.pid, self.start_ticks)
    }
}

/// Zeros where the kernel does not tell: then the marker is weaker, and the rest of the name must do.
fn boot_digits() -> String {
    let id = boot_id().unwrap_or_default();
    format!("{:0<BOOT_DIGITS$}", id.chars().take(BOOT_DIGITS).collect::<String>())
}

/// Start of a process that is neither gone nor a zombie.
fn start_ticks(pid: i32) -> Option<u64> {
    let stat = Process::new(pid).ok()?.stat().ok()?;
    (!matches!(stat.state, 'Z' | 'X')).then_some(stat.starttime)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{RunId, boot_digits};

    #[test]
    fn a_name_tells_its_run() {
        let (id, boot) = (RunId { pid: 12, start_ticks: 345 }, boot_digits());
        assert_eq!((boot.len(), id.group_name()), (8, format!("tracetax-12-345-{boot}")));
        assert_eq!(RunId::from_group_name(&id.group_name()), Some(id));
    }

    #[test]
    fn other_names_are_not_ours() {
        let boot = boot_digits();
        for name in [
            "tracetax",
            "tracetax-",
            "tracetax-12",
            "tracetax-12-345",
            "tracetax-12-345-",
            "tracetax-12-345-00000001",
            &format!("tracetax-12--{boot}"),
            &format!("tracetax-0-1-{boot}"),
            &format!("tracetax--1-1-{boot}"),
            &format!("tracetax-+1-1-{boot}"),
            &format!("tracetax-012-345-{boot}"),
            &format!("tracetax-12-345-6-{boot}"),
            &format!("tracetax-12-345-{boot}0"),
            &format!("tracetax-12-345-{boot}.slice"),
            &format!("my-tracetax-12-345-{boot}"),
        ] {
            assert_eq!(RunId::from_group_name(name), None, "{name}");
        }
    }

    #[test]
    fn a_lab_is_known_by_its_group() {
        let id = RunId { pid: 12, start_ticks: 345 };
        let of = |folder: String| RunId::of_lab_group(Path::new(&folder));
        assert_eq!(of(format!("/cg/{}/lab", id.group_name())), Some(id));
        for folder in [format!("/cg/{}", id.group_name()), format!("/cg/{}/agent", id.group_name())] {
            assert_eq!(of(folder), None);
        }
        assert_eq!(of("/cg/tracetax-12-345/lab".into()), None);
        assert_eq!(of("/".into()), None);
    }

    #[test]
    fn this_process_lives_and_a_reused_id_does_not_count() {
        let own = RunId::own().unwrap();
        assert!(own.is_alive());
        assert!(!RunId { start_ticks: own.start_ticks + 1, ..own }.is_alive());
    }
}
