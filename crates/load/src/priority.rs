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

use crate::Ns;

/// Above all ordinary tasks, below the kernel's own threads of real-time priority, which begin at 50.
const PRIORITY: u8 = 10;

/// The kernel takes the processor from tasks of real-time priority that use more than 95 % of a second
/// (`sched_rt_runtime_us`, Documentation/scheduler/sched-rt-group.rst), for 50 ms at once. A thread that spins more than
/// this share of its time is better off as an ordinary task.
const MOST_SPINNING: f64 = 0.8;

/// The priority of this thread.
#[derive(Debug, Default)]
pub struct Priority {
    refused: bool,
}

impl Priority {
    /// Raises it for a stretch of open loop in which it sleeps, given how long it spins before each request. Where the kernel refuses, which it does without `CAP_SYS_NICE`, that is said once on
    /// standard error, and lateness will tell what it costs.
    pub fn raise_for(&mut self, pacing: Pacing, guard_ns: Ns) {
        if spinning_share(pacing, guard_ns) < MOST_SPINNING && !self.refused {
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

/// Share of the time that is spent in spinning.
fn spinning_share(pacing: Pacing, guard_ns: Ns) -> f64 {
    match pacing {
        Pacing::Poisson { requests_per_second } | Pacing::Constant { requests_per_second } => {
            requests_per_second * guard_ns as f64 / 1e9
        }
        Pacing::Closed => 1.0,
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

#[cfg(test)]
mod tests {
    use record::load::Pacing;

    use super::{MOST_SPINNING, spinning_share};

    #[test]
    fn only_a_thread_that_sleeps_is_raised() {
        let raised = |pacing| spinning_share(pacing, 200_000) < MOST_SPINNING;
        assert!(raised(Pacing::Poisson { requests_per_second: 1_000.0 }));
        assert!(raised(Pacing::Constant { requests_per_second: 3_000.0 }));
        assert!(!raised(Pacing::Constant { requests_per_second: 5_000.0 }));
        assert!(!raised(Pacing::Closed));
    }
}
