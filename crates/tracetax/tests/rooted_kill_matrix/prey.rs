//! The processes of a run, found while it runs, and the moments at which they are hit.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::Path,
    thread::sleep,
    time::Duration,
};

use procfs::process::{Process, all_processes};
use rand::{RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use rustix::process::{Pid, Signal, kill_process};

const LOOK: Duration = Duration::from_millis(1);

/// A process of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prey {
    Lab,
    Agent,
    Target,
    Load,
}

impl Prey {
    /// The name of its binary.
    pub fn binary(self) -> &'static str {
        match self {
            Self::Lab => "tracetax",
            Self::Agent => "tracer",
            Self::Target => "target",
            Self::Load => "load",
        }
    }

    /// The process of the run that `keeper` keeps, where it runs now.
    pub fn find(self, keeper: i32, binaries: &Path) -> Option<Pid> {
        let lab = child_of(keeper, &binaries.join("tracetax"))?;
        match self {
            Self::Lab => Some(lab),
            other => child_of(lab.as_raw_pid(), &binaries.join(other.binary())),
        }
    }
}

fn child_of(parent: i32, binary: &Path) -> Option<Pid> {
    let is_it = |process: &Process| {
        process.stat().is_ok_and(|stat| stat.ppid == parent && !matches!(stat.state, 'Z' | 'X'))
            && process.exe().is_ok_and(|exe| exe == binary)
    };
    let found = all_processes().unwrap().flatten().find(is_it)?;
    Pid::from_raw(found.pid)
}

/// Signals it, as soon as there is one. False where the run ends before there is.
pub fn hit(prey: Prey, signal: Signal, keeper: i32, binaries: &Path) -> bool {
    let alive = || Process::new(keeper).and_then(|keeper| keeper.stat()).is_ok_and(|stat| stat.state != 'Z');
    while alive() {
        if let Some(pid) = prey.find(keeper, binaries)
            && kill_process(pid, signal).is_ok()
        {
            return true;
        }
        sleep(LOOK);
    }
    false
}

/// How many seeds each timed case is tried with: `TRACETAX_KILL_SEEDS`, else one.
pub fn seeds() -> impl Iterator<Item = u64> {
    let count = std::env::var("TRACETAX_KILL_SEEDS").map_or(1, |text| text.parse().unwrap());
    1..=count
}

/// A moment after the start of a run: before its first process, in its first blocks, or between. Each case has its own.
pub fn moment(case: &str, seed: u64) -> Duration {
    let mut hasher = DefaultHasher::new();
    (case, seed).hash(&mut hasher);
    Duration::from_millis(Xoshiro256PlusPlus::seed_from_u64(hasher.finish()).random_range(0..2_500))
}
