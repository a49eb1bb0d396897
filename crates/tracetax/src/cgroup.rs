//! Control groups: one group per role, so that the kernel counts CPU and memory of each role exactly.
//!
//! Works on the unified tree (v2), on v1 controllers and on the hybrid of both. Processes are placed,
//! counted, killed and let go; nothing is ever limited or throttled, since that would change what is
//! measured. For the same reason the v2 `cpu` controller stays off: `cpu.stat` tells `usage_usec` without it
//! (Documentation/admin-guide/cgroup-v2.rst, "CPU Interface Files"), and switching it on changes scheduling.
//! Nothing outside the run's own groups is changed, except that the keeper's process moves in and back out.

mod counter;
mod groups;
mod layout;
mod members;
mod run_groups;
mod run_id;
mod sweep;
mod tree;

use std::fmt;

pub(crate) use counter::Counter;
pub use groups::Groups;
pub use layout::{Layout, Mode, Mount};
pub use run_groups::RunGroups;
pub use run_id::RunId;
pub(crate) use sweep::runs_in;
pub use sweep::{Swept, sweep};

/// Who a process works for. Each role has a group of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The service that is watched.
    Target,
    /// The tracer's process.
    Agent,
    /// The load generator.
    Load,
    /// The lab itself.
    Lab,
    /// The spinner that keeps the target's processor awake.
    Warmer,
    /// The process that nobody traces.
    Bystander,
    /// The lab's parent, which does no work.
    Keeper,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 7] =
        [Self::Target, Self::Agent, Self::Load, Self::Lab, Self::Warmer, Self::Bystander, Self::Keeper];

    /// The name of the role, which is also the name of its group.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Agent => "agent",
            Self::Load => "load",
            Self::Lab => "lab",
            Self::Warmer => "warmer",
            Self::Bystander => "bystander",
            Self::Keeper => "keeper",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
