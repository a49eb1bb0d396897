//! A flood: the target makes its requests itself, and for an overload the agent is stopped meanwhile.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use record::{
    flood::Step,
    plan::Arm,
    target::{Flooded, TargetCommand, TargetReply},
};
use rustix::process::Signal;

use super::{ANSWER_LIMIT, Pairing};
use crate::world::World;

impl<W: World> Pairing<W> {
    /// Runs one stretch of a flood.
    ///
    /// # Errors
    /// When the target cannot, or the agent cannot be stopped and continued.
    pub fn flood(&mut self, world: &W, step: Step, duration_ns: u64) -> Result<Flooded> {
        let stopped = match step {
            Step::Overload => {
                self.agent_pid(Arm::Treated).map(|pid| Stopped::process(world, pid)).transpose()?
            }
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
struct Stopped<'a, W: World> {
    world: &'a W,
    pid: u32,
}

impl<'a, W: World> Stopped<'a, W> {
    fn process(world: &'a W, pid: u32) -> Result<Self> {
        world.signal(pid, Signal::STOP).context("the agent cannot be stopped")?;
        Ok(Self { world, pid })
    }

    fn go_on(self) -> Result<()> {
        self.world.signal(self.pid, Signal::CONT).context("the agent cannot be continued")
    }
}

impl<W: World> Drop for Stopped<'_, W> {
    fn drop(&mut self) {
        // Where something else has failed: that is told, and the agent is about to be ended.
        let _ = self.world.signal(self.pid, Signal::CONT);
    }
}
