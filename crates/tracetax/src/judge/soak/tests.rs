//! Soaks of made-up windows: what counts as up, what counts as growing, and what is said of a soak that was too short.

use record::{
    block::{Block, Purpose},
    load::Failure,
    plan::{Arm, Budget, Life, Margin, Pair, Plan},
    soak::{Down, Presence, Soak, WindowUse},
    verdict::{Verdict, Word},
};

use super::super::tests;
use crate::judge::judge;

/// One in a thousand is excluded by so many good windows: 0.999^4603 is 1 %.
const ENOUGH: u32 = 4_603;

const PAGE: u64 = 4_096;

fn plan(windows: u32) -> Plan {
    let mut plan = tests::traced_plan();
    let scenario = &mut plan.scenarios[0];
    scenario.soak = true;
    scenario.margin = Margin::default();
    scenario.budget =
        Budget { uptime_pct: Some(99.9), agent_growth_mb_per_hour: Some(1.0), ..Budget::default() };
    let pair = |index| Pair { index, seed: 1, step: None, order: vec![Arm::Treated] };
    let pairs = (0..windows).map(pair).collect();
    scenario.lives = vec![Life { index: 0, treatment: 0, pairs, statistics_seed: None }];
    plan
}

fn window(index: u32, agent: Presence) -> Block {
    let held = WindowUse {
        agent: Some(agent),
        target_gone: false,
        agent_group_bytes: Some(9_000_000),
        target_group_bytes: Some(5_000_000),
        map_bytes: Some(1_000_000),
    };
    let mut block = tests::block(index, Arm::Treated, 20.0);
    (block.purpose, block.window, block.life) = (Purpose::Window, Some(held), 0);
    if agent != Presence::Answers {
        block.tracer = None;
    }
    block
}

fn windows(count: u32) -> Vec<Block> {
    (0..count).map(|index| window(index, Presence::Answers)).collect()
}

fn judged(planned: u32, blocks: &[Block]) -> (Verdict, Soak) {
    let verdict = judge(&plan(planned), blocks);
    let soak = verdict.scenarios[0].treatments[0].soak.clone().unwrap();
    (verdict, soak)
}

/// The words of uptime and of growth.
fn words(verdict: &Verdict) -> [Option<Word>; 2] {
    let metrics = &verdict.scenarios[0].treatments[0].metrics;
    ["uptime_pct", "agent_growth_mb_per_hour"]
        .map(|name| metrics.iter().find(|metric| metric.name == name).and_then(|metric| metric.word))
}

#[test]
fn a_long_soak_without_a_fault_passes() {
    let (verdict, soak) = judged(ENOUGH, &windows(ENOUGH));
    assert_eq!(verdict.word, Word::Pass, "{:?}", verdict.reasons);
    assert_eq!((soak.up, soak.windows, soak.down), (u64::from(ENOUGH), u64::from(ENOUGH), Down::default()));
    assert_eq!((soak.failed, soak.lost, soak.answered), (0, 0, 1_000 * u64::from(ENOUGH)));
}

#[test]
fn a_short_one_says_how_long_it_would_have_to_be() {
    let (verdict, _) = judged(180, &windows(180));
    assert_eq!(words(&verdict), [Some(Word::Inconclusive), Some(Word::Pass)]);
    let [reason] = verdict.reasons.as_slice() else { panic!("{:?}", verdict.reasons) };
    assert_eq!(reason.code, "too-short");
    assert_eq!(reason.next_step, "soak for 77 minutes: `cargo xtask bench made-up --duration 77m`");
    // One less than enough is not enough.
    assert_eq!(words(&judged(ENOUGH - 1, &windows(ENOUGH - 1)).0)[0], Some(Word::Inconclusive));
}

#[test]
fn a_megabyte_a_minute_is_found_in_three() {
    let mut blocks = windows(180);
    for (index, block) in (0..).zip(&mut blocks) {
        block.agent.as_mut().unwrap().rss_bytes += index * 1_000_000 / 60 / PAGE * PAGE;
    }
    let (verdict, soak) = judged(180, &blocks);
    assert_eq!(words(&verdict)[1], Some(Word::OverBudget), "{verdict:#?}");
    let slope = soak.trends[0].per_hour.unwrap();
    assert!((slope.estimate - 60.0).abs() < 1.0 && slope.low.unwrap() > 55.0, "{slope:?}");
}

#[test]
fn maps_that_grow_are_a_leak_too() {
    let mut blocks = windows(180);
    for (index, block) in (0..).zip(&mut blocks) {
        block.window.as_mut().unwrap().map_bytes = Some(1_000_000 + index * 1_000);
    }
    assert_eq!(words(&judged(180, &blocks).0)[1], Some(Word::OverBudget));
}

#[test]
fn pages_that_come_and_go_are_no_leak_and_bound_what_is_seen() {
    let mut blocks = windows(600);
    for (index, block) in (0..).zip(&mut blocks) {
        // Something wilder than white: eight windows with, eight without.
        block.agent.as_mut().unwrap().rss_bytes += if index / 8 % 2 == 0 { 0 } else { 4 * PAGE };
    }
    let (verdict, _) = judged(600, &blocks);
    assert_eq!(words(&verdict)[1], Some(Word::Pass), "{:?}", verdict.reasons);
    // A page in ten minutes is 0.025 MB an hour: nothing less can be told from nothing.
    let flat = judge(&plan(600), &windows(600));
    let growth =
        flat.scenarios[0].treatments[0].metrics.iter().find(|one| one.name.contains("growth")).unwrap();
    assert!((growth.high.unwrap() - 0.024_576).abs() < 1e-6, "{growth:?}");
}

#[test]
fn a_stall_costs_exactly_its_windows() {
    let mut blocks = windows(180);
    (50..54).for_each(|index| blocks[index as usize] = window(index, Presence::Silent));
    let (_, soak) = judged(180, &blocks);
    assert_eq!((soak.up, soak.down), (176, Down { silent: 4, ..Down::default() }));
    assert_eq!(soak.first_down[0], (50, "the agent did not answer in time".into()));
}

#[test]
fn a_failed_request_and_an_open_ledger_cost_their_windows() {
    let mut blocks = windows(180);
    blocks[7].load.failed = [(Failure::Timeout, 2)].into();
    blocks[9].tracer.as_mut().unwrap().requests -= 1;
    blocks[11].tracer.as_mut().unwrap().reserve_failed = 3;
    let (verdict, soak) = judged(180, &blocks);
    assert_eq!((soak.up, soak.down), (177, Down { failed: 1, ledger: 2, ..Down::default() }));
    assert_eq!((soak.failed, soak.lost), (2, 3));
    // So many in so few are more than one in a thousand.
    assert_eq!(words(&verdict)[0], Some(Word::OverBudget));
}

#[test]
fn what_was_still_planned_is_down_when_the_agent_ends_and_does_not_count_when_the_run_was_interrupted() {
    let mut blocks = windows(100);
    let (verdict, interrupted) = judged(180, &blocks);
    assert_eq!((interrupted.up, interrupted.windows), (100, 100));
    assert_eq!(verdict.reasons[0].code, "interrupted");
    blocks[99] = window(99, Presence::Gone);
    let (verdict, soak) = judged(180, &blocks);
    assert_eq!((soak.up, soak.windows, soak.down.ended, soak.down.silent), (99, 180, 81, 0));
    assert_eq!((verdict.word, verdict.interrupted), (Word::OverBudget, None));
    blocks[99] = window(99, Presence::Answers);
    blocks[99].window.as_mut().unwrap().target_gone = true;
    assert_eq!(judged(180, &blocks).1.down.ended, 81);
}

#[test]
fn a_soak_without_windows_is_invalid() {
    let verdict = judge(&plan(0), &[]);
    assert_eq!((verdict.word, verdict.reasons[0].code.as_str()), (Word::Invalid, "nothing-measured"));
    // One that was interrupted before its first is not: nothing has failed yet.
    let verdict = judge(&plan(180), &[]);
    assert_eq!((verdict.word, verdict.reasons[0].code.as_str()), (Word::Inconclusive, "interrupted"));
}
