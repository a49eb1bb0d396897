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

impl<'a> Measured<'a> {
    fn of(arms: &BTreeMap<Arm, &'a Block>, treated: Arm) -> Option<Self> {
        Some(Self { untraced: arms.get(&Arm::Untraced)?, treated: arms.get(&treated)? })
    }
}

/// What counts of one treatment.
#[derive(Debug, Clone)]
pub struct Selected<'a> {
    /// The pairs, in the order of the plan.
    pub pairs: Vec<Measured<'a>>,
    /// Blocks that a rule discarded.
    pub discarded: usize,
    /// Blocks that are measured for each of the pairs.
    pub arms: usize,
    reasons: BTreeMap<Discard, usize>,
}

impl<'a> Selected<'a> {
    /// Selects from all blocks of a run. Of a pair that was measured twice, the second counts, unless it was discarded
    /// as well.
    #[must_use]
    pub fn of(plan: &ScenarioPlan, treatment: &Treatment, blocks: &'a [Block]) -> Self {
        let (tries, reasons) = tries(plan, treatment, blocks);
        let pairs = tries.values().filter_map(|arms| Measured::of(arms, Arm::Treated)).collect();
        Self { pairs, discarded: reasons.values().sum(), arms: 2, reasons }
    }

    /// Selects from all blocks of a live comparison: the pairs with this revision's tracer and those with the other's.
    /// Both are of the same groups, in the same order: only a group of which all three blocks count, counts.
    #[must_use]
    pub fn of_groups(plan: &ScenarioPlan, treatment: &Treatment, blocks: &'a [Block]) -> [Self; 2] {
        let (tries, reasons) = tries(plan, treatment, blocks);
        let whole = tries
            .values()
            .filter_map(|arms| Some((Measured::of(arms, Arm::Treated)?, Measured::of(arms, Arm::Base)?)));
        let (head, base): (Vec<_>, Vec<_>) = whole.unzip();
        let discarded = reasons.values().sum();
        [head, base].map(|pairs| Self { pairs, discarded, arms: 3, reasons: reasons.clone() })
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
            Discard::NoStatistics => format!("{count} without run-time statistics"),
            Discard::ReadLate => format!("{count} counters read late"),
        });
        each.collect::<Vec<_>>().join(", ")
    }
}

/// Blocks by arm, of each pair and attempt.
type Tries<'a> = BTreeMap<(u32, u8), BTreeMap<Arm, &'a Block>>;

/// The blocks that count by pair and attempt, and the rules that discarded others, with how many.
fn tries<'a>(
    plan: &ScenarioPlan,
    treatment: &Treatment,
    blocks: &'a [Block],
) -> (Tries<'a>, BTreeMap<Discard, usize>) {
    let (mut tries, mut reasons) = (Tries::new(), BTreeMap::new());
    for block in of_treatment(plan, treatment, blocks).filter(|block| block.purpose == Purpose::Pair) {
        match block.discarded {
            Some(why) => *reasons.entry(why).or_default() += 1,
            None => drop(tries.entry((block.pair, block.attempt)).or_default().insert(block.arm, block)),
        }
    }
    (tries, reasons)
}

fn of_treatment<'a>(
    plan: &ScenarioPlan,
    treatment: &Treatment,
    blocks: &'a [Block],
) -> impl Iterator<Item = &'a Block> {
    blocks.iter().filter(|block| block.scenario == plan.name && block.treatment == treatment.name)
}
