//! Floods of made-up blocks: what is sustained, what is lost, and what every event was.

use std::num::NonZeroU64;

use record::{
    block::Block,
    capacity::{Capacity, Recovery},
    flood::{FloodUse, Step},
    plan::{Arm, Budget, Margin, Plan, Source, TreatmentKind},
    stage::Stage,
    target::Flooded,
    verdict::{Verdict, Word},
    wakeup::Wakeup,
};

use super::{super::tests, target_cpu_ns};
use crate::judge::judge;

const CLIMBS: u32 = 10;

fn rate(events_per_second: u64) -> Step {
    Step::Rate { events_per_second: NonZeroU64::new(events_per_second).unwrap() }
}

fn ladder() -> [Step; 4] {
    [Step::Overload, rate(1_000), rate(5_000), Step::FlatOut]
}

fn plan() -> Plan {
    let (stage, wakeup) = (Stage::Full, Wakeup::Timer { ms: 10 });
    let strategy = "raw-tracepoint".into();
    let mut plan = tests::plan(TreatmentKind::Tracer { strategy, stage, wakeup, leak_bytes_per_second: 0 });
    let scenario = &mut plan.scenarios[0];
    scenario.load.source = Source::Flood { steps: ladder().to_vec() };
    scenario.budget =
        Budget { events_per_second: Some(4_000.0), agent_cpu_points: Some(5.0), ..Budget::default() };
    scenario.margin = Margin::default();
    plan
}

/// Exchanges in a block of one second.
fn made(step: Step) -> u64 {
    step.events_per_second().map_or(20_000, NonZeroU64::get)
}

/// A block of a step, of which the tracer has lost so many events.
fn block(pair: u32, arm: Arm, step: Step, lost: u64) -> Block {
    let mut block = tests::block(pair, arm, 1.0);
    let requests = made(step);
    (block.load.planned, block.load.sent, block.load.completed) = (requests, requests, requests);
    let (elapsed_ns, cpu_ns) = (1_000_000_000, 1_000_000_000);
    let spun_ns = elapsed_ns - 1_000 * requests;
    block.flood = Some(FloodUse { step, flooded: Flooded { requests, elapsed_ns, cpu_ns, spun_ns } });
    block.cpu.target_ns = cpu_ns;
    let tracer = block.tracer.as_mut().unwrap();
    if arm == Arm::Treated {
        block.cpu.agent_ns = 8_000_000;
        tracer.hits = 2 * requests;
        tracer.filtered = [("progress".to_owned(), requests)].into();
        tracer.reserve_failed = lost;
        for count in [&mut tracer.submitted, &mut tracer.received, &mut tracer.parsed, &mut tracer.requests] {
            *count = requests - lost;
        }
    }
    block
}

/// All climbs; `lost` says how many events a step loses in one of them.
fn blocks(lost: fn(u32, Step) -> u64) -> Vec<Block> {
    let climbs = (0..CLIMBS).flat_map(|climb| ladder().map(|step| (climb, step)));
    let pairs = (0..).zip(climbs).flat_map(|(pair, (climb, step))| {
        [block(pair, Arm::Untraced, step, 0), block(pair, Arm::Treated, step, lost(climb, step))]
    });
    pairs.collect()
}

fn judged(blocks: &[Block]) -> (Verdict, Capacity) {
    let verdict = judge(&plan(), blocks);
    let capacity = verdict.scenarios[0].treatments[0].capacity.clone().unwrap();
    (verdict, capacity)
}

fn only_in_overload(_climb: u32, step: Step) -> u64 {
    if step == Step::Overload { 19_000 } else { 0 }
}

#[test]
fn a_tracer_that_loses_nothing_is_as_good_as_its_source() {
    let (verdict, capacity) = judged(&blocks(only_in_overload));
    assert_eq!(verdict.word, Word::Pass, "{:?}", verdict.reasons);
    assert_eq!((capacity.sustained, capacity.first_loss), (Some(Step::FlatOut), None));
    let steps: Vec<_> =
        capacity.steps.iter().map(|step| (step.step, step.pairs, step.events, step.lost)).collect();
    let expected = [
        (rate(1_000), CLIMBS, 10_000, 0),
        (rate(5_000), CLIMBS, 50_000, 0),
        (Step::FlatOut, CLIMBS, 200_000, 0),
        (Step::Overload, CLIMBS, 200_000, 190_000),
    ];
    assert_eq!(steps, expected);
    assert_eq!(capacity.steps[3].delivered_per_second, 1_000.0);
    assert_eq!(
        capacity.recovery,
        Recovery {
            overloads: 10,
            lost_in_overloads: 190_000,
            blocks_after: 10,
            events_after: 10_000,
            lost_after: 0
        }
    );
}

#[test]
fn the_knee_is_below_the_first_loss_even_if_it_is_one_event() {
    let (verdict, capacity) = judged(&blocks(|climb, step| match step {
        Step::FlatOut if climb == 3 => 1,
        step => only_in_overload(climb, step),
    }));
    assert_eq!((capacity.sustained, capacity.first_loss), (Some(rate(5_000)), Some(Step::FlatOut)));
    assert_eq!(verdict.word, Word::Pass, "{:?}", verdict.reasons);
    let metrics = &verdict.scenarios[0].treatments[0].metrics;
    let events = metrics.iter().find(|metric| metric.name == "events_per_second").unwrap();
    assert_eq!(events.estimate, 5_000.0);
}

#[test]
fn a_rate_that_loses_is_not_sustained_though_a_higher_one_is_lossless() {
    let (verdict, capacity) = judged(&blocks(|climb, step| match step {
        step if step == rate(5_000) => 2,
        step => only_in_overload(climb, step),
    }));
    assert_eq!((capacity.sustained, capacity.first_loss), (Some(rate(1_000)), Some(rate(5_000))));
    assert_eq!(verdict.word, Word::OverBudget);
    assert_eq!(
        verdict.reasons.iter().map(|reason| reason.code.as_str()).collect::<Vec<_>>(),
        ["over-budget"]
    );
}

#[test]
fn a_tracer_that_does_not_come_back_from_overload_sustains_nothing() {
    let (verdict, capacity) = judged(&blocks(|climb, step| match step {
        step if step == rate(1_000) => 7,
        step => only_in_overload(climb, step),
    }));
    assert_eq!((capacity.sustained, capacity.first_loss), (None, Some(rate(1_000))));
    assert_eq!((capacity.recovery.lost_after, capacity.recovery.events_after), (70, 10_000));
    assert_eq!(verdict.word, Word::OverBudget);
    let metrics = &verdict.scenarios[0].treatments[0].metrics;
    let events = metrics.iter().find(|metric| metric.name == "events_per_second").unwrap();
    assert_eq!(events.estimate, 0.0, "what is lost is not taken");
}

#[test]
fn an_overload_that_loses_nothing_has_not_tried_recovery() {
    let (verdict, capacity) = judged(&blocks(|_, _| 0));
    assert_eq!(capacity.recovery.blocks_after, 0);
    assert_eq!(verdict.word, Word::Inconclusive);
    assert_eq!(verdict.reasons[0].code, "not-overloaded");
}

#[test]
fn an_event_that_is_neither_reported_nor_lost_spoils_the_run() {
    let mut blocks = blocks(only_in_overload);
    let overloaded = blocks.iter_mut().find(|block| block.pair == 4 && block.arm == Arm::Treated).unwrap();
    let tracer = overloaded.tracer.as_mut().unwrap();
    (tracer.hits, tracer.reserve_failed) = (tracer.hits - 1, tracer.reserve_failed - 1);
    let verdict = judge(&plan(), &blocks);
    assert_eq!(verdict.word, Word::Invalid);
    let message = &verdict.reasons[0].message;
    assert!(
        message.ends_with("pair 4: 20000 requests were answered, the tracer reported 1000, lost 18999"),
        "{message}"
    );
}

#[test]
fn the_agent_is_judged_at_the_lowest_rate() {
    let mut blocks = blocks(only_in_overload);
    for block in &mut blocks {
        if block.arm == Arm::Treated && block.flood.unwrap().step != rate(1_000) {
            block.cpu.agent_ns = 900_000_000;
        }
    }
    let (verdict, capacity) = judged(&blocks);
    assert_eq!(verdict.word, Word::Pass, "{:?}", verdict.reasons);
    assert_eq!(
        capacity.steps.iter().map(|step| step.agent_cpu_pct).collect::<Vec<_>>(),
        [0.8, 90.0, 90.0, 90.0]
    );
    blocks
        .iter_mut()
        .filter(|block| block.arm == Arm::Treated)
        .for_each(|block| block.cpu.agent_ns = 60_000_000);
    assert_eq!(judged(&blocks).0.word, Word::OverBudget);
}

#[test]
fn spinning_is_not_the_cost_of_an_event() {
    let mut block = block(0, Arm::Untraced, rate(1_000), 0);
    assert_eq!(target_cpu_ns(&block), 1_000_000.0);
    // The processor had nine tenths of the time for the thread, whatever it did meanwhile.
    block.cpu.target_ns = 900_000_000;
    block.flood.as_mut().unwrap().flooded.cpu_ns = 900_000_000;
    assert!((target_cpu_ns(&block) - 900_000.0).abs() < 1.0);
}
