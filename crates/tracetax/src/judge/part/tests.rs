use record::{
    block::{Block, Discard, Purpose},
    part::Part,
    plan::{Arm, Life, Pair, Plan, TreatmentKind},
    verdict::{Reason, Verdict, Word},
};

use super::{super::judge, INTERRUPTED, extent};
use crate::judge::tests::{block, plan};

const PAIRS: u32 = 40;

/// One life of a control, with a block of statistics at its end.
fn planned() -> Plan {
    let mut plan = plan(TreatmentKind::Nothing);
    let pair = |index| Pair { index, seed: 1, step: None, order: vec![Arm::Treated, Arm::Untraced] };
    plan.scenarios[0].lives = vec![Life {
        index: 0,
        treatment: 0,
        pairs: (0..PAIRS).map(pair).collect(),
        statistics_seed: Some(1),
    }];
    plan
}

/// What the plan comes to, where both arms cost the same but for noise.
fn measured() -> Vec<Block> {
    let noise = |index: u32| f64::from(index.wrapping_mul(2_654_435_761) >> 16) / 65_536.0;
    let of = |pair| {
        [
            block(pair, Arm::Treated, 7.0 + noise(2 * pair)),
            block(pair, Arm::Untraced, 7.0 + noise(2 * pair + 1)),
        ]
    };
    let mut blocks: Vec<Block> = (0..PAIRS).flat_map(of).collect();
    blocks.push(Block { purpose: Purpose::Statistics, ..block(PAIRS - 1, Arm::Treated, 7.0) });
    blocks
}

fn measured_blocks(blocks: &[Block]) -> u32 {
    extent(&planned().scenarios[0], blocks).measured_blocks
}

fn codes(verdict: &Verdict) -> Vec<&str> {
    verdict.scenarios[0].reasons.iter().map(|reason| reason.code.as_str()).collect()
}

#[test]
fn a_whole_run_is_judged_as_before() {
    let verdict = judge(&planned(), &measured());
    assert_eq!(
        (verdict.word, verdict.interrupted, verdict.notes.len()),
        (Word::Pass, None, 0),
        "{verdict:?}"
    );
}

#[test]
fn wherever_a_run_is_cut_short_it_does_not_pass_and_says_how_far_it_came() {
    let (plan, blocks) = (planned(), measured());
    let planned_blocks = 2 * PAIRS + 1;
    // Judging takes a while: every fifth, and those at the end.
    for count in (0..blocks.len()).step_by(5).chain([blocks.len() - 2, blocks.len() - 1]) {
        let verdict = judge(&plan, &blocks[..count]);
        let part = Part { measured_blocks: count as u32, planned_blocks };
        assert_eq!(verdict.interrupted, Some(part));
        assert!(verdict.word <= Word::Inconclusive && verdict.scenarios[0].word <= Word::Inconclusive);
        assert_eq!(codes(&verdict)[0], INTERRUPTED);
        assert!(!codes(&verdict).contains(&"nothing-measured"), "{verdict:?}");
        let mut words =
            verdict.scenarios[0].treatments.iter().flat_map(|one| &one.metrics).map(|one| one.word);
        assert!(words.all(|word| word != Some(Word::Pass)), "{verdict:?}");
    }
    let verdict = judge(&plan, &blocks[..37]);
    assert_eq!(
        verdict.notes,
        ["interrupted after 37 of 81 blocks: this is the verdict on that part, and a part never passes"]
    );
    let Reason { message, next_step, .. } = &verdict.reasons[0];
    assert_eq!(message, "made-up: interrupted after 37 of 81 blocks; what is said of it is so far");
    assert_eq!(next_step, "let a run go to its end: a part never passes");
    assert_eq!(judge(&plan, &[]).word, Word::Inconclusive);
}

#[test]
fn worse_words_hold_so_far() {
    let mut blocks = measured();
    blocks.truncate(70);
    for block in blocks.iter_mut().filter(|block| block.arm == Arm::Treated) {
        block.cpu.target_ns += 50_000_000;
    }
    let verdict = judge(&planned(), &blocks);
    assert_eq!(verdict.word, Word::Invalid, "{verdict:?}");
    assert!(codes(&verdict).contains(&"control-failed"), "{verdict:?}");
}

#[test]
fn a_scenario_that_went_to_its_end_before_keeps_its_word() {
    let mut plan = planned();
    let mut later = plan.scenarios[0].clone();
    later.name = "later".into();
    plan.scenarios.push(later);
    let verdict = judge(&plan, &measured());
    assert_eq!(
        verdict.scenarios.iter().map(|one| one.word).collect::<Vec<_>>(),
        [Word::Pass, Word::Inconclusive]
    );
    assert_eq!(
        (verdict.word, verdict.interrupted.unwrap().planned_blocks),
        (Word::Inconclusive, 4 * PAIRS + 2)
    );
    assert_eq!(
        verdict.reasons[0].message,
        "later: the run was interrupted before its first block was measured"
    );
}

#[test]
fn of_a_pair_that_is_measured_again_the_second_try_counts() {
    let mut blocks = measured();
    let whole = blocks.len() as u32;
    blocks[0].discarded = Some(Discard::Steal);
    assert_eq!(measured_blocks(&blocks), whole - 2);
    blocks.insert(2, Block { attempt: 1, ..blocks[0].clone() });
    assert_eq!(measured_blocks(&blocks), whole - 1);
    blocks.insert(3, Block { attempt: 1, ..blocks[1].clone() });
    assert_eq!(measured_blocks(&blocks), whole);
    assert_eq!(measured_blocks(&blocks[..1]), 1);
}

#[test]
fn a_kernel_without_statistics_leaves_a_block_that_does_not_count() {
    let mut blocks = measured();
    let whole = blocks.len() as u32;
    let last = blocks.last_mut().unwrap();
    last.discarded = Some(Discard::GeneratorLate);
    assert_eq!(measured_blocks(&blocks), whole - 1);
    blocks.last_mut().unwrap().discarded = Some(Discard::NoStatistics);
    assert_eq!(measured_blocks(&blocks), whole);
}

#[test]
fn more_than_was_planned_counts_for_no_more() {
    let blocks = [measured(), measured()].concat();
    assert_eq!(measured_blocks(&blocks), 2 * PAIRS + 1);
}
