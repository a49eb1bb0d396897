//! How much of its plan a run has measured. What is judged of a part is said of that part, and never passes.

use std::collections::BTreeMap;

use record::{
    block::{Block, Discard, Purpose},
    part::Part,
    plan::{Life, Plan, ScenarioPlan},
    verdict::{Reason, Word},
};

use super::soak;

/// Code of the reason why a part has not passed.
pub const INTERRUPTED: &str = "interrupted";

/// The part of a run that was measured; None of a whole run.
pub fn of_run(plan: &Plan, blocks: &[Block]) -> Option<Part> {
    let all = plan.scenarios.iter().map(|scenario| extent(scenario, blocks));
    let sum = |a: Part, b: Part| Part {
        measured_blocks: a.measured_blocks + b.measured_blocks,
        planned_blocks: a.planned_blocks + b.planned_blocks,
    };
    only_part(all.reduce(sum)?)
}

/// The part of a scenario that was measured; None of a whole one.
pub fn of_scenario(plan: &ScenarioPlan, blocks: &[Block]) -> Option<Part> {
    only_part(extent(plan, blocks))
}

fn only_part(part: Part) -> Option<Part> {
    (part.measured_blocks < part.planned_blocks).then_some(part)
}

/// Why a scenario of which a part was measured has not passed.
pub fn reason(plan: &ScenarioPlan, part: Part) -> Reason {
    let message = match part.measured_blocks {
        0 => format!("{}: the run was interrupted before its first block was measured", plan.name),
        _ => format!("{}: {}; what is said of it is so far", plan.name, told(part)),
    };
    let next_step = "let a run go to its end: a part never passes".into();
    Reason { code: INTERRUPTED.into(), message, next_step }
}

/// What a reader must know before the numbers.
pub fn note(part: Part) -> String {
    format!("{}: this is the verdict on that part, and a part never passes", told(part))
}

fn told(part: Part) -> String {
    format!("interrupted after {} of {} blocks", part.measured_blocks, part.planned_blocks)
}

/// The word of a part: at best that nothing can be told yet.
pub fn word(word: Word) -> Word {
    word.min(Word::Inconclusive)
}

/// Tries of a pair, or of the block with statistics at the end of a life: by attempt, the blocks that were measured, and
/// whether one of them was discarded.
#[derive(Default)]
struct Tries([Try; 2]);

#[derive(Default, Clone, Copy)]
struct Try {
    blocks: u32,
    again: bool,
}

impl Tries {
    fn add(&mut self, block: &Block) {
        if let Some(of) = self.0.get_mut(usize::from(block.attempt)) {
            of.blocks += 1;
            // What this kernel cannot do, it cannot do the second time.
            of.again |= block.discarded.is_some_and(|why| why != Discard::NoStatistics);
        }
    }

    /// Of so many planned blocks. Where one of the first try was discarded, the second counts.
    fn measured(&self, planned: u32) -> u32 {
        let [first, second] = self.0;
        if first.blocks >= planned && first.again {
            second.blocks.min(planned)
        } else {
            first.blocks.min(planned)
        }
    }
}

fn extent(plan: &ScenarioPlan, blocks: &[Block]) -> Part {
    let mut tries: BTreeMap<(bool, u32), Tries> = BTreeMap::new();
    for block in blocks.iter().filter(|block| block.scenario == plan.name) {
        tries.entry((block.purpose != Purpose::Statistics, block.pair)).or_default().add(block);
    }
    let mut part = Part { measured_blocks: 0, planned_blocks: 0 };
    for life in &plan.lives {
        let is_last = |block: &Block| {
            block.scenario == plan.name && block.life == life.index && soak::is_the_end(block)
        };
        // What comes after its end cannot be measured, and is down.
        let ended = plan.soak && blocks.iter().any(is_last);
        for (key, planned) in planned(life) {
            part.planned_blocks += planned;
            let measured = || tries.get(&key).map_or(0, |tries| tries.measured(planned));
            part.measured_blocks += if ended { planned } else { measured() };
        }
    }
    part
}

/// The pairs of a life with the blocks of each, and the block with statistics, by the pair before it.
fn planned(life: &Life) -> impl Iterator<Item = ((bool, u32), u32)> {
    let pairs = life.pairs.iter().map(|pair| ((true, pair.index), pair.order.len() as u32));
    let statistics =
        life.statistics_seed.map(|_| ((false, life.pairs.last().map_or(0, |pair| pair.index)), 1));
    pairs.chain(statistics)
}

#[cfg(test)]
mod tests;
