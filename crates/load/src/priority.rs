//! The priority of the generator's thread: an instrument must not wait for others when its moment has come.
//!
//! In open loop it runs as `SCHED_FIFO` (sched(7)): it sleeps nearly always, so it takes next to nothing from those it
//! shares its processor with. In closed loop it never sleeps, and would starve them: there it is a task like others.

use record::load::Pacing;
use thread_priority::{
    ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
    unix::{
        NormalThreadSchedulePolicy, RealtimeThreadSchedulePolicy, set_thread_priority_and_policy,
        thread_native_id,
    },
};

/// Above all ordinary tasks, below the kernel's own threads of real-time priority, which begin at 50.
const PRIORITY: u8 = 10;

/// The priority of this thread.
#[derive(Debug, Default)]
pub struct Priority {
    refused: bool,
}

impl Priority {
    /// Raises it for a stretch of open loop. Where the kernel refuses, which it does without root, that is said once on
    /// standard error, and lateness will tell what it costs.
    pub fn raise_for(&mut self, pacing: Pacing) {
        if !matches!(pacing, Pacing::Closed) && !self.refused {
            self.refused = report(&set(Realtime::Yes));
        }
    }

    /// Back to that of any task. To be called before waiting for another thread of this process: a wait that spins would
    /// keep the other one from running.
    pub fn relax(&mut self) {
        if !self.refused {
            report(&set(Realtime::No));
        }
    }
}

#[derive(Clone, Copy)]
enum Realtime {
    Yes,
    No,
}

/// Says it, and whether it was refused.
fn report(outcome: &Result<(), thread_priority::Error>) -> bool {
    if let Err(error) = outcome {
        eprintln!("load: no real-time priority ({error}): requests may leave late while others run");
    }
    outcome.is_err()
}

fn set(realtime: Realtime) -> Result<(), thread_priority::Error> {
    let (value, policy) = match realtime {
        Realtime::Yes => (PRIORITY, ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo)),
        Realtime::No => (0, ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Other)),
    };
    let value = ThreadPriorityValue::try_from(value).map(ThreadPriority::Crossplatform);
    set_thread_priority_and_policy(thread_native_id(), value.unwrap_or(ThreadPriority::Min), policy)
}
