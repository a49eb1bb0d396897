//! A soak: the agent is asked again and again, and that it says nothing, or has ended, is an answer.

use std::time::Duration;

use anyhow::Result;
use record::agent::AgentStats;

use super::Pairing;
use crate::world::World;

/// For an agent that lives to answer. It drains every 10 ms, and answers in one; this leaves it time on a busy machine.
const PATIENCE: Duration = Duration::from_millis(500);

/// What came back when an agent was asked for its ledger.
#[derive(Debug)]
pub enum Heard {
    /// Its ledger since its start.
    Ledger(Box<AgentStats>),
    /// Nothing in time; it runs.
    Silence,
    /// It has ended.
    End,
}

impl<W: World> Pairing<W> {
    /// Asks the agent for its ledger, and waits half a second at most; `None` where there is no agent.
    ///
    /// # Errors
    /// When it says something else, or the run was interrupted.
    pub fn hear(&mut self, world: &W) -> Result<Option<Heard>> {
        self.tracers.hear(world, PATIENCE)
    }

    /// Whether the target runs.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn target_lives(&mut self) -> Result<bool> {
        self.target.is_alive()
    }
}
