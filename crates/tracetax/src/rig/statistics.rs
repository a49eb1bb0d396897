//! The kernel's run-time statistics of programs, as long as a process of the tracer's lives that has switched them on. The
//! agent itself may no longer do that.

use anyhow::{Result, bail};
use record::agent::AgentReply;

use super::{ANSWER_LIMIT, FINISH_LIMIT, Stage};
use crate::{
    cgroup::Role,
    child::Child,
    world::{Real, World},
};

/// They are on.
#[derive(Debug)]
pub struct RunStatistics<W: World = Real>(Child<AgentReply, W::Process>);

impl<W: World> RunStatistics<W> {
    /// Switches them on. Says why not, where the kernel gives none.
    ///
    /// # Errors
    /// When the process does not come up.
    pub fn start(stage: &Stage<'_, W>) -> Result<Result<Self, String>> {
        let (program, log) = (stage.binaries.join("tracer"), "statistics");
        let mut child =
            stage.start_logged(Role::Agent, &program, &["--run-statistics"], &stage.cores.agent, log)?;
        match child.receive(ANSWER_LIMIT)? {
            AgentReply::RunStatistics { .. } => Ok(Ok(Self(child))),
            AgentReply::Error { message } => Ok(Err(message)),
            other => bail!("the tracer answered `--run-statistics` with {other:?}"),
        }
    }

    /// Whether they are on still: they end with the process.
    ///
    /// # Errors
    /// Says how it has ended.
    pub fn ensure_alive(&mut self) -> Result<()> {
        self.0.ensure_alive()
    }

    /// Switches them off.
    ///
    /// # Errors
    /// When the process cannot be ended.
    pub fn finish(self) -> Result<()> {
        self.0.finish(FINISH_LIMIT).map(drop)
    }
}
