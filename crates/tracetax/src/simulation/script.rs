//! What befalls a run, and when: a list that can be printed and comes from a seed.

use std::time::Duration;

use rand::{Rng, RngExt, seq::IndexedRandom as _};

use crate::cgroup::Role;

/// Something that befalls a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// A signal asks the run to end.
    Interrupt,
    /// A process cannot be started.
    NotStarted(Role),
    /// A process ends by itself.
    Dies(Role),
    /// It says nothing any more, and lives.
    Hangs(Role),
    /// It stays in the kernel, and no signal reaches it.
    Undying(Role),
    /// It answers late, and in time.
    Dawdles(Role, Duration),
    /// It says what is no reply.
    Babbles(Role),
    /// It stops amid a line.
    Stutters(Role),
    /// It says everything twice, once.
    Repeats(Role),
    /// It answers with an error.
    Refuses(Role),
    /// It closes its output, and runs on.
    FallsSilent(Role),
    /// It runs on when its input has ended.
    Clings(Role),
    /// It heeds neither that nor TERM.
    Defies(Role),
    /// The programs are hit for so long after they were detached.
    StillHit(Duration),
    /// The kernel has no run-time statistics.
    NoStatistics,
    /// The group of the agent cannot be made anew.
    GroupInUse,
    /// A binary is replaced.
    Replaced,
    /// Counters of the groups cannot be read.
    NoCpu,
    /// What the kernel counts in ticks cannot be read.
    NoTicks,
    /// A process that lives cannot be read.
    NoProcess,
    /// The disk is full after so many bytes of a line.
    DiskFull(usize),
    /// The file may not become larger, after so many bytes of a line.
    TooLarge(usize),
    /// The line is written, and that it is on the disk cannot be said.
    NotSynced,
    /// The hypervisor takes the processor.
    Steal,
    /// The generator sends late.
    Late,
    /// The lab stands still for so long, and nobody else.
    Stall(Duration),
    /// The wall clock goes by so many milliseconds.
    WallClock(i64),
}

/// How a run may end that a fault has befallen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// As if nothing had been.
    None,
    /// Well, or as failed: that depends on when it came.
    MayFail,
    /// As failed.
    Fails,
    /// As on a machine that is unfit.
    Unfit,
    /// As interrupted, or well where all was measured.
    Interrupts,
}

impl Fault {
    /// What it does to the outcome.
    pub fn effect(self) -> Effect {
        match self {
            Self::Interrupt => Effect::Interrupts,
            Self::DiskFull(_) | Self::TooLarge(_) => Effect::Unfit,
            Self::NotStarted(_) | Self::Undying(_) | Self::GroupInUse | Self::Replaced | Self::NotSynced => {
                Effect::Fails
            }
            Self::NoCpu | Self::NoTicks => Effect::Fails,
            Self::NoProcess => Effect::MayFail,
            // A lab that stood still meanwhile sees nothing of it.
            Self::StillHit(time) if time > Duration::from_secs(1) => Effect::MayFail,
            Self::Dies(_) | Self::Hangs(_) | Self::FallsSilent(_) => Effect::MayFail,
            Self::Babbles(_) | Self::Stutters(_) | Self::Repeats(_) | Self::Refuses(_) => Effect::MayFail,
            Self::Dawdles(..) | Self::Clings(_) | Self::Defies(_) | Self::StillHit(_) => Effect::None,
            Self::NoStatistics | Self::Steal | Self::Late | Self::Stall(_) | Self::WallClock(_) => {
                Effect::None
            }
        }
    }

    fn draw(rng: &mut impl Rng) -> Self {
        let roles = [Role::Target, Role::Agent, Role::Agent, Role::Load, Role::Warmer, Role::Bystander];
        let role = *roles.choose(rng).unwrap();
        let kept_bytes = rng.random_range(0..3_000);
        match rng.random_range(0..34) {
            0..4 => Self::Interrupt,
            4 => Self::NotStarted(role),
            5..8 => Self::Dies(role),
            8 => Self::Hangs(role),
            9 => Self::Undying(role),
            10..12 => {
                Self::Dawdles(role, Duration::from_millis(*[30, 300, 1_500, 15_000].choose(rng).unwrap()))
            }
            12 => Self::Babbles(role),
            13 => Self::Stutters(role),
            14 => Self::Repeats(role),
            15 => Self::Refuses(role),
            16 => Self::FallsSilent(role),
            17 => Self::Clings(role),
            18 => Self::Defies(role),
            19 => Self::StillHit(Duration::from_millis(*[5, 100, 2_000].choose(rng).unwrap())),
            20 => Self::NoStatistics,
            21 => Self::GroupInUse,
            22 => Self::Replaced,
            23 => *[Self::NoCpu, Self::NoTicks, Self::NoProcess].choose(rng).unwrap(),
            24..26 => Self::DiskFull(kept_bytes),
            26 => Self::TooLarge(kept_bytes),
            27 => Self::NotSynced,
            28 => Self::Steal,
            29..31 => Self::Late,
            31..33 => Self::Stall(Duration::from_millis(*[50, 1_100, 30_000].choose(rng).unwrap())),
            _ => Self::WallClock(rng.random_range(-7_200_000..7_200_000)),
        }
    }
}

/// A fault, and the step of the run from which on it befalls the next that it can befall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Due {
    pub step: u64,
    pub fault: Fault,
}

/// Faults for a run of about so many steps. One in five has none.
pub fn draw(rng: &mut impl Rng, steps: u64) -> Vec<Due> {
    let count = *[0, 1, 1, 1, 1, 1, 1, 2, 2, 4].choose(rng).unwrap();
    let mut script: Vec<Due> =
        (0..count).map(|_| Due { step: rng.random_range(0..steps), fault: Fault::draw(rng) }).collect();
    script.sort_by_key(|due| due.step);
    script
}
