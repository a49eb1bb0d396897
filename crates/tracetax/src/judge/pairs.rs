//! Which blocks count, and as which pairs.

use std::collections::BTreeMap;

use record::{
    block::{Block, Discard, Purpose},
    flood::Step,
    plan::{Arm, ScenarioPlan, Treatment},
};

/// A pair that counts.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// The block without.
    pub untraced: &'a Block,
    /// The block with.
    pub treated: &'a Block,
}

/// What counts of one treatment.
#[derive(Debug, Clone)]
pub struct Selected<'a> {
    /// The pairs, in the order of the plan.
    pub pairs: Vec<Measured<'a>>,
    /// Blocks that a rule discarded.
    pub discarded: usize,
    reasons: BTreeMap<Discard, usize>,
}

impl<'a> Selected<'a> {
    /// Selects from all blocks of a run. Of a pair that was measured twice, the second counts, unless it was discarded
    /// as well.
    #[must_use]
    pub fn of(plan: &ScenarioPlan, treatment: &Treatment, blocks: &'a [Block]) -> Self {
        let mut tries: BTreeMap<(u32, u8), BTreeMap<Arm, &Block>> = BTreeMap::new();
        let mut reasons = BTreeMap::new();
        for block in of_treatment(plan, treatment, blocks).filter(|block| block.purpose == Purpose::Pair) {
            match block.discarded {
                Some(why) => *reasons.entry(why).or_default() += 1,
                None => drop(tries.entry((block.pair, block.attempt)).or_default().insert(block.arm, block)),
            }
        }
        let whole = tries.values().filter_map(|arms| {
            Some(Measured { untraced: arms.get(&Arm::Untraced)?, treated: arms.get(&Arm::Treated)? })
        });
        Self { pairs: whole.collect(), discarded: reasons.values().sum(), reasons }
    }

    /// The block that was measured with the kernel's run-time statistics on, where there is one that counts. It is no part
    /// of a pair.
    #[must_use]
    pub fn statistics(plan: &ScenarioPlan, treatment: &Treatment, blocks: &'a [Block]) -> Option<&'a Block> {
        of_treatment(plan, treatment, blocks)
            .find(|block| block.purpose == Purpose::Statistics && block.discarded.is_none())
    }

    /// Those pairs of a flood that are of one step.
    #[must_use]
    pub fn at(&self, step: Step) -> Self {
        let mut of_step = self.clone();
        of_step.pairs.retain(|pair| pair.treated.flood.is_some_and(|flood| flood.step == step));
        of_step
    }

    /// The rules that discarded blocks, with how many.
    #[must_use]
    pub fn why(&self) -> String {
        let each = self.reasons.iter().map(|(why, count)| match why {
            Discard::GeneratorLate => format!("{count} generator late"),
            Discard::Steal => format!("{count} processor taken by the hypervisor"),
        });
        each.collect::<Vec<_>>().join(", ")
    }
}

fn of_treatment<'a>(
    plan: &ScenarioPlan,
    treatment: &Treatment,
    blocks: &'a [Block],
) -> impl Iterator<Item = &'a Block> {
    blocks.iter().filter(|block| block.scenario == plan.name && block.treatment == treatment.name)
}
