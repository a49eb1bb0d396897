//! Where the CPU time went: the parts must add up to the elapsed time of all processors.

use record::{block::Block, verdict::CpuLedger};

use super::arm::ratio;

/// The idle counter moves by ticks of 10 ms, so a block's idle time is off by up to one tick a core at each end.
const TICK_NS: f64 = 10_000_000.0;

/// A block closes within this share of the elapsed time, beside the coarseness of the idle counter.
const CLOSE: f64 = 0.01;

/// Sums up the parts.
pub fn ledger<'a>(blocks: impl Iterator<Item = &'a Block>) -> CpuLedger {
    let mut sum = Parts::default();
    let mut blocks_not_closed = 0;
    for parts in blocks.map(Parts::of) {
        blocks_not_closed += u32::from(!parts.closes());
        sum.add(&parts);
    }
    let pct = |ns: f64| 100.0 * ratio(ns, sum.elapsed);
    CpuLedger {
        target_pct: pct(sum.target),
        agent_pct: pct(sum.agent),
        load_pct: pct(sum.load),
        lab_pct: pct(sum.lab),
        warmer_pct: pct(sum.warmer),
        rest_pct: pct(sum.rest),
        idle_pct: pct(sum.idle),
        steal_pct: pct(sum.steal),
        unaccounted_pct: pct(sum.unaccounted()),
        blocks_not_closed,
    }
}

/// All in nanoseconds of one processor.
#[derive(Default)]
struct Parts {
    elapsed: f64,
    cores: f64,
    target: f64,
    agent: f64,
    load: f64,
    lab: f64,
    warmer: f64,
    rest: f64,
    idle: f64,
    steal: f64,
}

impl Parts {
    fn of(block: &Block) -> Self {
        let cpu = &block.cpu;
        let roles = cpu.target_ns + cpu.agent_ns + cpu.load_ns + cpu.lab_ns + cpu.warmer_ns;
        Self {
            elapsed: block.elapsed_ns as f64 * f64::from(block.cores),
            cores: f64::from(block.cores),
            target: cpu.target_ns as f64,
            agent: cpu.agent_ns as f64,
            load: cpu.load_ns as f64,
            lab: cpu.lab_ns as f64,
            warmer: cpu.warmer_ns as f64,
            rest: cpu.machine_ns.map_or(0.0, |machine| machine as f64 - roles as f64),
            idle: block.idle_ns as f64,
            steal: block.steal_ns.iter().sum::<u64>() as f64,
        }
    }

    fn add(&mut self, other: &Self) {
        self.elapsed += other.elapsed;
        self.target += other.target;
        self.agent += other.agent;
        self.load += other.load;
        self.lab += other.lab;
        self.warmer += other.warmer;
        self.rest += other.rest;
        self.idle += other.idle;
        self.steal += other.steal;
    }

    fn unaccounted(&self) -> f64 {
        let tasks = self.target + self.agent + self.load + self.lab + self.warmer + self.rest;
        self.elapsed - tasks - self.idle - self.steal
    }

    fn closes(&self) -> bool {
        self.unaccounted().abs() <= CLOSE * self.elapsed + 2.0 * TICK_NS * self.cores
    }
}
