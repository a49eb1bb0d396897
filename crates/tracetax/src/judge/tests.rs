//! The judge over made-up blocks: every reason to distrust a run, every word that a run can get, and that judging again
//! gives the same.

use std::collections::BTreeMap;

use record::{
    agent::AgentStats,
    block::{Block, CpuUse, Discard, ProcessUse, Purpose, SCHEMA},
    histogram::{self, Histogram},
    load::{Failure, LoadResult, Pacing},
    plan::{
        Arm, Budget, Margin, Plan, ScenarioLoad, ScenarioPlan, Source, Tolerance, Treatment, TreatmentBudget,
        TreatmentKind,
    },
    stage::Stage,
    verdict::{Verdict, Word},
    wakeup::Wakeup,
};

mod stages;

use super::judge;
use crate::exit;

const REQUESTS: u64 = 1_000;

pub(super) fn plan(kind: TreatmentKind) -> Plan {
    let load = ScenarioLoad {
        source: Source::Generator {
            pacing: Pacing::Poisson { requests_per_second: 1_000.0 },
            connections: 4,
            path: "/plain".into(),
        },
        block_ns: 1_000_000_000,
        warmup_ns: 0,
        core: record::plan::Core::Sleeps,
    };
    let scenario = ScenarioPlan {
        name: "made-up".into(),
        question: "What would the judge say?".into(),
        load,
        treatments: vec![Treatment { name: "treated".into(), kind, budget: TreatmentBudget::default() }],
        budget: Budget { cpu_overhead_points: Some(1.0), ..Budget::default() },
        margin: Margin { server_cpu_us_per_request: Some(10.0) },
        tolerance: Tolerance::default(),
        lines: BTreeMap::new(),
        soak: false,
        bystander: None,
        unavailable: BTreeMap::new(),
        lives: Vec::new(),
    };
    Plan {
        schema: record::plan::SCHEMA.into(),
        seed: 1,
        profile: "quick".into(),
        revision: None,
        against: None,
        against_refuses: BTreeMap::new(),
        scenarios: vec![scenario],
    }
}

pub(super) fn traced_plan() -> Plan {
    plan(TreatmentKind::Tracer {
        strategy: "raw-tracepoint".into(),
        stage: Stage::Full,
        wakeup: Wakeup::Timer { ms: 10 },
        leak_bytes_per_second: 0,
    })
}

pub(super) fn histogram(count: u64) -> Histogram {
    let mut histogram = histogram::empty();
    histogram.record_n(50_000, count).unwrap();
    Histogram::encode(&histogram)
}

fn load() -> LoadResult {
    LoadResult {
        planned: REQUESTS,
        sent: REQUESTS,
        completed: REQUESTS,
        failed: BTreeMap::new(),
        elapsed_ns: 1_000_000_000,
        spun_ns: 0,
        received_bytes: 100,
        response: histogram(REQUESTS),
        service: histogram(REQUESTS),
        lateness: histogram(REQUESTS),
    }
}

fn process() -> ProcessUse {
    ProcessUse {
        rss_bytes: 3_000_000,
        pss_bytes: 2_000_000,
        vsz_bytes: 9_000_000,
        descriptors: 9,
        threads: 2,
        voluntary_switches: 1,
        involuntary_switches: 1,
    }
}

/// The ledger of a block in which all went well.
fn ledger(arm: Arm) -> AgentStats {
    let events = if arm == Arm::Untraced { 0 } else { REQUESTS };
    AgentStats {
        hits: 3 * events,
        filtered: [("progress".to_owned(), 2 * events)].into(),
        submitted: events,
        received: events,
        parsed: events,
        requests: events,
        ..AgentStats::default()
    }
}

/// A block whose server takes `server_us` a request.
pub(super) fn block(pair: u32, arm: Arm, server_us: f64) -> Block {
    Block {
        schema: SCHEMA.into(),
        scenario: "made-up".into(),
        treatment: "treated".into(),
        life: pair / 10,
        pair,
        arm,
        purpose: Purpose::Pair,
        position: 0,
        attempt: 0,
        started_unix_ns: 0,
        elapsed_ns: 1_000_000_000,
        toggle_ns: 0,
        still_ns: 0,
        load: load(),
        flood: None,
        window: None,
        cpu: CpuUse {
            target_ns: (server_us * 1e3) as u64 * REQUESTS,
            agent_ns: 0,
            load_ns: 0,
            lab_ns: 0,
            warmer_ns: 0,
            machine_ns: Some(1_000_000_000),
        },
        target: process(),
        agent: Some(process()),
        agent_memory_peak_bytes: Some(8_000_000),
        tracer: Some(ledger(arm)),
        other_hits: None,
        bystander: None,
        steal_ns: vec![0, 0],
        idle_ns: 1_000_000_000,
        cores: 2,
        clock_gap_ns: 0,
        discarded: None,
    }
}

/// 20 pairs in which tracing adds `extra_us`, with a little noise.
fn blocks(extra_us: f64) -> Vec<Block> {
    let pairs = (0..20).flat_map(|pair| {
        let noise = 0.01 * f64::from(pair % 7) - 0.03;
        [block(pair, Arm::Untraced, 20.0), block(pair, Arm::Treated, 20.0 + extra_us + noise)]
    });
    pairs.collect()
}

fn codes(verdict: &Verdict) -> Vec<&str> {
    verdict.reasons.iter().map(|reason| reason.code.as_str()).collect()
}

fn check(plan: &Plan, blocks: &[Block], word: Word, codes_wanted: &[&str], exit_code: u8) {
    let verdict = judge(plan, blocks);
    assert_eq!(verdict.word, word, "{:?}", verdict.reasons);
    assert_eq!(codes(&verdict), codes_wanted, "{:?}", verdict.reasons);
    assert_eq!(exit::of_word(verdict.word), exit_code);
    for reason in &verdict.reasons {
        assert!(!reason.next_step.is_empty(), "{reason:?}");
    }
}

#[test]
fn a_cheap_tracer_passes_and_a_dear_one_does_not() {
    let plan = traced_plan();
    check(&plan, &blocks(2.0), Word::Pass, &[], 0);
    check(&plan, &blocks(9.0), Word::Pass, &[], 0);
    // 15 us a request are 1.5 points of a core at 1,000 requests a second: beyond the budget and beyond the margin.
    check(&plan, &blocks(15.0), Word::OverBudget, &["regressed", "over-budget"], 99);
    check(&plan, &blocks(10.0), Word::Inconclusive, &["wide-interval", "wide-interval"], 4);
    check(&plan, &blocks(-15.0), Word::Improved, &["improved"], 0);
}

#[test]
fn a_margin_alone_regresses() {
    let mut plan = traced_plan();
    plan.scenarios[0].budget.cpu_overhead_points = None;
    check(&plan, &blocks(15.0), Word::Regressed, &["regressed"], 99);
}

#[test]
fn few_pairs_are_inconclusive_and_say_so() {
    check(&traced_plan(), &blocks(2.0)[..10], Word::Inconclusive, &["too-few-samples", "too-few-samples"], 4);
}

#[test]
fn a_limit_without_a_measurement_never_passes() {
    let mut plan = traced_plan();
    plan.scenarios[0].margin.server_cpu_us_per_request = None;
    plan.scenarios[0].budget = Budget { agent_memory_mb: Some(100.0), ..Budget::default() };
    let mut blocks = blocks(2.0);
    check(&plan, &blocks, Word::Pass, &[], 0);
    blocks.iter_mut().for_each(|block| block.agent_memory_peak_bytes = None);
    check(&plan, &blocks, Word::Inconclusive, &["not-measured"], 4);
    plan.scenarios[0].budget = Budget { added_latency_ms: Some(1.0), ..Budget::default() };
    blocks.truncate(2);
    blocks.iter_mut().for_each(|block| block.load.response = histogram(50));
    check(&plan, &blocks, Word::Inconclusive, &["not-measured"], 4);
}

#[test]
fn a_run_without_pairs_is_invalid() {
    check(&traced_plan(), &[], Word::Invalid, &["nothing-measured"], 5);
    check(&traced_plan(), &blocks(2.0)[..1], Word::Invalid, &["nothing-measured"], 5);
}

/// One change of a ledger, and what the doubt must say of it.
type Spoil = (&'static str, Arm, fn(&mut AgentStats), &'static str);

const SPOILED: [Spoil; 7] = [
    ("a hit without an end", Arm::Treated, |ledger| ledger.hits += 1, "3001 hits, but 3000 ends"),
    ("an end without a hit", Arm::Treated, |ledger| ledger.hits -= 1, "2999 hits, but 3000 ends"),
    (
        "a full ring",
        Arm::Treated,
        |ledger| {
            ledger.submitted -= 41;
            ledger.reserve_failed += 41;
            ledger.received -= 41;
            ledger.parsed -= 41;
            ledger.requests -= 41;
        },
        "41 events were lost",
    ),
    (
        "an event that never came",
        Arm::Treated,
        |ledger| ledger.received -= 1,
        "1000 events were submitted, 999 received",
    ),
    (
        "an event not understood",
        Arm::Treated,
        |ledger| {
            ledger.parsed -= 1;
            ledger.rejected.insert("wrong_size".into(), 1);
        },
        "1 of 1000 events were not understood",
    ),
    (
        "a request not reported",
        Arm::Treated,
        |ledger| {
            ledger.requests -= 2;
            ledger.exceptions.insert("scan_limit".into(), 1);
        },
        "1000 requests were answered, the tracer reported 998, scan_limit 1",
    ),
    (
        "hits while detached",
        Arm::Untraced,
        |ledger| ledger.hits = 5,
        "the tracer was hit 5 times while it was detached",
    ),
];

#[test]
fn every_open_ledger_makes_the_run_invalid() {
    for (name, arm, spoil, message) in SPOILED {
        let mut blocks = blocks(2.0);
        let spoiled = blocks.iter_mut().find(|block| block.pair == 7 && block.arm == arm).unwrap();
        spoil(spoiled.tracer.as_mut().unwrap());
        let verdict = judge(&traced_plan(), &blocks);
        assert_eq!((verdict.word, codes(&verdict)), (Word::Invalid, vec!["ledger-open"]), "{name}");
        assert!(verdict.reasons[0].message.contains(message), "{name}: {}", verdict.reasons[0].message);
        assert!(verdict.reasons[0].message.contains("pair 7"), "{name}: {}", verdict.reasons[0].message);
    }
}

#[test]
fn answers_with_an_error_status_are_traced_like_others() {
    let mut blocks = blocks(2.0);
    for block in &mut blocks {
        block.load.completed -= 3;
        block.load.failed.insert(Failure::Status, 3);
    }
    check(&traced_plan(), &blocks, Word::Pass, &[], 0);
}

#[test]
fn too_many_discarded_blocks_make_the_run_invalid() {
    let mut blocks = blocks(2.0);
    let mut discarded: Vec<Block> = blocks[..6].to_vec();
    for block in &mut discarded {
        block.discarded = Some(Discard::GeneratorLate);
    }
    blocks.extend(discarded[..4].to_vec());
    check(&traced_plan(), &blocks, Word::Pass, &[], 0);
    blocks.extend(discarded);
    check(&traced_plan(), &blocks, Word::Invalid, &["too-many-discarded"], 5);
}

#[test]
fn a_second_try_stands_for_a_discarded_first() {
    let mut blocks = blocks(2.0);
    let mut again: Vec<Block> = blocks[..2].to_vec();
    again.iter_mut().for_each(|block| block.attempt = 1);
    blocks[0].discarded = Some(Discard::Steal);
    let verdict = judge(&traced_plan(), &blocks);
    assert_eq!(verdict.scenarios[0].treatments[0].pairs, 19);
    blocks.extend(again);
    let verdict = judge(&traced_plan(), &blocks);
    let treatment = &verdict.scenarios[0].treatments[0];
    assert_eq!((treatment.pairs, treatment.discarded_blocks), (20, 1));
}

#[test]
fn a_control_that_differs_makes_the_run_invalid() {
    let plan = plan(TreatmentKind::Nothing);
    let without_agent = |mut blocks: Vec<Block>| {
        blocks.iter_mut().for_each(|block| block.tracer = None);
        blocks
    };
    check(&plan, &without_agent(blocks(0.0)), Word::Pass, &[], 0);
    check(&plan, &without_agent(blocks(0.5)), Word::Invalid, &["control-failed"], 5);
    // The same difference with a tracer is a cost, and nothing is wrong with the run.
    check(&traced_plan(), &blocks(0.5), Word::Pass, &[], 0);
}

#[test]
fn the_parts_of_the_cpu_add_up_or_are_told() {
    let ledger = |blocks: &[Block]| judge(&traced_plan(), blocks).scenarios[0].treatments[0].cpu.clone();
    let mut blocks = blocks(0.0);
    let closed = ledger(&blocks);
    let parts = closed.target_pct + closed.agent_pct + closed.load_pct + closed.lab_pct + closed.rest_pct;
    assert!((parts + closed.idle_pct + closed.steal_pct + closed.unaccounted_pct - 100.0).abs() < 1e-9);
    assert_eq!(closed.blocks_not_closed, 0);
    blocks[3].idle_ns -= 300_000_000;
    assert_eq!(ledger(&blocks).blocks_not_closed, 1);
}

#[test]
fn judging_again_gives_the_same_bytes_whatever_the_order() {
    let bytes = |blocks: &[Block]| serde_json::to_vec(&judge(&traced_plan(), blocks)).unwrap();
    let (forward, mut backward) = (blocks(3.0), blocks(3.0));
    backward.reverse();
    assert_eq!(bytes(&forward), bytes(&forward));
    assert_eq!(bytes(&forward), bytes(&backward));
}

#[test]
fn a_verdict_survives_its_file() {
    for extra_us in [0.0, 15.0] {
        let verdict = judge(&traced_plan(), &blocks(extra_us)[..10]);
        let text = serde_json::to_string(&verdict).unwrap();
        assert_eq!(serde_json::from_str::<Verdict>(&text).unwrap(), verdict);
    }
}
