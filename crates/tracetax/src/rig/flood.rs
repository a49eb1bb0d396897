//! A flood: the target makes its requests itself, and for an overload the agent is stopped meanwhile.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use record::{
    flood::Step,
    plan::Arm,
    target::{Flooded, TargetCommand, TargetReply},
};
use rustix::process::{Pid, Signal, kill_process};

use super::{ANSWER_LIMIT, Pairing};

impl Pairing {
    /// Runs one stretch of a flood.
    ///
    /// # Errors
    /// When the target cannot, or the agent cannot be stopped and continued.
    pub fn flood(&mut self, step: Step, duration_ns: u64) -> Result<Flooded> {
        let stopped = match step {
            Step::Overload => self.agent_pid(Arm::Treated).map(Stopped::process).transpose()?,
            Step::Rate { .. } | Step::FlatOut => None,
        };
        let command = TargetCommand::Flood { events_per_second: step.events_per_second(), duration_ns };
        let reply = self.target.ask(&command, ANSWER_LIMIT + Duration::from_nanos(duration_ns))?;
        stopped.map_or(Ok(()), Stopped::go_on)?;
        match reply {
            TargetReply::Flooded(flooded) => Ok(flooded),
            other => bail!("the target answered `flood` with {other:?}"),
        }
    }
}

/// A process that does not run, until this is dropped. A stopped process can still be killed.
struct Stopped(Pid);

impl Stopped {
    fn process(pid: u32) -> Result<Self> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).context("no such process id")?;
        kill_process(pid, Signal::STOP).context("the agent cannot be stopped")?;
        Ok(Self(pid))
    }

    fn go_on(self) -> Result<()> {
        kill_process(self.0, Signal::CONT).context("the agent cannot be continued")
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // Where something else has failed: that is told, and the agent is about to be ended.
        let _ = kill_process(self.0, Signal::CONT);
    }
}
