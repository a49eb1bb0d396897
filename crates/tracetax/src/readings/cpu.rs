//! CPU by role at one moment, and the difference of two such moments.

use std::time::{Duration, Instant};

use record::block::CpuUse;

use super::MachineCpu;
use crate::cgroup::{Groups, Role};

/// CPU counters of all roles and of the machine, in nanoseconds, with the moment they were read.
///
/// The kernel brings the counter of a running task up to date only at timer ticks and when it stops running:
/// sleep for about 2 ms with nothing in flight before taking a reading, and the counters are exact.
#[derive(Debug, Clone, Copy)]
pub struct CpuReading {
    at: Instant,
    roles_ns: [u64; Role::ALL.len()],
    machine_ns: Option<u64>,
}

impl CpuReading {
    /// Reads all counters, one after the other.
    ///
    /// # Errors
    /// When a counter is not readable.
    pub fn take(groups: &Groups, machine: &MachineCpu) -> anyhow::Result<Self> {
        // std's clock on Linux is CLOCK_MONOTONIC.
        let at = Instant::now();
        let machine_ns = machine.ns()?;
        let mut roles_ns = [0; Role::ALL.len()];
        for role in Role::ALL {
            roles_ns[role as usize] = groups.cpu_ns(role)?;
        }
        Ok(Self { at, roles_ns, machine_ns })
    }

    /// For tests over a world that does not exist.
    #[cfg(test)]
    pub(crate) fn made_up(at: Instant, roles_ns: [u64; Role::ALL.len()]) -> Self {
        Self { at, roles_ns, machine_ns: Some(roles_ns.iter().sum()) }
    }

    /// CPU time from `earlier` to this reading.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> CpuUse {
        let role = |role: Role| self.roles_ns[role as usize].saturating_sub(earlier.roles_ns[role as usize]);
        CpuUse {
            target_ns: role(Role::Target),
            agent_ns: role(Role::Agent),
            load_ns: role(Role::Load),
            lab_ns: role(Role::Lab),
            warmer_ns: role(Role::Warmer),
            machine_ns: self.machine_ns.zip(earlier.machine_ns).map(|(now, then)| now.saturating_sub(then)),
        }
    }

    /// Time from `earlier` to this reading.
    #[must_use]
    pub fn elapsed(&self, earlier: &Self) -> Duration {
        self.at.saturating_duration_since(earlier.at)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use record::block::CpuUse;

    use super::CpuReading;

    #[test]
    fn the_difference_is_by_role() {
        let at = Instant::now();
        let before = CpuReading { at, roles_ns: [1, 2, 3, 4, 0, 0, 0], machine_ns: Some(100) };
        let after = CpuReading {
            at: at + Duration::from_millis(7),
            roles_ns: [11, 22, 33, 44, 0, 0, 0],
            machine_ns: Some(300),
        };
        let all = CpuUse {
            target_ns: 10,
            agent_ns: 20,
            load_ns: 30,
            lab_ns: 40,
            warmer_ns: 0,
            machine_ns: Some(200),
        };
        assert_eq!(after.since(&before), all);
        assert_eq!(after.elapsed(&before), Duration::from_millis(7));
        let blind = CpuReading { machine_ns: None, ..before };
        assert_eq!(after.since(&blind), CpuUse { machine_ns: None, ..all });
    }
}
