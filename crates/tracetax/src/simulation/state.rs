//! All of a simulated world: its clock, its processes, its disk, and what is still to befall it.
//!
//! Whatever the run asks is a step, and takes a microsecond at least. No clock, thread, process or file of this machine is
//! touched, so a seed gives the same run again.

mod cast;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rand::SeedableRng as _;
use rand_xoshiro::Xoshiro256PlusPlus;
use record::plan::Arm;

use super::{
    actor::Actor,
    script::{Due, Fault},
};
use crate::cgroup::Role;

/// A run of more steps has no end.
const MOST_STEPS: u64 = 200_000;

/// A defect on purpose, as the code of the run might have it: what looks done is not. Each must be noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// A line that was never synced.
    Unsynced,
    /// A line that was never written.
    Unwritten,
    /// A line that was written before the one before.
    Misplaced,
    /// A full disk that nobody minded.
    FullDiskPassedOver,
    /// A process of this role that nobody ended.
    Spared(Role),
    /// A dead agent whose answers were taken.
    DeadAgentHeard,
    /// A signal that nobody looked for.
    InterruptPassedOver,
    /// Counters that were read while they still moved.
    Unsettled,
    /// An agent that was not detached.
    StillAttached,
    /// Events that were left to the next block.
    Undrained,
    /// An answer that never came and was waited for all the same.
    WaitedForEver,
}

/// What has befallen the run.
#[derive(Debug, Clone, Copy)]
pub struct Fired {
    pub fault: Fault,
    pub at: Duration,
}

/// What is measured next, as the watcher was told.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    pub arm: Arm,
    pub planted_ns: u64,
}

/// Bytes of the file of blocks; those behind `synced` a power cut may take.
#[derive(Debug, Default)]
pub struct Tape {
    pub bytes: Vec<u8>,
    pub synced: usize,
}

#[derive(Debug)]
pub struct State {
    pub now: Duration,
    pub steps: u64,
    pub actors: Vec<Actor>,
    pub tape: Tape,
    pub interrupt: Arc<AtomicBool>,
    pub fired: Vec<Fired>,
    /// Promises that were not kept.
    pub broken: Vec<String>,
    pub expected: Option<Expected>,
    /// Begin and end of the last stretch of load.
    pub load: (Duration, Duration),
    pub cpu_ns: [u64; Role::ALL.len()],
    pub steal_ns: u64,
    pub wall_ms: i64,
    pub lie: Option<Lie>,
    pub begun: Instant,
    pending: Vec<Due>,
    /// When a process was last heard.
    heard: Duration,
    rng: Xoshiro256PlusPlus,
}

impl State {
    pub fn new(seed: u64, script: &[Due], lie: Option<Lie>) -> Self {
        Self {
            now: Duration::ZERO,
            steps: 0,
            actors: Vec::new(),
            tape: Tape::default(),
            interrupt: Arc::default(),
            fired: Vec::new(),
            broken: Vec::new(),
            expected: None,
            load: (Duration::ZERO, Duration::ZERO),
            cpu_ns: [0; Role::ALL.len()],
            steal_ns: 0,
            wall_ms: 0,
            lie,
            begun: Instant::now(),
            pending: script.to_vec(),
            heard: Duration::ZERO,
            rng: Xoshiro256PlusPlus::seed_from_u64(seed),
        }
    }

    /// The next step. What is due and needs nobody's doing happens now.
    pub fn step(&mut self) {
        self.steps += 1;
        assert!(self.steps < MOST_STEPS, "the run does not end");
        self.now += Duration::from_micros(1);
        while let Some(fault) = self.due(|state, fault| state.happens_by_itself(fault)) {
            self.befall(fault);
        }
    }

    /// Takes the first fault that is due and that `can` happen now.
    pub fn due(&mut self, can: impl Fn(&Self, Fault) -> bool) -> Option<Fault> {
        let is_due = |due: &Due| due.step <= self.steps && can(self, due.fault);
        let index = self.pending.iter().position(is_due)?;
        let fault = self.pending.remove(index).fault;
        self.fired.push(Fired { fault, at: self.now });
        Some(fault)
    }

    fn happens_by_itself(&self, fault: Fault) -> bool {
        match fault {
            Fault::Interrupt | Fault::Steal | Fault::Stall(_) | Fault::WallClock(_) => true,
            Fault::Dies(role) | Fault::Hangs(role) | Fault::Undying(role) => self.living(role).is_some(),
            Fault::Clings(role) | Fault::Defies(role) | Fault::FallsSilent(role) => {
                self.living(role).is_some()
            }
            _ => false,
        }
    }

    fn befall(&mut self, fault: Fault) {
        match fault {
            Fault::Interrupt => {
                self.interrupt.store(self.lie != Some(Lie::InterruptPassedOver), Ordering::Relaxed);
            }
            Fault::Steal => self.steal_ns += 2_000_000_000,
            Fault::Stall(time) => self.now += time,
            Fault::WallClock(ms) => self.wall_ms += ms,
            Fault::Dies(role) => self.with_living(role, Self::end),
            Fault::Hangs(role) => self.with_living(role, |state, actor| state.hang(actor)),
            Fault::Undying(role) => self.with_living(role, |state, actor| {
                state.actors[actor].manner.undying = true;
                state.hang(actor);
            }),
            Fault::Clings(role) => {
                self.with_living(role, |state, actor| state.actors[actor].manner.clings = true);
            }
            Fault::Defies(role) => self.with_living(role, |state, actor| {
                let manner = &mut state.actors[actor].manner;
                (manner.clings, manner.defies) = (true, true);
            }),
            Fault::FallsSilent(role) => self.with_living(role, |state, actor| {
                state.drop_unsaid(actor);
                state.actors[actor].has_output = false;
            }),
            _ => {}
        }
    }

    /// The last one of a role: what is started beside another is as mortal as that.
    fn living(&self, role: Role) -> Option<usize> {
        self.actors.iter().rposition(|actor| actor.role == role && actor.is_alive() && !actor.manner.undying)
    }

    fn with_living(&mut self, role: Role, then: impl FnOnce(&mut Self, usize)) {
        if let Some(actor) = self.living(role) {
            then(self, actor);
        }
    }

    /// What it would have said later is never said.
    fn drop_unsaid(&mut self, actor: usize) {
        let now = self.now;
        self.actors[actor].output.retain(|(when, _)| *when <= now);
    }

    fn hang(&mut self, actor: usize) {
        self.drop_unsaid(actor);
        let actor = &mut self.actors[actor];
        actor.manner.hangs = true;
        actor.ends = None;
    }

    fn end(&mut self, actor: usize) {
        if self.lie != Some(Lie::DeadAgentHeard) {
            self.drop_unsaid(actor);
        }
        self.actors[actor].died = Some(self.now);
    }

    pub fn ensure(&mut self, holds: bool, promise: &str) {
        if !holds {
            self.broken.push(promise.into());
        }
    }
}
