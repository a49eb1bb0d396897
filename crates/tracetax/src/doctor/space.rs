//! Facts about room: memory and disk.

use std::path::{Path, PathBuf};

use procfs::{FromBufRead as _, Meminfo};

use super::{Finding, Machine, machine::unreadable, topic::Topic};

pub(super) const TOPICS: [Topic; 3] = [
    Topic {
        id: "memory",
        wanted: "1 GB available",
        why: "Where memory is short the kernel reclaims it at anybody's expense. Below a quarter of that a run may be killed.",
        judge: memory,
    },
    Topic {
        id: "swap",
        wanted: "nothing swapped out",
        why: "A page that must be read back stalls a request for milliseconds.",
        judge: swap,
    },
    Topic {
        id: "disk",
        wanted: "1 GB free where results go",
        why: "Every block goes to the disk before the next one starts. A run of all scenarios takes some megabytes; builds take more.",
        judge: disk,
    },
];

const MB: u64 = 1_000_000;

/// Where results go.
#[derive(Debug)]
pub(super) struct Disk {
    /// Their folder.
    pub folder: PathBuf,
    /// What this user may still write there; `None` where the file system does not tell.
    pub free_bytes: Option<u64>,
}

impl Disk {
    /// Asks the file system of `folder`, or of the nearest folder above that is there (statvfs(3)).
    pub fn of(folder: &Path) -> Self {
        let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let answer = whole.ancestors().find_map(|place| rustix::fs::statvfs(place).ok());
        Self { folder: folder.to_owned(), free_bytes: answer.map(|system| system.f_bavail * system.f_frsize) }
    }
}

/// proc_meminfo(5).
fn meminfo(machine: &Machine) -> Result<Meminfo, Finding> {
    let text = machine.text("/proc/meminfo").map_err(|error| unreadable("/proc/meminfo", &error))?;
    let odd = |_| Finding::unknown("/proc/meminfo is not understood", "cat /proc/meminfo");
    Meminfo::from_buf_read(text.as_bytes()).map_err(odd)
}

fn memory(machine: &Machine) -> Finding {
    let info = match meminfo(machine) {
        Ok(info) => info,
        Err(finding) => return finding,
    };
    let available = info.mem_available.unwrap_or(info.mem_free);
    let found = format!("{} MB of {} MB available", available / MB, info.mem_total / MB);
    let who = "ps aux --sort=-rss | head  # stop what takes most";
    room(available, 256 * MB, found, who)
}

fn swap(machine: &Machine) -> Finding {
    let info = match meminfo(machine) {
        Ok(info) => info,
        Err(finding) => return finding,
    };
    let used = info.swap_total - info.swap_free.min(info.swap_total);
    if used == 0 {
        return Finding::ok(if info.swap_total == 0 { "no swap" } else { "nothing swapped out" });
    }
    Finding::warn(format!("{} MB swapped out", used / MB), "sudo swapoff -a && sudo swapon -a")
}

fn disk(machine: &Machine) -> Finding {
    let folder = machine.disk.folder.display();
    let Some(free) = machine.disk.free_bytes else {
        return Finding::unknown(
            format!("the file system of {folder} does not tell"),
            format!("df {folder}"),
        );
    };
    let found = format!("{} MB free for {folder}", free / MB);
    room(free, 64 * MB, found, &format!("du -sh {folder} target  # remove old results, or set OUTPUT_DIR"))
}

/// Below 1 GB it is little, below `least` too little.
fn room(bytes: u64, least: u64, found: String, next_step: &str) -> Finding {
    if bytes >= 1_000 * MB {
        Finding::ok(found)
    } else if bytes >= least {
        Finding::warn(found, next_step)
    } else {
        Finding::fail(found, next_step)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use record::doctor::State::{Fail, Ok, Unknown, Warn};

    use super::{Disk, MB, disk, memory, swap};
    use crate::doctor::{
        Finding, Machine,
        made_up::{changed, check, judged},
    };

    fn with(available_kb: u64, swap_free_kb: u64, judge: fn(&Machine) -> Finding) -> Finding {
        let text = format!(
            "MemTotal: 8000000 kB\nMemFree: 1 kB\nMemAvailable: {available_kb} kB\nBuffers: 1 kB\nCached: 1 kB\nSwapCached: 0 kB\n\
             Active: 1 kB\nInactive: 1 kB\nSwapTotal: 2000000 kB\nSwapFree: {swap_free_kb} kB\nDirty: 0 kB\nWriteback: 0 kB\n\
             Mapped: 1 kB\nSlab: 1 kB\nCommitted_AS: 1 kB\nVmallocTotal: 1 kB\nVmallocUsed: 0 kB\nVmallocChunk: 0 kB\n"
        );
        judged(&[("/proc/meminfo", &text)], judge)
    }

    #[test]
    fn little_memory_is_told_and_too_little_fails() {
        check(with(7_000_000, 0, memory), Ok, "7168 MB of 8192 MB", "");
        check(with(700_000, 0, memory), Warn, "716 MB", "ps aux");
        check(with(100_000, 0, memory), Fail, "102 MB", "ps aux");
        check(judged(&[], memory), Unknown, "No such file", "ls -l");
        check(judged(&[("/proc/meminfo", "MemTotal: 1 kB")], memory), Unknown, "not understood", "cat");
    }

    #[test]
    fn what_is_swapped_out_is_told() {
        check(with(7_000_000, 2_000_000, swap), Ok, "nothing", "");
        check(with(7_000_000, 1_000_000, swap), Warn, "1024 MB", "swapoff");
        check(judged(&[], swap), Unknown, "No such file", "ls -l");
    }

    #[test]
    fn a_full_disk_is_told() {
        let with = |free_bytes| {
            changed(&[], |machine| machine.disk = Disk { folder: "results".into(), free_bytes }, disk)
        };
        check(with(Some(5_000 * MB)), Ok, "5000 MB free for results", "");
        check(with(Some(500 * MB)), Warn, "500 MB", "du -sh results");
        check(with(Some(5 * MB)), Fail, "5 MB", "OUTPUT_DIR");
        check(with(None), Unknown, "does not tell", "df results");
    }

    #[test]
    fn the_disk_of_a_folder_that_is_not_there_yet_is_that_of_the_one_above() {
        let place = tempfile::tempdir().unwrap();
        let disk = Disk::of(&place.path().join("not/yet"));
        assert!(disk.free_bytes.is_some());
        assert!(Disk::of(Path::new("nowhere")).free_bytes.is_some());
    }
}
