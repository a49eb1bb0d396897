//! The simulated world, as the run sees it.

use std::{
    cell::RefCell,
    io::{self, ErrorKind},
    os::unix::process::ExitStatusExt as _,
    process::ExitStatus,
    rc::Rc,
    sync::mpsc::RecvTimeoutError,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, ensure};
use rustix::{io::Errno, process::Signal};

use super::{
    script::Fault,
    state::{Lie, State},
};
use crate::{
    cgroup::Role,
    child::Launch,
    readings::{CpuReading, ProcessReading, Ticks},
    world::{Disk, Line, Process, World},
};

/// The start of every run.
const BEGIN: Duration = Duration::from_secs(1_700_000_000);

/// The world.
#[derive(Debug, Clone)]
pub struct Simulated(pub Rc<RefCell<State>>);

/// A process in it.
#[derive(Debug)]
pub struct Simulant {
    world: Simulated,
    index: usize,
}

impl Simulated {
    fn step<T>(&self, then: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.0.borrow_mut();
        state.step();
        then(&mut state)
    }

    fn befalls(&self, fault: Fault) -> bool {
        self.step(|state| state.due(|_, due| due == fault).is_some())
    }
}

impl World for Simulated {
    type Process = Simulant;
    type Disk = Self;

    fn start(&self, launch: &Launch<'_>) -> Result<Simulant> {
        ensure!(!self.befalls(Fault::NotStarted(launch.role)), "the {} cannot be started", launch.role);
        let index = self.step(|state| state.start(launch));
        Ok(Simulant { world: self.clone(), index })
    }

    fn ensure_unchanged(&self) -> Result<()> {
        ensure!(!self.befalls(Fault::Replaced), "a binary was replaced");
        Ok(())
    }

    fn renew(&mut self, role: Role) -> Result<()> {
        ensure!(!self.befalls(Fault::GroupInUse), "somebody is in the group of the {role}");
        self.step(|state| {
            let inside = state.actors.iter().any(|actor| actor.role == role && actor.is_alive());
            state.ensure(!inside, "a group is made anew while a process is in it");
            state.cpu_ns[role as usize] = 0;
        });
        Ok(())
    }

    fn signal(&self, pid: u32, signal: Signal) -> Result<()> {
        self.step(|state| {
            let gone = |actor: &super::actor::Actor| actor.pid == pid && !actor.collected;
            let index = state.actors.iter().position(gone).context("no such process")?;
            state.signal(index, signal);
            Ok(())
        })
    }

    fn now(&self) -> Instant {
        self.step(|state| state.begun + state.now)
    }

    fn wall_clock(&self) -> SystemTime {
        self.step(|state| {
            let (forward, by) = (state.wall_ms >= 0, Duration::from_millis(state.wall_ms.unsigned_abs()));
            let time = UNIX_EPOCH + BEGIN + state.now;
            if forward { time + by } else { time - by }
        })
    }

    fn sleep(&self, duration: Duration) {
        self.step(|state| {
            if state.lie != Some(Lie::Unsettled) {
                state.now += duration;
            }
        });
    }

    fn cpu(&self) -> Result<CpuReading> {
        ensure!(!self.befalls(Fault::NoCpu), "the counters cannot be read");
        Ok(self.step(|state| {
            state.check_quiet();
            CpuReading::made_up(state.begun + state.now, state.cpu_ns)
        }))
    }

    fn ticks(&self) -> Result<Ticks> {
        ensure!(!self.befalls(Fault::NoTicks), "the ticks cannot be read");
        Ok(self
            .step(|state| Ticks { steal_ns: vec![0, state.steal_ns], idle_ns: state.now.as_nanos() as u64 }))
    }

    fn process(&self, pid: u32) -> Result<ProcessReading> {
        ensure!(!self.befalls(Fault::NoProcess), "process {pid} cannot be read");
        self.step(|state| {
            let lives = state.actors.iter().any(|actor| actor.pid == pid && actor.is_alive());
            ensure!(lives || state.lie == Some(Lie::DeadAgentHeard), "cannot read process {pid}");
            Ok(ProcessReading::made_up(10_000_000))
        })
    }

    fn map_bytes(&self, _: u32) -> Option<u64> {
        Some(1_000_000)
    }

    fn memory_bytes(&self, _: Role) -> Option<u64> {
        Some(10_000_000)
    }

    fn memory_peak_bytes(&self, _: Role) -> Option<u64> {
        Some(11_000_000)
    }
}

impl Simulant {
    fn step<T>(&self, then: impl FnOnce(&mut State, usize) -> T) -> T {
        self.world.step(|state| then(state, self.index))
    }
}

impl Process for Simulant {
    fn pid(&self) -> u32 {
        self.world.0.borrow().actors[self.index].pid
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.step(|state, index| state.write(index, line)) {
            Ok(())
        } else {
            Err(ErrorKind::BrokenPipe.into())
        }
    }

    fn close_input(&mut self) {
        self.step(State::close_input);
    }

    fn next_line(&mut self, limit: Duration) -> Result<Line, RecvTimeoutError> {
        self.step(|state, index| {
            let actor = &state.actors[index];
            let says_no_more = !actor.is_alive() || !actor.has_output;
            if actor.output.is_empty() && says_no_more && state.lie != Some(Lie::DeadAgentHeard) {
                return Err(RecvTimeoutError::Disconnected);
            }
            state.hear(index, limit).ok_or(RecvTimeoutError::Timeout)
        })
    }

    fn wait(&mut self, limit: Duration) -> Result<Option<ExitStatus>> {
        Ok(self.step(|state, index| state.wait(index, limit)).then(|| ExitStatus::from_raw(9)))
    }

    fn signal_group(&self, signal: Signal) {
        self.step(|state, index| state.signal(index, signal));
    }

    fn log_tail(&self) -> String {
        String::new()
    }
}

impl Disk for Simulated {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.step(|state| {
            let full = state.due(|_, fault| matches!(fault, Fault::DiskFull(_) | Fault::TooLarge(_)));
            let tape = &mut state.tape;
            let (kept, error) = match full {
                Some(Fault::DiskFull(kept)) => (kept, Some(Errno::NOSPC)),
                Some(Fault::TooLarge(kept)) => (kept, Some(Errno::FBIG)),
                _ => (bytes.len(), None),
            };
            let kept = kept.min(bytes.len() - usize::from(error.is_some()));
            match state.lie {
                Some(Lie::Unwritten) => {}
                Some(Lie::Misplaced) => drop(tape.bytes.splice(0..0, bytes.iter().copied())),
                _ => tape.bytes.extend(&bytes[..kept]),
            }
            match error {
                Some(error) if state.lie != Some(Lie::FullDiskPassedOver) => Err(error.into()),
                _ => Ok(()),
            }
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.step(|state| {
            if state.due(|_, fault| fault == Fault::NotSynced).is_some() {
                return Err(Errno::IO.into());
            }
            if state.lie != Some(Lie::Unsynced) {
                state.tape.synced = state.tape.bytes.len();
            }
            Ok(())
        })
    }
}
