//! The bystander of a scenario that wants one: this binary, on the target's processor, in a group of its own.

use std::time::Duration;

use anyhow::{Result, bail};
use record::bystander::{BystanderCommand, BystanderReply, BystanderUse};

use super::{ANSWER_LIMIT, FINISH_LIMIT, Stage};
use crate::{
    cgroup::Role,
    child::Child,
    world::{Real, World},
};

/// A running bystander.
#[derive(Debug)]
pub struct Bystander<W: World = Real> {
    child: Child<BystanderReply, W::Process>,
    duration_ns: u64,
}

impl<W: World> Bystander<W> {
    /// Starts it; each measurement will take this long.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(stage: &Stage<'_, W>, duration_ns: u64) -> Result<Self> {
        let mut child = stage.start(Role::Bystander, "tracetax", &["bystander"], &stage.cores.target)?;
        match child.receive(ANSWER_LIMIT)? {
            BystanderReply::Ready { .. } => Ok(Self { child, duration_ns }),
            other => bail!("the bystander began with {other:?}"),
        }
    }

    /// What system calls cost it now.
    ///
    /// # Errors
    /// When it cannot tell.
    pub fn measure(&mut self) -> Result<BystanderUse> {
        let command = BystanderCommand::Measure { duration_ns: self.duration_ns };
        match self.child.ask(&command, ANSWER_LIMIT + Duration::from_nanos(self.duration_ns))? {
            BystanderReply::Measured(used) => Ok(used),
            other => bail!("the bystander answered `measure` with {other:?}"),
        }
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub fn finish(self) -> Result<()> {
        self.child.finish(FINISH_LIMIT).map(drop)
    }
}
