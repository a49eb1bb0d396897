//! One run at a time: two at once on one machine would each measure the other.
//!
//! What is locked is the folder below which the groups are made. It is there before and after, so there is no file to
//! leave behind, and the lock ends with the process that holds it, however that ends (flock(2)).

use std::{
    fs::{File, Metadata, TryLockError},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use procfs::process::Process;
use rustix::fs::{major, minor};

use crate::{cgroup::RunId, exit::Unfit};

/// The lock, held until dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _folder: File,
}

impl Lock {
    /// Takes it.
    pub(super) fn take(folder: &Path) -> Result<Self> {
        let file = File::open(folder).with_context(|| format!("cannot open {}", folder.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _folder: file }),
            Err(TryLockError::WouldBlock) => Err(taken(&file.metadata()?).into()),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", folder.display()))
            }
        }
    }
}

/// Says who has it.
fn taken(folder: &Metadata) -> Unfit {
    let (who, how) = match holder(folder) {
        Some(pid) => (told(pid), format!("`kill -INT {pid}`")),
        None => ("a process that is not seen from here".into(), "from where it runs".into()),
    };
    Unfit(format!(
        "another run measures on this machine: {who}. Two at once would each measure the other: wait for its end, or \
         end it ({how}); its finished blocks are kept"
    ))
}

/// The process that has locked this folder, as /proc/locks tells (proc_locks(5)).
fn holder(folder: &Metadata) -> Option<i32> {
    let device = (major(folder.dev()), minor(folder.dev()));
    let locks = procfs::locks().ok()?;
    let lock = locks.iter().find(|lock| {
        lock.pid.is_some() && (lock.devmaj, lock.devmin) == device && lock.inode == folder.ino()
    })?;
    lock.pid
}

/// A process, the run that it keeps, and since when it runs.
fn told(pid: i32) -> String {
    let run = RunId::of(pid).map_or_else(|_| String::new(), |run| format!(" (run {run})"));
    let since = since(pid).map_or_else(String::new, |since| format!(", since {since}"));
    format!("process {pid}{run}{since}")
}

fn since(pid: i32) -> Option<Timestamp> {
    let ticks = Process::new(pid).ok()?.stat().ok()?.starttime;
    let seconds = procfs::boot_time_secs().ok()? + ticks / procfs::ticks_per_second();
    Timestamp::from_second(seconds.cast_signed()).ok()
}

#[cfg(test)]
mod tests {
    use super::Lock;
    use crate::{cgroup::RunId, exit::Unfit};

    #[test]
    fn the_second_is_refused_and_told_of_the_first_until_that_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        let refusal = Lock::take(folder.path()).unwrap_err();
        assert!(refusal.is::<Unfit>());
        let own = std::process::id();
        let who = format!("process {own} (run {}), since 20", RunId::own().unwrap());
        let text = refusal.to_string();
        assert!(text.contains(&who) && text.contains(&format!("`kill -INT {own}`")), "{text}");
        drop(first);
        Lock::take(folder.path()).unwrap();
    }
}
