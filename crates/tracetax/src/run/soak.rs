//! A soak: the treatment is on all the time, and each block is a window that begins where the last one ended.
//!
//! All is read between two windows, when no request is in flight, so looking disturbs nothing that is measured.

use anyhow::Result;
use record::{
    agent::AgentStats,
    block::{Block, Purpose},
    load::LoadResult,
    plan::{Arm, Pair},
    soak::{Presence, WindowUse},
};

use super::{Bench, Edge, SETTLE, Watcher};
use crate::{cgroup::Role, results::Blocks, rig::Heard, world::World};

/// What is read between two windows.
struct Look {
    edge: Edge,
    /// None where there is no agent.
    agent: Option<Presence>,
    target_gone: bool,
}

impl<W: World> Bench<'_, W> {
    /// All windows of the life, unless agent or target end before. None is measured twice: time does not come back.
    pub(super) fn soak(&mut self, blocks: &mut Blocks<W::Disk>, watcher: &mut dyn Watcher) -> Result<()> {
        self.pairing.switch(Arm::Treated)?;
        if let Some(first) = self.life.pairs.first().filter(|_| self.scenario.load.warmup_ns > 0) {
            self.run_load(None, first.seed ^ u64::MAX, self.scenario.load.warmup_ns)?;
        }
        let mut before = self.look(None)?;
        for window in &self.life.pairs {
            watcher.upcoming(self.upcoming(Arm::Treated));
            let (load, _) = self.run_load(None, window.seed, self.scenario.load.block_ns)?;
            let after = self.look(Some(&before))?;
            let block = self.window(window, load, [&before, &after])?;
            blocks.append(&block)?;
            watcher.block(&block);
            if block.window.as_ref().is_some_and(WindowUse::is_the_end) {
                let who = if after.target_gone { "target" } else { "tracer" };
                watcher.note(&format!("{}: the {who} has ended, and so does its soak", self.scenario.name));
                break;
            }
            before = after;
        }
        Ok(())
    }

    fn window(&self, window: &Pair, load: LoadResult, [before, after]: [&Look; 2]) -> Result<Block> {
        let block = self.between(window, Arm::Treated, (load, None), [&before.edge, &after.edge])?;
        let agent_pid = self.pairing.agent_pid(Arm::Treated);
        let held = WindowUse {
            agent: before.agent.max(after.agent),
            target_gone: after.target_gone,
            agent_group_bytes: agent_pid.and_then(|_| self.stage.world.memory_bytes(Role::Agent)),
            target_group_bytes: self.stage.world.memory_bytes(Role::Target),
            map_bytes: agent_pid.and_then(|pid| self.stage.world.map_bytes(pid)),
        };
        Ok(Block { purpose: Purpose::Window, discarded: None, window: Some(held), ..block })
    }

    /// As [`Bench::edge`], but nobody has to answer. A target that has ended keeps what was `last` read of it.
    fn look(&mut self, last: Option<&Look>) -> Result<Look> {
        let world = &self.stage.world;
        let quiet = world.now();
        let (agent, ledgers) = presence(self.pairing.hear(world)?);
        let drained = world.now() - quiet;
        let read = world.process(self.pairing.target_pid());
        let target_gone = !self.pairing.target_lives()?;
        let target = match (read, last) {
            (_, Some(last)) if target_gone => last.edge.target.clone(),
            (read, _) => read?,
        };
        let agent_pid = self.pairing.agent_pid(Arm::Treated);
        // One that ends at this very moment has no levels any more; the next look finds it gone.
        let read = |pid| world.process(pid).ok();
        let process = agent_pid.filter(|_| agent != Some(Presence::Gone)).and_then(read);
        world.sleep(SETTLE);
        let (ticks, wall, cpu) = (world.ticks()?, world.wall_clock(), world.cpu()?);
        Ok(Look {
            edge: Edge { cpu, target, agent: process, ledgers, drained, ticks, wall },
            agent,
            target_gone,
        })
    }
}

fn presence(heard: Option<Heard>) -> (Option<Presence>, Vec<AgentStats>) {
    match heard {
        None => (None, Vec::new()),
        Some(Heard::Ledger(ledger)) => (Some(Presence::Answers), vec![*ledger]),
        Some(Heard::Silence) => (Some(Presence::Silent), Vec::new()),
        Some(Heard::End) => (Some(Presence::Gone), Vec::new()),
    }
}
