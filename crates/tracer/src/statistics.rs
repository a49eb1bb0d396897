//! The kernel's run-time statistics of programs: on as long as a descriptor is open (`BPF_ENABLE_STATS`, bpf(2)).

use std::os::fd::OwnedFd;

use anyhow::{Context, Result};
use aya::sys::{Stats, enable_stats};

/// The switch. Statistics end with this process at the latest.
#[derive(Debug, Default)]
pub struct RunStatistics {
    held: Option<OwnedFd>,
}

impl RunStatistics {
    /// Switches them on.
    ///
    /// # Errors
    /// With the kernel's reason.
    pub fn start(&mut self) -> Result<()> {
        if self.held.is_none() {
            self.held =
                Some(enable_stats(Stats::RunTime).context("the kernel gives no run-time statistics")?);
        }
        Ok(())
    }

    /// Switches them off.
    pub fn stop(&mut self) {
        self.held = None;
    }
}
