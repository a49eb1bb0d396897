//! Stages of a tracer: their ledgers, the parts of their cost, the bill, and what a kernel refuses.

use record::{
    agent::AgentStats,
    block::{Block, Purpose},
    cost::Estimate,
    histogram,
    plan::{Arm, Budget, Margin, Plan, Treatment, TreatmentBudget, TreatmentKind},
    stage::Stage,
    verdict::{Verdict, Word},
    wakeup::Wakeup,
};

use super::{REQUESTS, block, check, codes, judge, plan};

/// What the four stages cost, in microseconds of server CPU per request.
const COSTS_US: [(Stage, f64); 4] =
    [(Stage::Floor, 0.25), (Stage::Lookup, 0.5), (Stage::Copy, 1.0), (Stage::Full, 1.2)];

fn kind(stage: Stage) -> TreatmentKind {
    TreatmentKind::Tracer {
        strategy: "raw-tracepoint".into(),
        stage,
        wakeup: Wakeup::Timer { ms: 10 },
        leak_bytes_per_second: 0,
    }
}

/// A plan of these stages, each under its own name, without limits.
fn staged_plan(stages: &[Stage]) -> Plan {
    let mut plan = plan(TreatmentKind::Nothing);
    let scenario = &mut plan.scenarios[0];
    let treatment = |stage: &Stage| Treatment {
        name: stage.name().into(),
        kind: kind(*stage),
        budget: TreatmentBudget::default(),
    };
    scenario.treatments = stages.iter().map(treatment).collect();
    (scenario.budget, scenario.margin) = (Budget::default(), Margin::default());
    plan
}

/// The ledger of a treated block of a stage in which all went well.
fn ledger(stage: Stage) -> AgentStats {
    let ends_at_stage = || [("stage".to_owned(), 3 * REQUESTS)].into();
    match stage {
        Stage::Floor => AgentStats::default(),
        Stage::Lookup | Stage::Copy => {
            AgentStats { hits: 3 * REQUESTS, filtered: ends_at_stage(), ..AgentStats::default() }
        }
        Stage::Full => super::ledger(Arm::Treated),
    }
}

fn staged_block(stage: Stage, pair: u32, arm: Arm, server_us: f64) -> Block {
    let tracer = if arm == Arm::Treated { ledger(stage) } else { AgentStats::default() };
    Block { treatment: stage.name().into(), tracer: Some(tracer), ..block(pair, arm, server_us) }
}

/// 20 pairs of each stage, all with the same little noise.
fn staged_blocks() -> Vec<Block> {
    let pairs = COSTS_US.into_iter().flat_map(|(stage, us)| (0..20).map(move |pair| (stage, us, pair)));
    let blocks = pairs.flat_map(|(stage, us, pair)| {
        let noise = 0.01 * f64::from(pair % 7) - 0.03;
        [
            staged_block(stage, pair, Arm::Untraced, 20.0),
            staged_block(stage, pair, Arm::Treated, 20.0 + us + noise),
        ]
    });
    blocks.collect()
}

/// The block of a stage with run-time statistics: six runs a request, of so many nanoseconds each.
fn statistics(stage: Stage, ns_per_run: u64) -> Block {
    let mut block = staged_block(stage, 19, Arm::Treated, 500.0);
    block.purpose = Purpose::Statistics;
    let tracer = block.tracer.as_mut().unwrap();
    (tracer.program_runs, tracer.program_run_ns) = (6 * REQUESTS, 6 * REQUESTS * ns_per_run);
    block
}

const ALL: [Stage; 4] = Stage::ALL;

#[track_caller]
fn assert_close(found: f64, wanted: f64) {
    assert!((found - wanted).abs() < 0.005, "{found} is not {wanted}");
}

#[test]
fn the_parts_are_the_differences_of_the_stages_and_add_up_to_the_whole() {
    let verdict = judge(&staged_plan(&ALL), &staged_blocks());
    assert_eq!(verdict.word, Word::Pass, "{:?}", verdict.reasons);
    let [cost] = verdict.scenarios[0].strategies.as_slice() else { panic!("{verdict:#?}") };
    let parts = [cost.attach_us, cost.lookup_us, cost.copy_us, cost.transport_us].map(Option::unwrap);
    for (part, wanted) in parts.iter().zip([0.25, 0.25, 0.5, 0.2]) {
        assert_close(part.estimate, wanted);
    }
    let total = cost.total_us.unwrap();
    assert_close(parts.iter().map(|part| part.estimate).sum::<f64>(), total.estimate);
    // Two estimates of the same half-width: their difference is root two times as wide.
    let half = |of: &Estimate| (of.high.unwrap() - of.low.unwrap()) / 2.0;
    assert!((half(&parts[1]) / half(&parts[0]) - std::f64::consts::SQRT_2).abs() < 0.01, "{cost:?}");
    assert_eq!((cost.complete_pct, cost.bill), (Some(100.0), None));
}

#[test]
fn without_its_floor_a_strategy_has_no_row() {
    let verdict = judge(&staged_plan(&[Stage::Full]), &staged_blocks());
    assert_eq!(verdict.scenarios[0].strategies, []);
    let verdict = judge(&staged_plan(&[Stage::Floor, Stage::Full]), &staged_blocks());
    let cost = &verdict.scenarios[0].strategies[0];
    assert!(cost.lookup_us.is_none() && cost.total_us.is_some(), "{cost:?}");
}

#[test]
fn the_bill_is_the_floor_and_the_time_beyond_empty_programs() {
    let mut blocks = staged_blocks();
    blocks.extend([statistics(Stage::Floor, 50), statistics(Stage::Full, 190)]);
    let verdict = judge(&staged_plan(&ALL), &blocks);
    assert_eq!(verdict.word, Word::Pass, "statistics are part of no pair: {:?}", verdict.reasons);
    let bill = verdict.scenarios[0].strategies[0].bill.unwrap();
    assert_eq!((bill.runs_per_request, bill.empty_ns_per_run), (6.0, 50.0));
    // 6 runs of 190 - 50 ns.
    assert_close(bill.program_us, 0.84);
    assert_close(bill.predicted_us, 0.25 + 0.84);
    assert_close(bill.unexplained_us, 1.2 - 1.09);
    for treatment in &verdict.scenarios[0].treatments {
        assert_eq!(treatment.pairs, 20, "{}", treatment.name);
    }
}

#[test]
fn a_discarded_block_of_statistics_tells_nothing() {
    let mut blocks = staged_blocks();
    let discarded = Some(record::block::Discard::Steal);
    blocks.extend([statistics(Stage::Floor, 50), Block { discarded, ..statistics(Stage::Full, 190) }]);
    let verdict = judge(&staged_plan(&ALL), &blocks);
    assert_eq!(verdict.scenarios[0].strategies[0].bill, None);
    assert!(verdict.scenarios[0].treatments.iter().all(|treatment| treatment.discarded_blocks == 0));
}

/// A change of the ledger of a stage, and what the doubt must say of it.
type Spoil = (Stage, fn(&mut AgentStats), &'static str);

const SPOILED: [Spoil; 5] = [
    (Stage::Floor, |ledger| *ledger = super::ledger(Arm::Treated), "stage `floor` counted 3000 hits"),
    (Stage::Lookup, |ledger| *ledger = super::ledger(Arm::Treated), "stage `lookup` sent 1000 events"),
    (Stage::Copy, |ledger| *ledger = AgentStats::default(), "stage `copy` were never hit"),
    (Stage::Copy, |ledger| ledger.hits += 1, "3001 hits, but 3000 ends"),
    (
        Stage::Full,
        |ledger| *ledger = AgentStats::default(),
        "1000 requests were answered, the tracer reported 0",
    ),
];

#[test]
fn each_stage_has_its_own_ledger() {
    for (stage, spoil, message) in SPOILED {
        let mut blocks = staged_blocks();
        let of_stage = |block: &&mut Block| block.treatment == stage.name() && block.arm == Arm::Treated;
        spoil(blocks.iter_mut().find(of_stage).unwrap().tracer.as_mut().unwrap());
        let verdict = judge(&staged_plan(&ALL), &blocks);
        assert_eq!(codes(&verdict), ["ledger-open"], "{message}");
        assert!(verdict.reasons[0].message.contains(message), "{}", verdict.reasons[0].message);
    }
}

#[test]
fn an_exception_with_a_name_closes_the_ledger_and_is_told() {
    let mut blocks = staged_blocks();
    let of_full = |block: &&mut Block| block.treatment == "full" && block.arm == Arm::Treated;
    let tracer = blocks.iter_mut().find(of_full).unwrap().tracer.as_mut().unwrap();
    for count in [&mut tracer.submitted, &mut tracer.received, &mut tracer.parsed, &mut tracer.requests] {
        *count -= 5;
    }
    *tracer.filtered.get_mut("progress").unwrap() += 5;
    tracer.exceptions.insert("scan_limit".into(), 5);
    let verdict = judge(&staged_plan(&ALL), &blocks);
    assert_eq!(verdict.word, Word::Pass, "{:?}", verdict.reasons);
    let full = verdict.scenarios[0].treatments.last().unwrap().tracer.as_ref().unwrap();
    assert_eq!((full.records, full.answered), (20 * REQUESTS - 5, 20 * REQUESTS));
    assert_eq!(full.exceptions, [("scan_limit".to_owned(), 5)].into());
    let complete = verdict.scenarios[0].strategies[0].complete_pct.unwrap();
    assert_close(complete, 99.975);
}

#[test]
fn wake_ups_and_delays_are_of_the_treated_blocks() {
    let mut blocks = staged_blocks();
    for block in &mut blocks {
        let tracer = block.tracer.as_mut().unwrap();
        let mut delays = histogram::empty();
        delays.record_n(if block.arm == Arm::Treated { 5_000_000 } else { 50_000_000 }, 100).unwrap();
        (tracer.wakeups, tracer.delivery_ns) = (100, histogram::Histogram::encode(&delays));
    }
    let verdict = judge(&staged_plan(&ALL), &blocks);
    let full = verdict.scenarios[0].treatments.last().unwrap().tracer.clone().unwrap();
    assert_close(full.wakeups_per_second, 100.0);
    assert_close(full.delivery_p50_ms.unwrap(), 5.0);
    assert_close(full.delivery_p99_ms.unwrap(), 5.0);
    assert_eq!((full.stage, full.wakeup), (Stage::Full, Wakeup::Timer { ms: 10 }));
}

/// Judges with one stage limited to `limit_us`.
fn with_budget(stage: Stage, limit_us: f64) -> Plan {
    let mut plan = staged_plan(&ALL);
    let treatments = &mut plan.scenarios[0].treatments;
    let limited = treatments.iter_mut().find(|treatment| treatment.name == stage.name());
    limited.unwrap().budget.server_cpu_us_per_request = Some(limit_us);
    plan
}

#[test]
fn the_limit_of_a_treatment_is_a_budget_of_it_alone() {
    check(&with_budget(Stage::Full, 1.5), &staged_blocks(), Word::Pass, &[], 0);
    check(&with_budget(Stage::Full, 1.0), &staged_blocks(), Word::OverBudget, &["over-budget"], 99);
    check(&with_budget(Stage::Full, 1.2), &staged_blocks(), Word::Inconclusive, &["wide-interval"], 4);
    check(&with_budget(Stage::Floor, 1.0), &staged_blocks(), Word::Pass, &[], 0);
    let verdict = judge(&with_budget(Stage::Full, 1.0), &staged_blocks());
    let next_step = &verdict.reasons[0].next_step;
    assert!(next_step.contains("[[treatment]] budget_server_cpu_us_per_request"), "{next_step}");
}

fn refusing(mut plan: Plan, stages: &[Stage]) -> Verdict {
    let refused = stages.iter().map(|stage| (stage.name().to_owned(), "Operation not supported".to_owned()));
    plan.scenarios[0].unavailable = refused.collect();
    let blocks = staged_blocks();
    let blocks: Vec<Block> = blocks
        .into_iter()
        .filter(|block| !stages.iter().any(|stage| stage.name() == block.treatment))
        .collect();
    judge(&plan, &blocks)
}

#[test]
fn what_the_kernel_refuses_is_named_and_nothing_of_it_is_judged() {
    let verdict = refusing(with_budget(Stage::Full, 1.0), &[Stage::Full]);
    let scenario = &verdict.scenarios[0];
    assert_eq!((scenario.word, scenario.treatments.len()), (Word::Pass, 3), "{:?}", verdict.reasons);
    let [unavailable] = scenario.unavailable.as_slice() else { panic!("{scenario:#?}") };
    assert_eq!((unavailable.treatment.as_str(), unavailable.strategy.as_str()), ("full", "raw-tracepoint"));
    assert_eq!(unavailable.reason, "Operation not supported");
}

#[test]
fn a_scenario_of_which_all_is_refused_has_not_passed() {
    let verdict = refusing(staged_plan(&ALL), &ALL);
    assert_eq!((verdict.word, codes(&verdict)), (Word::Inconclusive, vec!["unavailable"]));
    assert!(verdict.reasons[0].message.contains("Operation not supported"), "{:?}", verdict.reasons);
}

#[test]
fn a_verdict_with_stages_survives_its_file() {
    let mut blocks = staged_blocks();
    blocks.extend([statistics(Stage::Floor, 50), statistics(Stage::Full, 190)]);
    let verdict = judge(&staged_plan(&ALL), &blocks);
    let text = serde_json::to_string(&verdict).unwrap();
    assert_eq!(serde_json::from_str::<Verdict>(&text).unwrap(), verdict);
}
