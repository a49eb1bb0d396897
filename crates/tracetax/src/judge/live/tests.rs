//! The judge over made-up groups of three blocks: every word of a live comparison, and why.

use record::{
    block::{Block, Discard},
    comparison::{Against, Arithmetic, Comparison},
    part::Part,
    plan::{Arm, Life, Pair, Plan, TreatmentKind},
    revision::Revision,
    verdict::Word,
};

use super::{Live, compare};
use crate::{
    exit,
    judge::tests::{block, traced_plan},
};

const TOLERANCE_US: f64 = 0.25;

/// A plan of groups in two lives.
fn plan(groups: u32) -> Plan {
    let mut plan = traced_plan();
    plan.revision = Some(revision("1111111111111111"));
    plan.against = Some(revision("0000000000000000"));
    let scenario = &mut plan.scenarios[0];
    scenario.tolerance.server_cpu_us_per_request = Some(TOLERANCE_US);
    let order = vec![Arm::Base, Arm::Treated, Arm::Untraced];
    let pair = |index| Pair { index, seed: 1, step: None, order: order.clone() };
    let life = |index, pairs: std::ops::Range<u32>| Life {
        index,
        treatment: 0,
        pairs: pairs.map(pair).collect(),
        statistics_seed: None,
    };
    scenario.lives = vec![life(0, 0..groups / 2), life(1, groups / 2..groups)];
    plan
}

fn revision(commit: &str) -> Revision {
    Revision { commit: commit.into(), dirty: false, planted: false }
}

/// Groups in which the other revision's tracer adds 2 us and this one's `change_us` more, both with a little noise that
/// repeats; the whole machine drifts by far more than that.
fn groups(count: u32, change_us: f64) -> Vec<Block> {
    let group = |index: u32| {
        let noise =
            |step: u32, by: u32| f64::from(step) * (f64::from(index % by) - f64::from(by - 1) / 2.0) / 100.0;
        let level = 20.0 + f64::from(index);
        [
            block(index, Arm::Untraced, level),
            block(index, Arm::Base, level + 2.0 + noise(1, 5)),
            block(index, Arm::Treated, level + 2.0 + change_us + noise(2, 7)),
        ]
    };
    (0..count).flat_map(group).collect()
}

fn judged(plan: &Plan, blocks: &[Block]) -> Comparison {
    compare(&Live { run: "some-run", host_class: "abc", plan, blocks }).unwrap()
}

#[track_caller]
fn check(plan: &Plan, blocks: &[Block], word: Word, codes: &[&str], exit_code: u8) -> Comparison {
    let comparison = judged(plan, blocks);
    let reasons = &comparison.scenarios[0].reasons;
    assert_eq!(comparison.word, word, "{reasons:#?}");
    assert_eq!(comparison.scenarios[0].word, word);
    assert_eq!(reasons.iter().map(|reason| reason.code.as_str()).collect::<Vec<_>>(), codes, "{reasons:#?}");
    assert!(reasons.iter().all(|reason| !reason.next_step.is_empty()), "{reasons:#?}");
    assert_eq!(exit::of_word(word), exit_code);
    comparison
}

#[test]
fn each_word_has_its_case() {
    let (plan, short, none) = (plan(40), plan(6), plan(0));
    check(&plan, &groups(40, 0.0), Word::Pass, &[], 0);
    check(&plan, &groups(40, 0.1), Word::Pass, &[], 0);
    check(&plan, &groups(40, -0.1), Word::Pass, &[], 0);
    check(&plan, &groups(40, 1.0), Word::Regressed, &["regressed"], 99);
    check(&plan, &groups(40, TOLERANCE_US), Word::Inconclusive, &["wide-interval"], 4);
    check(&plan, &groups(40, -1.0), Word::Improved, &["improved"], 0);
    check(&short, &groups(6, 1.0), Word::Inconclusive, &["too-few-samples"], 4);
    check(&none, &[], Word::Invalid, &["nothing-measured"], 5);
    check(&plan, &groups(6, 1.0), Word::Inconclusive, &["interrupted", "too-few-samples"], 4);
    check(&plan, &groups(30, 0.0), Word::Inconclusive, &["interrupted"], 4);
    check(&plan, &groups(30, 1.0), Word::Regressed, &["interrupted", "regressed"], 99);
    let nothing = check(&plan, &[], Word::Inconclusive, &["interrupted"], 4);
    assert_eq!(nothing.interrupted, Some(Part { measured_blocks: 0, planned_blocks: 120 }));
    assert!(nothing.notes[0].starts_with("interrupted after 0 of 120 blocks: "), "{:?}", nothing.notes);
}

#[test]
fn the_numbers_are_costs_beside_each_other() {
    let comparison = judged(&plan(40), &groups(40, 1.0));
    assert_eq!(comparison.against, Against::Revision(revision("0000000000000000")));
    assert_eq!(comparison.revision, Some(revision("1111111111111111")));
    assert_eq!((comparison.run.as_str(), comparison.host_class.as_str()), ("some-run", "abc"));
    let metric = &comparison.scenarios[0].metrics[0];
    assert_eq!((metric.treatment.as_str(), metric.metric.as_str()), ("treated", "server_cpu_us_per_request"));
    let near = |number: f64, wanted: f64| (number - wanted).abs() < 0.03;
    assert!(near(metric.before, 2.0) && near(metric.now, 3.0) && near(metric.change, 1.0), "{metric:?}");
    let (low, high) = (metric.low.unwrap(), metric.high.unwrap());
    assert!(low < 1.0 && 1.0 < high && high - low < 0.1, "{metric:?}");
    assert!(metric.mde.is_some_and(|mde| mde > 0.0 && mde < 0.1), "{metric:?}");
    assert!((metric.untraced_now - 39.5).abs() < 1e-9, "{metric:?}");
    assert_eq!((metric.untraced_before, metric.tolerance), (None, TOLERANCE_US));
    let Arithmetic::Pairs { pairs, above_tolerance_p, within_tolerance_p, below_zero_p, level } =
        metric.arithmetic
    else {
        panic!("{:?}", metric.arithmetic)
    };
    assert_eq!((pairs, level), (40, 0.01));
    assert!(above_tolerance_p < 1e-6 && within_tolerance_p > 0.99 && below_zero_p > 0.99, "{metric:?}");
}

#[test]
fn a_regression_says_how_much_and_where_to_look() {
    let comparison = judged(&plan(40), &groups(40, 1.0));
    let reason = &comparison.scenarios[0].reasons[0];
    let says = [
        "made-up/treated",
        " us more of server CPU than with that of 000000000000 (95 % interval",
        "tolerance 0.25 us",
    ];
    assert!(says.iter().all(|part| reason.message.contains(part)), "{reason:?}");
    assert!(["bench strategies", "inspect"].iter().all(|part| reason.next_step.contains(part)), "{reason:?}");
    let improved = judged(&plan(40), &groups(40, -1.0));
    assert!(improved.scenarios[0].reasons[0].message.contains(" us less of server CPU"), "{improved:?}");
}

#[test]
fn what_is_not_known_says_how_much_more_would_tell() {
    let next_step =
        |change_us| judged(&plan(40), &groups(40, change_us)).scenarios[0].reasons[0].next_step.clone();
    let near = next_step(TOLERANCE_US - 0.012);
    assert!(near.starts_with("measure ") && near.contains(" groups more, "), "{near}");
    assert!(near.contains(" min ") && near.contains(" in all: `BENCHMARK_DURATION="), "{near}");
    assert!(near.ends_with("cargo xtask compare --against 000000000000 made-up`"), "{near}");
    let off = judged(&plan(40), &groups(40, 0.0)).scenarios[0].metrics[0].change;
    assert!(next_step(TOLERANCE_US - off).contains("too close to the tolerance"));
    let few = judged(&plan(6), &groups(6, 1.0)).scenarios[0].reasons[0].next_step.clone();
    assert!(few.contains("BENCHMARK_DURATION=30s cargo xtask compare"), "{few}");
}

#[test]
fn more_scenarios_ask_for_more_evidence() {
    // 7 groups reach p = 1/128: enough alone, and not enough for one of two.
    let mut two = plan(7);
    let mut other = two.scenarios[0].clone();
    other.name = "other".into();
    two.scenarios.push(other);
    let mut blocks = groups(7, 1.0);
    check(&plan(7), &blocks, Word::Regressed, &["regressed"], 99);
    let others = groups(7, TOLERANCE_US).into_iter().map(|block| Block { scenario: "other".into(), ..block });
    blocks.extend(others);
    let both = judged(&two, &blocks);
    assert_eq!(both.scenarios.iter().map(|one| one.word).collect::<Vec<_>>(), [Word::Inconclusive; 2]);
}

#[test]
fn only_whole_groups_count_and_the_second_try_stands_for_the_first() {
    let of_group = |comparison: Comparison| match comparison.scenarios[0].metrics[0].arithmetic {
        Arithmetic::Pairs { pairs, .. } => pairs,
        Arithmetic::Sessions { .. } => panic!("sessions"),
    };
    for arm in [Arm::Untraced, Arm::Base, Arm::Treated] {
        let mut blocks = groups(40, 0.0);
        let mut again: Vec<Block> = blocks.iter().filter(|block| block.pair == 3).cloned().collect();
        again.iter_mut().for_each(|block| block.attempt = 1);
        let first = blocks.iter_mut().find(|block| block.pair == 3 && block.arm == arm).unwrap();
        first.discarded = Some(Discard::Steal);
        assert_eq!(of_group(judged(&plan(40), &blocks)), 39, "{arm:?}");
        blocks.extend(again);
        assert_eq!(of_group(check(&plan(40), &blocks, Word::Pass, &[], 0)), 40, "{arm:?}");
    }
}

#[test]
fn too_many_discarded_blocks_make_a_comparison_invalid() {
    let mut blocks = groups(40, 0.0);
    let mut discarded: Vec<Block> = blocks[..15].to_vec();
    discarded.iter_mut().for_each(|block| block.discarded = Some(Discard::Steal));
    // In no order that a plan has.
    let mut plan = plan(40);
    plan.scenarios[0].lives.clear();
    // 13 of 133 are below a tenth, 15 of 135 above.
    blocks.extend(discarded[..13].to_vec());
    check(&plan, &blocks, Word::Pass, &[], 0);
    blocks.extend(discarded[13..].to_vec());
    check(&plan, &blocks, Word::Invalid, &["too-many-discarded"], 5);
}

#[test]
fn each_tracer_has_its_ledger() {
    type Spoil = fn(&mut Block);
    let lose: Spoil = |block| block.tracer.as_mut().unwrap().received -= 1;
    let hit: Spoil = |block| block.other_hits = Some(4);
    let hit_untraced: Spoil = |block| block.tracer.as_mut().unwrap().hits = 5;
    for (arm, spoil, message) in [
        (Arm::Treated, lose, "made-up/treated: pair 7: 1000 events were submitted, 999 received"),
        (
            Arm::Base,
            lose,
            "made-up/treated with the tracer of 000000000000: pair 7: 1000 events were submitted, 999 received",
        ),
        (Arm::Base, hit, "pair 7: the tracer that was switched off was hit 4 times"),
        (Arm::Treated, hit, "pair 7: the tracer that was switched off was hit 4 times"),
    ] {
        let mut blocks = groups(40, 1.0);
        spoil(blocks.iter_mut().find(|block| block.pair == 7 && block.arm == arm).unwrap());
        let comparison = check(&plan(40), &blocks, Word::Invalid, &["ledger-open", "regressed"], 5);
        assert!(comparison.scenarios[0].reasons[0].message.contains(message), "{comparison:#?}");
    }
    let mut blocks = groups(40, 0.0);
    spoil_untraced(&mut blocks, hit_untraced);
    check(&plan(40), &blocks, Word::Invalid, &["ledger-open", "ledger-open"], 5);
}

fn spoil_untraced(blocks: &mut [Block], spoil: fn(&mut Block)) {
    spoil(blocks.iter_mut().find(|block| block.arm == Arm::Untraced).unwrap());
}

#[test]
fn a_tracer_that_cannot_be_measured_is_not_comparable() {
    let mut plan = plan(40);
    plan.against_refuses = [("raw-tracepoint".to_owned(), "it says `hello`".to_owned())].into();
    plan.scenarios[0].lives.clear();
    let comparison = check(&plan, &[], Word::NotComparable, &["other-refuses"], 3);
    let message = &comparison.scenarios[0].reasons[0].message;
    assert_eq!(message, "made-up/treated: the tracer of 000000000000 cannot be measured: it says `hello`");
    assert_eq!(comparison.scenarios[0].metrics, []);
}

#[test]
fn where_nothing_can_be_measured_nothing_has_passed() {
    let mut unavailable = plan(40);
    unavailable.scenarios[0].unavailable = [("treated".to_owned(), "EPERM".to_owned())].into();
    unavailable.scenarios[0].lives.clear();
    check(&unavailable, &[], Word::Inconclusive, &["unavailable"], 4);
    let mut empty = plan(40);
    empty.scenarios.clear();
    assert_eq!(judged(&empty, &[]).word, Word::Inconclusive);
    let mut free = plan(40);
    free.scenarios[0].tolerance.server_cpu_us_per_request = None;
    let comparison = judged(&free, &groups(40, 1.0));
    assert_eq!((comparison.word, comparison.scenarios.len()), (Word::Inconclusive, 0));
}

#[test]
fn a_run_of_one_revision_is_no_comparison() {
    let mut one = plan(40);
    one.against = None;
    assert_eq!(compare(&Live { run: "run", host_class: "abc", plan: &one, blocks: &[] }), None);
}

#[test]
fn a_comparison_is_the_same_whatever_the_order_and_survives_its_file() {
    let (plan, blocks) = (plan(40), groups(40, 0.3));
    let comparison = judged(&plan, &blocks);
    let backward: Vec<Block> = blocks.into_iter().rev().collect();
    assert_eq!(judged(&plan, &backward), comparison);
    let text = serde_json::to_string(&comparison).unwrap();
    assert_eq!(serde_json::from_str::<Comparison>(&text).unwrap(), comparison);
}

#[test]
fn a_treatment_that_is_no_tracer_is_refused_by_nobody() {
    let mut plan = plan(40);
    plan.scenarios[0].treatments[0].kind = TreatmentKind::Nothing;
    plan.against_refuses = [("raw-tracepoint".to_owned(), "no".to_owned())].into();
    check(&plan, &groups(40, 0.0), Word::Pass, &[], 0);
}
