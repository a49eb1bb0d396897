//! The only step that measures: from a plan to blocks, each on the disk before the next begins.
//!
//! A block is a straight line: switch the arm, warm up, settle, read counters, load, settle, read counters, write.
//! Nothing here looks at what was measured, but for the rules by which a block is discarded.

mod discard;
mod soak;

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Result, bail};
use record::{
    agent::AgentStats,
    block::{Block, Discard, ProcessUse, Purpose, SCHEMA},
    flood::{FloodUse, Step},
    histogram::{self, Histogram},
    load::{LoadPlan, LoadResult},
    plan::{Arm, Core, Life, Pair, Plan, ScenarioPlan, Source, Treatment},
    target::Flooded,
};

use crate::{
    cgroup::Role,
    plan::treatment,
    readings::{CpuReading, ProcessReading, Ticks, ledger_since},
    results::Blocks,
    rig::{Bystander, Load, Pairing, RunStatistics, Stage, Warmer},
    world::World,
};

/// Counters of a task that runs move only at the tick, 4 ms at 250 Hz; a task that has stopped is up to date at once.
/// Target, agent and generator are idle this long before each reading.
const SETTLE: Duration = Duration::from_millis(2);

/// A request that takes longer has failed.
const REQUEST_LIMIT: Duration = Duration::from_secs(5);

/// Told of each block, for progress and `-v`, between blocks and never during one.
pub trait Watcher {
    /// This is measured next.
    fn upcoming(&mut self, next: Upcoming<'_>);

    /// A block is over and stored.
    fn block(&mut self, block: &Block);

    /// Something that the run goes on without.
    fn note(&mut self, text: &str);
}

/// The block that comes next.
#[derive(Debug, Clone, Copy)]
pub struct Upcoming<'a> {
    /// Name of the scenario.
    pub scenario: &'a str,
    /// Name of the treatment that its pair is about.
    pub treatment: &'a str,
    /// What is switched on.
    pub arm: Arm,
}

/// Runs the whole plan.
///
/// # Errors
/// When a process fails, a file cannot be written, or a signal came: blocks that were finished are stored.
pub fn run<W: World>(
    plan: &Plan,
    stage: &mut Stage<'_, W>,
    blocks: &mut Blocks<W::Disk>,
    watcher: &mut dyn Watcher,
) -> Result<()> {
    let mut load = Load::start(stage)?;
    for scenario in &plan.scenarios {
        let mut warmer = (scenario.load.core == Core::KeptWarm).then(|| Warmer::start(stage)).transpose()?;
        let mut bystander =
            scenario.bystander.map(|plan| Bystander::start(stage, plan.measure_ns)).transpose()?;
        for life in &scenario.lives {
            let mut bench = Bench::begin(scenario, life, stage, &mut load)?;
            (bench.bystander, bench.warmer) = (bystander.as_mut(), warmer.as_mut());
            if scenario.soak {
                bench.soak(blocks, watcher)?;
            } else {
                life.pairs.iter().try_for_each(|pair| bench.pair(pair, blocks, watcher))?;
            }
            if let Some(seed) = life.statistics_seed {
                bench.statistics(seed, blocks, watcher)?;
            }
            bench.pairing.finish()?;
        }
        bystander.map_or(Ok(()), Bystander::finish)?;
        warmer.map_or(Ok(()), Warmer::finish)?;
    }
    load.finish()
}

/// One life on the bench.
struct Bench<'a, W: World> {
    scenario: &'a ScenarioPlan,
    life: &'a Life,
    stage: &'a Stage<'a, W>,
    load: &'a mut Load<W>,
    bystander: Option<&'a mut Bystander<W>>,
    warmer: Option<&'a mut Warmer<W>>,
    pairing: Pairing<W>,
}

/// What is read on both sides of a block.
struct Edge {
    cpu: CpuReading,
    target: ProcessReading,
    agent: Option<ProcessReading>,
    /// See [`Pairing::ledgers`].
    ledgers: Vec<AgentStats>,
    /// How long the agents took to drain.
    drained: Duration,
    ticks: Ticks,
    wall: SystemTime,
}

impl<'a, W: World> Bench<'a, W> {
    fn begin(
        scenario: &'a ScenarioPlan,
        life: &'a Life,
        stage: &'a mut Stage<'_, W>,
        load: &'a mut Load<W>,
    ) -> Result<Self> {
        // A fresh group, so that its memory peak is of this life alone.
        stage.world.renew(Role::Agent)?;
        // Which agent starts first is left to the first coin as well.
        let arms = life.pairs.first().map_or(&[][..], |pair| &pair.order);
        let pairing = Pairing::start(stage, treatment(scenario, life), arms)?;
        if let Source::Generator { connections, .. } = &scenario.load.source {
            load.connect(pairing.address, *connections)?;
        }
        Ok(Self { scenario, life, stage, load, bystander: None, warmer: None, pairing })
    }

    /// Measures a pair, or a group of three; where a block of it must be discarded, all of it is measured once more.
    fn pair(&mut self, pair: &Pair, blocks: &mut Blocks<W::Disk>, watcher: &mut dyn Watcher) -> Result<()> {
        for attempt in 0..2 {
            let mut discarded = false;
            for (position, arm) in pair.order.iter().copied().enumerate() {
                watcher.upcoming(self.upcoming(arm));
                let block = self.block(pair, arm, position as u8, attempt)?;
                blocks.append(&block)?;
                watcher.block(&block);
                discarded |= block.discarded.is_some();
            }
            if !discarded {
                break;
            }
        }
        Ok(())
    }

    /// One more block under the treatment, with the kernel's run-time statistics on. They slow the programs down, so it is
    /// compared with nothing. Where it must be discarded it is measured once more. Where the kernel has no such statistics
    /// it does not count, and still has its line: a run that lacks a line was interrupted.
    fn statistics(
        &mut self,
        seed: u64,
        blocks: &mut Blocks<W::Disk>,
        watcher: &mut dyn Watcher,
    ) -> Result<()> {
        let mut statistics = match RunStatistics::start(self.stage)? {
            Ok(statistics) => Some(statistics),
            Err(why) => {
                watcher.note(&format!("no run-time statistics of {}: {why}", self.treatment().name));
                None
            }
        };
        let last = self.life.pairs.last();
        let (index, step) = (last.map_or(0, |pair| pair.index), last.and_then(|pair| pair.step));
        let pair = Pair { index, seed, step, order: vec![Arm::Treated] };
        for attempt in 0..2 {
            watcher.upcoming(self.upcoming(Arm::Treated));
            let block = self.block(&pair, Arm::Treated, 0, attempt)?;
            statistics.as_mut().map_or(Ok(()), RunStatistics::ensure_alive)?;
            let discarded = if statistics.is_none() { Some(Discard::NoStatistics) } else { block.discarded };
            let block = Block { purpose: Purpose::Statistics, discarded, ..block };
            blocks.append(&block)?;
            watcher.block(&block);
            if statistics.is_none() || discarded.is_none() {
                break;
            }
        }
        statistics.map_or(Ok(()), RunStatistics::finish)
    }

    fn treatment(&self) -> &'a Treatment {
        treatment(self.scenario, self.life)
    }

    fn upcoming(&self, arm: Arm) -> Upcoming<'a> {
        Upcoming { scenario: &self.scenario.name, treatment: &self.treatment().name, arm }
    }

    fn block(&mut self, pair: &Pair, arm: Arm, position: u8, attempt: u8) -> Result<Block> {
        let world = &self.stage.world;
        let begun = world.now();
        self.pairing.switch(arm)?;
        let switched = world.now();
        self.pairing.wait_until_still(world, arm)?;
        let still = world.now();
        if self.scenario.load.warmup_ns > 0 {
            let step = pair.step.map(warm_up);
            self.run_load(step, pair.seed ^ u64::MAX, self.scenario.load.warmup_ns)?;
        }
        let before = self.edge(arm)?;
        let (load, flood) = self.run_load(pair.step, pair.seed, self.scenario.load.block_ns)?;
        let after = self.edge(arm)?;
        let bystander = self.bystander.as_mut().map(|bystander| bystander.measure()).transpose()?;
        let block = self.between(pair, arm, (load, flood), [&before, &after])?;
        let (toggle_ns, still_ns) = (ns(switched - begun), ns(still - switched));
        Ok(Block { position, attempt, toggle_ns, still_ns, bystander, ..block })
    }

    /// What was measured between two edges.
    fn between(
        &self,
        pair: &Pair,
        arm: Arm,
        (load, flood): (LoadResult, Option<FloodUse>),
        [before, after]: [&Edge; 2],
    ) -> Result<Block> {
        let steal_ns: Vec<u64> = after
            .ticks
            .steal_ns
            .iter()
            .zip(&before.ticks.steal_ns)
            .map(|(a, b)| a.saturating_sub(*b))
            .collect();
        let ledgers = after.ledgers.iter().zip(&before.ledgers);
        let ledgers: Vec<AgentStats> =
            ledgers.map(|(after, before)| ledger_since(after, before)).collect::<Result<_>>()?;
        let elapsed = after.cpu.elapsed(&before.cpu);
        let elapsed_ns = ns(elapsed);
        Ok(Block {
            schema: SCHEMA.into(),
            scenario: self.scenario.name.clone(),
            treatment: self.treatment().name.clone(),
            life: self.life.index,
            pair: pair.index,
            arm,
            purpose: Purpose::Pair,
            position: 0,
            attempt: 0,
            started_unix_ns: before.wall.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64),
            elapsed_ns,
            toggle_ns: 0,
            still_ns: 0,
            clock_gap_ns: clock_gap_ns(before.wall, after.wall, elapsed),
            idle_ns: after.ticks.idle_ns.saturating_sub(before.ticks.idle_ns),
            cores: steal_ns.len() as u32,
            discarded: discard::why(&load, &self.scenario.load.source, &steal_ns, elapsed, after.drained),
            load,
            flood,
            window: None,
            cpu: after.cpu.since(&before.cpu),
            target: after.target.since(&before.target),
            agent: use_of(after.agent.as_ref(), before.agent.as_ref()),
            agent_memory_peak_bytes: self
                .stage
                .world
                .memory_peak_bytes(Role::Agent)
                .filter(|_| self.pairing.agent_pid(arm).is_some()),
            tracer: ledgers.first().cloned(),
            other_hits: ledgers.get(1).map(|other| other.hits),
            bystander: None,
            steal_ns,
        })
    }

    fn run_load(
        &mut self,
        step: Option<Step>,
        seed: u64,
        duration_ns: u64,
    ) -> Result<(LoadResult, Option<FloodUse>)> {
        match (&self.scenario.load.source, step) {
            (Source::Generator { pacing, path, .. }, _) => {
                let (pacing, path, timeout_ns) = (*pacing, path.clone(), REQUEST_LIMIT.as_nanos() as u64);
                let result = self.load.run(LoadPlan { seed, pacing, duration_ns, path, timeout_ns })?;
                Ok((result, None))
            }
            (Source::Flood { .. }, Some(step)) => {
                let flooded = self.pairing.flood(&self.stage.world, step, duration_ns)?;
                Ok((as_load(&flooded), Some(FloodUse { step, flooded })))
            }
            (Source::Flood { .. }, None) => bail!("a pair of a flood has no step: the plan is damaged"),
        }
    }

    /// Reads everything once all is quiet. The agent drains first, so that a block pays for its own events.
    fn edge(&mut self, arm: Arm) -> Result<Edge> {
        self.warmer.as_mut().map_or(Ok(()), |one| one.ensure_alive())?;
        let quiet = self.stage.world.now();
        let ledgers = self.pairing.ledgers(arm)?;
        let drained = self.stage.world.now() - quiet;
        let target = self.reading(self.pairing.target_pid())?;
        let agent = self.pairing.agent_pid(arm).map(|pid| self.reading(pid)).transpose()?;
        let world = &self.stage.world;
        world.sleep(SETTLE);
        let (ticks, wall, cpu) = (world.ticks()?, world.wall_clock(), world.cpu()?);
        Ok(Edge { cpu, target, agent, ledgers, drained, ticks, wall })
    }

    /// Reads of a process of this life; where it is gone, says how it ended.
    fn reading(&mut self, pid: u32) -> Result<ProcessReading> {
        self.stage.world.process(pid).or_else(|unreadable| {
            self.pairing.ensure_not_dying(pid)?;
            Err(unreadable)
        })
    }
}

fn ns(duration: Duration) -> u64 {
    duration.as_nanos() as u64
}

/// Nothing is lost before its block.
fn warm_up(step: Step) -> Step {
    if step == Step::Overload { Step::FlatOut } else { step }
}

/// A flood as a load: each exchange is planned, made and over at once, and none can fail.
fn as_load(flooded: &Flooded) -> LoadResult {
    let empty = || Histogram::encode(&histogram::empty());
    LoadResult {
        planned: flooded.requests,
        sent: flooded.requests,
        completed: flooded.requests,
        failed: BTreeMap::new(),
        elapsed_ns: flooded.elapsed_ns,
        spun_ns: 0,
        received_bytes: 0,
        response: empty(),
        service: empty(),
        lateness: empty(),
    }
}

/// How far the wall clock went apart from the monotonic one.
fn clock_gap_ns(before: SystemTime, after: SystemTime, elapsed: Duration) -> u64 {
    let wall_ns = match after.duration_since(before) {
        Ok(forward) => forward.as_nanos() as i128,
        Err(backward) => -(backward.duration().as_nanos() as i128),
    };
    (wall_ns - elapsed.as_nanos() as i128).unsigned_abs() as u64
}

fn use_of(after: Option<&ProcessReading>, before: Option<&ProcessReading>) -> Option<ProcessUse> {
    after.zip(before).map(|(after, before)| after.since(before))
}
