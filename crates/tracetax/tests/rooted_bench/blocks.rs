//! What must be true of every list of blocks, whatever was measured.

use record::{
    block::{Block, Purpose},
    plan::{Arm, Life, Pair, Plan, ScenarioPlan},
};

/// Whether the blocks are all that the plan wants. Each stands where plan and coins put it, in any case.
pub fn are_the_whole_plan(plan: &Plan, blocks: &[Block]) -> bool {
    let (paired, statistics): (Vec<Block>, Vec<Block>) =
        blocks.iter().cloned().partition(|block| block.purpose == Purpose::Pair);
    are_all_pairs(plan, &paired) & are_all_statistics(plan, &statistics)
}

/// One block of statistics at the end of each life that is to have one; a second where the first was discarded.
fn are_all_statistics(plan: &Plan, blocks: &[Block]) -> bool {
    let lives = plan.scenarios.iter().flat_map(|scenario| &scenario.lives);
    let planned: Vec<&Life> = lives.filter(|life| life.statistics_seed.is_some()).collect();
    let measured: Vec<&[Block]> =
        blocks.chunk_by(|a, b| (&a.scenario, a.life) == (&b.scenario, b.life)).collect();
    assert!(measured.len() <= planned.len(), "{} of {} lives", measured.len(), planned.len());
    for (life, tries) in planned.iter().zip(&measured) {
        let last = life.pairs.last().unwrap().index;
        for (attempt, block) in tries.iter().enumerate() {
            let place = (block.life, block.pair, block.arm, usize::from(block.attempt));
            assert_eq!(place, (life.index, last, Arm::Treated, attempt));
        }
        assert_eq!(tries.len(), if tries[0].discarded.is_some() { 2 } else { 1 });
    }
    measured.len() == planned.len()
}

fn are_all_pairs(plan: &Plan, blocks: &[Block]) -> bool {
    let of_one_pair = |a: &Block, b: &Block| (&a.scenario, a.pair) == (&b.scenario, b.pair);
    let measured: Vec<&[Block]> = blocks.chunk_by(of_one_pair).collect();
    let planned = pairs(plan);
    assert!(measured.len() <= planned.len(), "{} of {} pairs", measured.len(), planned.len());
    let whole: Vec<bool> =
        planned.into_iter().zip(&measured).map(|(place, tries)| is_whole(place, tries)).collect();
    assert!(whole.iter().rev().skip(1).all(|whole| *whole), "a pair before the last is not whole: {whole:?}");
    whole.len() == pairs(plan).len() && whole.last() == Some(&true)
}

/// The tracer reported each completed request of a traced block, and saw nothing of an untraced one.
pub fn assert_complete(blocks: &[Block]) {
    for block in blocks {
        let tracer = block.tracer.as_ref().unwrap();
        let place = format!("pair {}, {:?}: {tracer:?}", block.pair, block.arm);
        assert!(block.load.completed > 0, "{place}");
        assert_eq!(block.other_hits.unwrap_or(0), 0, "{place}");
        match block.arm {
            Arm::Treated | Arm::Base => assert_eq!(tracer.requests, block.load.completed, "{place}"),
            Arm::Untraced => assert_eq!((tracer.hits, tracer.requests), (0, 0), "{place}"),
        }
    }
}

type Place<'a> = (&'a ScenarioPlan, &'a Life, &'a Pair);

fn pairs(plan: &Plan) -> Vec<Place<'_>> {
    let lives =
        plan.scenarios.iter().flat_map(|scenario| scenario.lives.iter().map(move |life| (scenario, life)));
    lives.flat_map(|(scenario, life)| life.pairs.iter().map(move |pair| (scenario, life, pair))).collect()
}

/// A pair, or a group of three, is measured once more where a block of its first try was discarded.
fn is_whole((scenario, life, pair): Place<'_>, tries: &[Block]) -> bool {
    let arms = pair.order.len();
    for (index, block) in tries.iter().enumerate() {
        let names = (&block.scenario, &block.treatment);
        assert_eq!(names, (&scenario.name, &scenario.treatments[life.treatment].name));
        let place = (block.life, block.pair, usize::from(block.attempt), usize::from(block.position));
        assert_eq!(place, (life.index, pair.index, index / arms, index % arms));
        assert_eq!(block.arm, pair.order[index % arms], "{place:?}");
    }
    let again = tries.iter().take(arms).any(|block| block.discarded.is_some());
    tries.len() == if again { 2 * arms } else { arms }
}
